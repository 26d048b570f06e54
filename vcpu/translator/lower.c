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

/* --- leaving ---------------------------------------------------------------------------------- */

struct cold *lower_cold(struct lowering *l, enum cold_kind kind)
{
    if (l->cold_count == COLD_MAX) {
        l->emitter->failed = true;
        return &l->cold[0];
    }
    struct cold *cold = &l->cold[l->cold_count++];
    *cold = (struct cold){
        .kind = kind, .label = emit_label(l->emitter), .index = l->index, .source = l->source};
    return cold;
}

uint32_t lower_leave(struct lowering *l, enum gate_exit exit)
{
    uint32_t latest = l->leave[l->index];
    if (latest && l->cold[latest - 1].exit == (uint32_t)exit &&
        flags_source_equal(&l->cold[latest - 1].source, &l->source)) {
        return l->cold[latest - 1].label;
    }
    struct cold *cold = lower_cold(l, COLD_LEAVE);
    cold->exit = exit;
    l->leave[l->index] = l->cold_count;
    return cold->label;
}

void lower_jump_out(struct lowering *l, enum gate_exit exit)
{
    EMIT(l->emitter, JMP,
         emit_memory(ZYDIS_REGISTER_RSP, ZYDIS_REGISTER_NONE, 0,
                     (int32_t)(GATE_LEAVE + 8 * (uint32_t)exit), 8));
}

