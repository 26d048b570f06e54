/* A debug session, for the files of this folder. */
#ifndef DENALI_EMU_DEBUG_SESSION_H
#define DENALI_EMU_DEBUG_SESSION_H

#include <emu/debug.h>

#include "history.h"
#include "moments.h"
#include "recorded.h"
#include "trail.h"

struct emu_debug {
    struct emu_world *world;
    struct emu_debug_options options;
    uint32_t node; /* the debugged one */

    struct emu_probe probe; /* on it in the world */
    struct emu_history *history;
    struct emu_moments moments;
    struct emu_trail trail;
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

/* Virtual time between two looks at whether somebody wants to interrupt. */
#define EMU_DEBUG_SLICE_NS 20000000u

/* --- session.c -------------------------------------------------------------------------------- */

/* The node as it is to be seen: the twin where the debugged one is in its past. */
struct emu_node *emu_debug_view(const struct emu_debug *debug, uint32_t node);
/* The debugged node of the world. */
struct emu_node *emu_debug_live(const struct emu_debug *debug);
bool emu_debug_interrupted(const struct emu_debug *debug);
bool emu_debug_breakpoint_at(const struct emu_debug *debug, uint32_t address);

/* The session's probe and its history's look for what the person wants to stop at. */
void emu_debug_probes_tell(struct emu_debug *debug);

/* The past begins where the world stands: after it was taken to another moment. */
void emu_debug_past_begin(struct emu_debug *debug);
/* And after a write: what was before is not the past any more. */
void emu_debug_past_forget(struct emu_debug *debug);
/* Keeps what there is to keep of where the world has come to. */
void emu_debug_keep(struct emu_debug *debug);

enum status emu_debug_diverged(struct error *error);

/* --- forward.c -------------------------------------------------------------------------------- */

enum emu_run_end {
    EMU_RUN_STOPPED, /* by the probe */
    EMU_RUN_TIME,
    EMU_RUN_INTERRUPTED,
};

/* Runs the world until the probe, which is set, stops it, or to until_ns. */
enum status emu_debug_run(struct emu_debug *debug, uint64_t until_ns, enum emu_run_end *end,
                          struct error *error) MUST_USE;
/* Nothing stops the world but the time. */
enum status emu_debug_run_to_time(struct emu_debug *debug, uint64_t time_ns, enum emu_run_end *end,
                                  struct error *error) MUST_USE;
/* The world to a time, on or from the nearest moment before, whatever becomes of the node. */
enum status emu_debug_travel(struct emu_debug *debug, uint64_t time_ns, enum emu_run_end *end,
                             struct error *error) MUST_USE;
/* A part of a pass over a stretch of the world's past (trail.h). */
enum status emu_debug_run_part(void *debug, const struct emu_moment *to, bool *arrived,
                               bool *stopped, struct error *error) MUST_USE;
/* What stopped it, for the other side. */
void emu_debug_stop_set(const struct emu_debug *debug, const struct emu_probe *probe,
                        enum emu_probe_stop reason, struct emu_debug_stop *stop);
enum status emu_debug_forward(struct emu_debug *debug, struct emu_debug_span span,
                              struct emu_debug_stop *stop, struct error *error) MUST_USE;

/* --- backward.c ------------------------------------------------------------------------------- */

enum status emu_debug_backward(struct emu_debug *debug, bool step, struct emu_debug_stop *stop,
                               struct error *error) MUST_USE;

/* --- rewind.c --------------------------------------------------------------------------------- */

/* Backwards for a node that cannot be run again alone: the world goes back too. */
enum status emu_debug_rewind(struct emu_debug *debug, bool step, struct emu_debug_stop *stop,
                             struct error *error) MUST_USE;

#endif
