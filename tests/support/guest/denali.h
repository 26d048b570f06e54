/*
 * <denali.h> for running a guest program natively on the test's host: the same calls as the guest
 * kit's header, answered by the host's clock, environment and standard output.
 *
 *   DENALI_NODE_INDEX, DENALI_NODE_COUNT   who it is (0 of 1)
 *   DENALI_START_NS                        CLOCK_MONOTONIC at the start of the run (program start)
 */
#ifndef DENALI_H
#define DENALI_H

#include <stdint.h>

uint64_t denali_now_ns(void);
uint32_t denali_node_index(void);
uint32_t denali_node_count(void);
void denali_observe(const char *name, double value);
void denali_milestone(const char *name);

#endif
