/* A run from scenario file to run directory. */
#include <emu/run.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <analysis/metrics.h>
#include <analysis/summary.h>
#include <base/alloc.h>
#include <base/arithmetic.h>
#include <base/host_clock.h>
#include <base/locale.h>
#include <base/time.h>
#include <traces/run_directory.h>

#include "capture.h"
#include "progress.h"
#include "recorder.h"
#include "replay.h"
#include "screenshot.h"
#include "tracer.h"
#include "world_internal.h"

const char *emu_version(void)
{
    return DENALI_VERSION;
}

struct node_trace {
    uint32_t node;
    struct scn_stretch stretch;
    bool begun; /* something of it has been written */
};

/* Everything that one run holds. */
struct run {
    const struct emu_run_options *options;
    struct emu_run_result *result;
    struct scn_scenario *scenario;
    struct emu_world *world;
    struct trace_run *trace;
    struct emu_recorder *recorder; /* NULL: it is not recorded */
    struct ana_metrics *metrics;
    struct emu_capture captures;
    struct emu_screenshots screenshots;
    struct emu_progress progress;
    struct node_trace *traces; /* one for each of options->traces */
    struct emu_replay replay;
    struct scn_nodes consoles; /* that are also printed */
    uint32_t *watched;         /* the node of each of options->watches */
    uint32_t watched_count;
    bool muted;          /* a replay has not come to its beginning: nobody is told anything */
    uint64_t started_ns; /* host time */
    uint32_t faults[VCPU_FAULT_COUNT];
};

enum status emu_run_scenario_load(const struct emu_run_options *options,
                                  struct scn_scenario **scenario, struct error *error)
{
    struct scn_file *file = NULL;
    enum status status = scn_open(&file, options->scenario_path, error);
    for (uint32_t i = 0; i < options->set_count && !status; i++) {
        status = scn_set(file, options->sets[i], error);
    }
    for (uint32_t i = 0; i < options->parameter_count && !status; i++) {
        status = scn_set_parameter(file, options->parameters[i], error);
    }
    if (!status && options->seed) {
        status = scn_set_seed(file, options->seed, error);
    }
    if (!status && options->nodes) {
        status = scn_set_nodes(file, options->nodes, error);
    }
    if (!status && options->until) {
        status = scn_set_duration(file, options->until, error);
    }
    if (!status) {
        status = scn_resolve(file, scenario, error);
    }
    scn_close(file);
    return status;
}

/* --- the world's output ----------------------------------------------------------------------- */

static void describe_end(const struct run *run, uint32_t node, char *text, size_t size_bytes)
{
    struct emu_node_report report;
    emu_world_node_report(run->world, node, &report);
    if (report.fault.kind == VCPU_FAULT_NONE) {
        snprintf(text, size_bytes, "exit code %" PRIu32, report.exit_code);
    } else {
        char fault[EMU_FAULT_TEXT_MAX];
        emu_world_node_fault_describe(run->world, node, fault);
        snprintf(text, size_bytes, "%s: %s", vcpu_fault_name(report.fault.kind), fault);
    }
}

static enum status take_note(void *context, const struct emu_note *note, struct error *error)
{
    struct run *run = context;
    char name[SCN_NODE_NAME_MAX];
    char text[EMU_FAULT_TEXT_MAX + 32];
    if (run->muted) {
        return STATUS_OK;
    }
    scn_node_name(run->scenario, note->node, name);
    switch (note->kind) {
    case EMU_NOTE_BOOT:
        return trace_run_event_write(run->trace, note->time_ns, name, "boot", "", error);
    case EMU_NOTE_TERMINATE:
        describe_end(run, note->node, text, sizeof text);
        return trace_run_event_write(run->trace, note->time_ns, name, "terminate", text, error);
    case EMU_NOTE_FAULT:
        describe_end(run, note->node, text, sizeof text);
        return trace_run_event_write(run->trace, note->time_ns, name, "fault", text, error);
    case EMU_NOTE_FRAME_SENT:
    case EMU_NOTE_FRAME_RECEIVED:
    case EMU_NOTE_FRAME_LOST:
        return emu_capture_note(&run->captures, run->trace, name, note, error);
    case EMU_NOTE_MEASUREMENT:
    case EMU_NOTE_MILESTONE:
        break;
    }
    enum trace_observation_kind kind =
        note->kind == EMU_NOTE_MILESTONE ? TRACE_MILESTONE : TRACE_MEASUREMENT;
    ana_metrics_add(run->metrics, note->time_ns, kind, note->name, note->value);
    return trace_run_observation_write(run->trace, note->time_ns, name, kind, note->name,
                                       note->value, error);
}

