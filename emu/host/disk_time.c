/*
 * The time of one request on a host's disk, in exact arithmetic.
 *
 * Units. A revolution takes 60e9 / rpm ns and a sector a sectors_per_track-th of that, so in units
 * of 1 / (rpm * sectors_per_track) ns a sector is 60e9 units and a revolution sectors_per_track
 * times as many: whole numbers. On flash a byte is 1e9 units of 1 / rate ns.
 */
#include "disk_time.h"

#include <inttypes.h>

#include <base/time.h>

#define MINUTE_NS 60000000000ull

struct emu_disk_params emu_disk_params_2002(void)
{
    return (struct emu_disk_params){
        .kind = EMU_DISK_ROTATING,
        .order = EMU_DISK_SCAN,
        .sector_count = 80000000000ull / EMU_DISK_SECTOR_BYTES,
        .overhead_ns = 100000,
        .heads = 4,
        .sectors_per_track = 700,
        .rpm = 7200,
        .seek_track_ns = 800000,
        .seek_average_ns = 8500000,
        .seek_full_ns = 17000000,
        .head_switch_ns = 800000,
        .track_skew_sectors = 68, /* 0.8 ms are 67.2 sectors */
        .cylinder_skew_sectors = 68,
    };
}

struct emu_disk_params emu_disk_params_flash(void)
{
    return (struct emu_disk_params){
        .kind = EMU_DISK_FLASH,
        .order = EMU_DISK_FIFO,
        .sector_count = 512000000000ull / EMU_DISK_SECTOR_BYTES,
        .overhead_ns = 5000,
        .channels = 8,
        .read_ns = 80000,
        .write_ns = 20000,
        .rate_bytes_per_s = 400000000,
    };
}

/* --- Checks --------------------------------------------------------------------------------- */

static enum status out_of_range(struct error *error, const char *field, uint64_t value,
                                uint64_t least, uint64_t most)
{
    return error_set(error, STATUS_INVALID, NULL, 0,
                     "%s is %" PRIu64 ", expected %" PRIu64 " to %" PRIu64, field, value, least,
                     most);
}

struct range {
    const char *field;
    uint64_t value;
    uint64_t least;
    uint64_t most;
};

static enum status ranges_check(const struct range *ranges, size_t count, struct error *error)
{
    for (size_t i = 0; i < count; i++) {
        const struct range *range = &ranges[i];
        if (range->value < range->least || range->value > range->most) {
            return out_of_range(error, range->field, range->value, range->least, range->most);
        }
    }
    return STATUS_OK;
}

enum status disk_params_check(const struct emu_disk_params *params, struct error *error)
{
    const uint64_t skew_max = params->sectors_per_track ? params->sectors_per_track - 1 : 0;
    const struct range common[] = {
        {"kind", params->kind, EMU_DISK_ROTATING, EMU_DISK_FLASH},
        {"order", params->order, EMU_DISK_FIFO, EMU_DISK_SCAN},
        {"sector_count", params->sector_count, 1, EMU_DISK_SECTORS_MAX},
        {"overhead_ns", params->overhead_ns, 0, EMU_DISK_TIME_MAX_NS},
    };
    const struct range rotating[] = {
        {"heads", params->heads, 1, 255},
        {"sectors_per_track", params->sectors_per_track, 1, 65535},
        {"rpm", params->rpm, 1, 100000},
        {"seek_full_ns", params->seek_full_ns, 0, EMU_DISK_TIME_MAX_NS},
        {"seek_average_ns", params->seek_average_ns, 0, params->seek_full_ns},
        {"seek_track_ns", params->seek_track_ns, 0, params->seek_average_ns},
        {"head_switch_ns", params->head_switch_ns, 0, EMU_DISK_TIME_MAX_NS},
        {"track_skew_sectors", params->track_skew_sectors, 0, skew_max},
        {"cylinder_skew_sectors", params->cylinder_skew_sectors, 0, skew_max},
    };
    const struct range flash[] = {
        {"channels", params->channels, 1, EMU_DISK_CHANNELS_MAX},
        {"read_ns", params->read_ns, 0, EMU_DISK_TIME_MAX_NS},
        {"write_ns", params->write_ns, 0, EMU_DISK_TIME_MAX_NS},
        {"rate_bytes_per_s", params->rate_bytes_per_s, 1000, 1000000000000ull},
    };
    enum status status = ranges_check(common, sizeof common / sizeof *common, error);
    if (status != STATUS_OK) {
        return status;
    }
    return params->kind == EMU_DISK_ROTATING
               ? ranges_check(rotating, sizeof rotating / sizeof *rotating, error)
               : ranges_check(flash, sizeof flash / sizeof *flash, error);
}

