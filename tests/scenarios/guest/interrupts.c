/* A program that wants interrupts: a timer interrupts a busy loop, and sockets go on working. */
#include <arpa/inet.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include <denali.h>

#include "check.h"

#define MILLISECOND_NS 1000000ull

static volatile uint32_t kinds_seen;
static volatile uint64_t seen_at_ns;

static void on_interrupt(uint32_t kinds)
{
    kinds_seen |= kinds;
    seen_at_ns = denali_now_ns();
}

int main(void)
{
    uint64_t start_ns = denali_now_ns();
    uint64_t due_ns = start_ns + 5 * MILLISECOND_NS;

    /* Without a handler the timer only ends a wait. */
    denali_timer_set(due_ns);
    denali_idle_until(due_ns + MILLISECOND_NS);
    CHECK(kinds_seen == 0);

    denali_interrupt_handler(on_interrupt);
    due_ns = denali_now_ns() + 5 * MILLISECOND_NS;
    denali_timer_set(due_ns);
    while (!kinds_seen && denali_now_ns() < due_ns + 50 * MILLISECOND_NS)
        continue;
    CHECK(kinds_seen == DENALI_INTERRUPT_TIMER);
    CHECK(seen_at_ns >= due_ns && seen_at_ns < due_ns + MILLISECOND_NS);

    /* While the machine sleeps, too; the sleep is not cut short. */
    kinds_seen = 0;
    start_ns = denali_now_ns();
    denali_timer_set(start_ns + 3 * MILLISECOND_NS);
    CHECK(usleep(10000) == 0);
    CHECK(kinds_seen == DENALI_INTERRUPT_TIMER && denali_now_ns() >= start_ns + 10000000);

    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof own;
    char byte = 'x';
    int descriptor = socket(AF_INET, SOCK_DGRAM, 0);
    CHECK(bind(descriptor, (struct sockaddr *)&own, sizeof own) == 0);
    CHECK(getsockname(descriptor, (struct sockaddr *)&own, &size) == 0);
    CHECK(sendto(descriptor, &byte, 1, 0, (struct sockaddr *)&own, size) == 1);
    CHECK(recv(descriptor, &byte, 1, 0) == 1);

    denali_interrupt_handler(NULL);
    kinds_seen = 0;
    denali_timer_set(denali_now_ns() + MILLISECOND_NS);
    denali_idle_until(denali_now_ns() + 3 * MILLISECOND_NS);
    CHECK(kinds_seen == 0);
    return checks_result("interrupts");
}
