/* The hosts of a world, their seats, and the questions that are asked about them. */
#include "host.h"

#include <stdlib.h>

#include <base/alloc.h>
#include <base/assert.h>
#include <scenarios/scenario.h>

#include "../process.h"
#include "../world_internal.h"

static void make_host(struct emu_world *world, uint32_t index)
{
    struct emu_host *host = &world->hosts[index];
    host->index = index;
    host->model = &world->scenario->hosts[scn_host_entry(world->scenario, index)];
    host->queue_count = EMU_QUEUE_RESERVED(host->model->processors);
    host->queues = alloc_zeroed(host->queue_count, sizeof *host->queues);
    host->processors = alloc_zeroed(host->model->processors, sizeof *host->processors);
    for (uint32_t i = 0; i < host->model->processors; i++) {
        event_init(&host->processors[i].event.base);
    }
    event_init(&host->replenish.base);
    event_init(&host->card.event.base);
    event_init(&host->schedule.base);
    emu_host_snapshots_create(host);
}

static void take_seat(struct emu_node *node, struct emu_host *host, uint8_t reserved_processor)
{
    const struct scn_group *group = &node->process->world->scenario->groups[node->group];
    struct emu_seat *seat = &host->seats[host->seat_count];
    *seat = (struct emu_seat){
        .node = node,
        .host = host,
        .queue = EMU_QUEUE_NONE,
        .reserve = (uint8_t)group->reserve,
        .cap = (uint8_t)group->limits.processor_cap,
        .weight = (uint16_t)group->weight,
        .home = reserved_processor != SCN_PROCESSOR_ANY
                    ? reserved_processor
                    : (uint8_t)(host->seat_count % host->model->processors),
        .period = UINT64_MAX, /* none yet */
    };
    event_init(&seat->sender.event.base);
    event_init(&seat->pace.base);
    emu_seat_limits_init(seat);
    host->seat_count++;
    node->seat = seat;
    if (group->supervisor) {
        host->policy.supervisor = seat;
    }
}

enum status emu_hosts_create(struct emu_world *world, struct error *error)
{
    const struct scn_scenario *scenario = world->scenario;
    world->host_count = scenario->host_total;
    if (!world->host_count) {
        return STATUS_OK;
    }
    world->hosts = alloc_zeroed(world->host_count, sizeof *world->hosts);
    for (uint32_t i = 0; i < world->host_count; i++) {
        make_host(world, i);
    }
    uint32_t *placed = alloc_zeroed(world->host_count, sizeof *placed);
    uint8_t *processors = alloc_zeroed(world->node_count, 1);
    uint32_t misfit = 0;
    bool fits = scn_reservations_place(scenario, processors, &misfit);
    ASSERT(fits);
    for (uint32_t i = 0; i < world->node_count; i++) {
        uint32_t host = scn_node_host(scenario, i);
        placed[host != SCN_HOST_NONE ? host : 0] += host != SCN_HOST_NONE;
    }
    for (uint32_t i = 0; i < world->host_count; i++) {
        world->hosts[i].seats = alloc_zeroed(placed[i] + 1, sizeof *world->hosts[i].seats);
    }
    for (uint32_t i = 0; i < world->node_count; i++) {
        uint32_t host = scn_node_host(scenario, i);
        if (host != SCN_HOST_NONE) {
            world->hosts[host].process = world->nodes[i].process;
            take_seat(&world->nodes[i], &world->hosts[host], processors[i]);
        }
    }
    for (uint32_t i = 0; i < world->host_count; i++) {
        if (world->hosts[i].process) {
            emu_host_schedule(&world->hosts[i]);
        }
    }
    free(placed);
    free(processors);
    enum status status = emu_volumes_create(world, error);
    for (uint32_t i = 0; i < world->host_count && status == STATUS_OK; i++) {
        status = emu_host_paging_create(&world->hosts[i], error);
    }
    return status;
}

void emu_hosts_destroy(struct emu_world *world)
{
    for (uint32_t i = 0; world->hosts && i < world->host_count; i++) {
        emu_host_paging_destroy(&world->hosts[i]);
        emu_card_clear(&world->hosts[i]);
        emu_host_snapshots_destroy(&world->hosts[i]);
        free(world->hosts[i].seats);
        free(world->hosts[i].queues);
        free(world->hosts[i].processors);
    }
    emu_volumes_destroy(world);
    free(world->hosts);
}

void emu_hosts_watch(struct emu_world *world, emu_host_watch_fn *watch, void *context)
{
    for (uint32_t i = 0; i < world->host_count; i++) {
        world->hosts[i].watch = watch;
        world->hosts[i].watch_context = context;
    }
}

