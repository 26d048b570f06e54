/*
 * The scheduler: in which queue a runnable machine waits, which one a processor takes next, and
 * whom a machine that cannot wait takes a processor from.
 */
#include "host.h"

#include <base/assert.h>
#include <scenarios/scenario.h>

#include "../process.h"

#define PERCENT 100u

uint64_t emu_seat_budget(struct emu_seat *seat, uint64_t now_ns)
{
    uint64_t length_ns = seat->host->model->period_ns;
    if (now_ns / length_ns != seat->period) {
        seat->period = now_ns / length_ns;
        seat->budget_ns = length_ns / PERCENT * seat->reserve;
    }
    return seat->budget_ns;
}

uint64_t emu_seat_cap_left(struct emu_seat *seat, uint64_t now_ns)
{
    if (!seat->cap) {
        return UINT64_MAX;
    }
    uint64_t length_ns = seat->host->model->period_ns;
    uint64_t cap_ns = length_ns / PERCENT * seat->cap;
    uint64_t period = now_ns / length_ns;
    if (period > seat->cap_period) {
        /* What it used beyond its cap, because an operation is not cut short, it does without. */
        uint64_t passed = period - seat->cap_period;
        uint64_t over = seat->used_ns / cap_ns;
        seat->used_ns -= passed > over ? seat->used_ns : passed * cap_ns;
        seat->cap_period = period;
    }
    return cap_ns > seat->used_ns ? cap_ns - seat->used_ns : 0;
}

uint64_t emu_seat_quantum(const struct emu_seat *seat)
{
    return seat->host->model->quantum_ns * seat->weight;
}

bool emu_seat_immediate(struct emu_seat *seat, uint64_t now_ns)
{
    return seat->reserve ? emu_seat_budget(seat, now_ns) > 0
                         : seat->host->model->interrupts == SCN_INTERRUPTS_IMMEDIATE;
}

/* When the next period begins, those that have used up their reservation have a new one. */
static void replenish_later(struct emu_host *host, uint64_t now_ns)
{
    if (!event_queued(&host->replenish.base)) {
        uint64_t period_ns = host->model->period_ns;
        emu_host_event_push(host, &host->replenish, EMU_HOST_SOURCE_REPLENISH(host),
                            (now_ns / period_ns + 1) * period_ns);
    }
}

static void enqueue(struct emu_seat *seat, enum emu_ready why, uint64_t now_ns)
{
    struct emu_host *host = seat->host;
    seat->place = EMU_SEAT_READY;
    seat->urgent = false;
    if (why != EMU_READY_ROBBED) {
        seat->left_ns = 0;
    }
    if (seat->paused) {
        emu_queue_push(host, EMU_QUEUE_PAUSED, seat);
    } else if (emu_seat_cap_left(seat, now_ns) == 0) {
        emu_queue_push(host, EMU_QUEUE_HELD, seat);
        replenish_later(host, now_ns);
    } else if (seat->reserve && emu_seat_budget(seat, now_ns) > 0) {
        emu_queue_push(host, EMU_QUEUE_RESERVED(seat->home), seat);
    } else if (seat->reserve) {
        emu_queue_push(host, EMU_QUEUE_LEFTOVER(seat->home), seat);
        replenish_later(host, now_ns);
    } else if (why == EMU_READY_ROBBED) {
        emu_queue_push_front(host, EMU_QUEUE_READY, seat);
    } else {
        emu_queue_push(host,
                       why == EMU_READY_URGENT  ? EMU_QUEUE_URGENT
                       : why == EMU_READY_WOKEN ? EMU_QUEUE_WOKEN
                                                : EMU_QUEUE_READY,
                       seat);
    }
}

static bool is_idle(const struct emu_processor *processor)
{
    return !processor->seat && !event_queued(&processor->event.base);
}

/* Can the machine that has the processor be made to give it up? */
static bool yields(const struct emu_processor *processor)
{
    return processor->seat && !processor->left && !processor->reserved;
}

/* The processor on which a runnable machine may run now; as many as there are: none is idle. */
static uint32_t idle_processor(const struct emu_host *host, const struct emu_seat *seat)
{
    uint32_t count = (uint32_t)host->model->processors;
    if (is_idle(&host->processors[seat->home])) {
        return seat->home; /* its memory may still be mapped there */
    }
    uint32_t i = 0;
    while (i < count && (seat->reserve || !is_idle(&host->processors[i]))) {
        i++;
    }
    return i;
}

