/*
 * Checks for test programs that run as guests. Each program returns the number of checks that
 * failed, at most 100, as its exit code, and prints one line for each.
 */
#ifndef GUEST_CHECK_H
#define GUEST_CHECK_H

#include <errno.h>
#include <stdio.h>

static int checks_failed;

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        errno = 0;                                                                                 \
        if (!(condition)) {                                                                        \
            int error = errno;                                                                     \
            printf("%s:%d: failed: %s (errno %d)\n", __FILE__, __LINE__, #condition, error);       \
            checks_failed++;                                                                       \
        }                                                                                          \
    } while (0)

/* The call fails with just this errno. */
#define CHECK_ERRNO(call, expected) CHECK((call) == -1 && errno == (expected))

static inline int checks_result(const char *program)
{
    printf("%s: %d checks failed\n", program, checks_failed);
    return checks_failed < 100 ? checks_failed : 100;
}

#endif
