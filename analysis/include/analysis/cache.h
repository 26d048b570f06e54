/*
 * What a cache of whole things would have hit over a known sequence of references: by the best
 * replacement there can be, which knows the future, and by the usual one, which knows the past.
 */
#ifndef DENALI_ANALYSIS_CACHE_H
#define DENALI_ANALYSIS_CACHE_H

#include <stdint.h>

#include <base/public.h>

DENALI_API_BEGIN

enum ana_replacement {
    ANA_REPLACE_OPTIMAL, /* what is wanted again latest (Belady 1966, MIN) */
    ANA_REPLACE_RECENT,  /* what was wanted least recently */
};

/* How many of count references to things, numbers below 2^20 (others are not looked at), a cache
 * of capacity things that begins empty has already; of those from number `first` on, which it has
 * been warmed up for. O(count * capacity). */
uint64_t ana_cache_hits(enum ana_replacement replacement, const uint32_t *references,
                        uint64_t count, uint64_t first, uint32_t capacity);

DENALI_API_END

#endif
