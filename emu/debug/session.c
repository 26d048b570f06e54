/* Runs a world for somebody who looks at one of its nodes, and takes the node back. */
#include "session.h"

#include <stdlib.h>
#include <string.h>

#include <base/alloc.h>
#include <base/time.h>

/* Virtual time between two looks at whether to stop, or to keep a state. */
#define SLICE_NS 20000000u
/* Of the debugged node's instructions, between two states of it. */
#define SPACING_INSTRUCTIONS 1000000u
#define WATCH_BYTES_MAX      (1u << 20)

int emu_position_compare(struct emu_position a, struct emu_position b)
{
    if (a.retired != b.retired) {
        return a.retired < b.retired ? -1 : 1;
    }
    return a.delivered < b.delivered ? -1 : a.delivered > b.delivered;
}

static struct emu_node *live(const struct emu_debug *debug)
{
    return &debug->world->nodes[debug->node];
}

struct emu_node *emu_debug_view(const struct emu_debug *debug, uint32_t node)
{
    return debug->in_past && node == debug->node ? &debug->history->twin
                                                 : &debug->world->nodes[node];
}

static bool interrupted(void *context)
{
    const struct emu_debug *debug = context;
    return debug->options.interrupted && debug->options.interrupted(debug->options.context);
}

static enum status take_console(void *context, uint32_t node, const void *bytes,
                                uint32_t size_bytes, struct error *error)
{
    const struct emu_debug *debug = context;
    (void)error;
    if (node == debug->node && !debug->muted && debug->options.console) {
        debug->options.console(debug->options.context, bytes, size_bytes);
    }
    return STATUS_OK;
}

/* --- what stops it ---------------------------------------------------------------------------- */

/* The two probes look for the same. */
static void tell_probes(struct emu_debug *debug)
{
    struct emu_probe *probes[] = {&debug->probe, &debug->history->probe};
    for (int i = 0; i < 2; i++) {
        probes[i]->breakpoints = debug->breakpoints;
        probes[i]->breakpoint_count = debug->breakpoint_count;
        emu_probe_watches_set(probes[i], debug->watches, debug->watch_count);
    }
}

/* Where an address is in the set, or belongs. */
static uint32_t breakpoint_place(const struct emu_debug *debug, uint32_t address)
{
    uint32_t place = 0;
    while (place < debug->breakpoint_count && debug->breakpoints[place] < address) {
        place++;
    }
    return place;
}

static bool breakpoint_at(const struct emu_debug *debug, uint32_t address)
{
    uint32_t place = breakpoint_place(debug, address);
    return place < debug->breakpoint_count && debug->breakpoints[place] == address;
}

bool emu_debug_breakpoint_add(struct emu_debug *debug, uint32_t address)
{
    uint32_t place = breakpoint_place(debug, address);
    if (breakpoint_at(debug, address)) {
        return true;
    }
    if (debug->breakpoint_count == EMU_DEBUG_BREAKPOINTS_MAX) {
        return false;
    }
    memmove(&debug->breakpoints[place + 1], &debug->breakpoints[place],
            (debug->breakpoint_count - place) * sizeof *debug->breakpoints);
    debug->breakpoints[place] = address;
    debug->breakpoint_count++;
    tell_probes(debug);
    return true;
}

void emu_debug_breakpoint_remove(struct emu_debug *debug, uint32_t address)
{
    uint32_t place = breakpoint_place(debug, address);
    if (breakpoint_at(debug, address)) {
        debug->breakpoint_count--;
        memmove(&debug->breakpoints[place], &debug->breakpoints[place + 1],
                (debug->breakpoint_count - place) * sizeof *debug->breakpoints);
        tell_probes(debug);
    }
}

static uint32_t watch_place(const struct emu_debug *debug, const struct emu_watch *watch)
{
    uint32_t place = 0;
    for (; place < debug->watch_count; place++) {
        const struct emu_watch *other = &debug->watches[place];
        if (other->address == watch->address && other->size_bytes == watch->size_bytes &&
            other->read == watch->read && other->write == watch->write) {
            break;
        }
    }
    return place;
}

