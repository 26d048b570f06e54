/*
 * A host: processors that an isolation kernel shares among the machines placed there.
 *
 * After the published one (Whitaker, Shaw and Gribble, OSDI 2002): round robin among the runnable;
 * a machine that idles leaves the run set and comes first once an interrupt or its time-out has
 * come; interrupts wait until their machine is scheduled and are then delivered in one crossing.
 * docs/hosts.md says what each file here does, in the order in which to read them.
 *
 * Invariants.
 * - Every decision is made in an event (EMU_EVENT_HOST), the last kind of its moment, so it follows
 *   everything that happens then and is the same however the run is cut.
 * - What one processor does reaches another only through such events. A machine's own doings may
 *   take a processor from another machine only where it ran last itself (its home), because
 *   machines on other processors may be ahead of it in virtual time.
 * - Every nanosecond of a processor is a machine's own, the kernel's on behalf of a machine, or
 *   idle: a processor's occupation is closed where the next begins.
 * - A machine without a host has no seat and knows nothing of this.
 *
 * All machines of a host are in one logical process, whose thread runs everything here.
 */
#ifndef DENALI_EMU_HOST_H
#define DENALI_EMU_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include <base/codec.h>

#include <netsim/network.h>

#include "../disk.h"
#include "../node.h"
#include "disk_model.h"
#include "pager.h"

struct emu_host_report;
struct scn_host;
struct vcpu_image;

/* Where a machine stands with its host. */
enum emu_seat_place {
    EMU_SEAT_AWAY,    /* not runnable: off, waiting to be admitted, idle, ended */
    EMU_SEAT_READY,   /* in a queue of runnable machines */
    EMU_SEAT_RUNNING, /* has a processor */
    EMU_SEAT_LEAVING, /* its slice is over; runnable again at the processor's next decision */
    EMU_SEAT_PAGING,  /* stopped at a page, for which the decision asks the pager */
};

/* Queues of a host, first in first out; a machine is in at most one. In the order in which they are
 * asked, but for RESERVED, which come first. */
enum emu_queue_kind {
    EMU_QUEUE_GATE,   /* not admitted yet */
    EMU_QUEUE_URGENT, /* has an interrupt that does not wait */
    EMU_QUEUE_WOKEN,  /* its wait is over: it comes first once */
    EMU_QUEUE_READY,  /* round robin */
    EMU_QUEUE_HELD,   /* runnable, but not before the next period: its cap is reached */
    EMU_QUEUE_PAUSED, /* runnable, but not before it is resumed */
    EMU_QUEUE_OF_PROCESSOR,
    /* Then for each processor two: machines that have some of their reservation left, and those
     * that have used it up and run when nobody else wants the processor. */
};
#define EMU_QUEUE_RESERVED(processor) (EMU_QUEUE_OF_PROCESSOR + 2 * (uint32_t)(processor))
#define EMU_QUEUE_LEFTOVER(processor) (EMU_QUEUE_RESERVED(processor) + 1)
#define EMU_QUEUE_NONE                UINT32_MAX

/* Pages that one instruction of a device was let have, which it need not have all at once: a text
 * to be printed lies on 17, and 2 more for what describes it. */
#define EMU_SEAT_LET_MAX 24u
/* However slow its disks, a machine that does not wait for page-outs owes no more. */
#define EMU_PACED_MAX_NS (UINT64_MAX / 2)
/* What a machine has handed to its host's card. */
struct emu_card_frame;
struct emu_card_queue {
    struct emu_card_frame *first;
    struct emu_card_frame *last;
    uint32_t count;
};
struct emu_sender {
    struct emu_event event;       /* what was handed over reaches the card */
    struct emu_card_queue handed; /* by one instruction */
    struct emu_card_queue queue;
    bool waits;            /* for its turn */
    struct emu_seat *next; /* whose turn is after it */

    /* Its account. */
    uint64_t frames; /* put on the card's wire */
    uint64_t bytes;
    uint64_t wire_ns; /* for so long */
    uint64_t drops;   /* handed over while its queue was full */
};

