/* What can be set on a TCP socket, that it acts, and what the ends of connections look like. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <denali.h>

#include "check.h"

#define MILLISECOND_NS 1000000ull

static char out[300000], in[300000];

static struct sockaddr_in loopback(in_port_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int number_of(int descriptor, int level, int option)
{
    int number = -1;
    socklen_t size = sizeof number;
    CHECK(getsockopt(descriptor, level, option, &number, &size) == 0 && size == sizeof number);
    return number;
}

static bool set(int descriptor, int level, int option, int number)
{
    return setsockopt(descriptor, level, option, &number, sizeof number) == 0;
}

static int listening_socket(in_port_t port, int backlog)
{
    struct sockaddr_in own = loopback(port);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(set(listener, SOL_SOCKET, SO_REUSEADDR, 1));
    CHECK(bind(listener, (struct sockaddr *)&own, sizeof own) == 0);
    CHECK(listen(listener, backlog) == 0);
    return listener;
}

static int connected_socket(in_port_t port)
{
    struct sockaddr_in peer = loopback(port);
    int descriptor = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(connect(descriptor, (struct sockaddr *)&peer, sizeof peer) == 0);
    return descriptor;
}

static void check_options(void)
{
    int s = socket(AF_INET, SOCK_STREAM, 0), u = socket(AF_INET, SOCK_DGRAM, 0);
    CHECK(number_of(s, IPPROTO_TCP, TCP_NODELAY) == 0);
    CHECK(set(s, IPPROTO_TCP, TCP_NODELAY, 1) && number_of(s, IPPROTO_TCP, TCP_NODELAY) == 1);
    CHECK(number_of(s, SOL_SOCKET, SO_SNDBUF) == 65535);
    CHECK(number_of(s, SOL_SOCKET, SO_RCVBUF) == 65535);
    CHECK(set(s, SOL_SOCKET, SO_RCVBUF, 200000) && number_of(s, SOL_SOCKET, SO_RCVBUF) == 200000);
    CHECK(set(s, SOL_SOCKET, SO_SNDBUF, 1) && number_of(s, SOL_SOCKET, SO_SNDBUF) == 2048);
    CHECK(set(s, SOL_SOCKET, SO_SNDBUF, 1 << 30));
    CHECK(number_of(s, SOL_SOCKET, SO_SNDBUF) == 2097120);
    CHECK(set(s, IPPROTO_IP, IP_TTL, 7) && number_of(s, IPPROTO_IP, IP_TTL) == 7);
    CHECK_ERRNO(setsockopt(s, IPPROTO_IP, IP_TTL, &(int){0}, sizeof(int)), EINVAL);
    CHECK(set(s, SOL_SOCKET, SO_KEEPALIVE, 1) && number_of(s, SOL_SOCKET, SO_KEEPALIVE) == 1);
    CHECK(set(s, IPPROTO_TCP, TCP_KEEPIDLE, 60));
    CHECK(number_of(s, IPPROTO_TCP, TCP_KEEPIDLE) == 60);
    CHECK(number_of(s, SOL_SOCKET, SO_TYPE) == SOCK_STREAM);
    CHECK(number_of(s, SOL_SOCKET, SO_ACCEPTCONN) == 0);
    CHECK_ERRNO(setsockopt(s, IPPROTO_TCP, 99, &(int){1}, sizeof(int)), ENOPROTOOPT);
    CHECK_ERRNO(setsockopt(u, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int)), ENOPROTOOPT);
    struct linger wanted = {1, 5}, got = {0, 0};
    socklen_t size = sizeof got;
    CHECK(setsockopt(s, SOL_SOCKET, SO_LINGER, &wanted, sizeof wanted) == 0);
    CHECK(getsockopt(s, SOL_SOCKET, SO_LINGER, &got, &size) == 0 && got.l_linger == 5);
    close(s);
    close(u);
}

/* With no network there is nowhere to send to, and one says so. */
static void check_unreachable(void)
{
    struct sockaddr_in far = {.sin_family = AF_INET, .sin_port = htons(9)};
    int s = socket(AF_INET, SOCK_STREAM, 0), u = socket(AF_INET, SOCK_DGRAM, 0);
    far.sin_addr.s_addr = inet_addr("192.0.2.1");
    CHECK_ERRNO(connect(s, (struct sockaddr *)&far, sizeof far), ENETUNREACH);
    CHECK_ERRNO(sendto(u, "x", 1, 0, (struct sockaddr *)&far, sizeof far), ENETUNREACH);
    struct sockaddr_in nothing = loopback(0);
    CHECK_ERRNO(connect(s, (struct sockaddr *)&nothing, sizeof nothing), EADDRNOTAVAIL);
    close(s);
    close(u);
}

