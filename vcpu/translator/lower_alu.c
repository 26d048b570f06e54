/*
 * Lowering what computes and moves (lower.h): most keep their form. What is left to say of each is
 * the source of the flags it writes, and which of the flags before it must still be there.
 */
#include "translator/lower.h"

/* --- operands --------------------------------------------------------------------------------- */

/*
 * AH, CH, DH and BH have no name beside the registers that need a REX prefix. So the guest register
 * is turned by eight bits, its low byte used, and turned back; rorx touches no flags.
 */
static void turn(struct lowering *l, const struct isa_operand *operand, unsigned bits)
{
    emit_operand reg = emit_register(lower_register(32, operand->number - 4u));
    EMIT(l->emitter, RORX, reg, reg, IMMEDIATE(bits));
}

static bool has_high_byte(const struct isa_instruction *instruction)
{
    for (unsigned i = 0; i < instruction->operand_count; i++) {
        if (lower_is_high_byte(&instruction->operand[i])) {
            return true;
        }
    }
    return false;
}

/* The instruction with host operands. */
static void emit_same(struct lowering *l, ZydisMnemonic mnemonic)
{
    const struct isa_instruction *instruction = &l->op->instruction;
    emit_operand operands[3];
    unsigned count = instruction->operand_count;
    const struct isa_operand *high = NULL;
    for (unsigned i = 0; i < count; i++) {
        operands[i] = lower_operand(l, &instruction->operand[i]);
        if (lower_is_high_byte(&instruction->operand[i])) {
            high = &instruction->operand[i];
        }
    }
    if (high) {
        /* The other half of the same register, or the high byte of another, is used by a copy. */
        const struct isa_operand *other = &instruction->operand[high == &instruction->operand[0]];
        if (count == 2 && other->kind == ISA_OPERAND_REGISTER &&
            !(lower_is_high_byte(other) && other->number == high->number)) {
            /* It is read only: xchg, which writes both, is the interpreter's here. */
            const struct isa_operand *source = &instruction->operand[1];
            EMIT(l->emitter, RORX, R11D,
                 emit_register(lower_register(32, source->width_bits == 8 ? source->number & 3u
                                                                          : source->number)),
                 IMMEDIATE(lower_is_high_byte(source) ? 8 : 0));
            operands[1] = emit_register(ZYDIS_REGISTER_R11B);
            high = lower_is_high_byte(&instruction->operand[0]) ? &instruction->operand[0] : NULL;
        }
    }
    if (high) {
        turn(l, high, 8);
    }
    emit_list(l->emitter, mnemonic, count, operands);
    if (high) {
        turn(l, high, 24);
    }
}

/* The host's flags are the guest's, and the memory operand, if there is one, is at hand. */
static void reach_with_flags(struct lowering *l, uint16_t which)
{
    if (which && l->op->access[ACCESS_OPERAND].size_bytes) {
        lower_flags_to_eax(l); /* from where they come back without R11 */
    }
    lower_reach(l);
    if (which) {
        lower_need_flags(l, which);
    }
}

/* --- moves ------------------------------------------------------------------------------------ */

void lower_same(struct lowering *l, ZydisMnemonic mnemonic)
{
    const struct isa_operand *operand = l->op->instruction.operand;
    if (mnemonic == ZYDIS_MNEMONIC_MOV && operand[0].kind == ISA_OPERAND_REGISTER &&
        operand[1].kind == ISA_OPERAND_REGISTER && operand[0].number == operand[1].number) {
        return;
    }
    lower_registers_replaced(l);
    reach_with_flags(l, l->op->reads);
    emit_same(l, mnemonic);
}

void lower_set_if(struct lowering *l, ZydisMnemonic mnemonic)
{
    (void)mnemonic;
    static const ZydisMnemonic sets[16] = {
        ZYDIS_MNEMONIC_SETO, ZYDIS_MNEMONIC_SETNO, ZYDIS_MNEMONIC_SETB,  ZYDIS_MNEMONIC_SETNB,
        ZYDIS_MNEMONIC_SETZ, ZYDIS_MNEMONIC_SETNZ, ZYDIS_MNEMONIC_SETBE, ZYDIS_MNEMONIC_SETNBE,
        ZYDIS_MNEMONIC_SETS, ZYDIS_MNEMONIC_SETNS, ZYDIS_MNEMONIC_SETP,  ZYDIS_MNEMONIC_SETNP,
        ZYDIS_MNEMONIC_SETL, ZYDIS_MNEMONIC_SETNL, ZYDIS_MNEMONIC_SETLE, ZYDIS_MNEMONIC_SETNLE};
    lower_same(l, sets[l->op->instruction.condition]);
}

