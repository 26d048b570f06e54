/*
 * The archives of a machine's disks as part of its tree. DENALI_MOUNTS says which disks go where,
 * "www=/www,files=/"; the host sets it, and adds the disk with a scenario's files. Blocks are read
 * when a program reads a file.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <denali.h>

#include "files.h"
#include "runtime.h"

#define BLOCK_BYTES DENALI_DISK_BLOCK_BYTES
#define NO_BLOCK    UINT64_MAX

struct mount {
    struct ustar_source source; /* first: a source is a mount */
    int disk;
    uint64_t block; /* what block_bytes holds; NO_BLOCK: nothing */
    uint8_t block_bytes[BLOCK_BYTES];
};

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Whole blocks go straight to their place; the ends come through the block kept here, which the
 * next read of a small file most likely wants again. */
static int read_disk(const struct ustar_source *source, uint64_t offset_bytes, void *bytes,
                     uint32_t length_bytes)
{
    struct mount *mount = (struct mount *)source;
    uint8_t *next = bytes;
    while (length_bytes > 0) {
        uint64_t block = offset_bytes / BLOCK_BYTES;
        uint32_t skip = (uint32_t)(offset_bytes % BLOCK_BYTES);
        uint32_t piece = least(length_bytes, BLOCK_BYTES - skip);
        if (skip == 0 && length_bytes >= BLOCK_BYTES) {
            piece = length_bytes / BLOCK_BYTES * BLOCK_BYTES;
            if (denali_disk_read(mount->disk, block, piece / BLOCK_BYTES, next) != 0)
                return EIO;
        } else {
            if (mount->block != block) {
                mount->block = NO_BLOCK;
                if (denali_disk_read(mount->disk, block, 1, mount->block_bytes) != 0)
                    return EIO;
                mount->block = block;
            }
            memcpy(next, mount->block_bytes + skip, piece);
        }
        next += piece;
        offset_bytes += piece;
        length_bytes -= piece;
    }
    return 0;
}

/* The directory at path, and those above it, made where they are missing. */
static int make_path(struct vfs *vfs, const char *path, struct vfs_node **node)
{
    char piece[VFS_PATH_MAX];
    size_t length = strlen(path);
    int error = length >= sizeof piece || *path != '/' ? EINVAL : 0;
    *node = vfs->root;
    for (size_t end = 1; end <= length && !error; end++) {
        struct vfs_place place;
        if (path[end] && path[end] != '/')
            continue;
        memcpy(piece, path, end);
        piece[end] = 0;
        error = vfs_resolve(vfs, vfs->root, piece, true, &place);
        if (!error && place.node)
            *node = place.node;
        else if (!error)
            error = vfs_make(vfs, &place, S_IFDIR | 0755, node);
    }
    return error || S_ISDIR((*node)->mode) ? error : ENOTDIR;
}

static void complain(const char *disk, const char *path, const char *problem)
{
    char line[256];
    int length = snprintf(line, sizeof line, "ilwaco: disk %.32s cannot be mounted at %.64s: %s\n",
                          disk, path, problem);
    console_write(line, (uint32_t)length);
}

/* What the archive holds, into the directory; false if it cannot be. */
static bool mount_archive(struct vfs *vfs, const char *disk, const char *path,
                          struct vfs_node *directory)
{
    char problem[128];
    uint64_t offset;
    int error;
    int number = denali_disk_find(disk);
    struct mount *mount = number < 0 ? NULL : malloc(sizeof *mount);
    if (!mount) {
        complain(disk, path, number < 0 ? "the machine has no such disk" : "no memory");
        return false;
    }
    mount->source.size_bytes = denali_disk_blocks(number) * BLOCK_BYTES;
    mount->source.read = read_disk;
    mount->disk = number;
    mount->block = NO_BLOCK;
    error = vfs_mount(vfs, directory, &mount->source, &offset);
    if (error == EILSEQ) {
        snprintf(problem, sizeof problem,
                 "what is at its byte %llu cannot be read (an archive as by tar --format=ustar "
                 "was expected)",
                 offset);
        complain(disk, path, problem);
    } else if (error) {
        complain(disk, path, strerror(error));
    }
    return !error;
}

/* What cannot be mounted is an error below its place alone. */
static void mount_disk(struct vfs *vfs, const char *disk, const char *path)
{
    struct vfs_node *directory;
    int error = make_path(vfs, path, &directory);
    if (error)
        complain(disk, path, strerror(error));
    else if (!mount_archive(vfs, disk, path, directory))
        vfs_spoil(directory, EIO);
}

static void mount_all(struct vfs *vfs, char *list)
{
    char *rest = NULL;
    for (char *item = strtok_r(list, ",", &rest); item; item = strtok_r(NULL, ",", &rest)) {
        char *path = strchr(item, '=');
        if (!path) {
            complain(item, "?", "DENALI_MOUNTS is not DISK=PATH,...");
            continue;
        }
        *path++ = 0;
        mount_disk(vfs, item, path);
    }
}

int mounts_make(struct vfs *vfs)
{
    const char *told = getenv("DENALI_MOUNTS");
    char *list;
    if (!told)
        return 0;
    list = strdup(told);
    if (!list)
        return ENOMEM;
    mount_all(vfs, list);
    free(list);
    return 0;
}