/* What a writer can leave unread is what the two buffers hold, whatever they are set to. */
static void check_buffers(int receive_bytes, int send_bytes)
{
    int listener = listening_socket(5100, 4);
    CHECK(set(listener, SOL_SOCKET, SO_RCVBUF, receive_bytes));
    CHECK(set(listener, IPPROTO_TCP, TCP_NODELAY, 1));
    CHECK(number_of(listener, SOL_SOCKET, SO_ACCEPTCONN) == 1);
    int client = connected_socket(5100), server = accept(listener, NULL, NULL);
    CHECK(number_of(server, SOL_SOCKET, SO_RCVBUF) == receive_bytes);
    CHECK(number_of(server, IPPROTO_TCP, TCP_NODELAY) == 1);
    CHECK(set(client, SOL_SOCKET, SO_SNDBUF, send_bytes));
    CHECK(fcntl(client, F_SETFL, O_NONBLOCK) == 0);
    int written = 0, quiet = 0;
    while (quiet < 3) {
        ssize_t done = send(client, out, sizeof out - (size_t)written, 0);
        quiet = done > 0 ? 0 : quiet + 1;
        written += done > 0 ? (int)done : 0;
        denali_idle_until(denali_now_ns() + 300 * MILLISECOND_NS);
    }
    int most = receive_bytes + send_bytes;
    CHECK(written <= most && written > most - 2 * 1460 - 1024);
    if (written > most || written <= most - 2 * 1460 - 1024)
        printf("written %d of %d\n", written, most);
    /* Half the window now: what is read first does not open it again. */
    CHECK(set(server, SOL_SOCKET, SO_RCVBUF, receive_bytes / 2));
    int read_bytes = 0;
    while (read_bytes < written) {
        ssize_t got = recv(server, in, sizeof in, 0);
        CHECK(got > 0);
        if (got <= 0)
            break;
        read_bytes += (int)got;
    }
    CHECK(read_bytes == written);
    close(client);
    CHECK(recv(server, in, 1, 0) == 0);
    close(server);
    close(listener);
}

static void check_linger(void)
{
    struct linger none = {1, 0}, some = {1, 10};
    int listener = listening_socket(5101, 4);
    int client = connected_socket(5101), server = accept(listener, NULL, NULL);
    CHECK(setsockopt(client, SOL_SOCKET, SO_LINGER, &none, sizeof none) == 0);
    close(client);
    CHECK_ERRNO(recv(server, in, 1, 0), ECONNRESET);
    CHECK_ERRNO(send(server, "x", 1, 0), EPIPE);
    close(server);

    client = connected_socket(5101), server = accept(listener, NULL, NULL);
    CHECK(setsockopt(client, SOL_SOCKET, SO_LINGER, &some, sizeof some) == 0);
    CHECK(send(client, out, 30000, 0) == 30000);
    uint64_t start_ns = denali_now_ns();
    close(client);
    CHECK(denali_now_ns() - start_ns < 1000 * MILLISECOND_NS);
    CHECK(recv(server, in, 30000, MSG_WAITALL) == 30000 && recv(server, in, 1, 0) == 0);
    close(server);
    close(listener);
}