void lower_move_if(struct lowering *l, ZydisMnemonic mnemonic)
{
    (void)mnemonic;
    static const ZydisMnemonic moves[16] = {
        ZYDIS_MNEMONIC_CMOVO, ZYDIS_MNEMONIC_CMOVNO, ZYDIS_MNEMONIC_CMOVB,  ZYDIS_MNEMONIC_CMOVNB,
        ZYDIS_MNEMONIC_CMOVZ, ZYDIS_MNEMONIC_CMOVNZ, ZYDIS_MNEMONIC_CMOVBE, ZYDIS_MNEMONIC_CMOVNBE,
        ZYDIS_MNEMONIC_CMOVS, ZYDIS_MNEMONIC_CMOVNS, ZYDIS_MNEMONIC_CMOVP,  ZYDIS_MNEMONIC_CMOVNP,
        ZYDIS_MNEMONIC_CMOVL, ZYDIS_MNEMONIC_CMOVNL, ZYDIS_MNEMONIC_CMOVLE, ZYDIS_MNEMONIC_CMOVNLE};
    lower_same(l, moves[l->op->instruction.condition]);
}

void lower_load_address(struct lowering *l, ZydisMnemonic mnemonic)
{
    (void)mnemonic;
    const struct isa_instruction *instruction = &l->op->instruction;
    const struct isa_operand *from = &instruction->operand[1];
    const struct isa_operand *to = &instruction->operand[0];
    emit_operand target = emit_register(lower_register(instruction->width_bits, to->number));
    if (instruction->width_bits == 32 && from->base == to->number &&
        from->index == ISA_NO_REGISTER) {
        if (from->displacement == 0) {
            return; /* how assemblers fill gaps */
        }
        lower_register_moves(l, from->base, from->displacement);
    } else {
        lower_registers_replaced(l);
    }
    if (from->base == ISA_NO_REGISTER && from->index == ISA_NO_REGISTER) {
        EMIT(l->emitter, MOV, target,
             instruction->width_bits == 32 ? IMMEDIATE(from->displacement)
                                           : emit_immediate((int16_t)from->displacement));
    } else {
        EMIT(l->emitter, LEA, target, lower_effective_address(from));
    }
}

void lower_widen_eax(struct lowering *l, ZydisMnemonic mnemonic)
{
    emit_operand rdx = emit_register(ZYDIS_REGISTER_RDX);
    emit_operand edx = emit_register(ZYDIS_REGISTER_EDX);
    lower_registers_replaced(l);
    switch (mnemonic) {
    case ZYDIS_MNEMONIC_CBW:
        EMIT(l->emitter, MOVSX, emit_register(ZYDIS_REGISTER_R8W),
             emit_register(ZYDIS_REGISTER_R8B));
        break;
    case ZYDIS_MNEMONIC_CWDE:
        EMIT(l->emitter, MOVSX, GUEST_EAX, emit_register(ZYDIS_REGISTER_R8W));
        break;
    default: /* cdq, without flags: the sign fills the upper half, which comes down */
        EMIT(l->emitter, MOVSXD, rdx, GUEST_EAX);
        EMIT(l->emitter, RORX, rdx, rdx, IMMEDIATE(32));
        EMIT(l->emitter, MOV, edx, edx);
        break;
    }
}

/* --- what writes every flag ------------------------------------------------------------------- */

/* Can its flags be made again from its result and an operand, or from its operands? */
static bool is_again(const struct isa_instruction *instruction)
{
    switch (instruction->operation) {
    case ISA_CMP:
    case ISA_TEST:
        return !has_high_byte(instruction);
    case ISA_ADD:
    case ISA_SUB:
    case ISA_AND:
    case ISA_OR:
    case ISA_XOR:
    case ISA_NEG:
    case ISA_SHL:
    case ISA_SHR:
    case ISA_SAR:
        return instruction->operand[0].kind == ISA_OPERAND_REGISTER && !has_high_byte(instruction);
    default:
        return false;
    }
}

