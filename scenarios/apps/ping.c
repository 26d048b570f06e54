/*
 * Sends ICMP echo requests to hosts by name or address, one after the other, through the datagram
 * ICMP socket that ping programs on Linux open, and ends with code 0 if every request was answered,
 * else 1.
 *
 *   ping [--count 4] [--interval-ms 1000] [--timeout-ms 1000] [--size 56] [--ttl 64] HOST...
 *
 * Observes for every request ping.success (0 or 1) and, if it was answered, ping.rtt_ms; for every
 * host ping.resolved (0 or 1): its name has an address.
 */
#include "arguments.h"

#include <denali.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#define MILLISECOND_NS UINT64_C(1000000)
#define SIZE_MOST      1472u /* with its headers it fills a frame */

struct options {
    unsigned long count, interval_ms, timeout_ms, size_bytes, ttl;
};

struct tally {
    unsigned long sent, answered;
    uint64_t least_ns, most_ns, sum_ns;
};

static double ms_of(uint64_t time_ns)
{
    return (double)(uint32_t)(time_ns / 1000) / 1000;
}

/* Waits for the reply to request number `sequence`; late ones are passed over. */
static bool await(int fd, unsigned sequence, uint64_t deadline_ns)
{
    static uint8_t bytes[sizeof(struct icmphdr) + SIZE_MOST];
    const struct icmphdr *reply = (const void *)bytes;
    for (uint64_t now_ns = denali_now_ns(); now_ns < deadline_ns; now_ns = denali_now_ns()) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        int wait_ms = (int)((deadline_ns - now_ns + MILLISECOND_NS - 1) / MILLISECOND_NS);
        if (poll(&wait, 1, wait_ms) == 1 &&
            recv(fd, bytes, sizeof bytes, 0) >= (ssize_t)sizeof *reply &&
            reply->type == ICMP_ECHOREPLY && reply->un.echo.sequence == htons(sequence)) {
            return true;
        }
    }
    return false;
}

static void ping_once(int fd, unsigned sequence, const struct options *options, struct tally *tally)
{
    static uint8_t bytes[sizeof(struct icmphdr) + SIZE_MOST];
    struct icmphdr *request = (void *)bytes;
    uint64_t start_ns = denali_now_ns();
    *request = (struct icmphdr){.type = ICMP_ECHO, .un.echo.sequence = htons(sequence)};
    for (unsigned long i = 0; i < options->size_bytes; i++) {
        bytes[sizeof *request + i] = (uint8_t)i;
    }
    bool success = send(fd, bytes, sizeof *request + options->size_bytes, 0) > 0 &&
                   await(fd, sequence, start_ns + options->timeout_ms * MILLISECOND_NS);
    uint64_t rtt_ns = denali_now_ns() - start_ns;
    tally->sent++;
    denali_observe("ping.success", success);
    if (success) {
        denali_observe("ping.rtt_ms", ms_of(rtt_ns));
        printf("reply %u in %.3f ms\n", sequence, ms_of(rtt_ns));
        tally->answered++;
        tally->sum_ns += rtt_ns;
        tally->least_ns =
            tally->answered == 1 || rtt_ns < tally->least_ns ? rtt_ns : tally->least_ns;
        tally->most_ns = rtt_ns > tally->most_ns ? rtt_ns : tally->most_ns;
    } else {
        printf("no reply %u\n", sequence);
    }
}

/* A connected socket to the host, or -1 with a message. */
static int open_to(const char *host, const struct options *options)
{
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_RAW}, *found;
    char address[INET_ADDRSTRLEN];
    int ttl = (int)options->ttl;
    int error = getaddrinfo(host, NULL, &hints, &found);
    denali_observe("ping.resolved", error == 0);
    if (error != 0) {
        printf("ping: %s: %s\n", host, gai_strerror(error));
        return -1;
    }
    const struct sockaddr_in *to = (const void *)found->ai_addr;
    printf("ping %s (%s): %lu bytes\n", host,
           inet_ntop(AF_INET, &to->sin_addr, address, sizeof address), options->size_bytes);
    int fd = socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
    bool ready = fd >= 0 && setsockopt(fd, IPPROTO_IP, IP_TTL, &ttl, sizeof ttl) == 0 &&
                 connect(fd, found->ai_addr, found->ai_addrlen) == 0;
    freeaddrinfo(found);
    if (!ready) {
        printf("ping: %s: %s\n", host, strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    return fd;
}

static bool ping_host(const char *host, const struct options *options)
{
    struct tally tally = {0};
    int fd = open_to(host, options);
    if (fd < 0) {
        return false;
    }
    for (unsigned long i = 0; i < options->count; i++) {
        uint64_t next_ns = denali_now_ns() + options->interval_ms * MILLISECOND_NS;
        ping_once(fd, (unsigned)i, options, &tally);
        if (i + 1 < options->count) {
            denali_idle_until(next_ns);
        }
    }
    printf("%s: %lu of %lu answered", host, tally.answered, tally.sent);
    if (tally.answered > 0) {
        printf(", min/mean/max %.3f/%.3f/%.3f ms", ms_of(tally.least_ns),
               ms_of(tally.sum_ns / tally.answered), ms_of(tally.most_ns));
    }
    printf("\n");
    close(fd);
    return tally.answered == tally.sent;
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"--count", "--interval-ms", "--timeout-ms",
                                        "--size",  "--ttl",         NULL};
    int options_end = 1;
    while (options_end + 1 < argc && strncmp(argv[options_end], "--", 2) == 0) {
        options_end += 2;
    }
    arguments_check(options_end, argv, names);
    struct options options = {
        .count = argument_number(options_end, argv, "--count", 4, 1, 65535),
        .interval_ms = argument_number(options_end, argv, "--interval-ms", 1000, 0, 3600000),
        .timeout_ms = argument_number(options_end, argv, "--timeout-ms", 1000, 1, 3600000),
        .size_bytes = argument_number(options_end, argv, "--size", 56, 0, SIZE_MOST),
        .ttl = argument_number(options_end, argv, "--ttl", 64, 1, 255),
    };
    if (options_end >= argc) {
        printf("usage: ping [--count N] [--interval-ms N] [--timeout-ms N] [--size N] [--ttl N] "
               "HOST...\n");
        return 2;
    }
    bool all = true;
    for (int i = options_end; i < argc; i++) {
        all = ping_host(argv[i], &options) && all;
    }
    return all ? 0 : 1;
}
