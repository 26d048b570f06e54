/* Reads summary.json back, checking every field: the file may be anybody's. */
#include <traces/summary.h>

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <base/alloc.h>
#include <base/time.h>

#include "run.h"

/* The file being read, and the first thing found wrong with it. */
struct field_reader {
    const char *path;
    enum status status;
    struct error *error;
};

static void field_fail(struct field_reader *reader, const char *field, const char *expected)
{
    if (reader->status == STATUS_OK) {
        reader->status = error_set(reader->error, STATUS_CORRUPT, reader->path, 0,
                                   "field %s: expected %s", field, expected);
    }
}

static const char *field_text(struct field_reader *reader, const json_t *object, const char *field)
{
    const char *text = json_string_value(json_object_get(object, field));
    if (!text) {
        field_fail(reader, field, "a string");
    }
    return text ? text : "";
}

static uint64_t value_whole(struct field_reader *reader, const json_t *value, const char *field,
                            uint64_t max)
{
    const char *expected = "a whole number in range";
    if (json_is_integer(value) && json_integer_value(value) >= 0 &&
        (uint64_t)json_integer_value(value) <= max) {
        return (uint64_t)json_integer_value(value);
    }
    const char *digits = json_string_value(value);
    if (digits && digits[0] >= '0' && digits[0] <= '9') {
        char *end;
        errno = 0;
        unsigned long long number = strtoull(digits, &end, 10);
        if (errno == 0 && *end == '\0' && number <= max) {
            return number;
        }
    }
    field_fail(reader, field, expected);
    return 0;
}

static uint64_t field_whole(struct field_reader *reader, const json_t *object, const char *field,
                            uint64_t max)
{
    return value_whole(reader, json_object_get(object, field), field, max);
}

/* Seconds as a real number, to whole ns. */
static uint64_t field_seconds(struct field_reader *reader, const json_t *object, const char *field)
{
    const json_t *value = json_object_get(object, field);
    double seconds = json_number_value(value);
    if (!json_is_number(value) || !(seconds >= 0 && seconds <= 1e10)) {
        field_fail(reader, field, "a number of seconds");
        return 0;
    }
    return (uint64_t)(seconds * (double)TIME_NS_PER_S + 0.5);
}

static double field_statistic(struct field_reader *reader, const json_t *object, const char *field,
                              bool present)
{
    const json_t *value = json_object_get(object, field);
    if (json_is_null(value)) {
        return 0;
    }
    if (!present || !json_is_number(value)) {
        field_fail(reader, field, present ? "a number" : "null, for the count is 0");
    }
    return json_number_value(value);
}

static void metrics_read(struct field_reader *reader, json_t *root, struct trace_summary_file *file)
{
    const char *name;
    json_t *metric;
    json_t *metrics = json_object_get(root, "metrics");

    if (!json_is_object(metrics)) {
        field_fail(reader, "metrics", "an object");
        return;
    }
    file->metrics = alloc_zeroed(json_object_size(metrics) + 1, sizeof *file->metrics);
    json_object_foreach(metrics, name, metric)
    {
        struct trace_statistics *s = &file->metrics[file->summary.metric_count].statistics;
        file->metrics[file->summary.metric_count++].name = name;
        s->count = field_whole(reader, metric, "count", UINT64_MAX);
        bool present = s->count > 0;
        s->sum = field_statistic(reader, metric, "sum", present);
        s->mean = field_statistic(reader, metric, "mean", present);
        s->min = field_statistic(reader, metric, "min", present);
        s->p50 = field_statistic(reader, metric, "p50", present);
        s->p90 = field_statistic(reader, metric, "p90", present);
        s->p95 = field_statistic(reader, metric, "p95", present);
        s->p99 = field_statistic(reader, metric, "p99", present);
        s->max = field_statistic(reader, metric, "max", present);
    }
    file->summary.metrics = file->metrics;
}

static void assertions_read(struct field_reader *reader, json_t *root,
                            struct trace_summary_file *file)
{
    size_t index;
    json_t *assertion;
    json_t *assertions = json_object_get(root, "assertions");

    if (!json_is_array(assertions)) {
        field_fail(reader, "assertions", "a list");
        return;
    }
    file->assertions = alloc_zeroed(json_array_size(assertions) + 1, sizeof *file->assertions);
    json_array_foreach(assertions, index, assertion)
    {
        struct trace_summary_assertion *target = &file->assertions[index];
        const json_t *passed = json_object_get(assertion, "passed");
        if (!json_is_boolean(passed)) {
            field_fail(reader, "passed", "true or false");
        }
        target->name = field_text(reader, assertion, "name");
        target->passed = json_is_true(passed);
        target->detail = field_text(reader, assertion, "detail");
        file->summary.assertion_count++;
    }
    file->summary.assertions = file->assertions;
}

static void faults_read(struct field_reader *reader, json_t *root, struct trace_summary_file *file)
{
    const char *kind;
    json_t *count;
    json_t *faults = json_object_get(root, "faults");

    if (!json_is_object(faults)) {
        field_fail(reader, "faults", "an object");
        return;
    }
    file->faults = alloc_zeroed(json_object_size(faults) + 1, sizeof *file->faults);
    json_object_foreach(faults, kind, count)
    {
        struct trace_summary_fault *target = &file->faults[file->summary.fault_count++];
        target->kind = kind;
        target->count = value_whole(reader, count, "faults", UINT64_MAX);
    }
    file->summary.faults = file->faults;
}

