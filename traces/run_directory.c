/*
 * A run directory's beginning and end: making it, the INCOMPLETE file, the failure that sticks,
 * and closing everything in the order that keeps a broken run from looking whole.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <base/alloc.h>
#include <base/assert.h>

#include "run.h"

#define RUN_NUMBER_MAX      100000u /* runs of one scenario and seed in one folder */
#define STREAM_BUFFER_BYTES 65536u

#define UNFINISHED_TEXT "This run has not finished: it is still going on, or it was interrupted.\n"

char *run_path_join(const char *directory, const char *name)
{
    size_t size_bytes = strlen(directory) + strlen(name) + 2;
    char *path = alloc_zeroed(size_bytes, 1);
    snprintf(path, size_bytes, "%s/%s", directory, name);
    return path;
}

enum status run_check(const struct trace_run *run, struct error *error)
{
    if (run->failure.status != STATUS_OK && error && error->status == STATUS_OK) {
        *error = run->failure;
    }
    return run->failure.status;
}

enum status trace_run_status(const struct trace_run *run, struct error *error)
{
    return run_check(run, error);
}

/* What a person can do about a failed write. */
static const char *advice(int cause)
{
    switch (cause) {
    case ENOSPC:
    case EDQUOT:
        return "; free some space or choose another disk with --out";
    case EFBIG:
        return "; the file size limit is reached: raise it (ulimit -f) or ask the scenario for "
               "less";
    case EACCES:
    case EPERM:
    case EROFS:
        return "; choose a directory you may write with --out";
    }
    return "";
}

enum status run_fail(struct trace_run *run, struct error *error, enum status status,
                     const char *path, int cause, const char *what)
{
    size_t length = strlen(run->path);
    bool ours = path && strncmp(path, run->path, length) == 0 &&
                (path[length] == '/' || path[length] == '\0'); /* else it is read */
    error_set(&run->failure, status, path, 0, "%s%s%s%s", what, cause ? ": " : "",
              cause ? strerror(cause) : "", ours ? advice(cause) : "");
    return run_check(run, error);
}

const char *trace_run_path(const struct trace_run *run)
{
    return run->path;
}

bool run_folder_make(const char *path)
{
    struct stat existing;
    if (mkdir(path, 0777) == 0) {
        return true;
    }
    if (errno == EEXIST && stat(path, &existing) == 0) {
        errno = ENOTDIR;
        return S_ISDIR(existing.st_mode);
    }
    return false;
}

/* Makes every folder above path's last component. */
static bool parents_make(const char *path)
{
    char *copy = alloc_text(path);
    bool made = true;
    for (char *slash = strchr(copy + 1, '/'); slash && made; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        made = run_folder_make(copy);
        *slash = '/';
    }
    int cause = errno;
    free(copy);
    errno = cause;
    return made;
}

static bool folder_empty(const char *path)
{
    DIR *folder = opendir(path);
    if (!folder) {
        return false;
    }
    bool empty = true;
    for (struct dirent *entry = readdir(folder); entry && empty; entry = readdir(folder)) {
        empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    }
    closedir(folder);
    return empty;
}

static enum status given_path_make(struct trace_run *run, const char *path, struct error *error)
{
    struct stat existing;

    run->path = alloc_text(path);
    for (size_t last = strlen(path); last > 1 && run->path[last - 1] == '/'; last--) {
        run->path[last - 1] = '\0';
    }
    if (path[0] == '\0') {
        return error_set(error, STATUS_INVALID, NULL, 0,
                         "the output directory's name is empty; give a path to --out");
    }
    if (lstat(run->path, &existing) == 0) {
        if (!S_ISDIR(existing.st_mode)) {
            return error_set(error, STATUS_EXISTS, run->path, 0,
                             "the output directory exists and is not a directory; choose another "
                             "with --out");
        }
        if (!folder_empty(run->path)) {
            return error_set(error, STATUS_EXISTS, run->path, 0,
                             "the output directory exists and is not empty (or cannot be read); "
                             "remove it or choose another with --out");
        }
        return STATUS_OK;
    }
    if (!parents_make(run->path) || mkdir(run->path, 0777) != 0) {
        return error_set(error, STATUS_INVALID, run->path, 0,
                         "the output directory cannot be made: %s; choose another with --out",
                         strerror(errno));
    }
    return STATUS_OK;
}

static void name_append_safe(char *name, size_t size_bytes, const char *text)
{
    size_t used = strlen(name);
    for (size_t i = 0; text[i] && used + 1 < size_bytes; i++) {
        char byte = text[i];
        bool safe = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                    (byte >= '0' && byte <= '9') || byte == '_' || byte == '-' ||
                    (byte == '.' && i > 0);
        name[used++] = safe ? byte : '_';
        name[used] = '\0';
    }
}

/* mkdir itself finds the first free number, so that two runs started at once do not meet. */
static enum status numbered_path_make(struct trace_run *run,
                                      const struct trace_run_options *options, struct error *error)
{
    const char *runs = options->runs ? options->runs : "runs";
    char safe[128] = "";
    char name[192];

    name_append_safe(safe, sizeof safe, options->scenario);
    char *inside = run_path_join(runs, "x");
    bool made = parents_make(inside);
    int cause = errno;
    free(inside);
    for (uint32_t n = 1; made && n <= RUN_NUMBER_MAX; n++) {
        snprintf(name, sizeof name, "%s-%" PRIu64 "-%" PRIu32, safe, options->seed, n);
        free(run->path);
        run->path = run_path_join(runs, name);
        if (mkdir(run->path, 0777) == 0) {
            return STATUS_OK;
        }
        cause = errno;
        made = cause == EEXIST;
    }
    return error_set(error, STATUS_INVALID, run->path ? run->path : runs, 0,
                     "the run's directory cannot be made: %s; choose another with --out",
                     strerror(cause));
}