/* A machine's place on its host. */
struct emu_seat {
    struct emu_node *node;
    struct emu_host *host;
    struct emu_seat *next; /* in its queue */
    struct emu_seat *previous;
    uint32_t queue;        /* enum emu_queue_kind and on, or EMU_QUEUE_NONE */
    uint8_t place;         /* enum emu_seat_place */
    uint8_t home;          /* the processor that it ran on last; of a reservation, its only one */
    uint8_t reserve;       /* percent; 0: none */
    uint8_t cap;           /* percent; 0: none */
    uint16_t weight;       /* quanta of a slice */
    bool urgent;           /* while LEAVING: an immediate interrupt came */
    bool admitted;         /* its memory is taken */
    bool paused;           /* it gets no processor */
    bool doomed;           /* it is destroyed when it leaves its processor */
    bool follows;          /* others' doing led to its turn: until it has run it robs nobody */
    uint32_t held;         /* interrupts that wait for it to be scheduled */
    uint64_t owed_ns;      /* the kernel's work for it, not yet charged to a processor */
    uint64_t slice_end_ns; /* while RUNNING */
    uint64_t left_ns;      /* of a slice that was taken from it; 0: it gets a whole one */
    uint64_t period;       /* number of the period that budget_ns is for */
    uint64_t budget_ns;    /* left of its reservation */
    uint64_t cap_period;   /* number of the period that used_ns is for */
    uint64_t used_ns;      /* with a cap: of this period, and beyond the caps of those before */
    uint64_t cap_since_ns; /* what it used before then is not counted */
    uint64_t ready_since_ns;

    /* Its limits, at first its group's; 0: none. */
    uint64_t floor_bytes;
    uint64_t ceiling_bytes;
    uint64_t disk_bytes;
    uint64_t disk_bps;
    uint64_t disk_bps_next; /* to be that when it leaves its processor */
    bool disk_bps_waits;    /* it is; else disk_bps_next is 0 */
    struct net_rates rates; /* to be its port's then */
    bool rates_wait;        /* they are; else rates is 0 */

    uint32_t origin;     /* a snapshot's number and 1: it starts from that when it is admitted */
    uint32_t generation; /* which start from a snapshot it came of; 0: it booted */

    /* Of a host that pages; paging.c. */
    bool holds;                     /* it has a processor, or has not left it yet */
    bool needs;                     /* it cannot go on without `need` */
    bool waits;                     /* AWAY: the pager, or `pace`, is to say when it may */
    bool asks;                      /* its device operation has to ask for pages; not state */
    uint8_t let_count;              /* of let */
    struct vcpu_need need;          /* what it stopped at */
    uint32_t let[EMU_SEAT_LET_MAX]; /* page << 1 | write, the oldest first */
    uint64_t *forgotten;            /* as in vcpu_space.absent: what to forget once it has stopped;
                                       NULL: nothing */
    uint64_t retired_told;          /* to the pager */
    uint64_t paced_ns;          /* what was moved on its behalf has passed at its rate by then */
    struct emu_event pace;      /* it has, and the machine may go on */
    uint32_t first_place;       /* of its disks, in the host's places */
    struct emu_volume *volumes; /* that it has, by their numbers there */

    /* Its account. */
    uint64_t guest_ns;              /* its own instructions */
    uint64_t kernel_ns;             /* the kernel on its behalf */
    uint64_t waited_ns;             /* runnable, without a processor */
    uint64_t dispatches;            /* slices it was given */
    uint64_t switches;              /* of these, on a processor that another machine had before */
    uint64_t crossings;             /* interrupts handed over, any number at once */
    uint64_t port_accesses;         /* instructions in and out, each a trap */
    struct emu_pager_account paged; /* of lives before the present one, but for resident */

    struct emu_sender sender;
};

/* A processor of a host. It is occupied from a decision that gives it to a machine until the
 * decision after that machine has left; while `event` is queued a decision is due. */
struct emu_processor {
    struct emu_event event;
    struct emu_seat *seat; /* who has it, or had it until left_ns; NULL: idle */
    struct emu_seat *last; /* whom it ran last, whose memory is still mapped */
    bool left;             /* the machine has stopped; left_ns is when */
    bool reserved;         /* the slice is within the machine's reservation */
    bool woken;            /* the last turn was of one of EMU_QUEUE_WOKEN */
    uint64_t since_ns;     /* occupied, or idle, since then */
    uint64_t left_ns;
    uint64_t kernel_ns;      /* of the occupation, what the kernel took */
    uint64_t charge_from_ns; /* the last such stretch, which may reach past the present */
    uint64_t charge_to_ns;
    uint64_t idle_ns; /* before since_ns */
};

struct emu_queue {
    struct emu_seat *first;
    struct emu_seat *last;
    uint32_t count;
};

