/*
 * Assertions for what we get wrong. They stay on in release builds, have no side effects, and say
 * where the run stood. Nothing a guest or a user does may reach one.
 */
#ifndef DENALI_BASE_ASSERT_H
#define DENALI_BASE_ASSERT_H

#include <stdint.h>

#define ASSERT(condition)                                                                          \
    do {                                                                                           \
        if (__builtin_expect(!(condition), 0)) {                                                   \
            assert_fail(#condition, __FILE__, __LINE__);                                           \
        }                                                                                          \
    } while (0)

#define UNREACHABLE() assert_fail("unreachable", __FILE__, __LINE__)

/* Prints the condition, the place and the run's position, then aborts. */
void assert_fail(const char *condition, const char *file, int line) __attribute__((noreturn, cold));

/* Where this thread's run stands, for assert_fail's message. */
void assert_position_set(uint32_t node_index, uint64_t time_ns);

#endif
