/*
 * Save and load of a pager. What follows from the rest is not saved: counts, which frame a block
 * has, how often a frame is pinned. Orders are saved as they are: of the free list, of a machine's
 * frames, of who waits and of who maps an image's block.
 */
#include <stdlib.h>

#include <base/alloc.h>

#include "pager_internal.h"

#define STATE_VERSION 2
#define TIME_SANE_NS  (UINT64_MAX / 4) /* beyond is no time of any run */
#define UNLISTED      (NONE - 1) /* wait_next of a machine that is in no list, while loading */

/* --- Save ----------------------------------------------------------------------------------- */

static void config_save(const struct emu_pager *pager, struct writer *writer)
{
    write_u16(writer, STATE_VERSION);
    write_u32(writer, pager->frame_count);
    write_u32(writer, pager->config.block_pages);
    write_u32(writer, pager->config.machine_max);
    write_u32(writer, pager->config.disk_count);
}

static void region_save(const struct pager_region *region, struct writer *writer)
{
    write_u32(writer, region->disk);
    write_u64(writer, region->sector);
    write_u64(writer, region->sector_count);
}

static void account_save(const struct emu_pager_account *account, struct writer *writer)
{
    write_u64(writer, account->faults);
    write_u64(writer, account->revisits);
    write_u64(writer, account->filled);
    write_u64(writer, account->copied);
    write_u64(writer, account->page_ins);
    write_u64(writer, account->page_outs);
    write_u64(writer, account->evicted);
    write_u64(writer, account->evictions_caused);
    write_u64(writer, account->wait_ns);
    write_u64(writer, account->resident_max);
}

static void frames_save(const struct emu_pager *pager, const struct pager_list *list,
                        struct writer *writer)
{
    for (uint32_t i = list->first; i != NONE; i = pager->frames[i].next) {
        write_u32(writer, i);
    }
    write_u32(writer, NONE);
}

static void waiting_save(const struct emu_pager *pager, const struct pager_list *list,
                         struct writer *writer)
{
    for (uint32_t i = list->first; i != NONE; i = pager->machines[i].wait_next) {
        write_u32(writer, i);
    }
    write_u32(writer, NONE);
}

static void machine_save(const struct emu_pager *pager, const struct pager_machine *machine,
                         struct writer *writer)
{
    write_u32(writer, machine->page_count);
    write_u32(writer, machine->image);
    write_u32(writer, machine->limits.floor_pages);
    write_u32(writer, machine->limits.ceiling_pages);
    region_save(&machine->region, writer);
    write_u64(writer, machine->ran_ns);
    write_u64(writer, machine->last_ran_ns);
    write_u8(writer, machine->wait);
    /* What it waited for last is no state once it does not. */
    bool waits = machine->wait != PAGER_WAIT_NONE;
    write_u8(writer, waits && machine->wait_write);
    write_u32(writer, waits ? machine->wait_block : 0);
    write_u64(writer, waits ? machine->wait_since_ns : 0);
    write_u32(writer, machine->awaited);
    write_u32(writer, machine->pin_count);
    for (uint32_t i = 0; i < machine->pin_count; i++) {
        write_u32(writer, machine->pins[i]);
    }
    for (uint32_t block = 0; block < machine->entry_count; block++) {
        if (machine->entries[block].swapped) {
            write_u32(writer, block);
        }
    }
    write_u32(writer, NONE);
    frames_save(pager, &machine->frames, writer);
    account_save(&machine->account, writer);
}

static void frame_save(const struct emu_pager *pager, const struct pager_frame *frame,
                       struct writer *writer)
{
    write_u8(writer, frame->state);
    if (frame->state == PAGER_FREE) {
        return;
    }
    write_u8(writer,
             (uint8_t)(frame->image | frame->used << 1 | frame->dirty << 2 | frame->writing << 3));
    if (frame->state == PAGER_ORPHAN) {
        return;
    }
    write_u32(writer, frame->owner);
    write_u32(writer, frame->block);
    write_u64(writer, frame->used_ns);
    waiting_save(pager, &frame->waiters, writer);
    uint32_t machine = frame->mappers;
    while (machine != NONE) {
        write_u32(writer, machine);
        machine = pager->machines[machine].entries[frame->block].next;
    }
    write_u32(writer, NONE);
}