bool emu_debug_watch_add(struct emu_debug *debug, const struct emu_watch *watch)
{
    uint32_t place = watch_place(debug, watch);
    if (place < debug->watch_count) {
        return true;
    }
    if (place == EMU_DEBUG_WATCHES_MAX || watch->size_bytes == 0 ||
        watch->size_bytes > WATCH_BYTES_MAX || (!watch->read && !watch->write)) {
        return false;
    }
    debug->watches[debug->watch_count++] = *watch;
    tell_probes(debug);
    return true;
}

void emu_debug_watch_remove(struct emu_debug *debug, const struct emu_watch *watch)
{
    uint32_t place = watch_place(debug, watch);
    if (place < debug->watch_count) {
        debug->watch_count--;
        memmove(&debug->watches[place], &debug->watches[place + 1],
                (debug->watch_count - place) * sizeof *debug->watches);
        tell_probes(debug);
    }
}

static enum status diverged(struct error *error)
{
    return error_set(error, STATUS_CORRUPT, NULL, 0,
                     "the debugged node, run again, did not come to where it was; please report "
                     "this, with the scenario");
}

/* --- the past --------------------------------------------------------------------------------- */

/* The history begins where the world stands. */
static void begin_history(struct emu_debug *debug)
{
    emu_history_reset(debug->history, debug->node);
    tell_probes(debug);
    debug->history->from_birth = live(debug)->state == EMU_NODE_OFF;
    emu_history_keep(debug->history);
}

/* After a write: whatever would be run again from before would not have it, and what was recorded
 * is another run. */
static void forget_past(struct emu_debug *debug)
{
    debug->written = false;
    if (debug->replay) {
        debug->replay->forked = true;
    }
    emu_moments_forget(&debug->moments);
    emu_moments_keep(&debug->moments);
    begin_history(debug);
}

/* Keeps what there is to keep of where the world has come to. */
static void keep(struct emu_debug *debug, bool moments)
{
    struct emu_history *history = debug->history;
    uint64_t retired = live(debug)->vcpu.retired;
    if (moments && history->inputs.size_bytes > debug->options.history_bytes / 4) {
        begin_history(debug); /* what is before can be had from a moment */
    } else if (retired - history->checkpoints[history->count - 1].position.retired >
               SPACING_INSTRUCTIONS) {
        emu_history_keep(history);
    }
    if (moments && emu_moments_due(&debug->moments)) {
        emu_moments_keep(&debug->moments);
    }
}

/* --- running the world ------------------------------------------------------------------------ */

enum run_end {
    RUN_STOPPED, /* by the probe */
    RUN_TIME,
    RUN_INTERRUPTED,
};

