/* The reader of round-trip-time matrices. Knows text and numbers, no networks. */
#include <netsim/matrix.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <base/alloc.h>

#define TEXT_MAX_BYTES (512u << 20) /* the largest matrix needs less than half of it */
#define CHUNK_BYTES    (1u << 20)

struct parser {
    const char *name;
    const char *next; /* first character of the next line */
    const char *end;
    const char *line; /* the current line, without its end */
    const char *line_end;
    int line_number;
    struct error *error;
    /* Header. */
    bool has_format;
    bool has_symmetric;
    bool symmetric;
    uint32_t site_count; /* 0: not seen */
    uint32_t unit_ns;    /* 0: not seen */
};

#define FAIL(parser, ...)                                                                          \
    error_set((parser)->error, STATUS_INVALID, (parser)->name, (parser)->line_number, __VA_ARGS__)

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The next line that is neither empty nor a comment; false at the end. */
static bool line_next(struct parser *parser)
{
    while (parser->next < parser->end) {
        const char *start = parser->next;
        const char *stop = memchr(start, '\n', (size_t)(parser->end - start));
        parser->next = stop ? stop + 1 : parser->end;
        stop = stop ? stop : parser->end;
        parser->line_number++;
        while (start < stop && is_space(*start)) {
            start++;
        }
        while (start < stop && is_space(stop[-1])) {
            stop--;
        }
        parser->line = start;
        parser->line_end = stop;
        if (start < stop && *start != '#') {
            return true;
        }
    }
    return false;
}

/* How much of a piece of text is worth showing in a message. */
static int shown(const char *start, const char *stop)
{
    return stop - start > 40 ? 40 : (int)(stop - start);
}

/* --- header --------------------------------------------------------------------------------- */

static bool text_is(const char *start, const char *stop, const char *expected)
{
    size_t size = strlen(expected);
    return (size_t)(stop - start) == size && memcmp(start, expected, size) == 0;
}

static enum status sites_parse(struct parser *parser, const char *value)
{
    uint64_t count = 0;
    for (const char *c = value; c < parser->line_end; c++) {
        count = is_digit(*c) && count <= NET_SITES_MAX ? count * 10 + (uint64_t)(*c - '0')
                                                       : NET_SITES_MAX + 1ull;
    }
    if (value == parser->line_end || count == 0 || count > NET_SITES_MAX) {
        return FAIL(parser, "field 'sites': expected a whole number from 1 to %u, found '%.*s'",
                    NET_SITES_MAX, shown(value, parser->line_end), value);
    }
    parser->site_count = (uint32_t)count;
    return STATUS_OK;
}

/* One "name: value" line. */
static enum status header_field_parse(struct parser *parser)
{
    const char *colon = memchr(parser->line, ':', (size_t)(parser->line_end - parser->line));
    if (!colon) {
        return FAIL(parser,
                    "expected a header line such as 'sites: 490', or 'rows:' before the numbers; "
                    "found '%.*s'",
                    shown(parser->line, parser->line_end), parser->line);
    }
    const char *value = colon + 1;
    while (value < parser->line_end && is_space(*value)) {
        value++;
    }
    const char *end = parser->line_end;
    int value_shown = shown(value, end);
    bool twice = false;
    if (text_is(parser->line, colon, "format")) {
        twice = parser->has_format;
        parser->has_format = true;
        if (!text_is(value, end, "denali-rtt-1")) {
            return FAIL(parser, "field 'format': expected denali-rtt-1, found '%.*s'", value_shown,
                        value);
        }
    } else if (text_is(parser->line, colon, "unit")) {
        twice = parser->unit_ns != 0;
        parser->unit_ns = text_is(value, end, "ns")   ? 1
                          : text_is(value, end, "us") ? 1000
                          : text_is(value, end, "ms") ? 1000000
                                                      : 0;
        if (parser->unit_ns == 0) {
            return FAIL(parser, "field 'unit': expected ns, us or ms, found '%.*s'", value_shown,
                        value);
        }
    } else if (text_is(parser->line, colon, "symmetric")) {
        twice = parser->has_symmetric;
        parser->has_symmetric = true;
        parser->symmetric = text_is(value, end, "yes");
        if (!parser->symmetric && !text_is(value, end, "no")) {
            return FAIL(parser, "field 'symmetric': expected yes or no, found '%.*s'", value_shown,
                        value);
        }
    } else if (text_is(parser->line, colon, "sites")) {
        twice = parser->site_count != 0;
        enum status status = sites_parse(parser, value);
        if (status != STATUS_OK) {
            return status;
        }
    } else {
        return FAIL(parser,
                    "unknown field '%.*s': expected format, unit, sites, symmetric, and then rows",
                    shown(parser->line, colon), parser->line);
    }
    if (twice) {
        return FAIL(parser, "field '%.*s' is given twice: keep one", shown(parser->line, colon),
                    parser->line);
    }
    return STATUS_OK;
}

