/* Blocks that were written to disks; see store.h. */
#include "store.h"

#include <stdlib.h>
#include <string.h>

#include <base/alloc.h>
#include <base/assert.h>
#include <base/hash.h>
#include <vcpu/memory.h>

#include "disk.h"

#define BLOCK_BYTES ABI_DISK_BLOCK_BYTES

_Static_assert(BLOCK_BYTES == VCPU_PAGE_BYTES, "a block is kept in a frame");

static const struct emu_disk *disk_at(const struct emu_store *store, uint32_t disk)
{
    ASSERT(disk < store->set->count);
    return &store->set->disks[disk];
}

/* The frame that holds a block at first. */
static uint32_t first_frame(const struct emu_disk *disk, uint64_t block)
{
    const struct emu_disk_content *content = disk->content;
    return content && block < content->block_count ? content->frames[block] : VCPU_FRAME_ZERO;
}

/* The frame of a block that was written; VCPU_FRAME_NONE: it was not. */
static uint32_t written_frame(const struct emu_store *store, uint32_t disk, uint64_t block)
{
    const struct emu_overlay *overlay = *store->overlay;
    return overlay ? emu_block_map_find(&overlay->maps[disk], block) : VCPU_FRAME_NONE;
}

const uint8_t *emu_store_read(const struct emu_store *store, uint32_t disk, uint64_t block)
{
    const struct emu_disk *described = disk_at(store, disk);
    ASSERT(block < described->block_count);
    uint32_t frame = written_frame(store, disk, block);
    return vcpu_frame_bytes(store->arena,
                            frame != VCPU_FRAME_NONE ? frame : first_frame(described, block));
}

/* Gives the store a block of its own, in place of the one that it has or of what the disk held. */
static void overlay_set(const struct emu_store *store, uint32_t disk, uint64_t block,
                        uint32_t frame)
{
    struct emu_overlay *overlay = *store->overlay;
    if (!overlay) {
        uint32_t count = store->set->count;
        overlay = alloc_zeroed(1, sizeof *overlay + count * sizeof overlay->maps[0]);
        overlay->disk_count = count;
        *store->overlay = overlay;
    }
    emu_blocks_release(overlay->snapshot);
    overlay->snapshot = NULL;
    uint64_t block_count = disk_at(store, disk)->block_count;
    uint32_t *slot = emu_block_map_slot(&overlay->maps[disk], block_count, block);
    overlay->blocks_private += *slot == VCPU_FRAME_NONE;
    *slot = frame;
}

bool emu_store_write(const struct emu_store *store, uint32_t disk, uint64_t block,
                     const uint8_t *bytes, uint64_t blocks_max)
{
    const struct emu_disk *described = disk_at(store, disk);
    ASSERT(!described->read_only && block < described->block_count);
    struct vcpu_arena *arena = store->arena;
    uint32_t held = written_frame(store, disk, block);
    uint32_t frame = held;
    if (!held || vcpu_frame_state(arena, held) != VCPU_FRAME_PRIVATE) {
        bool room = held || emu_overlay_blocks(*store->overlay) < blocks_max;
        frame = room ? vcpu_frame_take(arena, VCPU_FRAME_PRIVATE) : VCPU_FRAME_NONE;
        if (frame == VCPU_FRAME_NONE) {
            return false;
        }
        overlay_set(store, disk, block, frame);
        vcpu_frame_release(arena, held); /* a snapshot has it still */
    }
    memcpy(vcpu_frame_bytes(arena, frame), bytes, BLOCK_BYTES);
    return true;
}

uint64_t emu_store_next(const struct emu_store *store, uint32_t disk, uint64_t from,
                        const void **bytes)
{
    const struct emu_disk_content *content = disk_at(store, disk)->content;
    const struct emu_overlay *overlay = *store->overlay;
    uint64_t written = overlay ? emu_block_map_next(&overlay->maps[disk], from) : EMU_BLOCK_END;
    uint64_t next = written;
    for (uint64_t given = from; content && given < content->block_count && given < written;
         given++) {
        if (content->frames[given] != VCPU_FRAME_ZERO) {
            next = given;
            break;
        }
    }
    if (next != EMU_BLOCK_END) {
        *bytes = emu_store_read(store, disk, next);
    }
    return next;
}

/* --- as it was -------------------------------------------------------------------------------- */

struct emu_blocks *emu_blocks_create(struct vcpu_arena *arena, const struct emu_block *blocks,
                                     size_t count)
{
    struct emu_blocks *made = alloc_zeroed(1, sizeof *made + count * sizeof *blocks);
    made->arena = arena;
    made->references = 1;
    made->count = count;
    if (count) {
        memcpy(made->blocks, blocks, count * sizeof *blocks);
    }
    return made;
}

uint64_t emu_blocks_table_bytes(const struct emu_blocks *blocks)
{
    return blocks ? sizeof *blocks + blocks->count * sizeof *blocks->blocks : 0;
}

