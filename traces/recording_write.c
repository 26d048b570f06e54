/* A recording as it is written: records appended, each whole by one write, and an index at the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <base/alloc.h>

#include "recording_format.h"
#include "run.h"

struct trace_recording_writer {
    int file;
    char *path;
    uint64_t size_bytes;
    struct trace_entry *entries;
    size_t entry_count;
    struct error failure; /* the first */
    struct writer record; /* being made */
};

static enum status fail(struct trace_recording_writer *writer, int cause, struct error *error)
{
    error_set(&writer->failure, STATUS_IO, writer->path, 0,
              "cannot be written: %s; free some space or choose another disk with --out",
              strerror(cause));
    if (error && error->status == STATUS_OK) {
        *error = writer->failure;
    }
    return writer->failure.status;
}

static enum status put(struct trace_recording_writer *writer, const uint8_t *bytes,
                       size_t size_bytes, struct error *error)
{
    while (size_bytes) {
        ssize_t written = write(writer->file, bytes, size_bytes);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return fail(writer, written ? errno : ENOSPC, error);
        }
        bytes += written;
        size_bytes -= (size_t)written;
        writer->size_bytes += (uint64_t)written;
    }
    return STATUS_OK;
}

enum status trace_recording_create(const char *directory, struct trace_recording_writer **result,
                                   struct error *error)
{
    struct trace_recording_writer *writer = alloc_zeroed(1, sizeof *writer);
    char *folder = run_path_join(directory, TRACE_RECORDING_FOLDER);
    writer->path = run_path_join(directory, TRACE_RECORDING_NAME);
    writer->file = -1;
    if (run_folder_make(folder)) {
        writer->file = open(writer->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    }
    free(folder);
    enum status status = writer->file < 0 ? fail(writer, errno, error) : STATUS_OK;
    if (!status) {
        struct writer start;
        writer_init(&start);
        write_bytes(&start, RECORDING_MAGIC, RECORDING_MAGIC_BYTES);
        write_u32(&start, TRACE_RECORDING_VERSION);
        status = put(writer, start.bytes, start.size_bytes, error);
        writer_fini(&start);
    }
    *result = status ? NULL : writer;
    if (status) {
        trace_recording_abandon(writer);
    }
    return status;
}

enum status trace_recording_append(struct trace_recording_writer *writer, uint32_t type,
                                   uint64_t time_ns, const void *bytes, size_t size_bytes,
                                   struct error *error)
{
    if (writer->failure.status) {
        if (error && error->status == STATUS_OK) {
            *error = writer->failure;
        }
        return writer->failure.status;
    }
    struct trace_entry entry = {type, time_ns, writer->size_bytes, size_bytes};
    size_t count = writer->entry_count;
    if ((count & (count - 1)) == 0) { /* full at every power of two */
        writer->entries =
            alloc_grow(writer->entries, count ? count * 2 : 1, sizeof *writer->entries);
    }
    writer->entries[writer->entry_count++] = entry;
    struct writer *record = &writer->record;
    record->size_bytes = 0;
    write_u32(record, type);
    write_u64(record, time_ns);
    write_u64(record, size_bytes);
    write_u64(record, hash_bytes(bytes, size_bytes));
    write_u64(record, recording_header_hash(record->bytes, entry.offset));
    write_bytes(record, bytes, size_bytes);
    return put(writer, record->bytes, record->size_bytes, error);
}

uint64_t trace_recording_size_bytes(const struct trace_recording_writer *writer)
{
    return writer->size_bytes;
}

enum status trace_recording_end(struct trace_recording_writer *writer, struct error *error)
{
    struct writer index;
    uint64_t offset = writer->size_bytes;
    uint64_t time_ns = writer->entry_count ? writer->entries[writer->entry_count - 1].time_ns : 0;
    writer_init(&index);
    write_u64(&index, writer->entry_count);
    for (size_t i = 0; i < writer->entry_count; i++) {
        write_u32(&index, writer->entries[i].type);
        write_u64(&index, writer->entries[i].time_ns);
        write_u64(&index, writer->entries[i].offset);
        write_u64(&index, writer->entries[i].size_bytes);
    }
    write_u64(&index, offset); /* the file's last bytes: where the index is */
    enum status status = trace_recording_append(writer, TRACE_RECORD_INDEX, time_ns, index.bytes,
                                                index.size_bytes, error);
    writer_fini(&index);
    if (!status && fsync(writer->file)) {
        status = fail(writer, errno, error);
    }
    if (!status && close(writer->file)) {
        status = fail(writer, errno, error);
    }
    if (!status) {
        writer->file = -1;
    }
    trace_recording_abandon(writer);
    return status;
}

void trace_recording_abandon(struct trace_recording_writer *writer)
{
    if (!writer) {
        return;
    }
    if (writer->file >= 0) {
        close(writer->file);
    }
    writer_fini(&writer->record);
    free(writer->entries);
    free(writer->path);
    free(writer);
}
