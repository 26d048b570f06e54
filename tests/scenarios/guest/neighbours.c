/*
 * Names, addresses and ICMP between machines, from the inside. Ends with the number of checks that
 * failed.
 *
 *   neighbours all OWN PEER wan|lan   everything of a node that has an address: its own and that of
 *                                     the node called "peer", as the scenario knows them
 *   neighbours deaf                   for a node that hears nothing for a while and has an address:
 *                                     it cannot tell a name at first, and can later
 *   neighbours late                   the same for one that asks for its address
 */
#include "check.h"

#include <arpa/inet.h>
#include <denali.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static int look_up(const char *name, struct sockaddr_in *address)
{
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_DGRAM}, *list;
    int error = getaddrinfo(name, "discard", &hints, &list);
    if (error == 0) {
        *address = *(const struct sockaddr_in *)(const void *)list->ai_addr;
        freeaddrinfo(list);
    }
    return error;
}

static void check_names(const char *own_address, const char *peer_address, struct sockaddr_in *peer)
{
    struct sockaddr_in own, nobody;
    char host[64], node[NI_MAXHOST];
    CHECK(gethostname(host, sizeof host) == 0);
    CHECK(look_up(host, &own) == 0 && strcmp(inet_ntoa(own.sin_addr), own_address) == 0);
    CHECK(look_up("Peer", peer) == 0 && strcmp(inet_ntoa(peer->sin_addr), peer_address) == 0);
    CHECK(look_up("peer.Denali", peer) == 0 && peer->sin_port == htons(9));
    CHECK(getnameinfo((struct sockaddr *)peer, sizeof *peer, node, sizeof node, NULL, 0, 0) == 0 &&
          strcmp(node, "peer.denali") == 0);
    CHECK(look_up("stranger", &nobody) == EAI_NONAME); /* on another network */
    CHECK(look_up("peer-0", &nobody) == EAI_NONAME);
}

static void check_refused(const struct sockaddr_in *peer)
{
    char byte;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    CHECK(connect(fd, (const struct sockaddr *)peer, sizeof *peer) == 0);
    CHECK(send(fd, "x", 1, 0) == 1);
    CHECK_ERRNO(recv(fd, &byte, 1, 0), ECONNREFUSED);
    close(fd);
}

/* One hop is all that a packet may take: a gateway says that it was too few, a LAN has none. */
static void check_hops(const struct sockaddr_in *peer, int is_wan)
{
    uint8_t packet[128];
    const struct iphdr *ip = (const void *)packet;
    const struct icmphdr *icmp = (const void *)(packet + sizeof *ip);
    struct timeval patience = {.tv_sec = 2};
    int raw = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), udp = socket(AF_INET, SOCK_DGRAM, 0);
    int ttl = 1;
    CHECK(setsockopt(udp, IPPROTO_IP, IP_TTL, &ttl, sizeof ttl) == 0);
    CHECK(setsockopt(raw, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0);
    CHECK(sendto(udp, "x", 1, 0, (const struct sockaddr *)peer, sizeof *peer) == 1);
    CHECK(recv(raw, packet, sizeof packet, 0) == 56);
    CHECK(icmp->type == (is_wan ? ICMP_TIME_EXCEEDED : ICMP_DEST_UNREACH));
    CHECK(icmp->code == (is_wan ? ICMP_EXC_TTL : ICMP_PORT_UNREACH));
    CHECK((ip->saddr == peer->sin_addr.s_addr) == !is_wan);
    close(udp);
    close(raw);
}

static void check_echo(const struct sockaddr_in *peer)
{
    struct icmphdr echo = {.type = ICMP_ECHO};
    struct timeval patience = {.tv_sec = 2};
    int fd = socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
    CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0);
    CHECK(connect(fd, (const struct sockaddr *)peer, sizeof *peer) == 0);
    CHECK(send(fd, &echo, sizeof echo, 0) == sizeof echo);
    CHECK(recv(fd, &echo, sizeof echo, 0) == sizeof echo && echo.type == ICMP_ECHOREPLY);
    close(fd);
}

/* A stream that cannot connect is told at once, and why, if there is a gateway that knows. */
static void check_unreachable(const struct sockaddr_in *peer)
{
    static const struct {
        const char *address;
        int error;
    } cases[] = {
        {"10.255.255.2", EHOSTUNREACH}, /* no node has it */
        {"192.0.2.1", ENETUNREACH},     /* outside the network */
        {"10.0.0.13", EHOSTUNREACH},    /* another node's gateway */
    };
    uint64_t start_ns = denali_now_ns();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sockaddr_in absent = *peer;
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        inet_aton(cases[i].address, &absent.sin_addr);
        CHECK_ERRNO(connect(fd, (struct sockaddr *)&absent, sizeof absent), cases[i].error);
        close(fd);
    }
    CHECK(denali_now_ns() - start_ns < 1000000000);
}

/* Nobody is heard at first: `error` says which way that is. In the end somebody is. */
static void check_patience(int error)
{
    struct sockaddr_in peer;
    uint64_t start_ns = denali_now_ns();
    CHECK(look_up("peer", &peer) == error);
    if (error == EAI_AGAIN)
        CHECK(denali_now_ns() - start_ns >= UINT64_C(7000000000));
    for (int i = 0; i < 30 && (error = look_up("peer", &peer)) != 0; i++)
        sleep(5);
    CHECK(error == 0);
}

int main(int argc, char **argv)
{
    struct sockaddr_in peer = {.sin_family = AF_INET};
    CHECK(argc >= 2);
    if (strcmp(argv[1], "deaf") == 0) {
        check_patience(EAI_AGAIN);
    } else if (strcmp(argv[1], "late") == 0) {
        check_patience(EAI_FAIL);
    } else {
        CHECK(argc == 5);
        check_names(argv[2], argv[3], &peer);
        check_refused(&peer);
        check_hops(&peer, strcmp(argv[4], "wan") == 0);
        check_echo(&peer);
        if (strcmp(argv[4], "wan") == 0)
            check_unreachable(&peer);
    }
    return checks_result("neighbours");
}
