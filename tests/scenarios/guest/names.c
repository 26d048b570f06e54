/*
 * Names and ICMP from the inside: one machine, called "machine", on a network that offers DNS (what
 * `denali boot` gives), and its service host. Ends with the number of checks that failed.
 */
#include "check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static struct sockaddr_in own;    /* the machine's */
static struct sockaddr_in server; /* the service host's */

static struct sockaddr_in at(const char *address, in_port_t port)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
    inet_aton(address, &in.sin_addr);
    return in;
}

static void check_forward(void)
{
    struct addrinfo hints = {.ai_family = AF_INET}, *list;
    char host[64];
    struct hostent *entry;
    CHECK(gethostname(host, sizeof host) == 0 && strcmp(host, "machine") == 0);
    CHECK(getaddrinfo(host, "echo", &hints, &list) == 0);
    own = *(const struct sockaddr_in *)(const void *)list->ai_addr;
    CHECK(own.sin_addr.s_addr == inet_addr("10.0.0.2") && own.sin_port == htons(7));
    CHECK(list->ai_socktype == SOCK_STREAM && list->ai_next->ai_socktype == SOCK_DGRAM);
    freeaddrinfo(list);
    server = at("10.0.0.1", 53);
    hints.ai_flags = AI_CANONNAME;
    CHECK(getaddrinfo("MACHINE.denali.", NULL, &hints, &list) == 0);
    CHECK(strcmp(list->ai_canonname, "MACHINE.denali.") == 0);
    freeaddrinfo(list);
    CHECK(getaddrinfo("localhost", NULL, &hints, &list) == 0);
    CHECK(((const struct sockaddr_in *)(const void *)list->ai_addr)->sin_addr.s_addr ==
          htonl(INADDR_LOOPBACK));
    freeaddrinfo(list);
    entry = gethostbyname("machine.denali");
    CHECK(entry && entry->h_addrtype == AF_INET && entry->h_length == 4 &&
          memcmp(entry->h_addr, &own.sin_addr, 4) == 0 && entry->h_addr_list[1] == NULL);
}

