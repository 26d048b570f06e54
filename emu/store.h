/*
 * What is written to disks, over what they hold at first: of a node to its own disks, or of whoever
 * has it to a volume.
 *
 * A block that is written is a frame of its own from then on, in the world's arena, found by the
 * owner's overlay; an owner whose disks nobody has written has none. An overlay is used by one
 * logical process alone.
 */
#ifndef DENALI_EMU_STORE_H
#define DENALI_EMU_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <base/codec.h>

#include "block_map.h"

struct emu_disk_set;
struct vcpu_arena;

/* A block that was written, and the frame that holds it. */
struct emu_block {
    uint64_t number;
    uint32_t disk;
    uint32_t frame;
};

/* What had been written at one moment, in order; nobody writes it any more. */
struct emu_blocks {
    struct vcpu_arena *arena; /* not owned */
    uint32_t references;      /* atomic */
    size_t count;
    struct emu_block blocks[];
};

/* What has been written. */
struct emu_overlay {
    uint64_t blocks_private;
    struct emu_blocks *snapshot; /* the last one, while nothing was written since */
    uint32_t disk_count;
    struct emu_block_map maps[]; /* by disk */
};

/* Disks together with their overlay, to be looked at and changed; a view, which owns nothing. */
struct emu_store {
    struct vcpu_arena *arena;
    const struct emu_disk_set *set;
    struct emu_overlay **overlay; /* the owner's; NULL there until something is written */
};

/* A block as it is now; it exists. Valid until the store is written. */
const uint8_t *emu_store_read(const struct emu_store *store, uint32_t disk, uint64_t block);
/* The disk may be written. False, and nothing written, if it would be more than blocks_max blocks
 * in all, or the host has no more memory, which ends the run. */
bool emu_store_write(const struct emu_store *store, uint32_t disk, uint64_t block,
                     const uint8_t *bytes, uint64_t blocks_max);
/* The first block from `from` on that may hold anything but zeros, and its bytes; EMU_BLOCK_END:
 * none does. */
uint64_t emu_store_next(const struct emu_store *store, uint32_t disk, uint64_t from,
                        const void **bytes);

/* What has been written, in order. In a hash, blocks that hold what they held at first do not
 * count. load replaces what there is, and fails the reader on what could not have been written. */
void emu_store_save(const struct emu_store *store, struct writer *writer);
void emu_store_load(const struct emu_store *store, uint64_t blocks_max, struct reader *reader);

/* The blocks as they are now, shared until they are written again, with a reference; NULL if none
 * was written. */
struct emu_blocks *emu_store_snapshot(const struct emu_store *store);
/* Back to those; the caller checked that the disks have such blocks. */
void emu_store_restore(const struct emu_store *store, const struct emu_blocks *blocks);
/* From blocks in order; the references of their frames, none of them private, pass over. */
struct emu_blocks *emu_blocks_create(struct vcpu_arena *arena, const struct emu_block *blocks,
                                     size_t count);
/* What the table takes, without the blocks; 0 of NULL. */
uint64_t emu_blocks_table_bytes(const struct emu_blocks *blocks);
/* Takes NULL. */
void emu_blocks_release(struct emu_blocks *blocks);

/* Gives its frames back. Takes NULL. */
void emu_overlay_destroy(struct emu_overlay *overlay, struct vcpu_arena *arena);
/* How many blocks there are, and the host's bytes for knowing where they are. Take NULL. */
uint64_t emu_overlay_blocks(const struct emu_overlay *overlay);
uint64_t emu_overlay_table_bytes(const struct emu_overlay *overlay);

#endif
