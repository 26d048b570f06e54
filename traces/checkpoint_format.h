/* Items of a checkpoint as bytes, for its encoder and its decoder (docs/trace.md). */
#ifndef DENALI_TRACES_CHECKPOINT_FORMAT_H
#define DENALI_TRACES_CHECKPOINT_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#include <traces/checkpoint.h>

#define CHECKPOINT_VERSION 1u
#define CHECKPOINT_FULL    1u /* in the flags */

/* Items are gathered to about so many bytes, and compressed together. */
#define CHECKPOINT_CHUNK_BYTES (1u << 20)
/* An item is smaller than this; LZ4 can do 0x7e000000. */
#define CHECKPOINT_ITEM_MAX 0x40000000u
/* LZ4 does not make more than 255 bytes of one. */
#define CHECKPOINT_RATIO_MAX 255u

static inline size_t checkpoint_mask_bytes(size_t size_bytes)
{
    size_t lines = (size_bytes + TRACE_LINE_BYTES - 1) / TRACE_LINE_BYTES;
    return (lines + 7) / 8;
}

#endif