static void choices_save(const struct pager_choices *choices, struct writer *writer)
{
    write_u32(writer, choices->count);
    for (uint32_t i = 0; i < choices->count; i++) {
        write_u32(writer, choices->list[choices->first + i].machine);
        write_u32(writer, choices->list[choices->first + i].block_count);
    }
    write_u32(writer, choices->low_blocks);
    write_u8(writer, choices->told);
    write_u64(writer, choices->taken);
    write_u64(writer, choices->missed);
}

void emu_pager_save(const struct emu_pager *pager, struct writer *writer)
{
    config_save(pager, writer);
    write_u64(writer, pager->now_ns);
    write_u32(writer, pager->hand);
    write_u64(writer, pager->image_evicted);
    account_save(&pager->gone, writer);
    choices_save(&pager->choices, writer);
    write_u32(writer, pager->image_count);
    for (uint32_t i = 0; i < pager->image_count; i++) {
        write_u32(writer, pager->images[i].page_count);
        region_save(&pager->images[i].region, writer);
    }
    for (uint32_t i = 0; i < pager->config.machine_max; i++) {
        if (pager->machines[i].present) {
            write_u32(writer, i);
            machine_save(pager, &pager->machines[i], writer);
        }
    }
    write_u32(writer, NONE);
    for (uint32_t i = 0; i < pager->frame_count; i++) {
        frame_save(pager, &pager->frames[i], writer);
    }
    frames_save(pager, &pager->free, writer);
    waiting_save(pager, &pager->line, writer);
}

/* --- Load ----------------------------------------------------------------------------------- */

static void check(struct reader *reader, bool good)
{
    if (!good) {
        reader_fail(reader);
    }
}

static void region_load(struct emu_pager *pager, struct pager_region *region, uint32_t page_count,
                        struct reader *reader)
{
    region->disk = read_u32(reader);
    region->sector = read_u64(reader);
    region->sector_count = read_u64(reader);
    check(reader, page_count > 0 && page_count <= EMU_PAGER_MACHINE_PAGES_MAX &&
                      region->sector_count == (uint64_t)page_count * EMU_PAGER_PAGE_SECTORS);
    check(reader, !reader->failed && pager_region_claim(pager, region));
}

static void account_load(struct emu_pager_account *account, struct reader *reader)
{
    account->faults = read_u64(reader);
    account->revisits = read_u64(reader);
    account->filled = read_u64(reader);
    account->copied = read_u64(reader);
    account->page_ins = read_u64(reader);
    account->page_outs = read_u64(reader);
    account->evicted = read_u64(reader);
    account->evictions_caused = read_u64(reader);
    account->wait_ns = read_u64(reader);
    account->resident_max = read_u64(reader);
}

static void choices_load(struct emu_pager *pager, struct reader *reader)
{
    struct pager_choices *choices = &pager->choices;
    uint32_t count = read_u32(reader);
    check(reader, count <= EMU_PAGER_CHOICES_MAX);
    for (uint32_t i = 0; i < count && !reader->failed; i++) {
        choices->list[i].machine = read_u32(reader);
        choices->list[i].block_count = read_u32(reader);
        choices->left_blocks += choices->list[i].block_count;
        check(reader, choices->list[i].machine < pager->config.machine_max &&
                          choices->list[i].block_count > 0);
    }
    choices->count = reader->failed ? 0 : count;
    choices->low_blocks = read_u32(reader);
    uint8_t told = read_u8(reader);
    choices->told = told != 0;
    choices->taken = read_u64(reader);
    choices->missed = read_u64(reader);
    check(reader, told <= 1);
}

static void images_load(struct emu_pager *pager, struct reader *reader)
{
    uint32_t count = read_u32(reader);
    check(reader, count <= EMU_PAGER_IMAGES_MAX);
    for (uint32_t i = 0; i < count && !reader->failed; i++) {
        struct pager_image image = {.page_count = read_u32(reader)};
        region_load(pager, &image.region, image.page_count, reader);
        if (reader->failed) {
            return;
        }
        image.block_count = pager_block_count(pager, image.page_count);
        image.frames = alloc_zeroed(image.block_count, sizeof *image.frames);
        for (uint32_t block = 0; block < image.block_count; block++) {
            image.frames[block] = NONE;
        }
        pager->images = alloc_grow(pager->images, i + 1, sizeof *pager->images);
        pager->images[i] = image;
        pager->image_count = i + 1;
    }
}

