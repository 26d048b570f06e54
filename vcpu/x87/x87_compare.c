/*
 * Comparisons and classification. With invalid-operation masked the ordered (fcom) and unordered
 * (fucom) families differ in nothing that can be seen, so they share their operations here.
 */
#include "x87/x87_forms.h"
#include "x87/x87_stack.h"

#define C1 0x2u

static void conditions_set(struct vcpu_x87 *x87, enum x87_relation relation)
{
    x87->conditions = (uint8_t)((x87->conditions & C1) | relation);
}

static enum x87_relation compare(const struct vcpu_x87 *x87, unsigned index)
{
    if (__builtin_expect(x87_empty(x87, 0) || x87_empty(x87, index), 0)) {
        return X87_UNORDERED;
    }
    return x87_value_compare(x87_get(x87, 0), x87_get(x87, index));
}

/* Conversion is exact and a quieted NaN is as unordered as a signalling one, so unlike arithmetic a
 * comparison may convert first. */
static void compare_memory(struct vcpu_x87 *x87, enum x87_format format, uint64_t bits)
{
    enum x87_relation relation = X87_UNORDERED;
    if (!x87_empty(x87, 0)) {
        relation = x87_value_compare(x87_get(x87, 0), x87_value_from(format, bits));
    }
    conditions_set(x87, relation);
}

void x87_compare_register(struct vcpu_x87 *x87, unsigned index)
{
    conditions_set(x87, compare(x87, index));
}

void x87_compare_register_pop(struct vcpu_x87 *x87, unsigned index)
{
    conditions_set(x87, compare(x87, index));
    x87_drop(x87);
}

/* fcompp, fucompp: index is 1, as ModRM has it. */
void x87_compare_register_pop_two(struct vcpu_x87 *x87, unsigned index)
{
    conditions_set(x87, compare(x87, index));
    x87_drop(x87);
    x87_drop(x87);
}

#define DEFINE(name, format)                                                                       \
    void x87_compare_##name(struct vcpu_x87 *x87, struct x87_operand operand)                      \
    {                                                                                              \
        compare_memory(x87, format, operand.low);                                                  \
    }                                                                                              \
    void x87_compare_##name##_pop(struct vcpu_x87 *x87, struct x87_operand operand)                \
    {                                                                                              \
        compare_memory(x87, format, operand.low);                                                  \
        x87_drop(x87);                                                                             \
    }

DEFINE(f32, X87_F32)
DEFINE(f64, X87_F64)
DEFINE(i16, X87_I16)
DEFINE(i32, X87_I32)

uint32_t x87_compare_flags(struct vcpu_x87 *x87, unsigned index)
{
    switch (compare(x87, index)) {
    case X87_LESS:
        return VCPU_FLAG_CF;
    case X87_EQUAL:
        return VCPU_FLAG_ZF;
    case X87_UNORDERED:
        return VCPU_FLAG_ZF | VCPU_FLAG_PF | VCPU_FLAG_CF;
    case X87_GREATER:
        break;
    }
    return 0;
}

uint32_t x87_compare_flags_pop(struct vcpu_x87 *x87, unsigned index)
{
    uint32_t flags = x87_compare_flags(x87, index);
    x87_drop(x87);
    return flags;
}

void x87_compare_zero(struct vcpu_x87 *x87, unsigned index)
{
    (void)index;
    enum x87_relation relation = X87_UNORDERED;
    if (!x87_empty(x87, 0)) {
        relation = x87_value_compare(x87_get(x87, 0), (struct x87_value){0, 0});
    }
    conditions_set(x87, relation);
}

/* Intel SDM vol. 2A, FXAM. The classes are C3 C2 C0 in their places. */
void x87_examine(struct vcpu_x87 *x87, unsigned index)
{
    enum {
        UNSUPPORTED = 0x0,
        NAN = 0x1,
        NORMAL = 0x4,
        INFINITE = 0x5,
        ZERO = 0x8,
        EMPTY = 0x9,
        DENORMAL = 0xc
    };
    (void)index;
    if (x87_empty(x87, 0)) {
        x87->conditions = EMPTY;
        return;
    }
    struct x87_value value = x87_get(x87, 0);
    unsigned exponent = value.sign_exponent & X87_EXPONENT_MASK;
    bool integer_bit = (value.mantissa & X87_INTEGER_BIT) != 0;
    unsigned class;
    if (exponent == 0) {
        class = value.mantissa == 0 ? ZERO : DENORMAL;
    } else if (!integer_bit) {
        class = UNSUPPORTED;
    } else if (exponent == X87_EXPONENT_MASK) {
        class = value.mantissa == X87_INTEGER_BIT ? INFINITE : NAN;
    } else {
        class = NORMAL;
    }
    x87->conditions = (uint8_t)(class | (value.sign_exponent & X87_SIGN_BIT ? C1 : 0));
}
