/*
 * A scenario: the plain, fully validated, fully resolved description of an experiment, read from a
 * YAML file. It knows nothing of machines or networks; emu builds a world from it.
 *
 * How it is used:
 *
 *     scn_open(&file, "x.yaml", &error)          reads and bounds the text, and what it includes
 *     scn_set(file, "groups.peers.count=50", &error), scn_set_parameter, scn_set_seed, ...
 *     scn_resolve(file, &scenario, &error)       validates everything, fills every default
 *     scn_close(file)
 *     ... scenario ...                           read only from here on
 *     scn_scenario_destroy(scenario)
 *
 * Invariants of a resolved scenario: every count and unit is inside the range that docs/scenario.md
 * states; names are unique and safe as file names; every group's network exists; every template
 * expands; nodes are numbered group after group in the order of the file. Every quantity is an
 * exact integer in the unit its name ends with; the one double is an expectation's bound.
 *
 * Ownership: a scenario owns all its strings and arrays. One thread at a time; after scn_resolve
 * any number of threads may read it.
 *
 * Errors: STATUS_INVALID, STATUS_NOT_FOUND or STATUS_IO, with the file, the line, the field's path,
 * what was expected and what was found. For an override, `file` is the option as it was given
 * ("--set groups.peers.count=0") and `line` is 0.
 */
#ifndef DENALI_SCENARIOS_SCENARIO_H
#define DENALI_SCENARIOS_SCENARIO_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <base/public.h>
#include <base/status.h>

DENALI_API_BEGIN

#define SCN_NODES_MAX        1000000u
#define SCN_NAME_MAX         64u   /* bytes of a network's or group's name, no NUL counted */
#define SCN_NODE_NAME_MAX    80u   /* bytes of a node's name with its NUL */
#define SCN_BOOT_TEXT_MAX    3072u /* bytes of a node's boot text */
#define SCN_BOOT_TEXT_FREE   256u  /* of those, left for what emu adds: DENALI_IP and the like */
#define SCN_DISK_BLOCK_BYTES 4096u
#define SCN_PAGE_BYTES       4096u
#define SCN_RATE_MIN_BPS     1000u
#define SCN_RATE_MAX_BPS     1000000000000ull
#define SCN_BURST_BYTES      65536u /* of a rate without a burst */
#define SCN_BURST_MIN_BYTES  1514u
#define SCN_SNAPSHOTS_MAX    256u
#define SCN_VOLUMES_MAX      1000u  /* of a host */
#define SCN_VOLUMES_ALL_MAX  65536u /* of all hosts together */
#define SCN_BURST_MAX_BYTES  (1u << 30)
#define SCN_DISKS_MAX        15u   /* of a group's scenario; the machine has room for one more */
#define SCN_DISK_NAME_MAX    32u   /* bytes of a disk's name with its NUL */
#define SCN_MOUNT_MAX        64u   /* bytes of a mount's path, no NUL counted */
#define SCN_MOUNTS_MAX       2048u /* bytes of a group's DENALI_MOUNTS with its NUL, at most */
#define SCN_NETWORK_NONE     UINT32_MAX /* scn_group.network: deliberately no network */
#define SCN_HOST_NONE        UINT32_MAX /* scn_group.host: its nodes have processors of their own */
#define SCN_HOSTS_MAX        65536u     /* of all entries together */
#define SCN_PROCESSORS_MAX   64u        /* of a host */
#define SCN_HOST_DISKS_MAX   64u        /* of a host */
#define SCN_PAGING_BLOCKS    8u         /* of memory that a node on a host that pages always has */
#define SCN_WEIGHT_MAX       1000u      /* quanta */
#define SCN_PROCESSOR_ANY    UINT8_MAX  /* scn_reservations_place: a node without a reservation */
#define SCN_SITE_ANY         UINT32_MAX /* scn_group.site: the topology places the nodes */
#define SCN_TIME_MAX_NS      31536000000000000ull /* a year: sums of times stay far from overflow */
#define SCN_BYTES_MAX        (1u << 20)           /* a scenario file may not be larger */

enum scn_network_type { SCN_NETWORK_WAN, SCN_NETWORK_LAN };

/* Bits of scn_network.services, in the order of their words in the schema. */
#define SCN_SERVICE_DHCP 1u
#define SCN_SERVICE_DNS  2u

