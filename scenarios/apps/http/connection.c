/* See connection.h. */
#include "connection.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SMALL_MAX   1536u /* a head of ours with the longest location, or an error with its text */
#define CHUNK_BYTES 4096u /* of a body sent in chunks */

static const struct {
    unsigned status;
    const char *reason;
} reasons[] = {
    {200, "OK"},
    {204, "No Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {505, "HTTP Version Not Supported"},
};

static const char *reason_of(unsigned status)
{
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        if (reasons[i].status == status)
            return reasons[i].reason;
    }
    return "Unknown";
}

void http_connection_init(struct http_connection *connection, const struct http_settings *settings)
{
    *connection = (struct http_connection){.settings = settings};
}

static void drop_small(struct http_connection *c)
{
    free(c->small);
    c->small = NULL;
    c->small_bytes = 0;
    c->small_done = 0;
}

static void drop_document(struct http_connection *c)
{
    free(c->document);
    c->document = NULL;
}

void http_connection_fini(struct http_connection *c)
{
    free(c->input);
    c->input = NULL;
    drop_small(c);
    drop_document(c);
}

/* --- Answers -------------------------------------------------------------------------------- */

/* Appends to what is to be sent; what would not fit ends the connection instead of being cut. */
static void __attribute__((format(printf, 2, 3)))
say(struct http_connection *c, const char *format, ...)
{
    va_list arguments;
    int needed;
    if (c->phase == HTTP_BROKEN)
        return;
    if (!c->small && !(c->small = malloc(SMALL_MAX))) {
        c->phase = HTTP_BROKEN;
        return;
    }
    va_start(arguments, format);
    needed = vsnprintf(c->small + c->small_bytes, SMALL_MAX - c->small_bytes, format, arguments);
    va_end(arguments);
    if (needed < 0 || (size_t)needed >= SMALL_MAX - c->small_bytes)
        c->phase = HTTP_BROKEN;
    else
        c->small_bytes += (size_t)needed;
}

