/*
 * The stack: push pop pusha popa pushf popf enter leave, and push of segment registers (Intel SDM
 * vol. 2). ESP changes only once the access has succeeded.
 */
#include "interpreter/flags.h"
#include "interpreter/shapes.h"

#define STACK_WIDTH(bits)                                                                          \
    static inline const struct op *push##bits(struct interpreter *m, const struct op *op,          \
                                              uint##bits##_t value)                                \
    {                                                                                              \
        uint32_t stack = m->gpr[VCPU_ESP] - (uint32_t)sizeof value;                                \
        if (UNLIKELY(!store##bits(m, op, stack, value))) {                                         \
            return op;                                                                             \
        }                                                                                          \
        m->gpr[VCPU_ESP] = stack;                                                                  \
        NEXT_STORED;                                                                               \
    }                                                                                              \
    HANDLER(push##bits##_r)                                                                        \
    {                                                                                              \
        return push##bits(m, op, REG##bits(m, op->to));                                            \
    }                                                                                              \
    HANDLER(push##bits##_i)                                                                        \
    {                                                                                              \
        return push##bits(m, op, (uint##bits##_t)op->immediate);                                   \
    }                                                                                              \
    HANDLER(push##bits##_m)                                                                        \
    {                                                                                              \
        LOAD_OPERAND(bits, value)                                                                  \
        return push##bits(m, op, value);                                                           \
    }                                                                                              \
    HANDLER(pop##bits##_r)                                                                         \
    {                                                                                              \
        uint##bits##_t value;                                                                      \
        if (UNLIKELY(!load##bits(m, op, m->gpr[VCPU_ESP], &value))) {                              \
            return op;                                                                             \
        }                                                                                          \
        m->gpr[VCPU_ESP] += (uint32_t)sizeof value;                                                \
        REG##bits(m, op->to) = value; /* last: it may be ESP */                                    \
        NEXT;                                                                                      \
    }                                                                                              \
    HANDLER(pop##bits##_m)                                                                         \
    {                                                                                              \
        uint##bits##_t value;                                                                      \
        if (UNLIKELY(!load##bits(m, op, m->gpr[VCPU_ESP], &value))) {                              \
            return op;                                                                             \
        }                                                                                          \
        /* An address formed with ESP uses its new value. */                                       \
        m->gpr[VCPU_ESP] += (uint32_t)sizeof value;                                                \
        if (UNLIKELY(!store##bits(m, op, op_address(m, op), value))) {                             \
            m->gpr[VCPU_ESP] -= (uint32_t)sizeof value;                                            \
            return op;                                                                             \
        }                                                                                          \
        NEXT_STORED;                                                                               \
    }

STACK_WIDTH(16)
STACK_WIDTH(32)

/* One 32-byte access: EAX at the top, EDI lowest. */
HANDLER(pusha)
{
    uint32_t values[VCPU_REGISTER_COUNT];
    for (unsigned i = 0; i < VCPU_REGISTER_COUNT; i++) {
        values[VCPU_REGISTER_COUNT - 1 - i] = m->gpr[i];
    }
    uint32_t stack = m->gpr[VCPU_ESP] - (uint32_t)sizeof values;
    if (!interpreter_store(m, op, stack, values, sizeof values)) {
        return op;
    }
    m->gpr[VCPU_ESP] = stack;
    NEXT_STORED;
}

/* One 32-byte access; the place of ESP is skipped. */
HANDLER(popa)
{
    uint32_t values[VCPU_REGISTER_COUNT];
    if (!interpreter_load(m, op, m->gpr[VCPU_ESP], values, sizeof values)) {
        return op;
    }
    for (unsigned i = 0; i < VCPU_REGISTER_COUNT; i++) {
        if (i != VCPU_ESP) {
            m->gpr[i] = values[VCPU_REGISTER_COUNT - 1 - i];
        }
    }
    m->gpr[VCPU_ESP] += (uint32_t)sizeof values;
    NEXT;
}

/* The seven flags, every other bit 0. */
HANDLER(pushf)
{
    return push32(m, op, flags_get(m));
}

/* The seven flags, and nothing else. */
HANDLER(popf)
{
    uint32_t value;
    if (!load32(m, op, m->gpr[VCPU_ESP], &value)) {
        return op;
    }
    m->gpr[VCPU_ESP] += 4u;
    flags_set(m, value);
    NEXT;
}

/* Of nesting level 0, the only one in the ISA. */
HANDLER(enter)
{
    uint32_t frame = m->gpr[VCPU_ESP] - 4u;
    if (!store32(m, op, frame, m->gpr[VCPU_EBP])) {
        return op;
    }
    m->gpr[VCPU_EBP] = frame;
    m->gpr[VCPU_ESP] = frame - (op->displacement & 0xffffu);
    NEXT_STORED;
}

HANDLER(leave)
{
    uint32_t value;
    if (UNLIKELY(!load32(m, op, m->gpr[VCPU_EBP], &value))) {
        return op;
    }
    m->gpr[VCPU_ESP] = m->gpr[VCPU_EBP] + 4u;
    m->gpr[VCPU_EBP] = value;
    NEXT;
}

op_handler *stack_select(const struct isa_instruction *instruction, struct op *op)
{
    /* By [32 bits][operand: register, immediate, memory]. */
    static op_handler *const pushes[2][3] = {{push16_r, push16_i, push16_m},
                                             {push32_r, push32_i, push32_m}};
    static op_handler *const pops[2][2] = {{pop16_r, pop16_m}, {pop32_r, pop32_m}};
    bool wide = instruction->width_bits == 32;
    unsigned kind = instruction->operand[0].kind;
    switch (instruction->operation) {
    case ISA_PUSH:
        return pushes[wide][kind == ISA_OPERAND_REGISTER ? 0 : kind == ISA_OPERAND_MEMORY ? 2 : 1];
    case ISA_PUSH_SEGMENT:
        return pushes[wide][1];
    case ISA_POP:
        return pops[wide][kind == ISA_OPERAND_MEMORY];
    case ISA_PUSHA:
        return pusha;
    case ISA_POPA:
        return popa;
    case ISA_PUSHF:
        return pushf;
    case ISA_POPF:
        return popf;
    case ISA_ENTER:
        op->displacement = instruction->operand[0].value;
        return enter;
    case ISA_LEAVE:
        return leave;
    default:
        return NULL;
    }
}
