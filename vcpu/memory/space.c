/*
 * One node's address space: which frame each page has, and the one-level tables that make an
 * access one load and one add.
 */
#include <vcpu/memory.h>

#include <stdlib.h>
#include <string.h>

#include <base/alloc.h>
#include <base/assert.h>
#include <vcpu/image.h>

#define FIRST_MEMORY_PAGE 2u   /* page 0 catches null pointers, page 1 has the virtual registers */
#define TABLE_STEP        8u   /* tables grow to a multiple of this many pages */
#define TABLE_SMALL       512u /* pages; tables beyond grow by a quarter at least */

void vcpu_space_init(struct vcpu_space *space, struct vcpu_arena *arena, struct vcpu_image *image,
                     uint32_t size_bytes)
{
    ASSERT(size_bytes % VCPU_PAGE_BYTES == 0 && size_bytes >= image->end);
    memset(space, 0, sizeof *space);
    space->arena = arena;
    space->image = image;
    space->size_bytes = size_bytes;
    space->private_limit = UINT32_MAX;
    vcpu_image_retain(image);
}

void vcpu_space_fini(struct vcpu_space *space)
{
    for (uint32_t page = 0; page < space->page_count; page++) {
        vcpu_frame_release(space->arena, space->frames[page]);
    }
    free(space->read);
    free(space->absent);
    vcpu_pages_release(space->pages);
    if (space->image) {
        vcpu_image_release(space->image);
    }
    memset(space, 0, sizeof *space);
}

/* What the last snapshot says is no longer so. */
static void pages_changed(struct vcpu_space *space)
{
    if (space->pages) {
        vcpu_pages_release(space->pages);
        space->pages = NULL;
    }
}

/* The three tables lie in one block: read, write, frames. A guest that walks gigabytes upwards must
 * not have us copy a long table at every few pages. */
static void grow(struct vcpu_space *space, uint32_t page)
{
    uint32_t least = page + 1;
    if (space->page_count >= TABLE_SMALL && least < space->page_count + space->page_count / 4) {
        least = space->page_count + space->page_count / 4;
    }
    uint32_t count = (least + TABLE_STEP - 1) / TABLE_STEP * TABLE_STEP;
    uint32_t page_max = space->size_bytes / VCPU_PAGE_BYTES;
    if (count > page_max) {
        count = page_max;
    }
    size_t entry_bytes = 2 * sizeof *space->read + sizeof *space->frames;
    uintptr_t *block = alloc_zeroed(count, entry_bytes);
    uintptr_t *write = block + count;
    uint32_t *frames = (uint32_t *)(write + count);
    if (space->page_count) {
        memcpy(block, space->read, space->page_count * sizeof *block);
        memcpy(write, space->write, space->page_count * sizeof *write);
        memcpy(frames, space->frames, space->page_count * sizeof *frames);
    }
    free(space->read);
    space->read = block;
    space->write = write;
    space->frames = frames;
    space->page_count = count;
}

static bool is_memory(const struct vcpu_space *space, uint32_t page)
{
    return page >= FIRST_MEMORY_PAGE && page < space->size_bytes / VCPU_PAGE_BYTES;
}

uint32_t vcpu_space_frame(const struct vcpu_space *space, uint32_t page)
{
    if (!is_memory(space, page)) {
        return VCPU_FRAME_NONE;
    }
    if (page < space->page_count && space->frames[page] != VCPU_FRAME_NONE) {
        return space->frames[page];
    }
    return page < space->image->page_count ? space->image->frames[page] : VCPU_FRAME_ZERO;
}

static uintptr_t entry_of(const struct vcpu_space *space, uint32_t frame, uint32_t page)
{
    return (uintptr_t)vcpu_frame_bytes(space->arena, frame) - ((uintptr_t)page << VCPU_PAGE_BITS);
}

const uint8_t *vcpu_space_read_page(struct vcpu_space *space, uint32_t address)
{
    uint32_t page = address >> VCPU_PAGE_BITS;
    uint32_t frame = vcpu_space_frame(space, page);
    if (frame == VCPU_FRAME_NONE || vcpu_space_absent(space, page, false)) {
        return NULL;
    }
    if (page >= space->page_count) {
        grow(space, page);
    }
    space->read[page] = entry_of(space, frame, page);
    return (const uint8_t *)(space->read[page] + address);
}

static bool is_private(const struct vcpu_space *space, uint32_t page)
{
    return page < space->page_count && space->frames[page] != VCPU_FRAME_NONE &&
           vcpu_frame_state(space->arena, space->frames[page]) == VCPU_FRAME_PRIVATE;
}

