/* The memory of translated code, and what is known of each guest address (cache.h). */
#define _GNU_SOURCE /* memfd_create */
#include "translator/cache.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <base/alloc.h>

#define BLOCK_ALIGNMENT 16u             /* bytes */
#define FIRST_OFFSET    BLOCK_ALIGNMENT /* so that no code has offset UNKNOWN or INTERPRET */

/* --- memory ----------------------------------------------------------------------------------- */

static bool map(uint8_t **writable, const uint8_t **executable)
{
    int file = memfd_create("translated code", MFD_CLOEXEC);
    if (file < 0) {
        return false;
    }
    void *write = MAP_FAILED;
    void *execute = MAP_FAILED;
    if (ftruncate(file, CACHE_CODE_BYTES) == 0) {
        write = mmap(NULL, CACHE_CODE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        execute = mmap(NULL, CACHE_CODE_BYTES, PROT_READ | PROT_EXEC, MAP_SHARED, file, 0);
    }
    close(file);
    if (write != MAP_FAILED && execute != MAP_FAILED) {
        *writable = write;
        *executable = execute;
        return true;
    }
    if (write != MAP_FAILED) {
        munmap(write, CACHE_CODE_BYTES);
    }
    if (execute != MAP_FAILED) {
        munmap(execute, CACHE_CODE_BYTES);
    }
    return false;
}

bool cache_possible(void)
{
    uint8_t *writable;
    const uint8_t *executable;
    if (!map(&writable, &executable)) {
        return false;
    }
    munmap(writable, CACHE_CODE_BYTES);
    munmap((void *)executable, CACHE_CODE_BYTES);
    return true;
}

static void cache_free(void *opaque)
{
    struct cache *cache = opaque;
    if (!cache) {
        return;
    }
    for (uint32_t page = 0; page < cache->page_count; page++) {
        free(cache->pages[page]);
    }
    munmap(cache->writable, CACHE_CODE_BYTES);
    munmap((void *)cache->executable, CACHE_CODE_BYTES);
    pthread_mutex_destroy(&cache->lock);
    free(cache);
}

struct cache *cache_of(struct vcpu_image *image, int slot)
{
    struct cache *cache = __atomic_load_n(&image->engine[slot].cache, __ATOMIC_ACQUIRE);
    if (cache) {
        return cache;
    }
    cache = alloc_zeroed(1, sizeof *cache + image->page_count * sizeof cache->pages[0]);
    if (!map(&cache->writable, &cache->executable)) {
        free(cache);
        return NULL;
    }
    cache->image = image;
    cache->page_count = image->page_count;
    cache->used_bytes = FIRST_OFFSET;
    cache->targets[0] = 1; /* empty, but no jump to guest address 0 may think that it is meant */
    pthread_mutex_init(&cache->lock, NULL);
    __atomic_store_n(&image->engine[slot].free_cache, cache_free, __ATOMIC_RELAXED);
    void *other = NULL;
    if (!__atomic_compare_exchange_n(&image->engine[slot].cache, &other, cache, false,
                                     __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        cache_free(cache); /* another thread was first */
        return other;
    }
    return cache;
}

/* --- translating ------------------------------------------------------------------------------ */

/* The offset of the block's code, or INTERPRET. The lock is held. */
static uint32_t translate(struct cache *cache, uint32_t eip, struct cache_workshop *workshop)
{
    uint32_t page = eip >> VCPU_PAGE_BITS;
    uint32_t offset = eip & VCPU_PAGE_MASK;
    const uint8_t *bytes =
        vcpu_frame_bytes(cache->image->arena, cache->image->frames[page]) + offset;
    block_analyse(&workshop->block, eip, bytes, VCPU_PAGE_BYTES - offset);
    if (workshop->block.count == 0 || !lower_block(&workshop->emitter, &workshop->block,
                                                   cache->used_bytes, &workshop->lowering)) {
        return CACHE_INTERPRET;
    }
    uint32_t size_bytes = workshop->emitter.size_bytes;
    if (size_bytes > CACHE_CODE_BYTES - cache->used_bytes) {
        cache->full = true;
        return CACHE_INTERPRET;
    }
    uint32_t code = cache->used_bytes;
    memcpy(cache->writable + code, workshop->emitter.bytes, size_bytes);
    cache->used_bytes = (code + size_bytes + BLOCK_ALIGNMENT - 1) & ~(BLOCK_ALIGNMENT - 1);
    return code;
}

static uint32_t find_slow(struct cache *cache, uint32_t eip, struct cache_workshop *workshop)
{
    uint32_t page = eip >> VCPU_PAGE_BITS;
    uint32_t code = CACHE_INTERPRET;
    pthread_mutex_lock(&cache->lock);
    struct cache_page *known = cache->pages[page];
    if (known && known->code[eip & VCPU_PAGE_MASK] != CACHE_UNKNOWN) {
        code = known->code[eip & VCPU_PAGE_MASK]; /* another thread was first */
    } else if (!cache->full) {
        code = translate(cache, eip, workshop);
        if (!known) {
            known = alloc_zeroed(1, sizeof *known);
            __atomic_store_n(&cache->pages[page], known, __ATOMIC_RELEASE);
        }
        __atomic_store_n(&known->code[eip & VCPU_PAGE_MASK], code, __ATOMIC_RELEASE);
    }
    pthread_mutex_unlock(&cache->lock);
    return code;
}

const void *cache_find(struct cache *cache, uint32_t eip, struct cache_workshop *workshop)
{
    uint32_t page = eip >> VCPU_PAGE_BITS;
    if (page >= cache->page_count || !cache->image->executable[page]) {
        return NULL;
    }
    struct cache_page *known = __atomic_load_n(&cache->pages[page], __ATOMIC_ACQUIRE);
    uint32_t code = known ? __atomic_load_n(&known->code[eip & VCPU_PAGE_MASK], __ATOMIC_ACQUIRE)
                          : CACHE_UNKNOWN;
    if (code == CACHE_UNKNOWN) {
        code = find_slow(cache, eip, workshop);
    }
    return code == CACHE_INTERPRET ? NULL : cache->executable + code;
}

void cache_link(struct cache *cache, uint32_t site, const void *target)
{
    int32_t displacement =
        (int32_t)((const uint8_t *)target - (cache->executable + site + sizeof displacement));
    pthread_mutex_lock(&cache->lock);
    __atomic_store_n((int32_t *)(void *)(cache->writable + site), displacement, __ATOMIC_RELEASE);
    pthread_mutex_unlock(&cache->lock);
}
