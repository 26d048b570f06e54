/*
 * x87_value.h on hosts without an x87: x87_mpfr.c does the arithmetic.
 *
 * Included by x87_value.h only.
 */
#ifndef DENALI_VCPU_X87_VALUE_MPFR_H
#define DENALI_VCPU_X87_VALUE_MPFR_H

#include "x87/x87_mpfr.h"

static inline struct x87_value x87_value_combine(enum x87_operation operation, struct x87_value a,
                                                 struct x87_value b, uint16_t control)
{
    return x87_mpfr_combine(operation, a, b, control);
}

static inline struct x87_value x87_value_combine_memory(enum x87_operation operation,
                                                        struct x87_value a, enum x87_format format,
                                                        uint64_t bits, uint16_t control)
{
    return x87_mpfr_combine_memory(operation, a, format, bits, control);
}

static inline struct x87_value x87_value_sqrt(struct x87_value value, uint16_t control)
{
    return x87_mpfr_sqrt(value, control);
}

static inline struct x87_value x87_value_round(struct x87_value value, uint16_t control)
{
    return x87_mpfr_round(value, control);
}

static inline struct x87_value x87_value_from(enum x87_format format, uint64_t bits)
{
    return x87_mpfr_from(format, bits);
}

static inline uint64_t x87_value_to(enum x87_format format, struct x87_value value,
                                    uint16_t control)
{
    return x87_mpfr_to(format, value, control);
}

static inline enum x87_relation x87_value_compare(struct x87_value a, struct x87_value b)
{
    return x87_mpfr_compare(a, b);
}

static inline struct x87_value x87_value_constant(enum x87_constant constant, uint16_t control)
{
    return x87_mpfr_constant(constant, control);
}

#endif
