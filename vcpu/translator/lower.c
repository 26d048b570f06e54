/* Lowering a block, and the instructions that keep their form (lower.h). */
#include "translator/lower.h"

#include <string.h>

ZydisRegister lower_register(unsigned width_bits, unsigned number)
{
    static const ZydisRegister wide[] = {ZYDIS_REGISTER_R8D, ZYDIS_REGISTER_ECX, ZYDIS_REGISTER_EDX,
                                         ZYDIS_REGISTER_EBX, ZYDIS_REGISTER_R9D, ZYDIS_REGISTER_EBP,
                                         ZYDIS_REGISTER_ESI, ZYDIS_REGISTER_EDI};
    static const ZydisRegister half[] = {ZYDIS_REGISTER_R8W, ZYDIS_REGISTER_CX,  ZYDIS_REGISTER_DX,
                                         ZYDIS_REGISTER_BX,  ZYDIS_REGISTER_R9W, ZYDIS_REGISTER_BP,
                                         ZYDIS_REGISTER_SI,  ZYDIS_REGISTER_DI};
    static const ZydisRegister byte[] = {ZYDIS_REGISTER_R8B, ZYDIS_REGISTER_CL, ZYDIS_REGISTER_DL,
                                         ZYDIS_REGISTER_BL};
    return width_bits == 32   ? wide[number & 7u]
           : width_bits == 16 ? half[number & 7u]
                              : byte[number & 3u];
}

/* --- flags ------------------------------------------------------------------------------------ */

void lower_keep_flags(struct lowering *l)
{
    if (l->flags & FLAGS_KEPT) {
        return;
    }
    EMIT(l->emitter, LAHF);
    EMIT(l->emitter, SETO, AL);
    l->flags = FLAGS_KEPT | FLAGS_HOST;
    if (l->undefined) {
        uint32_t drop = (l->undefined & 0xd5u) << 8 | (l->undefined & VCPU_FLAG_OF ? 0xffu : 0);
        EMIT(l->emitter, AND, EAX, IMMEDIATE(~drop));
        l->flags = FLAGS_KEPT;
        l->undefined = 0;
    }
}

void lower_need_flags(struct lowering *l, uint16_t which)
{
    if (l->flags & FLAGS_HOST && !(l->undefined & which)) {
        return;
    }
    lower_keep_flags(l);
    if (which == VCPU_FLAG_CF) {
        EMIT(l->emitter, BT, EAX, IMMEDIATE(8)); /* the rest is as it was: not the guest's */
        return;
    }
    EMIT(l->emitter, CMP, AL, IMMEDIATE(-127)); /* overflows if AL is 1 */
    EMIT(l->emitter, SAHF);
    l->flags = FLAGS_KEPT | FLAGS_HOST;
}

/* Before something of ours that writes the host's flags. */
static void spoil_flags(struct lowering *l)
{
    lower_keep_flags(l);
    l->flags = FLAGS_KEPT;
}

/* --- memory ----------------------------------------------------------------------------------- */

void lower_address(struct lowering *l, const struct isa_operand *operand)
{
    static const ZydisRegister wide[] = {
        ZYDIS_REGISTER_R8,  ZYDIS_REGISTER_RCX, ZYDIS_REGISTER_RDX,
        ZYDIS_REGISTER_RBX, ZYDIS_REGISTER_R9,  ZYDIS_REGISTER_RBP,
        ZYDIS_REGISTER_RSI, ZYDIS_REGISTER_RDI, ZYDIS_REGISTER_NONE};
    if (operand->base == ISA_NO_REGISTER && operand->index == ISA_NO_REGISTER) {
        EMIT(l->emitter, MOV, R10D, IMMEDIATE(operand->displacement));
        return;
    }
    if (operand->index == ISA_NO_REGISTER && operand->displacement == 0) {
        EMIT(l->emitter, MOV, R10D, emit_register(lower_register(32, operand->base)));
        return;
    }
    EMIT(l->emitter, LEA, R10D,
         emit_address(wide[operand->base], wide[operand->index], (uint8_t)(1u << operand->shift),
                      (int32_t)operand->displacement));
}

struct cold *lower_cold(struct lowering *l, enum cold_kind kind)
{
    if (l->cold_count == COLD_MAX) {
        l->emitter->failed = true;
        return &l->cold[0];
    }
    struct cold *cold = &l->cold[l->cold_count++];
    *cold = (struct cold){.kind = kind, .label = emit_label(l->emitter), .index = l->index};
    return cold;
}

