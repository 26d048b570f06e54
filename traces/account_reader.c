/* Reads nodes.csv and hosts.csv column by column; the writer is in run_tables.c. */
#include <traces/account_reader.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <base/locale.h>

#include "run.h"

#define COLUMN_NONE UINT32_MAX

struct lines {
    FILE *file;
    char *path;
    char *text;
    size_t size_bytes;
    int number;
};

/* The next line without its newline; false at the end or on an error. */
static bool line_next(struct lines *lines, enum status *status, struct error *error)
{
    ssize_t length = getline(&lines->text, &lines->size_bytes, lines->file);
    if (length < 0) {
        if (ferror(lines->file)) {
            *status =
                error_set(error, STATUS_IO, lines->path, 0, "cannot be read: %s", strerror(errno));
        }
        return false;
    }
    lines->number++;
    if (lines->text[length - 1] != '\n') {
        *status = error_set(error, STATUS_CORRUPT, lines->path, lines->number,
                            "expected a whole line; the file is cut off or damaged");
        return false;
    }
    lines->text[length - 1] = '\0';
    return true;
}

/* Cuts the next field off a line; NULL: there is none. */
static char *field_next(char **rest)
{
    char *field = *rest;
    char *comma = field ? strchr(field, ',') : NULL;
    if (comma) {
        *comma = '\0';
    }
    *rest = comma ? comma + 1 : NULL;
    return field;
}

static uint32_t column_find(char *header, const char *name)
{
    uint32_t column = 0;
    for (char *field = field_next(&header); field; field = field_next(&header), column++) {
        if (strcmp(field, name) == 0) {
            return column;
        }
    }
    return COLUMN_NONE;
}

static enum status line_add(const struct lines *lines, uint32_t column, uint32_t group_column,
                            const char *group, double *sum, struct error *error)
{
    char *rest = lines->text;
    const char *found = NULL;
    bool counts = group_column == COLUMN_NONE;
    uint32_t i = 0;
    for (char *field = field_next(&rest); field; field = field_next(&rest), i++) {
        if (i == column) {
            found = field;
        }
        if (i == group_column) {
            counts = strcmp(field, group) == 0;
        }
    }
    if (!counts) {
        return STATUS_OK;
    }
    char *end = NULL;
    double value = found ? strtod(found, &end) : 0;
    if (!found || end == found || *end) {
        return error_set(error, STATUS_CORRUPT, lines->path, lines->number,
                         "expected a number in column %u", column + 1);
    }
    *sum += value;
    return STATUS_OK;
}

static enum status sum_lines(struct lines *lines, const char *column, const char *group,
                             double *sum, struct error *error)
{
    enum status status = STATUS_OK;
    if (!line_next(lines, &status, error)) {
        return status ? status
                      : error_set(error, STATUS_CORRUPT, lines->path, 1, "expected a header");
    }
    char header[4096];
    snprintf(header, sizeof header, "%s", lines->text);
    uint32_t number = column_find(lines->text, column);
    uint32_t group_number = group ? column_find(header, "group") : COLUMN_NONE;
    if (number == COLUMN_NONE || (group && group_number == COLUMN_NONE)) {
        return error_set(error, STATUS_NOT_FOUND, lines->path, 1, "there is no column %s",
                         number == COLUMN_NONE ? column : "group");
    }
    while (status == STATUS_OK && line_next(lines, &status, error)) {
        status = line_add(lines, number, group_number, group, sum, error);
    }
    return status;
}

enum status trace_account_sum(const char *directory, enum trace_account account, const char *column,
                              const char *group, double *sum, struct error *error)
{
    LOCALE_NEUTRAL();
    struct lines lines = {0};
    lines.path =
        run_path_join(directory, account == TRACE_ACCOUNT_NODES ? "nodes.csv" : "hosts.csv");
    lines.file = fopen(lines.path, "r");
    enum status status;
    *sum = 0;
    if (lines.file) {
        status = sum_lines(&lines, column, group, sum, error);
        fclose(lines.file);
    } else {
        status = error_set(error, STATUS_NOT_FOUND, lines.path, 0, "cannot be opened: %s",
                           strerror(errno));
    }
    free(lines.text);
    free(lines.path);
    return status;
}
