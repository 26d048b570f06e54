/*
 * A logical process: a cluster of nodes that lie so close together that they are simulated as one,
 * with their events, their runnable nodes and what they have to say.
 *
 * In a window a process runs alone, on one thread, on what it already knows; what it sends to
 * others goes through their inboxes and is taken in at the next window. The partition into
 * processes is a function of the scenario and never changes results: the order of events is their
 * key's (Chandy and Misra 1979; Bryant 1977: conservative parallel discrete-event simulation).
 */
#ifndef DENALI_EMU_PROCESS_H
#define DENALI_EMU_PROCESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "node.h"

/* Something worth telling the sink, in virtual-time order. */
struct emu_record {
    uint64_t time_ns;
    uint32_t node;
    uint32_t sequence; /* among this process's records, for records of one node and moment */
    uint32_t kind;     /* enum emu_record_kind */
    uint32_t cause;    /* frames: which of emu_drop_causes, EMU_DROPS_MAX if not dropped; pages: the
                          outcome */
    uint32_t detail;   /* offset in the process's details: an observation's name, a frame's bytes */
    uint32_t detail_bytes;
    uint64_t sent_ns; /* FRAME_RECEIVED: as the network noted on the frame */
    union {
        double value;         /* observations: as the guest gave it; ACTION: 1 done, 0 not */
        uint64_t instruction; /* frames: how many the node had retired */
        uint64_t page;        /* << 1 | write */
    };
};

enum emu_record_kind {
    EMU_RECORD_BOOT,
    EMU_RECORD_TERMINATE,
    EMU_RECORD_FAULT,
    EMU_RECORD_MEASUREMENT,
    EMU_RECORD_MILESTONE,
    EMU_RECORD_ACTION,
    EMU_RECORD_PAGE,
    EMU_RECORD_FRAME_SENT, /* from here on only of captured nodes */
    EMU_RECORD_FRAME_RECEIVED,
    EMU_RECORD_FRAME_LOST,
};

/* Records, and bytes of their details, that all processes of a world together may add in a window,
 * about; each may add a few. */
#define EMU_RECORDS_MAX       (1u << 18)
#define EMU_RECORDS_SHARE_MIN 256u
#define EMU_DETAILS_MAX       (1u << 26)
#define EMU_DETAILS_SHARE_MIN (1u << 16)
/* And bytes of instruction traces that one process may add. */
#define EMU_TRACED_MAX (1u << 20)

struct emu_process {
    struct emu_world *world;
    uint32_t index;
    uint64_t now_ns; /* of the event being handled, or of the instruction being executed */
    uint64_t local_latency_ns; /* least time from one of its nodes to another */

    /* Everything that will happen, in two heaps so that what is done all the time does not take
     * the longer the more nodes wait for something far off. */
    struct event_heap events;  /* frames on their way, and what hosts do */
    struct event_heap timers;  /* nodes' own: boots, inputs, devices' times, time-outs */
    struct event_heap running; /* activities of runnable nodes, by their own time */

    /* From other processes, in no order: pushed by any thread, taken whole by this process's. An
     * event is pushed before inbox_ns is lowered, and inbox_ns is reset before the inbox is taken,
     * so inbox_ns is never later than what the inbox holds. */
    struct emu_event *_Atomic inbox;
    _Atomic uint64_t inbox_ns; /* least time of it, TIME_NEVER if empty; may be too early */
    uint64_t next_ns;          /* of what is in the heaps, as of the last window it ran in */

    struct emu_event *spare; /* used events, kept for the next */

    struct emu_record *records; /* not told yet */
    uint32_t record_count;
    uint32_t record_pause; /* with so many, the process stops short of the window's end */
    uint32_t record_share; /* how many a window may add; see EMU_RECORDS_MAX */
    uint32_t record_capacity;
    uint8_t *details; /* of the records, back to back; a name has its NUL */
    uint32_t details_bytes;
    uint32_t details_pause; /* and likewise with so many bytes */
    uint32_t details_share;
    uint32_t details_capacity;

    uint32_t traced_bytes; /* of its nodes' instruction traces, not told yet */

    bool halted; /* a probe has stopped a node of it; for whoever put the probe there to undo */

    /* Of a process beside the world, in which a copy of one node is run again alone
     * (debug/history.c): the copy, the event of what reaches it next, and what that calls. */
    struct emu_node *twin;
    struct emu_event *fed;
    void (*feed)(struct emu_process *process);
    bool typed_input; /* for the copy, what the world's is for the others */
};

void emu_process_init(struct emu_process *process, struct emu_world *world, uint32_t index);
/* Frees queued frame events and the rest; the nodes are the world's. */
void emu_process_fini(struct emu_process *process);

/* Takes in what others sent. */
void emu_process_collect(struct emu_process *process);

/* When its next event is due; TIME_NEVER if it has none. */
static inline uint64_t emu_process_event_ns(const struct emu_process *process)
{
    uint64_t event_ns = event_heap_time(&process->events);
    uint64_t timer_ns = event_heap_time(&process->timers);
    return event_ns < timer_ns ? event_ns : timer_ns;
}

/* A time no later than the next thing that happens here; TIME_NEVER if nothing will. Between
 * windows. */
uint64_t emu_process_due_ns(const struct emu_process *process);

/* Notes the time of the next thing in its heaps, after they were changed outside a window. */
void emu_process_note_next(struct emu_process *process);

/* Takes in what others sent and runs everything before end_ns; or less, once it has too much to
 * tell (emu_process_paused). It then goes on in the next window, and nothing else is different. */
void emu_process_run(struct emu_process *process, struct vcpu_engine *engine, uint64_t end_ns);

/* An event to fill in, and the way back for one that was handled. */
struct emu_event *emu_process_event_take(struct emu_process *process);
void emu_process_event_give(struct emu_process *process, struct emu_event *event);

/* Hands an event of this process to another one (or itself). */
void emu_process_post(struct emu_process *from, struct emu_process *to, struct emu_event *event);

/* True if there is so much to tell that it has to be told before guests may go on: what a flood of
 * observations, captured frames or traced instructions costs the host is bounded, whatever the
 * length of the window. And if somebody wants to look. */
static inline bool emu_process_paused(const struct emu_process *process)
{
    return process->record_count >= process->record_pause ||
           process->details_bytes >= process->details_pause ||
           process->traced_bytes >= EMU_TRACED_MAX || process->halted;
}

/* Drops the records before before_ns, which have been told. */
void emu_process_records_told(struct emu_process *process, uint64_t before_ns);

/* Adds a record of what happens to the node now. The detail is copied; NULL, 0: none. Returns it,
 * valid until the next, for what else is to be said. */
struct emu_record *emu_process_record(struct emu_process *process, const struct emu_node *node,
                                      enum emu_record_kind kind, const void *detail,
                                      uint32_t detail_bytes);

/* Adds a record of a frame, if the node is captured; else returns NULL. cause: which of
 * emu_drop_causes dropped it, EMU_DROPS_MAX if none did. */
struct emu_record *emu_process_record_frame(struct emu_node *node, enum emu_record_kind kind,
                                            uint32_t cause, const void *bytes, uint32_t size_bytes);

#endif
