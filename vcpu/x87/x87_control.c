/*
 * The x87's control side: reset, control and status words, tags and top.
 */
#include <string.h>

#include "x87/x87_forms.h"
#include "x87/x87_stack.h"

void x87_reset(struct vcpu_x87 *x87)
{
    memset(x87, 0, sizeof *x87);
    x87->control = X87_CONTROL_INITIAL;
}

void x87_pop(struct vcpu_x87 *x87)
{
    x87_drop(x87);
}

uint16_t x87_status(const struct vcpu_x87 *x87)
{
    /* C0, C1, C2 are bits 8, 9, 10; C3 is bit 14, above the top in 11..13. */
    return (uint16_t)((x87->conditions & 0x7u) << 8 | x87->top << 11 |
                      (x87->conditions & 0x8u) << 11);
}

static uint16_t control_of(uint16_t word)
{
    return (uint16_t)((word & X87_CONTROL_WRITABLE) | X87_CONTROL_FIXED);
}

void x87_canonicalize(struct vcpu_x87 *x87)
{
    x87->control = control_of(x87->control);
    x87->top &= 7u;
    x87->conditions &= 0xfu;
    for (unsigned index = 0; index < 8; index++) {
        if (x87_empty(x87, index)) {
            x87_free(x87, index);
        }
    }
}

/* fnop, and fnclex: there are no exception bits to clear. */
void x87_nothing(struct vcpu_x87 *x87, unsigned index)
{
    (void)x87;
    (void)index;
}

void x87_initialize(struct vcpu_x87 *x87, unsigned index)
{
    (void)index;
    x87_reset(x87);
}

void x87_free_register(struct vcpu_x87 *x87, unsigned index)
{
    x87_free(x87, index);
}

void x87_top_increment(struct vcpu_x87 *x87, unsigned index)
{
    (void)index;
    x87->top = (x87->top + 1) & 7u;
}

void x87_top_decrement(struct vcpu_x87 *x87, unsigned index)
{
    (void)index;
    x87->top = (x87->top - 1) & 7u;
}

void x87_load_control(struct vcpu_x87 *x87, struct x87_operand operand)
{
    x87->control = control_of((uint16_t)operand.low);
}

struct x87_operand x87_store_control(const struct vcpu_x87 *x87)
{
    return (struct x87_operand){x87->control, 0};
}

struct x87_operand x87_store_status(const struct vcpu_x87 *x87)
{
    return (struct x87_operand){x87_status(x87), 0};
}
