/*
 * What lies behind the disk device: the disks of each group as its scenario describes them, what
 * they hold at first, and which disks a node has now; store.h has what is written.
 *
 * What a disk holds at first is read once and shared by every node, of any group; nothing writes
 * it. A node that has not written costs a pointer.
 *
 * Disks and contents belong to the world and do not change after its creation.
 */
#ifndef DENALI_EMU_DISK_H
#define DENALI_EMU_DISK_H

#include <stdbool.h>
#include <stdint.h>

#include <base/codec.h>
#include <base/status.h>
#include <devices/abi.h>

#include "store.h"

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

/* A disk as every node of a group has it, or a volume of a host (host/volumes.c). */
struct emu_disk {
    char name[ABI_DISK_NAME_MAX];
    char *mount; /* where the guest kit shows its files; NULL: nowhere */
    bool read_only;
    uint64_t block_count;
    uint64_t latency_ns;
    uint64_t transfer_ns;
    const struct emu_disk_content *content; /* NULL: zeros; blocks beyond it are zeros */
};

/* The disks of a group's nodes, or a volume alone, in the order of their numbers. */
struct emu_disk_set {
    struct emu_disk *disks;
    uint32_t count;
};

/* Makes the world's disks from its scenario. */
enum status emu_disks_create(struct emu_world *world, struct error *error) MUST_USE;
void emu_disks_destroy(struct emu_world *world);

/* Fills a disk with what an image's file holds; NULL: zeros. For messages, the field's place in the
 * scenario, and as people name it. */
enum status emu_disk_fill(struct emu_world *world, struct emu_disk *disk, const char *image_path,
                          const char *place, const char *name, struct error *error) MUST_USE;

/*
 * Gives the nodes of a group one more disk, read-only, that holds bytes of the host's making; for
 * emu_world_create, between emu_disks_create and the boot texts. name is shorter than
 * ABI_DISK_NAME_MAX and nobody else's in the group; mount may be NULL. It is as fast as a
 * scenario's disk that says nothing about it.
 */
enum status emu_disks_add(struct emu_world *world, uint32_t group, const char *name,
                          const char *mount, const void *bytes, uint64_t size_bytes,
                          struct error *error) MUST_USE;

/* Disks as a saved state names them: sizes, and what they hold at first. */
void emu_disks_describe(const struct emu_disk_set *set, struct writer *writer);
/* Whether a saved state names those. */
bool emu_disks_described(const struct emu_disk_set *set, struct reader *reader);

/* A node's own disk by number; NULL past the last. */
const struct emu_disk *emu_node_disk(const struct emu_node *node, uint32_t disk);

/* What the node has written to them. */
struct emu_store emu_node_store(struct emu_node *node);
/* How many blocks it may have written: the scenario's limit, or what that was changed to. */
uint64_t emu_node_disk_blocks_max(const struct emu_node *node);

/* From one of the node's requests to its next, by its limit; 0: it has none. */
uint64_t emu_node_disk_interval_ns(const struct emu_node *node);

/* A disk that a node has now, its own or a volume. */
struct emu_disk_at {
    struct emu_store store;
    uint32_t disk;       /* there */
    uint64_t blocks_max; /* that may be written, of all in the store */
    bool on_host;        /* the node's host serves its requests */
};
/* False if the node has none of that number now. */
bool emu_node_disk_at(struct emu_node *node, uint32_t number, struct emu_disk_at *at);
static inline const struct emu_disk *emu_disk_there(const struct emu_disk_at *at)
{
    return &at->store.set->disks[at->disk];
}

#endif
