/* Moments of the whole world, in memory and in a recording. */
#include "moments.h"

#include <stdlib.h>
#include <string.h>

#include <base/alloc.h>
#include <base/host_clock.h>
#include <base/time.h>

/* Keeping takes at most this part of the host's time, and is done no more often than that. */
#define COST_PART    20u
#define PAUSE_MIN_NS 200000000u

/* --- one moment ------------------------------------------------------------------------------- */

/* Pages and blocks of a state that another one does not share, and their tables. */
static uint64_t unshared_bytes(const struct emu_snapshot *state, const struct emu_snapshot *other)
{
    uint64_t count = 0;
    uint64_t tables_bytes = 0;
    for (uint32_t i = 0; i < state->node_count; i++) {
        const struct vcpu_pages *pages = state->pages[i];
        const struct vcpu_pages *others = other->pages[i];
        tables_bytes += pages != others ? vcpu_pages_table_bytes(pages) : 0;
        for (uint32_t page = 0; pages != others && page < pages->count; page++) {
            uint32_t frame = pages->frames[page];
            count += frame != VCPU_FRAME_NONE &&
                     (page >= others->count || frame != others->frames[page]);
        }
        if (state->blocks[i] && state->blocks[i] != other->blocks[i]) {
            count += state->blocks[i]->count; /* at most */
            tables_bytes += emu_blocks_table_bytes(state->blocks[i]);
        }
    }
    return count * VCPU_PAGE_BYTES + tables_bytes;
}

struct emu_moment emu_moments_present(const struct emu_moments *moments)
{
    return (struct emu_moment){
        .time_ns = moments->world->now_ns,
        .reach_ns = moments->reach_ns,
        .place = moments->player ? emu_player_now(moments->player) : EMU_PLACE_START,
        .state = emu_world_snapshot(moments->world),
    };
}

enum status emu_moments_return(struct emu_moments *moments, const struct emu_moment *moment,
                               struct error *error)
{
    moments->reach_ns = moment->reach_ns;
    if (!moment->state) {
        return emu_player_enter(moments->player, moments->world, moment->place, error);
    }
    enum status status = emu_world_restore(moments->world, moment->state, error);
    if (!status && moments->player) {
        status = emu_player_now_set(moments->player, moment->place, error);
    }
    return status;
}

void emu_moment_fini(struct emu_moment *moment)
{
    emu_snapshot_destroy(moment->state);
    moment->state = NULL;
}

void emu_moments_reached(struct emu_moments *moments, uint64_t until_ns)
{
    if (until_ns > moments->reach_ns) {
        moments->reach_ns = until_ns;
    }
}

bool emu_moments_level(const struct emu_moments *moments)
{
    return moments->world->now_ns >= moments->reach_ns;
}

/* --- all of them ------------------------------------------------------------------------------ */

static void insert(struct emu_moments *moments, uint32_t index, struct emu_moment moment)
{
    if (moments->count == moments->capacity) {
        moments->capacity = moments->capacity ? moments->capacity * 2 : 16;
        moments->items = alloc_grow(moments->items, moments->capacity, sizeof *moments->items);
    }
    struct emu_moment *at = &moments->items[index];
    memmove(at + 1, at, (moments->count - index) * sizeof *at);
    moments->count++;
    *at = moment;
}

void emu_moments_init(struct emu_moments *moments, struct emu_world *world, uint64_t limit_bytes,
                      struct emu_player *player)
{
    memset(moments, 0, sizeof *moments);
    moments->world = world;
    moments->limit_bytes = limit_bytes;
    moments->player = player;
    moments->reach_ns = world->now_ns;
    emu_moments_keep(moments);
    if (player) {
        size_t count;
        const struct trace_entry *entries =
            trace_recording_entries(emu_player_recording(player), &count);
        for (size_t i = EMU_PLACE_START + 1; i < count; i++) {
            if (emu_player_enters(player, i)) {
                insert(moments, moments->count,
                       (struct emu_moment){.time_ns = entries[i].time_ns,
                                           .reach_ns = entries[i].time_ns,
                                           .place = i});
            }
        }
    }
}

