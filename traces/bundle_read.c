/* Unpacks a bundle, and trusts none of it. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zlib.h>

#include <base/alloc.h>
#include <base/codec.h>
#include <base/hash.h>
#include <traces/bundle.h>

#include "bundle_format.h"
#include "recording_format.h"
#include "run.h"

/* As trace_file_look hashes files. */
#define PIECE_BYTES 65536u

struct unpacking {
    FILE *stream;
    const char *name;
    const struct trace_bundle_sink *sink;
    uint8_t *raw;
    uint8_t *packed;
    struct error *error;
};

static enum status corrupt(struct unpacking *unpacking, const char *what)
{
    return error_set(unpacking->error, STATUS_CORRUPT, unpacking->name, 0,
                     "the bundle %s; get it once more, or make it again with `denali bundle`",
                     what);
}

/* The next bytes of a header, which are kept for its checksum. False at the file's end. */
static const uint8_t *take(struct unpacking *unpacking, struct writer *header, size_t size_bytes)
{
    uint8_t bytes[BUNDLE_PATH_MAX];
    size_t at = header->size_bytes;
    if (size_bytes > sizeof bytes || fread(bytes, 1, size_bytes, unpacking->stream) != size_bytes) {
        return NULL;
    }
    write_bytes(header, bytes, size_bytes);
    return header->bytes + at;
}

static uint64_t number(const uint8_t *bytes, size_t size_bytes)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size_bytes; i++) {
        value |= (uint64_t)bytes[i] << 8 * i;
    }
    return value;
}

/* A number of a header; false, and zero, at the file's end. */
static bool take_number(struct unpacking *unpacking, struct writer *header, size_t size_bytes,
                        uint64_t *value)
{
    const uint8_t *bytes = take(unpacking, header, size_bytes);
    *value = bytes ? number(bytes, size_bytes) : 0;
    return bytes != NULL;
}

/* The checksum that ends a header. */
static bool header_good(struct unpacking *unpacking, const struct writer *header)
{
    uint8_t bytes[8];
    return fread(bytes, 1, sizeof bytes, unpacking->stream) == sizeof bytes &&
           number(bytes, sizeof bytes) == hash_bytes(header->bytes, header->size_bytes);
}

/* Reads one chunk into raw; *size_bytes of it. */
static enum status chunk_read(struct unpacking *unpacking, uint64_t left, size_t *size_bytes)
{
    struct writer header;
    uint64_t raw_bytes;
    uint64_t packed_bytes;
    uint64_t hash;
    writer_init(&header);
    bool good = take_number(unpacking, &header, 4, &raw_bytes) &&
                take_number(unpacking, &header, 4, &packed_bytes) &&
                take_number(unpacking, &header, 8, &hash) && header_good(unpacking, &header);
    writer_fini(&header);
    if (!good) {
        return corrupt(unpacking, "is damaged or cut off");
    }
    uLongf got = BUNDLE_CHUNK_BYTES;
    if (raw_bytes == 0 || raw_bytes > BUNDLE_CHUNK_BYTES || raw_bytes > left ||
        packed_bytes > compressBound(BUNDLE_CHUNK_BYTES) ||
        fread(unpacking->packed, 1, packed_bytes, unpacking->stream) != packed_bytes ||
        hash_bytes(unpacking->packed, packed_bytes) != hash ||
        uncompress(unpacking->raw, &got, unpacking->packed, (uLong)packed_bytes) != Z_OK ||
        got != raw_bytes) {
        return corrupt(unpacking, "is damaged or cut off");
    }
    *size_bytes = raw_bytes;
    return STATUS_OK;
}

