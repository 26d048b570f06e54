/*
 * Datagram sockets over lwIP's UDP. A connected one hears that nobody listens at the other end
 * (icmp_error.c): the next call fails with ECONNREFUSED.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include <lwip/ip.h>
#include <lwip/netif.h>
#include <lwip/pbuf.h>
#include <lwip/udp.h>

#include "datagram.h"
#include "icmp_error.h"

#define PAYLOAD_MAX 65507u

struct udp_socket {
    struct socket socket;
    struct udp_pcb *pcb;
    struct datagram_queue queue;
    bool shut_receive;
    bool shut_send;
};

static struct udp_socket *of_socket(struct socket *socket)
{
    return (struct udp_socket *)socket;
}

/* lwIP hands a datagram over. */
static void arrived(void *context, struct udp_pcb *pcb, struct pbuf *payload,
                    const ip_addr_t *address, u16_t port)
{
    struct udp_socket *udp = context;
    struct endpoint from = {*address, port};
    (void)pcb;
    if (udp->shut_receive)
        pbuf_free(payload);
    else
        datagram_queue_put(&udp->queue, payload, &from, udp->socket.receive_limit_bytes);
}

static bool is_connected(const struct udp_socket *udp)
{
    return (udp->pcb->flags & UDP_FLAGS_CONNECTED) != 0;
}

static int fail(err_t error)
{
    if (error == ERR_OK)
        return 0;
    errno = socket_errno(error);
    return -1;
}

static int bind_to(struct socket *socket, const struct endpoint *local)
{
    struct udp_socket *udp = of_socket(socket);
    if (udp->pcb->local_port) {
        errno = EINVAL;
        return -1;
    }
    return fail(udp_bind(udp->pcb, &local->address, local->port));
}

static int connect_to(struct socket *socket, const struct endpoint *remote)
{
    struct udp_socket *udp = of_socket(socket);
    if (!remote->port) {
        errno = EADDRNOTAVAIL;
        return -1;
    }
    if (!socket_route(&remote->address)) {
        errno = ENETUNREACH;
        return -1;
    }
    icmp_errors_wanted();
    return fail(udp_connect(udp->pcb, &remote->address, remote->port));
}

void udp_socket_fail(const struct endpoint *local, const struct endpoint *remote, int error)
{
    for (struct udp_pcb *pcb = udp_pcbs; pcb; pcb = pcb->next) {
        bool is_ours = pcb->recv == arrived && (pcb->flags & UDP_FLAGS_CONNECTED);
        if (is_ours && pcb->local_port == local->port && pcb->remote_port == remote->port &&
            ip4_addr_cmp(&pcb->remote_ip, &remote->address))
            ((struct udp_socket *)pcb->recv_arg)->socket.error = error;
    }
}

static int disconnect(struct socket *socket)
{
    udp_disconnect(of_socket(socket)->pcb);
    return 0;
}

static int shut_down(struct socket *socket, int how)
{
    struct udp_socket *udp = of_socket(socket);
    if (!is_connected(udp)) {
        errno = ENOTCONN;
        return -1;
    }
    udp->shut_receive |= how != SHUT_WR;
    udp->shut_send |= how != SHUT_RD;
    return 0;
}

static ssize_t send_one(struct socket *socket, const struct msghdr *message, size_t length_bytes,
                        const struct endpoint *remote, int flags)
{
    struct udp_socket *udp = of_socket(socket);
    struct pbuf *payload;
    err_t error;
    (void)flags; /* sending never blocks: the card takes or drops */
    if (socket_error_taken(socket))
        return -1;
    if (udp->shut_send) {
        errno = EPIPE;
        return -1;
    }
    if (!remote && !is_connected(udp)) {
        errno = EDESTADDRREQ;
        return -1;
    }
    if (remote && !remote->port) {
        errno = EINVAL;
        return -1;
    }
    if (length_bytes > PAYLOAD_MAX) {
        errno = EMSGSIZE;
        return -1;
    }
    payload = pbuf_alloc(PBUF_TRANSPORT, (u16_t)length_bytes, PBUF_RAM);
    if (!payload) {
        errno = ENOBUFS;
        return -1;
    }
    message_gather(message, 0, payload->payload, length_bytes);
    error = remote ? udp_sendto(udp->pcb, payload, &remote->address, remote->port)
                   : udp_send(udp->pcb, payload);
    pbuf_free(payload);
    /* lwIP says "bad value" when a broadcast was not allowed. */
    if (error == ERR_VAL) {
        errno = EACCES;
        return -1;
    }
    return fail(error) ? -1 : (ssize_t)length_bytes;
}

static ssize_t receive_one(struct socket *socket, struct msghdr *message, size_t size_bytes,
                           struct endpoint *remote, int flags)
{
    struct udp_socket *udp = of_socket(socket);
    if (socket_await_receive(socket, POLLIN, flags) != 0)
        return -1;
    if (socket_error_taken(socket))
        return -1;
    if (!udp->queue.first)
        return 0; /* shut down */
    return datagram_queue_take(&udp->queue, message, size_bytes, remote, flags);
}

static bool local_end(struct socket *socket, struct endpoint *local)
{
    struct udp_socket *udp = of_socket(socket);
    struct netif *netif;
    *local = (struct endpoint){udp->pcb->local_ip, udp->pcb->local_port};
    if (is_connected(udp) && ip4_addr_isany_val(local->address) &&
        (netif = ip4_route(&udp->pcb->remote_ip)))
        local->address = *netif_ip4_addr(netif);
    return true;
}

static bool remote_end(struct socket *socket, struct endpoint *remote)
{
    struct udp_socket *udp = of_socket(socket);
    *remote = (struct endpoint){udp->pcb->remote_ip, udp->pcb->remote_port};
    return is_connected(udp);
}

static struct ip_pcb *ip_block(struct socket *socket)
{
    return (struct ip_pcb *)of_socket(socket)->pcb;
}

static short ready(struct file *file)
{
    struct udp_socket *udp = (struct udp_socket *)file;
    return POLLOUT | (udp->queue.first || udp->shut_receive ? POLLIN : 0) |
           (udp->socket.error ? POLLIN | POLLERR : 0);
}

static void close_udp(struct file *file)
{
    struct udp_socket *udp = (struct udp_socket *)file;
    datagram_queue_clear(&udp->queue);
    udp_remove(udp->pcb);
    free(udp);
}

static const struct file_ops udp_file_ops = {
    .read = socket_read,
    .write = socket_write,
    .ready = ready,
    .close = close_udp,
};

static const struct socket_ops udp_ops = {
    .type = SOCK_DGRAM,
    .bind = bind_to,
    .connect = connect_to,
    .disconnect = disconnect,
    .shutdown = shut_down,
    .send = send_one,
    .receive = receive_one,
    .local = local_end,
    .remote = remote_end,
    .ip = ip_block,
};

struct socket *udp_socket_create(void)
{
    struct udp_socket *udp = calloc(1, sizeof *udp);
    if (!udp)
        return NULL;
    udp->pcb = udp_new();
    if (!udp->pcb) {
        free(udp);
        errno = ENOBUFS;
        return NULL;
    }
    socket_init(&udp->socket, &udp_file_ops, &udp_ops);
    datagram_queue_init(&udp->queue);
    udp_recv(udp->pcb, arrived, udp);
    return &udp->socket;
}
