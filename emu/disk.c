/* The contents of disks, shared and private; see disk.h. */
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

_Static_assert(BLOCK_BYTES == VCPU_PAGE_BYTES, "a block is kept in a frame");

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

static struct emu_group_disk *model_append(struct emu_disk_set *set, const char *name,
                                           const char *mount)
{
    ASSERT(set->count < ABI_DISKS_MAX && strlen(name) < ABI_DISK_NAME_MAX);
    set->models = alloc_grow(set->models, set->count + 1, sizeof *set->models);
    struct emu_group_disk *model = &set->models[set->count++];
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

static enum status create_disk(struct emu_world *world, uint32_t group, uint32_t index,
                               struct error *error)
{
    const struct scn_group *described = &world->scenario->groups[group];
    const struct scn_disk *disk = &described->disks[index];
    struct emu_group_disk *model = model_append(&world->disks[group], disk->name, disk->mount);
    model->read_only = disk->read_only;
    model->block_count = disk->size_bytes / BLOCK_BYTES;
    model->latency_ns = disk->latency_ns;
    model->transfer_ns = transfer_time(disk->rate_bps);
    if (!disk->image_path) {
        return STATUS_OK;
    }
    struct error refused = ERROR_INIT;
    enum status status =
        content_of_file(world, disk->image_path, model->block_count, &model->content, &refused);
    if (status) {
        char field[64];
        char text[sizeof refused.message + sizeof refused.file + 16];
        snprintf(field, sizeof field, "groups.%u.disks.%u.image", group, index);
        error_format(&refused, text, sizeof text);
        return scn_error_at(world->scenario, field, error, status, "groups.%s.disks.%s.image: %s",
                            described->name, disk->name, text);
    }
    return STATUS_OK;
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
    struct emu_group_disk *model = model_append(&world->disks[group], name, mount);
    model->read_only = true;
    model->block_count = content->block_count;
    model->latency_ns = ADDED_LATENCY_NS;
    model->transfer_ns = transfer_time(ADDED_RATE_BPS);
    model->content = content;
    return STATUS_OK;
}

void emu_disks_describe(const struct emu_world *world, uint32_t group, struct writer *writer)
{
    const struct emu_disk_set *set = &world->disks[group];
    write_u32(writer, set->count);
    for (uint32_t i = 0; i < set->count; i++) {
        write_u64(writer, set->models[i].block_count);
        write_u64(writer, set->models[i].content ? set->models[i].content->hash : 0);
    }
}

bool emu_disks_described(const struct emu_world *world, uint32_t group, struct reader *reader)
{
    const struct emu_disk_set *set = &world->disks[group];
    bool same = read_u32(reader) == set->count;
    for (uint32_t i = 0; i < set->count && same; i++) {
        const struct emu_disk_content *content = set->models[i].content;
        same = read_u64(reader) == set->models[i].block_count &&
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
            free(world->disks[i].models[j].mount);
        }
        free(world->disks[i].models);
    }
    free(world->disks);
    while (world->disk_contents) {
        struct emu_disk_content *next = world->disk_contents->next;
        content_destroy(world, world->disk_contents);
        world->disk_contents = next;
    }
}

/* --- a node's blocks -------------------------------------------------------------------------- */

static const struct emu_disk_set *disks_of(const struct emu_node *node)
{
    return &node->process->world->disks[node->group];
}

const struct emu_group_disk *emu_node_disk(const struct emu_node *node, uint32_t disk)
{
    const struct emu_disk_set *set = disks_of(node);
    return disk < set->count ? &set->models[disk] : NULL;
}

/* The frame that holds a block at first. */
static uint32_t first_frame(const struct emu_group_disk *model, uint64_t block)
{
    const struct emu_disk_content *content = model->content;
    return content && block < content->block_count ? content->frames[block] : VCPU_FRAME_ZERO;
}

