/* What the small records of a recording hold (docs/trace.md). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <base/alloc.h>
#include <base/hash.h>
#include <traces/recording.h>

#include "recording_format.h"
#include "run.h"

#define PIECE_BYTES 65536u /* of files, for their hashes */
#define TEXT_MAX    4096u  /* bytes of a text */
#define FILES_MAX   65536u

/* A text that is to be freed; NULL, and the reader failed, if it is none. */
static char *read_text(struct reader *reader)
{
    uint32_t size_bytes = read_u32(reader);
    if (size_bytes > TEXT_MAX) {
        reader_fail(reader);
    }
    const char *view = reader->failed ? NULL : read_view(reader, size_bytes);
    if (!view || memchr(view, '\0', size_bytes)) {
        reader_fail(reader);
        return NULL;
    }
    char *text = alloc_zeroed(size_bytes + 1, 1);
    memcpy(text, view, size_bytes);
    return text;
}

/* A name that is shown: printable ASCII. */
static bool is_plain(const char *name)
{
    while (*name > 0x20 && *name < 0x7f) {
        name++;
    }
    return *name == '\0';
}

static bool all_read(const struct reader *reader)
{
    return !reader->failed && reader_left(reader) == 0;
}

enum status trace_file_look(const char *directory, const char *path, uint64_t *size_bytes,
                            uint64_t *hash, struct error *error)
{
    char *whole = run_path_join(directory, path);
    struct stat kind;
    bool regular = stat(whole, &kind) != 0 || S_ISREG(kind.st_mode); /* what is not there is told */
    FILE *file = regular ? fopen(whole, "rb") : NULL;
    enum status status = STATUS_OK;
    *size_bytes = *hash = 0;
    if (!regular) { /* a pipe would never end */
        status = error_set(error, STATUS_IO, whole, 0,
                           "is not a regular file; the run is made of it: put it back, or record "
                           "the run again");
    } else if (!file) {
        bool gone = errno == ENOENT;
        status = error_set(error, gone ? STATUS_NOT_FOUND : STATUS_IO, whole, 0,
                           "cannot be opened: %s; the run is made of it: %s", strerror(errno),
                           gone ? "put it back, or record the run again" : "make it readable");
    } else {
        uint8_t *piece = alloc_zeroed(PIECE_BYTES, 1);
        size_t got;
        while ((got = fread(piece, 1, PIECE_BYTES, file)) > 0) {
            *size_bytes += got;
            *hash = hash_chain(*hash, piece, got);
        }
        if (ferror(file)) {
            status = error_set(error, STATUS_IO, whole, 0, "cannot be read: %s", strerror(errno));
        }
        free(piece);
        fclose(file);
    }
    free(whole);
    return status;
}

void trace_head_write(const struct trace_head *head, struct writer *writer)
{
    write_string(writer, head->version);
    write_string(writer, head->engine);
    write_u64(writer, head->seed);
    write_u32(writer, head->node_count);
    write_u8(writer, head->typed_input);
    write_u64(writer, head->duration_ns);
    write_u64(writer, head->interval_ns);
    write_u64(writer, head->checkpoint_ns);
    write_u32(writer, head->file_count);
    for (uint32_t i = 0; i < head->file_count; i++) {
        write_string(writer, head->files[i].path);
        write_u64(writer, head->files[i].size_bytes);
        write_u64(writer, head->files[i].hash);
    }
}

bool recording_path_inside(const char *path)
{
    if (path[0] == '\0' || path[0] == '/') {
        return false;
    }
    for (const char *part = path; part; part = strchr(part, '/')) {
        part += *part == '/';
        size_t length = strcspn(part, "/");
        if (length == 0 || (length == 2 && part[0] == '.' && part[1] == '.')) {
            return false;
        }
    }
    return true;
}

