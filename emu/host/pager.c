/* The pager: what a reference leads to, who waits for what, and machines' coming and going. Which
 * block goes is pager_clock.c's. */
#include "pager.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <base/alloc.h>
#include <base/assert.h>

#include "pager_internal.h"

#define ENTRIES_STEP 8u

/* --- Lifecycle ------------------------------------------------------------------------------ */

static enum status config_check(const struct emu_pager_config *config, struct error *error)
{
    const struct {
        const char *field;
        uint64_t value;
        uint64_t least;
        uint64_t most;
    } ranges[] = {
        {"memory_pages", config->memory_pages, 1, EMU_PAGER_MEMORY_PAGES_MAX},
        {"block_pages", config->block_pages, 1, EMU_PAGER_BLOCK_PAGES_MAX},
        {"machine_max", config->machine_max, 1, EMU_PAGER_MACHINES_MAX},
        {"disk_count", config->disk_count, 1, EMU_PAGER_DISKS_MAX},
        {"writes_max", config->writes_max, 1, UINT32_MAX},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        if (ranges[i].value < ranges[i].least || ranges[i].value > ranges[i].most) {
            return error_set(error, STATUS_INVALID, NULL, 0,
                             "%s is %" PRIu64 ", expected %" PRIu64 " to %" PRIu64, ranges[i].field,
                             ranges[i].value, ranges[i].least, ranges[i].most);
        }
    }
    if (config->block_pages & (config->block_pages - 1)) {
        return error_set(error, STATUS_INVALID, NULL, 0,
                         "block_pages is %u, expected a power of two", config->block_pages);
    }
    for (uint32_t i = 0; i < config->disk_count; i++) {
        if (config->disks[i].sector_count > UINT64_MAX - config->disks[i].sector) {
            return error_set(error, STATUS_INVALID, NULL, 0, "disk %u ends past the last sector",
                             i);
        }
    }
    return STATUS_OK;
}

void pager_reset(struct emu_pager *pager)
{
    for (uint32_t i = 0; i < pager->config.machine_max; i++) {
        free(pager->machines[i].entries);
        pager->machines[i] = (struct pager_machine){.frames = {NONE, NONE}};
    }
    for (uint32_t i = 0; i < pager->image_count; i++) {
        free(pager->images[i].frames);
    }
    free(pager->images);
    for (uint32_t i = 0; i < pager->config.disk_count; i++) {
        free(pager->disks[i].regions);
        pager->disks[i].regions = NULL;
        pager->disks[i].region_count = 0;
        pager->disks[i].used_sectors = 0;
    }
    pager->images = NULL;
    pager->image_count = 0;
    pager->free = pager->line = (struct pager_list){NONE, NONE};
    pager->free_count = pager->hand = pager->write_count = pager->transfer_count = 0;
    pager->promised_blocks = pager->now_ns = pager->image_frames = pager->image_evicted = 0;
    pager->gone = (struct emu_pager_account){0};
    pager->choices = (struct pager_choices){.count = 0};
    for (uint32_t i = 0; i < pager->frame_count; i++) {
        pager_frame_free(pager, i);
    }
}

