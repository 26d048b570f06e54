/*
 * Where translated code lives: one cache for each image, shared by all nodes and threads that run
 * it. It holds nothing of a node: no guest data, no address of one.
 *
 * The code's memory is mapped twice, once to write and once to execute, so that no page is ever
 * both. A block once written stays where it is until the cache goes; only the displacement of a
 * direct branch changes, in one aligned store, from the way out to the target's code.
 *
 * Size: CACHE_CODE_BYTES of code and 16 KiB for each guest page of code. When it is full, what is
 * not translated yet is interpreted.
 */
#ifndef DENALI_VCPU_TRANSLATOR_CACHE_H
#define DENALI_VCPU_TRANSLATOR_CACHE_H

#include <pthread.h>

#include <vcpu/image.h>

#include "translator/lower.h"

#define CACHE_CODE_BYTES (16u << 20)

/* What is known of the guest address at one offset of a page; else the offset of its code. */
#define CACHE_UNKNOWN   0u
#define CACHE_INTERPRET 1u /* nothing can be translated there */

struct cache_page {
    uint32_t code[VCPU_PAGE_BYTES]; /* atomic */
};

struct cache {
    pthread_mutex_t lock; /* held to translate and to link */
    uint8_t *writable;    /* the two views of CACHE_CODE_BYTES */
    const uint8_t *executable;
    uint32_t used_bytes;
    bool full;
    uint64_t targets[GATE_TARGET_COUNT]; /* atomic; gate.h */
    const struct vcpu_image *image;
    uint32_t page_count;
    struct cache_page *pages[]; /* entries are atomic */
};

/* What translating needs; an engine's own, because it is too big for the stack. */
struct cache_workshop {
    struct block block;
    struct lowering lowering;
    struct emitter emitter;
};

/* Can this host have such memory? */
bool cache_possible(void);

/* The image's cache, made if need be; NULL if the host refuses the memory. */
struct cache *cache_of(struct vcpu_image *image, int slot);

/* The code of the guest address, translated if need be; NULL if it is the interpreter's. */
const void *cache_find(struct cache *cache, uint32_t eip, struct cache_workshop *workshop);

/* Joins the branch at site to the code of a target found before. */
void cache_link(struct cache *cache, uint32_t site, const void *target);

/* So that indirect branches to eip find its code by themselves. */
static inline void cache_target_set(struct cache *cache, uint32_t eip, const void *code)
{
    uint64_t offset = (uint64_t)((const uint8_t *)code - cache->executable);
    __atomic_store_n(&cache->targets[eip % GATE_TARGET_COUNT], offset << 32 | eip,
                     __ATOMIC_RELEASE);
}

#endif
