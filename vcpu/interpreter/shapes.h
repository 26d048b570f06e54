/*
 * Handlers for every shape of operands from one function that does the work.
 *
 * An instruction such as `add` is written once, as
 *     static inline uint32_t add(struct interpreter *m, uint32_t a, uint32_t b, unsigned bits)
 * which takes zero-extended operands, sets the flags and returns the result (its low bits count).
 * BINARY(add) then makes the fifteen handlers add8_rr ... add32_mi, and BINARY_TABLE(add) the table
 * of them by [width_index][SHAPE_x - SHAPE_RR]. `bits` is a constant in each, so the compiler
 * leaves nothing of the generality.
 *
 * COMPARE is for instructions that only read (cmp, test), UNARY for one operand.
 */
#ifndef DENALI_VCPU_INTERPRETER_SHAPES_H
#define DENALI_VCPU_INTERPRETER_SHAPES_H

#include "interpreter/interpreter.h"

#define HANDLER(name) static const struct op *name(struct interpreter *m, const struct op *op)

/* Reads the memory operand into `value`, or returns the fault. */
#define LOAD_OPERAND(bits, value)                                                                  \
    uint##bits##_t value;                                                                          \
    if (UNLIKELY(!load##bits(m, op, op_address(m, op), &value))) {                                 \
        return op;                                                                                 \
    }

/* Makes `bytes` the memory operand, to be read and written in place, and `value` what it holds. */
#define UPDATE_OPERAND(bits, value, bytes)                                                         \
    uint8_t *bytes = update(m, op, op_address(m, op), (bits) / 8);                                 \
    if (UNLIKELY(!bytes)) {                                                                        \
        return op;                                                                                 \
    }                                                                                              \
    uint##bits##_t value;                                                                          \
    memcpy(&value, bytes, sizeof value)

#define BINARY_WIDTH(work, bits)                                                                   \
    HANDLER(work##bits##_rr)                                                                       \
    {                                                                                              \
        REG##bits(m, op->to) =                                                                     \
            (uint##bits##_t)work(m, REG##bits(m, op->to), REG##bits(m, op->from), bits);           \
        NEXT;                                                                                      \
    }                                                                                              \
    HANDLER(work##bits##_ri)                                                                       \
    {                                                                                              \
        REG##bits(m, op->to) =                                                                     \
            (uint##bits##_t)work(m, REG##bits(m, op->to), (uint##bits##_t)op->immediate, bits);    \
        NEXT;                                                                                      \
    }                                                                                              \
    HANDLER(work##bits##_rm)                                                                       \
    {                                                                                              \
        LOAD_OPERAND(bits, value)                                                                  \
        REG##bits(m, op->to) = (uint##bits##_t)work(m, REG##bits(m, op->to), value, bits);         \
        NEXT;                                                                                      \
    }                                                                                              \
    HANDLER(work##bits##_mr)                                                                       \
    {                                                                                              \
        UPDATE_OPERAND(bits, value, bytes);                                                        \
        value = (uint##bits##_t)work(m, value, REG##bits(m, op->from), bits);                      \
        memcpy(bytes, &value, sizeof value);                                                       \
        NEXT_STORED;                                                                               \
    }                                                                                              \
    HANDLER(work##bits##_mi)                                                                       \
    {                                                                                              \
        UPDATE_OPERAND(bits, value, bytes);                                                        \
        value = (uint##bits##_t)work(m, value, (uint##bits##_t)op->immediate, bits);               \
        memcpy(bytes, &value, sizeof value);                                                       \
        NEXT_STORED;                                                                               \
    }

#define BINARY(work) BINARY_WIDTH(work, 8) BINARY_WIDTH(work, 16) BINARY_WIDTH(work, 32)

#define COMPARE_WIDTH(work, bits)                                                                  \
    HANDLER(work##bits##_rr)                                                                       \
    {                                                                                              \
        work(m, REG##bits(m, op->to), REG##bits(m, op->from), bits);                               \
        NEXT;                                                                                      \
    }                                                                                              \
    HANDLER(work##bits##_ri)                                                                       \
    {                                                                                              \
        work(m, REG##bits(m, op->to), (uint##bits##_t)op->immediate, bits);                        \
        NEXT;                                                                                      \
    }                                                                                              \
    HANDLER(work##bits##_rm)                                                                       \
    {                                                                                              \
        LOAD_OPERAND(bits, value)                                                                  \
        work(m, REG##bits(m, op->to), value, bits);                                                \
        NEXT;                                                                                      \
    }                                                                                              \
    HANDLER(work##bits##_mr)                                                                       \
    {                                                                                              \
        LOAD_OPERAND(bits, value)                                                                  \
        work(m, value, REG##bits(m, op->from), bits);                                              \
        NEXT;                                                                                      \
    }                                                                                              \
    HANDLER(work##bits##_mi)                                                                       \
    {                                                                                              \
        LOAD_OPERAND(bits, value)                                                                  \
        work(m, value, (uint##bits##_t)op->immediate, bits);                                       \
        NEXT;                                                                                      \
    }

#define COMPARE(work) COMPARE_WIDTH(work, 8) COMPARE_WIDTH(work, 16) COMPARE_WIDTH(work, 32)

#define BINARY_ROW(work, bits)                                                                     \
    {                                                                                              \
        work##bits##_rr, work##bits##_ri, work##bits##_rm, work##bits##_mr, work##bits##_mi        \
    }
#define BINARY_TABLE(work)                                                                         \
    {                                                                                              \
        BINARY_ROW(work, 8), BINARY_ROW(work, 16), BINARY_ROW(work, 32)                            \
    }
/* By [width_index][shape - SHAPE_RR]. */
typedef op_handler *const binary_table[3][5];

/* The handler for an instruction's width and shape, NULL if the shape is not binary. */
static inline op_handler *binary_pick(binary_table table, const struct isa_instruction *instruction)
{
    enum op_shape shape = op_shape_of(instruction);
    if (shape < SHAPE_RR || shape > SHAPE_MI) {
        return NULL;
    }
    return table[width_index(instruction)][shape - SHAPE_RR];
}

/* work(m, a, bits) */
#define UNARY_WIDTH(work, bits)                                                                    \
    HANDLER(work##bits##_r)                                                                        \
    {                                                                                              \
        REG##bits(m, op->to) = (uint##bits##_t)work(m, REG##bits(m, op->to), bits);                \
        NEXT;                                                                                      \
    }                                                                                              \
    HANDLER(work##bits##_m)                                                                        \
    {                                                                                              \
        UPDATE_OPERAND(bits, value, bytes);                                                        \
        value = (uint##bits##_t)work(m, value, bits);                                              \
        memcpy(bytes, &value, sizeof value);                                                       \
        NEXT_STORED;                                                                               \
    }

#define UNARY(work) UNARY_WIDTH(work, 8) UNARY_WIDTH(work, 16) UNARY_WIDTH(work, 32)

#define UNARY_TABLE(work)                                                                          \
    {                                                                                              \
        {work##8_r, work##8_m}, {work##16_r, work##16_m},                                          \
        {                                                                                          \
            work##32_r, work##32_m                                                                 \
        }                                                                                          \
    }
/* By [width_index][1 if the operand is memory]. */
typedef op_handler *const unary_table[3][2];

static inline op_handler *unary_pick(unary_table table, const struct isa_instruction *instruction)
{
    return table[width_index(instruction)][instruction->memory_operand == 0];
}

#endif
