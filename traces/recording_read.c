/* A recording as it is read: by its index or header by header, and nothing without its checksum. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <base/alloc.h>

#include "recording_format.h"

#define INDEX_DAMAGED "all of the run is there, but the index is damaged"

#define CHUNK_BYTES 65536u /* read at a time where only checksums are wanted, and headers */

struct trace_recording {
    char *path;
    int file;             /* -1: the bytes are in memory */
    const uint8_t *bytes; /* in memory */
    uint64_t size_bytes;
    int failure; /* errno of a read that failed, or 0: what is not there is not damage then */
    struct trace_entry *entries;
    size_t entry_count;
    enum trace_recording_ending ending;
    char ending_text[160];
    uint8_t *content; /* of the record read last */
    size_t content_capacity;
    uint8_t ahead[CHUNK_BYTES]; /* of the file, so that headers close together are one read */
    uint64_t ahead_offset;
    size_t ahead_bytes;
};

/* --- bytes of the file ------------------------------------------------------------------------ */

/* All of them, or false: past the end, or the disk failed. */
static bool fetch(struct trace_recording *recording, uint64_t offset, void *bytes,
                  size_t size_bytes)
{
    if (offset > recording->size_bytes || size_bytes > recording->size_bytes - offset) {
        return false;
    }
    if (recording->file < 0 && size_bytes) { /* without any, there may be no address either */
        memcpy(bytes, recording->bytes + offset, size_bytes);
        return true;
    }
    uint8_t *next = bytes;
    while (size_bytes) {
        ssize_t got = pread(recording->file, next, size_bytes, (off_t)offset);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            recording->failure = got < 0 ? errno : 0;
            return false;
        }
        next += got;
        offset += (uint64_t)got;
        size_bytes -= (size_t)got;
    }
    return true;
}

static bool fetch_ahead(struct trace_recording *recording, uint64_t offset, uint8_t *bytes,
                        size_t size_bytes)
{
    bool there = offset >= recording->ahead_offset &&
                 offset - recording->ahead_offset <= recording->ahead_bytes &&
                 size_bytes <= recording->ahead_bytes - (offset - recording->ahead_offset);
    if (!there) {
        uint64_t left = offset < recording->size_bytes ? recording->size_bytes - offset : 0;
        recording->ahead_offset = offset;
        recording->ahead_bytes = left < CHUNK_BYTES ? (size_t)left : CHUNK_BYTES;
        if (size_bytes > recording->ahead_bytes ||
            !fetch(recording, offset, recording->ahead, recording->ahead_bytes)) {
            recording->ahead_bytes = 0;
            return false;
        }
    }
    memcpy(bytes, recording->ahead + (offset - recording->ahead_offset), size_bytes);
    return true;
}

/* --- records ---------------------------------------------------------------------------------- */

/* A header as it stands in the file. */
struct header {
    struct trace_entry entry;
    uint64_t content_hash;
    bool good; /* its own checksum holds */
};

/* False if the file ends within it. */
static bool header_fetch(struct trace_recording *recording, uint64_t offset, struct header *header)
{
    uint8_t bytes[RECORDING_HEADER_BYTES];
    struct reader reader;
    if (!fetch_ahead(recording, offset, bytes, sizeof bytes)) {
        return false;
    }
    reader_init(&reader, bytes, sizeof bytes);
    header->entry.type = read_u32(&reader);
    header->entry.time_ns = read_u64(&reader);
    header->entry.size_bytes = read_u64(&reader);
    header->entry.offset = offset;
    header->content_hash = read_u64(&reader);
    header->good = read_u64(&reader) == recording_header_hash(bytes, offset);
    return true;
}

static bool content_inside(const struct trace_recording *recording, const struct trace_entry *entry)
{
    uint64_t begin = entry->offset + RECORDING_HEADER_BYTES;
    return begin <= recording->size_bytes && entry->size_bytes <= recording->size_bytes - begin;
}

