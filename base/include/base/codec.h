/*
 * The codec that everything saved goes through: explicit little-endian fields, no padding, no
 * pointers. One walk over the state feeds either a growing buffer (snapshot, checkpoint) or a
 * hash (full-state hash); the walker does not know which.
 *
 * Reading checks every length: after the first short or invalid read the reader stays failed and
 * yields zeros, so a decoder may read a whole record and check once.
 */
#ifndef DENALI_BASE_CODEC_H
#define DENALI_BASE_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Writes to memory, or only hashes. Owned by the caller; writer_fini frees the buffer. */
struct writer {
    uint8_t *bytes; /* NULL while hashing only */
    size_t size_bytes;
    size_t capacity_bytes;
    bool hash_only;
    uint64_t hash;        /* hash_only: chained hash of all flushed pieces */
    uint8_t piece[256];   /* hash_only: bytes not yet hashed */
    uint32_t piece_bytes; /* used of piece */
};

void writer_init(struct writer *writer);
void writer_init_hash(struct writer *writer);
void writer_fini(struct writer *writer);

void write_u8(struct writer *writer, uint8_t value);
void write_u16(struct writer *writer, uint16_t value);
void write_u32(struct writer *writer, uint32_t value);
void write_u64(struct writer *writer, uint64_t value);
void write_bytes(struct writer *writer, const void *bytes, size_t size_bytes);
/* A u32 length, then the bytes. */
void write_string(struct writer *writer, const char *text);

/* hash_only: the hash of everything written so far; may be called once, at the end. */
uint64_t writer_hash(struct writer *writer);

/* Reads from memory that the caller keeps alive. */
struct reader {
    const uint8_t *bytes;
    size_t size_bytes;
    size_t position;
    bool failed;
};

void reader_init(struct reader *reader, const void *bytes, size_t size_bytes);
uint8_t read_u8(struct reader *reader);
uint16_t read_u16(struct reader *reader);
uint32_t read_u32(struct reader *reader);
uint64_t read_u64(struct reader *reader);
/* Zeroes the target where the input is short. */
void read_bytes(struct reader *reader, void *bytes, size_t size_bytes);
/* A pointer to size_bytes of the input, or NULL (and failed) where it is short. */
const void *read_view(struct reader *reader, size_t size_bytes);
size_t reader_left(const struct reader *reader);
/* Marks the input as bad: a value was out of its range. */
void reader_fail(struct reader *reader);

#endif
