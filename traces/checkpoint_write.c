/* Encodes a checkpoint: differences by line, each content once, chunks compressed with LZ4. */
#include <stdlib.h>
#include <string.h>

#include <lz4.h>

#include <base/alloc.h>
#include <base/assert.h>
#include <base/codec.h>
#include <base/hash.h>

#include "checkpoint_format.h"

#define SEEN_MIN 1024u /* slots of the table of contents seen */
/* A page with fewer changed lines is not worth looking for elsewhere. */
#define LINES_TO_SHARE 4u

/* A page that was written in this checkpoint. */
struct seen {
    const uint8_t *bytes; /* NULL: the slot is free */
    uint64_t hash;
    struct trace_place place;
};

struct trace_checkpoint_encoder {
    struct writer chunk; /* items, not compressed yet */
    struct writer out;
    struct seen *seen; /* open addressing, a power of two of slots */
    uint32_t seen_count;
    uint32_t seen_capacity;
};

struct trace_checkpoint_encoder *trace_checkpoint_encoder_create(void)
{
    struct trace_checkpoint_encoder *encoder = alloc_zeroed(1, sizeof *encoder);
    encoder->seen_capacity = SEEN_MIN;
    encoder->seen = alloc_zeroed(SEEN_MIN, sizeof *encoder->seen);
    return encoder;
}

void trace_checkpoint_encoder_destroy(struct trace_checkpoint_encoder *encoder)
{
    if (encoder) {
        writer_fini(&encoder->chunk);
        writer_fini(&encoder->out);
        free(encoder->seen);
        free(encoder);
    }
}

void trace_checkpoint_begin(struct trace_checkpoint_encoder *encoder, bool full)
{
    encoder->chunk.size_bytes = 0;
    encoder->out.size_bytes = 0;
    if (encoder->seen_count) {
        memset(encoder->seen, 0, encoder->seen_capacity * sizeof *encoder->seen);
        encoder->seen_count = 0;
    }
    write_u16(&encoder->out, CHECKPOINT_VERSION);
    write_u16(&encoder->out, full ? CHECKPOINT_FULL : 0);
}

/* --- chunks ----------------------------------------------------------------------------------- */

static void chunk_flush(struct trace_checkpoint_encoder *encoder)
{
    struct writer *out = &encoder->out;
    int raw_bytes = (int)encoder->chunk.size_bytes;
    int bound = LZ4_compressBound(raw_bytes);
    if (raw_bytes == 0) {
        return;
    }
    char *packed = alloc_zeroed((size_t)bound, 1);
    int packed_bytes =
        LZ4_compress_default((const char *)encoder->chunk.bytes, packed, raw_bytes, bound);
    ASSERT(packed_bytes > 0);
    write_u32(out, (uint32_t)raw_bytes);
    write_u32(out, (uint32_t)packed_bytes);
    write_bytes(out, packed, (size_t)packed_bytes);
    free(packed);
    encoder->chunk.size_bytes = 0;
}

static void item_done(struct trace_checkpoint_encoder *encoder)
{
    if (encoder->chunk.size_bytes >= CHECKPOINT_CHUNK_BYTES) {
        chunk_flush(encoder);
    }
}

/* --- lines ------------------------------------------------------------------------------------ */

/* Writes the mask and the lines in which now differs from before; bytes that before has not are
 * zeros. Returns how many lines there are. */
static uint32_t write_lines(struct writer *writer, const uint8_t *before, size_t before_bytes,
                            const uint8_t *now, size_t now_bytes)
{
    static const uint8_t zeros[TRACE_LINE_BYTES];
    size_t mask_at = writer->size_bytes;
    uint32_t count = 0;
    for (size_t i = checkpoint_mask_bytes(now_bytes); i > 0; i--) {
        write_u8(writer, 0);
    }
    for (size_t at = 0, line = 0; at < now_bytes; at += TRACE_LINE_BYTES, line++) {
        size_t part = now_bytes - at < TRACE_LINE_BYTES ? now_bytes - at : TRACE_LINE_BYTES;
        uint8_t was[TRACE_LINE_BYTES] = {0};
        const uint8_t *old = zeros;
        if (before && at + part <= before_bytes) {
            old = before + at;
        } else if (before && at < before_bytes) {
            memcpy(was, before + at, before_bytes - at);
            old = was;
        }
        if (memcmp(old, now + at, part) != 0) {
            writer->bytes[mask_at + line / 8] |= (uint8_t)(1u << line % 8);
            write_bytes(writer, now + at, part);
            count++;
        }
    }
    return count;
}

