/*
 * Which of several is wanted next: by Zipf's law, the one of rank k in proportion to 1 / k^exponent
 * (exponent 0: all alike). Drawn from a number that the caller has drawn uniformly.
 */
#ifndef APPS_POPULARITY_H
#define APPS_POPULARITY_H

#include <stdbool.h>
#include <stdint.h>

struct popularity {
    uint32_t count;
    uint32_t *upto; /* of rank i and all before it, the part of 2^32 - 1 that falls on them */
};

/* False: no memory. The exponent in thousandths. */
bool popularity_init(struct popularity *popularity, uint32_t count, uint32_t exponent);

/* The rank, from 0, that a number falls on. */
uint32_t popularity_rank(const struct popularity *popularity, uint32_t number);

#endif
