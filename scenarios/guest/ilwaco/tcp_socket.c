/*
 * Stream sockets over lwIP's TCP. Received data waits as lwIP delivered it and the window opens
 * only as the program reads, so a connection holds at most one window. lwIP frees a connection's
 * control block on errors and after both sides are done; pcb is then NULL and the socket lives on
 * until it is closed.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <lwip/pbuf.h>
#include <lwip/priv/tcp_priv.h>
#include <lwip/tcp.h>

#include "loop.h"
#include "machine.h"
#include "net.h"
#include "socket.h"

#define DRAIN_NS 10000000000ull

enum stream_state {
    STREAM_FRESH,
    STREAM_CONNECTING,
    STREAM_CONNECTED,
    STREAM_LISTENING,
    STREAM_ENDED, /* refused, reset or timed out */
};

struct tcp_socket {
    struct socket socket;
    struct tcp_pcb *pcb;
    enum stream_state state;
    bool peer_finished;
    bool shut_receive;
    bool shut_send;
    struct pbuf *received;      /* what the program has not read */
    struct tcp_socket *waiting; /* listening: the oldest connection not accepted */
    struct tcp_socket *next;    /* in that list */
};

static const struct file_ops tcp_file_ops;
static const struct socket_ops tcp_ops;

static struct tcp_socket *of_socket(struct socket *socket)
{
    return (struct tcp_socket *)socket;
}

static int fail(int error)
{
    errno = error;
    return -1;
}

/* --- What lwIP calls ------------------------------------------------------------------------ */

/* Both sides have finished: lwIP frees the control block by itself, some time, without a word. */
static void forget(struct tcp_socket *tcp)
{
    tcp_arg(tcp->pcb, NULL);
    tcp_recv(tcp->pcb, NULL);
    tcp_err(tcp->pcb, NULL);
    tcp->pcb = NULL;
}

static err_t on_received(void *context, struct tcp_pcb *pcb, struct pbuf *data, err_t error)
{
    struct tcp_socket *tcp = context;
    (void)error;
    if (!data) {
        tcp->peer_finished = true;
        if (tcp->shut_send)
            forget(tcp);
    } else if (tcp->shut_receive) {
        tcp_recved(pcb, data->tot_len);
        pbuf_free(data);
    } else if (tcp->received) {
        pbuf_cat(tcp->received, data);
    } else {
        tcp->received = data;
    }
    return ERR_OK;
}

/* The connection is over and its control block gone. */
static void on_error(void *context, err_t error)
{
    struct tcp_socket *tcp = context;
    /* "Closed": the peer acknowledged our end after its own. No error. */
    bool closed = error == ERR_CLSD;
    bool refused = tcp->state == STREAM_CONNECTING && error == ERR_RST;
    if (tcp->state == STREAM_CONNECTING && error == ERR_ABRT)
        error = ERR_TIMEOUT;
    tcp->pcb = NULL;
    tcp->state = STREAM_ENDED;
    tcp->peer_finished |= closed;
    tcp->socket.error = closed ? 0 : refused ? ECONNREFUSED : socket_errno(error);
}

static err_t on_connected(void *context, struct tcp_pcb *pcb, err_t error)
{
    struct tcp_socket *tcp = context;
    (void)pcb;
    (void)error;
    tcp->state = STREAM_CONNECTED;
    return ERR_OK;
}

static struct tcp_socket *adopt(struct tcp_pcb *pcb, enum stream_state state)
{
    struct tcp_socket *tcp = calloc(1, sizeof *tcp);
    if (!tcp)
        return NULL;
    socket_init(&tcp->socket, &tcp_file_ops, &tcp_ops);
    tcp->pcb = pcb;
    tcp->state = state;
    tcp_arg(pcb, tcp);
    tcp_recv(pcb, on_received);
    tcp_err(pcb, on_error);
    return tcp;
}

static err_t on_accepted(void *context, struct tcp_pcb *pcb, err_t error)
{
    struct tcp_socket *listener = context;
    struct tcp_socket **end = &listener->waiting;
    struct tcp_socket *tcp;
    if (error != ERR_OK || !pcb)
        return ERR_VAL;
    tcp = adopt(pcb, STREAM_CONNECTED);
    if (!tcp)
        return ERR_MEM; /* lwIP resets it */
    tcp_backlog_delayed(pcb);
    while (*end)
        end = &(*end)->next;
    *end = tcp;
    return ERR_OK;
}

