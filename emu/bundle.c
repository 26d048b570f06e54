/* A recorded run as one file. */
#include <emu/bundle.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <base/alloc.h>
#include <emu/verify.h>
#include <traces/bundle.h>
#include <traces/summary.h>

#include "run_folder.h"

/* Beside what the recording names. */
static const char *const more[] = {TRACE_RECORDING_NAME, "summary.json", "metrics.csv", "nodes.csv",
                                   "events.log"};
#define MORE_COUNT (sizeof more / sizeof *more)

static enum status look(const char *directory, struct error *error)
{
    const struct emu_verify_options options = {.path = directory, .quick = true};
    struct emu_verify_result result;
    if (trace_bundle_is(directory)) {
        return error_set(error, STATUS_INVALID, directory, 0,
                         "is a bundle already; expected the directory of a recorded run");
    }
    enum status status = emu_verify(&options, &result, error);
    if (!status && result.outcome != EMU_VERIFY_SAME && result.outcome != EMU_VERIFY_TORN) {
        result.text[strcspn(result.text, "\n")] = '\0';
        status = error_set(error, STATUS_CORRUPT, directory, 0, "cannot be bundled: %.430s",
                           result.text);
    }
    return status;
}

/* The figures are not what a run is made of: without them it is bundled all the same. */
static void look_at_summary(const char *directory, struct emu_bundle_result *result)
{
    struct trace_summary_file file;
    struct error error = ERROR_INIT;
    if (trace_summary_read(directory, &file, &error)) {
        snprintf(result->figures, sizeof result->figures,
                 "the bundle is of a run without good figures: %.200s: %.240s", error.file,
                 error.message);
    }
    trace_summary_file_fini(&file);
}

enum status emu_bundle(const char *directory, const char *out, struct emu_bundle_result *result,
                       struct error *error)
{
    struct emu_run_folder folder = {0};
    struct emu_player *player = NULL;
    struct stat made;
    *result = (struct emu_bundle_result){0};
    enum status status = look(directory, error);
    status = status ? status : emu_run_folder_open(&folder, directory, error);
    status = status ? status : emu_player_open(directory, false, &player, error);
    if (status) {
        emu_run_folder_close(&folder, error);
        return status;
    }
    const struct trace_head *head = emu_player_head(player);
    const char **paths = alloc_zeroed(head->file_count + MORE_COUNT, sizeof *paths);
    for (; result->files < head->file_count; result->files++) {
        paths[result->files] = head->files[result->files].path;
    }
    for (size_t i = 0; i < MORE_COUNT; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", directory, more[i]);
        if (access(path, F_OK) == 0) {
            paths[result->files++] = more[i];
        }
    }
    emu_run_folder_torn(&folder, player, result->torn);
    if (!result->torn[0]) {
        look_at_summary(directory, result);
    }
    status = trace_bundle_write(directory, paths, result->files, out, error);
    if (!status && stat(out, &made) == 0) {
        result->size_bytes = (uint64_t)made.st_size;
    }
    free(paths);
    emu_player_close(player);
    emu_run_folder_close(&folder, error);
    return status;
}
