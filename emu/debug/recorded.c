/* Opens a recorded run for a debugger. */
#include "recorded.h"

#include <stdlib.h>

#include <base/alloc.h>

enum status emu_recorded_open(const char *path, struct emu_recorded **result,
                              struct scn_scenario **scenario, struct error *error)
{
    struct emu_recorded *recorded = alloc_zeroed(1, sizeof *recorded);
    recorded->given = alloc_text(path);
    *scenario = NULL;
    enum status status =
        emu_replay_open(&recorded->replay, recorded->given, NULL, NULL, scenario, error);
    if (status) {
        scn_scenario_destroy(*scenario);
        *scenario = NULL;
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
        free(recorded->given);
        free(recorded);
    }
}

uint64_t emu_recorded_end_ns(const struct emu_recorded *recorded)
{
    return recorded->replay.to_ns;
}

void emu_recorded_torn(const struct emu_recorded *recorded, char text[EMU_TORN_TEXT_MAX])
{
    emu_run_folder_torn(&recorded->replay.folder, recorded->replay.player, text);
}
