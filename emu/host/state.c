/*
 * A host's part of a saved state: its queues, processors and seats (docs/saved-state.md has the
 * table). Machines are named by their seat's number.
 */
#include "host.h"

#include <base/assert.h>
#include <scenarios/scenario.h>

#include "../process.h"
#include "../world_internal.h"

#define NOBODY      UINT32_MAX
#define OWED_MAX_NS (1ull << 53) /* keeps its conversion to cycles from overflowing */

static uint32_t number_of(const struct emu_host *host, const struct emu_seat *seat)
{
    return seat ? (uint32_t)(seat - host->seats) : NOBODY;
}

/* Numbers of a seat that are saved as they are, for both directions. */
#define SEAT_FIELDS(X)                                                                             \
    X(owed_ns)                                                                                     \
    X(slice_end_ns)                                                                                \
    X(left_ns)                                                                                     \
    X(period)                                                                                      \
    X(budget_ns)                                                                                   \
    X(cap_period)                                                                                  \
    X(used_ns)                                                                                     \
    X(ready_since_ns)                                                                              \
    X(guest_ns)                                                                                    \
    X(kernel_ns)                                                                                   \
    X(waited_ns)                                                                                   \
    X(dispatches)                                                                                  \
    X(switches)                                                                                    \
    X(crossings)

#define PROCESSOR_FIELDS(X)                                                                        \
    X(since_ns)                                                                                    \
    X(left_ns)                                                                                     \
    X(kernel_ns)                                                                                   \
    X(charge_from_ns)                                                                              \
    X(charge_to_ns)                                                                                \
    X(idle_ns)

static void save_event(const struct emu_event *event, struct writer *writer)
{
    bool queued = event_queued(&event->base);
    write_u8(writer, queued);
    write_u64(writer, queued ? event->base.key.time_ns : 0);
}

/* Only of hosts that have a supervisor. */
static void save_policy(const struct emu_host *host, struct writer *writer)
{
    const struct emu_policy *policy = &host->policy;
    write_u32(writer, policy->policies);
    write_u8(writer, policy->open);
    write_u32(writer, policy->sequence);
    write_u32(writer, policy->processor);
    write_u32(writer, number_of(host, policy->answer));
    write_u64(writer, policy->slice_ns);
    write_u64(writer, policy->questions);
    write_u64(writer, policy->answers);
    write_u64(writer, policy->unasked);
}

static void save_host(const struct emu_host *host, struct writer *writer)
{
    write_u64(writer, host->committed_bytes);
    save_event(&host->replenish, writer);
    write_u32(writer, host->next_action);
    for (uint32_t i = 0; i < host->model->processors; i++) {
        const struct emu_processor *processor = &host->processors[i];
        write_u32(writer, number_of(host, processor->seat));
        write_u32(writer, number_of(host, processor->last));
        write_u8(writer, processor->left);
        write_u8(writer, processor->reserved);
        write_u8(writer, processor->woken);
        save_event(&processor->event, writer);
#define X(field) write_u64(writer, processor->field);
        PROCESSOR_FIELDS(X)
#undef X
    }
    for (uint32_t i = 0; i < host->seat_count; i++) {
        const struct emu_seat *seat = &host->seats[i];
        write_u8(writer, seat->place);
        write_u8(writer, seat->home);
        write_u8(writer, seat->urgent);
        write_u8(writer, seat->admitted);
        write_u8(writer, seat->paused);
        write_u8(writer, seat->doomed);
        write_u8(writer, seat->cap);
        write_u16(writer, seat->weight);
        write_u32(writer, seat->held);
#define X(field) write_u64(writer, seat->field);
        SEAT_FIELDS(X)
#undef X
    }
    emu_card_save(host, writer);
    if (host->policy.supervisor) {
        save_policy(host, writer);
    }
    for (uint32_t i = 0; i < host->queue_count; i++) {
        write_u32(writer, host->queues[i].count);
        for (const struct emu_seat *seat = host->queues[i].first; seat; seat = seat->next) {
            write_u32(writer, number_of(host, seat));
        }
    }
}

/* --- back ------------------------------------------------------------------------------------- */

static void load_event(struct emu_host *host, struct emu_event *event, uint32_t source,
                       struct reader *reader)
{
    bool queued = read_u8(reader) & 1;
    uint64_t time_ns = read_u64(reader);
    if (event_queued(&event->base)) {
        event_heap_remove(&host->process->events, &event->base);
    }
    if (queued) {
        event->base.key = (struct event_key){
            .time_ns = time_ns,
            .kind = EMU_EVENT_HOST,
            .destination = host->index,
            .source = source,
        };
        event_heap_push(&host->process->events, &event->base);
    }
}

