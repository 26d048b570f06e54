/*
 * Runs a recorded run again and compares. The stretches between checkpoints do not depend on each
 * other, so several threads take a share of them each, in a world of its own.
 */
#include <emu/verify.h>

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <base/alloc.h>
#include <base/arithmetic.h>
#include <traces/summary.h>

#include "locate.h"
#include "progress.h"
#include "run_folder.h"

struct verify {
    const struct emu_verify_options *options;
    struct emu_verify_result *result;
    const struct vcpu_engine_ops *engine;
    struct emu_run_folder folder;
    struct emu_player *player; /* for looking at */
    const struct trace_entry *entries;
    size_t count;
    struct scn_scenario *scenario;
    _Atomic uint32_t first_parted; /* number of the first share that was found to differ */
    struct share *shares;
    uint32_t share_count;
    struct emu_progress progress;
    atomic_flag telling; /* somebody has it */
};

/* A thread's share of the recording. */
struct share {
    struct verify *verify;
    pthread_t thread;
    bool started;
    uint32_t number;
    uint32_t jobs;
    size_t from; /* places */
    size_t to;
    struct emu_world *world;
    _Atomic uint64_t done_ns; /* of its stretch */
    struct emu_parting parting;
    bool stopped;
    enum status status;
    struct error error;
};

/* --- files ------------------------------------------------------------------------------------ */

/* False, with a line in the result, if a file is not what the run was made of. */
static enum status files_same(struct verify *verify, bool *same, struct error *error)
{
    char text[EMU_FILE_TEXT_MAX];
    enum status status =
        emu_player_files_same(verify->player, verify->folder.path, same, text, error);
    if (!status && !*same) {
        snprintf(verify->result->text, sizeof verify->result->text, "%s\n", text);
    }
    return status;
}

/* The recorded digest, and whether the summary beside it tells the same. */
static enum status end_read(struct verify *verify, bool *same, struct error *error)
{
    const uint8_t *bytes;
    struct trace_end end;
    struct trace_summary_file summary;
    size_t last = verify->count - 1;
    *same = true;
    if (verify->entries[last].type != TRACE_RECORD_END) {
        return STATUS_OK;
    }
    enum status status = emu_player_read(verify->player, last, &bytes, error);
    if (status || !trace_end_read(&end, bytes, verify->entries[last].size_bytes)) {
        return status ? status
                      : error_set(error, STATUS_CORRUPT, NULL, 0, "the recording's end is none");
    }
    verify->result->digest = end.digest;
    if (trace_summary_read(verify->folder.path, &summary, NULL)) {
        return STATUS_OK; /* the run's other files are not what is verified */
    }
    *same = summary.summary.digest == end.digest;
    if (!*same) {
        snprintf(verify->result->text, sizeof verify->result->text,
                 "summary.json says digest %016" PRIx64 ", the recording %016" PRIx64 "\n",
                 summary.summary.digest, end.digest);
    }
    trace_summary_file_fini(&summary);
    return STATUS_OK;
}

/* --- a share ---------------------------------------------------------------------------------- */

static bool go_on(void *context)
{
    struct share *share = context;
    struct verify *verify = share->verify;
    const volatile bool *stop = verify->options->stop;
    return !(stop && *stop) && atomic_load(&verify->first_parted) >= share->number;
}

/* Between two windows of a share: whichever comes by tells how far all are. */
static bool progress(void *context)
{
    struct share *share = context;
    struct verify *verify = share->verify;
    uint64_t done_ns = 0;
    atomic_store(&share->done_ns,
                 emu_world_now_ns(share->world) - verify->entries[share->from].time_ns);
    if (!atomic_flag_test_and_set(&verify->telling)) {
        for (uint32_t i = 0; i < verify->share_count; i++) {
            done_ns += atomic_load(&verify->shares[i].done_ns);
        }
        emu_progress_show_parts(&verify->progress, done_ns);
        atomic_flag_clear(&verify->telling);
    }
    return go_on(share);
}