void emu_blocks_release(struct emu_blocks *blocks)
{
    if (!blocks || __atomic_fetch_sub(&blocks->references, 1, __ATOMIC_ACQ_REL) > 1) {
        return;
    }
    for (size_t i = 0; i < blocks->count; i++) {
        vcpu_frame_release(blocks->arena, blocks->blocks[i].frame);
    }
    free(blocks);
}

static void clear(const struct emu_store *store)
{
    emu_overlay_destroy(*store->overlay, store->arena);
    *store->overlay = NULL;
}

struct emu_blocks *emu_store_snapshot(const struct emu_store *store)
{
    struct emu_overlay *overlay = *store->overlay;
    if (!overlay) {
        return NULL;
    }
    if (!overlay->snapshot) {
        struct emu_block *all = alloc_zeroed(overlay->blocks_private + 1, sizeof *all);
        size_t count = 0;
        for (uint32_t disk = 0; disk < overlay->disk_count; disk++) {
            struct emu_block_map *map = &overlay->maps[disk];
            uint64_t block = emu_block_map_next(map, 0);
            for (; block != EMU_BLOCK_END; block = emu_block_map_next(map, block + 1)) {
                uint32_t frame = emu_block_map_find(map, block);
                vcpu_frame_share(store->arena, frame);
                vcpu_frame_retain(store->arena, frame);
                all[count++] = (struct emu_block){block, disk, frame};
            }
        }
        overlay->snapshot = emu_blocks_create(store->arena, all, count);
        free(all);
    }
    __atomic_fetch_add(&overlay->snapshot->references, 1, __ATOMIC_RELAXED);
    return overlay->snapshot;
}

void emu_store_restore(const struct emu_store *store, const struct emu_blocks *blocks)
{
    if (*store->overlay && blocks && (*store->overlay)->snapshot == blocks) {
        return;
    }
    clear(store);
    for (size_t i = 0; blocks && i < blocks->count; i++) {
        const struct emu_block *block = &blocks->blocks[i];
        vcpu_frame_retain(store->arena, block->frame);
        overlay_set(store, block->disk, block->number, block->frame);
    }
}

/* --- an overlay ------------------------------------------------------------------------------- */

uint64_t emu_overlay_blocks(const struct emu_overlay *overlay)
{
    return overlay ? overlay->blocks_private : 0;
}

uint64_t emu_overlay_table_bytes(const struct emu_overlay *overlay)
{
    if (!overlay) {
        return 0;
    }
    uint64_t bytes = sizeof *overlay + overlay->disk_count * sizeof overlay->maps[0];
    for (uint32_t disk = 0; disk < overlay->disk_count; disk++) {
        bytes += emu_block_map_bytes(&overlay->maps[disk]);
    }
    return bytes;
}

void emu_overlay_destroy(struct emu_overlay *overlay, struct vcpu_arena *arena)
{
    if (!overlay) {
        return;
    }
    for (uint32_t disk = 0; disk < overlay->disk_count; disk++) {
        struct emu_block_map *map = &overlay->maps[disk];
        uint64_t block = emu_block_map_next(map, 0);
        for (; block != EMU_BLOCK_END; block = emu_block_map_next(map, block + 1)) {
            vcpu_frame_release(arena, emu_block_map_find(map, block));
        }
        emu_block_map_fini(map);
    }
    emu_blocks_release(overlay->snapshot);
    free(overlay);
}

/* --- saved ------------------------------------------------------------------------------------ */

void emu_store_save(const struct emu_store *store, struct writer *writer)
{
    for (uint32_t disk = 0; disk < store->set->count; disk++) {
        static const struct emu_block_map none;
        const struct emu_overlay *overlay = *store->overlay;
        const struct emu_block_map *map = overlay ? &overlay->maps[disk] : &none;
        uint64_t block = emu_block_map_next(map, 0);
        for (; block != EMU_BLOCK_END; block = emu_block_map_next(map, block + 1)) {
            const uint8_t *bytes = emu_store_read(store, disk, block);
            uint32_t first = first_frame(disk_at(store, disk), block);
            if (!writer->hash_only) {
                write_u64(writer, block);
                write_bytes(writer, bytes, BLOCK_BYTES);
            } else if (memcmp(bytes, vcpu_frame_bytes(store->arena, first), BLOCK_BYTES) != 0) {
                write_u64(writer, block);
                write_u64(writer, hash_bytes(bytes, BLOCK_BYTES));
            }
        }
        write_u64(writer, EMU_BLOCK_END);
    }
}

void emu_store_load(const struct emu_store *store, uint64_t blocks_max, struct reader *reader)
{
    clear(store);
    for (uint32_t disk = 0; disk < store->set->count; disk++) {
        const struct emu_disk *described = disk_at(store, disk);
        uint64_t least = 0;
        for (;;) {
            uint64_t block = read_u64(reader);
            if (reader->failed || block == EMU_BLOCK_END) {
                break;
            }
            const uint8_t *bytes = read_view(reader, BLOCK_BYTES);
            if (!bytes || described->read_only || block < least ||
                block >= described->block_count ||
                !emu_store_write(store, disk, block, bytes, blocks_max)) {
                reader_fail(reader);
                return;
            }
            least = block + 1;
        }
    }
}
