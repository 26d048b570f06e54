/*
 * The gatekeeper: machines are admitted in the order in which they ask, each once its memory can be
 * had and the minimum stays free. Who waits is in the state `queued`; nobody overtakes.
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

static bool fits(const struct emu_seat *seat)
{
    const struct scn_host *model = seat->host->model;
    return model->memory_bytes - seat->host->committed_bytes >=
           emu_seat_need_bytes(seat) + model->minimum_free_bytes;
}

static void admit_those_that_fit(struct emu_host *host, uint64_t now_ns)
{
    struct emu_queue *gate = &host->queues[EMU_QUEUE_GATE];
    while (gate->first && fits(gate->first) && emu_seat_paging_begin(gate->first)) {
        struct emu_seat *seat = emu_queue_pop(host, EMU_QUEUE_GATE);
        host->committed_bytes += emu_seat_need_bytes(seat);
        seat->admitted = true;
        emu_host_tell(host, now_ns, EMU_HOST_ADMIT, 0, seat, 0);
        emu_seat_begin(seat, now_ns);
    }
}

void emu_host_admit(struct emu_seat *seat, uint64_t now_ns)
{
    struct emu_host *host = seat->host;
    emu_host_tell(host, now_ns, EMU_HOST_QUEUE, 0, seat, 0);
    if (!host->model->memory_bytes) {
        emu_seat_begin(seat, now_ns);
        return;
    }
    seat->node->state = EMU_NODE_QUEUED;
    emu_queue_push(host, EMU_QUEUE_GATE, seat);
    admit_those_that_fit(host, now_ns);
}

void emu_host_release(struct emu_seat *seat, uint64_t now_ns)
{
    emu_seat_paging_end(seat, now_ns);
    seat->admitted = false;
    seat->host->committed_bytes -= emu_seat_need_bytes(seat);
    admit_those_that_fit(seat->host, now_ns);
}

void emu_host_admit_more(struct emu_host *host, uint64_t now_ns)
{
    admit_those_that_fit(host, now_ns);
}