static enum status take_console(void *context, uint32_t node, const void *bytes,
                                uint32_t size_bytes, struct error *error)
{
    struct run *run = context;
    char name[SCN_NODE_NAME_MAX];
    if (run->muted) {
        return STATUS_OK;
    }
    scn_node_name(run->scenario, node, name);
    for (uint32_t i = 0; run->options->stream && i < run->consoles.count; i++) {
        if (run->consoles.numbers[i] == node) {
            fwrite(bytes, 1, size_bytes, run->options->stream);
        }
    }
    return trace_run_console_append(run->trace, name, bytes, size_bytes, error);
}

static enum status take_trace(void *context, uint32_t node, const char *text, uint32_t size_bytes,
                              struct error *error)
{
    struct run *run = context;
    char name[SCN_NODE_NAME_MAX];
    scn_node_name(run->scenario, node, name);
    for (uint32_t i = 0; i < run->options->trace_count; i++) {
        run->traces[i].begun |= run->traces[i].node == node;
    }
    for (uint32_t i = 0; run->options->stream && i < run->watched_count; i++) {
        if (run->watched[i] == node) {
            fwrite(text, 1, size_bytes, run->options->stream);
        }
    }
    return trace_run_instructions_append(run->trace, name, text, size_bytes, error);
}

static bool go_on(void *context)
{
    struct run *run = context;
    emu_progress_show(&run->progress, run->world);
    run->result->interrupted = run->options->stop && *run->options->stop;
    return !run->result->interrupted;
}

/* --- the run directory's fixed part ----------------------------------------------------------- */

struct relocation {
    struct run *run;
    struct error *error;
    enum status status;
};

/* Copies what the scenario names into the run directory and names the copy. */
static const char *relocate(void *context, enum scn_path_kind kind, uint32_t index,
                            const char *path_now)
{
    static const char *const folders[] = {
        [SCN_PATH_IMAGE] = TRACE_FOLDER_IMAGES,
        [SCN_PATH_MATRIX] = TRACE_FOLDER_TOPOLOGIES,
        [SCN_PATH_DISK] = TRACE_FOLDER_DISKS,
        [SCN_PATH_ARCHIVE] = TRACE_FOLDER_DISKS,
    };
    struct relocation *relocation = context;
    const char *relative = NULL;
    const char *source =
        kind == SCN_PATH_IMAGE ? emu_world_image_path(relocation->run->world, index) : path_now;
    if (!relocation->status) {
        relocation->status = trace_run_file_copy(relocation->run->trace, source, folders[kind],
                                                 &relative, relocation->error);
    }
    return relative;
}

/* Packs a group's files into the run directory and names the archive. */
static const char *pack_files(void *context, uint32_t group)
{
    struct relocation *relocation = context;
    struct run *run = relocation->run;
    const char *relative = NULL;
    char *archive = NULL;
    size_t size_bytes = 0;
    char name[SCN_NAME_MAX + 16];
    if (!relocation->status) {
        relocation->status =
            scn_group_archive(run->scenario, group, &archive, &size_bytes, relocation->error);
    }
    if (!relocation->status) {
        snprintf(name, sizeof name, "%s-files.tar", run->scenario->groups[group].name);
        relocation->status = trace_run_file_write(run->trace, name, archive, size_bytes,
                                                  TRACE_FOLDER_DISKS, &relative, relocation->error);
    }
    free(archive);
    return relative;
}