/* Reads a record's content; its header is good and it lies inside the file. */
static bool content_fetch(struct trace_recording *recording, const struct header *header)
{
    size_t size_bytes = (size_t)header->entry.size_bytes;
    if (size_bytes > recording->content_capacity || !recording->content) {
        recording->content = alloc_grow(recording->content, size_bytes + 1, 1);
        recording->content_capacity = size_bytes + 1;
    }
    return fetch(recording, header->entry.offset + RECORDING_HEADER_BYTES, recording->content,
                 size_bytes) &&
           hash_bytes(recording->content, size_bytes) == header->content_hash;
}

static void end_with(struct trace_recording *recording, enum trace_recording_ending ending,
                     uint64_t offset, const char *what)
{
    recording->ending = ending;
    snprintf(recording->ending_text, sizeof recording->ending_text, "%s at byte %" PRIu64, what,
             offset);
}

static void entry_add(struct trace_recording *recording, const struct trace_entry *entry)
{
    size_t count = recording->entry_count;
    if ((count & (count - 1)) == 0) {
        recording->entries =
            alloc_grow(recording->entries, count ? count * 2 : 1, sizeof *recording->entries);
    }
    recording->entries[recording->entry_count++] = *entry;
}

static enum status unknown_type(const struct trace_recording *recording,
                                const struct trace_entry *entry, struct error *error)
{
    return error_set(error, STATUS_UNSUPPORTED, recording->path, 0,
                     "has a record of type %" PRIu32 " at byte %" PRIu64
                     ", which this denali does not know and must not pass over; use the denali "
                     "that recorded it, or a later one",
                     entry->type, entry->offset);
}

static bool type_known(uint32_t type)
{
    return (type >= TRACE_RECORD_HEAD && type <= TRACE_RECORD_INDEX) ||
           (type & TRACE_RECORD_MAY_IGNORE) != 0;
}

/* The rules that hold among records: a head first and only there, times that do not go back. */
static bool in_order(const struct trace_recording *recording, const struct trace_entry *entry)
{
    size_t count = recording->entry_count;
    return (entry->type == TRACE_RECORD_HEAD) == (count == 0) &&
           (count == 0 || entry->time_ns >= recording->entries[count - 1].time_ns);
}

/* Has the run's end been read? Behind it there is nothing but the index. */
static bool all_there(const struct trace_recording *recording)
{
    size_t count = recording->entry_count;
    return count && recording->entries[count - 1].type == TRACE_RECORD_END;
}

/* Record by record from the start. */
static enum status walk(struct trace_recording *recording, bool check, struct error *error)
{
    uint64_t offset = RECORDING_START;
    for (;;) {
        struct header header;
        if (!header_fetch(recording, offset, &header)) {
            bool between = offset == recording->size_bytes;
            end_with(recording, TRACE_ENDING_TORN, offset,
                     all_there(recording) ? "all of the run is there, but not the index"
                     : between            ? "ends before the run did"
                                          : "ends within a record's header");
            return STATUS_OK;
        }
        if (!header.good) {
            end_with(recording, TRACE_ENDING_DAMAGED, offset,
                     all_there(recording) ? INDEX_DAMAGED : "a record's header is damaged");
            return STATUS_OK;
        }
        if (!content_inside(recording, &header.entry)) {
            end_with(recording, TRACE_ENDING_TORN, offset,
                     all_there(recording) ? "all of the run is there, but not all of the index"
                                          : "ends within the record");
            return STATUS_OK;
        }
        if (!type_known(header.entry.type)) {
            return unknown_type(recording, &header.entry, error);
        }
        if ((check || header.entry.type == TRACE_RECORD_INDEX) &&
            !content_fetch(recording, &header)) {
            end_with(recording, TRACE_ENDING_DAMAGED, offset,
                     header.entry.type == TRACE_RECORD_INDEX
                         ? INDEX_DAMAGED
                         : "the content of the record is damaged");
            return STATUS_OK;
        }
        if (!in_order(recording, &header.entry)) {
            end_with(recording, TRACE_ENDING_DAMAGED, offset, "a record is out of order");
            return STATUS_OK;
        }
        offset += RECORDING_HEADER_BYTES + header.entry.size_bytes;
        if (header.entry.type == TRACE_RECORD_INDEX) {
            if (offset != recording->size_bytes) {
                end_with(recording, TRACE_ENDING_DAMAGED, offset, "something follows the index");
            }
            return STATUS_OK;
        }
        entry_add(recording, &header.entry);
    }
}

