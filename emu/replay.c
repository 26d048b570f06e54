/* Plays a stretch of a recorded run. */
#include "replay.h"

enum status emu_replay_open(struct emu_replay *replay, const char *given, const char *from,
                            const char *to, struct scn_scenario **scenario, struct error *error)
{
    enum status status = emu_run_folder_open(&replay->folder, given, error);
    if (!status) {
        status = emu_run_folder_load(&replay->folder, &replay->player, scenario, error);
    }
    if (!status) {
        emu_player_forgive(replay->player);
        replay->to_ns = emu_player_end_ns(replay->player);
    }
    if (!status && !replay->to_ns) {
        status = emu_run_folder_empty(&replay->folder, replay->player, error);
    }
    if (!status && from) {
        status = emu_player_moment(replay->player, "--from", from, true, &replay->from_ns, error);
    }
    if (!status && to) {
        status = emu_player_moment(replay->player, "--to", to, false, &replay->to_ns, error);
    }
    if (!status && replay->from_ns >= replay->to_ns) {
        status = error_set(error, STATUS_INVALID, NULL, 0,
                           "a replay from %.80s to %.80s has no length; expected --from before "
                           "--to",
                           from ? from : "0s", to ? to : "the end of what was recorded");
    }
    return status;
}

void emu_replay_close(struct emu_replay *replay, struct error *error)
{
    emu_player_close(replay->player);
    replay->player = NULL;
    emu_run_folder_close(&replay->folder, error);
}

enum status emu_replay_begin(struct emu_replay *replay, struct emu_world *world, bool *stopped,
                             struct error *error)
{
    size_t nearest = emu_player_place(replay->player, replay->from_ns);
    size_t place = emu_player_whole(replay->player, world, nearest);
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
    return status ? status
                  : emu_run_folder_parted(&replay->folder, replay->player, &parting, error);
}
