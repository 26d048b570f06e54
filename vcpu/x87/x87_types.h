/*
 * What x87 values are, and the words for what is done with them; the operations are x87_value.h's.
 */
#ifndef DENALI_VCPU_X87_TYPES_H
#define DENALI_VCPU_X87_TYPES_H

#include <stdbool.h>
#include <stdint.h>

/* Its first ten bytes are the value as it lies in memory (m80, little-endian hosts). */
struct x87_value {
    uint64_t mantissa;      /* integer bit explicit, bit 63 */
    uint16_t sign_exponent; /* sign bit 15, exponent biased by 16383 */
};

enum x87_operation {
    X87_ADD,
    X87_MUL,
    X87_SUB,  /* a - b */
    X87_SUBR, /* b - a */
    X87_DIV,  /* a / b */
    X87_DIVR, /* b / a */
};

/* Memory formats of at most 8 bytes, passed as bits in the low end of a uint64_t. */
enum x87_format {
    X87_F32,
    X87_F64,
    X87_I16,
    X87_I32,
    X87_I64,
};

enum x87_constant {
    X87_ONE,
    X87_LOG2_10,
    X87_LOG2_E,
    X87_PI,
    X87_LOG10_2,
    X87_LN_2,
    X87_ZERO,
};

/* How a compares with b; the values are the condition bits C0, C2, C3 of vcpu_x87.conditions. */
enum x87_relation {
    X87_GREATER = 0x0,
    X87_LESS = 0x1,
    X87_EQUAL = 0x8,
    X87_UNORDERED = 0xd,
};

#define X87_EXPONENT_MASK 0x7fffu
#define X87_SIGN_BIT      0x8000u
#define X87_INTEGER_BIT   0x8000000000000000u

#define X87_CONTROL_PRECISION_MASK     0x0300u
#define X87_CONTROL_PRECISION_EXTENDED 0x0300u
#define X87_CONTROL_PRECISION_RESERVED 0x0100u /* the hardware takes it for extended */
#define X87_CONTROL_ROUNDING_MASK      0x0c00u

/* The QNaN that a masked invalid operation yields ("real indefinite"). */
static inline struct x87_value x87_value_indefinite(void)
{
    return (struct x87_value){0xc000000000000000u, 0xffffu};
}

#endif
