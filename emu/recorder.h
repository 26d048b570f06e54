/*
 * Records a run as it goes: digests at intervals, checkpoints, and whatever reaches the world from
 * outside, into a recording (traces/recording.h).
 *
 *     emu_recorder_create(world, ...)                   before the world has run
 *     emu_world_run(world, emu_recorder_next_ns(...))   and no further at a time
 *     emu_recorder_mark(recorder, ...)                  after each
 *     emu_recorder_end(...) or emu_recorder_abandon(...)
 *
 * The thread that runs the world only takes what is to be written: chains, and a snapshot in memory
 * for a checkpoint. A thread of its own encodes and writes, behind the run by at most two
 * checkpoints, in the order of virtual time. Nothing of it shows to a guest or in a digest.
 */
#ifndef DENALI_EMU_RECORDER_H
#define DENALI_EMU_RECORDER_H

#include <traces/recording.h>

#include "world_internal.h"

#define EMU_RECORD_INTERVAL_NS   1000000000ull /* between two records of digests, by default */
#define EMU_RECORD_CHECKPOINT_NS 5000000000ull /* and between two checkpoints */

/* Kinds of input in a recording; numbers are part of the format: append only. */
enum emu_input_kind {
    EMU_INPUT_TYPED = 1,    /* bytes: typed on the console */
    EMU_INPUT_END = 2,      /* nothing more will be typed */
    EMU_INPUT_POKE = 3,     /* a: address, b: the byte that it now holds */
    EMU_INPUT_REGISTER = 4, /* a: enum vcpu_register, b: its value */
    EMU_INPUT_CUT = 5,      /* the node's link */
    EMU_INPUT_DROP = 6,     /* a: how many of the next frames for it are lost */
    EMU_INPUT_SEED = 7,     /* of the entropy of all nodes: a, and b for its upper half */
};

struct emu_recorder;

struct emu_recorder_options {
    const char *directory;          /* of the run */
    const struct trace_file *files; /* what the run depends on */
    uint32_t file_count;
    uint64_t interval_ns;   /* 0: the default */
    uint64_t checkpoint_ns; /* 0: none */
};

enum status emu_recorder_create(struct emu_world *world, const struct emu_recorder_options *options,
                                struct emu_recorder **recorder, struct error *error) MUST_USE;

/* How far the world may run before the next mark; TIME_NEVER if nothing is left that happens. */
uint64_t emu_recorder_next_ns(struct emu_recorder *recorder);
/* The world has run up to its present time. A failure of the writing thread is told here. */
enum status emu_recorder_mark(struct emu_recorder *recorder, struct error *error) MUST_USE;
/* The run came to its end with this digest. Frees recorder, whatever the outcome. */
enum status emu_recorder_end(struct emu_recorder *recorder, uint64_t digest,
                             struct error *error) MUST_USE;
/* The run ended otherwise: what was recorded stays. Frees recorder; takes NULL. */
void emu_recorder_abandon(struct emu_recorder *recorder);

/* Something from outside reaches a node now; for the world's own functions. */
void emu_recorder_input(struct emu_recorder *recorder, const struct trace_input *input);

#endif
