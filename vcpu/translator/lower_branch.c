/* Lowering branches, the stack, and multiplication and division (lower.h). */
#include "translator/lower.h"

/* The value of a 32-bit operand to R11D; leaves R10 alone only if it is no memory operand. */
static void fetch(struct lowering *l, const struct isa_operand *operand)
{
    switch (operand->kind) {
    case ISA_OPERAND_MEMORY:
        lower_address(l, operand);
        lower_check(l, 4, false);
        EMIT(l->emitter, MOV, R11D, lower_checked(32));
        break;
    case ISA_OPERAND_REGISTER:
        EMIT(l->emitter, MOV, R11D, emit_register(lower_register(32, operand->number)));
        break;
    default:
        EMIT(l->emitter, MOV, R11D, IMMEDIATE(operand->value));
        break;
    }
}

/* --- stack ------------------------------------------------------------------------------------ */

/* R10D = ESP - 4, checked for a store. */
static void below_stack(struct lowering *l)
{
    EMIT(l->emitter, LEA, R10D, emit_address(ZYDIS_REGISTER_R9, ZYDIS_REGISTER_NONE, 0, -4));
    lower_check(l, 4, true);
}

void lower_push(struct lowering *l, ZydisMnemonic mnemonic)
{
    (void)mnemonic;
    const struct isa_operand *operand = &l->op->instruction.operand[0];
    if (operand->kind == ISA_OPERAND_MEMORY) {
        fetch(l, operand);
        EMIT(l->emitter, MOV, GATE(SPILL, 4), R11D);
        below_stack(l);
        EMIT(l->emitter, MOV, GUEST_ESP, R10D);
        EMIT(l->emitter, ADD, R11, R10); /* the flags are kept */
        EMIT(l->emitter, MOV, R10D, GATE(SPILL, 4));
        EMIT(l->emitter, MOV, emit_memory(ZYDIS_REGISTER_R11, ZYDIS_REGISTER_NONE, 0, 0, 4), R10D);
        return;
    }
    below_stack(l);
    EMIT(l->emitter, MOV, lower_checked(32), lower_operand(l, operand));
    EMIT(l->emitter, MOV, GUEST_ESP, R10D);
}

/* Loads from the top of the stack at R10D into target, and moves ESP past it. */
static void take(struct lowering *l, emit_operand target, uint32_t more_bytes)
{
    lower_check(l, 4, false);
    EMIT(l->emitter, LEA, GUEST_ESP,
         emit_address(ZYDIS_REGISTER_R10, ZYDIS_REGISTER_NONE, 0, (int32_t)(4 + more_bytes)));
    EMIT(l->emitter, MOV, target, lower_checked(32));
}

void lower_pop(struct lowering *l, ZydisMnemonic mnemonic)
{
    (void)mnemonic;
    EMIT(l->emitter, MOV, R10D, GUEST_ESP);
    take(l, emit_register(lower_register(32, l->op->instruction.operand[0].number)), 0);
}

