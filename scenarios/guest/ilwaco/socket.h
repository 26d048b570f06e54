/*
 * What a kind of socket provides to the BSD calls of socket.c: datagrams over lwIP's UDP
 * (udp_socket.c), streams over its TCP (tcp_socket.c), ICMP (icmp_socket.c). Addresses here are
 * lwIP's, ports in host order. Every function that fails returns -1 with errno set.
 */
#ifndef ILWACO_SOCKET_H
#define ILWACO_SOCKET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include <lwip/err.h>
#include <lwip/ip_addr.h>

#include "file.h"

struct socket;

struct endpoint {
    ip4_addr_t address;
    uint16_t port;
};

struct socket_ops {
    int type; /* SOCK_* */
    int (*bind)(struct socket *socket, const struct endpoint *local);
    int (*connect)(struct socket *socket, const struct endpoint *remote);
    int (*disconnect)(struct socket *socket);
    int (*listen)(struct socket *socket, int backlog);
    struct socket *(*accept)(struct socket *socket);
    int (*shutdown)(struct socket *socket, int how);
    /* remote: what message->msg_name says, NULL if nothing. */
    ssize_t (*send)(struct socket *socket, const struct msghdr *message, size_t length_bytes,
                    const struct endpoint *remote, int flags);
    /* Fills the buffers, msg_flags and *remote. */
    ssize_t (*receive)(struct socket *socket, struct msghdr *message, size_t size_bytes,
                       struct endpoint *remote, int flags);
    /* False if there is no such end. */
    bool (*local)(struct socket *socket, struct endpoint *local);
    bool (*remote)(struct socket *socket, struct endpoint *remote);
    /* What lwIP keeps for all kinds: option bits (SOF_*), type of service, time to live. NULL once
     * a stream's control block is gone. */
    struct ip_pcb *(*ip)(struct socket *socket);
    /* The rest is NULL for a kind that has none. */
    bool (*is_listening)(struct socket *socket);
    void (*limits_changed)(struct socket *socket);
    /* Options of the protocol's own level. */
    int (*set_option)(struct socket *socket, int option, int number);
    int (*get_option)(struct socket *socket, int option, int *number);
};

/* Embedded first in every kind of socket; file is first in it. */
struct socket {
    struct file file;
    const struct socket_ops *ops;
    uint64_t receive_timeout_ns; /* MACHINE_FOREVER_NS: none */
    uint64_t send_timeout_ns;
    uint32_t receive_limit_bytes; /* SO_RCVBUF */
    uint32_t send_limit_bytes; /* SO_SNDBUF; a datagram goes to the card at once whatever it says */
    struct linger linger;      /* SO_LINGER; streams only */
    int error;                 /* an errno that came between calls; SO_ERROR takes it */
};

/* NULL and EBADF or ENOTSOCK. */
struct socket *socket_get(int descriptor);

/* Sets the common fields of a socket just allocated. */
void socket_init(struct socket *socket, const struct file_ops *file_ops,
                 const struct socket_ops *ops);

/* NULL and errno if there is no memory. */
struct socket *udp_socket_create(void);
struct socket *tcp_socket_create(void);
struct socket *icmp_socket_create(bool raw);

/* An error came back for what was sent from local to remote: connected datagram sockets between the
 * two have it from now on. */
void udp_socket_fail(const struct endpoint *local, const struct endpoint *remote, int error);
/* The same for the stream socket that is connecting and whose first segment had this number. */
void tcp_socket_fail(const struct endpoint *local, const struct endpoint *remote,
                     uint32_t sequence, int error);

/* Whether an error came between calls: it is in errno then, and gone from the socket. */
bool socket_error_taken(struct socket *socket);

/* The interface that packets to address leave by; NULL if there is none or it has no gateway to it.
 */
struct netif *socket_route(const ip4_addr_t *address);

/* Read and write of a socket as a file. */
ssize_t socket_read(struct file *file, void *bytes, size_t length_bytes);
ssize_t socket_write(struct file *file, const void *bytes, size_t length_bytes);

/* Waits for events on behalf of one call: see file_await. */
int socket_await_receive(struct socket *socket, short events, int flags);
int socket_await_send(struct socket *socket, short events, int flags);

/* Copies between a message's buffers and plain memory, offset_bytes into the message; returns how
 * much fitted. */
size_t message_scatter(struct msghdr *message, size_t offset_bytes, const void *from,
                       size_t length_bytes);
size_t message_gather(const struct msghdr *message, size_t offset_bytes, void *to,
                      size_t length_bytes);

/* The stretch of a message's buffers that begins offset_bytes into it: its length, 0 past the end.
 */
size_t message_stretch(const struct msghdr *message, size_t offset_bytes, char **start);

/* The errno that says what lwIP's error says. */
int socket_errno(err_t error);

#endif
