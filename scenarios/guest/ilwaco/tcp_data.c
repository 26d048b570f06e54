/*
 * The bytes of a stream, both ways. Received data waits as lwIP delivered it and the window opens
 * only as the program reads, so a connection holds at most one window. Both buffers are bounds on
 * what may be held, not memory set aside: lwIP takes every segment from the heap when it needs it.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include <lwip/priv/tcp_priv.h>

#include "tcp_socket.h"

/* A sleeping writer is woken for an eighth of its buffer, and for some segments at least unless
 * they would be more than half of it. */
#define SEND_ROOM_WORTH (2u * TCP_MSS)

/* --- Windows -------------------------------------------------------------------------------- */

/* lwIP counts in 16 bits what a program has read. */
static void open_window(struct tcp_pcb *pcb, uint32_t length_bytes)
{
    while (length_bytes > 0) {
        uint16_t piece = (uint16_t)LWIP_MIN(length_bytes, UINT16_MAX);
        tcp_recved(pcb, piece);
        length_bytes -= piece;
    }
}

static void has_read(struct tcp_socket *tcp, uint32_t length_bytes)
{
    uint32_t paid_bytes = LWIP_MIN(length_bytes, tcp->window_debt_bytes);
    tcp->window_debt_bytes -= paid_bytes;
    if (tcp->pcb)
        open_window(tcp->pcb, length_bytes - paid_bytes);
}

/* As far as the socket's limit and the peer's options go: one without window scaling sees 64 KiB at
 * most. */
static uint32_t window_for(const struct tcp_socket *tcp)
{
    return LWIP_MIN(tcp->socket.receive_limit_bytes, TCP_WND_MAX(tcp->pcb));
}

/* lwIP has opened its widest window here, while the peer has been told of 64 KiB: what a segment
 * with SYN can say at most. No data has come yet. */
void tcp_windows_open(struct tcp_socket *tcp)
{
    struct tcp_pcb *pcb = tcp->pcb;
    tcp->window_bytes = window_for(tcp);
    pcb->rcv_wnd = tcp->window_bytes;
    pcb->rcv_ann_wnd = tcp->window_bytes;
    pcb->rcv_ann_right_edge = pcb->rcv_nxt + LWIP_MIN(tcp->window_bytes, UINT16_MAX);
}

void tcp_window_resize(struct tcp_socket *tcp)
{
    uint32_t old_bytes = tcp->window_bytes;
    uint32_t paid_bytes;
    if (tcp->state != STREAM_CONNECTED || !tcp->pcb)
        return;
    tcp->window_bytes = window_for(tcp);
    if (tcp->window_bytes < old_bytes) {
        tcp->window_debt_bytes += old_bytes - tcp->window_bytes;
        return;
    }
    paid_bytes = LWIP_MIN(tcp->window_bytes - old_bytes, tcp->window_debt_bytes);
    tcp->window_debt_bytes -= paid_bytes;
    open_window(tcp->pcb, tcp->window_bytes - old_bytes - paid_bytes);
}

/* --- Out ------------------------------------------------------------------------------------ */

/* Every control block is given the largest buffer; the socket's own bound is kept here. */
static uint32_t send_room_bytes(const struct tcp_socket *tcp)
{
    uint32_t held_bytes = TCP_SND_BUF - tcp->pcb->snd_buf;
    uint32_t limit_bytes = tcp->socket.send_limit_bytes;
    if (tcp_sndqueuelen(tcp->pcb) >= TCP_SND_QUEUELEN - 2)
        return 0;
    return held_bytes < limit_bytes ? limit_bytes - held_bytes : 0;
}

bool tcp_send_has_room(const struct tcp_socket *tcp)
{
    uint32_t limit_bytes = tcp->socket.send_limit_bytes;
    uint32_t worth_bytes = LWIP_MAX(limit_bytes / 8, LWIP_MIN(limit_bytes / 2, SEND_ROOM_WORTH));
    return send_room_bytes(tcp) >= worth_bytes;
}

/* Gives lwIP as much as it takes now of what follows offset_bytes; copied, as the program may
 * reuse its buffer. 0 if it takes nothing. */
