/*
 * A host's part of a saved state: its queues, processors and seats (docs/saved-state.md has the
 * table). Machines are named by their seat's number.
 */
#include "host.h"

#include <stdlib.h>

#include <base/alloc.h>
#include <base/assert.h>
#include <base/time.h>
#include <scenarios/scenario.h>

#include "../process.h"
#include "../world_internal.h"

#define NOBODY      UINT32_MAX
#define OWED_MAX_NS (1ull << 53) /* keeps its conversion to cycles from overflowing */

static uint32_t number_of(const struct emu_seat *seat)
{
    return seat ? emu_seat_number(seat) : NOBODY;
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
    X(cap_since_ns)                                                                                \
    X(ready_since_ns)                                                                              \
    X(floor_bytes)                                                                                 \
    X(ceiling_bytes)                                                                               \
    X(disk_bytes)                                                                                  \
    X(disk_bps)                                                                                    \
    X(disk_bps_next)                                                                               \
    X(paced_ns)                                                                                    \
    X(guest_ns)                                                                                    \
    X(kernel_ns)                                                                                   \
    X(waited_ns)                                                                                   \
    X(dispatches)                                                                                  \
    X(switches)                                                                                    \
    X(crossings)                                                                                   \
    X(port_accesses)

#define PAGED_FIELDS(X)                                                                            \
    X(faults)                                                                                      \
    X(filled)                                                                                      \
    X(copied)                                                                                      \
    X(page_ins)                                                                                    \
    X(page_outs)                                                                                   \
    X(wait_ns)                                                                                     \
    X(resident_max)

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

/* What paging adds to a seat. */
static void save_seat_paging(const struct emu_seat *seat, struct writer *writer)
{
    const struct vcpu_space *space = &seat->node->space;
    uint32_t words = 2 * vcpu_space_absent_words(space);
#define X(field) write_u64(writer, seat->paged.field);
    PAGED_FIELDS(X)
#undef X
    write_u8(writer, space->absent != NULL);
    if (!space->absent) {
        return;
    }
    write_u8(writer, (uint8_t)(seat->holds | seat->needs << 1 | seat->waits << 2 |
                               (seat->forgotten != NULL) << 3));
    save_event(&seat->pace, writer);
    write_u32(writer, seat->needs ? seat->need.page << 1 | seat->need.write : 0);
    write_u64(writer, seat->retired_told);
    write_u8(writer, seat->let_count);
    for (uint32_t i = 0; i < seat->let_count; i++) {
        write_u32(writer, seat->let[i]);
    }
    for (uint32_t i = 0; i < words; i++) {
        write_u64(writer, space->absent[i]);
        if (seat->forgotten) {
            write_u64(writer, seat->forgotten[i]);
        }
    }
}

static void save_paging(const struct emu_host *host, struct writer *writer)
{
    for (uint32_t i = 0; i < host->seat_count && host->pager; i++) {
        save_seat_paging(&host->seats[i], writer);
    }
    if (host->pager) {
        emu_pager_save(host->pager, writer);
    }
    for (uint32_t i = 0; i < host->disk_count; i++) {
        emu_disk_model_save(host->disks[i].model, writer);
    }
}

/* Only of hosts that have a supervisor. */
static void save_policy(const struct emu_host *host, struct writer *writer)
{
    const struct emu_policy *policy = &host->policy;
    write_u32(writer, policy->policies);
    write_u8(writer, policy->open);
    write_u32(writer, policy->sequence);
    write_u32(writer, policy->processor);
    write_u32(writer, number_of(policy->answer));
    write_u64(writer, policy->slice_ns);
    write_u64(writer, policy->questions);
    write_u64(writer, policy->answers);
    write_u64(writer, policy->unasked);
    write_u8(writer, policy->news);
}

/* Rates that a machine is to have when it leaves its processor. */
static void save_rates(const struct emu_seat *seat, struct writer *writer)
{
    write_u8(writer, (uint8_t)(seat->rates_wait | seat->disk_bps_waits << 1));
    write_u64(writer, seat->rates.send_bps);
    write_u64(writer, seat->rates.receive_bps);
    write_u32(writer, seat->rates.send_burst_bytes);
    write_u32(writer, seat->rates.receive_burst_bytes);
}

static void save_host(const struct emu_host *host, struct writer *writer, bool with_blocks)
{
    write_u64(writer, host->committed_bytes);
    save_event(&host->replenish, writer);
    write_u32(writer, host->next_action);
    for (uint32_t i = 0; i < host->model->processors; i++) {
        const struct emu_processor *processor = &host->processors[i];
        write_u32(writer, number_of(processor->seat));
        write_u32(writer, number_of(processor->last));
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
        write_u8(writer, seat->follows);
        write_u8(writer, seat->cap);
        write_u16(writer, seat->weight);
        write_u32(writer, seat->held);
#define X(field) write_u64(writer, seat->field);
        SEAT_FIELDS(X)
#undef X
        save_rates(seat, writer);
        write_u32(writer, seat->origin);
        write_u32(writer, seat->generation);
    }
    emu_host_snapshots_save(host, writer);
    emu_host_volumes_save(host, writer, with_blocks);
    emu_card_save(host, writer);
    if (host->policy.supervisor) {
        save_policy(host, writer);
    }
    for (uint32_t i = 0; i < host->queue_count; i++) {
        write_u32(writer, host->queues[i].count);
        for (const struct emu_seat *seat = host->queues[i].first; seat; seat = seat->next) {
            write_u32(writer, number_of(seat));
        }
    }
    save_paging(host, writer);
}

/* --- back ------------------------------------------------------------------------------------- */

static void queue_event(struct emu_host *host, struct emu_event *event, uint32_t source,
                        bool queued, uint64_t time_ns)
{
    if (event_queued(&event->base)) {
        event_heap_remove(&host->process->events, &event->base);
    }
    if (queued) {
        emu_host_event_push(host, event, source, time_ns);
    }
}

static void load_event(struct emu_host *host, struct emu_event *event, uint32_t source,
                       struct reader *reader)
{
    bool queued = read_u8(reader) & 1;
    queue_event(host, event, source, queued, read_u64(reader));
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
static bool processor_good(const struct emu_processor *processor, uint64_t now_ns)
{
    bool queued = event_queued(&processor->event.base);
    uint64_t due_ns = processor->event.base.key.time_ns;
    uint64_t ahead_ns = processor->charge_to_ns - processor->charge_from_ns;
    if (processor->since_ns > now_ns || processor->charge_from_ns > processor->charge_to_ns ||
        processor->charge_from_ns < processor->since_ns || ahead_ns > processor->kernel_ns) {
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
    if (event_queued(&processor->event.base) &&
        processor->event.base.key.time_ns < host->process->world->now_ns) {
        reader_fail(reader);
    }
}

static void load_rates(struct emu_seat *seat, struct reader *reader)
{
    uint8_t wait = read_u8(reader);
    seat->rates_wait = wait & 1;
    seat->disk_bps_waits = wait >> 1 & 1;
    seat->rates.send_bps = read_u64(reader);
    seat->rates.receive_bps = read_u64(reader);
    seat->rates.send_burst_bytes = read_u32(reader);
    seat->rates.receive_burst_bytes = read_u32(reader);
    if (!emu_seat_limits_valid(seat)) {
        seat->rates_wait = seat->disk_bps_waits = false;
        reader_fail(reader);
    }
}

static void load_seat(struct emu_host *host, struct emu_seat *seat, struct reader *reader)
{
    uint8_t place = read_u8(reader);
    uint8_t home = read_u8(reader);
    bool pinned = seat->reserve > 0;
    if (place > EMU_SEAT_PAGING || home >= host->model->processors ||
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
    seat->follows = read_u8(reader) & 1;
    seat->cap = read_u8(reader);
    seat->weight = read_u16(reader);
    seat->held = read_u32(reader);
#define X(field) seat->field = read_u64(reader);
    SEAT_FIELDS(X)
#undef X
    load_rates(seat, reader);
    seat->origin = read_u32(reader);
    seat->generation = read_u32(reader);
    if (seat->owed_ns > OWED_MAX_NS || seat->left_ns > host->model->quantum_ns * SCN_WEIGHT_MAX ||
        seat->budget_ns > host->model->period_ns || seat->slice_end_ns > UINT64_MAX / 2 ||
        seat->used_ns > UINT64_MAX / 2 || seat->paced_ns > EMU_PACED_MAX_NS || seat->cap > 100 ||
        seat->weight < 1 || seat->weight > SCN_WEIGHT_MAX) {
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
    policy->news = read_u8(reader) & 1;
    if (policy->processor >= host->model->processors || policy->policies & ~EMU_POLICIES ||
        (!host->pager && (policy->policies & ABI_POLICY_PAGER)) ||
        (policy->news && !emu_seat_occupies(policy->supervisor)) ||
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
        ((seat->doomed || seat->rates_wait || seat->disk_bps_waits) && !emu_seat_occupies(seat)) ||
        (seat->queue >= EMU_QUEUE_OF_PROCESSOR && ready &&
         seat->queue != EMU_QUEUE_RESERVED(seat->home) &&
         seat->queue != EMU_QUEUE_LEFTOVER(seat->home))) {
        return false;
    }
    switch ((enum emu_seat_place)seat->place) {
    case EMU_SEAT_AWAY:
        return runnable == seat->waits && !due;
    case EMU_SEAT_READY:
        return runnable && !due;
    case EMU_SEAT_RUNNING:
        return runnable && due && has;
    case EMU_SEAT_PAGING:
        return node->state == EMU_NODE_RUNNING && !due && has && seat->needs;
    case EMU_SEAT_LEAVING:
        return node->state == EMU_NODE_RUNNING && !due && has;
    }
    return false;
}

static void load_bits(uint64_t *words, uint32_t i, const struct vcpu_space *space,
                      struct reader *reader)
{
    uint32_t half = vcpu_space_absent_words(space);
    uint32_t pages = space->size_bytes / VCPU_PAGE_BYTES - i % half * 64;
    uint64_t valid = pages >= 64 ? UINT64_MAX : ((uint64_t)1 << pages) - 1;
    valid &= i % half == 0 ? ~(uint64_t)3 : UINT64_MAX; /* no memory */
    words[i] = read_u64(reader);
    if (words[i] & ~valid) {
        reader_fail(reader);
    }
}

static void load_seat_paging(struct emu_seat *seat, struct reader *reader)
{
    struct vcpu_space *space = &seat->node->space;
#define X(field) seat->paged.field = read_u64(reader);
    PAGED_FIELDS(X)
#undef X
    uint8_t paged = read_u8(reader);
    emu_seat_paging_forget(seat);
    if (paged != seat->admitted) {
        reader_fail(reader);
    }
    if (reader->failed || !paged) {
        return;
    }
    vcpu_space_paging_begin(space);
    uint32_t half = vcpu_space_absent_words(space);
    uint8_t bits = read_u8(reader);
    load_event(seat->host, &seat->pace, EMU_HOST_SOURCE_PACE(seat->host, emu_seat_number(seat)),
               reader);
    uint32_t need = read_u32(reader);
    seat->holds = bits & 1;
    seat->needs = bits & 2;
    seat->waits = bits & 4;
    seat->need = (struct vcpu_need){.page = need >> 1, .write = need & 1};
    seat->retired_told = read_u64(reader);
    seat->let_count = read_u8(reader);
    bool paced = event_queued(&seat->pace.base);
    if (bits > 15 || (seat->waits && seat->needs == paced) || (paced && !seat->waits) ||
        (paced && (seat->pace.base.key.time_ns != seat->paced_ns ||
                   seat->paced_ns < seat->host->process->world->now_ns)) ||
        need >> 1 >= space->size_bytes / VCPU_PAGE_BYTES ||
        seat->retired_told > seat->node->vcpu.retired || seat->let_count > EMU_SEAT_LET_MAX) {
        reader_fail(reader);
        seat->let_count = 0;
    }
    for (uint32_t i = 0; i < seat->let_count; i++) {
        seat->let[i] = read_u32(reader);
    }
    if (bits & 8) {
        seat->forgotten = alloc_zeroed((size_t)2 * half, sizeof *seat->forgotten);
    }
    for (uint32_t i = 0; i < 2 * half && !reader->failed; i++) {
        load_bits(space->absent, i, space, reader);
        if (seat->forgotten) {
            load_bits(seat->forgotten, i, space, reader);
        }
        if (i >= half && (space->absent[i - half] & ~space->absent[i])) {
            reader_fail(reader); /* may be written but not read */
        }
    }
}

struct transfers {
    struct emu_host *host;
    uint64_t count;
    uint8_t *seen; /* by the pager's numbers */
    struct reader *reader;
};

/* Each request on a disk is a node's, or a transfer of the pager, of which each is one. */
static void check_request(void *context, const struct emu_disk_request *request)
{
    struct transfers *all = context;
    if (request->tag & EMU_DISK_TAG_NODE) {
        return; /* of one that nobody waits for nothing comes */
    }
    if (!all->host->pager || request->tag > UINT32_MAX ||
        !emu_pager_transfer_valid(all->host->pager, (uint32_t)request->tag) ||
        all->seen[request->tag]++) {
        reader_fail(all->reader);
    }
    all->count++;
}

static void load_disks(struct emu_host *host, struct reader *reader)
{
    struct transfers all = {
        .host = host,
        .seen = alloc_zeroed(host->model->memory_bytes / EMU_PAGER_PAGE_BYTES + 1, 1),
        .reader = reader,
    };
    for (uint32_t i = 0; i < host->disk_count && !reader->failed; i++) {
        uint32_t source = EMU_HOST_SOURCE_DISK(host, i);
        if (emu_disk_model_load(host->disks[i].model, reader)) {
            uint64_t next_ns = emu_disk_model_next_ns(host->disks[i].model);
            emu_disk_model_visit(host->disks[i].model, check_request, &all);
            queue_event(host, &host->disks[i].event, source, next_ns != TIME_NEVER, next_ns);
            if (next_ns < host->process->world->now_ns) {
                reader_fail(reader);
            }
        }
    }
    if (host->pager && all.count != emu_pager_transfer_count(host->pager)) {
        reader_fail(reader);
    }
    free(all.seen);
}

static bool keeps_to(const struct emu_pager *pager, const struct emu_seat *seat)
{
    struct emu_pager_limits told = emu_seat_pager_limits(seat);
    struct emu_pager_limits kept = emu_pager_limits(pager, emu_seat_number(seat));
    return told.floor_pages == kept.floor_pages && told.ceiling_pages == kept.ceiling_pages;
}

static bool waits_for_pager(const struct emu_seat *seat)
{
    return seat->waits && !event_queued(&seat->pace.base);
}

static void load_paging(struct emu_host *host, struct reader *reader)
{
    for (uint32_t i = 0; i < host->seat_count && !reader->failed && host->pager; i++) {
        load_seat_paging(&host->seats[i], reader);
    }
    if (host->pager && (reader->failed || !emu_pager_load(host->pager, reader))) {
        return;
    }
    if (host->pager && emu_pager_chosen(host->pager).left > 0 &&
        !emu_policy_decides(host, ABI_POLICY_PAGER)) {
        reader_fail(reader); /* by whom? */
    }
    load_disks(host, reader);
    for (uint32_t i = 0; i < host->seat_count && !reader->failed && host->pager; i++) {
        const struct emu_seat *seat = &host->seats[i];
        if (emu_pager_has(host->pager, i) != seat->admitted ||
            (seat->admitted && (emu_pager_waits(host->pager, i) != waits_for_pager(seat) ||
                                !keeps_to(host->pager, seat)))) {
            reader_fail(reader);
        }
    }
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

static void load_host(struct emu_host *host, struct reader *reader, bool with_blocks)
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
        emu_host_snapshots_load(host, reader);
    }
    if (!reader->failed) {
        emu_host_volumes_load(host, reader, with_blocks);
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
    load_paging(host, reader);
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

/* The last moment that the host can have come to. Of a world that was stopped within a window some
 * processes are further than its time, but none further than what they do next or a window lasts.
 */
static uint64_t reached_ns(const struct emu_host *host)
{
    const struct emu_world *world = host->process->world;
    uint64_t last_ns = world->now_ns + world->lookahead_ns;
    emu_process_note_next(host->process);
    uint64_t due_ns = emu_process_due_ns(host->process);
    return due_ns < last_ns ? due_ns : last_ns;
}

/* What has happened was not later than that. */
static bool past_good(const struct emu_host *host)
{
    uint64_t now_ns = reached_ns(host);
    bool good = emu_card_on_time(host, now_ns) &&
                (!host->pager || emu_pager_told_ns(host->pager) <= now_ns);
    for (uint32_t i = 0; i < host->model->processors; i++) {
        good = good && processor_good(&host->processors[i], now_ns);
    }
    for (uint32_t i = 0; i < host->seat_count; i++) {
        const struct emu_seat *seat = &host->seats[i];
        good = good && seat->ready_since_ns <= now_ns && seat->cap_since_ns <= now_ns &&
               seat->cap_period <= now_ns / host->model->period_ns;
    }
    for (uint32_t i = 0; i < host->disk_count; i++) {
        good = good && emu_disk_model_told_ns(host->disks[i].model) <= now_ns;
    }
    return good;
}

void emu_hosts_save(struct emu_world *world, struct writer *writer, bool with_blocks)
{
    for (uint32_t i = 0; i < world->host_count; i++) {
        if (world->hosts[i].process) {
            save_host(&world->hosts[i], writer, with_blocks);
        }
    }
}

void emu_hosts_load(struct emu_world *world, struct reader *reader, bool with_blocks)
{
    for (uint32_t i = 0; i < world->host_count && !reader->failed; i++) {
        if (world->hosts[i].process) {
            load_host(&world->hosts[i], reader, with_blocks);
        }
    }
    /* Once it is known what all processes do next. */
    for (uint32_t i = 0; i < world->host_count && !reader->failed; i++) {
        if (world->hosts[i].process && !past_good(&world->hosts[i])) {
            reader_fail(reader);
        }
    }
}
