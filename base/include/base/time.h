/*
 * Virtual time: uint64_t nanoseconds since the start of the run, and its exact conversion to and
 * from the cycles of a processor of a given speed. One instruction is one cycle. The conversions
 * carry the whole remainder (128-bit products), so no error ever accumulates.
 *
 * Host time is not here: only base/host_clock.h reads it, for progress output.
 */
#ifndef DENALI_BASE_TIME_H
#define DENALI_BASE_TIME_H

#include <stdint.h>

#include <base/public.h>

DENALI_API_BEGIN

#define TIME_NS_PER_S 1000000000ull
#define TIME_NEVER    UINT64_MAX /* no deadline */

__extension__ typedef unsigned __int128 time_product;

/* The virtual time at a cycle count, rounded down, as a clock read is. cpu_hz > 0. */
static inline uint64_t time_of_cycles(uint64_t cycles, uint64_t cpu_hz)
{
    return (uint64_t)((time_product)cycles * TIME_NS_PER_S / cpu_hz);
}

/*
 * The first cycle count at or after time_ns: time_of_cycles(result) >= time_ns, and the result is
 * the least such. Saturates at UINT64_MAX. cpu_hz > 0.
 */
static inline uint64_t time_to_cycles(uint64_t time_ns, uint64_t cpu_hz)
{
    time_product cycles = ((time_product)time_ns * cpu_hz + (TIME_NS_PER_S - 1)) / TIME_NS_PER_S;
    return cycles > UINT64_MAX ? UINT64_MAX : (uint64_t)cycles;
}

DENALI_API_END

#endif
