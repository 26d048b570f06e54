/*
 * The summary of a run: what summary.json holds, as a struct, and its writer and reader. The file
 * format is docs/run-directory.md.
 *
 * A summary owns nothing: strings and arrays are the caller's, or those of the trace_summary_file
 * that it was read into.
 */
#ifndef DENALI_TRACES_SUMMARY_H
#define DENALI_TRACES_SUMMARY_H

#include <stdbool.h>
#include <stdint.h>

#include <base/public.h>
#include <base/status.h>

DENALI_API_BEGIN

/* Statistics of one metric; percentiles by nearest rank (analysis/metrics.h). With count 0 the
 * other fields are 0 and are written as null. */
struct trace_statistics {
    uint64_t count;
    double sum;
    double mean;
    double min;
    double p50;
    double p90;
    double p95;
    double p99;
    double max;
};

struct trace_summary_metric {
    const char *name;
    struct trace_statistics statistics;
};

struct trace_summary_assertion {
    const char *name;
    bool passed;
    const char *detail; /* what was found and what was expected */
};

struct trace_summary_fault {
    const char *kind; /* a short lower-case word: "divide", "memory" */
    uint64_t count;
};

/* A run that is a recorded one up to a moment (docs/trace.md). */
struct trace_summary_fork {
    const char *of; /* the recorded run as it was named */
    bool has_digest;
    uint64_t digest;            /* of that run, if it is recorded to its end; written as `digest` */
    uint64_t at_ns;             /* written as at_seconds */
    const char *const *changes; /* made at that moment, in their order */
    uint32_t change_count;
};

struct trace_summary {
    const char *scenario;
    uint64_t seed;
    const char *engine;
    uint32_t jobs;
    uint32_t nodes;
    uint64_t virtual_ns; /* written as virtual_seconds */
    uint64_t wall_ns;    /* written as wall_seconds */
    uint64_t instructions;
    uint64_t frames_sent;
    uint64_t frames_delivered;
    uint64_t frames_dropped;
    uint64_t peak_rss_bytes;
    uint64_t digest; /* written as 16 hexadecimal digits */

    const struct trace_summary_metric *metrics;
    uint32_t metric_count;
    const struct trace_summary_assertion *assertions;
    uint32_t assertion_count;
    const struct trace_summary_fault *faults; /* kinds that happened */
    uint32_t fault_count;
    const struct trace_summary_fork *fork; /* NULL: it is none */
};

/*
 * Writes path whole or not at all: under a temporary name, synced, then renamed. STATUS_IO if the
 * disk refuses; the temporary file is removed then.
 */
enum status trace_summary_write(const struct trace_summary *summary, const char *path,
                                struct error *error) MUST_USE;

/* A summary read back; everything in it belongs to this struct. */
struct trace_summary_file {
    struct trace_summary summary;
    void *document; /* the parsed file, which holds the strings */
    struct trace_summary_metric *metrics;
    struct trace_summary_assertion *assertions;
    struct trace_summary_fault *faults;
    struct trace_summary_fork fork;
    const char **changes;
};

/*
 * Reads `<directory>/summary.json`. STATUS_NOT_FOUND if there is none, STATUS_CORRUPT if it is
 * damaged, lacks a field or holds one of the wrong type, or if the directory says that its run did
 * not finish (file INCOMPLETE); the message tells which. On failure *file is empty.
 */
enum status trace_summary_read(const char *directory, struct trace_summary_file *file,
                               struct error *error) MUST_USE;
/* Takes an empty one too. */
void trace_summary_file_fini(struct trace_summary_file *file);

DENALI_API_END

#endif
