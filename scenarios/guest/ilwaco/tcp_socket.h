/*
 * A stream socket as the files of the TCP half of Ilwaco share it: tcp_socket.c (its life and what
 * lwIP tells it), tcp_data.c (bytes and windows), tcp_option.c (options).
 *
 * lwIP frees a connection's control block on errors and after both sides are done; pcb is then NULL
 * and the socket lives on until it is closed.
 */
#ifndef ILWACO_TCP_SOCKET_H
#define ILWACO_TCP_SOCKET_H

#include <stdbool.h>
#include <stdint.h>

#include <lwip/pbuf.h>
#include <lwip/tcp.h>

#include "socket.h"

enum stream_state {
    STREAM_FRESH,
    STREAM_CONNECTING,
    STREAM_CONNECTED,
    STREAM_LISTENING,
    STREAM_ENDED, /* refused, reset or timed out */
};

struct tcp_socket {
    struct socket socket;
    struct tcp_pcb *pcb; /* listening: lwIP's shorter block for that, of which ours is the prefix */
    enum stream_state state;
    bool peer_finished;
    bool shut_receive;
    bool shut_send;
    bool no_delay; /* kept here too, as a listener hands it to what it accepts */
    /* What the program has not read: single buffers linked by next, whose tot_len says nothing, as
     * lwIP's own sums have 16 bits and a window more. */
    struct pbuf *received;
    struct pbuf *received_last;
    uint32_t received_bytes;
    uint32_t window_bytes;         /* what the window is when nothing is unread */
    uint32_t window_debt_bytes;    /* read bytes that do not open the window again, as it shrank */
    struct tcp_socket *waiting;    /* listening: the oldest connection not accepted */
    struct tcp_socket *next;       /* in that list */
    struct tcp_socket *listener;   /* whose list this is in; NULL once accepted */
    struct endpoint local, remote; /* the ends, once pcb no longer knows */
};

static inline struct tcp_socket *tcp_socket_of(struct socket *socket)
{
    return (struct tcp_socket *)socket;
}

/* errno and -1. */
int tcp_fail(int error);

/* The error that came between calls, ENOTCONN if there is none, as tcp_fail. */
int tcp_fail_as_noted(struct tcp_socket *tcp);

/* --- tcp_data.c ----------------------------------------------------------------------------- */

/* The connection exists: gives it the windows that the socket's limits say. */
void tcp_windows_open(struct tcp_socket *tcp);

/* SO_RCVBUF changed. */
void tcp_window_resize(struct tcp_socket *tcp);

/* lwIP delivered data, a chain of buffers that this takes over. */
void tcp_data_append(struct tcp_socket *tcp, struct pbuf *data);

/* Frees what the program has not read. */
void tcp_data_drop(struct tcp_socket *tcp);

/* Is there room to be worth a write? */
bool tcp_send_has_room(const struct tcp_socket *tcp);

ssize_t tcp_send_message(struct socket *socket, const struct msghdr *message, size_t length_bytes,
                         const struct endpoint *remote, int flags);
ssize_t tcp_receive_message(struct socket *socket, struct msghdr *message, size_t size_bytes,
                            struct endpoint *remote, int flags);

/* --- tcp_option.c --------------------------------------------------------------------------- */

int tcp_option_set(struct socket *socket, int option, int number);
int tcp_option_get(struct socket *socket, int option, int *number);

#endif
