/*
 * Where a message's body ends, RFC 9112 6.3 and 7.1: by its length, by chunks, or with the
 * connection. Takes what arrives in any pieces and hands out the data without the framing.
 */
#ifndef APPS_HTTP_BODY_H
#define APPS_HTTP_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "head.h"

#define HTTP_CHUNK_LINE_MAX 256u  /* a chunk's size and extensions */
#define HTTP_TRAILER_MAX    4096u /* all trailer fields */

enum http_body_state {
    HTTP_BODY_DONE,
    HTTP_BODY_LENGTH,      /* left bytes of data */
    HTTP_BODY_UNTIL_CLOSE, /* data to the end of the connection */
    HTTP_BODY_CHUNK_SIZE,  /* in the line before a chunk */
    HTTP_BODY_CHUNK_DATA,  /* left bytes of it */
    HTTP_BODY_CHUNK_END,   /* in the line end after it */
    HTTP_BODY_TRAILER,     /* in the fields after the last chunk */
    HTTP_BODY_BAD,
};

struct http_body {
    enum http_body_state state;
    uint64_t left;
    uint32_t line_bytes; /* of a line of framing, or of the trailer */
    bool has_digit;
    bool size_ended; /* extensions or the line's end have begun */
    bool had_cr;
    bool line_empty;
};

/* The body of a request as framed. */
void http_body_of_request(struct http_body *body, const struct http_framing *framing);

/* The body of a response with that status to a request that was HEAD or not. */
void http_body_of_response(struct http_body *body, const struct http_framing *framing,
                           unsigned status, bool was_head);

/* Takes some of the bytes and returns how many, at least one unless length is 0 or the body is done
 * or bad. The data among them is *data of *data_length, perhaps none. */
size_t http_body_take(struct http_body *body, const char *bytes, size_t length, const char **data,
                      size_t *data_length);

/* The connection ended; true if the body may end so. */
bool http_body_close(struct http_body *body);

#endif
