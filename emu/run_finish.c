/* The end of a run: what there is to say of it goes into its directory. */
#include "run_internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <analysis/summary.h>
#include <base/alloc.h>
#include <base/host_clock.h>

static struct trace_paging_account paging_account(const struct emu_paging_report *report)
{
    return (struct trace_paging_account){
        .page_faults = report->faults,
        .pages_filled = report->pages_filled,
        .pages_copied = report->pages_copied,
        .page_ins = report->page_ins,
        .page_outs = report->page_outs,
        .pages_resident = report->pages_resident,
        .pages_resident_max = report->pages_resident_max,
        .page_wait_ns = report->page_wait_ns,
        .disk_operations = report->disk_operations,
        .disk_wait_ns = report->disk_wait_ns,
        .disk_busy_ns = report->disk_busy_ns,
    };
}

static enum status write_nodes(struct run *run, struct error *error)
{
    const char *causes[EMU_DROPS_MAX];
    uint32_t cause_count = emu_drop_causes(causes);
    enum status status = trace_run_nodes_begin(run->trace, causes, cause_count, error);
    for (uint32_t i = 0; i < emu_world_node_count(run->world) && !status; i++) {
        struct emu_node_report report;
        char name[SCN_NODE_NAME_MAX];
        emu_world_node_report(run->world, i, &report);
        scn_node_name(run->scenario, i, name);
        struct emu_seat_report seat;
        char host[SCN_NODE_NAME_MAX];
        emu_world_seat_report(run->world, i, &seat);
        if (seat.host != EMU_HOST_NONE) {
            scn_host_name(run->scenario, seat.host, host);
        }
        bool faulted = report.fault.kind != VCPU_FAULT_NONE;
        run->faults[report.fault.kind]++;
        struct trace_node_account account = {
            .node = name,
            .group = run->scenario->groups[scn_node_group(run->scenario, i)].name,
            .index = i,
            .state = report.state,
            .exited = strcmp(report.state, "terminated") == 0,
            .exit_code = report.exit_code,
            .fault = faulted ? vcpu_fault_name(report.fault.kind) : NULL,
            .fault_eip = report.fault.eip,
            .fault_address = report.fault.address,
            .instructions = report.instructions,
            .cycles = report.cycles,
            .wakeups = report.wake_ups,
            .interrupts_raised = report.interrupts_raised,
            .interrupts_delivered = report.interrupts_delivered,
            .frames_sent = report.frames_sent,
            .bytes_sent = report.bytes_sent,
            .frames_received = report.frames_received,
            .bytes_received = report.bytes_received,
            .drops = report.drops,
            .pages_private = report.pages_private,
            .pages_private_max = report.pages_private_max,
            .disk_reads = report.disk_reads,
            .disk_writes = report.disk_writes,
            .disk_blocks_private = report.disk_blocks_private,
            .console_bytes = report.console_bytes,
            .observations = report.observations,
            .keys_dropped = report.keys_dropped,
            .host = seat.host != EMU_HOST_NONE ? host : NULL,
            .guest_ns = seat.guest_ns,
            .kernel_ns = seat.kernel_ns,
            .waited_ns = seat.waited_ns,
            .dispatches = seat.dispatches,
            .switches = seat.switches,
            .crossings = seat.crossings,
            .port_accesses = seat.port_accesses,
            .card_frames = seat.card_frames,
            .card_bytes = seat.card_bytes,
            .card_ns = seat.card_ns,
            .paging = paging_account(&seat.paging),
            .faults = faulted,
            .digest = report.digest,
        };
        status = trace_run_node_write(run->trace, &account, error);
    }
    return status;
}

static enum status write_hosts(struct run *run, struct error *error)
{
    uint32_t count = emu_world_host_count(run->world);
    enum status status = count ? trace_run_hosts_begin(run->trace, error) : STATUS_OK;
    for (uint32_t i = 0; i < count && !status; i++) {
        struct emu_host_report report;
        char name[SCN_NODE_NAME_MAX];
        emu_world_host_report(run->world, i, &report);
        scn_host_name(run->scenario, i, name);
        struct trace_host_account account = {
            .host = name,
            .index = i,
            .nodes = report.nodes,
            .queued = report.queued,
            .processors = report.processors,
            .total_ns = report.total_ns,
            .guest_ns = report.guest_ns,
            .kernel_ns = report.kernel_ns,
            .idle_ns = report.idle_ns,
            .dispatches = report.dispatches,
            .switches = report.switches,
            .crossings = report.crossings,
            .port_accesses = report.port_accesses,
            .memory_bytes = report.memory_bytes,
            .committed_bytes = report.committed_bytes,
            .card_frames = report.card_frames,
            .card_bytes = report.card_bytes,
            .card_ns = report.card_ns,
            .paging = paging_account(&report.paging),
            .swapped_out = report.swapped_out,
            .swapped_out_bytes = report.swapped_out_bytes,
            .snapshots = report.snapshots,
            .snapshots_bytes = report.snapshots_bytes,
        };
        status = trace_run_host_write(run->trace, &account, error);
    }
    return status;
}

