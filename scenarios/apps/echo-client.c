/*
 * Sends requests to a UDP echo server at a steady interval, checks every answer byte for byte, and
 * ends with code 0 if all came back, else 1.
 *
 *   echo-client --server 10.0.0.1 [--port 7] [--count 10] [--interval-ms 1000] [--size 64]
 *               [--timeout-ms 5000]
 *
 * Observes for every request echo.success (0 or 1) and, if it came back, echo.rtt_ms. A request is
 * answered or given up before the next is sent.
 */
#include "arguments.h"

#include <denali.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <time.h>

#define MILLISECOND_NS UINT64_C(1000000)
#define SIZE_MIN       8u
#define SIZE_MAX_BYTES 8192u

/* The request number, then bytes that follow from it: an answer to another request is seen. */
static void fill(uint8_t *bytes, size_t size_bytes, uint32_t number)
{
    uint32_t state = number * 2654435761u + 1;
    memcpy(bytes, &number, sizeof(number));
    for (size_t i = sizeof(number); i < size_bytes; i++) {
        state = state * 1664525u + 1013904223u;
        bytes[i] = (uint8_t)(state >> 24);
    }
}

static int connect_to(const char *server, unsigned long port)
{
    char service[12];
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_DGRAM};
    struct addrinfo *found;
    snprintf(service, sizeof(service), "%lu", port);
    int failed = getaddrinfo(server, service, &hints, &found);
    if (failed != 0) {
        printf("echo-client: --server %s: %s\n", server, gai_strerror(failed));
        exit(2);
    }
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd < 0 || connect(fd, found->ai_addr, found->ai_addrlen) != 0) {
        printf("echo-client: %s: %s\n", server, strerror(errno));
        exit(1);
    }
    freeaddrinfo(found);
    return fd;
}

/* Waits for the answer to what is in sent, until deadline_ns; late answers are passed over. */
static bool await(int fd, const uint8_t *sent, size_t size_bytes, uint64_t deadline_ns)
{
    static uint8_t answer[SIZE_MAX_BYTES + 1];
    for (uint64_t now_ns = denali_now_ns(); now_ns < deadline_ns; now_ns = denali_now_ns()) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        int wait_ms = (int)((deadline_ns - now_ns + MILLISECOND_NS - 1) / MILLISECOND_NS);
        if (poll(&wait, 1, wait_ms) == 1 &&
            recv(fd, answer, sizeof(answer), 0) == (ssize_t)size_bytes &&
            memcmp(answer, sent, size_bytes) == 0) {
            return true;
        }
    }
    return false;
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"--server", "--port",       "--count", "--interval-ms",
                                        "--size",   "--timeout-ms", NULL};
    static uint8_t request[SIZE_MAX_BYTES];
    arguments_check(argc, argv, names);
    const char *server = argument_text(argc, argv, "--server", "10.0.0.1");
    unsigned long port = argument_number(argc, argv, "--port", 7, 1, 65535);
    unsigned long count = argument_number(argc, argv, "--count", 10, 1, 1000000000);
    unsigned long interval_ms = argument_number(argc, argv, "--interval-ms", 1000, 0, 3600000);
    unsigned long timeout_ms = argument_number(argc, argv, "--timeout-ms", 5000, 1, 3600000);
    size_t size_bytes = argument_number(argc, argv, "--size", 64, SIZE_MIN, SIZE_MAX_BYTES);
    unsigned long answered = 0;
    int fd = connect_to(server, port);
    for (unsigned long i = 0; i < count; i++) {
        uint64_t start_ns = denali_now_ns();
        fill(request, size_bytes, (uint32_t)i);
        bool success = send(fd, request, size_bytes, 0) == (ssize_t)size_bytes &&
                       await(fd, request, size_bytes, start_ns + timeout_ms * MILLISECOND_NS);
        uint64_t end_ns = denali_now_ns();
        if (success) {
            denali_observe("echo.rtt_ms", (double)(uint32_t)((end_ns - start_ns) / 1000) / 1000);
            answered++;
        }
        denali_observe("echo.success", success);
        uint64_t next_ns = start_ns + interval_ms * MILLISECOND_NS;
        if (i + 1 < count && next_ns > end_ns) {
            struct timespec rest = {.tv_sec = (time_t)((next_ns - end_ns) / 1000000000),
                                    .tv_nsec = (long)((next_ns - end_ns) % 1000000000)};
            nanosleep(&rest, NULL);
        }
    }
    printf("echo-client: %lu of %lu answered\n", answered, count);
    return answered == count ? 0 : 1;
}