/* --- Life ----------------------------------------------------------------------------------- */

struct socket *tcp_socket_create(void)
{
    struct tcp_pcb *pcb = tcp_new();
    struct tcp_socket *tcp = pcb ? adopt(pcb, STREAM_FRESH) : NULL;
    if (!tcp) {
        if (pcb)
            tcp_abort(pcb);
        errno = ENOBUFS;
        return NULL;
    }
    return &tcp->socket;
}

/* What was written still goes out, and the connection ends in order; unread data makes it a reset,
 * as everywhere. */
static void close_tcp(struct file *file)
{
    struct tcp_socket *tcp = (struct tcp_socket *)file;
    while (tcp->waiting) {
        struct tcp_socket *waiting = tcp->waiting;
        tcp->waiting = waiting->next;
        close_tcp(&waiting->socket.file);
    }
    if (tcp->pcb) {
        tcp_arg(tcp->pcb, NULL);
        if (tcp->state != STREAM_LISTENING) {
            tcp_recv(tcp->pcb, NULL);
            tcp_err(tcp->pcb, NULL);
        }
        if (tcp_close(tcp->pcb) != ERR_OK)
            tcp_abort(tcp->pcb);
    }
    if (tcp->received)
        pbuf_free(tcp->received);
    free(tcp);
}

static int bind_to(struct socket *socket, const struct endpoint *local)
{
    struct tcp_socket *tcp = of_socket(socket);
    err_t error;
    if (tcp->state != STREAM_FRESH || tcp->pcb->local_port)
        return fail(EINVAL);
    error = tcp_bind(tcp->pcb, &local->address, local->port);
    return error ? fail(socket_errno(error)) : 0;
}

static int listen_on(struct socket *socket, int backlog)
{
    struct tcp_socket *tcp = of_socket(socket);
    struct tcp_pcb *listener;
    err_t error = ERR_OK;
    if (backlog < 1)
        backlog = 1;
    if (backlog > SOMAXCONN)
        backlog = SOMAXCONN;
    if (tcp->state == STREAM_LISTENING) {
        tcp_backlog_set(tcp->pcb, (u8_t)backlog);
        return 0;
    }
    if (tcp->state != STREAM_FRESH)
        return fail(EINVAL);
    if (!tcp->pcb->local_port)
        error = tcp_bind(tcp->pcb, IP_ADDR_ANY, 0);
    if (error)
        return fail(socket_errno(error));
    listener = tcp_listen_with_backlog_and_err(tcp->pcb, (u8_t)backlog, &error);
    if (!listener)
        return fail(socket_errno(error));
    tcp->pcb = listener;
    tcp->state = STREAM_LISTENING;
    tcp_arg(listener, tcp);
    tcp_accept(listener, on_accepted);
    return 0;
}

static struct socket *accept_one(struct socket *socket)
{
    struct tcp_socket *listener = of_socket(socket);
    struct tcp_socket *tcp;
    if (listener->state != STREAM_LISTENING) {
        errno = EINVAL;
        return NULL;
    }
    if (socket_await_receive(socket, POLLIN, 0) != 0)
        return NULL;
    tcp = listener->waiting;
    listener->waiting = tcp->next;
    tcp->next = NULL;
    if (tcp->pcb)
        tcp_backlog_accepted(tcp->pcb);
    return &tcp->socket;
}

static int take_error(struct tcp_socket *tcp)
{
    int error = tcp->socket.error;
    tcp->socket.error = 0;
    return fail(error ? error : ENOTCONN);
}

static int connect_to(struct socket *socket, const struct endpoint *remote)
{
    struct tcp_socket *tcp = of_socket(socket);
    err_t error;
    if (tcp->state == STREAM_CONNECTING)
        return fail(EALREADY);
    if (tcp->state == STREAM_CONNECTED)
        return fail(EISCONN);
    if (tcp->state == STREAM_ENDED)
        return take_error(tcp);
    if (tcp->state != STREAM_FRESH)
        return fail(EOPNOTSUPP);
    tcp->state = STREAM_CONNECTING;
    error = tcp_connect(tcp->pcb, &remote->address, remote->port, on_connected);
    if (error) {
        tcp->state = STREAM_FRESH;
        return fail(socket_errno(error));
    }
    if (socket->file.nonblocking)
        return fail(EINPROGRESS);
    if (socket_await_send(socket, POLLOUT, 0) != 0)
        return fail(EINPROGRESS); /* SO_SNDTIMEO came first */
    return tcp->state == STREAM_CONNECTED ? 0 : take_error(tcp);
}

