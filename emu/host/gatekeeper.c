/*
 * The gatekeeper: who may start. Machines are admitted in the order in which they ask, each once
 * its memory can be had and the minimum stays free. Who waits is in the state `queued`; nobody
 * overtakes, unless the host's supervisor decides: then it is told of every change and admits whom
 * it likes of those for whom there is room, or nobody.
 */
#include "host.h"

#include <base/assert.h>
#include <scenarios/scenario.h>

#include "../process.h"
#include "../world_internal.h"

/* What the machine takes while it lives. The whole of it: what it may write, not what it has
 * written, so that who was admitted can never run out. */
uint64_t emu_seat_need_bytes(const struct emu_seat *seat)
{
    const struct scn_scenario *scenario = seat->host->process->world->scenario;
    return seat->host->pager
               ? scn_floor_backing_bytes(seat->host->model, seat->floor_bytes)
               : scn_group_backing_bytes(scenario, &scenario->groups[seat->node->group]);
}

uint64_t emu_gate_free_bytes(const struct emu_host *host)
{
    uint64_t left_bytes = host->model->memory_bytes - host->committed_bytes;
    uint64_t least_bytes = host->model->minimum_free_bytes;
    return left_bytes > least_bytes ? left_bytes - least_bytes : 0;
}

/* Admits the machine, if there is room for it. */
static bool admit(struct emu_seat *seat, uint64_t now_ns)
{
    struct emu_host *host = seat->host;
    if (emu_seat_need_bytes(seat) > emu_gate_free_bytes(host) || !emu_seat_paging_begin(seat)) {
        return false;
    }
    emu_queue_remove(seat);
    host->committed_bytes += emu_seat_need_bytes(seat);
    seat->admitted = true;
    emu_host_tell(host, now_ns, EMU_HOST_ADMIT, 0, seat, 0);
    emu_seat_begin(seat, now_ns);
    return true;
}

void emu_gate_review(struct emu_host *host, uint64_t now_ns)
{
    const struct emu_queue *gate = &host->queues[EMU_QUEUE_GATE];
    if (gate->first && emu_policy_decides(host, ABI_POLICY_ADMISSION)) {
        emu_policy_tell(host, ABI_POLICY_ADMISSION);
        return;
    }
    while (gate->first && admit(gate->first, now_ns)) {
    }
}

uint32_t emu_gate_admit(struct emu_seat *seat, uint64_t now_ns)
{
    if (!emu_policy_decides(seat->host, ABI_POLICY_ADMISSION)) {
        return ABI_SUPERVISOR_LATE;
    }
    if (seat->queue != EMU_QUEUE_GATE) {
        return ABI_SUPERVISOR_NO_MACHINE;
    }
    return admit(seat, now_ns) ? ABI_SUPERVISOR_DONE : ABI_SUPERVISOR_ROOM;
}

void emu_host_admit(struct emu_seat *seat, uint64_t now_ns)
{
    struct emu_host *host = seat->host;
    emu_host_tell(host, now_ns, EMU_HOST_QUEUE, 0, seat, 0);
    if (seat == host->policy.supervisor) {
        emu_policy_set(host, 0, now_ns); /* a new life has decided nothing yet */
    }
    if (!host->model->memory_bytes) {
        emu_seat_begin(seat, now_ns);
        return;
    }
    seat->node->state = EMU_NODE_QUEUED;
    emu_queue_push(host, EMU_QUEUE_GATE, seat);
    emu_gate_review(host, now_ns);
}

void emu_host_release(struct emu_seat *seat, uint64_t now_ns)
{
    struct emu_host *host = seat->host;
    emu_seat_paging_end(seat, now_ns);
    seat->admitted = false;
    host->committed_bytes -= emu_seat_need_bytes(seat);
    emu_host_tell(host, now_ns, EMU_HOST_RELEASE, 0, seat, 0);
    if (seat == host->policy.supervisor) {
        emu_policy_review(host, now_ns);
    } else {
        emu_gate_review(host, now_ns);
    }
}