static struct emu_seat *load_seat_number(struct emu_host *host, struct reader *reader)
{
    uint32_t number = read_u32(reader);
    if (number != NOBODY && number >= host->seat_count) {
        reader_fail(reader);
    }
    return number < host->seat_count ? &host->seats[number] : NULL;
}

/* A decision is due where a machine has left, or on an idle processor for one that came; and no
 * more was charged than has passed. */
static bool processor_good(const struct emu_host *host, const struct emu_processor *processor)
{
    uint64_t now_ns = host->process->world->now_ns;
    bool queued = event_queued(&processor->event.base);
    uint64_t due_ns = processor->event.base.key.time_ns;
    uint64_t ahead_ns = processor->charge_to_ns - processor->charge_from_ns;
    if (processor->since_ns > now_ns || processor->charge_from_ns > processor->charge_to_ns ||
        processor->charge_from_ns < processor->since_ns || ahead_ns > processor->kernel_ns ||
        (queued && due_ns < now_ns)) {
        return false;
    }
    if (!processor->seat) {
        return processor->kernel_ns == 0;
    }
    uint64_t guest_ns;
    uint64_t kernel_ns;
    uint64_t idle_ns;
    emu_processor_open_part(processor, now_ns, &guest_ns, &kernel_ns, &idle_ns);
    return kernel_ns <= now_ns - processor->since_ns && queued == processor->left &&
           (!queued || (due_ns == processor->left_ns && due_ns >= processor->charge_to_ns));
}

static void load_processor(struct emu_host *host, uint32_t index, struct reader *reader)
{
    struct emu_processor *processor = &host->processors[index];
    processor->seat = load_seat_number(host, reader);
    processor->last = load_seat_number(host, reader);
    processor->left = read_u8(reader) & 1;
    processor->reserved = read_u8(reader) & 1;
    processor->woken = read_u8(reader) & 1;
    load_event(host, &processor->event, index, reader);
#define X(field) processor->field = read_u64(reader);
    PROCESSOR_FIELDS(X)
#undef X
    if (!processor_good(host, processor)) {
        reader_fail(reader);
    }
}

static void load_seat(struct emu_host *host, struct emu_seat *seat, struct reader *reader)
{
    uint8_t place = read_u8(reader);
    uint8_t home = read_u8(reader);
    bool pinned = seat->reserve > 0;
    if (place > EMU_SEAT_LEAVING || home >= host->model->processors ||
        (pinned && home != seat->home)) {
        reader_fail(reader);
        return;
    }
    seat->place = place;
    seat->home = home;
    seat->urgent = read_u8(reader) & 1;
    seat->admitted = read_u8(reader) & 1;
    seat->paused = read_u8(reader) & 1;
    seat->doomed = read_u8(reader) & 1;
    seat->cap = read_u8(reader);
    seat->weight = read_u16(reader);
    seat->held = read_u32(reader);
#define X(field) seat->field = read_u64(reader);
    SEAT_FIELDS(X)
#undef X
    if (seat->owed_ns > OWED_MAX_NS || seat->ready_since_ns > host->process->world->now_ns ||
        seat->left_ns > host->model->quantum_ns * SCN_WEIGHT_MAX ||
        seat->budget_ns > host->model->period_ns || seat->slice_end_ns > UINT64_MAX / 2 ||
        seat->used_ns > UINT64_MAX / 2 || seat->cap > 100 || seat->weight < 1 ||
        seat->weight > SCN_WEIGHT_MAX) {
        reader_fail(reader);
    }
}

/* While it is asked, the supervisor has the processor for which it is. */
static void load_policy(struct emu_host *host, struct reader *reader)
{
    struct emu_policy *policy = &host->policy;
    policy->policies = read_u32(reader);
    policy->open = read_u8(reader) & 1;
    policy->sequence = read_u32(reader);
    policy->processor = read_u32(reader);
    policy->answer = load_seat_number(host, reader);
    policy->slice_ns = read_u64(reader);
    policy->questions = read_u64(reader);
    policy->answers = read_u64(reader);
    policy->unasked = read_u64(reader);
    if (policy->processor >= host->model->processors || policy->policies & ~ABI_POLICY_SCHEDULER ||
        (policy->open && host->processors[policy->processor].seat != policy->supervisor)) {
        policy->open = false;
        policy->processor = 0;
        reader_fail(reader);
    }
}

static void load_queue(struct emu_host *host, uint32_t queue, struct reader *reader)
{
    uint32_t count = read_u32(reader);
    for (uint32_t i = 0; i < count && !reader->failed; i++) {
        struct emu_seat *seat = load_seat_number(host, reader);
        if (!seat || seat->queue != EMU_QUEUE_NONE) {
            reader_fail(reader);
            return;
        }
        emu_queue_push(host, queue, seat);
    }
}

