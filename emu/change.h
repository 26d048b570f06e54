/* What is done to a world from outside at one moment, as `denali fork --set` takes it. */
#ifndef DENALI_EMU_CHANGE_H
#define DENALI_EMU_CHANGE_H

#include "world_internal.h"

enum emu_change_kind {
    EMU_CHANGE_SEED, /* entropy from another seed */
    EMU_CHANGE_CUT,  /* a node's link carries nothing any more */
    EMU_CHANGE_DROP, /* the next frames for a node are lost */
    EMU_CHANGE_POKE, /* a byte of a node's memory */
};

struct emu_change {
    enum emu_change_kind kind;
    uint32_t node;
    uint64_t value; /* the seed, how many frames, the byte */
    uint32_t address;
};

/* "seed=7", "cut=peer-3", "drop=peer-3" or "drop=peer-3:5", "poke=peer-3:0x11008=0xff". The world
 * gives names of nodes and symbols. */
enum status emu_change_parse(struct emu_world *world, const char *text, struct emu_change *change,
                             struct error *error) MUST_USE;
/* Between two runs of the world. False if there is no such memory. */
bool emu_change_apply(struct emu_world *world, const struct emu_change *change);

#endif