/* A network. Fields of the other type are 0 or NULL. Times are one way. */
struct scn_network {
    char *name;
    uint32_t type;                 /* enum scn_network_type */
    uint32_t subnet_address;       /* host byte order, host bits 0 */
    uint32_t subnet_prefix_length; /* 8..30 */
    uint32_t services;             /* SCN_SERVICE_* */

    /* wan: exactly one of delay_ns and matrix_path */
    uint64_t delay_ns;       /* between any two nodes, at least 1 us; 0: the matrix says */
    char *matrix_path;       /* absolute; NULL: delay_ns says */
    uint64_t site_delay_ns;  /* between nodes of one site; 0 without a matrix */
    uint64_t up_bps;         /* access link, from the node */
    uint64_t down_bps;       /* access link, to the node */
    uint64_t queue_up_bytes; /* what the uplink holds waiting, at most */
    uint64_t queue_down_bytes;
    uint64_t access_latency_ns; /* propagation of the access link, each way; may be 0 */

    /* lan */
    uint64_t rate_bps;    /* of each port, both ways */
    uint64_t latency_ns;  /* from node to node through the switch, at least 2 us */
    uint64_t queue_bytes; /* what each port holds waiting, at most */

    uint32_t node_count; /* nodes that are on it; derived */
};

/* What a host's kernel takes for its own work, in virtual time. */
struct scn_costs {
    uint64_t switch_ns;        /* to another machine than the processor ran last */
    uint64_t crossing_ns;      /* into a machine, with all interrupts that wait for it */
    uint64_t interrupt_ns;     /* taking in one interrupt for a machine, until it is told */
    uint64_t trap_ns;          /* a port instruction or `idle` */
    uint64_t frame_send_ns;    /* a frame, on top of the trap */
    uint64_t frame_receive_ns; /* the same for one that is taken out of the card's queue */
    uint64_t copy_ns;          /* a KiB of a frame, either way */
    uint64_t page_fault_ns;    /* a page is wanted that is not mapped, whatever comes of it */
    uint64_t page_fill_ns;     /* a page is filled with zeros, or with a copy of an image's */
    uint64_t disk_ns;          /* a disk operation is begun, and its end taken in */
    uint64_t snapshot_page_ns; /* a page or block goes into a snapshot, or comes from one */
};

/* Snapshots of machines that a host keeps. */
struct scn_snapshots {
    uint64_t count;
    uint64_t size_bytes; /* of all together */
};

/* Like volumes of a host: disks that its machines are given, and lose again, in mid-run. */
struct scn_volume {
    char *name;
    uint64_t count;
    uint64_t size_bytes; /* of each */
    char *image_path;    /* absolute: what each holds at first; NULL: zeros */
    bool keep;           /* what each holds at the end goes to the run directory */
};

enum scn_host_disk_type { SCN_HOST_DISK_ROTATING, SCN_HOST_DISK_FLASH };
enum scn_disk_order { SCN_DISK_SCAN, SCN_DISK_FIFO };

/* Like disks of a host. What is not the type's is 0. */
struct scn_host_disk {
    uint64_t count;
    uint32_t type;  /* enum scn_host_disk_type */
    uint32_t order; /* enum scn_disk_order */
    uint64_t size_bytes;
    uint64_t overhead_ns;
    uint64_t rpm;
    uint64_t heads;
    uint64_t sectors_per_track;
    uint64_t seek_track_ns;
    uint64_t seek_average_ns;
    uint64_t seek_full_ns;
    uint64_t head_switch_ns;
    uint64_t channels;
    uint64_t read_ns;
    uint64_t write_ns;
    uint64_t rate_bps; /* of a channel */
};

/* How a host pages; all 0 if it does not. */
struct scn_paging {
    uint64_t block_bytes; /* a power of two of pages */
    uint64_t window_ns;
    uint64_t inactive_ns;
    uint64_t writes; /* that replacement has under way at most */
    uint64_t scan;   /* blocks that one decision looks at; 0: all */
    bool references; /* what nodes touch in each slice is noted */
};