/* The next one in memory, or EMU_MOMENT_NONE. */
static uint32_t next_in_memory(const struct emu_moments *moments, uint32_t index)
{
    for (uint32_t i = index + 1; i < moments->count; i++) {
        if (moments->items[i].state) {
            return i;
        }
    }
    return EMU_MOMENT_NONE;
}

/* And the one before. */
static uint32_t previous_in_memory(const struct emu_moments *moments, uint32_t index)
{
    while (index > 0 && !moments->items[index - 1].state) {
        index--;
    }
    return index ? index - 1 : EMU_MOMENT_NONE;
}

/* What a state has to itself, whatever it shares: all but pages and blocks. */
static uint64_t own_bytes(const struct emu_snapshot *state)
{
    return state->ends[state->part_count - 1] + state->part_count * sizeof *state->ends +
           state->node_count * (sizeof *state->pages + sizeof *state->blocks);
}

/* What a moment holds beyond what the next one in memory does. */
static void measure(struct emu_moments *moments, uint32_t index)
{
    struct emu_moment *moment = &moments->items[index];
    uint32_t next = next_in_memory(moments, index);
    moments->size_bytes -= moment->size_bytes;
    moment->size_bytes = own_bytes(moment->state);
    if (next != EMU_MOMENT_NONE) {
        moment->size_bytes += unshared_bytes(moment->state, moments->items[next].state);
    }
    moments->size_bytes += moment->size_bytes;
}

static void drop(struct emu_moments *moments, uint32_t index)
{
    struct emu_moment *moment = &moments->items[index];
    uint32_t previous = moment->state ? previous_in_memory(moments, index) : EMU_MOMENT_NONE;
    moments->size_bytes -= moment->size_bytes;
    emu_moment_fini(moment);
    moments->count--;
    memmove(moment, moment + 1, (moments->count - index) * sizeof *moment);
    if (previous != EMU_MOMENT_NONE) {
        measure(moments, previous);
    }
}

void emu_moments_forget(struct emu_moments *moments)
{
    for (uint32_t i = 0; i < moments->count; i++) {
        emu_moment_fini(&moments->items[i]);
    }
    moments->count = 0;
    moments->size_bytes = 0;
}

void emu_moments_fini(struct emu_moments *moments)
{
    emu_moments_forget(moments);
    free(moments->items);
}

/* The one in memory that is missed least, compared with how long ago it was: where its neighbours
 * are nearest together for their age. Never the first or the last. */
static uint32_t least_missed(const struct emu_moments *moments)
{
    uint64_t now_ns = moments->world->now_ns;
    uint32_t least = EMU_MOMENT_NONE;
    uint64_t least_age = 0;
    uint64_t least_gap = 0;
    for (uint32_t i = 1; i + 1 < moments->count; i++) {
        const struct emu_moment *moment = &moments->items[i];
        uint64_t gap = moment[1].time_ns - moment[-1].time_ns;
        uint64_t age = now_ns > moment->time_ns ? now_ns - moment->time_ns : 0;
        /* gap / age < least_gap / least_age, in whole numbers */
        if (moment->state && (least == EMU_MOMENT_NONE ||
                              (time_product)gap * least_age < (time_product)least_gap * age)) {
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
    insert(moments, index, emu_moments_present(moments));
    measure(moments, index);
    uint32_t previous = previous_in_memory(moments, index);
    if (previous != EMU_MOMENT_NONE) {
        measure(moments, previous);
    }
    uint32_t least = 0;
    while (moments->size_bytes > moments->limit_bytes && least != EMU_MOMENT_NONE) {
        least = least_missed(moments);
        if (least != EMU_MOMENT_NONE) {
            drop(moments, least);
        }
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
    struct error local = ERROR_INIT;
    enum status status = emu_moments_return(moments, &moments->items[index], &local);
    while (status == STATUS_CORRUPT && index > 0 && !moments->items[index].state) {
        moments->damaged = true;
        moments->damaged_ns = moments->items[index].time_ns;
        drop(moments, index--);
        status = emu_moments_return(moments, &moments->items[index], &local);
    }
    if (status && error) {
        *error = local;
    }
    return status;
}
