/*
 * A world: the machines of a scenario, the networks that join them, and their common time.
 *
 *     emu_world_create(scenario, &options, &world, &error)
 *     emu_world_run(world, until_ns, &error)       any number of times
 *     emu_world_digest(world), emu_world_state_save(...), queries
 *     emu_world_destroy(world)
 *
 * Invariants. The same scenario gives the same bits on any engine, with any number of jobs, and
 * however the run is cut into calls of emu_world_run; saved and loaded anywhere between two calls
 * it goes on the same. Host time reaches nothing but the sink's progress.
 *
 * Several worlds may live in one process; each is used by one thread at a time and runs its own
 * worker threads inside emu_world_run. The scenario stays the caller's and must outlive the world.
 */
#ifndef DENALI_EMU_WORLD_H
#define DENALI_EMU_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <base/public.h>
#include <base/status.h>
#include <scenarios/scenario.h>
#include <scenarios/select.h>
#include <vcpu/engine.h>

DENALI_API_BEGIN

struct emu_world;

#define EMU_JOBS_MAX 256u

/* Something worth telling, in virtual-time order. Those of frames only of nodes that
 * emu_world_capture chose. */
enum emu_note_kind {
    EMU_NOTE_BOOT,
    EMU_NOTE_TERMINATE,
    EMU_NOTE_FAULT,
    EMU_NOTE_MEASUREMENT,
    EMU_NOTE_MILESTONE,
    EMU_NOTE_ACTION,         /* what the scenario's schedule did to the machine, or did not */
    EMU_NOTE_PAGE,           /* the guest asked its host's pager, where that notes references */
    EMU_NOTE_FRAME_SENT,     /* the guest handed a frame to its network card */
    EMU_NOTE_FRAME_RECEIVED, /* one was put in the card's receive queue */
    EMU_NOTE_FRAME_LOST,     /* one for the node was dropped, on its link or by its card */
};

/* Pointers are valid during the call. */
struct emu_note {
    uint64_t time_ns;
    uint32_t node;
    enum emu_note_kind kind;
    const char *name;     /* MEASUREMENT, MILESTONE: as the guest named it. FRAME_SENT, FRAME_LOST:
                             the cause of its drop, one of emu_drop_causes. ACTION: which, PAGE: and
                             what came of it. Else "" */
    double value;         /* MEASUREMENT, MILESTONE; ACTION: 1 if it was done */
    uint64_t instruction; /* FRAME_*: how many the node had retired */
    uint32_t page;        /* PAGE */
    bool write;           /* PAGE */
    uint64_t sent_ns;     /* FRAME_RECEIVED: when its sender handed it over; of an answer of the
                             network itself, when the node did what it answers */
    const uint8_t *bytes; /* FRAME_SENT, FRAME_RECEIVED: the frame, from the Ethernet header on */
    uint32_t size_bytes;
};

/* Where a world's output goes. Called between windows, by the thread that runs the world. A status
 * other than OK ends the run with it. Any function may be NULL. */
struct emu_sink {
    void *context;
    enum status (*note)(void *context, const struct emu_note *note, struct error *error);
    enum status (*console)(void *context, uint32_t node, const void *bytes, uint32_t size_bytes,
                           struct error *error);
    /* Several times a second of host time, for a progress line. False stops the run early. */
    bool (*progress)(void *context);
    /* Lines of the instruction trace of a node that emu_world_trace chose, in their order. */
    enum status (*trace)(void *context, uint32_t node, const char *text, uint32_t size_bytes,
                         struct error *error);
};

struct emu_world_options {
    const struct vcpu_engine_ops *engine; /* NULL: this build's default */
    uint32_t jobs;                        /* threads, 1..EMU_JOBS_MAX; 0: 1 */
    uint64_t memory_limit_bytes;          /* of host memory for guests; 0: most of the host's */
    const char *image_directory;          /* where bare program names are looked up */
    bool typed_input; /* consoles stay open for emu_world_console_type; otherwise a console's input
                         ends with the scenario's last, or before the machine boots */
    struct emu_sink sink;
};

enum status emu_world_create(const struct scn_scenario *scenario,
                             const struct emu_world_options *options, struct emu_world **world,
                             struct error *error) MUST_USE;
void emu_world_destroy(struct emu_world *world);

