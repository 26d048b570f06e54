/*
 * States of a whole world at some of its moments, in the memory of this process: how a debugger
 * gets it back to an earlier one. One that gets there in another way (from a recorded run, say) has
 * the same three questions to answer: what is there, keep this, go back.
 *
 * The first state kept stays; of the others the dense and old ones go when the limit is reached.
 */
#ifndef DENALI_EMU_DEBUG_MOMENTS_H
#define DENALI_EMU_DEBUG_MOMENTS_H

#include "../world_internal.h"

#define EMU_MOMENT_NONE UINT32_MAX

struct emu_moments {
    struct emu_world *world;
    uint64_t limit_bytes;
    struct emu_moment {
        uint64_t time_ns; /* everything before it had been executed */
        uint8_t *bytes;
        size_t size_bytes;
    } * items; /* by time, ascending */
    uint32_t count;
    uint32_t capacity;
    uint64_t size_bytes;
    uint64_t cost_ns; /* of host time, that the last one took */
    uint64_t kept_ns; /* host time when it was kept */
};

void emu_moments_init(struct emu_moments *moments, struct emu_world *world, uint64_t limit_bytes);
void emu_moments_fini(struct emu_moments *moments);

/* Keeps the present. */
void emu_moments_keep(struct emu_moments *moments);
/* Is it time to? Such that keeping costs a small part of running. Decides nothing but what going
 * back costs. */
bool emu_moments_due(const struct emu_moments *moments);

/* The last one not after a virtual time, or EMU_MOMENT_NONE. */
uint32_t emu_moments_find(const struct emu_moments *moments, uint64_t time_ns);
/* The world is as it was then. */
enum status emu_moments_load(struct emu_moments *moments, uint32_t index,
                             struct error *error) MUST_USE;
void emu_moments_forget(struct emu_moments *moments);

#endif
