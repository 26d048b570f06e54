/*
 * Decoded code: blocks, and where they are kept.
 *
 * Blocks of unchanged image pages are kept with the image, immutable once published, and shared by
 * every thread and node that runs it: one load finds the page, one the block. Code anywhere else
 * (a page a node has written, an instruction across a page end) is decoded into a small cache of
 * the engine's own, keyed by its address and its very bytes, compared on each use; so it needs no
 * invalidation. There a block ends after any instruction that can write to memory, which makes
 * self-modifying code exact.
 *
 * A guest that jumps into every byte of a large image makes no more than CODE_CACHE_MAX_BYTES;
 * beyond that the image's blocks go through the engine's own cache too.
 */
#ifndef DENALI_VCPU_INTERPRETER_BLOCK_H
#define DENALI_VCPU_INTERPRETER_BLOCK_H

#include <pthread.h>

#include "interpreter/interpreter.h"

#include <vcpu/image.h>

#define CODE_CACHE_MAX_BYTES (64u << 20)

struct block {
    uint32_t count;  /* instructions */
    struct op ops[]; /* and an op_end after them */
};

/* The blocks of one page, by the offset at which they begin. Entries are atomic. */
struct code_page {
    struct block *blocks[VCPU_PAGE_BYTES];
};

struct code_cache {
    pthread_mutex_t lock; /* held to insert */
    uint64_t size_bytes;  /* of all pages and blocks */
    bool full;            /* atomic */
    uint32_t page_count;
    struct code_page *pages[]; /* entries are atomic */
};

/* The image's cache, made if need be. */
struct code_cache *code_cache_of(struct vcpu_image *image, int slot);

#define PRIVATE_BLOCKS      1024u /* a power of two */
#define PRIVATE_BLOCK_OPS   8u
#define PRIVATE_BLOCK_BYTES 64u /* of code a private block is decoded from at most */

struct private_block {
    uint32_t eip;
    uint32_t size_bytes; /* of code; 0: empty */
    uint8_t bytes[PRIVATE_BLOCK_BYTES];
    uint32_t count;
    struct op ops[PRIVATE_BLOCK_OPS + 1];
};

struct private_code {
    struct private_block blocks[PRIVATE_BLOCKS];
    struct op partial[OPS_PER_BLOCK + 1]; /* the beginning of a block, for budget tails */
};

/* The ops of the block at eip; NULL if the fetch faults or needs a page (the machine is then
 * stopped). */
const struct op *interpreter_block_make(struct interpreter *m, uint32_t eip, uint32_t *count);

/* The block at eip, if that is in a page that is the image's and was decoded before; else NULL. */
static inline const struct block *code_cache_block(const struct interpreter *m,
                                                   const struct code_cache *cache, uint32_t eip)
{
    uint32_t page = eip >> VCPU_PAGE_BITS;
    if (LIKELY(page < cache->page_count &&
               (page >= m->page_count || m->frames[page] == VCPU_FRAME_NONE))) {
        const struct code_page *code = __atomic_load_n(&cache->pages[page], __ATOMIC_ACQUIRE);
        if (LIKELY(code != NULL)) {
            return __atomic_load_n(&code->blocks[eip & VCPU_PAGE_MASK], __ATOMIC_ACQUIRE);
        }
    }
    return NULL;
}

static inline const struct op *interpreter_block(struct interpreter *m, uint32_t eip,
                                                 uint32_t *count)
{
    const struct block *block = code_cache_block(m, m->cache, eip);
    if (LIKELY(block != NULL)) {
        *count = block->count;
        return block->ops;
    }
    return interpreter_block_make(m, eip, count);
}

#endif
