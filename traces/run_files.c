/*
 * Whole files of a run directory: copies of what the run was made of, the resolved scenario, and
 * the consoles.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <base/alloc.h>
#include <traces/png.h>

#include "run.h"

#define COPY_CHUNK_BYTES 65536u

/* All of the bytes, or false with errno set. */
static bool write_fully(int file, const void *bytes, size_t size_bytes)
{
    const char *next = bytes;
    while (size_bytes > 0) {
        ssize_t written = write(file, next, size_bytes);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            errno = written == 0 ? ENOSPC : errno;
            return false;
        }
        next += written;
        size_bytes -= (size_t)written;
    }
    return true;
}

/* Closes the file and says whether all went well until then and now; keeps the first errno. */
static bool close_checked(int file, bool fine)
{
    int cause = errno;
    if (close(file) != 0 && fine) {
        return false;
    }
    errno = cause;
    return fine;
}

static enum status source_open(struct trace_run *run, const char *source, int *file,
                               struct error *error)
{
    struct stat kind;

    *file = open(source, O_RDONLY | O_CLOEXEC);
    if (*file < 0) {
        enum status status = errno == ENOENT ? STATUS_NOT_FOUND : STATUS_IO;
        return run_fail(run, error, status, source, errno, "cannot be opened");
    }
    if (fstat(*file, &kind) != 0 || !S_ISREG(kind.st_mode)) {
        close(*file);
        return run_fail(run, error, STATUS_INVALID, source, 0, "is not a regular file");
    }
    return STATUS_OK;
}

static enum status bytes_copy(struct trace_run *run, int from, const char *source, int to,
                              const char *target, struct error *error)
{
    char *chunk = alloc_zeroed(COPY_CHUNK_BYTES, 1);
    enum status status = STATUS_OK;

    while (status == STATUS_OK) {
        ssize_t got = read(from, chunk, COPY_CHUNK_BYTES);
        if (got == 0) {
            break;
        }
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            status = run_fail(run, error, STATUS_IO, source, errno, "cannot be read");
        } else if (!write_fully(to, chunk, (size_t)got)) {
            status = run_fail(run, error, STATUS_IO, target, errno, "cannot be written");
        }
    }
    free(chunk);
    if (!close_checked(to, status == STATUS_OK) && status == STATUS_OK) {
        status = run_fail(run, error, STATUS_IO, target, errno, "cannot be written");
    }
    return status;
}

