/*
 * Moves: mov movzx movsx cmov xchg lea bswap xadd cmpxchg cmpxchg8b cbw cwde cwd cdq xlat, and the
 * reads of segment registers (Intel SDM vol. 2). Only a 32-bit mov may reach a virtual register.
 */
#include "interpreter/flags.h"
#include "interpreter/shapes.h"

/* --- mov -------------------------------------------------------------------------------------- */

#define MOV_WIDTH(bits)                                                                            \
    HANDLER(mov##bits##_rr)                                                                        \
    {                                                                                              \
        REG##bits(m, op->to) = REG##bits(m, op->from);                                             \
        NEXT;                                                                                      \
    }                                                                                              \
    HANDLER(mov##bits##_ri)                                                                        \
    {                                                                                              \
        REG##bits(m, op->to) = (uint##bits##_t)op->immediate;                                      \
        NEXT;                                                                                      \
    }

#define MOV_MEMORY_WIDTH(bits)                                                                     \
    HANDLER(mov##bits##_rm)                                                                        \
    {                                                                                              \
        LOAD_OPERAND(bits, value)                                                                  \
        REG##bits(m, op->to) = value;                                                              \
        NEXT;                                                                                      \
    }                                                                                              \
    HANDLER(mov##bits##_mr)                                                                        \
    {                                                                                              \
        if (UNLIKELY(!store##bits(m, op, op_address(m, op), REG##bits(m, op->from)))) {            \
            return op;                                                                             \
        }                                                                                          \
        NEXT_STORED;                                                                               \
    }                                                                                              \
    HANDLER(mov##bits##_mi)                                                                        \
    {                                                                                              \
        if (UNLIKELY(!store##bits(m, op, op_address(m, op), (uint##bits##_t)op->immediate))) {     \
            return op;                                                                             \
        }                                                                                          \
        NEXT_STORED;                                                                               \
    }

MOV_WIDTH(8)
MOV_WIDTH(16)
MOV_WIDTH(32)
MOV_MEMORY_WIDTH(8)
MOV_MEMORY_WIDTH(16)

/* Is this access, which is not to memory, an aligned one to the virtual registers? */
static bool is_register_access(uint32_t address)
{
    return address >> VCPU_PAGE_BITS == ISA_REGISTER_PAGE >> VCPU_PAGE_BITS && address % 4 == 0;
}

static const struct op *register_stop(struct interpreter *m, const struct op *op, uint32_t address,
                                      bool write, uint32_t value)
{
    m->stop->access = (struct vcpu_access){.write = write,
                                           .size_bytes = 4,
                                           .reg = write ? 0 : op->to / 4u,
                                           .instruction_bytes = op->length_bytes,
                                           .address = address - ISA_REGISTER_PAGE,
                                           .value = value};
    return interpreter_stop(m, op, VCPU_STOP_REGISTER);
}

static const struct op *mov32_load_slow(struct interpreter *m, const struct op *op,
                                        uint32_t address)
{
    if (is_register_access(address)) {
        return register_stop(m, op, address, false, 0);
    }
    uint32_t value;
    if (!interpreter_load(m, op, address, &value, sizeof value)) {
        return op;
    }
    REG32(m, op->to) = value;
    NEXT;
}

static const struct op *mov32_store_slow(struct interpreter *m, const struct op *op,
                                         uint32_t address, uint32_t value)
{
    if (is_register_access(address)) {
        return register_stop(m, op, address, true, value);
    }
    if (!interpreter_store(m, op, address, &value, sizeof value)) {
        return op;
    }
    return interpreter_leave(m, op);
}

/* The hottest of all, so for each way to form the address: displacement, base + displacement, and
 * any. */
#define MOV32_MEMORY(suffix, address_of_operand)                                                   \
    HANDLER(mov32_rm_##suffix)                                                                     \
    {                                                                                              \
        uint32_t address = address_of_operand;                                                     \
        const uint8_t *bytes = fast_read(m, address, 4);                                           \
        if (UNLIKELY(!bytes)) {                                                                    \
            return mov32_load_slow(m, op, address);                                                \
        }                                                                                          \
        memcpy((uint8_t *)m->gpr + op->to, bytes, 4);                                              \
        NEXT;                                                                                      \
    }                                                                                              \
    HANDLER(mov32_mr_##suffix)                                                                     \
    {                                                                                              \
        uint32_t address = address_of_operand;                                                     \
        uint8_t *bytes = fast_write(m, address, 4);                                                \
        if (UNLIKELY(!bytes)) {                                                                    \
            return mov32_store_slow(m, op, address, REG32(m, op->from));                           \
        }                                                                                          \
        memcpy(bytes, (uint8_t *)m->gpr + op->from, 4);                                            \
        NEXT;                                                                                      \
    }                                                                                              \
    HANDLER(mov32_mi_##suffix)                                                                     \
    {                                                                                              \
        uint32_t address = address_of_operand;                                                     \
        uint8_t *bytes = fast_write(m, address, 4);                                                \
        if (UNLIKELY(!bytes)) {                                                                    \
            return mov32_store_slow(m, op, address, op->immediate);                                \
        }                                                                                          \
        memcpy(bytes, &op->immediate, 4);                                                          \
        NEXT;                                                                                      \
    }

MOV32_MEMORY(absolute, op->displacement)
MOV32_MEMORY(base, REG32(m, op->base) + op->displacement)
MOV32_MEMORY(any, op_address(m, op))

static op_handler *mov32_memory_select(const struct op *op, enum op_shape shape)
{
    static op_handler *const handlers[3][3] = {
        {mov32_rm_absolute, mov32_rm_base, mov32_rm_any},
        {mov32_mr_absolute, mov32_mr_base, mov32_mr_any},
        {mov32_mi_absolute, mov32_mi_base, mov32_mi_any},
    };
    unsigned way = op->index != REGISTER_NONE * 4u ? 2 : op->base != REGISTER_NONE * 4u ? 1 : 0;
    return handlers[shape - SHAPE_RM][way];
}

static op_handler *mov_select(const struct isa_instruction *instruction, const struct op *op)
{
    static op_handler *const handlers[2][5] = {
        {mov8_rr, mov8_ri, mov8_rm, mov8_mr, mov8_mi},
        {mov16_rr, mov16_ri, mov16_rm, mov16_mr, mov16_mi},
    };
    enum op_shape shape = op_shape_of(instruction);
    if (shape < SHAPE_RR || shape > SHAPE_MI) {
        return NULL;
    }
    if (instruction->width_bits < 32) {
        return handlers[width_index(instruction)][shape - SHAPE_RR];
    }
    if (shape == SHAPE_RR) {
        return mov32_rr;
    }
    return shape == SHAPE_RI ? mov32_ri : mov32_memory_select(op, shape);
}

/* --- movzx movsx ------------------------------------------------------------------------------ */

#define EXTEND(name, to_bits, from_bits, type)                                                     \
    HANDLER(name##_r)                                                                              \
    {                                                                                              \
        REG##to_bits(m, op->to) = (uint##to_bits##_t)(type)REG##from_bits(m, op->from);            \
        NEXT;                                                                                      \
    }                                                                                              \
    HANDLER(name##_m)                                                                              \
    {                                                                                              \
        LOAD_OPERAND(from_bits, value)                                                             \
        REG##to_bits(m, op->to) = (uint##to_bits##_t)(type)value;                                  \
        NEXT;                                                                                      \
    }

EXTEND(movzx16_8, 16, 8, uint8_t)
EXTEND(movzx32_8, 32, 8, uint8_t)
EXTEND(movzx32_16, 32, 16, uint16_t)
EXTEND(movsx16_8, 16, 8, int8_t)
EXTEND(movsx32_8, 32, 8, int8_t)
EXTEND(movsx32_16, 32, 16, int16_t)
/* With prefix 66 the 16-bit source fills the target: both are plain moves. */
EXTEND(mov_16_16, 16, 16, uint16_t)

static op_handler *extend_select(const struct isa_instruction *instruction)
{
    /* By [signed][source 16 bits][target 32 bits][memory]. */
    static op_handler *const handlers[2][2][2][2] = {
        {{{movzx16_8_r, movzx16_8_m}, {movzx32_8_r, movzx32_8_m}},
         {{mov_16_16_r, mov_16_16_m}, {movzx32_16_r, movzx32_16_m}}},
        {{{movsx16_8_r, movsx16_8_m}, {movsx32_8_r, movsx32_8_m}},
         {{mov_16_16_r, mov_16_16_m}, {movsx32_16_r, movsx32_16_m}}},
    };
    return handlers[instruction->operation == ISA_MOVSX][instruction->operand[1].width_bits == 16]
                   [instruction->width_bits == 32][instruction->memory_operand == 1];
}

/* --- cmov lea bswap xlat and the sign extensions ---------------------------------------------- */

#define CMOV_WIDTH(bits)                                                                           \
    HANDLER(cmov##bits##_r)                                                                        \
    {                                                                                              \
        if (condition_holds(m, op->condition)) {                                                   \
            REG##bits(m, op->to) = REG##bits(m, op->from);                                         \
        }                                                                                          \
        NEXT;                                                                                      \
    }                                                                                              \
    HANDLER(cmov##bits##_m)                                                                        \
    {                                                                                              \
        LOAD_OPERAND(bits, value) /* whatever the condition */                                     \
        if (condition_holds(m, op->condition)) {                                                   \
            REG##bits(m, op->to) = value;                                                          \
        }                                                                                          \
        NEXT;                                                                                      \
    }
CMOV_WIDTH(16)
CMOV_WIDTH(32)

HANDLER(lea32)
{
    REG32(m, op->to) = op_address(m, op);
    NEXT;
}

HANDLER(lea32_base)
{
    REG32(m, op->to) = REG32(m, op->base) + op->displacement;
    NEXT;
}

HANDLER(lea16)
{
    REG16(m, op->to) = (uint16_t)op_address(m, op);
    NEXT;
}

HANDLER(bswap)
{
    REG32(m, op->to) = __builtin_bswap32(REG32(m, op->to));
    NEXT;
}

HANDLER(xlat)
{
    uint8_t value;
    if (!load8(m, op, m->gpr[VCPU_EBX] + REG8(m, VCPU_EAX * 4), &value)) {
        return op;
    }
    REG8(m, VCPU_EAX * 4) = value;
    NEXT;
}

HANDLER(cbw)
{
    REG16(m, VCPU_EAX * 4) = (uint16_t)(int8_t)m->gpr[VCPU_EAX];
    NEXT;
}

HANDLER(cwde)
{
    m->gpr[VCPU_EAX] = (uint32_t)(int16_t)m->gpr[VCPU_EAX];
    NEXT;
}

HANDLER(cwd)
{
    REG16(m, VCPU_EDX * 4) = m->gpr[VCPU_EAX] & 0x8000u ? 0xffffu : 0;
    NEXT;
}

HANDLER(cdq)
{
    m->gpr[VCPU_EDX] = m->gpr[VCPU_EAX] >> 31 ? UINT32_MAX : 0;
    NEXT;
}

/* --- exchanges: the memory operand is always written, equal or not ---------------------------- */

#define EXCHANGE_WIDTH(bits)                                                                       \
    HANDLER(xchg##bits##_rr)                                                                       \
    {                                                                                              \
        uint##bits##_t value = REG##bits(m, op->to);                                               \
        REG##bits(m, op->to) = REG##bits(m, op->from);                                             \
        REG##bits(m, op->from) = value;                                                            \
        NEXT;                                                                                      \
    }                                                                                              \
    HANDLER(xchg##bits##_mr)                                                                       \
    {                                                                                              \
        UPDATE_OPERAND(bits, value, bytes);                                                        \
        memcpy(bytes, (uint8_t *)m->gpr + op->from, sizeof value);                                 \
        REG##bits(m, op->from) = value;                                                            \
        NEXT_STORED;                                                                               \
    }                                                                                              \
    HANDLER(xadd##bits##_rr)                                                                       \
    {                                                                                              \
        uint##bits##_t a = REG##bits(m, op->to);                                                   \
        uint##bits##_t sum = (uint##bits##_t)flags_add(m, a, REG##bits(m, op->from), bits);        \
        REG##bits(m, op->from) = a;                                                                \
        REG##bits(m, op->to) = sum;                                                                \
        NEXT;                                                                                      \
    }                                                                                              \
    HANDLER(xadd##bits##_mr)                                                                       \
    {                                                                                              \
        UPDATE_OPERAND(bits, value, bytes);                                                        \
        uint##bits##_t sum = (uint##bits##_t)flags_add(m, value, REG##bits(m, op->from), bits);    \
        memcpy(bytes, &sum, sizeof sum);                                                           \
        REG##bits(m, op->from) = value;                                                            \
        NEXT_STORED;                                                                               \
    }                                                                                              \
    HANDLER(cmpxchg##bits##_rr)                                                                    \
    {                                                                                              \
        uint##bits##_t value = REG##bits(m, op->to);                                               \
        if (flags_subtract(m, REG##bits(m, VCPU_EAX * 4), value, bits) << (32 - bits) == 0) {      \
            REG##bits(m, op->to) = REG##bits(m, op->from);                                         \
        } else {                                                                                   \
            REG##bits(m, VCPU_EAX * 4) = value;                                                    \
        }                                                                                          \
        NEXT;                                                                                      \
    }                                                                                              \
    HANDLER(cmpxchg##bits##_mr)                                                                    \
    {                                                                                              \
        UPDATE_OPERAND(bits, value, bytes);                                                        \
        if (flags_subtract(m, REG##bits(m, VCPU_EAX * 4), value, bits) << (32 - bits) == 0) {      \
            memcpy(bytes, (uint8_t *)m->gpr + op->from, sizeof value);                             \
        } else {                                                                                   \
            REG##bits(m, VCPU_EAX * 4) = value;                                                    \
        }                                                                                          \
        NEXT_STORED;                                                                               \
    }
EXCHANGE_WIDTH(8)
EXCHANGE_WIDTH(16)
EXCHANGE_WIDTH(32)

static op_handler *exchange_select(const struct isa_instruction *instruction)
{
    /* By [operation][width_index][memory]. */
    static op_handler *const handlers[3][3][2] = {
        {{xchg8_rr, xchg8_mr}, {xchg16_rr, xchg16_mr}, {xchg32_rr, xchg32_mr}},
        {{xadd8_rr, xadd8_mr}, {xadd16_rr, xadd16_mr}, {xadd32_rr, xadd32_mr}},
        {{cmpxchg8_rr, cmpxchg8_mr}, {cmpxchg16_rr, cmpxchg16_mr}, {cmpxchg32_rr, cmpxchg32_mr}},
    };
    unsigned which = instruction->operation == ISA_XCHG   ? 0
                     : instruction->operation == ISA_XADD ? 1
                                                          : 2;
    return handlers[which][width_index(instruction)][instruction->memory_operand == 0];
}

/* Of the flags only ZF changes. */
HANDLER(cmpxchg8b)
{
    UPDATE_OPERAND(64, value, bytes);
    uint64_t expected = (uint64_t)m->gpr[VCPU_EDX] << 32 | m->gpr[VCPU_EAX];
    uint32_t flags = flags_get(m) & ~VCPU_FLAG_ZF;
    if (value == expected) {
        memcpy(bytes, &m->gpr[VCPU_EBX], 4);
        memcpy(bytes + 4, &m->gpr[VCPU_ECX], 4);
        flags |= VCPU_FLAG_ZF;
    } else {
        m->gpr[VCPU_EAX] = (uint32_t)value;
        m->gpr[VCPU_EDX] = (uint32_t)(value >> 32);
    }
    flags_set_arithmetic(m, flags);
    NEXT_STORED;
}

/* --- segment registers read as constants ------------------------------------------------------ */

HANDLER(mov_segment32)
{
    REG32(m, op->to) = op->immediate;
    NEXT;
}

op_handler *move_select(const struct isa_instruction *instruction, struct op *op)
{
    bool memory_source = instruction->memory_operand == 1;
    switch (instruction->operation) {
    case ISA_MOV:
        return mov_select(instruction, op);
    case ISA_MOVZX:
    case ISA_MOVSX:
        return extend_select(instruction);
    case ISA_CMOV:
        return instruction->width_bits == 32 ? (memory_source ? cmov32_m : cmov32_r)
                                             : (memory_source ? cmov16_m : cmov16_r);
    case ISA_LEA:
        if (instruction->width_bits == 16) {
            return lea16;
        }
        return op->index == REGISTER_NONE * 4u ? lea32_base : lea32;
    case ISA_BSWAP:
        return bswap;
    case ISA_XLAT:
        return xlat;
    case ISA_CBW:
        return cbw;
    case ISA_CWDE:
        return cwde;
    case ISA_CWD:
        return cwd;
    case ISA_CDQ:
        return cdq;
    case ISA_CMPXCHG8B:
        return cmpxchg8b;
    case ISA_MOV_SEGMENT:
        if (instruction->memory_operand == 0) {
            return mov16_mi;
        }
        return instruction->width_bits == 32 ? mov_segment32 : mov16_ri;
    default:
        return exchange_select(instruction);
    }
}
