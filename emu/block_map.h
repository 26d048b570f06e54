/*
 * A sparse table from block numbers to frames: the blocks that a node wrote to one disk.
 *
 * A tree of 64-way nodes as high as the disk's size asks for: a walk of at most five steps whatever
 * a guest writes, in block order without sorting, and with nothing that a guest could make collide.
 * A block that lies alone costs the nodes above it (2.3 KiB on the largest disk), one among
 * neighbours a few bytes. It knows numbers only; what a frame is, is the caller's.
 */
#ifndef DENALI_EMU_BLOCK_MAP_H
#define DENALI_EMU_BLOCK_MAP_H

#include <stdint.h>

#define EMU_BLOCK_END UINT64_MAX

/* Zero-initialised it is empty; block numbers lie below block_count of emu_block_map_slot. */
struct emu_block_map {
    void *root;
    uint32_t levels;
};

/* The frame of a block, 0 if it has none. */
uint32_t emu_block_map_find(const struct emu_block_map *map, uint64_t block);

/* Where the frame of a block is kept, made if there is no place yet. block_count is the disk's and
 * always the same. */
uint32_t *emu_block_map_slot(struct emu_block_map *map, uint64_t block_count, uint64_t block);

/* The first block from `from` on that has a frame; EMU_BLOCK_END if none has. */
uint64_t emu_block_map_next(const struct emu_block_map *map, uint64_t from);

/* Host bytes of the tree's nodes. */
uint64_t emu_block_map_bytes(const struct emu_block_map *map);

/* Frees the tree, not the frames. */
void emu_block_map_fini(struct emu_block_map *map);

#endif