static int shut_down(struct socket *socket, int how)
{
    struct tcp_socket *tcp = of_socket(socket);
    if (tcp->state != STREAM_CONNECTED)
        return fail(ENOTCONN);
    if (how != SHUT_WR) {
        tcp->shut_receive = true;
        if (tcp->received) {
            if (tcp->pcb)
                tcp_recved(tcp->pcb, tcp->received->tot_len);
            pbuf_free(tcp->received);
            tcp->received = NULL;
        }
    }
    if (how != SHUT_RD && !tcp->shut_send) {
        tcp->shut_send = true;
        if (tcp_shutdown(tcp->pcb, 0, 1) != ERR_OK)
            return fail(ENOBUFS);
    }
    return 0;
}

/* --- Data ----------------------------------------------------------------------------------- */

static bool has_room(const struct tcp_socket *tcp)
{
    return tcp_sndbuf(tcp->pcb) > 0 && tcp_sndqueuelen(tcp->pcb) < TCP_SND_QUEUELEN - 2;
}

/* Gives lwIP as much as it takes now of what follows offset_bytes; copied, as the program may
 * reuse its buffer. 0 if it takes nothing. */
static size_t queue_some(struct tcp_socket *tcp, const struct msghdr *message, size_t offset_bytes,
                         size_t length_bytes)
{
    uint8_t piece[512];
    size_t done = 0;
    while (done < length_bytes && has_room(tcp)) {
        size_t room = tcp_sndbuf(tcp->pcb);
        size_t want = length_bytes - done < sizeof piece ? length_bytes - done : sizeof piece;
        uint8_t flags = TCP_WRITE_FLAG_COPY;
        if (want > room)
            want = room;
        if (done + want < length_bytes)
            flags |= TCP_WRITE_FLAG_MORE;
        message_gather(message, offset_bytes + done, piece, want);
        if (tcp_write(tcp->pcb, piece, (u16_t)want, flags) != ERR_OK)
            break;
        done += want;
    }
    tcp_output(tcp->pcb);
    return done;
}

static ssize_t send_all(struct socket *socket, const struct msghdr *message, size_t length_bytes,
                        const struct endpoint *remote, int flags)
{
    struct tcp_socket *tcp = of_socket(socket);
    size_t done = 0;
    (void)remote; /* a stream has its peer */
    if (tcp->shut_send)
        return fail(EPIPE);
    while (done < length_bytes) {
        size_t queued;
        if (tcp->state == STREAM_ENDED)
            return done ? (ssize_t)done : socket->error ? take_error(tcp) : fail(EPIPE);
        if (tcp->state != STREAM_CONNECTED)
            return fail(ENOTCONN);
        if (socket_await_send(socket, POLLOUT, flags) != 0)
            return done ? (ssize_t)done : -1;
        if (tcp->state != STREAM_CONNECTED)
            continue;
        queued = queue_some(tcp, message, done, length_bytes - done);
        if (queued == 0)
            return done ? (ssize_t)done : fail(ENOBUFS);
        done += queued;
    }
    return (ssize_t)done;
}

/* Copies what is there from offset_bytes of the message on; takes it unless peeking. */
static size_t take_some(struct tcp_socket *tcp, struct msghdr *message, size_t offset_bytes,
                        size_t size_bytes, bool peek)
{
    size_t want = tcp->received->tot_len < size_bytes ? tcp->received->tot_len : size_bytes;
    size_t copied = 0;
    for (struct pbuf *piece = tcp->received; copied < want; piece = piece->next) {
        size_t part = piece->len < want - copied ? piece->len : want - copied;
        message_scatter(message, offset_bytes + copied, piece->payload, part);
        copied += part;
    }
    if (!peek) {
        tcp->received = pbuf_free_header(tcp->received, (u16_t)copied);
        if (tcp->pcb)
            tcp_recved(tcp->pcb, (u16_t)copied);
    }
    return copied;
}

