/*
 * A debugger's view of a world: one of its nodes is stopped at exact instructions, forwards and
 * backwards, and the others with it. What `denali debug` does, for programs that do it themselves.
 *
 *     emu_debug_create(world, &options, &debug, &error)
 *     emu_debug_breakpoint_add(debug, address)
 *     emu_debug_resume(debug, EMU_DEBUG_FORWARD, ..., &stop, &error)      any number of times
 *     emu_debug_resume(debug, EMU_DEBUG_BACKWARD, ..., &stop, &error)
 *     emu_debug_serve(debug, in, out, &error)                             or leave it to gdb
 *     emu_debug_destroy(debug), emu_world_destroy(world)
 *
 * The world is one of the caller's own, or of a recorded run (emu_recorded_open), which is entered
 * at any moment from the checkpoint before it.
 *
 * Invariants. Nothing here changes what the world comes to but a write to memory or a register:
 * stopped, stepped, taken backwards and run on, it has the digest that it has undisturbed. The
 * debugged node can be at a moment of its past, where it is run again alone, from what it was sent;
 * the world then stands where it was, and forwards the node meets it there again. Who writes makes
 * another world: before the write there is no past.
 *
 * Uses the world from one thread; the world stays the caller's and outlives the session. While a
 * session lives, it runs the world, and nobody else does; the world's sink is told nothing.
 */
#ifndef DENALI_EMU_DEBUG_H
#define DENALI_EMU_DEBUG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <base/public.h>
#include <base/status.h>
#include <emu/record.h>
#include <emu/world.h>

DENALI_API_BEGIN

struct emu_debug;

/*
 * A place in a node's life: so many instructions retired and interrupts delivered. Between two
 * places exactly one thing happened. A node may stay at one for long, in `idle`.
 */
struct emu_position {
    uint64_t retired;
    uint64_t delivered;
};

#define EMU_POSITION_NEVER ((struct emu_position){UINT64_MAX, UINT64_MAX})

/* Negative, zero or positive as a comes before, is, or comes after b. */
int emu_position_compare(struct emu_position a, struct emu_position b);

/* Bytes of guest memory that stop the node that accesses them: as instructions, interrupt
 * deliveries and its devices do. */
struct emu_watch {
    uint32_t address;
    uint32_t size_bytes;
    bool read;
    bool write;
};

enum emu_debug_stop_kind {
    EMU_DEBUG_STEPPED,
    EMU_DEBUG_BREAKPOINT, /* at an address of the breakpoint set */
    EMU_DEBUG_WATCHPOINT, /* forwards after the access, backwards before it */
    EMU_DEBUG_TERMINATED, /* the node has; it can be taken backwards */
    EMU_DEBUG_FAULTED,    /* the node is at the instruction that faults */
    EMU_DEBUG_BEGIN,      /* backwards: there is nothing before this */
    EMU_DEBUG_END,        /* forwards: the run is over */
    EMU_DEBUG_INTERRUPTED,
};

struct emu_debug_stop {
    enum emu_debug_stop_kind kind;
    uint32_t node;
    struct emu_watch watch; /* WATCHPOINT: which */
    bool wrote;             /* WATCHPOINT: the access was a write */
};

/* --- a recorded run --------------------------------------------------------------------------- */

struct emu_recorded;
struct scn_scenario;

/* Opens a recorded run, by its directory or a bundle of it, and its scenario, which the caller
 * destroys after the world that is made of it. STATUS_CORRUPT if the recording is damaged where it
 * is looked at, or a file that the run was made of is not what it was. */
enum status emu_recorded_open(const char *path, struct emu_recorded **recorded,
                              struct scn_scenario **scenario, struct error *error) MUST_USE;
/* After the session and before the world is destroyed. Takes NULL. */
void emu_recorded_close(struct emu_recorded *recorded);
/* Up to where it reaches. */
uint64_t emu_recorded_end_ns(const struct emu_recorded *recorded);
/* Says that it ends before the run did, where, and by what; "" of one that does not. */
void emu_recorded_torn(const struct emu_recorded *recorded, char text[EMU_TORN_TEXT_MAX]);

/* --- a session -------------------------------------------------------------------------------- */

struct emu_debug_options {
    uint32_t node;   /* the one to debug */
    uint64_t at_ns;  /* how far the world is run first; then on until the node has booted */
    uint64_t end_ns; /* where the run is over; what was recorded may end before */
    struct emu_recorded *recorded; /* of which the world is; NULL: of no recorded run */
    uint64_t history_bytes; /* of host memory for going backwards; 0: EMU_DEBUG_HISTORY_BYTES */
    /* Asked several times a second while anything runs; true stops it. NULL: never. */
    bool (*interrupted)(void *context);
    /* What the debugged node prints as it is run forwards with the world; NULL: nobody asks. */
    void (*console)(void *context, const void *bytes, uint32_t size_bytes);
    /* A line that gdb has no way to show: why a write was refused. NULL: nobody asks. */
    void (*told)(void *context, const char *text);
    void *context;
};