/* The card of a host, if it has a rate. */
struct emu_card {
    struct emu_event event; /* the frame on the wire is sent */
    struct emu_seat *sends; /* whose frame that is, still the first of its queue; NULL: idle */
    struct emu_seat *first; /* machines with frames that wait for their turn */
    struct emu_seat *last;
    uint64_t fraction; /* of a nanosecond that the last frame took, in units of 1/rate ns */

    /* Its account: the sums of its machines'. */
    uint64_t frames;
    uint64_t bytes;
    uint64_t wire_ns;
};

/* The decisions that a host's supervisor makes. */
#define EMU_POLICIES          (ABI_POLICY_SCHEDULER | ABI_POLICY_ADMISSION | ABI_POLICY_PAGER)
#define EMU_HOST_NO_PROCESSOR UINT32_MAX

struct emu_policy {
    struct emu_seat *supervisor; /* NULL: the host has none, and the rest is 0 */
    uint32_t policies;           /* ABI_POLICY_* that it decides */
    bool open;                   /* it is asked, by a processor, and has that */
    bool asking;                 /* it is being given it */
    uint32_t sequence;           /* of the last question */
    uint32_t processor;
    struct emu_seat *answer; /* NULL: the kernel's own rule */
    uint64_t slice_ns;       /* 0: as the kernel would */
    uint64_t questions;
    uint64_t answers; /* that were followed */
    uint64_t unasked; /* decisions for which it could not be asked */
    bool news;        /* it is to be interrupted once it has left its processor */
    /* Between emu_host_moment_begin and _end, so no state: who becomes runnable takes nobody's
     * processor, and who was last on another than moment_of does not later, either. */
    bool robs_nobody;
    uint32_t moment_of; /* a processor; EMU_HOST_NO_PROCESSOR: none that is known */
};

/* What a host does, for who wants to watch (tests compare it with a model of their own). */
enum emu_host_act {
    EMU_HOST_QUEUE,     /* a machine asks to be admitted */
    EMU_HOST_ADMIT,     /* and is */
    EMU_HOST_READY,     /* detail: enum emu_ready */
    EMU_HOST_HOLD,      /* its turn came, but it is at its cap */
    EMU_HOST_INTERRUPT, /* detail: kinds */
    EMU_HOST_DISPATCH,  /* detail: when its first instruction is executed */
    EMU_HOST_PREEMPT,   /* detail: when it stops */
    EMU_HOST_CROSSING,  /* a running machine is told of what waits for it */
    EMU_HOST_STOP,      /* it executes no further; told when it is executed, so it may come early */
    EMU_HOST_ASK,       /* the supervisor is asked who is next; detail: the question's number */
    EMU_HOST_ANSWER,    /* with this machine; detail: for how long, 0: its quantum */
    EMU_HOST_RELEASE,   /* a machine's memory is free again */
    EMU_HOST_POLICIES,  /* detail: ABI_POLICY_*, which the supervisor decides from now on */
    EMU_HOST_PAUSE,     /* detail: 1 a machine is paused, 0 it is resumed */
    EMU_HOST_NEWS,      /* for the supervisor, which is interrupted as soon as may be; detail:
                           ABI_POLICY_* */
    EMU_HOST_DESTROY,
    EMU_HOST_LIMIT,     /* detail: the limit's ABI_CONTROL_*, SEND_RATE for any of its port's; it
                           holds from now on */
    EMU_HOST_SNAPSHOT,  /* of the machine; detail: its number */
    EMU_HOST_RESTART,   /* the machine goes on from one; detail: its number */
    EMU_HOST_DISCARD,   /* detail: the snapshot's number */
    EMU_HOST_ATTACH,    /* detail: volume << 32 | the number of the disk that it is from now on */
    EMU_HOST_DETACH,    /* the same; it has it no more */
    EMU_HOST_SEND,      /* a frame of the machine reaches the card; detail: its bytes */
    EMU_HOST_SEND_FULL, /* and is dropped */
    EMU_HOST_SENT,      /* one is sent; detail: its bytes */
    EMU_HOST_LEAVE,     /* detail: 1 its slice is over; 0 it idles or has ended, or was preempted */
    EMU_HOST_PAGE,      /* detail: page << 8 | outcome << 1 | write; it asks the pager */
    EMU_HOST_PAGED,     /* the same; the pager lets a machine go on that waited */
    EMU_HOST_TRANSFER,  /* detail: id << 1 | write; of the pager, begun for the node */
    EMU_HOST_TRANSFERRED, /* the same, done; the node is the first */
    EMU_HOST_RAN,         /* detail: ns of its own time, of which the pager is now told */
    EMU_HOST_GONE,        /* it is the pager's no more */
    EMU_HOST_CHOOSE, /* an entry of the supervisor's list for the pager: machine << 32 | blocks */
    EMU_HOST_CHOSEN, /* that was all of it; detail: of how few that are left it wants to be told */
};
struct emu_host_note {
    uint64_t time_ns;
    enum emu_host_act act;
    uint32_t host;
    uint32_t processor; /* DISPATCH, PREEMPT, LEAVE */
    uint32_t node;
    uint64_t detail;
};
typedef void emu_host_watch_fn(void *context, const struct emu_host_note *note);

