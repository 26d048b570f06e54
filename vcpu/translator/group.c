/*
 * Groups: accesses of a block that lie at fixed distances from each other, because their addresses
 * are formed from the same values of the same registers. The bytes from the lowest to the highest
 * are checked once, where the first access is made: that they lie in one page and that the page has
 * an entry. The host address of the lowest byte, the anchor, then serves all of them.
 *
 * To see it, each register is followed as a value that nobody knows (an origin) and a distance from
 * it that everybody does: pushes, pops, additions of constants and copies keep the origin.
 */
#include <string.h>

#include "translator/block.h"

#define SPAN_MAX_BYTES 512u /* the longer, the more often it crosses a page's end */

struct value {
    uint32_t origin; /* 0: the constant 0 */
    uint32_t distance;
};

/* What can be one group: the address less a distance. */
struct family {
    uint32_t base;
    uint32_t index;
    uint8_t shift;
};

struct candidate {
    struct family family;
    struct block_group group;
    uint32_t low; /* distances of its bytes */
    uint32_t end;
};

struct tracker {
    struct value values[ISA_NO_REGISTER + 1]; /* the last is none's */
    uint32_t origins;
    uint32_t count;
    struct candidate candidates[BLOCK_OPS_MAX * ACCESSES];
};

static void forget(struct tracker *t, unsigned reg)
{
    t->values[reg] = (struct value){++t->origins, 0};
}

/* --- registers -------------------------------------------------------------------------------- */

static bool is_register32(const struct isa_operand *operand)
{
    return operand->kind == ISA_OPERAND_REGISTER && operand->width_bits == 32;
}

/* A register that becomes another plus a constant: is there one? */
static bool moved(const struct isa_instruction *instruction, const struct tracker *t,
                  struct value *value)
{
    const struct isa_operand *operand = instruction->operand;
    if (instruction->operand_count == 0 || !is_register32(&operand[0])) {
        return false;
    }
    *value = t->values[operand[0].number];
    switch (instruction->operation) {
    case ISA_INC:
        value->distance++;
        return true;
    case ISA_DEC:
        value->distance--;
        return true;
    case ISA_ADD:
        value->distance += operand[1].value;
        return operand[1].kind == ISA_OPERAND_IMMEDIATE;
    case ISA_SUB:
        value->distance -= operand[1].value;
        return operand[1].kind == ISA_OPERAND_IMMEDIATE;
    case ISA_MOV:
        if (operand[1].kind == ISA_OPERAND_IMMEDIATE) {
            *value = (struct value){0, operand[1].value};
            return true;
        }
        *value = t->values[is_register32(&operand[1]) ? operand[1].number : 0];
        return is_register32(&operand[1]);
    case ISA_LEA:
        *value = t->values[operand[1].base];
        value->distance += operand[1].displacement;
        return operand[1].index == ISA_NO_REGISTER;
    default:
        return false;
    }
}

/* What the instruction does to the registers. */
static void follow(struct tracker *t, const struct block_op *op)
{
    const struct isa_instruction *instruction = &op->instruction;
    struct value value;
    bool known = moved(instruction, t, &value);
    struct value esp = t->values[VCPU_ESP];
    if (instruction->operation == ISA_LEAVE) {
        esp = t->values[VCPU_EBP];
    }
    for (unsigned reg = 0; reg < VCPU_REGISTER_COUNT; reg++) {
        if (op->replaces >> reg & 1u) {
            forget(t, reg);
        }
    }
    if (known) {
        t->values[instruction->operand[0].number] = value;
    }
    switch (instruction->operation) {
    case ISA_PUSH:
    case ISA_CALL:
        t->values[VCPU_ESP].distance -= 4;
        break;
    case ISA_POP:
        if (!(op->replaces >> VCPU_ESP & 1u)) {
            t->values[VCPU_ESP].distance += 4;
        }
        break;
    case ISA_LEAVE:
        t->values[VCPU_ESP] = (struct value){esp.origin, esp.distance + 4};
        break;
    default:
        break;
    }
}

/* --- accesses --------------------------------------------------------------------------------- */

