/*
 * Moments that a whole world can be taken back to: snapshots in the memory of this process, which
 * share what has not changed with the world and with each other; and, of a recorded run, its
 * checkpoints, which are later than the present too.
 *
 * The first moment stays; of the others in memory the dense and old ones go when the limit is
 * reached.
 */
#ifndef DENALI_EMU_DEBUG_MOMENTS_H
#define DENALI_EMU_DEBUG_MOMENTS_H

#include "../fork.h"
#include "../player.h"

#define EMU_MOMENT_NONE UINT32_MAX

struct emu_moment {
    uint64_t time_ns;           /* everything before it had been executed */
    uint64_t reach_ns;          /* and nothing from this on: the same, or what a window reached */
    size_t place;               /* of the recording, up to where it had been played */
    struct emu_snapshot *state; /* NULL: it is the checkpoint at that place */
    uint64_t size_bytes;        /* that it has and the next one has not */
};

struct emu_moments {
    struct emu_world *world;
    struct emu_player *player; /* NULL: the world is of no recorded run; not owned */
    uint64_t limit_bytes;
    uint64_t reach_ns; /* of the present */
    bool damaged;      /* a checkpoint was, the last at damaged_ns; for whoever wants to tell */
    uint64_t damaged_ns;
    struct emu_moment *items; /* by time, ascending */
    uint32_t count;
    uint32_t capacity;
    uint64_t size_bytes;
    uint64_t cost_ns; /* of host time, that the last one took */
    uint64_t kept_ns; /* host time when it was kept */
};

/* With a player, which has entered the world at its start, there are its checkpoints. */
void emu_moments_init(struct emu_moments *moments, struct emu_world *world, uint64_t limit_bytes,
                      struct emu_player *player);
void emu_moments_fini(struct emu_moments *moments);

/* The world was run on, up to a time at most. */
void emu_moments_reached(struct emu_moments *moments, uint64_t until_ns);
/* Have all nodes executed everything before the world's time, and nothing else? After a stop within
 * a window some are further. */
bool emu_moments_level(const struct emu_moments *moments);

/* Keeps the present. */
void emu_moments_keep(struct emu_moments *moments);
/* Is it time to? Such that keeping costs a small part of running. Decides nothing but what going
 * back costs. */
bool emu_moments_due(const struct emu_moments *moments);

/* The last one not after a virtual time, or EMU_MOMENT_NONE. */
uint32_t emu_moments_find(const struct emu_moments *moments, uint64_t time_ns);
/* The world is as it was then; or, where that is a checkpoint and damaged, at the moment before,
 * and that one is no more. */
enum status emu_moments_load(struct emu_moments *moments, uint32_t index,
                             struct error *error) MUST_USE;
/* All of them, the recording's too. */
void emu_moments_forget(struct emu_moments *moments);

/* The present, to come back to. emu_moment_fini ends it. */
struct emu_moment emu_moments_present(const struct emu_moments *moments);
enum status emu_moments_return(struct emu_moments *moments, const struct emu_moment *moment,
                               struct error *error) MUST_USE;
void emu_moment_fini(struct emu_moment *moment);

#endif
