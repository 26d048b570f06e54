/* Opens a recorded run for a debugger. */
#include "recorded.h"

#include <stdio.h>
#include <stdlib.h>

#include <base/alloc.h>

/* What came from outside cannot be done without: the run is known up to the first of it that is
 * damaged. */
static enum status end_before_damage(struct emu_recorded *recorded, struct error *error)
{
    size_t count;
    struct emu_player *player = recorded->replay.player;
    const struct trace_entry *entries =
        trace_recording_entries(emu_player_recording(player), &count);
    size_t damaged = emu_player_input_damaged(player);
    if (damaged == count) {
        return STATUS_OK;
    }
    uint64_t time_ns = entries[damaged].time_ns;
    if (time_ns == 0) {
        return emu_player_inputs_look(player, 0, error);
    }
    char name[EMU_RECORD_NAME_MAX];
    emu_player_record_name(player, damaged, name);
    recorded->replay.to_ns = time_ns - 1;
    snprintf(recorded->damaged, sizeof recorded->damaged,
             "%.200s: the recording is damaged: %s; up to there it can be debugged",
             recorded->given, name);
    return STATUS_OK;
}

static void recorded_close(struct emu_recorded *recorded, struct error *error)
{
    emu_replay_close(&recorded->replay, error);
    free(recorded->given);
    free(recorded);
}

enum status emu_recorded_open(const char *path, struct emu_recorded **result,
                              struct scn_scenario **scenario, struct error *error)
{
    struct emu_recorded *recorded = alloc_zeroed(1, sizeof *recorded);
    recorded->given = alloc_text(path);
    *scenario = NULL;
    enum status status =
        emu_replay_open(&recorded->replay, recorded->given, NULL, NULL, scenario, error);
    status = status ? status : end_before_damage(recorded, error);
    if (status) {
        scn_scenario_destroy(*scenario);
        *scenario = NULL;
        recorded_close(recorded, error);
        return status;
    }
    *result = recorded;
    return STATUS_OK;
}

void emu_recorded_close(struct emu_recorded *recorded)
{
    if (recorded) {
        recorded_close(recorded, NULL);
    }
}

uint64_t emu_recorded_end_ns(const struct emu_recorded *recorded)
{
    return recorded->replay.to_ns;
}

void emu_recorded_torn(const struct emu_recorded *recorded, char text[EMU_TORN_TEXT_MAX])
{
    if (recorded->damaged[0]) {
        snprintf(text, EMU_TORN_TEXT_MAX, "%s", recorded->damaged);
    } else {
        emu_run_folder_torn(&recorded->replay.folder, recorded->replay.player, text);
    }
}
