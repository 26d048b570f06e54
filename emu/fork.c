/*
 * Snapshots in memory: the world as it was, at the price of what changes afterwards. Taking one
 * shares all frames; each page is copied when it is next written.
 */
#include "fork.h"

#include <stdlib.h>

#include <base/alloc.h>

const uint8_t *emu_snapshot_part(const struct emu_snapshot *snapshot, uint32_t part,
                                 size_t *size_bytes)
{
    size_t begin = part ? snapshot->ends[part - 1] : 0;
    *size_bytes = snapshot->ends[part] - begin;
    return snapshot->bytes + begin;
}

struct emu_snapshot *emu_world_snapshot(struct emu_world *world)
{
    struct emu_snapshot *snapshot = alloc_zeroed(1, sizeof *snapshot);
    struct writer writer;
    writer_init(&writer);
    snapshot->world = world;
    snapshot->time_ns = world->now_ns;
    snapshot->node_count = world->node_count;
    snapshot->part_count = emu_part_count(world);
    snapshot->ends = alloc_zeroed(snapshot->part_count, sizeof *snapshot->ends);
    emu_world_parts_save(world, &writer, snapshot->ends);
    snapshot->bytes = writer.bytes;
    snapshot->pages = alloc_zeroed(world->node_count, sizeof(struct vcpu_pages *));
    snapshot->blocks = alloc_zeroed(world->node_count, sizeof(struct emu_blocks *));
    for (uint32_t i = 0; i < world->node_count; i++) {
        snapshot->pages[i] = vcpu_space_snapshot(&world->nodes[i].space);
        snapshot->blocks[i] = emu_node_disks_snapshot(&world->nodes[i]);
    }
    return snapshot;
}

enum status emu_world_restore(struct emu_world *world, const struct emu_snapshot *snapshot,
                              struct error *error)
{
    if (snapshot->world != world) {
        return error_set(error, STATUS_INVALID, NULL, 0,
                         "the snapshot is of another world; expected one that was taken of this");
    }
    for (uint32_t i = 0; i < world->node_count; i++) {
        vcpu_space_restore(&world->nodes[i].space, snapshot->pages[i]);
        emu_node_disks_restore(&world->nodes[i], snapshot->blocks[i]);
    }
    return emu_world_parts_load(world, snapshot->bytes, snapshot->ends[snapshot->part_count - 1],
                                error);
}

bool emu_snapshot_node_load(const struct emu_snapshot *snapshot, struct emu_node *node)
{
    size_t size_bytes;
    const uint8_t *bytes = emu_snapshot_part(snapshot, EMU_PART_NODES + node->index, &size_bytes);
    vcpu_space_restore(&node->space, snapshot->pages[node->index]);
    emu_node_disks_restore(node, snapshot->blocks[node->index]);
    return emu_node_part_load(node, bytes, size_bytes);
}

uint64_t emu_snapshot_time_ns(const struct emu_snapshot *snapshot)
{
    return snapshot->time_ns;
}

void emu_snapshot_destroy(struct emu_snapshot *snapshot)
{
    if (!snapshot) {
        return;
    }
    for (uint32_t i = 0; i < snapshot->node_count; i++) {
        vcpu_pages_release(snapshot->pages[i]);
        emu_blocks_release(snapshot->blocks[i]);
    }
    free(snapshot->pages);
    free(snapshot->blocks);
    free(snapshot->bytes);
    free(snapshot->ends);
    free(snapshot);
}