/* Both ends done: the names are still known, and a second end is no error. */
static void check_ends(void)
{
    struct sockaddr_in name;
    socklen_t size = sizeof name;
    int listener = listening_socket(5102, 4);
    int client = connected_socket(5102), server = accept(listener, NULL, NULL);
    CHECK(shutdown(client, SHUT_WR) == 0 && recv(server, in, 1, 0) == 0);
    CHECK(shutdown(server, SHUT_WR) == 0 && recv(client, in, 1, 0) == 0);
    CHECK(shutdown(client, SHUT_WR) == 0);
    CHECK(getpeername(client, (struct sockaddr *)&name, &size) == 0);
    CHECK(name.sin_port == htons(5102));
    struct pollfd entry = {client, POLLIN, 0};
    CHECK(poll(&entry, 1, 0) == 1 && (entry.revents & POLLHUP));
    CHECK_ERRNO(send(client, "x", 1, 0), EPIPE);
    close(client);
    close(server);
    close(listener);
}

/* A connection that is reset in the queue leaves it; one that finds no descriptor stays. */
static void check_accept_queue(void)
{
    struct linger none = {1, 0};
    int listener = listening_socket(5103, 4), spare[300], count = 0;
    for (int i = 0; i < 20; i++) {
        int client = connected_socket(5103);
        setsockopt(client, SOL_SOCKET, SO_LINGER, &none, sizeof none);
        close(client);
        denali_idle_until(denali_now_ns() + MILLISECOND_NS);
    }
    CHECK(fcntl(listener, F_SETFL, O_NONBLOCK) == 0);
    CHECK_ERRNO(accept(listener, NULL, NULL), EAGAIN);
    int client = connected_socket(5103);
    while (count < 300 && (spare[count] = dup(0)) >= 0)
        count++;
    CHECK_ERRNO(accept(listener, NULL, NULL), EMFILE);
    while (count > 0)
        close(spare[--count]);
    int server = accept(listener, NULL, NULL);
    CHECK(server >= 0 && send(client, "hi", 2, 0) == 2 && recv(server, in, 2, 0) == 2);
    close(server);
    close(client);

    /* Two may wait; a third is told nothing and asks again until there is room. */
    CHECK(listen(listener, 2) == 0);
    int waiting[3];
    for (int i = 0; i < 3; i++) {
        struct sockaddr_in peer = loopback(5103);
        waiting[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        CHECK_ERRNO(connect(waiting[i], (struct sockaddr *)&peer, sizeof peer), EINPROGRESS);
    }
    struct pollfd third = {waiting[2], POLLOUT, 0};
    CHECK(poll(&third, 1, 500) == 0);
    int first = accept(listener, NULL, NULL);
    CHECK(first >= 0 && poll(&third, 1, 5000) == 1 && third.revents == POLLOUT);
    CHECK(number_of(waiting[2], SOL_SOCKET, SO_ERROR) == 0);
    for (int i = 0; i < 3; i++)
        close(waiting[i]);
    close(first);
    close(listener);
}

/* Hours of nothing but keep-alives, which the other end answers. */
static void check_idle_ages(void)
{
    int listener = listening_socket(5104, 4);
    int client = connected_socket(5104), server = accept(listener, NULL, NULL);
    CHECK(set(client, SOL_SOCKET, SO_KEEPALIVE, 1) && set(client, IPPROTO_TCP, TCP_KEEPIDLE, 30));
    denali_idle_until(denali_now_ns() + 4 * 3600 * 1000 * MILLISECOND_NS);
    CHECK(send(client, "still", 5, 0) == 5 && recv(server, in, 5, MSG_WAITALL) == 5);
    close(server);
    close(client);
    close(listener);
}

int main(void)
{
    for (size_t i = 0; i < sizeof out; i++)
        out[i] = (char)(i * 7 >> 2);
    check_options();
    check_unreachable();
    check_buffers(65535, 65535);
    check_buffers(200000, 20000);
    check_buffers(8192, 4096);
    check_linger();
    check_ends();
    check_accept_queue();
    check_idle_ages();
    return checks_result("stream_options");
}
