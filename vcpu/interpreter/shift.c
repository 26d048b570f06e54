/*
 * Shifts and rotates: shl shr sar rol ror rcl rcr shld shrd (Intel SDM vol. 2B).
 *
 * The count is taken modulo 32; a count of 0 changes no flag. What x86 leaves undefined is 0: AF
 * after every shift, OF after a shift or rotate by more than 1. A 16-bit double shift by more than
 * 16 goes on with the bits of the destination (docs/isa.md, "Undefined by x86").
 */
#include "interpreter/flags.h"
#include "interpreter/shapes.h"

static inline uint32_t width_mask(unsigned bits)
{
    return bits == 32 ? UINT32_MAX : (1u << bits) - 1u;
}

static inline uint32_t top_bit(uint32_t value, unsigned bits)
{
    return (value >> (bits - 1u)) & 1u;
}

/* OF, given what it is after a count of 1. */
static inline uint32_t overflow(uint32_t count, uint32_t if_one)
{
    return count == 1 ? if_one & 1u : 0;
}

static inline uint32_t shl(struct interpreter *m, uint32_t a, uint32_t count, unsigned bits)
{
    count &= 31u;
    if (count == 0) {
        return a;
    }
    uint64_t wide = (uint64_t)a << count;
    uint32_t cf = (uint32_t)(wide >> bits) & 1u;
    uint32_t result = (uint32_t)wide & width_mask(bits);
    flags_of_result(m, result, bits, cf, overflow(count, cf ^ top_bit(result, bits)));
    return result;
}

static inline uint32_t shr(struct interpreter *m, uint32_t a, uint32_t count, unsigned bits)
{
    count &= 31u;
    if (count == 0) {
        return a;
    }
    uint32_t cf = (a >> (count - 1u)) & 1u;
    uint32_t result = a >> count;
    flags_of_result(m, result, bits, cf, overflow(count, top_bit(a, bits)));
    return result;
}

static inline uint32_t sar(struct interpreter *m, uint32_t a, uint32_t count, unsigned bits)
{
    count &= 31u;
    if (count == 0) {
        return a;
    }
    int32_t value = (int32_t)sign_extend(a, bits);
    uint32_t cf = (uint32_t)(value >> (count - 1u)) & 1u;
    uint32_t result = (uint32_t)(value >> count) & width_mask(bits);
    flags_of_result(m, result, bits, cf, 0);
    return result;
}

/* Rotates change CF and OF only. */

static inline uint32_t rol(struct interpreter *m, uint32_t a, uint32_t count, unsigned bits)
{
    count &= 31u;
    if (count == 0) {
        return a;
    }
    uint32_t by = count % bits;
    uint32_t result = by ? ((a << by) | (a >> (bits - by))) & width_mask(bits) : a;
    uint32_t cf = result & 1u;
    flags_set_cf_of(m, cf, overflow(count, cf ^ top_bit(result, bits)));
    return result;
}

static inline uint32_t ror(struct interpreter *m, uint32_t a, uint32_t count, unsigned bits)
{
    count &= 31u;
    if (count == 0) {
        return a;
    }
    uint32_t by = count % bits;
    uint32_t result = by ? ((a >> by) | (a << (bits - by))) & width_mask(bits) : a;
    uint32_t cf = top_bit(result, bits);
    flags_set_cf_of(m, cf, overflow(count, cf ^ (result >> (bits - 2u))));
    return result;
}

/* Through carry: bits + 1 bits go round. A count that comes to 0 of those changes no flag, but one
 * of more than 1 still makes OF 0. */
static inline uint32_t rcl(struct interpreter *m, uint32_t a, uint32_t count, unsigned bits)
{
    count &= 31u;
    if (count == 0) {
        return a;
    }
    uint32_t by = count % (bits + 1u);
    uint64_t ring = (uint64_t)flag_cf(m) << bits | a;
    if (by) {
        ring = ring << by | ring >> (bits + 1u - by);
    }
    uint32_t result = (uint32_t)ring & width_mask(bits);
    uint32_t cf = (uint32_t)(ring >> bits) & 1u;
    flags_set_cf_of(m, cf, overflow(count, cf ^ top_bit(result, bits)));
    return result;
}

static inline uint32_t rcr(struct interpreter *m, uint32_t a, uint32_t count, unsigned bits)
{
    count &= 31u;
    if (count == 0) {
        return a;
    }
    uint32_t by = count % (bits + 1u);
    uint64_t ring = (uint64_t)flag_cf(m) << bits | a;
    if (by) {
        ring = ring >> by | ring << (bits + 1u - by);
    }
    uint32_t result = (uint32_t)ring & width_mask(bits);
    uint32_t cf = (uint32_t)(ring >> bits) & 1u;
    flags_set_cf_of(m, cf, overflow(count, top_bit(result, bits) ^ (result >> (bits - 2u))));
    return result;
}