/* Writes INCOMPLETE. Its failure is told only while the directory is being made: later there is a
 * failure already, and the file exists with its first text. */
static bool incomplete_write(const char *directory, const char *text)
{
    char *path = run_path_join(directory, RUN_NAME_INCOMPLETE);
    FILE *file = fopen(path, "w");
    bool written = file != NULL;
    if (file) {
        written = fputs(text, file) >= 0;
        written = fclose(file) == 0 && written;
    }
    int cause = errno;
    free(path);
    errno = cause;
    return written;
}

static void run_free(struct trace_run *run)
{
    run_stream_drop(&run->events);
    run_stream_drop(&run->metrics);
    run_stream_drop(&run->nodes);
    run_stream_drop(&run->hosts);
    run_stream_drop(&run->pages);
    for (uint32_t i = 0; i < run->copy_count; i++) {
        free(run->copies[i].source);
        free(run->copies[i].relative);
    }
    free(run->copies);
    run_captures_fini(run);
    free(run->path);
    free(run);
}

enum status trace_run_create(const struct trace_run_options *options, struct trace_run **run,
                             struct error *error)
{
    struct trace_run *made = alloc_zeroed(1, sizeof *made);
    enum status status = options->path ? given_path_make(made, options->path, error)
                                       : numbered_path_make(made, options, error);
    *run = NULL;
    if (status == STATUS_OK && !incomplete_write(made->path, UNFINISHED_TEXT)) {
        status = error_set(error, STATUS_INVALID, made->path, 0,
                           "the output directory cannot be written: %s; choose another with --out",
                           strerror(errno));
    }
    if (status == STATUS_OK) {
        status = run_stream_open(made, &made->events, "events.log", error);
    }
    if (status == STATUS_OK) {
        status = run_stream_open(made, &made->metrics, "metrics.csv", error);
    }
    if (status == STATUS_OK) {
        fputs("time_ns,node,kind,name,value\n", made->metrics.file);
        *run = made;
    } else {
        run_free(made);
    }
    return status;
}

enum status run_stream_open(struct trace_run *run, struct run_stream *stream, const char *name,
                            struct error *error)
{
    stream->path = run_path_join(run->path, name);
    stream->file = fopen(stream->path, "wx");
    if (!stream->file) {
        return run_fail(run, error, STATUS_IO, stream->path, errno, "cannot be made");
    }
    setvbuf(stream->file, NULL, _IOFBF, STREAM_BUFFER_BYTES);
    return STATUS_OK;
}

enum status run_stream_close(struct trace_run *run, struct run_stream *stream, struct error *error)
{
    if (!stream->file) {
        return run_check(run, error);
    }
    errno = 0;
    bool written =
        !ferror(stream->file) && fflush(stream->file) == 0 && fsync(fileno(stream->file)) == 0;
    int cause = errno;
    written = fclose(stream->file) == 0 && written;
    stream->file = NULL;
    if (!written) {
        return run_fail(run, error, STATUS_IO, stream->path, cause ? cause : errno,
                        "cannot be written");
    }
    return run_check(run, error);
}

void run_stream_drop(struct run_stream *stream)
{
    if (stream->file) {
        fclose(stream->file);
    }
    free(stream->path);
    stream->file = NULL;
    stream->path = NULL;
}

static void folder_sync(const char *path)
{
    /* Some file systems refuse to sync a folder; there is nothing to be done about that. */
    int folder = open(path, O_RDONLY | O_DIRECTORY);
    if (folder >= 0) {
        (void)!fsync(folder);
        close(folder);
    }
}

enum status trace_run_finish(struct trace_run *run, const struct trace_summary *summary,
                             struct error *error)
{
    struct error failure = ERROR_INIT;
    char *path = run_path_join(run->path, "summary.json");

    run_captures_flush(run, NULL);
    run_stream_close(run, &run->events, NULL);
    run_stream_close(run, &run->metrics, NULL);
    run_stream_close(run, &run->nodes, NULL);
    run_stream_close(run, &run->hosts, NULL);
    run_stream_close(run, &run->pages, NULL);
    if (run->failure.status == STATUS_OK &&
        trace_summary_write(summary, path, &failure) != STATUS_OK) {
        run->failure = failure;
    }
    free(path);
    if (run->failure.status == STATUS_OK) {
        folder_sync(run->path);
        path = run_path_join(run->path, RUN_NAME_INCOMPLETE);
        if (unlink(path) != 0) {
            run_fail(run, NULL, STATUS_IO, path, errno, "cannot be removed");
        }
        free(path);
        folder_sync(run->path);
    }
    enum status status = run_check(run, error);
    if (status == STATUS_OK) {
        run_free(run);
    } else {
        trace_run_abandon(run, NULL);
    }
    return status;
}

void trace_run_abandon(struct trace_run *run, const char *reason)
{
    char told[1024];
    char text[1200];

    if (!run) {
        return;
    }
    run_captures_flush(run, NULL); /* of a run that was interrupted; a failure stays the first */
    if (run->failure.status != STATUS_OK) {
        error_format(&run->failure, told, sizeof told);
        reason = told;
    }
    snprintf(text, sizeof text, "This run did not finish: %s\n",
             reason ? reason : "it was abandoned");
    incomplete_write(run->path, text);
    run_free(run);
}
