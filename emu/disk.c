/* What disks are and hold at first, and whose they are; see disk.h. */
#include "disk.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <base/alloc.h>
#include <base/assert.h>
#include <base/hash.h>
#include <vcpu/memory.h>

#include "host/host.h"
#include "node.h"
#include "process.h"
#include "world_internal.h"

#define BLOCK_BYTES ABI_DISK_BLOCK_BYTES

/* Of a disk that the host adds: what a scenario's has if it says nothing. */
#define ADDED_LATENCY_NS 100000u
#define ADDED_RATE_BPS   4000000000u

/* --- what disks hold at first ----------------------------------------------------------------- */

/* Appends a block; false if the arena is full. */
static bool content_append(struct emu_world *world, struct emu_disk_content *content,
                           const uint8_t *bytes)
{
    static const uint8_t zeros[BLOCK_BYTES];
    uint32_t frame = VCPU_FRAME_ZERO;
    if (memcmp(bytes, zeros, BLOCK_BYTES) != 0) {
        frame = vcpu_frame_take(world->arena, VCPU_FRAME_IMAGE);
        if (frame == VCPU_FRAME_NONE) {
            return false;
        }
        memcpy(vcpu_frame_bytes(world->arena, frame), bytes, BLOCK_BYTES);
    }
    if ((content->block_count & (content->block_count - 1)) == 0) {
        content->frames =
            alloc_grow(content->frames, content->block_count * 2 + 1, sizeof *content->frames);
    }
    content->frames[content->block_count++] = frame;
    uint64_t hash = hash_bytes(bytes, BLOCK_BYTES);
    content->hash = hash_chain(content->hash, &hash, sizeof hash);
    return true;
}

static struct emu_disk_content *content_create(struct emu_world *world, const char *path)
{
    struct emu_disk_content *content = alloc_zeroed(1, sizeof *content);
    content->path = path ? alloc_text(path) : NULL;
    content->next = world->disk_contents;
    world->disk_contents = content;
    return content;
}

/* Reads a disk's image, which may be shorter than the disk but no longer. */
static enum status content_read(struct emu_world *world, struct emu_disk_content *content,
                                FILE *file, uint64_t block_count, struct error *error)
{
    uint8_t block[BLOCK_BYTES];
    size_t size_bytes;
    while ((size_bytes = fread(block, 1, sizeof block, file)) > 0) {
        if (content->block_count == block_count) {
            return error_set(error, STATUS_INVALID, content->path, 0,
                             "the file has grown beyond its disk since the scenario was read; "
                             "leave it alone while a run starts");
        }
        memset(block + size_bytes, 0, sizeof block - size_bytes);
        if (!content_append(world, content, block)) {
            return error_set(error, STATUS_NO_MEMORY, content->path, 0,
                             "the disk's image does not fit into the memory for guests; raise "
                             "--memory-limit");
        }
    }
    if (ferror(file)) {
        return error_set(error, STATUS_IO, content->path, 0, "cannot be read: %s", strerror(errno));
    }
    return STATUS_OK;
}

/* The content of a file; disks of one file share it. */
static enum status content_of_file(struct emu_world *world, const char *path, uint64_t block_count,
                                   const struct emu_disk_content **result, struct error *error)
{
    struct emu_disk_content *content = world->disk_contents;
    while (content && (!content->path || strcmp(content->path, path) != 0)) {
        content = content->next;
    }
    enum status status = STATUS_OK;
    if (!content) {
        FILE *file = fopen(path, "rb");
        if (!file) {
            return error_set(error, STATUS_IO, path, 0, "cannot be opened: %s", strerror(errno));
        }
        content = content_create(world, path);
        status = content_read(world, content, file, block_count, error);
        fclose(file);
    }
    *result = content;
    return status;
}

/* --- the disks of groups ---------------------------------------------------------------------- */

static struct emu_disk *model_append(struct emu_disk_set *set, const char *name, const char *mount)
{
    ASSERT(set->count < ABI_DISKS_MAX && strlen(name) < ABI_DISK_NAME_MAX);
    set->disks = alloc_grow(set->disks, set->count + 1, sizeof *set->disks);
    struct emu_disk *model = &set->disks[set->count++];
    memset(model, 0, sizeof *model);
    snprintf(model->name, sizeof model->name, "%s", name);
    model->mount = mount ? alloc_text(mount) : NULL;
    return model;
}

/* Rounded up, so that no disk is faster than its scenario says. */
static uint64_t transfer_time(uint64_t rate_bps)
{
    const uint64_t bits_ns = (uint64_t)BLOCK_BYTES * 8 * 1000000000;
    return (bits_ns + rate_bps - 1) / rate_bps;
}

enum status emu_disk_fill(struct emu_world *world, struct emu_disk *disk, const char *image_path,
                          const char *place, const char *name, struct error *error)
{
    if (!image_path) {
        return STATUS_OK;
    }
    struct error refused = ERROR_INIT;
    enum status status =
        content_of_file(world, image_path, disk->block_count, &disk->content, &refused);
    if (status) {
        char text[sizeof refused.message + sizeof refused.file + 16];
        error_format(&refused, text, sizeof text);
        return scn_error_at(world->scenario, place, error, status, "%s: %s", name, text);
    }
    return STATUS_OK;
}

static enum status create_disk(struct emu_world *world, uint32_t group, uint32_t index,
                               struct error *error)
{
    const struct scn_group *described = &world->scenario->groups[group];
    const struct scn_disk *disk = &described->disks[index];
    struct emu_disk *model = model_append(&world->disks[group], disk->name, disk->mount);
    char place[64];
    char name[2 * SCN_NODE_NAME_MAX + 32];
    model->read_only = disk->read_only;
    model->block_count = disk->size_bytes / BLOCK_BYTES;
    model->latency_ns = disk->latency_ns;
    model->transfer_ns = transfer_time(disk->rate_bps);
    snprintf(place, sizeof place, "groups.%u.disks.%u.image", group, index);
    snprintf(name, sizeof name, "groups.%s.disks.%s.image", described->name, disk->name);
    return emu_disk_fill(world, model, disk->image_path, place, name, error);
}

