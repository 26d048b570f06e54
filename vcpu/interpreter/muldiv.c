/*
 * Multiplication and division: mul imul div idiv (Intel SDM vol. 2A, 2B).
 *
 * After a multiplication CF and OF say whether the upper half counts; SF ZF AF PF, which x86 leaves
 * undefined, are 0. After a division all six are 0.
 */
#include "interpreter/flags.h"
#include "interpreter/shapes.h"

/* CF = OF = wide, the others 0. A result of 1 has ZF, SF and PF all 0. */
static inline void product_flags(struct interpreter *m, bool wide)
{
    m->result = 1;
    m->carries = wide ? CARRY_CF : 0;
}

static inline uint32_t product_pair(struct interpreter *m, uint32_t low, uint32_t high,
                                    unsigned bits)
{
    if (bits == 8) {
        REG16(m, VCPU_EAX * 4) = (uint16_t)(high << 8 | (low & 0xffu));
    } else if (bits == 16) {
        REG16(m, VCPU_EAX * 4) = (uint16_t)low;
        REG16(m, VCPU_EDX * 4) = (uint16_t)high;
    } else {
        m->gpr[VCPU_EAX] = low;
        m->gpr[VCPU_EDX] = high;
    }
    return high;
}

static inline uint32_t low_bits(uint32_t value, unsigned bits)
{
    return bits == 32 ? value : value & ((1u << bits) - 1u);
}

static inline bool mul(struct interpreter *m, uint32_t b, unsigned bits)
{
    uint64_t product = (uint64_t)low_bits(m->gpr[VCPU_EAX], bits) * b;
    uint32_t high = low_bits((uint32_t)(product >> bits), bits);
    product_pair(m, (uint32_t)product, high, bits);
    product_flags(m, high != 0);
    return true;
}

static inline bool imul(struct interpreter *m, uint32_t b, unsigned bits)
{
    int64_t product =
        (int64_t)(int32_t)sign_extend(m->gpr[VCPU_EAX], bits) * (int32_t)sign_extend(b, bits);
    product_pair(m, (uint32_t)product, low_bits((uint32_t)((uint64_t)product >> bits), bits), bits);
    product_flags(m, product != (int32_t)sign_extend((uint32_t)product, bits));
    return true;
}

/* The dividend: AX, DX:AX or EDX:EAX. */
static inline uint64_t dividend(const struct interpreter *m, unsigned bits)
{
    if (bits == 8) {
        return (uint16_t)m->gpr[VCPU_EAX];
    }
    return (uint64_t)low_bits(m->gpr[VCPU_EDX], bits) << bits | low_bits(m->gpr[VCPU_EAX], bits);
}

static inline void division_done(struct interpreter *m, uint32_t quotient, uint32_t remainder,
                                 unsigned bits)
{
    product_pair(m, quotient, low_bits(remainder, bits), bits);
    product_flags(m, false);
}

/* False if the quotient does not fit: a DIVIDE fault. */
static inline bool div_unsigned(struct interpreter *m, uint32_t b, unsigned bits)
{
    uint64_t a = dividend(m, bits);
    if (b == 0 || a / b != low_bits((uint32_t)(a / b), bits)) {
        return false;
    }
    division_done(m, (uint32_t)(a / b), (uint32_t)(a % b), bits);
    return true;
}

static inline bool div_signed(struct interpreter *m, uint32_t b, unsigned bits)
{
    unsigned spare = 64u - 2u * bits;
    int64_t a = (int64_t)(dividend(m, bits) << spare) >> spare;
    int32_t divisor = (int32_t)sign_extend(b, bits);
    if (divisor == 0 || (divisor == -1 && a == INT64_MIN)) {
        return false;
    }
    int64_t quotient = a / divisor;
    if (quotient != (int32_t)sign_extend((uint32_t)quotient, bits)) {
        return false;
    }
    division_done(m, (uint32_t)quotient, (uint32_t)(a % divisor), bits);
    return true;
}

