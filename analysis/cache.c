/* Hits of a cache over a known sequence of references. */
#include <analysis/cache.h>

#include <stdbool.h>
#include <stdlib.h>

#include <base/alloc.h>

#define THINGS_MAX (1u << 20)
#define NEVER      UINT64_MAX

struct cache {
    uint32_t *held; /* the things that are in it */
    uint32_t held_count;
    uint32_t *place; /* of a thing in held, plus 1; 0: it is not in it */
    uint64_t *next;  /* for each reference, when the same thing is wanted again */
    uint64_t *rank;  /* of a thing in it: what is replaced has the greatest */
};

static void find_next(struct cache *cache, const uint32_t *references, uint64_t count)
{
    uint64_t *seen = alloc_zeroed(THINGS_MAX, sizeof *seen); /* plus 1 */
    for (uint64_t i = count; i-- > 0;) {
        if (references[i] < THINGS_MAX) {
            cache->next[i] = seen[references[i]] ? seen[references[i]] - 1 : NEVER;
            seen[references[i]] = i + 1;
        }
    }
    free(seen);
}

static void replace(struct cache *cache, uint32_t thing, uint32_t capacity)
{
    uint32_t at = cache->held_count;
    if (at < capacity) {
        cache->held_count++;
    } else {
        at = 0;
        for (uint32_t i = 1; i < capacity; i++) {
            at = cache->rank[cache->held[i]] > cache->rank[cache->held[at]] ? i : at;
        }
        cache->place[cache->held[at]] = 0;
    }
    cache->held[at] = thing;
    cache->place[thing] = at + 1;
}

uint64_t ana_cache_hits(enum ana_replacement replacement, const uint32_t *references,
                        uint64_t count, uint64_t first, uint32_t capacity)
{
    if (count == 0 || capacity == 0) {
        return 0;
    }
    struct cache cache = {
        .held = alloc_zeroed(capacity, sizeof *cache.held),
        .place = alloc_zeroed(THINGS_MAX, sizeof *cache.place),
        .next = alloc_zeroed(count, sizeof *cache.next),
        .rank = alloc_zeroed(THINGS_MAX, sizeof *cache.rank),
    };
    uint64_t hits = 0;
    find_next(&cache, references, count);
    for (uint64_t i = 0; i < count; i++) {
        uint32_t thing = references[i];
        if (thing >= THINGS_MAX) {
            continue;
        }
        if (cache.place[thing]) {
            hits += i >= first;
        } else {
            replace(&cache, thing, capacity);
        }
        cache.rank[thing] = replacement == ANA_REPLACE_OPTIMAL ? cache.next[i] : count - i;
    }
    free(cache.held);
    free(cache.place);
    free(cache.next);
    free(cache.rank);
    return hits;
}
