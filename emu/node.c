/* How a node lives: boots, runs, idles, wakes, ends. */
#include "node.h"

#include <stdlib.h>
#include <string.h>

#include <base/alloc.h>
#include <base/assert.h>
#include <base/time.h>
#include <vcpu/image.h>

#include "digest.h"
#include "disk.h"
#include "host/host.h"
#include "probe.h"
#include "process.h"
#include "tracer.h"
#include "world_internal.h"

void *emu_node_device(struct emu_node *node, uint32_t device)
{
    switch ((enum dev_index)device) {
    case DEV_CONSOLE:
        return &node->console;
    case DEV_NIC:
        return &node->nic;
    case DEV_TIMER:
        return &node->timer;
    case DEV_OBSERVER:
        return &node->observer;
    case DEV_ENTROPY:
        return &node->entropy;
    case DEV_KEYBOARD:
        return &node->keyboard;
    case DEV_FRAMEBUFFER:
        return &node->framebuffer;
    case DEV_DISK:
        return &node->disk;
    case DEV_PCNET:
        return &node->pcnet;
    case DEV_SUPERVISOR:
        return &node->supervisor;
    }
    UNREACHABLE();
}

bool emu_node_device_present(const struct emu_node *node, uint32_t device)
{
    const struct scn_group *group = &node->process->world->scenario->groups[node->group];
    switch ((enum dev_index)device) {
    case DEV_NIC:
        return group->card == SCN_NIC_ONE_INSTRUCTION;
    case DEV_PCNET:
        return group->card == SCN_NIC_PCNET;
    case DEV_CONSOLE:
    case DEV_TIMER:
    case DEV_OBSERVER:
    case DEV_ENTROPY:
        return true;
    case DEV_KEYBOARD:
        return group->key_event_count > 0;
    case DEV_FRAMEBUFFER:
        return group->screen_width > 0;
    case DEV_DISK:
        return emu_node_disk(node, 0) ||
               (group->host != SCN_HOST_NONE &&
                node->process->world->scenario->hosts[group->host].volume_count > 0);
    case DEV_SUPERVISOR:
        return group->supervisor;
    }
    UNREACHABLE();
}

bool emu_node_device_saved(const struct emu_node *node, uint32_t device)
{
    return device < DEV_PCNET || emu_node_device_present(node, device);
}

struct dev_env emu_node_env(struct emu_node *node, uint32_t device)
{
    return (struct dev_env){&emu_bus_ops, node, device};
}

void emu_node_queue_run(struct emu_node *node)
{
    struct event *event = &node->activity.base;
    event->key = (struct event_key){
        .time_ns = time_of_cycles(node->vcpu.cycles, node->cpu_hz),
        .kind = EMU_EVENT_RUN,
        .destination = node->index,
        .source = node->index,
    };
    event_heap_push(&node->process->running, event);
}

/* It is runnable from now on; with a processor of its own it runs. */
static void ready(struct emu_node *node, enum emu_ready why, uint64_t now_ns)
{
    if (node->seat) {
        emu_host_ready(node->seat, why, now_ns);
    } else {
        emu_node_queue_run(node);
    }
}

static void advance_to(struct emu_node *node, uint64_t time_ns)
{
    uint64_t cycles = time_to_cycles(time_ns, node->cpu_hz);
    if (cycles > node->vcpu.cycles) {
        node->vcpu.cycles = cycles;
    }
}

static void devices_reset(struct emu_node *node)
{
    for (uint32_t device = 0; device < DEV_COUNT; device++) {
        struct dev_env env = emu_node_env(node, device);
        dev_table[device]->reset(emu_node_device(node, device), &env);
    }
    /* Of a machine that nothing will be typed on, the input has ended before it begins. */
    node->console.ended = !emu_world_console_expected(node);
}

