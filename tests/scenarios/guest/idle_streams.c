/*
 * Two machines with connections that do nothing for days: one kept alive, one that ended and is in
 * TIME_WAIT. `idle_streams serve` and `idle_streams ADDRESS`; the test looks at how often they
 * woke.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <denali.h>

#include "check.h"

#define PORT        5200
#define HOUR_NS     3600000000000ull
#define KEEP_IDLE_S 7200
#define QUIET_HOURS 72

static int new_socket(void)
{
    int descriptor = socket(AF_INET, SOCK_STREAM, 0), on = 1, idle_s = KEEP_IDLE_S;
    CHECK(setsockopt(descriptor, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on) == 0);
    CHECK(setsockopt(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s) == 0);
    return descriptor;
}

/* One that says goodbye at once, then one that stays. */
static void serve(void)
{
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    int listener = new_socket(), kept;
    char bytes[8];
    CHECK(bind(listener, (struct sockaddr *)&own, sizeof own) == 0 && listen(listener, 2) == 0);
    int ended = accept(listener, NULL, NULL);
    CHECK(recv(ended, bytes, sizeof bytes, 0) == 0 && close(ended) == 0);
    kept = accept(listener, NULL, NULL);
    CHECK(recv(kept, bytes, 5, MSG_WAITALL) == 5 && send(kept, bytes, 5, 0) == 5);
    CHECK(recv(kept, bytes, sizeof bytes, 0) == 0);
}

static void stay(const char *address)
{
    struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    int ended = new_socket(), kept = new_socket();
    char bytes[8];
    peer.sin_addr.s_addr = inet_addr(address);
    CHECK(connect(ended, (struct sockaddr *)&peer, sizeof peer) == 0 && close(ended) == 0);
    CHECK(connect(kept, (struct sockaddr *)&peer, sizeof peer) == 0);
    denali_idle_until(denali_now_ns() + QUIET_HOURS * HOUR_NS);
    CHECK(send(kept, "still", 5, 0) == 5 && recv(kept, bytes, 5, MSG_WAITALL) == 5);
    CHECK(memcmp(bytes, "still", 5) == 0);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "serve") == 0)
        serve();
    else if (argc == 2)
        stay(argv[1]);
    else
        return 100;
    return checks_result("idle_streams");
}
