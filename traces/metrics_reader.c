/* Reads metrics.csv line by line; the writer is in run_tables.c. */
#include <traces/metrics_reader.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <base/alloc.h>
#include <base/locale.h>

#include "run.h"

#define LINE_BYTES   512u
#define FIELD_COUNT  5u
#define BUFFER_BYTES 65536u

struct trace_metrics_reader {
    FILE *file;
    char *path;
    int line_number;
    char line[LINE_BYTES];
};

/* The next line without its newline; *more is false at the end. A line that is cut off or too long
 * is an error, so that a torn file is not half believed. */
static enum status line_next(struct trace_metrics_reader *reader, bool *more, struct error *error)
{
    *more = fgets(reader->line, sizeof reader->line, reader->file) != NULL;
    if (!*more) {
        return ferror(reader->file) ? error_set(error, STATUS_IO, reader->path, 0,
                                                "cannot be read: %s", strerror(errno))
                                    : STATUS_OK;
    }
    reader->line_number++;
    size_t length = strlen(reader->line);
    if (length == 0 || reader->line[length - 1] != '\n') {
        return error_set(
            error, STATUS_CORRUPT, reader->path, reader->line_number,
            "expected a whole line of at most %u bytes; the file is cut off or damaged",
            LINE_BYTES - 2);
    }
    reader->line[length - 1] = '\0';
    return STATUS_OK;
}

enum status trace_metrics_reader_create(const char *directory, struct trace_metrics_reader **reader,
                                        struct error *error)
{
    struct trace_metrics_reader *made = alloc_zeroed(1, sizeof *made);
    enum status status = STATUS_OK;
    bool more;

    made->path = run_path_join(directory, "metrics.csv");
    made->file = fopen(made->path, "r");
    if (!made->file) {
        status = error_set(error, STATUS_NOT_FOUND, made->path, 0,
                           "cannot be opened: %s; is this a run directory?", strerror(errno));
    } else {
        setvbuf(made->file, NULL, _IOFBF, BUFFER_BYTES);
        status = line_next(made, &more, error);
        if (status == STATUS_OK &&
            (!more || strcmp(made->line, "time_ns,node,kind,name,value") != 0)) {
            status = error_set(error, STATUS_CORRUPT, made->path, 1,
                               "expected the header time_ns,node,kind,name,value");
        }
    }
    if (status != STATUS_OK) {
        trace_metrics_reader_destroy(made);
        made = NULL;
    }
    *reader = made;
    return status;
}

void trace_metrics_reader_destroy(struct trace_metrics_reader *reader)
{
    if (!reader) {
        return;
    }
    if (reader->file) {
        fclose(reader->file);
    }
    free(reader->path);
    free(reader);
}

/* Cuts a line at its commas; false unless there are exactly so many fields. */
static bool line_split(char *line, char *fields[FIELD_COUNT])
{
    for (uint32_t i = 0; i < FIELD_COUNT; i++) {
        fields[i] = line;
        char *comma = strchr(line, ',');
        if (!comma) {
            return i == FIELD_COUNT - 1;
        }
        *comma = '\0';
        line = comma + 1;
    }
    return false;
}

static bool digits_parse(const char *text, uint64_t *value)
{
    char *end;
    if (text[0] < '0' || text[0] > '9') {
        return false;
    }
    errno = 0;
    *value = strtoull(text, &end, 10);
    return errno == 0 && *end == '\0';
}

static bool number_parse(const char *text, double *value)
{
    LOCALE_NEUTRAL();
    char *end;
    /* Only what the writer writes: strtod also knows blanks, hexadecimal and names. */
    if (text[strspn(text, "0123456789+-.e")] != '\0') {
        return false;
    }
    *value = strtod(text, &end);
    return end != text && *end == '\0' && isfinite(*value);
}

static bool observation_parse(char *line, struct trace_observation *observation)
{
    char *fields[FIELD_COUNT];
    if (!line_split(line, fields) || !digits_parse(fields[0], &observation->time_ns) ||
        !trace_node_name_valid(fields[1]) || !run_metric_name_valid(fields[3]) ||
        !number_parse(fields[4], &observation->value)) {
        return false;
    }
    observation->node = fields[1];
    observation->name = fields[3];
    if (strcmp(fields[2], "measurement") == 0) {
        observation->kind = TRACE_MEASUREMENT;
    } else if (strcmp(fields[2], "milestone") == 0) {
        observation->kind = TRACE_MILESTONE;
    } else {
        return false;
    }
    return true;
}

enum status trace_metrics_reader_next(struct trace_metrics_reader *reader,
                                      struct trace_observation *observation, bool *more,
                                      struct error *error)
{
    enum status status = line_next(reader, more, error);
    if (status == STATUS_OK && *more && !observation_parse(reader->line, observation)) {
        status = error_set(error, STATUS_CORRUPT, reader->path, reader->line_number,
                           "expected time_ns,node,kind,name,value as docs/run-directory.md "
                           "describes them");
    }
    if (status != STATUS_OK) {
        *more = false;
    }
    return status;
}
