/*
 * How long requests take on a host's disk, and in which order it serves them. A model: it holds no
 * data, only where the head is, what is queued and whom each nanosecond is charged to.
 *
 * A rotating disk serves one request at a time: seek by distance in cylinders, then the wait until
 * the first sector comes round (the platters' position is a function of virtual time, angle 0 at
 * time 0), then the transfer, with head and cylinder switches on the way. After Ruemmler and Wilkes
 * 1994, "An introduction to disk drive modeling"; without zones and without a cache of the drive's
 * own. The seek curve goes through a data sheet's three figures: as the square root of the distance
 * from one cylinder to a third of all ("average"), linear from there to the full stroke.
 *
 * A flash disk has channels that each serve one request at a time: a latency, then the transfer.
 *
 * Arithmetic is exact. The end of a request is kept to the fraction of a nanosecond and the next
 * one starts there, so that back-to-back sequential requests lose no revolution; only the time told
 * is rounded up. A request is charged from when the disk turns to it until its end, between
 * rounded times, so charges add up to the busy time without a rest.
 *
 * Pure: no clock, no randomness, no events of its own. Owned by one logical process.
 */
#ifndef DENALI_EMU_HOST_DISK_MODEL_H
#define DENALI_EMU_HOST_DISK_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include <base/codec.h>
#include <base/status.h>

#define EMU_DISK_SECTOR_BYTES        512u
#define EMU_DISK_REQUEST_MAX_SECTORS 65536u
#define EMU_DISK_SECTORS_MAX         (1ull << 40)
#define EMU_DISK_TIME_MAX_NS         1000000000ull /* of each of the parameters below */
#define EMU_DISK_CHANNELS_MAX        64u
#define EMU_DISK_QUEUE_REQUESTS      65536u /* default bound of the queue */

enum emu_disk_kind {
    EMU_DISK_ROTATING,
    EMU_DISK_FLASH,
};

enum emu_disk_order {
    EMU_DISK_FIFO,
    EMU_DISK_SCAN, /* elevator: onwards to the last request that way, then back (LOOK). A stream of
                    * requests just ahead of the head can keep others waiting, as in the original */
};

struct emu_disk_params {
    enum emu_disk_kind kind;
    enum emu_disk_order order;
    uint64_t sector_count;       /* 1..EMU_DISK_SECTORS_MAX */
    uint64_t overhead_ns;        /* of a command; passes while the disk serves what came before */
    uint32_t queue_requests_max; /* waiting, not those in service; 0: EMU_DISK_QUEUE_REQUESTS */

    /* ROTATING */
    uint32_t heads;              /* tracks of a cylinder, 1..255 */
    uint32_t sectors_per_track;  /* 1..65535 */
    uint32_t rpm;                /* 1..100000 */
    uint64_t seek_track_ns;      /* to the next cylinder; not more than seek_average_ns, */
    uint64_t seek_average_ns;    /* to a third of all cylinders; not more than seek_full_ns, */
    uint64_t seek_full_ns;       /* from the first cylinder to the last */
    uint64_t head_switch_ns;     /* to another head of the cylinder */
    uint32_t track_skew_sectors; /* by how much a track begins later than the one before; below */
    uint32_t cylinder_skew_sectors; /* sectors_per_track, both. As above, at a cylinder's end */

    /* FLASH */
    uint32_t channels; /* 1..EMU_DISK_CHANNELS_MAX */
    uint64_t read_ns;
    uint64_t write_ns;
    uint64_t rate_bytes_per_s; /* of one channel, 1000..10^12 */
};

/*
 * A 7,200 rpm IDE disk of 80 GB, as the paper's host has three of (Whitaker, Shaw and Gribble 2002,
 * section 4: Maxtor DiamondMax Plus, with 2 MB of buffer each). *Published* there: sector_count and
 * rpm, and nothing else; the buffer is not modelled. *Assumed*, after such disks in general:
 * overhead_ns 0.1 ms, 4 heads, 700 sectors a track (43 MB/s), seeks of 0.8, 8.5 and 17 ms,
 * head_switch_ns 0.8 ms, skews that just hide the switches, elevator order.
 */
struct emu_disk_params emu_disk_params_2002(void);
/* A flash disk of today of 512 GB, for comparison; all figures assumed: 8 channels, 80 us to read,
 * 20 us to write (into its buffer), 400 MB/s a channel, 5 us overhead. */
struct emu_disk_params emu_disk_params_flash(void);

/* What one requester, or all together, had of the disk. */
struct emu_disk_account {
    uint64_t reads;
    uint64_t writes;
    uint64_t bytes_read;
    uint64_t bytes_written;
    uint64_t wait_ns; /* from submission until the disk turned to the request */
    uint64_t busy_ns; /* from there to the end; on flash, of all channels together */
};

struct emu_disk_request {
    uint32_t requester; /* whose account; below the model's requester_count */
    bool write;
    uint32_t sector_count; /* 1..EMU_DISK_REQUEST_MAX_SECTORS */
    uint64_t sector;       /* first; all within the disk */
    uint64_t tag;          /* the submitter's, given back */
};

struct emu_disk_model; /* opaque */

/* The error names the field and what was expected, without file and line. */
enum status emu_disk_model_create(const struct emu_disk_params *params, uint32_t requester_count,
                                  struct emu_disk_model **model, struct error *error) MUST_USE;
/* Takes NULL. */
void emu_disk_model_destroy(struct emu_disk_model *model);

/*
 * Submits a request at now_ns, not before any time given earlier and not after
 * emu_disk_model_next_ns: what is due is taken first (at that very time, the order of the calls is
 * the order of events). False if the queue is full; nothing has changed then.
 */
bool emu_disk_model_submit(struct emu_disk_model *model, uint64_t now_ns,
                           const struct emu_disk_request *request) MUST_USE;
/* The latest time that it was told: what is loaded from outside is checked with it. */
uint64_t emu_disk_model_told_ns(const struct emu_disk_model *model);
/* When the next request is done; TIME_NEVER if the disk is idle. */
uint64_t emu_disk_model_next_ns(const struct emu_disk_model *model);
/* Takes the request that is done at emu_disk_model_next_ns, and lets the disk turn to the next. */
struct emu_disk_request emu_disk_model_complete(struct emu_disk_model *model);

/* --- queries -------------------------------------------------------------------------------- */

uint32_t emu_disk_model_queued(const struct emu_disk_model *model);
/* Charged when the disk turns to a request. requester: below requester_count. */
struct emu_disk_account emu_disk_model_account(const struct emu_disk_model *model,
                                               uint32_t requester);
struct emu_disk_account emu_disk_model_total(const struct emu_disk_model *model);
/* The seek curve; 0 for distance 0. ROTATING only. */
uint64_t emu_disk_seek_ns(const struct emu_disk_params *params, uint64_t cylinders);

/* Every request that waits or is in service, in no order. */
void emu_disk_model_visit(const struct emu_disk_model *model,
                          void (*visit)(void *context, const struct emu_disk_request *request),
                          void *context);

/* --- state ---------------------------------------------------------------------------------- */

/* Canonical. Load, into a model of the same parameters, fails the reader on what is not the state
 * of such a model, which is then as it was after creation. */
void emu_disk_model_save(const struct emu_disk_model *model, struct writer *writer);
bool emu_disk_model_load(struct emu_disk_model *model, struct reader *reader) MUST_USE;

#endif