enum scn_interrupts { SCN_INTERRUPTS_BATCHED, SCN_INTERRUPTS_IMMEDIATE };
enum scn_nic_kind { SCN_NIC_ONE_INSTRUCTION, SCN_NIC_PCNET };
enum scn_idling { SCN_IDLE_WAIT, SCN_IDLE_SPIN };
enum scn_woken { SCN_WOKEN_FIRST, SCN_WOKEN_ALTERNATE };

/* What the machines of a host send and are sent goes through this. */
struct scn_card {
    uint64_t rate_bps;      /* 0: what is sent is on its network at once */
    uint64_t send_queue;    /* frames of each machine */
    uint64_t receive_queue; /* the same, 1..SCN_RECEIVE_QUEUE_MAX */
    bool eager;             /* the work of receiving is done when a frame comes */
};
#define SCN_RECEIVE_QUEUE_MAX 64u /* what a machine's own card holds */
#define SCN_SEND_QUEUE_MAX    65536u

/* Like hosts, each of which shares its processors among the nodes that groups place there. */
struct scn_host {
    char *name;
    uint64_t count;
    uint64_t processors; /* of each, 1..SCN_PROCESSORS_MAX */
    uint64_t cpu_hz;
    uint64_t quantum_ns;
    uint32_t interrupts;   /* enum scn_interrupts */
    uint32_t idle;         /* enum scn_idling */
    uint32_t woken;        /* enum scn_woken */
    uint64_t period_ns;    /* in which a reservation, and a cap, is honoured */
    uint64_t memory_bytes; /* 0: every node is admitted when it starts */
    uint64_t minimum_free_bytes;
    uint64_t answer_ns; /* that a supervisor may take for a decision */
    struct scn_costs costs;
    struct scn_card card;
    struct scn_host_disk *disks;
    uint32_t disk_count; /* entries */
    struct scn_paging paging;
    struct scn_snapshots snapshots;
    struct scn_volume *volumes;
    uint32_t volume_count; /* entries */
    uint32_t first_host;   /* number of its first; derived */
    uint32_t node_count;   /* that are placed on them; derived */
};

/* NAME=value of a group's environment; the value is a template. */
struct scn_variable {
    char *name;
    char *value;
};

/* Console input that reaches every node of a group. */
struct scn_input {
    uint64_t at_ns; /* since the start of the run */
    char *text;     /* as written; a line needs its own newline */
};

/* What is done on the keyboard of every node of a group: exactly one of keys, press, release. */
struct scn_typing {
    uint64_t at_ns;    /* since the start of the run */
    char *keys;        /* text, and <NAME> for keys that type none; NULL */
    uint64_t every_ns; /* of keys: from one stroke to the next */
    char *press;       /* a key's name; NULL */
    char *release;
};

/* A key goes down or up. */
struct scn_key_event {
    uint64_t at_ns;
    uint32_t order; /* among those of one moment */
    uint16_t usage; /* of the USB HID keyboard page, 0x04..0xe7 */
    bool pressed;
};

#define SCN_KEY_EVENTS_MAX  65536u /* of a group */
#define SCN_SCREEN_SIDE_MAX 4096u  /* pixels of a screen, either way */

/* Whom the nodes of a group may talk to: a group, or addresses. */
struct scn_allow {
    char *group;                   /* name, on the same network; NULL: addresses */
    uint32_t group_index;          /* derived */
    uint32_t subnet_address;       /* host order */
    uint32_t subnet_prefix_length; /* 0: a group */
    uint64_t port;                 /* UDP or TCP, at their side; 0: any, and all other IPv4 */
};

/* What each node of a group may use at most; 0: no limit beyond the machine's own. */
struct scn_limits {
    uint64_t memory_bytes;       /* pages the node has written */
    uint64_t memory_floor_bytes; /* of its host's memory: what it has at least once it wants it, */
    uint64_t memory_ceiling_bytes; /* and at most; 0: no bound */
    uint64_t network_bps;          /* what it sends */
    uint64_t disk_bytes;           /* what it writes to disks */
    uint64_t disk_rate_bps;        /* what it reads from disks and writes to them */
    uint64_t processor_cap;        /* percent of one processor of its host in each period */
    bool bind_address;             /* what it sends must come from its own MAC and IPv4 address */
    uint64_t send_bps;             /* beyond, and beyond the burst, frames are dropped */
    uint64_t send_burst_bytes;
    uint64_t receive_bps;
    uint64_t receive_burst_bytes;
    struct scn_allow *allow; /* none: everybody */
    uint32_t allow_count;
};

