/*
 * Which instructions Unicorn executes, and what must be put right around them.
 *
 * The interpreter is asked (UNICORN_DELEGATE) for
 * - what is not in the ISA: the fault is ours, Unicorn would execute much of it;
 * - in, out, idle, terminate: they stop the engine, nothing is executed;
 * - int3, into, bound: they may end in a fault that is ours;
 * - pushf, popf, reads of segment registers, rdtsc, bsf with F3: the ISA gives them a meaning that
 *   no x86 has (enum isa_class, DEFINED).
 * - what Unicorn 2.0.1 is measured to get wrong (is_wrong, below).
 * What Unicorn gets wrong only for some operands of x87 is decided when it runs (x87.c).
 */
#include "unicorn/traits.h"

#include <vcpu/vcpu.h>

#define CF VCPU_FLAG_CF
#define PF VCPU_FLAG_PF
#define AF VCPU_FLAG_AF
#define ZF VCPU_FLAG_ZF
#define SF VCPU_FLAG_SF
#define OF VCPU_FLAG_OF

#define STATUS_FLAGS (CF | PF | AF | ZF | SF | OF)

/* Flags an operation reads, and flags it writes whatever its operands are. Those that may leave a
 * flag alone count as reading it. Operations not named here touch no flags. */
static const struct {
    uint16_t read;
    uint16_t written;
} flag_use[ISA_OPERATION_COUNT] = {
    [ISA_ADD] = {0, STATUS_FLAGS},
    [ISA_OR] = {0, STATUS_FLAGS},
    [ISA_ADC] = {CF, STATUS_FLAGS},
    [ISA_SBB] = {CF, STATUS_FLAGS},
    [ISA_AND] = {0, STATUS_FLAGS},
    [ISA_SUB] = {0, STATUS_FLAGS},
    [ISA_XOR] = {0, STATUS_FLAGS},
    [ISA_CMP] = {0, STATUS_FLAGS},
    [ISA_TEST] = {0, STATUS_FLAGS},
    [ISA_NEG] = {0, STATUS_FLAGS},
    [ISA_INC] = {0, STATUS_FLAGS & ~CF},
    [ISA_DEC] = {0, STATUS_FLAGS & ~CF},
    [ISA_XADD] = {0, STATUS_FLAGS},
    [ISA_CMPXCHG] = {0, STATUS_FLAGS},
    [ISA_CMPXCHG8B] = {0, ZF},
    [ISA_CMPS] = {0, STATUS_FLAGS},
    [ISA_SCAS] = {0, STATUS_FLAGS},
    [ISA_MUL] = {0, STATUS_FLAGS},
    [ISA_IMUL] = {0, STATUS_FLAGS},
    [ISA_DIV] = {0, STATUS_FLAGS},
    [ISA_IDIV] = {0, STATUS_FLAGS},
    [ISA_BSF] = {0, STATUS_FLAGS},
    [ISA_BSR] = {0, STATUS_FLAGS},
    [ISA_SHL] = {0, STATUS_FLAGS}, /* shifts and rotates: if the count is not 0 */
    [ISA_SHR] = {0, STATUS_FLAGS},
    [ISA_SAR] = {0, STATUS_FLAGS},
    [ISA_SHLD] = {0, STATUS_FLAGS},
    [ISA_SHRD] = {0, STATUS_FLAGS},
    [ISA_ROL] = {0, CF | OF},
    [ISA_ROR] = {0, CF | OF},
    [ISA_RCL] = {CF | OF, 0},
    [ISA_RCR] = {CF | OF, 0},
    [ISA_BT] = {STATUS_FLAGS, 0},
    [ISA_BTS] = {STATUS_FLAGS, 0},
    [ISA_BTR] = {STATUS_FLAGS, 0},
    [ISA_BTC] = {STATUS_FLAGS, 0},
    [ISA_AAA] = {STATUS_FLAGS, 0},
    [ISA_AAS] = {STATUS_FLAGS, 0},
    [ISA_AAM] = {STATUS_FLAGS, 0},
    [ISA_AAD] = {STATUS_FLAGS, 0},
    [ISA_DAA] = {STATUS_FLAGS, 0},
    [ISA_DAS] = {STATUS_FLAGS, 0},
    [ISA_CLC] = {0, CF},
    [ISA_STC] = {0, CF},
    [ISA_CMC] = {CF, 0},
    [ISA_LAHF] = {STATUS_FLAGS, 0},
    [ISA_SAHF] = {0, STATUS_FLAGS & ~OF},
    [ISA_LOOPE] = {ZF, 0},
    [ISA_LOOPNE] = {ZF, 0},
    [ISA_FCMOVB] = {CF, 0},
    [ISA_FCMOVNB] = {CF, 0},
    [ISA_FCMOVE] = {ZF, 0},
    [ISA_FCMOVNE] = {ZF, 0},
    [ISA_FCMOVBE] = {CF | ZF, 0},
    [ISA_FCMOVNBE] = {CF | ZF, 0},
    [ISA_FCMOVU] = {PF, 0},
    [ISA_FCMOVNU] = {PF, 0},
    [ISA_FCOMI] = {STATUS_FLAGS, 0},
    [ISA_FCOMIP] = {STATUS_FLAGS, 0},
    [ISA_FUCOMI] = {STATUS_FLAGS, 0},
    [ISA_FUCOMIP] = {STATUS_FLAGS, 0},
};

