/* How a logical process runs a window, and what it keeps. */
#include "process.h"

#include <stdlib.h>
#include <string.h>

#include <base/alloc.h>
#include <base/assert.h>
#include <base/time.h>
#include <netsim/network.h>

#include "host/host.h"
#include "world_internal.h"

static uint32_t share(uint32_t all, uint32_t least, uint32_t parts)
{
    return all / parts > least ? all / parts : least;
}

void emu_process_init(struct emu_process *process, struct emu_world *world, uint32_t index)
{
    memset(process, 0, sizeof *process);
    process->world = world;
    process->index = index;
    process->local_latency_ns = TIME_NEVER;
    process->next_ns = TIME_NEVER;
    atomic_init(&process->inbox, NULL);
    atomic_init(&process->inbox_ns, TIME_NEVER);
    process->record_share = share(EMU_RECORDS_MAX, EMU_RECORDS_SHARE_MIN, world->process_count);
    process->details_share = share(EMU_DETAILS_MAX, EMU_DETAILS_SHARE_MIN, world->process_count);
    process->record_pause = process->record_share;
    process->details_pause = process->details_share;
    event_heap_init(&process->events);
    event_heap_init(&process->timers);
    event_heap_init(&process->running);
}

static bool is_frame_event(const struct emu_event *event)
{
    return event->base.key.kind >= EMU_EVENT_NETWORK && event->base.key.kind < EMU_EVENT_DEVICE;
}

static void free_list(struct emu_event *event)
{
    while (event) {
        struct emu_event *next = event->next;
        net_frame_release(event->frame);
        free(event);
        event = next;
    }
}

void emu_process_fini(struct emu_process *process)
{
    for (uint32_t i = 0; i < process->events.count; i++) {
        struct emu_event *event = (struct emu_event *)process->events.slots[i].event;
        if (is_frame_event(event)) {
            net_frame_release(event->frame);
            free(event);
        }
    }
    free_list(atomic_load(&process->inbox));
    free_list(process->spare);
    event_heap_fini(&process->events);
    event_heap_fini(&process->timers);
    event_heap_fini(&process->running);
    free(process->records);
    free(process->details);
}

struct emu_event *emu_process_event_take(struct emu_process *process)
{
    struct emu_event *event = process->spare;
    if (event) {
        process->spare = event->next;
        memset(event, 0, sizeof *event);
    } else {
        event = alloc_zeroed(1, sizeof *event);
    }
    event_init(&event->base);
    return event;
}

void emu_process_event_give(struct emu_process *process, struct emu_event *event)
{
    event->frame = NULL;
    event->next = process->spare;
    process->spare = event;
}

void emu_process_post(struct emu_process *from, struct emu_process *to, struct emu_event *event)
{
    if (from == to) {
        event_heap_push(&to->events, &event->base);
        return;
    }
    uint64_t time_ns = event->base.key.time_ns;
    event->next = atomic_load(&to->inbox);
    while (!atomic_compare_exchange_weak(&to->inbox, &event->next, event)) {
    }
    uint64_t least_ns = atomic_load(&to->inbox_ns);
    while (time_ns < least_ns && !atomic_compare_exchange_weak(&to->inbox_ns, &least_ns, time_ns)) {
    }
}

void emu_process_collect(struct emu_process *process)
{
    /* A sender may lower inbox_ns after its event was taken; left so, the process would be due at a
     * time that has passed, and the world would stand still. */
    if (!atomic_load(&process->inbox) && atomic_load(&process->inbox_ns) == TIME_NEVER) {
        return;
    }
    atomic_store(&process->inbox_ns, TIME_NEVER);
    struct emu_event *event = atomic_exchange(&process->inbox, NULL);
    while (event) {
        struct emu_event *next = event->next;
        event_heap_push(&process->events, &event->base);
        event = next;
    }
}

void emu_process_note_next(struct emu_process *process)
{
    uint64_t event_ns = emu_process_event_ns(process);
    uint64_t running_ns = event_heap_time(&process->running);
    process->next_ns = event_ns < running_ns ? event_ns : running_ns;
}

uint64_t emu_process_due_ns(const struct emu_process *process)
{
    uint64_t inbox_ns = atomic_load_explicit(&process->inbox_ns, memory_order_relaxed);
    return inbox_ns < process->next_ns ? inbox_ns : process->next_ns;
}

static struct emu_node *node_of(const struct emu_process *process, uint32_t index)
{
    return process->twin ? process->twin : &process->world->nodes[index];
}

