/*
 * x87_value.h on x86 hosts: the host's x87 does the arithmetic.
 *
 * Each function is one asm block that loads, operates and stores, and leaves the host's x87 stack
 * as empty as the ABI has it between calls. The host's control word is the ABI's default (0x37f:
 * extended precision, to nearest, everything masked); it is changed, and put back, only around
 * operations whose guest asked for another precision or direction. Sticky exception bits pile up in
 * the host's status word, where nothing looks.
 *
 * Included by x87_value.h only.
 */
#ifndef DENALI_VCPU_X87_VALUE_X86_H
#define DENALI_VCPU_X87_VALUE_X86_H

#define X87_INLINE  static inline __attribute__((always_inline))
#define X87_CLOBBER "st", "st(1)"

#define X87_HOST_CONTROL 0x037fu
#define X87_HOST_MODE    0x0300u /* its precision and rounding control */

/* A program's common mode is the host's own; then a block costs one predicted branch more. */
X87_INLINE void x87_host_enter(uint16_t control)
{
    if (__builtin_expect((control & 0x0f00u) != X87_HOST_MODE, 0)) {
        uint16_t word = (uint16_t)(0x007fu | (control & 0x0f00u));
        if ((word & X87_CONTROL_PRECISION_MASK) == X87_CONTROL_PRECISION_RESERVED) {
            word |= X87_CONTROL_PRECISION_EXTENDED;
        }
        __asm__ volatile("fldcw %0" : : "m"(word));
    }
}

X87_INLINE void x87_host_leave(uint16_t control)
{
    if (__builtin_expect((control & 0x0f00u) != X87_HOST_MODE, 0)) {
        const uint16_t word = X87_HOST_CONTROL;
        __asm__ volatile("fldcw %0" : : "m"(word));
    }
}

/* All blocks are volatile: they must stay between enter and leave. */
#define X87_UNARY(instruction)                                                                     \
    __asm__ volatile("fldt %1\n\t" instruction "\n\tfstpt %0"                                      \
                     : "=m"(result)                                                                \
                     : "m"(value)                                                                  \
                     : X87_CLOBBER)

/* b is loaded first, so a is st(0): `instruction %%st(1), %%st` computes on a and b in order. */
#define X87_BINARY(instruction)                                                                    \
    __asm__ volatile("fldt %2\n\tfldt %1\n\t" instruction " %%st(1), %%st\n\tfstpt %0\n\t"         \
                     "fstp %%st(0)"                                                                \
                     : "=m"(result)                                                                \
                     : "m"(a), "m"(b)                                                              \
                     : X87_CLOBBER)

#define X87_MEMORY(instruction)                                                                    \
    __asm__ volatile("fldt %1\n\t" instruction " %2\n\tfstpt %0"                                   \
                     : "=m"(result)                                                                \
                     : "m"(a), "m"(operand)                                                        \
                     : X87_CLOBBER)

#define X87_MEMORY_SWITCH(suffix, integer)                                                         \
    switch (operation) {                                                                           \
    case X87_ADD:                                                                                  \
        X87_MEMORY("f" integer "add" suffix);                                                      \
        break;                                                                                     \
    case X87_MUL:                                                                                  \
        X87_MEMORY("f" integer "mul" suffix);                                                      \
        break;                                                                                     \
    case X87_SUB:                                                                                  \
        X87_MEMORY("f" integer "sub" suffix);                                                      \
        break;                                                                                     \
    case X87_SUBR:                                                                                 \
        X87_MEMORY("f" integer "subr" suffix);                                                     \
        break;                                                                                     \
    case X87_DIV:                                                                                  \
        X87_MEMORY("f" integer "div" suffix);                                                      \
        break;                                                                                     \
    case X87_DIVR:                                                                                 \
        X87_MEMORY("f" integer "divr" suffix);                                                     \
        break;                                                                                     \
    }

X87_INLINE struct x87_value x87_value_combine(enum x87_operation operation, struct x87_value a,
                                              struct x87_value b, uint16_t control)
{
    struct x87_value result = {0, 0};
    x87_host_enter(control);
    switch (operation) {
    case X87_ADD:
        X87_BINARY("fadd");
        break;
    case X87_MUL:
        X87_BINARY("fmul");
        break;
    case X87_SUB:
        X87_BINARY("fsub");
        break;
    case X87_SUBR:
        X87_BINARY("fsubr");
        break;
    case X87_DIV:
        X87_BINARY("fdiv");
        break;
    case X87_DIVR:
        X87_BINARY("fdivr");
        break;
    }
    x87_host_leave(control);
    return result;
}

