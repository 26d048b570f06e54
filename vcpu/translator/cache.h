/*
 * Where translated code lives: one cache for each image, shared by all nodes and threads that run
 * it. It holds nothing of a node: no guest data, no address of one.
 *
 * A guest address has code that takes the flags from the gate, and may have versions of it for
 * other sources of flags (flags.h), which direct branches from code with such flags are linked to.
 *
 * The code's memory is mapped twice, once to write and once to execute, so that no page is ever
 * both. A block once written stays as it is; only the displacement of a direct branch changes, in
 * one store within eight aligned bytes, from the way out to the target's code.
 *
 * Eviction. The memory has two halves, and a generation of code fills one. When it is full the next
 * generation begins in the other, over the code of the generation before the last, and everything
 * known is forgotten. Each engine says which generation it came in under (cache_enter), and nothing
 * is overwritten under one that came in before: until it has left, what is not translated yet is
 * interpreted. So nobody ever waits, and no running block is touched.
 *
 * Size: CACHE_CODE_BYTES of code; 28 bytes for each edge and version, which together come to about
 * as much as the code at most, and with room to grow to less than twice; and 16 KiB for each guest
 * page of code up to CACHE_PAGES_MAX.
 */
#ifndef DENALI_VCPU_TRANSLATOR_CACHE_H
#define DENALI_VCPU_TRANSLATOR_CACHE_H

#include <pthread.h>
#include <stdbool.h>

#include <vcpu/image.h>

#include "translator/edge.h"

/* In vcpu_image.engine. Code for nodes whose pages may be absent is apart: its blocks look whether
 * their own page is there. */
#define TRANSLATOR_SLOT       2
#define TRANSLATOR_PAGED_SLOT 3

#define CACHE_CODE_BYTES (16u << 20)
#define CACHE_PAGES_MAX  4096u

/* What is known of the guest address at one offset of a page; else the offset of its code. */
#define CACHE_UNKNOWN   0u
#define CACHE_INTERPRET 1u /* nothing can be translated there */

struct cache_page {
    uint32_t code[VCPU_PAGE_BYTES]; /* atomic */
};

/* An engine that runs the cache's code. While it holds anything of a generation, code, an edge that
 * it left by, it is said to be in no later one: that keeps the memory from being filled again. */
struct cache_user {
    const void *engine;
    uint32_t generation; /* atomic: that it came in under; 0: it is not in */
    struct cache_user *next;
};

/* Code for one guest address and one source of flags other than the gate. */
struct cache_version {
    uint32_t eip;
    uint32_t code; /* offset, or CACHE_INTERPRET */
    uint32_t next; /* + 1: another with the same hash */
    struct flags_source source;
};

#define CACHE_VERSIONS_MAX  6u /* of one address; branches with still other flags use the gate */
#define CACHE_VERSION_HEADS 4096u

/* What a generation knows beside its code. */
struct cache_half {
    struct lower_edge *edges;
    uint32_t edge_count;
    uint32_t edge_capacity;
    struct cache_version *versions;
    uint32_t version_count;
    uint32_t version_capacity;
    uint32_t heads[CACHE_VERSION_HEADS]; /* + 1 */
};

struct cache {
    pthread_mutex_t lock; /* held to translate and to link */
    uint8_t *writable;    /* the two views of CACHE_CODE_BYTES */
    const uint8_t *executable;
    uint32_t half_bytes; /* of them that a generation may fill */
    uint32_t generation; /* atomic, from 1; odd ones fill the second half */
    uint32_t used_bytes; /* of its half, from the beginning; cold code comes down from the end */
    uint32_t cold_bytes;
    uint32_t known_count;
    struct cache_half halves[2];
    struct cache_user *users;            /* atomic */
    uint64_t targets[GATE_TARGET_COUNT]; /* atomic; gate.h */
    const struct vcpu_image *image;
    bool paged; /* the blocks look */
    uint32_t page_count;
    struct cache_page *pages[]; /* entries are atomic */
};

struct cache_workshop; /* workshop.h */

/* Can this host have such memory? */
bool cache_possible(void);

/* The image's cache, made if need be; NULL if the host refuses the memory. */
struct cache *cache_of(struct vcpu_image *image, int slot);

/* Before an engine asks for code, and after it has left the last of it. */
struct cache_user *cache_enter(struct cache *cache, const void *engine);
void cache_leave(struct cache_user *user);

/* The code of the guest address, translated if need be; NULL if it is the interpreter's. The user
 * is in and runs no code at this moment. */
const void *cache_find(struct cache *cache, struct cache_user *user, uint32_t eip,
                       struct cache_workshop *workshop);

/* Where the edge that was left by goes: its guest address, and its code as from cache_find, to
 * which it is linked. The guest's flags are in the gate, and whatever else its source says is in
 * place. */
const void *cache_follow(struct cache *cache, struct cache_user *user, uint32_t edge, uint32_t *eip,
                         struct cache_workshop *workshop);

/* So that indirect branches to eip find its code, found before, by themselves. */
void cache_target_set(struct cache *cache, uint32_t eip, const void *code);

#endif
