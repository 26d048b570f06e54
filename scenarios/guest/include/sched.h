/* newlib's <sched.h>, with the one function that a machine of one thread can have. */
#ifndef DENALI_SCHED_H
#define DENALI_SCHED_H

#include_next <sched.h>

#ifdef __cplusplus
extern "C" {
#endif

int sched_yield(void);

#ifdef __cplusplus
}
#endif

#endif