/* Opens `<folder>/<base>`, or `<folder>/2-<base>` and so on where that name is taken. */
static enum status target_open(struct trace_run *run, const char *folder, const char *base,
                               int *file, char **path, char **relative, struct error *error)
{
    char *name = alloc_text(base);
    for (uint32_t n = 2;; n++) {
        *relative = run_path_join(folder, name);
        *path = run_path_join(run->path, *relative);
        *file = open(*path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        free(name);
        if (*file >= 0) {
            return STATUS_OK;
        }
        if (errno != EEXIST) {
            enum status status = run_fail(run, error, STATUS_IO, *path, errno, "cannot be made");
            free(*path);
            free(*relative);
            return status;
        }
        free(*path);
        free(*relative);
        size_t size_bytes = strlen(base) + 16;
        name = alloc_zeroed(size_bytes, 1);
        snprintf(name, size_bytes, "%u-%s", (unsigned)n, base);
    }
}

static const struct run_copy *copy_find(const struct trace_run *run, const char *source,
                                        const char *folder)
{
    size_t folder_bytes = strlen(folder);
    for (uint32_t i = 0; i < run->copy_count; i++) {
        const struct run_copy *copy = &run->copies[i];
        if (strcmp(copy->source, source) == 0 &&
            strncmp(copy->relative, folder, folder_bytes) == 0 &&
            copy->relative[folder_bytes] == '/') {
            return copy;
        }
    }
    return NULL;
}

static void copy_remember(struct trace_run *run, const char *source, char *relative)
{
    run->copies = alloc_grow(run->copies, run->copy_count + 1, sizeof *run->copies);
    run->copies[run->copy_count++] = (struct run_copy){alloc_text(source), relative};
}

static enum status folder_make(struct trace_run *run, const char *folder, struct error *error)
{
    char *path = run_path_join(run->path, folder);
    enum status status = STATUS_OK;
    if (!run_folder_make(path)) {
        status = run_fail(run, error, STATUS_IO, path, errno, "cannot be made");
    }
    free(path);
    return status;
}

enum status trace_run_file_copy(struct trace_run *run, const char *source, const char *folder,
                                const char **relative, struct error *error)
{
    char *copied_to = NULL;
    char *path = NULL;
    int from;
    int to;

    *relative = NULL;
    enum status status = run_check(run, error);
    if (status != STATUS_OK) {
        return status;
    }
    const struct run_copy *earlier = copy_find(run, source, folder);
    if (earlier) {
        *relative = earlier->relative;
        return STATUS_OK;
    }
    status = source_open(run, source, &from, error);
    if (status != STATUS_OK) {
        return status;
    }
    status = folder_make(run, folder, error);
    const char *slash = strrchr(source, '/');
    if (status == STATUS_OK) {
        status =
            target_open(run, folder, slash ? slash + 1 : source, &to, &path, &copied_to, error);
    }
    if (status == STATUS_OK) {
        status = bytes_copy(run, from, source, to, path, error);
        copy_remember(run, source, copied_to);
        free(path);
    }
    close(from);
    if (status == STATUS_OK) {
        *relative = copied_to;
    }
    return status;
}

enum status trace_run_file_write(struct trace_run *run, const char *name, const void *bytes,
                                 size_t size_bytes, const char *folder, const char **relative,
                                 struct error *error)
{
    char *written_to = NULL;
    char *path = NULL;
    int to;

    *relative = NULL;
    enum status status = run_check(run, error);
    if (status == STATUS_OK) {
        status = folder_make(run, folder, error);
    }
    if (status == STATUS_OK) {
        status = target_open(run, folder, name, &to, &path, &written_to, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (!close_checked(to, write_fully(to, bytes, size_bytes))) {
        status = run_fail(run, error, STATUS_IO, path, errno, "cannot be written");
    }
    /* No source has an empty name: it is never taken for a copy of one. */
    copy_remember(run, "", written_to);
    *relative = status == STATUS_OK ? written_to : NULL;
    free(path);
    return status;
}

const char *trace_run_file(const struct trace_run *run, uint32_t index)
{
    return index < run->copy_count ? run->copies[index].relative : NULL;
}

enum status trace_run_scenario_write(struct trace_run *run, const char *text, size_t size_bytes,
                                     struct error *error)
{
    enum status status = run_check(run, error);
    if (status != STATUS_OK) {
        return status;
    }
    char *path = run_path_join(run->path, "scenario.yaml");
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file < 0 || !close_checked(file, write_fully(file, text, size_bytes))) {
        status = run_fail(run, error, STATUS_IO, path, errno, "cannot be written");
    }
    free(path);
    return status;
}

bool run_owner_folder_make(const struct trace_run *run, const char *folder, const char *owner)
{
    char *all = run_path_join(run->path, folder);
    char *its = run_path_join(all, owner);
    bool made = run_folder_make(all) && run_folder_make(its);
    int cause = errno;
    free(its);
    free(all);
    errno = cause;
    return made;
}

enum status run_node_file_append(struct trace_run *run, const char *node, const char *name,
                                 const void *bytes, size_t size_bytes, struct error *error)
{
    const int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW;
    char place[2 * RUN_NAME_MAX + 32];

    enum status status = run_check(run, error);
    if (status != STATUS_OK || size_bytes == 0) {
        return status;
    }
    if (!trace_node_name_valid(node)) {
        return run_fail(run, error, STATUS_INVALID, run->path, 0,
                        "a node's name is not fit to be a file name");
    }
    snprintf(place, sizeof place, "nodes/%s/%s", node, name);
    char *path = run_path_join(run->path, place);
    int file = open(path, flags, 0666);
    if (file < 0 && errno == ENOENT && run_owner_folder_make(run, TRACE_FOLDER_NODES, node)) {
        file = open(path, flags, 0666);
    }
    if (file < 0) {
        status = run_fail(run, error, STATUS_IO, path, errno, "cannot be made");
    } else if (!close_checked(file, write_fully(file, bytes, size_bytes))) {
        status = run_fail(run, error, STATUS_IO, path, errno, "cannot be written");
    }
    free(path);
    return status;
}

enum status trace_run_console_append(struct trace_run *run, const char *node, const void *bytes,
                                     size_t size_bytes, struct error *error)
{
    return run_node_file_append(run, node, "console.log", bytes, size_bytes, error);
}

enum status trace_run_screen_write(struct trace_run *run, const char *node, const char *moment,
                                   uint32_t width, uint32_t height, const uint8_t *rgb,
                                   struct error *error)
{
    char name[RUN_NAME_MAX];
    size_t size_bytes;
    enum status status = run_check(run, error);
    if (status != STATUS_OK) {
        return status;
    }
    uint8_t *bytes = trace_png_encode(width, height, rgb, &size_bytes);
    if (!bytes) {
        return run_fail(run, error, STATUS_NO_MEMORY, run->path, 0, "no memory for a picture");
    }
    snprintf(name, sizeof name, "screen-%s.png", moment);
    status = run_node_file_append(run, node, name, bytes, size_bytes, error);
    free(bytes);
    return status;
}

enum status trace_run_instructions_append(struct trace_run *run, const char *node, const char *text,
                                          size_t size_bytes, struct error *error)
{
    return run_node_file_append(run, node, "instructions.txt", text, size_bytes, error);
}