/* A disk of a node, or a volume of a host, for the writer of its image. */
struct kept_disk {
    const struct emu_world *world;
    uint32_t owner;
    uint32_t disk;
};

static uint64_t kept_disk_next(void *context, uint64_t from, const void **bytes)
{
    const struct kept_disk *kept = context;
    return emu_world_node_disk_next(kept->world, kept->owner, kept->disk, from, bytes);
}

/* What nodes leave on disks that the scenario wants kept. */
static enum status write_disks(struct run *run, struct error *error)
{
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < emu_world_node_count(run->world); i++) {
        const struct scn_group *group = &run->scenario->groups[scn_node_group(run->scenario, i)];
        for (uint32_t j = 0; j < group->disk_count && !status; j++) {
            const struct scn_disk *disk = &group->disks[j];
            struct kept_disk kept = {run->world, i, j};
            struct trace_disk_image image = {
                .block_count = disk->size_bytes / SCN_DISK_BLOCK_BYTES,
                .block_bytes = SCN_DISK_BLOCK_BYTES,
                .next = kept_disk_next,
                .context = &kept,
            };
            char name[SCN_NODE_NAME_MAX];
            scn_node_name(run->scenario, i, name);
            if (disk->keep) {
                status = trace_run_disk_write(run->trace, TRACE_FOLDER_NODES, name, disk->name,
                                              &image, error);
            }
        }
    }
    return status;
}

static uint64_t kept_volume_next(void *context, uint64_t from, const void **bytes)
{
    const struct kept_disk *kept = context;
    return emu_world_volume_next(kept->world, kept->owner, kept->disk, from, bytes);
}

/* What is on volumes that the scenario wants kept, of the hosts that have nodes. */
static enum status write_volumes(struct run *run, struct error *error)
{
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < run->scenario->host_total; i++) {
        struct emu_host_report report;
        emu_world_host_report(run->world, i, &report);
        const struct scn_host *host = &run->scenario->hosts[scn_host_entry(run->scenario, i)];
        uint32_t count = report.nodes ? (uint32_t)scn_host_volumes(host) : 0;
        for (uint32_t j = 0; j < count && !status; j++) {
            const struct scn_volume *entry = scn_host_volume(host, j);
            struct kept_disk kept = {run->world, i, j};
            struct trace_disk_image image = {
                .block_count = entry->size_bytes / SCN_DISK_BLOCK_BYTES,
                .block_bytes = SCN_DISK_BLOCK_BYTES,
                .next = kept_volume_next,
                .context = &kept,
            };
            char host_name[SCN_NODE_NAME_MAX];
            char name[SCN_DISK_NAME_MAX];
            scn_host_name(run->scenario, i, host_name);
            scn_volume_name(host, j, name);
            if (entry->keep) {
                status = trace_run_disk_write(run->trace, TRACE_FOLDER_HOSTS, host_name, name,
                                              &image, error);
            }
        }
    }
    return status;
}

static enum ana_statistic statistic_of(uint32_t statistic)
{
    static const enum ana_statistic map[] = {
        [SCN_STATISTIC_COUNT] = ANA_COUNT, [SCN_STATISTIC_MEAN] = ANA_MEAN,
        [SCN_STATISTIC_MIN] = ANA_MIN,     [SCN_STATISTIC_MAX] = ANA_MAX,
        [SCN_STATISTIC_P50] = ANA_P50,     [SCN_STATISTIC_P90] = ANA_P90,
        [SCN_STATISTIC_P95] = ANA_P95,     [SCN_STATISTIC_P99] = ANA_P99,
        [SCN_STATISTIC_SUM] = ANA_SUM,
    };
    return map[statistic];
}

/* How many there are; a part of a run is not what they are about. */
static uint32_t expectations_of(const struct run *run)
{
    bool part = run->replay.player &&
                (run->replay.from_ns > 0 || run->replay.to_ns < run->scenario->duration_ns);
    return part ? 0 : run->scenario->expectation_count;
}

/* Judges the scenario's expectations; the caller frees both arrays. */
static struct trace_summary_assertion *judge(struct run *run, char (**details)[ANA_DETAIL_BYTES])
{
    uint32_t count = expectations_of(run);
    struct trace_summary_assertion *assertions = alloc_zeroed(count + 1, sizeof *assertions);
    *details = alloc_zeroed(count + 1, sizeof **details);
    run->result->expectations_met = true;
    for (uint32_t i = 0; i < count; i++) {
        const struct scn_expectation *from = &run->scenario->expectations[i];
        struct ana_expectation expectation = {
            .metric = from->metric,
            .statistic = statistic_of(from->statistic),
            .has_at_least = from->at_least.text,
            .at_least = from->at_least.value,
            .has_at_most = from->at_most.text,
            .at_most = from->at_most.value,
            .has_equals = from->equals.text,
            .equals = from->equals.value,
        };
        assertions[i].name = from->name;
        assertions[i].passed = ana_expectation_check(run->metrics, &expectation, (*details)[i]);
        assertions[i].detail = (*details)[i];
        run->result->expectations_met &= assertions[i].passed;
    }
    return assertions;
}

