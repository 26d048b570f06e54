/* The native stand-in for the guest kit; see denali.h here. */
#include "denali.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static uint64_t start_ns;

static uint64_t monotonic_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void start_set(void)
{
    const char *given = getenv("DENALI_START_NS");
    start_ns = given ? strtoull(given, NULL, 10) : monotonic_ns();
}

uint64_t denali_now_ns(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, start_set);
    return monotonic_ns() - start_ns;
}

static uint32_t number_of(const char *variable, uint32_t otherwise)
{
    const char *text = getenv(variable);
    return text ? (uint32_t)strtoul(text, NULL, 10) : otherwise;
}

uint32_t denali_node_index(void)
{
    return number_of("DENALI_NODE_INDEX", 0);
}

uint32_t denali_node_count(void)
{
    return number_of("DENALI_NODE_COUNT", 1);
}

/* One line in one write, so that the lines of many processes do not mix. */
static void report(const char *kind, const char *name, double value)
{
    printf("%s %s %.6f %.9f\n", kind, name, value, (double)denali_now_ns() / 1e9);
    fflush(stdout);
}

void denali_observe(const char *name, double value)
{
    report("observe", name, value);
}

void denali_milestone(const char *name)
{
    report("milestone", name, 0);
}
