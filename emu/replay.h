/* The part of a run that is played from a recording: from where, up to where, and in what words it
 * is said that it comes to something else. */
#ifndef DENALI_EMU_REPLAY_H
#define DENALI_EMU_REPLAY_H

#include "run_folder.h"

/* Zero-initialise. */
struct emu_replay {
    struct emu_run_folder folder;
    struct emu_player *player; /* NULL: nothing is replayed */
    uint64_t from_ns;
    uint64_t to_ns; /* of the recording, at most */
    bool forked;    /* from here on the run is another: nothing is compared any more */
};

/* Opens a recorded run, a directory or a bundle, and its scenario, which is the caller's; from and
 * to as typed, NULL: its start and its end. Closed whatever the outcome. */
enum status emu_replay_open(struct emu_replay *replay, const char *given, const char *from,
                            const char *to, struct scn_scenario **scenario,
                            struct error *error) MUST_USE;
/* As emu_run_folder_close; error may be NULL. */
void emu_replay_close(struct emu_replay *replay, struct error *error);

/* Brings the world to the replay's beginning, from the nearest checkpoint that is not damaged. */
enum status emu_replay_begin(struct emu_replay *replay, struct emu_world *world, bool *stopped,
                             struct error *error) MUST_USE;
/* Runs on. STATUS_CORRUPT where the world comes to something else than was recorded. */
enum status emu_replay_run(struct emu_replay *replay, uint64_t until_ns, bool *stopped,
                           struct error *error) MUST_USE;
/* Likewise, and no further than the record `last`. */
enum status emu_replay_run_to(struct emu_replay *replay, uint64_t until_ns, size_t last,
                              bool *stopped, struct error *error) MUST_USE;

#endif