static void share_run(struct share *share)
{
    struct verify *verify = share->verify;
    struct emu_player *player = NULL;
    struct error *error = &share->error;
    struct emu_world_options options = {
        .engine = verify->engine,
        .jobs = share->jobs,
        .memory_limit_bytes = verify->options->memory_limit_bytes,
        .sink = {.context = share, .progress = progress},
    };
    enum status status = emu_world_create(verify->scenario, &options, &share->world, error);
    if (!status) {
        status = emu_player_open(verify->folder.path, false, &player, error);
    }
    if (!status) {
        status = emu_player_enter(player, share->world, share->from, error);
    }
    while (!status && !share->stopped && !share->parting.found && go_on(share) &&
           emu_player_now(player) < share->to) {
        status = emu_player_run(player, UINT64_MAX, emu_player_now(player) + 1, &share->parting,
                                &share->stopped, error);
    }
    share->stopped |= !go_on(share);
    if (share->parting.found) {
        uint32_t first = atomic_load(&verify->first_parted);
        while (share->number < first &&
               !atomic_compare_exchange_weak(&verify->first_parted, &first, share->number)) {
        }
    }
    share->status = status;
    emu_player_close(player);
    emu_world_destroy(share->world);
}

static void *share_main(void *argument)
{
    ARITHMETIC_NEUTRAL();
    share_run(argument);
    return NULL;
}

/* --- all shares ------------------------------------------------------------------------------- */

/* The last place at or before an equal part of the time that is left. */
static void cut(struct verify *verify, struct share *shares, uint32_t count, size_t from)
{
    uint64_t begin_ns = verify->entries[from].time_ns;
    uint64_t length_ns = verify->entries[verify->count - 1].time_ns - begin_ns;
    shares[0].from = from;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t end_ns = begin_ns + length_ns / count * (i + 1);
        size_t to = i + 1 == count ? verify->count - 1 : emu_player_place(verify->player, end_ns);
        shares[i].to = to > shares[i].from ? to : shares[i].from;
        if (i + 1 < count) {
            shares[i + 1].from = shares[i].to;
        }
    }
}

static enum status run_shares(struct verify *verify, size_t from, struct error *error)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    uint32_t jobs = verify->options->jobs ? verify->options->jobs
                    : processors > 0      ? (uint32_t)processors
                                          : 1;
    uint32_t checkpoints = 0;
    for (size_t i = from; i < verify->count; i++) {
        checkpoints += i > from && emu_place_is_checkpoint(&verify->entries[i]);
    }
    verify->result->by_digests = emu_player_foreign(verify->player);
    verify->result->checkpoints = verify->result->by_digests ? 0 : checkpoints;
    uint32_t count = verify->result->checkpoints + 1;
    count = jobs <= count ? jobs : count;
    struct share *shares = alloc_zeroed(count, sizeof *shares);
    verify->shares = shares;
    verify->share_count = count;
    atomic_store(&verify->first_parted, UINT32_MAX);
    cut(verify, shares, count, from);
    emu_progress_init(&verify->progress, verify->options->progress, verify->result->from_ns,
                      verify->result->to_ns);
    for (uint32_t i = 0; i < count; i++) {
        shares[i].verify = verify;
        shares[i].number = i;
        shares[i].jobs = jobs / count;
        shares[i].started =
            i > 0 && pthread_create(&shares[i].thread, NULL, share_main, &shares[i]) == 0;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (shares[i].started) {
            pthread_join(shares[i].thread, NULL);
        } else {
            share_run(&shares[i]); /* ours, and what the host had no thread for */
        }
    }
    emu_progress_done(&verify->progress);
    enum status status = STATUS_OK;
    struct emu_verify_result *result = verify->result;
    for (uint32_t i = 0; i < count && !status && result->outcome == EMU_VERIFY_SAME; i++) {
        if (shares[i].status) {
            status = shares[i].status;
            *error = shares[i].error;
        } else if (shares[i].parting.found) {
            const struct emu_locate_options locate = {
                .directory = verify->folder.path,
                .scenario = verify->scenario,
                .engine = verify->engine,
                .recorded_with = verify->options->recorded_with,
                .memory_limit_bytes = verify->options->memory_limit_bytes,
            };
            result->outcome = EMU_VERIFY_DIFFERENT;
            result->to_ns = verify->entries[shares[i].parting.good].time_ns;
            status = emu_locate(&locate, &shares[i].parting, result->text, error);
        } else if (shares[i].stopped) {
            result->outcome = EMU_VERIFY_INTERRUPTED;
        }
    }
    free(shares);
    return status;
}