struct disk_geometry disk_geometry_of(const struct emu_disk_params *params)
{
    if (params->kind == EMU_DISK_FLASH) {
        return (struct disk_geometry){
            .units_per_ns = params->rate_bytes_per_s, .tracks = 1, .cylinders = 1};
    }
    uint64_t tracks =
        (params->sector_count + params->sectors_per_track - 1) / params->sectors_per_track;
    return (struct disk_geometry){
        .units_per_ns = (uint64_t)params->rpm * params->sectors_per_track,
        .tracks = tracks,
        .cylinders = (tracks + params->heads - 1) / params->heads,
    };
}

/* --- Time ----------------------------------------------------------------------------------- */

/* The integer part of the square root, by digits (Crenshaw 1998). */
static uint64_t square_root(uint64_t value)
{
    uint64_t root = 0;
    for (uint64_t bit = 1ull << 62; bit; bit >>= 2) {
        if (value >= root + bit) {
            value -= root + bit;
            root = (root >> 1) + bit;
        } else {
            root >>= 1;
        }
    }
    return root;
}

static uint64_t seek_ns(const struct emu_disk_params *params, uint64_t cylinders, uint64_t distance)
{
    if (distance == 0) {
        return 0;
    }
    uint64_t third = cylinders / 3 ? cylinders / 3 : 1;
    if (distance > third) {
        time_product rise = (time_product)(params->seek_full_ns - params->seek_average_ns) *
                            (distance - third) / (cylinders - 1 - third);
        return params->seek_average_ns + (uint64_t)rise;
    }
    if (third == 1) {
        return params->seek_track_ns;
    }
    uint64_t rise_ns = params->seek_average_ns - params->seek_track_ns;
    time_product square = (time_product)rise_ns * rise_ns * (distance - 1) / (third - 1);
    return params->seek_track_ns + square_root((uint64_t)square);
}

uint64_t emu_disk_seek_ns(const struct emu_disk_params *params, uint64_t cylinders)
{
    uint64_t count = disk_geometry_of(params).cylinders;
    return seek_ns(params, count, cylinders < count ? cylinders : count - 1);
}

static void add(struct disk_exact *time, uint64_t units, uint64_t units_per_ns)
{
    time_product sum = (time_product)time->fraction + units;
    time->ns += (uint64_t)(sum / units_per_ns);
    time->fraction = (uint64_t)(sum % units_per_ns);
}

/* To a track: the arm if it is on another cylinder, otherwise at most another head. */
static void move(const struct emu_disk_params *params, const struct disk_geometry *geometry,
                 uint64_t *track, uint64_t to, struct disk_exact *time)
{
    uint64_t from_cylinder = *track / params->heads;
    uint64_t to_cylinder = to / params->heads;
    if (from_cylinder != to_cylinder) {
        uint64_t distance =
            from_cylinder < to_cylinder ? to_cylinder - from_cylinder : from_cylinder - to_cylinder;
        time->ns += seek_ns(params, geometry->cylinders, distance);
    } else if (*track != to) {
        time->ns += params->head_switch_ns;
    }
    *track = to;
}

/* Where on its track's circle a sector begins, in sectors from angle 0. */
static uint64_t angle_of(const struct emu_disk_params *params, uint64_t track, uint64_t sector)
{
    uint64_t cylinder = track / params->heads;
    time_product skew = (time_product)(track - cylinder) * params->track_skew_sectors +
                        (time_product)cylinder * params->cylinder_skew_sectors;
    return (uint64_t)((sector + skew) % params->sectors_per_track);
}

struct disk_exact disk_time_end(const struct emu_disk_params *params,
                                const struct disk_geometry *geometry, struct disk_exact start,
                                const struct emu_disk_request *request, uint64_t *track)
{
    struct disk_exact time = start;
    if (params->kind == EMU_DISK_FLASH) {
        time.ns += request->write ? params->write_ns : params->read_ns;
        add(&time, (uint64_t)request->sector_count * EMU_DISK_SECTOR_BYTES * TIME_NS_PER_S,
            geometry->units_per_ns);
        return time;
    }
    const uint64_t revolution = MINUTE_NS * params->sectors_per_track;
    uint64_t sector = request->sector;
    uint64_t left = request->sector_count;
    while (left) {
        move(params, geometry, track, sector / params->sectors_per_track, &time);
        uint64_t first = sector % params->sectors_per_track;
        uint64_t part = params->sectors_per_track - first;
        part = part < left ? part : left;
        time_product units = (time_product)time.ns * geometry->units_per_ns + time.fraction;
        uint64_t phase = (uint64_t)(units % revolution);
        uint64_t target = angle_of(params, *track, first) * MINUTE_NS;
        uint64_t wait = target >= phase ? target - phase : target + revolution - phase;
        add(&time, wait + part * MINUTE_NS, geometry->units_per_ns);
        sector += part;
        left -= part;
    }
    return time;
}