void emu_node_boot(struct emu_node *node, uint64_t now_ns)
{
    ASSERT(node->state == EMU_NODE_OFF || node->state == EMU_NODE_QUEUED);
    vcpu_reset(&node->vcpu, node->space.image->entry);
    devices_reset(node);
    advance_to(node, now_ns);
    node->state = EMU_NODE_RUNNING;
    emu_digest_add(node, EMU_DIGEST_BOOT, node->space.image->entry, node->space.size_bytes,
                   node->boot.text, node->boot.size_bytes);
    emu_process_record(node->process, node, EMU_RECORD_BOOT, NULL, 0);
    ready(node, EMU_READY_STARTED, now_ns);
}

static const uint32_t machine_devices[] = {DEV_NIC, DEV_TIMER, DEV_FRAMEBUFFER, DEV_PCNET};
#define MACHINE_DEVICE_COUNT (sizeof machine_devices / sizeof machine_devices[0])

void emu_node_machine_save(struct emu_node *node, uint32_t held, struct writer *writer)
{
    uint32_t pending = node->vcpu.irq_pending;
    write_u8(writer, node->state != EMU_NODE_RUNNING);
    node->vcpu.irq_pending |= held;
    vcpu_save(&node->vcpu, writer);
    node->vcpu.irq_pending = pending;
    dev_registers_save(&node->registers, writer);
    for (uint32_t i = 0; i < MACHINE_DEVICE_COUNT; i++) {
        if (emu_node_device_present(node, machine_devices[i])) {
            dev_table[machine_devices[i]]->save(emu_node_device(node, machine_devices[i]), writer);
        }
    }
}

/* All but what makes it run; false if that is no state. */
static bool machine_load(struct emu_node *node, struct reader *reader, bool *idles)
{
    uint64_t retired = node->vcpu.retired;
    uint64_t cycles = node->vcpu.cycles;
    *idles = read_u8(reader) & 1;
    vcpu_load(&node->vcpu, reader);
    node->vcpu.retired = retired;
    node->vcpu.cycles = cycles;
    dev_registers_load(&node->registers, reader);
    for (uint32_t i = 0; i < MACHINE_DEVICE_COUNT && !reader->failed; i++) {
        if (emu_node_device_present(node, machine_devices[i])) {
            struct dev_env env = emu_node_env(node, machine_devices[i]);
            dev_table[machine_devices[i]]->load(emu_node_device(node, machine_devices[i]), &env,
                                                reader);
        }
    }
    return !reader->failed && reader_left(reader) == 0;
}

bool emu_node_machine_start(struct emu_node *node, const void *bytes, size_t size_bytes,
                            uint64_t now_ns)
{
    struct reader reader;
    bool idles;
    struct dev_registers before = node->registers;
    ASSERT(node->state == EMU_NODE_OFF || node->state == EMU_NODE_QUEUED);
    reader_init(&reader, bytes, size_bytes);
    devices_reset(node);
    if (!machine_load(node, &reader, &idles)) {
        node->registers = before; /* all else is set when it boots */
        return false;
    }
    if (node->timer.deadline_ns <= now_ns) { /* it was due while nobody was there */
        struct dev_env env = emu_node_env(node, DEV_TIMER);
        dev_table[DEV_TIMER]->reset(&node->timer, &env);
        node->vcpu.irq_pending |= ABI_IRQ_TIMER;
    }
    advance_to(node, now_ns);
    node->state = idles ? EMU_NODE_WAKING : EMU_NODE_RUNNING;
    emu_digest_add(node, EMU_DIGEST_RESTART, node->seat->generation, node->vcpu.eip,
                   node->boot.text, node->boot.size_bytes);
    emu_process_record(node->process, node, EMU_RECORD_BOOT, NULL, 0);
    ready(node, EMU_READY_STARTED, now_ns);
    return true;
}

/* Ends an idle wait at time_ns; `idle` itself retires when the node next runs. */
static void wake(struct emu_node *node, enum emu_ready why, uint64_t time_ns)
{
    if (event_queued(&node->activity.base)) {
        event_heap_remove(&node->process->timers, &node->activity.base);
    }
    advance_to(node, time_ns);
    node->state = EMU_NODE_WAKING;
    node->account.wake_ups++;
    ready(node, why, time_ns);
}