void trace_checkpoint_part(struct trace_checkpoint_encoder *encoder, uint32_t part,
                           const uint8_t *before, size_t before_bytes, const uint8_t *now,
                           size_t now_bytes)
{
    ASSERT(now_bytes < CHECKPOINT_ITEM_MAX / 2);
    if (before && before_bytes == now_bytes && memcmp(before, now, now_bytes) == 0) {
        return;
    }
    struct writer *chunk = &encoder->chunk;
    write_u8(chunk, TRACE_ITEM_PART);
    write_u32(chunk, part);
    write_u64(chunk, now_bytes);
    write_lines(chunk, before, before_bytes, now, now_bytes);
    item_done(encoder);
}

/* --- pages ------------------------------------------------------------------------------------ */

static void write_place(struct writer *writer, struct trace_place place)
{
    write_u32(writer, place.node);
    write_u32(writer, place.space);
    write_u64(writer, place.number);
}

/* The slot that has these bytes, or the free one where they belong. */
static struct seen *seen_slot(struct trace_checkpoint_encoder *encoder, uint64_t hash,
                              const uint8_t *bytes)
{
    uint32_t mask = encoder->seen_capacity - 1;
    for (uint32_t i = (uint32_t)hash & mask;; i = (i + 1) & mask) {
        struct seen *slot = &encoder->seen[i];
        if (!slot->bytes ||
            (slot->hash == hash &&
             (slot->bytes == bytes || memcmp(slot->bytes, bytes, TRACE_PAGE_BYTES) == 0))) {
            return slot;
        }
    }
}

static void seen_grow(struct trace_checkpoint_encoder *encoder)
{
    struct seen *old = encoder->seen;
    uint32_t old_capacity = encoder->seen_capacity;
    encoder->seen_capacity *= 2;
    encoder->seen = alloc_zeroed(encoder->seen_capacity, sizeof *encoder->seen);
    for (uint32_t i = 0; i < old_capacity; i++) {
        if (old[i].bytes) {
            *seen_slot(encoder, old[i].hash, old[i].bytes) = old[i];
        }
    }
    free(old);
}

/* The page of the same content, or NULL; from now on the place is such a page. */
static const struct seen *seen_before(struct trace_checkpoint_encoder *encoder,
                                      struct trace_place place, const uint8_t *bytes)
{
    if (encoder->seen_count * 2 >= encoder->seen_capacity) {
        seen_grow(encoder);
    }
    uint64_t hash = hash_bytes(bytes, TRACE_PAGE_BYTES);
    struct seen *slot = seen_slot(encoder, hash, bytes);
    if (slot->bytes) {
        return slot;
    }
    *slot = (struct seen){bytes, hash, place};
    encoder->seen_count++;
    return NULL;
}

void trace_checkpoint_page(struct trace_checkpoint_encoder *encoder, struct trace_place place,
                           bool first, const uint8_t *before, const uint8_t *now)
{
    struct writer *chunk = &encoder->chunk;
    size_t start = chunk->size_bytes;
    write_u8(chunk, first ? TRACE_ITEM_PAGE_FIRST : TRACE_ITEM_PAGE);
    write_place(chunk, place);
    uint32_t lines =
        write_lines(chunk, before, before ? TRACE_PAGE_BYTES : 0, now, TRACE_PAGE_BYTES);
    if (!first && lines == 0) {
        chunk->size_bytes = start; /* written with what it held */
        return;
    }
    const struct seen *same = lines >= LINES_TO_SHARE ? seen_before(encoder, place, now) : NULL;
    if (same) {
        chunk->size_bytes = start;
        write_u8(chunk, TRACE_ITEM_PAGE_SAME);
        write_place(chunk, place);
        write_place(chunk, same->place);
    }
    item_done(encoder);
}

void trace_checkpoint_page_gone(struct trace_checkpoint_encoder *encoder, struct trace_place place)
{
    write_u8(&encoder->chunk, TRACE_ITEM_PAGE_GONE);
    write_place(&encoder->chunk, place);
    item_done(encoder);
}

const uint8_t *trace_checkpoint_end(struct trace_checkpoint_encoder *encoder, size_t *size_bytes)
{
    write_u8(&encoder->chunk, TRACE_ITEM_END);
    chunk_flush(encoder);
    *size_bytes = encoder->out.size_bytes;
    return encoder->out.bytes;
}
