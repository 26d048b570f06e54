/*
 * A Kademlia peer on UDP: one socket, one thread, one loop around poll() that sleeps exactly until
 * the next thing is due. It serves until its machine is stopped.
 *
 *   kademlia --bootstrap 10.0.0.1,10.0.0.2 --nodes 1000 --store-at 60 --lookups-from 90
 *            --lookups-until 150 --rate 0.2
 */
#include "workload.h"

#include <denali.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MILLISECOND_NS UINT64_C(1000000)

static void udp_send(void *context, uint32_t address, uint16_t port, const uint8_t *bytes,
                     size_t size_bytes)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    to.sin_addr.s_addr = htonl(address);
    /* A datagram that cannot be sent is a lost one; the request will be sent again. */
    (void)sendto(*(int *)context, bytes, size_bytes, 0, (struct sockaddr *)&to, sizeof(to));
}

static int udp_open(uint16_t port)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(port)};
    any.sin_addr.s_addr = htonl(INADDR_ANY);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof(any)) != 0 ||
        fcntl(fd, F_SETFL, O_NONBLOCK) != 0) {
        printf("kademlia: UDP port %u: %s\n", port, strerror(errno));
        exit(1);
    }
    return fd;
}

/* The address that datagrams to `peer` leave from, in host byte order; 0 if that is unknown. */
static uint32_t own_address(uint32_t peer, uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    socklen_t size_bytes = sizeof(address);
    address.sin_addr.s_addr = htonl(peer);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd < 0) {
        return 0;
    }
    uint32_t own = 0;
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
        getsockname(fd, (struct sockaddr *)&address, &size_bytes) == 0) {
        own = ntohl(address.sin_addr.s_addr);
    }
    close(fd);
    return own;
}

/* "ADDRESS" or "ADDRESS:PORT", of length bytes. */
static bool parse_peer(const char *text, size_t length, uint16_t default_port, uint32_t *address,
                       uint16_t *port)
{
    char copy[32];
    struct in_addr parsed;
    unsigned long number = default_port;
    if (length >= sizeof(copy)) {
        return false;
    }
    memcpy(copy, text, length);
    copy[length] = '\0';
    char *colon = strchr(copy, ':');
    if (colon) {
        char *end;
        *colon = '\0';
        number = strtoul(colon + 1, &end, 10);
        if (*end != '\0' || number < 1 || number > 65535) {
            return false;
        }
    }
    if (inet_pton(AF_INET, copy, &parsed) != 1) {
        return false;
    }
    *address = ntohl(parsed.s_addr);
    *port = (uint16_t)number;
    return true;
}

/* Reads --bootstrap into the workload's list. This peer itself is left out of it. */
static bool parse_bootstrap(struct workload *workload, const struct peer_options *options)
{
    uint32_t own = 0;
    uint16_t own_port;
    if (options->address &&
        !parse_peer(options->address, strlen(options->address), options->port, &own, &own_port)) {
        printf("kademlia: --address %s: expected an IPv4 address\n", options->address);
        return false;
    }
    for (const char *text = options->bootstrap; text && *text != '\0';) {
        size_t length = strcspn(text, ",");
        uint32_t address;
        uint16_t port;
        if (workload->bootstrap_count == KAD_BOOTSTRAP_MAX ||
            !parse_peer(text, length, options->port, &address, &port)) {
            printf("kademlia: --bootstrap %s: expected at most %d of ADDRESS[:PORT], separated by "
                   "commas\n",
                   options->bootstrap, KAD_BOOTSTRAP_MAX);
            return false;
        }
        if ((own != 0 ? own : own_address(address, port)) == address && port == options->port) {
            workload->is_bootstrap = true;
        } else {
            workload->addresses[workload->bootstrap_count] = address;
            workload->ports[workload->bootstrap_count] = port;
            workload->bootstrap_count++;
        }
        text += length;
        text += *text == ',';
    }
    return true;
}

static void receive_all(struct kad_node *node, int fd)
{
    uint8_t datagram[KAD_MESSAGE_MAX + 1]; /* one more: a longer datagram is seen to be too long */
    for (;;) {
        struct sockaddr_in from;
        socklen_t from_bytes = sizeof(from);
        ssize_t size_bytes =
            recvfrom(fd, datagram, sizeof(datagram), 0, (struct sockaddr *)&from, &from_bytes);
        if (size_bytes < 0) {
            return;
        }
        kad_node_receive(node, denali_now_ns(), ntohl(from.sin_addr.s_addr), ntohs(from.sin_port),
                         datagram, (size_t)size_bytes);
    }
}

static int poll_timeout(uint64_t now_ns, uint64_t next_ns)
{
    if (next_ns == KAD_NEVER) {
        return -1;
    }
    if (next_ns <= now_ns) {
        return 0;
    }
    uint64_t wait_ms = (next_ns - now_ns + MILLISECOND_NS - 1) / MILLISECOND_NS;
    return wait_ms < INT_MAX ? (int)wait_ms : INT_MAX;
}

int main(int argc, char **argv)
{
    struct peer_options options;
    struct workload workload;
    struct kad_node node;
    struct kad_id self;
    if (!peer_options_parse(&options, denali_node_index(), denali_node_count(), argc, argv)) {
        return 2;
    }
    int fd = udp_open(options.port);
    struct kad_transport transport = {.context = &fd, .send = udp_send};
    kad_id_of(&self, "node", options.index);
    kad_node_init(&node, &options.kad, &self, options.seed, &transport);
    workload_init(&workload, &options, &node);
    if (!parse_bootstrap(&workload, &options)) {
        return 2;
    }
    for (;;) {
        receive_all(&node, fd);
        uint64_t now_ns = denali_now_ns();
        workload_tick(&workload, now_ns);
        kad_node_tick(&node, now_ns);
        /* Once more: what the node's tick finished may have given the workload something to do. */
        uint64_t next_ns = workload_next_ns(&workload);
        uint64_t node_ns = kad_node_next_ns(&node);
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        (void)poll(&wait, 1, poll_timeout(now_ns, node_ns < next_ns ? node_ns : next_ns));
    }
}
