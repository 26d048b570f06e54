/*
 * The server's end of one connection, without its socket: bytes that arrived go in, bytes to send
 * come out. Requests are answered one after the other in their order, also where a client sends
 * several without waiting (pipelining): while one is being answered, what follows stays with the
 * network, and the peer's window is what bounds it.
 */
#ifndef APPS_HTTP_CONNECTION_H
#define APPS_HTTP_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "body.h"
#include "document.h"
#include "head.h"

#define HTTP_REQUEST_BODY_MAX 65536u /* a longer one is refused: nobody here has use for it */

/* What all connections of a server share. */
struct http_settings {
    const char *root;                  /* where files are; NULL: none */
    uint64_t (*seconds)(void);         /* the time, for the field Date */
    void (*answered)(unsigned status); /* told of each answer that is out; may be NULL */
};

enum http_phase {
    HTTP_READING_HEAD,
    HTTP_READING_BODY, /* of a request, passed over; the answer is ready and waits for its end */
    HTTP_ANSWERING,
    HTTP_FINISHED, /* everything is sent that ever will be: shut down and close */
    HTTP_BROKEN,   /* what was promised cannot be sent: reset */
};

struct http_connection {
    const struct http_settings *settings;
    enum http_phase phase;
    bool keep_alive;
    char *input; /* allocated while there is some */
    size_t input_bytes;
    struct http_body request_body;
    uint64_t request_body_bytes;
    struct http_request request;
    unsigned refused; /* the status that the head alone earned; 0: none */
    unsigned status;  /* of the answer */

    char *small; /* a head, or framing of a chunk; allocated while there is some */
    size_t small_bytes, small_done;
    struct http_document *document; /* NULL: the body is in small too, or there is none */
    uint64_t offset, end;           /* what is still to be sent of it */
    uint64_t chunk_left;
    bool chunked;
    bool last_chunk_sent;
};

void http_connection_init(struct http_connection *connection, const struct http_settings *settings);
void http_connection_fini(struct http_connection *connection);

/* How many bytes it can take now; 0 while it is busy answering. */
size_t http_connection_room(const struct http_connection *connection);

/* Has a request begun that is not yet whole? */
bool http_connection_is_waited_for(const struct http_connection *connection);

/* Bytes that arrived, no more than there was room for. */
void http_connection_receive(struct http_connection *connection, const char *bytes, size_t length);

/* The next bytes to send, size at most, without taking them: 0 if there is nothing to send now. */
size_t http_connection_peek(struct http_connection *connection, char *bytes, size_t size);

/* So many of them were sent. */
void http_connection_sent(struct http_connection *connection, size_t length);

/* The client took too long: 408 if it had begun a request, else just the end (RFC 9110, 15.5.9). */
void http_connection_time_out(struct http_connection *connection);

/* The client has ended its side; what is not a whole request now never will be. */
void http_connection_end_of_input(struct http_connection *connection);

#endif
