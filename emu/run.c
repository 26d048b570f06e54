/* A run from scenario file to run directory. */
#include "run_internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <base/alloc.h>
#include <base/arithmetic.h>
#include <base/host_clock.h>
#include <base/locale.h>
#include <base/time.h>

#include "tracer.h"
#include "tracer_text.h"
#include "world_internal.h"

const char *emu_version(void)
{
    return DENALI_VERSION;
}

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
    case EMU_NOTE_PAGE:
        return trace_run_page_write(run->trace, note->time_ns, name, note->page, note->write,
                                    note->name, error);
    case EMU_NOTE_ACTION:
        run->result->actions++;
        run->result->actions_undone += note->value == 0;
        return trace_run_event_write(run->trace, note->time_ns, name, "action", note->name, error);
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
    for (uint32_t i = 0; run->options->stream && i < run->options->watch_count; i++) {
        if (run->watches[i].node == node) {
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
static enum status watch_parse(struct run *run, uint32_t index, struct error *error)
{
    const char *text = run->options->watches[index];
    const char *colon = strchr(text, ':');
    struct node_watch *watch = &run->watches[index];
    char name[256];
    snprintf(name, sizeof name, "%.*s", colon ? (int)(colon - text) : 255, text);
    watch->size_bytes = 4;
    enum status status = scn_node_find(run->scenario, "--watch", name, &watch->node, error);
    if (!status && (!colon || !emu_world_place_find(run->world, watch->node, colon + 1,
                                                    &watch->address, &watch->size_bytes))) {
        status = error_set(error, STATUS_INVALID, NULL, 0,
                           "--watch: `%.80s`; expected NODE:ADDRESS, such as server:0x12ab0, or "
                           "NODE:SYMBOL with a symbol of its image",
                           text);
    }
    if (!status) {
        status = emu_watch_check(&run->world->nodes[watch->node], watch->address, watch->size_bytes,
                                 error);
    }
    return status;
}

/* Each of the options that trace a node, with what they trace. */
static enum status looks_parse(struct run *run, struct error *error)
{
    const struct emu_run_options *options = run->options;
    bool *traced = alloc_zeroed(run->scenario->node_count, sizeof *traced);
    enum status status = STATUS_OK;
    run->traces = alloc_zeroed(options->trace_count + 1, sizeof *run->traces);
    run->watches = alloc_zeroed(options->watch_count + 1, sizeof *run->watches);
    for (uint32_t i = 0; i < options->trace_count + options->watch_count && !status; i++) {
        uint32_t watch = i - options->trace_count;
        bool is_trace = i < options->trace_count;
        status = is_trace ? trace_parse(run, i, error) : watch_parse(run, watch, error);
        uint32_t node = is_trace ? run->traces[i].node : run->watches[watch].node;
        if (!status && traced[node]) {
            status = error_set(error, STATUS_INVALID, NULL, 0,
                               "%s %.80s: the node is traced or watched already; expected each "
                               "node once",
                               is_trace ? "--trace-instructions" : "--watch",
                               is_trace ? options->traces[i] : options->watches[watch]);
        }
        traced[node] = true;
    }
    free(traced);
    return status;
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
    const struct scn_stretch always = {false, 0, UINT64_MAX};
    for (uint32_t i = 0; i < options->watch_count && !status; i++) {
        const struct node_watch *watch = &run->watches[i];
        status = emu_world_watch(run->world, watch->node, &always, watch->address,
                                 watch->size_bytes, error);
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
    struct emu_recorder_options recorder_options = {
        .directory = trace_run_path(run->trace),
        .checkpoint_ns = run->checkpoint_ns,
    };
    const char **files = alloc_zeroed(1, sizeof *files);
    const char *path = "scenario.yaml";
    uint32_t count = 0;
    for (; path; path = trace_run_file(run->trace, count++)) {
        files = alloc_grow(files, count + 1, sizeof *files);
        files[count] = path;
    }
    recorder_options.files = files;
    recorder_options.file_count = count;
    enum status status = emu_recorder_create(run->world, &recorder_options, &run->recorder, error);
    free(files);
    return status;
}

/* The scenario, or the recorded run's. */
static enum status load(struct run *run, struct error *error)
{
    const struct emu_run_options *options = run->options;
    if (!options->replay) {
        return emu_run_scenario_load(options, &run->scenario, error);
    }
    enum status status = emu_replay_open(&run->replay, options->replay, options->from, options->to,
                                         &run->scenario, error);
    if (!status) {
        emu_run_folder_torn(&run->replay.folder, run->replay.player, run->result->torn);
    }
    return status;
}

/* Where a fork begins, and what is then done. */
static enum status fork_parse(struct run *run, struct error *error)
{
    const struct emu_run_options *options = run->options;
    if (!options->fork_at) {
        return STATUS_OK;
    }
    bool torn = run->replay.to_ns < run->scenario->duration_ns; /* its end is not the run's */
    enum status status = emu_player_moment(run->replay.player, "--at", options->fork_at, !torn,
                                           &run->fork_ns, error);
    run->replay.to_ns = run->scenario->duration_ns;
    run->changes = alloc_zeroed(options->change_count + 1, sizeof *run->changes);
    for (uint32_t i = 0; i < options->change_count && !status; i++) {
        status = emu_change_parse(run->world, options->changes[i], &run->changes[i], error);
    }
    return status;
}

/* A fork's directory says that it is one: its first event, and one for each change when it is made.
 */
static enum status tell_fork(struct run *run, struct error *error)
{
    char moment[SCN_MOMENT_TEXT_MAX];
    struct emu_text text = {0};
    if (!run->options->fork_at) {
        return STATUS_OK;
    }
    scn_moment_write(run->fork_ns, moment);
    emu_text_add(&text, "of %s at %s", run->options->replay, moment);
    enum status status = trace_run_event_write(run->trace, 0, "-", "fork", text.bytes, error);
    emu_text_fini(&text);
    return status;
}

static enum status start(struct run *run, struct error *error)
{
    const struct emu_run_options *options = run->options;
    enum status status = load(run, error);
    run->checkpoint_ns = EMU_RECORD_CHECKPOINT_NS;
    if (!status && options->checkpoint_every) {
        status = emu_moment_parse("--checkpoint-every", options->checkpoint_every,
                                  &run->checkpoint_ns, error);
    }
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
    status = fork_parse(run, error);
    status = status ? status : looks_parse(run, error);
    if (status) {
        return status;
    }
    char name[SCN_NAME_MAX + 16];
    snprintf(name, sizeof name, "%.64s%s", run->scenario->name,
             options->fork_at     ? "-fork"
             : run->replay.player ? "-replay"
                                  : "");
    struct trace_run_options trace_options = {
        .path = options->out,
        .scenario = name,
        .seed = run->scenario->seed,
    };
    /* What can be refused is, before there is a directory. What is recorded is from the start. */
    if (run->replay.player) {
        status = emu_player_inputs_look(run->replay.player, run->replay.to_ns, error);
    }
    if (!status && !options->record) {
        status = come_to_begin(run, error);
    }
    if (status) {
        return status;
    }
    status = trace_run_create(&trace_options, &run->trace, error);
    if (!status) {
        snprintf(run->result->path, sizeof run->result->path, "%s", trace_run_path(run->trace));
        status = write_scenario(run, error);
    }
    status = status ? status : tell_fork(run, error);
    if (!status && options->record) {
        status = record(run, error);
        status = status ? status : come_to_begin(run, error);
    }
    return status ? status : look_on(run, error);
}

/* The run becomes another one. */
static enum status change(struct run *run, struct error *error)
{
    run->replay.forked = true;
    for (uint32_t i = 0; i < run->options->change_count; i++) {
        if (!emu_change_apply(run->world, &run->changes[i])) {
            return error_set(error, STATUS_INVALID, NULL, 0,
                             "--set: `%.80s`: the node has no such memory",
                             run->options->changes[i]);
        }
        enum status status = trace_run_event_write(run->trace, run->fork_ns, "-", "change",
                                                   run->options->changes[i], error);
        if (status) {
            return status;
        }
    }
    return STATUS_OK;
}

/* To the end, with a look at screens on the way. How the world's run is cut changes nothing in it.
 */
static enum status go(struct run *run, struct error *error)
{
    bool replays = run->replay.player != NULL;
    uint64_t end_ns = replays ? run->replay.to_ns : run->scenario->duration_ns;
    uint64_t change_ns = run->options->fork_at ? run->fork_ns : UINT64_MAX;
    enum status status = STATUS_OK;
    bool stopped;
    for (uint64_t until_ns = 0; until_ns < end_ns && !status && !run->result->interrupted;) {
        uint64_t shot_ns = emu_screenshots_next_ns(&run->screenshots);
        until_ns = shot_ns < end_ns ? shot_ns : end_ns;
        until_ns = change_ns < until_ns ? change_ns : until_ns;
        if (run->recorder) {
            uint64_t mark_ns = emu_recorder_next_ns(run->recorder);
            until_ns = mark_ns < until_ns ? mark_ns : until_ns;
        }
        status = replays ? emu_replay_run(&run->replay, until_ns, &stopped, error)
                         : emu_world_run(run->world, until_ns, error);
        if (!status && run->recorder && !run->result->interrupted) {
            status = emu_recorder_mark(run->recorder, error);
        }
        if (!status && until_ns == change_ns && !run->result->interrupted) {
            status = change(run, error);
            change_ns = UINT64_MAX;
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
        emu_progress_init(&run.progress, options->progress, run.replay.from_ns,
                          run.replay.player ? run.replay.to_ns : run.scenario->duration_ns);
        status = go(&run, error);
        emu_progress_done(&run.progress);
    }
    if (!status && !result->interrupted) {
        status = emu_run_finish(&run, error);
    }
    for (uint32_t i = 0; !status && i < options->trace_count && !result->trace_empty; i++) {
        result->trace_empty = run.traces[i].begun ? NULL : options->traces[i];
    }
    for (uint32_t i = 0; !status && options->stream && i < options->watch_count; i++) {
        if (!emu_tracer_changed(run.world->nodes[run.watches[i].node].tracer)) {
            fprintf(options->stream, "%s: no change\n", options->watches[i]);
        }
    }
    free(run.traces);
    free(run.watches);
    free(run.changes);
    if (run.replay.player) {
        emu_run_folder_damage(&run.replay.folder, run.replay.player, result->damaged);
    }
    emu_replay_close(&run.replay, error);
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
    scn_nodes_fini(&run.consoles);
    emu_world_destroy(run.world);
    emu_capture_fini(&run.captures);
    emu_screenshots_fini(&run.screenshots);
    scn_scenario_destroy(run.scenario);
    ana_metrics_destroy(run.metrics);
    return status;
}