/* A disk that every node of a group has. */
struct scn_disk {
    char *name;          /* shorter than SCN_DISK_NAME_MAX */
    uint64_t size_bytes; /* a multiple of 4096 */
    char *image_path;    /* absolute: what it holds at first; NULL: zeros */
    bool read_only;
    uint64_t latency_ns;
    uint64_t rate_bps;
    char *mount;  /* absolute path in the guest, of at most SCN_MOUNT_MAX bytes; NULL: nowhere */
    bool keep;    /* what each node leaves on it goes to the run directory */
    bool on_host; /* it lies on a disk of the node's host */
};

/* A file that every node of a group sees, or a folder's files; exactly one of text and from. */
struct scn_file_entry {
    char *path;      /* absolute, in the guest: plain names with slashes between, or "/" */
    char *text;      /* what the file holds */
    char *from_path; /* absolute, here: a file, or a folder that stands for all below it */
};

/* A group of like nodes. */
struct scn_group {
    char *name;
    char *image;        /* a program's bare name, or an absolute path: image_is_path */
    bool image_is_path; /* the file existed when the scenario was loaded */
    uint64_t count;     /* nodes, 1..SCN_NODES_MAX */
    bool scale;         /* --nodes changes the count of this group */
    char *network_name; /* "none" for no network */
    uint32_t card;      /* enum scn_nic_kind */
    uint32_t network;   /* index in scn_scenario.networks or SCN_NETWORK_NONE; derived */
    char **arguments;   /* templates; without the program's own name */
    uint32_t argument_count;
    struct scn_variable *environment;
    uint32_t variable_count;
    uint64_t memory_bytes; /* a multiple of 4096, 64 KiB..3 GiB */
    uint64_t cpu_hz;
    uint64_t start_ns;
    uint64_t spread_ns;  /* a node starts uniformly in [start_ns, start_ns + spread_ns] */
    uint64_t site;       /* row of the matrix, or SCN_SITE_ANY */
    char *host_name;     /* NULL: a processor of its own for each node */
    uint32_t host;       /* entry in scn_scenario.hosts or SCN_HOST_NONE; derived */
    uint32_t host_first; /* how many nodes of groups above are placed there too; derived */
    uint64_t reserve;    /* percent of a processor that each node is guaranteed; 0: none */
    bool supervisor;     /* each node is in charge of its host's others */
    uint64_t weight;     /* quanta that each node has in a row */
    struct scn_limits limits;
    struct scn_input *inputs;
    uint32_t input_count;
    struct scn_disk *disks;
    uint32_t disk_count;
    struct scn_file_entry *files;
    uint32_t file_count;
    char *archive_path;         /* absolute: a ustar archive instead of files; NULL: none */
    struct scn_typing *typings; /* none: its nodes have no keyboard */
    uint32_t typing_count;
    struct scn_key_event *key_events; /* by time; derived from the typings */
    uint32_t key_event_count;
    uint32_t screen_width; /* pixels; 0: its nodes have no screen */
    uint32_t screen_height;
    uint32_t first_node; /* number of its first node; derived */
};

enum scn_action_kind {
    SCN_ACTION_PAUSE,
    SCN_ACTION_RESUME,
    SCN_ACTION_DESTROY,
    SCN_ACTION_START,
    SCN_ACTION_WEIGHT,
    SCN_ACTION_CAP,
    SCN_ACTION_MEMORY_FLOOR,
    SCN_ACTION_MEMORY_CEILING,
    SCN_ACTION_SEND_RATE,
    SCN_ACTION_SEND_BURST,
    SCN_ACTION_RECEIVE_RATE,
    SCN_ACTION_RECEIVE_BURST,
    SCN_ACTION_DISK,
    SCN_ACTION_SNAPSHOT,
    SCN_ACTION_START_FROM,
    SCN_ACTION_DISCARD,
    SCN_ACTION_DISK_RATE,
    SCN_ACTION_ATTACH,
    SCN_ACTION_DETACH,
};
/* "pause" and the like; NULL past the last. */
const char *scn_action_text(uint32_t action);
#define SCN_INDEX_ALL UINT32_MAX

