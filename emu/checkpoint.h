/*
 * Between snapshots in memory and checkpoints in a recording: what a snapshot changed against the
 * one before, encoded; and a state built up again from such records.
 *
 * Nothing that is read is trusted: places are checked against the world that they are for, and the
 * codec's walk checks the rest when a snapshot is restored.
 */
#ifndef DENALI_EMU_CHECKPOINT_H
#define DENALI_EMU_CHECKPOINT_H

#include <traces/checkpoint.h>

#include "fork.h"

/*
 * What is different in `now` since `before` (NULL: since the machines had nothing but their images
 * and disks). Reads only what never changes of the world, so any thread may do it while it runs.
 * The bytes are the encoder's, valid until it is used again.
 */
const uint8_t *emu_checkpoint_encode(struct trace_checkpoint_encoder *encoder,
                                     const struct emu_world *world,
                                     const struct emu_snapshot *before,
                                     const struct emu_snapshot *now, size_t *size_bytes);

/* What a page of memory, or a block of a disk, held at first; NULL: zeros. The place is one that
 * the world has. */
const uint8_t *emu_place_first(const struct emu_world *world, const struct trace_place *place);

/* A state being built up. Holds frames of the world's arena: destroy it before the world. */
struct emu_rebuild;

struct emu_rebuild *emu_rebuild_create(struct emu_world *world);
void emu_rebuild_destroy(struct emu_rebuild *rebuild);
/* Forgets all; the next record has to be a full one. */
void emu_rebuild_clear(struct emu_rebuild *rebuild);
/* Takes in a checkpoint's content. STATUS_CORRUPT if it cannot be one of this world; *full: it was
 * against nothing. After an error only fit to be cleared. */
enum status emu_rebuild_apply(struct emu_rebuild *rebuild, const uint8_t *bytes, size_t size_bytes,
                              struct error *error) MUST_USE;
/* The state as a snapshot of the world. */
struct emu_snapshot *emu_rebuild_snapshot(struct emu_rebuild *rebuild, uint64_t time_ns);

#endif
