/* Plays a stretch of a recorded run. */
#include "replay.h"

#include <emu/run.h>

enum status emu_replay_open(struct emu_replay *replay, const char *directory, const char *from,
                            const char *to, struct error *error)
{
    size_t count = 0;
    enum status status = emu_player_open(directory, false, &replay->player, error);
    replay->directory = directory;
    if (!status && from) {
        status = emu_moment_parse("--from", from, &replay->from_ns, error);
    }
    if (status) {
        return status;
    }
    const struct trace_entry *entries =
        trace_recording_entries(emu_player_recording(replay->player), &count);
    uint64_t last_ns = entries[count - 1].time_ns;
    replay->to_ns = last_ns;
    if (to) {
        status = emu_moment_parse("--to", to, &replay->to_ns, error);
    }
    if (!status && (replay->from_ns >= last_ns || replay->from_ns >= replay->to_ns)) {
        char at[SCN_MOMENT_TEXT_MAX];
        char end[SCN_MOMENT_TEXT_MAX];
        scn_moment_write(replay->from_ns, at);
        scn_moment_write(replay->to_ns < last_ns ? replay->to_ns : last_ns, end);
        status = error_set(error, STATUS_INVALID, NULL, 0,
                           "a replay from %s to %s has no length; expected a stretch of what was "
                           "recorded",
                           at, end);
    }
    replay->to_ns = replay->to_ns < last_ns ? replay->to_ns : last_ns;
    return status;
}

void emu_replay_close(struct emu_replay *replay)
{
    emu_player_close(replay->player);
    replay->player = NULL;
}

enum status emu_replay_begin(struct emu_replay *replay, struct emu_world *world, bool *stopped,
                             struct error *error)
{
    size_t place = emu_player_place(replay->player, replay->from_ns);
    enum status status = emu_player_enter(replay->player, world, place, error);
    *stopped = false;
    return status ? status : emu_replay_run(replay, replay->from_ns, stopped, error);
}

enum status emu_replay_run(struct emu_replay *replay, uint64_t until_ns, bool *stopped,
                           struct error *error)
{
    return emu_replay_run_to(replay, until_ns, SIZE_MAX, stopped, error);
}

enum status emu_replay_run_to(struct emu_replay *replay, uint64_t until_ns, size_t last,
                              bool *stopped, struct error *error)
{
    struct emu_parting parting = {0};
    enum status status = emu_player_run(replay->player, until_ns, last,
                                        replay->forked ? NULL : &parting, stopped, error);
    if (!status && parting.found) {
        size_t count;
        char good[SCN_MOMENT_TEXT_MAX];
        char bad[SCN_MOMENT_TEXT_MAX];
        const struct trace_entry *entries =
            trace_recording_entries(emu_player_recording(replay->player), &count);
        scn_moment_write(entries[parting.good].time_ns, good);
        scn_moment_write(entries[parting.bad].time_ns, bad);
        status = error_set(error, STATUS_CORRUPT, replay->directory, 0,
                           "between virtual time %s and %s the run comes to something else than "
                           "was recorded; `denali verify` finds where",
                           good, bad);
    }
    return status;
}