uint32_t lower_leave(struct lowering *l)
{
    if (!l->leave_label[l->index]) {
        l->leave_label[l->index] = lower_cold(l, COLD_LEAVE)->label + 1;
    }
    return l->leave_label[l->index] - 1;
}

/* R11 = the entry of page R11D, or leaves. */
static void load_entry(struct lowering *l, ZydisRegister table, uint32_t leave)
{
    EMIT(l->emitter, MOV, R11, emit_memory(table, ZYDIS_REGISTER_R11, 8, 0, 8));
    EMIT(l->emitter, TEST, R11, R11);
    emit_branch(l->emitter, ZYDIS_MNEMONIC_JZ, leave, false);
}

static void check_page(struct lowering *l, ZydisRegister table, uint32_t leave)
{
    EMIT(l->emitter, MOV, R11D, R10D);
    EMIT(l->emitter, SHR, R11D, IMMEDIATE(VCPU_PAGE_BITS));
    EMIT(l->emitter, CMP, R11D, GATE(PAGES, 4));
    emit_branch(l->emitter, ZYDIS_MNEMONIC_JNB, leave, false);
    load_entry(l, table, leave);
}

static void leave_if_crossing(struct lowering *l, uint32_t size_bytes, uint32_t leave)
{
    EMIT(l->emitter, LEA, R11D,
         emit_address(ZYDIS_REGISTER_R10, ZYDIS_REGISTER_NONE, 0, (int32_t)size_bytes - 1));
    EMIT(l->emitter, XOR, R11D, R10D);
    EMIT(l->emitter, TEST, R11D, IMMEDIATE(~VCPU_PAGE_MASK));
    emit_branch(l->emitter, ZYDIS_MNEMONIC_JNZ, leave, false);
}

void lower_check(struct lowering *l, uint32_t size_bytes, bool write)
{
    ZydisRegister table = write ? ZYDIS_REGISTER_R13 : ZYDIS_REGISTER_R12;
    spoil_flags(l);
    uint32_t leave = lower_leave(l);
    if (size_bytes > 4) {
        leave_if_crossing(l, size_bytes, leave);
    }
    if (size_bytes == 1 || size_bytes > 4) {
        check_page(l, table, leave);
        return;
    }
    struct cold *cold = lower_cold(l, COLD_MISALIGNED);
    cold->size_bytes = size_bytes;
    cold->table = table;
    cold->leave = leave;
    cold->back = emit_label(l->emitter);
    uint32_t bits = size_bytes == 2 ? 1 : 2;
    EMIT(l->emitter, RORX, R11D, R10D, IMMEDIATE(bits));
    if (bits == 1) {
        EMIT(l->emitter, CMP, R11D, GATE(LIMIT16, 4));
    } else {
        EMIT(l->emitter, CMP, R11D, GATE(LIMIT32, 4));
    }
    emit_branch(l->emitter, ZYDIS_MNEMONIC_JNB, cold->label, false);
    EMIT(l->emitter, SHR, R11D, IMMEDIATE(VCPU_PAGE_BITS - bits));
    load_entry(l, table, leave);
    emit_place(l->emitter, cold->back);
}

/* A misaligned access within one page goes on; any other leaves. */
static void cold_misaligned(struct lowering *l, const struct cold *cold)
{
    leave_if_crossing(l, cold->size_bytes, cold->leave);
    check_page(l, cold->table, cold->leave);
    emit_branch(l->emitter, ZYDIS_MNEMONIC_JMP, cold->back, false);
}

/* --- leaving ---------------------------------------------------------------------------------- */

static void leave_at(struct lowering *l, uint32_t eip, enum gate_exit exit)
{
    EMIT(l->emitter, MOV, GATE(EIP, 4), IMMEDIATE(eip));
    EMIT(l->emitter, MOV, GATE(EXIT, 4), IMMEDIATE(exit));
    EMIT(l->emitter, JMP, GATE(LEAVE, 8));
}

/* Gives back what of the budget was taken for the instructions from index on. */
static void give_back(struct lowering *l, uint32_t index)
{
    if (l->block->count > index) {
        EMIT(l->emitter, LEA, R14,
             emit_address(ZYDIS_REGISTER_R14, ZYDIS_REGISTER_NONE, 0,
                          (int32_t)(l->block->count - index)));
    }
}

/* For the time until the branch at displacement is linked. */
static void leave_to_link(struct lowering *l, uint32_t displacement, uint32_t target)
{
    EMIT(l->emitter, MOV, GATE(SITE, 4), IMMEDIATE(l->code_offset + displacement));
    leave_at(l, target, GATE_EXIT_LINK);
}

