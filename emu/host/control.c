/*
 * What can be done to a machine of a host from outside it, by the host's supervisor or by the
 * scenario's schedule: pause, resume, destroy, start, weight, cap; limits.c has the other limits,
 * snapshots.c what is done with snapshots, volumes.c what is done with volumes.
 *
 * A machine that has a processor may have come further in virtual time than the moment at which
 * this is asked; so it keeps the processor until its slice is over.
 */
#include "host.h"

#include <inttypes.h>
#include <stdio.h>

#include <base/assert.h>
#include <scenarios/scenario.h>

#include "../process.h"
#include "../world_internal.h"

uint32_t emu_seat_occupies(const struct emu_seat *seat)
{
    const struct emu_host *host = seat->host;
    uint32_t count = 0;
    for (uint32_t i = 0; i < host->model->processors; i++) {
        count += host->processors[i].seat == seat;
    }
    return count;
}

static bool has_ended(const struct emu_seat *seat)
{
    uint8_t state = seat->node->state;
    return !emu_seat_occupies(seat) && (state == EMU_NODE_TERMINATED || state == EMU_NODE_FAULTED ||
                                        state == EMU_NODE_DESTROYED);
}

void emu_seat_end(struct emu_seat *seat, uint64_t now_ns)
{
    if (seat->place == EMU_SEAT_READY) {
        seat->waited_ns += now_ns - seat->ready_since_ns;
    }
    bool waited = seat->queue == EMU_QUEUE_GATE;
    if (seat->queue != EMU_QUEUE_NONE) {
        emu_queue_remove(seat);
    }
    seat->place = EMU_SEAT_AWAY;
    seat->doomed = false;
    seat->origin = 0;
    emu_host_tell(seat->host, now_ns, EMU_HOST_DESTROY, 0, seat, 0);
    emu_node_destroy(seat->node);
    if (seat->admitted) {
        emu_host_release(seat, now_ns);
    } else if (waited) {
        emu_gate_review(seat->host, now_ns); /* there may be room for the next */
    }
}

/* While the supervisor is paused the kernel decides. */
static void set_paused(struct emu_seat *seat, bool paused, uint64_t now_ns)
{
    seat->paused = paused;
    emu_host_tell(seat->host, now_ns, EMU_HOST_PAUSE, 0, seat, paused);
    if (seat == seat->host->policy.supervisor) {
        emu_policy_review(seat->host, now_ns);
    }
}

static void pause(struct emu_seat *seat, uint64_t now_ns)
{
    set_paused(seat, true, now_ns);
    if (seat->place == EMU_SEAT_READY) {
        emu_queue_remove(seat);
        emu_queue_push(seat->host, EMU_QUEUE_PAUSED, seat);
    }
}

static void resume(struct emu_seat *seat, uint64_t now_ns)
{
    set_paused(seat, false, now_ns);
    if (seat->queue == EMU_QUEUE_PAUSED) {
        emu_host_ready(seat, EMU_READY_RELEASED, now_ns);
    }
}

uint32_t emu_seat_start(struct emu_seat *seat, uint32_t origin, uint64_t now_ns)
{
    /* What it asked of a disk before it ended must not be answered to the next. */
    if ((seat->node->state != EMU_NODE_OFF && !has_ended(seat)) || emu_seat_disk_busy(seat)) {
        return ABI_SUPERVISOR_STATE;
    }
    emu_node_renew(seat->node);
    seat->held = 0;
    seat->owed_ns = 0;
    seat->left_ns = 0;
    seat->paused = false; /* a new life */
    seat->origin = origin;
    seat->generation = 0;
    emu_host_admit(seat, now_ns);
    return ABI_SUPERVISOR_DONE;
}

static uint32_t set_cap(struct emu_seat *seat, uint64_t percent, uint64_t now_ns)
{
    if (percent > 100 || (percent && percent < seat->reserve)) {
        return ABI_SUPERVISOR_VALUE;
    }
    (void)emu_seat_cap_left(seat, now_ns); /* periods that are over give what the old one gave */
    if (!seat->cap) {
        seat->used_ns = 0;
        seat->cap_period = now_ns / seat->host->model->period_ns;
        seat->cap_since_ns = now_ns;
    }
    seat->cap = (uint8_t)percent;
    if (seat->queue == EMU_QUEUE_HELD) {
        emu_host_ready(seat, EMU_READY_RELEASED, now_ns);
    }
    return ABI_SUPERVISOR_DONE;
}

uint32_t emu_seat_control(struct emu_seat *seat, struct emu_seat *payer, uint32_t operation,
                          uint64_t value, uint64_t now_ns)
{
    bool alive = !has_ended(seat) && !seat->doomed;
    switch (operation) {
    case ABI_CONTROL_PAUSE:
        if (!alive) {
            return ABI_SUPERVISOR_STATE;
        }
        pause(seat, now_ns);
        return ABI_SUPERVISOR_DONE;
    case ABI_CONTROL_RESUME:
        resume(seat, now_ns);
        return ABI_SUPERVISOR_DONE;
    case ABI_CONTROL_DESTROY:
        if (!alive) {
            return ABI_SUPERVISOR_STATE;
        }
        if (emu_seat_occupies(seat)) {
            seat->doomed = true;
        } else {
            emu_seat_end(seat, now_ns);
        }
        return ABI_SUPERVISOR_DONE;
    case ABI_CONTROL_START:
        return emu_seat_start(seat, 0, now_ns);
    case ABI_CONTROL_WEIGHT:
        if (value < 1 || value > SCN_WEIGHT_MAX) {
            return ABI_SUPERVISOR_VALUE;
        }
        seat->weight = (uint16_t)value;
        return ABI_SUPERVISOR_DONE;
    case ABI_CONTROL_CAP:
        return set_cap(seat, value, now_ns);
    case ABI_CONTROL_ATTACH:
    case ABI_CONTROL_DETACH:
        return emu_seat_volume_control(seat, operation, value, now_ns);
    default:
        return operation >= ABI_CONTROL_SNAPSHOT && operation <= ABI_CONTROL_DISCARD
                   ? emu_seat_snapshot(seat, payer, operation, value, now_ns)
                   : emu_seat_limit(seat, operation, value, now_ns);
    }
}

