/*
 * Addition and subtraction: add adc sub sbb cmp neg inc dec (Intel SDM vol. 2A).
 */
#include "interpreter/flags.h"
#include "interpreter/shapes.h"

static inline uint32_t add(struct interpreter *m, uint32_t a, uint32_t b, unsigned bits)
{
    return flags_add(m, a, b, bits);
}

static inline uint32_t adc(struct interpreter *m, uint32_t a, uint32_t b, unsigned bits)
{
    uint32_t sum = a + b + flag_cf(m);
    m->result = sign_extend(sum, bits);
    m->carries = carries_place(carries_of_sum(a, b, sum), bits);
    return sum;
}

static inline uint32_t sub(struct interpreter *m, uint32_t a, uint32_t b, unsigned bits)
{
    return flags_subtract(m, a, b, bits);
}

static inline uint32_t sbb(struct interpreter *m, uint32_t a, uint32_t b, unsigned bits)
{
    uint32_t difference = a - b - flag_cf(m);
    m->result = sign_extend(difference, bits);
    m->carries = carries_place(carries_of_difference(a, b, difference), bits);
    return difference;
}

static inline void cmp(struct interpreter *m, uint32_t a, uint32_t b, unsigned bits)
{
    flags_subtract(m, a, b, bits);
}

static inline uint32_t neg(struct interpreter *m, uint32_t a, unsigned bits)
{
    return sub(m, 0, a, bits);
}

/* inc and dec leave CF: put the old one in, and a carry into the top bit that gives the new OF. */
static inline void keep_cf(struct interpreter *m, uint32_t cf)
{
    flags_set_cf_of(m, cf, flag_of(m));
}

static inline uint32_t inc(struct interpreter *m, uint32_t a, unsigned bits)
{
    uint32_t cf = flag_cf(m);
    uint32_t sum = add(m, a, 1, bits);
    keep_cf(m, cf);
    return sum;
}

static inline uint32_t dec(struct interpreter *m, uint32_t a, unsigned bits)
{
    uint32_t cf = flag_cf(m);
    uint32_t difference = sub(m, a, 1, bits);
    keep_cf(m, cf);
    return difference;
}

BINARY(add)
BINARY(adc)
BINARY(sub)
BINARY(sbb)
COMPARE(cmp)
UNARY(neg)
UNARY(inc)
UNARY(dec)

op_handler *arithmetic_select(const struct isa_instruction *instruction, struct op *op)
{
    static binary_table adds = BINARY_TABLE(add);
    static binary_table adcs = BINARY_TABLE(adc);
    static binary_table subs = BINARY_TABLE(sub);
    static binary_table sbbs = BINARY_TABLE(sbb);
    static binary_table cmps = BINARY_TABLE(cmp);
    static unary_table negs = UNARY_TABLE(neg);
    static unary_table incs = UNARY_TABLE(inc);
    static unary_table decs = UNARY_TABLE(dec);
    (void)op;
    switch (instruction->operation) {
    case ISA_ADD:
        return binary_pick(adds, instruction);
    case ISA_ADC:
        return binary_pick(adcs, instruction);
    case ISA_SUB:
        return binary_pick(subs, instruction);
    case ISA_SBB:
        return binary_pick(sbbs, instruction);
    case ISA_CMP:
        return binary_pick(cmps, instruction);
    case ISA_NEG:
        return unary_pick(negs, instruction);
    case ISA_INC:
        return unary_pick(incs, instruction);
    case ISA_DEC:
        return unary_pick(decs, instruction);
    default:
        return NULL;
    }
}