void emu_node_wait_end(struct emu_node *node, uint64_t now_ns)
{
    if (node->state == EMU_NODE_IDLE) {
        if (event_queued(&node->activity.base)) {
            event_heap_remove(&node->process->timers, &node->activity.base);
        }
        advance_to(node, now_ns);
        ready(node, EMU_READY_STARTED, now_ns);
    }
    if (node->state == EMU_NODE_IDLE || node->state == EMU_NODE_WAKING) {
        node->state = EMU_NODE_RUNNING;
    }
}

void emu_node_time_out(struct emu_node *node)
{
    ASSERT(node->state == EMU_NODE_IDLE);
    wake(node, EMU_READY_WOKEN, node->process->now_ns);
}

void emu_node_interrupt(struct emu_node *node, uint32_t kinds)
{
    if (!emu_node_alive(node)) {
        return;
    }
    uint64_t now_ns = node->process->now_ns;
    bool idles = node->state == EMU_NODE_IDLE;
    enum emu_ready why = EMU_READY_WOKEN;
    uint32_t held = 0;
    if (node->seat) {
        idles = emu_host_interrupt(node->seat, kinds, now_ns);
        why = emu_seat_immediate(node->seat, now_ns) ? EMU_READY_URGENT : EMU_READY_WOKEN;
        held = node->seat->held;
    } else {
        node->vcpu.irq_pending |= kinds;
    }
    node->account.interrupts_raised++;
    emu_digest_add(node, EMU_DIGEST_INTERRUPT, kinds, node->vcpu.irq_pending | held, NULL, 0);
    if (idles) {
        wake(node, why, now_ns);
    }
}

void emu_node_frame_arrives(struct emu_node *node, const struct net_frame *frame)
{
    if (!emu_node_alive(node)) {
        node->account.drops_node_down++;
        emu_process_record_frame(node, EMU_RECORD_FRAME_LOST, EMU_DROP_NODE_DOWN, NULL, 0);
        return;
    }
    if (node->link_cut || node->frames_lost) {
        node->frames_lost -= !node->link_cut;
        node->account.drops_no_link++;
        emu_process_record_frame(node, EMU_RECORD_FRAME_LOST, EMU_DROP_NO_LINK, NULL, 0);
        return;
    }
    emu_digest_add(node, EMU_DIGEST_FRAME_IN, 0, 0, frame->bytes, frame->size_bytes);
    bool is_pcnet = emu_node_device_present(node, DEV_PCNET);
    struct dev_env env = emu_node_env(node, is_pcnet ? DEV_PCNET : DEV_NIC);
    if ((!node->seat || emu_card_received(node->seat, frame->size_bytes)) &&
        (is_pcnet ? dev_pcnet_deliver(&node->pcnet, &env, frame->bytes, frame->size_bytes)
                  : dev_nic_deliver(&node->nic, &env, frame->bytes, frame->size_bytes))) {
        node->account.frames_received++;
        node->account.bytes_received += frame->size_bytes;
        struct emu_record *record = emu_process_record_frame(
            node, EMU_RECORD_FRAME_RECEIVED, EMU_DROPS_MAX, frame->bytes, frame->size_bytes);
        if (record) {
            record->sent_ns = frame->sent_ns;
        }
    } else {
        node->account.drops_nic_full++;
        emu_process_record_frame(node, EMU_RECORD_FRAME_LOST, EMU_DROP_NIC_FULL, NULL, 0);
    }
}

static void end(struct emu_node *node, enum emu_node_state state, uint32_t detail)
{
    node->state = state;
    node->end_ns = node->process->now_ns;
    emu_digest_add(node, EMU_DIGEST_END, state, detail, NULL, 0);
    if (state != EMU_NODE_DESTROYED) {
        emu_process_record(node->process, node,
                           state == EMU_NODE_TERMINATED ? EMU_RECORD_TERMINATE : EMU_RECORD_FAULT,
                           NULL, 0);
    }
    /* What waited for the guest is nobody's now; memory stays for the full-state hash, and with it
     * what is on the screen: of a machine that failed it is what people want to see. */
    for (uint32_t device = 0; device < DEV_COUNT; device++) {
        if (device == DEV_FRAMEBUFFER) {
            continue;
        }
        struct dev_env env = emu_node_env(node, device);
        dev_table[device]->reset(emu_node_device(node, device), &env);
    }
}

