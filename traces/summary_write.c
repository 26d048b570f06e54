/* Writes summary.json, whole or not at all. */
#include <traces/summary.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <base/alloc.h>
#include <base/time.h>

/* JSON's integers end at 2^63-1 in the library and in many readers; a greater one is written as a
 * string of digits rather than as another number. */
static json_t *whole_number(uint64_t value)
{
    char digits[32];
    if (value <= INT64_MAX) {
        return json_integer((json_int_t)value);
    }
    snprintf(digits, sizeof digits, "%" PRIu64, value);
    return json_string(digits);
}

/* Text from outside may hold bytes that are not UTF-8; those become '?'. */
static json_t *text_value(const char *text)
{
    json_t *value = json_string(text);
    if (value) {
        return value;
    }
    char *copy = alloc_text(text);
    for (char *byte = copy; *byte; byte++) {
        if ((unsigned char)*byte >= 0x80) {
            *byte = '?';
        }
    }
    value = json_string(copy);
    free(copy);
    return value;
}

static json_t *metrics_value(const struct trace_summary *summary)
{
    json_t *object = json_object();
    for (uint32_t i = 0; i < summary->metric_count; i++) {
        const struct trace_statistics *s = &summary->metrics[i].statistics;
        json_t *metric = json_object();
        json_object_set_new(metric, "count", whole_number(s->count));
        const struct {
            const char *name;
            double value;
        } fields[] = {{"mean", s->mean}, {"min", s->min}, {"p50", s->p50}, {"p90", s->p90},
                      {"p95", s->p95},   {"p99", s->p99}, {"max", s->max}, {"sum", s->sum}};
        for (size_t j = 0; j < sizeof fields / sizeof fields[0]; j++) {
            /* json_real refuses what JSON cannot hold: a sum may have overflowed. */
            json_t *number = s->count ? json_real(fields[j].value) : NULL;
            json_object_set_new(metric, fields[j].name, number ? number : json_null());
        }
        json_object_set_new(object, summary->metrics[i].name, metric);
    }
    return object;
}

static json_t *assertions_value(const struct trace_summary *summary)
{
    json_t *array = json_array();
    for (uint32_t i = 0; i < summary->assertion_count; i++) {
        const struct trace_summary_assertion *assertion = &summary->assertions[i];
        json_t *object = json_object();
        json_object_set_new(object, "name", text_value(assertion->name));
        json_object_set_new(object, "passed", json_boolean(assertion->passed));
        json_object_set_new(object, "detail", text_value(assertion->detail));
        json_array_append_new(array, object);
    }
    return array;
}

static json_t *digest_value(uint64_t digest)
{
    char digits[17];
    snprintf(digits, sizeof digits, "%016" PRIx64, digest);
    return json_string(digits);
}

static json_t *seconds_value(uint64_t time_ns)
{
    return json_real((double)time_ns / (double)TIME_NS_PER_S);
}

static json_t *fork_value(const struct trace_summary_fork *fork)
{
    json_t *object = json_object();
    json_t *changes = json_array();
    json_object_set_new(object, "of", text_value(fork->of));
    json_object_set_new(object, "digest",
                        fork->has_digest ? digest_value(fork->digest) : json_null());
    json_object_set_new(object, "at_seconds", seconds_value(fork->at_ns));
    for (uint32_t i = 0; i < fork->change_count; i++) {
        json_array_append_new(changes, text_value(fork->changes[i]));
    }
    json_object_set_new(object, "changes", changes);
    return object;
}

static json_t *summary_value(const struct trace_summary *summary)
{
    json_t *object = json_object();
    json_t *faults = json_object();

    for (uint32_t i = 0; i < summary->fault_count; i++) {
        json_object_set_new(faults, summary->faults[i].kind,
                            whole_number(summary->faults[i].count));
    }
    json_object_set_new(object, "scenario", text_value(summary->scenario));
    json_object_set_new(object, "seed", whole_number(summary->seed));
    json_object_set_new(object, "engine", text_value(summary->engine));
    json_object_set_new(object, "jobs", whole_number(summary->jobs));
    json_object_set_new(object, "nodes", whole_number(summary->nodes));
    json_object_set_new(object, "virtual_seconds", seconds_value(summary->virtual_ns));
    json_object_set_new(object, "wall_seconds", seconds_value(summary->wall_ns));
    json_object_set_new(object, "instructions", whole_number(summary->instructions));
    json_object_set_new(object, "frames_sent", whole_number(summary->frames_sent));
    json_object_set_new(object, "frames_delivered", whole_number(summary->frames_delivered));
    json_object_set_new(object, "frames_dropped", whole_number(summary->frames_dropped));
    json_object_set_new(object, "peak_rss_bytes", whole_number(summary->peak_rss_bytes));
    json_object_set_new(object, "digest", digest_value(summary->digest));
    if (summary->fork) {
        json_object_set_new(object, "fork", fork_value(summary->fork));
    }
    json_object_set_new(object, "metrics", metrics_value(summary));
    json_object_set_new(object, "assertions", assertions_value(summary));
    json_object_set_new(object, "faults", faults);
    return object;
}

/* Writes and syncs a new file; false with errno set. */
static bool file_write(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    if (!file) {
        return false;
    }
    errno = 0;
    bool written = fputs(text, file) >= 0 && fputc('\n', file) >= 0 && fflush(file) == 0 &&
                   fsync(fileno(file)) == 0;
    int cause = errno;
    written = fclose(file) == 0 && written;
    errno = cause ? cause : errno;
    return written;
}

enum status trace_summary_write(const struct trace_summary *summary, const char *path,
                                struct error *error)
{
    enum status status = STATUS_OK;
    size_t size_bytes = strlen(path) + sizeof ".tmp";
    char *temporary = alloc_zeroed(size_bytes, 1);
    json_t *value = summary_value(summary);
    char *text = json_dumps(value, JSON_INDENT(2) | JSON_REAL_PRECISION(17));

    snprintf(temporary, size_bytes, "%s.tmp", path);
    if (!text) {
        status = error_set(error, STATUS_NO_MEMORY, path, 0, "cannot be written: out of memory");
    } else if (!file_write(temporary, text) || rename(temporary, path) != 0) {
        status = error_set(error, STATUS_IO, path, 0,
                           "cannot be written: %s; free some space or choose another disk with "
                           "--out",
                           strerror(errno));
        unlink(temporary);
    }
    free(text);
    json_decref(value);
    free(temporary);
    return status;
}
