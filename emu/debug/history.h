/*
 * The past of one node: states of it at some positions, and what has reached it since the first
 * (trail.h). From these the node is run again alone, as a twin beside the world, to any position up
 * to where the world's own has come: everything else that a node sees (its timers, disks, entropy,
 * the scenario's input) is a function of its state and its time.
 *
 * States are kept dense near the present and near where somebody looks, and sparse far away.
 */
#ifndef DENALI_EMU_DEBUG_HISTORY_H
#define DENALI_EMU_DEBUG_HISTORY_H

#include "../fork.h"
#include "../probe.h"
#include "../process.h"
#include "../world_internal.h"

/* A state of the node. */
struct emu_checkpoint {
    struct emu_position position; /* it may have been there for a while */
    uint64_t time_ns;             /* the world's, or one not later than the node's */
    size_t inputs;                /* of the trail's that had reached it */
    bool typed_input;             /* something could still be typed on consoles */
    uint8_t *bytes;
    size_t size_bytes;
};

struct emu_history {
    struct emu_world *world;
    uint32_t node;
    uint64_t limit_bytes; /* of checkpoints */

    const struct emu_inputs *inputs;    /* of the node, a trail's */
    struct emu_checkpoint *checkpoints; /* by position, ascending */
    uint32_t count;
    uint32_t capacity;
    uint64_t size_bytes;
    bool from_birth; /* there is nothing before the first checkpoint */

    /* The node run again. */
    struct emu_node twin;
    struct emu_process process;
    struct vcpu_engine *engine;
    struct emu_probe probe;
    struct emu_event feed; /* the next input of the twin, queued if there is one */
    size_t next_input;

    bool (*interrupted)(void *context);
    void *context;
};

enum emu_history_result {
    EMU_HISTORY_DONE,
    EMU_HISTORY_BEGIN,       /* it does not reach so far back */
    EMU_HISTORY_INTERRUPTED, /* the twin is somewhere */
    EMU_HISTORY_DIVERGED,    /* it did not come to where it was */
};

enum status emu_history_create(struct emu_world *world, uint32_t node, uint64_t limit_bytes,
                               struct emu_history **history, struct error *error) MUST_USE;
void emu_history_destroy(struct emu_history *history);

/* Forgets everything; from now on `node` is the one, and `inputs` what has reached it since the
 * state that is kept next. */
void emu_history_reset(struct emu_history *history, uint32_t node, const struct emu_inputs *inputs);
/* The list of what reached the node begins elsewhere now: `more` inputs sooner, or `fewer` later;
 * what needs those that are no more is forgotten. */
void emu_history_inputs_moved(struct emu_history *history, size_t more, size_t fewer);

/* Keeps the state of the world's node as it is now. Its inputs up to now are in `inputs`. */
void emu_history_keep(struct emu_history *history);
/* Keeps the state that the node has in a snapshot, taken where `inputs` begins. False if it has
 * none that can be. */
bool emu_history_keep_base(struct emu_history *history, const struct emu_snapshot *snapshot,
                           bool typed_input);

/* The twin to a position that the world's node has been at or is at; it is there as it came
 * there. */
enum emu_history_result emu_history_seek(struct emu_history *history, struct emu_position to);

/* The position before one. The twin is somewhere. */
enum emu_history_result emu_history_previous(struct emu_history *history,
                                             struct emu_position before,
                                             struct emu_position *previous);

/* The last breakpoint or watchpoint before a position, into the history's probe: last, last_stop,
 * watch, wrote. The probe's breakpoints and watches are set. The twin is somewhere. */
enum emu_history_result emu_history_last(struct emu_history *history, struct emu_position before);

/* Runs the twin on from where it is until its probe, which is set, stops it. */
enum emu_history_result emu_history_run(struct emu_history *history);

#endif
