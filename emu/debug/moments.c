/* States of the whole world in memory. */
#include "moments.h"

#include <stdlib.h>
#include <string.h>

#include <base/alloc.h>
#include <base/host_clock.h>
#include <base/time.h>

/* Keeping takes at most this part of the host's time, and is done no more often than that. */
#define COST_PART    20u
#define PAUSE_MIN_NS 200000000u

void emu_moments_init(struct emu_moments *moments, struct emu_world *world, uint64_t limit_bytes)
{
    memset(moments, 0, sizeof *moments);
    moments->world = world;
    moments->limit_bytes = limit_bytes;
}

static void drop(struct emu_moments *moments, uint32_t index)
{
    struct emu_moment *moment = &moments->items[index];
    moments->size_bytes -= moment->size_bytes;
    free(moment->bytes);
    moments->count--;
    memmove(moment, moment + 1, (moments->count - index) * sizeof *moment);
}

void emu_moments_forget(struct emu_moments *moments)
{
    while (moments->count) {
        drop(moments, moments->count - 1);
    }
}

void emu_moments_fini(struct emu_moments *moments)
{
    emu_moments_forget(moments);
    free(moments->items);
}

/* The one that is missed least, compared with how long ago it was: where its neighbours are nearest
 * together for their age. Never the first or the last. */
static uint32_t least_missed(const struct emu_moments *moments)
{
    uint64_t now_ns = moments->items[moments->count - 1].time_ns;
    uint32_t least = EMU_MOMENT_NONE;
    uint64_t least_age = 0;
    uint64_t least_gap = 0;
    for (uint32_t i = 1; i + 1 < moments->count; i++) {
        uint64_t gap = moments->items[i + 1].time_ns - moments->items[i - 1].time_ns;
        uint64_t age = now_ns - moments->items[i].time_ns;
        /* gap / age < least_gap / least_age, in whole numbers */
        if (least == EMU_MOMENT_NONE ||
            (time_product)gap * least_age < (time_product)least_gap * age) {
            least = i;
            least_gap = gap;
            least_age = age;
        }
    }
    return least;
}

void emu_moments_keep(struct emu_moments *moments)
{
    uint64_t began_ns = host_clock_ns();
    uint64_t time_ns = moments->world->now_ns;
    uint32_t index = moments->count;
    while (index && moments->items[index - 1].time_ns > time_ns) {
        index--;
    }
    if (index && moments->items[index - 1].time_ns == time_ns) {
        return;
    }
    if (moments->count == moments->capacity) {
        moments->capacity = moments->capacity ? moments->capacity * 2 : 16;
        moments->items = alloc_grow(moments->items, moments->capacity, sizeof *moments->items);
    }
    struct emu_moment *moment = &moments->items[index];
    memmove(moment + 1, moment, (moments->count - index) * sizeof *moment);
    moments->count++;
    moment->time_ns = time_ns;
    moment->bytes = emu_world_state_save(moments->world, &moment->size_bytes);
    moments->size_bytes += moment->size_bytes;
    while (moments->size_bytes > moments->limit_bytes && moments->count > 2) {
        drop(moments, least_missed(moments));
    }
    moments->kept_ns = host_clock_ns();
    moments->cost_ns = moments->kept_ns - began_ns;
}

bool emu_moments_due(const struct emu_moments *moments)
{
    uint64_t since_ns = host_clock_ns() - moments->kept_ns;
    return since_ns > PAUSE_MIN_NS && since_ns / COST_PART > moments->cost_ns;
}

uint32_t emu_moments_find(const struct emu_moments *moments, uint64_t time_ns)
{
    uint32_t count = moments->count;
    while (count && moments->items[count - 1].time_ns > time_ns) {
        count--;
    }
    return count ? count - 1 : EMU_MOMENT_NONE;
}

enum status emu_moments_load(struct emu_moments *moments, uint32_t index, struct error *error)
{
    const struct emu_moment *moment = &moments->items[index];
    return emu_world_state_load(moments->world, moment->bytes, moment->size_bytes, error);
}
