/* See body.h. */
#include "body.h"

/* A chunk of more would not be counted rightly, and nobody sends one. */
#define CHUNK_MAX (UINT64_C(1) << 56)

static void begin_chunk_line(struct http_body *body)
{
    body->state = HTTP_BODY_CHUNK_SIZE;
    body->left = 0;
    body->line_bytes = 0;
    body->has_digit = false;
    body->size_ended = false;
    body->had_cr = false;
}

static void begin(struct http_body *body, const struct http_framing *framing,
                  enum http_body_state otherwise)
{
    *body = (struct http_body){.state = otherwise};
    if (framing->chunked) {
        begin_chunk_line(body);
    } else if (framing->content_length != HTTP_LENGTH_NONE) {
        body->left = framing->content_length;
        body->state = body->left ? HTTP_BODY_LENGTH : HTTP_BODY_DONE;
    }
}

void http_body_of_request(struct http_body *body, const struct http_framing *framing)
{
    begin(body, framing, HTTP_BODY_DONE);
}

void http_body_of_response(struct http_body *body, const struct http_framing *framing,
                           unsigned status, bool was_head)
{
    if (was_head || status < 200 || status == 204 || status == 304)
        *body = (struct http_body){.state = HTTP_BODY_DONE};
    else
        begin(body, framing, HTTP_BODY_UNTIL_CLOSE);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Lines of framing end with CRLF and nothing else: 7.1 leaves no choice there. */
static enum http_body_state take_size(struct http_body *body, char c)
{
    int digit = hex_digit(c);
    if (++body->line_bytes > HTTP_CHUNK_LINE_MAX)
        return HTTP_BODY_BAD;
    if (body->had_cr) {
        if (c != '\n' || !body->has_digit)
            return HTTP_BODY_BAD;
        body->line_bytes = 0;
        body->line_empty = true;
        body->had_cr = false;
        return body->left ? HTTP_BODY_CHUNK_DATA : HTTP_BODY_TRAILER;
    }
    if (c == '\r') {
        body->had_cr = true;
    } else if (body->size_ended) {
        if (c == '\n')
            return HTTP_BODY_BAD;
    } else if (digit >= 0) {
        if (body->left >= CHUNK_MAX / 16)
            return HTTP_BODY_BAD;
        body->left = body->left * 16 + (uint64_t)digit;
        body->has_digit = true;
    } else if (body->has_digit && (c == ';' || c == ' ' || c == '\t')) {
        body->size_ended = true;
    } else {
        return HTTP_BODY_BAD;
    }
    return HTTP_BODY_CHUNK_SIZE;
}

static enum http_body_state take_chunk_end(struct http_body *body, char c)
{
    if (c != (body->had_cr ? '\n' : '\r'))
        return HTTP_BODY_BAD;
    if (!body->had_cr) {
        body->had_cr = true;
        return HTTP_BODY_CHUNK_END;
    }
    begin_chunk_line(body);
    return HTTP_BODY_CHUNK_SIZE;
}

/* Fields that nobody here reads, to the empty line. */
static enum http_body_state take_trailer(struct http_body *body, char c)
{
    if (++body->line_bytes > HTTP_TRAILER_MAX)
        return HTTP_BODY_BAD;
    if (body->had_cr && c != '\n')
        return HTTP_BODY_BAD;
    if (c == '\n') {
        if (!body->had_cr)
            return HTTP_BODY_BAD;
        if (body->line_empty)
            return HTTP_BODY_DONE;
        body->line_empty = true;
        body->had_cr = false;
    } else if (c == '\r') {
        body->had_cr = true;
    } else {
        body->line_empty = false;
    }
    return HTTP_BODY_TRAILER;
}

static enum http_body_state take_framing(struct http_body *body, char c)
{
    switch (body->state) {
    case HTTP_BODY_CHUNK_SIZE:
        return take_size(body, c);
    case HTTP_BODY_CHUNK_END:
        return take_chunk_end(body, c);
    default:
        return take_trailer(body, c);
    }
}

size_t http_body_take(struct http_body *body, const char *bytes, size_t length, const char **data,
                      size_t *data_length)
{
    *data = bytes;
    *data_length = 0;
    if (length == 0)
        return 0;
    switch (body->state) {
    case HTTP_BODY_DONE:
    case HTTP_BODY_BAD:
        return 0;
    case HTTP_BODY_UNTIL_CLOSE:
        *data_length = length;
        return length;
    case HTTP_BODY_LENGTH:
    case HTTP_BODY_CHUNK_DATA:
        *data_length = length < body->left ? length : (size_t)body->left;
        body->left -= *data_length;
        if (body->left == 0)
            body->state = body->state == HTTP_BODY_LENGTH ? HTTP_BODY_DONE : HTTP_BODY_CHUNK_END;
        return *data_length;
    default:
        body->state = take_framing(body, bytes[0]);
        return 1;
    }
}

bool http_body_close(struct http_body *body)
{
    if (body->state == HTTP_BODY_UNTIL_CLOSE)
        body->state = HTTP_BODY_DONE;
    return body->state == HTTP_BODY_DONE;
}
