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

#define SECOND_NS           1000000000ull
#define MICROSECOND_NS      1000ull
#define RECEIVE_LIMIT_LEAST 2048u
#define RECEIVE_LIMIT_MOST  (1u << 20)

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

static int set_socket_level(struct socket *socket, int option, const void *value,
                            socklen_t size_bytes)
{
    uint8_t bit = stack_bit(option);
    int number;
    if (option == SO_RCVTIMEO)
        return set_timeout(&socket->receive_timeout_ns, value, size_bytes);
    if (option == SO_SNDTIMEO)
        return set_timeout(&socket->send_timeout_ns, value, size_bytes);
    memcpy(&number, value, sizeof number);
    if (bit) {
        uint8_t *bits = socket->ops->options(socket);
        if (!bits)
            return refuse(EINVAL);
        *bits = (uint8_t)(number ? *bits | bit : *bits & ~bit);
        return 0;
    }
    switch (option) {
    case SO_RCVBUF:
        if (number < (int)RECEIVE_LIMIT_LEAST)
            number = (int)RECEIVE_LIMIT_LEAST;
        socket->receive_limit_bytes =
            (uint32_t)number < RECEIVE_LIMIT_MOST ? (uint32_t)number : RECEIVE_LIMIT_MOST;
        return 0;
    case SO_SNDBUF:
    case SO_DONTROUTE:
    case SO_LINGER:
    case SO_DEBUG:
        return 0;
    default:
        return refuse(ENOPROTOOPT);
    }
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
    if (level == IPPROTO_TCP && option == TCP_NODELAY && socket->ops->set_no_delay)
        return socket->ops->set_no_delay(socket, number != 0);
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

int getsockopt(int descriptor, int level, int option, void *value, socklen_t *size_bytes)
{
    struct socket *socket = socket_get(descriptor);
    uint8_t bit = stack_bit(option);
    int number = 0;
    if (!socket)
        return -1;
    if (!value || !size_bytes)
        return refuse(EFAULT);
    if (level != SOL_SOCKET)
        return refuse(ENOPROTOOPT);
    if (option == SO_RCVTIMEO)
        return put_timeout(value, size_bytes, socket->receive_timeout_ns);
    if (option == SO_SNDTIMEO)
        return put_timeout(value, size_bytes, socket->send_timeout_ns);
    if (bit) {
        const uint8_t *bits = socket->ops->options(socket);
        number = bits && (*bits & bit);
    } else if (option == SO_TYPE) {
        number = socket->ops->type;
    } else if (option == SO_ERROR) {
        number = socket->error;
        socket->error = 0;
    } else if (option == SO_RCVBUF) {
        number = (int)socket->receive_limit_bytes;
    } else {
        return refuse(ENOPROTOOPT);
    }
    return put(value, size_bytes, &number, sizeof number);
}