static enum status file_read(struct unpacking *unpacking, const char *path, uint64_t size_bytes,
                             uint64_t expected)
{
    const struct trace_bundle_sink *sink = unpacking->sink;
    uint64_t hash = 0;
    enum status status = sink->begin(sink->context, path, size_bytes, unpacking->error);
    while (!status && size_bytes) {
        size_t part = 0;
        status = chunk_read(unpacking, size_bytes, &part);
        for (size_t at = 0; !status && at < part; at += PIECE_BYTES) {
            size_t piece = part - at < PIECE_BYTES ? part - at : PIECE_BYTES;
            hash = hash_chain(hash, unpacking->raw + at, piece);
        }
        if (!status) {
            status = sink->bytes(sink->context, unpacking->raw, part, unpacking->error);
        }
        size_bytes -= part;
    }
    if (!status && hash != expected) {
        status = corrupt(unpacking, "has a file that is not what it was");
    }
    enum status ended = sink->end(sink->context, unpacking->error);
    return status ? status : ended;
}

/* A file's header behind its first byte, then the file. */
static enum status entry_read(struct unpacking *unpacking, struct writer *header)
{
    char path[BUNDLE_PATH_MAX + 1] = "";
    uint64_t length;
    uint64_t size_bytes;
    uint64_t hash;
    bool good = take_number(unpacking, header, 4, &length) && length < BUNDLE_PATH_MAX;
    const uint8_t *text = good ? take(unpacking, header, length) : NULL;
    if (text) {
        memcpy(path, text, length);
    }
    good = text && take_number(unpacking, header, 8, &size_bytes) &&
           take_number(unpacking, header, 8, &hash) && header_good(unpacking, header) &&
           strlen(path) == length && recording_path_inside(path);
    return good ? file_read(unpacking, path, size_bytes, hash)
                : corrupt(unpacking, "is damaged or cut off, or has a file that is not inside");
}

static enum status read_all(struct unpacking *unpacking)
{
    uint8_t start[BUNDLE_MAGIC_BYTES + 4];
    if (fread(start, 1, sizeof start, unpacking->stream) != sizeof start ||
        memcmp(start, BUNDLE_MAGIC, BUNDLE_MAGIC_BYTES) != 0) {
        return error_set(unpacking->error, STATUS_CORRUPT, unpacking->name, 0,
                         "is not a bundle; expected what `denali bundle` made");
    }
    uint64_t version = number(start + BUNDLE_MAGIC_BYTES, 4);
    if (version != TRACE_BUNDLE_VERSION) {
        return error_set(unpacking->error, STATUS_UNSUPPORTED, unpacking->name, 0,
                         "is a bundle of version %" PRIu64 "; this denali reads version %u",
                         version, TRACE_BUNDLE_VERSION);
    }
    for (uint64_t count = 0; count <= BUNDLE_FILES_MAX; count++) {
        struct writer header;
        uint64_t kind;
        uint64_t said = 0;
        writer_init(&header);
        enum status status = STATUS_OK;
        if (!take_number(unpacking, &header, 1, &kind) || kind > BUNDLE_FILE) {
            status = corrupt(unpacking, "is damaged or cut off");
        } else if (kind == BUNDLE_FILE) {
            status = entry_read(unpacking, &header);
        } else if (!take_number(unpacking, &header, 4, &said) || !header_good(unpacking, &header) ||
                   said != count || fgetc(unpacking->stream) != EOF) {
            status = corrupt(unpacking, "is damaged, cut off, or followed by something");
        }
        writer_fini(&header);
        if (status || kind == BUNDLE_END) {
            return status;
        }
    }
    return corrupt(unpacking, "has too many files");
}

enum status trace_bundle_read(FILE *stream, const char *name, const struct trace_bundle_sink *sink,
                              struct error *error)
{
    struct unpacking unpacking = {
        .stream = stream,
        .name = name,
        .sink = sink,
        .raw = alloc_zeroed(BUNDLE_CHUNK_BYTES, 1),
        .packed = alloc_zeroed(compressBound(BUNDLE_CHUNK_BYTES), 1),
        .error = error,
    };
    enum status status = read_all(&unpacking);
    free(unpacking.raw);
    free(unpacking.packed);
    return status;
}

