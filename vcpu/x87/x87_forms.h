/*
 * Every operation of x87/, for the table in x87_form.c. X-macros name those that come in series.
 */
#ifndef DENALI_VCPU_X87_FORMS_H
#define DENALI_VCPU_X87_FORMS_H

#include "x87/x87.h"

#define X87_OPERATION_LIST(X)                                                                      \
    X(add, X87_ADD)                                                                                \
    X(mul, X87_MUL) X(sub, X87_SUB) X(subr, X87_SUBR) X(div, X87_DIV) X(divr, X87_DIVR)

#define X87_OPERATION_DECLARE(name, operation)                                                     \
    void x87_##name##_top(struct vcpu_x87 *x87, unsigned index);                                   \
    void x87_##name##_to(struct vcpu_x87 *x87, unsigned index);                                    \
    void x87_##name##_pop(struct vcpu_x87 *x87, unsigned index);                                   \
    void x87_##name##_f32(struct vcpu_x87 *x87, struct x87_operand operand);                       \
    void x87_##name##_f64(struct vcpu_x87 *x87, struct x87_operand operand);                       \
    void x87_##name##_i16(struct vcpu_x87 *x87, struct x87_operand operand);                       \
    void x87_##name##_i32(struct vcpu_x87 *x87, struct x87_operand operand);

/* x87_arithmetic.c */
X87_OPERATION_LIST(X87_OPERATION_DECLARE)
void x87_sqrt(struct vcpu_x87 *x87, unsigned index);
void x87_round(struct vcpu_x87 *x87, unsigned index);
void x87_negate(struct vcpu_x87 *x87, unsigned index);
void x87_absolute(struct vcpu_x87 *x87, unsigned index);

/* x87_move.c */
void x87_load_f32(struct vcpu_x87 *x87, struct x87_operand operand);
void x87_load_f64(struct vcpu_x87 *x87, struct x87_operand operand);
void x87_load_f80(struct vcpu_x87 *x87, struct x87_operand operand);
void x87_load_i16(struct vcpu_x87 *x87, struct x87_operand operand);
void x87_load_i32(struct vcpu_x87 *x87, struct x87_operand operand);
void x87_load_i64(struct vcpu_x87 *x87, struct x87_operand operand);
struct x87_operand x87_store_f32(const struct vcpu_x87 *x87);
struct x87_operand x87_store_f64(const struct vcpu_x87 *x87);
struct x87_operand x87_store_f80(const struct vcpu_x87 *x87);
struct x87_operand x87_store_i16(const struct vcpu_x87 *x87);
struct x87_operand x87_store_i32(const struct vcpu_x87 *x87);
struct x87_operand x87_store_i64(const struct vcpu_x87 *x87);
void x87_load_register(struct vcpu_x87 *x87, unsigned index);
void x87_store_register(struct vcpu_x87 *x87, unsigned index);
void x87_store_register_pop(struct vcpu_x87 *x87, unsigned index);
void x87_exchange(struct vcpu_x87 *x87, unsigned index);
void x87_move_if(struct vcpu_x87 *x87, unsigned index, bool taken);
/* fld1 .. fldz: index is enum x87_constant, as ModRM has it. */
void x87_load_constant(struct vcpu_x87 *x87, unsigned index);

/* x87_compare.c */
void x87_compare_register(struct vcpu_x87 *x87, unsigned index);
void x87_compare_register_pop(struct vcpu_x87 *x87, unsigned index);
void x87_compare_register_pop_two(struct vcpu_x87 *x87, unsigned index);
void x87_compare_f32(struct vcpu_x87 *x87, struct x87_operand operand);
void x87_compare_f64(struct vcpu_x87 *x87, struct x87_operand operand);
void x87_compare_i16(struct vcpu_x87 *x87, struct x87_operand operand);
void x87_compare_i32(struct vcpu_x87 *x87, struct x87_operand operand);
void x87_compare_f32_pop(struct vcpu_x87 *x87, struct x87_operand operand);
void x87_compare_f64_pop(struct vcpu_x87 *x87, struct x87_operand operand);
void x87_compare_i16_pop(struct vcpu_x87 *x87, struct x87_operand operand);
void x87_compare_i32_pop(struct vcpu_x87 *x87, struct x87_operand operand);
uint32_t x87_compare_flags(struct vcpu_x87 *x87, unsigned index);
uint32_t x87_compare_flags_pop(struct vcpu_x87 *x87, unsigned index);
void x87_compare_zero(struct vcpu_x87 *x87, unsigned index);
void x87_examine(struct vcpu_x87 *x87, unsigned index);

/* x87_control.c */
void x87_nothing(struct vcpu_x87 *x87, unsigned index);
void x87_initialize(struct vcpu_x87 *x87, unsigned index);
void x87_free_register(struct vcpu_x87 *x87, unsigned index);
void x87_top_increment(struct vcpu_x87 *x87, unsigned index);
void x87_top_decrement(struct vcpu_x87 *x87, unsigned index);
void x87_load_control(struct vcpu_x87 *x87, struct x87_operand operand);
struct x87_operand x87_store_control(const struct vcpu_x87 *x87);
struct x87_operand x87_store_status(const struct vcpu_x87 *x87);

#endif
