/* BSD sockets over the loopback interface: every call, and the errno of every misuse. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <denali.h>

#include "check.h"

static char buffer[70000];

static int udp_socket(void)
{
    return socket(AF_INET, SOCK_DGRAM, 0);
}

/* Bound to a free port of 127.0.0.1, which goes to *address. */
static int bound_socket(struct sockaddr_in *address)
{
    socklen_t size = sizeof *address;
    int descriptor = udp_socket();
    *address =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    CHECK(bind(descriptor, (struct sockaddr *)address, sizeof *address) == 0);
    CHECK(getsockname(descriptor, (struct sockaddr *)address, &size) == 0);
    CHECK(size == sizeof *address && address->sin_port != 0);
    return descriptor;
}

static ssize_t send_to(int descriptor, size_t length, const struct sockaddr_in *address)
{
    return sendto(descriptor, buffer, length, 0, (const struct sockaddr *)address, sizeof *address);
}

static void check_datagrams(void)
{
    struct sockaddr_in here, there, from;
    socklen_t size = sizeof from;
    int one = bound_socket(&here), two = bound_socket(&there);
    strcpy(buffer, "hello");
    CHECK(send_to(one, 6, &there) == 6);
    memset(buffer, 0, 6);
    CHECK(recvfrom(two, buffer, sizeof buffer, 0, (struct sockaddr *)&from, &size) == 6);
    CHECK(strcmp(buffer, "hello") == 0 && size == sizeof from);
    CHECK(from.sin_port == here.sin_port && from.sin_addr.s_addr == here.sin_addr.s_addr);

    /* One that is cut, one that is looked at first, an empty one, in order. */
    CHECK(send_to(one, 10, &there) == 10 && send_to(one, 4, &there) == 4);
    CHECK(send_to(one, 0, &there) == 0);
    CHECK(recv(two, buffer, 3, MSG_PEEK) == 3 && recv(two, buffer, 3, MSG_TRUNC) == 10);
    CHECK(recv(two, buffer, sizeof buffer, 0) == 4 && recv(two, buffer, sizeof buffer, 0) == 0);

    /* The largest there is goes in fragments. */
    for (int i = 0; i < 65507; i++)
        buffer[i] = (char)(i * 7);
    CHECK(send_to(one, 65507, &there) == 65507);
    memset(buffer, 0, sizeof buffer);
    CHECK(recv(two, buffer, sizeof buffer, 0) == 65507);
    int wrong = 0;
    for (int i = 0; i < 65507; i++)
        wrong += buffer[i] != (char)(i * 7);
    CHECK(wrong == 0);
    CHECK_ERRNO(send_to(one, 65508, &there), EMSGSIZE);
    CHECK(close(one) == 0 && close(two) == 0);
}

static void check_connected(void)
{
    struct sockaddr_in here, there, name;
    socklen_t size = sizeof name;
    int one = udp_socket(), two = bound_socket(&there), stranger = bound_socket(&here);
    CHECK_ERRNO(send(one, "x", 1, 0), EDESTADDRREQ);
    CHECK_ERRNO(getpeername(one, (struct sockaddr *)&name, &size), ENOTCONN);
    CHECK(connect(one, (struct sockaddr *)&there, sizeof there) == 0);
    CHECK(getpeername(one, (struct sockaddr *)&name, &size) == 0 &&
          name.sin_port == there.sin_port);
    CHECK(getsockname(one, (struct sockaddr *)&name, &size) == 0);
    CHECK(name.sin_addr.s_addr == htonl(INADDR_LOOPBACK));
    CHECK(write(one, "abc", 3) == 3 && read(two, buffer, sizeof buffer) == 3);
    /* Only the peer is heard. */
    CHECK(send_to(stranger, 5, &name) == 5 && send_to(two, 2, &name) == 2);
    CHECK(recv(one, buffer, sizeof buffer, 0) == 2);
    CHECK_ERRNO(recv(one, buffer, sizeof buffer, MSG_DONTWAIT), EAGAIN);
    CHECK(shutdown(one, SHUT_WR) == 0);
    CHECK_ERRNO(send(one, "x", 1, 0), EPIPE);
    close(one);
    close(two);
    close(stranger);
}

