/*
 * A client of session-host: opens sessions, asks the machine of each for primes, checks its answers
 * and closes the session.
 *
 *   session-client --host chief --pool warm --first 1 [--kind warm] [--base 0] [--sessions 10]
 *                  [--questions 20] [--pause-ms 20] [--count 200000]
 *
 * Machine m of its kind of pool is node --pool-<m + --first>; --base is the number that
 * session-host has for the first. Observes for each session <kind>.first_answer_ms, from asking for
 * it until its first answer, and <kind>.right, how many answers were right; session.none where no
 * machine was to be had. Runs until its sessions are over; code 0 if all was right.
 */
#include "arguments.h"
#include "sessions.h"

#include <denali.h>

#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#define MS_NS      UINT64_C(1000000)
#define WAIT_MS    500 /* for an answer, before it is asked again */
#define TRIES      4
#define PRIME_PORT "2000"

static int connect_to(const char *name, const char *service)
{
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_DGRAM}, *found;
    int failed = getaddrinfo(name, service, &hints, &found);
    if (failed) {
        printf("session-client: %s: %s\n", name, gai_strerror(failed));
        exit(2);
    }
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd < 0 || connect(fd, found->ai_addr, found->ai_addrlen) != 0) {
        perror("session-client: connect");
        exit(1);
    }
    freeaddrinfo(found);
    return fd;
}

/* Sends words and waits for as many or more whose word `match` is the same; false: none came. */
static bool ask(int fd, const uint32_t *sent, size_t sent_words, size_t match, uint32_t *answer,
                size_t answer_words)
{
    for (int i = 0; i < TRIES; i++) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        send(fd, sent, sent_words * sizeof *sent, 0);
        while (poll(&wait, 1, WAIT_MS) == 1) {
            if (recv(fd, answer, answer_words * sizeof *answer, 0) ==
                    (ssize_t)(answer_words * sizeof *answer) &&
                answer[match] == sent[match])
                return true;
        }
    }
    return false;
}

static bool is_prime(uint32_t n)
{
    for (uint32_t i = 2; (uint64_t)i * i <= n; i++)
        if (n % i == 0)
            return false;
    return n > 1;
}

/* Of two neighbouring answers: both primes, in order, and none in between. */
static bool neighbours(uint32_t a, uint32_t b)
{
    bool right = a < b && is_prime(a) && is_prime(b);
    for (uint32_t i = a + 1; i < b && right; i++)
        right = !is_prime(i);
    return right;
}

static uint32_t prime(int fd, uint32_t n)
{
    uint32_t sent = htonl(n), answer[2];
    return ask(fd, &sent, 1, 0, answer, 2) ? ntohl(answer[1]) : 0;
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"--host",  "--pool",     "--first",     "--kind",
                                        "--base",  "--sessions", "--questions", "--pause-ms",
                                        "--count", NULL};
    arguments_check(argc, argv, names);
    const char *kind = argument_text(argc, argv, "--kind", "warm");
    bool warm = strcmp(kind, "warm") == 0;
    unsigned long first = argument_number(argc, argv, "--first", 0, 0, 65535);
    unsigned long base = argument_number(argc, argv, "--base", 0, 0, 65535);
    unsigned long sessions = argument_number(argc, argv, "--sessions", 10, 1, 1000000);
    unsigned long questions = argument_number(argc, argv, "--questions", 20, 1, 1000000);
    uint64_t pause_ns = argument_number(argc, argv, "--pause-ms", 20, 0, 1000000) * MS_NS;
    uint32_t count = argument_number(argc, argv, "--count", 200000, 6, 1000000);
    int host = connect_to(argument_text(argc, argv, "--host", "chief"), "4000");
    char name[64];
    bool all_right = true;
    for (uint32_t i = 0; i < sessions; i++) {
        uint64_t start_ns = denali_now_ns();
        struct session_message message = {htonl(warm ? SESSION_OPEN_WARM : SESSION_OPEN_COLD),
                                          htonl(i), 0};
        struct session_message answer;
        if (!ask(host, &message.request, 3, 1, &answer.request, 3) ||
            answer.machine == SESSION_NONE) {
            denali_observe("session.none", 1);
            all_right = false;
            continue;
        }
        uint32_t machine = ntohl(answer.machine);
        snprintf(name, sizeof name, "%s-%lu", argument_text(argc, argv, "--pool", "warm"),
                 (unsigned long)machine + first);
        int server = connect_to(name, PRIME_PORT);
        unsigned long right = 0;
        for (unsigned long j = 0; j < questions; j++) {
            uint32_t n = (uint32_t)((i * 7919u + j * 104729u) % (count - 1)) + 1;
            uint32_t a = prime(server, n);
            if (j == 0) {
                snprintf(name, sizeof name, "%s.first_answer_ms", kind);
                denali_observe(name, (double)(denali_now_ns() - start_ns) / MS_NS);
            }
            right += neighbours(a, prime(server, n + 1));
        }
        snprintf(name, sizeof name, "%s.right", kind);
        denali_observe(name, (double)right);
        all_right &= right == questions;
        close(server);
        message.request = htonl(SESSION_CLOSE);
        message.machine = htonl(machine + (uint32_t)base);
        ask(host, &message.request, 3, 1, &answer.request, 3);
        denali_idle_until(denali_now_ns() + pause_ns);
    }
    return all_right ? 0 : 1;
}
