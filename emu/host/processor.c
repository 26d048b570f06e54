/*
 * What happens on a processor of a host: it is given to a machine, taken from it, left by it; and
 * what an interrupt for a machine comes to.
 */
#include "host.h"

#include <base/assert.h>
#include <base/time.h>
#include <scenarios/scenario.h>

#include "../process.h"
#include "../world_internal.h"

static uint64_t node_time(const struct emu_node *node)
{
    return time_of_cycles(node->vcpu.cycles, node->cpu_hz);
}

static uint64_t greater(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint64_t lesser(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* --- given ------------------------------------------------------------------------------------ */

/* Where the slice of a machine ends that begins to execute now. */
static uint64_t slice_end(struct emu_seat *seat, bool reserved, uint64_t since_ns, uint64_t now_ns)
{
    const struct scn_host *model = seat->host->model;
    uint64_t length_ns = seat->left_ns ? seat->left_ns : emu_seat_quantum(seat);
    seat->left_ns = 0;
    if (!reserved && !seat->cap) {
        return now_ns + length_ns;
    }
    /* Within its reservation and its cap, of which the switch has taken a part, and the period. */
    uint64_t used_ns = now_ns - since_ns;
    uint64_t budget_ns = emu_seat_cap_left(seat, since_ns);
    budget_ns = reserved ? lesser(budget_ns, emu_seat_budget(seat, since_ns)) : budget_ns;
    uint64_t rest_ns = budget_ns > used_ns ? budget_ns - used_ns : 1;
    uint64_t period_end_ns = (now_ns / model->period_ns + 1) * model->period_ns;
    return lesser(now_ns + lesser(length_ns, rest_ns), period_end_ns);
}

static void dispatch(struct emu_host *host, uint32_t index, struct emu_seat *seat, uint64_t now_ns)
{
    struct emu_processor *processor = &host->processors[index];
    struct emu_node *node = seat->node;
    const struct scn_costs *costs = &host->model->costs;
    uint64_t work_ns = seat->owed_ns;
    seat->owed_ns = 0;
    seat->dispatches++;
    if (processor->last != seat) {
        seat->switches++;
        work_ns += costs->switch_ns;
    }
    if (seat->held) {
        /* All that came while it waited, in one crossing. */
        node->vcpu.irq_pending |= seat->held;
        seat->held = 0;
        seat->crossings++;
        work_ns += costs->crossing_ns;
    }
    /* Its own last operation may reach past the moment at which it was woken again. */
    uint64_t start_ns = greater(now_ns, node_time(node)) + work_ns;
    uint64_t cycles = time_to_cycles(start_ns, node->cpu_hz);
    node->vcpu.cycles = greater(node->vcpu.cycles, cycles);
    start_ns = node_time(node);

    processor->seat = seat;
    processor->last = seat;
    processor->left = false;
    processor->reserved = seat->reserve && emu_seat_budget(seat, now_ns) > 0;
    processor->kernel_ns = start_ns - now_ns;
    processor->charge_from_ns = now_ns;
    processor->charge_to_ns = start_ns;
    seat->waited_ns += now_ns - seat->ready_since_ns;
    seat->place = EMU_SEAT_RUNNING;
    seat->holds = true;
    seat->follows = false;
    seat->home = (uint8_t)index;
    seat->slice_end_ns = slice_end(seat, processor->reserved, now_ns, start_ns);
    emu_host_tell(host, now_ns, EMU_HOST_DISPATCH, index, seat, start_ns);
    emu_node_queue_run(node);
}

/* --- left ------------------------------------------------------------------------------------- */

/* What is to be done with the machine that had the processor. */
static void depart(struct emu_host *host, uint32_t index, uint64_t now_ns)
{
    struct emu_processor *processor = &host->processors[index];
    struct emu_seat *seat = processor->seat;
    if (seat->home == index) {
        emu_seat_paging_left(seat, now_ns); /* else it is on another processor by now */
    }
    emu_processor_close(processor, now_ns);
    if ((seat->rates_wait || seat->disk_bps_waits) && emu_seat_occupies(seat) == 1) {
        emu_seat_rates_apply(seat, now_ns);
    }
    if (seat->volumes && emu_seat_occupies(seat) == 1) {
        emu_seat_volumes_apply(seat, now_ns);
    }
    /* Woken meanwhile, it may be elsewhere already. */
    emu_host_tell(host, now_ns, EMU_HOST_LEAVE, index, seat, seat->place == EMU_SEAT_LEAVING);
    if (seat->doomed && emu_seat_occupies(seat) == 1) {
        seat->doomed = false;
        if (emu_node_alive(seat->node)) {
            emu_seat_end(seat, now_ns);
            emu_policy_left(host, seat);
            return;
        }
    }
    if (seat->place == EMU_SEAT_LEAVING && seat->home == index) {
        emu_host_ready(seat, seat->urgent ? EMU_READY_URGENT : EMU_READY_STARTED, now_ns);
    } else if (seat->admitted && !emu_node_alive(seat->node)) {
        emu_host_release(seat, now_ns);
    }
    emu_policy_left(host, seat);
}

static void decide(struct emu_host *host, uint32_t index, uint64_t now_ns)
{
    struct emu_processor *processor = &host->processors[index];
    if (processor->seat && processor->seat->place == EMU_SEAT_PAGING &&
        processor->seat->home == index) {
        struct emu_seat *seat = processor->seat;
        if (!seat->doomed && emu_seat_page(seat, now_ns)) {
            seat->place = EMU_SEAT_RUNNING;
            processor->left = false;
            emu_seat_settle(seat);
            emu_node_queue_run(seat->node);
            return;
        }
        seat->place = EMU_SEAT_AWAY;
    }
    if (processor->seat) {
        depart(host, index, now_ns); /* still occupied: nobody takes it in passing */
        processor->seat = NULL;
    }
    struct emu_seat *next = emu_policy_pick(host, index, now_ns);
    if (next) {
        emu_processor_close(processor, now_ns);
        dispatch(host, index, next, now_ns);
    }
}

void emu_host_event(struct emu_process *process, uint32_t host_index, uint32_t source)
{
    struct emu_host *host = &process->world->hosts[host_index];
    if (source < host->model->processors) {
        emu_host_moment_begin(host, source);
        decide(host, source, process->now_ns);
        emu_host_moment_end(host);
    } else if (source == EMU_HOST_SOURCE_REPLENISH(host)) {
        emu_host_replenish(host, process->now_ns);
    } else if (source == EMU_HOST_SOURCE_SCHEDULE(host)) {
        emu_host_schedule_run(host, process->now_ns);
    } else if (source == EMU_HOST_SOURCE_CARD(host)) {
        emu_card_sent(host, process->now_ns);
    } else if (source < EMU_HOST_SOURCE_SEND(host, 0)) {
        emu_host_disk_event(host, source - EMU_HOST_SOURCE_DISK(host, 0), process->now_ns);
    } else if (source >= EMU_HOST_SOURCE_PACE(host, 0)) {
        emu_seat_paced(&host->seats[source - EMU_HOST_SOURCE_PACE(host, 0)], process->now_ns);
    } else {
        emu_card_handed(&host->seats[source - EMU_HOST_SOURCE_SEND(host, 0)], process->now_ns);
    }
}

void emu_host_event_push(struct emu_host *host, struct emu_event *event, uint32_t source,
                         uint64_t time_ns)
{
    event->base.key = (struct event_key){
        .time_ns = time_ns,
        .kind = EMU_EVENT_HOST,
        .destination = host->index,
        .source = source,
    };
    event_heap_push(&host->process->events, &event->base);
}

void emu_processor_decide_at(struct emu_host *host, uint32_t index, uint64_t time_ns)
{
    emu_host_event_push(host, &host->processors[index].event, index, time_ns);
}

/* The machine executes no further; the decision comes at its own time. */
static void leave(struct emu_host *host, uint32_t index, struct emu_seat *seat, uint64_t time_ns)
{
    struct emu_processor *processor = &host->processors[index];
    ASSERT(processor->seat == seat && !processor->left);
    processor->left = true;
    processor->left_ns = time_ns;
    emu_processor_decide_at(host, index, time_ns);
}

void emu_host_stopped(struct emu_seat *seat)
{
    struct emu_node *node = seat->node;
    uint64_t time_ns = node_time(node);
    bool runs = node->state == EMU_NODE_RUNNING;
    if (runs && time_ns < seat->slice_end_ns && !seat->needs) {
        emu_node_queue_run(node);
        return;
    }
    seat->place = seat->needs ? EMU_SEAT_PAGING : runs ? EMU_SEAT_LEAVING : EMU_SEAT_AWAY;
    emu_host_tell(seat->host, time_ns, EMU_HOST_STOP, seat->home, seat, 0);
    leave(seat->host, seat->home, seat, time_ns);
}

void emu_processor_preempt(struct emu_host *host, uint32_t index, uint64_t now_ns)
{
    struct emu_seat *seat = host->processors[index].seat;
    struct emu_node *node = seat->node;
    ASSERT(seat->place == EMU_SEAT_RUNNING && event_queued(&node->activity.base));
    event_heap_remove(&host->process->running, &node->activity.base);
    /* What it was in the midst of is finished first; its time is then past the present. */
    uint64_t time_ns = greater(now_ns, node_time(node));
    seat->place = EMU_SEAT_AWAY;
    seat->left_ns = seat->slice_end_ns > time_ns ? seat->slice_end_ns - time_ns : 0;
    emu_host_tell(host, now_ns, EMU_HOST_PREEMPT, index, seat, time_ns);
    leave(host, index, seat, time_ns);
    emu_host_ready(seat, EMU_READY_ROBBED, now_ns);
}

/* --- interrupts ------------------------------------------------------------------------------- */

/* A crossing into a machine that runs. */
static void tell(struct emu_seat *seat, uint64_t now_ns)
{
    seat->node->vcpu.irq_pending |= seat->held;
    seat->held = 0;
    seat->crossings++;
    seat->owed_ns += seat->host->model->costs.crossing_ns;
    emu_host_tell(seat->host, now_ns, EMU_HOST_CROSSING, seat->home, seat, 0);
}

bool emu_host_interrupt(struct emu_seat *seat, uint32_t kinds, uint64_t now_ns)
{
    struct emu_host *host = seat->host;
    bool immediate = emu_seat_immediate(seat, now_ns);
    seat->owed_ns += host->model->costs.interrupt_ns;
    seat->held |= kinds;
    emu_host_tell(host, now_ns, EMU_HOST_INTERRUPT, 0, seat, kinds);
    switch ((enum emu_seat_place)seat->place) {
    case EMU_SEAT_AWAY:
        seat->urgent = seat->waits && (seat->urgent || (immediate && !seat->reserve));
        return !seat->waits;
    case EMU_SEAT_READY:
        if (immediate && !seat->reserve && seat->queue != EMU_QUEUE_URGENT &&
            seat->queue != EMU_QUEUE_HELD && seat->queue != EMU_QUEUE_PAUSED) {
            emu_host_ready(seat, EMU_READY_URGENT, now_ns);
        }
        return false;
    case EMU_SEAT_RUNNING:
        if (immediate) {
            tell(seat, now_ns);
        }
        return false;
    case EMU_SEAT_LEAVING:
    case EMU_SEAT_PAGING:
        seat->urgent = seat->urgent || (immediate && !seat->reserve);
        return false;
    }
    UNREACHABLE();
}

bool emu_host_idle_returns(struct emu_seat *seat, bool has_timeout)
{
    if (!seat->held) {
        return has_timeout && seat->host->model->idle == SCN_IDLE_SPIN;
    }
    /* It asks for work, and there is some: no need to have it scheduled again for that. */
    tell(seat, seat->node->process->now_ns);
    return true;
}
