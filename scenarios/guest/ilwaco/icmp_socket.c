/*
 * ICMP sockets, of two kinds. A datagram socket (what ping programs on Linux open) sends echo
 * requests and receives the replies to them: its port is the echo's identifier, which it writes and
 * checks itself, and so is the checksum. A raw socket sends what it is given and receives every
 * ICMP packet with its IP header, errors too.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include <lwip/icmp.h>
#include <lwip/inet_chksum.h>
#include <lwip/netif.h>
#include <lwip/prot/ip4.h>
#include <lwip/raw.h>

#include "datagram.h"

#define MESSAGE_MAX (65535u - IP_HLEN)

struct icmp_socket {
    struct socket socket;
    struct raw_pcb *pcb;
    struct datagram_queue queue;
    struct icmp_socket *next; /* datagram sockets that have an identifier */
    uint16_t id;              /* 0: none yet */
    bool raw;
    bool shut_receive;
};

static struct icmp_socket *identified;

static struct icmp_socket *of_socket(struct socket *socket)
{
    return (struct icmp_socket *)socket;
}

static int refuse(int error)
{
    errno = error;
    return -1;
}

static int fail(err_t error)
{
    return error == ERR_OK ? 0 : refuse(socket_errno(error));
}

static bool is_connected(const struct icmp_socket *icmp)
{
    return (icmp->pcb->flags & RAW_FLAGS_CONNECTED) != 0;
}

/* --- Identifiers ---------------------------------------------------------------------------- */

static bool id_is_taken(uint16_t id)
{
    for (const struct icmp_socket *other = identified; other; other = other->next) {
        if (other->id == id)
            return true;
    }
    return false;
}

static int id_take(struct icmp_socket *icmp, uint16_t wanted)
{
    if (icmp->id)
        return refuse(EINVAL);
    if (wanted && id_is_taken(wanted))
        return refuse(EADDRINUSE);
    icmp->id = wanted;
    while (!wanted && (!icmp->id || id_is_taken(icmp->id)))
        icmp->id++; /* fewer descriptors than identifiers: it ends */
    icmp->next = identified;
    identified = icmp;
    return 0;
}

static void id_give(struct icmp_socket *icmp)
{
    for (struct icmp_socket **link = &identified; *link; link = &(*link)->next) {
        if (*link == icmp) {
            *link = icmp->next;
            return;
        }
    }
}

/* --- Receiving ------------------------------------------------------------------------------ */

/* Whether a datagram socket takes the message: the reply to a request of its own. */
static bool is_own_reply(const struct icmp_socket *icmp, const struct pbuf *message)
{
    struct icmp_echo_hdr echo;
    return icmp->id && pbuf_copy_partial(message, &echo, sizeof echo, 0) == sizeof echo &&
           ICMPH_TYPE(&echo) == ICMP_ER && echo.id == lwip_htons(icmp->id) &&
           inet_chksum_pbuf((struct pbuf *)message) == 0;
}

/* lwIP hands over an ICMP packet with its IP header; 0 leaves it to others too. */
static u8_t arrived(void *context, struct raw_pcb *pcb, struct pbuf *packet, const ip_addr_t *from)
{
    struct icmp_socket *icmp = context;
    struct endpoint remote = {*from, 0};
    uint16_t skip = icmp->raw ? 0 : IPH_HL_BYTES((const struct ip_hdr *)packet->payload);
    struct pbuf *copy;
    (void)pcb;
    if (icmp->shut_receive || skip > packet->tot_len)
        return 0;
    copy = pbuf_alloc(PBUF_RAW, (u16_t)(packet->tot_len - skip), PBUF_RAM);
    if (!copy)
        return 0;
    pbuf_copy_partial(packet, copy->payload, copy->len, skip);
    if (icmp->raw || is_own_reply(icmp, copy))
        datagram_queue_put(&icmp->queue, copy, &remote, icmp->socket.receive_limit_bytes);
    else
        pbuf_free(copy);
    return 0;
}

static ssize_t receive_one(struct socket *socket, struct msghdr *message, size_t size_bytes,
                           struct endpoint *remote, int flags)
{
    struct icmp_socket *icmp = of_socket(socket);
    if (socket_await_receive(socket, POLLIN, flags) != 0)
        return -1;
    if (!icmp->queue.first)
        return 0; /* shut down */
    return datagram_queue_take(&icmp->queue, message, size_bytes, remote, flags);
}

/* --- Sending -------------------------------------------------------------------------------- */

/* A datagram socket sends nothing but echo requests, under its own identifier. */
static int request_complete(struct icmp_socket *icmp, struct pbuf *message)
{
    struct icmp_echo_hdr *echo = message->payload;
    if (message->len < sizeof *echo || ICMPH_TYPE(echo) != ICMP_ECHO || ICMPH_CODE(echo) != 0)
        return refuse(EINVAL);
    if (!icmp->id && id_take(icmp, 0) != 0)
        return -1;
    echo->id = lwip_htons(icmp->id);
    echo->chksum = 0;
    echo->chksum = inet_chksum(echo, message->len);
    return 0;
}

