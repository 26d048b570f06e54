/*
 * Gathers observations by metric. A hash table finds a metric by its name; the order in which
 * metrics come out is that of their names, never of the table.
 */
#include <analysis/metrics.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <base/alloc.h>
#include <base/assert.h>
#include <base/hash.h>
#include <base/time.h>
#include <traces/metrics_reader.h>

#define SUFFIX_MILESTONE "@milestone"
#define SLOTS_FIRST      64u

enum series_kind { SERIES_MEASUREMENT, SERIES_MILESTONE, SERIES_FIGURE };

/* One metric's values. */
struct series {
    char *name;
    char *listed_name; /* name, or name@milestone while another of that name is listed too */
    enum series_kind kind;
    double *values;
    uint64_t count;
    uint64_t capacity;
    bool current; /* statistics are those of the values */
    struct trace_statistics statistics;
};

struct ana_metrics {
    struct series **series;
    uint32_t series_count;
    uint32_t *slots; /* open addressing; index + 1 of a series, 0: free */
    uint32_t slot_count;
    struct trace_summary_metric *list;
};

struct ana_metrics *ana_metrics_create(void)
{
    struct ana_metrics *metrics = alloc_zeroed(1, sizeof *metrics);
    metrics->slot_count = SLOTS_FIRST;
    metrics->slots = alloc_zeroed(metrics->slot_count, sizeof *metrics->slots);
    return metrics;
}

void ana_metrics_destroy(struct ana_metrics *metrics)
{
    if (!metrics) {
        return;
    }
    for (uint32_t i = 0; i < metrics->series_count; i++) {
        free(metrics->series[i]->name);
        free(metrics->series[i]->listed_name);
        free(metrics->series[i]->values);
        free(metrics->series[i]);
    }
    free(metrics->series);
    free(metrics->slots);
    free(metrics->list);
    free(metrics);
}

/* The slot that holds the series of that name and kind, or the free one where it belongs. */
static uint32_t *slot_find(struct ana_metrics *metrics, const char *name, enum series_kind kind)
{
    uint32_t mask = metrics->slot_count - 1;
    uint32_t at = (uint32_t)hash_chain((uint64_t)kind, name, strlen(name)) & mask;
    for (;; at = (at + 1) & mask) {
        uint32_t index = metrics->slots[at];
        if (index == 0 || (metrics->series[index - 1]->kind == kind &&
                           strcmp(metrics->series[index - 1]->name, name) == 0)) {
            return &metrics->slots[at];
        }
    }
}

static void slots_grow(struct ana_metrics *metrics)
{
    free(metrics->slots);
    metrics->slot_count *= 2;
    metrics->slots = alloc_zeroed(metrics->slot_count, sizeof *metrics->slots);
    for (uint32_t i = 0; i < metrics->series_count; i++) {
        *slot_find(metrics, metrics->series[i]->name, metrics->series[i]->kind) = i + 1;
    }
}

static void series_add(struct ana_metrics *metrics, const char *name, enum series_kind kind,
                       double value)
{
    uint32_t *slot = slot_find(metrics, name, kind);
    ASSERT(!isnan(value));
    if (*slot == 0 && kind != SERIES_FIGURE && metrics->series_count >= ANA_METRICS_MAX) {
        name = ANA_METRICS_OTHERS;
        kind = SERIES_MEASUREMENT;
        slot = slot_find(metrics, name, kind);
    }
    if (*slot == 0) {
        struct series *made = alloc_zeroed(1, sizeof *made);
        made->name = alloc_text(name);
        made->kind = kind;
        metrics->series =
            alloc_grow(metrics->series, metrics->series_count + 1, sizeof *metrics->series);
        metrics->series[metrics->series_count++] = made;
        *slot = metrics->series_count;
        if (metrics->series_count * 2 > metrics->slot_count) {
            slots_grow(metrics);
            slot = slot_find(metrics, name, kind);
        }
    }
    struct series *series = metrics->series[*slot - 1];
    if (series->count == series->capacity) {
        series->capacity = series->capacity ? series->capacity * 2 : 16;
        series->values = alloc_grow(series->values, series->capacity, sizeof *series->values);
    }
    series->values[series->count++] = value;
    series->current = false;
}

