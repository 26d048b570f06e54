/* See exchange.h. */
#include "exchange.h"

#include <stdlib.h>
#include <string.h>

#include "document.h"

void http_exchange_begin(struct http_exchange *exchange, const char *path, bool was_head)
{
    bool unknown_length;
    *exchange = (struct http_exchange){.path = path, .was_head = was_head};
    exchange->generated = http_bytes_size(path, &exchange->generated_bytes, &unknown_length);
    hash128_begin(&exchange->hash);
}

void http_exchange_fini(struct http_exchange *exchange)
{
    free(exchange->head);
    exchange->head = NULL;
}

static void take_etag(struct http_exchange *exchange, struct http_text etag)
{
    if (etag.length != 2 * HASH128_BYTES + 2 || etag.bytes[0] != '"')
        return;
    memcpy(exchange->expected_hash, etag.bytes + 1, 2 * HASH128_BYTES);
    exchange->has_hash = strspn(exchange->expected_hash, "0123456789abcdef") == 2 * HASH128_BYTES;
}

/* The head is whole: what is in memory of it goes. */
static void end_head(struct http_exchange *exchange)
{
    struct http_response response;
    if (!http_response_parse(&response, exchange->head, exchange->head_bytes)) {
        exchange->state = HTTP_EXCHANGE_BAD;
    } else if (response.status >= 200 || response.status == 101) {
        exchange->status = response.status;
        exchange->keep_alive = response.framing.keep_alive;
        exchange->announced_bytes = response.framing.content_length;
        take_etag(exchange, response.etag);
        http_body_of_response(&exchange->body, &response.framing, response.status,
                              exchange->was_head);
        if (exchange->body.state == HTTP_BODY_UNTIL_CLOSE)
            exchange->keep_alive = false;
        exchange->state =
            exchange->body.state == HTTP_BODY_DONE ? HTTP_EXCHANGE_DONE : HTTP_EXCHANGE_BODY;
    } /* else an interim one: the real one follows */
    free(exchange->head);
    exchange->head = NULL;
    exchange->head_bytes = 0;
}

/* Adds as much as belongs to the head; returns how much. */
static size_t take_head(struct http_exchange *exchange, const char *bytes, size_t length)
{
    size_t before = exchange->head_bytes;
    size_t part = length < HTTP_HEAD_MAX - before ? length : HTTP_HEAD_MAX - before;
    char *head = part ? realloc(exchange->head, before + part) : NULL;
    size_t whole;
    if (!head) { /* too long, or no memory */
        exchange->state = HTTP_EXCHANGE_BAD;
        return 0;
    }
    exchange->head = head;
    memcpy(head + before, bytes, part);
    whole = http_head_length(head, before + part);
    if (whole == 0) {
        exchange->head_bytes = before + part;
        return part;
    }
    exchange->head_bytes = whole;
    end_head(exchange);
    return whole - before;
}

static void check_data(struct http_exchange *exchange, const char *data, size_t length)
{
    char expected[256];
    hash128_add(&exchange->hash, data, length);
    while (exchange->generated && exchange->status == 200 && length > 0) {
        size_t part = length < sizeof expected ? length : sizeof expected;
        http_bytes_fill(exchange->generated_bytes, exchange->body_bytes, expected, part);
        exchange->content_wrong |= memcmp(data, expected, part) != 0;
        exchange->body_bytes += part;
        data += part;
        length -= part;
    }
    exchange->body_bytes += length;
}

static size_t take_body(struct http_exchange *exchange, const char *bytes, size_t length)
{
    const char *data;
    size_t data_length;
    size_t taken = http_body_take(&exchange->body, bytes, length, &data, &data_length);
    check_data(exchange, data, data_length);
    if (exchange->body.state == HTTP_BODY_DONE)
        exchange->state = HTTP_EXCHANGE_DONE;
    else if (exchange->body.state == HTTP_BODY_BAD)
        exchange->state = HTTP_EXCHANGE_BAD;
    return taken;
}

size_t http_exchange_take(struct http_exchange *exchange, const char *bytes, size_t length)
{
    size_t done = 0;
    while (done < length && exchange->state < HTTP_EXCHANGE_DONE) {
        done += exchange->state == HTTP_EXCHANGE_HEAD
                    ? take_head(exchange, bytes + done, length - done)
                    : take_body(exchange, bytes + done, length - done);
    }
    return done;
}

void http_exchange_close(struct http_exchange *exchange)
{
    if (exchange->state == HTTP_EXCHANGE_BODY && http_body_close(&exchange->body))
        exchange->state = HTTP_EXCHANGE_DONE;
    else if (exchange->state != HTTP_EXCHANGE_DONE)
        exchange->state = HTTP_EXCHANGE_BAD;
}

const char *http_exchange_fault(const struct http_exchange *exchange)
{
    uint8_t digest[HASH128_BYTES];
    char text[2 * HASH128_BYTES + 1];
    if (exchange->state != HTTP_EXCHANGE_DONE)
        return "the response is no HTTP or was cut short";
    if (exchange->status != 200)
        return NULL;
    if (exchange->was_head)
        return exchange->generated && exchange->announced_bytes != HTTP_LENGTH_NONE &&
                       exchange->announced_bytes != exchange->generated_bytes
                   ? "the announced length is wrong"
                   : NULL;
    if (exchange->generated && exchange->body_bytes != exchange->generated_bytes)
        return "the length is wrong";
    if (exchange->content_wrong)
        return "the content is wrong";
    if (!exchange->has_hash)
        return NULL;
    hash128_end(&exchange->hash, digest);
    hash128_text(digest, text);
    return strcmp(text, exchange->expected_hash) == 0 ? NULL : "the content's hash is not its ETag";
}