/* Executes everything before until_ns. Returns early once nothing is left that could happen. */
enum status emu_world_run(struct emu_world *world, uint64_t until_ns, struct error *error) MUST_USE;

/* From here on the sink is told of the frames of this node. Changes nothing else. */
void emu_world_capture(struct emu_world *world, uint32_t node);

#define EMU_TRACE_LIMIT_BYTES (64ull << 20) /* where nobody says otherwise */

/*
 * The sink is told each instruction that the node executes in the stretch, as text of at most
 * limit_bytes in all (docs/seeing.md). From now on, once per node. Changes nothing else; where it
 * is traced the node runs some thousand times as slowly.
 */
enum status emu_world_trace(struct emu_world *world, uint32_t node,
                            const struct scn_stretch *stretch, uint64_t limit_bytes,
                            struct error *error) MUST_USE;

/* Likewise, but only of what changes the bytes at address, 1 to 32 of them. */
enum status emu_world_watch(struct emu_world *world, uint32_t node,
                            const struct scn_stretch *stretch, uint32_t address,
                            uint32_t size_bytes, struct error *error) MUST_USE;

/* --- queries: between two calls of emu_world_run, or from the sink's progress ---------------- */

struct emu_totals {
    uint64_t instructions;
    uint64_t frames_sent;      /* handed over by guests */
    uint64_t frames_delivered; /* taken in by network cards */
    uint64_t frames_dropped;   /* on networks and cards, all causes */
    uint32_t nodes_up;
    uint32_t nodes_terminated;
    uint32_t nodes_faulted;
    uint32_t nodes_queued; /* wait until their host has memory for them */
};

/* Everything before this virtual time has been executed. */
uint64_t emu_world_now_ns(const struct emu_world *world);
void emu_world_totals(const struct emu_world *world, struct emu_totals *totals);
/* Virtual time of the next thing that happens; TIME_NEVER if nothing is left. */
uint64_t emu_world_next_ns(struct emu_world *world);
uint32_t emu_world_node_count(const struct emu_world *world);
/* Logical processes: the partition for parallel execution. */
uint32_t emu_world_process_count(const struct emu_world *world);
uint64_t emu_world_lookahead_ns(const struct emu_world *world);
const char *emu_world_engine_name(const struct emu_world *world);
uint32_t emu_world_jobs(const struct emu_world *world);
/* The file that a group's image was loaded from. */
const char *emu_world_image_path(const struct emu_world *world, uint32_t group);

#define EMU_DROPS_MAX 32u /* causes of dropped frames */

/* Names of the causes ("uplink_full"), in the order of emu_node_report.drops; returns how many. */
uint32_t emu_drop_causes(const char *names[EMU_DROPS_MAX]);

/* Where a node is on its network. */
struct emu_node_link {
    bool connected;
    uint8_t mac[6];
    uint32_t address; /* IPv4, host byte order; from here on only if it is connected */
    uint32_t prefix;
    uint64_t up_bps; /* 0: without limit */
    uint64_t down_bps;
};
void emu_world_node_link(const struct emu_world *world, uint32_t node, struct emu_node_link *link);

/* What a node used and what it came to. */
struct emu_node_report {
    const char *state; /* "off" "queued" "running" "idle" "terminated" "faulted" "destroyed" */
    uint32_t exit_code;
    struct vcpu_fault fault; /* kind NONE unless faulted */
    uint64_t start_ns;
    uint64_t end_ns; /* of termination or fault; 0 while alive */
    uint64_t digest;
    uint64_t instructions;
    uint64_t cycles;
    uint64_t wake_ups;
    uint64_t interrupts_raised;
    uint64_t interrupts_delivered;
    uint64_t frames_sent;
    uint64_t bytes_sent;
    uint64_t frames_received;
    uint64_t bytes_received;
    uint64_t drops[EMU_DROPS_MAX];
    uint64_t console_bytes;
    uint64_t console_bytes_cut;
    uint64_t observations;
    uint64_t keys_dropped; /* pressed or released while the keyboard's queue was full */
    uint32_t pages_private;
    uint32_t pages_private_max;
    uint64_t disk_reads; /* blocks */
    uint64_t disk_writes;
    uint64_t disk_blocks_private;
};
void emu_world_node_report(const struct emu_world *world, uint32_t node,
                           struct emu_node_report *report);

/* --- hosts (docs/hosts.md) -------------------------------------------------------------------- */

