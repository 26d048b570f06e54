/* The memory of translated code, and what is known of each guest address (cache.h). */
#define _GNU_SOURCE /* memfd_create */
#include "translator/cache.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <base/alloc.h>

#include "translator/workshop.h"

#define FIRST_OFFSET LOWER_ALIGNMENT /* in a half: no code has offset UNKNOWN or INTERPRET */

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
    while (cache->users) {
        struct cache_user *user = cache->users;
        cache->users = user->next;
        free(user);
    }
    for (int half = 0; half < 2; half++) {
        free(cache->halves[half].edges);
        free(cache->halves[half].versions);
    }
    munmap(cache->writable, CACHE_CODE_BYTES);
    munmap((void *)cache->executable, CACHE_CODE_BYTES);
    pthread_mutex_destroy(&cache->lock);
    free(cache);
}

static void targets_clear(struct cache *cache)
{
    for (uint32_t i = 0; i < GATE_TARGET_COUNT; i++) {
        /* Slot 0 is where a jump to guest address 0 looks. */
        __atomic_store_n(&cache->targets[i], i == 0 ? 1 : 0, __ATOMIC_RELAXED);
    }
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
    cache->paged = slot == TRANSLATOR_PAGED_SLOT;
    cache->page_count = image->page_count;
    cache->half_bytes = CACHE_CODE_BYTES / 2;
    cache->used_bytes = FIRST_OFFSET;
    cache->generation = 1;
    targets_clear(cache);
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

/* --- generations ------------------------------------------------------------------------------ */

struct cache_user *cache_enter(struct cache *cache, const void *engine)
{
    struct cache_user *user = __atomic_load_n(&cache->users, __ATOMIC_ACQUIRE);
    while (user && user->engine != engine) {
        user = user->next;
    }
    if (!user) {
        user = alloc_zeroed(1, sizeof *user);
        user->engine = engine;
        pthread_mutex_lock(&cache->lock);
        user->next = cache->users;
        __atomic_store_n(&cache->users, user, __ATOMIC_RELEASE);
        pthread_mutex_unlock(&cache->lock);
    }
    uint32_t generation;
    do { /* until it is known to others before it is over */
        generation = __atomic_load_n(&cache->generation, __ATOMIC_SEQ_CST);
        __atomic_store_n(&user->generation, generation, __ATOMIC_SEQ_CST);
    } while (__atomic_load_n(&cache->generation, __ATOMIC_SEQ_CST) != generation);
    return user;
}

void cache_leave(struct cache_user *user)
{
    __atomic_store_n(&user->generation, 0, __ATOMIC_RELEASE);
}

/* Begins the next generation; false while somebody may still be in the code that it would replace.
 * The lock is held. */
static bool generation_begin(struct cache *cache)
{
    for (const struct cache_user *user = cache->users; user; user = user->next) {
        uint32_t generation = __atomic_load_n(&user->generation, __ATOMIC_SEQ_CST);
        if (generation != 0 && generation != cache->generation) {
            return false;
        }
    }
    for (uint32_t page = 0; page < cache->page_count; page++) {
        for (uint32_t i = 0; cache->pages[page] && i < VCPU_PAGE_BYTES; i++) {
            __atomic_store_n(&cache->pages[page]->code[i], CACHE_UNKNOWN, __ATOMIC_RELAXED);
        }
    }
    targets_clear(cache);
    cache->used_bytes = FIRST_OFFSET;
    cache->cold_bytes = 0;
    /* Numbers go round without 0, keeping halves by turns. */
    uint32_t next = cache->generation + 1 ? cache->generation + 1 : 2;
    struct cache_half *half = &cache->halves[next % 2];
    half->edge_count = half->version_count = 0;
    memset(half->heads, 0, sizeof half->heads);
    __atomic_store_n(&cache->generation, next, __ATOMIC_SEQ_CST);
    return true;
}

/* --- translating ------------------------------------------------------------------------------ */

static uint32_t half_of(const struct cache *cache, uint32_t offset)
{
    return offset / cache->half_bytes;
}

#define EDGE_OF_HALF 0x80000000u /* in an edge's number: it is the second half's */

/* A list's room for count more elements. */
static void *make_room(void *list, uint32_t used, uint32_t count, uint32_t *capacity,
                       size_t element_bytes)
{
    if (count <= *capacity - used) {
        return list;
    }
    uint32_t more = *capacity / 2 > count ? *capacity / 2 : count + 64;
    void *larger = alloc_zeroed(*capacity + more, element_bytes);
    if (used) {
        memcpy(larger, list, used * element_bytes);
    }
    free(list);
    *capacity += more;
    return larger;
}

/* Where a block that has been lowered goes: offsets of its two parts. False if there is no room. */
static bool room_for(const struct cache *cache, const struct cache_workshop *workshop,
                     uint32_t *hot, uint32_t *cold)
{
    uint32_t half = cache->generation % 2 * cache->half_bytes;
    uint32_t cold_begin = workshop->lowering.cold_begin;
    uint32_t size_bytes = workshop->emitter.size_bytes;
    if (size_bytes + 2 * LOWER_ALIGNMENT >
        cache->half_bytes - cache->used_bytes - cache->cold_bytes) {
        return false;
    }
    uint32_t end = half + cache->half_bytes - cache->cold_bytes - (size_bytes - cold_begin);
    *hot = half + cache->used_bytes;
    *cold = end - (end - cold_begin) % LOWER_ALIGNMENT;
    return true;
}

static bool place(struct cache *cache, struct cache_workshop *workshop, uint32_t hot, uint32_t cold)
{
    struct lowering *lowering = &workshop->lowering;
    struct cache_half *half = &cache->halves[cache->generation % 2];
    uint32_t cold_begin = lowering->cold_begin;
    if (!lower_finish(lowering, hot, cold)) {
        return false;
    }
    memcpy(cache->writable + hot, workshop->emitter.bytes, cold_begin);
    memcpy(cache->writable + cold, workshop->emitter.bytes + cold_begin,
           workshop->emitter.size_bytes - cold_begin);
    cache->used_bytes += (cold_begin + LOWER_ALIGNMENT - 1) & ~(LOWER_ALIGNMENT - 1);
    cache->cold_bytes = (cache->generation % 2 + 1) * cache->half_bytes - cold;
    half->edges = make_room(half->edges, half->edge_count, lowering->edge_count,
                            &half->edge_capacity, sizeof *half->edges);
    for (uint32_t i = 0; i < lowering->edge_count; i++) {
        half->edges[half->edge_count + i] = lowering->edges[i];
    }
    half->edge_count += lowering->edge_count;
    return true;
}

/* Offset of the block's code; INTERPRET: it has none; UNKNOWN: there is no room for it now. The
 * lock is held. */
static uint32_t translate(struct cache *cache, uint32_t eip, const struct flags_source *source,
                          struct cache_workshop *workshop)
{
    uint32_t page = eip >> VCPU_PAGE_BITS;
    uint32_t offset = eip & VCPU_PAGE_MASK;
    const uint8_t *bytes =
        vcpu_frame_bytes(cache->image->arena, cache->image->frames[page]) + offset;
    block_analyse(&workshop->block, eip, bytes, VCPU_PAGE_BYTES - offset);
    workshop->block.paged = cache->paged;
    if (workshop->block.count == 0) {
        return CACHE_INTERPRET;
    }
    for (int attempt = 0; attempt < 2; attempt++) {
        uint32_t which = cache->generation % 2;
        uint32_t edge = cache->halves[which].edge_count | (which ? EDGE_OF_HALF : 0);
        if (!lower_block(&workshop->emitter, &workshop->block, source, edge, &workshop->lowering)) {
            return CACHE_INTERPRET;
        }
        uint32_t hot, cold;
        if (room_for(cache, workshop, &hot, &cold)) {
            return place(cache, workshop, hot, cold) ? hot : CACHE_INTERPRET;
        }
        if (!generation_begin(cache)) {
            return CACHE_UNKNOWN;
        }
    }
    return CACHE_INTERPRET;
}

/* The page's table, made if need be; NULL if there are too many. The lock is held. */
static struct cache_page *page_of(struct cache *cache, uint32_t page)
{
    if (!cache->pages[page] && cache->known_count < CACHE_PAGES_MAX) {
        cache->known_count++;
        __atomic_store_n(&cache->pages[page], alloc_zeroed(1, sizeof(struct cache_page)),
                         __ATOMIC_RELEASE);
    }
    return cache->pages[page];
}

static uint32_t find_slow(struct cache *cache, struct cache_user *user, uint32_t eip,
                          struct cache_workshop *workshop)
{
    pthread_mutex_lock(&cache->lock);
    struct cache_page *known = page_of(cache, eip >> VCPU_PAGE_BITS);
    uint32_t *slot = known ? &known->code[eip & VCPU_PAGE_MASK] : NULL;
    uint32_t code = slot ? *slot : CACHE_INTERPRET;
    if (code == CACHE_UNKNOWN) {
        struct flags_source gate = flags_source_of(FLAGS_IN_GATE);
        code = translate(cache, eip, &gate, workshop);
        __atomic_store_n(slot, code, __ATOMIC_RELEASE);
        __atomic_store_n(&user->generation, cache->generation, __ATOMIC_SEQ_CST);
    }
    pthread_mutex_unlock(&cache->lock);
    return code;
}

static bool is_code(const struct cache *cache, uint32_t eip)
{
    uint32_t page = eip >> VCPU_PAGE_BITS;
    return page < cache->page_count && cache->image->executable[page];
}

static const void *code_at(const struct cache *cache, uint32_t code)
{
    return code <= CACHE_INTERPRET ? NULL : cache->executable + code;
}

const void *cache_find(struct cache *cache, struct cache_user *user, uint32_t eip,
                       struct cache_workshop *workshop)
{
    if (!is_code(cache, eip)) {
        return NULL;
    }
    struct cache_page *known =
        __atomic_load_n(&cache->pages[eip >> VCPU_PAGE_BITS], __ATOMIC_ACQUIRE);
    uint32_t code = known ? __atomic_load_n(&known->code[eip & VCPU_PAGE_MASK], __ATOMIC_ACQUIRE)
                          : CACHE_UNKNOWN;
    if (code == CACHE_UNKNOWN) {
        code = find_slow(cache, user, eip, workshop);
    }
    return code_at(cache, code);
}

/* --- edges ------------------------------------------------------------------------------------ */

/* The version's code, translated if need be; UNKNOWN if there are too many or there is no room. The
 * lock is held. */
static uint32_t version_find(struct cache *cache, uint32_t eip, const struct flags_source *source,
                             struct cache_workshop *workshop)
{
    struct cache_half *half = &cache->halves[cache->generation % 2];
    uint32_t head = (eip * 0x9e3779b9u) >> 20;
    uint32_t count = 0;
    for (uint32_t i = half->heads[head]; i; i = half->versions[i - 1].next) {
        const struct cache_version *version = &half->versions[i - 1];
        if (version->eip == eip) {
            if (flags_source_equal(&version->source, source)) {
                return version->code;
            }
            count++;
        }
    }
    if (count == CACHE_VERSIONS_MAX) {
        return CACHE_UNKNOWN;
    }
    uint32_t code = translate(cache, eip, source, workshop);
    if (code != CACHE_UNKNOWN) {
        half = &cache->halves[cache->generation % 2];
        half->versions = make_room(half->versions, half->version_count, 1, &half->version_capacity,
                                   sizeof *half->versions);
        half->versions[half->version_count++] =
            (struct cache_version){eip, code, half->heads[head], *source};
        half->heads[head] = half->version_count;
    }
    return code;
}

/* Joins the branch at site, in code of that generation, to code; only within the present one, as
 * the other half may go before. The lock is held. */
static void link_site(struct cache *cache, uint32_t generation, uint32_t site, uint32_t code)
{
    int32_t displacement = (int32_t)(code - (site + (uint32_t)sizeof displacement));
    if (generation == cache->generation && half_of(cache, site) == half_of(cache, code)) {
        __atomic_store_n((int32_t *)(void *)(cache->writable + site), displacement,
                         __ATOMIC_RELEASE);
    }
}

const void *cache_follow(struct cache *cache, struct cache_user *user, uint32_t number,
                         uint32_t *eip, struct cache_workshop *workshop)
{
    uint32_t which = number & EDGE_OF_HALF ? 1 : 0;
    pthread_mutex_lock(&cache->lock);
    struct lower_edge edge = cache->halves[which].edges[number & ~EDGE_OF_HALF];
    /* Of the edge's code, which the user has just left: this one, or the one before. */
    uint32_t generation = cache->generation % 2 == which ? cache->generation : 0;
    *eip = edge.target;
    uint32_t code = CACHE_UNKNOWN;
    if (edge.source.kind != FLAGS_IN_GATE && is_code(cache, edge.target)) {
        code = version_find(cache, edge.target, &edge.source, workshop);
    }
    if (code != CACHE_UNKNOWN) {
        if (code > CACHE_INTERPRET) {
            link_site(cache, generation, edge.site, code);
        }
        __atomic_store_n(&user->generation, cache->generation, __ATOMIC_SEQ_CST);
    }
    pthread_mutex_unlock(&cache->lock);
    if (code != CACHE_UNKNOWN) {
        return code_at(cache, code);
    }
    const uint8_t *found = cache_find(cache, user, edge.target, workshop);
    if (found) {
        pthread_mutex_lock(&cache->lock);
        link_site(cache, generation, edge.site_gate ? edge.site_gate : edge.site,
                  (uint32_t)(found - cache->executable));
        pthread_mutex_unlock(&cache->lock);
    }
    return found;
}

void cache_target_set(struct cache *cache, uint32_t eip, const void *code)
{
    uint32_t offset = (uint32_t)((const uint8_t *)code - cache->executable);
    pthread_mutex_lock(&cache->lock);
    /* What was found under an earlier generation is for its finder alone. */
    if (half_of(cache, offset) == cache->generation % 2) {
        __atomic_store_n(&cache->targets[eip % GATE_TARGET_COUNT], (uint64_t)offset << 32 | eip,
                         __ATOMIC_RELEASE);
    }
    pthread_mutex_unlock(&cache->lock);
}
