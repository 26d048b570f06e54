/* Parsing heads; see head.h. Sections in comments are those of RFC 9112 where not said otherwise.
 */
#include "head.h"

#include <string.h>
#include <strings.h>

#define BAD_REQUEST         400u
#define EXPECTATION_FAILED  417u
#define NOT_IMPLEMENTED     501u
#define VERSION_UNSUPPORTED 505u

/* --- Characters ----------------------------------------------------------------------------- */

/* RFC 9110, 5.6.2 */
static bool is_token_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_token(struct http_text text)
{
    for (size_t i = 0; i < text.length; i++) {
        if (!is_token_character(text.bytes[i]))
            return false;
    }
    return text.length > 0;
}

/* RFC 9110, 5.5: visible, space, tab, or beyond ASCII. */
static bool is_field_value(struct http_text text)
{
    for (size_t i = 0; i < text.length; i++) {
        unsigned char c = (unsigned char)text.bytes[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

bool http_text_is(struct http_text text, const char *expected)
{
    return text.length == strlen(expected) && memcmp(text.bytes, expected, text.length) == 0;
}

static bool is_word(struct http_text text, const char *word)
{
    return text.length == strlen(word) && strncasecmp(text.bytes, word, text.length) == 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static struct http_text trimmed(struct http_text text)
{
    while (text.length && is_blank(text.bytes[0]))
        text.bytes++, text.length--;
    while (text.length && is_blank(text.bytes[text.length - 1]))
        text.length--;
    return text;
}

/* Cuts what is before the next separator off rest; false at the end. */
static bool next_part(struct http_text *rest, char separator, struct http_text *part)
{
    const char *end;
    if (!rest->bytes)
        return false;
    end = memchr(rest->bytes, separator, rest->length);
    *part = *rest;
    if (end) {
        part->length = (size_t)(end - rest->bytes);
        rest->bytes += part->length + 1;
        rest->length -= part->length + 1;
    } else {
        rest->bytes = NULL;
        rest->length = 0;
    }
    return true;
}

/* Digits alone, without overflow; leaves *number if not. */
static bool is_number(struct http_text text, uint64_t *number)
{
    uint64_t value = 0;
    if (text.length == 0 || text.length > 18)
        return false;
    for (size_t i = 0; i < text.length; i++) {
        if (text.bytes[i] < '0' || text.bytes[i] > '9')
            return false;
        value = value * 10 + (uint64_t)(text.bytes[i] - '0');
    }
    *number = value;
    return true;
}

/* --- Lines ---------------------------------------------------------------------------------- */

size_t http_head_length(const char *bytes, size_t length)
{
    size_t line = 0;
    bool any = false; /* a line that is not empty */
    for (;;) {
        const char *end = length > line ? memchr(bytes + line, '\n', length - line) : NULL;
        size_t size;
        if (!end)
            return 0;
        size = (size_t)(end - (bytes + line));
        if (size > 0 && end[-1] == '\r')
            size--;
        line = (size_t)(end - bytes) + 1;
        if (size == 0 && any)
            return line;
        any |= size > 0;
    }
}

/* The next line without its end, which is CRLF or, as 2.2 allows, LF. */
static bool next_line(struct http_text *rest, struct http_text *line)
{
    if (!next_part(rest, '\n', line) || !rest->bytes)
        return false;
    if (line->length && line->bytes[line->length - 1] == '\r')
        line->length--;
    return true;
}

static bool first_line(struct http_text *rest, struct http_text *line)
{
    do {
        if (!next_line(rest, line))
            return false;
    } while (line->length == 0);
    return true;
}

/* Cuts a field; false if it is none (5.1: no space before the colon; 5.2: no folded lines). */
static bool parse_field(struct http_text line, struct http_text *name, struct http_text *value)
{
    struct http_text rest = line;
    if (!next_part(&rest, ':', name) || !rest.bytes || !is_token(*name))
        return false;
    *value = trimmed(rest);
    return is_field_value(*value);
}

/* "HTTP/1.1"; the minor version, or false, with *major_differs if that is all that is wrong. */
static bool parse_version(struct http_text text, unsigned *minor, bool *major_differs)
{
    *major_differs = false;
    if (text.length != 8 || memcmp(text.bytes, "HTTP/", 5) != 0 || text.bytes[5] < '0' ||
        text.bytes[5] > '9' || text.bytes[6] != '.' || text.bytes[7] < '0' || text.bytes[7] > '9')
        return false;
    *minor = (unsigned)(text.bytes[7] - '0');
    *major_differs = text.bytes[5] != '1';
    return !*major_differs;
}

/* --- Framing -------------------------------------------------------------------------------- */

/* What is gathered over the fields before it can be judged. */
struct gathered {
    bool has_coding;
    bool coding_unknown; /* something beside chunked */
    bool close, keep_alive;
    unsigned hosts;
    bool length_bad;
};

/* A list of equal numbers is one number, 6.3 item 5; anything else is an attack or a mistake. */
static void take_length(struct http_framing *framing, struct gathered *gathered,
                        struct http_text value)
{
    struct http_text part;
    while (next_part(&value, ',', &part)) {
        uint64_t number;
        if (!is_number(trimmed(part), &number) ||
            (framing->content_length != HTTP_LENGTH_NONE && framing->content_length != number))
            gathered->length_bad = true;
        else
            framing->content_length = number;
    }
}

static void take_coding(struct http_framing *framing, struct gathered *gathered,
                        struct http_text value)
{
    struct http_text part;
    gathered->has_coding = true;
    while (next_part(&value, ',', &part)) {
        if (framing->chunked || !is_word(trimmed(part), "chunked"))
            gathered->coding_unknown = true; /* chunked is last and once */
        else
            framing->chunked = true;
    }
}

static void take_connection(struct gathered *gathered, struct http_text value)
{
    struct http_text part;
    while (next_part(&value, ',', &part)) {
        gathered->close |= is_word(trimmed(part), "close");
        gathered->keep_alive |= is_word(trimmed(part), "keep-alive");
    }
}

static bool take_framing_field(struct http_framing *framing, struct gathered *gathered,
                               struct http_text name, struct http_text value)
{
    if (is_word(name, "content-length"))
        take_length(framing, gathered, value);
    else if (is_word(name, "transfer-encoding"))
        take_coding(framing, gathered, value);
    else if (is_word(name, "connection"))
        take_connection(gathered, value);
    else
        return false;
    return true;
}

/* 6.1: both, or a coding from a version that has none, may be somebody smuggling. 0 or the status.
 */
static unsigned judge_framing(struct http_framing *framing, const struct gathered *gathered)
{
    framing->keep_alive = !gathered->close && (framing->minor_version >= 1 || gathered->keep_alive);
    if (gathered->length_bad)
        return BAD_REQUEST;
    if (gathered->has_coding &&
        (framing->content_length != HTTP_LENGTH_NONE || framing->minor_version == 0))
        return BAD_REQUEST;
    if (gathered->coding_unknown)
        return NOT_IMPLEMENTED;
    return 0;
}

/* --- Requests ------------------------------------------------------------------------------- */

static enum http_method method_of(struct http_text text)
{
    static const char *const others[] = {"POST", "PUT", "DELETE", "CONNECT", "TRACE", "PATCH"};
    if (http_text_is(text, "GET"))
        return HTTP_GET;
    if (http_text_is(text, "HEAD"))
        return HTTP_HEAD;
    if (http_text_is(text, "OPTIONS"))
        return HTTP_OPTIONS;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (http_text_is(text, others[i]))
            return HTTP_OTHER;
    }
    return HTTP_UNKNOWN;
}

/* 3.2: a path, the same behind http://host, or "*" with OPTIONS. CONNECT's is not looked at. */
static bool parse_target(struct http_request *request, struct http_text text)
{
    static const char scheme[] = "http://";
    for (size_t i = 0; i < text.length; i++) {
        unsigned char c = (unsigned char)text.bytes[i];
        if (c <= 0x20 || c >= 0x7f)
            return false;
    }
    if (text.length > sizeof scheme - 1 &&
        strncasecmp(text.bytes, scheme, sizeof scheme - 1) == 0) {
        const char *path =
            memchr(text.bytes + sizeof scheme - 1, '/', text.length - (sizeof scheme - 1));
        request->target = path ? (struct http_text){path, (size_t)(text.bytes + text.length - path)}
                               : (struct http_text){"/", 1};
        return true;
    }
    request->target = text;
    return text.length > 0 && (text.bytes[0] == '/' || request->method == HTTP_OTHER ||
                               (request->method == HTTP_OPTIONS && http_text_is(text, "*")));
}

static unsigned parse_request_line(struct http_request *request, struct http_text line)
{
    struct http_text method, target, version;
    bool major_differs;
    if (!next_part(&line, ' ', &method) || !next_part(&line, ' ', &target) ||
        !next_part(&line, ' ', &version) || line.bytes || !is_token(method))
        return BAD_REQUEST;
    request->method = method_of(method);
    if (!parse_version(version, &request->framing.minor_version, &major_differs))
        return major_differs ? VERSION_UNSUPPORTED : BAD_REQUEST;
    if (request->method == HTTP_UNKNOWN)
        return NOT_IMPLEMENTED;
    return parse_target(request, target) ? 0 : BAD_REQUEST;
}

/* One range in bytes; several, or what is none, may be passed over (RFC 9110, 14.2). */
static bool parse_range(struct http_text value, struct http_range *range)
{
    struct http_text first, last;
    range->first = HTTP_LENGTH_NONE;
    range->last = HTTP_LENGTH_NONE;
    if (value.length < 6 || strncasecmp(value.bytes, "bytes=", 6) != 0)
        return false;
    value.bytes += 6;
    value.length -= 6;
    if (!next_part(&value, '-', &first) || !next_part(&value, '-', &last) || value.bytes)
        return false;
    first = trimmed(first);
    last = trimmed(last);
    if (first.length == 0)
        return is_number(last, &range->last);
    if (!is_number(first, &range->first))
        return false;
    return last.length == 0 || (is_number(last, &range->last) && range->last >= range->first);
}

static unsigned take_request_field(struct http_request *request, struct gathered *gathered,
                                   struct http_text name, struct http_text value)
{
    if (is_word(name, "host")) {
        gathered->hosts++;
    } else if (is_word(name, "range")) {
        request->has_range = parse_range(value, &request->range);
    } else if (is_word(name, "if-none-match")) {
        request->if_none_match = value;
    } else if (is_word(name, "expect") && request->framing.minor_version >= 1) {
        request->expects_continue = is_word(value, "100-continue");
        return request->expects_continue ? 0 : EXPECTATION_FAILED;
    }
    return 0;
}

unsigned http_request_parse(struct http_request *request, const char *bytes, size_t length)
{
    struct http_text rest = {bytes, length}, line, name, value;
    struct gathered gathered = {0};
    unsigned refused, later = 0;
    bool has_if_range = false;
    *request =
        (struct http_request){.method = HTTP_UNKNOWN, .framing.content_length = HTTP_LENGTH_NONE};
    if (!first_line(&rest, &line))
        return BAD_REQUEST;
    refused = parse_request_line(request, line);
    if (refused)
        return refused;
    while (next_line(&rest, &line) && line.length > 0) {
        if (!parse_field(line, &name, &value))
            return BAD_REQUEST;
        if (take_framing_field(&request->framing, &gathered, name, value))
            continue;
        has_if_range |= is_word(name, "if-range");
        refused = take_request_field(request, &gathered, name, value);
        later = later ? later : refused;
    }
    if (has_if_range) /* it names a version that nobody compares: the whole is right in any case */
        request->has_range = false;
    refused = judge_framing(&request->framing, &gathered);
    if (refused)
        return refused;
    if (gathered.hosts > 1 || (gathered.hosts == 0 && request->framing.minor_version >= 1))
        return BAD_REQUEST; /* 3.2 */
    return later;
}

/* --- Responses ------------------------------------------------------------------------------ */

bool http_response_parse(struct http_response *response, const char *bytes, size_t length)
{
    struct http_text rest = {bytes, length}, line, version, status, name, value;
    struct gathered gathered = {0};
    uint64_t number = 0;
    bool major_differs;
    *response = (struct http_response){.framing.content_length = HTTP_LENGTH_NONE};
    if (!next_line(&rest, &line) || !next_part(&line, ' ', &version) ||
        !next_part(&line, ' ', &status) ||
        !parse_version(version, &response->framing.minor_version, &major_differs) ||
        status.length != 3 || !is_number(status, &number) || number < 100)
        return false;
    response->status = (unsigned)number;
    while (next_line(&rest, &line) && line.length > 0) {
        if (!parse_field(line, &name, &value))
            return false;
        if (!take_framing_field(&response->framing, &gathered, name, value) &&
            is_word(name, "etag"))
            response->etag = value;
    }
    return judge_framing(&response->framing, &gathered) == 0;
}
