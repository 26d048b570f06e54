/*
 * One direction of a link: a transmitter that sends bytes at a rate, with a bounded queue before
 * it. Kept as the time until which it is busy, exact to the fraction of a nanosecond; the frames
 * themselves wait in the world's events.
 */
#ifndef DENALI_NETSIM_PIPE_H
#define DENALI_NETSIM_PIPE_H

#include <stdbool.h>
#include <stdint.h>

struct net_pipe {
    uint64_t busy_ns;       /* sends what it has until busy_ns + busy_fraction / rate */
    uint64_t busy_fraction; /* in 1/rate ns; below rate */
};

struct net_pipe_times {
    uint64_t done_ns;       /* the last bit is on the link; after now_ns unless rate is 0 */
    uint64_t queued_ns;     /* rounded down */
    uint64_t serialized_ns; /* now_ns + queued_ns + serialized_ns == done_ns */
};

/* Puts a frame at now_ns on a pipe of rate_bps (0: infinite) whose queue is bounded to
 * bound_bytes. False, and nothing changed, if the queue is full. */
bool net_pipe_put(struct net_pipe *pipe, uint64_t rate_bps, uint32_t bound_bytes, uint64_t now_ns,
                  uint32_t size_bytes, struct net_pipe_times *times);

#endif