/* --- all of it -------------------------------------------------------------------------------- */

static enum status begin(struct verify *verify, size_t *from, struct error *error)
{
    const struct emu_verify_options *options = verify->options;
    uint64_t from_ns = 0;
    if (options->from && options->quick) {
        return error_set(error, STATUS_INVALID, NULL, 0,
                         "--from %.80s: with --quick nothing is run again; expected one of them",
                         options->from);
    }
    enum status status = emu_player_open(verify->folder.path, true, &verify->player, error);
    if (!status && options->from) {
        status = emu_player_moment(verify->player, "--from", options->from, false, &from_ns, error);
    }
    if (!status) {
        verify->entries =
            trace_recording_entries(emu_player_recording(verify->player), &verify->count);
        *from = options->from ? emu_player_place(verify->player, from_ns) : EMU_PLACE_START;
        verify->result->from_ns = verify->entries[*from].time_ns;
        verify->result->to_ns = emu_player_end_ns(verify->player);
    }
    return status;
}

/* What is to be said of a recording that is the same as far as it goes. */
static void judge_ending(struct verify *verify)
{
    const struct trace_recording *recording = emu_player_recording(verify->player);
    enum trace_recording_ending ending = trace_recording_ending(recording);
    if (verify->result->outcome != EMU_VERIFY_SAME || ending == TRACE_ENDING_WHOLE) {
        return;
    }
    verify->result->outcome = ending == TRACE_ENDING_TORN ? EMU_VERIFY_TORN : EMU_VERIFY_DAMAGED;
    snprintf(verify->result->text, sizeof verify->result->text, "%s: %s\n", TRACE_RECORDING_NAME,
             trace_recording_ending_text(recording));
}

static enum status verify_folder(struct verify *verify, struct error *error)
{
    size_t from = EMU_PLACE_START;
    bool same = false;
    struct error local = ERROR_INIT;
    enum status status = begin(verify, &from, &local);
    if (status == STATUS_TORN) { /* before there was anything to verify */
        verify->result->outcome = EMU_VERIFY_TORN;
        snprintf(verify->result->text, sizeof verify->result->text, "%s: %s\n",
                 TRACE_RECORDING_NAME, local.message);
        return STATUS_OK;
    }
    if (status) {
        return error_set(error, status, local.file, local.line, "%s", local.message);
    }
    status = files_same(verify, &same, error);
    if (!status && same) {
        status = end_read(verify, &same, error);
    }
    if (!status && !same) {
        verify->result->outcome = EMU_VERIFY_DIFFERENT;
        verify->result->to_ns = verify->result->from_ns;
    } else if (!status && !verify->options->quick) {
        status = emu_run_folder_scenario(&verify->folder, &verify->scenario, error);
        status = status ? status : run_shares(verify, from, error);
    } else if (!status) {
        for (size_t i = 0; i < verify->count; i++) {
            verify->result->checkpoints += emu_place_is_checkpoint(&verify->entries[i]);
        }
    }
    if (!status) {
        judge_ending(verify);
    }
    return status;
}

enum status emu_verify(const struct emu_verify_options *options, struct emu_verify_result *result,
                       struct error *error)
{
    struct error local = ERROR_INIT;
    struct verify verify = {
        .options = options,
        .result = result,
        .engine = options->engine ? options->engine : vcpu_engines()[0],
        .telling = ATOMIC_FLAG_INIT,
    };
    ARITHMETIC_NEUTRAL();
    error = error ? error : &local;
    memset(result, 0, sizeof *result);
    enum status status = emu_run_folder_open(&verify.folder, options->path, error);
    status = status ? status : verify_folder(&verify, error);
    scn_scenario_destroy(verify.scenario);
    emu_player_close(verify.player);
    emu_run_folder_rename(&verify.folder, result->text, sizeof result->text);
    emu_run_folder_close(&verify.folder, error);
    return status;
}