static enum status write_scenario(struct run *run, struct error *error)
{
    char *text = NULL;
    size_t size_bytes = 0;
    FILE *stream = open_memstream(&text, &size_bytes);
    if (!stream) {
        return error_set(error, STATUS_NO_MEMORY, NULL, 0, "no memory for the resolved scenario");
    }
    struct relocation relocation = {run, error, STATUS_OK};
    struct scn_write_options options = {relocate, &relocation, true, pack_files};
    enum status status = scn_write_resolved(run->scenario, stream, &options, error);
    fclose(stream);
    if (!status) {
        status = relocation.status;
    }
    if (!status) {
        status = trace_run_scenario_write(run->trace, text, size_bytes, error);
    }
    free(text);
    return status;
}

/* --- the end ---------------------------------------------------------------------------------- */

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
            .memory_bytes = report.memory_bytes,
            .committed_bytes = report.committed_bytes,
        };
        status = trace_run_host_write(run->trace, &account, error);
    }
    return status;
}

/* A disk of a node, for the writer of its image. */
struct kept_disk {
    const struct emu_world *world;
    uint32_t node;
    uint32_t disk;
};

static uint64_t kept_disk_next(void *context, uint64_t from, const void **bytes)
{
    const struct kept_disk *kept = context;
    return emu_world_node_disk_next(kept->world, kept->node, kept->disk, from, bytes);
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
                status = trace_run_disk_write(run->trace, name, disk->name, &image, error);
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
        [SCN_FIGURE_NODES_FAILED] = failed,
        [SCN_FIGURE_FAULTS] = totals->nodes_faulted,
    };
    for (uint32_t i = 0; i < SCN_FIGURE_COUNT; i++) {
        ana_metrics_add_figure(run->metrics, scn_figure_name((enum scn_figure)i), figures[i]);
    }
}

static enum status finish(struct run *run, struct error *error)
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
    summary.metrics = ana_metrics_list(run->metrics, &summary.metric_count);
    status = trace_run_finish(run->trace, &summary, error);
    run->trace = NULL;
    free((void *)summary.assertions);
    free(details);
    return status;
}

/* --- all of it -------------------------------------------------------------------------------- */

/* "peer-3:1s-1.5s": a node, and where there is one a stretch. */
static enum status trace_parse(struct run *run, uint32_t index, struct error *error)
{
    const char *text = run->options->traces[index];
    static const char option[] = "--trace-instructions";
    const char *colon = strchr(text, ':');
    struct scn_stretch stretch = {false, 0, UINT64_MAX};
    char name[256];
    uint32_t node = 0;
    size_t length = colon ? (size_t)(colon - text) : strlen(text);
    snprintf(name, sizeof name, "%.*s", (int)(length < sizeof name ? length : sizeof name - 1),
             text);
    enum status status = scn_node_find(run->scenario, option, name, &node, error);
    if (!status && colon) {
        status = scn_stretch_parse(option, colon + 1, &stretch, error);
    }
    if (!status) {
        status = scn_stretch_check(run->scenario, option, text, &stretch, error);
    }
    run->traces[index].node = node;
    run->traces[index].stretch = stretch;
    return status;
}

/* "peer-3:0x11008" or "peer-3:count": a node and an address or symbol of it. */
static enum status watch_begin(struct run *run, const char *text, struct error *error)
{
    const char *colon = strchr(text, ':');
    const struct scn_stretch always = {false, 0, UINT64_MAX};
    char name[256];
    uint32_t node = 0;
    uint32_t address = 0;
    uint32_t size_bytes = 4;
    snprintf(name, sizeof name, "%.*s", colon ? (int)(colon - text) : 255, text);
    enum status status = scn_node_find(run->scenario, "--watch", name, &node, error);
    if (!status &&
        (!colon || !emu_world_place_find(run->world, node, colon + 1, &address, &size_bytes))) {
        status = error_set(error, STATUS_INVALID, NULL, 0,
                           "--watch: `%.80s`; expected NODE:ADDRESS, such as server:0x12ab0, or "
                           "NODE:SYMBOL with a symbol of its image",
                           text);
    }
    run->watched[run->watched_count++] = node;
    return status ? status : emu_world_watch(run->world, node, &always, address, size_bytes, error);
}