#define EMU_HOST_NONE UINT32_MAX

/* What paging and its host's disks came to, for a node or a host; 0 where there are none. Disk
 * figures are of its own requests, its page-ins, and the page-outs that made room for it, whoever's
 * the pages were. */
struct emu_paging_report {
    uint64_t faults;             /* pages touched that were not there for it */
    uint64_t pages_filled;       /* with zeros; in pages, like the next five */
    uint64_t pages_copied;       /* from its image, to be written */
    uint64_t page_ins;           /* read for it */
    uint64_t page_outs;          /* of its own written */
    uint64_t pages_resident;     /* of its own, in memory; of a host all machines' and images' */
    uint64_t pages_resident_max; /* 0 of a host */
    uint64_t page_wait_ns;       /* from a fault until it could go on */
    uint64_t disk_operations;
    uint64_t disk_wait_ns; /* from submission until the disk turned to it */
    uint64_t disk_busy_ns; /* from there until it was done */
};

/* What a node had of its host's processors. */
struct emu_seat_report {
    uint32_t host;          /* EMU_HOST_NONE: it has a processor of its own, and the rest is 0 */
    uint64_t guest_ns;      /* executing its own instructions */
    uint64_t kernel_ns;     /* the host's kernel, on its behalf */
    uint64_t waited_ns;     /* runnable, without a processor */
    uint64_t dispatches;    /* times it was given one */
    uint64_t switches;      /* of these, after another machine */
    uint64_t crossings;     /* times it was told of interrupts */
    uint64_t port_accesses; /* instructions in and out that it made */
    uint64_t card_frames;   /* that its host's card sent for it, if that has a rate */
    uint64_t card_bytes;
    uint64_t card_ns; /* in which the card did */
    struct emu_paging_report paging;
};
void emu_world_seat_report(const struct emu_world *world, uint32_t node,
                           struct emu_seat_report *report);

/* A host's account. guest_ns + kernel_ns + idle_ns is total_ns, and the first two are the sums over
 * its nodes, to the nanosecond; so are all figures of paging but what is resident. */
struct emu_host_report {
    uint32_t nodes;  /* placed on it */
    uint32_t queued; /* of these, waiting to be admitted */
    uint32_t processors;
    uint64_t memory_bytes; /* 0: not limited */
    uint64_t committed_bytes;
    uint64_t total_ns; /* virtual time until now, of all processors */
    uint64_t guest_ns;
    uint64_t kernel_ns;
    uint64_t idle_ns;
    uint64_t dispatches;
    uint64_t switches;
    uint64_t crossings;
    uint64_t port_accesses;
    uint64_t card_frames; /* these three are the sums over its nodes, too */
    uint64_t card_bytes;
    uint64_t card_ns;
    struct emu_paging_report paging;
    uint32_t swapped_out;       /* nodes that live, none of whose own pages is in memory */
    uint64_t swapped_out_bytes; /* that this program keeps for these (emu_node_cost), but pages */
    uint32_t snapshots;         /* of machines, that it keeps */
    uint64_t snapshots_bytes;   /* that this program keeps for them at most; pages are shared */
};
/* Hosts are numbered from 0, entry after entry of the scenario. */
uint32_t emu_world_host_count(const struct emu_world *world);
void emu_world_host_report(const struct emu_world *world, uint32_t host,
                           struct emu_host_report *report);

#define EMU_FAULT_TEXT_MAX 512u /* bytes, with the end of the text */

/* A node's fault for people: "address outside memory at eip 0x00011004 (main+0x4), address
 * 0x00000000; a null pointer?". Names are those of the image's symbols, if its file still has them.
 * "" unless it faulted. */
void emu_world_node_fault_describe(struct emu_world *world, uint32_t node,
                                   char text[EMU_FAULT_TEXT_MAX]);

/* What is on a node's disk: the first block from `from` on that may hold anything but zeros, and
 * its bytes; EMU_BLOCK_NONE if there is none. disk is one of its group's in the scenario. */
#define EMU_BLOCK_NONE UINT64_MAX
uint64_t emu_world_node_disk_next(const struct emu_world *world, uint32_t node, uint32_t disk,
                                  uint64_t from, const void **bytes);
/* The same of a volume by its number on a host on which there are nodes. */
uint64_t emu_world_volume_next(const struct emu_world *world, uint32_t host, uint32_t volume,
                               uint64_t from, const void **bytes);

