/*
 * Snapshots in memory: the world as it was, at the price of what changes afterwards. Taking one
 * shares all frames; each page is copied when it is next written.
 */
#include "fork.h"

#include <stdlib.h>

#include <base/alloc.h>

#include "host/host.h"

const struct emu_disk_set *emu_store_set(const struct emu_world *world, uint32_t store)
{
    return store < world->node_count ? &world->disks[world->nodes[store].group]
                                     : &world->volumes[store - world->node_count].set;
}

static struct emu_store store_of(struct emu_world *world, uint32_t store)
{
    return store < world->node_count
               ? emu_node_store(&world->nodes[store])
               : emu_volume_store(world, &world->volumes[store - world->node_count]);
}

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
    snapshot->store_count = emu_store_count(world);
    snapshot->blocks = alloc_zeroed(snapshot->store_count, sizeof(struct emu_blocks *));
    for (uint32_t i = 0; i < world->node_count; i++) {
        snapshot->pages[i] = vcpu_space_snapshot(&world->nodes[i].space);
    }
    for (uint32_t i = 0; i < snapshot->store_count; i++) {
        const struct emu_store store = store_of(world, i);
        snapshot->blocks[i] = emu_store_snapshot(&store);
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
    }
    for (uint32_t i = 0; i < snapshot->store_count; i++) {
        const struct emu_store store = store_of(world, i);
        emu_store_restore(&store, snapshot->blocks[i]);
    }
    return emu_world_parts_load(world, snapshot->bytes, snapshot->ends[snapshot->part_count - 1],
                                error);
}

bool emu_snapshot_node_load(const struct emu_snapshot *snapshot, struct emu_node *node)
{
    size_t size_bytes;
    const uint8_t *bytes = emu_snapshot_part(snapshot, EMU_PART_NODES + node->index, &size_bytes);
    vcpu_space_restore(&node->space, snapshot->pages[node->index]);
    const struct emu_store disks = emu_node_store(node);
    emu_store_restore(&disks, snapshot->blocks[node->index]);
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
    }
    for (uint32_t i = 0; i < snapshot->store_count; i++) {
        emu_blocks_release(snapshot->blocks[i]);
    }
    free(snapshot->pages);
    free(snapshot->blocks);
    free(snapshot->bytes);
    free(snapshot->ends);
    free(snapshot);
}
