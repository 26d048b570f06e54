/*
 * The heads of HTTP/1.1 messages, RFC 9112: a request line or status line and the fields that say
 * how the rest of the message is to be read. Nothing that arrives is trusted; a message that could
 * be read in two ways is refused, as two readers in a row must never disagree on where one message
 * ends and the next begins.
 *
 * What is parsed points into the bytes given and lives as long as they do.
 */
#ifndef APPS_HTTP_HEAD_H
#define APPS_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_HEAD_MAX    8192u /* bytes of a head, its blank line included */
#define HTTP_LENGTH_NONE UINT64_MAX

/* Not terminated by a zero. */
struct http_text {
    const char *bytes;
    size_t length;
};

enum http_method {
    HTTP_GET,
    HTTP_HEAD,
    HTTP_OPTIONS,
    HTTP_OTHER, /* one that RFC 9110 knows and that files do not take: 405 */
    HTTP_UNKNOWN,
};

/* What both kinds of message say about their body and connection. */
struct http_framing {
    unsigned minor_version; /* HTTP/1.x */
    bool keep_alive;
    bool chunked;
    uint64_t content_length; /* HTTP_LENGTH_NONE: not said */
};

/* A byte range as asked for, RFC 9110 14.1.2; first = HTTP_LENGTH_NONE: the last `last` bytes. */
struct http_range {
    uint64_t first;
    uint64_t last; /* HTTP_LENGTH_NONE: to the end */
};

struct http_request {
    enum http_method method;
    struct http_text target; /* path and query; "*" for the server as a whole */
    struct http_framing framing;
    bool expects_continue;
    bool has_range;
    struct http_range range;
    struct http_text if_none_match; /* length 0: none */
};

struct http_response {
    unsigned status;
    struct http_framing framing;
    struct http_text etag; /* with its quotes; length 0: none */
};

/* How many of the bytes the head takes, with its blank line; 0 if it is not complete. Empty lines
 * before a request are part of its head. */
size_t http_head_length(const char *bytes, size_t length);

/* 0, or the status to refuse the request with: 400, 417, 501, 505. What could be read until then
 * (the method above all) is in *request. length is what http_head_length said. */
unsigned http_request_parse(struct http_request *request, const char *bytes, size_t length);

/* False if it makes no sense. */
bool http_response_parse(struct http_response *response, const char *bytes, size_t length);

bool http_text_is(struct http_text text, const char *expected);

#endif
