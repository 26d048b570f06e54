/* A recorded run, for the files of this folder. */
#ifndef DENALI_EMU_DEBUG_RECORDED_H
#define DENALI_EMU_DEBUG_RECORDED_H

#include <emu/debug.h>

#include "../replay.h"

struct emu_recorded {
    char *given; /* what was opened */
    struct emu_replay replay;
    char damaged[EMU_TORN_TEXT_MAX]; /* where that ends it, in words; "": nothing does */
};

#endif
