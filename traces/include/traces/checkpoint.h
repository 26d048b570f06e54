/*
 * The content of a checkpoint's record: what has changed in a state that is cut into parts (byte
 * strings) and pages (4096 bytes each, of memory or of a disk), as 64-byte lines that differ from
 * what was there before, compressed (docs/trace.md).
 *
 * Incremental: parts and pages that are not told of are as in the checkpoint before. A full one is
 * against nothing: every part whole, every page against what the machine had at first. Pages of the
 * same content are written once.
 *
 * Knows numbers of parts, nodes and spaces, and bytes; what they mean is the caller's. The encoder
 * and the decoder are each used by one thread at a time.
 */
#ifndef DENALI_TRACES_CHECKPOINT_H
#define DENALI_TRACES_CHECKPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <base/status.h>

#define TRACE_LINE_BYTES 64u
#define TRACE_PAGE_BYTES 4096u

/* Where a page is. */
struct trace_place {
    uint32_t node;   /* or past the last, for what belongs to none */
    uint32_t space;  /* 0: memory, 1 + n: disk n */
    uint64_t number; /* of the page or block */
};

/* --- writing ---------------------------------------------------------------------------------- */

struct trace_checkpoint_encoder; /* opaque; keeps its buffers from one checkpoint to the next */

struct trace_checkpoint_encoder *trace_checkpoint_encoder_create(void);
void trace_checkpoint_encoder_destroy(struct trace_checkpoint_encoder *encoder);

void trace_checkpoint_begin(struct trace_checkpoint_encoder *encoder, bool full);
/* A part's bytes, and what they were in the checkpoint before (NULL, 0: nothing). */
void trace_checkpoint_part(struct trace_checkpoint_encoder *encoder, uint32_t part,
                           const uint8_t *before, size_t before_bytes, const uint8_t *now,
                           size_t now_bytes);
/* A page that is the node's own: against its own before, or with first set against what the machine
 * had there at first (NULL: zeros). The bytes stay as they are until trace_checkpoint_end. */
void trace_checkpoint_page(struct trace_checkpoint_encoder *encoder, struct trace_place place,
                           bool first, const uint8_t *before, const uint8_t *now);
/* A page that was the node's own and is what the machine had at first again. */
void trace_checkpoint_page_gone(struct trace_checkpoint_encoder *encoder, struct trace_place place);
/* The record's content, valid until the next begin. */
const uint8_t *trace_checkpoint_end(struct trace_checkpoint_encoder *encoder, size_t *size_bytes);

/* --- reading ---------------------------------------------------------------------------------- */

/* Lines that differ: one bit for each line of what they belong to, then those lines. */
struct trace_lines {
    const uint8_t *mask;
    const uint8_t *bytes;
};

enum trace_item_kind {
    TRACE_ITEM_END,
    TRACE_ITEM_PART,       /* lines against the part before, cut or filled with zeros to size */
    TRACE_ITEM_PAGE,       /* lines against the page before */
    TRACE_ITEM_PAGE_FIRST, /* lines against what the machine had there at first */
    TRACE_ITEM_PAGE_SAME,  /* as the page at `source`, which was told of before */
    TRACE_ITEM_PAGE_GONE,
};

struct trace_item {
    enum trace_item_kind kind;
    uint32_t part;            /* PART */
    size_t size_bytes;        /* PART: its size now; pages: TRACE_PAGE_BYTES */
    struct trace_place place; /* pages */
    struct trace_place source;
    struct trace_lines lines; /* PART, PAGE, PAGE_FIRST */
};

struct trace_checkpoint_decoder; /* opaque */

/* bytes outlive the decoder. *full: is it against nothing? NULL if it is no checkpoint. */
struct trace_checkpoint_decoder *trace_checkpoint_decoder_create(const uint8_t *bytes,
                                                                 size_t size_bytes, bool *full);
void trace_checkpoint_decoder_destroy(struct trace_checkpoint_decoder *decoder);
/* The next item, valid until the next call. STATUS_CORRUPT if the bytes are no such thing. */
enum status trace_checkpoint_next(struct trace_checkpoint_decoder *decoder,
                                  struct trace_item *item) MUST_USE;

/* Puts the lines over target, which holds what was there before. */
void trace_lines_apply(const struct trace_lines *lines, uint8_t *target, size_t size_bytes);

#endif
