/*
 * The life of a stream socket over lwIP's TCP: connecting, listening and accepting, ending, and
 * what lwIP calls in between. The bytes are in tcp_data.c.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <lwip/ip.h>
#include <lwip/priv/tcp_priv.h>

#include "icmp_error.h"
#include "loop.h"
#include "machine.h"
#include "net.h"
#include "tcp_socket.h"

#define DRAIN_NS  10000000000ull
#define SECOND_NS 1000000000ull

static const struct file_ops tcp_file_ops;
static const struct socket_ops tcp_ops;

int tcp_fail(int error)
{
    errno = error;
    return -1;
}

int tcp_fail_as_noted(struct tcp_socket *tcp)
{
    int error = tcp->socket.error;
    tcp->socket.error = 0;
    return tcp_fail(error ? error : ENOTCONN);
}

/* --- What lwIP calls ------------------------------------------------------------------------ */

static void keep_names(struct tcp_socket *tcp)
{
    const struct tcp_pcb *pcb = tcp->pcb;
    tcp->local = (struct endpoint){pcb->local_ip, pcb->local_port};
    tcp->remote = (struct endpoint){pcb->remote_ip, pcb->remote_port};
}

/* Both sides have finished: lwIP frees the control block by itself, some time, without a word. */
static void forget(struct tcp_socket *tcp)
{
    keep_names(tcp);
    tcp_arg(tcp->pcb, NULL);
    tcp_recv(tcp->pcb, NULL);
    tcp_err(tcp->pcb, NULL);
    tcp->pcb = NULL;
}

static err_t on_received(void *context, struct tcp_pcb *pcb, struct pbuf *data, err_t error)
{
    struct tcp_socket *tcp = context;
    (void)pcb;
    (void)error;
    if (data) {
        tcp_data_append(tcp, data);
        return ERR_OK;
    }
    tcp->peer_finished = true;
    if (tcp->shut_send)
        forget(tcp);
    return ERR_OK;
}

/* What came to an end before anybody accepted it makes room in the listener's queue, which a peer
 * could fill for ever otherwise. */
static void leave_listener(struct tcp_socket *tcp)
{
    struct tcp_socket **link = &tcp->listener->waiting;
    while (*link != tcp)
        link = &(*link)->next;
    *link = tcp->next;
    tcp_data_drop(tcp);
    free(tcp);
}

/* The connection is over and its control block gone. */
static void on_error(void *context, err_t error)
{
    struct tcp_socket *tcp = context;
    bool was_connecting = tcp->state == STREAM_CONNECTING;
    tcp->pcb = NULL;
    tcp->state = STREAM_ENDED;
    if (error == ERR_CLSD) /* the peer acknowledged our end after its own: no error */
        tcp->peer_finished = true;
    else if (error == ERR_ABRT) /* lwIP asked often enough */
        tcp->socket.error = ETIMEDOUT;
    else if (error == ERR_RST && was_connecting)
        tcp->socket.error = ECONNREFUSED;
    else
        tcp->socket.error = socket_errno(error);
    if (tcp->listener)
        leave_listener(tcp);
}

void tcp_socket_fail(const struct endpoint *local, const struct endpoint *remote, uint32_t sequence,
                     int error)
{
    for (struct tcp_pcb *pcb = tcp_active_pcbs; pcb; pcb = pcb->next) {
        struct tcp_socket *tcp = pcb->callback_arg;
        if (pcb->state == SYN_SENT && pcb->errf == on_error && pcb->snd_nxt == sequence + 1 &&
            pcb->local_port == local->port && pcb->remote_port == remote->port &&
            ip4_addr_cmp(&pcb->remote_ip, &remote->address)) {
            tcp_abandon(pcb, 0); /* nobody is there to be told */
            tcp->socket.error = error;
            return;
        }
    }
}

static err_t on_connected(void *context, struct tcp_pcb *pcb, err_t error)
{
    struct tcp_socket *tcp = context;
    (void)pcb;
    (void)error;
    tcp->state = STREAM_CONNECTED;
    keep_names(tcp);
    tcp_windows_open(tcp);
    return ERR_OK;
}

static struct tcp_socket *adopt(struct tcp_pcb *pcb, enum stream_state state)
{
    struct tcp_socket *tcp = calloc(1, sizeof *tcp);
    if (!tcp)
        return NULL;
    socket_init(&tcp->socket, &tcp_file_ops, &tcp_ops);
    tcp->socket.receive_limit_bytes = TCP_BUFFER_BYTES;
    tcp->socket.send_limit_bytes = TCP_BUFFER_BYTES;
    tcp->pcb = pcb;
    tcp->state = state;
    tcp_arg(pcb, tcp);
    tcp_recv(pcb, on_received);
    tcp_err(pcb, on_error);
    return tcp;
}

