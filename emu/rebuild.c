/*
 * A state built up from the checkpoints of a recording, one after the other. Frames that only the
 * state being built has are changed in place; those that a snapshot took too are copied first.
 */
#include "checkpoint.h"

#include <stdlib.h>
#include <string.h>

#include <base/alloc.h>

/* Of a node's part, and of any other: far more than the devices' queues, and the ports, can have.
 */
#define NODE_PART_BYTES_MAX (4u << 20)
#define PART_BYTES_MAX      (512u << 20)

struct part {
    uint8_t *bytes;
    size_t size_bytes;
};

/* Of a node and its disks, or of a volume. */
struct owner_state {
    uint32_t *frames; /* of a node's own pages */
    uint32_t page_count;
    struct emu_block *blocks; /* in order */
    size_t block_count;
};

struct emu_rebuild {
    struct emu_world *world;
    struct part *parts;
    uint32_t part_count;
    struct owner_state *owners; /* by store */
    bool begun;                 /* a full checkpoint was taken in */
};

struct emu_rebuild *emu_rebuild_create(struct emu_world *world)
{
    struct emu_rebuild *rebuild = alloc_zeroed(1, sizeof *rebuild);
    rebuild->world = world;
    rebuild->part_count = emu_part_count(world);
    rebuild->parts = alloc_zeroed(rebuild->part_count, sizeof *rebuild->parts);
    rebuild->owners = alloc_zeroed(emu_store_count(world), sizeof *rebuild->owners);
    return rebuild;
}

void emu_rebuild_clear(struct emu_rebuild *rebuild)
{
    struct vcpu_arena *arena = rebuild->world->arena;
    for (uint32_t i = 0; i < rebuild->part_count; i++) {
        free(rebuild->parts[i].bytes);
    }
    memset(rebuild->parts, 0, rebuild->part_count * sizeof *rebuild->parts);
    uint32_t owner_count = emu_store_count(rebuild->world);
    for (uint32_t i = 0; i < owner_count; i++) {
        struct owner_state *owner = &rebuild->owners[i];
        for (uint32_t page = 0; page < owner->page_count; page++) {
            vcpu_frame_release(arena, owner->frames[page]);
        }
        for (size_t j = 0; j < owner->block_count; j++) {
            vcpu_frame_release(arena, owner->blocks[j].frame);
        }
        free(owner->frames);
        free(owner->blocks);
    }
    memset(rebuild->owners, 0, owner_count * sizeof *rebuild->owners);
    rebuild->begun = false;
}

void emu_rebuild_destroy(struct emu_rebuild *rebuild)
{
    if (rebuild) {
        emu_rebuild_clear(rebuild);
        free(rebuild->parts);
        free(rebuild->owners);
        free(rebuild);
    }
}

/* --- places ----------------------------------------------------------------------------------- */

/* Could a node have written there? */
static bool place_good(const struct emu_world *world, const struct trace_place *place)
{
    if (place->node >= emu_store_count(world)) {
        return false;
    }
    if (place->space == 0) {
        return place->node < world->node_count && place->number >= 2 &&
               place->number < world->nodes[place->node].space.size_bytes / VCPU_PAGE_BYTES;
    }
    const struct emu_disk_set *set = emu_store_set(world, place->node);
    return place->space <= set->count && !set->disks[place->space - 1].read_only &&
           place->number < set->disks[place->space - 1].block_count;
}

/* The block's index in the owner's list, or where it belongs. */
static size_t block_find(const struct owner_state *owner, const struct trace_place *place,
                         bool *found)
{
    size_t low = 0;
    size_t high = owner->block_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct emu_block *block = &owner->blocks[middle];
        bool before = block->disk + 1 < place->space ||
                      (block->disk + 1 == place->space && block->number < place->number);
        low = before ? middle + 1 : low;
        high = before ? high : middle;
    }
    *found = low < owner->block_count && owner->blocks[low].disk + 1 == place->space &&
             owner->blocks[low].number == place->number;
    return low;
}

/* Where the frame of a good place is noted; with make a new note has no frame yet, without it NULL
 * says that there is none. */