static void handle(struct emu_process *process, struct emu_event *event)
{
    const struct event_key key = event->base.key;
    process->now_ns = key.time_ns;
    if (process->twin && event == process->fed) {
        process->feed(process);
        return;
    }
    if (is_frame_event(event)) {
        struct net_frame *frame = event->frame;
        uint32_t network = event->network;
        uint32_t port = event->port;
        emu_process_event_give(process, event);
        emu_world_network_event(process, network, key.kind - EMU_EVENT_NETWORK, port, frame);
        return;
    }
    if (key.kind == EMU_EVENT_HOST) {
        emu_host_event(process, key.destination, key.source);
        return;
    }
    struct emu_node *node = node_of(process, key.destination);
    assert_position_set(node->index, key.time_ns);
    switch (key.kind) {
    case EMU_EVENT_BOOT:
        if (node->seat) {
            emu_host_admit(node->seat, key.time_ns);
        } else {
            emu_node_boot(node, key.time_ns);
        }
        break;
    case EMU_EVENT_INPUT:
        emu_world_console_input(node, key.source);
        break;
    case EMU_EVENT_KEY:
        emu_world_key(node, key.source);
        break;
    case EMU_EVENT_DEVICE: {
        struct dev_env env = emu_node_env(node, key.source);
        dev_table[key.source]->event(emu_node_device(node, key.source), &env);
        break;
    }
    case EMU_EVENT_WAKE:
        emu_node_time_out(node);
        break;
    default:
        UNREACHABLE();
    }
}

/* The next event, of which there is one. */
static struct emu_event *event_pop(struct emu_process *process)
{
    uint64_t event_ns = event_heap_time(&process->events);
    uint64_t timer_ns = event_heap_time(&process->timers);
    bool timer = timer_ns < event_ns;
    if (timer_ns == event_ns) {
        timer = event_key_compare(&event_heap_first(&process->timers)->key,
                                  &event_heap_first(&process->events)->key) < 0;
    }
    return (struct emu_event *)event_heap_pop(timer ? &process->timers : &process->events);
}

void emu_process_run(struct emu_process *process, struct vcpu_engine *engine, uint64_t end_ns)
{
    emu_process_collect(process);
    for (;;) {
        uint64_t event_ns = emu_process_event_ns(process);
        uint64_t running_ns = event_heap_time(&process->running);
        if ((event_ns >= end_ns && running_ns >= end_ns) || emu_process_paused(process)) {
            emu_process_note_next(process);
            return;
        }
        if (event_ns <= running_ns) {
            handle(process, event_pop(process));
            continue;
        }
        struct event *activity = event_heap_pop(&process->running);
        struct emu_node *node = node_of(process, activity->key.destination);
        /* Up to the end of the window, the next event, or the first moment at which the next
         * runnable node of this process could reach this one. */
        uint64_t limit_ns = event_ns < end_ns ? event_ns : end_ns;
        uint64_t other_ns = event_heap_time(&process->running);
        if (other_ns < limit_ns && process->local_latency_ns < limit_ns - other_ns) {
            limit_ns = other_ns + process->local_latency_ns;
        }
        emu_node_run(node, engine, limit_ns);
    }
}

void emu_process_records_told(struct emu_process *process, uint64_t before_ns)
{
    uint32_t kept = 0;
    uint32_t details_bytes = 0;
    for (uint32_t i = 0; i < process->record_count; i++) {
        struct emu_record record = process->records[i];
        if (record.time_ns < before_ns) {
            continue;
        }
        if (record.detail_bytes) {
            memmove(process->details + details_bytes, process->details + record.detail,
                    record.detail_bytes);
        }
        record.detail = details_bytes;
        details_bytes += record.detail_bytes;
        record.sequence = kept;
        process->records[kept++] = record;
    }
    process->record_count = kept;
    process->details_bytes = details_bytes;
    /* Counted from what is kept, so that a process never stands still. */
    process->record_pause = kept + process->record_share;
    process->details_pause = details_bytes + process->details_share;
}

struct emu_record *emu_process_record(struct emu_process *process, const struct emu_node *node,
                                      enum emu_record_kind kind, const void *detail,
                                      uint32_t detail_bytes)
{
    if (process->record_count == process->record_capacity) {
        process->record_capacity = process->record_capacity ? process->record_capacity * 2 : 16;
        process->records =
            alloc_grow(process->records, process->record_capacity, sizeof *process->records);
    }
    if (process->details_capacity - process->details_bytes < detail_bytes) {
        process->details_capacity = (process->details_capacity + detail_bytes) * 2;
        process->details = alloc_grow(process->details, process->details_capacity, 1);
    }
    struct emu_record *record = &process->records[process->record_count];
    *record = (struct emu_record){
        .time_ns = process->now_ns,
        .node = node->index,
        .sequence = process->record_count,
        .kind = kind,
        .cause = EMU_DROPS_MAX,
        .detail = process->details_bytes,
        .detail_bytes = detail_bytes,
    };
    if (detail_bytes) {
        memcpy(process->details + process->details_bytes, detail, detail_bytes);
        process->details_bytes += detail_bytes;
    }
    process->record_count++;
    return record;
}

struct emu_record *emu_process_record_frame(struct emu_node *node, enum emu_record_kind kind,
                                            uint32_t cause, const void *bytes, uint32_t size_bytes)
{
    if (!node->captured) {
        return NULL;
    }
    struct emu_record *record = emu_process_record(node->process, node, kind, bytes, size_bytes);
    record->cause = cause;
    record->instruction = node->vcpu.retired;
    return record;
}