/* Something that is done to machines of a host. */
struct scn_action {
    uint64_t at_ns;
    uint32_t action; /* enum scn_action_kind */
    char *group;
    uint32_t group_index; /* derived */
    uint64_t index;       /* in the group, or SCN_INDEX_ALL */
    uint64_t value;       /* of WEIGHT and CAP; the number of a snapshot or a volume */
    uint64_t size_bytes;  /* of MEMORY_FLOOR and MEMORY_CEILING, of bursts and DISK */
    uint64_t rate_bps;    /* of SEND_RATE, RECEIVE_RATE and DISK_RATE */
};

enum scn_statistic {
    SCN_STATISTIC_COUNT,
    SCN_STATISTIC_MEAN,
    SCN_STATISTIC_MIN,
    SCN_STATISTIC_MAX,
    SCN_STATISTIC_P50,
    SCN_STATISTIC_P90,
    SCN_STATISTIC_P95,
    SCN_STATISTIC_P99,
    SCN_STATISTIC_SUM,
};

/* A bound of an expectation. */
struct scn_bound {
    char *text; /* the number as written; NULL: no such bound */
    double value;
};

/* Counters of a run that an expectation may name. Names that begin with "run." are theirs alone. */
#define SCN_FIGURE_LIST(X)                                                                         \
    X(INSTRUCTIONS, "run.instructions")                                                            \
    X(FRAMES_SENT, "run.frames_sent")                                                              \
    X(FRAMES_DELIVERED, "run.frames_delivered")                                                    \
    X(FRAMES_DROPPED, "run.frames_dropped")                                                        \
    X(NODES_UP, "run.nodes_up")                                                                    \
    X(NODES_TERMINATED, "run.nodes_terminated")                                                    \
    X(NODES_QUEUED, "run.nodes_queued") /* never admitted, for want of their host's memory */      \
    X(NODES_FAILED, "run.nodes_failed") /* terminated with another exit code than 0 */             \
    X(FAULTS, "run.faults")

enum scn_figure {
#define X(name, text) SCN_FIGURE_##name,
    SCN_FIGURE_LIST(X)
#undef X
        SCN_FIGURE_COUNT
};

/* "run.faults" and the like; figure < SCN_FIGURE_COUNT. */
const char *scn_figure_name(enum scn_figure figure);

/* What must hold at the end of a run for its exit code to be 0. Bounds that are given all hold. */
struct scn_expectation {
    char *name;         /* "lookup.success mean at_least 0.999" unless the file says otherwise */
    char *metric;       /* what guests observe, or a counter of the run: "run.faults" */
    uint32_t statistic; /* enum scn_statistic */
    struct scn_bound at_least;
    struct scn_bound at_most;
    struct scn_bound equals;
};

struct scn_scenario {
    char *name;
    char *description; /* "" if there is none */
    uint64_t seed;
    uint64_t duration_ns;
    struct scn_network *networks;
    uint32_t network_count;
    struct scn_action *actions; /* in order of time */
    uint32_t action_count;
    struct scn_host *hosts;
    uint32_t host_count; /* entries */
    struct scn_group *groups;
    uint32_t group_count;
    struct scn_expectation *expectations;
    uint32_t expectation_count;
    uint32_t node_count;         /* of all groups; derived */
    uint32_t host_total;         /* hosts of all entries; derived */
    struct scn_document *source; /* where each field came from, for scn_error_at */
};

/* --- Loading --------------------------------------------------------------------------------- */

struct scn_file; /* a scenario under load: text read, overrides applied, nothing validated yet */

/* Reads a scenario file. The caller closes *file. */
enum status scn_open(struct scn_file **file, const char *path, struct error *error) MUST_USE;
/* The same from memory; path names it in messages and gives relative paths their folder. */
enum status scn_open_text(struct scn_file **file, const char *path, const char *text,
                          size_t size_bytes, struct error *error) MUST_USE;
/* An override "path=value": the path addresses list items by name or number
 * ("groups.peers.count", "groups.0.arguments.2"), the value is YAML ("50", "[a, b]"). */
enum status scn_set(struct scn_file *file, const char *assignment, struct error *error) MUST_USE;
/* `--param NAME=VALUE`: the value of a parameter, taken as it stands. */
enum status scn_set_parameter(struct scn_file *file, const char *assignment,
                              struct error *error) MUST_USE;
