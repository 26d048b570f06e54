/*
 * Clocks and sleeping, all on virtual time: every clock counts from the start of the run. Sleeping
 * runs the event loop, so a sleeping machine still answers ARP and ping.
 */
#include <errno.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>

#include "loop.h"
#include "machine.h"

#define SECOND_NS      1000000000ull
#define MICROSECOND_NS 1000ull

static bool is_clock(clockid_t clock)
{
    return clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    uint64_t now_ns = machine_time_ns();
    if (!is_clock(clock)) {
        errno = EINVAL;
        return -1;
    }
    now->tv_sec = (time_t)(now_ns / SECOND_NS);
    now->tv_nsec = (long)(now_ns % SECOND_NS);
    return 0;
}

int clock_getres(clockid_t clock, struct timespec *resolution)
{
    if (!is_clock(clock)) {
        errno = EINVAL;
        return -1;
    }
    if (resolution) {
        resolution->tv_sec = 0;
        resolution->tv_nsec = 1;
    }
    return 0;
}

int clock_settime(clockid_t clock, const struct timespec *now)
{
    (void)clock;
    (void)now;
    errno = EPERM; /* virtual time belongs to the run */
    return -1;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    uint64_t now_ns = machine_time_ns();
    (void)zone;
    now->tv_sec = (time_t)(now_ns / SECOND_NS);
    now->tv_usec = (suseconds_t)(now_ns % SECOND_NS / MICROSECOND_NS);
    return 0;
}

/* Processor time is not kept apart from time: the machine is its program's alone. */
clock_t times(struct tms *times)
{
    clock_t now = (clock_t)(machine_time_ns() / (SECOND_NS / CLOCKS_PER_SEC));
    times->tms_utime = now;
    times->tms_stime = 0;
    times->tms_cutime = 0;
    times->tms_cstime = 0;
    return now;
}

static bool never(void *context)
{
    (void)context;
    return false;
}

/* True if an alarm cut it short. */
static bool sleep_until(uint64_t time_ns)
{
    return loop_await_interruptible(never, NULL, time_ns) == LOOP_INTERRUPTED;
}

static uint64_t left_until(uint64_t time_ns)
{
    uint64_t now_ns = machine_time_ns();
    return time_ns > now_ns ? time_ns - now_ns : 0;
}

int nanosleep(const struct timespec *duration, struct timespec *remaining)
{
    uint64_t until_ns = MACHINE_FOREVER_NS;
    if (duration->tv_sec < 0 || duration->tv_nsec < 0 || duration->tv_nsec >= (long)SECOND_NS) {
        errno = EINVAL;
        return -1;
    }
    if ((uint64_t)duration->tv_sec < MACHINE_FOREVER_NS / SECOND_NS)
        until_ns =
            loop_deadline((uint64_t)duration->tv_sec * SECOND_NS + (uint64_t)duration->tv_nsec);
    if (!sleep_until(until_ns))
        return 0;
    if (remaining) {
        uint64_t left_ns = left_until(until_ns);
        remaining->tv_sec = (time_t)(left_ns / SECOND_NS);
        remaining->tv_nsec = (long)(left_ns % SECOND_NS);
    }
    errno = EINTR;
    return -1;
}

int usleep(useconds_t microseconds)
{
    if (!sleep_until(loop_deadline(microseconds * MICROSECOND_NS)))
        return 0;
    errno = EINTR;
    return -1;
}

unsigned sleep(unsigned seconds)
{
    uint64_t until_ns = loop_deadline(seconds * SECOND_NS);
    return sleep_until(until_ns) ? (unsigned)((left_until(until_ns) + SECOND_NS - 1) / SECOND_NS)
                                 : 0;
}
