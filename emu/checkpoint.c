/* A snapshot's changes as a checkpoint's record. */
#include "checkpoint.h"

#include <vcpu/image.h>

const uint8_t *emu_place_first(const struct emu_world *world, const struct trace_place *place)
{
    if (place->space == 0) {
        const struct vcpu_image *image = world->nodes[place->node].space.image;
        return place->number < image->page_count
                   ? vcpu_frame_bytes(world->arena, image->frames[place->number])
                   : NULL;
    }
    const struct emu_disk_content *content =
        emu_store_set(world, place->node)->disks[place->space - 1].content;
    return content && place->number < content->block_count
               ? vcpu_frame_bytes(world->arena, content->frames[place->number])
               : NULL;
}

/* One page of both, either of which may be none. */
static void encode_page(struct trace_checkpoint_encoder *encoder, const struct emu_world *world,
                        struct trace_place place, uint32_t before, uint32_t now)
{
    if (now == before) {
        return;
    }
    if (now == VCPU_FRAME_NONE) {
        trace_checkpoint_page_gone(encoder, place);
        return;
    }
    bool first = before == VCPU_FRAME_NONE;
    trace_checkpoint_page(encoder, place, first,
                          first ? emu_place_first(world, &place)
                                : vcpu_frame_bytes(world->arena, before),
                          vcpu_frame_bytes(world->arena, now));
}

static void encode_pages(struct trace_checkpoint_encoder *encoder, const struct emu_world *world,
                         uint32_t node, const struct vcpu_pages *before,
                         const struct vcpu_pages *now)
{
    uint32_t before_count = before ? before->count : 0;
    uint32_t count = before_count > now->count ? before_count : now->count;
    for (uint32_t page = 0; before != now && page < count; page++) {
        encode_page(encoder, world, (struct trace_place){node, 0, page},
                    page < before_count ? before->frames[page] : VCPU_FRAME_NONE,
                    page < now->count ? now->frames[page] : VCPU_FRAME_NONE);
    }
}

static int compare_blocks(const struct emu_block *a, const struct emu_block *b)
{
    if (a->disk != b->disk) {
        return a->disk < b->disk ? -1 : 1;
    }
    return a->number < b->number ? -1 : a->number > b->number;
}

/* Both lists are in order: walked side by side. */
static void encode_blocks(struct trace_checkpoint_encoder *encoder, const struct emu_world *world,
                          uint32_t store, const struct emu_blocks *before,
                          const struct emu_blocks *now)
{
    size_t before_count = before ? before->count : 0;
    size_t now_count = now ? now->count : 0;
    for (size_t i = 0, j = 0; before != now && (i < before_count || j < now_count);) {
        int order = i == before_count ? 1
                    : j == now_count  ? -1
                                      : compare_blocks(&before->blocks[i], &now->blocks[j]);
        const struct emu_block *block = order < 0 ? &before->blocks[i] : &now->blocks[j];
        encode_page(encoder, world, (struct trace_place){store, 1 + block->disk, block->number},
                    order <= 0 ? before->blocks[i].frame : VCPU_FRAME_NONE,
                    order >= 0 ? now->blocks[j].frame : VCPU_FRAME_NONE);
        i += order <= 0;
        j += order >= 0;
    }
}

const uint8_t *emu_checkpoint_encode(struct trace_checkpoint_encoder *encoder,
                                     const struct emu_world *world,
                                     const struct emu_snapshot *before,
                                     const struct emu_snapshot *now, size_t *size_bytes)
{
    trace_checkpoint_begin(encoder, before == NULL);
    for (uint32_t part = 0; part < now->part_count; part++) {
        size_t before_bytes = 0;
        size_t now_bytes;
        const uint8_t *was = before ? emu_snapshot_part(before, part, &before_bytes) : NULL;
        const uint8_t *is = emu_snapshot_part(now, part, &now_bytes);
        trace_checkpoint_part(encoder, part, was, before_bytes, is, now_bytes);
    }
    for (uint32_t node = 0; node < now->node_count; node++) {
        encode_pages(encoder, world, node, before ? before->pages[node] : NULL, now->pages[node]);
    }
    for (uint32_t store = 0; store < now->store_count; store++) {
        encode_blocks(encoder, world, store, before ? before->blocks[store] : NULL,
                      now->blocks[store]);
    }
    return trace_checkpoint_end(encoder, size_bytes);
}