/* A disk of a host. Of its sectors the first are the nodes' own disks and the volumes, the rest the
 * pager's. */
struct emu_host_disk {
    struct emu_event event; /* a request is done; queued while one is in service */
    struct emu_disk_model *model;
    uint64_t sector_count;
    uint64_t used_sectors; /* by nodes' own disks and volumes */
};

/* Where a node's disk lies. */
struct emu_disk_place {
    uint32_t disk; /* of the host */
    uint64_t sector;
};

/* A snapshot of a machine that its host keeps. */
struct emu_machine_snapshot {
    uint32_t group; /* of the scenario: whose machines may go on from it */
    uint64_t time_ns;
    uint8_t *bytes; /* of emu_node_machine_save */
    uint32_t size_bytes;
    struct vcpu_pages *pages;
    struct emu_blocks *blocks; /* NULL: it has written to no disk */
    uint64_t part_count;       /* pages and blocks that it holds */
};

/* A volume of a host: a disk that is now this machine's, now that one's. */
struct emu_volume {
    struct emu_disk disk;
    struct emu_disk_set set;     /* of that alone */
    struct emu_overlay *written; /* by whoever had it */
    struct emu_disk_place place;
    struct emu_seat *seat;   /* whose it is; NULL: nobody's */
    struct emu_volume *next; /* of the same machine */
    uint32_t number;         /* of the disk that it is there */
    uint32_t state;          /* ABI_VOLUME_*; COMING and LEAVING until its machine has left its
                                processor */
};

struct emu_host {
    struct emu_process *process; /* NULL: no machine is placed here */
    const struct scn_host *model;
    uint32_t index;
    uint32_t seat_count;
    struct emu_seat *seats; /* in the order of nodes */
    struct emu_processor *processors;
    struct emu_queue *queues;
    uint32_t queue_count;
    uint64_t committed_bytes;   /* of its memory, to machines that were admitted */
    struct emu_event replenish; /* the next period begins, for those that have used up theirs */
    struct emu_pager *pager;    /* NULL: it does not page; machines have the numbers of seats */
    struct emu_host_disk *disks;
    uint32_t disk_count;
    struct emu_disk_place *places; /* seat after seat, for each disk of its group that lies here */
    const struct vcpu_image **images; /* by the pager's numbers */
    uint32_t image_count;
    struct emu_event schedule; /* the scenario's next actions */
    uint32_t next_action;
    struct emu_card card;
    struct emu_policy policy;
    struct emu_machine_snapshot **snapshots; /* by number; NULL: free */
    uint64_t snapshot_bytes;                 /* of all */
    uint32_t generation;                     /* of the last start from one */
    struct emu_volume *volumes;              /* of the world's */
    uint32_t volume_count;
    emu_host_watch_fn *watch; /* NULL: nobody */
    void *watch_context;
};

/* Of its host's, from 0, in the order of nodes. */
static inline uint32_t emu_seat_number(const struct emu_seat *seat)
{
    return (uint32_t)(seat - seat->host->seats);
}

/* Sources of a host's events: its processors' decisions come first, by their numbers. */
#define EMU_HOST_SOURCE_REPLENISH(host)  ((uint32_t)(host)->model->processors)
#define EMU_HOST_SOURCE_CARD(host)       (EMU_HOST_SOURCE_REPLENISH(host) + 1)
#define EMU_HOST_SOURCE_SCHEDULE(host)   (EMU_HOST_SOURCE_CARD(host) + 1)
#define EMU_HOST_SOURCE_DISK(host, disk) (EMU_HOST_SOURCE_SCHEDULE(host) + 1 + (uint32_t)(disk))
#define EMU_HOST_SOURCE_SEND(host, seat)                                                           \
    (EMU_HOST_SOURCE_DISK(host, (host)->disk_count) + (uint32_t)(seat)) /* of a seat's number */