static void check_scattered(void)
{
    struct sockaddr_in there, from;
    char left[3], right[9];
    struct iovec out[2] = {{"ab", 2}, {"cde", 3}}, in[2] = {{left, 3}, {right, 9}};
    struct msghdr message = {
        .msg_name = &there, .msg_namelen = sizeof there, .msg_iov = out, .msg_iovlen = 2};
    int one = udp_socket(), two = bound_socket(&there);
    CHECK(sendmsg(one, &message, 0) == 5);
    message = (struct msghdr){
        .msg_name = &from, .msg_namelen = sizeof from, .msg_iov = in, .msg_iovlen = 2};
    CHECK(recvmsg(two, &message, 0) == 5 && message.msg_flags == 0);
    CHECK(memcmp(left, "abc", 3) == 0 && memcmp(right, "de", 2) == 0);
    CHECK(from.sin_family == AF_INET && message.msg_namelen == sizeof from);
    close(one);
    close(two);
}

static void check_waiting(void)
{
    struct sockaddr_in there;
    struct timeval timeout = {1, 500000};
    fd_set reads;
    int one = udp_socket(), two = bound_socket(&there), on = 1;
    struct pollfd entry = {two, POLLIN | POLLOUT, 0};
    uint64_t start_ns = denali_now_ns();
    CHECK(setsockopt(two, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) == 0);
    CHECK_ERRNO(recv(two, buffer, sizeof buffer, 0), EAGAIN);
    uint64_t waited_ns = denali_now_ns() - start_ns;
    CHECK(waited_ns >= 1500000000 && waited_ns < 1501000000);
    CHECK(fcntl(two, F_SETFL, O_NONBLOCK) == 0);
    CHECK_ERRNO(recv(two, buffer, sizeof buffer, 0), EAGAIN);
    CHECK(fcntl(two, F_SETFL, 0) == 0 && ioctl(two, FIONBIO, &on) == 0);
    CHECK_ERRNO(recv(two, buffer, sizeof buffer, 0), EAGAIN);

    CHECK(poll(&entry, 1, 0) == 1 && entry.revents == POLLOUT);
    entry.events = POLLIN;
    start_ns = denali_now_ns();
    CHECK(poll(&entry, 1, 250) == 0 && denali_now_ns() - start_ns >= 250000000);
    send_to(one, 1, &there);
    CHECK(poll(&entry, 1, -1) == 1 && entry.revents == POLLIN);
    entry.fd = 40;
    CHECK(poll(&entry, 1, -1) == 1 && entry.revents == POLLNVAL);

    FD_ZERO(&reads);
    FD_SET(two, &reads);
    FD_SET(one, &reads);
    CHECK(select(two + 1, &reads, NULL, NULL, NULL) == 1);
    CHECK(FD_ISSET(two, &reads) && !FD_ISSET(one, &reads));
    recv(two, buffer, sizeof buffer, 0);
    timeout = (struct timeval){0, 1000};
    CHECK(select(two + 1, &reads, NULL, NULL, &timeout) == 0 && !FD_ISSET(two, &reads));
    FD_SET(40, &reads);
    CHECK_ERRNO(select(41, &reads, NULL, NULL, NULL), EBADF);
    close(one);
    close(two);
}

/* The queue holds what SO_RCVBUF says and drops the rest. */
static void check_bound(void)
{
    struct sockaddr_in there;
    int one = udp_socket(), two = bound_socket(&there), limit = 4096, got = 0;
    socklen_t size = sizeof limit;
    CHECK(setsockopt(two, SOL_SOCKET, SO_RCVBUF, &limit, sizeof limit) == 0);
    CHECK(getsockopt(two, SOL_SOCKET, SO_RCVBUF, &limit, &size) == 0 && limit == 4096);
    for (int i = 0; i < 40; i++) {
        send_to(one, 500, &there);
        poll(NULL, 0, 0); /* lets the stack deliver */
    }
    while (recv(two, buffer, sizeof buffer, MSG_DONTWAIT) == 500)
        got++;
    CHECK(got > 0 && got <= 4096 / 500);
    close(one);
    close(two);
}

