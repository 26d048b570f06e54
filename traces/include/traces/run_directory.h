/*
 * The run directory: everything that a run leaves on disk (docs/run-directory.md).
 *
 * Invariants.
 * - From creation until trace_run_finish has put everything in place the directory holds a file
 *   INCOMPLETE; summary.json appears last and whole. So a run that was killed, or whose disk filled
 *   up, never looks complete.
 * - Every write is checked. The first failure sticks: what follows is not written and returns the
 *   same status, so a caller may check as seldom as it likes.
 * - No more than a handful of files are open at a time, however many nodes there are.
 * - Nothing is written outside the directory: names of nodes and files are checked first.
 *
 * Knows nothing of machines or networks; strings and numbers are all it is given. A run directory
 * is used by one thread at a time.
 */
#ifndef DENALI_TRACES_RUN_DIRECTORY_H
#define DENALI_TRACES_RUN_DIRECTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <base/public.h>
#include <base/status.h>
#include <traces/summary.h>

DENALI_API_BEGIN

struct trace_run; /* opaque */

struct trace_run_options {
    const char *path;     /* where to (--out); NULL: the first free <runs>/<scenario>-<seed>-<n> */
    const char *runs;     /* NULL: "runs", under the current directory */
    const char *scenario; /* the scenario's name; bytes that do not suit a file name become _ */
    uint64_t seed;
};

/*
 * Makes the directory, missing parents too, and INCOMPLETE in it. A given path must not exist or be
 * an empty directory: STATUS_EXISTS otherwise. STATUS_INVALID if it cannot be made or written.
 */
enum status trace_run_create(const struct trace_run_options *options, struct trace_run **run,
                             struct error *error) MUST_USE;

/* The directory's path, as given or as made; lives as long as run. */
const char *trace_run_path(const struct trace_run *run);

/* --- before the machines start -------------------------------------------------------------- */

/* The folders files are copied to. */
#define TRACE_FOLDER_IMAGES     "images"
#define TRACE_FOLDER_TOPOLOGIES "topologies"
#define TRACE_FOLDER_DISKS      "disks"
#define TRACE_FOLDER_NODES      "nodes" /* a folder in it for each node that leaves anything */
#define TRACE_FOLDER_HOSTS      "hosts" /* likewise */

/*
 * Copies a file into the run's folder, so that the directory needs nothing from outside, and gives
 * the copy's path relative to the directory ("images/peer.img"), which is what the resolved
 * scenario is to name. A source given again is the same copy; two sources of one base name get
 * names of their own. *relative lives as long as run. STATUS_NOT_FOUND or STATUS_IO.
 */
enum status trace_run_file_copy(struct trace_run *run, const char *source, const char *folder,
                                const char **relative, struct error *error) MUST_USE;

/* The same for a file that was made for the run: its base name and bytes. Each call makes one. */
enum status trace_run_file_write(struct trace_run *run, const char *name, const void *bytes,
                                 size_t size_bytes, const char *folder, const char **relative,
                                 struct error *error) MUST_USE;

/* The copies so far, by number, relative to the directory; NULL past the last. */
const char *trace_run_file(const struct trace_run *run, uint32_t index);

/* scenario.yaml: the resolved scenario's text. */
enum status trace_run_scenario_write(struct trace_run *run, const char *text, size_t size_bytes,
                                     struct error *error) MUST_USE;

/* --- while they run, in the order of virtual time ------------------------------------------- */

/* Is the name fit to be a folder and a CSV field: 1..79 bytes of [A-Za-z0-9._-], not starting with
 * a dot? Everything below that takes a node's name answers STATUS_INVALID for one that is not. */
bool trace_node_name_valid(const char *node);

/* One line of events.log: time, node ("-" for NULL: the world), kind (a word), text. Control
 * characters of text are written as \xHH, so an event is always one line. */
enum status trace_run_event_write(struct trace_run *run, uint64_t time_ns, const char *node,
                                  const char *kind, const char *text, struct error *error);

enum trace_observation_kind {
    TRACE_MEASUREMENT = 0, /* value counts */
    TRACE_MILESTONE = 1,   /* the moment counts */
};

/* One line of pages.csv, which the first one starts. outcome is a word. */
enum status trace_run_page_write(struct trace_run *run, uint64_t time_ns, const char *node,
                                 uint32_t page, bool write, const char *outcome,
                                 struct error *error);

/* One line of metrics.csv. */
enum status trace_run_observation_write(struct trace_run *run, uint64_t time_ns, const char *node,
                                        enum trace_observation_kind kind, const char *name,
                                        double value, struct error *error);

/* Appends to nodes/<node>/console.log. Opens, appends and closes: the caller gathers what it can
 * (a few KiB, or a run's end) before it calls. */
enum status trace_run_console_append(struct trace_run *run, const char *node, const void *bytes,
                                     size_t size_bytes, struct error *error);

/* nodes/<node>/screen-<moment>.png: what is on the node's screen, rows from the top of pixels, each
 * red, green, blue. moment is a word fit for a file's name, such as "1500ms" or "end". */
