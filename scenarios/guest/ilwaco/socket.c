/*
 * The BSD socket calls: checks what the program passed, translates addresses and options, and
 * leaves the rest to the kind of socket. Errors are those POSIX names.
 */
#include "socket.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/uio.h>

#include <lwip/ip.h>
#include <lwip/netif.h>

#include "loop.h"
#include "machine.h"

#define QUEUE_LIMIT_BYTES 98304u /* one datagram of any size, and some small ones */

static int refuse(int error)
{
    errno = error;
    return -1;
}

void socket_init(struct socket *socket, const struct file_ops *file_ops,
                 const struct socket_ops *ops)
{
    socket->file.ops = file_ops;
    socket->file.flags = O_RDWR;
    socket->ops = ops;
    socket->receive_timeout_ns = MACHINE_FOREVER_NS;
    socket->send_timeout_ns = MACHINE_FOREVER_NS;
    socket->receive_limit_bytes = QUEUE_LIMIT_BYTES;
    socket->send_limit_bytes = QUEUE_LIMIT_BYTES;
}

int socket_errno(err_t error)
{
    switch (error) {
    case ERR_MEM:
    case ERR_BUF:
    case ERR_IF:
        return ENOBUFS;
    case ERR_RTE:
        return ENETUNREACH;
    case ERR_USE:
        return EADDRINUSE;
    case ERR_ISCONN:
    case ERR_ALREADY:
        return EISCONN;
    case ERR_CONN:
        return ENOTCONN;
    case ERR_RST:
    case ERR_ABRT:
    case ERR_CLSD:
        return ECONNRESET;
    case ERR_TIMEOUT:
        return ETIMEDOUT;
    default:
        return EINVAL;
    }
}

bool socket_error_taken(struct socket *socket)
{
    int error = socket->error;
    if (error)
        errno = error;
    socket->error = 0;
    return error != 0;
}

static uint64_t deadline(uint64_t timeout_ns)
{
    return timeout_ns == MACHINE_FOREVER_NS ? MACHINE_FOREVER_NS : loop_deadline(timeout_ns);
}

int socket_await_receive(struct socket *socket, short events, int flags)
{
    return file_await(&socket->file, events, flags & MSG_DONTWAIT,
                      deadline(socket->receive_timeout_ns));
}

int socket_await_send(struct socket *socket, short events, int flags)
{
    return file_await(&socket->file, events, flags & MSG_DONTWAIT,
                      deadline(socket->send_timeout_ns));
}

struct socket *socket_get(int descriptor)
{
    struct file *file = file_get(descriptor);
    if (file && file->ops->read != socket_read) {
        errno = ENOTSOCK;
        return NULL;
    }
    return (struct socket *)file;
}

/* --- Addresses ------------------------------------------------------------------------------ */

static int endpoint_from(const struct sockaddr *address, socklen_t size_bytes,
                         struct endpoint *endpoint)
{
    const struct sockaddr_in *in = (const void *)address;
    if (!address || size_bytes < sizeof *in)
        return refuse(EINVAL);
    if (in->sin_family != AF_INET)
        return refuse(EAFNOSUPPORT);
    endpoint->address.addr = in->sin_addr.s_addr;
    endpoint->port = ntohs(in->sin_port);
    return 0;
}

/* As POSIX has it: cut to the caller's size, *size_bytes becomes the true one. */
static void endpoint_to(const struct endpoint *endpoint, struct sockaddr *address,
                        socklen_t *size_bytes)
{
    struct sockaddr_in in = {.sin_family = AF_INET,
                             .sin_port = htons(endpoint->port),
                             .sin_addr = {endpoint->address.addr}};
    if (!address || !size_bytes)
        return;
    memcpy(address, &in, *size_bytes < sizeof in ? *size_bytes : sizeof in);
    *size_bytes = sizeof in;
}

/* --- Messages ------------------------------------------------------------------------------- */

static int message_length(const struct msghdr *message, size_t *length_bytes)
{
    size_t sum = 0;
    if (message->msg_iovlen < 0 || message->msg_iovlen > IOV_MAX)
        return refuse(EMSGSIZE);
    for (int i = 0; i < message->msg_iovlen; i++) {
        if (message->msg_iov[i].iov_len > (size_t)SSIZE_MAX - sum)
            return refuse(EINVAL);
        sum += message->msg_iov[i].iov_len;
    }
    *length_bytes = sum;
    return 0;
}

/* Finds the stretch of buffer that holds byte offset of the message. */
size_t message_stretch(const struct msghdr *message, size_t offset_bytes, char **start)
{
    for (int i = 0; i < message->msg_iovlen; i++) {
        const struct iovec *piece = &message->msg_iov[i];
        if (offset_bytes < piece->iov_len) {
            *start = (char *)piece->iov_base + offset_bytes;
            return piece->iov_len - offset_bytes;
        }
        offset_bytes -= piece->iov_len;
    }
    return 0;
}