/* By the index; false, and no entries, if there is none that could be right. */
static bool take_index(struct trace_recording *recording)
{
    uint8_t tail[8];
    struct reader reader;
    struct header header;
    if (recording->size_bytes < RECORDING_START + RECORDING_HEADER_BYTES + sizeof tail ||
        !fetch(recording, recording->size_bytes - sizeof tail, tail, sizeof tail)) {
        return false;
    }
    reader_init(&reader, tail, sizeof tail);
    uint64_t offset = read_u64(&reader);
    if (offset < RECORDING_START || !header_fetch(recording, offset, &header) || !header.good ||
        header.entry.type != TRACE_RECORD_INDEX || !content_inside(recording, &header.entry) ||
        offset + RECORDING_HEADER_BYTES + header.entry.size_bytes != recording->size_bytes ||
        !content_fetch(recording, &header)) {
        return false;
    }
    reader_init(&reader, recording->content, (size_t)header.entry.size_bytes);
    uint64_t count = read_u64(&reader);
    uint64_t next = RECORDING_START;
    bool fine = count <= reader_left(&reader) / RECORDING_ENTRY_BYTES;
    for (uint64_t i = 0; i < count && fine; i++) {
        struct trace_entry entry;
        entry.type = read_u32(&reader);
        entry.time_ns = read_u64(&reader);
        entry.offset = read_u64(&reader);
        entry.size_bytes = read_u64(&reader);
        fine = entry.offset == next && content_inside(recording, &entry) &&
               type_known(entry.type) && entry.type != TRACE_RECORD_INDEX &&
               in_order(recording, &entry);
        next = entry.offset + RECORDING_HEADER_BYTES + entry.size_bytes;
        if (fine) {
            entry_add(recording, &entry);
        }
    }
    fine = fine && next == offset && read_u64(&reader) == offset && !reader.failed;
    if (!fine) {
        recording->entry_count = 0;
        free(recording->entries);
        recording->entries = NULL;
    }
    return fine;
}

/* --- opening ---------------------------------------------------------------------------------- */

static enum status nothing_recorded(const struct trace_recording *recording, const char *ending,
                                    struct error *error)
{
    return error_set(error, STATUS_TORN, recording->path, 0,
                     "has no head (%s): the run was stopped before anything of it was recorded; "
                     "record it again",
                     ending);
}

static enum status begin(struct trace_recording *recording, bool check, struct error *error)
{
    uint8_t bytes[RECORDING_START];
    struct reader reader;
    size_t there = recording->size_bytes < sizeof bytes ? recording->size_bytes : sizeof bytes;
    size_t magic_bytes = there < RECORDING_MAGIC_BYTES ? there : RECORDING_MAGIC_BYTES;
    if (there < sizeof bytes && fetch(recording, 0, bytes, there) &&
        memcmp(bytes, RECORDING_MAGIC, magic_bytes) == 0) {
        return nothing_recorded(recording, "ends within its first bytes", error);
    }
    if (!fetch(recording, 0, bytes, sizeof bytes) ||
        memcmp(bytes, RECORDING_MAGIC, RECORDING_MAGIC_BYTES) != 0) {
        return error_set(error, STATUS_CORRUPT, recording->path, 0,
                         "is not a recording; expected one that `denali run --record` wrote");
    }
    reader_init(&reader, bytes + RECORDING_MAGIC_BYTES, sizeof bytes - RECORDING_MAGIC_BYTES);
    uint32_t version = read_u32(&reader);
    if (version != TRACE_RECORDING_VERSION) {
        return error_set(error, STATUS_UNSUPPORTED, recording->path, 0,
                         "is a recording of version %" PRIu32 "; this denali reads version %u",
                         version, TRACE_RECORDING_VERSION);
    }
    recording->ending = TRACE_ENDING_WHOLE;
    enum status status = STATUS_OK;
    if (check || !take_index(recording)) {
        status = walk(recording, check, error);
    }
    if (!status && recording->entry_count == 0) {
        status =
            recording->ending == TRACE_ENDING_TORN
                ? nothing_recorded(recording, recording->ending_text, error)
                : error_set(error, STATUS_CORRUPT, recording->path, 0,
                            "has no head: %s; expected the recording as the run left it: get it "
                            "once more, or record the run again",
                            recording->ending_text);
    }
    return status;
}

