/*
 * Guest memory (lower.h). An access is an address, a check that leaves its page's table entry in
 * R11, and the instruction with [R11 + address]. Bound and alignment are one comparison: rotated
 * right by the bits that must be 0, a misaligned address becomes a huge one.
 *
 * A group (group.c) is checked where it begins: that all of it lies in one page, and that the page
 * has an entry. R15 is then the host address of its lowest byte.
 */
#include "translator/lower.h"

ZydisRegister lower_register64(unsigned number)
{
    static const ZydisRegister wide[] = {
        ZYDIS_REGISTER_R8,  ZYDIS_REGISTER_RCX, ZYDIS_REGISTER_RDX,
        ZYDIS_REGISTER_RBX, ZYDIS_REGISTER_R9,  ZYDIS_REGISTER_RBP,
        ZYDIS_REGISTER_RSI, ZYDIS_REGISTER_RDI, ZYDIS_REGISTER_NONE};
    return wide[number];
}

emit_operand lower_effective_address(const struct isa_operand *operand)
{
    return emit_address(lower_register64(operand->base), lower_register64(operand->index),
                        (uint8_t)(1u << operand->shift), (int32_t)operand->displacement);
}

/* Such registers are turned around the access, and are then no addresses. */
static bool uses_high_byte(const struct lowering *l)
{
    const struct isa_operand *operand = l->op->instruction.operand;
    return lower_is_high_byte(&operand[0]) || lower_is_high_byte(&operand[1]);
}

/* The address, less by some bytes, in a register: of 64 bits, the upper half 0. */
static ZydisRegister address_of(struct lowering *l, const struct block_access *access,
                                uint32_t less_bytes)
{
    uint32_t displacement = access->displacement - less_bytes;
    if (access->base == ISA_NO_REGISTER && access->index == ISA_NO_REGISTER) {
        EMIT(l->emitter, MOV, R10D, IMMEDIATE(displacement));
        return ZYDIS_REGISTER_R10;
    }
    if (access->index == ISA_NO_REGISTER && displacement == 0 && !uses_high_byte(l)) {
        return lower_register64(access->base);
    }
    EMIT(l->emitter, LEA, R10D,
         emit_address(lower_register64(access->base), lower_register64(access->index),
                      (uint8_t)(1u << access->shift), (int32_t)displacement));
    return ZYDIS_REGISTER_R10;
}

/* The lower half of such a register. */
static emit_operand low_half(ZydisRegister address)
{
    return emit_register((ZydisRegister)(address - ZYDIS_REGISTER_RAX + ZYDIS_REGISTER_EAX));
}

static ZydisRegister table_of(bool write)
{
    return write ? ZYDIS_REGISTER_R13 : ZYDIS_REGISTER_R12;
}

/* R11 = the entry of page R11D, or leaves. */
static void load_entry(struct lowering *l, ZydisRegister table, uint32_t leave)
{
    EMIT(l->emitter, MOV, R11, emit_memory(table, ZYDIS_REGISTER_R11, 8, 0, 8));
    EMIT(l->emitter, TEST, R11, R11);
    emit_branch(l->emitter, ZYDIS_MNEMONIC_JZ, leave, false);
}

/* The same of any address, wherever it lies in its page. */
static void check_page(struct lowering *l, ZydisRegister address, ZydisRegister table,
                       uint32_t leave)
{
    EMIT(l->emitter, CMP, low_half(address), GATE(LIMIT8, 4));
    emit_branch(l->emitter, ZYDIS_MNEMONIC_JNB, leave, false);
    EMIT(l->emitter, MOV, R11D, low_half(address));
    EMIT(l->emitter, SHR, R11D, IMMEDIATE(VCPU_PAGE_BITS));
    load_entry(l, table, leave);
}

/* Leaves if the last of count * size_bytes bytes is in another page; count is 1 for NONE. */
static void leave_if_crossing(struct lowering *l, ZydisRegister address, ZydisRegister count,
                              uint32_t size_bytes, uint32_t leave)
{
    int32_t last = count == ZYDIS_REGISTER_NONE ? (int32_t)size_bytes - 1 : -1;
    EMIT(l->emitter, LEA, R11D, emit_address(address, count, (uint8_t)size_bytes, last));
    EMIT(l->emitter, XOR, R11D, low_half(address));
    EMIT(l->emitter, TEST, R11D, IMMEDIATE(~VCPU_PAGE_MASK));
    emit_branch(l->emitter, ZYDIS_MNEMONIC_JNZ, leave, false);
}

void lower_check_string(struct lowering *l, ZydisRegister address, bool write)
{
    uint32_t size_bytes = l->op->instruction.width_bits / 8u;
    bool repeated = l->op->instruction.repeat;
    uint32_t leave = lower_leave(l, GATE_EXIT_INTERPRET);
    if (repeated || size_bytes > 1) {
        leave_if_crossing(l, address, repeated ? ZYDIS_REGISTER_RCX : ZYDIS_REGISTER_NONE,
                          size_bytes, leave);
    }
    check_page(l, address, table_of(write), leave);
}

