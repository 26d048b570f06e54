/*
 * What a node left on a disk, as a file. It is written under another name and takes its own when
 * all of it is on the host's disk, so that one that is there is whole.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <base/alloc.h>

#include "run.h"

static bool write_at(int file, const void *bytes, size_t size_bytes, uint64_t at)
{
    const char *next = bytes;
    while (size_bytes > 0) {
        ssize_t written = pwrite(file, next, size_bytes, (off_t)at);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            errno = written == 0 ? ENOSPC : errno;
            return false;
        }
        next += written;
        at += (uint64_t)written;
        size_bytes -= (size_t)written;
    }
    return true;
}

/* Everything but what is zeros, which becomes a hole. False: errno says why. */
static bool image_write(int file, const struct trace_disk_image *image)
{
    bool fine = ftruncate(file, (off_t)(image->block_count * image->block_bytes)) == 0;
    const void *bytes = NULL;
    uint64_t block = image->next(image->context, 0, &bytes);
    while (fine && block < image->block_count) {
        fine = write_at(file, bytes, image->block_bytes, block * image->block_bytes);
        block = image->next(image->context, block + 1, &bytes);
    }
    fine = fine && fsync(file) == 0;
    int cause = errno;
    if (close(file) != 0 && fine) {
        return false;
    }
    errno = cause;
    return fine;
}

enum status trace_run_disk_write(struct trace_run *run, const char *node, const char *disk,
                                 const struct trace_disk_image *image, struct error *error)
{
    char place[2 * RUN_NAME_MAX + 32];
    enum status status = run_check(run, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (!trace_node_name_valid(node) || !trace_node_name_valid(disk)) {
        return run_fail(run, error, STATUS_INVALID, run->path, 0,
                        "a node's or a disk's name is not fit to be a file name");
    }
    snprintf(place, sizeof place, "nodes/%s/%s.img", node, disk);
    char *path = run_path_join(run->path, place);
    snprintf(place, sizeof place, "nodes/%s/%s.img.tmp", node, disk);
    char *temporary = run_path_join(run->path, place);
    int file = run_node_folder_make(run, node)
                   ? open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666)
                   : -1;
    if (file < 0) {
        status = run_fail(run, error, STATUS_IO, temporary, errno, "cannot be made");
    } else if (!image_write(file, image) || rename(temporary, path) != 0) {
        int cause = errno;
        unlink(temporary);
        status = run_fail(run, error, STATUS_IO, path, cause, "cannot be written");
    }
    free(temporary);
    free(path);
    return status;
}