enum status emu_disks_create(struct emu_world *world, struct error *error)
{
    const struct scn_scenario *scenario = world->scenario;
    enum status status = STATUS_OK;
    world->disks = alloc_zeroed(scenario->group_count, sizeof *world->disks);
    for (uint32_t i = 0; i < scenario->group_count; i++) {
        for (uint32_t j = 0; j < scenario->groups[i].disk_count && !status; j++) {
            status = create_disk(world, i, j, error);
        }
    }
    return status;
}

enum status emu_disks_add(struct emu_world *world, uint32_t group, const char *name,
                          const char *mount, const void *bytes, uint64_t size_bytes,
                          struct error *error)
{
    struct emu_disk_content *content = content_create(world, NULL);
    for (uint64_t at = 0; at < size_bytes; at += BLOCK_BYTES) {
        uint8_t block[BLOCK_BYTES] = {0};
        uint64_t left = size_bytes - at;
        memcpy(block, (const uint8_t *)bytes + at, left < BLOCK_BYTES ? left : BLOCK_BYTES);
        if (!content_append(world, content, block)) {
            return error_set(error, STATUS_NO_MEMORY, NULL, 0,
                             "disk %s does not fit into the memory for guests; raise "
                             "--memory-limit",
                             name);
        }
    }
    struct emu_disk *model = model_append(&world->disks[group], name, mount);
    model->read_only = true;
    model->block_count = content->block_count;
    model->latency_ns = ADDED_LATENCY_NS;
    model->transfer_ns = transfer_time(ADDED_RATE_BPS);
    model->content = content;
    return STATUS_OK;
}

void emu_disks_describe(const struct emu_disk_set *set, struct writer *writer)
{
    write_u32(writer, set->count);
    for (uint32_t i = 0; i < set->count; i++) {
        write_u64(writer, set->disks[i].block_count);
        write_u64(writer, set->disks[i].content ? set->disks[i].content->hash : 0);
    }
}

bool emu_disks_described(const struct emu_disk_set *set, struct reader *reader)
{
    bool same = read_u32(reader) == set->count;
    for (uint32_t i = 0; i < set->count && same; i++) {
        const struct emu_disk_content *content = set->disks[i].content;
        same = read_u64(reader) == set->disks[i].block_count &&
               read_u64(reader) == (content ? content->hash : 0);
    }
    return same;
}

static void content_destroy(struct emu_world *world, struct emu_disk_content *content)
{
    for (uint64_t i = 0; i < content->block_count; i++) {
        vcpu_frame_release(world->arena, content->frames[i]);
    }
    free(content->frames);
    free(content->path);
    free(content);
}

void emu_disks_destroy(struct emu_world *world)
{
    for (uint32_t i = 0; world->disks && i < world->scenario->group_count; i++) {
        for (uint32_t j = 0; j < world->disks[i].count; j++) {
            free(world->disks[i].disks[j].mount);
        }
        free(world->disks[i].disks);
    }
    free(world->disks);
    while (world->disk_contents) {
        struct emu_disk_content *next = world->disk_contents->next;
        content_destroy(world, world->disk_contents);
        world->disk_contents = next;
    }
}

/* --- a node's disks --------------------------------------------------------------------------- */

static const struct emu_disk_set *disks_of(const struct emu_node *node)
{
    return &node->process->world->disks[node->group];
}

const struct emu_disk *emu_node_disk(const struct emu_node *node, uint32_t disk)
{
    const struct emu_disk_set *set = disks_of(node);
    return disk < set->count ? &set->disks[disk] : NULL;
}

struct emu_store emu_node_store(struct emu_node *node)
{
    return (struct emu_store){node->space.arena, disks_of(node), &node->disks};
}

uint64_t emu_node_disk_blocks_max(const struct emu_node *node)
{
    uint64_t limit_bytes =
        node->seat ? node->seat->disk_bytes
                   : node->process->world->scenario->groups[node->group].limits.disk_bytes;
    return limit_bytes ? limit_bytes / BLOCK_BYTES : UINT64_MAX;
}

bool emu_node_disk_at(struct emu_node *node, uint32_t number, struct emu_disk_at *at)
{
    if (emu_node_disk(node, number)) {
        bool on_host = node->seat && emu_seat_disk_here(node->seat, number);
        *at = (struct emu_disk_at){emu_node_store(node), number, emu_node_disk_blocks_max(node),
                                   on_host};
        return true;
    }
    struct emu_volume *volume = node->seat ? emu_seat_volume(node->seat, number) : NULL;
    if (volume) {
        *at = (struct emu_disk_at){emu_volume_store(node->process->world, volume), 0, UINT64_MAX,
                                   true};
    }
    return volume;
}

uint64_t emu_world_node_disk_next(const struct emu_world *world, uint32_t index, uint32_t disk,
                                  uint64_t from, const void **bytes)
{
    const struct emu_store store = emu_node_store(&world->nodes[index]);
    uint64_t next = emu_store_next(&store, disk, from, bytes);
    return next == EMU_BLOCK_END ? EMU_BLOCK_NONE : next;
}

uint64_t emu_node_disk_interval_ns(const struct emu_node *node)
{
    uint64_t rate_bps =
        node->seat ? node->seat->disk_bps
                   : node->process->world->scenario->groups[node->group].limits.disk_rate_bps;
    return rate_bps ? transfer_time(rate_bps) : 0;
}
