/* Packs files of a run directory into one. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zlib.h>

#include <base/alloc.h>
#include <base/assert.h>
#include <base/codec.h>
#include <base/hash.h>
#include <traces/bundle.h>
#include <traces/recording.h>

#include "bundle_format.h"
#include "run.h"

struct packing {
    FILE *out;
    const char *name; /* of out */
    uint8_t *raw;
    uint8_t *packed;
    struct error *error;
};

static enum status put(struct packing *packing, const void *bytes, size_t size_bytes)
{
    if (size_bytes && fwrite(bytes, 1, size_bytes, packing->out) != size_bytes) {
        return error_set(packing->error, STATUS_IO, packing->name, 0,
                         "cannot be written: %s; free some space or choose another place",
                         strerror(errno));
    }
    return STATUS_OK;
}

/* A header with its checksum behind it. */
static enum status put_header(struct packing *packing, struct writer *header)
{
    write_u64(header, hash_bytes(header->bytes, header->size_bytes));
    enum status status = put(packing, header->bytes, header->size_bytes);
    writer_fini(header);
    return status;
}

static enum status put_chunk(struct packing *packing, size_t raw_bytes)
{
    uLongf packed_bytes = compressBound(BUNDLE_CHUNK_BYTES);
    int done = compress2(packing->packed, &packed_bytes, packing->raw, (uLong)raw_bytes,
                         Z_BEST_COMPRESSION);
    ASSERT(done == Z_OK);
    struct writer header;
    writer_init(&header);
    write_u32(&header, (uint32_t)raw_bytes);
    write_u32(&header, (uint32_t)packed_bytes);
    write_u64(&header, hash_bytes(packing->packed, packed_bytes));
    enum status status = put_header(packing, &header);
    return status ? status : put(packing, packing->packed, packed_bytes);
}

static enum status put_file(struct packing *packing, const char *directory, const char *path)
{
    uint64_t size_bytes;
    uint64_t hash;
    struct writer header;
    enum status status = trace_file_look(directory, path, &size_bytes, &hash, packing->error);
    if (status) {
        return status;
    }
    writer_init(&header);
    write_u8(&header, BUNDLE_FILE);
    write_string(&header, path);
    write_u64(&header, size_bytes);
    write_u64(&header, hash);
    status = put_header(packing, &header);
    char *whole = run_path_join(directory, path);
    FILE *file = fopen(whole, "rb");
    while (!status && size_bytes) {
        size_t want = size_bytes < BUNDLE_CHUNK_BYTES ? (size_t)size_bytes : BUNDLE_CHUNK_BYTES;
        if (!file || fread(packing->raw, 1, want, file) != want) {
            status = error_set(packing->error, STATUS_IO, whole, 0,
                               "cannot be read, or has become shorter meanwhile");
        } else {
            status = put_chunk(packing, want);
            size_bytes -= want;
        }
    }
    if (file) {
        fclose(file);
    }
    free(whole);
    return status;
}

static enum status put_all(struct packing *packing, const char *directory, const char *const *paths,
                           uint32_t count)
{
    struct writer writer;
    writer_init(&writer);
    write_bytes(&writer, BUNDLE_MAGIC, BUNDLE_MAGIC_BYTES);
    write_u32(&writer, TRACE_BUNDLE_VERSION);
    enum status status = put(packing, writer.bytes, writer.size_bytes);
    for (uint32_t i = 0; i < count && !status; i++) {
        status = put_file(packing, directory, paths[i]);
    }
    writer.size_bytes = 0;
    write_u8(&writer, BUNDLE_END);
    write_u32(&writer, count);
    return status ? (writer_fini(&writer), status) : put_header(packing, &writer);
}

enum status trace_bundle_write(const char *directory, const char *const *paths, uint32_t count,
                               const char *out, struct error *error)
{
    struct stat existing;
    if (lstat(out, &existing) == 0) {
        return error_set(error, STATUS_EXISTS, out, 0, "exists%s; %schoose another name with --out",
                         S_ISREG(existing.st_mode) ? "" : " and is no file",
                         S_ISREG(existing.st_mode) ? "remove it or " : "");
    }
    size_t size_bytes = strlen(out) + sizeof ".partial";
    char *partial = alloc_zeroed(size_bytes, 1);
    snprintf(partial, size_bytes, "%s.partial", out);
    FILE *file = fopen(partial, "wb");
    if (!file) {
        enum status status =
            error_set(error, STATUS_IO, out, 0,
                      "cannot be made: %s; choose another place with --out", strerror(errno));
        free(partial);
        return status;
    }
    struct packing packing = {
        .out = file,
        .name = out,
        .raw = alloc_zeroed(BUNDLE_CHUNK_BYTES, 1),
        .packed = alloc_zeroed(compressBound(BUNDLE_CHUNK_BYTES), 1),
        .error = error,
    };
    enum status status = put_all(&packing, directory, paths, count);
    bool kept = fflush(file) == 0 && fsync(fileno(file)) == 0;
    kept = fclose(file) == 0 && kept;
    if (!status && (!kept || rename(partial, out))) {
        status = error_set(error, STATUS_IO, out, 0,
                           "cannot be written: %s; free some space or choose another place",
                           strerror(errno));
    }
    if (status) {
        unlink(partial);
    }
    free(packing.raw);
    free(packing.packed);
    free(partial);
    return status;
}
