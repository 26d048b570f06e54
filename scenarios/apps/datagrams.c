/*
 * A steady stream of UDP datagrams, and where it ends.
 *
 *   datagrams --to 10.0.0.1 [--port 9] [--size 100] [--interval-us 1000] [--count 1000000]
 *   datagrams [--port 9] [--report-ms 100]
 *
 * With --to it sends, at the interval or, with 0, as fast as it can. Without, it takes what comes
 * and observes datagrams.received, how many came in each stretch of --report-ms. Runs until the run
 * ends.
 */
#include "arguments.h"

#include <denali.h>

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define MS_NS      UINT64_C(1000000)
#define US_NS      UINT64_C(1000)
#define SIZE_LIMIT 1472u

static void fail(const char *what)
{
    printf("datagrams: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void take(unsigned long port, uint64_t report_ns)
{
    static uint8_t bytes[SIZE_LIMIT];
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    any.sin_addr.s_addr = htonl(INADDR_ANY);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof any) != 0)
        fail("bind");
    uint32_t count = 0;
    uint64_t report_at_ns = denali_now_ns() + report_ns;
    for (;;) {
        if (recv(fd, bytes, sizeof bytes, 0) >= 0)
            count++;
        uint64_t now_ns = denali_now_ns();
        if (now_ns >= report_at_ns) {
            denali_observe("datagrams.received", count);
            count = 0;
            report_at_ns += (now_ns - report_at_ns) / report_ns * report_ns + report_ns;
        }
    }
}

static void send_all(const char *to, unsigned long port, size_t size_bytes, uint64_t interval_ns,
                     unsigned long count)
{
    static uint8_t bytes[SIZE_LIMIT];
    char service[8];
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_DGRAM}, *found;
    snprintf(service, sizeof service, "%lu", port);
    int failed = getaddrinfo(to, service, &hints, &found);
    if (failed) {
        printf("datagrams: --to %s: %s\n", to, gai_strerror(failed));
        exit(2);
    }
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd < 0 || connect(fd, found->ai_addr, found->ai_addrlen) != 0)
        fail(to);
    freeaddrinfo(found);
    uint64_t due_ns = denali_now_ns();
    for (unsigned long i = 0; i < count; i++) {
        send(fd, bytes, size_bytes, 0);
        due_ns += interval_ns;
        denali_idle_until(due_ns);
    }
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"--to",    "--port",      "--size", "--interval-us",
                                        "--count", "--report-ms", NULL};
    arguments_check(argc, argv, names);
    const char *to = argument_text(argc, argv, "--to", NULL);
    unsigned long port = argument_number(argc, argv, "--port", 9, 1, 65535);
    size_t size_bytes = argument_number(argc, argv, "--size", 100, 1, SIZE_LIMIT);
    uint64_t interval_ns = argument_number(argc, argv, "--interval-us", 1000, 0, 60000000) * US_NS;
    uint64_t report_ns = argument_number(argc, argv, "--report-ms", 100, 1, 3600000) * MS_NS;
    if (to)
        send_all(to, port, size_bytes, interval_ns,
                 argument_number(argc, argv, "--count", 1000000, 1, 4000000000ul));
    else
        take(port, report_ns);
    return 0;
}