X87_INLINE struct x87_value x87_value_combine_memory(enum x87_operation operation,
                                                     struct x87_value a, enum x87_format format,
                                                     uint64_t bits, uint16_t control)
{
    struct x87_value result = {0, 0};
    x87_host_enter(control);
    switch (format) {
    case X87_F32: {
        uint32_t operand = (uint32_t)bits;
        X87_MEMORY_SWITCH("s", "")
        break;
    }
    case X87_F64: {
        uint64_t operand = bits;
        X87_MEMORY_SWITCH("l", "")
        break;
    }
    case X87_I16: {
        uint16_t operand = (uint16_t)bits;
        X87_MEMORY_SWITCH("s", "i")
        break;
    }
    case X87_I32: {
        uint32_t operand = (uint32_t)bits;
        X87_MEMORY_SWITCH("l", "i")
        break;
    }
    case X87_I64: /* the instruction set has no such operand */
        result = x87_value_indefinite();
        break;
    }
    x87_host_leave(control);
    return result;
}

X87_INLINE struct x87_value x87_value_sqrt(struct x87_value value, uint16_t control)
{
    struct x87_value result = {0, 0};
    x87_host_enter(control);
    X87_UNARY("fsqrt");
    x87_host_leave(control);
    return result;
}

X87_INLINE struct x87_value x87_value_round(struct x87_value value, uint16_t control)
{
    struct x87_value result = {0, 0};
    x87_host_enter(control);
    X87_UNARY("frndint");
    x87_host_leave(control);
    return result;
}

#define X87_FROM(instruction, type)                                                                \
    do {                                                                                           \
        type operand = (type)bits;                                                                 \
        __asm__ volatile(instruction " %1\n\tfstpt %0"                                             \
                         : "=m"(result)                                                            \
                         : "m"(operand)                                                            \
                         : X87_CLOBBER);                                                           \
    } while (0)

X87_INLINE struct x87_value x87_value_from(enum x87_format format, uint64_t bits)
{
    struct x87_value result = {0, 0};
    switch (format) {
    case X87_F32:
        X87_FROM("flds", uint32_t);
        break;
    case X87_F64:
        X87_FROM("fldl", uint64_t);
        break;
    case X87_I16:
        X87_FROM("filds", uint16_t);
        break;
    case X87_I32:
        X87_FROM("fildl", uint32_t);
        break;
    case X87_I64:
        X87_FROM("fildll", uint64_t);
        break;
    }
    return result;
}

#define X87_TO(instruction, type)                                                                  \
    do {                                                                                           \
        type operand;                                                                              \
        __asm__ volatile("fldt %1\n\t" instruction " %0"                                           \
                         : "=m"(operand)                                                           \
                         : "m"(value)                                                              \
                         : X87_CLOBBER);                                                           \
        bits = operand;                                                                            \
    } while (0)

X87_INLINE uint64_t x87_value_to(enum x87_format format, struct x87_value value, uint16_t control)
{
    uint64_t bits = 0;
    x87_host_enter(control);
    switch (format) {
    case X87_F32:
        X87_TO("fstps", uint32_t);
        break;
    case X87_F64:
        X87_TO("fstpl", uint64_t);
        break;
    case X87_I16:
        X87_TO("fistps", uint16_t);
        break;
    case X87_I32:
        X87_TO("fistpl", uint32_t);
        break;
    case X87_I64:
        X87_TO("fistpll", uint64_t);
        break;
    }
    x87_host_leave(control);
    return bits;
}

X87_INLINE enum x87_relation x87_value_compare(struct x87_value a, struct x87_value b)
{
    bool zero, parity, carry;
    __asm__ volatile("fldt %4\n\tfldt %3\n\tfucomip %%st(1), %%st\n\tfstp %%st(0)"
                     : "=@ccz"(zero), "=@ccp"(parity), "=@ccc"(carry)
                     : "m"(a), "m"(b)
                     : X87_CLOBBER);
    return (enum x87_relation)(carry | parity << 2 | zero << 3);
}

#define X87_LOAD_CONSTANT(instruction)                                                             \
    __asm__ volatile(instruction "\n\tfstpt %0" : "=m"(result) : : X87_CLOBBER)

X87_INLINE struct x87_value x87_value_constant(enum x87_constant constant, uint16_t control)
{
    struct x87_value result = {0, 0};
    x87_host_enter(control);
    switch (constant) {
    case X87_ONE:
        X87_LOAD_CONSTANT("fld1");
        break;
    case X87_LOG2_10:
        X87_LOAD_CONSTANT("fldl2t");
        break;
    case X87_LOG2_E:
        X87_LOAD_CONSTANT("fldl2e");
        break;
    case X87_PI:
        X87_LOAD_CONSTANT("fldpi");
        break;
    case X87_LOG10_2:
        X87_LOAD_CONSTANT("fldlg2");
        break;
    case X87_LN_2:
        X87_LOAD_CONSTANT("fldln2");
        break;
    case X87_ZERO:
        X87_LOAD_CONSTANT("fldz");
        break;
    }
    x87_host_leave(control);
    return result;
}

#undef X87_UNARY
#undef X87_BINARY
#undef X87_MEMORY
#undef X87_MEMORY_SWITCH
#undef X87_FROM
#undef X87_TO
#undef X87_LOAD_CONSTANT
#undef X87_CLOBBER
#undef X87_INLINE

#endif