/* Gives the page a frame that only this space has, holding what the page held. */
static bool make_private(struct vcpu_space *space, uint32_t page)
{
    uint32_t old = vcpu_space_frame(space, page);
    bool own = page < space->page_count && space->frames[page] != VCPU_FRAME_NONE;
    if (old == VCPU_FRAME_NONE || (!own && space->private_count >= space->private_limit)) {
        return false;
    }
    uint32_t frame = vcpu_frame_copy(space->arena, old);
    if (frame == VCPU_FRAME_NONE) {
        return false;
    }
    if (page >= space->page_count) {
        grow(space, page);
    }
    vcpu_frame_release(space->arena, space->frames[page]);
    space->frames[page] = frame;
    space->private_count += !own;
    if (space->private_count > space->private_max) {
        space->private_max = space->private_count;
    }
    pages_changed(space);
    space->code_written = true;
    if (page < space->image->page_count && space->image->executable[page]) {
        space->code_private = true;
    }
    return true;
}

/* The address, to be written, in a page that is private from now on; NULL if it cannot be. Makes
 * the entries that the guest may have. */
static uint8_t *page_for_writing(struct vcpu_space *space, uint32_t address)
{
    uint32_t page = address >> VCPU_PAGE_BITS;
    if (!is_private(space, page) && !make_private(space, page)) {
        return NULL;
    }
    uintptr_t entry = entry_of(space, space->frames[page], page);
    space->read[page] = vcpu_space_absent(space, page, false) ? 0 : entry;
    space->write[page] = vcpu_space_absent(space, page, true) ? 0 : entry;
    return (uint8_t *)(entry + address);
}

uint8_t *vcpu_space_write_page(struct vcpu_space *space, uint32_t address)
{
    bool absent = vcpu_space_absent(space, address >> VCPU_PAGE_BITS, true);
    return absent ? NULL : page_for_writing(space, address);
}

/* --- absent pages ----------------------------------------------------------------------------- */

static void absent_set(struct vcpu_space *space, uint32_t page, bool write, bool absent)
{
    uint64_t *word = &space->absent[page / 64 + (write ? vcpu_space_absent_words(space) : 0)];
    uint64_t bit = (uint64_t)1 << page % 64;
    *word = absent ? *word | bit : *word & ~bit;
}

void vcpu_space_paging_begin(struct vcpu_space *space)
{
    uint32_t page_max = space->size_bytes / VCPU_PAGE_BYTES;
    if (!space->absent) {
        space->absent = alloc_zeroed((size_t)2 * vcpu_space_absent_words(space), sizeof(uint64_t));
    }
    /* Translated code looks for its own page's entry without asking how long the table is. */
    if (space->image->page_count > space->page_count) {
        grow(space, space->image->page_count - 1);
    }
    vcpu_space_forget(space, FIRST_MEMORY_PAGE, page_max - FIRST_MEMORY_PAGE, false);
}

void vcpu_space_paging_end(struct vcpu_space *space)
{
    free(space->absent);
    space->absent = NULL;
}

void vcpu_space_let(struct vcpu_space *space, uint32_t page, uint32_t page_count, bool write)
{
    for (uint32_t i = page; i < page + page_count; i++) {
        if (is_memory(space, i)) {
            absent_set(space, i, false, false);
            if (write) {
                absent_set(space, i, true, false);
            }
        }
    }
}

void vcpu_space_forget(struct vcpu_space *space, uint32_t page, uint32_t page_count,
                       bool writes_only)
{
    for (uint32_t i = page; i < page + page_count; i++) {
        if (!is_memory(space, i)) {
            continue;
        }
        absent_set(space, i, true, true);
        if (!writes_only) {
            absent_set(space, i, false, true);
        }
        if (i < space->page_count) {
            space->write[i] = 0;
            space->read[i] = writes_only ? space->read[i] : 0;
        }
    }
}

bool vcpu_space_lacks(const struct vcpu_space *space, uint32_t address, uint32_t size_bytes,
                      bool write, uint32_t *page)
{
    if (!space->absent || size_bytes == 0) {
        return false;
    }
    uint64_t last = ((uint64_t)address + size_bytes - 1) >> VCPU_PAGE_BITS;
    uint64_t end = space->size_bytes / VCPU_PAGE_BYTES;
    for (uint64_t i = address >> VCPU_PAGE_BITS; i <= last && i < end; i++) {
        if (vcpu_space_absent(space, (uint32_t)i, write)) {
            *page = (uint32_t)i;
            return true;
        }
    }
    return false;
}

static bool range_is_memory(const struct vcpu_space *space, uint32_t address, uint32_t size_bytes)
{
    return size_bytes == 0 ||
           (address >= FIRST_MEMORY_PAGE * VCPU_PAGE_BYTES && address < space->size_bytes &&
            size_bytes <= space->size_bytes - address);
}