const uint8_t *emu_node_disk_read(const struct emu_node *node, uint32_t disk, uint64_t block)
{
    const struct emu_group_disk *model = emu_node_disk(node, disk);
    ASSERT(model && block < model->block_count);
    uint32_t frame = node->disks ? emu_block_map_find(&node->disks->maps[disk], block) : 0;
    return vcpu_frame_bytes(node->space.arena, frame ? frame : first_frame(model, block));
}

static uint64_t limit_blocks(const struct emu_node *node)
{
    uint64_t limit_bytes =
        node->seat ? node->seat->disk_bytes
                   : node->process->world->scenario->groups[node->group].limits.disk_bytes;
    return limit_bytes ? limit_bytes / BLOCK_BYTES : UINT64_MAX;
}

/* Gives the node a block of its own, in place of the one that it has or of what the disk held. */
static void overlay_set(struct emu_node *node, uint32_t disk, uint64_t block, uint32_t frame)
{
    if (!node->disks) {
        uint32_t count = disks_of(node)->count;
        node->disks = alloc_zeroed(1, sizeof *node->disks + count * sizeof node->disks->maps[0]);
        node->disks->disk_count = count;
    }
    emu_blocks_release(node->disks->snapshot);
    node->disks->snapshot = NULL;
    uint64_t block_count = emu_node_disk(node, disk)->block_count;
    uint32_t *slot = emu_block_map_slot(&node->disks->maps[disk], block_count, block);
    node->disks->blocks_private += *slot == VCPU_FRAME_NONE;
    *slot = frame;
}

bool emu_node_disk_write(struct emu_node *node, uint32_t disk, uint64_t block, const uint8_t *bytes)
{
    const struct emu_group_disk *model = emu_node_disk(node, disk);
    ASSERT(model && !model->read_only && block < model->block_count);
    struct vcpu_arena *arena = node->space.arena;
    uint32_t held = node->disks ? emu_block_map_find(&node->disks->maps[disk], block) : 0;
    uint32_t frame = held;
    if (!held || vcpu_frame_state(arena, held) != VCPU_FRAME_PRIVATE) {
        bool room = held || emu_node_disk_private(node) < limit_blocks(node);
        frame = room ? vcpu_frame_take(arena, VCPU_FRAME_PRIVATE) : VCPU_FRAME_NONE;
        if (frame == VCPU_FRAME_NONE) {
            return false;
        }
        overlay_set(node, disk, block, frame);
        vcpu_frame_release(arena, held); /* a snapshot has it still */
    }
    memcpy(vcpu_frame_bytes(arena, frame), bytes, BLOCK_BYTES);
    return true;
}

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

struct emu_blocks *emu_node_disks_snapshot(struct emu_node *node)
{
    struct emu_overlay *overlay = node->disks;
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
                vcpu_frame_share(node->space.arena, frame);
                vcpu_frame_retain(node->space.arena, frame);
                all[count++] = (struct emu_block){block, disk, frame};
            }
        }
        overlay->snapshot = emu_blocks_create(node->space.arena, all, count);
        free(all);
    }
    __atomic_fetch_add(&overlay->snapshot->references, 1, __ATOMIC_RELAXED);
    return overlay->snapshot;
}

void emu_node_disks_restore(struct emu_node *node, const struct emu_blocks *blocks)
{
    if (node->disks && blocks && node->disks->snapshot == blocks) {
        return;
    }
    emu_node_disks_fini(node);
    for (size_t i = 0; blocks && i < blocks->count; i++) {
        const struct emu_block *block = &blocks->blocks[i];
        vcpu_frame_retain(node->space.arena, block->frame);
        overlay_set(node, block->disk, block->number, block->frame);
    }
}

