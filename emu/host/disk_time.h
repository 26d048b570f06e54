/*
 * The time of one request on a host's disk: what disk_model.c asks. Knows the geometry and where
 * the head is, no queue and no requester.
 */
#ifndef DENALI_EMU_HOST_DISK_TIME_H
#define DENALI_EMU_HOST_DISK_TIME_H

#include "disk_model.h"

/* A time to the fraction of a nanosecond: fraction / units_per_ns of one. */
struct disk_exact {
    uint64_t ns;
    uint64_t fraction;
};

static inline uint64_t disk_exact_ceil(struct disk_exact time)
{
    return time.ns + (time.fraction != 0);
}

struct disk_geometry {
    uint64_t units_per_ns; /* in whose multiples all of a disk's times are whole numbers */
    uint64_t tracks;       /* 1 for flash */
    uint64_t cylinders;    /* same */
};

enum status disk_params_check(const struct emu_disk_params *params, struct error *error) MUST_USE;
struct disk_geometry disk_geometry_of(const struct emu_disk_params *params);

/* When a request that is begun at start ends; *track, where the head is, is moved. */
struct disk_exact disk_time_end(const struct emu_disk_params *params,
                                const struct disk_geometry *geometry, struct disk_exact start,
                                const struct emu_disk_request *request, uint64_t *track);

#endif
