/* Runs a world for somebody who looks at one of its nodes, and takes the node back. */
#include "session.h"

#include <stdlib.h>
#include <string.h>

#include <base/alloc.h>
#include <base/time.h>

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

struct emu_node *emu_debug_live(const struct emu_debug *debug)
{
    return &debug->world->nodes[debug->node];
}

struct emu_node *emu_debug_view(const struct emu_debug *debug, uint32_t node)
{
    return debug->in_past && node == debug->node ? &debug->history->twin
                                                 : &debug->world->nodes[node];
}

bool emu_debug_interrupted(const struct emu_debug *debug)
{
    return debug->options.interrupted && debug->options.interrupted(debug->options.context);
}

static bool interrupted(void *debug)
{
    return emu_debug_interrupted(debug);
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
void emu_debug_probes_tell(struct emu_debug *debug)
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

bool emu_debug_breakpoint_at(const struct emu_debug *debug, uint32_t address)
{
    uint32_t place = breakpoint_place(debug, address);
    return place < debug->breakpoint_count && debug->breakpoints[place] == address;
}

bool emu_debug_breakpoint_add(struct emu_debug *debug, uint32_t address)
{
    uint32_t place = breakpoint_place(debug, address);
    if (emu_debug_breakpoint_at(debug, address)) {
        return true;
    }
    if (debug->breakpoint_count == EMU_DEBUG_BREAKPOINTS_MAX) {
        return false;
    }
    memmove(&debug->breakpoints[place + 1], &debug->breakpoints[place],
            (debug->breakpoint_count - place) * sizeof *debug->breakpoints);
    debug->breakpoints[place] = address;
    debug->breakpoint_count++;
    emu_debug_probes_tell(debug);
    return true;
}

void emu_debug_breakpoint_remove(struct emu_debug *debug, uint32_t address)
{
    uint32_t place = breakpoint_place(debug, address);
    if (emu_debug_breakpoint_at(debug, address)) {
        debug->breakpoint_count--;
        memmove(&debug->breakpoints[place], &debug->breakpoints[place + 1],
                (debug->breakpoint_count - place) * sizeof *debug->breakpoints);
        emu_debug_probes_tell(debug);
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
    emu_debug_probes_tell(debug);
    return true;
}

void emu_debug_watch_remove(struct emu_debug *debug, const struct emu_watch *watch)
{
    uint32_t place = watch_place(debug, watch);
    if (place < debug->watch_count) {
        debug->watch_count--;
        memmove(&debug->watches[place], &debug->watches[place + 1],
                (debug->watch_count - place) * sizeof *debug->watches);
        emu_debug_probes_tell(debug);
    }
}

enum status emu_debug_diverged(struct error *error)
{
    return error_set(error, STATUS_CORRUPT, NULL, 0,
                     "the debugged node, run again, did not come to where it was; please report "
                     "this, with the scenario");
}

/* --- the past --------------------------------------------------------------------------------- */

/* The history is the debugged node's, as far back as the trail. */
static void follow(struct emu_debug *debug)
{
    struct emu_trail *trail = &debug->trail;
    emu_trail_own_set(trail, debug->node);
    emu_history_reset(debug->history, debug->node, &trail->inputs[debug->node]);
    emu_debug_probes_tell(debug);
    if (emu_debug_live(debug)->seat) {
        return; /* it cannot be run again alone */
    }
    const struct emu_trail_base *base = emu_trail_own_begin(trail);
    (void)emu_history_keep_base(debug->history, base->moment.state, base->typed_input);
    emu_history_keep(debug->history);
}

void emu_debug_past_begin(struct emu_debug *debug)
{
    emu_trail_begin(&debug->trail);
    follow(debug);
}

void emu_debug_past_forget(struct emu_debug *debug)
{
    debug->written = false;
    if (debug->replay) {
        debug->replay->forked = true;
    }
    emu_moments_forget(&debug->moments);
    emu_moments_keep(&debug->moments);
    emu_debug_past_begin(debug);
}

void emu_debug_keep(struct emu_debug *debug)
{
    struct emu_history *history = debug->history;
    uint64_t retired = emu_debug_live(debug)->vcpu.retired;
    if (!emu_moments_level(&debug->moments)) {
        return;
    }
    emu_history_inputs_moved(history, 0, emu_trail_advance(&debug->trail));
    bool alone = !emu_debug_live(debug)->seat;
    if (alone &&
        (!history->count || retired - history->checkpoints[history->count - 1].position.retired >
                                SPACING_INSTRUCTIONS)) {
        emu_history_keep(history);
    }
    if (emu_moments_due(&debug->moments)) {
        emu_moments_keep(&debug->moments);
    }
}

/* --- the session ------------------------------------------------------------------------------ */

static void attach(struct emu_debug *debug, uint32_t node)
{
    debug->node = node;
    emu_debug_live(debug)->probe = &debug->probe;
    debug->world->probe = &debug->probe;
    follow(debug);
}

void emu_debug_node_set(struct emu_debug *debug, uint32_t node)
{
    if (node != debug->node) {
        if (debug->written) {
            emu_debug_past_forget(debug);
        }
        debug->in_past = false;
        emu_debug_live(debug)->process->halted = false;
        emu_debug_live(debug)->probe = NULL;
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
    struct emu_debug *debug = alloc_zeroed(1, sizeof *debug);
    enum emu_run_end end;
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
        debug->options.end_ns =
            options->end_ns < debug->replay->to_ns ? options->end_ns : debug->replay->to_ns;
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
    emu_trail_init(&debug->trail, &debug->moments, part_bytes);
    emu_probe_init(&debug->probe);
    attach(debug, options->node);
    debug->muted = true;
    status = emu_debug_travel(debug, options->at_ns, &end, error);
    if (!status && end == EMU_RUN_TIME && emu_debug_live(debug)->state == EMU_NODE_OFF) {
        struct emu_debug_stop stop;
        status = emu_debug_forward(debug, (struct emu_debug_span){.step = true}, &stop, error);
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
        emu_debug_live(debug)->probe = NULL;
        emu_debug_live(debug)->process->halted = false;
        debug->world->probe = NULL;
        debug->world->sink = debug->sink;
        emu_trail_fini(&debug->trail);
        emu_moments_fini(&debug->moments);
        emu_history_destroy(debug->history);
        emu_probe_fini(&debug->probe);
        free(debug);
    }
}

enum status emu_debug_resume(struct emu_debug *debug, enum emu_debug_direction direction,
                             struct emu_debug_span span, struct emu_debug_stop *stop,
                             struct error *error)
{
    memset(stop, 0, sizeof *stop);
    stop->node = debug->node;
    if (debug->written) {
        emu_debug_past_forget(debug);
    }
    return direction == EMU_DEBUG_FORWARD ? emu_debug_forward(debug, span, stop, error)
                                          : emu_debug_backward(debug, span.step, stop, error);
}

bool emu_debug_damage_take(struct emu_debug *debug, uint64_t *time_ns)
{
    bool damaged = debug->moments.damaged;
    debug->moments.damaged = false;
    *time_ns = debug->moments.damaged_ns;
    return damaged;
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

/* On a host a machine that waits has left its processor. */
static bool away(const struct emu_node *node)
{
    return node->seat && node->state != EMU_NODE_RUNNING;
}

const char *emu_debug_write_refusal(const struct emu_debug *debug, uint32_t index, bool registers)
{
    const struct emu_node *node = &debug->world->nodes[index];
    if (debug->in_past) {
        return "the debugged node is at a moment of its past, where nothing can be written: "
               "`monitor goto` takes the whole world to a time, and there it can";
    }
    if (registers && !emu_node_alive(node)) {
        return "the node is not running: it has no registers to write";
    }
    return registers && away(node) ? "the machine waits for its host's processor: its registers "
                                     "can be written when it runs"
                                   : NULL;
}

bool emu_debug_write(struct emu_debug *debug, uint32_t node, uint32_t address, const void *bytes,
                     uint32_t size_bytes)
{
    if (size_bytes == 0) {
        return true;
    }
    if (emu_debug_write_refusal(debug, node, false)) {
        return false;
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
    if (emu_debug_write_refusal(debug, index, true)) {
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
