/* Runs the world of a debug session on: until something stops the debugged node, or to a time. */
#include "session.h"

#include <string.h>

#include <base/time.h>

static uint64_t lesser(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* --- running the world ------------------------------------------------------------------------ */

/* Runs the world on, up to until_ns; a recorded run gets what it got from outside. */
static enum status run_on(struct emu_debug *debug, uint64_t until_ns, struct error *error)
{
    bool stopped;
    emu_moments_reached(&debug->moments, until_ns);
    return debug->replay ? emu_replay_run(debug->replay, until_ns, &stopped, error)
                         : emu_world_run(debug->world, until_ns, error);
}

/* Where a slice ends on the way to a time. */
static uint64_t slice_end(struct emu_world *world, uint64_t until_ns)
{
    uint64_t next_ns = emu_world_next_ns(world);
    uint64_t from_ns = next_ns > world->now_ns ? next_ns : world->now_ns;
    return from_ns < until_ns && until_ns - from_ns > EMU_DEBUG_SLICE_NS
               ? from_ns + EMU_DEBUG_SLICE_NS
               : until_ns;
}

enum status emu_debug_run(struct emu_debug *debug, uint64_t until_ns, enum emu_run_end *end,
                          struct error *error)
{
    struct emu_world *world = debug->world;
    emu_debug_live(debug)->process->halted = false;
    *end = EMU_RUN_TIME;
    while (world->now_ns < until_ns) {
        enum status status = run_on(debug, slice_end(world, until_ns), error);
        if (status) {
            return status;
        }
        if (debug->probe.stop != EMU_PROBE_NONE) {
            *end = EMU_RUN_STOPPED;
            return STATUS_OK;
        }
        emu_debug_keep(debug);
        if (emu_debug_interrupted(debug)) {
            *end = EMU_RUN_INTERRUPTED;
            return STATUS_OK;
        }
    }
    return STATUS_OK;
}

enum status emu_debug_run_part(void *context, const struct emu_moment *to, bool *arrived,
                               bool *stopped, struct error *error)
{
    struct emu_debug *debug = context;
    struct emu_world *world = debug->world;
    struct emu_player *player = debug->replay ? debug->replay->player : NULL;
    uint64_t until_ns = slice_end(world, to->time_ns);
    bool ignored;
    enum status status =
        player && emu_player_now(player) < to->place
            ? emu_replay_run_to(debug->replay, until_ns, to->place, &ignored, error)
            : emu_world_run(world, until_ns, error);
    *arrived = world->now_ns >= to->time_ns && (!player || emu_player_now(player) >= to->place);
    *stopped = emu_debug_interrupted(debug);
    return status;
}

void emu_debug_stop_set(const struct emu_debug *debug, const struct emu_probe *probe,
                        enum emu_probe_stop reason, struct emu_debug_stop *stop)
{
    static const enum emu_debug_stop_kind kinds[] = {
        [EMU_PROBE_NONE] = EMU_DEBUG_INTERRUPTED, [EMU_PROBE_UNTIL] = EMU_DEBUG_STEPPED,
        [EMU_PROBE_STEP] = EMU_DEBUG_STEPPED,     [EMU_PROBE_BREAKPOINT] = EMU_DEBUG_BREAKPOINT,
        [EMU_PROBE_WATCH] = EMU_DEBUG_WATCHPOINT, [EMU_PROBE_ENDED] = EMU_DEBUG_TERMINATED,
    };
    stop->kind = kinds[reason];
    if (reason == EMU_PROBE_ENDED && emu_debug_live(debug)->state == EMU_NODE_FAULTED) {
        stop->kind = EMU_DEBUG_FAULTED;
    }
    stop->watch = probe->watch;
    stop->wrote = probe->wrote;
}

static void aim(struct emu_probe *probe, struct emu_position from, struct emu_debug_span span)
{
    emu_probe_clear(probe);
    probe->from = from;
    probe->step = span.step;
    probe->step_from = span.from;
    probe->step_to = span.to;
}

/* Of the live node. */
static enum status forward_live(struct emu_debug *debug, struct emu_debug_span span,
                                struct emu_debug_stop *stop, struct error *error)
{
    struct emu_node *node = emu_debug_live(debug);
    struct emu_position from = emu_node_position(node);
    enum emu_run_end end;
    if (node->state == EMU_NODE_OFF) {
        aim(&debug->probe, EMU_POSITION_NEVER, (struct emu_debug_span){0});
        debug->probe.until = span.step ? from : EMU_POSITION_NEVER;
    } else {
        aim(&debug->probe, from, span);
    }
    enum status status = emu_debug_run(debug, debug->options.end_ns, &end, error);
    emu_debug_stop_set(debug, &debug->probe, debug->probe.stop, stop);
    if (end == EMU_RUN_TIME) {
        stop->kind = EMU_DEBUG_END;
    }
    return status;
}

/* Of the twin, up to where the world's node is. *arrived: it is there, and nothing stopped it
 * before. */
static enum status forward_past(struct emu_debug *debug, struct emu_debug_span span, bool *arrived,
                                struct emu_debug_stop *stop, struct error *error)
{
    struct emu_history *history = debug->history;
    struct emu_probe *probe = &history->probe;
    struct emu_position present = emu_node_position(emu_debug_live(debug));
    aim(probe, emu_node_position(&history->twin), span);
    probe->until = present;
    if (emu_history_run(history) == EMU_HISTORY_DIVERGED) {
        return emu_debug_diverged(error);
    }
    emu_debug_stop_set(debug, probe, probe->stop, stop);
    *arrived = probe->stop == EMU_PROBE_UNTIL || probe->stop == EMU_PROBE_ENDED;
    if (*arrived || emu_position_compare(emu_node_position(&history->twin), present) >= 0) {
        debug->in_past = false;
    }
    return STATUS_OK;
}

enum status emu_debug_forward(struct emu_debug *debug, struct emu_debug_span span,
                              struct emu_debug_stop *stop, struct error *error)
{
    if (debug->in_past) {
        bool arrived;
        enum status status = forward_past(debug, span, &arrived, stop, error);
        if (status || !arrived) {
            return status;
        }
        /* Where the world stands: does the node stop here, come from its past? */
        const struct emu_node *node = emu_debug_live(debug);
        uint32_t eip = node->vcpu.eip;
        if (!emu_node_alive(node)) {
            emu_debug_stop_set(debug, &debug->probe, EMU_PROBE_ENDED, stop);
            return STATUS_OK;
        }
        if (emu_debug_breakpoint_at(debug, eip) ||
            (span.step && (eip < span.from || eip >= span.to))) {
            stop->kind =
                emu_debug_breakpoint_at(debug, eip) ? EMU_DEBUG_BREAKPOINT : EMU_DEBUG_STEPPED;
            return STATUS_OK;
        }
    }
    return forward_live(debug, span, stop, error);
}

/* Nothing stops the world but the time. */
enum status emu_debug_run_to_time(struct emu_debug *debug, uint64_t time_ns, enum emu_run_end *end,
                                  struct error *error)
{
    emu_probe_clear(&debug->probe);
    debug->probe.breakpoint_count = 0;
    debug->probe.watch_count = 0;
    enum status status = emu_debug_run(debug, time_ns, end, error);
    while (!status && *end == EMU_RUN_STOPPED) { /* it has ended; the others go on */
        emu_probe_clear(&debug->probe);
        status = emu_debug_run(debug, time_ns, end, error);
    }
    emu_debug_probes_tell(debug);
    return status;
}

/* To a moment that is nearer to a time than the present is, if it is. */
static enum status jump(struct emu_debug *debug, uint64_t time_ns, struct error *error)
{
    uint32_t moment = emu_moments_find(&debug->moments, time_ns);
    if (moment == EMU_MOMENT_NONE) {
        moment = 0;
    }
    uint64_t now_ns = debug->world->now_ns;
    /* Within a window nodes may have come further than the world as a whole. */
    if (time_ns >= now_ns && time_ns >= debug->moments.reach_ns &&
        debug->moments.items[moment].time_ns <= now_ns) {
        return STATUS_OK;
    }
    enum status status = emu_moments_load(&debug->moments, moment, error);
    if (!status) {
        emu_debug_past_begin(debug);
    }
    return status;
}

enum status emu_debug_travel(struct emu_debug *debug, uint64_t time_ns, enum emu_run_end *end,
                             struct error *error)
{
    time_ns = lesser(time_ns, debug->options.end_ns);
    enum status status = jump(debug, time_ns, error);
    return status ? status : emu_debug_run_to_time(debug, time_ns, end, error);
}

enum status emu_debug_goto(struct emu_debug *debug, uint64_t time_ns, struct emu_debug_stop *stop,
                           struct error *error)
{
    enum status status = STATUS_OK;
    enum emu_run_end end = EMU_RUN_TIME;
    memset(stop, 0, sizeof *stop);
    stop->node = debug->node;
    stop->kind = EMU_DEBUG_STEPPED;
    if (debug->written) {
        emu_debug_past_forget(debug);
    }
    debug->in_past = false;
    if (debug->moments.items[0].time_ns > time_ns) { /* after a write */
        stop->kind = EMU_DEBUG_BEGIN;
        time_ns = debug->moments.items[0].time_ns;
    }
    status = emu_debug_travel(debug, time_ns, &end, error);
    if (end == EMU_RUN_INTERRUPTED) {
        stop->kind = EMU_DEBUG_INTERRUPTED;
    }
    return status;
}
