/* Lowering branches and the stack (lower.h). */
#include "translator/lower.h"

/* The value of a 32-bit operand to R11D. */
static void fetch(struct lowering *l)
{
    lower_reach(l);
    EMIT(l->emitter, MOV, R11D, lower_operand(l, &l->op->instruction.operand[0]));
}

/* --- stack ------------------------------------------------------------------------------------ */

static void move_esp(struct lowering *l, uint32_t by)
{
    lower_register_moves(l, VCPU_ESP, by);
    EMIT(l->emitter, LEA, GUEST_ESP,
         emit_address(ZYDIS_REGISTER_R9, ZYDIS_REGISTER_NONE, 0, (int32_t)by));
}

void lower_push(struct lowering *l, ZydisMnemonic mnemonic)
{
    (void)mnemonic;
    const struct isa_operand *operand = &l->op->instruction.operand[0];
    bool memory = operand->kind == ISA_OPERAND_MEMORY;
    if (memory) {
        fetch(l);
        EMIT(l->emitter, MOV, GATE(SPILL, 4), R11D);
    }
    emit_operand top = lower_access(l, ACCESS_STACK);
    if (memory && top.mem.base == ZYDIS_REGISTER_R11) { /* its address is in R10 */
        EMIT(l->emitter, ADD, R11, R10);
        top = emit_memory(ZYDIS_REGISTER_R11, ZYDIS_REGISTER_NONE, 0, 0, 4);
    }
    if (memory) {
        EMIT(l->emitter, MOV, R10D, GATE(SPILL, 4));
    }
    EMIT(l->emitter, MOV, top, memory ? R10D : lower_operand(l, operand));
    move_esp(l, (uint32_t)-4);
}

void lower_pop(struct lowering *l, ZydisMnemonic mnemonic)
{
    (void)mnemonic;
    unsigned reg = l->op->instruction.operand[0].number;
    lower_registers_replaced(l);
    EMIT(l->emitter, MOV, emit_register(lower_register(32, reg)), lower_access(l, ACCESS_STACK));
    if (reg != VCPU_ESP) {
        move_esp(l, 4);
    }
}

void lower_leave_frame(struct lowering *l, ZydisMnemonic mnemonic)
{
    (void)mnemonic;
    lower_registers_replaced(l);
    emit_operand top = lower_access(l, ACCESS_STACK);
    EMIT(l->emitter, LEA, GUEST_ESP, emit_address(ZYDIS_REGISTER_RBP, ZYDIS_REGISTER_NONE, 0, 4));
    EMIT(l->emitter, MOV, emit_register(ZYDIS_REGISTER_EBP), top);
}

/* --- branches --------------------------------------------------------------------------------- */

static uint32_t next_of(const struct block_op *op)
{
    return op->eip + op->instruction.length_bytes;
}

static uint32_t target_of(const struct block_op *op)
{
    return next_of(op) + op->instruction.operand[0].value;
}

/* On to the guest address in R10D: its code is looked up in the table of targets, and takes the
 * flags from the gate, so that EAX is free. */
static void go_indirect(struct lowering *l)
{
    emit_operand r11_of_table = emit_memory(ZYDIS_REGISTER_RAX, ZYDIS_REGISTER_R11, 8, 0, 8);
    uint32_t miss = emit_label(l->emitter);
    lower_keep_flags(l);
    lower_flags_to_gate(l, &l->source);
    EMIT(l->emitter, MOV, R11D, R10D);
    EMIT(l->emitter, AND, R11D, IMMEDIATE(GATE_TARGET_COUNT - 1));
    EMIT(l->emitter, MOV, emit_register(ZYDIS_REGISTER_RAX), GATE(TARGETS, 8));
    EMIT(l->emitter, MOV, R11, r11_of_table);
    EMIT(l->emitter, CMP, R11D, R10D);
    emit_branch(l->emitter, ZYDIS_MNEMONIC_JNZ, miss, false);
    EMIT(l->emitter, SHR, R11, IMMEDIATE(32));
    EMIT(l->emitter, ADD, R11, GATE(CODE, 8));
    EMIT(l->emitter, JMP, R11);
    emit_place(l->emitter, miss);
    EMIT(l->emitter, MOV, GATE(EIP, 4), R10D);
    lower_jump_out(l, GATE_EXIT_FIND);
}

void lower_jump(struct lowering *l, ZydisMnemonic mnemonic)
{
    if (l->op->instruction.operand[0].kind == ISA_OPERAND_RELATIVE) {
        lower_go(l, mnemonic, target_of(l->op));
        return;
    }
    fetch(l);
    EMIT(l->emitter, MOV, R10D, R11D);
    go_indirect(l);
}

void lower_jump_if(struct lowering *l, ZydisMnemonic mnemonic)
{
    (void)mnemonic;
    static const ZydisMnemonic jumps[16] = {
        ZYDIS_MNEMONIC_JO, ZYDIS_MNEMONIC_JNO, ZYDIS_MNEMONIC_JB,  ZYDIS_MNEMONIC_JNB,
        ZYDIS_MNEMONIC_JZ, ZYDIS_MNEMONIC_JNZ, ZYDIS_MNEMONIC_JBE, ZYDIS_MNEMONIC_JNBE,
        ZYDIS_MNEMONIC_JS, ZYDIS_MNEMONIC_JNS, ZYDIS_MNEMONIC_JP,  ZYDIS_MNEMONIC_JNP,
        ZYDIS_MNEMONIC_JL, ZYDIS_MNEMONIC_JNL, ZYDIS_MNEMONIC_JLE, ZYDIS_MNEMONIC_JNLE};
    lower_keep_flags(l); /* for where it goes */
    lower_need_flags(l, l->op->reads);
    lower_go(l, jumps[l->op->instruction.condition], target_of(l->op));
    if (l->index + 1 == l->block->count && l->block->end == BLOCK_BRANCHES) {
        lower_go(l, ZYDIS_MNEMONIC_JMP, next_of(l->op));
    }
}

void lower_call(struct lowering *l, ZydisMnemonic mnemonic)
{
    (void)mnemonic;
    bool direct = l->op->instruction.operand[0].kind == ISA_OPERAND_RELATIVE;
    if (!direct) {
        fetch(l);
        EMIT(l->emitter, MOV, GATE(SPILL, 4), R11D);
    }
    EMIT(l->emitter, MOV, lower_access(l, ACCESS_STACK), IMMEDIATE(next_of(l->op)));
    move_esp(l, (uint32_t)-4);
    if (direct) {
        lower_go(l, ZYDIS_MNEMONIC_JMP, target_of(l->op));
    } else {
        EMIT(l->emitter, MOV, R10D, GATE(SPILL, 4));
        go_indirect(l);
    }
}

void lower_return(struct lowering *l, ZydisMnemonic mnemonic)
{
    (void)mnemonic;
    const struct isa_instruction *instruction = &l->op->instruction;
    EMIT(l->emitter, MOV, R10D, lower_access(l, ACCESS_STACK));
    move_esp(l, 4 + (instruction->operand_count ? instruction->operand[0].value : 0));
    go_indirect(l);
}