enum status trace_run_screen_write(struct trace_run *run, const char *node, const char *moment,
                                   uint32_t width, uint32_t height, const uint8_t *rgb,
                                   struct error *error);
/* The same to nodes/<node>/instructions.txt. */
enum status trace_run_instructions_append(struct trace_run *run, const char *node, const char *text,
                                          size_t size_bytes, struct error *error);

/* --- at the end ----------------------------------------------------------------------------- */

/* What paging came to, of a node or a host: columns of both tables, in this order. */
struct trace_paging_account {
    uint64_t page_faults;
    uint64_t pages_filled;
    uint64_t pages_copied;
    uint64_t page_ins;
    uint64_t page_outs;
    uint64_t pages_resident;
    uint64_t pages_resident_max;
    uint64_t page_wait_ns;
    uint64_t disk_operations;
    uint64_t disk_wait_ns;
    uint64_t disk_busy_ns;
};

/* A node's account: one line of nodes.csv. */
struct trace_node_account {
    const char *node;  /* its name */
    const char *group; /* its group's name */
    uint32_t index;
    const char *state; /* a word: "running", "terminated", "faulted", "unstarted" */
    bool exited;       /* exit_code is meaningful */
    uint32_t exit_code;
    const char *fault; /* kind, a word; NULL: none */
    uint32_t fault_eip;
    uint32_t fault_address;
    uint64_t instructions;
    uint64_t cycles;
    uint64_t wakeups;
    uint64_t interrupts_raised;
    uint64_t interrupts_delivered;
    uint64_t frames_sent;
    uint64_t bytes_sent;
    uint64_t frames_received;
    uint64_t bytes_received;
    const uint64_t *drops; /* as many as trace_run_nodes_begin named causes */
    uint64_t disk_reads;
    uint64_t disk_writes;
    uint64_t disk_blocks_private;
    uint64_t pages_private;
    uint64_t pages_private_max;
    uint64_t console_bytes;
    uint64_t observations;
    uint64_t keys_dropped;
    const char *host; /* its name; NULL: it has a processor of its own */
    uint64_t guest_ns;
    uint64_t kernel_ns;
    uint64_t waited_ns;
    uint64_t dispatches;
    uint64_t switches;
    uint64_t crossings;
    uint64_t port_accesses;
    uint64_t card_frames;
    uint64_t card_bytes;
    uint64_t card_ns;
    struct trace_paging_account paging;
    uint64_t faults;
    uint64_t digest;
};

/* Starts nodes.csv; causes become columns "drop_<cause>". The array need not outlive the call. */
enum status trace_run_nodes_begin(struct trace_run *run, const char *const *causes,
                                  uint32_t cause_count, struct error *error);
enum status trace_run_node_write(struct trace_run *run, const struct trace_node_account *account,
                                 struct error *error);

/* A host's account: one line of hosts.csv. */
struct trace_host_account {
    const char *host; /* its name */
    uint32_t index;
    uint32_t nodes;
    uint32_t queued;
    uint32_t processors;
    uint64_t total_ns;
    uint64_t guest_ns;
    uint64_t kernel_ns;
    uint64_t idle_ns;
    uint64_t dispatches;
    uint64_t switches;
    uint64_t crossings;
    uint64_t port_accesses;
    uint64_t memory_bytes;
    uint64_t committed_bytes;
    uint64_t card_frames;
    uint64_t card_bytes;
    uint64_t card_ns;
    struct trace_paging_account paging;
    uint64_t swapped_out; /* nodes that live, none of whose pages is in memory */
    uint64_t swapped_out_bytes;
    uint64_t snapshots;
    uint64_t snapshots_bytes;
};

/* Starts hosts.csv, of runs that have hosts. */
enum status trace_run_hosts_begin(struct trace_run *run, struct error *error);
enum status trace_run_host_write(struct trace_run *run, const struct trace_host_account *account,
                                 struct error *error);

/* What is on a disk. next gives the first block from `from` on that is not all zeros, and its
 * bytes, valid until the next call; block_count or more if there is none. */
struct trace_disk_image {
    uint64_t block_count;
    uint32_t block_bytes;
    uint64_t (*next)(void *context, uint64_t from, const void **bytes);
    void *context;
};

/* Writes <folder>/<owner>/<disk>.img, whole or not at all; zeros take no space. folder is
 * TRACE_FOLDER_NODES or _HOSTS, and the owner the name of one of those. */
enum status trace_run_disk_write(struct trace_run *run, const char *folder, const char *owner,
                                 const char *disk, const struct trace_disk_image *image,
                                 struct error *error);

/*
 * Closes and syncs everything, writes summary.json, removes INCOMPLETE, and frees run, whatever the
 * outcome. On failure INCOMPLETE stays and says why.
 */
enum status trace_run_finish(struct trace_run *run, const struct trace_summary *summary,
                             struct error *error) MUST_USE;

/* Ends a run that did not finish: INCOMPLETE stays and says why. Frees run; takes NULL. */
void trace_run_abandon(struct trace_run *run, const char *reason);

/* OK, or the first failure. */
enum status trace_run_status(const struct trace_run *run, struct error *error);

DENALI_API_END

#endif
