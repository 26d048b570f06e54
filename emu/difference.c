/* In what two states of a world differ, for people. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "checkpoint.h"
#include "player.h"

/* --- where ------------------------------------------------------------------------------------ */

static const uint8_t *page_bytes(const struct emu_world *world, uint32_t node,
                                 const struct vcpu_pages *pages, uint32_t page)
{
    if (page < pages->count && pages->frames[page] != VCPU_FRAME_NONE) {
        return vcpu_frame_bytes(world->arena, pages->frames[page]);
    }
    const uint8_t *first = emu_place_first(world, &(struct trace_place){node, 0, page});
    return first ? first : vcpu_frame_bytes(world->arena, VCPU_FRAME_ZERO);
}

/* The first page that differs, by content or in being the node's own; UINT32_MAX: none does. */
static uint32_t first_page(const struct emu_world *world, uint32_t node, const struct vcpu_pages *a,
                           const struct vcpu_pages *b)
{
    uint32_t count = a->count > b->count ? a->count : b->count;
    for (uint32_t page = 0; page < count; page++) {
        uint32_t x = page < a->count ? a->frames[page] : VCPU_FRAME_NONE;
        uint32_t y = page < b->count ? b->frames[page] : VCPU_FRAME_NONE;
        if (x != y && ((x == VCPU_FRAME_NONE) != (y == VCPU_FRAME_NONE) ||
                       memcmp(page_bytes(world, node, a, page), page_bytes(world, node, b, page),
                              VCPU_PAGE_BYTES) != 0)) {
            return page;
        }
    }
    return UINT32_MAX;
}

static bool blocks_same(const struct emu_world *world, const struct emu_blocks *a,
                        const struct emu_blocks *b)
{
    size_t count = a ? a->count : 0;
    if (count != (b ? b->count : 0)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const struct emu_block *x = &a->blocks[i];
        const struct emu_block *y = &b->blocks[i];
        if (x->disk != y->disk || x->number != y->number ||
            (x->frame != y->frame &&
             memcmp(vcpu_frame_bytes(world->arena, x->frame),
                    vcpu_frame_bytes(world->arena, y->frame), VCPU_PAGE_BYTES) != 0)) {
            return false;
        }
    }
    return true;
}

static bool parts_same(const struct emu_snapshot *a, const struct emu_snapshot *b, uint32_t part)
{
    size_t a_bytes;
    size_t b_bytes;
    const uint8_t *x = emu_snapshot_part(a, part, &a_bytes);
    const uint8_t *y = emu_snapshot_part(b, part, &b_bytes);
    return a_bytes == b_bytes && (a_bytes == 0 || memcmp(x, y, a_bytes) == 0);
}

uint32_t emu_snapshots_compare(const struct emu_world *world, const struct emu_snapshot *a,
                               const struct emu_snapshot *b, bool *same)
{
    *same = false;
    for (uint32_t i = 0; i < world->node_count; i++) {
        if (!parts_same(a, b, EMU_PART_NODES + i) ||
            first_page(world, i, a->pages[i], b->pages[i]) != UINT32_MAX ||
            !blocks_same(world, a->blocks[i], b->blocks[i])) {
            return i;
        }
    }
    *same = true;
    for (uint32_t i = world->node_count; i < a->store_count && *same; i++) {
        *same = blocks_same(world, a->blocks[i], b->blocks[i]);
    }
    for (uint32_t part = 0; part < a->part_count && *same; part++) {
        *same = parts_same(a, b, part);
    }
    return UINT32_MAX;
}

/* --- what ------------------------------------------------------------------------------------- */

static const char *const register_names[VCPU_REGISTER_COUNT] = {
    [VCPU_EAX] = "eax", [VCPU_ECX] = "ecx", [VCPU_EDX] = "edx", [VCPU_EBX] = "ebx",
    [VCPU_ESP] = "esp", [VCPU_EBP] = "ebp", [VCPU_ESI] = "esi", [VCPU_EDI] = "edi",
};

/* What of a processor people know by name. */
struct named {
    const char *name;
    uint64_t a;
    uint64_t b;
    int digits; /* hexadecimal; 0: decimal */
};

