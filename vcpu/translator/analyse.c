/*
 * From guest bytes to a block (block.h): where it ends, and which flags anybody can still see.
 *
 * Flags are visible to an instruction that reads them and to whoever looks at the processor when
 * translated code is left, which may happen before any instruction that touches memory. A result
 * that is overwritten before either costs nothing.
 */
#include "translator/block.h"

#include <string.h>

#include "translator/lower.h"

uint16_t block_condition_reads(unsigned condition)
{
    static const uint16_t reads[8] = {
        VCPU_FLAG_OF,
        VCPU_FLAG_CF,
        VCPU_FLAG_ZF,
        VCPU_FLAG_CF | VCPU_FLAG_ZF,
        VCPU_FLAG_SF,
        VCPU_FLAG_PF,
        VCPU_FLAG_SF | VCPU_FLAG_OF,
        VCPU_FLAG_ZF | VCPU_FLAG_SF | VCPU_FLAG_OF,
    };
    return reads[condition >> 1 & 7u];
}

static void fill_flags(struct block_op *op)
{
    const struct isa_instruction *instruction = &op->instruction;
    switch (instruction->operation) {
    case ISA_ADC:
    case ISA_SBB:
        op->reads = VCPU_FLAG_CF;
        op->writes = FLAGS_ARITHMETIC;
        break;
    case ISA_ADD:
    case ISA_SUB:
    case ISA_CMP:
    case ISA_NEG:
    case ISA_AND:
    case ISA_OR:
    case ISA_XOR:
    case ISA_TEST:
    case ISA_MUL:
    case ISA_IMUL:
    case ISA_DIV:
    case ISA_IDIV:
    case ISA_BSF:
    case ISA_BSR:
        op->writes = FLAGS_ARITHMETIC;
        break;
    case ISA_SHL:
    case ISA_SHR:
    case ISA_SAR:
    case ISA_SHLD:
    case ISA_SHRD:
        op->writes = FLAGS_ARITHMETIC;
        op->reads = instruction->counted_by_cl ? FLAGS_ARITHMETIC : 0; /* a count of 0 keeps them */
        break;
    case ISA_INC:
    case ISA_DEC:
        op->writes = FLAGS_ARITHMETIC & ~VCPU_FLAG_CF;
        break;
    case ISA_ROL:
    case ISA_ROR:
        op->writes = VCPU_FLAG_CF | VCPU_FLAG_OF;
        break;
    case ISA_BT:
    case ISA_BTS:
    case ISA_BTR:
    case ISA_BTC:
        op->writes = FLAGS_ARITHMETIC & ~VCPU_FLAG_ZF;
        break;
    case ISA_CLC:
    case ISA_STC:
        op->writes = VCPU_FLAG_CF;
        break;
    case ISA_CMC:
        op->reads = op->writes = VCPU_FLAG_CF;
        break;
    case ISA_JCC:
    case ISA_SETCC:
    case ISA_CMOV:
        op->reads = block_condition_reads(instruction->condition);
        break;
    case ISA_FCOMI:
    case ISA_FCOMIP:
    case ISA_FUCOMI:
    case ISA_FUCOMIP:
        op->writes = FLAGS_ARITHMETIC;
        break;
    case ISA_FCMOVB:
    case ISA_FCMOVNB:
        op->reads = VCPU_FLAG_CF;
        break;
    case ISA_FCMOVE:
    case ISA_FCMOVNE:
        op->reads = VCPU_FLAG_ZF;
        break;
    case ISA_FCMOVBE:
    case ISA_FCMOVNBE:
        op->reads = VCPU_FLAG_CF | VCPU_FLAG_ZF;
        break;
    case ISA_FCMOVU:
    case ISA_FCMOVNU:
        op->reads = VCPU_FLAG_PF;
        break;
    default:
        break;
    }
}

static bool touches_memory(const struct isa_instruction *instruction)
{
    switch (instruction->operation) {
    case ISA_LEA:
    case ISA_NOP:
        return false;
    case ISA_PUSH:
    case ISA_POP:
    case ISA_CALL:
    case ISA_RET:
    case ISA_LEAVE:
    case ISA_DIV: /* may fault */
    case ISA_IDIV:
        return true;
    default:
        return instruction->memory_operand != ISA_NO_OPERAND;
    }
}

static bool is_forward(const struct block_op *op)
{
    return (int32_t)op->instruction.operand[0].value >= 0;
}

/* From the end backwards: flags after an op are observed if something sees them before all are
 * overwritten. */
static void fill_observed(struct block *block)
{
    uint16_t seen = FLAGS_ARITHMETIC; /* whoever comes after the block */
    for (uint32_t i = block->count; i-- > 0;) {
        struct block_op *op = &block->ops[i];
        op->observed = seen & op->writes;
        if (op->instruction.operation == ISA_JCC) {
            seen = FLAGS_ARITHMETIC; /* where it goes if taken */
        } else {
            seen = (uint16_t)((seen & ~op->writes) | op->reads);
        }
        if (op->may_leave) {
            seen = FLAGS_ARITHMETIC;
        }
    }
}

void block_analyse(struct block *block, uint32_t eip, const uint8_t *bytes, size_t size_bytes)
{
    block->eip = eip;
    block->count = 0;
    block->end = BLOCK_GOES_ON;
    block->uses_x87 = false;
    size_t done = 0;
    while (block->count < BLOCK_OPS_MAX) {
        struct block_op *op = &block->ops[block->count];
        memset(op, 0, sizeof *op);
        op->eip = eip + (uint32_t)done;
        isa_decode(bytes + done, size_bytes - done, &op->instruction);
        if (!lower_supports(&op->instruction)) {
            block->end = BLOCK_INTERPRETED;
            break;
        }
        fill_flags(op);
        op->may_leave = touches_memory(&op->instruction);
        block->uses_x87 |= lower_uses_x87(&op->instruction);
        done += op->instruction.length_bytes;
        block->count++;
        if (op->instruction.ends_block &&
            !(op->instruction.operation == ISA_JCC && is_forward(op))) {
            block->end = BLOCK_BRANCHES;
            break;
        }
    }
    block->next_eip = eip + (uint32_t)done;
    fill_observed(block);
}