/* `--seed text`. */
enum status scn_set_seed(struct scn_file *file, const char *text, struct error *error) MUST_USE;
/* `--until text`: the duration. */
enum status scn_set_duration(struct scn_file *file, const char *text, struct error *error) MUST_USE;
/* `--nodes text`: so many nodes in all, by the count of the group that says `scale: true`; if none
 * does, of the largest. Applied by scn_resolve, after every scn_set. */
enum status scn_set_nodes(struct scn_file *file, const char *text, struct error *error) MUST_USE;
/* Validates and resolves. *scenario is set only on STATUS_OK; call once per file. */
enum status scn_resolve(struct scn_file *file, struct scn_scenario **scenario,
                        struct error *error) MUST_USE;
/* Takes NULL. */
void scn_close(struct scn_file *file);

/* scn_open, scn_resolve and scn_close in one, without overrides. */
enum status scn_load(struct scn_scenario **scenario, const char *path,
                     struct error *error) MUST_USE;

/* Takes NULL. */
void scn_scenario_destroy(struct scn_scenario *scenario);

/* True if both describe the same experiment (the seed counts, where they were read does not). */
bool scn_scenario_equal(const struct scn_scenario *a, const struct scn_scenario *b);

/* Fills error with a field's file and line, or the option it came from, for what only the reader of
 * the scenario can find out; the message is the caller's whole and names the field:
 * scn_error_at(scenario, "groups.3.image", error, STATUS_INVALID, "groups.peers.image: ...").
 * Returns status. A path that is not in the file gets the place of its nearest parent. */
