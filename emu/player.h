/*
 * Plays a recording: brings a world to any moment of the recorded run, gives it what came from
 * outside at its times, and compares what it comes to with what was recorded.
 *
 *     emu_player_open(directory, ...)
 *     emu_player_enter(player, world, place, ...)    from a checkpoint, or from the start
 *     emu_player_run(player, until_ns, ...)          any number of times
 *     emu_player_close(player)                       before the world is destroyed
 *
 * A place is the number of a record. A player is used by one thread; several may play one
 * recording, each with a world of its own.
 */
#ifndef DENALI_EMU_PLAYER_H
#define DENALI_EMU_PLAYER_H

#include <traces/recording.h>

#include "fork.h"

struct emu_player;

#define EMU_PLACE_START 0u /* before anything has happened: the head's */

/* With check every byte of the recording is checked first. */
enum status emu_player_open(const char *directory, bool check, struct emu_player **player,
                            struct error *error) MUST_USE;
void emu_player_close(struct emu_player *player);

const struct trace_head *emu_player_head(const struct emu_player *player);
const struct trace_recording *emu_player_recording(const struct emu_player *player);

/* Its checkpoints, and the digest at its end, are of another version of the saved state: it is
 * played from its start, and compared by the chains of nodes alone. */
bool emu_player_foreign(const struct emu_player *player);

/* Are the files that the run was made of there and as they were, by their hashes? If not, the text
 * says which is not, what was expected and found, and what to do. */
#define EMU_FILE_TEXT_MAX 512u
enum status emu_player_files_same(const struct emu_player *player, const char *directory,
                                  bool *same, char text[EMU_FILE_TEXT_MAX],
                                  struct error *error) MUST_USE;

/* A record's content, valid until the next is read. STATUS_CORRUPT, in words, if it is damaged;
 * STATUS_IO if it cannot be had. */
enum status emu_player_read(struct emu_player *player, size_t place, const uint8_t **bytes,
                            struct error *error) MUST_USE;
/* "the checkpoint at 10ms (byte 4711)" */
#define EMU_RECORD_NAME_MAX 128u
void emu_player_record_name(const struct emu_player *player, size_t place,
                            char text[EMU_RECORD_NAME_MAX]);

/* From here on what is damaged and only compared with (digests, checkpoints, the run's digest) is
 * passed over, and noted; what came from outside has to be whole. */
void emu_player_forgive(struct emu_player *player);

/* The damaged records that were noted. */
struct emu_damage {
    size_t count;
    size_t first; /* the place of the first of them in the recording */
    bool digests; /* there are digests among them */
};
const struct emu_damage *emu_player_damage(const struct emu_player *player);
/* Notes all there are, of every kind: reads the whole recording. */
void emu_player_look(struct emu_player *player);
/* The place of the first damaged record of what came from outside; the count of all if none is. */
size_t emu_player_input_damaged(struct emu_player *player);
/* Is what came from outside up to a time whole? */
enum status emu_player_inputs_look(struct emu_player *player, uint64_t until_ns,
                                   struct error *error) MUST_USE;

/* Can it be entered there: a checkpoint that it can read, or the start? */
bool emu_player_enters(const struct emu_player *player, size_t place);

/* The last checkpoint at or before a time, or EMU_PLACE_START. */
size_t emu_player_place(const struct emu_player *player, uint64_t time_ns);
bool emu_place_is_checkpoint(const struct trace_entry *entry);

/* The last place at or before that one that is entered by what is not damaged; the world, made of
 * the recorded scenario, stays as it is. From here on the player is this world's. */
size_t emu_player_whole(struct emu_player *player, struct emu_world *world, size_t place);

/* The world, made of the recorded scenario, is brought to a place; for EMU_PLACE_START it has not
 * run. From here on the player is this world's. */
enum status emu_player_enter(struct emu_player *player, struct emu_world *world, size_t place,
                             struct error *error) MUST_USE;

/* Where a run and its recording part. */
struct emu_parting {
    bool found;
    size_t good;    /* place up to which they are the same */
    size_t bad;     /* the first at which they are not */
    uint32_t node;  /* the lowest that differs; UINT32_MAX: no single one does */
    char text[512]; /* what differs, where the recording says it; "" else */
};

/*
 * Runs the world up to until_ns and up to the record `last` (SIZE_MAX: the last), whichever is
 * first. With parting it is compared on the way: chains, checkpoints, and the digest at the end; it
 * stops where they part. The sink may stop it too: *stopped.
 */
enum status emu_player_run(struct emu_player *player, uint64_t until_ns, size_t last,
                           struct emu_parting *parting, bool *stopped,
                           struct error *error) MUST_USE;

/* The last place up to which the world has run. */
size_t emu_player_now(const struct emu_player *player);
/* The caller has brought the world back to where it was at that place. */
enum status emu_player_now_set(struct emu_player *player, size_t place,
                               struct error *error) MUST_USE;

/* The first node in which two states differ, or UINT32_MAX; *same: they do not differ at all. */
uint32_t emu_snapshots_compare(const struct emu_world *world, const struct emu_snapshot *a,
                               const struct emu_snapshot *b, bool *same);

/* What differs in a node between a state and the world's present one, which is lost: "esi: recorded
 * 00000001, now 00000000". */
void emu_node_difference(struct emu_world *world, uint32_t node, const struct emu_snapshot *state,
                         const char *state_name, const char *now_name, char *text,
                         size_t text_bytes);
/* The same between two worlds of one scenario. */
void emu_node_difference_between(struct emu_world *a, struct emu_world *b, uint32_t node,
                                 const char *a_name, const char *b_name, char *text,
                                 size_t text_bytes);

#endif