bool trace_bundle_is(const char *path)
{
    uint8_t start[BUNDLE_MAGIC_BYTES];
    FILE *file = fopen(path, "rb");
    bool is = file && fread(start, 1, sizeof start, file) == sizeof start &&
              memcmp(start, BUNDLE_MAGIC, sizeof start) == 0;
    if (file) {
        fclose(file);
    }
    return is;
}

/* --- into a folder ---------------------------------------------------------------------------- */

/* What a file or folder takes of a disk, whatever it holds. */
#define ENTRY_BYTES 4096u

struct folder {
    const char *bundle;
    const char *path;
    uint64_t limit_bytes;
    uint64_t left_bytes;
    FILE *file; /* being written */
    char *file_path;
};

/* Before anything is made; folders count anew for each file in them. */
static enum status folder_take(struct folder *folder, const char *path, uint64_t size_bytes,
                               struct error *error)
{
    uint64_t entries = 1;
    for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        entries++;
    }
    uint64_t left_bytes = folder->left_bytes;
    if (entries > left_bytes / ENTRY_BYTES || size_bytes > left_bytes - entries * ENTRY_BYTES) {
        return error_set(error, STATUS_NO_MEMORY, folder->bundle, 0,
                         "the bundle holds more than the %" PRIu64 " bytes that it may take",
                         folder->limit_bytes);
    }
    folder->left_bytes -= entries * ENTRY_BYTES + size_bytes;
    return STATUS_OK;
}

static enum status folder_begin(void *context, const char *path, uint64_t size_bytes,
                                struct error *error)
{
    struct folder *folder = context;
    bool made = true;
    enum status status = folder_take(folder, path, size_bytes, error);
    if (status) {
        return status;
    }
    folder->file_path = run_path_join(folder->path, path);
    char *first = folder->file_path + strlen(folder->path) + 1;
    for (char *slash = strchr(first, '/'); slash && made; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        made = run_folder_make(folder->file_path);
        *slash = '/';
    }
    folder->file = made ? fopen(folder->file_path, "wbx") : NULL;
    if (!folder->file && (errno == EEXIST || errno == ENOTDIR || errno == EISDIR)) {
        return error_set(error, STATUS_EXISTS, folder->file_path, 0,
                         "is there already, or is in the bundle twice; expected an empty folder, "
                         "and a bundle as `denali bundle` makes it");
    }
    return folder->file ? STATUS_OK
                        : error_set(error, STATUS_IO, folder->file_path, 0, "cannot be made: %s",
                                    strerror(errno));
}

static enum status folder_bytes(void *context, const void *bytes, size_t size_bytes,
                                struct error *error)
{
    struct folder *folder = context;
    return fwrite(bytes, 1, size_bytes, folder->file) == size_bytes
               ? STATUS_OK
               : error_set(error, STATUS_IO, folder->file_path, 0, "cannot be written: %s",
                           strerror(errno));
}

static enum status folder_end(void *context, struct error *error)
{
    struct folder *folder = context;
    enum status status = STATUS_OK;
    if (folder->file && fclose(folder->file)) {
        status = error_set(error, STATUS_IO, folder->file_path, 0, "cannot be written: %s",
                           strerror(errno));
    }
    folder->file = NULL;
    free(folder->file_path);
    folder->file_path = NULL;
    return status;
}

enum status trace_bundle_unpack(const char *path, const char *directory, uint64_t limit_bytes,
                                struct error *error)
{
    struct folder folder = {
        .bundle = path,
        .path = directory,
        .limit_bytes = limit_bytes,
        .left_bytes = limit_bytes,
    };
    const struct trace_bundle_sink sink = {&folder, folder_begin, folder_bytes, folder_end};
    FILE *stream = fopen(path, "rb");
    if (!stream) {
        return error_set(error, errno == ENOENT ? STATUS_NOT_FOUND : STATUS_IO, path, 0,
                         "cannot be opened: %s", strerror(errno));
    }
    enum status status = trace_bundle_read(stream, path, &sink, error);
    fclose(stream);
    return status;
}