struct emu_host *emu_world_host(struct emu_world *world, uint32_t index)
{
    return &world->hosts[index];
}

void emu_host_tell(struct emu_host *host, uint64_t time_ns, enum emu_host_act act,
                   uint32_t processor, const struct emu_seat *seat, uint64_t detail)
{
    if (host->watch) {
        host->watch(host->watch_context,
                    &(struct emu_host_note){time_ns, act, host->index, processor, seat->node->index,
                                            detail});
    }
}

/* --- queries ---------------------------------------------------------------------------------- */

uint32_t emu_world_host_count(const struct emu_world *world)
{
    return world->host_count;
}

/* Of those none of whose own pages is in memory, and what is kept for them besides. */
static void report_swapped_out(const struct emu_host *host, struct emu_host_report *report)
{
    for (uint32_t i = 0; i < host->seat_count && host->pager; i++) {
        const struct emu_seat *seat = &host->seats[i];
        struct emu_paging_report paging;
        struct emu_node_cost cost;
        emu_seat_paging_report(seat, &paging);
        if (!seat->node->space.absent || paging.pages_resident > 0) {
            continue;
        }
        emu_world_node_cost(host->process->world, seat->node->index, &cost);
        report->swapped_out++;
        report->swapped_out_bytes += cost.processor_bytes + cost.tables_bytes + cost.devices_bytes +
                                     cost.network_bytes + cost.pager_bytes + cost.other_bytes;
    }
}

void emu_world_host_report(const struct emu_world *world, uint32_t index,
                           struct emu_host_report *report)
{
    const struct emu_host *host = &world->hosts[index];
    *report = (struct emu_host_report){
        .nodes = host->seat_count,
        .queued = host->queues[EMU_QUEUE_GATE].count,
        .processors = (uint32_t)host->model->processors,
        .memory_bytes = host->model->memory_bytes,
        .committed_bytes = host->committed_bytes,
        .total_ns = world->now_ns * host->model->processors,
        .card_frames = host->card.frames,
        .card_bytes = host->card.bytes,
        .card_ns = host->card.wire_ns,
    };
    for (uint32_t i = 0; i < host->seat_count; i++) {
        const struct emu_seat *seat = &host->seats[i];
        report->guest_ns += seat->guest_ns;
        report->kernel_ns += seat->kernel_ns;
        report->dispatches += seat->dispatches;
        report->switches += seat->switches;
        report->crossings += seat->crossings;
        report->port_accesses += seat->port_accesses;
    }
    for (uint32_t i = 0; i < host->model->processors; i++) {
        uint64_t guest_ns;
        uint64_t kernel_ns;
        uint64_t idle_ns;
        emu_processor_open_part(&host->processors[i], world->now_ns, &guest_ns, &kernel_ns,
                                &idle_ns);
        report->guest_ns += guest_ns;
        report->kernel_ns += kernel_ns;
        report->idle_ns += host->processors[i].idle_ns + idle_ns;
    }
    emu_host_paging_report(host, &report->paging);
    report_swapped_out(host, report);
    emu_host_snapshots_report(host, report);
}

void emu_world_seat_report(const struct emu_world *world, uint32_t node,
                           struct emu_seat_report *report)
{
    const struct emu_seat *seat = world->nodes[node].seat;
    *report = (struct emu_seat_report){.host = EMU_HOST_NONE};
    if (!seat) {
        return;
    }
    const struct emu_host *host = seat->host;
    uint64_t now_ns = world->now_ns;
    *report = (struct emu_seat_report){
        .host = host->index,
        .guest_ns = seat->guest_ns,
        .kernel_ns = seat->kernel_ns,
        .waited_ns = seat->waited_ns,
        .dispatches = seat->dispatches,
        .switches = seat->switches,
        .crossings = seat->crossings,
        .port_accesses = seat->port_accesses,
        .card_frames = seat->sender.frames,
        .card_bytes = seat->sender.bytes,
        .card_ns = seat->sender.wire_ns,
    };
    emu_seat_paging_report(seat, &report->paging);
    if (seat->place == EMU_SEAT_READY) {
        report->waited_ns += now_ns - seat->ready_since_ns;
    }
    for (uint32_t i = 0; i < host->model->processors; i++) {
        if (host->processors[i].seat == seat) {
            uint64_t guest_ns;
            uint64_t kernel_ns;
            uint64_t idle_ns;
            emu_processor_open_part(&host->processors[i], now_ns, &guest_ns, &kernel_ns, &idle_ns);
            report->guest_ns += guest_ns;
            report->kernel_ns += kernel_ns;
        }
    }
}