/* A machine's own frames. Until frames are read themselves, `owner` says who listed them. */
static void own_frames_load(struct emu_pager *pager, uint32_t index, struct reader *reader)
{
    struct pager_machine *machine = &pager->machines[index];
    for (;;) {
        uint32_t frame = read_u32(reader);
        if (reader->failed || frame == NONE) {
            return;
        }
        check(reader, frame < pager->frame_count && pager->frames[frame].owner == NONE);
        if (reader->failed) {
            return;
        }
        pager->frames[frame].owner = index;
        pager_list_append(pager, &machine->frames, frame);
        machine->frame_count++;
    }
}

static void machine_load(struct emu_pager *pager, uint32_t index, struct reader *reader)
{
    struct pager_machine *machine = &pager->machines[index];
    machine->present = true;
    machine->wait_next = UNLISTED;
    machine->page_count = read_u32(reader);
    machine->image = read_u32(reader);
    machine->limits.floor_pages = read_u32(reader);
    machine->limits.ceiling_pages = read_u32(reader);
    check(reader, machine->image == EMU_PAGER_NO_IMAGE ||
                      (machine->image < pager->image_count &&
                       pager->images[machine->image].page_count <= machine->page_count));
    check(reader, machine->limits.floor_pages <= machine->page_count &&
                      machine->limits.floor_pages <= machine->limits.ceiling_pages &&
                      machine->limits.ceiling_pages >= EMU_PAGER_PINS * pager->config.block_pages);
    region_load(pager, &machine->region, machine->page_count, reader);
    machine->ran_ns = read_u64(reader);
    machine->last_ran_ns = read_u64(reader);
    machine->wait = read_u8(reader);
    uint8_t wait_write = read_u8(reader);
    machine->wait_write = wait_write != 0;
    machine->wait_block = read_u32(reader);
    machine->wait_since_ns = read_u64(reader);
    machine->awaited = read_u32(reader);
    check(reader, machine->awaited == NONE || (machine->wait == PAGER_WAIT_LINE &&
                                               (machine->awaited < pager->frame_count ||
                                                machine->awaited == PAGER_AWAITED_IN_VAIN)));
    machine->pin_count = read_u32(reader);
    uint32_t blocks = pager_block_count(pager, machine->page_count);
    check(reader,
          machine->wait < PAGER_WAIT_COUNT && wait_write <= 1 && machine->wait_block < blocks &&
              machine->pin_count <= EMU_PAGER_PINS - (machine->wait != PAGER_WAIT_NONE) &&
              machine->last_ran_ns <= pager->now_ns && machine->wait_since_ns <= pager->now_ns);
    check(reader, machine->wait != PAGER_WAIT_NONE ||
                      (!wait_write && !machine->wait_block && !machine->wait_since_ns));
    for (uint32_t i = 0; i < machine->pin_count && !reader->failed; i++) {
        machine->pins[i] = read_u32(reader);
        check(reader, machine->pins[i] < pager->frame_count);
        for (uint32_t j = 0; j < i; j++) {
            check(reader, machine->pins[i] != machine->pins[j]);
        }
        if (!reader->failed) {
            pager->frames[machine->pins[i]].pins++;
        }
    }
    for (uint32_t last = NONE, block; (block = read_u32(reader)) != NONE && !reader->failed;) {
        check(reader, block < blocks && (last == NONE || block > last));
        last = block;
        if (!reader->failed) {
            pager_entry_at(machine, block)->swapped = true;
        }
    }
    own_frames_load(pager, index, reader);
    account_load(&machine->account, reader);
    pager->promised_blocks += pager_promise(pager, &machine->limits);
}