#define ONE_OPERAND_WIDTH(work, bits)                                                              \
    HANDLER(work##bits##_r)                                                                        \
    {                                                                                              \
        if (UNLIKELY(!work(m, REG##bits(m, op->to), bits))) {                                      \
            return interpreter_fault(m, op, VCPU_FAULT_DIVIDE, 0);                                 \
        }                                                                                          \
        NEXT;                                                                                      \
    }                                                                                              \
    HANDLER(work##bits##_m)                                                                        \
    {                                                                                              \
        LOAD_OPERAND(bits, value)                                                                  \
        if (UNLIKELY(!work(m, value, bits))) {                                                     \
            return interpreter_fault(m, op, VCPU_FAULT_DIVIDE, 0);                                 \
        }                                                                                          \
        NEXT;                                                                                      \
    }
#define ONE_OPERAND(work)                                                                          \
    ONE_OPERAND_WIDTH(work, 8) ONE_OPERAND_WIDTH(work, 16) ONE_OPERAND_WIDTH(work, 32)

ONE_OPERAND(mul)
ONE_OPERAND(imul)
ONE_OPERAND(div_unsigned)
ONE_OPERAND(div_signed)

/* imul with a register target. */
static inline uint32_t imul_to(struct interpreter *m, uint32_t a, uint32_t b, unsigned bits)
{
    int64_t product = (int64_t)(int32_t)sign_extend(a, bits) * (int32_t)sign_extend(b, bits);
    product_flags(m, product != (int32_t)sign_extend((uint32_t)product, bits));
    return (uint32_t)product;
}

#define TO_REGISTER_WIDTH(bits)                                                                    \
    HANDLER(imul##bits##_rr)                                                                       \
    {                                                                                              \
        REG##bits(m, op->to) =                                                                     \
            (uint##bits##_t)imul_to(m, REG##bits(m, op->to), REG##bits(m, op->from), bits);        \
        NEXT;                                                                                      \
    }                                                                                              \
    HANDLER(imul##bits##_rm)                                                                       \
    {                                                                                              \
        LOAD_OPERAND(bits, value)                                                                  \
        REG##bits(m, op->to) = (uint##bits##_t)imul_to(m, REG##bits(m, op->to), value, bits);      \
        NEXT;                                                                                      \
    }                                                                                              \
    HANDLER(imul##bits##_rri)                                                                      \
    {                                                                                              \
        REG##bits(m, op->to) =                                                                     \
            (uint##bits##_t)imul_to(m, REG##bits(m, op->from), op->immediate, bits);               \
        NEXT;                                                                                      \
    }                                                                                              \
    HANDLER(imul##bits##_rmi)                                                                      \
    {                                                                                              \
        LOAD_OPERAND(bits, value)                                                                  \
        REG##bits(m, op->to) = (uint##bits##_t)imul_to(m, value, op->immediate, bits);             \
        NEXT;                                                                                      \
    }

TO_REGISTER_WIDTH(16)
TO_REGISTER_WIDTH(32)

op_handler *muldiv_select(const struct isa_instruction *instruction, struct op *op)
{
    static unary_table muls = UNARY_TABLE(mul);
    static unary_table imuls = UNARY_TABLE(imul);
    static unary_table divs = UNARY_TABLE(div_unsigned);
    static unary_table idivs = UNARY_TABLE(div_signed);
    /* By [32 bits][immediate][memory]. */
    static op_handler *const imuls_to[2][2][2] = {
        {{imul16_rr, imul16_rm}, {imul16_rri, imul16_rmi}},
        {{imul32_rr, imul32_rm}, {imul32_rri, imul32_rmi}}};
    (void)op;
    switch (instruction->operation) {
    case ISA_MUL:
        return unary_pick(muls, instruction);
    case ISA_DIV:
        return unary_pick(divs, instruction);
    case ISA_IDIV:
        return unary_pick(idivs, instruction);
    default:
        if (instruction->operand_count == 1) {
            return unary_pick(imuls, instruction);
        }
        return imuls_to[instruction->width_bits == 32][instruction->operand_count == 3]
                       [instruction->memory_operand == 1];
    }
}
