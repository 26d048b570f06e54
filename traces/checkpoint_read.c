/* Decodes a checkpoint, item by item; whatever the bytes are, what it hands out lies within them.
 */
#include <stdlib.h>
#include <string.h>

#include <lz4.h>

#include <base/alloc.h>
#include <base/codec.h>

#include "checkpoint_format.h"

struct trace_checkpoint_decoder {
    struct reader packed; /* chunks */
    struct reader chunk;  /* items of the chunk at hand */
    uint8_t *raw;
    bool ended;
};

struct trace_checkpoint_decoder *trace_checkpoint_decoder_create(const uint8_t *bytes,
                                                                 size_t size_bytes, bool *full)
{
    struct reader reader;
    reader_init(&reader, bytes, size_bytes);
    uint16_t version = read_u16(&reader);
    uint16_t flags = read_u16(&reader);
    if (reader.failed || version != CHECKPOINT_VERSION || flags > CHECKPOINT_FULL) {
        return NULL;
    }
    *full = flags & CHECKPOINT_FULL;
    struct trace_checkpoint_decoder *decoder = alloc_zeroed(1, sizeof *decoder);
    decoder->packed = reader;
    reader_init(&decoder->chunk, NULL, 0);
    return decoder;
}

void trace_checkpoint_decoder_destroy(struct trace_checkpoint_decoder *decoder)
{
    if (decoder) {
        free(decoder->raw);
        free(decoder);
    }
}

/* Unpacks the next chunk; false if there is none, or it is damaged. */
static bool chunk_next(struct trace_checkpoint_decoder *decoder)
{
    struct reader *packed = &decoder->packed;
    uint32_t raw_bytes = read_u32(packed);
    uint32_t packed_bytes = read_u32(packed);
    const char *view = read_view(packed, packed_bytes);
    if (!view || raw_bytes == 0 || packed_bytes > CHECKPOINT_ITEM_MAX ||
        raw_bytes > CHECKPOINT_ITEM_MAX + CHECKPOINT_CHUNK_BYTES ||
        raw_bytes / CHECKPOINT_RATIO_MAX > packed_bytes) {
        return false;
    }
    free(decoder->raw);
    decoder->raw = alloc_zeroed(raw_bytes, 1);
    int got = LZ4_decompress_safe(view, (char *)decoder->raw, (int)packed_bytes, (int)raw_bytes);
    reader_init(&decoder->chunk, decoder->raw, raw_bytes);
    return got == (int)raw_bytes;
}

static struct trace_place read_place(struct reader *reader)
{
    struct trace_place place;
    place.node = read_u32(reader);
    place.space = read_u32(reader);
    place.number = read_u64(reader);
    return place;
}

static void read_lines(struct reader *reader, struct trace_lines *lines, size_t size_bytes)
{
    size_t line_count = (size_bytes + TRACE_LINE_BYTES - 1) / TRACE_LINE_BYTES;
    size_t mask_bytes = checkpoint_mask_bytes(size_bytes);
    lines->mask = read_view(reader, mask_bytes);
    size_t total = 0;
    for (size_t i = 0; lines->mask && i < mask_bytes * 8; i++) {
        if (lines->mask[i / 8] >> i % 8 & 1) {
            if (i >= line_count) {
                reader_fail(reader); /* a line past the end */
                return;
            }
            size_t left = size_bytes - i * TRACE_LINE_BYTES;
            total += left < TRACE_LINE_BYTES ? left : TRACE_LINE_BYTES;
        }
    }
    lines->bytes = read_view(reader, total);
}

static void read_item(struct reader *reader, struct trace_item *item)
{
    memset(item, 0, sizeof *item);
    uint8_t kind = read_u8(reader);
    item->size_bytes = TRACE_PAGE_BYTES;
    item->kind = (enum trace_item_kind)kind;
    switch (kind) {
    case TRACE_ITEM_END:
        return;
    case TRACE_ITEM_PART: {
        item->part = read_u32(reader);
        uint64_t size_bytes = read_u64(reader);
        /* Its mask is in the chunk too: so it is no larger than 512 times that. */
        if (size_bytes >= CHECKPOINT_ITEM_MAX / 2) {
            reader_fail(reader);
            return;
        }
        item->size_bytes = (size_t)size_bytes;
        read_lines(reader, &item->lines, item->size_bytes);
        return;
    }
    case TRACE_ITEM_PAGE:
    case TRACE_ITEM_PAGE_FIRST:
        item->place = read_place(reader);
        read_lines(reader, &item->lines, TRACE_PAGE_BYTES);
        return;
    case TRACE_ITEM_PAGE_SAME:
        item->place = read_place(reader);
        item->source = read_place(reader);
        return;
    case TRACE_ITEM_PAGE_GONE:
        item->place = read_place(reader);
        return;
    default:
        reader_fail(reader);
    }
}

enum status trace_checkpoint_next(struct trace_checkpoint_decoder *decoder, struct trace_item *item)
{
    if (decoder->ended ||
        (reader_left(&decoder->chunk) == 0 && (decoder->chunk.failed || !chunk_next(decoder)))) {
        return STATUS_CORRUPT;
    }
    read_item(&decoder->chunk, item);
    if (decoder->chunk.failed) {
        return STATUS_CORRUPT;
    }
    if (item->kind == TRACE_ITEM_END) {
        decoder->ended = true;
        bool nothing_follows = reader_left(&decoder->chunk) == 0 && !decoder->packed.failed &&
                               reader_left(&decoder->packed) == 0;
        return nothing_follows ? STATUS_OK : STATUS_CORRUPT;
    }
    return STATUS_OK;
}

void trace_lines_apply(const struct trace_lines *lines, uint8_t *target, size_t size_bytes)
{
    const uint8_t *next = lines->bytes;
    for (size_t at = 0, line = 0; at < size_bytes; at += TRACE_LINE_BYTES, line++) {
        if (lines->mask[line / 8] >> line % 8 & 1) {
            size_t left = size_bytes - at;
            size_t part = left < TRACE_LINE_BYTES ? left : TRACE_LINE_BYTES;
            memcpy(target + at, next, part);
            next += part;
        }
    }
}
