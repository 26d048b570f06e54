/* The queue of received datagrams; see datagram.h. */
#include "datagram.h"

#include <stdlib.h>

#include <lwip/pbuf.h>

#define OVERHEAD_BYTES 64u /* what a queued datagram costs beside its payload, about */

struct datagram {
    struct datagram *next;
    struct pbuf *payload;
    struct endpoint from;
};

void datagram_queue_init(struct datagram_queue *queue)
{
    *queue = (struct datagram_queue){.last_next = &queue->first};
}

static void drop_first(struct datagram_queue *queue)
{
    struct datagram *datagram = queue->first;
    queue->first = datagram->next;
    if (!queue->first)
        queue->last_next = &queue->first;
    queue->queued_bytes -= datagram->payload->tot_len + OVERHEAD_BYTES;
    pbuf_free(datagram->payload);
    free(datagram);
}

void datagram_queue_clear(struct datagram_queue *queue)
{
    while (queue->first)
        drop_first(queue);
}

void datagram_queue_put(struct datagram_queue *queue, struct pbuf *payload,
                        const struct endpoint *from, uint32_t limit_bytes)
{
    uint32_t cost_bytes = payload->tot_len + OVERHEAD_BYTES;
    struct datagram *datagram = NULL;
    if (cost_bytes <= limit_bytes && queue->queued_bytes <= limit_bytes - cost_bytes)
        datagram = malloc(sizeof *datagram);
    if (!datagram) {
        pbuf_free(payload);
        return;
    }
    *datagram = (struct datagram){NULL, payload, *from};
    *queue->last_next = datagram;
    queue->last_next = &datagram->next;
    queue->queued_bytes += cost_bytes;
}

ssize_t datagram_queue_take(struct datagram_queue *queue, struct msghdr *message, size_t size_bytes,
                            struct endpoint *remote, int flags)
{
    struct datagram *datagram = queue->first;
    size_t copied = 0;
    size_t length_bytes = datagram->payload->tot_len;
    for (struct pbuf *piece = datagram->payload; piece; piece = piece->next) {
        message_scatter(message, copied, piece->payload, piece->len);
        copied += piece->len;
    }
    *remote = datagram->from;
    message->msg_flags = length_bytes > size_bytes ? MSG_TRUNC : 0;
    if (!(flags & MSG_PEEK))
        drop_first(queue);
    return (ssize_t)(length_bytes > size_bytes && !(flags & MSG_TRUNC) ? size_bytes : length_bytes);
}