/* By the upper three bits of a condition (Intel SDM vol. 1, appendix B). */
static const uint16_t condition_flags[8] = {OF, CF, ZF, CF | ZF, SF, PF, SF | OF, ZF | SF | OF};

/* A shift or rotate by an immediate that does nothing? */
static bool is_counted_zero(const struct isa_instruction *instruction)
{
    enum isa_operation operation = instruction->operation;
    if (operation < ISA_ROL || operation > ISA_SHRD) {
        return false;
    }
    const struct isa_operand *count = &instruction->operand[instruction->operand_count - 1];
    return count->kind == ISA_OPERAND_IMMEDIATE && (count->value & 31) == 0;
}

static void add_flags(struct unicorn_traits *traits, const struct isa_instruction *instruction)
{
    traits->flags_read = flag_use[instruction->operation].read;
    traits->flags_written = flag_use[instruction->operation].written;
    traits->flags_zeroed = instruction->flags_undefined;
    if (instruction->operation == ISA_JCC || instruction->operation == ISA_SETCC ||
        instruction->operation == ISA_CMOV) {
        traits->flags_read = condition_flags[instruction->condition >> 1 & 7];
    }
    if (instruction->repeat != ISA_REPEAT_NONE) { /* perhaps no iteration at all */
        traits->flags_read |= traits->flags_written;
        traits->flags_written = 0;
    }
    if (instruction->operation == ISA_FCOMI || instruction->operation == ISA_FCOMIP ||
        instruction->operation == ISA_FUCOMI || instruction->operation == ISA_FUCOMIP) {
        traits->flags_zeroed = OF | SF | AF; /* Unicorn leaves them as they were */
    }
    if (instruction->counted_by_cl) {
        traits->action = UNICORN_SHIFT_CL;
    } else if (is_counted_zero(instruction)) {
        traits->flags_read = traits->flags_written = 0;
    }
}

static uint16_t x87_need(const struct isa_instruction *instruction)
{
    bool has_memory = instruction->memory_operand != ISA_NO_OPERAND;
    switch (instruction->operation) {
    case ISA_FLDL2E:
    case ISA_FLDL2T:
    case ISA_FLDLG2:
    case ISA_FLDLN2:
    case ISA_FLDPI:
        return UNICORN_X87_ROOM | UNICORN_X87_NEAREST;
    case ISA_FLD1:
    case ISA_FLDZ:
    case ISA_FILD:
        return UNICORN_X87_ROOM;
    case ISA_FLD:
        if (!has_memory) {
            return UNICORN_X87_ROOM | UNICORN_X87_STI;
        }
        return instruction->operand[0].width_bits < 80 ? UNICORN_X87_ROOM | UNICORN_X87_WIDEN
                                                       : UNICORN_X87_ROOM;
    case ISA_FST:
    case ISA_FSTP:
        return !has_memory                               ? UNICORN_X87_ST0 | UNICORN_X87_STI
               : instruction->operand[0].width_bits < 80 ? UNICORN_X87_ST0 | UNICORN_X87_NARROW
                                                         : UNICORN_X87_ST0;
    case ISA_FDECSTP:
    case ISA_FINCSTP:
        return UNICORN_X87_KEEP;
    case ISA_FFREE:
    case ISA_FNOP:
    case ISA_FNINIT:
    case ISA_FNCLEX:
    case ISA_FNSTCW:
    case ISA_FWAIT:
        return 0;
    case ISA_FNSTSW:
        return UNICORN_X87_STATUS;
    case ISA_FLDCW:
        return UNICORN_X87_CONTROL;
    case ISA_FSQRT:
        return UNICORN_X87_ST0 | UNICORN_X87_KEEP;
    case ISA_FCOMPP:
    case ISA_FUCOMPP:
        return UNICORN_X87_ST0 | UNICORN_X87_STI;
    case ISA_FABS:
    case ISA_FCHS:
    case ISA_FRNDINT:
    case ISA_FTST:
    case ISA_FXAM:
        return UNICORN_X87_ST0;
    default:
        return has_memory ? UNICORN_X87_ST0 : UNICORN_X87_ST0 | UNICORN_X87_STI;
    }
}