static uint32_t *frame_slot(struct emu_rebuild *rebuild, const struct trace_place *place, bool make)
{
    struct owner_state *owner = &rebuild->owners[place->node];
    if (place->space == 0) {
        uint32_t page = (uint32_t)place->number;
        if (page >= owner->page_count && make) {
            uint32_t count = (page + 8) / 8 * 8;
            owner->frames = alloc_grow(owner->frames, count, sizeof *owner->frames);
            memset(owner->frames + owner->page_count, 0,
                   (count - owner->page_count) * sizeof *owner->frames);
            owner->page_count = count;
        }
        return page < owner->page_count ? &owner->frames[page] : NULL;
    }
    bool found;
    size_t index = block_find(owner, place, &found);
    if (!found && make) {
        size_t count = owner->block_count;
        if ((count & (count - 1)) == 0) {
            owner->blocks = alloc_grow(owner->blocks, count ? count * 2 : 1, sizeof *owner->blocks);
        }
        memmove(&owner->blocks[index + 1], &owner->blocks[index],
                (count - index) * sizeof *owner->blocks);
        owner->blocks[index] = (struct emu_block){place->number, place->space - 1, VCPU_FRAME_NONE};
        owner->block_count++;
        found = true;
    }
    return found ? &owner->blocks[index].frame : NULL;
}

static void place_remove(struct emu_rebuild *rebuild, const struct trace_place *place)
{
    struct owner_state *owner = &rebuild->owners[place->node];
    uint32_t *slot = frame_slot(rebuild, place, false);
    vcpu_frame_release(rebuild->world->arena, *slot);
    *slot = VCPU_FRAME_NONE;
    if (place->space) {
        bool found;
        size_t index = block_find(owner, place, &found);
        owner->block_count--;
        memmove(&owner->blocks[index], &owner->blocks[index + 1],
                (owner->block_count - index) * sizeof *owner->blocks);
    }
}

/* --- items ------------------------------------------------------------------------------------ */

static bool apply_part(struct emu_rebuild *rebuild, const struct trace_item *item)
{
    bool of_node =
        item->part >= EMU_PART_NODES && item->part - EMU_PART_NODES < rebuild->world->node_count;
    if (item->part >= rebuild->part_count ||
        item->size_bytes > (of_node ? NODE_PART_BYTES_MAX : PART_BYTES_MAX)) {
        return false;
    }
    struct part *part = &rebuild->parts[item->part];
    if (item->size_bytes != part->size_bytes) {
        part->bytes = alloc_grow(part->bytes, item->size_bytes + 1, 1);
        if (item->size_bytes > part->size_bytes) {
            memset(part->bytes + part->size_bytes, 0, item->size_bytes - part->size_bytes);
        }
        part->size_bytes = item->size_bytes;
    }
    trace_lines_apply(&item->lines, part->bytes, part->size_bytes);
    return true;
}

/* Gives the place a frame that only this state has, holding `bytes` (NULL: zeros). */
static uint8_t *frame_fresh(struct emu_rebuild *rebuild, const struct trace_place *place,
                            const uint8_t *bytes)
{
    struct vcpu_arena *arena = rebuild->world->arena;
    uint32_t frame = vcpu_frame_take(arena, VCPU_FRAME_PRIVATE);
    if (frame == VCPU_FRAME_NONE) {
        return NULL;
    }
    if (bytes) {
        memcpy(vcpu_frame_bytes(arena, frame), bytes, VCPU_PAGE_BYTES);
    }
    uint32_t *slot = frame_slot(rebuild, place, true);
    uint32_t held = *slot;
    *slot = frame;
    vcpu_frame_release(arena, held); /* last: bytes may be its own */
    return vcpu_frame_bytes(arena, frame);
}

static enum status apply_page(struct emu_rebuild *rebuild, const struct trace_item *item)
{
    struct emu_world *world = rebuild->world;
    if (!place_good(world, &item->place)) {
        return STATUS_CORRUPT;
    }
    uint32_t *slot = frame_slot(rebuild, &item->place, false);
    uint32_t held = slot ? *slot : VCPU_FRAME_NONE;
    if ((item->kind == TRACE_ITEM_PAGE || item->kind == TRACE_ITEM_PAGE_GONE) &&
        held == VCPU_FRAME_NONE) {
        return STATUS_CORRUPT; /* there is no page before */
    }
    uint8_t *target = NULL;
    switch (item->kind) {
    case TRACE_ITEM_PAGE_GONE:
        place_remove(rebuild, &item->place);
        return STATUS_OK;
    case TRACE_ITEM_PAGE_SAME: {
        uint32_t *source =
            place_good(world, &item->source) ? frame_slot(rebuild, &item->source, false) : NULL;
        if (!source || *source == VCPU_FRAME_NONE) {
            return STATUS_CORRUPT;
        }
        return frame_fresh(rebuild, &item->place, vcpu_frame_bytes(world->arena, *source))
                   ? STATUS_OK
                   : STATUS_NO_MEMORY;
    }
    case TRACE_ITEM_PAGE:
        target = vcpu_frame_state(world->arena, held) == VCPU_FRAME_PRIVATE
                     ? vcpu_frame_bytes(world->arena, held)
                     : frame_fresh(rebuild, &item->place, vcpu_frame_bytes(world->arena, held));
        break;
    default:
        target = frame_fresh(rebuild, &item->place, emu_place_first(world, &item->place));
        break;
    }
    if (!target) {
        return STATUS_NO_MEMORY;
    }
    trace_lines_apply(&item->lines, target, VCPU_PAGE_BYTES);
    return STATUS_OK;
}