/* Is the source about what the register held before, which is to be had from EAX? */
static bool wants_old(const struct isa_instruction *instruction)
{
    return instruction->operation == ISA_NEG || instruction->operation == ISA_SHL ||
           instruction->operation == ISA_SHR || instruction->operation == ISA_SAR;
}

static uint8_t place_of(const struct isa_operand *operand)
{
    return operand->kind == ISA_OPERAND_REGISTER ? (uint8_t)operand->number
           : operand->kind == ISA_OPERAND_MEMORY ? FLAGS_EAX
                                                 : FLAGS_NONE;
}

/* The source of the flags of an instruction that is_again, of which a memory operand is in EAX. */
static struct flags_source describe(const struct isa_instruction *instruction)
{
    const struct isa_operand *first = &instruction->operand[0];
    const struct isa_operand *second = &instruction->operand[1];
    struct flags_source source = flags_source_of(FLAGS_LOGIC);
    source.width_bits = instruction->width_bits;
    source.a = place_of(first);
    bool same = first->kind == ISA_OPERAND_REGISTER && second->kind == ISA_OPERAND_REGISTER &&
                first->number == second->number;
    switch (instruction->operation) {
    case ISA_TEST:
        source.a = same ? source.a : FLAGS_EAX; /* where lower_arithmetic has the result */
        return source;
    case ISA_AND:
    case ISA_OR:
        return source;
    case ISA_NEG:
        source.kind = FLAGS_SUB;
        source.a = FLAGS_NONE;
        source.b = FLAGS_EAX;
        return source;
    case ISA_SHL:
    case ISA_SHR:
    case ISA_SAR:
        source.kind = instruction->operation == ISA_SHL   ? FLAGS_SHL
                      : instruction->operation == ISA_SHR ? FLAGS_SHR
                                                          : FLAGS_SAR;
        source.a = FLAGS_EAX;
        source.b_value = second->value & 31u;
        return source;
    case ISA_XOR:
        break;
    case ISA_CMP:
        source.kind = FLAGS_SUB;
        source.b = place_of(second);
        source.b_value = source.b == FLAGS_NONE ? second->value : 0;
        return source;
    default:
        source.kind = instruction->operation == ISA_SUB ? FLAGS_SUB : FLAGS_ADD;
        source.b = place_of(second);
        if (source.b == FLAGS_NONE) {
            source.b_value = second->value;
            source.a_offset =
                instruction->operation == ISA_SUB ? second->value : 0u - second->value;
        } else {
            source.a_sign = instruction->operation == ISA_SUB ? 1 : -1;
        }
        break;
    }
    if (same && instruction->operation != ISA_ADD) { /* 0, whatever it was */
        source = flags_source_of(FLAGS_KEPT);
        source.a_offset = gate_flags_keep(VCPU_FLAG_ZF | VCPU_FLAG_PF);
    } else if (same) {
        source = flags_source_of(FLAGS_IN_HOST);
    }
    return source;
}

/* EAX = the memory operand, and l->memory that. */
static void load_to_eax(struct lowering *l)
{
    unsigned width_bits = l->op->instruction.width_bits;
    if (width_bits == 32) {
        EMIT(l->emitter, MOV, EAX, l->memory);
    } else {
        EMIT(l->emitter, MOVZX, EAX, l->memory);
    }
    l->memory = width_bits == 32 ? EAX : width_bits == 16 ? emit_register(ZYDIS_REGISTER_AX) : AL;
}

/* `test` of two things: the flags are those of their conjunction, which is wanted again. */
static void conjoin(struct lowering *l)
{
    const struct isa_operand *operand = l->op->instruction.operand;
    unsigned width_bits = l->op->instruction.width_bits;
    if (operand[0].kind == ISA_OPERAND_REGISTER) {
        EMIT(l->emitter, MOV, EAX, emit_register(lower_register(32, operand[0].number)));
    }
    EMIT(l->emitter, AND,
         width_bits == 32   ? EAX
         : width_bits == 16 ? emit_register(ZYDIS_REGISTER_AX)
                            : AL,
         lower_operand(l, &operand[1]));
}