size_t message_scatter(struct msghdr *message, size_t offset_bytes, const void *from,
                       size_t length_bytes)
{
    size_t done = 0;
    char *to;
    while (done < length_bytes) {
        size_t room = message_stretch(message, offset_bytes + done, &to);
        size_t piece = room < length_bytes - done ? room : length_bytes - done;
        if (piece == 0)
            break;
        memcpy(to, (const char *)from + done, piece);
        done += piece;
    }
    return done;
}

size_t message_gather(const struct msghdr *message, size_t offset_bytes, void *to,
                      size_t length_bytes)
{
    size_t done = 0;
    char *from;
    while (done < length_bytes) {
        size_t there = message_stretch(message, offset_bytes + done, &from);
        size_t piece = there < length_bytes - done ? there : length_bytes - done;
        if (piece == 0)
            break;
        memcpy((char *)to + done, from, piece);
        done += piece;
    }
    return done;
}

/* --- Life of a socket ----------------------------------------------------------------------- */

int socket(int family, int type, int protocol)
{
    int kind = type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC);
    struct socket *socket;
    int descriptor;
    if (family != AF_INET)
        return refuse(EAFNOSUPPORT);
    if (kind == SOCK_DGRAM && (protocol == 0 || protocol == IPPROTO_UDP))
        socket = udp_socket_create();
    else if (kind == SOCK_STREAM && (protocol == 0 || protocol == IPPROTO_TCP))
        socket = tcp_socket_create();
    else if ((kind == SOCK_DGRAM || kind == SOCK_RAW) && protocol == IPPROTO_ICMP)
        socket = icmp_socket_create(kind == SOCK_RAW);
    else
        return refuse(EPROTONOSUPPORT);
    if (!socket)
        return -1;
    socket->file.nonblocking = (type & SOCK_NONBLOCK) != 0;
    descriptor = file_open(&socket->file);
    if (descriptor < 0)
        socket->file.ops->close(&socket->file);
    return descriptor;
}

struct netif *socket_route(const ip4_addr_t *address)
{
    struct netif *netif = ip4_route(address);
    if (!netif || ip4_addr_ismulticast(address) || ip4_addr_isbroadcast(address, netif) ||
        ip4_addr_netcmp(address, netif_ip4_addr(netif), netif_ip4_netmask(netif)) ||
        !ip4_addr_isany(netif_ip4_gw(netif)))
        return netif;
    return NULL; /* lwIP would take its default interface and find no gateway there */
}

static bool is_own_address(const ip4_addr_t *address)
{
    struct netif *netif;
    if (ip4_addr_isany(address) || ip4_addr_isloopback(address))
        return true;
    NETIF_FOREACH(netif)
    {
        if (ip4_addr_cmp(address, netif_ip4_addr(netif)))
            return true;
    }
    return false;
}

int bind(int descriptor, const struct sockaddr *address, socklen_t size_bytes)
{
    struct socket *socket = socket_get(descriptor);
    struct endpoint local;
    if (!socket || endpoint_from(address, size_bytes, &local) != 0)
        return -1;
    if (!is_own_address(&local.address))
        return refuse(EADDRNOTAVAIL);
    return socket->ops->bind(socket, &local);
}

int connect(int descriptor, const struct sockaddr *address, socklen_t size_bytes)
{
    struct socket *socket = socket_get(descriptor);
    struct endpoint remote;
    if (!socket)
        return -1;
    if (address && size_bytes >= sizeof address->sa_family && address->sa_family == AF_UNSPEC)
        return socket->ops->disconnect ? socket->ops->disconnect(socket) : refuse(EAFNOSUPPORT);
    if (endpoint_from(address, size_bytes, &remote) != 0)
        return -1;
    return socket->ops->connect(socket, &remote);
}

int listen(int descriptor, int backlog)
{
    struct socket *socket = socket_get(descriptor);
    if (!socket)
        return -1;
    return socket->ops->listen ? socket->ops->listen(socket, backlog) : refuse(EOPNOTSUPP);
}

int accept(int descriptor, struct sockaddr *address, socklen_t *size_bytes)
{
    struct socket *socket = socket_get(descriptor);
    struct socket *accepted;
    struct endpoint remote;
    int accepted_descriptor;
    if (!socket)
        return -1;
    if (!socket->ops->accept)
        return refuse(EOPNOTSUPP);
    if (!file_has_room())
        return refuse(EMFILE); /* the connection stays in the queue */
    accepted = socket->ops->accept(socket);
    if (!accepted)
        return -1;
    accepted_descriptor = file_open(&accepted->file);
    if (accepted_descriptor < 0)
        accepted->file.ops->close(&accepted->file);
    else if (accepted->ops->remote(accepted, &remote))
        endpoint_to(&remote, address, size_bytes);
    return accepted_descriptor;
}

