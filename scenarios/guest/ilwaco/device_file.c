/* /dev: the few devices that programs expect as files. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"

#define ENTROPY_BYTES 256u /* what getentropy gives at once */

enum device { DEVICE_NULL, DEVICE_ZERO, DEVICE_FULL, DEVICE_RANDOM, DEVICE_CONSOLE };

struct device_file {
    struct file file;
    struct vfs_node *node;
};

static const struct {
    const char *path;
    enum device device;
} names[] = {
    {"/dev/null", DEVICE_NULL},      {"/dev/zero", DEVICE_ZERO},
    {"/dev/full", DEVICE_FULL},      {"/dev/random", DEVICE_RANDOM},
    {"/dev/urandom", DEVICE_RANDOM}, {"/dev/console", DEVICE_CONSOLE},
    {"/dev/tty", DEVICE_CONSOLE},    {"/dev/stdin", DEVICE_CONSOLE},
    {"/dev/stdout", DEVICE_CONSOLE}, {"/dev/stderr", DEVICE_CONSOLE},
};

int devices_make(struct vfs *vfs)
{
    struct vfs_place place;
    struct vfs_node *node;
    int error = vfs_resolve(vfs, vfs->root, "/dev", false, &place);
    if (!error)
        error = vfs_make(vfs, &place, S_IFDIR | 0755, &node);
    for (size_t i = 0; i < sizeof names / sizeof *names && !error; i++) {
        error = vfs_resolve(vfs, vfs->root, names[i].path, false, &place);
        if (!error)
            error = vfs_make(vfs, &place, S_IFCHR | 0666, &node);
        if (!error)
            node->device = names[i].device;
    }
    return error;
}

static int device_of(const struct file *file)
{
    return ((const struct device_file *)file)->node->device;
}

static ssize_t read_random(char *bytes, size_t length_bytes)
{
    for (size_t done = 0; done < length_bytes; done += ENTROPY_BYTES) {
        size_t left = length_bytes - done;
        if (getentropy(bytes + done, left < ENTROPY_BYTES ? left : ENTROPY_BYTES) != 0)
            return -1;
    }
    return (ssize_t)length_bytes;
}

static ssize_t read_device(struct file *file, void *bytes, size_t length_bytes)
{
    switch (device_of(file)) {
    case DEVICE_RANDOM:
        return read_random(bytes, length_bytes);
    case DEVICE_ZERO:
    case DEVICE_FULL:
        memset(bytes, 0, length_bytes);
        return (ssize_t)length_bytes;
    default:
        return 0;
    }
}

static ssize_t write_device(struct file *file, const void *bytes, size_t length_bytes)
{
    (void)bytes;
    if (device_of(file) == DEVICE_FULL)
        return files_result(ENOSPC);
    return (ssize_t)length_bytes;
}

static short always_ready(struct file *file)
{
    (void)file;
    return POLLIN | POLLOUT;
}

static void close_device(struct file *file)
{
    vfs_release(((struct device_file *)file)->node);
    free(file);
}

/* The kernels people know let one seek here, to no effect. */
static off_t seek(struct file *file, off_t offset, int whence)
{
    (void)file;
    (void)offset;
    (void)whence;
    return 0;
}

static void status_of(struct file *file, struct stat *status)
{
    files_stat(((struct device_file *)file)->node, status);
}

static const struct file_ops device_ops = {
    .read = read_device,
    .write = write_device,
    .ready = always_ready,
    .close = close_device,
    .seek = seek,
    .status = status_of,
    .in_pieces = true,
};

struct file *device_open(struct vfs_node *node)
{
    struct device_file *device;
    if (node->device == DEVICE_CONSOLE)
        return &console_file;
    device = calloc(1, sizeof *device);
    if (!device) {
        errno = ENOMEM;
        return NULL;
    }
    device->file.ops = &device_ops;
    device->node = node;
    vfs_hold(node);
    return &device->file;
}
