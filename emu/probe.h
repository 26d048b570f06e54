/*
 * A probe looks on as one node runs and stops it at exact places: at a position of its life, after
 * a step, at breakpoints and watchpoints. Beside it, lists of what reaches nodes, so that a node
 * can be run again alone.
 *
 * A node that a probe stops pauses its logical process, as one with too much to tell does; so a
 * stop changes nothing of what the world comes to. A probe is used by the thread that runs the
 * node, and between windows by whoever put it there.
 */
#ifndef DENALI_EMU_PROBE_H
#define DENALI_EMU_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <emu/debug.h>
#include <vcpu/engine.h>
#include <vcpu/isa.h>
#include <vcpu/touch.h>

struct emu_node;
struct net_frame;
struct trace_input;

/* What reached a node, in order: frames at its network card, whether it took them or not, a
 * reference to each being held; and what came from outside the world. */
struct emu_inputs {
    bool closed; /* nothing is added */
    struct emu_input {
        uint64_t time_ns;
        struct net_frame *frame;     /* NULL: it came from outside */
        struct trace_input *outside; /* before everything else of its time */
    } * items;
    size_t count;
    size_t capacity;
    uint64_t size_bytes; /* of frames and what was typed */
};

void emu_inputs_add(struct emu_inputs *inputs, uint64_t time_ns, struct net_frame *frame);
/* A copy of outside is kept. */
void emu_inputs_add_outside(struct emu_inputs *inputs, uint64_t time_ns,
                            const struct trace_input *outside);
/* Forgets those from number `count` on. */
void emu_inputs_truncate(struct emu_inputs *inputs, size_t count);
/* Forgets the first `count`. */
void emu_inputs_drop_first(struct emu_inputs *inputs, size_t count);
/* Those of `first`, then its own; `first` is left empty. */
void emu_inputs_prepend(struct emu_inputs *inputs, struct emu_inputs *first);
/* Of host memory, about. */
uint64_t emu_inputs_cost_bytes(const struct emu_inputs *inputs);
void emu_inputs_fini(struct emu_inputs *inputs);

enum emu_probe_stop {
    EMU_PROBE_NONE,
    EMU_PROBE_UNTIL, /* the position that was asked for is reached */
    EMU_PROBE_STEP,
    EMU_PROBE_BREAKPOINT,
    EMU_PROBE_WATCH,
    EMU_PROBE_ENDED, /* the node terminated or faulted */
};

/* Decoded instructions by address. */
#define EMU_PROBE_DECODED 4096u

struct emu_probe {
    /* What to stop at; set between runs. Arrays are the caller's. */
    const uint32_t *breakpoints; /* ascending */
    uint32_t breakpoint_count;
    const struct emu_watch *watches; /* emu_probe_watches_set */
    uint32_t watch_count;
    struct emu_position from;  /* no breakpoint or step stops it here */
    struct emu_position until; /* the first position not before it; EMU_POSITION_NEVER: none */
    bool step;                 /* at the first other position outside [step_from, step_to) */
    uint32_t step_from;
    uint32_t step_to;
    /* Breakpoints and watchpoints before `limit` do not stop it, but are noted in `last`; of a
     * watchpoint the position from which the access was made. */
    bool search;
    struct emu_position limit;

    /* What came of it. */
    enum emu_probe_stop stop;
    struct emu_watch watch; /* WATCH: which one */
    bool wrote;             /* WATCH: it was written, else read */
    bool found;             /* search: last is one */
    enum emu_probe_stop last_stop;
    struct emu_position last;

    /* Within a run. */
    bool touched; /* a watchpoint, and the node has not stopped yet */
    struct isa_touch touches[ISA_TOUCHES_MAX];
    uint32_t touch_count;
    struct emu_position before;
    struct emu_decoded {
        uint32_t eip; /* 0: none */
        uint32_t quiet;
        uint8_t code_bytes;
        uint8_t code[ISA_INSTRUCTION_MAX_BYTES];
        struct isa_instruction instruction;
    } * decoded; /* EMU_PROBE_DECODED of them, made on first use */
};

/* Nothing to look for. */
void emu_probe_init(struct emu_probe *probe);
void emu_probe_fini(struct emu_probe *probe);

void emu_probe_watches_set(struct emu_probe *probe, const struct emu_watch *watches,
                           uint32_t count);

/* Ready to look for something new: nothing found, and nothing to look for but the breakpoints and
 * watchpoints there are. */
void emu_probe_clear(struct emu_probe *probe);

struct emu_position emu_node_position(const struct emu_node *node);

/* --- by the node as it lives ------------------------------------------------------------------ */

/* At an instruction boundary: true if the node stops here; its process is then halted. */
bool emu_probe_stops(struct emu_probe *probe, struct emu_node *node);
/* How far the node may run, and what the engine is to stop at. */
uint64_t emu_probe_before(struct emu_probe *probe, struct emu_node *node,
                          struct vcpu_engine *engine, uint64_t budget);
/* The run that emu_probe_before allowed is over and what it stopped for was performed. */
void emu_probe_after(struct emu_probe *probe, struct emu_node *node, struct vcpu_engine *engine);
/* Interrupts were delivered. */
void emu_probe_delivered(struct emu_probe *probe, struct emu_node *node);
/* The node is done with its run. */
void emu_probe_left(struct emu_probe *probe, struct emu_node *node);
/* A device reads or writes guest memory. */
void emu_probe_touched(struct emu_probe *probe, struct emu_node *node, uint32_t address,
                       uint32_t size_bytes, bool write);

#endif
