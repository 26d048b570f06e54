/*
 * The pager of a host: which pages of its machines are in its memory, and what is read and written
 * so that the rest can be. A model: it holds no page's content and reads no clock; it is told what
 * machines touch and when transfers are done, and says what to transfer and who may go on.
 *
 * Demand paging of 4 KiB pages in blocks of 2^n (the paging block size): a block is read, written,
 * aged and evicted as one. Every machine has a swap region, a slot for each of its blocks, on one
 * of the host's disks. A block that is its image's is kept once for all machines, keyed by image
 * and page; it is clean, so it is dropped without a write; the first write to it makes a copy. A
 * block that was never written and is no image's is filled with zeros and costs no transfer.
 *
 * Replacement is WSClock (Carr and Hennessy 1981): the hand takes a block that has not been used
 * for window_ns of its machine's own virtual time, or whose machine has not run for inactive_ns of
 * the host's time (their task outside the active set); it clears used bits on the way and sends
 * dirty blocks of no working set to be written. If a round finds nothing and no write is under way,
 * the first clean block goes, not lately used ones first; if all are dirty, one is written.
 * An image's blocks belong to no machine and age in the host's time, by inactive_ns. A machine at
 * its ceiling replaces its own blocks, in the order of its own list; nobody takes a block from
 * another that is at its floor or below.
 *
 * Somebody else may choose whom to take from instead: he gives a list of machines in advance, and
 * so many blocks of each (emu_pager_choose). While there is one, a block is taken from the first
 * machine of it, by that machine's own clock. If all that it could give is dirty the fault waits
 * until one has been written, and takes that; if it is wanted again by then, WSClock decides. A
 * machine that is gone, at its floor, or has nothing to give is struck off. When the list is at its
 * end replacement is WSClock again. So a bad list costs a fault at most the wait for one write, and
 * stops nothing.
 *
 * How a machine uses it. Before a guest touches a page for which the host keeps no table entry:
 * emu_pager_reference. Unless the answer is EMU_PAGE_WAIT it may go on, and the host may keep an
 * entry, for writes only if a write was told. It drops the entry when `forget` says so: that is how
 * used and dirty bits come about. A machine that waits may not refer to anything until `ready`
 * names it; the block that it waited for stays in memory until it has run (emu_pager_ran). The last
 * EMU_PAGER_PINS such blocks do, so that an instruction that touches several always gets them all.
 *
 * Everything that differs between two runs of the same calls is nothing: no host time, no
 * randomness, no order by address. Owned by one logical process. The callbacks may not call back.
 */
#ifndef DENALI_EMU_HOST_PAGER_H
#define DENALI_EMU_HOST_PAGER_H

#include <stdbool.h>
#include <stdint.h>

#include <base/codec.h>
#include <base/status.h>

#define EMU_PAGER_PAGE_BYTES        4096u
#define EMU_PAGER_PAGE_SECTORS      8u
#define EMU_PAGER_BLOCK_PAGES_MAX   256u
#define EMU_PAGER_MEMORY_PAGES_MAX  (1u << 28) /* 1 TiB */
#define EMU_PAGER_MACHINE_PAGES_MAX (1u << 20) /* 4 GiB */
#define EMU_PAGER_MACHINES_MAX      (1u << 20)
#define EMU_PAGER_IMAGES_MAX        4096u
#define EMU_PAGER_DISKS_MAX         64u
#define EMU_PAGER_CHOICES_MAX       64u
/* Code, two operands and the stack, each across a page's end. */
#define EMU_PAGER_PINS       8u
#define EMU_PAGER_NO_IMAGE   UINT32_MAX
#define EMU_PAGER_NO_CEILING UINT32_MAX

/* Where on a disk of the host images and swap regions may lie. */
struct emu_pager_disk {
    uint64_t sector; /* first */
    uint64_t sector_count;
};

