/* The tree of a disk's private blocks; see block_map.h. */
#include "block_map.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <base/alloc.h>
#include <base/assert.h>

#define FANOUT_BITS 6u
#define FANOUT      (1u << FANOUT_BITS)

struct branch {
    void *children[FANOUT]; /* branches, or on the last level leaves; NULL: nothing below */
};

struct leaf {
    uint32_t frames[FANOUT];
};

/* Which child of a node `levels` above the frames a block is under. */
static uint32_t child_index(uint64_t block, uint32_t levels)
{
    return (uint32_t)(block >> FANOUT_BITS * (levels - 1)) & (FANOUT - 1);
}

static uint32_t levels_for(uint64_t block_count)
{
    uint32_t levels = 1;
    while (levels * FANOUT_BITS < 64 && block_count > (uint64_t)1 << levels * FANOUT_BITS) {
        levels++;
    }
    return levels;
}

uint32_t emu_block_map_find(const struct emu_block_map *map, uint64_t block)
{
    const void *node = map->root;
    for (uint32_t levels = map->levels; node && levels > 1; levels--) {
        node = ((const struct branch *)node)->children[child_index(block, levels)];
    }
    return node ? ((const struct leaf *)node)->frames[child_index(block, 1)] : 0;
}

uint32_t *emu_block_map_slot(struct emu_block_map *map, uint64_t block_count, uint64_t block)
{
    ASSERT(block < block_count);
    if (!map->levels) {
        map->levels = levels_for(block_count);
    }
    void **place = &map->root;
    for (uint32_t levels = map->levels; levels > 1; levels--) {
        if (!*place) {
            *place = alloc_zeroed(1, sizeof(struct branch));
        }
        place = &((struct branch *)*place)->children[child_index(block, levels)];
    }
    if (!*place) {
        *place = alloc_zeroed(1, sizeof(struct leaf));
    }
    return &((struct leaf *)*place)->frames[child_index(block, 1)];
}

/* The same below a node whose first block is `first`. */
static uint64_t next_below(const void *node, uint32_t levels, uint64_t first, uint64_t from)
{
    if (!node) {
        return EMU_BLOCK_END;
    }
    uint32_t start = from > first ? child_index(from, levels) : 0;
    for (uint32_t i = start; i < FANOUT; i++) {
        uint64_t block = first + ((uint64_t)i << FANOUT_BITS * (levels - 1));
        if (levels > 1) {
            block = next_below(((const struct branch *)node)->children[i], levels - 1, block, from);
        } else if (!((const struct leaf *)node)->frames[i]) {
            block = EMU_BLOCK_END;
        }
        if (block != EMU_BLOCK_END) {
            return block;
        }
    }
    return EMU_BLOCK_END;
}

uint64_t emu_block_map_next(const struct emu_block_map *map, uint64_t from)
{
    bool past = map->levels * FANOUT_BITS < 64 && from >> map->levels * FANOUT_BITS != 0;
    return past ? EMU_BLOCK_END : next_below(map->root, map->levels, 0, from);
}

static uint64_t bytes_below(const void *node, uint32_t levels)
{
    if (!node) {
        return 0;
    }
    if (levels == 1) {
        return sizeof(struct leaf);
    }
    uint64_t bytes = sizeof(struct branch);
    for (uint32_t i = 0; i < FANOUT; i++) {
        bytes += bytes_below(((const struct branch *)node)->children[i], levels - 1);
    }
    return bytes;
}

uint64_t emu_block_map_bytes(const struct emu_block_map *map)
{
    return bytes_below(map->root, map->levels);
}

static void free_below(void *node, uint32_t levels)
{
    for (uint32_t i = 0; node && levels > 1 && i < FANOUT; i++) {
        free_below(((struct branch *)node)->children[i], levels - 1);
    }
    free(node);
}

void emu_block_map_fini(struct emu_block_map *map)
{
    free_below(map->root, map->levels);
    memset(map, 0, sizeof *map);
}