void lower_arithmetic(struct lowering *l, ZydisMnemonic mnemonic)
{
    const struct isa_instruction *instruction = &l->op->instruction;
    bool again = lower_visible(l, FLAGS_ARITHMETIC) && is_again(instruction);
    struct flags_source source = again ? describe(instruction) : flags_source_of(FLAGS_IN_HOST);
    reach_with_flags(l, l->op->reads);
    if (again && instruction->memory_operand != ISA_NO_OPERAND &&
        flags_source_uses(&source, FLAGS_EAX)) {
        load_to_eax(l);
    }
    if (again && wants_old(instruction)) {
        EMIT(l->emitter, MOV, EAX,
             emit_register(lower_register(32, instruction->operand[0].number)));
    }
    if (again && instruction->operation == ISA_TEST && source.a == FLAGS_EAX) {
        conjoin(l);
    } else {
        emit_same(l, mnemonic);
    }
    lower_wrote_flags(l, source, instruction->flags_undefined);
}

/* --- what writes some of the flags ------------------------------------------------------------ */

void lower_partly(struct lowering *l, ZydisMnemonic mnemonic)
{
    uint16_t others = lower_visible(l, (uint16_t)(FLAGS_ARITHMETIC & ~l->op->writes));
    reach_with_flags(l, l->op->reads | others);
    emit_same(l, mnemonic);
    lower_wrote_flags(l, flags_source_of(FLAGS_IN_HOST), l->op->instruction.flags_undefined);
}

void lower_rotate(struct lowering *l, ZydisMnemonic mnemonic)
{
    const struct isa_operand *operand = l->op->instruction.operand;
    if (lower_visible(l, l->op->writes) || operand[0].kind != ISA_OPERAND_REGISTER ||
        operand[0].width_bits != 32) {
        lower_partly(l, mnemonic);
        return;
    }
    lower_registers_replaced(l);
    emit_operand reg = emit_register(lower_register(32, operand[0].number));
    uint32_t count = operand[1].value & 31u;
    EMIT(l->emitter, RORX, reg, reg,
         IMMEDIATE(mnemonic == ZYDIS_MNEMONIC_ROL ? 32 - count : count));
}

/* Is CF known, or does nobody care? */
static bool carry_known(const struct lowering *l, uint32_t *carry)
{
    const struct flags_source *s = &l->source;
    *carry = 0;
    if (!lower_visible(l, VCPU_FLAG_CF) || s->kind == FLAGS_LOGIC) {
        return true;
    }
    *carry = s->a_offset >> 8 & 1u; /* as lahf has it */
    return s->kind == FLAGS_KEPT && s->a == FLAGS_NONE;
}

/* inc and dec, which leave CF. */
void lower_step(struct lowering *l, ZydisMnemonic mnemonic)
{
    const struct isa_operand *operand = &l->op->instruction.operand[0];
    bool is_register = operand->kind == ISA_OPERAND_REGISTER && !lower_is_high_byte(operand);
    bool seen = lower_visible(l, l->op->writes);
    uint32_t by = mnemonic == ZYDIS_MNEMONIC_INC ? 1 : UINT32_MAX;
    if (!seen && is_register && operand->width_bits == 32) {
        lower_register_moves(l, (uint8_t)operand->number, by);
        EMIT(l->emitter, LEA, emit_register(lower_register(32, operand->number)),
             emit_address(lower_register64(operand->number), ZYDIS_REGISTER_NONE, 0, (int32_t)by));
        return;
    }
    uint32_t carry;
    if (!is_register || !carry_known(l, &carry)) {
        lower_partly(l, mnemonic);
        if (is_register && lower_visible(l, FLAGS_ARITHMETIC)) {
            EMIT(l->emitter, SETB, AL);
            l->source = (struct flags_source){
                .kind = mnemonic == ZYDIS_MNEMONIC_INC ? FLAGS_INC : FLAGS_DEC,
                .width_bits = operand->width_bits,
                .a = (uint8_t)operand->number,
                .b = FLAGS_EAX,
                .a_offset = 0u - by,
            };
        }
        return;
    }
    if (carry) {
        EMIT(l->emitter, STC);
    }
    emit_same(l, mnemonic);
    struct flags_source source = {
        .kind = mnemonic == ZYDIS_MNEMONIC_INC ? FLAGS_INC : FLAGS_DEC,
        .width_bits = operand->width_bits,
        .a = (uint8_t)operand->number,
        .b = FLAGS_NONE,
        .a_offset = 0u - by,
        .b_value = carry,
    };
    lower_wrote_flags(l, source, carry ? 0 : VCPU_FLAG_CF);
}

/* --- shifts ----------------------------------------------------------------------------------- */

