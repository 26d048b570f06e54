/*
 * What has reached each node of a world since some moment, the base, up to where the world stands.
 * With the base's state it is enough to run any of the nodes again alone (history.h).
 *
 * The base is a moment between two windows of the world that ended at its time: everything before
 * it had been executed, and nothing else. It moves on as the world runs, so that the lists take no
 * more than their limit; only that of one node, the session's own, then still begins where it did.
 * Both can be put to an earlier moment, by one pass over the stretch in between.
 */
#ifndef DENALI_EMU_DEBUG_TRAIL_H
#define DENALI_EMU_DEBUG_TRAIL_H

#include "../probe.h"
#include "moments.h"

struct emu_trail_base {
    struct emu_moment moment;
    bool typed_input; /* something could still be typed on consoles */
};

struct emu_trail {
    struct emu_moments *moments;
    struct emu_world *world;
    uint64_t limit_bytes; /* of the own list, and of all others together */

    struct emu_trail_base base;
    struct emu_inputs *inputs; /* by node */

    uint32_t own;                   /* a node */
    struct emu_trail_base own_base; /* of its list; has a state only if extended to */
    size_t own_extra;               /* inputs of its list that are from before the base */

    struct emu_trail_base next; /* the base to come; no state: there is none yet */
    size_t *next_counts;        /* by node: of inputs, how many had reached it by then */
};

/* Begins where the world stands. */
void emu_trail_init(struct emu_trail *trail, struct emu_moments *moments, uint64_t limit_bytes);
void emu_trail_fini(struct emu_trail *trail);

/* Forgets everything and begins where the world stands. */
void emu_trail_begin(struct emu_trail *trail);

/* Another node is its own from now on, whose list begins at the base. */
void emu_trail_own_set(struct emu_trail *trail, uint32_t node);

/* Where the own list begins: after emu_trail_begin, _own_set or _extend. */
static inline const struct emu_trail_base *emu_trail_own_begin(const struct emu_trail *trail)
{
    return trail->own_base.moment.state ? &trail->own_base : &trail->base;
}

/* The world has come further, between two windows. Returns how many of the own node's inputs are no
 * more: then its list begins at the base. */
size_t emu_trail_advance(struct emu_trail *trail);

/* Runs the world on towards a moment of it, a part of the way: *arrived, it is there; *stopped,
 * somebody does not want to wait. */
typedef enum status emu_trail_run_fn(void *context, const struct emu_moment *to, bool *arrived,
                                     bool *stopped, struct error *error);

/*
 * Puts the begin of the own list to moment number `index`, which is earlier: what reached the node
 * in between comes before what there is, *more inputs; and that of the other nodes likewise, if
 * their lists begin there too and there is room. The world stands where it stood,
 * after an error too unless it is that it cannot be brought there. If *stopped nothing has changed.
 */
enum status emu_trail_extend(struct emu_trail *trail, uint32_t index, emu_trail_run_fn *run,
                             void *context, size_t *more, bool *stopped,
                             struct error *error) MUST_USE;

#endif