/* What is looked at from here on. */
static enum status look_on(struct run *run, struct error *error)
{
    const struct emu_run_options *options = run->options;
    uint64_t limit_bytes = options->trace_limit_bytes;
    enum status status =
        emu_capture_begin(&run->captures, run->world, run->scenario, run->trace, error);
    for (uint32_t i = 0; i < options->trace_count && !status; i++) {
        status = emu_world_trace(run->world, run->traces[i].node, &run->traces[i].stretch,
                                 limit_bytes ? limit_bytes : EMU_TRACE_LIMIT_BYTES, error);
    }
    run->watched = alloc_zeroed(options->watch_count + 1, sizeof *run->watched);
    for (uint32_t i = 0; i < options->watch_count && !status; i++) {
        status = watch_begin(run, options->watches[i], error);
    }
    return status;
}

/* Brings a replay to its beginning; a run that is none is there. */
static enum status come_to_begin(struct run *run, struct error *error)
{
    bool stopped;
    if (!run->replay.player) {
        return STATUS_OK;
    }
    run->muted = true;
    enum status status = emu_replay_begin(&run->replay, run->world, &stopped, error);
    run->muted = false;
    return status;
}

/* Begins the recording, which names every file that the run depends on. */
static enum status record(struct run *run, struct error *error)
{
    const struct emu_run_options *options = run->options;
    struct emu_recorder_options recorder_options = {
        .directory = trace_run_path(run->trace),
        .checkpoint_ns = EMU_RECORD_CHECKPOINT_NS,
    };
    enum status status = STATUS_OK;
    if (options->checkpoint_every) {
        status = scn_moment_parse("--checkpoint-every", options->checkpoint_every,
                                  &recorder_options.checkpoint_ns, error);
    }
    struct trace_file *files = alloc_zeroed(1, sizeof *files);
    const char *path = "scenario.yaml";
    uint32_t count = 0;
    for (; path && !status; path = trace_run_file(run->trace, count++)) {
        files = alloc_grow(files, count + 1, sizeof *files);
        files[count].path = (char *)path;
        status = trace_file_look(recorder_options.directory, path, &files[count].size_bytes,
                                 &files[count].hash, error);
    }
    recorder_options.files = files;
    recorder_options.file_count = count;
    if (!status) {
        status = emu_recorder_create(run->world, &recorder_options, &run->recorder, error);
    }
    free(files);
    return status;
}

/* The scenario, or the recorded run's. */
static enum status load(struct run *run, struct error *error)
{
    const struct emu_run_options *options = run->options;
    char path[4096];
    if (!options->replay) {
        return emu_run_scenario_load(options, &run->scenario, error);
    }
    enum status status =
        emu_replay_open(&run->replay, options->replay, options->from, options->to, error);
    snprintf(path, sizeof path, "%s/scenario.yaml", options->replay);
    const struct emu_run_options recorded = {.scenario_path = path};
    return status ? status : emu_run_scenario_load(&recorded, &run->scenario, error);
}

static enum status start(struct run *run, struct error *error)
{
    const struct emu_run_options *options = run->options;
    enum status status = load(run, error);
    if (!status && options->console) {
        status =
            scn_nodes_select(run->scenario, "--console", options->console, &run->consoles, error);
    }
    if (!status) {
        status = emu_capture_select(&run->captures, run->scenario, options->pcap,
                                    options->pcap_limit_bytes, error);
    }
    for (uint32_t i = 0; i < options->screenshot_count && !status; i++) {
        status =
            emu_screenshots_add(&run->screenshots, run->scenario, options->screenshots[i], error);
    }
    if (status) {
        return status;
    }
    const struct vcpu_engine_ops *engine = NULL;
    if (options->engine) {
        status = vcpu_engine_choose("--engine", options->engine, &engine, error);
        if (status) {
            return status;
        }
    }
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    struct emu_world_options world_options = {
        .engine = engine,
        .jobs = options->jobs    ? options->jobs
                : processors > 0 ? (uint32_t)processors
                                 : 1,
        .memory_limit_bytes = options->memory_limit_bytes,
        .image_directory = options->image_directory,
        .sink = {run, take_note, take_console, go_on, take_trace},
    };
    if (!options->jobs && world_options.jobs > EMU_JOBS_MAX) {
        world_options.jobs = EMU_JOBS_MAX;
    }
    status = emu_world_create(run->scenario, &world_options, &run->world, error);
    if (status) {
        return status;
    }
    run->traces = alloc_zeroed(options->trace_count + 1, sizeof *run->traces);
    for (uint32_t i = 0; i < options->trace_count && !status; i++) {
        status = trace_parse(run, i, error);
    }
    if (status) {
        return status;
    }
    char name[SCN_NAME_MAX + 16];
    snprintf(name, sizeof name, "%.64s%s", run->scenario->name,
             run->replay.player ? "-replay" : "");
    struct trace_run_options trace_options = {
        .path = options->out,
        .scenario = name,
        .seed = run->scenario->seed,
    };
    status = trace_run_create(&trace_options, &run->trace, error);
    if (!status) {
        snprintf(run->result->path, sizeof run->result->path, "%s", trace_run_path(run->trace));
        status = write_scenario(run, error);
    }
    if (!status && options->record) {
        status = record(run, error);
    }
    status = status ? status : come_to_begin(run, error);
    return status ? status : look_on(run, error);
}