static void inherit(struct tcp_socket *tcp, const struct tcp_socket *listener)
{
    tcp->socket.receive_limit_bytes = listener->socket.receive_limit_bytes;
    tcp->socket.send_limit_bytes = listener->socket.send_limit_bytes;
    tcp->socket.linger = listener->socket.linger;
    tcp->no_delay = listener->no_delay;
    if (tcp->no_delay)
        tcp_nagle_disable(tcp->pcb);
    tcp->pcb->tos = listener->pcb->tos;
    tcp->pcb->ttl = listener->pcb->ttl;
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
    inherit(tcp, listener);
    keep_names(tcp);
    tcp_windows_open(tcp);
    tcp_backlog_delayed(pcb);
    tcp->listener = listener;
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

static bool is_delivered(void *context)
{
    const struct tcp_socket *tcp = context;
    return !tcp->pcb || (!tcp->pcb->unsent && !tcp->pcb->unacked);
}

/* SO_LINGER with a time: what was written is acknowledged before close returns, or the time is up.
 */
static void linger(struct tcp_socket *tcp)
{
    uint64_t seconds = (uint64_t)tcp->socket.linger.l_linger;
    if (tcp->state != STREAM_CONNECTED || !tcp->pcb)
        return;
    if (!tcp->shut_send && tcp_shutdown(tcp->pcb, 0, 1) == ERR_OK)
        tcp->shut_send = true;
    loop_await(is_delivered, tcp, loop_deadline(seconds * SECOND_NS));
}

/* What was written still goes out, and the connection ends in order; unread data or SO_LINGER with
 * no time makes it a reset, as everywhere. */
static void end_connection(struct tcp_socket *tcp)
{
    struct tcp_pcb *pcb = tcp->pcb;
    tcp_arg(pcb, NULL);
    if (tcp->state == STREAM_LISTENING) {
        tcp_close(pcb);
        return;
    }
    tcp_recv(pcb, NULL);
    tcp_err(pcb, NULL);
    if (tcp->socket.linger.l_onoff && tcp->socket.linger.l_linger == 0) {
        tcp_abort(pcb);
        return;
    }
    /* lwIP takes a window that is not at its widest for unread data. */
    if (!tcp->received)
        pcb->rcv_wnd = TCP_WND_MAX(pcb);
    if (tcp_close(pcb) != ERR_OK)
        tcp_abort(pcb);
}

static void close_tcp(struct file *file)
{
    struct tcp_socket *tcp = (struct tcp_socket *)file;
    while (tcp->waiting) {
        struct tcp_socket *waiting = tcp->waiting;
        tcp->waiting = waiting->next;
        waiting->socket.linger = (struct linger){1, 0}; /* nobody ever spoke to this peer */
        close_tcp(&waiting->socket.file);
    }
    if (tcp->socket.linger.l_onoff && tcp->socket.linger.l_linger > 0)
        linger(tcp);
    if (tcp->pcb)
        end_connection(tcp);
    tcp->pcb = NULL;
    tcp_data_drop(tcp);
    free(tcp);
}

static int bind_to(struct socket *socket, const struct endpoint *local)
{
    struct tcp_socket *tcp = tcp_socket_of(socket);
    err_t error;
    if (tcp->state != STREAM_FRESH || tcp->pcb->local_port)
        return tcp_fail(EINVAL);
    error = tcp_bind(tcp->pcb, &local->address, local->port);
    return error ? tcp_fail(socket_errno(error)) : 0;
}

static int listen_on(struct socket *socket, int backlog)
{
    struct tcp_socket *tcp = tcp_socket_of(socket);
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
        return tcp_fail(EINVAL);
    if (!tcp->pcb->local_port)
        error = tcp_bind(tcp->pcb, IP_ADDR_ANY, 0);
    if (error)
        return tcp_fail(socket_errno(error));
    listener = tcp_listen_with_backlog_and_err(tcp->pcb, (u8_t)backlog, &error);
    if (!listener)
        return tcp_fail(socket_errno(error));
    tcp->pcb = listener;
    tcp->state = STREAM_LISTENING;
    tcp_arg(listener, tcp);
    tcp_accept(listener, on_accepted);
    return 0;
}

static struct socket *accept_one(struct socket *socket)
{
    struct tcp_socket *listener = tcp_socket_of(socket);
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
    tcp->listener = NULL;
    tcp_backlog_accepted(tcp->pcb);
    return &tcp->socket;
}

static int connect_to(struct socket *socket, const struct endpoint *remote)
{
    struct tcp_socket *tcp = tcp_socket_of(socket);
    struct endpoint to = *remote;
    struct netif *netif;
    err_t error;
    if (tcp->state == STREAM_CONNECTING)
        return tcp_fail(EALREADY);
    if (tcp->state == STREAM_CONNECTED)
        return tcp_fail(EISCONN);
    if (tcp->state == STREAM_ENDED)
        return tcp_fail_as_noted(tcp);
    if (tcp->state != STREAM_FRESH)
        return tcp_fail(EOPNOTSUPP);
    if (!remote->port)
        return tcp_fail(EADDRNOTAVAIL);
    if (ip4_addr_isany_val(to.address))
        ip4_addr_set_loopback(&to.address); /* "this machine" */
    netif = socket_route(&to.address);
    if (!netif || ip4_addr_ismulticast(&to.address) || ip4_addr_isbroadcast(&to.address, netif))
        return tcp_fail(ENETUNREACH);
    icmp_errors_wanted();
    tcp->state = STREAM_CONNECTING;
    error = tcp_connect(tcp->pcb, &to.address, to.port, on_connected);
    if (error) {
        tcp->state = STREAM_FRESH;
        return tcp_fail(socket_errno(error));
    }
    if (socket->file.nonblocking)
        return tcp_fail(EINPROGRESS);
    if (socket_await_send(socket, POLLOUT, 0) != 0)
        return tcp_fail(EINPROGRESS); /* SO_SNDTIMEO came first */
    return tcp->state == STREAM_CONNECTED ? 0 : tcp_fail_as_noted(tcp);
}

static int shut_down(struct socket *socket, int how)
{
    struct tcp_socket *tcp = tcp_socket_of(socket);
    if (tcp->state != STREAM_CONNECTED)
        return tcp_fail(ENOTCONN);
    if (how != SHUT_WR) {
        tcp->shut_receive = true;
        tcp_data_drop(tcp);
    }
    if (how != SHUT_RD && !tcp->shut_send) {
        if (tcp_shutdown(tcp->pcb, 0, 1) != ERR_OK)
            return tcp_fail(ENOBUFS);
        tcp->shut_send = true;
    }
    return 0;
}

/* --- Readiness, names, options -------------------------------------------------------------------
 */

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
        if (tcp->shut_send || tcp_send_has_room(tcp))
            events |= POLLOUT;
        if (tcp->peer_finished && tcp->shut_send)
            events |= POLLHUP;
        return events;
    case STREAM_ENDED:
        break;
    }
    return events | POLLIN | POLLOUT | POLLHUP;
}