#define EMU_DEBUG_HISTORY_BYTES (512ull << 20)

/* Runs the world, which has not run yet, to options->at_ns; a recorded one from its last checkpoint
 * before that is not damaged. STATUS_CORRUPT if the run comes to something else than was recorded;
 * so do the functions below. */
enum status emu_debug_create(struct emu_world *world, const struct emu_debug_options *options,
                             struct emu_debug **debug, struct error *error) MUST_USE;
/* Takes NULL. The world is where it has come to, and runs on undisturbed. */
void emu_debug_destroy(struct emu_debug *debug);

/* --- what stops the node ---------------------------------------------------------------------- */

#define EMU_DEBUG_BREAKPOINTS_MAX 4096u
#define EMU_DEBUG_WATCHES_MAX     64u

/* They hold in the debugged node, whichever it is. Adding twice is adding once, and removing what
 * is not there is nothing. False if there are too many. */
bool emu_debug_breakpoint_add(struct emu_debug *debug, uint32_t address);
void emu_debug_breakpoint_remove(struct emu_debug *debug, uint32_t address);
/* size_bytes 1 to 2^20. */
bool emu_debug_watch_add(struct emu_debug *debug, const struct emu_watch *watch);
void emu_debug_watch_remove(struct emu_debug *debug, const struct emu_watch *watch);

/* --- running ---------------------------------------------------------------------------------- */

enum emu_debug_direction {
    EMU_DEBUG_FORWARD,
    EMU_DEBUG_BACKWARD,
};

/* How far: to the first stop, or one step; forwards, a step that goes on while the node is in
 * [from, to). */
struct emu_debug_span {
    bool step;
    uint32_t from;
    uint32_t to;
};

/*
 * Runs the debugged node and with it the world; backwards, the node alone, but a machine of a host
 * with the world. STATUS_CORRUPT if the node, run again, did not come to where it was: the host's
 * memory is bad, or this is an error of ours. On an error the session is only fit to be destroyed.
 */
enum status emu_debug_resume(struct emu_debug *debug, enum emu_debug_direction direction,
                             struct emu_debug_span span, struct emu_debug_stop *stop,
                             struct error *error) MUST_USE;

/* The whole world to a virtual time, earlier or later, ending where the run does. */
enum status emu_debug_goto(struct emu_debug *debug, uint64_t time_ns, struct emu_debug_stop *stop,
                           struct error *error) MUST_USE;

/* Was a damaged checkpoint of the recording passed over since this was last asked? The last one's
 * time; the moment before it did. */
bool emu_debug_damage_take(struct emu_debug *debug, uint64_t *time_ns);

/* Another node is the one to debug, where the world stands. */
void emu_debug_node_set(struct emu_debug *debug, uint32_t node);

/* --- looking and writing ---------------------------------------------------------------------- */

uint32_t emu_debug_node(const struct emu_debug *debug);
/* The debugged node is at a moment of its past, before where the world stands. */
bool emu_debug_in_past(const struct emu_debug *debug);
/* Where a node is: its instructions and its own virtual time. */
struct emu_position emu_debug_position(const struct emu_debug *debug);
uint64_t emu_debug_time_ns(const struct emu_debug *debug, uint32_t node);

/* As emu_world_node_cpu and emu_world_node_read, but of the past where the debugged node is
 * there. */
const struct vcpu *emu_debug_cpu(const struct emu_debug *debug, uint32_t node);
bool emu_debug_read(const struct emu_debug *debug, uint32_t node, uint32_t address, void *bytes,
                    uint32_t size_bytes);

/* Writes guest memory, all or nothing, or replaces registers, flags and x87 state. False, and
 * nothing is changed, where the bytes are not memory, and in the past. */
bool emu_debug_write(struct emu_debug *debug, uint32_t node, uint32_t address, const void *bytes,
                     uint32_t size_bytes);
bool emu_debug_cpu_set(struct emu_debug *debug, uint32_t node, const struct vcpu *cpu);
/* Why nothing can be written there at present, memory or registers, in a line for people; NULL: it
 * can, where there is memory. */
const char *emu_debug_write_refusal(const struct emu_debug *debug, uint32_t node, bool registers);

/* --- gdb -------------------------------------------------------------------------------------- */

/*
 * Speaks gdb's remote serial protocol until the other side detaches, kills or closes, or
 * *stop becomes true (NULL: never). in and out are descriptors of the caller's, and may be the
 * same; the session's console and interrupted functions are replaced while it serves. Of a pipe
 * whose other end may be gone the caller has SIGPIPE ignored.
 */
enum status emu_debug_serve(struct emu_debug *debug, int in, int out, const volatile bool *stop,
                            struct error *error) MUST_USE;

DENALI_API_END

#endif
