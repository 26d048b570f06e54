/*
 * Guest memory: 4 KiB frames in one arena, shared copy-on-write from image or snapshot, and each
 * node's address space of one-level tables.
 *
 * Invariants.
 * - A table entry is (host address of the frame) - (guest address of the page), so that
 *   entry + guest address is the host address; 0 means "take the slow path".
 * - A write entry is non-zero only while the page's frame is private to this space.
 * - A table is as long as the highest page touched and grows on demand; beyond its end an entry
 *   counts as 0.
 * - Page 0 and the virtual-register page (1) never have entries.
 * - A frame that is not private is never written again, so what was decoded from it stays true.
 * - An absent page has no entry of the kind for which it is absent.
 *
 * A space belongs to one logical process and is used by one thread at a time. The arena is shared
 * among threads: reference counts are atomic, the free list is locked.
 */
#ifndef DENALI_VCPU_MEMORY_H
#define DENALI_VCPU_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <base/status.h>

#define VCPU_PAGE_BITS  12u
#define VCPU_PAGE_BYTES 4096u
#define VCPU_PAGE_MASK  4095u

#define VCPU_MEMORY_MIN_BYTES 0x10000u    /* 64 KiB */
#define VCPU_MEMORY_MAX_BYTES 0xc0000000u /* 3 GiB */

/* A guest address: a struct, so that it cannot be dereferenced or mixed up by accident. Used at
 * the borders of the library; inside the engines an address is a plain uint32_t. */
struct vcpu_address {
    uint32_t value;
};

enum vcpu_frame_state {
    VCPU_FRAME_FREE,
    VCPU_FRAME_IMAGE,   /* belongs to an image; immutable */
    VCPU_FRAME_PRIVATE, /* written by the one space that holds it */
    VCPU_FRAME_SHARED,  /* held by several spaces or by a snapshot; immutable */
    VCPU_FRAME_PACKED,  /* reserved: difference against an image, compressed */
    VCPU_FRAME_SWAPPED, /* reserved: on a host's disk */
};

#define VCPU_FRAME_NONE 0u /* frame number that is no frame */
#define VCPU_FRAME_ZERO 1u /* the one shared page of zeros, never freed */

struct vcpu_arena;

/* Reserves address space for up to limit_bytes of frames (rounded up to 2 MiB); memory is used as
 * frames are taken. STATUS_NO_MEMORY if the host refuses. */
enum status vcpu_arena_create(uint64_t limit_bytes, struct vcpu_arena **arena,
                              struct error *error) MUST_USE;
void vcpu_arena_destroy(struct vcpu_arena *arena);

/* A zeroed frame with one reference; VCPU_FRAME_NONE once the arena is full. */
uint32_t vcpu_frame_take(struct vcpu_arena *arena, enum vcpu_frame_state state);
/* A private frame that holds what another does. */
uint32_t vcpu_frame_copy(struct vcpu_arena *arena, uint32_t from);
void vcpu_frame_retain(struct vcpu_arena *arena, uint32_t frame);
void vcpu_frame_release(struct vcpu_arena *arena, uint32_t frame);
uint8_t *vcpu_frame_bytes(const struct vcpu_arena *arena, uint32_t frame);
enum vcpu_frame_state vcpu_frame_state(const struct vcpu_arena *arena, uint32_t frame);
/* A private frame becomes shared: its holder has given up writing it. */
void vcpu_frame_share(struct vcpu_arena *arena, uint32_t frame);
/* Frames taken and not yet given back. */
uint64_t vcpu_arena_frames_used(const struct vcpu_arena *arena);
/* True once a frame was asked for and could not be had. What guests saw from then on depends on the
 * host, so the world ends its run with an error. */
bool vcpu_arena_exhausted(const struct vcpu_arena *arena);

struct vcpu_image;

/* One node's view of memory. Zero-initialise, then vcpu_space_init. */
struct vcpu_space {
    uintptr_t *read;          /* table of length page_count */
    uintptr_t *write;         /* table of length page_count */
    uint32_t *frames;         /* frame of each page, VCPU_FRAME_NONE: as the image has it */
    uint32_t page_count;      /* length of the three tables */
    uint32_t size_bytes;      /* of guest memory */
    uint32_t private_count;   /* pages of its own now (the account's "pages private"): written
                                 since boot, whether a snapshot holds them too or not */
    uint32_t private_max;     /* and at most */
    uint32_t private_limit;   /* the scenario's limit in pages; a page beyond it is refused */
    struct vcpu_arena *arena; /* not owned */
    struct vcpu_image *image; /* one reference held */
    struct vcpu_pages *pages; /* the last snapshot, while no page has changed hands since */
    uint64_t *absent;         /* of a node whose host has a pager: a bit a page that may not be
                                 read until the host lets it, then a bit a page that may not be
                                 written; NULL: nothing is absent */
    bool code_private;        /* a page of the image's code is no longer the image's */
    bool code_written;        /* set when a page that may hold code became private or changed
                                 under a running block; the engine clears it */
};

/* size_bytes: a multiple of the page size within MIN..MAX, and not less than the image needs
 * (the caller checks with vcpu_image_check_fits). Takes a reference to image. */
