/*
 * Answers which the n-th prime is, over UDP, from a table that takes it a while to make; and the
 * snapshots of machines that save it that.
 *
 *   primes [--port 2000] [--count 200000] [--wait 0]
 *
 * A question is n, from 1 to --count, as a 32-bit number in network order, the answer n and the
 * prime. With --wait 1 it waits, once it has its table, until it goes on from a snapshot of itself,
 * and opens its socket only then. Observes primes.table_ms, how long the table took. Runs until the
 * run ends.
 */
#include "arguments.h"

#include <denali.h>

#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>

#define COUNT_MAX 1000000u
#define ABOVE(n)  ((n)*18u) /* the millionth prime is 15485863 */

/* Eratosthenes' sieve, a bit for each odd number. */
static uint32_t *make_table(uint32_t count)
{
    uint32_t limit = ABOVE(count) / 2 + 8;
    uint32_t *table = malloc((count + 1) * sizeof *table);
    uint8_t *composite = calloc(limit / 8 + 1, 1);
    uint32_t found = 1;
    if (!table || !composite) {
        printf("primes: not enough memory for %lu primes\n", (unsigned long)count);
        exit(1);
    }
    table[1] = 2;
    for (uint32_t i = 1; i < limit && found < count; i++) {
        if (composite[i / 8] >> i % 8 & 1)
            continue;
        table[++found] = 2 * i + 1;
        for (uint64_t j = 2 * (uint64_t)i * (i + 1); j < limit; j += 2 * i + 1)
            composite[j / 8] |= (uint8_t)(1 << j % 8);
    }
    free(composite);
    return table;
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"--port", "--count", "--wait", NULL};
    arguments_check(argc, argv, names);
    uint16_t port = (uint16_t)argument_number(argc, argv, "--port", 2000, 1, 65535);
    uint32_t count = argument_number(argc, argv, "--count", 200000, 6, COUNT_MAX);
    uint64_t start_ns = denali_now_ns();
    uint32_t *table = make_table(count);
    denali_observe("primes.table_ms", (double)(denali_now_ns() - start_ns) / 1e6);
    if (argument_number(argc, argv, "--wait", 0, 0, 1))
        denali_clone_wait();
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(port)};
    if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof any) != 0) {
        perror("primes: bind");
        return 1;
    }
    for (;;) {
        struct sockaddr_in from;
        socklen_t from_bytes = sizeof from;
        uint32_t message[2];
        ssize_t got =
            recvfrom(fd, message, sizeof message, 0, (struct sockaddr *)&from, &from_bytes);
        uint32_t n = got == 4 ? ntohl(message[0]) : 0;
        if (n < 1 || n > count)
            continue;
        message[1] = htonl(table[n]);
        sendto(fd, message, sizeof message, 0, (struct sockaddr *)&from, from_bytes);
    }
}
