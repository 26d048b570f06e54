/*
 * Moving values: loads, stores, exchanges, conditional moves, constants. Loads and stores of m80
 * and moves among registers copy bits; the other formats convert.
 */
#include "x87/x87_forms.h"
#include "x87/x87_stack.h"

void x87_load_f32(struct vcpu_x87 *x87, struct x87_operand operand)
{
    x87_push(x87, x87_value_from(X87_F32, operand.low));
}

void x87_load_f64(struct vcpu_x87 *x87, struct x87_operand operand)
{
    x87_push(x87, x87_value_from(X87_F64, operand.low));
}

void x87_load_f80(struct vcpu_x87 *x87, struct x87_operand operand)
{
    x87_push(x87, (struct x87_value){operand.low, operand.high});
}

void x87_load_i16(struct vcpu_x87 *x87, struct x87_operand operand)
{
    x87_push(x87, x87_value_from(X87_I16, operand.low));
}

void x87_load_i32(struct vcpu_x87 *x87, struct x87_operand operand)
{
    x87_push(x87, x87_value_from(X87_I32, operand.low));
}

void x87_load_i64(struct vcpu_x87 *x87, struct x87_operand operand)
{
    x87_push(x87, x87_value_from(X87_I64, operand.low));
}

/* The indefinite QNaN of an empty register converts to each format's own indefinite value. */
static inline __attribute__((always_inline)) struct x87_operand store(const struct vcpu_x87 *x87,
                                                                      enum x87_format format)
{
    return (struct x87_operand){x87_value_to(format, x87_read(x87, 0), x87->control), 0};
}

struct x87_operand x87_store_f32(const struct vcpu_x87 *x87)
{
    return store(x87, X87_F32);
}

struct x87_operand x87_store_f64(const struct vcpu_x87 *x87)
{
    return store(x87, X87_F64);
}

struct x87_operand x87_store_f80(const struct vcpu_x87 *x87)
{
    struct x87_value value = x87_read(x87, 0);
    return (struct x87_operand){value.mantissa, value.sign_exponent};
}

struct x87_operand x87_store_i16(const struct vcpu_x87 *x87)
{
    return store(x87, X87_I16);
}

struct x87_operand x87_store_i32(const struct vcpu_x87 *x87)
{
    return store(x87, X87_I32);
}

struct x87_operand x87_store_i64(const struct vcpu_x87 *x87)
{
    return store(x87, X87_I64);
}

void x87_load_register(struct vcpu_x87 *x87, unsigned index)
{
    x87_push(x87, x87_read(x87, index));
}

void x87_store_register(struct vcpu_x87 *x87, unsigned index)
{
    x87_put(x87, index, x87_read(x87, 0));
}

void x87_store_register_pop(struct vcpu_x87 *x87, unsigned index)
{
    x87_store_register(x87, index);
    x87_drop(x87);
}

void x87_exchange(struct vcpu_x87 *x87, unsigned index)
{
    struct x87_value top = x87_read(x87, 0);
    x87_put(x87, 0, x87_read(x87, index));
    x87_put(x87, index, top);
}

/* An empty operand is a stack fault whether the condition holds or not (measured). */
void x87_move_if(struct vcpu_x87 *x87, unsigned index, bool taken)
{
    if (__builtin_expect(x87_empty(x87, 0) || x87_empty(x87, index), 0)) {
        x87_put(x87, 0, x87_value_indefinite());
    } else if (taken) {
        x87_put(x87, 0, x87_get(x87, index));
    }
}

void x87_load_constant(struct vcpu_x87 *x87, unsigned index)
{
    x87_push(x87, x87_value_constant((enum x87_constant)index, x87->control));
}