static uint32_t bytes_to_page_end(uint32_t address, uint32_t size_bytes)
{
    uint32_t room = VCPU_PAGE_BYTES - (address & VCPU_PAGE_MASK);
    return size_bytes < room ? size_bytes : room;
}

bool vcpu_space_load(struct vcpu_space *space, uint32_t address, void *bytes, uint32_t size_bytes)
{
    if (!range_is_memory(space, address, size_bytes)) {
        return false;
    }
    uint8_t *target = bytes;
    while (size_bytes) {
        uint32_t part = bytes_to_page_end(address, size_bytes);
        uint32_t page = address >> VCPU_PAGE_BITS;
        uintptr_t entry = vcpu_space_read_entry(space, address);
        if (!entry && vcpu_space_absent(space, page, false)) {
            entry = entry_of(space, vcpu_space_frame(space, page), page);
        }
        memcpy(target,
               entry ? (const uint8_t *)(entry + address) : vcpu_space_read_page(space, address),
               part);
        target += part;
        address += part;
        size_bytes -= part;
    }
    return true;
}

bool vcpu_space_store(struct vcpu_space *space, uint32_t address, const void *bytes,
                      uint32_t size_bytes)
{
    if (!range_is_memory(space, address, size_bytes)) {
        return false;
    }
    /* First every page, so that a refusal half way has copied nothing. */
    for (uint32_t done = 0; done < size_bytes;) {
        if (!vcpu_space_write_entry(space, address + done) &&
            !page_for_writing(space, address + done)) {
            return false;
        }
        done += bytes_to_page_end(address + done, size_bytes - done);
    }
    const uint8_t *source = bytes;
    while (size_bytes) {
        uint32_t part = bytes_to_page_end(address, size_bytes);
        uintptr_t entry = vcpu_space_write_entry(space, address);
        memcpy(entry ? (uint8_t *)(entry + address) : page_for_writing(space, address), source,
               part);
        source += part;
        address += part;
        size_bytes -= part;
    }
    /* A device may have written over code that an engine is about to run. */
    space->code_written = true;
    return true;
}

void vcpu_space_share(struct vcpu_space *space)
{
    for (uint32_t page = 0; page < space->page_count; page++) {
        if (is_private(space, page)) {
            vcpu_frame_share(space->arena, space->frames[page]);
            space->write[page] = 0;
        }
    }
    space->code_written = true;
}

struct vcpu_pages *vcpu_space_snapshot(struct vcpu_space *space)
{
    if (!space->pages) {
        vcpu_space_share(space);
        for (uint32_t page = 0; page < space->page_count; page++) {
            if (space->frames[page] != VCPU_FRAME_NONE) {
                vcpu_frame_retain(space->arena, space->frames[page]);
            }
        }
        space->pages = vcpu_pages_create(space->arena, space->frames, space->page_count);
    }
    vcpu_pages_retain(space->pages);
    return space->pages;
}

void vcpu_space_restore(struct vcpu_space *space, const struct vcpu_pages *pages)
{
    if (space->pages == pages) {
        return;
    }
    pages_changed(space);
    if (pages->count > space->page_count) {
        grow(space, pages->count - 1);
    }
    space->private_count = 0;
    space->code_private = false;
    space->code_written = true;
    for (uint32_t page = 0; page < space->page_count; page++) {
        uint32_t frame = page < pages->count ? pages->frames[page] : VCPU_FRAME_NONE;
        if (space->frames[page] != frame) {
            vcpu_frame_release(space->arena, space->frames[page]);
            if (frame != VCPU_FRAME_NONE) {
                vcpu_frame_retain(space->arena, frame);
            }
            space->frames[page] = frame;
            space->read[page] = space->write[page] = 0;
        }
        if (frame != VCPU_FRAME_NONE) {
            space->private_count++;
            space->code_private |=
                page < space->image->page_count && space->image->executable[page];
        }
    }
}

bool vcpu_space_page_set(struct vcpu_space *space, uint32_t page, const uint8_t *bytes)
{
    uint8_t *target = page_for_writing(space, page << VCPU_PAGE_BITS);
    if (!target) {
        return false;
    }
    memcpy(target, bytes, VCPU_PAGE_BYTES);
    space->code_written = true;
    return true;
}

void vcpu_space_page_reset(struct vcpu_space *space, uint32_t page)
{
    if (page >= space->page_count || space->frames[page] == VCPU_FRAME_NONE) {
        return;
    }
    space->private_count--;
    pages_changed(space);
    vcpu_frame_release(space->arena, space->frames[page]);
    space->frames[page] = VCPU_FRAME_NONE;
    space->read[page] = space->write[page] = 0;
    space->code_written = true;
}
