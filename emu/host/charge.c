/*
 * The account of time: what the kernel's work costs, and whose each nanosecond of a processor is.
 *
 * An occupation of a processor is one stretch of time, from the decision for a machine to the next
 * one. In it the kernel's part is counted as it is charged, and the machine's own is the rest; so
 * all parts add up to the time that has passed, to the nanosecond, whatever was rounded on the way.
 */
#include "host.h"

#include <base/assert.h>
#include <base/time.h>
#include <scenarios/scenario.h>

#define COPY_UNIT_BYTES 1024u /* that costs.copy is for */

void emu_seat_copied(struct emu_seat *seat, uint32_t size_bytes)
{
    seat->owed_ns += seat->host->model->costs.copy_ns * size_bytes / COPY_UNIT_BYTES;
}

void emu_seat_trap(struct emu_seat *seat)
{
    seat->owed_ns += seat->host->model->costs.trap_ns;
}

void emu_seat_frame_sent(struct emu_seat *seat, uint32_t size_bytes)
{
    seat->owed_ns += seat->host->model->costs.frame_send_ns;
    emu_seat_copied(seat, size_bytes);
}

void emu_seat_frame_received(struct emu_seat *seat, uint32_t size_bytes)
{
    if (!seat->host->model->card.eager) {
        emu_seat_receive_work(seat, size_bytes);
    }
}

void emu_seat_receive_work(struct emu_seat *seat, uint32_t size_bytes)
{
    seat->owed_ns += seat->host->model->costs.frame_receive_ns;
    emu_seat_copied(seat, size_bytes);
}

void emu_seat_settle(struct emu_seat *seat)
{
    if (!seat->owed_ns) {
        return;
    }
    struct emu_node *node = seat->node;
    struct emu_processor *processor = &seat->host->processors[seat->home];
    ASSERT(processor->seat == seat);
    uint64_t from_ns = time_of_cycles(node->vcpu.cycles, node->cpu_hz);
    node->vcpu.cycles += time_to_cycles(seat->owed_ns, node->cpu_hz);
    seat->owed_ns = 0;
    processor->charge_from_ns = from_ns;
    processor->charge_to_ns = time_of_cycles(node->vcpu.cycles, node->cpu_hz);
    processor->kernel_ns += processor->charge_to_ns - from_ns;
}

/* Of the reservation only what falls into the present period counts. */
static void use_budget(struct emu_seat *seat, uint64_t since_ns, uint64_t now_ns)
{
    uint64_t budget_ns = emu_seat_budget(seat, now_ns);
    uint64_t begin_ns = seat->period * seat->host->model->period_ns;
    uint64_t used_ns = now_ns - (since_ns > begin_ns ? since_ns : begin_ns);
    seat->budget_ns = budget_ns > used_ns ? budget_ns - used_ns : 0;
}

/* It may have been given its cap while it ran. */
static void use_cap(struct emu_seat *seat, uint64_t since_ns, uint64_t now_ns)
{
    seat->used_ns += now_ns - (since_ns > seat->cap_since_ns ? since_ns : seat->cap_since_ns);
}

void emu_processor_close(struct emu_processor *processor, uint64_t time_ns)
{
    uint64_t guest_ns;
    uint64_t kernel_ns;
    uint64_t idle_ns;
    emu_processor_open_part(processor, time_ns, &guest_ns, &kernel_ns, &idle_ns);
    if (processor->seat) {
        processor->seat->guest_ns += guest_ns;
        processor->seat->kernel_ns += kernel_ns;
        if (processor->reserved) {
            use_budget(processor->seat, processor->since_ns, time_ns);
        }
        if (processor->seat->cap) {
            use_cap(processor->seat, processor->since_ns, time_ns);
        }
    }
    processor->idle_ns += idle_ns;
    processor->since_ns = time_ns;
    processor->kernel_ns = 0;
    processor->charge_from_ns = processor->charge_to_ns = time_ns;
}

void emu_processor_open_part(const struct emu_processor *processor, uint64_t now_ns,
                             uint64_t *guest_ns, uint64_t *kernel_ns, uint64_t *idle_ns)
{
    uint64_t passed_ns = now_ns - processor->since_ns;
    *guest_ns = *kernel_ns = *idle_ns = 0;
    if (!processor->seat) {
        *idle_ns = passed_ns;
        return;
    }
    /* Only the last stretch that was charged can reach past the present. */
    uint64_t ahead_ns = 0;
    if (processor->charge_to_ns > now_ns) {
        uint64_t from_ns = processor->charge_from_ns > now_ns ? processor->charge_from_ns : now_ns;
        ahead_ns = processor->charge_to_ns - from_ns;
    }
    *kernel_ns = processor->kernel_ns - ahead_ns;
    *guest_ns = passed_ns - *kernel_ns;
}
