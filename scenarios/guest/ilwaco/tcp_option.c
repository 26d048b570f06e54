/*
 * The options of level IPPROTO_TCP. A listener keeps what is set on it and hands it on to the
 * connections it accepts.
 */
#include <errno.h>
#include <netinet/tcp.h>

#include <lwip/priv/tcp_priv.h>

#include "tcp_socket.h"

#define SECOND_MS 1000u

static bool is_connection(const struct tcp_socket *tcp)
{
    return tcp->pcb && tcp->state != STREAM_LISTENING;
}

/* Keep-alive times are lwIP's alone, which a listener's control block does not have. */
static int set_keepalive(struct tcp_socket *tcp, int option, int number)
{
    struct tcp_pcb *pcb = tcp->pcb;
    if (!is_connection(tcp) || number < 1 || number > 32767)
        return tcp_fail(EINVAL);
    if (option == TCP_KEEPIDLE)
        pcb->keep_idle = (uint32_t)number * SECOND_MS;
    else if (option == TCP_KEEPINTVL)
        pcb->keep_intvl = (uint32_t)number * SECOND_MS;
    else if (number <= 127)
        pcb->keep_cnt = (uint32_t)number;
    else
        return tcp_fail(EINVAL);
    return 0;
}

int tcp_option_set(struct socket *socket, int option, int number)
{
    struct tcp_socket *tcp = tcp_socket_of(socket);
    switch (option) {
    case TCP_NODELAY:
        tcp->no_delay = number != 0;
        if (is_connection(tcp) && number)
            tcp_nagle_disable(tcp->pcb);
        else if (is_connection(tcp))
            tcp_nagle_enable(tcp->pcb);
        return 0;
    case TCP_KEEPIDLE:
    case TCP_KEEPINTVL:
    case TCP_KEEPCNT:
        return set_keepalive(tcp, option, number);
    default:
        return tcp_fail(ENOPROTOOPT);
    }
}

int tcp_option_get(struct socket *socket, int option, int *number)
{
    const struct tcp_socket *tcp = tcp_socket_of(socket);
    const struct tcp_pcb *pcb = is_connection(tcp) ? tcp->pcb : NULL;
    switch (option) {
    case TCP_NODELAY:
        *number = tcp->no_delay;
        return 0;
    case TCP_MAXSEG:
        *number = pcb ? (int)pcb->mss : TCP_MSS;
        return 0;
    case TCP_KEEPIDLE:
        *number = (int)((pcb ? pcb->keep_idle : TCP_KEEPIDLE_DEFAULT) / SECOND_MS);
        return 0;
    case TCP_KEEPINTVL:
        *number = (int)((pcb ? pcb->keep_intvl : TCP_KEEPINTVL_DEFAULT) / SECOND_MS);
        return 0;
    case TCP_KEEPCNT:
        *number = (int)(pcb ? pcb->keep_cnt : TCP_KEEPCNT_DEFAULT);
        return 0;
    default:
        return tcp_fail(ENOPROTOOPT);
    }
}