/* Machines into a list of those that wait; they must wait for that. */
static void waiting_load(struct emu_pager *pager, struct pager_list *list, uint8_t wait,
                         struct reader *reader)
{
    for (;;) {
        uint32_t index = read_u32(reader);
        if (reader->failed || index == NONE) {
            return;
        }
        check(reader, index < pager->config.machine_max);
        if (reader->failed) {
            return;
        }
        struct pager_machine *machine = &pager->machines[index];
        check(reader, machine->present && machine->wait == wait && machine->wait_next == UNLISTED);
        if (reader->failed) {
            return;
        }
        machine->wait_next = NONE;
        if (list->last == NONE) {
            list->first = index;
        } else {
            pager->machines[list->last].wait_next = index;
        }
        list->last = index;
    }
}

static void mappers_load(struct emu_pager *pager, uint32_t index, struct reader *reader)
{
    const struct pager_frame *frame = &pager->frames[index];
    uint32_t last = NONE;
    for (;;) {
        uint32_t machine = read_u32(reader);
        if (reader->failed || machine == NONE) {
            return;
        }
        check(reader, frame->image && frame->state == PAGER_RESIDENT &&
                          machine < pager->config.machine_max && pager->machines[machine].present &&
                          pager->machines[machine].image == frame->owner);
        if (reader->failed) {
            return;
        }
        struct pager_entry *entry = pager_entry_at(&pager->machines[machine], frame->block);
        check(reader, !entry->mapped && !entry->swapped && entry->frame == NONE);
        if (reader->failed) {
            return;
        }
        *entry =
            (struct pager_entry){.frame = NONE, .next = NONE, .previous = last, .mapped = true};
        if (last == NONE) {
            pager->frames[index].mappers = machine;
        } else {
            pager->machines[last].entries[frame->block].next = machine;
        }
        last = machine;
    }
}

/* Enters the frame where its block is looked up. */
static void frame_place(struct emu_pager *pager, uint32_t index, struct reader *reader)
{
    const struct pager_frame *frame = &pager->frames[index];
    uint32_t *slot = NULL;
    if (frame->image) {
        if (frame->owner < pager->image_count &&
            frame->block < pager->images[frame->owner].block_count) {
            slot = &pager->images[frame->owner].frames[frame->block];
            pager->image_frames++;
        }
    } else {
        struct pager_machine *owner = &pager->machines[frame->owner];
        if (frame->block < pager_block_count(pager, owner->page_count)) {
            struct pager_entry *entry = pager_entry_at(owner, frame->block);
            slot = entry->mapped ? NULL : &entry->frame;
        }
    }
    check(reader, slot && *slot == NONE);
    if (!reader->failed) {
        *slot = index;
    }
}

static void waiters_check(const struct emu_pager *pager, const struct pager_frame *frame,
                          struct reader *reader)
{
    check(reader, frame->state != PAGER_READING || frame->image || frame->waiters.first != NONE);
    for (uint32_t i = frame->waiters.first; i != NONE; i = pager->machines[i].wait_next) {
        const struct pager_machine *machine = &pager->machines[i];
        check(reader, frame->state == PAGER_READING && machine->wait_block == frame->block &&
                          (frame->image ? machine->image == frame->owner : i == frame->owner));
    }
}

static void frame_load(struct emu_pager *pager, uint32_t index, struct reader *reader)
{
    struct pager_frame *frame = &pager->frames[index];
    const uint32_t listed_by = frame->owner;
    frame->state = read_u8(reader);
    check(reader, frame->state < PAGER_FRAME_STATE_COUNT);
    if (reader->failed || frame->state == PAGER_FREE) {
        check(reader, frame->pins == 0 && listed_by == NONE);
        return;
    }
    uint8_t bits = read_u8(reader);
    frame->image = bits & 1;
    frame->used = bits & 2;
    frame->dirty = bits & 4;
    frame->writing = bits & 8;
    check(reader, bits < 16 && !(frame->image && (frame->dirty || frame->writing)) &&
                      !(frame->state == PAGER_READING && frame->writing) &&
                      (frame->pins == 0 || frame->state == PAGER_RESIDENT));
    pager->write_count += frame->writing;
    pager->transfer_count += frame->writing || frame->state != PAGER_RESIDENT;
    if (frame->state == PAGER_ORPHAN) {
        check(reader, (bits & 7) == 0 && listed_by == NONE);
        return;
    }
    frame->owner = read_u32(reader);
    frame->block = read_u32(reader);
    frame->used_ns = read_u64(reader);
    check(reader,
          frame->image ? listed_by == NONE : listed_by != NONE && frame->owner == listed_by);
    if (!reader->failed) {
        frame_place(pager, index, reader);
    }
    if (reader->failed) {
        return;
    }
    check(reader,
          frame->used_ns <= (frame->image ? pager->now_ns : pager->machines[frame->owner].ran_ns));
    waiting_load(pager, &frame->waiters, PAGER_WAIT_FRAME, reader);
    waiters_check(pager, frame, reader);
    mappers_load(pager, index, reader);
}

