/*
 * The client's end of one request and its response, without the socket: takes what arrives, checks
 * it against what was asked for, and says when the response is whole.
 */
#ifndef APPS_HTTP_EXCHANGE_H
#define APPS_HTTP_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../hash128.h"
#include "body.h"
#include "head.h"

enum http_exchange_state {
    HTTP_EXCHANGE_HEAD,
    HTTP_EXCHANGE_BODY,
    HTTP_EXCHANGE_DONE,
    HTTP_EXCHANGE_BAD, /* not HTTP, or cut short */
};

struct http_exchange {
    const char *path; /* what was asked for */
    bool was_head;
    enum http_exchange_state state;
    char *head; /* allocated while it arrives */
    size_t head_bytes;
    unsigned status;
    bool keep_alive;
    uint64_t announced_bytes; /* of the body; HTTP_LENGTH_NONE: not announced */
    struct http_body body;
    uint64_t body_bytes;
    bool generated, content_wrong; /* a document that can be checked byte by byte, and was not it */
    uint64_t generated_bytes;
    bool has_hash; /* an ETag that is the content's hash128 */
    char expected_hash[2 * HASH128_BYTES + 1];
    struct hash128 hash;
};

void http_exchange_begin(struct http_exchange *exchange, const char *path, bool was_head);
void http_exchange_fini(struct http_exchange *exchange);

/* Takes bytes up to the end of the response; returns how many. */
size_t http_exchange_take(struct http_exchange *exchange, const char *bytes, size_t length);

/* The connection has ended. */
void http_exchange_close(struct http_exchange *exchange);

/* Of one that is done: NULL, or what is wrong with the response, status apart. */
const char *http_exchange_fault(const struct http_exchange *exchange);

#endif