/* Shifts by CL: a count of 0 keeps all flags, and what the others leave undefined depends on it. */
static void shift_by_cl(struct lowering *l, ZydisMnemonic mnemonic)
{
    emit_operand operand = lower_operand(l, &l->op->instruction.operand[0]);
    emit_operand cl = emit_register(ZYDIS_REGISTER_CL);
    emit_operand ecx = emit_register(ZYDIS_REGISTER_ECX);
    emit_operand r11b = emit_register(ZYDIS_REGISTER_R11B);
    if (!lower_visible(l, FLAGS_ARITHMETIC)) {
        lower_registers_replaced(l);
        ZydisMnemonic plain = mnemonic == ZYDIS_MNEMONIC_SHL   ? ZYDIS_MNEMONIC_SHLX
                              : mnemonic == ZYDIS_MNEMONIC_SHR ? ZYDIS_MNEMONIC_SHRX
                                                               : ZYDIS_MNEMONIC_SARX;
        emit_list(l->emitter, plain, 3, (emit_operand[]){operand, operand, ecx});
        return;
    }
    lower_flags_to_eax(l);
    EMIT(l->emitter, MOV, R11D, ecx); /* it may be what is shifted */
    emit_list(l->emitter, mnemonic, 2, (emit_operand[]){operand, cl});
    EMIT(l->emitter, MOV, R10D, EAX);
    EMIT(l->emitter, LAHF);
    EMIT(l->emitter, SETO, AL);
    EMIT(l->emitter, AND, EAX, IMMEDIATE(~(VCPU_FLAG_AF << 8)));
    EMIT(l->emitter, AND, R11D, IMMEDIATE(31));
    EMIT(l->emitter, CMP, R11D, IMMEDIATE(1));
    EMIT(l->emitter, CMOVB, EAX, R10D);
    EMIT(l->emitter, SETBE, r11b);
    EMIT(l->emitter, AND, AL, r11b);
    l->host = false; /* the source is as lower_flags_to_eax left it: kept in EAX */
}

void lower_shift(struct lowering *l, ZydisMnemonic mnemonic)
{
    if (l->op->instruction.counted_by_cl) {
        shift_by_cl(l, mnemonic);
    } else {
        lower_arithmetic(l, mnemonic);
    }
}

/* --- multiplication and division -------------------------------------------------------------- */

void lower_multiply(struct lowering *l, ZydisMnemonic mnemonic)
{
    const struct isa_instruction *instruction = &l->op->instruction;
    const struct isa_operand *operand = instruction->operand;
    struct flags_source source = flags_source_of(FLAGS_IN_HOST);
    lower_reach(l);
    if (instruction->operand_count == 1) {
        /* What EAX held is about flags that this instruction replaces. */
        EMIT(l->emitter, MOV, EAX, GUEST_EAX);
        emit_same(l, mnemonic);
        EMIT(l->emitter, MOV, GUEST_EAX, EAX);
    } else {
        unsigned first = instruction->operand_count - 2u; /* of the two factors */
        if (lower_visible(l, FLAGS_ARITHMETIC) && instruction->memory_operand == ISA_NO_OPERAND &&
            (first == 1 || operand[0].number != operand[1].number)) {
            EMIT(l->emitter, MOV, EAX, emit_register(lower_register(32, operand[first].number)));
            source.kind = FLAGS_IMUL;
            source.width_bits = instruction->width_bits;
            source.a = FLAGS_EAX;
            source.b = place_of(&operand[first + 1]);
            source.b_value = source.b == FLAGS_NONE ? operand[first + 1].value : 0;
        }
        emit_same(l, mnemonic);
    }
    lower_wrote_flags(l, source, instruction->flags_undefined);
}

/* The quotient must fit, or the host would fault: whatever is not plainly so is interpreted. */
void lower_divide(struct lowering *l, ZydisMnemonic mnemonic)
{
    emit_operand edx = emit_register(ZYDIS_REGISTER_EDX);
    lower_reach(l);
    lower_spoil_flags(l);
    EMIT(l->emitter, MOV, R11D, lower_operand(l, &l->op->instruction.operand[0]));
    uint32_t leave = lower_leave(l, GATE_EXIT_INTERPRET);
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
    lower_wrote_flags(l, flags_source_of(FLAGS_KEPT), 0); /* every flag is 0 */
    l->host = false;
}
