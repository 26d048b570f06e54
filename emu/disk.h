/*
 * What lies behind the disk device: the disks of each group as its scenario describes them, what
 * they hold at first, and what each node has written since.
 *
 * What a disk holds at first is read once and shared by every node, of any group; nothing writes
 * it. A block that a node writes is its own from then on: a frame in the world's arena, found by
 * the node's overlay. A node that has not written costs a pointer.
 *
 * Models and contents belong to the world and do not change after its creation; an overlay belongs
 * to its node and is used by that node's logical process alone.
 */
#ifndef DENALI_EMU_DISK_H
#define DENALI_EMU_DISK_H

#include <stdbool.h>
#include <stdint.h>

#include <base/codec.h>
#include <base/status.h>
#include <devices/abi.h>

#include "block_map.h"

struct emu_node;
struct emu_world;
struct vcpu_arena;

/* What disks hold at first: a file's bytes, or the host's own, the last block padded with zeros. */
struct emu_disk_content {
    struct emu_disk_content *next; /* of the world's */
    char *path;                    /* NULL: made by the host */
    uint32_t *frames;              /* of the arena; zeros are VCPU_FRAME_ZERO */
    uint64_t block_count;
    uint64_t hash; /* of all blocks */
};

/* A disk as every node of a group has it. */
struct emu_group_disk {
    char name[ABI_DISK_NAME_MAX];
    char *mount; /* where the guest kit shows its files; NULL: nowhere */
    bool read_only;
    uint64_t block_count;
    uint64_t latency_ns;
    uint64_t transfer_ns;
    const struct emu_disk_content *content; /* NULL: zeros; blocks beyond it are zeros */
};

/* The disks of a group's nodes, in the order of their numbers. */
struct emu_disk_set {
    struct emu_group_disk *models;
    uint32_t count;
};

/* A block that a node has written, and the frame that holds it. */
struct emu_block {
    uint64_t number;
    uint32_t disk;
    uint32_t frame;
};

/* What a node had written to its disks at one moment, in order; nobody writes it any more. */
struct emu_blocks {
    struct vcpu_arena *arena; /* not owned */
    uint32_t references;      /* atomic */
    size_t count;
    struct emu_block blocks[];
};

/* What a node has written. */
struct emu_overlay {
    uint64_t blocks_private;
    struct emu_blocks *snapshot; /* the last one, while nothing was written since */
    uint32_t disk_count;
    struct emu_block_map maps[]; /* by disk */
};

/* Makes the world's disks from its scenario. */
enum status emu_disks_create(struct emu_world *world, struct error *error) MUST_USE;
void emu_disks_destroy(struct emu_world *world);

/*
 * Gives the nodes of a group one more disk, read-only, that holds bytes of the host's making; for
 * emu_world_create, between emu_disks_create and the boot texts. name is shorter than
 * ABI_DISK_NAME_MAX and nobody else's in the group; mount may be NULL. It is as fast as a
 * scenario's disk that says nothing about it.
 */
enum status emu_disks_add(struct emu_world *world, uint32_t group, const char *name,
                          const char *mount, const void *bytes, uint64_t size_bytes,
                          struct error *error) MUST_USE;

/* Which disks a group has, as a saved state names them: sizes, and what they hold at first. */
void emu_disks_describe(const struct emu_world *world, uint32_t group, struct writer *writer);
/* Whether a saved state names those. */
bool emu_disks_described(const struct emu_world *world, uint32_t group, struct reader *reader);

/* A node's disk by number; NULL past the last. */
const struct emu_group_disk *emu_node_disk(const struct emu_node *node, uint32_t disk);

/* A block as the node sees it; both exist. Valid until the node writes. */
const uint8_t *emu_node_disk_read(const struct emu_node *node, uint32_t disk, uint64_t block);
/* False, and nothing written, if the scenario's limit (or the host's memory, which ends the run)
 * leaves no room. */
bool emu_node_disk_write(struct emu_node *node, uint32_t disk, uint64_t block,
                         const uint8_t *bytes);

/* From one of the node's requests to its next, by its limit; 0: it has none. */
uint64_t emu_node_disk_interval_ns(const struct emu_node *node);

/* Blocks that the node holds for itself, and the host's bytes for knowing where they are. */
uint64_t emu_node_disk_private(const struct emu_node *node);
uint64_t emu_node_disk_table_bytes(const struct emu_node *node);

/* What the node has written, in order. In a hash, blocks that hold what they held at first do not
 * count. load replaces what there is, and fails the reader on what could not have been written. */
void emu_node_disks_save(const struct emu_node *node, struct writer *writer);
void emu_node_disks_load(struct emu_node *node, struct reader *reader);
void emu_node_disks_fini(struct emu_node *node);

/* The blocks as they are now, shared until the node writes them again, with a reference; NULL if it
 * has written none. */
struct emu_blocks *emu_node_disks_snapshot(struct emu_node *node);
/* Back to those; the caller checked that the node's disks have such blocks. */
void emu_node_disks_restore(struct emu_node *node, const struct emu_blocks *blocks);
/* From blocks in order; the references of their frames, none of them private, pass over. */
struct emu_blocks *emu_blocks_create(struct vcpu_arena *arena, const struct emu_block *blocks,
                                     size_t count);
/* What the table takes, without the blocks; 0 of NULL. */
uint64_t emu_blocks_table_bytes(const struct emu_blocks *blocks);
/* Takes NULL. */
void emu_blocks_release(struct emu_blocks *blocks);

#endif
