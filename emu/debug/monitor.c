/* What is asked by `monitor` in gdb: what a debugger of programs has no words for. */
#include "gdb.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <base/alloc.h>
#include <base/nearest.h>
#include <base/time.h>
#include <devices/device.h>
#include <netsim/frame.h>
#include <scenarios/select.h>

#define FRAMES_MAX 100u /* told at most */

static void tell(struct gdb *gdb, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void tell(struct gdb *gdb, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (length > 0) {
        gdb_tell(gdb, text, (size_t)length < sizeof text ? (size_t)length : sizeof text - 1);
    }
}

static void name_of(const struct gdb *gdb, uint32_t node, char name[SCN_NODE_NAME_MAX])
{
    scn_node_name(gdb->debug->world->scenario, node, name);
}

#define TIME_FORMAT   "%llu.%09llu s"
#define TIME_PARTS(t) (t) / TIME_NS_PER_S, (t) % TIME_NS_PER_S

/* --- commands --------------------------------------------------------------------------------- */

static void say_time(struct gdb *gdb, const char *argument)
{
    (void)argument;
    const struct emu_debug *debug = gdb->debug;
    const struct vcpu *cpu = emu_debug_cpu(debug, debug->node);
    char name[SCN_NODE_NAME_MAX];
    name_of(gdb, debug->node, name);
    tell(gdb, "%s: " TIME_FORMAT ", %" PRIu64 " instructions, %" PRIu64 " interrupts delivered%s\n",
         name, TIME_PARTS(emu_debug_time_ns(debug, debug->node)), cpu->retired,
         emu_debug_position(debug).delivered, emu_debug_in_past(debug) ? "; this is its past" : "");
    tell(gdb, "the world: " TIME_FORMAT "; the run ends at " TIME_FORMAT "\n",
         TIME_PARTS(emu_world_now_ns(debug->world)), TIME_PARTS(debug->options.end_ns));
}

static void say_interrupts(struct gdb *gdb, const char *argument)
{
    (void)argument;
    const struct vcpu *cpu = emu_debug_cpu(gdb->debug, gdb->general);
    char name[SCN_NODE_NAME_MAX];
    char pending[128];
    char delivered[128];
    name_of(gdb, gdb->general, name);
    dev_interrupts_name(cpu->irq_pending, pending, sizeof pending);
    dev_interrupts_name(cpu->irq_delivered, delivered, sizeof delivered);
    tell(gdb, "%s: pending: %s; %s; handler 0x%08" PRIx32 "; last delivered: %s\n", name, pending,
         cpu->irq_enabled ? "enabled" : "not enabled", cpu->irq_handler, delivered);
}

static int compare_events(const void *a, const void *b)
{
    const struct event *x = *(const struct event *const *)a;
    const struct event *y = *(const struct event *const *)b;
    return event_key_compare(&x->key, &y->key);
}

/* Frames on their way to a node in the world, in the order of their events. */
static uint32_t frames_to(const struct emu_node *node, const struct event ***frames)
{
    const struct event_heap *heap = &node->process->events;
    uint32_t count = 0;
    *frames = alloc_zeroed(heap->count + 1u, sizeof **frames);
    for (uint32_t i = 0; i < heap->count; i++) {
        const struct event *event = heap->slots[i].event;
        if (event->key.kind >= EMU_EVENT_NETWORK && event->key.kind < EMU_EVENT_DEVICE &&
            event->key.destination == node->index) {
            (*frames)[count++] = event;
        }
    }
    qsort(*frames, count, sizeof **frames, compare_events);
    return count;
}

/* The time of an event is that of the frame's next station, which for most is the last. */
static void say_frames(struct gdb *gdb, const char *argument)
{
    (void)argument;
    struct emu_debug *debug = gdb->debug;
    char name[SCN_NODE_NAME_MAX];
    name_of(gdb, gdb->general, name);
    const struct emu_node *node = emu_debug_view(debug, gdb->general);
    tell(gdb, "%s: %" PRIu32 " frames in its network card, not taken yet\n", name, node->nic.count);
    if (node->process->twin) {
        const struct emu_inputs *inputs = debug->history->inputs;
        size_t count = 0;
        for (size_t i = debug->history->next_input; i < inputs->count; i++) {
            const struct emu_input *input = &inputs->items[i];
            if (input->frame && count < FRAMES_MAX) {
                tell(gdb, "  " TIME_FORMAT ": %" PRIu32 " bytes\n", TIME_PARTS(input->time_ns),
                     input->frame->size_bytes);
            }
            count += input->frame != NULL;
        }
        tell(gdb, "%zu that reached it between this moment of its past and where the world is\n",
             count);
        return;
    }
    emu_world_collect(debug->world);
    const struct event **frames;
    uint32_t count = frames_to(node, &frames);
    for (uint32_t i = 0; i < count && i < FRAMES_MAX; i++) {
        const struct emu_event *event = (const struct emu_event *)frames[i];
        name_of(gdb, event->base.key.source, name);
        tell(gdb, "  " TIME_FORMAT ": %" PRIu32 " bytes from %s\n",
             TIME_PARTS(event->base.key.time_ns), event->frame->size_bytes, name);
    }
    tell(gdb, "%" PRIu32 " on their way to it\n", count);
    free(frames);
}

static void go_to(struct gdb *gdb, const char *argument)
{
    uint64_t time_ns;
    struct error error = ERROR_INIT;
    enum status status = scn_moment_parse("monitor goto", argument, &time_ns, &error);
    if (status) {
        tell(gdb, "%s\n", error.message);
        return;
    }
    if (time_ns > gdb->debug->options.end_ns) {
        tell(gdb,
             "monitor goto %s: the run ends at " TIME_FORMAT "; expected a time from 0 to that\n",
             argument, TIME_PARTS(gdb->debug->options.end_ns));
        return;
    }
    gdb->commanded = true;
    gdb->interrupted = false;
    status = emu_debug_goto(gdb->debug, time_ns, &gdb->stop, &error);
    gdb->commanded = false;
    tell(gdb, "\n");
    gdb->general = gdb->stop.node;
    if (status) {
        tell(gdb, "%s\n", error.message);
        gdb->ended = true;
        return;
    }
    if (gdb->stop.kind == EMU_DEBUG_BEGIN) {
        tell(gdb, "the world cannot go back further than this\n");
    } else if (gdb->stop.kind == EMU_DEBUG_INTERRUPTED) {
        tell(gdb, "interrupted on the way\n");
    }
    gdb_tell_damage(gdb);
    say_time(gdb, "");
    gdb->chosen = EMU_NODE_ANY;
}

static void choose(struct gdb *gdb, const char *argument)
{
    uint32_t node;
    struct error error = ERROR_INIT;
    if (scn_node_find(gdb->debug->world->scenario, "monitor node", argument, &node, &error)) {
        tell(gdb, "%s\n", error.message);
        return;
    }
    emu_debug_node_set(gdb->debug, node);
    gdb->chosen = EMU_NODE_ANY;
    tell(gdb, "breakpoints, watchpoints and going back are now for thread %" PRIu32 "\n", node + 1);
}

static void help(struct gdb *gdb, const char *argument);

static const struct command {
    const char *name;
    const char *argument; /* NULL: none */
    const char *text;
    void (*obey)(struct gdb *gdb, const char *argument);
} commands[] = {
    {"help", NULL, "this", help},
    {"time", NULL, "virtual time and instructions of the debugged node, and the world's time",
     say_time},
    {"interrupts", NULL, "pending and delivered interrupts of the selected thread", say_interrupts},
    {"frames", NULL, "frames queued for the selected thread, in its card and on the way",
     say_frames},
    {"goto", "TIME", "the whole world to a virtual time, e.g. 41.2s, earlier or later", go_to},
    {"node", "NODE", "the node to debug from now on, by its name", choose},
};

#define COMMAND_COUNT (sizeof commands / sizeof *commands)

static void help(struct gdb *gdb, const char *argument)
{
    (void)argument;
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        tell(gdb, "monitor %-11s%-5s %s\n", commands[i].name,
             commands[i].argument ? commands[i].argument : "", commands[i].text);
    }
}

void gdb_monitor(struct gdb *gdb, const char *command)
{
    const char *names[COMMAND_COUNT];
    char word[32];
    size_t length = strcspn(command, " ");
    const char *argument = command + length + strspn(command + length, " ");
    snprintf(word, sizeof word, "%.*s", (int)(length < sizeof word ? length : sizeof word - 1),
             command);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        names[i] = commands[i].name;
        if (strcmp(word, commands[i].name) == 0) {
            if ((commands[i].argument != NULL) != (argument[0] != '\0')) {
                tell(gdb, "monitor %s: expected %s\n", word,
                     commands[i].argument ? commands[i].argument : "nothing after it");
                return;
            }
            commands[i].obey(gdb, argument);
            return;
        }
    }
    const char *near = nearest_word(word, names, COMMAND_COUNT);
    tell(gdb, "monitor: there is no such command; `monitor help` shows those there are%s%s%s\n",
         near ? "; did you mean `" : "", near ? near : "", near ? "`?" : "");
}
