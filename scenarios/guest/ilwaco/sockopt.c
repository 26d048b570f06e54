/*
 * Socket options. Those that have a meaning here act; those that could not make a difference on
 * this machine are accepted; everything else is ENOPROTOOPT.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/time.h>

#include <lwip/ip.h>

#include "machine.h"
#include "socket.h"

#define SECOND_NS          1000000000ull
#define MICROSECOND_NS     1000ull
#define BUFFER_BYTES_LEAST 2048
#define BUFFER_BYTES_MOST  ((int)TCP_WND)
#define LINGER_S_MOST      32767

static int refuse(int error)
{
    errno = error;
    return -1;
}

/* A timeout of zero means none. */
static int set_timeout(uint64_t *timeout_ns, const void *value, socklen_t size_bytes)
{
    struct timeval time;
    if (size_bytes < sizeof time)
        return refuse(EINVAL);
    memcpy(&time, value, sizeof time);
    if (time.tv_usec < 0 || time.tv_usec >= 1000000)
        return refuse(EDOM);
    if (time.tv_sec < 0 || (time.tv_sec == 0 && time.tv_usec == 0) ||
        (uint64_t)time.tv_sec >= MACHINE_FOREVER_NS / SECOND_NS)
        *timeout_ns = MACHINE_FOREVER_NS;
    else
        *timeout_ns = (uint64_t)time.tv_sec * SECOND_NS + (uint64_t)time.tv_usec * MICROSECOND_NS;
    return 0;
}

/* lwIP's bit for an option that it keeps itself; 0 if it is not one of those. */
static uint8_t stack_bit(int option)
{
    switch (option) {
    case SO_REUSEADDR:
    case SO_REUSEPORT:
        return SOF_REUSEADDR;
    case SO_BROADCAST:
        return SOF_BROADCAST;
    case SO_KEEPALIVE:
        return SOF_KEEPALIVE;
    default:
        return 0;
    }
}

static int set_linger(struct linger *linger, const void *value, socklen_t size_bytes)
{
    struct linger wanted;
    if (size_bytes < sizeof wanted)
        return refuse(EINVAL);
    memcpy(&wanted, value, sizeof wanted);
    if (wanted.l_onoff && (wanted.l_linger < 0 || wanted.l_linger > LINGER_S_MOST))
        return refuse(EINVAL);
    *linger = wanted;
    return 0;
}

static int set_bit(struct socket *socket, uint8_t bit, bool on)
{
    struct ip_pcb *ip = socket->ops->ip(socket);
    if (!ip)
        return refuse(EINVAL);
    ip->so_options = (uint8_t)(on ? ip->so_options | bit : ip->so_options & ~bit);
    return 0;
}

/* A size out of range becomes the nearest in it, as everywhere; getsockopt tells which. */
static int set_buffer(struct socket *socket, uint32_t *limit_bytes, int number)
{
    if (number < BUFFER_BYTES_LEAST)
        number = BUFFER_BYTES_LEAST;
    *limit_bytes = (uint32_t)(number < BUFFER_BYTES_MOST ? number : BUFFER_BYTES_MOST);
    if (socket->ops->limits_changed)
        socket->ops->limits_changed(socket);
    return 0;
}

static int set_socket_level(struct socket *socket, int option, const void *value,
                            socklen_t size_bytes)
{
    uint8_t bit = stack_bit(option);
    int number;
    if (option == SO_RCVTIMEO)
        return set_timeout(&socket->receive_timeout_ns, value, size_bytes);
    if (option == SO_SNDTIMEO)
        return set_timeout(&socket->send_timeout_ns, value, size_bytes);
    if (option == SO_LINGER)
        return set_linger(&socket->linger, value, size_bytes);
    memcpy(&number, value, sizeof number);
    if (bit)
        return set_bit(socket, bit, number != 0);
    switch (option) {
    case SO_RCVBUF:
        return set_buffer(socket, &socket->receive_limit_bytes, number);
    case SO_SNDBUF:
        return set_buffer(socket, &socket->send_limit_bytes, number);
    case SO_DONTROUTE:
    case SO_DEBUG:
        return 0;
    default:
        return refuse(ENOPROTOOPT);
    }
}