static bool tell_processor(const struct vcpu *a, const struct vcpu *b, const char *a_name,
                           const char *b_name, char *text, size_t text_bytes)
{
    struct named all[VCPU_REGISTER_COUNT + 4] = {
        {"instructions executed", a->retired, b->retired, 0},
        {"eip", a->eip, b->eip, 8},
        {"flags", a->eflags, b->eflags, 8},
        {"cycles", a->cycles, b->cycles, 0},
    };
    for (int i = 0; i < VCPU_REGISTER_COUNT; i++) {
        all[4 + i] = (struct named){register_names[i], a->gpr[i], b->gpr[i], 8};
    }
    size_t length = 0;
    text[0] = '\0';
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (all[i].a != all[i].b && length < text_bytes) {
            const char *format = all[i].digits ? "%s%s: %s %08" PRIx64 ", %s %08" PRIx64
                                               : "%s%s: %s %" PRIu64 ", %s %" PRIu64;
            length +=
                (size_t)snprintf(text + length, text_bytes - length, format, length ? "; " : "",
                                 all[i].name, a_name, all[i].a, b_name, all[i].b);
        }
    }
    return length > 0;
}

/* Of one page, either of which may be none. */
static void tell_page(uint32_t page, const uint8_t *a, const uint8_t *b, const char *a_name,
                      const char *b_name, char *text, size_t text_bytes)
{
    uint32_t at = 0;
    while (at < VCPU_PAGE_BYTES && a[at] == b[at]) {
        at++;
    }
    if (at < VCPU_PAGE_BYTES) {
        snprintf(text, text_bytes, "memory at %08" PRIx32 ": %s %02x, %s %02x",
                 (page << VCPU_PAGE_BITS) + at, a_name, a[at], b_name, b[at]);
    } else {
        snprintf(text, text_bytes, "page %08" PRIx32 " is the node's own in only one of both",
                 page << VCPU_PAGE_BITS);
    }
}

static void tell_rest(char *text, size_t text_bytes)
{
    snprintf(text, text_bytes,
             "registers and memory are the same; what its devices, disks or account hold is not");
}

void emu_node_difference(struct emu_world *world, uint32_t node, const struct emu_snapshot *state,
                         const char *state_name, const char *now_name, char *text,
                         size_t text_bytes)
{
    struct emu_snapshot *here = emu_world_snapshot(world);
    struct vcpu now = world->nodes[node].vcpu;
    uint32_t page = first_page(world, node, state->pages[node], here->pages[node]);
    bool told =
        !emu_world_restore(world, state, NULL) &&
        tell_processor(&world->nodes[node].vcpu, &now, state_name, now_name, text, text_bytes);
    if (!told && page != UINT32_MAX) {
        tell_page(page, page_bytes(world, node, state->pages[node], page),
                  page_bytes(world, node, here->pages[node], page), state_name, now_name, text,
                  text_bytes);
    } else if (!told) {
        tell_rest(text, text_bytes);
    }
    emu_snapshot_destroy(here);
}

void emu_node_difference_between(struct emu_world *a, struct emu_world *b, uint32_t node,
                                 const char *a_name, const char *b_name, char *text,
                                 size_t text_bytes)
{
    if (tell_processor(&a->nodes[node].vcpu, &b->nodes[node].vcpu, a_name, b_name, text,
                       text_bytes)) {
        return;
    }
    struct vcpu_pages *x = vcpu_space_snapshot(&a->nodes[node].space);
    struct vcpu_pages *y = vcpu_space_snapshot(&b->nodes[node].space);
    uint32_t count = x->count > y->count ? x->count : y->count;
    bool told = false;
    for (uint32_t page = 0; page < count && !told; page++) {
        const uint8_t *x_bytes = page_bytes(a, node, x, page);
        const uint8_t *y_bytes = page_bytes(b, node, y, page);
        told = memcmp(x_bytes, y_bytes, VCPU_PAGE_BYTES) != 0;
        if (told) {
            tell_page(page, x_bytes, y_bytes, a_name, b_name, text, text_bytes);
        }
    }
    if (!told) {
        tell_rest(text, text_bytes);
    }
    vcpu_pages_release(x);
    vcpu_pages_release(y);
}