/* To the end, with a look at screens on the way. How the world's run is cut changes nothing in it.
 */
static enum status go(struct run *run, struct error *error)
{
    bool replays = run->replay.player != NULL;
    uint64_t end_ns = replays ? run->replay.to_ns : run->scenario->duration_ns;
    enum status status = STATUS_OK;
    bool stopped;
    for (uint64_t until_ns = 0; until_ns < end_ns && !status && !run->result->interrupted;) {
        uint64_t shot_ns = emu_screenshots_next_ns(&run->screenshots);
        until_ns = shot_ns < end_ns ? shot_ns : end_ns;
        if (run->recorder) {
            uint64_t mark_ns = emu_recorder_next_ns(run->recorder);
            until_ns = mark_ns < until_ns ? mark_ns : until_ns;
        }
        status = replays ? emu_replay_run(&run->replay, until_ns, &stopped, error)
                         : emu_world_run(run->world, until_ns, error);
        if (!status && run->recorder && !run->result->interrupted) {
            status = emu_recorder_mark(run->recorder, error);
        }
        if (!status && !run->result->interrupted) {
            status = emu_screenshots_take(&run->screenshots, run->world, run->scenario, run->trace,
                                          until_ns, error);
        }
    }
    if (!status && !run->result->interrupted) {
        status = emu_screenshots_take(&run->screenshots, run->world, run->scenario, run->trace,
                                      UINT64_MAX, error);
    }
    return status;
}

enum status emu_run(const struct emu_run_options *options, struct emu_run_result *result,
                    struct error *error)
{
    ARITHMETIC_NEUTRAL();
    memset(result, 0, sizeof *result);
    struct run run = {.options = options, .result = result, .started_ns = host_clock_ns()};
    run.metrics = ana_metrics_create();
    enum status status = start(&run, error);
    if (!status) {
        emu_progress_init(&run.progress, options->progress,
                          run.replay.player ? run.replay.to_ns : run.scenario->duration_ns);
        status = go(&run, error);
        emu_progress_done(&run.progress);
    }
    if (!status && !result->interrupted) {
        status = finish(&run, error);
    }
    for (uint32_t i = 0; !status && i < options->trace_count && !result->trace_empty; i++) {
        result->trace_empty = run.traces[i].begun ? NULL : options->traces[i];
    }
    free(run.traces);
    free(run.watched);
    if (run.trace) {
        char reason[sizeof error->message + 64];
        if (result->interrupted) {
            LOCALE_NEUTRAL();
            snprintf(reason, sizeof reason, "interrupted at virtual time %.3f s",
                     (double)emu_world_now_ns(run.world) / 1e9);
        } else {
            snprintf(reason, sizeof reason, "%s", error ? error->message : status_text(status));
        }
        trace_run_abandon(run.trace, reason);
    }
    emu_recorder_abandon(run.recorder);
    emu_replay_close(&run.replay);
    scn_nodes_fini(&run.consoles);
    emu_world_destroy(run.world);
    emu_capture_fini(&run.captures);
    emu_screenshots_fini(&run.screenshots);
    scn_scenario_destroy(run.scenario);
    ana_metrics_destroy(run.metrics);
    return status;
}