static ssize_t send_one(struct socket *socket, const struct msghdr *message, size_t length_bytes,
                        const struct endpoint *remote, int flags)
{
    struct icmp_socket *icmp = of_socket(socket);
    struct pbuf *packet;
    err_t error;
    (void)flags; /* sending never blocks: the card takes or drops */
    if (!remote && !is_connected(icmp))
        return refuse(EDESTADDRREQ);
    if (length_bytes > MESSAGE_MAX)
        return refuse(EMSGSIZE);
    packet = pbuf_alloc(PBUF_IP, (u16_t)length_bytes, PBUF_RAM);
    if (!packet)
        return refuse(ENOBUFS);
    message_gather(message, 0, packet->payload, length_bytes);
    if (!icmp->raw && request_complete(icmp, packet) != 0) {
        pbuf_free(packet);
        return -1;
    }
    error = remote ? raw_sendto(icmp->pcb, packet, &remote->address) : raw_send(icmp->pcb, packet);
    pbuf_free(packet);
    if (error == ERR_VAL)
        return refuse(EACCES); /* a broadcast that was not allowed */
    return fail(error) ? -1 : (ssize_t)length_bytes;
}

/* --- Ends ----------------------------------------------------------------------------------- */

static int bind_to(struct socket *socket, const struct endpoint *local)
{
    struct icmp_socket *icmp = of_socket(socket);
    if (!icmp->raw && id_take(icmp, local->port) != 0)
        return -1;
    return fail(raw_bind(icmp->pcb, &local->address));
}

static int connect_to(struct socket *socket, const struct endpoint *remote)
{
    if (!socket_route(&remote->address))
        return refuse(ENETUNREACH);
    return fail(raw_connect(of_socket(socket)->pcb, &remote->address));
}

static int disconnect(struct socket *socket)
{
    raw_disconnect(of_socket(socket)->pcb);
    return 0;
}

static int shut_down(struct socket *socket, int how)
{
    struct icmp_socket *icmp = of_socket(socket);
    if (!is_connected(icmp))
        return refuse(ENOTCONN);
    icmp->shut_receive |= how != SHUT_WR;
    return 0;
}

static bool local_end(struct socket *socket, struct endpoint *local)
{
    struct icmp_socket *icmp = of_socket(socket);
    *local = (struct endpoint){icmp->pcb->local_ip, icmp->id};
    return true;
}

static bool remote_end(struct socket *socket, struct endpoint *remote)
{
    struct icmp_socket *icmp = of_socket(socket);
    *remote = (struct endpoint){icmp->pcb->remote_ip, 0};
    return is_connected(icmp);
}

static struct ip_pcb *ip_block(struct socket *socket)
{
    return (struct ip_pcb *)of_socket(socket)->pcb;
}

static short ready(struct file *file)
{
    struct icmp_socket *icmp = (struct icmp_socket *)file;
    return POLLOUT | (icmp->queue.first || icmp->shut_receive ? POLLIN : 0);
}

static void close_icmp(struct file *file)
{
    struct icmp_socket *icmp = (struct icmp_socket *)file;
    id_give(icmp);
    datagram_queue_clear(&icmp->queue);
    raw_remove(icmp->pcb);
    free(icmp);
}

static const struct file_ops icmp_file_ops = {
    .read = socket_read,
    .write = socket_write,
    .ready = ready,
    .close = close_icmp,
};

/* The two kinds differ in their type only; arrived and send_one look at `raw`. */
#define OPS(kind)                                                                                  \
    {                                                                                              \
        .type = (kind), .bind = bind_to, .connect = connect_to, .disconnect = disconnect,          \
        .shutdown = shut_down, .send = send_one, .receive = receive_one, .local = local_end,       \
        .remote = remote_end, .ip = ip_block,                                                      \
    }
static const struct socket_ops datagram_ops = OPS(SOCK_DGRAM);
static const struct socket_ops raw_ops = OPS(SOCK_RAW);

struct socket *icmp_socket_create(bool raw)
{
    struct icmp_socket *icmp = calloc(1, sizeof *icmp);
    if (!icmp)
        return NULL;
    icmp->pcb = raw_new(IP_PROTO_ICMP);
    if (!icmp->pcb) {
        free(icmp);
        errno = ENOBUFS;
        return NULL;
    }
    icmp->raw = raw;
    socket_init(&icmp->socket, &icmp_file_ops, raw ? &raw_ops : &datagram_ops);
    datagram_queue_init(&icmp->queue);
    raw_recv(icmp->pcb, arrived, icmp);
    return &icmp->socket;
}