static void machines_load(struct emu_pager *pager, struct reader *reader)
{
    uint32_t last = NONE;
    for (;;) {
        uint32_t index = read_u32(reader);
        if (reader->failed || index == NONE) {
            break;
        }
        check(reader, index < pager->config.machine_max && (last == NONE || index > last));
        if (reader->failed) {
            return;
        }
        machine_load(pager, index, reader);
        last = index;
    }
    check(reader, pager->promised_blocks <= pager->frame_count);
}

static void free_load(struct emu_pager *pager, struct reader *reader)
{
    for (;;) {
        uint32_t frame = read_u32(reader);
        if (reader->failed || frame == NONE) {
            break;
        }
        check(reader, frame < pager->frame_count && pager->frames[frame].state == PAGER_FREE &&
                          pager->frames[frame].owner == NONE);
        if (reader->failed) {
            return;
        }
        pager->frames[frame].owner = 0; /* listed */
        pager_list_append(pager, &pager->free, frame);
        pager->free_count++;
    }
    for (uint32_t i = 0; i < pager->frame_count; i++) {
        struct pager_frame *frame = &pager->frames[i];
        if (frame->state == PAGER_FREE) {
            check(reader, frame->owner == 0);
            frame->owner = NONE;
        }
    }
}

/* That a machine's waiting goes with what it has, and that it is in the list that it must be in. */
static void wait_check(const struct emu_pager *pager, const struct pager_machine *machine,
                       struct reader *reader)
{
    bool listed = machine->wait_next != UNLISTED;
    check(reader,
          listed == (machine->wait == PAGER_WAIT_LINE || machine->wait == PAGER_WAIT_FRAME));
    if (machine->wait == PAGER_WAIT_NONE || machine->wait_block >= machine->entry_count) {
        return;
    }
    const struct pager_entry *entry = &machine->entries[machine->wait_block];
    if (entry->frame != NONE) {
        check(reader, machine->wait == PAGER_WAIT_FRAME &&
                          pager->frames[entry->frame].state == PAGER_READING);
    } else {
        check(reader, machine->wait != PAGER_WAIT_FRAME || !entry->swapped);
    }
}

bool emu_pager_load(struct emu_pager *pager, struct reader *reader)
{
    pager_reset(pager);
    pager->free = (struct pager_list){NONE, NONE};
    pager->free_count = 0;
    if (read_u16(reader) != STATE_VERSION || read_u32(reader) != pager->frame_count ||
        read_u32(reader) != pager->config.block_pages ||
        read_u32(reader) != pager->config.machine_max ||
        read_u32(reader) != pager->config.disk_count) {
        reader_fail(reader);
    }
    pager->now_ns = read_u64(reader);
    pager->hand = read_u32(reader);
    check(reader, pager->now_ns <= TIME_SANE_NS);
    check(reader, pager->hand == 0 || pager->hand < pager->frame_count);
    pager->image_evicted = read_u64(reader);
    account_load(&pager->gone, reader);
    choices_load(pager, reader);
    images_load(pager, reader);
    machines_load(pager, reader);
    for (uint32_t i = 0; i < pager->frame_count && !reader->failed; i++) {
        frame_load(pager, i, reader);
    }
    if (!reader->failed) {
        free_load(pager, reader);
        waiting_load(pager, &pager->line, PAGER_WAIT_LINE, reader);
    }
    for (uint32_t i = 0; i < pager->config.machine_max && !reader->failed; i++) {
        if (pager->machines[i].present) {
            wait_check(pager, &pager->machines[i], reader);
        }
    }
    check(reader, pager->line.first == NONE || pager->transfer_count);
    if (reader->failed) {
        pager_reset(pager);
        return false;
    }
    return true;
}