#define SHIFT_WIDTH(work, bits)                                                                    \
    HANDLER(work##bits##_ri)                                                                       \
    {                                                                                              \
        REG##bits(m, op->to) = (uint##bits##_t)work(m, REG##bits(m, op->to), op->immediate, bits); \
        NEXT;                                                                                      \
    }                                                                                              \
    HANDLER(work##bits##_rc)                                                                       \
    {                                                                                              \
        REG##bits(m, op->to) =                                                                     \
            (uint##bits##_t)work(m, REG##bits(m, op->to), m->gpr[VCPU_ECX], bits);                 \
        NEXT;                                                                                      \
    }                                                                                              \
    HANDLER(work##bits##_mi)                                                                       \
    {                                                                                              \
        UPDATE_OPERAND(bits, value, bytes);                                                        \
        value = (uint##bits##_t)work(m, value, op->immediate, bits);                               \
        memcpy(bytes, &value, sizeof value);                                                       \
        NEXT_STORED;                                                                               \
    }                                                                                              \
    HANDLER(work##bits##_mc)                                                                       \
    {                                                                                              \
        UPDATE_OPERAND(bits, value, bytes);                                                        \
        value = (uint##bits##_t)work(m, value, m->gpr[VCPU_ECX], bits);                            \
        memcpy(bytes, &value, sizeof value);                                                       \
        NEXT_STORED;                                                                               \
    }

#define SHIFT(work) SHIFT_WIDTH(work, 8) SHIFT_WIDTH(work, 16) SHIFT_WIDTH(work, 32)

SHIFT(shl)
SHIFT(shr)
SHIFT(sar)
SHIFT(rol)
SHIFT(ror)
SHIFT(rcl)
SHIFT(rcr)

/*
 * Double shifts, on the destination with the source beyond it, and beyond that, for 16 bits, the
 * destination again (a count may be up to 31).
 */
static inline uint32_t shld(struct interpreter *m, uint32_t a, uint32_t b, uint32_t count,
                            unsigned bits)
{
    count &= 31u;
    if (count == 0) {
        return a;
    }
    uint64_t wide = bits == 32 ? (uint64_t)a << 32 | b
                               : (uint64_t)a << 48 | (uint64_t)b << 32 | (uint64_t)a << 16;
    uint32_t cf = (uint32_t)(wide >> (64u - count)) & 1u;
    uint32_t result = (uint32_t)((wide << count) >> (64u - bits));
    flags_of_result(m, result, bits, cf, overflow(count, top_bit(a, bits) ^ top_bit(result, bits)));
    return result;
}

static inline uint32_t shrd(struct interpreter *m, uint32_t a, uint32_t b, uint32_t count,
                            unsigned bits)
{
    count &= 31u;
    if (count == 0) {
        return a;
    }
    uint64_t wide = bits == 32 ? (uint64_t)b << 32 | a : (uint64_t)a << 32 | (uint64_t)b << 16 | a;
    uint32_t cf = (uint32_t)(wide >> (count - 1u)) & 1u;
    uint32_t result = (uint32_t)(wide >> count) & width_mask(bits);
    flags_of_result(m, result, bits, cf, overflow(count, top_bit(a, bits) ^ top_bit(result, bits)));
    return result;
}

/* op->detail: the count comes from CL. */
static inline uint32_t double_count(const struct interpreter *m, const struct op *op)
{
    return op->detail ? m->gpr[VCPU_ECX] : op->immediate;
}

#define DOUBLE_WIDTH(work, bits)                                                                   \
    HANDLER(work##bits##_r)                                                                        \
    {                                                                                              \
        REG##bits(m, op->to) = (uint##bits##_t)work(                                               \
            m, REG##bits(m, op->to), REG##bits(m, op->from), double_count(m, op), bits);           \
        NEXT;                                                                                      \
    }                                                                                              \
    HANDLER(work##bits##_m)                                                                        \
    {                                                                                              \
        UPDATE_OPERAND(bits, value, bytes);                                                        \
        value = (uint##bits##_t)work(m, value, REG##bits(m, op->from), double_count(m, op), bits); \
        memcpy(bytes, &value, sizeof value);                                                       \
        NEXT_STORED;                                                                               \
    }

DOUBLE_WIDTH(shld, 16)
DOUBLE_WIDTH(shld, 32)
DOUBLE_WIDTH(shrd, 16)
DOUBLE_WIDTH(shrd, 32)

/* By [width_index][memory][by CL]. */
typedef op_handler *const shift_table[3][2][2];

#define SHIFT_TABLE_WIDTH(work, bits)                                                              \
    {                                                                                              \
        {work##bits##_ri, work##bits##_rc},                                                        \
        {                                                                                          \
            work##bits##_mi, work##bits##_mc                                                       \
        }                                                                                          \
    }
#define SHIFT_TABLE(work)                                                                          \
    {                                                                                              \
        SHIFT_TABLE_WIDTH(work, 8), SHIFT_TABLE_WIDTH(work, 16), SHIFT_TABLE_WIDTH(work, 32)       \
    }

static op_handler *double_select(const struct isa_instruction *instruction, struct op *op)
{
    /* By [right][32 bits][memory]. */
    static op_handler *const handlers[2][2][2] = {{{shld16_r, shld16_m}, {shld32_r, shld32_m}},
                                                  {{shrd16_r, shrd16_m}, {shrd32_r, shrd32_m}}};
    op->from = (uint8_t)(instruction->operand[1].number * 4u); /* not CL, the third operand */
    op->detail = instruction->operand[2].kind == ISA_OPERAND_REGISTER;
    return handlers[instruction->operation == ISA_SHRD][instruction->width_bits == 32]
                   [instruction->memory_operand == 0];
}

op_handler *shift_select(const struct isa_instruction *instruction, struct op *op)
{
    static shift_table tables[] = {SHIFT_TABLE(rol), SHIFT_TABLE(ror), SHIFT_TABLE(rcl),
                                   SHIFT_TABLE(rcr), SHIFT_TABLE(shl), SHIFT_TABLE(shr),
                                   SHIFT_TABLE(sar)};
    if (instruction->operation == ISA_SHLD || instruction->operation == ISA_SHRD) {
        return double_select(instruction, op);
    }
    return tables[instruction->operation - ISA_ROL][width_index(instruction)]
                 [instruction->memory_operand == 0]
                 [instruction->operand[1].kind == ISA_OPERAND_REGISTER];
}
