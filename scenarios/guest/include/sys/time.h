/* newlib's <sys/time.h>, and what it declares for no system. */
#ifndef DENALI_SYS_TIME_H
#define DENALI_SYS_TIME_H

#include_next <sys/time.h>

#ifndef ITIMER_REAL
#define ITIMER_REAL    0
#define ITIMER_VIRTUAL 1
#define ITIMER_PROF    2

struct itimerval {
    struct timeval it_interval;
    struct timeval it_value;
};
#endif

#ifdef __cplusplus
extern "C" {
#endif

int getitimer(int timer, struct itimerval *value);
int setitimer(int timer, const struct itimerval *__restrict value,
              struct itimerval *__restrict old);

#ifdef __cplusplus
}
#endif

#endif