static uint64_t field_digest(struct field_reader *reader, const json_t *object, const char *field)
{
    const char *digest = field_text(reader, object, field);
    if (strlen(digest) != 16 || strspn(digest, "0123456789abcdef") != 16) {
        field_fail(reader, field, "16 hexadecimal digits");
    }
    return strtoull(digest, NULL, 16);
}

/* Only a fork has it. */
static void fork_read(struct field_reader *reader, json_t *root, struct trace_summary_file *file)
{
    size_t index;
    json_t *change;
    json_t *object = json_object_get(root, "fork");
    json_t *changes = json_object_get(object, "changes");
    struct trace_summary_fork *fork = &file->fork;

    if (!object) {
        return;
    }
    if (!json_is_object(object)) {
        field_fail(reader, "fork", "an object");
        return;
    }
    fork->of = field_text(reader, object, "of");
    fork->has_digest = !json_is_null(json_object_get(object, "digest"));
    fork->digest = fork->has_digest ? field_digest(reader, object, "digest") : 0;
    fork->at_ns = field_seconds(reader, object, "at_seconds");
    if (!json_is_array(changes)) {
        field_fail(reader, "changes", "a list");
    }
    file->changes = alloc_zeroed(json_array_size(changes) + 1, sizeof *file->changes);
    json_array_foreach(changes, index, change)
    {
        const char *text = json_string_value(change);
        if (!text) {
            field_fail(reader, "changes", "strings");
        }
        file->changes[fork->change_count++] = text ? text : "";
    }
    fork->changes = file->changes;
    file->summary.fork = fork;
}

static void fields_read(struct field_reader *reader, json_t *root, struct trace_summary_file *file)
{
    struct trace_summary *summary = &file->summary;

    summary->scenario = field_text(reader, root, "scenario");
    summary->seed = field_whole(reader, root, "seed", UINT64_MAX);
    summary->engine = field_text(reader, root, "engine");
    summary->jobs = (uint32_t)field_whole(reader, root, "jobs", UINT32_MAX);
    summary->nodes = (uint32_t)field_whole(reader, root, "nodes", UINT32_MAX);
    summary->virtual_ns = field_seconds(reader, root, "virtual_seconds");
    summary->wall_ns = field_seconds(reader, root, "wall_seconds");
    summary->instructions = field_whole(reader, root, "instructions", UINT64_MAX);
    summary->frames_sent = field_whole(reader, root, "frames_sent", UINT64_MAX);
    summary->frames_delivered = field_whole(reader, root, "frames_delivered", UINT64_MAX);
    summary->frames_dropped = field_whole(reader, root, "frames_dropped", UINT64_MAX);
    summary->peak_rss_bytes = field_whole(reader, root, "peak_rss_bytes", UINT64_MAX);
    summary->digest = field_digest(reader, root, "digest");
    metrics_read(reader, root, file);
    assertions_read(reader, root, file);
    faults_read(reader, root, file);
    fork_read(reader, root, file);
}

/* A directory that says itself that its run did not finish is not read, whatever else is there. */
static enum status incomplete_check(const char *directory, struct error *error)
{
    enum status status = STATUS_OK;
    char reason[512] = "";
    char *path = run_path_join(directory, RUN_NAME_INCOMPLETE);
    FILE *file = fopen(path, "r");
    if (file) {
        if (!fgets(reason, sizeof reason, file)) {
            /* A full disk may have left no room even for the reason. */
            snprintf(reason, sizeof reason, "This run did not finish.");
        }
        reason[strcspn(reason, "\n")] = '\0';
        status = error_set(error, STATUS_CORRUPT, path, 0, "%s Run it again.", reason);
        fclose(file);
    }
    free(path);
    return status;
}

enum status trace_summary_read(const char *directory, struct trace_summary_file *file,
                               struct error *error)
{
    json_error_t parse_error;

    *file = (struct trace_summary_file){0};
    enum status status = incomplete_check(directory, error);
    if (status != STATUS_OK) {
        return status;
    }
    char *path = run_path_join(directory, "summary.json");
    FILE *stream = fopen(path, "r");
    if (!stream) {
        status = error_set(error, STATUS_NOT_FOUND, path, 0,
                           "cannot be opened: %s; is this a run directory?", strerror(errno));
        free(path);
        return status;
    }
    json_t *root = json_loadf(stream, JSON_REJECT_DUPLICATES, &parse_error);
    fclose(stream);
    struct field_reader reader = {path, STATUS_OK, error};
    if (!root) {
        reader.status = error_set(error, STATUS_CORRUPT, path, parse_error.line, "is not JSON: %s",
                                  parse_error.text);
    } else if (!json_is_object(root)) {
        reader.status = error_set(error, STATUS_CORRUPT, path, 1, "expected an object");
    } else {
        file->document = root;
        fields_read(&reader, root, file);
    }
    if (reader.status != STATUS_OK) {
        if (root && !file->document) {
            json_decref(root);
        }
        trace_summary_file_fini(file);
    }
    free(path);
    return reader.status;
}

void trace_summary_file_fini(struct trace_summary_file *file)
{
    json_decref(file->document);
    free(file->metrics);
    free(file->assertions);
    free(file->faults);
    free(file->changes);
    *file = (struct trace_summary_file){0};
}