#define EMU_HOST_SOURCE_PACE(host, seat)                                                           \
    (EMU_HOST_SOURCE_SEND(host, (host)->seat_count) + (uint32_t)(seat)) /* likewise */

/* --- host.c: which hosts there are ------------------------------------------------------------ */

/* Makes the world's hosts and gives each node that is placed there its seat. After the partition.
 */
enum status emu_hosts_create(struct emu_world *world, struct error *error) MUST_USE;
void emu_hosts_destroy(struct emu_world *world);
/* From here on the watcher is told what every host does. */
void emu_hosts_watch(struct emu_world *world, emu_host_watch_fn *watch, void *context);
/* By its number, to be looked at between two runs of the world. */
struct emu_host *emu_world_host(struct emu_world *world, uint32_t host);
void emu_host_tell(struct emu_host *host, uint64_t time_ns, enum emu_host_act act,
                   uint32_t processor, const struct emu_seat *seat, uint64_t detail);

/* --- queues.c: who waits in which order ------------------------------------------------------- */

void emu_queue_push(struct emu_host *host, uint32_t queue, struct emu_seat *seat);
void emu_queue_push_front(struct emu_host *host, uint32_t queue, struct emu_seat *seat);
void emu_queue_remove(struct emu_seat *seat); /* from the queue that it is in */
struct emu_seat *emu_queue_pop(struct emu_host *host, uint32_t queue); /* NULL: empty */

/* --- scheduler.c: who is runnable, and who runs next ------------------------------------------ */

/* Why a machine is runnable. */
enum emu_ready {
    EMU_READY_STARTED,  /* it has booted, or its quantum is over: at the end */
    EMU_READY_WOKEN,    /* its wait is over: first among those that wait in turn */
    EMU_READY_URGENT,   /* an interrupt that does not wait */
    EMU_READY_ROBBED,   /* its slice was taken from it: at the front, for the rest of the slice */
    EMU_READY_RELEASED, /* its cap is a new one, or it is resumed: at the end */
    EMU_READY_PAGED,    /* the page that it waited for has come: at the end */
};

/*
 * What is done until the end is done at the moment of one processor, or of none that is known:
 * what runs on the others may be past it. So it gives nobody else's processor away; nor does what
 * it leads to: a machine of another processor that it makes runnable, or whose timer it sets, waits
 * for its turn once (emu_seat_follow).
 */
void emu_host_moment_begin(struct emu_host *host, uint32_t processor);
void emu_host_moment_end(struct emu_host *host);
void emu_seat_follow(struct emu_seat *seat);

/* Makes a machine runnable that is not, and gets it a processor if one is to be had. */
void emu_host_ready(struct emu_seat *seat, enum emu_ready why, uint64_t now_ns);
/* Takes the machine that a processor is to run next out of its queue; NULL: none is runnable. */
struct emu_seat *emu_host_pick(struct emu_host *host, uint32_t processor, uint64_t now_ns);
/* What the machine has left of its reservation at a time. */
uint64_t emu_seat_budget(struct emu_seat *seat, uint64_t now_ns);
/* What the machine may use at a time before it reaches its cap; UINT64_MAX: it has none. */
uint64_t emu_seat_cap_left(struct emu_seat *seat, uint64_t now_ns);
/* How long a slice of it is. */
uint64_t emu_seat_quantum(const struct emu_seat *seat);
/* The next period begins: those that waited for it are runnable again. */
void emu_host_replenish(struct emu_host *host, uint64_t now_ns);
/* Whether its interrupts are delivered at once. */
bool emu_seat_immediate(struct emu_seat *seat, uint64_t now_ns);

/* --- processor.c: what happens on a processor ------------------------------------------------- */

/* An EMU_EVENT_HOST of number `source` has come due. */
void emu_host_event(struct emu_process *process, uint32_t host, uint32_t source);
/* One will, which is not queued yet. */
void emu_host_event_push(struct emu_host *host, struct emu_event *event, uint32_t source,
                         uint64_t time_ns);
/* A decision is due on a processor. */
void emu_processor_decide_at(struct emu_host *host, uint32_t processor, uint64_t time_ns);
/* Takes the processor from the machine that runs on it. */
void emu_processor_preempt(struct emu_host *host, uint32_t processor, uint64_t now_ns);