static size_t queue_some(struct tcp_socket *tcp, const struct msghdr *message, size_t offset_bytes,
                         size_t length_bytes)
{
    size_t done = 0;
    while (done < length_bytes) {
        char *from;
        size_t want = message_stretch(message, offset_bytes + done, &from);
        uint8_t flags = TCP_WRITE_FLAG_COPY;
        want = LWIP_MIN(want, send_room_bytes(tcp));
        want = LWIP_MIN(want, UINT16_MAX);
        if (want == 0)
            break;
        if (done + want < length_bytes)
            flags |= TCP_WRITE_FLAG_MORE;
        if (tcp_write(tcp->pcb, from, (u16_t)want, flags) != ERR_OK)
            break;
        done += want;
    }
    tcp_output(tcp->pcb);
    return done;
}

ssize_t tcp_send_message(struct socket *socket, const struct msghdr *message, size_t length_bytes,
                         const struct endpoint *remote, int flags)
{
    struct tcp_socket *tcp = tcp_socket_of(socket);
    size_t done = 0;
    (void)remote; /* a stream has its peer */
    if (tcp->shut_send)
        return tcp_fail(EPIPE);
    while (done < length_bytes) {
        size_t queued;
        if (tcp->state == STREAM_ENDED) {
            if (done)
                return (ssize_t)done;
            return socket->error ? tcp_fail_as_noted(tcp) : tcp_fail(EPIPE);
        }
        if (tcp->state == STREAM_FRESH || tcp->state == STREAM_LISTENING)
            return tcp_fail(ENOTCONN);
        /* One still connecting waits here, or is told EAGAIN. */
        if (socket_await_send(socket, POLLOUT, flags) != 0)
            return done ? (ssize_t)done : -1;
        if (tcp->state != STREAM_CONNECTED)
            continue;
        queued = queue_some(tcp, message, done, length_bytes - done);
        if (queued == 0)
            return done ? (ssize_t)done : tcp_fail(ENOBUFS);
        done += queued;
    }
    return (ssize_t)done;
}

/* --- In ------------------------------------------------------------------------------------- */

void tcp_data_append(struct tcp_socket *tcp, struct pbuf *data)
{
    if (tcp->shut_receive) {
        has_read(tcp, data->tot_len);
        pbuf_free(data);
        return;
    }
    tcp->received_bytes += data->tot_len;
    if (tcp->received)
        tcp->received_last->next = data;
    else
        tcp->received = data;
    for (struct pbuf *piece = data; piece; piece = piece->next) {
        piece->tot_len = piece->len;
        tcp->received_last = piece;
    }
}

static void drop_first(struct tcp_socket *tcp)
{
    struct pbuf *first = tcp->received;
    tcp->received = first->next;
    first->next = NULL;
    pbuf_free(first);
}

void tcp_data_drop(struct tcp_socket *tcp)
{
    while (tcp->received)
        drop_first(tcp);
    has_read(tcp, tcp->received_bytes);
    tcp->received_bytes = 0;
}

/* Copies what is there from offset_bytes of the message on; takes it unless peeking. */
static size_t take_some(struct tcp_socket *tcp, struct msghdr *message, size_t offset_bytes,
                        size_t size_bytes, bool peek)
{
    size_t copied = 0;
    for (struct pbuf *piece = tcp->received; piece && copied < size_bytes;) {
        size_t part = LWIP_MIN(piece->len, size_bytes - copied);
        struct pbuf *next = piece->next;
        message_scatter(message, offset_bytes + copied, piece->payload, part);
        copied += part;
        if (!peek && part == piece->len)
            drop_first(tcp);
        else if (!peek)
            pbuf_remove_header(piece, part);
        piece = next;
    }
    if (!peek) {
        tcp->received_bytes -= copied;
        has_read(tcp, copied);
    }
    return copied;
}

ssize_t tcp_receive_message(struct socket *socket, struct msghdr *message, size_t size_bytes,
                            struct endpoint *remote, int flags)
{
    struct tcp_socket *tcp = tcp_socket_of(socket);
    size_t done = 0;
    if (tcp->state == STREAM_FRESH || tcp->state == STREAM_LISTENING)
        return tcp_fail(ENOTCONN);
    socket->ops->remote(socket, remote);
    while (done < size_bytes) {
        if (socket_await_receive(socket, POLLIN, flags) != 0)
            return done ? (ssize_t)done : -1;
        if (!tcp->received) {
            if (done == 0 && socket->error)
                return tcp_fail_as_noted(tcp);
            break; /* the peer has finished */
        }
        done += take_some(tcp, message, done, size_bytes - done, flags & MSG_PEEK);
        if (!(flags & MSG_WAITALL) || (flags & MSG_PEEK))
            break;
    }
    return (ssize_t)done;
}
