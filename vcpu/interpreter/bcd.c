/*
 * Decimal arithmetic: aaa aas aam aad daa das (Intel SDM vol. 2A). Flags that x86 leaves undefined
 * are 0.
 */
#include "interpreter/flags.h"
#include "interpreter/shapes.h"

#define AL (VCPU_EAX * 4)
#define AH (VCPU_EAX * 4 + 1)
#define AX (VCPU_EAX * 4)

/* CF and AF (0 or 1), the other four 0. */
static void carry_flags(struct interpreter *m, uint32_t carry)
{
    flags_set_arithmetic(m, carry ? VCPU_FLAG_CF | VCPU_FLAG_AF : 0);
}

/* ZF SF PF by AL, CF and AF as given, OF 0. */
static void result_flags(struct interpreter *m, uint32_t cf, uint32_t af)
{
    flags_of_result(m, REG8(m, AL), 8, cf, 0);
    m->carries |= af ? CARRY_AF : 0;
}

static inline bool low_digit_overflows(const struct interpreter *m)
{
    return (REG8(m, AL) & 0x0fu) > 9 || flag_af(m);
}

static inline void adjust_ascii(struct interpreter *m, uint32_t by)
{
    bool carry = low_digit_overflows(m);
    if (carry) {
        REG16(m, AX) = (uint16_t)(REG16(m, AX) + by);
    }
    REG8(m, AL) &= 0x0fu;
    carry_flags(m, carry);
}

HANDLER(aaa)
{
    adjust_ascii(m, 0x106u);
    NEXT;
}

HANDLER(aas)
{
    adjust_ascii(m, 0u - 0x106u);
    NEXT;
}

HANDLER(aam)
{
    uint8_t base = (uint8_t)op->immediate;
    if (base == 0) {
        return interpreter_fault(m, op, VCPU_FAULT_DIVIDE, 0);
    }
    uint8_t value = REG8(m, AL);
    REG8(m, AH) = value / base;
    REG8(m, AL) = value % base;
    result_flags(m, 0, 0);
    NEXT;
}

HANDLER(aad)
{
    REG16(m, AX) = (uint8_t)(REG8(m, AL) + REG8(m, AH) * (uint8_t)op->immediate);
    result_flags(m, 0, 0);
    NEXT;
}

HANDLER(daa)
{
    uint8_t old = REG8(m, AL);
    bool low = low_digit_overflows(m);
    bool high = old > 0x99 || flag_cf(m);
    REG8(m, AL) = (uint8_t)(old + (low ? 0x06 : 0) + (high ? 0x60 : 0));
    result_flags(m, high, low);
    NEXT;
}

HANDLER(das)
{
    uint8_t old = REG8(m, AL);
    bool low = low_digit_overflows(m);
    bool high = old > 0x99 || flag_cf(m);
    bool borrow = low && old < 6; /* of the low digit's adjustment */
    REG8(m, AL) = (uint8_t)(old - (low ? 0x06 : 0) - (high ? 0x60 : 0));
    result_flags(m, high || borrow, low);
    NEXT;
}

op_handler *bcd_select(const struct isa_instruction *instruction, struct op *op)
{
    (void)op;
    switch (instruction->operation) {
    case ISA_AAA:
        return aaa;
    case ISA_AAS:
        return aas;
    case ISA_AAM:
        return aam;
    case ISA_AAD:
        return aad;
    case ISA_DAA:
        return daa;
    case ISA_DAS:
        return das;
    default:
        return NULL;
    }
}