enum status emu_pager_create(const struct emu_pager_config *config, const struct emu_pager_ops *ops,
                             void *context, struct emu_pager **pager, struct error *error)
{
    *pager = NULL;
    enum status status = config_check(config, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct emu_pager *made = alloc_zeroed(1, sizeof *made);
    made->config = *config;
    made->config.disks = NULL;
    made->ops = ops;
    made->context = context;
    made->block_bits = (uint32_t)__builtin_ctz(config->block_pages);
    made->frame_count = config->memory_pages >> made->block_bits;
    made->frames = alloc_zeroed(made->frame_count + 1, sizeof *made->frames);
    pager_clock_create(made);
    made->machines = alloc_zeroed(config->machine_max, sizeof *made->machines);
    made->disks = alloc_zeroed(config->disk_count, sizeof *made->disks);
    for (uint32_t i = 0; i < config->disk_count; i++) {
        made->disks[i].sector = config->disks[i].sector;
        made->disks[i].sector_count = config->disks[i].sector_count;
    }
    pager_reset(made);
    *pager = made;
    return STATUS_OK;
}

void emu_pager_destroy(struct emu_pager *pager)
{
    if (!pager) {
        return;
    }
    pager_reset(pager);
    free(pager->disks);
    pager_clock_destroy(pager);
    free(pager->machines);
    free(pager->frames);
    free(pager);
}

static enum status region_for(struct emu_pager *pager, const char *what, uint32_t page_count,
                              struct pager_region *region, struct error *error)
{
    uint64_t sectors = (uint64_t)page_count * EMU_PAGER_PAGE_SECTORS;
    if (!pager_region_take(pager, sectors, region)) {
        return error_set(error, STATUS_INVALID, NULL, 0,
                         "%s needs %" PRIu64
                         " sectors in one piece on a disk of the host; the disk "
                         "with most room has %" PRIu64 " left in all",
                         what, sectors, pager_room_most(pager));
    }
    return STATUS_OK;
}

enum status emu_pager_image_add(struct emu_pager *pager, uint32_t page_count, uint32_t *image,
                                struct error *error)
{
    if (page_count == 0 || page_count > EMU_PAGER_MACHINE_PAGES_MAX) {
        return error_set(error, STATUS_INVALID, NULL, 0, "an image has %u pages, expected 1 to %u",
                         page_count, EMU_PAGER_MACHINE_PAGES_MAX);
    }
    if (pager->image_count == EMU_PAGER_IMAGES_MAX) {
        return error_set(error, STATUS_INVALID, NULL, 0, "a host has at most %u images",
                         EMU_PAGER_IMAGES_MAX);
    }
    struct pager_image added = {.page_count = page_count,
                                .block_count = pager_block_count(pager, page_count)};
    enum status status = region_for(pager, "an image", page_count, &added.region, error);
    if (status != STATUS_OK) {
        return status;
    }
    added.frames = alloc_zeroed(added.block_count, sizeof *added.frames);
    memset(added.frames, 0xff, added.block_count * sizeof *added.frames); /* NONE */
    pager->images = alloc_grow(pager->images, pager->image_count + 1, sizeof *pager->images);
    pager->images[pager->image_count] = added;
    *image = pager->image_count++;
    return STATUS_OK;
}

/* promised_blocks: what all others are sure of. */
static enum status limits_check(const struct emu_pager *pager, uint32_t page_count,
                                const struct emu_pager_limits *limits, uint64_t promised_blocks,
                                struct error *error)
{
    uint32_t least = EMU_PAGER_PINS * pager->config.block_pages;
    if (limits->ceiling_pages < least) {
        return error_set(error, STATUS_INVALID, NULL, 0,
                         "the ceiling is %u pages, expected at least %u blocks of %u pages: %u",
                         limits->ceiling_pages, EMU_PAGER_PINS, pager->config.block_pages, least);
    }
    if (limits->floor_pages > limits->ceiling_pages) {
        return error_set(error, STATUS_INVALID, NULL, 0,
                         "the floor, %u pages, is above the ceiling, %u", limits->floor_pages,
                         limits->ceiling_pages);
    }
    if (limits->floor_pages > page_count) {
        return error_set(error, STATUS_INVALID, NULL, 0,
                         "the floor, %u pages, is more than the machine's memory, %u",
                         limits->floor_pages, page_count);
    }
    uint64_t sum = promised_blocks + pager_promise(pager, limits);
    if (sum > pager->frame_count) {
        return error_set(error, STATUS_INVALID, NULL, 0,
                         "floors and %u blocks for each machine come to %" PRIu64 " + %" PRIu64
                         " = %" PRIu64 " blocks of %u pages, and the host has %u",
                         EMU_PAGER_PINS, promised_blocks, sum - promised_blocks, sum,
                         pager->config.block_pages, pager->frame_count);
    }
    return STATUS_OK;
}

enum status emu_pager_machine_add(struct emu_pager *pager, uint32_t machine, uint32_t page_count,
                                  uint32_t image, const struct emu_pager_limits *limits,
                                  struct error *error)
{
    ASSERT(machine < pager->config.machine_max && !pager->machines[machine].present);
    ASSERT(image == EMU_PAGER_NO_IMAGE || image < pager->image_count);
    if (page_count == 0 || page_count > EMU_PAGER_MACHINE_PAGES_MAX) {
        return error_set(error, STATUS_INVALID, NULL, 0, "a machine has %u pages, expected 1 to %u",
                         page_count, EMU_PAGER_MACHINE_PAGES_MAX);
    }
    if (image != EMU_PAGER_NO_IMAGE && pager->images[image].page_count > page_count) {
        return error_set(error, STATUS_INVALID, NULL, 0,
                         "the image has %u pages, more than the machine's memory, %u",
                         pager->images[image].page_count, page_count);
    }
    enum status status = limits_check(pager, page_count, limits, pager->promised_blocks, error);
    struct pager_region region;
    if (status == STATUS_OK) {
        status = region_for(pager, "the machine's swap region", page_count, &region, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    pager->machines[machine] = (struct pager_machine){
        .present = true,
        .page_count = page_count,
        .image = image,
        .limits = *limits,
        .region = region,
        .frames = {NONE, NONE},
        .last_ran_ns = pager->now_ns,
        .awaited = NONE,
    };
    pager->promised_blocks += pager_promise(pager, limits);
    return STATUS_OK;
}

/* --- Waiting -------------------------------------------------------------------------------- */

static void wait_append(struct emu_pager *pager, struct pager_list *list, uint32_t machine)
{
    pager->machines[machine].wait_next = NONE;
    if (list->last == NONE) {
        list->first = machine;
    } else {
        pager->machines[list->last].wait_next = machine;
    }
    list->last = machine;
}

static uint32_t wait_pop(struct emu_pager *pager, struct pager_list *list)
{
    uint32_t machine = list->first;
    list->first = pager->machines[machine].wait_next;
    if (list->first == NONE) {
        list->last = NONE;
    }
    return machine;
}

static void wait_remove(struct emu_pager *pager, struct pager_list *list, uint32_t machine)
{
    struct pager_list others = {NONE, NONE};
    while (list->first != NONE) {
        uint32_t first = wait_pop(pager, list);
        if (first != machine) {
            wait_append(pager, &others, first);
        }
    }
    *list = others;
}

static void unpin(struct emu_pager *pager, struct pager_machine *machine, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        pager->frames[machine->pins[i]].pins--;
    }
    machine->pin_count -= count;
    memmove(machine->pins, machine->pins + count, machine->pin_count * sizeof *machine->pins);
}

static void pin(struct emu_pager *pager, struct pager_machine *machine, uint32_t frame)
{
    for (uint32_t i = 0; i < machine->pin_count; i++) {
        if (machine->pins[i] == frame) {
            return;
        }
    }
    machine->pins[machine->pin_count++] = frame;
    pager->frames[frame].pins++;
}

static void frame_use(struct emu_pager *pager, struct pager_frame *frame)
{
    frame->used = true;
    frame->used_ns = frame->image ? pager->now_ns : pager->machines[frame->owner].ran_ns;
}

/* --- Faults --------------------------------------------------------------------------------- */

struct pager_entry *pager_entry_at(struct pager_machine *machine, uint32_t block)
{
    if (block >= machine->entry_count) {
        uint32_t count = (block / ENTRIES_STEP + 1) * ENTRIES_STEP;
        machine->entries = alloc_grow(machine->entries, count, sizeof *machine->entries);
        for (uint32_t i = machine->entry_count; i < count; i++) {
            machine->entries[i] = (struct pager_entry){.frame = NONE, .next = NONE};
        }
        machine->entry_count = count;
    }
    return &machine->entries[block];
}

/* The image of a block that the machine has no copy of its own of, or NULL. */
static struct pager_image *image_of(const struct emu_pager *pager,
                                    const struct pager_machine *machine, uint32_t block)
{
    if (machine->image == EMU_PAGER_NO_IMAGE ||
        block >= pager->images[machine->image].block_count) {
        return NULL;
    }
    bool own = block < machine->entry_count &&
               (machine->entries[block].swapped || machine->entries[block].frame != NONE);
    return own ? NULL : &pager->images[machine->image];
}

/* As below, but for what it waits no more for. */
static uint32_t frame_find(struct emu_pager *pager, uint32_t index, bool own, bool may_take)
{
    struct pager_machine *machine = &pager->machines[index];
    while (own && pager_at_ceiling(pager, machine)) {
        uint32_t frame = pager_frame_take_of(pager, index, index);
        if (frame == NONE || !pager_at_ceiling(pager, machine)) {
            machine->wait = frame == NONE ? PAGER_WAIT_OWN : PAGER_WAIT_NONE;
            return frame;
        }
        pager_frame_free(pager, frame); /* its ceiling was lowered */
    }
    uint32_t frame = may_take ? pager_frame_take(pager, index) : NONE;
    ASSERT(frame != NONE || pager->transfer_count);
    machine->wait = frame == NONE ? PAGER_WAIT_LINE : PAGER_WAIT_NONE;
    return frame;
}

/* A frame for a fault; NONE: the machine waits for one, and how is noted. */
static uint32_t frame_for(struct emu_pager *pager, uint32_t index, bool own, bool may_take)
{
    uint32_t frame = frame_find(pager, index, own, may_take);
    if (pager->machines[index].wait != PAGER_WAIT_LINE) {
        pager->machines[index].awaited = NONE;
    }
    return frame;
}

static enum emu_page_outcome wait_for_frame(struct emu_pager *pager, uint32_t index, uint32_t frame)
{
    pager->machines[index].wait = PAGER_WAIT_FRAME;
    pager->machines[index].awaited = NONE;
    wait_append(pager, &pager->frames[frame].waiters, index);
    return EMU_PAGE_WAIT;
}

/* The block that the machine waits for becomes its own, in a frame that it was given; a copy of its
 * image's, which is in memory, if there is an image. */
static enum emu_page_outcome own_fill(struct emu_pager *pager, uint32_t index, uint32_t taken,
                                      struct pager_image *image)
{
    struct pager_machine *machine = &pager->machines[index];
    struct pager_frame *frame = &pager->frames[taken];
    const uint32_t block = machine->wait_block;
    struct pager_entry *entry = pager_entry_at(machine, block);
    *frame = (struct pager_frame){.state = PAGER_RESIDENT,
                                  .owner = index,
                                  .block = block,
                                  .mappers = NONE,
                                  .waiters = {NONE, NONE}};
    frame_use(pager, frame);
    pager_list_append(pager, &machine->frames, taken);
    machine->frame_count++;
    if (machine->frame_count > pager_block_count(pager, machine->limits.floor_pages)) {
        pager_clock_restore(pager, machine);
    }
    entry->frame = taken;
    uint64_t resident = (uint64_t)machine->frame_count * pager->config.block_pages;
    if (resident > machine->account.resident_max) {
        machine->account.resident_max = resident;
    }
    if (image) {
        if (entry->mapped) {
            pager_mapper_remove(pager, image->frames[block], index);
            pager->ops->forget(pager->context, index, block << pager->block_bits,
                               pager->config.block_pages, false);
        }
        frame->dirty = true;
        pin(pager, machine, taken);
        machine->account.copied += pager->config.block_pages;
        return EMU_PAGE_COPIED;
    }
    if (!entry->swapped) {
        frame->dirty = machine->wait_write;
        pin(pager, machine, taken);
        machine->account.filled += pager->config.block_pages;
        return EMU_PAGE_FILLED;
    }
    frame->state = PAGER_READING;
    pager_transfer(pager, taken, &machine->region, machine->page_count, block, false, index);
    return wait_for_frame(pager, index, taken);
}

/* An image's block is read for all who want it. */
static enum emu_page_outcome image_fill(struct emu_pager *pager, uint32_t index, uint32_t taken,
                                        struct pager_image *image)
{
    struct pager_machine *machine = &pager->machines[index];
    const uint32_t block = machine->wait_block;
    pager->frames[taken] = (struct pager_frame){.state = PAGER_READING,
                                                .owner = machine->image,
                                                .block = block,
                                                .mappers = NONE,
                                                .waiters = {NONE, NONE},
                                                .image = true};
    image->frames[block] = taken;
    pager->image_frames++;
    pager_transfer(pager, taken, &image->region, image->page_count, block, false, index);
    return wait_for_frame(pager, index, taken);
}

static enum emu_page_outcome image_map(struct emu_pager *pager, uint32_t index, uint32_t frame)
{
    pager->machines[index].wait = PAGER_WAIT_NONE;
    frame_use(pager, &pager->frames[frame]);
    pager_mapper_add(pager, frame, index);
    return EMU_PAGE_HIT;
}

/*
 * As far as it can be done now: what the machine wants of wait_block. After WAIT its `wait` says
 * for what; putting it into the line is the caller's. may_take: it may have a frame of the host's.
 */
static enum emu_page_outcome fault_try(struct emu_pager *pager, uint32_t index, bool may_take)
{
    struct pager_machine *machine = &pager->machines[index];
    struct pager_image *image = image_of(pager, machine, machine->wait_block);
    uint32_t source = image ? image->frames[machine->wait_block] : NONE;
    if (source != NONE && pager->frames[source].state == PAGER_READING) {
        return wait_for_frame(pager, index, source);
    }
    if (source != NONE && !machine->wait_write) {
        return image_map(pager, index, source);
    }
    /* What is to be copied is read for all first: machines that boot one image write the same. */
    bool own = !image || (machine->wait_write && source != NONE);
    if (source != NONE) {
        pager->frames[source].pins++; /* not the one to be taken for its own copy */
    }
    uint32_t frame = frame_for(pager, index, own, may_take);
    if (source != NONE) {
        pager->frames[source].pins--;
    }
    if (frame == NONE) {
        return EMU_PAGE_WAIT;
    }
    return own ? own_fill(pager, index, frame, image) : image_fill(pager, index, frame, image);
}

static void go_on(struct emu_pager *pager, uint32_t index, enum emu_page_outcome outcome)
{
    struct pager_machine *machine = &pager->machines[index];
    machine->wait = PAGER_WAIT_NONE;
    machine->awaited = NONE;
    machine->account.wait_ns += pager->now_ns - machine->wait_since_ns;
    machine->last_ran_ns = pager->now_ns;
    pager->ops->ready(pager->context, index, outcome);
}

/* Tries again what a machine waits for, which is in no list now. */
static void retry(struct emu_pager *pager, uint32_t index)
{
    struct pager_machine *machine = &pager->machines[index];
    enum emu_page_outcome outcome = fault_try(pager, index, pager->line.first == NONE);
    if (outcome == EMU_PAGE_HIT) {
        pin(pager, machine, pager->images[machine->image].frames[machine->wait_block]);
        outcome = EMU_PAGE_READ;
    }
    if (outcome != EMU_PAGE_WAIT) {
        go_on(pager, index, outcome);
    } else if (machine->wait == PAGER_WAIT_LINE) {
        wait_append(pager, &pager->line, index);
    }
}

/* First come, first served: who is first and cannot be served keeps all others waiting. */
static void line_serve(struct emu_pager *pager)
{
    while (pager->line.first != NONE) {
        struct pager_list rest = pager->line;
        uint32_t index = wait_pop(pager, &rest);
        pager->line = (struct pager_list){NONE, NONE};
        retry(pager, index);
        if (pager->machines[index].wait == PAGER_WAIT_LINE) {
            pager->machines[index].wait_next = rest.first;
            pager->line.last = rest.first == NONE ? index : rest.last;
            return;
        }
        pager->line = rest;
    }
}

enum emu_page_outcome emu_pager_reference(struct emu_pager *pager, uint64_t now_ns, uint32_t index,
                                          uint32_t page, bool write)
{
    ASSERT(index < pager->config.machine_max && now_ns >= pager->now_ns);
    struct pager_machine *machine = &pager->machines[index];
    ASSERT(machine->present && machine->wait == PAGER_WAIT_NONE && page < machine->page_count);
    pager->now_ns = now_ns;
    const uint32_t block = page >> pager->block_bits;
    const uint32_t frame = block < machine->entry_count ? machine->entries[block].frame : NONE;
    if (frame != NONE) {
        frame_use(pager, &pager->frames[frame]);
        pager->frames[frame].dirty |= write;
        machine->account.revisits++;
        return EMU_PAGE_HIT;
    }
    machine->wait_block = block;
    machine->wait_write = write;
    machine->wait_since_ns = now_ns;
    if (machine->pin_count == EMU_PAGER_PINS) {
        unpin(pager, machine, 1);
    }
    enum emu_page_outcome outcome = fault_try(pager, index, pager->line.first == NONE);
    if (outcome == EMU_PAGE_HIT) {
        machine->account.revisits++;
        return outcome;
    }
    machine->account.faults++;
    if (outcome == EMU_PAGE_WAIT && machine->wait == PAGER_WAIT_LINE) {
        wait_append(pager, &pager->line, index);
    }
    return outcome;
}

void emu_pager_ran(struct emu_pager *pager, uint64_t now_ns, uint32_t index, uint64_t ran_ns)
{
    ASSERT(index < pager->config.machine_max && now_ns >= pager->now_ns);
    struct pager_machine *machine = &pager->machines[index];
    ASSERT(machine->present);
    pager->now_ns = now_ns;
    machine->last_ran_ns = now_ns;
    machine->ran_ns += ran_ns;
    if (ran_ns && machine->pin_count) {
        unpin(pager, machine, machine->pin_count);
        line_serve(pager);
    }
}

static void read_done(struct emu_pager *pager, uint32_t id)
{
    struct pager_frame *frame = &pager->frames[id];
    frame->state = PAGER_RESIDENT;
    frame_use(pager, frame);
    struct pager_list waiters = frame->waiters;
    frame->waiters = (struct pager_list){NONE, NONE};
    frame->pins++; /* until all who waited have it */
    while (waiters.first != NONE) {
        uint32_t index = wait_pop(pager, &waiters);
        if (frame->image) {
            retry(pager, index);
        } else {
            pin(pager, &pager->machines[index], id);
            go_on(pager, index, EMU_PAGE_READ);
        }
    }
    frame->pins--;
}

static void write_done(struct emu_pager *pager, uint32_t id)
{
    struct pager_frame *frame = &pager->frames[id];
    struct pager_machine *owner = &pager->machines[frame->owner];
    frame->writing = false;
    pager->write_count--;
    owner->entries[frame->block].swapped = true;
    if (owner->wait == PAGER_WAIT_OWN) {
        retry(pager, frame->owner);
    }
}

bool emu_pager_transfer_valid(const struct emu_pager *pager, uint32_t id)
{
    if (id >= pager->frame_count) {
        return false;
    }
    const struct pager_frame *frame = &pager->frames[id];
    return frame->state == PAGER_READING || frame->state == PAGER_ORPHAN || frame->writing;
}

void emu_pager_transferred(struct emu_pager *pager, uint64_t now_ns, uint32_t id)
{
    ASSERT(emu_pager_transfer_valid(pager, id) && now_ns >= pager->now_ns);
    pager->now_ns = now_ns;
    pager->transfer_count--;
    struct pager_frame *frame = &pager->frames[id];
    if (frame->state == PAGER_ORPHAN) {
        pager->write_count -= frame->writing;
        pager_frame_free(pager, id);
    } else if (frame->state == PAGER_READING) {
        read_done(pager, id);
    } else {
        write_done(pager, id);
    }
    line_serve(pager);
}

/* --- Limits, leaving ------------------------------------------------------------------------ */

void emu_pager_machine_swapped(struct emu_pager *pager, uint32_t machine, uint32_t page)
{
    ASSERT(emu_pager_has(pager, machine) && page < pager->machines[machine].page_count);
    pager_entry_at(&pager->machines[machine], page >> pager->block_bits)->swapped = true;
}

enum status emu_pager_limits_set(struct emu_pager *pager, uint64_t now_ns, uint32_t index,
                                 const struct emu_pager_limits *limits, struct error *error)
{
    ASSERT(index < pager->config.machine_max && now_ns >= pager->now_ns);
    struct pager_machine *machine = &pager->machines[index];
    ASSERT(machine->present);
    uint64_t others = pager->promised_blocks - pager_promise(pager, &machine->limits);
    enum status status = limits_check(pager, machine->page_count, limits, others, error);
    if (status != STATUS_OK) {
        return status;
    }
    pager->now_ns = now_ns;
    pager->promised_blocks = others + pager_promise(pager, limits);
    machine->limits = *limits;
    pager_clock_restore(pager, machine);
    if (machine->wait == PAGER_WAIT_OWN) {
        retry(pager, index);
    }
    line_serve(pager);
    return STATUS_OK;
}

static void account_add(struct emu_pager_account *sum, const struct emu_pager_account *account)
{
    sum->faults += account->faults;
    sum->revisits += account->revisits;
    sum->filled += account->filled;
    sum->copied += account->copied;
    sum->page_ins += account->page_ins;
    sum->page_outs += account->page_outs;
    sum->evicted += account->evicted;
    sum->evictions_caused += account->evictions_caused;
    sum->wait_ns += account->wait_ns;
    sum->resident += account->resident;
}

struct emu_pager_account emu_pager_machine_remove(struct emu_pager *pager, uint64_t now_ns,
                                                  uint32_t index)
{
    ASSERT(index < pager->config.machine_max && now_ns >= pager->now_ns);
    struct pager_machine *machine = &pager->machines[index];
    ASSERT(machine->present);
    pager->now_ns = now_ns;
    unpin(pager, machine, machine->pin_count);
    if (machine->wait != PAGER_WAIT_NONE) {
        machine->account.wait_ns += now_ns - machine->wait_since_ns;
    }
    if (machine->wait == PAGER_WAIT_LINE) {
        wait_remove(pager, &pager->line, index);
    } else if (machine->wait == PAGER_WAIT_FRAME) {
        const struct pager_image *image = image_of(pager, machine, machine->wait_block);
        uint32_t frame = image ? image->frames[machine->wait_block]
                               : machine->entries[machine->wait_block].frame;
        wait_remove(pager, &pager->frames[frame].waiters, index);
    }
    for (uint32_t block = 0; block < machine->entry_count; block++) {
        if (machine->entries[block].mapped) {
            pager_mapper_remove(pager, pager->images[machine->image].frames[block], index);
        }
    }
    while (machine->frames.first != NONE) {
        uint32_t frame = machine->frames.first;
        pager_list_remove(pager, &machine->frames, frame);
        if (emu_pager_transfer_valid(pager, frame)) {
            bool writing = pager->frames[frame].writing;
            pager_clock_put(pager, frame);
            pager->frames[frame] = (struct pager_frame){.state = PAGER_ORPHAN,
                                                        .owner = NONE,
                                                        .mappers = NONE,
                                                        .waiters = {NONE, NONE},
                                                        .writing = writing};
        } else {
            pager_frame_free(pager, frame);
        }
    }
    pager_region_give(pager, &machine->region);
    pager->promised_blocks -= pager_promise(pager, &machine->limits);
    const struct emu_pager_account account = machine->account;
    account_add(&pager->gone, &account);
    free(machine->entries);
    *machine = (struct pager_machine){.frames = {NONE, NONE}};
    line_serve(pager);
    return account;
}

/* --- Queries -------------------------------------------------------------------------------- */

bool emu_pager_has(const struct emu_pager *pager, uint32_t machine)
{
    ASSERT(machine < pager->config.machine_max);
    return pager->machines[machine].present;
}

uint64_t emu_pager_told_ns(const struct emu_pager *pager)
{
    return pager->now_ns;
}

uint32_t emu_pager_transfer_count(const struct emu_pager *pager)
{
    return pager->transfer_count;
}

struct emu_pager_limits emu_pager_limits(const struct emu_pager *pager, uint32_t machine)
{
    ASSERT(emu_pager_has(pager, machine));
    return pager->machines[machine].limits;
}

bool emu_pager_waits(const struct emu_pager *pager, uint32_t machine)
{
    ASSERT(machine < pager->config.machine_max);
    return pager->machines[machine].wait != PAGER_WAIT_NONE;
}

bool emu_pager_resident(const struct emu_pager *pager, uint32_t index, uint32_t page)
{
    ASSERT(index < pager->config.machine_max);
    const struct pager_machine *machine = &pager->machines[index];
    ASSERT(machine->present && page < machine->page_count);
    uint32_t block = page >> pager->block_bits;
    const struct pager_image *image = image_of(pager, machine, block);
    uint32_t frame = image                          ? image->frames[block]
                     : block < machine->entry_count ? machine->entries[block].frame
                                                    : NONE;
    return frame != NONE && pager->frames[frame].state == PAGER_RESIDENT;
}

uint64_t emu_pager_machine_bytes(const struct emu_pager *pager, uint32_t machine)
{
    const struct pager_machine *of = &pager->machines[machine];
    return sizeof *of + of->entry_count * sizeof *of->entries;
}

struct emu_pager_account emu_pager_account(const struct emu_pager *pager, uint32_t index)
{
    ASSERT(index < pager->config.machine_max);
    struct emu_pager_account account = pager->machines[index].account;
    account.resident = (uint64_t)pager->machines[index].frame_count * pager->config.block_pages;
    return account;
}

uint64_t emu_pager_free(const struct emu_pager *pager)
{
    return (uint64_t)pager->free_count * pager->config.block_pages;
}

struct emu_pager_total emu_pager_total(const struct emu_pager *pager)
{
    struct emu_pager_total total = {.machines = pager->gone};
    for (uint32_t i = 0; i < pager->config.machine_max; i++) {
        struct emu_pager_account account = emu_pager_account(pager, i);
        account_add(&total.machines, &account);
    }
    total.image_resident = pager->image_frames * pager->config.block_pages;
    total.image_evicted = pager->image_evicted;
    total.free = emu_pager_free(pager);
    return total;
}
