/*
 * Arithmetic on the 80-bit values of the x87, bit for bit as the hardware does it with every
 * exception masked (Intel SDM vol. 1, chapters 4 and 8). It knows nothing of registers, stacks and
 * guests.
 *
 * This header is the interface; what implements it is chosen at its end. On x86 hosts that is the
 * host's own x87 (x87_value_x86.h). Another host would implement the same functions over a
 * software library; until one does, the build stops there.
 *
 * Everywhere: `control` is a guest's control word, of which only the precision and rounding control
 * are looked at; every bit pattern is a valid argument, the unsupported encodings (unnormals,
 * pseudo-NaN, pseudo-infinity, pseudo-denormal) included, and is treated as the hardware treats it.
 */
#ifndef DENALI_VCPU_X87_VALUE_H
#define DENALI_VCPU_X87_VALUE_H

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

/* a `operation` b, rounded to the precision and in the direction that control says. */
static inline struct x87_value x87_value_combine(enum x87_operation operation, struct x87_value a,
                                                 struct x87_value b, uint16_t control);

/*
 * The same with b in a memory format other than I64. It is not combine(a, from(b)): from() quiets a
 * signalling NaN, after which the other operand's NaN may win; here b takes part as it is.
 */
static inline struct x87_value x87_value_combine_memory(enum x87_operation operation,
                                                        struct x87_value a, enum x87_format format,
                                                        uint64_t bits, uint16_t control);

static inline struct x87_value x87_value_sqrt(struct x87_value value, uint16_t control);

/* To an integral value, in the direction that control says. */
static inline struct x87_value x87_value_round(struct x87_value value, uint16_t control);

/* From a memory format: always exact, except that a signalling NaN becomes quiet. */
static inline struct x87_value x87_value_from(enum x87_format format, uint64_t bits);

/* To a memory format, rounded in the direction that control says (precision control has no part
 * in it). Integers out of range, infinities and NaN give the integer indefinite. */
static inline uint64_t x87_value_to(enum x87_format format, struct x87_value value,
                                    uint16_t control);

/* A NaN or an unsupported encoding is unordered with everything. */
static inline enum x87_relation x87_value_compare(struct x87_value a, struct x87_value b);

/* As the fld1 .. fldz family loads it: rounded from more bits in the direction that control says.
 */
static inline struct x87_value x87_value_constant(enum x87_constant constant, uint16_t control);

#if defined(__x86_64__) || defined(__i386__)
#include "x87/x87_value_x86.h"
#else
#error "x87 arithmetic needs an x86 host, or an implementation of x87_value.h for this one"
#endif

#endif
