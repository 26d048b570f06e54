/*
 * The register stack, for the files of x87/ only: st(i), empty and full, push and pop.
 */
#ifndef DENALI_VCPU_X87_STACK_H
#define DENALI_VCPU_X87_STACK_H

#include "x87/x87.h"
#include "x87/x87_value.h"

static inline unsigned x87_physical(const struct vcpu_x87 *x87, unsigned index)
{
    return (x87->top + index) & 7u;
}

static inline bool x87_empty(const struct vcpu_x87 *x87, unsigned index)
{
    return (x87->valid >> x87_physical(x87, index) & 1u) == 0;
}

static inline struct x87_value x87_get(const struct vcpu_x87 *x87, unsigned index)
{
    unsigned physical = x87_physical(x87, index);
    return (struct x87_value){x87->mantissa[physical], x87->sign_exponent[physical]};
}

/* What a read of the register as an operand by itself yields: indefinite if it is empty. */
static inline struct x87_value x87_read(const struct vcpu_x87 *x87, unsigned index)
{
    return x87_empty(x87, index) ? x87_value_indefinite() : x87_get(x87, index);
}

static inline void x87_put(struct vcpu_x87 *x87, unsigned index, struct x87_value value)
{
    unsigned physical = x87_physical(x87, index);
    x87->mantissa[physical] = value.mantissa;
    x87->sign_exponent[physical] = value.sign_exponent;
    x87->valid |= (uint8_t)(1u << physical);
}

/* Zeros keep empty registers canonical. */
static inline void x87_free(struct vcpu_x87 *x87, unsigned index)
{
    unsigned physical = x87_physical(x87, index);
    x87->mantissa[physical] = 0;
    x87->sign_exponent[physical] = 0;
    x87->valid &= (uint8_t) ~(1u << physical);
}

static inline void x87_drop(struct vcpu_x87 *x87)
{
    x87_free(x87, 0);
    x87->top = (x87->top + 1) & 7u;
}

/* Onto a full stack the masked overflow puts the indefinite value instead. */
static inline void x87_push(struct vcpu_x87 *x87, struct x87_value value)
{
    bool full = !x87_empty(x87, 7);
    x87->top = (x87->top - 1) & 7u;
    x87_put(x87, 0, full ? x87_value_indefinite() : value);
}

#endif
