/*
 * A recorded run as somebody names it: its directory, or a bundle of it, which is unpacked where
 * temporary files go (TMPDIR) and removed again. Whoever reads a recorded run comes in here, so
 * that a file that is not what the run was made of is found before anything is told of it.
 */
#ifndef DENALI_EMU_RUN_FOLDER_H
#define DENALI_EMU_RUN_FOLDER_H

#include <emu/record.h>
#include <scenarios/scenario.h>

#include "player.h"

/* Zero-initialise. */
struct emu_run_folder {
    const char *given; /* as named; outlives it */
    char *path;        /* of the directory */
    bool unpacked;     /* it is ours */
};

enum status emu_run_folder_open(struct emu_run_folder *folder, const char *given,
                                struct error *error) MUST_USE;
/* Of one that was not opened too. The error, or NULL, is renamed as below. */
void emu_run_folder_close(struct emu_run_folder *folder, struct error *error);

/* Names the bundle and the path inside where the text names a file of an unpacked one, which is
 * removed when it is closed; what does not fit is cut off. */
void emu_run_folder_rename(const struct emu_run_folder *folder, char *text, size_t text_bytes);

/* Opens its recording and loads its scenario. STATUS_CORRUPT if a file is not what it was when the
 * run was recorded: the message has its path, and what was expected and found. */
enum status emu_run_folder_load(const struct emu_run_folder *folder, struct emu_player **player,
                                struct scn_scenario **scenario, struct error *error) MUST_USE;
enum status emu_run_folder_scenario(const struct emu_run_folder *folder,
                                    struct scn_scenario **scenario, struct error *error) MUST_USE;

/* Says that the recording ends before the run did, where, and by what, or that its index is not
 * good; "" of one that is whole. */
void emu_run_folder_torn(const struct emu_run_folder *folder, const struct emu_player *player,
                         char text[EMU_TORN_TEXT_MAX]);

/* STATUS_INVALID: nothing but the run's start was recorded, so that there is nothing to look at. */
enum status emu_run_folder_empty(const struct emu_run_folder *folder,
                                 const struct emu_player *player, struct error *error) MUST_USE;

/* Says what damaged records were passed over (emu_player_damage); "" if there were none. */
void emu_run_folder_damage(const struct emu_run_folder *folder, const struct emu_player *player,
                           char text[EMU_TORN_TEXT_MAX]);

/* STATUS_CORRUPT, with the moments between which it is, if the run was found to come to something
 * else than was recorded. */
enum status emu_run_folder_parted(const struct emu_run_folder *folder,
                                  const struct emu_player *player,
                                  const struct emu_parting *parting, struct error *error) MUST_USE;

/* Removes a directory with all that is in it; what cannot be removed stays. */
enum status emu_folder_remove(char *path, struct error *error);

/* Up to where the recording reaches. */
uint64_t emu_player_end_ns(const struct emu_player *player);
/* Is that the run's end? */
bool emu_player_complete(const struct emu_player *player);
/* The run's end as it was recorded. False if the recording does not reach it, or it is damaged. */
bool emu_player_end_read(struct emu_player *player, struct trace_end *end);
/* A moment as typed, which lies in what was recorded: not behind its end, or with `before` not at
 * it either. */
enum status emu_player_moment(const struct emu_player *player, const char *option, const char *text,
                              bool before, uint64_t *time_ns, struct error *error) MUST_USE;

#endif