/* flags: SOCK_NONBLOCK and SOCK_CLOEXEC, as for socket. */
int accept4(int descriptor, struct sockaddr *address, socklen_t *size_bytes, int flags)
{
    int accepted;
    if (flags & ~(SOCK_NONBLOCK | SOCK_CLOEXEC))
        return refuse(EINVAL);
    accepted = accept(descriptor, address, size_bytes);
    if (accepted >= 0)
        file_get(accepted)->nonblocking = (flags & SOCK_NONBLOCK) != 0;
    return accepted;
}

int shutdown(int descriptor, int how)
{
    struct socket *socket = socket_get(descriptor);
    if (!socket)
        return -1;
    if (how != SHUT_RD && how != SHUT_WR && how != SHUT_RDWR)
        return refuse(EINVAL);
    return socket->ops->shutdown(socket, how);
}

int getsockname(int descriptor, struct sockaddr *address, socklen_t *size_bytes)
{
    struct socket *socket = socket_get(descriptor);
    struct endpoint local;
    if (!socket)
        return -1;
    if (!socket->ops->local(socket, &local))
        return refuse(EINVAL);
    endpoint_to(&local, address, size_bytes);
    return 0;
}

int getpeername(int descriptor, struct sockaddr *address, socklen_t *size_bytes)
{
    struct socket *socket = socket_get(descriptor);
    struct endpoint remote;
    if (!socket)
        return -1;
    if (!socket->ops->remote(socket, &remote))
        return refuse(ENOTCONN);
    endpoint_to(&remote, address, size_bytes);
    return 0;
}

/* --- Sending and receiving ------------------------------------------------------------------ */

static ssize_t send_message(struct socket *socket, const struct msghdr *message, int flags)
{
    struct endpoint remote;
    size_t length_bytes;
    if (message_length(message, &length_bytes) != 0)
        return -1;
    if (message->msg_name && endpoint_from(message->msg_name, message->msg_namelen, &remote) != 0)
        return -1;
    return socket->ops->send(socket, message, length_bytes, message->msg_name ? &remote : NULL,
                             flags);
}

static ssize_t receive_message(struct socket *socket, struct msghdr *message, int flags)
{
    struct endpoint remote = {{0}, 0};
    size_t size_bytes;
    ssize_t got;
    if (message_length(message, &size_bytes) != 0)
        return -1;
    message->msg_flags = 0;
    message->msg_controllen = 0;
    got = socket->ops->receive(socket, message, size_bytes, &remote, flags);
    if (got >= 0 && message->msg_name)
        endpoint_to(&remote, message->msg_name, &message->msg_namelen);
    return got;
}

ssize_t sendmsg(int descriptor, const struct msghdr *message, int flags)
{
    struct socket *socket = socket_get(descriptor);
    return socket ? send_message(socket, message, flags) : -1;
}

ssize_t recvmsg(int descriptor, struct msghdr *message, int flags)
{
    struct socket *socket = socket_get(descriptor);
    return socket ? receive_message(socket, message, flags) : -1;
}

ssize_t sendto(int descriptor, const void *bytes, size_t length_bytes, int flags,
               const struct sockaddr *address, socklen_t size_bytes)
{
    struct iovec piece = {(void *)bytes, length_bytes};
    struct msghdr message = {
        .msg_name = (void *)address, .msg_namelen = size_bytes, .msg_iov = &piece, .msg_iovlen = 1};
    return sendmsg(descriptor, &message, flags);
}

ssize_t send(int descriptor, const void *bytes, size_t length_bytes, int flags)
{
    return sendto(descriptor, bytes, length_bytes, flags, NULL, 0);
}

ssize_t recvfrom(int descriptor, void *bytes, size_t length_bytes, int flags,
                 struct sockaddr *address, socklen_t *size_bytes)
{
    struct iovec piece = {bytes, length_bytes};
    struct msghdr message = {.msg_name = address, .msg_iov = &piece, .msg_iovlen = 1};
    ssize_t got;
    if (address) {
        if (!size_bytes)
            return refuse(EFAULT);
        message.msg_namelen = *size_bytes;
    }
    got = recvmsg(descriptor, &message, flags);
    if (got >= 0 && address)
        *size_bytes = message.msg_namelen;
    return got;
}

ssize_t recv(int descriptor, void *bytes, size_t length_bytes, int flags)
{
    return recvfrom(descriptor, bytes, length_bytes, flags, NULL, NULL);
}

ssize_t socket_read(struct file *file, void *bytes, size_t length_bytes)
{
    struct iovec piece = {bytes, length_bytes};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
    return receive_message((struct socket *)file, &message, 0);
}

ssize_t socket_write(struct file *file, const void *bytes, size_t length_bytes)
{
    struct iovec piece = {(void *)bytes, length_bytes};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
    return send_message((struct socket *)file, &message, 0);
}