/* Interrupts reach a machine that is alive; true if it idles and has to be woken. */
bool emu_host_interrupt(struct emu_seat *seat, uint32_t kinds, uint64_t now_ns);
/* The guest executes `idle`: is there anything for which it returns at once? */
bool emu_host_idle_returns(struct emu_seat *seat, bool has_timeout);
/* A running machine stops executing: for others, or because its slice is over or it waits. */
void emu_host_stopped(struct emu_seat *seat);

/* --- charge.c: whose each nanosecond is ------------------------------------------------------- */

/* The kernel works for a machine; charged by emu_seat_settle. */
void emu_seat_trap(struct emu_seat *seat);
void emu_seat_copied(struct emu_seat *seat, uint32_t size_bytes);
void emu_seat_frame_sent(struct emu_seat *seat, uint32_t size_bytes);
void emu_seat_frame_received(struct emu_seat *seat, uint32_t size_bytes);
/* The same work, done when the frame comes: with an eager card. */
void emu_seat_receive_work(struct emu_seat *seat, uint32_t size_bytes);
/* Charges a running machine what it owes: its clock moves on. */
void emu_seat_settle(struct emu_seat *seat);
/* Closes a processor's occupation, or idleness, at a time and begins the next. */
void emu_processor_close(struct emu_processor *processor, uint64_t time_ns);
/* What a processor's open occupation comes to at a time: parts of the machine's account. */
void emu_processor_open_part(const struct emu_processor *processor, uint64_t now_ns,
                             uint64_t *guest_ns, uint64_t *kernel_ns, uint64_t *idle_ns);

/* --- control.c: what is done to machines from outside ----------------------------------------- */

/* An ABI_CONTROL_* of a machine; what came of it, ABI_SUPERVISOR_*. In an event. What the kernel
 * has to do for it is done on behalf of `payer`. */
uint32_t emu_seat_control(struct emu_seat *seat, struct emu_seat *payer, uint32_t operation,
                          uint64_t value, uint64_t now_ns);
/* A machine that is off or has ended is to start: from its image, or from a snapshot. */
uint32_t emu_seat_start(struct emu_seat *seat, uint32_t origin, uint64_t now_ns);
/* Ends a machine that occupies no processor, but perhaps the one that it is leaving. */
void emu_seat_end(struct emu_seat *seat, uint64_t now_ns);
/* How many processors are occupied by it: until the decision after it has left. */
uint32_t emu_seat_occupies(const struct emu_seat *seat);
/* Asks for the event of the scenario's next actions; does those whose time has come. */
void emu_host_schedule(struct emu_host *host);
void emu_host_schedule_run(struct emu_host *host, uint64_t now_ns);

/* --- limits.c --------------------------------------------------------------------------------- */

/* Its group's. */
void emu_seat_limits_init(struct emu_seat *seat);
/* One of ABI_CONTROL_MEMORY_FLOOR and on; ABI_SUPERVISOR_*. */
uint32_t emu_seat_limit(struct emu_seat *seat, uint32_t operation, uint64_t value, uint64_t now_ns);
/* The rates that its port has, or is to have; 0 where it has no network. */
struct net_rates emu_seat_rates(const struct emu_seat *seat);
/* That of its disks, likewise. */
uint64_t emu_seat_disk_bps(const struct emu_seat *seat);
/* It has left its last processor: rates that wait for that hold from now on. */
void emu_seat_rates_apply(struct emu_seat *seat, uint64_t now_ns);
/* What the pager is to keep to. */
struct emu_pager_limits emu_seat_pager_limits(const struct emu_seat *seat);
/* Whether limits that were loaded can have come about. */
bool emu_seat_limits_valid(const struct emu_seat *seat);

/* --- snapshots.c: machines as they were ------------------------------------------------------- */

void emu_host_snapshots_create(struct emu_host *host);
void emu_host_snapshots_destroy(struct emu_host *host);
/* ABI_CONTROL_SNAPSHOT, START_FROM or DISCARD of the snapshot `number`; ABI_SUPERVISOR_*. */
uint32_t emu_seat_snapshot(struct emu_seat *seat, struct emu_seat *payer, uint32_t operation,
                           uint64_t number, uint64_t now_ns);