static uint64_t lesser(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Runs the world on, up to until_ns; a recorded run gets what it got from outside. */
static enum status run_on(struct emu_debug *debug, uint64_t until_ns, struct error *error)
{
    bool stopped;
    return debug->replay ? emu_replay_run(debug->replay, until_ns, &stopped, error)
                         : emu_world_run(debug->world, until_ns, error);
}

/* Runs the world until the probe, which is set, stops it, or to until_ns. */
static enum status run_world(struct emu_debug *debug, uint64_t until_ns, bool moments,
                             enum run_end *end, struct error *error)
{
    struct emu_world *world = debug->world;
    live(debug)->process->halted = false;
    *end = RUN_TIME;
    while (world->now_ns < until_ns) {
        uint64_t next_ns = emu_world_next_ns(world);
        uint64_t slice_ns = until_ns;
        if (next_ns < until_ns && until_ns - next_ns > SLICE_NS) {
            slice_ns = (next_ns > world->now_ns ? next_ns : world->now_ns) + SLICE_NS;
        }
        enum status status = run_on(debug, lesser(slice_ns, until_ns), error);
        if (status) {
            return status;
        }
        if (debug->probe.stop != EMU_PROBE_NONE) {
            *end = RUN_STOPPED;
            return STATUS_OK;
        }
        keep(debug, moments);
        if (interrupted(debug)) {
            *end = RUN_INTERRUPTED;
            return STATUS_OK;
        }
    }
    return STATUS_OK;
}

/* Frames that ever reached the node's card. */
static uint64_t arrivals(const struct emu_node *node)
{
    return node->account.frames_received + node->account.drops_nic_full +
           node->account.drops_node_down;
}

/* Forgets what reached the node later than at a moment at which `frames` had. */
static void cut_off(struct emu_inputs *inputs, uint64_t frames, uint64_t time_ns)
{
    size_t count = inputs->count;
    uint64_t left = inputs->frame_count;
    while (count && (left > frames || (!inputs->items[count - 1].frame &&
                                       inputs->items[count - 1].time_ns > time_ns))) {
        left -= inputs->items[--count].frame != NULL;
    }
    emu_inputs_truncate(inputs, count);
}

/* Runs the world on to a time, whatever becomes of the node. */
static enum status run_past_stops(struct emu_debug *debug, uint64_t time_ns, enum run_end *end,
                                  struct error *error)
{
    enum status status;
    do {
        emu_probe_clear(&debug->probe);
        status = run_world(debug, time_ns, false, end, error);
    } while (!status && *end == RUN_STOPPED);
    return status;
}

/*
 * Runs the world, which stands at a moment before, to where it was at now_ns, and the node on to
 * where that was: at `present`, with so many frames that had reached it. Then its history is whole;
 * what runs past that is cut off. The node may not have moved for long, or have ended, but what
 * reached it meanwhile counts.
 */
static enum status capture(struct emu_debug *debug, struct emu_position present, uint64_t frames,
                           uint64_t now_ns, enum run_end *end, struct error *error)
{
    const struct emu_inputs *reached = &debug->history->inputs;
    debug->probe.breakpoint_count = 0;
    debug->probe.watch_count = 0;
    enum status status = run_past_stops(debug, now_ns, end, error);
    bool going = !status && *end != RUN_INTERRUPTED;
    if (going && emu_position_compare(emu_node_position(live(debug)), present) < 0) {
        emu_probe_clear(&debug->probe);
        debug->probe.until = present;
        status = run_world(debug, debug->options.end_ns, false, end, error);
        going = !status && *end != RUN_INTERRUPTED;
    }
    if (going && emu_position_compare(emu_node_position(live(debug)), present) != 0) {
        status = diverged(error);
    }
    while (going && !status && reached->frame_count < frames) {
        uint64_t next_ns = emu_world_next_ns(debug->world);
        emu_probe_clear(&debug->probe);
        live(debug)->process->halted = false;
        status = next_ns == TIME_NEVER ? diverged(error) : run_on(debug, next_ns + SLICE_NS, error);
    }
    if (going && !status) {
        *end = RUN_STOPPED;
        cut_off(&debug->history->inputs, frames, now_ns);
    }
    tell_probes(debug);
    return status;
}

/* Has the history reach further back: one pass over the world from an earlier moment, which then
 * stands where it stood. Twice as far, or more, so that all the way to the beginning costs no more
 * than twice the way. *further: it does. */
static enum status extend(struct emu_debug *debug, bool *further, enum run_end *end,
                          struct error *error)
{
    uint64_t first_ns = debug->history->checkpoints[0].time_ns;
    struct emu_moments *moments = &debug->moments;
    uint64_t span_ns = debug->world->now_ns - first_ns;
    uint64_t wanted_ns = first_ns > span_ns ? lesser(first_ns - span_ns, first_ns - 1) : 0;
    uint32_t moment = emu_moments_find(moments, wanted_ns);
    if (moment == EMU_MOMENT_NONE && moments->items[0].time_ns < first_ns) {
        moment = 0; /* not so far, but that is all there is */
    }
    *further = false;
    *end = RUN_STOPPED;
    if (debug->history->from_birth || !first_ns || moment == EMU_MOMENT_NONE) {
        return STATUS_OK;
    }
    struct emu_position present = emu_node_position(live(debug));
    uint64_t reached = arrivals(live(debug));
    struct emu_moment now = emu_moments_present(moments);
    enum status status = emu_moments_load(moments, moment, error);
    if (!status) {
        begin_history(debug);
        debug->muted = true;
        status = capture(debug, present, reached - arrivals(live(debug)), now.time_ns, end, error);
        debug->muted = false;
    }
    if (!status) {
        status = emu_moments_return(moments, &now, error);
    }
    emu_moment_fini(&now);
    if (!status && *end == RUN_INTERRUPTED) {
        begin_history(debug);
    }
    *further = debug->history->checkpoints[0].time_ns < first_ns;
    return status;
}

/* --- going on --------------------------------------------------------------------------------- */

static void set_stop(const struct emu_debug *debug, const struct emu_probe *probe,
                     enum emu_probe_stop reason, struct emu_debug_stop *stop)
{
    static const enum emu_debug_stop_kind kinds[] = {
        [EMU_PROBE_NONE] = EMU_DEBUG_INTERRUPTED, [EMU_PROBE_UNTIL] = EMU_DEBUG_STEPPED,
        [EMU_PROBE_STEP] = EMU_DEBUG_STEPPED,     [EMU_PROBE_BREAKPOINT] = EMU_DEBUG_BREAKPOINT,
        [EMU_PROBE_WATCH] = EMU_DEBUG_WATCHPOINT, [EMU_PROBE_ENDED] = EMU_DEBUG_TERMINATED,
    };
    stop->kind = kinds[reason];
    if (reason == EMU_PROBE_ENDED && live(debug)->state == EMU_NODE_FAULTED) {
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
    struct emu_node *node = live(debug);
    struct emu_position from = emu_node_position(node);
    enum run_end end;
    if (node->state == EMU_NODE_OFF) {
        aim(&debug->probe, EMU_POSITION_NEVER, (struct emu_debug_span){0});
        debug->probe.until = span.step ? from : EMU_POSITION_NEVER;
    } else {
        aim(&debug->probe, from, span);
    }
    enum status status = run_world(debug, debug->options.end_ns, true, &end, error);
    set_stop(debug, &debug->probe, debug->probe.stop, stop);
    if (end == RUN_TIME) {
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
    struct emu_position present = emu_node_position(live(debug));
    aim(probe, emu_node_position(&history->twin), span);
    probe->until = present;
    if (emu_history_run(history) == EMU_HISTORY_DIVERGED) {
        return diverged(error);
    }
    set_stop(debug, probe, probe->stop, stop);
    *arrived = probe->stop == EMU_PROBE_UNTIL || probe->stop == EMU_PROBE_ENDED;
    if (*arrived || emu_position_compare(emu_node_position(&history->twin), present) >= 0) {
        debug->in_past = false;
    }
    return STATUS_OK;
}

static enum status forward(struct emu_debug *debug, struct emu_debug_span span,
                           struct emu_debug_stop *stop, struct error *error)
{
    if (debug->in_past) {
        bool arrived;
        enum status status = forward_past(debug, span, &arrived, stop, error);
        if (status || !arrived) {
            return status;
        }
        /* Where the world stands: does the node stop here, come from its past? */
        const struct emu_node *node = live(debug);
        uint32_t eip = node->vcpu.eip;
        if (!emu_node_alive(node)) {
            set_stop(debug, &debug->probe, EMU_PROBE_ENDED, stop);
            return STATUS_OK;
        }
        if (breakpoint_at(debug, eip) || (span.step && (eip < span.from || eip >= span.to))) {
            stop->kind = breakpoint_at(debug, eip) ? EMU_DEBUG_BREAKPOINT : EMU_DEBUG_STEPPED;
            return STATUS_OK;
        }
    }
    return forward_live(debug, span, stop, error);
}

/* --- going back ------------------------------------------------------------------------------- */

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
            set_stop(debug, &history->probe, step ? EMU_PROBE_STEP : history->probe.last_stop,
                     stop);
            *to = step ? *to : history->probe.last;
            return STATUS_OK;
        }
        if (result == EMU_HISTORY_DIVERGED) {
            return diverged(error);
        }
        bool further = false;
        enum run_end end = RUN_INTERRUPTED;
        enum status status = STATUS_OK;
        if (result == EMU_HISTORY_BEGIN) {
            status = extend(debug, &further, &end, error);
        }
        if (status) {
            return status;
        }
        if (end == RUN_INTERRUPTED) {
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

static enum status backward(struct emu_debug *debug, bool step, struct emu_debug_stop *stop,
                            struct error *error)
{
    struct emu_position present = emu_node_position(live(debug));
    struct emu_position from = emu_debug_position(debug);
    struct emu_position to = from;
    if (live(debug)->state == EMU_NODE_OFF) {
        stop->kind = EMU_DEBUG_BEGIN;
        return STATUS_OK;
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
            return diverged(error);
        }
    }
    return STATUS_OK;
}

enum status emu_debug_resume(struct emu_debug *debug, enum emu_debug_direction direction,
                             struct emu_debug_span span, struct emu_debug_stop *stop,
                             struct error *error)
{
    memset(stop, 0, sizeof *stop);
    stop->node = debug->node;
    if (debug->written) {
        forget_past(debug);
    }
    return direction == EMU_DEBUG_FORWARD ? forward(debug, span, stop, error)
                                          : backward(debug, span.step, stop, error);
}

/* Nothing stops the world but the time. */
static enum status run_to_time(struct emu_debug *debug, uint64_t time_ns, enum run_end *end,
                               struct error *error)
{
    emu_probe_clear(&debug->probe);
    debug->probe.breakpoint_count = 0;
    debug->probe.watch_count = 0;
    enum status status = run_world(debug, time_ns, true, end, error);
    while (!status && *end == RUN_STOPPED) { /* it has ended; the others go on */
        emu_probe_clear(&debug->probe);
        status = run_world(debug, time_ns, true, end, error);
    }
    tell_probes(debug);
    return status;
}

/* To a moment that is nearer to a time than the present is, if it is. */
static enum status jump(struct emu_debug *debug, uint32_t moment, uint64_t time_ns,
                        struct error *error)
{
    /* Within a window the node may have come further than the world as a whole. */
    uint64_t now_ns = debug->world->now_ns;
    uint64_t node_ns = emu_debug_time_ns(debug, debug->node);
    if (time_ns >= now_ns && time_ns >= node_ns && debug->moments.items[moment].time_ns <= now_ns) {
        return STATUS_OK;
    }
    enum status status = emu_moments_load(&debug->moments, moment, error);
    if (!status) {
        begin_history(debug);
    }
    return status;
}

enum status emu_debug_goto(struct emu_debug *debug, uint64_t time_ns, struct emu_debug_stop *stop,
                           struct error *error)
{
    enum status status = STATUS_OK;
    enum run_end end = RUN_TIME;
    memset(stop, 0, sizeof *stop);
    stop->node = debug->node;
    stop->kind = EMU_DEBUG_STEPPED;
    if (debug->written) {
        forget_past(debug);
    }
    debug->in_past = false;
    time_ns = lesser(time_ns, debug->options.end_ns);
    uint32_t moment = emu_moments_find(&debug->moments, time_ns);
    if (moment == EMU_MOMENT_NONE) {
        stop->kind = EMU_DEBUG_BEGIN;
        moment = 0;
    }
    status = jump(debug, moment, time_ns, error);
    if (!status && stop->kind != EMU_DEBUG_BEGIN) {
        status = run_to_time(debug, time_ns, &end, error);
    }
    if (end == RUN_INTERRUPTED) {
        stop->kind = EMU_DEBUG_INTERRUPTED;
    }
    return status;
}

/* --- the session ------------------------------------------------------------------------------ */

static void attach(struct emu_debug *debug, uint32_t node)
{
    debug->node = node;
    live(debug)->probe = &debug->probe;
    debug->world->probe = &debug->probe;
    begin_history(debug);
}

void emu_debug_node_set(struct emu_debug *debug, uint32_t node)
{
    if (node != debug->node) {
        if (debug->written) {
            forget_past(debug);
        }
        debug->in_past = false;
        live(debug)->process->halted = false;
        live(debug)->probe = NULL;
        attach(debug, node);
    }
}

enum status emu_debug_create(struct emu_world *world, const struct emu_debug_options *options,
                             struct emu_debug **result, struct error *error)
{
    if (options->node >= world->node_count) {
        return error_set(error, STATUS_INVALID, NULL, 0,
                         "node number %u is to be debugged; expected 0 to %u", options->node,
                         world->node_count - 1);
    }
    if (world->host_count) {
        /* The past is found by running one machine again alone, which a host's are not. */
        return error_set(error, STATUS_INVALID, NULL, 0,
                         "machines that share a host cannot be debugged yet; expected a scenario "
                         "without `hosts`");
    }
    struct emu_debug *debug = alloc_zeroed(1, sizeof *debug);
    enum run_end end;
    debug->world = world;
    debug->options = *options;
    if (!debug->options.history_bytes) {
        debug->options.history_bytes = EMU_DEBUG_HISTORY_BYTES;
    }
    uint64_t part_bytes = debug->options.history_bytes / 4;
    enum status status =
        emu_history_create(world, options->node, part_bytes, &debug->history, error);
    if (status) {
        free(debug);
        return status;
    }
    debug->history->interrupted = interrupted;
    debug->history->context = debug;
    if (options->recorded) {
        debug->replay = &options->recorded->replay;
        debug->options.end_ns = lesser(options->end_ns, debug->replay->to_ns);
        status = emu_player_enter(debug->replay->player, world, EMU_PLACE_START, error);
    }
    if (status) {
        emu_history_destroy(debug->history);
        free(debug);
        return status;
    }
    debug->sink = world->sink;
    world->sink = (struct emu_sink){.context = debug, .console = take_console};
    emu_moments_init(&debug->moments, world, 2 * part_bytes,
                     debug->replay ? debug->replay->player : NULL);
    emu_probe_init(&debug->probe, &debug->history->inputs);
    attach(debug, options->node);
    debug->muted = true;
    uint64_t at_ns = lesser(options->at_ns, debug->options.end_ns);
    status = jump(debug, emu_moments_find(&debug->moments, at_ns), at_ns, error);
    if (!status) {
        status = run_to_time(debug, at_ns, &end, error);
    }
    if (!status && end == RUN_TIME && live(debug)->state == EMU_NODE_OFF) {
        struct emu_debug_stop stop;
        status = forward_live(debug, (struct emu_debug_span){.step = true}, &stop, error);
    }
    debug->muted = false;
    if (status) {
        emu_debug_destroy(debug);
        return status;
    }
    *result = debug;
    return STATUS_OK;
}

void emu_debug_destroy(struct emu_debug *debug)
{
    if (debug) {
        live(debug)->probe = NULL;
        live(debug)->process->halted = false;
        debug->world->probe = NULL;
        debug->world->sink = debug->sink;
        emu_moments_fini(&debug->moments);
        emu_history_destroy(debug->history);
        emu_probe_fini(&debug->probe);
        free(debug);
    }
}

/* --- looking and writing ---------------------------------------------------------------------- */

uint32_t emu_debug_node(const struct emu_debug *debug)
{
    return debug->node;
}

bool emu_debug_in_past(const struct emu_debug *debug)
{
    return debug->in_past;
}

struct emu_position emu_debug_position(const struct emu_debug *debug)
{
    return emu_node_position(emu_debug_view(debug, debug->node));
}

uint64_t emu_debug_time_ns(const struct emu_debug *debug, uint32_t index)
{
    const struct emu_node *node = emu_debug_view(debug, index);
    uint64_t time_ns = time_of_cycles(node->vcpu.cycles, node->cpu_hz);
    /* The clock of a processor that waits stands still. */
    bool waits = node->state != EMU_NODE_RUNNING && node->state != EMU_NODE_WAKING;
    uint64_t now_ns = node->process->twin ? node->process->now_ns : debug->world->now_ns;
    return waits && now_ns > time_ns ? now_ns : time_ns;
}

const struct vcpu *emu_debug_cpu(const struct emu_debug *debug, uint32_t node)
{
    return &emu_debug_view(debug, node)->vcpu;
}

bool emu_debug_read(const struct emu_debug *debug, uint32_t node, uint32_t address, void *bytes,
                    uint32_t size_bytes)
{
    return vcpu_space_load(&emu_debug_view(debug, node)->space, address, bytes, size_bytes);
}

bool emu_debug_write(struct emu_debug *debug, uint32_t node, uint32_t address, const void *bytes,
                     uint32_t size_bytes)
{
    if (debug->in_past || size_bytes == 0) {
        return !debug->in_past;
    }
    if (!vcpu_space_store(&debug->world->nodes[node].space, address, bytes, size_bytes)) {
        return false;
    }
    debug->written = true;
    return true;
}

bool emu_debug_cpu_set(struct emu_debug *debug, uint32_t index, const struct vcpu *cpu)
{
    struct emu_node *node = &debug->world->nodes[index];
    if (debug->in_past || !emu_node_alive(node)) {
        return false;
    }
    emu_node_wait_end(node, debug->world->now_ns);
    memcpy(node->vcpu.gpr, cpu->gpr, sizeof node->vcpu.gpr);
    node->vcpu.eip = cpu->eip;
    node->vcpu.eflags = cpu->eflags & VCPU_FLAG_ALL;
    node->vcpu.x87 = cpu->x87;
    emu_process_note_next(node->process);
    debug->written = true;
    return true;
}