void lower_leave_frame(struct lowering *l, ZydisMnemonic mnemonic)
{
    (void)mnemonic;
    emit_operand ebp = emit_register(ZYDIS_REGISTER_EBP);
    EMIT(l->emitter, MOV, R10D, ebp);
    take(l, ebp, 0);
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

/* On to the guest address in R10D: its code is looked up in the table of targets. */
static void go_indirect(struct lowering *l)
{
    uint32_t miss = emit_label(l->emitter);
    lower_keep_flags(l);
    l->flags = FLAGS_KEPT;
    EMIT(l->emitter, MOV, R11D, R10D);
    EMIT(l->emitter, AND, R11D, IMMEDIATE(GATE_TARGET_COUNT - 1));
    EMIT(l->emitter, SHL, R11D, IMMEDIATE(3));
    EMIT(l->emitter, ADD, R11, GATE(TARGETS, 8));
    EMIT(l->emitter, MOV, R11, emit_memory(ZYDIS_REGISTER_R11, ZYDIS_REGISTER_NONE, 0, 0, 8));
    EMIT(l->emitter, CMP, R11D, R10D);
    emit_branch(l->emitter, ZYDIS_MNEMONIC_JNZ, miss, false);
    EMIT(l->emitter, SHR, R11, IMMEDIATE(32));
    EMIT(l->emitter, ADD, R11, GATE(CODE, 8));
    EMIT(l->emitter, JMP, R11);
    emit_place(l->emitter, miss);
    EMIT(l->emitter, MOV, GATE(EIP, 4), R10D);
    EMIT(l->emitter, MOV, GATE(EXIT, 4), IMMEDIATE(GATE_EXIT_FIND));
    EMIT(l->emitter, JMP, GATE(LEAVE, 8));
}

void lower_jump(struct lowering *l, ZydisMnemonic mnemonic)
{
    (void)mnemonic;
    const struct isa_operand *operand = &l->op->instruction.operand[0];
    if (operand->kind == ISA_OPERAND_RELATIVE) {
        lower_keep_flags(l);
        lower_go(l, target_of(l->op));
        return;
    }
    fetch(l, operand);
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
    struct cold *cold = lower_cold(l, COLD_TAKEN);
    cold->target = target_of(l->op);
    bool last = l->index + 1 == l->block->count;
    uint32_t displacement =
        emit_branch(l->emitter, jumps[l->op->instruction.condition], cold->label, last);
    cold->site = last ? displacement : 0; /* else the budget is to be put right first */
    if (last && l->block->end == BLOCK_BRANCHES) {
        lower_go(l, next_of(l->op));
    }
}

void lower_call(struct lowering *l, ZydisMnemonic mnemonic)
{
    (void)mnemonic;
    const struct isa_operand *operand = &l->op->instruction.operand[0];
    bool direct = operand->kind == ISA_OPERAND_RELATIVE;
    if (!direct) {
        fetch(l, operand);
        EMIT(l->emitter, MOV, GATE(SPILL, 4), R11D);
    }
    below_stack(l);
    EMIT(l->emitter, MOV, lower_checked(32), IMMEDIATE(next_of(l->op)));
    EMIT(l->emitter, MOV, GUEST_ESP, R10D);
    if (direct) {
        lower_go(l, target_of(l->op));
    } else {
        EMIT(l->emitter, MOV, R10D, GATE(SPILL, 4));
        go_indirect(l);
    }
}

void lower_return(struct lowering *l, ZydisMnemonic mnemonic)
{
    (void)mnemonic;
    const struct isa_instruction *instruction = &l->op->instruction;
    EMIT(l->emitter, MOV, R10D, GUEST_ESP);
    take(l, R10D, instruction->operand_count ? instruction->operand[0].value : 0);
    go_indirect(l);
}

/* --- multiplication and division -------------------------------------------------------------- */

void lower_multiply(struct lowering *l, ZydisMnemonic mnemonic)
{
    const struct isa_instruction *instruction = &l->op->instruction;
    emit_operand operands[3];
    if (instruction->memory_operand != ISA_NO_OPERAND) {
        lower_address(l, &instruction->operand[instruction->memory_operand]);
        lower_check(l, instruction->width_bits / 8u, false);
    }
    for (unsigned i = 0; i < instruction->operand_count; i++) {
        operands[i] = lower_operand(l, &instruction->operand[i]);
    }
    if (instruction->operand_count == 1) {
        /* What EAX held are flags that this instruction replaces. */
        EMIT(l->emitter, MOV, EAX, GUEST_EAX);
        emit_list(l->emitter, mnemonic, 1, operands);
        EMIT(l->emitter, MOV, GUEST_EAX, EAX);
    } else {
        emit_list(l->emitter, mnemonic, instruction->operand_count, operands);
    }
    lower_wrote_flags(l, instruction->flags_undefined);
}

/* The quotient must fit, or the host would fault: whatever is not plainly so is interpreted. */
void lower_divide(struct lowering *l, ZydisMnemonic mnemonic)
{
    emit_operand edx = emit_register(ZYDIS_REGISTER_EDX);
    lower_keep_flags(l);
    l->flags = FLAGS_KEPT;
    fetch(l, &l->op->instruction.operand[0]);
    uint32_t leave = lower_leave(l);
    if (mnemonic == ZYDIS_MNEMONIC_DIV) {
        EMIT(l->emitter, CMP, edx, R11D);
        emit_branch(l->emitter, ZYDIS_MNEMONIC_JNB, leave, false);
    } else {
        EMIT(l->emitter, MOV, R10D, GUEST_EAX);
        EMIT(l->emitter, SAR, R10D, IMMEDIATE(31));
        EMIT(l->emitter, CMP, R10D, edx);
        emit_branch(l->emitter, ZYDIS_MNEMONIC_JNZ, leave, false);
        EMIT(l->emitter, LEA, R10D, emit_address(ZYDIS_REGISTER_R11, ZYDIS_REGISTER_NONE, 0, 1));
        EMIT(l->emitter, CMP, R10D, IMMEDIATE(1)); /* a divisor of 0 or -1 */
        emit_branch(l->emitter, ZYDIS_MNEMONIC_JBE, leave, false);
    }
    EMIT(l->emitter, MOV, EAX, GUEST_EAX);
    emit_list(l->emitter, mnemonic, 1, (emit_operand[]){R11D});
    EMIT(l->emitter, MOV, GUEST_EAX, EAX);
    EMIT(l->emitter, XOR, EAX, EAX); /* every flag is 0 */
    l->flags = FLAGS_KEPT;
    l->undefined = 0;
}