enum status emu_rebuild_apply(struct emu_rebuild *rebuild, const uint8_t *bytes, size_t size_bytes,
                              struct error *error)
{
    bool full = false;
    struct trace_checkpoint_decoder *decoder =
        trace_checkpoint_decoder_create(bytes, size_bytes, &full);
    enum status status = decoder ? STATUS_OK : STATUS_CORRUPT;
    if (full) {
        emu_rebuild_clear(rebuild);
        rebuild->begun = true;
    }
    if (!rebuild->begun) {
        status = STATUS_CORRUPT;
    }
    struct trace_item item = {.kind = TRACE_ITEM_PART};
    while (!status && item.kind != TRACE_ITEM_END) {
        status = trace_checkpoint_next(decoder, &item);
        if (!status && item.kind == TRACE_ITEM_PART) {
            status = apply_part(rebuild, &item) ? STATUS_OK : STATUS_CORRUPT;
        } else if (!status && item.kind != TRACE_ITEM_END) {
            status = apply_page(rebuild, &item);
        }
    }
    trace_checkpoint_decoder_destroy(decoder);
    if (status == STATUS_NO_MEMORY) {
        return error_set(error, status, NULL, 0,
                         "the memory for guests is too small for a checkpoint of this run; raise "
                         "--memory-limit");
    }
    if (status) {
        return error_set(error, status, NULL, 0,
                         "a checkpoint does not fit the scenario that was recorded with it");
    }
    return STATUS_OK;
}

/* --- the state -------------------------------------------------------------------------------- */

/* A reference to a frame that nobody writes from now on. */
static void frame_lend(struct vcpu_arena *arena, uint32_t frame)
{
    if (frame != VCPU_FRAME_NONE) {
        vcpu_frame_share(arena, frame);
        vcpu_frame_retain(arena, frame);
    }
}

struct emu_snapshot *emu_rebuild_snapshot(struct emu_rebuild *rebuild, uint64_t time_ns)
{
    struct vcpu_arena *arena = rebuild->world->arena;
    struct emu_snapshot *snapshot = alloc_zeroed(1, sizeof *snapshot);
    struct writer writer;
    writer_init(&writer);
    snapshot->world = rebuild->world;
    snapshot->time_ns = time_ns;
    snapshot->node_count = rebuild->world->node_count;
    snapshot->part_count = rebuild->part_count;
    snapshot->ends = alloc_zeroed(rebuild->part_count, sizeof *snapshot->ends);
    for (uint32_t i = 0; i < rebuild->part_count; i++) {
        write_bytes(&writer, rebuild->parts[i].bytes, rebuild->parts[i].size_bytes);
        snapshot->ends[i] = writer.size_bytes;
    }
    snapshot->bytes = writer.bytes;
    snapshot->pages = alloc_zeroed(snapshot->node_count, sizeof(struct vcpu_pages *));
    for (uint32_t i = 0; i < snapshot->node_count; i++) {
        struct owner_state *owner = &rebuild->owners[i];
        for (uint32_t page = 0; page < owner->page_count; page++) {
            frame_lend(arena, owner->frames[page]);
        }
        snapshot->pages[i] = vcpu_pages_create(arena, owner->frames, owner->page_count);
    }
    snapshot->store_count = emu_store_count(rebuild->world);
    snapshot->blocks = alloc_zeroed(snapshot->store_count, sizeof(struct emu_blocks *));
    for (uint32_t i = 0; i < snapshot->store_count; i++) {
        struct owner_state *owner = &rebuild->owners[i];
        for (size_t j = 0; j < owner->block_count; j++) {
            frame_lend(arena, owner->blocks[j].frame);
        }
        if (owner->block_count) {
            snapshot->blocks[i] = emu_blocks_create(arena, owner->blocks, owner->block_count);
        }
    }
    return snapshot;
}
