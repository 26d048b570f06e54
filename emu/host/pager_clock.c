/* Replacement: the clock with the working-set test, and the lists of frames. Decides which block
 * goes; knows no transfer's place and no machine's waiting. */
#include <stdlib.h>

#include <base/alloc.h>
#include <base/assert.h>

#include "pager_internal.h"

/* --- Lists ---------------------------------------------------------------------------------- */

void pager_list_append(struct emu_pager *pager, struct pager_list *list, uint32_t frame)
{
    pager->frames[frame].next = NONE;
    pager->frames[frame].previous = list->last;
    if (list->last == NONE) {
        list->first = frame;
    } else {
        pager->frames[list->last].next = frame;
    }
    list->last = frame;
}

void pager_list_remove(struct emu_pager *pager, struct pager_list *list, uint32_t frame)
{
    const struct pager_frame *gone = &pager->frames[frame];
    if (gone->previous == NONE) {
        list->first = gone->next;
    } else {
        pager->frames[gone->previous].next = gone->next;
    }
    if (gone->next == NONE) {
        list->last = gone->previous;
    } else {
        pager->frames[gone->next].previous = gone->previous;
    }
}

/* --- Who is on the clock ---------------------------------------------------------------------- */

void pager_clock_create(struct emu_pager *pager)
{
    uint64_t count = pager->frame_count;
    for (uint32_t level = 0; level < PAGER_CLOCK_LEVELS; level++) {
        count = count / 64 + 1;
        pager->clock[level] = alloc_zeroed(count, sizeof *pager->clock[level]);
    }
}

void pager_clock_destroy(struct emu_pager *pager)
{
    for (uint32_t level = 0; level < PAGER_CLOCK_LEVELS; level++) {
        free(pager->clock[level]);
    }
}

void pager_clock_put(struct emu_pager *pager, uint32_t frame)
{
    for (uint32_t level = 0; level < PAGER_CLOCK_LEVELS; level++) {
        uint64_t *word = &pager->clock[level][frame / 64];
        bool was_empty = *word == 0;
        *word |= (uint64_t)1 << frame % 64;
        if (!was_empty) {
            return;
        }
        frame /= 64;
    }
}

static void clock_remove(struct emu_pager *pager, uint32_t frame)
{
    for (uint32_t level = 0; level < PAGER_CLOCK_LEVELS; level++) {
        uint64_t *word = &pager->clock[level][frame / 64];
        *word &= ~((uint64_t)1 << frame % 64);
        if (*word) {
            return;
        }
        frame /= 64;
    }
}

/* The first frame on the clock from this one on; NONE: there is none. */
static uint32_t clock_next(const struct emu_pager *pager, uint32_t from)
{
    uint64_t at = from;
    uint32_t level = 0;
    for (;;) {
        uint64_t rest =
            at <= pager->frame_count ? pager->clock[level][at / 64] & UINT64_MAX << at % 64 : 0;
        if (rest) {
            at = at / 64 * 64 + (uint64_t)__builtin_ctzll(rest);
            break;
        }
        if (++level == PAGER_CLOCK_LEVELS) {
            return NONE;
        }
        at = at / 64 + 1;
        if (at > pager->frame_count >> 6 * level) {
            return NONE;
        }
    }
    while (level > 0) {
        level--;
        at = at * 64 + (uint64_t)__builtin_ctzll(pager->clock[level][at]);
    }
    return (uint32_t)at;
}

void pager_clock_restore(struct emu_pager *pager, struct pager_machine *machine)
{
    if (!machine->off) {
        return;
    }
    machine->off = false;
    for (uint32_t i = machine->frames.first; i != NONE; i = pager->frames[i].next) {
        pager_clock_put(pager, i);
    }
}

void pager_frame_free(struct emu_pager *pager, uint32_t frame)
{
    pager_clock_put(pager, frame);
    pager->frames[frame] = (struct pager_frame){
        .state = PAGER_FREE, .owner = NONE, .mappers = NONE, .waiters = {NONE, NONE}};
    pager_list_append(pager, &pager->free, frame);
    pager->free_count++;
}

static struct pager_entry *entry_of(struct emu_pager *pager, uint32_t machine, uint32_t block)
{
    return &pager->machines[machine].entries[block];
}

void pager_mapper_add(struct emu_pager *pager, uint32_t frame, uint32_t machine)
{
    struct pager_frame *mapped = &pager->frames[frame];
    struct pager_entry *entry = pager_entry_at(&pager->machines[machine], mapped->block);
    if (entry->mapped) {
        return;
    }
    entry->mapped = true;
    entry->previous = NONE;
    entry->next = mapped->mappers;
    if (mapped->mappers != NONE) {
        entry_of(pager, mapped->mappers, mapped->block)->previous = machine;
    }
    mapped->mappers = machine;
}

