/*
 * Clocks and sleeping, all on virtual time: every clock counts from the start of the run. Sleeping
 * runs the event loop, so a sleeping machine still answers ARP and ping.
 */
#include <errno.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>

#include <denali.h>

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

int nanosleep(const struct timespec *duration, struct timespec *remaining)
{
    if (duration->tv_sec < 0 || duration->tv_nsec < 0 || duration->tv_nsec >= (long)SECOND_NS) {
        errno = EINVAL;
        return -1;
    }
    if ((uint64_t)duration->tv_sec > MACHINE_FOREVER_NS / SECOND_NS - 1)
        denali_idle_until(MACHINE_FOREVER_NS);
    else
        denali_idle_until(
            loop_deadline((uint64_t)duration->tv_sec * SECOND_NS + (uint64_t)duration->tv_nsec));
    if (remaining)
        remaining->tv_sec = remaining->tv_nsec = 0;
    return 0;
}

int usleep(useconds_t microseconds)
{
    denali_idle_until(loop_deadline(microseconds * MICROSECOND_NS));
    return 0;
}

unsigned sleep(unsigned seconds)
{
    denali_idle_until(loop_deadline(seconds * SECOND_NS));
    return 0;
}
