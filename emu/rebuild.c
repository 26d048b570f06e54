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

struct node_state {
    uint32_t *frames; /* of its own pages */
    uint32_t page_count;
    struct emu_block *blocks; /* in order */
    size_t block_count;
};

struct emu_rebuild {
    struct emu_world *world;
    struct part *parts;
    uint32_t part_count;
    struct node_state *nodes;
    bool begun; /* a full checkpoint was taken in */
};

struct emu_rebuild *emu_rebuild_create(struct emu_world *world)
{
    struct emu_rebuild *rebuild = alloc_zeroed(1, sizeof *rebuild);
    rebuild->world = world;
    rebuild->part_count = emu_part_count(world);
    rebuild->parts = alloc_zeroed(rebuild->part_count, sizeof *rebuild->parts);
    rebuild->nodes = alloc_zeroed(world->node_count, sizeof *rebuild->nodes);
    return rebuild;
}

void emu_rebuild_clear(struct emu_rebuild *rebuild)
{
    struct vcpu_arena *arena = rebuild->world->arena;
    for (uint32_t i = 0; i < rebuild->part_count; i++) {
        free(rebuild->parts[i].bytes);
    }
    memset(rebuild->parts, 0, rebuild->part_count * sizeof *rebuild->parts);
    for (uint32_t i = 0; i < rebuild->world->node_count; i++) {
        struct node_state *node = &rebuild->nodes[i];
        for (uint32_t page = 0; page < node->page_count; page++) {
            vcpu_frame_release(arena, node->frames[page]);
        }
        for (size_t j = 0; j < node->block_count; j++) {
            vcpu_frame_release(arena, node->blocks[j].frame);
        }
        free(node->frames);
        free(node->blocks);
    }
    memset(rebuild->nodes, 0, rebuild->world->node_count * sizeof *rebuild->nodes);
    rebuild->begun = false;
}

void emu_rebuild_destroy(struct emu_rebuild *rebuild)
{
    if (rebuild) {
        emu_rebuild_clear(rebuild);
        free(rebuild->parts);
        free(rebuild->nodes);
        free(rebuild);
    }
}

/* --- places ----------------------------------------------------------------------------------- */

/* Could the node have written there? */
static bool place_good(const struct emu_world *world, const struct trace_place *place)
{
    if (place->node >= world->node_count) {
        return false;
    }
    const struct emu_node *node = &world->nodes[place->node];
    if (place->space == 0) {
        return place->number >= 2 && place->number < node->space.size_bytes / VCPU_PAGE_BYTES;
    }
    const struct emu_group_disk *disk = emu_node_disk(node, place->space - 1);
    return disk && !disk->read_only && place->number < disk->block_count;
}

/* The block's index in the node's list, or where it belongs. */
static size_t block_find(const struct node_state *node, const struct trace_place *place,
                         bool *found)
{
    size_t low = 0;
    size_t high = node->block_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct emu_block *block = &node->blocks[middle];
        bool before = block->disk + 1 < place->space ||
                      (block->disk + 1 == place->space && block->number < place->number);
        low = before ? middle + 1 : low;
        high = before ? high : middle;
    }
    *found = low < node->block_count && node->blocks[low].disk + 1 == place->space &&
             node->blocks[low].number == place->number;
    return low;
}

/* Where the frame of a good place is noted; with make a new note has no frame yet, without it NULL
 * says that there is none. */
static uint32_t *frame_slot(struct emu_rebuild *rebuild, const struct trace_place *place, bool make)
{
    struct node_state *node = &rebuild->nodes[place->node];
    if (place->space == 0) {
        uint32_t page = (uint32_t)place->number;
        if (page >= node->page_count && make) {
            uint32_t count = (page + 8) / 8 * 8;
            node->frames = alloc_grow(node->frames, count, sizeof *node->frames);
            memset(node->frames + node->page_count, 0,
                   (count - node->page_count) * sizeof *node->frames);
            node->page_count = count;
        }
        return page < node->page_count ? &node->frames[page] : NULL;
    }
    bool found;
    size_t index = block_find(node, place, &found);
    if (!found && make) {
        size_t count = node->block_count;
        if ((count & (count - 1)) == 0) {
            node->blocks = alloc_grow(node->blocks, count ? count * 2 : 1, sizeof *node->blocks);
        }
        memmove(&node->blocks[index + 1], &node->blocks[index],
                (count - index) * sizeof *node->blocks);
        node->blocks[index] = (struct emu_block){place->number, place->space - 1, VCPU_FRAME_NONE};
        node->block_count++;
        found = true;
    }
    return found ? &node->blocks[index].frame : NULL;
}

static void place_remove(struct emu_rebuild *rebuild, const struct trace_place *place)
{
    struct node_state *node = &rebuild->nodes[place->node];
    uint32_t *slot = frame_slot(rebuild, place, false);
    vcpu_frame_release(rebuild->world->arena, *slot);
    *slot = VCPU_FRAME_NONE;
    if (place->space) {
        bool found;
        size_t index = block_find(node, place, &found);
        node->block_count--;
        memmove(&node->blocks[index], &node->blocks[index + 1],
                (node->block_count - index) * sizeof *node->blocks);
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
    snapshot->blocks = alloc_zeroed(snapshot->node_count, sizeof(struct emu_blocks *));
    for (uint32_t i = 0; i < snapshot->node_count; i++) {
        struct node_state *node = &rebuild->nodes[i];
        for (uint32_t page = 0; page < node->page_count; page++) {
            frame_lend(arena, node->frames[page]);
        }
        snapshot->pages[i] = vcpu_pages_create(arena, node->frames, node->page_count);
        for (size_t j = 0; j < node->block_count; j++) {
            frame_lend(arena, node->blocks[j].frame);
        }
        if (node->block_count) {
            snapshot->blocks[i] = emu_blocks_create(arena, node->blocks, node->block_count);
        }
    }
    return snapshot;
}
