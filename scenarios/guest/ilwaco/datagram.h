/*
 * What a datagram socket of any kind has received and not yet given to the program: a queue bounded
 * by SO_RCVBUF. What does not fit is dropped, as everywhere.
 */
#ifndef ILWACO_DATAGRAM_H
#define ILWACO_DATAGRAM_H

#include "socket.h"

struct pbuf;
struct datagram;

struct datagram_queue {
    struct datagram *first; /* NULL: empty */
    struct datagram **last_next;
    uint32_t queued_bytes;
};

void datagram_queue_init(struct datagram_queue *queue);
void datagram_queue_clear(struct datagram_queue *queue);

/* Takes the payload, to keep or to drop. */
void datagram_queue_put(struct datagram_queue *queue, struct pbuf *payload,
                        const struct endpoint *from, uint32_t limit_bytes);

/* Gives the oldest to a receive call, as socket_ops has it; the queue is not empty. */
ssize_t datagram_queue_take(struct datagram_queue *queue, struct msghdr *message, size_t size_bytes,
                            struct endpoint *remote, int flags);

#endif
