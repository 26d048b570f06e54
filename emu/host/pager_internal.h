/* What the files of the pager share: its storage. Nothing else includes this. */
#ifndef DENALI_EMU_HOST_PAGER_INTERNAL_H
#define DENALI_EMU_HOST_PAGER_INTERNAL_H

#include "pager.h"

#define NONE UINT32_MAX

enum pager_frame_state {
    PAGER_FREE,
    PAGER_READING,  /* being read into */
    PAGER_RESIDENT, /* maybe being written from as well */
    PAGER_ORPHAN,   /* under way for a machine that is gone */
    PAGER_FRAME_STATE_COUNT,
};

#define PAGER_AWAITED_IN_VAIN (NONE - 1) /* when it was written somebody wanted it again */

#define PAGER_CLOCK_LEVELS 5u /* of 64 each: more than there are frames */

/* Of frames or machines, linked by what they have; NONE, NONE: empty. */
struct pager_list {
    uint32_t first;
    uint32_t last;
};

/* Memory for one block. */
struct pager_frame {
    uint64_t
        used_ns; /* when last seen used: of its machine's virtual time, an image's of the host's */
    uint32_t owner; /* machine, or image if `image` */
    uint32_t block; /* of the owner */
    uint32_t next;  /* in the owner's list or the free list; images' frames are in none */
    uint32_t previous;
    uint32_t mappers;          /* image: first machine that may hold entries to it */
    struct pager_list waiters; /* machines that wait for the read */
    uint32_t pins;             /* machines that must have it when they run next */
    uint8_t state;
    bool image;
    bool used;
    bool dirty;
    bool writing;
};

/* One block of a machine. */
struct pager_entry {
    uint32_t frame; /* its own, or NONE */
    uint32_t next;  /* machines that map the same image's block */
    uint32_t previous;
    bool mapped;  /* in the image's frame's list */
    bool swapped; /* the region has a copy, maybe stale while there is a frame */
};

enum pager_wait {
    PAGER_WAIT_NONE,
    PAGER_WAIT_LINE,  /* for a frame, in the host's line */
    PAGER_WAIT_OWN,   /* for a frame, of its own */
    PAGER_WAIT_FRAME, /* for the read into a frame */
    PAGER_WAIT_COUNT,
};

struct pager_region {
    uint32_t disk;
    uint64_t sector;
    uint64_t sector_count;
};

struct pager_machine {
    bool present;
    uint32_t page_count;
    uint32_t image;
    struct emu_pager_limits limits;
    struct pager_region region;
    struct pager_entry *entries; /* of the first blocks; grows with what is touched */
    uint32_t entry_count;
    struct pager_list frames; /* its own */
    uint32_t frame_count;
    bool off;                      /* some of them may be off the clock; not state */
    uint64_t ran_ns;               /* its virtual time */
    uint64_t last_ran_ns;          /* the host's time when it last ran or was let go on */
    uint32_t pins[EMU_PAGER_PINS]; /* frames, oldest first */
    uint32_t pin_count;
    uint8_t wait;
    bool wait_write;
    uint32_t wait_block;
    uint32_t wait_next; /* in the line, or among a frame's waiters */
    uint64_t wait_since_ns;
    uint32_t awaited; /* LINE: the chosen frame for whose write it waits, or IN_VAIN; else NONE */
    struct emu_pager_account account; /* resident: computed */
};

struct pager_image {
    uint32_t page_count;
    uint32_t block_count;
    struct pager_region region;
    uint32_t *frames; /* of each block, or NONE */
};

struct pager_disk {
    uint64_t sector;
    uint64_t sector_count;
    uint64_t used_sectors;
    struct pager_region *regions; /* by sector */
    uint32_t region_count;
};

/* What was chosen and is left of it. */
struct pager_choices {
    struct emu_pager_choice list[EMU_PAGER_CHOICES_MAX];
    uint32_t first;
    uint32_t count; /* from the first on */
    uint32_t low_blocks;
    bool told; /* that they are low */
    uint64_t left_blocks;
    uint64_t taken;
    uint64_t missed;
};

