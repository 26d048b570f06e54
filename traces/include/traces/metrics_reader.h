/*
 * Reads metrics.csv back, one observation at a time, in constant memory.
 *
 * Owned by the caller through create and destroy; one thread at a time.
 */
#ifndef DENALI_TRACES_METRICS_READER_H
#define DENALI_TRACES_METRICS_READER_H

#include <stdbool.h>
#include <stdint.h>

#include <base/public.h>
#include <base/status.h>
#include <traces/run_directory.h>

DENALI_API_BEGIN

struct trace_metrics_reader; /* opaque */

/* node and name live until the next call on the reader. */
struct trace_observation {
    uint64_t time_ns;
    const char *node;
    enum trace_observation_kind kind;
    const char *name;
    double value;
};

/* Opens `<directory>/metrics.csv`. STATUS_NOT_FOUND or STATUS_CORRUPT (not such a file). */
enum status trace_metrics_reader_create(const char *directory, struct trace_metrics_reader **reader,
                                        struct error *error) MUST_USE;
void trace_metrics_reader_destroy(struct trace_metrics_reader *reader);

/* The next observation; *more is false at the end. STATUS_CORRUPT with the line for one that is
 * not as the format says, STATUS_IO if the disk fails. */
enum status trace_metrics_reader_next(struct trace_metrics_reader *reader,
                                      struct trace_observation *observation, bool *more,
                                      struct error *error) MUST_USE;

DENALI_API_END

#endif
