/*
 * What the best possible replacement would have made of a string of references: Belady's OPT, which
 * knows the future and takes what is wanted again last (Belady 1966; Mattson et al. 1970). A bound
 * that no pager and no cache can beat, for comparison with what one did.
 */
#ifndef DENALI_ANALYSIS_REPLACEMENT_H
#define DENALI_ANALYSIS_REPLACEMENT_H

#include <stddef.h>
#include <stdint.h>

#include <base/public.h>

DENALI_API_BEGIN

struct ana_replacement {
    uint64_t references;
    uint64_t misses; /* first touches included */
    uint64_t first;  /* touches, which miss whatever is done */
};

/*
 * references: names of pages (or of blocks, or services), in order; any numbers. capacity: how many
 * there is room for, at least 1. Nothing is brought in but by a reference, and what is referred to
 * is always brought in. Takes time in count * log(count) and 32 bytes for each reference.
 */
void ana_replacement_optimal(const uint64_t *references, size_t count, uint64_t capacity,
                             struct ana_replacement *result);

DENALI_API_END

#endif
