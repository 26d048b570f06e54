/* Explicit little-endian fields, into a buffer or into a hash. */
#include <base/codec.h>

#include <stdlib.h>
#include <string.h>

#include <base/alloc.h>
#include <base/assert.h>
#include <base/hash.h>

void writer_init(struct writer *writer)
{
    memset(writer, 0, sizeof *writer);
}

void writer_init_hash(struct writer *writer)
{
    memset(writer, 0, sizeof *writer);
    writer->hash_only = true;
}

void writer_fini(struct writer *writer)
{
    free(writer->bytes);
    memset(writer, 0, sizeof *writer);
}

/* Pieces are always cut at the same places, whatever the size of the single writes. */
static void hash_piece(struct writer *writer, const uint8_t *bytes, size_t size_bytes)
{
    while (size_bytes) {
        size_t room = sizeof writer->piece - writer->piece_bytes;
        size_t part = size_bytes < room ? size_bytes : room;
        memcpy(writer->piece + writer->piece_bytes, bytes, part);
        writer->piece_bytes += (uint32_t)part;
        bytes += part;
        size_bytes -= part;
        if (writer->piece_bytes == sizeof writer->piece) {
            writer->hash = hash_chain(writer->hash, writer->piece, sizeof writer->piece);
            writer->piece_bytes = 0;
        }
    }
}

void write_bytes(struct writer *writer, const void *bytes, size_t size_bytes)
{
    if (writer->hash_only) {
        hash_piece(writer, bytes, size_bytes);
    } else if (size_bytes) {
        if (writer->capacity_bytes - writer->size_bytes < size_bytes) {
            size_t capacity = writer->capacity_bytes ? writer->capacity_bytes * 2 : 256;
            while (capacity - writer->size_bytes < size_bytes) {
                capacity *= 2;
            }
            writer->bytes = alloc_grow(writer->bytes, capacity, 1);
            writer->capacity_bytes = capacity;
        }
        memcpy(writer->bytes + writer->size_bytes, bytes, size_bytes);
    }
    writer->size_bytes += size_bytes;
}

static void write_little_endian(struct writer *writer, uint64_t value, size_t size_bytes)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < size_bytes; i++) {
        bytes[i] = (uint8_t)(value >> 8 * i);
    }
    write_bytes(writer, bytes, size_bytes);
}

void write_u8(struct writer *writer, uint8_t value)
{
    write_little_endian(writer, value, 1);
}

void write_u16(struct writer *writer, uint16_t value)
{
    write_little_endian(writer, value, 2);
}

void write_u32(struct writer *writer, uint32_t value)
{
    write_little_endian(writer, value, 4);
}

void write_u64(struct writer *writer, uint64_t value)
{
    write_little_endian(writer, value, 8);
}

void write_string(struct writer *writer, const char *text)
{
    size_t size_bytes = strlen(text);
    write_u32(writer, (uint32_t)size_bytes);
    write_bytes(writer, text, size_bytes);
}

uint64_t writer_hash(struct writer *writer)
{
    ASSERT(writer->hash_only);
    return hash_chain(writer->hash, writer->piece, writer->piece_bytes);
}

void reader_init(struct reader *reader, const void *bytes, size_t size_bytes)
{
    /* Even adding 0 to a null pointer is undefined (C17 6.5.6), and an empty input may be one. */
    static const uint8_t nothing[1];
    *reader = (struct reader){.bytes = bytes ? bytes : nothing, .size_bytes = size_bytes};
}

size_t reader_left(const struct reader *reader)
{
    return reader->failed ? 0 : reader->size_bytes - reader->position;
}

void reader_fail(struct reader *reader)
{
    reader->failed = true;
}

const void *read_view(struct reader *reader, size_t size_bytes)
{
    if (reader_left(reader) < size_bytes) {
        reader->failed = true;
        return NULL;
    }
    const void *view = reader->bytes + reader->position;
    reader->position += size_bytes;
    return view;
}

void read_bytes(struct reader *reader, void *bytes, size_t size_bytes)
{
    const void *view = read_view(reader, size_bytes);
    if (view && size_bytes) {
        memcpy(bytes, view, size_bytes);
    } else if (size_bytes) {
        memset(bytes, 0, size_bytes);
    }
}

static uint64_t read_little_endian(struct reader *reader, size_t size_bytes)
{
    uint8_t bytes[8];
    uint64_t value = 0;
    read_bytes(reader, bytes, size_bytes);
    for (size_t i = 0; i < size_bytes; i++) {
        value |= (uint64_t)bytes[i] << 8 * i;
    }
    return value;
}

uint8_t read_u8(struct reader *reader)
{
    return (uint8_t)read_little_endian(reader, 1);
}

uint16_t read_u16(struct reader *reader)
{
    return (uint16_t)read_little_endian(reader, 2);
}

uint32_t read_u32(struct reader *reader)
{
    return (uint32_t)read_little_endian(reader, 4);
}

uint64_t read_u64(struct reader *reader)
{
    return read_little_endian(reader, 8);
}