static enum status unreadable(const struct trace_recording *recording, struct error *error)
{
    return error_set(error, STATUS_IO, recording->path, 0,
                     "cannot be read: %s; the recording itself may be good: try again, or copy it "
                     "to another disk",
                     strerror(recording->failure));
}

static enum status finish_open(struct trace_recording *made, bool check,
                               struct trace_recording **recording, struct error *error)
{
    struct error local = ERROR_INIT;
    enum status status = begin(made, check, &local);
    if (made->failure) {
        status = unreadable(made, error);
    } else if (status && error) {
        *error = local;
    }
    *recording = status ? NULL : made;
    if (status) {
        trace_recording_close(made);
    }
    return status;
}

enum status trace_recording_open(const char *path, bool check, struct trace_recording **recording,
                                 struct error *error)
{
    struct stat kind;
    *recording = NULL;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 || fstat(file, &kind) || !S_ISREG(kind.st_mode)) {
        int cause = file < 0 ? errno : 0;
        if (file >= 0) {
            close(file);
        }
        return error_set(error, cause == ENOENT ? STATUS_NOT_FOUND : STATUS_IO, path, 0,
                         "cannot be opened: %s%s", cause ? strerror(cause) : "not a regular file",
                         cause == EACCES ? "; make it readable"
                                         : "; expected the recording of a run that was made with "
                                           "--record");
    }
    struct trace_recording *made = alloc_zeroed(1, sizeof *made);
    made->path = alloc_text(path);
    made->file = file;
    made->size_bytes = (uint64_t)kind.st_size;
    return finish_open(made, check, recording, error);
}

enum status trace_recording_open_bytes(const char *path, const void *bytes, size_t size_bytes,
                                       bool check, struct trace_recording **recording,
                                       struct error *error)
{
    struct trace_recording *made = alloc_zeroed(1, sizeof *made);
    made->path = alloc_text(path);
    made->file = -1;
    made->bytes = bytes;
    made->size_bytes = size_bytes;
    return finish_open(made, check, recording, error);
}

void trace_recording_close(struct trace_recording *recording)
{
    if (!recording) {
        return;
    }
    if (recording->file >= 0) {
        close(recording->file);
    }
    free(recording->entries);
    free(recording->content);
    free(recording->path);
    free(recording);
}

enum trace_recording_ending trace_recording_ending(const struct trace_recording *recording)
{
    return recording->ending;
}

const char *trace_recording_ending_text(const struct trace_recording *recording)
{
    return recording->ending_text;
}

const struct trace_entry *trace_recording_entries(const struct trace_recording *recording,
                                                  size_t *count)
{
    *count = recording->entry_count;
    return recording->entries;
}

enum status trace_recording_read(struct trace_recording *recording, size_t index,
                                 const uint8_t **bytes, struct error *error)
{
    const struct trace_entry *entry = &recording->entries[index];
    struct header header;
    recording->failure = 0;
    if (!header_fetch(recording, entry->offset, &header) || !header.good ||
        header.entry.type != entry->type || header.entry.time_ns != entry->time_ns ||
        header.entry.size_bytes != entry->size_bytes || !content_fetch(recording, &header)) {
        if (recording->failure) {
            return unreadable(recording, error);
        }
        return error_set(error, STATUS_CORRUPT, recording->path, 0,
                         "the record at byte %" PRIu64
                         " is damaged; `denali verify` tells how far the recording is good",
                         entry->offset);
    }
    *bytes = recording->content;
    return STATUS_OK;
}