void lower_go(struct lowering *l, uint32_t target)
{
    uint32_t leave = emit_label(l->emitter);
    uint32_t displacement = emit_branch(l->emitter, ZYDIS_MNEMONIC_JMP, leave, true);
    emit_place(l->emitter, leave);
    leave_to_link(l, displacement, target);
}

/* --- instructions that keep their form -------------------------------------------------------- */

static bool is_high_byte(const struct isa_operand *operand)
{
    return operand->kind == ISA_OPERAND_REGISTER && operand->width_bits == 8 &&
           operand->number >= 4;
}

static bool is_counted(enum isa_operation operation)
{
    return operation == ISA_SHL || operation == ISA_SHR || operation == ISA_SAR ||
           operation == ISA_ROL || operation == ISA_ROR || operation == ISA_SHLD ||
           operation == ISA_SHRD;
}

static bool only_reads(enum isa_operation operation)
{
    return operation == ISA_CMP || operation == ISA_TEST || operation == ISA_BT;
}

/*
 * AH, CH, DH and BH have no name beside the registers that need a REX prefix. So the guest register
 * is turned by eight bits, its low byte used, and turned back; rorx touches no flags.
 */
static void turn(struct lowering *l, const struct isa_operand *operand, unsigned bits)
{
    emit_operand reg = emit_register(lower_register(32, operand->number - 4u));
    EMIT(l->emitter, RORX, reg, reg, IMMEDIATE(bits));
}

emit_operand lower_operand(struct lowering *l, const struct isa_operand *operand)
{
    switch (operand->kind) {
    case ISA_OPERAND_MEMORY:
        return lower_checked(operand->width_bits);
    case ISA_OPERAND_REGISTER:
        return emit_register(lower_register(operand->width_bits, operand->number));
    default:
        if (is_counted(l->op->instruction.operation)) {
            return IMMEDIATE(operand->value & 31u);
        }
        return l->op->instruction.width_bits == 8    ? emit_immediate((int8_t)operand->value)
               : l->op->instruction.width_bits == 16 ? emit_immediate((int16_t)operand->value)
                                                     : IMMEDIATE(operand->value);
    }
}

/* The address and its check, if there is a memory operand. */
static void reach(struct lowering *l)
{
    const struct isa_instruction *instruction = &l->op->instruction;
    if (instruction->memory_operand == ISA_NO_OPERAND) {
        return;
    }
    const struct isa_operand *operand = &instruction->operand[instruction->memory_operand];
    lower_address(l, operand);
    bool write = instruction->memory_operand == 0 && !only_reads(instruction->operation);
    write = write || instruction->operation == ISA_XCHG;
    lower_check(l, operand->width_bits / 8u, write);
}

/* The same instruction with host operands. */
static void same(struct lowering *l, ZydisMnemonic mnemonic)
{
    const struct isa_instruction *instruction = &l->op->instruction;
    uint16_t writes = l->op->writes;
    reach(l);
    /* What it reads, and if it writes some what it leaves alone. */
    uint16_t needs = l->op->reads | (writes ? (uint16_t)(FLAGS_ARITHMETIC & ~writes) : 0);
    if (needs) {
        lower_need_flags(l, needs);
    }
    emit_operand operands[3];
    unsigned count = instruction->operand_count;
    const struct isa_operand *high = NULL;
    for (unsigned i = 0; i < count; i++) {
        operands[i] = lower_operand(l, &instruction->operand[i]);
        if (is_high_byte(&instruction->operand[i])) {
            high = &instruction->operand[i];
        }
    }
    if (high) {
        /* The other half of the same register, or the high byte of another, is used by a copy. */
        const struct isa_operand *other = &instruction->operand[high == &instruction->operand[0]];
        if (count == 2 && other->kind == ISA_OPERAND_REGISTER &&
            !(is_high_byte(other) && other->number == high->number)) {
            /* It is read only: xchg, which writes both, is the interpreter's here. */
            const struct isa_operand *source = &instruction->operand[1];
            EMIT(l->emitter, RORX, R11D,
                 emit_register(lower_register(32, source->width_bits == 8 ? source->number & 3u
                                                                          : source->number)),
                 IMMEDIATE(is_high_byte(source) ? 8 : 0));
            operands[1] = emit_register(ZYDIS_REGISTER_R11B);
            high = is_high_byte(&instruction->operand[0]) ? &instruction->operand[0] : NULL;
        }
    }
    if (high) {
        turn(l, high, 8);
    }
    emit_list(l->emitter, mnemonic, count, operands);
    if (high) {
        turn(l, high, 24);
    }
    if (writes) {
        lower_wrote_flags(l, instruction->flags_undefined);
    }
}