uint64_t emu_world_node_disk_next(const struct emu_world *world, uint32_t index, uint32_t disk,
                                  uint64_t from, const void **bytes)
{
    const struct emu_node *node = &world->nodes[index];
    const struct emu_disk_content *content = emu_node_disk(node, disk)->content;
    uint64_t written =
        node->disks ? emu_block_map_next(&node->disks->maps[disk], from) : EMU_BLOCK_END;
    uint64_t next = written;
    for (uint64_t given = from; content && given < content->block_count && given < written;
         given++) {
        if (content->frames[given] != VCPU_FRAME_ZERO) {
            next = given;
            break;
        }
    }
    if (next == EMU_BLOCK_END) {
        return EMU_BLOCK_NONE;
    }
    *bytes = emu_node_disk_read(node, disk, next);
    return next;
}

uint64_t emu_node_disk_interval_ns(const struct emu_node *node)
{
    uint64_t rate_bps =
        node->seat ? node->seat->disk_bps
                   : node->process->world->scenario->groups[node->group].limits.disk_rate_bps;
    return rate_bps ? transfer_time(rate_bps) : 0;
}

uint64_t emu_node_disk_private(const struct emu_node *node)
{
    return node->disks ? node->disks->blocks_private : 0;
}

uint64_t emu_node_disk_table_bytes(const struct emu_node *node)
{
    if (!node->disks) {
        return 0;
    }
    uint32_t count = node->disks->disk_count;
    uint64_t bytes = sizeof *node->disks + count * sizeof node->disks->maps[0];
    for (uint32_t disk = 0; disk < count; disk++) {
        bytes += emu_block_map_bytes(&node->disks->maps[disk]);
    }
    return bytes;
}

void emu_node_disks_save(const struct emu_node *node, struct writer *writer)
{
    for (uint32_t disk = 0; disk < disks_of(node)->count; disk++) {
        static const struct emu_block_map none;
        const struct emu_group_disk *model = emu_node_disk(node, disk);
        const struct emu_block_map *map = node->disks ? &node->disks->maps[disk] : &none;
        uint64_t block = emu_block_map_next(map, 0);
        for (; block != EMU_BLOCK_END; block = emu_block_map_next(map, block + 1)) {
            const uint8_t *bytes = emu_node_disk_read(node, disk, block);
            if (!writer->hash_only) {
                write_u64(writer, block);
                write_bytes(writer, bytes, BLOCK_BYTES);
            } else if (memcmp(bytes, vcpu_frame_bytes(node->space.arena, first_frame(model, block)),
                              BLOCK_BYTES) != 0) {
                write_u64(writer, block);
                write_u64(writer, hash_bytes(bytes, BLOCK_BYTES));
            }
        }
        write_u64(writer, EMU_BLOCK_END);
    }
}

void emu_node_disks_load(struct emu_node *node, struct reader *reader)
{
    emu_node_disks_fini(node);
    for (uint32_t disk = 0; disk < disks_of(node)->count; disk++) {
        const struct emu_group_disk *model = emu_node_disk(node, disk);
        uint64_t least = 0;
        for (;;) {
            uint64_t block = read_u64(reader);
            if (reader->failed || block == EMU_BLOCK_END) {
                break;
            }
            const uint8_t *bytes = read_view(reader, BLOCK_BYTES);
            if (!bytes || model->read_only || block < least || block >= model->block_count ||
                !emu_node_disk_write(node, disk, block, bytes)) {
                reader_fail(reader);
                return;
            }
            least = block + 1;
        }
    }
}

void emu_node_disks_fini(struct emu_node *node)
{
    if (!node->disks) {
        return;
    }
    for (uint32_t disk = 0; disk < node->disks->disk_count; disk++) {
        struct emu_block_map *map = &node->disks->maps[disk];
        uint64_t block = emu_block_map_next(map, 0);
        for (; block != EMU_BLOCK_END; block = emu_block_map_next(map, block + 1)) {
            vcpu_frame_release(node->space.arena, emu_block_map_find(map, block));
        }
        emu_block_map_fini(map);
    }
    emu_blocks_release(node->disks->snapshot);
    free(node->disks);
    node->disks = NULL;
}
