/* Statistics of a set of values: exact, and the same whatever order the values came in. */
#include <analysis/metrics.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Values that compare equal but differ in sign (0 and -0) must not be left in the order they came
 * in, or the least value would depend on it. */
static int value_compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    if (x != y) {
        return x < y ? -1 : 1;
    }
    return !!signbit(y) - !!signbit(x);
}

/* Nearest rank: the value at ceil(percent/100 * count), counted from 1. */
static double percentile(const double *values, uint64_t count, uint64_t percent)
{
    uint64_t rank = (uint64_t)(((unsigned __int128)count * percent + 99) / 100);
    return values[rank - 1];
}

struct trace_statistics ana_statistics_of(double *values, uint64_t count)
{
    struct trace_statistics statistics = {.count = count};
    if (count == 0) {
        return statistics;
    }
    qsort(values, count, sizeof *values, value_compare);
    for (uint64_t i = 0; i < count; i++) {
        statistics.sum += values[i];
    }
    statistics.mean = statistics.sum / (double)count;
    statistics.min = values[0];
    statistics.p50 = percentile(values, count, 50);
    statistics.p90 = percentile(values, count, 90);
    statistics.p95 = percentile(values, count, 95);
    statistics.p99 = percentile(values, count, 99);
    statistics.max = values[count - 1];
    return statistics;
}

static const char *const statistic_names[ANA_STATISTIC_COUNT] = {
    [ANA_COUNT] = "count", [ANA_SUM] = "sum", [ANA_MEAN] = "mean",
    [ANA_MIN] = "min",     [ANA_P50] = "p50", [ANA_P90] = "p90",
    [ANA_P95] = "p95",     [ANA_P99] = "p99", [ANA_MAX] = "max",
};

const char *ana_statistic_name(enum ana_statistic statistic)
{
    return (unsigned)statistic < ANA_STATISTIC_COUNT ? statistic_names[statistic] : "unknown";
}

bool ana_statistic_of_name(const char *name, enum ana_statistic *statistic)
{
    for (int i = 0; i < ANA_STATISTIC_COUNT; i++) {
        if (strcmp(name, statistic_names[i]) == 0) {
            *statistic = (enum ana_statistic)i;
            return true;
        }
    }
    return false;
}

double ana_statistic_value(const struct trace_statistics *statistics, enum ana_statistic statistic)
{
    switch (statistic) {
    case ANA_COUNT:
        return (double)statistics->count;
    case ANA_SUM:
        return statistics->sum;
    case ANA_MEAN:
        return statistics->mean;
    case ANA_MIN:
        return statistics->min;
    case ANA_P50:
        return statistics->p50;
    case ANA_P90:
        return statistics->p90;
    case ANA_P95:
        return statistics->p95;
    case ANA_P99:
        return statistics->p99;
    case ANA_MAX:
        return statistics->max;
    case ANA_STATISTIC_COUNT:
        break;
    }
    return 0;
}