/* What the host has under the number that the answer names. */
struct abi_supervisor_snapshot;
void emu_host_snapshot_tell(const struct emu_host *host, struct abi_supervisor_snapshot *answer);
void emu_host_snapshots_report(const struct emu_host *host, struct emu_host_report *report);
/* A machine that is admitted begins: from a snapshot or from its image. */
void emu_seat_begin(struct emu_seat *seat, uint64_t now_ns);
void emu_host_snapshots_save(const struct emu_host *host, struct writer *writer);
/* After the seats were loaded. */
void emu_host_snapshots_load(struct emu_host *host, struct reader *reader);

/* --- volumes.c: disks that go from machine to machine ----------------------------------------- */

/* Makes the volumes of all hosts that have machines; their places are paging.c's. */
enum status emu_volumes_create(struct emu_world *world, struct error *error) MUST_USE;
void emu_volumes_destroy(struct emu_world *world);
/* What the volume holds. */
struct emu_store emu_volume_store(const struct emu_world *world, struct emu_volume *volume);
/* The volume that a machine sees as its disk of that number; NULL: none. */
struct emu_volume *emu_seat_volume(const struct emu_seat *seat, uint32_t number);
/* ABI_CONTROL_ATTACH or DETACH of a volume of the host; ABI_SUPERVISOR_*. */
uint32_t emu_seat_volume_control(struct emu_seat *seat, uint32_t operation, uint64_t volume,
                                 uint64_t now_ns);
/* It has left its last processor: what waits for that is done. */
void emu_seat_volumes_apply(struct emu_seat *seat, uint64_t now_ns);
/* What the volume is that the answer names. */
struct abi_supervisor_volume;
void emu_host_volume_tell(const struct emu_host *host, struct abi_supervisor_volume *answer);
void emu_host_volumes_describe(const struct emu_host *host, struct writer *writer);
bool emu_host_volumes_described(const struct emu_host *host, struct reader *reader);
/* What they hold only with blocks. load after the seats and processors were loaded. */
void emu_host_volumes_save(const struct emu_host *host, struct writer *writer, bool with_blocks);
void emu_host_volumes_load(struct emu_host *host, struct reader *reader, bool with_blocks);

/* --- policy.c: who is next, by the supervisor's leave ----------------------------------------- */

/* As emu_host_pick; but the machine may be the supervisor, which is asked, or its answer. */
struct emu_seat *emu_policy_pick(struct emu_host *host, uint32_t processor, uint64_t now_ns);
/* How many machines there are to choose from, and the first `capacity` of them. */
uint32_t emu_policy_candidates(const struct emu_host *host, uint32_t *list, uint32_t capacity);
/* The supervisor answers; ABI_SUPERVISOR_*. */
uint32_t emu_policy_answer(struct emu_host *host, uint32_t sequence, uint32_t machine,
                           uint64_t slice_ns);

/* The supervisor decides these from now on, and none of the others. */
void emu_policy_set(struct emu_host *host, uint32_t policies, uint64_t now_ns);
/* Whether it decides that now; else the kernel does. */
bool emu_policy_decides(const struct emu_host *host, uint32_t policy);
/* Who decides has changed. */
void emu_policy_review(struct emu_host *host, uint64_t now_ns);
/* There is something for it to look at; for which of the policies. */
void emu_policy_tell(struct emu_host *host, uint32_t which);
/* A machine is leaving its processor, and may be the supervisor. */
void emu_policy_left(struct emu_host *host, const struct emu_seat *seat);

/* --- supervisor.c ----------------------------------------------------------------------------- */

/* An operation of the supervisor, by its port; fills in the answer. How many entries of the list.
 */
uint32_t emu_supervisor_operate(struct emu_seat *supervisor, uint16_t port, void *descriptor,
                                void *list);

/* --- card.c: what machines send and are sent -------------------------------------------------- */

/* A machine sends a frame. EMU_DROPS_MAX, or why it was dropped at once. */
uint32_t emu_card_send(struct emu_seat *seat, const uint8_t *bytes, uint32_t size_bytes);
/* What it sent has reached the card; what the card was sending is sent. */
void emu_card_handed(struct emu_seat *seat, uint64_t now_ns);
void emu_card_sent(struct emu_host *host, uint64_t now_ns);
/* A frame has come for a machine that is alive. False: its queue is full. */
bool emu_card_received(struct emu_seat *seat, uint32_t size_bytes);
/* Frees all frames. */
void emu_card_clear(struct emu_host *host);
void emu_card_save(const struct emu_host *host, struct writer *writer);
void emu_card_load(struct emu_host *host, struct reader *reader);
/* Of a loaded one that has come to now_ns at most: is the frame on the wire there for no longer
 * than it takes to send it? */
