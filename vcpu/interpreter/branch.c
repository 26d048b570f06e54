/*
 * Branches: jmp jcc call ret loop jecxz (Intel SDM vol. 2). The target is not looked at: a branch
 * to nowhere retires, and the fetch there faults.
 */
#include "interpreter/flags.h"
#include "interpreter/shapes.h"

static inline uint32_t next_of(const struct op *op)
{
    return op->eip + op->length_bytes;
}

static inline const struct op *branch_if(struct interpreter *m, const struct op *op, bool taken)
{
    m->eip = taken ? op->immediate : next_of(op);
    return op + 1;
}

/* Not taken, a conditional jump goes on within its block. */
#define JCC(number)                                                                                \
    HANDLER(jcc_##number)                                                                          \
    {                                                                                              \
        if (condition_holds(m, number)) {                                                          \
            return interpreter_go(m, op, op->immediate);                                           \
        }                                                                                          \
        NEXT;                                                                                      \
    }
JCC(0)
JCC(1)
JCC(2)
JCC(3)
JCC(4)
JCC(5)
JCC(6)
JCC(7)
JCC(8)
JCC(9)
JCC(10)
JCC(11)
JCC(12)
JCC(13)
JCC(14)
JCC(15)

HANDLER(jmp_relative)
{
    return interpreter_go(m, op, op->immediate);
}

HANDLER(jmp_r)
{
    return interpreter_go(m, op, REG32(m, op->to));
}

HANDLER(jmp_m)
{
    LOAD_OPERAND(32, target)
    return interpreter_go(m, op, target);
}

static inline const struct op *call(struct interpreter *m, const struct op *op, uint32_t target)
{
    uint32_t stack = m->gpr[VCPU_ESP] - 4u;
    if (UNLIKELY(!store32(m, op, stack, next_of(op)))) {
        return op;
    }
    m->gpr[VCPU_ESP] = stack;
    return interpreter_go(m, op, target);
}

HANDLER(call_relative)
{
    return call(m, op, op->immediate);
}

HANDLER(call_r)
{
    return call(m, op, REG32(m, op->to));
}

HANDLER(call_m)
{
    LOAD_OPERAND(32, target)
    return call(m, op, target);
}

/* The immediate, bytes of arguments to drop, is 0 where there is none. */
HANDLER(ret)
{
    uint32_t target;
    if (UNLIKELY(!load32(m, op, m->gpr[VCPU_ESP], &target))) {
        return op;
    }
    m->gpr[VCPU_ESP] += 4u + (op->immediate & 0xffffu);
    return interpreter_go(m, op, target);
}

HANDLER(loop)
{
    return branch_if(m, op, --m->gpr[VCPU_ECX] != 0);
}

HANDLER(loope)
{
    return branch_if(m, op, --m->gpr[VCPU_ECX] != 0 && flag_zf(m));
}

HANDLER(loopne)
{
    return branch_if(m, op, --m->gpr[VCPU_ECX] != 0 && !flag_zf(m));
}

HANDLER(jecxz)
{
    return branch_if(m, op, m->gpr[VCPU_ECX] == 0);
}

op_handler *branch_select(const struct isa_instruction *instruction, struct op *op)
{
    static op_handler *const conditional[16] = {
        jcc_0, jcc_1, jcc_2,  jcc_3,  jcc_4,  jcc_5,  jcc_6,  jcc_7,
        jcc_8, jcc_9, jcc_10, jcc_11, jcc_12, jcc_13, jcc_14, jcc_15,
    };
    unsigned kind = instruction->operand[0].kind;
    (void)op;
    switch (instruction->operation) {
    case ISA_JCC:
        return conditional[instruction->condition];
    case ISA_JMP:
        return kind == ISA_OPERAND_RELATIVE ? jmp_relative
               : kind == ISA_OPERAND_MEMORY ? jmp_m
                                            : jmp_r;
    case ISA_CALL:
        return kind == ISA_OPERAND_RELATIVE ? call_relative
               : kind == ISA_OPERAND_MEMORY ? call_m
                                            : call_r;
    case ISA_RET:
        return ret;
    case ISA_LOOP:
        return loop;
    case ISA_LOOPE:
        return loope;
    case ISA_LOOPNE:
        return loopne;
    case ISA_JECXZ:
        return jecxz;
    default:
        return NULL;
    }
}
