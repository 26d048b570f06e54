/*
 * The host's clock, for progress output and wall-time figures only. The single place in the house
 * that reads host time; what it returns never reaches a guest, an event or a digest.
 */
#ifndef DENALI_BASE_HOST_CLOCK_H
#define DENALI_BASE_HOST_CLOCK_H

#include <stdint.h>

/* Monotonic host time in ns. */
uint64_t host_clock_ns(void);

/* The most resident memory this process has had, in bytes. */
uint64_t host_peak_rss_bytes(void);

#endif