static ssize_t receive_some(struct socket *socket, struct msghdr *message, size_t size_bytes,
                            struct endpoint *remote, int flags)
{
    struct tcp_socket *tcp = of_socket(socket);
    size_t done = 0;
    if (tcp->state == STREAM_FRESH || tcp->state == STREAM_LISTENING)
        return fail(ENOTCONN);
    if (tcp->pcb)
        *remote = (struct endpoint){tcp->pcb->remote_ip, tcp->pcb->remote_port};
    while (done < size_bytes) {
        if (socket_await_receive(socket, POLLIN, flags) != 0)
            return done ? (ssize_t)done : -1;
        if (!tcp->received) {
            if (done == 0 && socket->error)
                return take_error(tcp);
            break; /* the peer has finished */
        }
        done += take_some(tcp, message, done, size_bytes - done, flags & MSG_PEEK);
        if (!(flags & MSG_WAITALL) || (flags & MSG_PEEK))
            break;
    }
    return (ssize_t)done;
}

static short ready(struct file *file)
{
    const struct tcp_socket *tcp = (const struct tcp_socket *)file;
    short events = tcp->socket.error ? POLLERR : 0;
    switch (tcp->state) {
    case STREAM_FRESH:
        return events | POLLOUT | POLLHUP;
    case STREAM_CONNECTING:
        return events;
    case STREAM_LISTENING:
        return events | (tcp->waiting ? POLLIN : 0);
    case STREAM_CONNECTED:
        if (tcp->received || tcp->peer_finished || tcp->shut_receive)
            events |= POLLIN;
        if (tcp->shut_send || has_room(tcp))
            events |= POLLOUT;
        if (tcp->peer_finished && tcp->shut_send)
            events |= POLLHUP;
        return events;
    case STREAM_ENDED:
        break;
    }
    return events | POLLIN | POLLOUT | POLLHUP;
}

/* --- Names and options ---------------------------------------------------------------------- */

static bool local_end(struct socket *socket, struct endpoint *local)
{
    const struct tcp_pcb *pcb = of_socket(socket)->pcb;
    if (!pcb)
        return false;
    *local = (struct endpoint){pcb->local_ip, pcb->local_port};
    return true;
}

static bool remote_end(struct socket *socket, struct endpoint *remote)
{
    const struct tcp_socket *tcp = of_socket(socket);
    if (tcp->state != STREAM_CONNECTED || !tcp->pcb)
        return false;
    *remote = (struct endpoint){tcp->pcb->remote_ip, tcp->pcb->remote_port};
    return true;
}

static uint8_t *option_bits(struct socket *socket)
{
    struct tcp_pcb *pcb = of_socket(socket)->pcb;
    return pcb ? &pcb->so_options : NULL;
}

static int set_no_delay(struct socket *socket, bool on)
{
    struct tcp_socket *tcp = of_socket(socket);
    if (!tcp->pcb || tcp->state == STREAM_LISTENING)
        return fail(EINVAL);
    if (on)
        tcp_nagle_disable(tcp->pcb);
    else
        tcp_nagle_enable(tcp->pcb);
    return 0;
}

static const struct file_ops tcp_file_ops = {
    .read = socket_read,
    .write = socket_write,
    .ready = ready,
    .close = close_tcp,
};

static const struct socket_ops tcp_ops = {
    .type = SOCK_STREAM,
    .bind = bind_to,
    .connect = connect_to,
    .listen = listen_on,
    .accept = accept_one,
    .shutdown = shut_down,
    .send = send_all,
    .receive = receive_some,
    .local = local_end,
    .remote = remote_end,
    .options = option_bits,
    .set_no_delay = set_no_delay,
};

/* --- The end of the program ----------------------------------------------------------------- */

static bool nothing_unsent(void *context)
{
    (void)context;
    if (net_timer_arp_waits())
        return false;
    for (const struct tcp_pcb *pcb = tcp_active_pcbs; pcb; pcb = pcb->next) {
        if (pcb->unsent || pcb->unacked)
            return false;
    }
    return true;
}

void net_drain(void)
{
    for (int i = 3; i < FILE_COUNT_MAX; i++)
        close(i);
    if (!nothing_unsent(NULL))
        loop_await(nothing_unsent, NULL, loop_deadline(DRAIN_NS));
}