static bool local_end(struct socket *socket, struct endpoint *local)
{
    const struct tcp_socket *tcp = tcp_socket_of(socket);
    if (tcp->pcb)
        *local = (struct endpoint){tcp->pcb->local_ip, tcp->pcb->local_port};
    else
        *local = tcp->local;
    return true;
}

static bool remote_end(struct socket *socket, struct endpoint *remote)
{
    const struct tcp_socket *tcp = tcp_socket_of(socket);
    *remote = tcp->remote;
    return tcp->state == STREAM_CONNECTED;
}

static struct ip_pcb *ip_block(struct socket *socket)
{
    return (struct ip_pcb *)tcp_socket_of(socket)->pcb;
}

static bool is_listening(struct socket *socket)
{
    return tcp_socket_of(socket)->state == STREAM_LISTENING;
}

static void limits_changed(struct socket *socket)
{
    tcp_window_resize(tcp_socket_of(socket));
}

static uint32_t waiting(struct file *file)
{
    return tcp_socket_of((struct socket *)file)->received_bytes;
}

static const struct file_ops tcp_file_ops = {
    .read = socket_read,
    .write = socket_write,
    .ready = ready,
    .close = close_tcp,
    .waiting = waiting,
};

static const struct socket_ops tcp_ops = {
    .type = SOCK_STREAM,
    .bind = bind_to,
    .connect = connect_to,
    .listen = listen_on,
    .accept = accept_one,
    .shutdown = shut_down,
    .send = tcp_send_message,
    .receive = tcp_receive_message,
    .local = local_end,
    .remote = remote_end,
    .ip = ip_block,
    .is_listening = is_listening,
    .limits_changed = limits_changed,
    .set_option = tcp_option_set,
    .get_option = tcp_option_get,
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