void ana_metrics_add(struct ana_metrics *metrics, uint64_t time_ns,
                     enum trace_observation_kind kind, const char *name, double value)
{
    if (kind == TRACE_MILESTONE) {
        series_add(metrics, name, SERIES_MILESTONE, (double)time_ns / (double)TIME_NS_PER_S);
    } else {
        series_add(metrics, name, SERIES_MEASUREMENT, value);
    }
}

void ana_metrics_add_figure(struct ana_metrics *metrics, const char *name, double value)
{
    series_add(metrics, name, SERIES_FIGURE, value);
}

enum status ana_metrics_add_run(struct ana_metrics *metrics, const char *directory,
                                struct error *error)
{
    struct trace_metrics_reader *reader;
    struct trace_observation observation;
    bool more = true;

    enum status status = trace_metrics_reader_create(directory, &reader, error);
    while (status == STATUS_OK) {
        status = trace_metrics_reader_next(reader, &observation, &more, error);
        if (status != STATUS_OK || !more) {
            break;
        }
        ana_metrics_add(metrics, observation.time_ns, observation.kind, observation.name,
                        observation.value);
    }
    trace_metrics_reader_destroy(reader);
    return status;
}

static const struct trace_statistics *series_statistics(struct series *series)
{
    if (!series->current) {
        series->statistics = ana_statistics_of(series->values, series->count);
        series->current = true;
    }
    return &series->statistics;
}

static struct series *series_find(struct ana_metrics *metrics, const char *name,
                                  enum series_kind kind)
{
    uint32_t index = *slot_find(metrics, name, kind);
    return index ? metrics->series[index - 1] : NULL;
}

static int metric_compare(const void *a, const void *b)
{
    const struct trace_summary_metric *x = a;
    const struct trace_summary_metric *y = b;
    return strcmp(x->name, y->name);
}

static const char *series_listed_name(struct ana_metrics *metrics, struct series *series)
{
    free(series->listed_name);
    bool shared =
        series->kind == SERIES_MILESTONE && series_find(metrics, series->name, SERIES_MEASUREMENT);
    size_t size_bytes = strlen(series->name) + sizeof SUFFIX_MILESTONE;
    series->listed_name = alloc_zeroed(size_bytes, 1);
    snprintf(series->listed_name, size_bytes, "%s%s", series->name, shared ? SUFFIX_MILESTONE : "");
    return series->listed_name;
}

const struct trace_summary_metric *ana_metrics_list(struct ana_metrics *metrics, uint32_t *count)
{
    *count = 0;
    metrics->list = alloc_grow(metrics->list, metrics->series_count + 1, sizeof *metrics->list);
    for (uint32_t i = 0; i < metrics->series_count; i++) {
        struct series *series = metrics->series[i];
        if (series->kind != SERIES_FIGURE) {
            metrics->list[(*count)++] = (struct trace_summary_metric){
                series_listed_name(metrics, series), *series_statistics(series)};
        }
    }
    qsort(metrics->list, *count, sizeof *metrics->list, metric_compare);
    return metrics->list;
}

bool ana_metrics_find(struct ana_metrics *metrics, const char *name,
                      struct trace_statistics *statistics)
{
    struct series *found = series_find(metrics, name, SERIES_FIGURE);
    if (!found) {
        found = series_find(metrics, name, SERIES_MEASUREMENT);
    }
    if (!found) {
        found = series_find(metrics, name, SERIES_MILESTONE);
    }
    size_t length = strlen(name);
    size_t suffix = strlen(SUFFIX_MILESTONE);
    if (!found && length > suffix && strcmp(name + length - suffix, SUFFIX_MILESTONE) == 0) {
        char *bare = alloc_text(name);
        bare[length - suffix] = '\0';
        found = series_find(metrics, bare, SERIES_MILESTONE);
        free(bare);
    }
    *statistics = found ? *series_statistics(found) : (struct trace_statistics){0};
    return found != NULL;
}
