/*
 * Takes the debugged node of a session back: its history is run again, and made longer where it
 * does not reach far enough.
 */
#include "session.h"

#include <string.h>

#include <base/time.h>

/* Has the trail, and the history, reach back to the moment before: one pass over the world from
 * there to where the trail began. The world then stands where it stood. *further: it does. */
static enum status extend(struct emu_debug *debug, bool *further, bool *stopped,
                          struct error *error)
{
    struct emu_trail *trail = &debug->trail;
    struct emu_node *node = emu_debug_live(debug);
    uint64_t base_ns = trail->own_base.moment.time_ns;
    uint32_t index = base_ns ? emu_moments_find(&debug->moments, base_ns - 1) : EMU_MOMENT_NONE;
    size_t more = 0;
    *further = false;
    *stopped = false;
    /* Within a window there is no telling what had reached whom. */
    bool level = trail->own_base.moment.reach_ns <= base_ns;
    if (debug->history->from_birth || index == EMU_MOMENT_NONE || !level) {
        return STATUS_OK;
    }
    bool halted = node->process->halted;
    node->process->halted = false;
    node->probe = NULL;
    debug->world->probe = NULL;
    debug->muted = true;
    enum status status =
        emu_trail_extend(trail, index, emu_debug_run_part, debug, &more, stopped, error);
    debug->muted = false;
    debug->world->probe = &debug->probe;
    node->probe = &debug->probe;
    node->process->halted = halted;
    if (!status && !*stopped) {
        emu_history_inputs_moved(debug->history, more, 0);
        const struct emu_trail_base *begin = emu_trail_own_begin(trail);
        *further = emu_history_keep_base(debug->history, begin->moment.state, begin->typed_input);
        status = *further ? STATUS_OK : emu_debug_diverged(error);
    }
    return status;
}

/* Where backwards leads from `from`; the history is made longer as it takes. */
static enum status look_back(struct emu_debug *debug, bool step, struct emu_position from,
                             struct emu_position *to, struct emu_debug_stop *stop,
                             struct error *error)
{
    struct emu_history *history = debug->history;
    for (;;) {
        enum emu_history_result result =
            step ? emu_history_previous(history, from, to) : emu_history_last(history, from);
        if (result == EMU_HISTORY_DONE) {
            emu_debug_stop_set(debug, &history->probe,
                               step ? EMU_PROBE_STEP : history->probe.last_stop, stop);
            *to = step ? *to : history->probe.last;
            return STATUS_OK;
        }
        if (result == EMU_HISTORY_DIVERGED) {
            return emu_debug_diverged(error);
        }
        bool further = false;
        bool interrupted = true;
        enum status status = STATUS_OK;
        if (result == EMU_HISTORY_BEGIN) {
            status = extend(debug, &further, &interrupted, error);
        }
        if (status) {
            return status;
        }
        if (interrupted) {
            stop->kind = EMU_DEBUG_INTERRUPTED;
            *to = from;
            return STATUS_OK;
        }
        if (!further) {
            stop->kind = EMU_DEBUG_BEGIN;
            *to = history->checkpoints[0].position;
            return STATUS_OK;
        }
    }
}

enum status emu_debug_backward(struct emu_debug *debug, bool step, struct emu_debug_stop *stop,
                               struct error *error)
{
    struct emu_position present = emu_node_position(emu_debug_live(debug));
    struct emu_position from = emu_debug_position(debug);
    struct emu_position to = from;
    bool queued = emu_debug_live(debug)->state == EMU_NODE_QUEUED;
    if (queued || emu_debug_live(debug)->state == EMU_NODE_OFF) {
        stop->kind = EMU_DEBUG_BEGIN;
        return STATUS_OK;
    }
    if (emu_debug_live(debug)->seat) {
        return emu_debug_rewind(debug, step, stop, error);
    }
    enum status status = look_back(debug, step, from, &to, stop, error);
    if (status) {
        return status;
    }
    debug->in_past = emu_position_compare(to, present) < 0;
    if (debug->in_past) {
        enum emu_history_result result = emu_history_seek(debug->history, to);
        if (result == EMU_HISTORY_INTERRUPTED) {
            stop->kind = EMU_DEBUG_INTERRUPTED;
        } else if (result != EMU_HISTORY_DONE) {
            return emu_debug_diverged(error);
        }
    }
    return STATUS_OK;
}
