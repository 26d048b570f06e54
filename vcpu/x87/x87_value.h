/*
 * Arithmetic on the 80-bit values of the x87, bit for bit as the hardware does it with every
 * exception masked (Intel SDM vol. 1, chapters 4 and 8). It knows nothing of registers, stacks and
 * guests.
 *
 * This header is the interface; what implements it is chosen at its end: on x86 hosts the host's
 * own x87 (x87_value_x86.h), elsewhere, or where the build asks for it, MPFR (x87_value_mpfr.h).
 * They give the same bits, which tests/vcpu/x87_mpfr_test.cc holds them to.
 *
 * Everywhere: `control` is a guest's control word, of which only the precision and rounding control
 * are looked at; every bit pattern is a valid argument, the unsupported encodings (unnormals,
 * pseudo-NaN, pseudo-infinity, pseudo-denormal) included, and is treated as the hardware treats it.
 */
#ifndef DENALI_VCPU_X87_VALUE_H
#define DENALI_VCPU_X87_VALUE_H

#include "x87/x87_types.h"

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

#if (defined(__x86_64__) || defined(__i386__)) && !defined(DENALI_X87_MPFR)
#include "x87/x87_value_x86.h"
#else
#include "x87/x87_value_mpfr.h"
#endif

#endif
