/* The inside of a world, for emu's own files. */
#ifndef DENALI_EMU_WORLD_INTERNAL_H
#define DENALI_EMU_WORLD_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include <emu/world.h>
#include <netsim/network.h>
#include <netsim/partition.h>
#include <vcpu/image.h>
#include <vcpu/program.h>

#include "process.h"

/* Links whose one-way delay is below this join their ends into one logical process. */
#define EMU_CLUSTER_BELOW_NS 500000u
/* No window is longer, so that progress is seen and records stay few. */
#define EMU_WINDOW_MAX_NS 100000000u

struct trace_input;

/* Causes of drops, in the order of emu_drop_causes: the network's, then ours. */
enum emu_drop {
    EMU_DROP_NIC_FULL = NET_DROP_COUNT,
    EMU_DROP_NODE_DOWN,
    EMU_DROP_REFUSED,
    EMU_DROP_NO_LINK,
    EMU_DROP_CARD_FULL,
    EMU_DROP_COUNT,
};

/* A network of the world and who is on it. */
struct emu_network {
    struct net_network *net;
    struct net_matrix matrix;
    uint32_t *node_of_port;
    struct emu_process **process_of_port;
    const struct emu_world *world; /* for the names that it tells its nodes */
    uint32_t index;                /* in the world's networks */
};

/* One host thread's share of a window. */
struct emu_worker {
    struct emu_world *world;
    struct vcpu_engine *engine;
    pthread_t thread; /* not used by worker 0, the caller's thread */
};

/* Of a group's image, for messages. */
struct emu_symbols {
    bool looked_for;
    struct vcpu_program *program; /* NULL: none to be had */
};

struct emu_world {
    const struct scn_scenario *scenario;
    bool typed_input; /* emu_world_console_type may be called until emu_world_console_end */
    struct emu_recorder *recorder; /* is told what comes from outside; NULL: nobody is */
    struct emu_sink sink;

    struct vcpu_arena *arena;
    struct vcpu_image **images; /* by group; groups of one image share it */

    struct emu_symbols *symbols; /* by group; NULL before the first fault that is described */

    struct emu_disk_set *disks;             /* by group */
    struct emu_disk_content *disk_contents; /* a list */

    struct emu_node *nodes;
    uint32_t node_count;
    uint64_t *start_ns; /* by node: when it boots */

    struct emu_probe *probe;     /* that of the one node that has one, or NULL; not owned */
    struct emu_inputs *arrivals; /* by node: what reaches it is added; NULL: nobody asks; not owned
                                  */

    uint32_t *traced; /* nodes that have a tracer */
    uint32_t traced_count;

    struct emu_network *networks;
    uint32_t network_count;

    struct emu_process *processes;
    uint32_t process_count;
    uint64_t lookahead_ns; /* least time from one process to another, at most EMU_WINDOW_MAX_NS */

    struct emu_worker *workers;
    uint32_t worker_count; /* those that run */

    struct emu_host *hosts; /* of the scenario, entry after entry */
    uint32_t host_count;
    struct emu_volume *volumes; /* of all hosts that have machines, host after host */
    uint32_t volume_count;

    uint64_t now_ns;

    /* The window being run. */
    uint64_t window_end_ns;
    struct emu_process **active; /* the processes that have something to do in it */
    uint32_t active_count;
    _Atomic uint32_t next_active; /* not yet taken by a worker */
    _Atomic uint32_t arrived;     /* workers at the barrier */
    _Atomic uint32_t phase;       /* counts barriers passed */
    pthread_mutex_t lock;         /* held while workers are being made; guards sleepers */
    pthread_cond_t wake;          /* a barrier was passed */
    uint32_t sleepers;            /* at the barrier */
    bool stopping;                /* told to workers: the threads are to end */
};

/* A frame from a node's card to its network, at the process's time. Returns which of
 * emu_drop_causes dropped it at once, EMU_DROPS_MAX if none did. */
uint32_t emu_world_send(struct emu_node *node, const uint8_t *bytes, uint32_t size_bytes);
/* The same in two halves: may it be sent, and sending it (net_judge, net_carry). */
uint32_t emu_world_judge(struct emu_node *node, const uint8_t *bytes, uint32_t size_bytes);
uint32_t emu_world_carry(struct emu_node *node, const uint8_t *bytes, uint32_t size_bytes);

/* A network's event comes due. Takes the reference on frame. */
void emu_world_network_event(struct emu_process *process, uint32_t network, uint32_t kind,
                             uint32_t port, struct net_frame *frame);

/* The scenario's console input number `input` reaches the node; asks for the next. */
void emu_world_console_input(struct emu_node *node, uint32_t input);
/* Can anything still be typed on the node's console? */
bool emu_world_console_expected(const struct emu_node *node);
/* Queues the event for input number `input`, if the scenario has so many. */
void emu_world_console_input_queue(struct emu_node *node, uint32_t input);

/* The scenario's key event number `key` reaches the node; asks for the next. */
void emu_world_key(struct emu_node *node, uint32_t key);
/* Queues the event for key event number `key`, if the scenario has so many. */
void emu_world_key_queue(struct emu_node *node, uint32_t key);

/* What came from outside and a probe noted, for the twin of the node that it reached; at the twin's
 * process's time. */
void emu_world_input_again(struct emu_node *twin, const struct trace_input *input);

/* Every process takes in what was sent to it, and notes its next time; then no inbox holds
 * anything. */
void emu_world_collect(struct emu_world *world);

/* Joins nodes and networks: builds the networks, the partition and the processes. */
enum status emu_world_connect(struct emu_world *world, struct error *error) MUST_USE;
void emu_world_disconnect(struct emu_world *world);

/* Makes `twin` a copy of a node as it was before its start, to be run in a process beside the
 * world's; emu_node_fini ends it. Nothing is queued. */
void emu_world_twin_init(struct emu_world *world, uint32_t index, struct emu_process *process,
                         struct emu_node *twin);

/* The symbols of a group's image; NULL if there are none to be had, or the file has changed. */
const struct vcpu_program *emu_world_symbols(struct emu_world *world, uint32_t group);
/* "0x11008", or a symbol of the node's image, whose size then is told too, EMU_WATCH_MAX at most.
 */
bool emu_world_place_find(struct emu_world *world, uint32_t node, const char *text,
                          uint32_t *address, uint32_t *size_bytes);
/* Those that were wanted. */
void emu_symbols_destroy(struct emu_world *world);

/* Starts and ends the worker threads. */
enum status emu_world_workers_start(struct emu_world *world, const struct vcpu_engine_ops *engine,
                                    uint32_t jobs, struct error *error) MUST_USE;
void emu_world_workers_stop(struct emu_world *world);

/* Hands records of before now, and console text, to the sink. */
enum status emu_world_flush_records(struct emu_world *world, struct error *error) MUST_USE;
enum status emu_world_flush_consoles(struct emu_world *world, struct error *error) MUST_USE;
enum status emu_world_flush_traces(struct emu_world *world, struct error *error) MUST_USE;

#endif