struct emu_pager_config {
    uint32_t memory_pages; /* of the host, for its machines; rounded down to whole blocks */
    uint32_t block_pages;  /* a power of two, 1..EMU_PAGER_BLOCK_PAGES_MAX */
    uint32_t machine_max;  /* machines have indices below, 1..EMU_PAGER_MACHINES_MAX */
    uint32_t disk_count;   /* 1..EMU_PAGER_DISKS_MAX */
    const struct emu_pager_disk *disks; /* copied */
    uint64_t window_ns;                 /* the working set's window */
    uint64_t inactive_ns;
    uint32_t writes_max; /* that replacement has under way at most, at least 1 */
    uint32_t scan_max;   /* blocks that one decision looks at, those that are kept not counted; 0: a
                            whole round */
};

/* In pages. A machine keeps floor and grows to ceiling; both count whole blocks, image's not. */
struct emu_pager_limits {
    uint32_t floor_pages;
    uint32_t ceiling_pages; /* at least EMU_PAGER_PINS blocks, or EMU_PAGER_NO_CEILING */
};

enum emu_page_outcome {
    EMU_PAGE_HIT,    /* it was there */
    EMU_PAGE_FILLED, /* a block of zeros was made */
    EMU_PAGE_COPIED, /* an image's block was copied, to be written */
    EMU_PAGE_READ,   /* only in `ready`: it was read from disk, or another's read brought it */
    EMU_PAGE_WAIT,   /* the machine waits */
};

/* A transfer that the pager asks for. */
struct emu_pager_transfer {
    uint32_t id; /* for emu_pager_transferred; at most one of an id is under way */
    uint32_t disk;
    uint64_t sector;
    uint32_t sector_count;
    bool write;
    uint32_t on_behalf; /* the machine whose need it serves */
};

/* Whom to take from, and how many blocks; at least one. */
struct emu_pager_choice {
    uint32_t machine; /* one that need not be there */
    uint32_t block_count;
};

struct emu_pager_ops {
    void (*transfer)(void *context, const struct emu_pager_transfer *transfer);
    /* Drop the entries for these pages of a machine, or only those for writing. */
    void (*forget)(void *context, uint32_t machine, uint32_t page, uint32_t page_count,
                   bool writes_only);
    /* A waiting machine may go on. */
    void (*ready)(void *context, uint32_t machine, enum emu_page_outcome outcome);
    /* No more blocks are left of what was chosen than it was said to be told of; once a list. */
    void (*low)(void *context);
};

/* All in pages but faults, revisits and wait_ns. */
struct emu_pager_account {
    uint64_t faults;   /* references to what was not there for it */
    uint64_t revisits; /* references that found it there */
    uint64_t filled;
    uint64_t copied;
    uint64_t page_ins;         /* read for it */
    uint64_t page_outs;        /* of its own written */
    uint64_t evicted;          /* of its own taken */
    uint64_t evictions_caused; /* taken from anybody, or from an image, for it */
    uint64_t wait_ns;          /* from faults until ready */
    uint64_t resident;         /* of its own, in memory now */
    uint64_t resident_max;     /* not summed in the total */
};

/* Of the host: the sums over all machines that are or were, and what is no machine's. */
struct emu_pager_total {
    struct emu_pager_account machines;
    uint64_t image_resident; /* pages of images in memory now */
    uint64_t image_evicted;
    uint64_t free; /* pages; under way for machines that are gone: neither free nor resident */
};

/* What came of lists (emu_pager_choose), in blocks. */
struct emu_pager_chosen {
    uint64_t taken;  /* as lists had it; or written to be taken */
    uint64_t missed; /* struck off */
    uint64_t left;   /* of the present one */
};

struct emu_pager; /* opaque */

/* --- lifecycle ------------------------------------------------------------------------------ */

/* ops is kept, not copied. Errors name the field, what it is and what was expected. */
enum status emu_pager_create(const struct emu_pager_config *config, const struct emu_pager_ops *ops,
                             void *context, struct emu_pager **pager, struct error *error) MUST_USE;
/* Takes NULL. */
void emu_pager_destroy(struct emu_pager *pager);

