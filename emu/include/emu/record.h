/*
 * Recording a world of one's own: what `denali run --record` does to the run's. The recording
 * (docs/trace.md) holds digests at intervals, checkpoints, and whatever reaches the world from
 * outside: what is typed on its consoles, and what is changed in it by the functions of
 * emu/world.h.
 *
 *     emu_recorder_create(world, ...)                   before the world has run
 *     emu_world_run(world, emu_recorder_next_ns(...))   and no further at a time
 *     emu_recorder_mark(recorder, ...)                  after each that came so far
 *     emu_recorder_end(...) or emu_recorder_abandon(...), before the world is destroyed
 *
 * The directory is a run's: it holds the scenario as scenario.yaml, with what it names, for
 * emu_verify and replays to find.
 *
 * The thread that runs the world only takes what is to be written: chains, and a snapshot in memory
 * for a checkpoint. A thread of its own encodes and writes, behind the run by at most two
 * checkpoints, in the order of virtual time. Nothing of it shows to a guest or in a digest.
 */
#ifndef DENALI_EMU_RECORD_H
#define DENALI_EMU_RECORD_H

#include <stdint.h>

#include <base/public.h>
#include <base/status.h>
#include <emu/world.h>

DENALI_API_BEGIN

#define EMU_RECORD_INTERVAL_NS   1000000000ull /* between two records of digests, by default */
#define EMU_RECORD_CHECKPOINT_NS 5000000000ull /* and between two checkpoints */

/* Room for what is said by whoever reads a recording that ends before the run did, or is damaged.
 */
#define EMU_TORN_TEXT_MAX 512u

struct emu_recorder;

struct emu_recorder_options {
    const char *directory;    /* of the run; trace/recording is made in it */
    const char *const *files; /* what the run depends on, relative to it: "scenario.yaml", ... */
    uint32_t file_count;
    uint64_t interval_ns;   /* 0: the default */
    uint64_t checkpoint_ns; /* 0: none */
};

enum status emu_recorder_create(struct emu_world *world, const struct emu_recorder_options *options,
                                struct emu_recorder **recorder, struct error *error) MUST_USE;

/* How far the world may run before the next mark; UINT64_MAX if nothing is left that happens. */
uint64_t emu_recorder_next_ns(struct emu_recorder *recorder);
/* The world has run up to its present time. A failure of the writing thread is told here. */
enum status emu_recorder_mark(struct emu_recorder *recorder, struct error *error) MUST_USE;
/* The run came to its end, with emu_world_digest. Frees recorder, whatever the outcome. */
enum status emu_recorder_end(struct emu_recorder *recorder, uint64_t digest,
                             struct error *error) MUST_USE;
/* The run ended otherwise: what was recorded stays. Frees recorder; takes NULL. */
void emu_recorder_abandon(struct emu_recorder *recorder);

DENALI_API_END

#endif