void pager_mapper_remove(struct emu_pager *pager, uint32_t frame, uint32_t machine)
{
    struct pager_frame *mapped = &pager->frames[frame];
    struct pager_entry *entry = entry_of(pager, machine, mapped->block);
    ASSERT(entry->mapped);
    entry->mapped = false;
    if (entry->previous == NONE) {
        mapped->mappers = entry->next;
    } else {
        entry_of(pager, entry->previous, mapped->block)->next = entry->next;
    }
    if (entry->next != NONE) {
        entry_of(pager, entry->next, mapped->block)->previous = entry->previous;
    }
}

/* --- One block ------------------------------------------------------------------------------ */

/* Whoever holds entries to the frame drops them. */
static void forget(struct emu_pager *pager, uint32_t index, bool writes_only)
{
    struct pager_frame *frame = &pager->frames[index];
    uint32_t page = frame->block << pager->block_bits;
    if (!frame->image) {
        pager->ops->forget(pager->context, frame->owner, page, pager->config.block_pages,
                           writes_only);
        return;
    }
    while (frame->mappers != NONE) {
        uint32_t machine = frame->mappers;
        pager_mapper_remove(pager, index, machine);
        pager->ops->forget(pager->context, machine, page, pager->config.block_pages, false);
    }
}

static void evict(struct emu_pager *pager, uint32_t index, uint32_t on_behalf)
{
    struct pager_frame *frame = &pager->frames[index];
    const uint32_t pages = pager->config.block_pages;
    forget(pager, index, false);
    pager->machines[on_behalf].account.evictions_caused += pages;
    if (frame->image) {
        pager->images[frame->owner].frames[frame->block] = NONE;
        pager->image_frames--;
        pager->image_evicted += pages;
        return;
    }
    struct pager_machine *owner = &pager->machines[frame->owner];
    pager_clock_put(pager, index);
    owner->entries[frame->block].frame = NONE;
    pager_list_remove(pager, &owner->frames, index);
    owner->frame_count--;
    owner->account.evicted += pages;
}

static void clean(struct emu_pager *pager, uint32_t index, uint32_t on_behalf)
{
    struct pager_frame *frame = &pager->frames[index];
    struct pager_machine *owner = &pager->machines[frame->owner];
    frame->dirty = false;
    frame->writing = true;
    forget(pager, index, true);
    pager->write_count++;
    pager_transfer(pager, index, &owner->region, owner->page_count, frame->block, true, on_behalf);
}

static uint64_t clock_of(const struct emu_pager *pager, const struct pager_frame *frame)
{
    return frame->image ? pager->now_ns : pager->machines[frame->owner].ran_ns;
}

static bool in_working_set(const struct emu_pager *pager, const struct pager_frame *frame)
{
    uint64_t age_ns = clock_of(pager, frame) - frame->used_ns;
    if (frame->image) {
        return age_ns <= pager->config.inactive_ns;
    }
    const struct pager_machine *owner = &pager->machines[frame->owner];
    bool active = owner->wait != PAGER_WAIT_NONE ||
                  pager->now_ns - owner->last_ran_ns <= pager->config.inactive_ns;
    return active && age_ns <= pager->config.window_ns;
}

/* --- The clock ------------------------------------------------------------------------------ */

/* What a round has seen. */
struct scan {
    uint32_t on_behalf;
    uint32_t last_resort[2][2]; /* [dirty][used]: the first of each kind that may go */
};

/* Is it another machine's that is at its floor, or below? */
static bool is_kept(const struct emu_pager *pager, const struct pager_frame *frame,
                    uint32_t on_behalf)
{
    if ((frame->state != PAGER_RESIDENT && frame->state != PAGER_READING) || frame->image ||
        frame->owner == on_behalf) {
        return false;
    }
    return pager_at_floor(pager, &pager->machines[frame->owner]);
}

/* The hand looks at a frame; true if it is taken. */
static bool look(struct emu_pager *pager, uint32_t index, struct scan *scan)
{
    struct pager_frame *frame = &pager->frames[index];
    if (frame->state != PAGER_RESIDENT || frame->writing || frame->pins) {
        return false;
    }
    uint32_t *resort = &scan->last_resort[frame->dirty][frame->used];
    if (frame->used) {
        frame->used = false;
        frame->used_ns = clock_of(pager, frame);
        forget(pager, index, false);
    } else if (!in_working_set(pager, frame)) {
        if (!frame->dirty) {
            evict(pager, index, scan->on_behalf);
            return true;
        }
        if (pager->write_count < pager->config.writes_max) {
            clean(pager, index, scan->on_behalf);
            return false;
        }
    }
    if (*resort == NONE) {
        *resort = index;
    }
    return false;
}