bool trace_head_read(struct trace_head *head, const void *bytes, size_t size_bytes)
{
    struct reader reader;
    memset(head, 0, sizeof *head);
    reader_init(&reader, bytes, size_bytes);
    head->version = read_text(&reader);
    head->engine = read_text(&reader);
    head->seed = read_u64(&reader);
    head->node_count = read_u32(&reader);
    head->typed_input = read_u8(&reader) != 0;
    head->duration_ns = read_u64(&reader);
    head->interval_ns = read_u64(&reader);
    head->checkpoint_ns = read_u64(&reader);
    uint32_t count = read_u32(&reader);
    if (!reader.failed && (!is_plain(head->version) || !is_plain(head->engine))) {
        return false;
    }
    if (reader.failed || count > FILES_MAX || head->node_count == 0 || head->interval_ns == 0) {
        return false;
    }
    head->files = alloc_zeroed(count + 1, sizeof *head->files);
    for (; head->file_count < count && !reader.failed; head->file_count++) {
        struct trace_file *file = &head->files[head->file_count];
        file->path = read_text(&reader);
        file->size_bytes = read_u64(&reader);
        file->hash = read_u64(&reader);
        if (file->path && !recording_path_inside(file->path)) {
            reader_fail(&reader);
        }
    }
    return all_read(&reader);
}

void trace_head_fini(struct trace_head *head)
{
    for (uint32_t i = 0; i < head->file_count; i++) {
        free(head->files[i].path);
    }
    free(head->files);
    free(head->version);
    free(head->engine);
    memset(head, 0, sizeof *head);
}

void trace_input_write(const struct trace_input *input, struct writer *writer)
{
    write_u32(writer, input->kind);
    write_u32(writer, input->node);
    write_u32(writer, input->a);
    write_u32(writer, input->b);
    write_u32(writer, input->size_bytes);
    write_bytes(writer, input->bytes, input->size_bytes);
}

bool trace_input_read(struct trace_input *input, const void *bytes, size_t size_bytes)
{
    struct reader reader;
    reader_init(&reader, bytes, size_bytes);
    input->kind = read_u32(&reader);
    input->node = read_u32(&reader);
    input->a = read_u32(&reader);
    input->b = read_u32(&reader);
    input->size_bytes = read_u32(&reader);
    input->bytes = read_view(&reader, input->size_bytes);
    return all_read(&reader);
}

void trace_digests_write(uint64_t *before, const uint64_t *now, uint32_t node_count,
                         struct writer *writer)
{
    uint32_t changed = 0;
    for (uint32_t i = 0; i < node_count; i++) {
        changed += before[i] != now[i];
    }
    write_u32(writer, changed);
    for (uint32_t i = 0; i < node_count; i++) {
        if (changed == node_count) {
            write_u64(writer, now[i]); /* of all, in order */
        } else if (before[i] != now[i]) {
            write_u32(writer, i);
            write_u64(writer, now[i]);
        }
        before[i] = now[i];
    }
}

bool trace_digests_read(uint64_t *chains, uint32_t node_count, const void *bytes, size_t size_bytes)
{
    struct reader reader;
    reader_init(&reader, bytes, size_bytes);
    uint32_t changed = read_u32(&reader);
    for (uint32_t i = 0; i < changed && !reader.failed; i++) {
        uint32_t node = changed == node_count ? i : read_u32(&reader);
        uint64_t chain = read_u64(&reader);
        if (reader.failed || node >= node_count) {
            return false;
        }
        chains[node] = chain;
    }
    return all_read(&reader);
}

void trace_end_write(const struct trace_end *end, struct writer *writer)
{
    write_u64(writer, end->digest);
    write_u64(writer, end->instructions);
}

bool trace_end_read(struct trace_end *end, const void *bytes, size_t size_bytes)
{
    struct reader reader;
    reader_init(&reader, bytes, size_bytes);
    end->digest = read_u64(&reader);
    end->instructions = read_u64(&reader);
    return all_read(&reader);
}