void emu_host_moment_begin(struct emu_host *host, uint32_t processor)
{
    host->policy.robs_nobody = true;
    host->policy.moment_of = processor;
}

void emu_host_moment_end(struct emu_host *host)
{
    host->policy.robs_nobody = false;
}

void emu_seat_follow(struct emu_seat *seat)
{
    const struct emu_policy *policy = &seat->host->policy;
    seat->follows |= policy->robs_nobody && policy->moment_of != seat->home;
}

static void find_processor(struct emu_seat *seat, uint64_t now_ns)
{
    struct emu_host *host = seat->host;
    if (seat->queue == EMU_QUEUE_HELD || seat->queue == EMU_QUEUE_PAUSED || host->policy.asking) {
        return;
    }
    uint32_t idle = idle_processor(host, seat);
    if (idle < host->model->processors) {
        emu_processor_decide_at(host, idle, now_ns);
    } else if (!host->policy.robs_nobody && !seat->follows &&
               (seat->queue == EMU_QUEUE_URGENT || seat->queue == EMU_QUEUE_RESERVED(seat->home)) &&
               yields(&host->processors[seat->home])) {
        emu_processor_preempt(host, seat->home, now_ns);
    }
}

void emu_host_ready(struct emu_seat *seat, enum emu_ready why, uint64_t now_ns)
{
    ASSERT(seat->place == EMU_SEAT_AWAY || seat->place == EMU_SEAT_LEAVING ||
           why == EMU_READY_URGENT || why == EMU_READY_RELEASED);
    emu_seat_follow(seat);
    if (seat->place != EMU_SEAT_READY) {
        seat->ready_since_ns = now_ns;
    } else {
        emu_queue_remove(seat);
    }
    enqueue(seat, why, now_ns);
    emu_host_tell(seat->host, now_ns, EMU_HOST_READY, 0, seat, why);
    find_processor(seat, now_ns);
}

/* The first of the first queue that is not empty. */
static struct emu_seat *first_in_line(struct emu_host *host, uint32_t processor)
{
    /* With `alternate`, whom idling has brought to the front has had a turn of its own. */
    bool in_turn = host->model->woken == SCN_WOKEN_ALTERNATE && host->processors[processor].woken;
    const uint32_t order[] = {
        EMU_QUEUE_RESERVED(processor),
        EMU_QUEUE_URGENT,
        in_turn ? EMU_QUEUE_READY : EMU_QUEUE_WOKEN,
        in_turn ? EMU_QUEUE_WOKEN : EMU_QUEUE_READY,
        EMU_QUEUE_LEFTOVER(processor),
    };
    uint32_t i = 0;
    while (i < sizeof order / sizeof *order && !host->queues[order[i]].first) {
        i++;
    }
    return i < sizeof order / sizeof *order ? host->queues[order[i]].first : NULL;
}

struct emu_seat *emu_host_pick(struct emu_host *host, uint32_t processor, uint64_t now_ns)
{
    for (;;) {
        struct emu_seat *seat = first_in_line(host, processor);
        if (!seat) {
            return NULL;
        }
        bool woken = seat->queue == EMU_QUEUE_WOKEN;
        emu_queue_remove(seat);
        if (emu_seat_cap_left(seat, now_ns) > 0) {
            host->processors[processor].woken = woken;
            return seat;
        }
        /* Its slice was taken from it, and what it had used was not all counted yet. */
        emu_host_tell(host, now_ns, EMU_HOST_HOLD, processor, seat, 0);
        emu_queue_push(host, EMU_QUEUE_HELD, seat);
        replenish_later(host, now_ns);
    }
}

void emu_host_replenish(struct emu_host *host, uint64_t now_ns)
{
    /* Those whose reservation is new again go before the others again. */
    for (uint32_t i = 0; i < host->model->processors; i++) {
        struct emu_seat *seat = host->queues[EMU_QUEUE_LEFTOVER(i)].first;
        while (seat) {
            struct emu_seat *next = seat->next;
            emu_host_ready(seat, EMU_READY_URGENT, now_ns);
            seat = next;
        }
    }
    /* Who is still beyond its cap goes to the end of the same queue, and waits for the next. */
    for (uint32_t count = host->queues[EMU_QUEUE_HELD].count; count > 0; count--) {
        emu_host_ready(host->queues[EMU_QUEUE_HELD].first, EMU_READY_RELEASED, now_ns);
    }
}