struct emu_pager {
    struct emu_pager_config config; /* disks: NULL */
    const struct emu_pager_ops *ops;
    void *context;
    uint32_t block_bits;
    uint32_t frame_count;
    struct pager_frame *frames;
    struct pager_list free;
    uint32_t free_count;
    uint32_t hand;
    /* Frames on the clock, a bit each; a bit of the next level for each word that is not 0. Off are
     * frames of machines at their floor that the hand has met. Not state: it decides nothing. */
    uint64_t *clock[PAGER_CLOCK_LEVELS];
    uint32_t write_count;     /* under way, orphans' too */
    uint32_t transfer_count;  /* writes and reads */
    uint64_t promised_blocks; /* floors and pins of all machines */
    uint64_t now_ns;
    struct pager_list line; /* machines */
    struct pager_machine *machines;
    struct pager_image *images;
    uint32_t image_count;
    struct pager_disk *disks;
    struct emu_pager_account gone; /* of machines removed */
    struct pager_choices choices;
    uint64_t image_frames;
    uint64_t image_evicted;
};

/* --- pager_clock.c: replacement ------------------------------------------------------------- */

/* A frame for machine, taken out of all lists; NONE: a write under way will bring one. */
uint32_t pager_frame_take(struct emu_pager *pager, uint32_t machine);
/* The same out of the frames of one machine: its own, at its ceiling, or a chosen one's. */
uint32_t pager_frame_take_of(struct emu_pager *pager, uint32_t owner, uint32_t machine);
/* This very frame, if it may be taken at once; what it holds is evicted. */
bool pager_frame_take_clean(struct emu_pager *pager, uint32_t frame, uint32_t machine) MUST_USE;
/* The first of a machine's frames that is being written; NONE: none is. */
uint32_t pager_write_under_way(const struct emu_pager *pager, uint32_t machine);
void pager_frame_free(struct emu_pager *pager, uint32_t frame);
void pager_clock_create(struct emu_pager *pager);
void pager_clock_destroy(struct emu_pager *pager);
void pager_clock_put(struct emu_pager *pager, uint32_t frame);
/* All frames of the machine are on the clock: it is above its floor, or may take its own. */
void pager_clock_restore(struct emu_pager *pager, struct pager_machine *machine);
void pager_list_append(struct emu_pager *pager, struct pager_list *list, uint32_t frame);
void pager_list_remove(struct emu_pager *pager, struct pager_list *list, uint32_t frame);
void pager_mapper_add(struct emu_pager *pager, uint32_t frame, uint32_t machine);
void pager_mapper_remove(struct emu_pager *pager, uint32_t frame, uint32_t machine);

/* --- pager_choice.c: whom somebody else has chosen -------------------------------------------- */

/* A frame as chosen, or NONE if one is being written for that; false: nobody that could give one is
 * chosen. */
bool pager_choice_take(struct emu_pager *pager, uint32_t machine, uint32_t *frame);

/* --- pager_swap.c: where things are on disk -------------------------------------------------- */

/* On the disk with the most room left, the first gap that fits; false: there is none. */
bool pager_region_take(struct emu_pager *pager, uint64_t sector_count,
                       struct pager_region *region) MUST_USE;
/* That very region, when loading; false if it is not free. */
bool pager_region_claim(struct emu_pager *pager, const struct pager_region *region) MUST_USE;
void pager_region_give(struct emu_pager *pager, const struct pager_region *region);
uint64_t pager_room_most(const struct emu_pager *pager);
/* Has a block transferred between a frame and the region of what has page_count pages. */
void pager_transfer(struct emu_pager *pager, uint32_t frame, const struct pager_region *region,
                    uint32_t page_count, uint32_t block, bool write, uint32_t on_behalf);

/* --- pager.c --------------------------------------------------------------------------------- */

/* The entry of a block; the table grows to it. */
struct pager_entry *pager_entry_at(struct pager_machine *machine, uint32_t block);
void pager_reset(struct emu_pager *pager);

static inline uint32_t pager_block_count(const struct emu_pager *pager, uint32_t page_count)
{
    return (page_count + pager->config.block_pages - 1) >> pager->block_bits;
}

static inline bool pager_at_floor(const struct emu_pager *pager,
                                  const struct pager_machine *machine)
{
    return machine->frame_count <= pager_block_count(pager, machine->limits.floor_pages);
}

static inline bool pager_at_ceiling(const struct emu_pager *pager,
                                    const struct pager_machine *machine)
{
    return ((uint64_t)machine->frame_count + 1) * pager->config.block_pages >
           machine->limits.ceiling_pages;
}

/* How many blocks of memory a machine with these limits is sure of. */
static inline uint64_t pager_promise(const struct emu_pager *pager,
                                     const struct emu_pager_limits *limits)
{
    return (uint64_t)pager_block_count(pager, limits->floor_pages) + EMU_PAGER_PINS;
}

#endif
