/* Keeps what reaches the nodes of a world. */
#include "trail.h"

#include <stdlib.h>
#include <string.h>

#include <base/alloc.h>

/* --- bases ------------------------------------------------------------------------------------ */

static struct emu_trail_base present(const struct emu_trail *trail)
{
    return (struct emu_trail_base){emu_moments_present(trail->moments), trail->world->typed_input};
}

static void base_fini(struct emu_trail_base *base)
{
    emu_moment_fini(&base->moment);
}

/* The own list begins where the others do. */
static void own_rebase(struct emu_trail *trail)
{
    base_fini(&trail->own_base);
    trail->own_base = trail->base;
    trail->own_base.moment.state = NULL;
    trail->own_extra = 0;
}

/* --- lists ------------------------------------------------------------------------------------ */

static void inputs_destroy(const struct emu_world *world, struct emu_inputs *inputs)
{
    for (uint32_t i = 0; i < world->node_count; i++) {
        emu_inputs_fini(&inputs[i]);
    }
    free(inputs);
}

/* Of all lists but the own. */
static uint64_t others_cost_bytes(const struct emu_trail *trail, const struct emu_inputs *inputs)
{
    uint64_t cost = 0;
    for (uint32_t i = 0; i < trail->world->node_count; i++) {
        cost += i == trail->own ? 0 : emu_inputs_cost_bytes(&inputs[i]);
    }
    return cost;
}

/* Nothing is kept but the own. */
static void close_others(const struct emu_trail *trail, struct emu_inputs *inputs)
{
    for (uint32_t i = 0; i < trail->world->node_count; i++) {
        if (i != trail->own) {
            emu_inputs_fini(&inputs[i]);
            inputs[i].closed = true;
        }
    }
}

/* --- the trail -------------------------------------------------------------------------------- */

void emu_trail_begin(struct emu_trail *trail)
{
    for (uint32_t i = 0; i < trail->world->node_count; i++) {
        emu_inputs_truncate(&trail->inputs[i], 0);
    }
    base_fini(&trail->base);
    base_fini(&trail->next);
    trail->base = present(trail);
    own_rebase(trail);
}

void emu_trail_init(struct emu_trail *trail, struct emu_moments *moments, uint64_t limit_bytes)
{
    struct emu_world *world = moments->world;
    memset(trail, 0, sizeof *trail);
    trail->moments = moments;
    trail->world = world;
    trail->limit_bytes = limit_bytes;
    trail->inputs = alloc_zeroed(world->node_count, sizeof *trail->inputs);
    trail->next_counts = alloc_zeroed(world->node_count, sizeof *trail->next_counts);
    world->arrivals = trail->inputs;
    emu_trail_begin(trail);
}

void emu_trail_fini(struct emu_trail *trail)
{
    if (trail->world) {
        trail->world->arrivals = NULL;
        inputs_destroy(trail->world, trail->inputs);
        base_fini(&trail->base);
        base_fini(&trail->own_base);
        base_fini(&trail->next);
        free(trail->next_counts);
    }
}

void emu_trail_own_set(struct emu_trail *trail, uint32_t node)
{
    if (node != trail->own) {
        emu_inputs_drop_first(&trail->inputs[trail->own], trail->own_extra);
        if (trail->next.moment.state) {
            trail->next_counts[trail->own] -= trail->own_extra;
        }
        trail->own = node;
        own_rebase(trail);
    }
}

/* The base to come is the base. */
static void move_base(struct emu_trail *trail)
{
    for (uint32_t i = 0; i < trail->world->node_count; i++) {
        if (i != trail->own) {
            emu_inputs_drop_first(&trail->inputs[i], trail->next_counts[i]);
        }
    }
    trail->own_extra = trail->next_counts[trail->own];
    base_fini(&trail->base);
    trail->base = trail->next;
    trail->next.moment.state = NULL;
}

size_t emu_trail_advance(struct emu_trail *trail)
{
    uint64_t cost = others_cost_bytes(trail, trail->inputs);
    struct emu_inputs *own = &trail->inputs[trail->own];
    if (emu_inputs_cost_bytes(own) > trail->limit_bytes) {
        cost = UINT64_MAX;
    }
    if (cost > trail->limit_bytes / 2 && !trail->next.moment.state) {
        trail->next = present(trail);
        for (uint32_t i = 0; i < trail->world->node_count; i++) {
            trail->next_counts[i] = trail->inputs[i].count;
        }
    }
    if (cost <= trail->limit_bytes) {
        return 0;
    }
    move_base(trail);
    if (cost != UINT64_MAX) {
        return 0;
    }
    size_t fewer = trail->own_extra;
    emu_inputs_drop_first(own, fewer);
    own_rebase(trail);
    return fewer;
}

/* --- further back ----------------------------------------------------------------------------- */

/* The pass, from where the world stands to where the own list begins: into `first`. *all: of every
 * node. */
static enum status gather(struct emu_trail *trail, struct emu_inputs *first, emu_trail_run_fn *run,
                          void *context, bool *all, bool *stopped, struct error *error)
{
    struct emu_world *world = trail->world;
    enum status status = STATUS_OK;
    bool arrived = false;
    uint64_t had = others_cost_bytes(trail, trail->inputs);
    *all = trail->own_base.moment.time_ns == trail->base.moment.time_ns;
    if (!*all) {
        close_others(trail, first);
    }
    world->arrivals = first;
    while (!status && !arrived && !*stopped) {
        status = run(context, &trail->own_base.moment, &arrived, stopped, error);
        if (*all && had + others_cost_bytes(trail, first) > trail->limit_bytes) {
            *all = false;
            close_others(trail, first);
        }
    }
    world->arrivals = trail->inputs;
    *stopped = *stopped && !arrived;
    return status;
}

/* What was gathered since `begin` comes in front. */
static void prepend(struct emu_trail *trail, struct emu_inputs *first, struct emu_trail_base begin,
                    bool all)
{
    for (uint32_t i = 0; i < trail->world->node_count; i++) {
        if (all || i == trail->own) {
            trail->next_counts[i] += first[i].count;
            trail->own_extra += all ? 0 : first[i].count;
            emu_inputs_prepend(&trail->inputs[i], &first[i]);
        }
    }
    if (all) {
        base_fini(&trail->base);
        trail->base = begin;
        own_rebase(trail);
    } else {
        base_fini(&trail->own_base);
        trail->own_base = begin;
    }
}

enum status emu_trail_extend(struct emu_trail *trail, uint32_t index, emu_trail_run_fn *run,
                             void *context, size_t *more, bool *stopped, struct error *error)
{
    struct emu_inputs *first = alloc_zeroed(trail->world->node_count, sizeof *first);
    struct emu_moment now = emu_moments_present(trail->moments);
    struct emu_trail_base begin = {0};
    bool all = false;
    *stopped = false;
    enum status status = emu_moments_load(trail->moments, index, error);
    if (!status) {
        begin = present(trail);
        status = gather(trail, first, run, context, &all, stopped, error);
    }
    /* After an error too, as far as that goes: the session looks at where the world stands. */
    enum status back = emu_moments_return(trail->moments, &now, status ? NULL : error);
    status = status ? status : back;
    if (!status && !*stopped) {
        *more = first[trail->own].count;
        prepend(trail, first, begin, all);
        begin.moment.state = NULL;
    }
    base_fini(&begin);
    emu_moment_fini(&now);
    inputs_destroy(trail->world, first);
    return status;
}
