/*
 * What a replacement would have made of a string of references: the best possible one, Belady's
 * OPT, which knows the future and takes what is wanted again last (Belady 1966; Mattson et al.
 * 1970), a bound that no pager and no cache can beat; and the usual one, which knows the past.
 */
#ifndef DENALI_ANALYSIS_REPLACEMENT_H
#define DENALI_ANALYSIS_REPLACEMENT_H

#include <stddef.h>
#include <stdint.h>

#include <base/public.h>

DENALI_API_BEGIN

enum ana_victim {
    ANA_VICTIM_OPTIMAL, /* what is wanted again last */
    ANA_VICTIM_RECENT,  /* what was wanted least recently */
};

struct ana_replacement {
    uint64_t references;
    uint64_t misses; /* first touches included */
    uint64_t first;  /* touches, which miss whatever is done */
};

/*
 * references: names of pages (or of blocks, or services), in order; any numbers. Of the first
 * `warm` of them nothing is counted. capacity: how many there is room for, at least 1. Nothing is
 * brought in but by a reference, and what is referred to is always brought in. Takes time in count
 * * log(count) and 34 bytes for each reference.
 */
void ana_replacement_judge(enum ana_victim victim, const uint64_t *references, size_t count,
                           size_t warm, uint64_t capacity, struct ana_replacement *result);

DENALI_API_END

#endif
