/* newlib's <limits.h>, and what POSIX.1-2008 has beside it. */
#ifndef DENALI_LIMITS_H
#define DENALI_LIMITS_H

#include_next <limits.h>

#include <sys/syslimits.h> /* NAME_MAX and its like */

#ifndef SSIZE_MAX
#define SSIZE_MAX INT_MAX
#endif
#ifndef HOST_NAME_MAX
#define HOST_NAME_MAX 64
#endif

#undef PATH_MAX /* newlib's two headers do not agree */
#define PATH_MAX 1024

#endif
