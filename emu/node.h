/*
 * A node: one Denali machine (processor, memory, devices) and its place in the world.
 *
 * A node is state only. The engine that executes it belongs to a host thread; its events belong to
 * its logical process. It knows nothing of threads, of the network's inside or of the disk.
 */
#ifndef DENALI_EMU_NODE_H
#define DENALI_EMU_NODE_H

#include <stdbool.h>
#include <stdint.h>

#include <base/codec.h>
#include <base/event_heap.h>
#include <devices/device.h>
#include <netsim/frame.h>
#include <vcpu/engine.h>
#include <vcpu/memory.h>

struct emu_process;
struct emu_world;

/* Kinds of events, in the order in which events of one moment are handled. */
enum emu_event_kind {
    EMU_EVENT_BOOT,
    EMU_EVENT_INPUT,       /* console input from the scenario; source is the input's number */
    EMU_EVENT_KEY,         /* a key from the scenario; source is the key event's number */
    EMU_EVENT_NETWORK,     /* EMU_EVENT_NETWORK + the network's own kind */
    EMU_EVENT_DEVICE = 64, /* a device's own event; source is the device's number */
    EMU_EVENT_WAKE,        /* an idle node's time-out */
    EMU_EVENT_HOST,        /* a host's, by the numbers of emu/host/host.h */
    EMU_EVENT_RUN,         /* a runnable node goes on; never in the event queue proper */
};

/* An event: a node's own (embedded in the node, frame NULL) or a frame's (on the heap). */
struct emu_event {
    struct event base;
    uint32_t network;        /* NETWORK: which network of the world */
    uint32_t port;           /* NETWORK: the network's own name for the destination */
    struct net_frame *frame; /* NETWORK: one reference held */
    struct emu_event *next;  /* in an inbox, in a list of events ready for use again, or in its
                                node's list of device events */
};

enum emu_node_state {
    EMU_NODE_OFF,        /* not booted yet */
    EMU_NODE_RUNNING,    /* runnable */
    EMU_NODE_IDLE,       /* in `idle`, waiting for an interrupt or its time-out */
    EMU_NODE_WAKING,     /* the wait is over; `idle` retires when the node next runs */
    EMU_NODE_TERMINATED, /* by itself, with an exit code */
    EMU_NODE_FAULTED,
    EMU_NODE_QUEUED,    /* would boot, but its host has no room yet */
    EMU_NODE_DESTROYED, /* from outside */
};

/* What a node used and what happened to it; nodes.csv is its print. */
struct emu_account {
    uint64_t wake_ups;
    uint64_t interrupts_raised;
    uint64_t interrupts_delivered;
    uint64_t frames_received; /* taken by the guest */
    uint64_t bytes_received;
    uint64_t frames_sent; /* handed over by the guest */
    uint64_t bytes_sent;
    uint64_t drops_nic_full;  /* the card's receive queue was full */
    uint64_t drops_node_down; /* for a node that is off or ended */
    uint64_t drops_refused;   /* handed over by the guest with a bad size */
    uint64_t drops_no_link;   /* handed over by a guest without a network, or lost by force */
    uint64_t console_bytes;
    uint64_t console_bytes_cut; /* of these, past the log's limit */
    uint64_t observations;
    uint64_t disk_reads; /* blocks */
    uint64_t disk_writes;
    uint64_t keys_dropped; /* the keyboard's queue was full */
};

struct emu_node {
    struct vcpu vcpu;
    struct vcpu_space space;

    uint32_t index;   /* in the world */
    uint32_t group;   /* of the scenario */
    uint32_t network; /* of the world, or SCN_NETWORK_NONE */
    uint32_t port;    /* on that network */
    uint64_t cpu_hz;
    struct emu_process *process;
    struct emu_seat *seat;     /* on its host; NULL: it has a processor of its own */
    struct emu_tracer *tracer; /* NULL: its instructions are not traced */
    struct emu_probe *probe;   /* NULL: nothing is to stop it; not owned */

    uint8_t state; /* enum emu_node_state */
    bool captured; /* its frames are told to the sink */
    uint32_t exit_code;
    struct vcpu_fault fault;
    uint64_t end_ns; /* when it terminated or faulted */
    uint64_t digest; /* chained over all it exchanged with the outside */

    struct emu_event activity;       /* RUN while runnable, WAKE while idle, BOOT while off */
    struct emu_event *device_events; /* a list, one for each device that has asked */
    struct emu_event *input;         /* the next console input, NULL if the scenario has none */
    struct emu_event *key;           /* the next key, NULL if the scenario has none */

    struct dev_registers registers;
    struct dev_console console;
    struct dev_nic nic;
    struct dev_timer timer;
    struct dev_observer observer;
    struct dev_entropy entropy;
    struct dev_keyboard keyboard;
    struct dev_framebuffer framebuffer;
    struct dev_disk disk;
    struct dev_pcnet pcnet;
    struct dev_supervisor supervisor;