static enum status header_parse(struct parser *parser)
{
    while (line_next(parser)) {
        if (text_is(parser->line, parser->line_end, "rows:")) {
            const char *missing = !parser->has_format      ? "format"
                                  : parser->unit_ns == 0   ? "unit"
                                  : !parser->site_count    ? "sites"
                                  : !parser->has_symmetric ? "symmetric"
                                                           : NULL;
            if (missing) {
                return FAIL(parser, "field '%s' is missing: expected it before 'rows:'", missing);
            }
            return STATUS_OK;
        }
        enum status status = header_field_parse(parser);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return FAIL(parser, "the file ends before its 'rows:' line: expected a denali-rtt-1 matrix");
}

/* --- numbers -------------------------------------------------------------------------------- */

/* Why a field is not a round-trip time, or NULL with *rtt_ns set. */
static const char *number_parse(const char *start, const char *stop, uint32_t unit_ns,
                                uint64_t *rtt_ns)
{
    if (*start == '-') {
        return "is negative";
    }
    uint64_t value_ns = 0;
    const char *c = start;
    for (; c < stop && is_digit(*c); c++) {
        value_ns = value_ns * 10 + (uint64_t)(*c - '0') * unit_ns;
        if (value_ns > NET_RTT_MAX_NS) {
            value_ns = NET_RTT_MAX_NS + 1; /* and stays too large */
        }
    }
    if (c == start) {
        return "is not a number";
    }
    if (c < stop && *c == '.') {
        uint64_t digit_ns = unit_ns;
        const char *fraction = ++c;
        for (; c < stop && is_digit(*c); c++) {
            digit_ns /= 10;
            if (digit_ns == 0 && *c != '0') {
                return "is not a whole number of nanoseconds";
            }
            value_ns += (uint64_t)(*c - '0') * digit_ns;
        }
        if (c == fraction) {
            return "is not a number";
        }
    }
    if (c != stop) {
        return "is not a number";
    }
    if (value_ns > NET_RTT_MAX_NS) {
        return "is larger than 8 s";
    }
    *rtt_ns = value_ns;
    return NULL;
}

static const char *entry_check(uint64_t rtt_ns, bool diagonal)
{
    if (diagonal) {
        return rtt_ns == 0 ? NULL : "is on the diagonal";
    }
    if (rtt_ns < NET_RTT_MIN_NS) {
        return "is less than 2 us";
    }
    return rtt_ns % 2 == 0 ? NULL : "has no half in whole nanoseconds";
}

/* --- rows ----------------------------------------------------------------------------------- */

/* The current line as row number row; earlier rows are there to compare with. */
static enum status row_parse(struct parser *parser, struct net_matrix *matrix, uint32_t row)
{
    uint32_t sites = parser->site_count;
    uint32_t column = 0;
    const char *c = parser->line;
    while (c < parser->line_end) {
        const char *stop = c;
        while (stop < parser->line_end && !is_space(*stop)) {
            stop++;
        }
        if (column == sites) {
            return FAIL(parser, "row %u is too long: expected %u numbers, one for each site",
                        row + 1, sites);
        }
        uint64_t rtt_ns = 0;
        const char *fault = number_parse(c, stop, parser->unit_ns, &rtt_ns);
        if (!fault) {
            fault = entry_check(rtt_ns, row == column);
        }
        if (fault) {
            return FAIL(parser,
                        "row %u, field %u: '%.*s' %s: expected a round-trip time of 2 us to 8 s "
                        "between two sites, and 0 on the diagonal",
                        row + 1, column + 1, shown(c, stop), c, fault);
        }
        matrix->rtt_ns[(size_t)row * sites + column] = rtt_ns;
        if (parser->symmetric && column < row &&
            matrix->rtt_ns[(size_t)column * sites + row] != rtt_ns) {
            return FAIL(parser,
                        "row %u, field %u: '%.*s' differs from row %u, field %u: expected the same "
                        "(or say 'symmetric: no')",
                        row + 1, column + 1, shown(c, stop), c, column + 1, row + 1);
        }
        column++;
        c = stop;
        while (c < parser->line_end && is_space(*c)) {
            c++;
        }
    }
    if (column != sites) {
        return FAIL(parser, "row %u is short: expected %u numbers, one for each site, found %u",
                    row + 1, sites, column);
    }
    return STATUS_OK;
}

static enum status rows_parse(struct parser *parser, struct net_matrix *matrix)
{
    uint32_t sites = parser->site_count;
    uint32_t room = 0;
    matrix->site_count = sites;
    for (uint32_t row = 0; row < sites; row++) {
        if (!line_next(parser)) {
            return FAIL(parser, "the file ends after %u rows: expected %u, one for each site", row,
                        sites);
        }
        if (row == room) {
            /* Grown with the input, so that a short file cannot ask for much memory. */
            room = room ? room * 2 : 16;
            room = room < sites ? room : sites;
            matrix->rtt_ns =
                alloc_grow(matrix->rtt_ns, (size_t)room * sites, sizeof *matrix->rtt_ns);
        }
        enum status status = row_parse(parser, matrix, row);
        if (status != STATUS_OK) {
            return status;
        }
    }
    if (line_next(parser)) {
        return FAIL(parser, "more than %u rows: expected one for each site", sites);
    }
    return STATUS_OK;
}

enum status net_matrix_parse(const char *name, const char *text, size_t size_bytes,
                             struct net_matrix *matrix, struct error *error)
{
    struct parser parser = {.name = name, .next = text, .end = text + size_bytes, .error = error};
    *matrix = (struct net_matrix){0};
    enum status status = header_parse(&parser);
    if (status == STATUS_OK) {
        status = rows_parse(&parser, matrix);
    }
    if (status != STATUS_OK) {
        net_matrix_fini(matrix);
    }
    return status;
}

void net_matrix_fini(struct net_matrix *matrix)
{
    free(matrix->rtt_ns);
    *matrix = (struct net_matrix){0};
}

/* --- files ---------------------------------------------------------------------------------- */

/* The whole text of a file that may be compressed. */
static enum status text_read(gzFile file, const char *path, char **text, size_t *size_bytes,
                             struct error *error)
{
    size_t used = 0;
    size_t room = 0;
    for (;;) {
        if (used + CHUNK_BYTES > room) {
            room = room ? room * 2 : 2 * CHUNK_BYTES;
            *text = alloc_grow(*text, room, 1);
        }
        int got = gzread(file, *text + used, CHUNK_BYTES);
        if (got < 0) {
            int code = 0;
            const char *why = gzerror(file, &code);
            return error_set(error, code == Z_ERRNO ? STATUS_IO : STATUS_CORRUPT, path, 0,
                             "cannot be read: %s", code == Z_ERRNO ? strerror(errno) : why);
        }
        used += (size_t)got;
        if (used > TEXT_MAX_BYTES) {
            return error_set(error, STATUS_INVALID, path, 0,
                             "is larger than %u MiB: no matrix is that large",
                             TEXT_MAX_BYTES >> 20);
        }
        if (got < (int)CHUNK_BYTES) {
            break;
        }
    }
    *size_bytes = used;
    return STATUS_OK;
}

enum status net_matrix_load(const char *path, struct net_matrix *matrix, struct error *error)
{
    *matrix = (struct net_matrix){0};
    gzFile file = gzopen(path, "rb");
    if (!file) {
        int code = errno;
        return error_set(error, code == ENOENT ? STATUS_NOT_FOUND : STATUS_IO, path, 0,
                         "cannot be opened: %s", code ? strerror(code) : "out of memory");
    }
    char *text = NULL;
    size_t size_bytes = 0;
    enum status status = text_read(file, path, &text, &size_bytes, error);
    int closed = gzclose_r(file);
    if (status == STATUS_OK && closed != Z_OK) {
        status = error_set(error, STATUS_CORRUPT, path, 0,
                           "the compressed file is cut short: fetch it again");
    }
    if (status == STATUS_OK) {
        status = net_matrix_parse(path, text, size_bytes, matrix, error);
    }
    free(text);
    return status;
}
