/* A recorded run as one file. */
#include <emu/bundle.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <base/alloc.h>
#include <emu/verify.h>
#include <traces/bundle.h>

#include "player.h"

/* Beside what the recording names. */
static const char *const more[] = {TRACE_RECORDING_NAME, "summary.json", "metrics.csv", "nodes.csv",
                                   "events.log"};
#define MORE_COUNT (sizeof more / sizeof *more)

static enum status look(const char *directory, struct error *error)
{
    const struct emu_verify_options options = {.path = directory, .quick = true};
    struct emu_verify_result result;
    enum status status = emu_verify(&options, &result, error);
    if (!status && result.outcome != EMU_VERIFY_SAME && result.outcome != EMU_VERIFY_TORN) {
        status = error_set(error, STATUS_CORRUPT, directory, 0, "cannot be bundled: %.400s",
                           result.text);
    }
    return status;
}

enum status emu_bundle(const char *directory, const char *out, struct error *error)
{
    struct emu_player *player = NULL;
    enum status status = look(directory, error);
    status = status ? status : emu_player_open(directory, false, &player, error);
    if (status) {
        return status;
    }
    const struct trace_head *head = emu_player_head(player);
    const char **paths = alloc_zeroed(head->file_count + MORE_COUNT, sizeof *paths);
    uint32_t count = 0;
    for (; count < head->file_count; count++) {
        paths[count] = head->files[count].path;
    }
    for (size_t i = 0; i < MORE_COUNT; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", directory, more[i]);
        if (access(path, F_OK) == 0) {
            paths[count++] = more[i];
        }
    }
    status = trace_bundle_write(directory, paths, count, out, error);
    free(paths);
    emu_player_close(player);
    return status;
}