/* RFC 9110, 5.6.7: always GMT, always English. */
static void say_date(struct http_connection *c)
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    time_t now = (time_t)c->settings->seconds();
    struct tm tm;
    gmtime_r(&now, &tm);
    say(c, "Date: %.3s, %02d %.3s %d %02d:%02d:%02d GMT\r\n", days + 3 * tm.tm_wday, tm.tm_mday,
        months + 3 * tm.tm_mon, tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static void begin_head(struct http_connection *c, unsigned status)
{
    c->phase = HTTP_ANSWERING;
    c->status = status;
    say(c, "HTTP/1.1 %u %s\r\n", status, reason_of(status));
    say_date(c);
    say(c, "Server: denali-http\r\n");
    if (!c->keep_alive)
        say(c, "Connection: close\r\n");
    else if (c->request.framing.minor_version == 0)
        say(c, "Connection: keep-alive\r\n");
}

static bool is_head(const struct http_connection *c)
{
    return c->request.method == HTTP_HEAD;
}

/* An answer that is its status. field: one more, with its line end. */
static void answer_status(struct http_connection *c, unsigned status, const char *field)
{
    char text[64];
    int length = snprintf(text, sizeof text, "%u %s\n", status, reason_of(status));
    begin_head(c, status);
    say(c, "%s", field);
    if (status == 204 || status == 304) {
        say(c, "\r\n");
    } else {
        say(c, "Content-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\n\r\n%s", length,
            is_head(c) ? "" : text);
    }
}

/* For a request of which nothing more is read; an answer that was ready is not given. */
static void refuse_and_close(struct http_connection *c, unsigned status)
{
    drop_small(c);
    drop_document(c);
    c->input_bytes = 0;
    c->keep_alive = false;
    answer_status(c, status, "");
}

/* A list of tags or "*"; weak comparison, and ours are never weak (RFC 9110, 13.1.2). */
static bool has_tag(struct http_text list, const char *etag)
{
    size_t size = strlen(etag);
    if (http_text_is(list, "*"))
        return true;
    for (size_t i = 0; i + size <= list.length; i++) {
        if (memcmp(list.bytes + i, etag, size) == 0)
            return true;
    }
    return false;
}

/* Cuts the document to the range asked for; false if there is nothing of it there. */
static bool cut_to_range(struct http_connection *c, uint64_t size_bytes)
{
    struct http_range range = c->request.range;
    if (range.first == HTTP_LENGTH_NONE) {
        c->offset = range.last < size_bytes ? size_bytes - range.last : 0;
        return range.last > 0 && size_bytes > 0;
    }
    c->offset = range.first;
    if (range.last < size_bytes)
        c->end = range.last + 1;
    return range.first < size_bytes;
}

static void send_document(struct http_connection *c, unsigned status)
{
    const struct http_document *document = c->document;
    begin_head(c, status);
    say(c, "Content-Type: %s\r\nETag: %s\r\n", document->media_type, document->etag);
    if (status == 206)
        say(c, "Content-Range: bytes %llu-%llu/%llu\r\n", (unsigned long long)c->offset,
            (unsigned long long)c->end - 1, (unsigned long long)document->size_bytes);
    if (c->chunked)
        say(c, "Transfer-Encoding: chunked\r\n\r\n");
    else if (document->unknown_length)
        say(c, "\r\n"); /* to the end of the connection */
    else
        say(c, "Accept-Ranges: bytes\r\nContent-Length: %llu\r\n\r\n",
            (unsigned long long)(c->end - c->offset));
    if (is_head(c))
        drop_document(c);
}

static void answer_document(struct http_connection *c)
{
    const struct http_document *document = c->document;
    char field[64];
    c->offset = 0;
    c->end = document->size_bytes;
    c->chunk_left = 0;
    c->last_chunk_sent = false;
    c->chunked = document->unknown_length && c->request.framing.minor_version >= 1;
    if (document->unknown_length && !c->chunked)
        c->keep_alive = false;
    if (c->request.if_none_match.length && has_tag(c->request.if_none_match, document->etag)) {
        snprintf(field, sizeof field, "ETag: %s\r\n", document->etag);
        drop_document(c);
        answer_status(c, 304, field);
    } else if (!c->request.has_range || document->unknown_length || is_head(c)) {
        send_document(c, 200); /* ranges are for GET: RFC 9110, 14.2 */
    } else if (cut_to_range(c, document->size_bytes)) {
        send_document(c, 206);
    } else {
        snprintf(field, sizeof field, "Content-Range: bytes */%llu\r\n",
                 (unsigned long long)document->size_bytes);
        drop_document(c);
        answer_status(c, 416, field);
    }
}

/* Characters that a location may not hold as they are come out as percent signs. */
static void answer_moved(struct http_connection *c, const char *path)
{
    char field[sizeof "Location: /\r\n" + 3 * HTTP_PATH_MAX];
    size_t done = (size_t)sprintf(field, "Location: ");
    for (; *path; path++) {
        unsigned char letter = (unsigned char)*path;
        if (letter <= 0x20 || letter >= 0x7f || strchr("\"<>\\^`{|}%?#", letter))
            done += (size_t)sprintf(field + done, "%%%02X", letter);
        else
            field[done++] = (char)letter;
    }
    strcpy(field + done, "/\r\n");
    answer_status(c, 301, field);
}

static void answer(struct http_connection *c)
{
    char path[HTTP_PATH_MAX];
    unsigned status;
    if (c->refused) {
        answer_status(c, c->refused, "");
        return;
    }
    if (c->request.method == HTTP_OPTIONS) {
        answer_status(c, 204, "Allow: GET, HEAD, OPTIONS\r\n");
        return;
    }
    if (c->request.method == HTTP_OTHER) {
        answer_status(c, 405, "Allow: GET, HEAD, OPTIONS\r\n");
        return;
    }
    if (!http_path_of_target(c->request.target, path)) {
        answer_status(c, 400, "");
        return;
    }
    c->document = malloc(sizeof *c->document);
    status = c->document ? http_document_open(c->document, c->settings->root, path) : 500;
    if (status == 0) {
        answer_document(c);
        return;
    }
    drop_document(c);
    if (status == 301)
        answer_moved(c, path);
    else
        answer_status(c, status, "");
}

/* --- Input ---------------------------------------------------------------------------------- */

static void take_input(struct http_connection *c, size_t length)
{
    c->input_bytes -= length;
    memmove(c->input, c->input + length, c->input_bytes);
}

static void read_head(struct http_connection *c)
{
    size_t length = http_head_length(c->input, c->input_bytes);
    bool has_body, reads_body;
    if (length == 0) {
        bool has_line = memchr(c->input, '\n', c->input_bytes) != NULL;
        if (c->input_bytes == HTTP_HEAD_MAX) {
            c->request = (struct http_request){.method = HTTP_UNKNOWN};
            refuse_and_close(c, has_line ? 431 : 414);
        }
        return;
    }
    c->refused = http_request_parse(&c->request, c->input, length);
    http_body_of_request(&c->request_body, &c->request.framing);
    c->request_body_bytes = 0;
    has_body = c->request_body.state != HTTP_BODY_DONE;
    if (c->refused && c->refused != 417) {
        refuse_and_close(c, c->refused); /* where the next request begins is not certain now */
        return;
    }
    if (c->request_body.state == HTTP_BODY_LENGTH && c->request_body.left > HTTP_REQUEST_BODY_MAX) {
        refuse_and_close(c, 413);
        return;
    }
    /* A client that asks before it sends a body is answered instead of told to go on: no body
     * changes an answer here (RFC 9110, 10.1.1). Others' are read before the answer goes out. */
    reads_body = has_body && !c->request.expects_continue && !c->refused;
    c->keep_alive = c->request.framing.keep_alive && (!has_body || reads_body);
    answer(c);
    take_input(c, length);
    if (reads_body && c->phase == HTTP_ANSWERING)
        c->phase = HTTP_READING_BODY;
}

static void read_body(struct http_connection *c)
{
    while (c->input_bytes > 0 && c->request_body.state != HTTP_BODY_DONE) {
        const char *data;
        size_t data_length;
        size_t taken =
            http_body_take(&c->request_body, c->input, c->input_bytes, &data, &data_length);
        c->request_body_bytes += data_length;
        if (c->request_body.state == HTTP_BODY_BAD) {
            refuse_and_close(c, 400);
            return;
        }
        if (c->request_body_bytes > HTTP_REQUEST_BODY_MAX) {
            refuse_and_close(c, 413);
            return;
        }
        take_input(c, taken);
    }
    if (c->request_body.state == HTTP_BODY_DONE)
        c->phase = HTTP_ANSWERING;
}

/* Works on what has arrived, until an answer has to go out or more has to come. */
static void advance(struct http_connection *c)
{
    if (c->phase == HTTP_READING_HEAD && c->input_bytes > 0)
        read_head(c);
    if (c->phase == HTTP_READING_BODY)
        read_body(c);
    if (c->input_bytes == 0) {
        free(c->input);
        c->input = NULL;
    }
}

size_t http_connection_room(const struct http_connection *c)
{
    bool reads = c->phase == HTTP_READING_HEAD || c->phase == HTTP_READING_BODY;
    return reads ? HTTP_HEAD_MAX - c->input_bytes : 0;
}

bool http_connection_is_waited_for(const struct http_connection *c)
{
    return c->phase == HTTP_READING_BODY || (c->phase == HTTP_READING_HEAD && c->input_bytes > 0);
}

void http_connection_receive(struct http_connection *c, const char *bytes, size_t length)
{
    char *input = realloc(c->input, c->input_bytes + length);
    if (!input) {
        c->phase = HTTP_BROKEN;
        return;
    }
    c->input = input;
    memcpy(input + c->input_bytes, bytes, length);
    c->input_bytes += length;
    advance(c);
}

void http_connection_time_out(struct http_connection *c)
{
    if (http_connection_is_waited_for(c)) {
        if (c->phase == HTTP_READING_HEAD)
            c->request = (struct http_request){.method = HTTP_UNKNOWN};
        refuse_and_close(c, 408);
    } else {
        c->phase = c->phase == HTTP_READING_HEAD ? HTTP_FINISHED : HTTP_BROKEN;
    }
}

void http_connection_end_of_input(struct http_connection *c)
{
    if (c->phase == HTTP_READING_HEAD || c->phase == HTTP_READING_BODY)
        c->phase = HTTP_FINISHED;
}

/* --- Output --------------------------------------------------------------------------------- */

/* What goes before the next chunk, or after the last. */
static void frame_chunk(struct http_connection *c)
{
    uint64_t left = c->end - c->offset;
    const char *before = c->offset > 0 ? "\r\n" : "";
    if (c->chunk_left > 0 || c->last_chunk_sent)
        return;
    c->chunk_left = left < CHUNK_BYTES ? left : CHUNK_BYTES;
    c->last_chunk_sent = left == 0;
    if (left == 0)
        say(c, "%s0\r\n\r\n", before);
    else
        say(c, "%s%x\r\n", before, (unsigned)c->chunk_left);
}

size_t http_connection_peek(struct http_connection *c, char *bytes, size_t size)
{
    size_t done;
    uint64_t left;
    if (c->phase != HTTP_ANSWERING)
        return 0;
    if (c->document && c->chunked && c->small_bytes == 0)
        frame_chunk(c);
    done = c->small_bytes - c->small_done;
    done = done < size ? done : size;
    if (done)
        memcpy(bytes, c->small + c->small_done, done);
    if (!c->document || done == size)
        return done;
    left = c->chunked ? c->chunk_left : c->end - c->offset;
    left = left < size - done ? left : size - done;
    if (left > 0 && !http_document_read(c->document, c->offset, bytes + done, (size_t)left)) {
        c->phase = HTTP_BROKEN;
        return 0;
    }
    return done + (size_t)left;
}

static bool is_answered(const struct http_connection *c)
{
    if (c->small_bytes > 0)
        return false;
    return !c->document || (c->chunked ? c->last_chunk_sent : c->offset == c->end);
}

void http_connection_sent(struct http_connection *c, size_t length)
{
    size_t of_small = c->small_bytes - c->small_done;
    of_small = of_small < length ? of_small : length;
    c->small_done += of_small;
    if (c->small_bytes > 0 && c->small_done == c->small_bytes)
        drop_small(c);
    c->offset += length - of_small;
    if (c->chunked)
        c->chunk_left -= length - of_small;
    if (c->phase != HTTP_ANSWERING || !is_answered(c))
        return;
    drop_document(c);
    c->chunked = false;
    if (c->settings->answered)
        c->settings->answered(c->status);
    c->phase = c->keep_alive ? HTTP_READING_HEAD : HTTP_FINISHED;
    advance(c);
}
