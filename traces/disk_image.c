/*
 * What nodes left on a disk, or a volume, as a file. It is written under another name and takes its
 * own when all of it is on the host's disk, so that one that is there is whole.
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

enum status trace_run_disk_write(struct trace_run *run, const char *folder, const char *owner,
                                 const char *disk, const struct trace_disk_image *image,
                                 struct error *error)
{
    char place[2 * RUN_NAME_MAX + 32];
    enum status status = run_check(run, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (!trace_node_name_valid(owner) || !trace_node_name_valid(disk)) {
        return run_fail(run, error, STATUS_INVALID, run->path, 0,
                        "the name of a node, a host or a disk is not fit to be a file name");
    }
    snprintf(place, sizeof place, "%s/%s/%s.img", folder, owner, disk);
    char *path = run_path_join(run->path, place);
    snprintf(place, sizeof place, "%s/%s/%s.img.tmp", folder, owner, disk);
    char *temporary = run_path_join(run->path, place);
    int file = run_owner_folder_make(run, folder, owner)
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
