/*
 * Lowering x87 instructions (lower.h): the host's x87 holds the guest's state (x87.c), so they keep
 * their bytes; one with a memory operand keeps opcode and digit and has the checked address.
 *
 * The host differs from the ISA in C1, exception bits and masks. So the guest's control word and C1
 * are kept beside, and what shows or writes more of the status word is the interpreter's.
 */
#include <string.h>

#include "translator/lower.h"
#include "x87/x87.h"

bool lower_supports_x87(const struct isa_instruction *instruction)
{
    switch (instruction->operation) {
    case ISA_FXAM: /* writes C1 */
    case ISA_FNINIT:
        return false;
    case ISA_FNSTSW:
        return instruction->memory_operand == ISA_NO_OPERAND;
    default:
        return true;
    }
}

/* Does it do nothing at all? There are no exceptions to wait for or to clear. */
static bool does_nothing(enum isa_operation operation)
{
    return operation == ISA_FWAIT || operation == ISA_FNCLEX || operation == ISA_FNOP;
}

bool lower_uses_x87(const struct isa_instruction *instruction)
{
    return instruction->operation >= ISA_X87_FIRST && !does_nothing(instruction->operation);
}

/* The opcode and digit with the checked access, in bytes: Intel SDM vol. 2A, 2.1.5 and 2.2.1. */
static void with_memory(struct lowering *l)
{
    const struct isa_instruction *instruction = &l->op->instruction;
    unsigned base = l->memory.mem.base - ZYDIS_REGISTER_RAX;
    bool indexed = l->memory.mem.index != ZYDIS_REGISTER_NONE;
    unsigned index = indexed ? l->memory.mem.index - ZYDIS_REGISTER_RAX : 4; /* 4: none */
    int32_t displacement = (int32_t)l->memory.mem.displacement;
    uint8_t bytes[8] = {
        (uint8_t)(0x40 | (index >> 3) << 1 | base >> 3),
        instruction->opcode,
        (uint8_t)(0x84 | (instruction->modrm & 0x38u)), /* a SIB byte and 32 bits follow */
        (uint8_t)((index & 7u) << 3 | (base & 7u)),
    };
    memcpy(bytes + 4, &displacement, sizeof displacement);
    emit_bytes(l->emitter, bytes, sizeof bytes);
}

static void load_control(struct lowering *l)
{
    uint32_t plain = emit_label(l->emitter);
    emit_operand spill = GATE(SPILL, 2);
    EMIT(l->emitter, MOVZX, R11D, l->memory);
    EMIT(l->emitter, AND, R11D, IMMEDIATE(X87_CONTROL_WRITABLE));
    EMIT(l->emitter, OR, R11D, IMMEDIATE(X87_CONTROL_FIXED));
    EMIT(l->emitter, MOV, GATE(X87_CONTROL, 4), R11D);
    EMIT(l->emitter, MOV, R10D, R11D);
    EMIT(l->emitter, AND, R10D, IMMEDIATE(0x300));
    EMIT(l->emitter, CMP, R10D, IMMEDIATE(0x100));
    emit_branch(l->emitter, ZYDIS_MNEMONIC_JNZ, plain, false);
    EMIT(l->emitter, OR, R11D, IMMEDIATE(0x300)); /* reserved: acts as extended precision */
    emit_place(l->emitter, plain);
    EMIT(l->emitter, MOV, GATE(SPILL, 4), R11D);
    EMIT(l->emitter, FLDCW, spill);
}

static void store_control(struct lowering *l)
{
    if (l->memory.mem.base == ZYDIS_REGISTER_R11) { /* the rest of its address may be in R10 */
        EMIT(l->emitter, ADD, R11, emit_register(l->memory.mem.index));
        l->memory.mem.index = ZYDIS_REGISTER_NONE;
        l->memory.mem.scale = 0;
        l->host = false;
    }
    EMIT(l->emitter, MOV, R10D, GATE(X87_CONTROL, 4));
    EMIT(l->emitter, MOV, l->memory, emit_register(ZYDIS_REGISTER_R10W));
}

/* AX = the status word as the ISA has it. */
static void status_to_ax(struct lowering *l)
{
    lower_registers_replaced(l);
    lower_spoil_flags(l);
    EMIT(l->emitter, MOV, R10D, EAX);
    EMIT(l->emitter, FNSTSW, emit_register(ZYDIS_REGISTER_AX));
    EMIT(l->emitter, AND, EAX, IMMEDIATE(0x7d00)); /* C0, C2, the top and C3 */
    EMIT(l->emitter, OR, EAX, GATE(X87_C1, 4));
    EMIT(l->emitter, MOV, emit_register(ZYDIS_REGISTER_R8W), emit_register(ZYDIS_REGISTER_AX));
    EMIT(l->emitter, MOV, EAX, R10D);
}

void lower_x87(struct lowering *l, ZydisMnemonic mnemonic)
{
    (void)mnemonic;
    const struct isa_instruction *instruction = &l->op->instruction;
    if (does_nothing(instruction->operation)) {
        return;
    }
    if (instruction->operation == ISA_FNSTSW) {
        status_to_ax(l);
        return;
    }
    if (instruction->memory_operand == ISA_NO_OPERAND) {
        if (l->op->reads) {
            lower_need_flags(l, l->op->reads);
        }
        emit_bytes(l->emitter, (uint8_t[]){instruction->opcode, instruction->modrm}, 2);
        if (l->op->writes) {
            lower_wrote_flags(l, flags_source_of(FLAGS_IN_HOST), instruction->flags_undefined);
        }
        return;
    }
    lower_reach(l);
    switch (instruction->operation) {
    case ISA_FLDCW:
        lower_spoil_flags(l);
        load_control(l);
        break;
    case ISA_FNSTCW:
        store_control(l);
        break;
    default:
        with_memory(l);
        break;
    }
}
