/*
 * Arithmetic on the register stack: add, subtract, multiply, divide in all their forms, square
 * root, rounding, sign changes. The values are x87_value.h's; the stack faults are decided here.
 */
#include "x87/x87_forms.h"
#include "x87/x87_stack.h"

/*
 * A masked stack underflow yields the indefinite QNaN, whatever the other operand is, so the empty
 * check comes before the arithmetic and not as one more NaN operand.
 */
static inline __attribute__((always_inline)) void
combine(struct vcpu_x87 *x87, enum x87_operation operation, unsigned target, unsigned other)
{
    struct x87_value result = x87_value_indefinite();
    if (__builtin_expect(!x87_empty(x87, target) && !x87_empty(x87, other), 1)) {
        result =
            x87_value_combine(operation, x87_get(x87, target), x87_get(x87, other), x87->control);
    }
    x87_put(x87, target, result);
}

static inline __attribute__((always_inline)) void combine_memory(struct vcpu_x87 *x87,
                                                                 enum x87_operation operation,
                                                                 enum x87_format format,
                                                                 struct x87_operand operand)
{
    struct x87_value result = x87_value_indefinite();
    if (__builtin_expect(!x87_empty(x87, 0), 1)) {
        result =
            x87_value_combine_memory(operation, x87_get(x87, 0), format, operand.low, x87->control);
    }
    x87_put(x87, 0, result);
}

#define DEFINE(name, operation)                                                                    \
    void x87_##name##_top(struct vcpu_x87 *x87, unsigned index)                                    \
    {                                                                                              \
        combine(x87, operation, 0, index);                                                         \
    }                                                                                              \
    void x87_##name##_to(struct vcpu_x87 *x87, unsigned index)                                     \
    {                                                                                              \
        combine(x87, operation, index, 0);                                                         \
    }                                                                                              \
    void x87_##name##_pop(struct vcpu_x87 *x87, unsigned index)                                    \
    {                                                                                              \
        combine(x87, operation, index, 0);                                                         \
        x87_drop(x87);                                                                             \
    }                                                                                              \
    void x87_##name##_f32(struct vcpu_x87 *x87, struct x87_operand operand)                        \
    {                                                                                              \
        combine_memory(x87, operation, X87_F32, operand);                                          \
    }                                                                                              \
    void x87_##name##_f64(struct vcpu_x87 *x87, struct x87_operand operand)                        \
    {                                                                                              \
        combine_memory(x87, operation, X87_F64, operand);                                          \
    }                                                                                              \
    void x87_##name##_i16(struct vcpu_x87 *x87, struct x87_operand operand)                        \
    {                                                                                              \
        combine_memory(x87, operation, X87_I16, operand);                                          \
    }                                                                                              \
    void x87_##name##_i32(struct vcpu_x87 *x87, struct x87_operand operand)                        \
    {                                                                                              \
        combine_memory(x87, operation, X87_I32, operand);                                          \
    }

X87_OPERATION_LIST(DEFINE)

void x87_sqrt(struct vcpu_x87 *x87, unsigned index)
{
    (void)index;
    x87_put(x87, 0,
            x87_empty(x87, 0) ? x87_value_indefinite()
                              : x87_value_sqrt(x87_get(x87, 0), x87->control));
}

void x87_round(struct vcpu_x87 *x87, unsigned index)
{
    (void)index;
    x87_put(x87, 0,
            x87_empty(x87, 0) ? x87_value_indefinite()
                              : x87_value_round(x87_get(x87, 0), x87->control));
}

/* fchs and fabs touch the sign bit of any encoding, NaN and unsupported ones included, but an empty
 * register's indefinite value comes out as it is. */
void x87_negate(struct vcpu_x87 *x87, unsigned index)
{
    (void)index;
    struct x87_value value = x87_read(x87, 0);
    if (!x87_empty(x87, 0)) {
        value.sign_exponent ^= X87_SIGN_BIT;
    }
    x87_put(x87, 0, value);
}

void x87_absolute(struct vcpu_x87 *x87, unsigned index)
{
    (void)index;
    struct x87_value value = x87_read(x87, 0);
    if (!x87_empty(x87, 0)) {
        value.sign_exponent &= (uint16_t)~X87_SIGN_BIT;
    }
    x87_put(x87, 0, value);
}
