/*
 * A connection that says nothing for days: both ends ask for TCP keep-alives (RFC 9293, 3.8.4) and
 * wait; then the client sends a line and must have it back.
 *
 *   keep-alive [--port 7]                                              the server, for one client
 *   keep-alive --server ADDRESS [--port 7] [--hours 1]                 the client
 *   both: [--keep-idle-s 3600]
 *
 * The client observes keep_alive.survived: 1 if the answer came, else 0. Ends with code 0 if it
 * did.
 */
#include "arguments.h"

#include <denali.h>

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#define HOUR_NS (UINT64_C(3600) * 1000000000)

static const char line[] = "still there?\n";

static int fail(const char *what)
{
    printf("keep-alive: %s: %s\n", what, strerror(errno));
    return 1;
}

static bool keep_alive(int fd, int idle_s)
{
    int on = 1;
    return setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)) == 0 &&
           setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof(idle_s)) == 0;
}

static int serve(const struct addrinfo *own, int idle_s)
{
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (listener < 0 || bind(listener, own->ai_addr, own->ai_addrlen) != 0 ||
        listen(listener, 1) != 0) {
        return fail("listen");
    }
    int fd = accept(listener, NULL, NULL);
    if (fd < 0 || !keep_alive(fd, idle_s)) {
        return fail("accept");
    }
    char text[sizeof(line)];
    for (;;) {
        ssize_t got = read(fd, text, sizeof(text));
        if (got < 0) {
            return fail("read");
        }
        if (got == 0 || write(fd, text, (size_t)got) != got) {
            return 0;
        }
    }
}

/* Nothing may come, no end and no error, until the hours are over. */
static bool wait_in_silence(int fd, unsigned long hours)
{
    uint64_t end_ns = denali_now_ns() + hours * HOUR_NS;
    for (uint64_t now_ns = denali_now_ns(); now_ns < end_ns; now_ns = denali_now_ns()) {
        uint64_t left_ms = (end_ns - now_ns + 999999) / 1000000;
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        if (poll(&wait, 1, left_ms > 100000000 ? 100000000 : (int)left_ms) != 0) {
            return false;
        }
    }
    return true;
}

static int ask(const struct addrinfo *server, int idle_s, unsigned long hours)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, server->ai_addr, server->ai_addrlen) != 0) {
        return fail("connect");
    }
    char text[sizeof(line)];
    size_t size = sizeof(line) - 1;
    bool survived = keep_alive(fd, idle_s) && wait_in_silence(fd, hours) &&
                    write(fd, line, size) == (ssize_t)size &&
                    recv(fd, text, size, MSG_WAITALL) == (ssize_t)size &&
                    memcmp(text, line, size) == 0;
    denali_observe("keep_alive.survived", survived);
    close(fd);
    return survived ? 0 : 1;
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"--server", "--port", "--hours", "--keep-idle-s", NULL};
    arguments_check(argc, argv, names);
    const char *server = argument_text(argc, argv, "--server", NULL);
    const char *port = argument_text(argc, argv, "--port", "7");
    int idle_s = (int)argument_number(argc, argv, "--keep-idle-s", 3600, 1, 1000000);
    unsigned long hours = argument_number(argc, argv, "--hours", 1, 1, 1000);
    struct addrinfo hints = {
        .ai_family = AF_INET, .ai_socktype = SOCK_STREAM, .ai_flags = server ? 0 : AI_PASSIVE};
    struct addrinfo *found;
    int failed = getaddrinfo(server, port, &hints, &found);
    if (failed != 0) {
        printf("keep-alive: %s: %s\n", server ? server : port, gai_strerror(failed));
        return 2;
    }
    return server ? ask(found, idle_s, hours) : serve(found, idle_s);
}