/* An image of page_count pages, kept on disk as long as the pager lives. Images number from 0. */
enum status emu_pager_image_add(struct emu_pager *pager, uint32_t page_count, uint32_t *image,
                                struct error *error) MUST_USE;
/*
 * A machine (an index not in use) of page_count pages, the first of which are the image's. Refused,
 * with the sum that does not work out, where no disk has room for its region or memory cannot hold
 * all machines' floors and EMU_PAGER_PINS blocks for each.
 */
enum status emu_pager_machine_add(struct emu_pager *pager, uint32_t machine, uint32_t page_count,
                                  uint32_t image, const struct emu_pager_limits *limits,
                                  struct error *error) MUST_USE;
/* What the machine, just added, has of this page lies in its swap region. */
void emu_pager_machine_swapped(struct emu_pager *pager, uint32_t machine, uint32_t page);
enum status emu_pager_limits_set(struct emu_pager *pager, uint64_t now_ns, uint32_t machine,
                                 const struct emu_pager_limits *limits,
                                 struct error *error) MUST_USE;
/* Its memory and region are free; what is under way for it ends for nobody. What it came to, its
 * present wait included. */
struct emu_pager_account emu_pager_machine_remove(struct emu_pager *pager, uint64_t now_ns,
                                                  uint32_t machine);

/* --- operation ------------------------------------------------------------------------------ */

/* A machine that does not wait is about to touch a page below its page_count. */
enum emu_page_outcome emu_pager_reference(struct emu_pager *pager, uint64_t now_ns,
                                          uint32_t machine, uint32_t page, bool write);
/* A machine has run until now_ns, for ran_ns of its own virtual time; 0: it got nowhere. */
void emu_pager_ran(struct emu_pager *pager, uint64_t now_ns, uint32_t machine, uint64_t ran_ns);
/* The transfer of that id is done. */
void emu_pager_transferred(struct emu_pager *pager, uint64_t now_ns, uint32_t id);

/* From now on these are taken from, in this order, EMU_PAGER_CHOICES_MAX at most; 0: WSClock
 * decides. What is left of the list before is forgotten. `low` is told at low_blocks. */
void emu_pager_choose(struct emu_pager *pager, const struct emu_pager_choice *choices,
                      uint32_t count, uint32_t low_blocks);

/* --- queries -------------------------------------------------------------------------------- */

bool emu_pager_has(const struct emu_pager *pager, uint32_t machine);
struct emu_pager_limits emu_pager_limits(const struct emu_pager *pager, uint32_t machine);
bool emu_pager_waits(const struct emu_pager *pager, uint32_t machine);
/* Whether the page is in memory for this machine, its own or its image's. */
bool emu_pager_resident(const struct emu_pager *pager, uint32_t machine, uint32_t page);
/* What it keeps of a machine, in bytes of the host that runs this. */
uint64_t emu_pager_machine_bytes(const struct emu_pager *pager, uint32_t machine);
struct emu_pager_account emu_pager_account(const struct emu_pager *pager, uint32_t machine);
struct emu_pager_total emu_pager_total(const struct emu_pager *pager);
struct emu_pager_chosen emu_pager_chosen(const struct emu_pager *pager);
/* Pages that nobody has. */
uint64_t emu_pager_free(const struct emu_pager *pager);
/* Whether a transfer of that id is under way: what is loaded from outside is checked with it. */
bool emu_pager_transfer_valid(const struct emu_pager *pager, uint32_t id);
/* The latest time that it was told; likewise. */
uint64_t emu_pager_told_ns(const struct emu_pager *pager);
/* Transfers under way. */
uint32_t emu_pager_transfer_count(const struct emu_pager *pager);

/* --- state ---------------------------------------------------------------------------------- */

/* Everything, images and machines too. Canonical. Load, into a pager just created with the same
 * configuration, fails the reader on what is not such a state; the pager is then empty. */
void emu_pager_save(const struct emu_pager *pager, struct writer *writer);
bool emu_pager_load(struct emu_pager *pager, struct reader *reader) MUST_USE;

#endif