static uint8_t x87_second(const struct isa_instruction *instruction)
{
    for (int i = 0; i < instruction->operand_count; i++) {
        if (instruction->operand[i].kind == ISA_OPERAND_STACK &&
            instruction->operand[i].number != 0) {
            return (uint8_t)instruction->operand[i].number;
        }
    }
    return instruction->operand_count == 0 ? 1 : 0;
}

/* What Unicorn 2.0.1 gets wrong whatever the operands are; the oracle tests found it. */
static bool is_wrong(const struct isa_instruction *instruction)
{
    bool has_memory = instruction->memory_operand != ISA_NO_OPERAND;
    switch (instruction->operation) {
    case ISA_SHLD:
    case ISA_SHRD:
        return has_memory; /* with a destination in memory CF is lost, */
    case ISA_SHL:
    case ISA_SHR:
    case ISA_SAR:
        return has_memory && instruction->counted_by_cl; /* and here as well */
    case ISA_JMP:
    case ISA_CALL:
    case ISA_JCC:
    case ISA_LOOP:
    case ISA_LOOPE:
    case ISA_LOOPNE:
    case ISA_JECXZ:
        /* Not wrong, but the target would have to be worked out in 16 bits (ahead.c). */
        return instruction->width_bits == 16;
    case ISA_NEG:
        return instruction->lock; /* PF and SF are of another value */
    case ISA_RET:
        /* The bytes to release are taken as signed. */
        return instruction->width_bits == 16 ||
               (instruction->operand_count && (instruction->operand[0].value & 0x8000) != 0);
    default:
        return false;
    }
}

/* Illegal instructions that compilers emit where control does not come; harmless to Unicorn. */
static bool is_harmless(const uint8_t *bytes, size_t size_bytes)
{
    bool is_hlt = size_bytes >= 1 && bytes[0] == 0xf4;
    bool is_ud2 = size_bytes >= 2 && bytes[0] == 0x0f && bytes[1] == 0x0b;
    return is_hlt || is_ud2;
}

static enum unicorn_flow flow_of(const struct isa_instruction *instruction)
{
    switch (instruction->operation) {
    case ISA_JCC:
    case ISA_LOOP:
    case ISA_LOOPE:
    case ISA_LOOPNE:
    case ISA_JECXZ:
        return UNICORN_FLOW_CONDITIONAL;
    case ISA_JMP:
    case ISA_CALL:
        return instruction->operand[0].kind == ISA_OPERAND_RELATIVE ? UNICORN_FLOW_DIRECT
                                                                    : UNICORN_FLOW_INDIRECT;
    case ISA_RET:
        return UNICORN_FLOW_INDIRECT;
    case ISA_INT3:
    case ISA_IDLE:
    case ISA_TERMINATE:
        return UNICORN_FLOW_NOWHERE;
    default:
        return UNICORN_FLOW_NEXT;
    }
}

void unicorn_traits_make(struct unicorn_traits *traits, uint32_t address, const uint8_t *bytes,
                         size_t size_bytes)
{
    struct isa_instruction instruction;
    isa_decode(bytes, size_bytes, &instruction);
    *traits = (struct unicorn_traits){.action = UNICORN_DELEGATE,
                                      .length_bytes = instruction.length_bytes};
    if (instruction.kind == ISA_CLASS_ILLEGAL || instruction.kind == ISA_CLASS_TRUNCATED) {
        /* Which of the two it is may hang on bytes of the next page. */
        traits->crosses = (address & VCPU_PAGE_MASK) + ISA_INSTRUCTION_MAX_BYTES > VCPU_PAGE_BYTES;
        traits->translatable = is_harmless(bytes, size_bytes);
        traits->flow = UNICORN_FLOW_NOWHERE;
        return;
    }
    traits->crosses = (address & VCPU_PAGE_MASK) + instruction.length_bytes > VCPU_PAGE_BYTES;
    traits->translatable = true;
    traits->flow = flow_of(&instruction);
    traits->target = address + instruction.length_bytes + instruction.operand[0].value;
    if ((instruction.kind != ISA_CLASS_ORDINARY && instruction.kind != ISA_CLASS_MOVE32) ||
        is_wrong(&instruction)) {
        return;
    }
    traits->action = UNICORN_PLAIN;
    traits->only_moves = instruction.kind == ISA_CLASS_MOVE32;
    traits->looks_ahead = traits->flow != UNICORN_FLOW_NEXT;
    add_flags(traits, &instruction);
    if (instruction.repeat != ISA_REPEAT_NONE) {
        traits->action = UNICORN_REPEAT;
    } else if (instruction.operation == ISA_IDIV && instruction.width_bits > 8) {
        traits->action = UNICORN_IDIV;
    } else if (instruction.operation >= ISA_X87_FIRST) {
        traits->action = UNICORN_X87;
        traits->x87 = x87_need(&instruction);
        traits->sti = x87_second(&instruction);
    }
}