/* What a machine does and where it is have to agree, or it would never run, or twice. */
static bool seat_good(const struct emu_host *host, const struct emu_seat *seat)
{
    const struct emu_node *node = seat->node;
    const struct emu_processor *processor = &host->processors[seat->home];
    bool runnable = node->state == EMU_NODE_RUNNING || node->state == EMU_NODE_WAKING;
    bool due = event_queued(&node->activity.base) && node->activity.base.key.kind == EMU_EVENT_RUN;
    bool ready = seat->queue != EMU_QUEUE_NONE && seat->queue != EMU_QUEUE_GATE;
    bool gate = seat->queue == EMU_QUEUE_GATE;
    bool has = processor->seat == seat && processor->left == (seat->place != EMU_SEAT_RUNNING);
    if (gate != (node->state == EMU_NODE_QUEUED) || ready != (seat->place == EMU_SEAT_READY) ||
        (seat->place == EMU_SEAT_READY && seat->paused != (seat->queue == EMU_QUEUE_PAUSED)) ||
        (seat->queue == EMU_QUEUE_HELD && !event_queued(&host->replenish.base)) ||
        (seat->queue >= EMU_QUEUE_OF_PROCESSOR && ready &&
         seat->queue != EMU_QUEUE_RESERVED(seat->home) &&
         seat->queue != EMU_QUEUE_LEFTOVER(seat->home))) {
        return false;
    }
    switch ((enum emu_seat_place)seat->place) {
    case EMU_SEAT_AWAY:
        return !runnable && !due;
    case EMU_SEAT_READY:
        return runnable && !due;
    case EMU_SEAT_RUNNING:
        return runnable && due && has;
    case EMU_SEAT_LEAVING:
        return node->state == EMU_NODE_RUNNING && !due && has;
    }
    return false;
}

static void load_schedule(struct emu_host *host, struct reader *reader)
{
    const struct scn_scenario *scenario = host->process->world->scenario;
    host->next_action = read_u32(reader);
    if (host->next_action > scenario->action_count ||
        (host->next_action < scenario->action_count &&
         scenario->actions[host->next_action].at_ns < host->process->world->now_ns)) {
        host->next_action = scenario->action_count;
        reader_fail(reader);
    }
    emu_host_schedule(host);
}

static void load_host(struct emu_host *host, struct reader *reader)
{
    for (uint32_t i = 0; i < host->queue_count; i++) {
        while (emu_queue_pop(host, i)) {
        }
    }
    host->committed_bytes = read_u64(reader);
    load_event(host, &host->replenish, EMU_HOST_SOURCE_REPLENISH(host), reader);
    load_schedule(host, reader);
    if (event_queued(&host->replenish.base) &&
        host->replenish.base.key.time_ns < host->process->world->now_ns) {
        reader_fail(reader);
    }
    for (uint32_t i = 0; i < host->model->processors && !reader->failed; i++) {
        load_processor(host, i, reader);
    }
    uint64_t committed_bytes = 0;
    for (uint32_t i = 0; i < host->seat_count && !reader->failed; i++) {
        load_seat(host, &host->seats[i], reader);
        committed_bytes += host->seats[i].admitted ? emu_seat_need_bytes(&host->seats[i]) : 0;
    }
    if (!reader->failed) {
        emu_card_load(host, reader);
    }
    if (host->policy.supervisor && !reader->failed) {
        load_policy(host, reader);
    }
    for (uint32_t i = 0; i < host->queue_count && !reader->failed; i++) {
        load_queue(host, i, reader);
    }
    for (uint32_t i = 0; i < host->seat_count && !reader->failed; i++) {
        if (!seat_good(host, &host->seats[i])) {
            reader_fail(reader);
        }
    }
    for (uint32_t i = 0; i < host->model->processors && !reader->failed; i++) {
        const struct emu_processor *processor = &host->processors[i];
        if (processor->seat && !processor->left &&
            (processor->seat->place != EMU_SEAT_RUNNING || processor->seat->home != i)) {
            reader_fail(reader);
        }
    }
    if (committed_bytes != host->committed_bytes || committed_bytes > host->model->memory_bytes) {
        reader_fail(reader);
    }
}

void emu_hosts_save(struct emu_world *world, struct writer *writer)
{
    for (uint32_t i = 0; i < world->host_count; i++) {
        if (world->hosts[i].process) {
            save_host(&world->hosts[i], writer);
        }
    }
}

void emu_hosts_load(struct emu_world *world, struct reader *reader)
{
    for (uint32_t i = 0; i < world->host_count && !reader->failed; i++) {
        if (world->hosts[i].process) {
            load_host(&world->hosts[i], reader);
        }
    }
}