/* --- by the scenario's schedule --------------------------------------------------------------- */

void emu_host_schedule(struct emu_host *host)
{
    const struct scn_scenario *scenario = host->process->world->scenario;
    if (event_queued(&host->schedule.base)) {
        event_heap_remove(&host->process->events, &host->schedule.base);
    }
    if (host->next_action < scenario->action_count) {
        emu_host_event_push(host, &host->schedule, EMU_HOST_SOURCE_SCHEDULE(host),
                            scenario->actions[host->next_action].at_ns);
    }
}

static const uint32_t operations[] = {
    [SCN_ACTION_PAUSE] = ABI_CONTROL_PAUSE,
    [SCN_ACTION_RESUME] = ABI_CONTROL_RESUME,
    [SCN_ACTION_DESTROY] = ABI_CONTROL_DESTROY,
    [SCN_ACTION_START] = ABI_CONTROL_START,
    [SCN_ACTION_WEIGHT] = ABI_CONTROL_WEIGHT,
    [SCN_ACTION_CAP] = ABI_CONTROL_CAP,
    [SCN_ACTION_MEMORY_FLOOR] = ABI_CONTROL_MEMORY_FLOOR,
    [SCN_ACTION_MEMORY_CEILING] = ABI_CONTROL_MEMORY_CEILING,
    [SCN_ACTION_SEND_RATE] = ABI_CONTROL_SEND_RATE,
    [SCN_ACTION_SEND_BURST] = ABI_CONTROL_SEND_BURST,
    [SCN_ACTION_RECEIVE_RATE] = ABI_CONTROL_RECEIVE_RATE,
    [SCN_ACTION_RECEIVE_BURST] = ABI_CONTROL_RECEIVE_BURST,
    [SCN_ACTION_DISK] = ABI_CONTROL_DISK,
    [SCN_ACTION_SNAPSHOT] = ABI_CONTROL_SNAPSHOT,
    [SCN_ACTION_START_FROM] = ABI_CONTROL_START_FROM,
    [SCN_ACTION_DISCARD] = ABI_CONTROL_DISCARD,
    [SCN_ACTION_DISK_RATE] = ABI_CONTROL_DISK_RATE,
    [SCN_ACTION_ATTACH] = ABI_CONTROL_ATTACH,
    [SCN_ACTION_DETACH] = ABI_CONTROL_DETACH,
};

/* Does it to a machine, and notes what came of it: what cannot be done as the machine is now, such
 * as ending it again, is not. */
static void act(struct emu_seat *seat, const struct scn_action *action, uint64_t now_ns)
{
    static const char *const outcomes[] = {
        [ABI_SUPERVISOR_DONE] = "done",
        [ABI_SUPERVISOR_NO_MACHINE] = "not done: not possible for this machine",
        [ABI_SUPERVISOR_STATE] = "not done: not possible as it was then",
        [ABI_SUPERVISOR_VALUE] = "not done: not with that value",
        [ABI_SUPERVISOR_LATE] = "not done: late",
        [ABI_SUPERVISOR_ROOM] = "not done: no room for it",
    };
    uint64_t value = action->value + action->size_bytes + action->rate_bps;
    uint32_t status = emu_seat_control(seat, seat, operations[action->action], value, now_ns);
    char number[24] = "";
    char text[96];
    if (operations[action->action] >= ABI_CONTROL_WEIGHT) { /* the others take none */
        snprintf(number, sizeof number, " %" PRIu64, value);
    }
    int length = snprintf(text, sizeof text, "%s%s, %s", scn_action_text(action->action), number,
                          outcomes[status]);
    emu_process_record(seat->host->process, seat->node, EMU_RECORD_ACTION, text,
                       (uint32_t)length + 1)
        ->value = status == ABI_SUPERVISOR_DONE;
}

void emu_host_schedule_run(struct emu_host *host, uint64_t now_ns)
{
    const struct scn_scenario *scenario = host->process->world->scenario;
    while (host->next_action < scenario->action_count &&
           scenario->actions[host->next_action].at_ns <= now_ns) {
        const struct scn_action *action = &scenario->actions[host->next_action++];
        const struct scn_group *group = &scenario->groups[action->group_index];
        for (uint32_t i = 0; i < host->seat_count; i++) {
            struct emu_seat *seat = &host->seats[i];
            if (seat->node->group == action->group_index &&
                (action->index == SCN_INDEX_ALL ||
                 seat->node->index == group->first_node + action->index)) {
                act(seat, action, now_ns);
            }
        }
    }
    emu_host_schedule(host);
}