/* Counters of the run that expectations may name. */
static void add_figures(struct run *run, const struct emu_totals *totals)
{
    double failed = 0;
    for (uint32_t i = 0; i < emu_world_node_count(run->world); i++) {
        struct emu_node_report report;
        emu_world_node_report(run->world, i, &report);
        failed += report.exit_code != 0;
    }
    const double figures[SCN_FIGURE_COUNT] = {
        [SCN_FIGURE_INSTRUCTIONS] = (double)totals->instructions,
        [SCN_FIGURE_FRAMES_SENT] = (double)totals->frames_sent,
        [SCN_FIGURE_FRAMES_DELIVERED] = (double)totals->frames_delivered,
        [SCN_FIGURE_FRAMES_DROPPED] = (double)totals->frames_dropped,
        [SCN_FIGURE_NODES_UP] = totals->nodes_up,
        [SCN_FIGURE_NODES_TERMINATED] = totals->nodes_terminated,
        [SCN_FIGURE_NODES_QUEUED] = totals->nodes_queued,
        [SCN_FIGURE_NODES_FAILED] = failed,
        [SCN_FIGURE_FAULTS] = totals->nodes_faulted,
    };
    for (uint32_t i = 0; i < SCN_FIGURE_COUNT; i++) {
        ana_metrics_add_figure(run->metrics, scn_figure_name((enum scn_figure)i), figures[i]);
    }
}

/* What the run is a fork of. */
static struct trace_summary_fork fork_of(const struct run *run)
{
    struct trace_end end = {0};
    bool ended = emu_player_end_read(run->replay.player, &end);
    return (struct trace_summary_fork){
        .of = run->options->replay,
        .has_digest = ended,
        .digest = end.digest,
        .at_ns = run->fork_ns,
        .changes = run->options->changes,
        .change_count = run->options->change_count,
    };
}

enum status emu_run_finish(struct run *run, struct error *error)
{
    enum status status = write_nodes(run, error);
    if (!status) {
        status = write_hosts(run, error);
    }
    if (!status) {
        status = trace_run_captures_end(run->trace, emu_world_now_ns(run->world), error);
    }
    if (!status) {
        status = write_disks(run, error);
    }
    if (!status) {
        status = write_volumes(run, error);
    }
    if (status) {
        return status;
    }
    struct emu_totals totals;
    emu_world_totals(run->world, &totals);
    add_figures(run, &totals);
    run->result->digest = emu_world_digest(run->world);
    if (run->recorder) {
        struct emu_recorder *recorder = run->recorder;
        run->recorder = NULL;
        status = emu_recorder_end(recorder, run->result->digest, error);
    }
    if (status) {
        return status;
    }
    run->result->nodes_up = totals.nodes_up;
    run->result->nodes_queued = totals.nodes_queued;
    char(*details)[ANA_DETAIL_BYTES];
    struct trace_summary_fault faults[VCPU_FAULT_COUNT];
    uint32_t fault_count = 0;
    for (uint32_t kind = VCPU_FAULT_NONE + 1; kind < VCPU_FAULT_COUNT; kind++) {
        if (run->faults[kind]) {
            faults[fault_count++] = (struct trace_summary_fault){
                vcpu_fault_name((enum vcpu_fault_kind)kind), run->faults[kind]};
        }
    }
    struct trace_summary summary = {
        .scenario = run->scenario->name,
        .seed = run->scenario->seed,
        .engine = emu_world_engine_name(run->world),
        .jobs = emu_world_jobs(run->world),
        .nodes = run->scenario->node_count,
        .virtual_ns = emu_world_now_ns(run->world),
        .wall_ns = host_clock_ns() - run->started_ns,
        .instructions = totals.instructions,
        .frames_sent = totals.frames_sent,
        .frames_delivered = totals.frames_delivered,
        .frames_dropped = totals.frames_dropped,
        .peak_rss_bytes = host_peak_rss_bytes(),
        .digest = run->result->digest,
        .assertions = judge(run, &details),
        .assertion_count = expectations_of(run),
        .faults = faults,
        .fault_count = fault_count,
    };
    struct trace_summary_fork fork;
    if (run->options->fork_at) {
        fork = fork_of(run);
        summary.fork = &fork;
    }
    summary.metrics = ana_metrics_list(run->metrics, &summary.metric_count);
    status = trace_run_finish(run->trace, &summary, error);
    run->trace = NULL;
    free((void *)summary.assertions);
    free(details);
    return status;
}
