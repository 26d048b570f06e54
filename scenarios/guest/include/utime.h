/* newlib's <utime.h> with the function, as POSIX.1-2008. */
#ifndef DENALI_UTIME_H
#define DENALI_UTIME_H

#include_next <utime.h>

#ifdef __cplusplus
extern "C" {
#endif

int utime(const char *path, const struct utimbuf *times);

#ifdef __cplusplus
}
#endif

#endif