static void check_misuse(void)
{
    struct sockaddr_in taken, address;
    int one = bound_socket(&taken), two = udp_socket(), value = 1, count = 0;
    int opened[300];
    CHECK_ERRNO(socket(AF_INET6, SOCK_DGRAM, 0), EAFNOSUPPORT);
    CHECK_ERRNO(socket(AF_INET, SOCK_RAW, IPPROTO_UDP), EPROTONOSUPPORT);
    CHECK_ERRNO(bind(one, (struct sockaddr *)&taken, sizeof taken), EINVAL);
    CHECK_ERRNO(bind(two, (struct sockaddr *)&taken, sizeof taken), EADDRINUSE);
    CHECK_ERRNO(bind(two, (struct sockaddr *)&taken, 4), EINVAL);
    address = taken;
    address.sin_addr.s_addr = htonl(0x01020304);
    CHECK_ERRNO(bind(two, (struct sockaddr *)&address, sizeof address), EADDRNOTAVAIL);
    address.sin_family = AF_INET6;
    CHECK_ERRNO(bind(two, (struct sockaddr *)&address, sizeof address), EAFNOSUPPORT);
    CHECK_ERRNO(listen(one, 1), EOPNOTSUPP);
    CHECK_ERRNO(accept(one, NULL, NULL), EOPNOTSUPP);
    CHECK_ERRNO(recv(50, buffer, 1, 0), EBADF);
    CHECK_ERRNO(recv(1, buffer, 1, 0), ENOTSOCK);
    CHECK_ERRNO(close(-1), EBADF);
    CHECK(setsockopt(two, SOL_SOCKET, SO_REUSEADDR, &value, sizeof value) == 0);
    CHECK_ERRNO(setsockopt(two, SOL_SOCKET, 999, &value, sizeof value), ENOPROTOOPT);
    close(one);
    close(two);
    while (count < 300 && (opened[count] = udp_socket()) >= 0)
        count++;
    CHECK(count == 253);
    CHECK_ERRNO(udp_socket(), EMFILE);
    while (count > 0)
        close(opened[--count]);
}

static void check_addresses(void)
{
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_DGRAM}, *list;
    struct in_addr address;
    char text[INET_ADDRSTRLEN];
    CHECK(getaddrinfo("10.1.2.3", "4000", &hints, &list) == 0);
    const struct sockaddr_in *in = (const void *)list->ai_addr;
    CHECK(list->ai_next == NULL && list->ai_protocol == IPPROTO_UDP && in->sin_port == htons(4000));
    CHECK(in->sin_addr.s_addr == htonl(0x0a010203));
    freeaddrinfo(list);
    CHECK(getaddrinfo("1.2.3.4", "ntp", &hints, &list) == 0);
    CHECK(((const struct sockaddr_in *)(const void *)list->ai_addr)->sin_port == htons(123));
    freeaddrinfo(list);
    CHECK(getaddrinfo("1.2.3.4", "https", &hints, &list) == EAI_SERVICE); /* not for datagrams */
    CHECK(getaddrinfo("1.2.3.4", "no-such", &hints, &list) == EAI_SERVICE);
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    CHECK(getaddrinfo("localhost", "1", &hints, &list) == EAI_NONAME);
    CHECK(getaddrinfo("1.2.3.4", "ntp", &hints, &list) == EAI_NONAME);
    CHECK(inet_pton(AF_INET, "255.254.3.0", &address) == 1);
    CHECK(inet_ntop(AF_INET, &address, text, sizeof text) && strcmp(text, "255.254.3.0") == 0);
    CHECK(inet_pton(AF_INET, "1.2.3", &address) == 0 &&
          inet_pton(AF_INET, "1.2.3.256", &address) == 0);
    CHECK(inet_addr("127.1") == htonl(INADDR_LOOPBACK) && inet_aton("x", &address) == 0);
    CHECK(strcmp(inet_ntoa((struct in_addr){htonl(0x7f000001)}), "127.0.0.1") == 0);
    CHECK(inet_ntop(AF_INET, &address, text, 3) == NULL && errno == ENOSPC);
}

int main(void)
{
    check_datagrams();
    check_connected();
    check_scattered();
    check_waiting();
    check_bound();
    check_misuse();
    check_addresses();
    return checks_result("sockets");
}
