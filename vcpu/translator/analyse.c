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
#include "x87/x87.h"

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

static bool only_reads(enum isa_operation operation)
{
    switch (operation) {
    case ISA_CMP:
    case ISA_TEST:
    case ISA_BT:
    case ISA_PUSH:
    case ISA_MUL:
    case ISA_IMUL:
    case ISA_DIV:
    case ISA_IDIV:
    case ISA_JMP:
    case ISA_CALL:
        return true;
    default:
        return false;
    }
}

static void fill_operand_access(struct block_op *op)
{
    const struct isa_instruction *instruction = &op->instruction;
    if (instruction->memory_operand == ISA_NO_OPERAND || instruction->operation == ISA_LEA ||
        instruction->operation == ISA_NOP) {
        return;
    }
    const struct isa_operand *operand = &instruction->operand[instruction->memory_operand];
    struct block_access *access = &op->access[ACCESS_OPERAND];
    access->base = operand->base;
    access->index = operand->index;
    access->shift = operand->shift;
    access->displacement = operand->displacement;
    if (instruction->operation >= ISA_X87_FIRST) {
        const struct x87_form *form = x87_form_find(instruction->opcode, instruction->modrm);
        access->size_bytes = form->size_bytes;
        access->write = form->kind == X87_STORE;
    } else {
        access->size_bytes = operand->width_bits / 8u;
        access->write = (instruction->memory_operand == 0 && !only_reads(instruction->operation)) ||
                        instruction->operation == ISA_XCHG;
    }
}

static void fill_stack_access(struct block_op *op)
{
    struct block_access *access = &op->access[ACCESS_STACK];
    switch (op->instruction.operation) {
    case ISA_PUSH:
    case ISA_CALL:
        *access = (struct block_access){
            .size_bytes = 4, .write = true, .base = VCPU_ESP, .displacement = (uint32_t)-4};
        break;
    case ISA_POP:
    case ISA_RET:
        *access = (struct block_access){.size_bytes = 4, .base = VCPU_ESP};
        break;
    case ISA_LEAVE:
        *access = (struct block_access){.size_bytes = 4, .base = VCPU_EBP};
        break;
    default:
        return;
    }
    access->index = ISA_NO_REGISTER;
}

static uint8_t bit_of(const struct isa_operand *operand)
{
    if (operand->kind != ISA_OPERAND_REGISTER) {
        return 0;
    }
    return (uint8_t)(1u << (operand->width_bits == 8 ? operand->number & 3u : operand->number));
}

static void fill_replaces(struct block_op *op)
{
    const struct isa_operand *operand = op->instruction.operand;
    switch (op->instruction.operation) {
    case ISA_CMP:
    case ISA_TEST:
    case ISA_BT:
    case ISA_PUSH:
    case ISA_JMP:
    case ISA_JCC:
    case ISA_CALL:
    case ISA_RET:
    case ISA_NOP:
        break;
    case ISA_MOVS:
        op->replaces = 1u << VCPU_ESI | 1u << VCPU_EDI;
        break;
    case ISA_STOS:
        op->replaces = 1u << VCPU_EDI;
        break;
    case ISA_LEAVE:
        op->replaces = 1u << VCPU_ESP | 1u << VCPU_EBP;
        break;
    case ISA_XCHG:
        op->replaces = bit_of(&operand[0]) | bit_of(&operand[1]);
        break;
    case ISA_MUL:
    case ISA_DIV:
    case ISA_IDIV:
        op->replaces = 1u << VCPU_EAX | 1u << VCPU_EDX;
        break;
    case ISA_IMUL:
        op->replaces = op->instruction.operand_count == 1 ? 1u << VCPU_EAX | 1u << VCPU_EDX
                                                          : bit_of(&operand[0]);
        break;
    case ISA_CBW:
    case ISA_CWDE:
        op->replaces = 1u << VCPU_EAX;
        break;
    case ISA_CDQ:
        op->replaces = 1u << VCPU_EDX;
        break;
    default:
        if (op->instruction.operation == ISA_FNSTSW) {
            op->replaces = 1u << VCPU_EAX;
        } else if (op->instruction.operation < ISA_X87_FIRST && op->instruction.operand_count) {
            op->replaces = bit_of(&operand[0]);
        }
        break;
    }
    if (op->instruction.repeat) {
        op->replaces |= 1u << VCPU_ECX;
    }
}

/* For another reason than its accesses: a division that faults, what goes upwards only. */
static void fill_may_leave(struct block_op *op)
{
    switch (op->instruction.operation) {
    case ISA_DIV:
    case ISA_IDIV:
    case ISA_MOVS:
    case ISA_STOS:
    case ISA_CLD:
        op->may_leave = true;
        break;
    default:
        break;
    }
}

/* May it leave before it is done, if the block is lowered this way? */
static bool may_leave(const struct block *block, uint32_t index, enum block_way way)
{
    const struct block_op *op = &block->ops[index];
    for (uint32_t which = 0; which < ACCESSES; which++) {
        const struct block_access *access = &op->access[which];
        if (access->size_bytes && (way == BLOCK_PLAIN || access->group == GROUP_NONE ||
                                   block->groups[access->group].first == index)) {
            return true;
        }
    }
    return op->may_leave;
}

static bool is_forward(const struct block_op *op)
{
    return (int32_t)op->instruction.operand[0].value >= 0;
}

/* From the end backwards: which flags after an instruction something sees before they are
 * overwritten. */
static void fill_visible(struct block *block, enum block_way way)
{
    uint16_t seen = FLAGS_ARITHMETIC; /* whoever comes after the block */
    for (uint32_t i = block->count; i-- > 0;) {
        struct block_op *op = &block->ops[i];
        op->visible[way] = seen;
        if (op->instruction.operation == ISA_JCC) {
            seen = FLAGS_ARITHMETIC;                 /* where it goes if taken */
        } else if (!op->instruction.counted_by_cl) { /* a count of 0 keeps them */
            seen = (uint16_t)((seen & ~op->writes) | op->reads);
        }
        if (may_leave(block, i, way)) {
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
        fill_operand_access(op);
        fill_stack_access(op);
        fill_replaces(op);
        fill_may_leave(op);
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
    block_group_accesses(block);
    fill_visible(block, BLOCK_GROUPED);
    fill_visible(block, BLOCK_PLAIN);
}
