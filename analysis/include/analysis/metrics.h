/*
 * Statistics of metrics: observations are added one by one, while a run goes on or from its
 * metrics.csv, and asked for at the end.
 *
 * Percentiles are by nearest rank: of n values in order, p is the value at rank ceil(p/100 * n),
 * counted from 1; always a value that was observed. Sums are taken over the ordered values, so no
 * figure depends on the order in which they came.
 *
 * A measurement counts with its value; a milestone with its moment, in seconds of virtual time. If
 * guests use one name for both, the milestone's metric is `<name>@milestone`.
 *
 * Names come from guests, so only so many are kept apart (ANA_METRICS_MAX): an observation under
 * yet another name counts as one of ANA_METRICS_OTHERS. That alone depends on the order.
 *
 * Memory: 8 bytes an observation, some 2 KB a metric. One thread at a time.
 */
#ifndef DENALI_ANALYSIS_METRICS_H
#define DENALI_ANALYSIS_METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include <base/public.h>
#include <base/status.h>
#include <traces/run_directory.h>
#include <traces/summary.h>

DENALI_API_BEGIN

#define ANA_METRICS_MAX    65536u
#define ANA_METRICS_OTHERS "metrics.others" /* measurements, whatever the others were */

struct ana_metrics; /* opaque */

struct ana_metrics *ana_metrics_create(void);
void ana_metrics_destroy(struct ana_metrics *metrics); /* takes NULL */

/* value must not be NaN (devices refuse those; so does the reader). */
void ana_metrics_add(struct ana_metrics *metrics, uint64_t time_ns,
                     enum trace_observation_kind kind, const char *name, double value);

/* A figure of the run itself ("run.faults"), one value: every statistic but count is that value. */
void ana_metrics_add_figure(struct ana_metrics *metrics, const char *name, double value);

/* Adds all of `<directory>/metrics.csv`. */
enum status ana_metrics_add_run(struct ana_metrics *metrics, const char *directory,
                                struct error *error) MUST_USE;

/*
 * Statistics of all metrics, ordered by name; what trace_summary.metrics takes. Lives until the
 * next add or destroy. Figures are not among them.
 */
const struct trace_summary_metric *ana_metrics_list(struct ana_metrics *metrics, uint32_t *count);

/* Statistics of one metric or figure; false (and all zero) if nothing of that name was added. */
bool ana_metrics_find(struct ana_metrics *metrics, const char *name,
                      struct trace_statistics *statistics);

/* Statistics of values, which are sorted in place. */
struct trace_statistics ana_statistics_of(double *values, uint64_t count);

/* --- expectations ----------------------------------------------------------------------------- */

enum ana_statistic {
    ANA_COUNT,
    ANA_SUM,
    ANA_MEAN,
    ANA_MIN,
    ANA_P50,
    ANA_P90,
    ANA_P95,
    ANA_P99,
    ANA_MAX,
    ANA_STATISTIC_COUNT
};

/* "count", "sum", "mean", ...; and back, false if there is no such statistic. */
const char *ana_statistic_name(enum ana_statistic statistic);
bool ana_statistic_of_name(const char *name, enum ana_statistic *statistic);
double ana_statistic_value(const struct trace_statistics *statistics, enum ana_statistic statistic);

/* Bounds that are present all hold. */
struct ana_expectation {
    const char *metric;
    enum ana_statistic statistic;
    bool has_at_least;
    double at_least;
    bool has_at_most;
    double at_most;
    bool has_equals; /* exactly */
    double equals;
};

#define ANA_DETAIL_BYTES 256u

/*
 * Does it hold? detail says what was found and what was expected. A metric that was never observed
 * passes only on its count or sum, which are 0.
 */
bool ana_expectation_check(struct ana_metrics *metrics, const struct ana_expectation *expectation,
                           char detail[ANA_DETAIL_BYTES]);

DENALI_API_END

#endif