/* A round found nothing: take a clean block, or have a dirty one written. */
static uint32_t fall_back(struct emu_pager *pager, const struct scan *scan)
{
    for (uint32_t used = 0; used < 2; used++) {
        if (scan->last_resort[0][used] != NONE) {
            evict(pager, scan->last_resort[0][used], scan->on_behalf);
            return scan->last_resort[0][used];
        }
    }
    for (uint32_t used = 0; used < 2; used++) {
        if (scan->last_resort[1][used] != NONE) {
            clean(pager, scan->last_resort[1][used], scan->on_behalf);
            return NONE;
        }
    }
    return NONE;
}

static struct scan scan_for(uint32_t machine)
{
    return (struct scan){.on_behalf = machine, .last_resort = {{NONE, NONE}, {NONE, NONE}}};
}

uint32_t pager_frame_take(struct emu_pager *pager, uint32_t machine)
{
    uint32_t frame = pager->free.first;
    if (frame != NONE) {
        pager_list_remove(pager, &pager->free, frame);
        pager->free_count--;
        return frame;
    }
    if (pager_choice_take(pager, machine, &frame)) {
        return frame;
    }
    struct scan scan = scan_for(machine);
    uint32_t round = pager->config.scan_max;
    if (round == 0 || round > pager->frame_count) {
        round = pager->frame_count;
    }
    pager_clock_restore(pager, &pager->machines[machine]);
    const uint32_t start = pager->hand;
    uint64_t passed = 0;
    /* A bounded scan goes on where all that it saw was spoken for. What is kept does not count. */
    for (uint32_t looked = 0;;) {
        bool resort = scan.last_resort[0][0] != NONE || scan.last_resort[0][1] != NONE ||
                      scan.last_resort[1][0] != NONE || scan.last_resort[1][1] != NONE;
        if (looked >= round && (resort || pager->write_count)) {
            break;
        }
        frame = clock_next(pager, pager->hand);
        if (frame == NONE) {
            passed += pager->frame_count - pager->hand;
            pager->hand = 0;
            frame = passed < pager->frame_count ? clock_next(pager, 0) : NONE;
        }
        passed += frame == NONE ? pager->frame_count : frame - pager->hand + 1;
        if (passed > pager->frame_count) {
            pager->hand = start; /* once round */
            break;
        }
        pager->hand = frame + 1 < pager->frame_count ? frame + 1 : 0;
        if (is_kept(pager, &pager->frames[frame], machine)) {
            clock_remove(pager, frame);
            pager->machines[pager->frames[frame].owner].off = true;
            continue;
        }
        looked++;
        if (look(pager, frame, &scan)) {
            return frame;
        }
    }
    return pager->write_count ? NONE : fall_back(pager, &scan);
}

uint32_t pager_write_under_way(const struct emu_pager *pager, uint32_t machine)
{
    uint32_t i = pager->machines[machine].frames.first;
    while (i != NONE && !pager->frames[i].writing) {
        i = pager->frames[i].next;
    }
    return i;
}

bool pager_frame_take_clean(struct emu_pager *pager, uint32_t index, uint32_t machine)
{
    const struct pager_frame *frame = &pager->frames[index];
    if (frame->state != PAGER_RESIDENT || frame->dirty || frame->writing || frame->pins ||
        is_kept(pager, frame, machine)) {
        return false;
    }
    evict(pager, index, machine);
    return true;
}

uint32_t pager_frame_take_of(struct emu_pager *pager, uint32_t index, uint32_t machine)
{
    struct pager_machine *owner = &pager->machines[index];
    struct scan scan = scan_for(machine);
    uint32_t round = owner->frame_count;
    if (index != machine && pager->config.scan_max && pager->config.scan_max < round) {
        round = pager->config.scan_max;
    }
    for (; round > 0; round--) {
        uint32_t frame = owner->frames.first;
        pager_list_remove(pager, &owner->frames, frame);
        pager_list_append(pager, &owner->frames, frame);
        if (look(pager, frame, &scan)) {
            return frame;
        }
    }
    return pager_write_under_way(pager, index) != NONE ? NONE : fall_back(pager, &scan);
}