static void set_if(struct lowering *l, ZydisMnemonic mnemonic)
{
    (void)mnemonic;
    static const ZydisMnemonic sets[16] = {
        ZYDIS_MNEMONIC_SETO, ZYDIS_MNEMONIC_SETNO, ZYDIS_MNEMONIC_SETB,  ZYDIS_MNEMONIC_SETNB,
        ZYDIS_MNEMONIC_SETZ, ZYDIS_MNEMONIC_SETNZ, ZYDIS_MNEMONIC_SETBE, ZYDIS_MNEMONIC_SETNBE,
        ZYDIS_MNEMONIC_SETS, ZYDIS_MNEMONIC_SETNS, ZYDIS_MNEMONIC_SETP,  ZYDIS_MNEMONIC_SETNP,
        ZYDIS_MNEMONIC_SETL, ZYDIS_MNEMONIC_SETNL, ZYDIS_MNEMONIC_SETLE, ZYDIS_MNEMONIC_SETNLE};
    same(l, sets[l->op->instruction.condition]);
}

static void move_if(struct lowering *l, ZydisMnemonic mnemonic)
{
    (void)mnemonic;
    static const ZydisMnemonic moves[16] = {
        ZYDIS_MNEMONIC_CMOVO, ZYDIS_MNEMONIC_CMOVNO, ZYDIS_MNEMONIC_CMOVB,  ZYDIS_MNEMONIC_CMOVNB,
        ZYDIS_MNEMONIC_CMOVZ, ZYDIS_MNEMONIC_CMOVNZ, ZYDIS_MNEMONIC_CMOVBE, ZYDIS_MNEMONIC_CMOVNBE,
        ZYDIS_MNEMONIC_CMOVS, ZYDIS_MNEMONIC_CMOVNS, ZYDIS_MNEMONIC_CMOVP,  ZYDIS_MNEMONIC_CMOVNP,
        ZYDIS_MNEMONIC_CMOVL, ZYDIS_MNEMONIC_CMOVNL, ZYDIS_MNEMONIC_CMOVLE, ZYDIS_MNEMONIC_CMOVNLE};
    same(l, moves[l->op->instruction.condition]);
}

static void load_address(struct lowering *l, ZydisMnemonic mnemonic)
{
    (void)mnemonic;
    const struct isa_instruction *instruction = &l->op->instruction;
    lower_address(l, &instruction->operand[1]);
    EMIT(l->emitter, MOV,
         emit_register(lower_register(instruction->width_bits, instruction->operand[0].number)),
         emit_register(instruction->width_bits == 32 ? ZYDIS_REGISTER_R10D : ZYDIS_REGISTER_R10W));
}

/* Shifts by CL: a count of 0 keeps all flags, and what the others leave undefined depends on it. */
static void shift_by_cl(struct lowering *l, ZydisMnemonic mnemonic)
{
    emit_operand operand = lower_operand(l, &l->op->instruction.operand[0]);
    emit_operand cl = emit_register(ZYDIS_REGISTER_CL);
    emit_operand r11b = emit_register(ZYDIS_REGISTER_R11B);
    if (!l->op->observed) {
        ZydisMnemonic plain = mnemonic == ZYDIS_MNEMONIC_SHL   ? ZYDIS_MNEMONIC_SHLX
                              : mnemonic == ZYDIS_MNEMONIC_SHR ? ZYDIS_MNEMONIC_SHRX
                                                               : ZYDIS_MNEMONIC_SARX;
        emit_list(l->emitter, plain, 3,
                  (emit_operand[]){operand, operand, emit_register(ZYDIS_REGISTER_ECX)});
        return;
    }
    lower_keep_flags(l);
    EMIT(l->emitter, MOV, R11D, emit_register(ZYDIS_REGISTER_ECX)); /* it may be what is shifted */
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
    l->flags = FLAGS_KEPT;
    l->undefined = 0;
}

static void shift(struct lowering *l, ZydisMnemonic mnemonic)
{
    if (l->op->instruction.counted_by_cl) {
        shift_by_cl(l, mnemonic);
    } else {
        same(l, mnemonic);
    }
}