static void activity_remove(struct emu_node *node)
{
    if (event_queued(&node->activity.base)) {
        event_heap_remove(&node->process->timers, &node->activity.base);
    }
}

void emu_node_destroy(struct emu_node *node)
{
    activity_remove(node);
    end(node, EMU_NODE_DESTROYED, 0);
}

void emu_node_renew(struct emu_node *node)
{
    activity_remove(node);
    for (uint32_t page = 0; page < node->space.page_count; page++) {
        vcpu_space_page_reset(&node->space, page);
    }
    node->state = EMU_NODE_OFF;
    node->exit_code = 0;
    node->fault = (struct vcpu_fault){VCPU_FAULT_NONE, 0, 0};
    node->end_ns = 0;
}

static void fault(struct emu_node *node, struct vcpu_fault what)
{
    /* To the processor a page that may not be had is no memory; its owner wants to know why. */
    if (what.kind == VCPU_FAULT_MEMORY && node->space.private_count >= node->space.private_limit &&
        vcpu_space_frame(&node->space, what.address >> VCPU_PAGE_BITS) != VCPU_FRAME_NONE) {
        what.kind = VCPU_FAULT_LIMIT;
    }
    node->fault = what;
    end(node, EMU_NODE_FAULTED, (uint32_t)what.kind);
}

/* At `idle`: returns at once if an interrupt pends or the time has come, else starts to wait. */
static void idle(struct emu_node *node)
{
    uint64_t deadline_ns = (uint64_t)node->vcpu.gpr[VCPU_EDX] << 32 | node->vcpu.gpr[VCPU_EAX];
    emu_digest_add(node, EMU_DIGEST_IDLE, node->vcpu.irq_pending, 0, &deadline_ns,
                   sizeof deadline_ns);
    if (node->vcpu.irq_pending || deadline_ns <= node->process->now_ns ||
        (node->seat && emu_host_idle_returns(node->seat, deadline_ns != TIME_NEVER))) {
        vcpu_idle_complete(&node->vcpu);
        return;
    }
    node->state = EMU_NODE_IDLE;
    if (deadline_ns != TIME_NEVER) {
        node->activity.base.key = (struct event_key){
            .time_ns = deadline_ns,
            .kind = EMU_EVENT_WAKE,
            .destination = node->index,
            .source = node->index,
        };
        event_heap_push(&node->process->timers, &node->activity.base);
    }
}

/* Returns false if the guest's stack cannot take the interrupt, or not yet. */
static bool deliver_interrupts(struct emu_node *node)
{
    struct vcpu_fault refused;
    struct vcpu_need need;
    if (node->space.absent && vcpu_interrupt_lacks(&node->vcpu, &need)) {
        emu_seat_need(node->seat, need);
        return false;
    }
    if (vcpu_interrupt_deliver(&node->vcpu, &refused)) {
        node->account.interrupts_delivered++;
        emu_digest_add(node, EMU_DIGEST_DELIVERY, node->vcpu.irq_delivered, node->vcpu.eip, NULL,
                       0);
        if (node->probe) {
            emu_probe_delivered(node->probe, node);
        }
    } else if (refused.kind != VCPU_FAULT_NONE) {
        fault(node, refused);
        return false;
    }
    return true;
}

