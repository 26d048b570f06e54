/* What benchmarks have in common: a clock, and the spread of repeated measurements. C and C++. */
#ifndef DENALI_BENCH_MEASURE_H
#define DENALI_BENCH_MEASURE_H

#include <stdlib.h>
#include <time.h>

/* Processor time of this thread: on a machine with other work wall time says little. */
static inline double measure_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

struct measure_spread {
    double median;
    double least;
    double greatest;
};

static inline int measure_compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* Of count values, at least one, which it sorts. */
static inline struct measure_spread measure_spread_of(double *values, size_t count)
{
    qsort(values, count, sizeof *values, measure_compare);
    struct measure_spread spread = {values[count / 2], values[0], values[count - 1]};
    return spread;
}

#endif
