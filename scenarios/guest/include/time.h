/* newlib's <time.h>, and what programs expect beside it. */
#ifndef DENALI_TIME_H
#define DENALI_TIME_H

#include_next <time.h>

#ifdef __cplusplus
extern "C" {
#endif

time_t timegm(struct tm *parts); /* mktime without a time zone */

#ifndef TIMER_ABSTIME
#define TIMER_ABSTIME 4
#endif
int clock_nanosleep(clockid_t clock, int flags, const struct timespec *duration,
                    struct timespec *remaining);

#ifdef __cplusplus
}
#endif

#endif
