/* The event loop; see loop.h. Knows when to run the network stack, nothing of what it does. */
#include "loop.h"

#include <denali.h>

#include "machine.h"
#include "net.h"

/* Kinds that an interrupt handler took from the pending register before the loop saw them. */
static volatile uint32_t taken_by_handler;
static void (*user_handler)(uint32_t kinds);

void ilwaco_interrupt(void);
extern void ilwaco_interrupt_entry(void);

static void work(uint32_t kinds)
{
    net_run_timers(machine_time_ns());
    if (kinds & (ABI_IRQ_NIC | ABI_IRQ_PCNET))
        net_receive_all();
    net_deliver_loopback();
    net_acknowledge();
}

/* Takes what is pending. It is acknowledged before anybody looks, so that what arrives while we
 * look is pending again. */
static uint32_t take_pending(void)
{
    uint32_t kinds;
    if (user_handler) {
        machine_register_write(ABI_REG_IRQ_ENABLE, 0);
        kinds = taken_by_handler;
        taken_by_handler = 0;
        machine_register_write(ABI_REG_IRQ_ENABLE, 1);
        return kinds;
    }
    kinds = machine_register_read(ABI_REG_IRQ_PENDING);
    if (kinds)
        machine_register_write(ABI_REG_IRQ_PENDING, kinds);
    return kinds;
}

void loop_poll(void)
{
    work(take_pending());
}

void loop_wait(uint64_t deadline_ns)
{
    uint64_t timer_ns = net_next_timer_ns();
    uint64_t until_ns = timer_ns < deadline_ns ? timer_ns : deadline_ns;
    uint32_t kinds;
    if (user_handler) {
        /* Disabled from the check to the end of the wait: an interrupt in between would be
         * delivered, no longer be pending, and idle would sleep through it. */
        machine_register_write(ABI_REG_IRQ_ENABLE, 0);
        if (!taken_by_handler)
            machine_idle_until(until_ns);
        machine_register_write(ABI_REG_IRQ_ENABLE, 1);
        kinds = take_pending();
    } else {
        kinds = machine_idle_until(until_ns);
        if (kinds)
            machine_register_write(ABI_REG_IRQ_PENDING, kinds);
    }
    work(kinds);
}

bool loop_await(bool (*ready)(void *context), void *context, uint64_t deadline_ns)
{
    loop_poll();
    while (!ready(context)) {
        if (machine_time_ns() >= deadline_ns)
            return false;
        loop_wait(deadline_ns);
    }
    return true;
}

struct loop_alarm loop_alarm = {.due_ns = MACHINE_FOREVER_NS};

enum loop_end loop_await_interruptible(bool (*ready)(void *context), void *context,
                                       uint64_t deadline_ns)
{
    for (;;) {
        uint64_t until_ns = loop_alarm.due_ns < deadline_ns ? loop_alarm.due_ns : deadline_ns;
        if (loop_await(ready, context, until_ns))
            return LOOP_READY;
        if (machine_time_ns() >= loop_alarm.due_ns && loop_alarm.ring())
            return LOOP_INTERRUPTED;
        if (machine_time_ns() >= deadline_ns)
            return LOOP_LATE;
    }
}

uint64_t loop_deadline(uint64_t timeout_ns)
{
    uint64_t now_ns = machine_time_ns();
    return timeout_ns > MACHINE_FOREVER_NS - now_ns ? MACHINE_FOREVER_NS : now_ns + timeout_ns;
}

/* --- What denali.h offers ------------------------------------------------------------------- */

uint64_t denali_now_ns(void)
{
    return machine_time_ns();
}

void denali_idle_until(uint64_t time_ns)
{
    loop_poll();
    while (machine_time_ns() < time_ns)
        loop_wait(time_ns);
}

uint32_t denali_node_index(void)
{
    return machine_register_read(ABI_REG_NODE_INDEX);
}

uint32_t denali_node_count(void)
{
    return machine_register_read(ABI_REG_NODE_COUNT);
}

void denali_timer_set(uint64_t time_ns)
{
    machine_port_command(ABI_PORT_TIMER, &time_ns);
}

void ilwaco_interrupt(void)
{
    uint32_t kinds = machine_register_read(ABI_REG_IRQ_DELIVERED);
    taken_by_handler |= kinds;
    if (user_handler)
        user_handler(kinds);
    machine_register_write(ABI_REG_IRQ_ENABLE, 1);
}

void denali_interrupt_handler(void (*handler)(uint32_t kinds))
{
    machine_register_write(ABI_REG_IRQ_ENABLE, 0);
    user_handler = handler;
    machine_register_write(ABI_REG_IRQ_HANDLER, (uint32_t)(uintptr_t)ilwaco_interrupt_entry);
    if (handler)
        machine_register_write(ABI_REG_IRQ_ENABLE, 1);
}
