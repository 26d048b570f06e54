/* Functions of POSIX.1-2008 that newlib does not have, and that need nothing of the machine. */
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <malloc.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* --- Lines ---------------------------------------------------------------------------------- */

ssize_t getdelim(char **restrict line, size_t *restrict room_bytes, int delimiter,
                 FILE *restrict stream)
{
    size_t length = 0;
    int c;
    if (!line || !room_bytes) {
        errno = EINVAL;
        return -1;
    }
    if (!*line)
        *room_bytes = 0;
    do {
        if (length + 2 > *room_bytes) {
            size_t room = *room_bytes ? *room_bytes * 2 : 128;
            char *longer = room <= SSIZE_MAX ? realloc(*line, room) : NULL;
            if (!longer) {
                errno = room <= SSIZE_MAX ? ENOMEM : EOVERFLOW;
                return -1;
            }
            *line = longer;
            *room_bytes = room;
        }
        c = getc(stream);
        if (c != EOF)
            (*line)[length++] = (char)c;
    } while (c != EOF && c != delimiter);
    (*line)[length] = 0;
    return length > 0 ? (ssize_t)length : -1;
}

ssize_t getline(char **restrict line, size_t *restrict room_bytes, FILE *restrict stream)
{
    return getdelim(line, room_bytes, '\n', stream);
}

void flockfile(FILE *stream)
{
    (void)stream;
}

int ftrylockfile(FILE *stream)
{
    (void)stream;
    return 0;
}

void funlockfile(FILE *stream)
{
    (void)stream;
}

/* --- Paths ---------------------------------------------------------------------------------- */

/* Without the slashes at the end; the length of "/" is 1. */
static size_t trimmed(const char *path, size_t length)
{
    while (length > 1 && path[length - 1] == '/')
        length--;
    return length;
}

char *basename(char *path)
{
    static char dot[] = ".";
    size_t length;
    if (!path || !*path)
        return dot;
    length = trimmed(path, strlen(path));
    path[length] = 0;
    while (length > 1 && path[length - 1] != '/')
        length--;
    return path[length - 1] == '/' && path[length] ? path + length : path;
}

char *dirname(char *path)
{
    static char dot[] = ".";
    size_t length = path ? trimmed(path, strlen(path)) : 0;
    while (length > 0 && path[length - 1] != '/')
        length--;
    if (length == 0)
        return dot;
    path[trimmed(path, length)] = 0;
    return path;
}

/* --- Memory, time, processor ---------------------------------------------------------------- */

int posix_memalign(void **memory, size_t alignment, size_t size_bytes)
{
    if (alignment < sizeof(void *) || alignment & (alignment - 1))
        return EINVAL;
    *memory = memalign(alignment, size_bytes);
    return *memory ? 0 : ENOMEM;
}

/* Days since 1970-01-01 in the Gregorian calendar, with years that begin in March: then leap days
 * are at the end of one. */
static long long days_from(long long year, int month, int day)
{
    long long era, of_era;
    int of_year;
    year -= month <= 2;
    era = (year >= 0 ? year : year - 399) / 400;
    of_era = year - era * 400;
    of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

time_t timegm(struct tm *parts)
{
    long long year = parts->tm_year + 1900LL + parts->tm_mon / 12;
    int month = parts->tm_mon % 12;
    long long days;
    time_t time;
    if (month < 0) {
        month += 12;
        year--;
    }
    days = days_from(year, month + 1, 1) + parts->tm_mday - 1;
    time = (time_t)(((days * 24 + parts->tm_hour) * 60 + parts->tm_min) * 60 + parts->tm_sec);
    gmtime_r(&time, parts); /* fields out of their range go on in the next */
    return time;
}

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *duration,
                    struct timespec *remaining)
{
    struct timespec wait = *duration, now;
    int before = errno, error = 0;
    if (clock_gettime(clock, &now) != 0) {
        errno = before;
        return EINVAL;
    }
    if (flags & TIMER_ABSTIME) {
        wait.tv_sec -= now.tv_sec;
        wait.tv_nsec -= now.tv_nsec;
        if (wait.tv_nsec < 0) {
            wait.tv_nsec += 1000000000;
            wait.tv_sec--;
        }
        if (wait.tv_sec < 0)
            return 0;
        remaining = NULL;
    }
    if (nanosleep(&wait, remaining) != 0)
        error = errno;
    errno = before;
    return error;
}

int sched_yield(void)
{
    return 0;
}