static void check_no_such_name(void)
{
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *list;
    char longest[300];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    static const char *const names[] = {
        "nobody", "machine.example", "www.machine.denali", "a..b", "", ".", ".machine", "x y"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        CHECK(getaddrinfo(names[i], "1", &hints, &list) == EAI_NONAME);
    CHECK(getaddrinfo(longest, "1", &hints, &list) == EAI_NONAME);
    for (int i = 60; i < 300; i += 60)
        longest[i - 1] = '.';
    CHECK(getaddrinfo(longest, "1", &hints, &list) == EAI_NONAME);
    static const char *const services[] = {"-1", " 80", "+80", "80x", "65536", "-4294967295"};
    for (size_t i = 0; i < sizeof services / sizeof services[0]; i++)
        CHECK(getaddrinfo("machine", services[i], &hints, &list) == EAI_SERVICE);
    CHECK(gethostbyname("nobody") == NULL && h_errno == HOST_NOT_FOUND);
}

static void check_reverse(void)
{
    struct sockaddr_in other = at("10.0.0.77", 80);
    char node[NI_MAXHOST], service[NI_MAXSERV];
    struct hostent *entry;
#define NAMEINFO(address, flags)                                                                   \
    getnameinfo((const struct sockaddr *)&(address), sizeof(address), node, sizeof node, service,  \
                sizeof service, flags)
    CHECK(NAMEINFO(own, 0) == 0 && strcmp(node, "machine.denali") == 0);
    CHECK(strcmp(service, "echo") == 0);
    CHECK(NAMEINFO(own, NI_NOFQDN | NI_NUMERICSERV) == 0 && strcmp(node, "machine") == 0);
    CHECK(strcmp(service, "7") == 0);
    CHECK(NAMEINFO(own, NI_NUMERICHOST) == 0 && strcmp(node, "10.0.0.2") == 0);
    CHECK(NAMEINFO(other, 0) == 0 && strcmp(node, "10.0.0.77") == 0);
    CHECK(strcmp(service, "http") == 0);
    CHECK(NAMEINFO(other, NI_NAMEREQD) == EAI_NONAME);
    CHECK(getnameinfo((const struct sockaddr *)&own, sizeof own, node, 8, NULL, 0, 0) ==
          EAI_OVERFLOW);
    entry = gethostbyaddr(&own.sin_addr, sizeof own.sin_addr, AF_INET);
    CHECK(entry && strcmp(entry->h_name, "machine.denali") == 0);
    CHECK(getservbyname("http", "udp") == NULL && getservbyport(htons(53), NULL) != NULL);
    CHECK(getprotobyname("icmp")->p_proto == IPPROTO_ICMP);
}

/* --- ICMP ----------------------------------------------------------------------------------- */

static ssize_t ping(int fd, const struct sockaddr_in *to, unsigned sequence, void *reply,
                    size_t size_bytes, struct sockaddr_in *from)
{
    struct timeval patience = {.tv_sec = 1};
    struct {
        struct icmphdr header;
        char text[16];
    } request = {{.type = ICMP_ECHO, .un.echo = {.id = 77, .sequence = htons(sequence)}},
                 "echo me"};
    socklen_t from_bytes = sizeof *from;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (sendto(fd, &request, sizeof request, 0, (const struct sockaddr *)to, sizeof *to) !=
        sizeof request)
        return -1;
    return recvfrom(fd, reply, size_bytes, 0, (struct sockaddr *)from, &from_bytes);
}

static void check_datagram_icmp(void)
{
    struct {
        struct icmphdr header;
        char text[64];
    } reply;
    struct sockaddr_in from, local = {.sin_family = AF_INET, .sin_port = htons(4321)};
    socklen_t local_bytes = sizeof local;
    int fd = socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
    int other = socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
    CHECK(fd >= 0 && other >= 0);
    CHECK(bind(fd, (struct sockaddr *)&local, sizeof local) == 0);
    CHECK_ERRNO(bind(other, (struct sockaddr *)&local, sizeof local), EADDRINUSE);
    for (unsigned i = 1; i <= 3; i++) {
        CHECK(ping(fd, &server, i, &reply, sizeof reply, &from) == 24);
        CHECK(reply.header.type == ICMP_ECHOREPLY && reply.header.un.echo.id == htons(4321));
        CHECK(ntohs(reply.header.un.echo.sequence) == i && strcmp(reply.text, "echo me") == 0);
        CHECK(from.sin_addr.s_addr == server.sin_addr.s_addr && from.sin_port == 0);
    }
    CHECK(ping(other, &own, 9, &reply, sizeof reply, &from) == 24); /* to itself */
    CHECK(getsockname(other, (struct sockaddr *)&local, &local_bytes) == 0);
    CHECK(local.sin_port == reply.header.un.echo.id && local.sin_port != 0);
    CHECK_ERRNO(recv(fd, &reply, sizeof reply, MSG_DONTWAIT), EAGAIN); /* not its own */
    reply.header.type = ICMP_ECHOREPLY;
    CHECK_ERRNO(sendto(fd, &reply, 24, 0, (struct sockaddr *)&server, sizeof server), EINVAL);
    CHECK_ERRNO(sendto(fd, &reply, 4, 0, (struct sockaddr *)&server, sizeof server), EINVAL);
    CHECK_ERRNO(send(fd, &reply, 24, 0), EDESTADDRREQ);
    CHECK(connect(fd, (struct sockaddr *)&server, sizeof server) == 0);
    reply.header.type = ICMP_ECHO;
    CHECK(send(fd, &reply, 24, 0) == 24 && recv(fd, &reply, sizeof reply, 0) == 24);
    close(fd);
    close(other);
}

static void check_raw_icmp(void)
{
    uint8_t packet[128];
    const struct iphdr *ip = (const void *)packet;
    struct sockaddr_in from;
    int fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
    struct icmphdr request = {.type = ICMP_ECHO, .un.echo = {htons(1), htons(2)}};
    request.checksum = htons(0xffff - (ICMP_ECHO << 8) - 3);
    CHECK(fd >= 0);
    CHECK(sendto(fd, &request, sizeof request, 0, (struct sockaddr *)&server, sizeof server) == 8);
    CHECK(recv(fd, packet, sizeof packet, 0) == 28);
    const struct icmphdr *icmp = (const void *)(packet + ip->ihl * 4);
    CHECK(ip->version == 4 && ip->ihl == 5 && ip->protocol == IPPROTO_ICMP);
    CHECK(ip->saddr == server.sin_addr.s_addr && ip->daddr == own.sin_addr.s_addr);
    CHECK(icmp->type == ICMP_ECHOREPLY && icmp->un.echo.id == htons(1));
    /* Errors come as they are: nothing listens at this port of the service host. */
    struct sockaddr_in closed = server;
    closed.sin_port = htons(9);
    int udp = socket(AF_INET, SOCK_DGRAM, 0);
    CHECK(sendto(udp, "x", 1, 0, (struct sockaddr *)&closed, sizeof closed) == 1);
    CHECK(recvfrom(fd, packet, sizeof packet, 0, (struct sockaddr *)&from, &(socklen_t){16}) == 56);
    CHECK(icmp->type == ICMP_DEST_UNREACH && icmp->code == ICMP_PORT_UNREACH);
    close(udp);
    close(fd);
}

/* A connected datagram socket is told that nobody listens, once for each time it heard. */
static void check_refused(struct sockaddr_in closed)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0), error = 0;
    socklen_t size = sizeof error;
    char byte;
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    closed.sin_port = htons(9);
    CHECK(connect(fd, (struct sockaddr *)&closed, sizeof closed) == 0);
    CHECK(send(fd, "x", 1, 0) == 1);
    CHECK(poll(&wait, 1, 1000) == 1 && (wait.revents & POLLERR));
    CHECK_ERRNO(recv(fd, &byte, 1, MSG_DONTWAIT), ECONNREFUSED);
    CHECK_ERRNO(recv(fd, &byte, 1, MSG_DONTWAIT), EAGAIN);
    CHECK(send(fd, "x", 1, 0) == 1);
    CHECK_ERRNO(recv(fd, &byte, 1, 0), ECONNREFUSED); /* it waits for what comes */
    CHECK(send(fd, "x", 1, 0) == 1);
    CHECK(poll(&wait, 1, 1000) == 1);
    CHECK(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == ECONNREFUSED);
    CHECK(send(fd, "x", 1, 0) == 1);
    CHECK(poll(&wait, 1, 1000) == 1);
    CHECK_ERRNO(send(fd, "x", 1, 0), ECONNREFUSED);
    close(fd);
    /* One that is not connected is not: it could not say whom the error is about. */
    fd = socket(AF_INET, SOCK_DGRAM, 0);
    wait.fd = fd;
    CHECK(sendto(fd, "x", 1, 0, (struct sockaddr *)&closed, sizeof closed) == 1);
    CHECK(poll(&wait, 1, 100) == 0);
    close(fd);
}

int main(void)
{
    check_forward();
    check_no_such_name();
    check_reverse();
    check_datagram_icmp();
    check_raw_icmp();
    check_refused(server);
    check_refused(own);
    check_refused(at("127.0.0.1", 9));
    return checks_result("names");
}
