/*
 * Takes back a node that cannot be run again alone: a machine of a host, whose time depends on the
 * other machines there. The whole world goes back with it: from the last moment before, it is run
 * again to see where backwards leads, and once more to there.
 */
#include "session.h"

#include <base/time.h>

/* Before where it ends, in virtual time, a moment is kept: the next step back is near. */
#define NEAR_NS 2000000u

/* Runs the world until its node is at a position or has ended, looking for nothing else. */
static enum status run_quietly(struct emu_debug *debug, struct emu_position until, bool step,
                               enum emu_run_end *end, struct error *error)
{
    struct emu_probe *probe = &debug->probe;
    struct emu_position at = emu_node_position(emu_debug_live(debug));
    emu_probe_clear(probe);
    probe->breakpoint_count = 0;
    probe->watch_count = 0;
    probe->until = until;
    probe->step = step;
    probe->from = step ? at : EMU_POSITION_NEVER;
    enum status status = emu_debug_run(debug, debug->options.end_ns, end, error);
    emu_debug_probes_tell(debug);
    return status;
}

/* Between where the world stands, before `from`, and there: the position before. */
static enum status find_previous(struct emu_debug *debug, struct emu_position from,
                                 struct emu_position *to, bool *found, enum emu_run_end *end,
                                 struct error *error)
{
    const struct emu_node *node = emu_debug_live(debug);
    struct emu_position start = {from.retired ? from.retired - 1 : 0, 0};
    enum status status = STATUS_OK;
    *end = EMU_RUN_STOPPED;
    if (!emu_node_alive(node) || emu_position_compare(emu_node_position(node), start) < 0) {
        status = run_quietly(debug, start, false, end, error);
    }
    struct emu_position at = emu_node_position(node);
    while (!status && *end == EMU_RUN_STOPPED && emu_position_compare(at, from) < 0) {
        *found = true;
        *to = at;
        if (!emu_node_alive(node)) {
            break;
        }
        status = run_quietly(debug, EMU_POSITION_NEVER, true, end, error);
        at = emu_node_position(node);
    }
    return status;
}

/* The last stop before `from`, between where the world stands and `until`. */
static enum status find_last(struct emu_debug *debug, struct emu_position from,
                             struct emu_position until, struct emu_position *to, bool *found,
                             enum emu_run_end *end, struct emu_debug_stop *stop,
                             struct error *error)
{
    struct emu_probe *probe = &debug->probe;
    emu_probe_clear(probe);
    probe->search = true;
    probe->limit = from;
    probe->until = until;
    enum status status = emu_debug_run(debug, debug->options.end_ns, end, error);
    if (!status && *end == EMU_RUN_STOPPED && probe->found) {
        *found = true;
        *to = probe->last;
        emu_debug_stop_set(debug, probe, probe->last_stop, stop);
    }
    return status;
}

static enum status load(struct emu_debug *debug, uint64_t time_ns, struct error *error)
{
    struct emu_moments *moments = &debug->moments;
    uint32_t index = emu_moments_find(moments, time_ns);
    enum status status = emu_moments_load(moments, index == EMU_MOMENT_NONE ? 0 : index, error);
    if (!status) {
        emu_debug_past_begin(debug);
    }
    return status;
}

/* To a position after the moment at `moment_ns`; the next one is reached at `time_ns`, 0: that is
 * not known. */
static enum status place(struct emu_debug *debug, uint64_t moment_ns, uint64_t time_ns,
                         struct emu_position to, enum emu_run_end *end, struct error *error)
{
    const struct emu_node *node = emu_debug_live(debug);
    enum status status = load(debug, moment_ns, error);
    *end = EMU_RUN_TIME;
    if (!status && time_ns > moment_ns + 4 * (uint64_t)NEAR_NS) {
        status = emu_debug_run_to_time(debug, time_ns - NEAR_NS, end, error);
        if (status || *end == EMU_RUN_INTERRUPTED) {
            return status;
        }
        if (emu_position_compare(emu_node_position(node), to) < 0) {
            emu_moments_keep(&debug->moments);
        } else { /* it waits there */
            status = load(debug, moment_ns, error);
        }
    }
    if (!status && emu_node_alive(node) && emu_position_compare(emu_node_position(node), to) == 0) {
        *end = EMU_RUN_STOPPED;
        return STATUS_OK;
    }
    return status ? status : run_quietly(debug, to, false, end, error);
}

/* There is nothing before the first moment: to the node's first instruction, or to there. */
static enum status to_begin(struct emu_debug *debug, enum emu_run_end *end, struct error *error)
{
    enum status status = load(debug, 0, error);
    *end = EMU_RUN_STOPPED;
    if (!status && !emu_node_alive(emu_debug_live(debug))) {
        status = run_quietly(debug, (struct emu_position){0, 0}, false, end, error);
    }
    return status;
}

static enum status rewind_to_stop(struct emu_debug *debug, bool step, enum emu_run_end *end,
                                  struct emu_debug_stop *stop, struct error *error)
{
    struct emu_position from = emu_node_position(emu_debug_live(debug));
    struct emu_position until = from;
    struct emu_position to = from;
    uint64_t moment_ns = debug->world->now_ns;
    bool found = false;
    for (;;) {
        enum status status = load(debug, moment_ns, error);
        if (status) {
            return status;
        }
        moment_ns = debug->world->now_ns;
        struct emu_position at = emu_node_position(emu_debug_live(debug));
        bool booted = emu_debug_live(debug)->state != EMU_NODE_OFF &&
                      emu_debug_live(debug)->state != EMU_NODE_QUEUED;
        if (!booted || emu_position_compare(at, until) < 0) {
            status = step ? find_previous(debug, from, &to, &found, end, error)
                          : find_last(debug, from, until, &to, &found, end, stop, error);
            until = at;
        }
        if (status || *end == EMU_RUN_INTERRUPTED) {
            return status;
        }
        bool first = !booted || moment_ns <= debug->moments.items[0].time_ns;
        /* As it came there: at the moment it may have been there for a while. */
        if (found && (first || emu_position_compare(at, to) < 0)) {
            uint64_t time_ns = step ? emu_debug_time_ns(debug, debug->node) : 0;
            return place(debug, moment_ns, time_ns, to, end, error);
        }
        found = false;
        if (first) {
            stop->kind = EMU_DEBUG_BEGIN;
            return to_begin(debug, end, error);
        }
        moment_ns--;
    }
}

enum status emu_debug_rewind(struct emu_debug *debug, bool step, struct emu_debug_stop *stop,
                             struct error *error)
{
    enum emu_run_end end = EMU_RUN_STOPPED;
    struct emu_moment now = emu_moments_present(&debug->moments);
    bool muted = debug->muted;
    debug->muted = true;
    enum status status = rewind_to_stop(debug, step, &end, stop, error);
    debug->muted = muted;
    if (!status && end == EMU_RUN_INTERRUPTED) {
        status = emu_moments_return(&debug->moments, &now, error);
        emu_debug_past_begin(debug);
        stop->kind = EMU_DEBUG_INTERRUPTED;
    } else if (!status && end != EMU_RUN_STOPPED) {
        status = emu_debug_diverged(error);
    }
    emu_moment_fini(&now);
    return status;
}
