/* The arithmetic of one direction of a link. Knows sizes and times, no frames. */
#include "pipe.h"

#include <base/time.h>

#define BITS_PER_BYTE 8ull

bool net_pipe_put(struct net_pipe *pipe, uint64_t rate_bps, uint32_t bound_bytes, uint64_t now_ns,
                  uint32_t size_bytes, struct net_pipe_times *times)
{
    if (rate_bps == 0) {
        times->done_ns = now_ns;
        times->queued_ns = 0;
        times->serialized_ns = 0;
        return true;
    }
    uint64_t start_ns = pipe->busy_ns;
    uint64_t fraction = pipe->busy_fraction;
    if (start_ns < now_ns) {
        start_ns = now_ns;
        fraction = 0;
    }
    /* Work in units of a billionth of a bit: rate_bps of them are done in a nanosecond. */
    const uint64_t byte_work = BITS_PER_BYTE * TIME_NS_PER_S;
    uint64_t work = size_bytes * byte_work;
    unsigned __int128 backlog = (unsigned __int128)(start_ns - now_ns) * rate_bps + fraction;
    if (backlog + work > (unsigned __int128)bound_bytes * byte_work) {
        return false;
    }
    work += fraction;
    pipe->busy_ns = start_ns + work / rate_bps;
    pipe->busy_fraction = work % rate_bps;
    times->done_ns = pipe->busy_ns + (pipe->busy_fraction != 0);
    times->queued_ns = start_ns - now_ns;
    times->serialized_ns = times->done_ns - start_ns;
    return true;
}