bool emu_card_on_time(const struct emu_host *host, uint64_t now_ns);

/* --- gatekeeper.c: who may start -------------------------------------------------------------- */

/* A machine is to start: boots it, or has it wait until there is memory. */
void emu_host_admit(struct emu_seat *seat, uint64_t now_ns);
/* An admitted machine has ended. */
void emu_host_release(struct emu_seat *seat, uint64_t now_ns);
/* Who waits, what is free or who decides has changed: admits, or has the supervisor told. */
void emu_gate_review(struct emu_host *host, uint64_t now_ns);
/* The supervisor admits a machine; ABI_SUPERVISOR_*. */
uint32_t emu_gate_admit(struct emu_seat *seat, uint64_t now_ns);
/* What those that wait may be given. */
uint64_t emu_gate_free_bytes(const struct emu_host *host);
/* What it takes of the host's memory. */
uint64_t emu_seat_need_bytes(const struct emu_seat *seat);

/* --- paging.c: the pager and the disks, joined to the machines -------------------------------- */

/* Tags of requests on a disk: a transfer of the pager by its number, or a node's, by its ticket. */
#define EMU_DISK_TAG_NODE (1ull << 63)

/* Its pager and disks, if the scenario gives it such; all machines have their seats. */
enum status emu_host_paging_create(struct emu_host *host, struct error *error) MUST_USE;
void emu_host_paging_destroy(struct emu_host *host);
/* A machine that is to start gets its swap region, and all of its memory is absent; false: no disk
 * has room. Of a host that does not page, true. */
bool emu_seat_paging_begin(struct emu_seat *seat);
/* It has ended, and left its processor. */
void emu_seat_paging_end(struct emu_seat *seat, uint64_t now_ns);
/* All that a seat knows of paging, before a state is loaded. */
void emu_seat_paging_forget(struct emu_seat *seat);
/* Its engine stopped at a page, or it would have to. */
void emu_seat_need(struct emu_seat *seat, struct vcpu_need need);
/* May a device touch these bytes for the instruction that the machine is at? If not the instruction
 * must come to nothing, and is begun anew once the machine has the page that it now needs. */
bool emu_seat_may_touch(struct emu_seat *seat, uint32_t address, uint32_t size_bytes, bool write);
/* PAGING: asks the pager; false if the machine has to wait. */
bool emu_seat_page(struct emu_seat *seat, uint64_t now_ns);
/* What was moved on its behalf has passed at the rate of its disks, or that has changed. */
void emu_seat_paced(struct emu_seat *seat, uint64_t now_ns);
void emu_seat_pace_changed(struct emu_seat *seat, uint64_t now_ns);
/* It has left its processor: the pager is told that it ran, and it forgets what it has to. */
void emu_seat_paging_left(struct emu_seat *seat, uint64_t now_ns);
/* What the pager keeps of it, in bytes of the host that runs this; 0: its host does not page. */
uint64_t emu_seat_pager_bytes(const struct emu_seat *seat);
struct emu_paging_report;
void emu_seat_paging_report(const struct emu_seat *seat, struct emu_paging_report *report);
void emu_host_paging_report(const struct emu_host *host, struct emu_paging_report *report);
/* Whom the pager takes from next; nobody: as it would by itself. */
void emu_host_choose(struct emu_host *host, const struct emu_pager_choice *choices, uint32_t count,
                     uint32_t low_blocks);
/* A node's own disk, or a volume that it has: does it lie on its host? Then a block's transfer
 * begins with this. */
bool emu_seat_disk_here(const struct emu_seat *seat, uint32_t disk);
void emu_seat_disk_begin(struct emu_seat *seat, uint32_t disk, uint64_t block, bool write,
                         uint32_t ticket);
/* Whether a request of the machine, or of one that it was, is under way on its host's disks. */
bool emu_seat_disk_busy(const struct emu_seat *seat);
/* A request on a disk is done. */
void emu_host_disk_event(struct emu_host *host, uint32_t disk, uint64_t now_ns);

/* --- state.c ---------------------------------------------------------------------------------- */

/* What volumes hold only with blocks. */
void emu_hosts_save(struct emu_world *world, struct writer *writer, bool with_blocks);
/* After the nodes were loaded. Fails the reader if it is no state that could have come about. */
void emu_hosts_load(struct emu_world *world, struct reader *reader, bool with_blocks);

#endif