static void widen_eax(struct lowering *l, ZydisMnemonic mnemonic)
{
    emit_operand rdx = emit_register(ZYDIS_REGISTER_RDX);
    emit_operand edx = emit_register(ZYDIS_REGISTER_EDX);
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

static void nothing(struct lowering *l, ZydisMnemonic mnemonic)
{
    (void)l;
    (void)mnemonic;
}

/* --- the table -------------------------------------------------------------------------------- */

struct rule {
    lower_function *lower;
    ZydisMnemonic mnemonic;
};

static const struct rule *rule_of(enum isa_operation operation)
{
    static const struct rule x87 = {lower_x87, 0};
    if (operation >= ISA_X87_FIRST) {
        return &x87;
    }
#define SAME(name) [ISA_##name] = { same, ZYDIS_MNEMONIC_##name }
    static const struct rule rules[ISA_OPERATION_COUNT] = {
        SAME(ADD),
        SAME(OR),
        SAME(ADC),
        SAME(SBB),
        SAME(AND),
        SAME(SUB),
        SAME(XOR),
        SAME(CMP),
        SAME(TEST),
        SAME(INC),
        SAME(DEC),
        SAME(NEG),
        SAME(NOT),
        SAME(MOV),
        SAME(XCHG),
        SAME(MOVZX),
        SAME(MOVSX),
        SAME(BSWAP),
        SAME(SHLD),
        SAME(SHRD),
        SAME(BT),
        SAME(BTS),
        SAME(BTR),
        SAME(BTC),
        SAME(BSF),
        SAME(BSR),
        SAME(CLC),
        SAME(STC),
        SAME(CMC),
        [ISA_SHL] = {shift, ZYDIS_MNEMONIC_SHL},
        [ISA_SHR] = {shift, ZYDIS_MNEMONIC_SHR},
        [ISA_SAR] = {shift, ZYDIS_MNEMONIC_SAR},
        [ISA_ROL] = {same, ZYDIS_MNEMONIC_ROL},
        [ISA_ROR] = {same, ZYDIS_MNEMONIC_ROR},
        [ISA_LEA] = {load_address, 0},
        [ISA_CMOV] = {move_if, 0},
        [ISA_SETCC] = {set_if, 0},
        [ISA_CBW] = {widen_eax, ZYDIS_MNEMONIC_CBW},
        [ISA_CWDE] = {widen_eax, ZYDIS_MNEMONIC_CWDE},
        [ISA_CDQ] = {widen_eax, ZYDIS_MNEMONIC_CDQ},
        [ISA_NOP] = {nothing, 0},
        [ISA_MUL] = {lower_multiply, ZYDIS_MNEMONIC_MUL},
        [ISA_IMUL] = {lower_multiply, ZYDIS_MNEMONIC_IMUL},
        [ISA_DIV] = {lower_divide, ZYDIS_MNEMONIC_DIV},
        [ISA_IDIV] = {lower_divide, ZYDIS_MNEMONIC_IDIV},
        [ISA_PUSH] = {lower_push, 0},
        [ISA_POP] = {lower_pop, 0},
        [ISA_LEAVE] = {lower_leave_frame, 0},
        [ISA_JMP] = {lower_jump, 0},
        [ISA_JCC] = {lower_jump_if, 0},
        [ISA_CALL] = {lower_call, 0},
        [ISA_RET] = {lower_return, 0},
    };
#undef SAME
    return rules[operation].lower ? &rules[operation] : NULL;
}

static bool has_high_byte(const struct isa_instruction *instruction)
{
    for (unsigned i = 0; i < instruction->operand_count; i++) {
        if (is_high_byte(&instruction->operand[i])) {
            return true;
        }
    }
    return false;
}

bool lower_supports(const struct isa_instruction *instruction)
{
    if (instruction->length_bytes == 0 || instruction->repeat ||
        (instruction->kind != ISA_CLASS_ORDINARY && instruction->kind != ISA_CLASS_MOVE32) ||
        !rule_of(instruction->operation)) {
        return false;
    }
    if (instruction->operation >= ISA_X87_FIRST) {
        return lower_supports_x87(instruction);
    }
    const struct isa_operand *operand = instruction->operand;
    for (unsigned i = 0; i < instruction->operand_count; i++) {
        if (operand[i].kind == ISA_OPERAND_STACK || operand[i].kind == ISA_OPERAND_SEGMENT) {
            return false;
        }
    }
    switch (instruction->operation) {
    case ISA_SHL:
    case ISA_SHR:
    case ISA_SAR:
    case ISA_SHLD:
    case ISA_SHRD:
        if (instruction->counted_by_cl) {
            return instruction->operand_count == 2 && operand[0].kind == ISA_OPERAND_REGISTER &&
                   instruction->width_bits == 32;
        }
        /* Hosts differ where the count reaches the width. */
        return (operand[instruction->operand_count - 1].value & 31u) != 0 &&
               (operand[instruction->operand_count - 1].value & 31u) < instruction->width_bits &&
               (instruction->operand_count == 2 || instruction->width_bits == 32);
    case ISA_ROL:
    case ISA_ROR:
        return !instruction->counted_by_cl && instruction->operand_count == 2 &&
               (operand[1].value & 31u) != 0;
    case ISA_BT:
    case ISA_BTS:
    case ISA_BTR:
    case ISA_BTC: /* a register as bit index reaches beyond a memory operand */
        return instruction->memory_operand == ISA_NO_OPERAND ||
               operand[1].kind == ISA_OPERAND_IMMEDIATE;
    case ISA_MUL:
    case ISA_DIV:
    case ISA_IDIV:
        return instruction->width_bits == 32;
    case ISA_IMUL:
        return instruction->operand_count > 1 || instruction->width_bits == 32;
    case ISA_POP:
        return instruction->width_bits == 32 && operand[0].kind == ISA_OPERAND_REGISTER;
    case ISA_PUSH:
    case ISA_LEAVE:
    case ISA_JMP:
    case ISA_JCC:
    case ISA_CALL:
    case ISA_RET:
        return instruction->width_bits == 32;
    case ISA_XCHG:
        return !has_high_byte(instruction);
    default:
        return true;
    }
}

/* --- the block -------------------------------------------------------------------------------- */

static void begin(struct lowering *l)
{
    uint32_t enough = emit_label(l->emitter);
    EMIT(l->emitter, SUB, R14, IMMEDIATE(l->block->count));
    emit_branch(l->emitter, ZYDIS_MNEMONIC_JNS, enough, false);
    give_back(l, 0);
    leave_at(l, l->block->eip, GATE_EXIT_BUDGET);
    emit_place(l->emitter, enough);
    l->flags = FLAGS_KEPT;
    l->undefined = 0;
    if (l->block->uses_x87) {
        uint32_t here = emit_label(l->emitter);
        EMIT(l->emitter, CMP, GATE(X87_HERE, 4), IMMEDIATE(0));
        emit_branch(l->emitter, ZYDIS_MNEMONIC_JNZ, here, false);
        give_back(l, 0);
        leave_at(l, l->block->eip, GATE_EXIT_X87);
        emit_place(l->emitter, here);
    }
}

static void cold_place(struct lowering *l, const struct cold *cold)
{
    emit_place(l->emitter, cold->label);
    switch (cold->kind) {
    case COLD_LEAVE:
        give_back(l, cold->index);
        leave_at(l, l->block->ops[cold->index].eip, GATE_EXIT_INTERPRET);
        break;
    case COLD_MISALIGNED:
        cold_misaligned(l, cold);
        break;
    case COLD_TAKEN:
        if (cold->site) {
            leave_to_link(l, cold->site, cold->target);
        } else {
            give_back(l, cold->index + 1);
            lower_go(l, cold->target);
        }
        break;
    }
}

bool lower_block(struct emitter *emitter, const struct block *block, uint32_t code_offset,
                 struct lowering *l)
{
    memset(l->leave_label, 0, sizeof l->leave_label);
    l->emitter = emitter;
    l->block = block;
    l->code_offset = code_offset;
    l->cold_count = 0;
    emit_begin(emitter);
    begin(l);
    for (l->index = 0; l->index < block->count; l->index++) {
        l->op = &block->ops[l->index];
        const struct rule *rule = rule_of(l->op->instruction.operation);
        l->begin[l->index] = emitter->size_bytes;
        rule->lower(l, rule->mnemonic);
    }
    l->end = emitter->size_bytes;
    if (block->end != BLOCK_BRANCHES) {
        lower_keep_flags(l);
        if (block->end == BLOCK_GOES_ON) {
            lower_go(l, block->next_eip);
        } else {
            leave_at(l, block->next_eip, GATE_EXIT_INTERPRET);
        }
    }
    l->cold_begin = emitter->size_bytes;
    for (uint32_t i = 0; i < l->cold_count; i++) {
        struct cold cold = l->cold[i];
        cold_place(l, &cold);
    }
    return emit_end(emitter);
}
