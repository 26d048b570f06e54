/* Zipf's law as a table of sums, searched by halving. */
#include "popularity.h"

#include <math.h>
#include <stdlib.h>

static double weight(uint32_t rank, uint32_t exponent)
{
    return pow(rank + 1.0, -(exponent / 1000.0));
}

bool popularity_init(struct popularity *popularity, uint32_t count, uint32_t exponent)
{
    double all = 0, sum = 0;
    popularity->count = count;
    popularity->upto = malloc(count * sizeof *popularity->upto);
    if (!popularity->upto)
        return false;
    for (uint32_t i = 0; i < count; i++)
        all += weight(i, exponent);
    for (uint32_t i = 0; i < count; i++) {
        sum += weight(i, exponent);
        popularity->upto[i] = (uint32_t)(sum / all * 4294967295.0);
    }
    popularity->upto[count - 1] = UINT32_MAX;
    return true;
}

uint32_t popularity_rank(const struct popularity *popularity, uint32_t number)
{
    uint32_t low = 0, high = popularity->count - 1;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (number <= popularity->upto[middle])
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}
