/* Keeps the past of one node and runs it again. */
#include "history.h"

#include <stdlib.h>
#include <string.h>

#include <base/alloc.h>
#include <base/codec.h>
#include <base/time.h>

/* Virtual time between two looks at whether somebody wants to interrupt. */
#define SLICE_NS 20000000u
/* On the way to a position, states are kept at half the way that is left, and so on down to this
 * many instructions, which take a millisecond or so: the next moves will be near. */
#define NEAR_INSTRUCTIONS 100000u
/* A state is too many if its neighbours are nearer together than this part of their distance from
 * the present. */
#define SPACING 8u

/* --- the twin --------------------------------------------------------------------------------- */

/* Queues the next input, if the history has one. */
static void queue_input(struct emu_history *history)
{
    if (history->next_input < history->inputs->count) {
        const struct emu_input *input = &history->inputs->items[history->next_input];
        history->feed.base.key = (struct event_key){
            .time_ns = input->time_ns,
            .kind = input->frame ? EMU_EVENT_NETWORK : EMU_EVENT_BOOT, /* the first of its time */
            .destination = input->frame ? history->node : 0,
        };
        event_heap_push(&history->process.events, &history->feed.base);
    }
}

/* The twin's process comes to an input. */
static void feed(struct emu_process *process)
{
    struct emu_history *history =
        (struct emu_history *)((char *)process - offsetof(struct emu_history, process));
    const struct emu_input *input = &history->inputs->items[history->next_input++];
    if (input->frame) {
        emu_node_frame_arrives(&history->twin, input->frame);
    } else {
        emu_world_input_again(&history->twin, input->outside);
    }
    queue_input(history);
}

static void unqueue_input(struct emu_history *history)
{
    if (event_queued(&history->feed.base)) {
        event_heap_remove(&history->process.events, &history->feed.base);
    }
}

static void make_twin(struct emu_history *history)
{
    emu_process_init(&history->process, history->world, 0);
    history->process.twin = &history->twin;
    history->process.fed = &history->feed;
    history->process.feed = feed;
    emu_world_twin_init(history->world, history->node, &history->process, &history->twin);
    history->twin.probe = &history->probe;
    event_init(&history->feed.base);
}

static void end_twin(struct emu_history *history)
{
    unqueue_input(history);
    emu_process_fini(&history->process);
    emu_node_fini(&history->twin);
}