static void leave_at(struct lowering *l, uint32_t eip, enum gate_exit exit)
{
    EMIT(l->emitter, MOV, GATE(EIP, 4), IMMEDIATE(eip));
    lower_jump_out(l, exit);
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

void lower_go(struct lowering *l, ZydisMnemonic mnemonic, uint32_t target)
{
    lower_keep_flags(l);
    bool amid = l->index + 1 < l->block->count;
    struct cold *cold = lower_cold(l, COLD_EDGE);
    uint32_t site = emit_branch(l->emitter, mnemonic, cold->label, !amid);
    cold->target = target;
    cold->site = amid ? 0 : site;
}

/* A jump to what comes next, until it is linked elsewhere; returns its displacement. */
static uint32_t jump_on(struct lowering *l)
{
    uint32_t next = emit_label(l->emitter);
    uint32_t displacement = emit_branch(l->emitter, ZYDIS_MNEMONIC_JMP, next, true);
    emit_place(l->emitter, next);
    return displacement;
}

static void place_edge(struct lowering *l, const struct cold *cold)
{
    if (l->edge_count == EDGES_MAX) {
        l->emitter->failed = true;
        return;
    }
    struct lower_edge *edge = &l->edges[l->edge_count];
    *edge = (struct lower_edge){.target = cold->target, .source = cold->source};
    uint32_t site = cold->site;
    if (!site) {
        give_back(l, cold->index + 1);
        site = jump_on(l);
    }
    edge->site = site;
    if (cold->source.kind != FLAGS_IN_GATE) {
        lower_flags_to_gate(l, &cold->source);
        edge->site_gate = jump_on(l);
    }
    EMIT(l->emitter, MOV, GATE(EDGE, 4), IMMEDIATE(l->edge_first + l->edge_count++));
    lower_jump_out(l, GATE_EXIT_LINK);
}

/* --- operands --------------------------------------------------------------------------------- */

static bool is_counted(enum isa_operation operation)
{
    return operation == ISA_SHL || operation == ISA_SHR || operation == ISA_SAR ||
           operation == ISA_ROL || operation == ISA_ROR || operation == ISA_SHLD ||
           operation == ISA_SHRD;
}

emit_operand lower_operand(struct lowering *l, const struct isa_operand *operand)
{
    switch (operand->kind) {
    case ISA_OPERAND_MEMORY:
        return l->memory;
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
#define RULE(name, lower) [ISA_##name] = { lower, ZYDIS_MNEMONIC_##name }
    static const struct rule rules[ISA_OPERATION_COUNT] = {
        RULE(ADD, lower_arithmetic),
        RULE(OR, lower_arithmetic),
        RULE(ADC, lower_arithmetic),
        RULE(SBB, lower_arithmetic),
        RULE(AND, lower_arithmetic),
        RULE(SUB, lower_arithmetic),
        RULE(XOR, lower_arithmetic),
        RULE(CMP, lower_arithmetic),
        RULE(TEST, lower_arithmetic),
        RULE(NEG, lower_arithmetic),
        RULE(SHLD, lower_arithmetic),
        RULE(SHRD, lower_arithmetic),
        RULE(BSF, lower_arithmetic),
        RULE(BSR, lower_arithmetic),
        RULE(SHL, lower_shift),
        RULE(SHR, lower_shift),
        RULE(SAR, lower_shift),
        RULE(INC, lower_step),
        RULE(DEC, lower_step),
        RULE(ROL, lower_rotate),
        RULE(ROR, lower_rotate),
        RULE(BT, lower_partly),
        RULE(BTS, lower_partly),
        RULE(BTR, lower_partly),
        RULE(BTC, lower_partly),
        RULE(CLC, lower_partly),
        RULE(STC, lower_partly),
        RULE(CMC, lower_partly),
        RULE(NOT, lower_same),
        RULE(MOV, lower_same),
        RULE(XCHG, lower_same),
        RULE(MOVZX, lower_same),
        RULE(MOVSX, lower_same),
        RULE(BSWAP, lower_same),
        RULE(CBW, lower_widen_eax),
        RULE(CWDE, lower_widen_eax),
        RULE(CDQ, lower_widen_eax),
        RULE(MUL, lower_multiply),
        RULE(IMUL, lower_multiply),
        RULE(DIV, lower_divide),
        RULE(IDIV, lower_divide),
        RULE(LEA, lower_load_address),
        RULE(PUSH, lower_push),
        RULE(POP, lower_pop),
        RULE(LEAVE, lower_leave_frame),
        RULE(JMP, lower_jump),
        RULE(CALL, lower_call),
        RULE(RET, lower_return),
        RULE(CLD, lower_upwards),
        RULE(NOP, nothing),
        [ISA_MOVS] = {lower_string, ZYDIS_MNEMONIC_MOVSD},
        [ISA_STOS] = {lower_string, ZYDIS_MNEMONIC_STOSD},
        [ISA_JCC] = {lower_jump_if, 0},
        [ISA_CMOV] = {lower_move_if, 0},
        [ISA_SETCC] = {lower_set_if, 0},
    };
#undef RULE
    return rules[operation].lower ? &rules[operation] : NULL;
}

bool lower_supports(const struct isa_instruction *instruction)
{
    if (instruction->length_bytes == 0 ||
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
        return !lower_is_high_byte(&operand[0]) && !lower_is_high_byte(&operand[1]);
    default:
        return true;
    }
}

/* --- the block -------------------------------------------------------------------------------- */

static void lower_begin(struct lowering *l)
{
    EMIT(l->emitter, SUB, R14, IMMEDIATE(l->block->count));
    emit_branch(l->emitter, ZYDIS_MNEMONIC_JS, lower_leave(l, GATE_EXIT_BUDGET), false);
    if (l->block->paged) {
        uint32_t page = l->block->eip >> VCPU_PAGE_BITS;
        EMIT(l->emitter, CMP,
             emit_memory(ZYDIS_REGISTER_R12, ZYDIS_REGISTER_NONE, 0, (int32_t)(page * 8), 8),
             IMMEDIATE(0));
        emit_branch(l->emitter, ZYDIS_MNEMONIC_JZ, lower_leave(l, GATE_EXIT_INTERPRET), false);
    }
    if (l->block->uses_x87) {
        EMIT(l->emitter, CMP, GATE(X87_HERE, 4), IMMEDIATE(0));
        emit_branch(l->emitter, ZYDIS_MNEMONIC_JZ, lower_leave(l, GATE_EXIT_X87), false);
    }
}

/* The instructions from here on, the way it is set to, and on. */
static void lower_rest(struct lowering *l, uint32_t from)
{
    bool grouped = l->way == BLOCK_GROUPED;
    for (l->index = from; l->index < l->block->count; l->index++) {
        l->op = &l->block->ops[l->index];
        const struct rule *rule = rule_of(l->op->instruction.operation);
        if (grouped) {
            l->begin[l->index] = l->emitter->size_bytes;
            lower_group(l);
        }
        rule->lower(l, rule->mnemonic);
        lower_forget_unseen_flags(l);
    }
    if (grouped) {
        l->end = l->emitter->size_bytes;
    }
    if (l->block->end == BLOCK_GOES_ON) {
        lower_go(l, ZYDIS_MNEMONIC_JMP, l->block->next_eip);
    } else if (l->block->end == BLOCK_INTERPRETED) {
        lower_keep_flags(l);
        lower_flags_to_gate(l, &l->source);
        leave_at(l, l->block->next_eip, GATE_EXIT_INTERPRET);
    }
}

static void place_cold(struct lowering *l, const struct cold *cold)
{
    emit_place(l->emitter, cold->label);
    switch (cold->kind) {
    case COLD_LEAVE:
        give_back(l, cold->index);
        lower_flags_to_gate(l, &cold->source);
        leave_at(l, l->block->ops[cold->index].eip, cold->exit);
        break;
    case COLD_MISALIGNED:
        lower_misaligned(l, cold);
        break;
    case COLD_EDGE:
        place_edge(l, cold);
        break;
    case COLD_PLAIN:
        l->way = BLOCK_PLAIN;
        l->source = cold->source;
        l->host = false;
        memset(l->leave, 0, sizeof l->leave);
        lower_rest(l, cold->index);
        break;
    }
}

bool lower_block(struct emitter *emitter, const struct block *block,
                 const struct flags_source *source, uint32_t edge_first, struct lowering *l)
{
    memset(l->leave, 0, sizeof l->leave);
    l->emitter = emitter;
    l->block = block;
    l->edge_first = edge_first;
    l->edge_count = 0;
    l->cold_count = 0;
    l->index = 0;
    l->way = BLOCK_GROUPED;
    l->source = *source;
    l->host = false;
    l->undefined = 0;
    emit_begin(emitter);
    lower_begin(l);
    lower_rest(l, 0);
    l->cold_begin = emitter->size_bytes;
    for (uint32_t i = 0; i < l->cold_count && !emitter->failed; i++) {
        struct cold cold = l->cold[i];
        place_cold(l, &cold);
    }
    return !emitter->failed;
}

bool lower_finish(struct lowering *l, uint32_t hot, uint32_t cold)
{
    int32_t apart = (int32_t)(cold - hot - l->cold_begin);
    for (uint32_t i = 0; i < l->edge_count; i++) {
        uint32_t *sites[] = {&l->edges[i].site, &l->edges[i].site_gate};
        for (unsigned which = 0; which < 2; which++) {
            if (*sites[which]) {
                *sites[which] += hot + (*sites[which] >= l->cold_begin ? (uint32_t)apart : 0);
            }
        }
    }
    return emit_end(l->emitter, l->cold_begin, apart);
}
