/* A debug session, for the files of this folder. */
#ifndef DENALI_EMU_DEBUG_SESSION_H
#define DENALI_EMU_DEBUG_SESSION_H

#include <emu/debug.h>

#include "history.h"
#include "moments.h"
#include "recorded.h"

struct emu_debug {
    struct emu_world *world;
    struct emu_debug_options options;
    uint32_t node; /* the debugged one */

    struct emu_probe probe; /* on it in the world */
    struct emu_history *history;
    struct emu_moments moments;
    struct emu_replay *replay; /* of the recorded run that the world is of, or NULL */
    bool in_past;              /* the debugged node is its history's twin */
    bool written;              /* since it last ran; what was before is not the past any more */
    bool muted;                /* the world is run again */
    struct emu_sink sink;      /* the world's own, while the session has it */

    uint32_t breakpoints[EMU_DEBUG_BREAKPOINTS_MAX];
    uint32_t breakpoint_count;
    struct emu_watch watches[EMU_DEBUG_WATCHES_MAX];
    uint32_t watch_count;
};

/* The node as it is to be seen: the twin where the debugged one is in its past. */
struct emu_node *emu_debug_view(const struct emu_debug *debug, uint32_t node);

#endif