/* Widens the candidate by the bytes at distance; false if that makes it too long. */
static bool widen(struct candidate *candidate, uint32_t distance, uint32_t size_bytes)
{
    /* Distances are modulo 2^32: compare them as seen from the lowest byte. */
    int32_t from = (int32_t)(distance - candidate->low);
    uint32_t low = from < 0 ? distance : candidate->low;
    uint32_t end = candidate->end;
    if ((int32_t)(distance + size_bytes - end) > 0) {
        end = distance + size_bytes;
    }
    if (end - low > SPAN_MAX_BYTES) {
        return false;
    }
    candidate->low = low;
    candidate->end = end;
    return true;
}

/* The access goes to the latest candidate of its family that can take it, or begins one. */
static void add_access(struct tracker *t, struct block *block, uint32_t index, uint32_t which)
{
    struct block_access *access = &block->ops[index].access[which];
    struct value base = t->values[access->base];
    struct value second = t->values[access->index];
    struct family family = {base.origin, second.origin, second.origin ? access->shift : 0};
    uint32_t distance = access->displacement + base.distance + (second.distance << access->shift);
    uint32_t at = t->count;
    while (at > 0 && (t->candidates[at - 1].family.base != family.base ||
                      t->candidates[at - 1].family.index != family.index ||
                      t->candidates[at - 1].family.shift != family.shift)) {
        at--;
    }
    if (at == 0 || !widen(&t->candidates[at - 1], distance, access->size_bytes)) {
        at = ++t->count;
        t->candidates[at - 1] = (struct candidate){.family = family,
                                                   .group = {.first = index, .access = which},
                                                   .low = distance,
                                                   .end = distance + access->size_bytes};
    }
    struct block_group *group = &t->candidates[at - 1].group;
    group->last = index;
    group->count++;
    group->write |= access->write;
    access->group = (uint8_t)(at - 1);
    access->group_offset = distance;
}

/* --- the choice ------------------------------------------------------------------------------- */

/* There is one register for anchors: is it free where the candidate wants it? */
static bool is_free(const struct block *block, const struct block_group *group)
{
    for (uint32_t i = 0; i < block->group_count; i++) {
        if (group->first <= block->groups[i].last && block->groups[i].first <= group->last) {
            return false;
        }
    }
    return true;
}

/* The candidates that save most first; of[] says which group a candidate became. */
static void choose(struct tracker *t, struct block *block, uint8_t of[BLOCK_OPS_MAX * ACCESSES])
{
    while (block->group_count < BLOCK_GROUPS_MAX) {
        struct candidate *best = NULL;
        for (uint32_t i = 0; i < t->count; i++) {
            struct candidate *candidate = &t->candidates[i];
            if (of[i] == GROUP_NONE && candidate->group.count > (best ? best->group.count : 1) &&
                is_free(block, &candidate->group)) {
                best = candidate;
            }
        }
        if (!best) {
            return;
        }
        best->group.size_bytes = best->end - best->low;
        of[best - t->candidates] = (uint8_t)block->group_count;
        block->groups[block->group_count++] = best->group;
    }
}

void block_group_accesses(struct block *block)
{
    struct tracker t = {.count = 0};
    uint8_t of[BLOCK_OPS_MAX * ACCESSES];
    memset(of, GROUP_NONE, sizeof of);
    for (unsigned reg = 0; reg < VCPU_REGISTER_COUNT; reg++) {
        forget(&t, reg);
    }
    for (uint32_t i = 0; i < block->count; i++) {
        for (uint32_t which = 0; which < ACCESSES; which++) {
            if (block->ops[i].access[which].size_bytes) {
                add_access(&t, block, i, which);
            }
        }
        follow(&t, &block->ops[i]);
    }
    block->group_count = 0;
    choose(&t, block, of);
    for (uint32_t i = 0; i < block->count; i++) {
        for (uint32_t which = 0; which < ACCESSES; which++) {
            struct block_access *access = &block->ops[i].access[which];
            if (access->size_bytes) {
                access->group_offset -= t.candidates[access->group].low;
                access->group = of[access->group];
            }
        }
    }
}
