/*
 * Lowering movs and stos (lower.h), upwards only: with DF set they are the interpreter's.
 *
 * The guest's ESI, EDI and ECX are in the registers of the host's instruction, which does all
 * iterations at once, if what it reads lies in one page, what it writes too, and the budget has
 * them all: each retires one. Otherwise the interpreter does as many as it may.
 */
#include "translator/lower.h"

void lower_upwards(struct lowering *l, ZydisMnemonic mnemonic)
{
    (void)mnemonic;
    lower_spoil_flags(l);
    EMIT(l->emitter, CMP, GATE(DIRECTION, 4), IMMEDIATE(0));
    emit_branch(l->emitter, ZYDIS_MNEMONIC_JNZ, lower_leave(l, GATE_EXIT_INTERPRET), false);
}

/* To `done` with one retired if ECX is 0; leaves if the budget has not the iterations, of which the
 * block has taken one. */
static void check_count(struct lowering *l, uint32_t done)
{
    emit_operand ecx = emit_register(ZYDIS_REGISTER_ECX);
    emit_operand rcx = emit_register(ZYDIS_REGISTER_RCX);
    EMIT(l->emitter, TEST, ecx, ecx);
    emit_branch(l->emitter, ZYDIS_MNEMONIC_JZ, done, false);
    EMIT(l->emitter, CMP, ecx, IMMEDIATE(VCPU_PAGE_BYTES)); /* more are in no page */
    emit_branch(l->emitter, ZYDIS_MNEMONIC_JNBE, lower_leave(l, GATE_EXIT_INTERPRET), false);
    EMIT(l->emitter, CMP, R14, rcx);
    emit_branch(l->emitter, ZYDIS_MNEMONIC_JL, lower_leave(l, GATE_EXIT_INTERPRET), false);
}

/* The host's instruction, with the same bytes but for prefixes that mean nothing. The budget has
 * what it retires. */
static void emit_string(struct lowering *l)
{
    const struct isa_instruction *instruction = &l->op->instruction;
    uint8_t opcode = instruction->operation == ISA_MOVS ? 0xa4 : 0xaa;
    uint8_t bytes[3];
    uint32_t count = 0;
    if (instruction->width_bits == 16) {
        bytes[count++] = 0x66;
    }
    if (instruction->repeat) {
        EMIT(l->emitter, SUB, R14, emit_register(ZYDIS_REGISTER_RCX));
        EMIT(l->emitter, LEA, R14, emit_address(ZYDIS_REGISTER_R14, ZYDIS_REGISTER_NONE, 0, 1));
        bytes[count++] = 0xf3;
    }
    bytes[count++] = instruction->width_bits == 8 ? opcode : opcode + 1;
    emit_bytes(l->emitter, bytes, count);
}

static void moves(struct lowering *l)
{
    emit_operand rsi = emit_register(ZYDIS_REGISTER_RSI);
    emit_operand rdi = emit_register(ZYDIS_REGISTER_RDI);
    lower_check_string(l, ZYDIS_REGISTER_RSI, false);
    EMIT(l->emitter, MOV, R10, R11);
    lower_check_string(l, ZYDIS_REGISTER_RDI, true);
    EMIT(l->emitter, ADD, rsi, R10);
    EMIT(l->emitter, ADD, rdi, R11);
    emit_string(l);
    EMIT(l->emitter, SUB, rsi, R10);
    EMIT(l->emitter, SUB, rdi, R11);
}

static void stores(struct lowering *l)
{
    emit_operand rdi = emit_register(ZYDIS_REGISTER_RDI);
    lower_check_string(l, ZYDIS_REGISTER_RDI, true);
    EMIT(l->emitter, MOV, R10D, EAX);
    EMIT(l->emitter, MOV, EAX, GUEST_EAX);
    EMIT(l->emitter, ADD, rdi, R11);
    emit_string(l);
    EMIT(l->emitter, SUB, rdi, R11);
    EMIT(l->emitter, MOV, EAX, R10D);
}

void lower_string(struct lowering *l, ZydisMnemonic mnemonic)
{
    uint32_t done = emit_label(l->emitter);
    lower_registers_replaced(l);
    lower_upwards(l, mnemonic);
    if (l->op->instruction.repeat) {
        check_count(l, done);
    }
    if (mnemonic == ZYDIS_MNEMONIC_MOVSD) {
        moves(l);
    } else {
        stores(l);
    }
    emit_place(l->emitter, done);
}