static int set_ip_level(struct socket *socket, int option, int number)
{
    struct ip_pcb *ip = socket->ops->ip(socket);
    if (option != IP_TOS && option != IP_TTL)
        return refuse(ENOPROTOOPT);
    if (!ip || number < (option == IP_TTL) || number > 255)
        return refuse(EINVAL);
    if (option == IP_TOS)
        ip->tos = (uint8_t)number;
    else
        ip->ttl = (uint8_t)number;
    return 0;
}

int setsockopt(int descriptor, int level, int option, const void *value, socklen_t size_bytes)
{
    struct socket *socket = socket_get(descriptor);
    int number;
    if (!socket)
        return -1;
    if (!value)
        return refuse(EFAULT);
    if (size_bytes < sizeof number)
        return refuse(EINVAL);
    if (level == SOL_SOCKET)
        return set_socket_level(socket, option, value, size_bytes);
    memcpy(&number, value, sizeof number);
    if (level == IPPROTO_IP)
        return set_ip_level(socket, option, number);
    if (level == IPPROTO_TCP && socket->ops->set_option)
        return socket->ops->set_option(socket, option, number);
    return refuse(ENOPROTOOPT);
}

static int put(void *value, socklen_t *size_bytes, const void *from, socklen_t length_bytes)
{
    if (*size_bytes > length_bytes)
        *size_bytes = length_bytes;
    memcpy(value, from, *size_bytes);
    return 0;
}

static int put_timeout(void *value, socklen_t *size_bytes, uint64_t timeout_ns)
{
    struct timeval time = {0, 0};
    if (timeout_ns != MACHINE_FOREVER_NS) {
        time.tv_sec = (time_t)(timeout_ns / SECOND_NS);
        time.tv_usec = (suseconds_t)(timeout_ns % SECOND_NS / MICROSECOND_NS);
    }
    return put(value, size_bytes, &time, sizeof time);
}

/* The options of the socket level that are one number. */
static int get_number(struct socket *socket, int option, int *number)
{
    const struct ip_pcb *ip = socket->ops->ip(socket);
    uint8_t bit = stack_bit(option);
    if (bit) {
        *number = ip && (ip->so_options & bit);
        return 0;
    }
    switch (option) {
    case SO_TYPE:
        *number = socket->ops->type;
        return 0;
    case SO_ERROR:
        *number = socket->error;
        socket->error = 0;
        return 0;
    case SO_RCVBUF:
        *number = (int)socket->receive_limit_bytes;
        return 0;
    case SO_SNDBUF:
        *number = (int)socket->send_limit_bytes;
        return 0;
    case SO_ACCEPTCONN:
        *number = socket->ops->is_listening && socket->ops->is_listening(socket);
        return 0;
    case SO_DONTROUTE:
    case SO_DEBUG:
        *number = 0;
        return 0;
    default:
        return refuse(ENOPROTOOPT);
    }
}

static int get_ip_level(struct socket *socket, int option, int *number)
{
    const struct ip_pcb *ip = socket->ops->ip(socket);
    if (option != IP_TOS && option != IP_TTL)
        return refuse(ENOPROTOOPT);
    if (!ip)
        return refuse(EINVAL);
    *number = option == IP_TOS ? ip->tos : ip->ttl;
    return 0;
}

int getsockopt(int descriptor, int level, int option, void *value, socklen_t *size_bytes)
{
    struct socket *socket = socket_get(descriptor);
    int number = 0;
    int failed;
    if (!socket)
        return -1;
    if (!value || !size_bytes)
        return refuse(EFAULT);
    if (level == SOL_SOCKET && option == SO_RCVTIMEO)
        return put_timeout(value, size_bytes, socket->receive_timeout_ns);
    if (level == SOL_SOCKET && option == SO_SNDTIMEO)
        return put_timeout(value, size_bytes, socket->send_timeout_ns);
    if (level == SOL_SOCKET && option == SO_LINGER)
        return put(value, size_bytes, &socket->linger, sizeof socket->linger);
    if (level == SOL_SOCKET)
        failed = get_number(socket, option, &number);
    else if (level == IPPROTO_IP)
        failed = get_ip_level(socket, option, &number);
    else if (level == IPPROTO_TCP && socket->ops->get_option)
        failed = socket->ops->get_option(socket, option, &number);
    else
        failed = refuse(ENOPROTOOPT);
    return failed ? -1 : put(value, size_bytes, &number, sizeof number);
}