/* What stopped the engine, performed. */
static void handle_stop(struct emu_node *node, const struct vcpu_stop *stop)
{
    node->process->now_ns = time_of_cycles(node->vcpu.cycles, node->cpu_hz);
    switch (stop->reason) {
    case VCPU_STOP_BUDGET:
    case VCPU_STOP_BREAKPOINT: /* the probe looks for itself */
        break;
    case VCPU_STOP_PORT:
    case VCPU_STOP_REGISTER: {
        struct vcpu_fault refused =
            emu_bus_access(node, stop->reason == VCPU_STOP_PORT, &stop->access);
        if (refused.kind != VCPU_FAULT_NONE) {
            fault(node, refused);
        }
        break;
    }
    case VCPU_STOP_IDLE:
        if (node->seat) {
            emu_seat_trap(node->seat);
        }
        idle(node);
        break;
    case VCPU_STOP_TERMINATE:
        node->exit_code = node->vcpu.gpr[VCPU_EAX];
        vcpu_terminate_complete(&node->vcpu);
        end(node, EMU_NODE_TERMINATED, node->exit_code);
        break;
    case VCPU_STOP_FAULT:
        fault(node, stop->fault);
        break;
    case VCPU_STOP_PAGE:
        emu_seat_need(node->seat, stop->page);
        break;
    }
}

/* Is this boundary one to stop at? */
static bool stopped(struct emu_node *node)
{
    return node->probe && emu_probe_stops(node->probe, node);
}

/* Can it not go on without a page? */
static bool lacks(const struct emu_node *node)
{
    return node->seat && node->seat->needs;
}

void emu_node_run(struct emu_node *node, struct vcpu_engine *engine, uint64_t limit_ns)
{
    struct emu_process *process = node->process;
    if (node->seat) {
        emu_seat_settle(node->seat);
        limit_ns = limit_ns < node->seat->slice_end_ns ? limit_ns : node->seat->slice_end_ns;
    }
    uint64_t limit_cycles = time_to_cycles(limit_ns, node->cpu_hz);
    process->now_ns = time_of_cycles(node->vcpu.cycles, node->cpu_hz);
    assert_position_set(node->index, process->now_ns);
    if (node->state == EMU_NODE_WAKING) {
        node->state = EMU_NODE_RUNNING;
        vcpu_idle_complete(&node->vcpu);
        if (node->tracer) {
            emu_tracer_woken(node->tracer, node);
        }
    }
    while (node->state == EMU_NODE_RUNNING && !lacks(node) && !stopped(node) &&
           deliver_interrupts(node) && !stopped(node) && node->vcpu.cycles < limit_cycles &&
           !emu_process_paused(process)) {
        struct vcpu_stop stop;
        uint64_t budget = limit_cycles - node->vcpu.cycles;
        if (node->probe) {
            budget = emu_probe_before(node->probe, node, engine, budget);
        }
        if (node->tracer) {
            budget = emu_tracer_before(node->tracer, node, budget);
        }
        vcpu_engine_run(engine, &node->vcpu, budget, &stop);
        handle_stop(node, &stop);
        if (node->seat) {
            emu_seat_settle(node->seat);
        }
        if (node->probe) {
            emu_probe_after(node->probe, node, engine);
        }
        if (node->tracer) {
            emu_tracer_after(node->tracer, node);
        }
        if (stop.reason != VCPU_STOP_BUDGET) {
            /* What the guest did may have put an event before the limit. */
            uint64_t event_ns = emu_process_event_ns(process);
            if (event_ns < limit_ns) {
                limit_ns = event_ns;
                limit_cycles = time_to_cycles(limit_ns, node->cpu_hz);
            }
        }
    }
    if (node->seat) {
        emu_host_stopped(node->seat);
    } else if (node->state == EMU_NODE_RUNNING) {
        emu_node_queue_run(node);
    }
    if (node->probe) {
        emu_probe_left(node->probe, node);
    }
}

void emu_node_fini(struct emu_node *node)
{
    for (uint32_t device = 0; device < DEV_COUNT; device++) {
        dev_table[device]->fini(emu_node_device(node, device));
    }
    emu_overlay_destroy(node->disks,
                        node->space.arena); /* gives frames back to the space's arena */
    emu_tracer_destroy(node->tracer);
    vcpu_space_fini(&node->space);
    free((void *)node->boot.text);
    free(node->console_log);
    for (struct emu_event *event = node->device_events; event;) {
        struct emu_event *next = event->next;
        free(event);
        event = next;
    }
    free(node->input);
    free(node->key);
}