/* What the twin tells was told before. */
static void hush(struct emu_history *history)
{
    emu_process_records_told(&history->process, TIME_NEVER);
    history->twin.console_log_bytes = 0;
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* The twin reaches nothing that the world's node has reached after this time. */
static uint64_t end_ns(const struct emu_history *history)
{
    const struct emu_node *node = &history->world->nodes[history->node];
    uint64_t time_ns = later(history->world->now_ns, node->process->now_ns);
    return later(time_ns, time_of_cycles(node->vcpu.cycles, node->cpu_hz)) + 1;
}

enum emu_history_result emu_history_run(struct emu_history *history)
{
    struct emu_process *process = &history->process;
    uint64_t last_ns = end_ns(history);
    process->halted = false;
    emu_process_note_next(process);
    while (history->probe.stop == EMU_PROBE_NONE) {
        uint64_t due_ns = emu_process_due_ns(process);
        if (due_ns >= last_ns) {
            return EMU_HISTORY_DIVERGED;
        }
        uint64_t until_ns = last_ns - due_ns > SLICE_NS ? due_ns + SLICE_NS : last_ns;
        emu_process_run(process, history->engine, until_ns);
        hush(history);
        if (history->probe.stop == EMU_PROBE_NONE && history->interrupted &&
            history->interrupted(history->context)) {
            return EMU_HISTORY_INTERRUPTED;
        }
    }
    return EMU_HISTORY_DONE;
}

/* --- states ----------------------------------------------------------------------------------- */

static void drop(struct emu_history *history, uint32_t index)
{
    struct emu_checkpoint *checkpoint = &history->checkpoints[index];
    history->size_bytes -= checkpoint->size_bytes;
    free(checkpoint->bytes);
    history->count--;
    memmove(checkpoint, checkpoint + 1, (history->count - index) * sizeof *checkpoint);
}

/* How many are not after a position. */
static uint32_t count_until(const struct emu_history *history, struct emu_position position)
{
    uint32_t count = history->count;
    while (count && emu_position_compare(history->checkpoints[count - 1].position, position) > 0) {
        count--;
    }
    return count;
}

/* Where they are too dense for their age, every other one goes; the first and the last stay. */
static void thin(struct emu_history *history)
{
    uint64_t now = history->world->nodes[history->node].vcpu.retired;
    for (uint64_t spacing = SPACING; history->size_bytes > history->limit_bytes && spacing;
         spacing /= 2) {
        for (uint32_t i = 1; i + 1 < history->count; i++) {
            uint64_t before = history->checkpoints[i - 1].position.retired;
            uint64_t after = history->checkpoints[i + 1].position.retired;
            if (after - before < (now - before) / spacing) {
                drop(history, i);
            }
        }
    }
}

static void keep(struct emu_history *history, struct emu_node *node, uint64_t time_ns,
                 size_t inputs, bool typed_input)
{
    struct writer writer;
    struct emu_position position = emu_node_position(node);
    uint32_t index = count_until(history, position);
    if (index && emu_position_compare(history->checkpoints[index - 1].position, position) == 0) {
        return;
    }
    if (history->count == history->capacity) {
        history->capacity = history->capacity ? history->capacity * 2 : 64;
        history->checkpoints =
            alloc_grow(history->checkpoints, history->capacity, sizeof *history->checkpoints);
    }
    writer_init(&writer);
    emu_node_state_save(node, &writer);
    struct emu_checkpoint *checkpoint = &history->checkpoints[index];
    memmove(checkpoint + 1, checkpoint, (history->count - index) * sizeof *checkpoint);
    history->count++;
    *checkpoint = (struct emu_checkpoint){
        .position = position,
        .time_ns = time_ns,
        .inputs = inputs,
        .typed_input = typed_input,
        .bytes = writer.bytes, /* what writer_fini would free is the history's now */
        .size_bytes = writer.size_bytes,
    };
    history->size_bytes += writer.size_bytes;
    if (history->size_bytes > history->limit_bytes) {
        thin(history);
    }
}

void emu_history_keep(struct emu_history *history)
{
    /* Not its process's time: that is of what the process did last, be it later, in a world that
     * has been taken back. */
    keep(history, &history->world->nodes[history->node], history->world->now_ns,
         history->inputs->count, history->world->typed_input);
}

bool emu_history_keep_base(struct emu_history *history, const struct emu_snapshot *snapshot,
                           bool typed_input)
{
    unqueue_input(history);
    history->process.now_ns = snapshot->time_ns;
    if (!emu_snapshot_node_load(snapshot, &history->twin)) {
        return false;
    }
    history->from_birth = history->twin.state == EMU_NODE_OFF;
    keep(history, &history->twin, snapshot->time_ns, 0, typed_input);
    return true;
}

void emu_history_inputs_moved(struct emu_history *history, size_t more, size_t fewer)
{
    if (more == fewer) {
        return;
    }
    unqueue_input(history);
    while (history->count && history->checkpoints[0].inputs + more < fewer) {
        drop(history, 0);
    }
    for (uint32_t i = 0; i < history->count; i++) {
        history->checkpoints[i].inputs = history->checkpoints[i].inputs + more - fewer;
    }
}

/* The twin is what the node was then. */
static bool restore(struct emu_history *history, uint32_t index)
{
    const struct emu_checkpoint *checkpoint = &history->checkpoints[index];
    struct reader reader;
    unqueue_input(history);
    emu_probe_clear(&history->probe);
    history->process.halted = false;
    history->process.now_ns = checkpoint->time_ns;
    history->process.typed_input = checkpoint->typed_input;
    history->next_input = checkpoint->inputs;
    reader_init(&reader, checkpoint->bytes, checkpoint->size_bytes);
    emu_node_state_load(&history->twin, &reader);
    queue_input(history);
    return !reader.failed && reader_left(&reader) == 0;
}

/* --- moving ----------------------------------------------------------------------------------- */

/* The twin on to a position. */
static enum emu_history_result run_to(struct emu_history *history, struct emu_position to)
{
    emu_probe_clear(&history->probe);
    history->probe.until = to;
    return emu_history_run(history);
}

/* The last state from which the twin comes to a position as the node came there; -1: none. */
static int64_t last_before(const struct emu_history *history, struct emu_position position)
{
    uint32_t count = count_until(history, position);
    bool same =
        count && emu_position_compare(history->checkpoints[count - 1].position, position) == 0;
    return (int64_t)count - (same && count > 1 ? 2 : 1);
}

static bool arrived(const struct emu_history *history, struct emu_position position)
{
    return history->twin.state != EMU_NODE_OFF &&
           emu_position_compare(emu_node_position(&history->twin), position) >= 0;
}

/* What stops the twin besides a position, out of the way for a while. */
struct quiet {
    uint32_t breakpoint_count;
    uint32_t watch_count;
};

static struct quiet quieten(struct emu_probe *probe)
{
    struct quiet quiet = {probe->breakpoint_count, probe->watch_count};
    probe->breakpoint_count = 0;
    probe->watch_count = 0;
    return quiet;
}

static void unquieten(struct emu_probe *probe, struct quiet quiet)
{
    probe->breakpoint_count = quiet.breakpoint_count;
    probe->watch_count = quiet.watch_count;
}

/* The twin, from the state before it, to the first position not before `to`. */
static enum emu_history_result approach(struct emu_history *history, struct emu_position to)
{
    int64_t start = last_before(history, to);
    if (start < 0) {
        return EMU_HISTORY_BEGIN;
    }
    enum emu_history_result result =
        restore(history, (uint32_t)start) ? EMU_HISTORY_DONE : EMU_HISTORY_DIVERGED;
    while (result == EMU_HISTORY_DONE && !arrived(history, to)) {
        uint64_t left = to.retired - history->twin.vcpu.retired;
        bool far = left > NEAR_INSTRUCTIONS;
        result = run_to(history, far ? (struct emu_position){to.retired - left / 2, 0} : to);
        if (result == EMU_HISTORY_DONE && history->probe.stop != EMU_PROBE_UNTIL) {
            result = EMU_HISTORY_DIVERGED;
        }
        if (result == EMU_HISTORY_DONE && far) {
            keep(history, &history->twin, history->process.now_ns, history->next_input,
                 history->process.typed_input);
        }
    }
    return result;
}

enum emu_history_result emu_history_seek(struct emu_history *history, struct emu_position to)
{
    struct quiet quiet = quieten(&history->probe);
    enum emu_history_result result = approach(history, to);
    if (result == EMU_HISTORY_DONE &&
        emu_position_compare(emu_node_position(&history->twin), to) != 0) {
        result = EMU_HISTORY_DIVERGED;
    }
    unquieten(&history->probe, quiet);
    return result;
}

enum emu_history_result emu_history_previous(struct emu_history *history,
                                             struct emu_position before,
                                             struct emu_position *previous)
{
    struct emu_probe *probe = &history->probe;
    if (!history->count || emu_position_compare(history->checkpoints[0].position, before) >= 0) {
        return EMU_HISTORY_BEGIN;
    }
    /* The first position with one instruction less: interrupts may have been delivered since. */
    struct emu_position start = {before.retired ? before.retired - 1 : 0, 0};
    if (emu_position_compare(history->checkpoints[0].position, start) > 0) {
        start = history->checkpoints[0].position;
    }
    struct quiet quiet = quieten(probe);
    enum emu_history_result result = approach(history, start);
    struct emu_position at = emu_node_position(&history->twin);
    while (result == EMU_HISTORY_DONE && emu_position_compare(at, before) < 0) {
        *previous = at;
        emu_probe_clear(probe);
        probe->from = at;
        probe->step = true;
        result = emu_history_run(history);
        if (result == EMU_HISTORY_DONE && probe->stop == EMU_PROBE_ENDED) {
            break;
        }
        at = emu_node_position(&history->twin);
    }
    unquieten(probe, quiet);
    return result;
}

enum emu_history_result emu_history_last(struct emu_history *history, struct emu_position before)
{
    struct emu_position until = before;
    for (int64_t i = last_before(history, before); i >= 0; i--) {
        if (!restore(history, (uint32_t)i)) {
            return EMU_HISTORY_DIVERGED;
        }
        history->probe.search = true;
        history->probe.limit = before;
        history->probe.until = until;
        enum emu_history_result result = EMU_HISTORY_DONE;
        if (!arrived(history, until)) {
            result = emu_history_run(history);
        }
        if (result != EMU_HISTORY_DONE || history->probe.found) {
            return result;
        }
        until = history->checkpoints[i].position;
    }
    return EMU_HISTORY_BEGIN;
}

/* --- lifecycle -------------------------------------------------------------------------------- */

enum status emu_history_create(struct emu_world *world, uint32_t node, uint64_t limit_bytes,
                               struct emu_history **result, struct error *error)
{
    struct emu_history *history = alloc_zeroed(1, sizeof *history);
    history->world = world;
    history->node = node;
    history->limit_bytes = limit_bytes;
    const struct vcpu_engine_ops *engine = world->workers[0].engine->ops;
    enum status status = engine->create(&history->engine, error);
    if (status) {
        free(history);
        return status;
    }
    emu_probe_init(&history->probe);
    make_twin(history);
    *result = history;
    return STATUS_OK;
}

static void forget(struct emu_history *history)
{
    while (history->count) {
        drop(history, history->count - 1);
    }
    history->from_birth = false;
}

void emu_history_reset(struct emu_history *history, uint32_t node, const struct emu_inputs *inputs)
{
    forget(history);
    unqueue_input(history);
    history->inputs = inputs;
    if (node != history->node) {
        end_twin(history);
        history->node = node;
        make_twin(history);
    }
}

void emu_history_destroy(struct emu_history *history)
{
    if (history) {
        forget(history);
        end_twin(history);
        emu_probe_fini(&history->probe);
        history->engine->ops->destroy(history->engine);
        free(history->checkpoints);
        free(history);
    }
}
