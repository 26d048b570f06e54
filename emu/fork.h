/*
 * The inside of a snapshot in memory: what the codec's walk gives without pages and blocks, and the
 * frames that hold those, shared with the world until it writes them again. Blocks are by store:
 * each node's disks, then each volume.
 *
 * Parts of the walk, in its order: the world's own, each node, each network, the frames on their
 * way. A snapshot is immutable; any thread may read and destroy it, before its world is destroyed.
 */
#ifndef DENALI_EMU_FORK_H
#define DENALI_EMU_FORK_H

#include "disk.h"
#include "world_internal.h"

struct emu_snapshot {
    const struct emu_world *world; /* whose it is */
    uint64_t time_ns;
    uint32_t node_count;
    uint32_t part_count;
    uint8_t *bytes;            /* of all parts */
    size_t *ends;              /* of each part; the next begins there */
    struct vcpu_pages **pages; /* by node */
    uint32_t store_count;
    struct emu_blocks **blocks; /* by store; NULL: nothing was written there */
};

/* A node of the snapshot's world, or a twin of one, as it was. False if that is no state of it. */
bool emu_snapshot_node_load(const struct emu_snapshot *snapshot, struct emu_node *node);

#define EMU_PART_WORLD 0u
#define EMU_PART_NODES 1u /* of the first node */

static inline uint32_t emu_part_count(const struct emu_world *world)
{
    return EMU_PART_NODES + world->node_count + world->network_count + 1;
}

static inline uint32_t emu_store_count(const struct emu_world *world)
{
    return world->node_count + world->volume_count;
}
/* The disks of a store; store < emu_store_count. */
const struct emu_disk_set *emu_store_set(const struct emu_world *world, uint32_t store);

/* A part's bytes. */
const uint8_t *emu_snapshot_part(const struct emu_snapshot *snapshot, uint32_t part,
                                 size_t *size_bytes);

/* The walk of snapshot.c without pages and blocks; ends has room for emu_part_count. */
void emu_world_parts_save(struct emu_world *world, struct writer *writer, size_t *ends);
/* Pages and blocks are in place already. */
enum status emu_world_parts_load(struct emu_world *world, const void *bytes, size_t size_bytes,
                                 struct error *error) MUST_USE;

/* Is that what the walk begins with in another version? */
bool emu_state_version_other(const uint8_t *bytes, size_t size_bytes);

/* Hash of one node's whole state, its pages by content. */
uint64_t emu_node_state_hash(struct emu_node *node);

#endif
