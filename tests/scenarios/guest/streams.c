/* TCP sockets over the loopback interface: one program is both ends, so it never blocks on itself.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "check.h"

static char out[200000], in[200000];

static struct sockaddr_in loopback(in_port_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int listening_socket(in_port_t port)
{
    struct sockaddr_in own = loopback(port);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(bind(listener, (struct sockaddr *)&own, sizeof own) == 0);
    CHECK(listen(listener, 4) == 0);
    return listener;
}

static int connected_socket(in_port_t port)
{
    struct sockaddr_in peer = loopback(port);
    int descriptor = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(connect(descriptor, (struct sockaddr *)&peer, sizeof peer) == 0);
    return descriptor;
}

static void check_exchange(void)
{
    struct sockaddr_in peer, own;
    socklen_t size = sizeof peer;
    int listener = listening_socket(5000);
    struct pollfd entry = {listener, POLLIN, 0};
    CHECK(poll(&entry, 1, 0) == 0);
    int client = connected_socket(5000);
    CHECK(poll(&entry, 1, 1000) == 1);
    int server = accept(listener, (struct sockaddr *)&peer, &size);
    CHECK(server >= 0 && getsockname(client, (struct sockaddr *)&own, &size) == 0);
    CHECK(peer.sin_port == own.sin_port);
    CHECK(getpeername(client, (struct sockaddr *)&peer, &size) == 0 &&
          peer.sin_port == htons(5000));

    CHECK(send(client, "hello ", 6, 0) == 6 && write(client, "world", 5) == 5);
    CHECK(recv(server, in, 11, MSG_WAITALL) == 11 && memcmp(in, "hello world", 11) == 0);
    CHECK(send(server, "abc", 3, 0) == 3);
    CHECK(recv(client, in, 2, MSG_PEEK) == 2 && recv(client, in, 2, 0) == 2);
    CHECK(recv(client, in, sizeof in, 0) == 1 && in[0] == 'c');
    CHECK_ERRNO(recv(client, in, sizeof in, MSG_DONTWAIT), EAGAIN);

    /* Half closed: what was sent before the end arrives, then the end, and the way back works. */
    CHECK(send(client, "last", 4, 0) == 4 && shutdown(client, SHUT_WR) == 0);
    CHECK_ERRNO(send(client, "x", 1, 0), EPIPE);
    CHECK(recv(server, in, sizeof in, MSG_WAITALL) == 4 && recv(server, in, sizeof in, 0) == 0);
    CHECK(send(server, "reply", 5, 0) == 5 && recv(client, in, sizeof in, 0) == 5);
    CHECK(close(server) == 0 && recv(client, in, sizeof in, 0) == 0);
    CHECK(recv(client, in, sizeof in, 0) == 0);
    close(client);
    close(listener);
}

/* More than both windows hold, with a sender that is told when there is no room. */
static void check_bulk(void)
{
    int listener = listening_socket(5001), client = connected_socket(5001), on = 1;
    int server = accept(listener, NULL, NULL);
    size_t sent = 0, received = 0;
    bool was_full = false;
    for (size_t i = 0; i < sizeof out; i++)
        out[i] = (char)(i * 31 >> 3);
    CHECK(fcntl(client, F_SETFL, O_NONBLOCK) == 0);
    CHECK(setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0);
    while (received < sizeof in) {
        struct pollfd entries[2] = {{client, sent < sizeof out ? POLLOUT : 0, 0},
                                    {server, was_full ? POLLIN : 0, 0}};
        CHECK(poll(entries, 2, 2000) > 0 || !was_full);
        ssize_t done = sent < sizeof out ? send(client, out + sent, sizeof out - sent, 0) : 0;
        if (done > 0)
            sent += (size_t)done;
        else
            was_full = true;
        done = was_full ? recv(server, in + received, sizeof in - received, 0) : 0;
        if (was_full && done <= 0)
            break;
        received += (size_t)done;
    }
    CHECK(was_full && sent == sizeof out && received == sizeof in);
    CHECK(memcmp(in, out, sizeof in) == 0);
    close(client);
    CHECK(recv(server, in, sizeof in, 0) == 0);
    close(server);
    close(listener);
}

static void check_refusals(void)
{
    struct sockaddr_in nobody = loopback(5999);
    int descriptor = socket(AF_INET, SOCK_STREAM, 0), error = 0;
    socklen_t size = sizeof error;
    CHECK_ERRNO(connect(descriptor, (struct sockaddr *)&nobody, sizeof nobody), ECONNREFUSED);
    close(descriptor);

    descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    CHECK_ERRNO(recv(descriptor, in, 1, 0), ENOTCONN);
    CHECK_ERRNO(connect(descriptor, (struct sockaddr *)&nobody, sizeof nobody), EINPROGRESS);
    struct pollfd entry = {descriptor, POLLOUT, 0};
    CHECK(poll(&entry, 1, 1000) == 1 && (entry.revents & POLLERR));
    CHECK(getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) == 0);
    CHECK(error == ECONNREFUSED);
    close(descriptor);

    /* Closed with data unread: the other side learns that it was lost. */
    int listener = listening_socket(5002), client = connected_socket(5002);
    int server = accept(listener, NULL, NULL);
    CHECK(send(client, "unread", 6, 0) == 6 && poll(NULL, 0, 10) == 0);
    close(server);
    CHECK_ERRNO(recv(client, in, sizeof in, 0), ECONNRESET);
    close(client);

    /* An address in use, and a connection that nobody accepts before the listener goes. */
    descriptor = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in own = loopback(5002);
    CHECK_ERRNO(bind(descriptor, (struct sockaddr *)&own, sizeof own), EADDRINUSE);
    client = connected_socket(5002);
    close(listener);
    CHECK(recv(client, in, sizeof in, 0) <= 0);
    close(client);
    close(descriptor);
}

int main(void)
{
    check_exchange();
    check_bulk();
    check_refusals();
    return checks_result("streams");
}
