/*
 * Bits: bt bts btr btc bsf bsr setcc (Intel SDM vol. 2).
 *
 * Of the flags, the bit tests change CF to the bit; ZF stays; OF SF AF PF, which x86 leaves
 * undefined, become 0. The scans set ZF if the source is 0, leaving the target; the others become
 * 0.
 */
#include "interpreter/flags.h"
#include "interpreter/shapes.h"

static inline uint32_t test_bit(struct interpreter *m, uint32_t value, uint32_t bit)
{
    flags_zf_cf(m, flag_zf(m), (value >> bit) & 1u);
    return 1u << bit;
}

static inline uint32_t bt(struct interpreter *m, uint32_t value, uint32_t bit)
{
    test_bit(m, value, bit);
    return value;
}

static inline uint32_t bts(struct interpreter *m, uint32_t value, uint32_t bit)
{
    return value | test_bit(m, value, bit);
}

static inline uint32_t btr(struct interpreter *m, uint32_t value, uint32_t bit)
{
    return value & ~test_bit(m, value, bit);
}

static inline uint32_t btc(struct interpreter *m, uint32_t value, uint32_t bit)
{
    return value ^ test_bit(m, value, bit);
}

/* A bit offset in a register reaches beyond the operand: whole operands up or down from it. */
#define BIT_ADDRESS(bits, offset)                                                                  \
    (op_address(m, op) +                                                                           \
     (uint32_t)((int32_t)(int##bits##_t)(offset) >> ((bits) == 32 ? 5 : 4)) * ((bits) / 8u))

#define REGISTER_FORMS(work, bits)                                                                 \
    HANDLER(work##bits##_rr)                                                                       \
    {                                                                                              \
        REG##bits(m, op->to) =                                                                     \
            (uint##bits##_t)work(m, REG##bits(m, op->to), REG##bits(m, op->from) % (bits));        \
        NEXT;                                                                                      \
    }                                                                                              \
    HANDLER(work##bits##_ri)                                                                       \
    {                                                                                              \
        REG##bits(m, op->to) =                                                                     \
            (uint##bits##_t)work(m, REG##bits(m, op->to), op->immediate % (bits));                 \
        NEXT;                                                                                      \
    }

#define UPDATE_FORM(work, bits, suffix, address, offset)                                           \
    HANDLER(work##bits##_##suffix)                                                                 \
    {                                                                                              \
        uint8_t *bytes = update(m, op, address, (bits) / 8);                                       \
        if (UNLIKELY(!bytes)) {                                                                    \
            return op;                                                                             \
        }                                                                                          \
        uint##bits##_t value;                                                                      \
        memcpy(&value, bytes, sizeof value);                                                       \
        value = (uint##bits##_t)work(m, value, (offset) % (bits));                                 \
        memcpy(bytes, &value, sizeof value);                                                       \
        NEXT_STORED;                                                                               \
    }

/* bt only reads. */
#define READ_FORM(bits, suffix, address, offset)                                                   \
    HANDLER(bt##bits##_##suffix)                                                                   \
    {                                                                                              \
        uint##bits##_t value;                                                                      \
        if (!load##bits(m, op, address, &value)) {                                                 \
            return op;                                                                             \
        }                                                                                          \
        bt(m, value, (offset) % (bits));                                                           \
        NEXT;                                                                                      \
    }

#define BIT_WIDTH(work, bits)                                                                      \
    REGISTER_FORMS(work, bits)                                                                     \
    UPDATE_FORM(work, bits, mr, BIT_ADDRESS(bits, REG##bits(m, op->from)), REG##bits(m, op->from)) \
    UPDATE_FORM(work, bits, mi, op_address(m, op), op->immediate)

REGISTER_FORMS(bt, 16)
REGISTER_FORMS(bt, 32)
READ_FORM(16, mr, BIT_ADDRESS(16, REG16(m, op->from)), REG16(m, op->from))
READ_FORM(32, mr, BIT_ADDRESS(32, REG32(m, op->from)), REG32(m, op->from))
READ_FORM(16, mi, op_address(m, op), op->immediate)
READ_FORM(32, mi, op_address(m, op), op->immediate)
BIT_WIDTH(bts, 16)
BIT_WIDTH(bts, 32)
BIT_WIDTH(btr, 16)
BIT_WIDTH(btr, 32)
BIT_WIDTH(btc, 16)
BIT_WIDTH(btc, 32)

/* The lowest and highest set bit of a value that is not 0. */
static inline uint32_t bsf(uint32_t value)
{
    return (uint32_t)__builtin_ctz(value);
}

static inline uint32_t bsr(uint32_t value)
{
    return 31u - (uint32_t)__builtin_clz(value);
}

#define SCAN_WIDTH(work, bits)                                                                     \
    HANDLER(work##bits##_rr)                                                                       \
    {                                                                                              \
        uint##bits##_t value = REG##bits(m, op->from);                                             \
        if (value) {                                                                               \
            REG##bits(m, op->to) = (uint##bits##_t)work(value);                                    \
        }                                                                                          \
        flags_zf_cf(m, value == 0, 0);                                                             \
        NEXT;                                                                                      \
    }                                                                                              \
    HANDLER(work##bits##_rm)                                                                       \
    {                                                                                              \
        LOAD_OPERAND(bits, value)                                                                  \
        if (value) {                                                                               \
            REG##bits(m, op->to) = (uint##bits##_t)work(value);                                    \
        }                                                                                          \
        flags_zf_cf(m, value == 0, 0);                                                             \
        NEXT;                                                                                      \
    }
SCAN_WIDTH(bsf, 16)
SCAN_WIDTH(bsf, 32)
SCAN_WIDTH(bsr, 16)
SCAN_WIDTH(bsr, 32)

HANDLER(setcc_r)
{
    REG8(m, op->to) = condition_holds(m, op->condition);
    NEXT;
}

HANDLER(setcc_m)
{
    if (!store8(m, op, op_address(m, op), condition_holds(m, op->condition))) {
        return op;
    }
    NEXT_STORED;
}

#define BIT_ROW(work, bits)                                                                        \
    {                                                                                              \
        work##bits##_rr, work##bits##_ri, NULL, work##bits##_mr, work##bits##_mi                   \
    }
#define BIT_TABLE(work)                                                                            \
    {                                                                                              \
        {NULL}, BIT_ROW(work, 16), BIT_ROW(work, 32)                                               \
    }

op_handler *bit_select(const struct isa_instruction *instruction, struct op *op)
{
    static binary_table tests[] = {BIT_TABLE(bt), BIT_TABLE(bts), BIT_TABLE(btr), BIT_TABLE(btc)};
    /* By [reverse][32 bits][memory]. */
    static op_handler *const scans[2][2][2] = {{{bsf16_rr, bsf16_rm}, {bsf32_rr, bsf32_rm}},
                                               {{bsr16_rr, bsr16_rm}, {bsr32_rr, bsr32_rm}}};
    (void)op;
    switch (instruction->operation) {
    case ISA_SETCC:
        return instruction->memory_operand == 0 ? setcc_m : setcc_r;
    case ISA_BSF:
    case ISA_BSR:
        return scans[instruction->operation == ISA_BSR][instruction->width_bits == 32]
                    [instruction->memory_operand == 1];
    default:
        return binary_pick(tests[instruction->operation - ISA_BT], instruction);
    }
}
