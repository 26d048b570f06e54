/* Opens a recorded run for a debugger. */
#include "recorded.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <base/alloc.h>
#include <emu/run.h>

/* The world is made of files that are what the run was made of. */
static enum status check_files(const struct emu_recorded *recorded, struct error *error)
{
    char text[EMU_FILE_TEXT_MAX];
    bool same;
    enum status status =
        emu_player_files_same(recorded->replay.player, recorded->directory, &same, text, error);
    if (!status && !same) {
        status = error_set(error, STATUS_CORRUPT, recorded->directory, 0,
                           "%s; put back what was recorded with, or record the run again", text);
    }
    return status;
}

enum status emu_recorded_open(const char *directory, struct emu_recorded **result,
                              struct scn_scenario **scenario, struct error *error)
{
    char path[4096];
    struct emu_recorded *recorded = alloc_zeroed(1, sizeof *recorded);
    recorded->directory = strdup(directory);
    enum status status = emu_replay_open(&recorded->replay, directory, NULL, NULL, error);
    status = status ? status : check_files(recorded, error);
    if (!status) {
        snprintf(path, sizeof path, "%s/scenario.yaml", directory);
        const struct emu_run_options load = {.scenario_path = path};
        status = emu_run_scenario_load(&load, scenario, error);
    }
    if (status) {
        emu_recorded_close(recorded);
        return status;
    }
    *result = recorded;
    return STATUS_OK;
}

void emu_recorded_close(struct emu_recorded *recorded)
{
    if (recorded) {
        emu_replay_close(&recorded->replay);
        free(recorded->directory);
        free(recorded);
    }
}

uint64_t emu_recorded_end_ns(const struct emu_recorded *recorded)
{
    return recorded->replay.to_ns;
}

const char *emu_recorded_ending_text(const struct emu_recorded *recorded)
{
    return trace_recording_ending_text(emu_player_recording(recorded->replay.player));
}