/* Host bytes of each part of one node, for the cost report. */
struct emu_node_cost {
    uint64_t processor_bytes; /* registers and counters */
    uint64_t tables_bytes;    /* of its address space */
    uint64_t devices_bytes;   /* states, boot text, events */
    uint64_t network_bytes;   /* its port */
    uint64_t frames_bytes;    /* private pages and blocks */
    uint64_t snapshot_bytes; /* tables of its last snapshot, while nothing has been written since */
    uint64_t pager_bytes;    /* what its host's pager keeps of it, if its host pages */
    uint64_t other_bytes;    /* account, console text, place in the world and on its host */
};
void emu_world_node_cost(const struct emu_world *world, uint32_t node, struct emu_node_cost *cost);

/* Types on a node's console, at the world's present time. Returns how many bytes were taken; none
 * before the node has booted or after it ended. */
uint32_t emu_world_console_type(struct emu_world *world, uint32_t node, const void *bytes,
                                uint32_t size_bytes);

/* Nothing more will be typed on this console, nor on those that boot later. */
void emu_world_console_end(struct emu_world *world, uint32_t node);

/* What is on a node's screen now: rows from the top of pixels, each red, green, blue; black where
 * the guest shows nothing. rgb is malloc'ed, the caller frees it; NULL, with a width and height of
 * 0, if the scenario gives the node no screen. */
struct emu_screen {
    uint32_t width;
    uint32_t height;
    uint8_t *rgb;
};
void emu_world_node_screen(struct emu_world *world, uint32_t node, struct emu_screen *screen);

/* The node's processor, for reading. */
const struct vcpu *emu_world_node_cpu(const struct emu_world *world, uint32_t node);
/* Copies guest memory between two runs: all or nothing, false if any byte is not memory. */
bool emu_world_node_read(const struct emu_world *world, uint32_t node, uint32_t address,
                         void *bytes, uint32_t size_bytes);
/* Changes one byte of guest memory between two runs. False if the address is not memory. */
bool emu_world_node_poke(struct emu_world *world, uint32_t node, uint32_t address, uint8_t value);
/* Sets a general register between two runs. */
void emu_world_node_register_set(struct emu_world *world, uint32_t node, enum vcpu_register reg,
                                 uint32_t value);

/* From now on nothing is carried to or from the node; what is lost counts as drop "no_link". */
void emu_world_node_cut(struct emu_world *world, uint32_t node);
/* The next count frames that would reach the node are lost, likewise. */
void emu_world_node_drop(struct emu_world *world, uint32_t node, uint32_t count);
/* The entropy of all nodes comes from another seed from now on. */
void emu_world_entropy_seed(struct emu_world *world, uint64_t seed);

/* --- state ------------------------------------------------------------------------------------ */

/* The run's digest: the chains of all nodes in order and the full-state hash. */
uint64_t emu_world_digest(struct emu_world *world);
/* Hash of the full state; pages by content, never by representation. */
uint64_t emu_world_state_hash(struct emu_world *world);
/* The whole state as bytes (docs/saved-state.md) that the caller frees. */
uint8_t *emu_world_state_save(struct emu_world *world, size_t *size_bytes);
/* Into a world made from the same scenario (any engine, any jobs), new or used; it goes on from
 * where the other was. STATUS_CORRUPT if they are no such state; the world is then only fit to be
 * destroyed. */
enum status emu_world_state_load(struct emu_world *world, const void *bytes, size_t size_bytes,
                                 struct error *error) MUST_USE;

/*
 * The world as it is now, in memory. It shares all pages with the world, so that it costs little
 * more than what is written afterwards (a page is copied once it is), and nothing that a guest or
 * its account could see. Between two calls of emu_world_run; destroy it before the world.
 */
struct emu_snapshot;
struct emu_snapshot *emu_world_snapshot(struct emu_world *world);
/* Back to a snapshot of the same world, any number of times. What the world told its sink stays
 * told. An error only for a snapshot of another world. */
enum status emu_world_restore(struct emu_world *world, const struct emu_snapshot *snapshot,
                              struct error *error) MUST_USE;
uint64_t emu_snapshot_time_ns(const struct emu_snapshot *snapshot);
/* From any thread; takes NULL. */
void emu_snapshot_destroy(struct emu_snapshot *snapshot);

DENALI_API_END

#endif