void vcpu_space_init(struct vcpu_space *space, struct vcpu_arena *arena, struct vcpu_image *image,
                     uint32_t size_bytes);
void vcpu_space_fini(struct vcpu_space *space);

/*
 * Slow paths of one access within one page: make the entry and return the host address of
 * `address`, or NULL if the address is not memory (page 0, virtual registers, past the end), no
 * frame may be had, or the page is absent. The write path makes the page private.
 */
const uint8_t *vcpu_space_read_page(struct vcpu_space *space, uint32_t address);
uint8_t *vcpu_space_write_page(struct vcpu_space *space, uint32_t address);

/* The frame that holds a page now: a private or shared frame, the image's, or VCPU_FRAME_ZERO;
 * VCPU_FRAME_NONE if the page is not memory. */
uint32_t vcpu_space_frame(const struct vcpu_space *space, uint32_t page);

/*
 * Absent pages: what a pager has not let the node have. What the guest does there stops its engine
 * (VCPU_STOP_PAGE); the host itself reads and writes them as any other. Which pages are absent is
 * state: it is the same on every engine.
 */
/* From now on all of memory is absent; until end. */
void vcpu_space_paging_begin(struct vcpu_space *space);
void vcpu_space_paging_end(struct vcpu_space *space);
/* Pages of memory, or past its end, that the guest may read, and, for write, write. */
void vcpu_space_let(struct vcpu_space *space, uint32_t page, uint32_t page_count, bool write);
/* They are absent again, or may only not be written. */
void vcpu_space_forget(struct vcpu_space *space, uint32_t page, uint32_t page_count,
                       bool writes_only);
/* The first page of these bytes that is absent; false: none is. */
bool vcpu_space_lacks(const struct vcpu_space *space, uint32_t address, uint32_t size_bytes,
                      bool write, uint32_t *page);
/* Words of each of the two halves of `absent`. */
static inline uint32_t vcpu_space_absent_words(const struct vcpu_space *space)
{
    return (space->size_bytes / VCPU_PAGE_BYTES + 63) / 64;
}
static inline bool vcpu_space_absent(const struct vcpu_space *space, uint32_t page, bool write)
{
    if (!space->absent || page >= space->size_bytes / VCPU_PAGE_BYTES) {
        return false;
    }
    uint32_t word = page / 64 + (write ? vcpu_space_absent_words(space) : 0);
    return space->absent[word] >> page % 64 & 1;
}

/*
 * Checked copies for devices and the host: all or nothing. False (and nothing copied) if any byte
 * is not memory. The only way a device reaches guest memory; a policy can be put here. They do not
 * ask whether pages are absent: who copies for the guest has to (vcpu_space_lacks).
 */
bool vcpu_space_load(struct vcpu_space *space, uint32_t address, void *bytes, uint32_t size_bytes);
bool vcpu_space_store(struct vcpu_space *space, uint32_t address, const void *bytes,
                      uint32_t size_bytes);

/* Shares every page with a snapshot: private frames become shared, write entries are cleared. What
 * the guest may do and its account stay as they are. */
void vcpu_space_share(struct vcpu_space *space);

/* What all pages of a space held at one moment. Immutable; any thread may read and release it. */
struct vcpu_pages {
    struct vcpu_arena *arena; /* not owned */
    uint32_t references;      /* atomic */
    uint32_t count;           /* length of frames */
    uint32_t frames[];        /* VCPU_FRAME_NONE: as the image has the page */
};

/* Shares every page and returns them with a reference; the same ones again while none has changed.
 * Costs a page's copy at the next write to each, and nothing else. */
struct vcpu_pages *vcpu_space_snapshot(struct vcpu_space *space);
/* All pages back to what they held then, at a cost that follows what has changed since. Of a space
 * of the same image and arena. */
void vcpu_space_restore(struct vcpu_space *space, const struct vcpu_pages *pages);
/* Pages made by other means; the references of the frames, none of them private, pass over. */
struct vcpu_pages *vcpu_pages_create(struct vcpu_arena *arena, const uint32_t *frames,
                                     uint32_t count);
/* What the table takes, without the pages. */
uint64_t vcpu_pages_table_bytes(const struct vcpu_pages *pages);
void vcpu_pages_retain(struct vcpu_pages *pages);
/* Takes NULL. */
void vcpu_pages_release(struct vcpu_pages *pages);

/* Replaces the content of a page (when loading a saved state). */
bool vcpu_space_page_set(struct vcpu_space *space, uint32_t page, const uint8_t *bytes);
/* Back to what the image says (when loading a saved state). */
void vcpu_space_page_reset(struct vcpu_space *space, uint32_t page);

static inline uintptr_t vcpu_space_read_entry(const struct vcpu_space *space, uint32_t address)
{
    uint32_t page = address >> VCPU_PAGE_BITS;
    return page < space->page_count ? space->read[page] : 0;
}

static inline uintptr_t vcpu_space_write_entry(const struct vcpu_space *space, uint32_t address)
{
    uint32_t page = address >> VCPU_PAGE_BITS;
    return page < space->page_count ? space->write[page] : 0;
}

#endif