    struct emu_overlay *disks; /* what it wrote to its disks, NULL until it writes; disk.h */

    struct dev_boot boot;
    uint8_t mac[6];

    uint8_t *console_log; /* printed, not yet written to disk */
    uint32_t console_log_bytes;
    uint32_t console_log_capacity;

    /* Changed from outside in mid-run, else as the scenario has it. */
    bool link_cut;         /* nothing is carried to or from it */
    uint32_t frames_lost;  /* so many of the next ones that arrive are lost */
    uint64_t entropy_seed; /* what its entropy comes from */

    struct emu_account account;
};

/* The state of device number `device`, whether the machine has that device or not. */
void *emu_node_device(struct emu_node *node, uint32_t device);
bool emu_node_device_present(const struct emu_node *node, uint32_t device);
/* Whether it is part of the node's saved state: from the pcnet on, only where there is one, so that
 * the states of other machines do not change with each device that is thought of. */
bool emu_node_device_saved(const struct emu_node *node, uint32_t device);
struct dev_env emu_node_env(struct emu_node *node, uint32_t device);

/* Queues a node as runnable at its own time. Of one on a host, when it has a processor. */
void emu_node_queue_run(struct emu_node *node);

/* Resets the processor and the devices of a node that is off or queued and makes it runnable at
 * now. */
void emu_node_boot(struct emu_node *node, uint64_t now_ns);

/*
 * Executes a runnable node up to the first instruction boundary at or after limit_ns, or until it
 * idles or ends; also stops as soon as an event of its process falls due. limit_ns lies after the
 * node's own time. Afterwards the node's activity is queued again unless it ended.
 */
void emu_node_run(struct emu_node *node, struct vcpu_engine *engine, uint64_t limit_ns);

/* An idle node's time-out has come. */
void emu_node_time_out(struct emu_node *node);

/* Makes kinds pending at the process's time and wakes the node if it idles. */
void emu_node_interrupt(struct emu_node *node, uint32_t kinds);

/* A node in `idle` is at the instruction again, as before it, so that its registers may be set; it
 * executes it anew when it next runs, and nothing is lost: `idle` waits until a time. */
void emu_node_wait_end(struct emu_node *node, uint64_t now_ns);

/* Ends a node from outside, whatever it does, but that it does not run. */
void emu_node_destroy(struct emu_node *node);
/* A node that is off or has ended is as it was before its start, but for its clock, its disks and
 * its account. */
void emu_node_renew(struct emu_node *node);

/*
 * What a snapshot of a machine has beside its pages and blocks, so that another of its group, or
 * the same one later, can go on from there: its processor, the frames that its network card holds,
 * its timer and its screen's picture. Not its identity, clock, account and digest, what was typed,
 * and where its entropy is; those stay the node's own. `held` are interrupts that wait for it.
 */
void emu_node_machine_save(struct emu_node *node, uint32_t held, struct writer *writer);
/* A node that is off or queued goes on from there, at now, once it has the pages and blocks, too:
 * a wait that it was in is over. False if the bytes are not of such; then it has to boot. */
bool emu_node_machine_start(struct emu_node *node, const void *bytes, size_t size_bytes,
                            uint64_t now_ns);

/* A frame reaches the node's network card. */
void emu_node_frame_arrives(struct emu_node *node, const struct net_frame *frame);

/* Frees everything the node holds; its events are in no queue any more. */
void emu_node_fini(struct emu_node *node);

/* The node's part of a saved state: the walk of snapshot.c for one node. */
void emu_node_state_save(struct emu_node *node, struct writer *writer);
void emu_node_state_load(struct emu_node *node, struct reader *reader);
/* Without pages and blocks, which are in place already. False if the bytes are not just that. */
bool emu_node_part_load(struct emu_node *node, const void *bytes, size_t size_bytes);

/* True while the node can still execute. */
static inline bool emu_node_alive(const struct emu_node *node)
{
    return node->state == EMU_NODE_RUNNING || node->state == EMU_NODE_IDLE ||
           node->state == EMU_NODE_WAKING;
}

#define EMU_NODE_MEMORY_BEGIN (2u * VCPU_PAGE_BYTES) /* behind the null page and the registers */

static inline bool emu_node_has_memory(const struct emu_node *node, uint32_t address,
                                       uint32_t size_bytes)
{
    return address >= EMU_NODE_MEMORY_BEGIN && address < node->space.size_bytes &&
           size_bytes <= node->space.size_bytes - address;
}

/* The bus: what a node's devices may ask of it. */
extern const struct dev_host_ops emu_bus_ops;

/* Performs a port (else virtual-register) access of the guest; retires it, or returns the fault. */
struct vcpu_fault emu_bus_access(struct emu_node *node, bool is_port,
                                 const struct vcpu_access *access);

#endif