static void check_aligned(struct lowering *l, ZydisRegister address, uint32_t size_bytes,
                          ZydisRegister table)
{
    uint32_t leave = lower_leave(l, GATE_EXIT_INTERPRET);
    struct cold *cold = lower_cold(l, COLD_MISALIGNED);
    cold->size_bytes = size_bytes;
    cold->address = address;
    cold->table = table;
    cold->leave = leave;
    cold->back = emit_label(l->emitter);
    uint32_t bits = (uint32_t)__builtin_ctz(size_bytes);
    emit_operand limit = bits == 1   ? GATE(LIMIT16, 4)
                         : bits == 2 ? GATE(LIMIT32, 4)
                                     : GATE(LIMIT64, 4);
    EMIT(l->emitter, RORX, R11D, low_half(address), IMMEDIATE(bits));
    EMIT(l->emitter, CMP, R11D, limit);
    emit_branch(l->emitter, ZYDIS_MNEMONIC_JNB, cold->label, false);
    EMIT(l->emitter, SHR, R11D, IMMEDIATE(VCPU_PAGE_BITS - bits));
    load_entry(l, table, leave);
    emit_place(l->emitter, cold->back);
}

void lower_misaligned(struct lowering *l, const struct cold *cold)
{
    leave_if_crossing(l, cold->address, ZYDIS_REGISTER_NONE, cold->size_bytes, cold->leave);
    check_page(l, cold->address, cold->table, cold->leave);
    emit_branch(l->emitter, ZYDIS_MNEMONIC_JMP, cold->back, false);
}

emit_operand lower_access(struct lowering *l, unsigned which)
{
    const struct block_access *access = &l->op->access[which];
    uint16_t size_bytes = (uint16_t)access->size_bytes;
    if (l->way == BLOCK_GROUPED && access->group != GROUP_NONE) {
        return emit_memory(ZYDIS_REGISTER_R15, ZYDIS_REGISTER_NONE, 0,
                           (int32_t)access->group_offset, size_bytes);
    }
    lower_spoil_flags(l);
    ZydisRegister address = address_of(l, access, 0);
    ZydisRegister table = table_of(access->write);
    if (size_bytes == 2 || size_bytes == 4 || size_bytes == 8) {
        check_aligned(l, address, size_bytes, table);
    } else {
        uint32_t leave = lower_leave(l, GATE_EXIT_INTERPRET);
        if (size_bytes > 1) {
            leave_if_crossing(l, address, ZYDIS_REGISTER_NONE, size_bytes, leave);
        }
        check_page(l, address, table, leave);
    }
    return emit_memory(ZYDIS_REGISTER_R11, address, 1, 0, size_bytes);
}

void lower_reach(struct lowering *l)
{
    if (l->op->access[ACCESS_OPERAND].size_bytes) {
        l->memory = lower_access(l, ACCESS_OPERAND);
    }
}

/* --- groups ----------------------------------------------------------------------------------- */

static void check_group(struct lowering *l, const struct block_group *group)
{
    const struct block_access *access = &l->op->access[group->access];
    emit_operand r15 = emit_register(ZYDIS_REGISTER_R15);
    lower_spoil_flags(l);
    uint32_t plain = lower_cold(l, COLD_PLAIN)->label;
    ZydisRegister address = address_of(l, access, access->group_offset);
    /* The place in the page comes to the top, the page to the bottom: one comparison says whether
     * the bytes end in it. */
    uint32_t last = (VCPU_PAGE_BYTES - group->size_bytes) << 20 | 0xfffffu;
    EMIT(l->emitter, RORX, R11D, low_half(address), IMMEDIATE(VCPU_PAGE_BITS));
    EMIT(l->emitter, CMP, R11D, IMMEDIATE(last));
    emit_branch(l->emitter, ZYDIS_MNEMONIC_JNBE, plain, false);
    EMIT(l->emitter, AND, R11D, IMMEDIATE(0xfffff));
    EMIT(l->emitter, CMP, R11D, GATE(PAGES, 4));
    emit_branch(l->emitter, ZYDIS_MNEMONIC_JNB, plain, false);
    EMIT(l->emitter, MOV, r15, emit_memory(table_of(group->write), ZYDIS_REGISTER_R11, 8, 0, 8));
    EMIT(l->emitter, TEST, r15, r15);
    emit_branch(l->emitter, ZYDIS_MNEMONIC_JZ, plain, false);
    EMIT(l->emitter, ADD, r15, emit_register(address));
}

void lower_group(struct lowering *l)
{
    for (uint32_t i = 0; i < l->block->group_count && l->way == BLOCK_GROUPED; i++) {
        if (l->block->groups[i].first == l->index) {
            check_group(l, &l->block->groups[i]);
        }
    }
}