enum status scn_error_at(const struct scn_scenario *scenario, const char *path, struct error *error,
                         enum status status, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* True if a file of that bare name lies in the scenario's folder: what `image: peer` may have meant
 * by a program that is not there is then `image: ./peer`. */
bool scn_file_beside(const struct scn_scenario *scenario, const char *name);

/* --- Writing ---------------------------------------------------------------------------------- */

enum scn_path_kind {
    SCN_PATH_IMAGE,
    SCN_PATH_MATRIX,
    SCN_PATH_DISK,
    SCN_PATH_ARCHIVE,
    SCN_PATH_FILE, /* may be a folder */
};

/* How to write paths: `path` returns what to write instead of an absolute path (valid until its
 * next call), or NULL to keep it. kind IMAGE: index is a group's, MATRIX: a network's, DISK: a
 * disk's in its group, ARCHIVE: a group's. With programs set it is also asked about images that are
 * bare names. `archive` returns the path of an archive to write in place of a group's `files`. */
struct scn_write_options {
    const char *(*path)(void *context, enum scn_path_kind kind, uint32_t index,
                        const char *path_now);
    void *context;
    bool programs;
    const char *(*archive)(void *context, uint32_t group);
};

/* Prints canonical YAML with every default filled; it loads again to an equal scenario. options may
 * be NULL. STATUS_IO if the stream fails. */
enum status scn_write_resolved(const struct scn_scenario *scenario, FILE *stream,
                               const struct scn_write_options *options,
                               struct error *error) MUST_USE;

/* Prints docs/scenario.md from the schema. */
enum status scn_write_reference(FILE *stream, struct error *error) MUST_USE;

/* --- Files ------------------------------------------------------------------------------------ */

#define SCN_FILES_DISK      "files"      /* the disk that holds them, mounted at "/" */
#define SCN_FILES_BYTES_MAX (256u << 20) /* of a group's archive */
#define SCN_FILES_MAX       65536u       /* entries of it */

/* Whether the nodes of a group are given files. */
bool scn_group_has_files(const struct scn_group *group);

/* A group's files as a ustar archive, the same bytes for the same files whenever and wherever:
 * names sorted, times 0, files 0644 (0755 if they may be executed here), folders 0755. The caller
 * frees *bytes. STATUS_IO if a file cannot be read, STATUS_INVALID for what an archive cannot hold.
 */
enum status scn_group_archive(const struct scn_scenario *scenario, uint32_t group, char **bytes,
                              size_t *size_bytes, struct error *error) MUST_USE;

/* --- Nodes ------------------------------------------------------------------------------------ */

/* The group of a node; node < scenario->node_count. The node's index in it is
 * node - groups[result].first_node. */
uint32_t scn_node_group(const struct scn_scenario *scenario, uint32_t node);

/* The host of a node, 0..host_total-1, or SCN_HOST_NONE: the nodes that groups place on an entry
 * are dealt out to its hosts in turn, in the order of their numbers. */
uint32_t scn_node_host(const struct scn_scenario *scenario, uint32_t node);
/* The entry of a host. */
uint32_t scn_host_entry(const struct scn_scenario *scenario, uint32_t host);
/* "<entry>-<index>", or the entry's name if it has one host. */
void scn_host_name(const struct scn_scenario *scenario, uint32_t host,
                   char name[SCN_NODE_NAME_MAX]);
/* What a node with such a floor takes of the memory of a host that pages. */
uint64_t scn_floor_backing_bytes(const struct scn_host *host, uint64_t floor_bytes);
/* What a node takes of its host's memory while it lives: its limit if it has one, else all that it
 * has; of a host that pages its floor in whole blocks, and SCN_PAGING_BLOCKS. */
uint64_t scn_group_backing_bytes(const struct scn_scenario *scenario,
                                 const struct scn_group *group);
/* How many disks a host of the entry has. */
uint64_t scn_host_disks(const struct scn_host *host);
/* Of these the largest. */
uint64_t scn_host_disk_largest_bytes(const struct scn_host *host);
/* How many volumes, and what all are together. */
uint64_t scn_host_volumes(const struct scn_host *host);
uint64_t scn_host_volumes_bytes(const struct scn_host *host);
/* The entry of a host's volume by its number, entry after entry from 0; number <
 * scn_host_volumes(host). */
const struct scn_volume *scn_host_volume(const struct scn_host *host, uint64_t number);
/* "<entry>-<index>", or the entry's name if it has one volume. */
void scn_volume_name(const struct scn_host *host, uint64_t number, char name[SCN_DISK_NAME_MAX]);

/* Gives each node that has a reservation the first processor of its host where it fits, in the
 * order of nodes; processors has node_count entries. False if one does not fit, which *misfit then
 * is; never for a scenario that was resolved. */
bool scn_reservations_place(const struct scn_scenario *scenario, uint8_t *processors,
                            uint32_t *misfit);

/* "<group>-<index>", or the group's name if it has one node. */
void scn_node_name(const struct scn_scenario *scenario, uint32_t node,
                   char name[SCN_NODE_NAME_MAX]);

/* The node that is called so, case ignored; name is length bytes of any kind. False: none is. */
bool scn_node_of_name(const struct scn_scenario *scenario, const char *name, uint32_t length,
                      uint32_t *node);

/* The group's program as a name: the bare name, or the file's name without folder and ".img". */
void scn_group_program(const struct scn_group *group, char name[SCN_NODE_NAME_MAX]);

/* The IPv4 address of a node, host byte order; only asked about nodes that have a network. */
typedef uint32_t scn_address_fn(void *context, uint32_t node);

/* A node's boot text: NUL-terminated strings back to back, the program's name, its arguments, then
 * NAME=value; templates expanded. It always fits, with SCN_BOOT_TEXT_FREE bytes to spare for
 * variables that emu adds: scn_resolve refused what could not. No variable of a scenario begins
 * with DENALI_. */
struct scn_boot_text {
    uint32_t size_bytes;
    uint32_t argument_count; /* the program's name counted */
    uint32_t variable_count;
    char bytes[SCN_BOOT_TEXT_MAX];
};
void scn_node_boot_text(const struct scn_scenario *scenario, uint32_t node, scn_address_fn *address,
                        void *context, struct scn_boot_text *text);

/*
 * Expands one template for a node into text (always NUL-terminated, cut at size_bytes); returns the
 * whole length in bytes without the NUL. The template is one that scn_resolve accepted:
 *   ${node.index} ${node.name} ${node.count} ${node.address} ${node.seed} ${group.index}
 * ${group.name}
 *   ${group.count} ${address:GROUP:I} ${addresses:GROUP}, and $$ for a dollar sign.
 */
size_t scn_template_expand(const struct scn_scenario *scenario, uint32_t node, const char *source,
                           scn_address_fn *address, void *context, char *text, size_t size_bytes);

/* Constant words such as "p99"; NULL if out of range. */
const char *scn_statistic_text(uint32_t statistic);

DENALI_API_END

#endif
