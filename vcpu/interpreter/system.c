/*
 * What touches the world outside: nop rdtsc in out int3 into bound, and the two virtual
 * instructions idle and terminate (docs/isa.md).
 */
#include "interpreter/flags.h"
#include "interpreter/shapes.h"

HANDLER(nop)
{
    NEXT;
}

/* The cycles counter, everything retired before this instruction included. */
HANDLER(rdtsc)
{
    uint64_t cycles = m->vcpu->cycles + interpreter_retired(m, op);
    m->gpr[VCPU_EAX] = (uint32_t)cycles;
    m->gpr[VCPU_EDX] = (uint32_t)(cycles >> 32);
    NEXT;
}

/* op->detail: bytes; op->condition: the port is in DX, not in the immediate. */
static const struct op *port_stop(struct interpreter *m, const struct op *op, bool write)
{
    uint32_t port = op->condition ? m->gpr[VCPU_EDX] & 0xffffu : op->immediate & 0xffu;
    uint32_t mask = op->detail == 4 ? UINT32_MAX : (1u << 8 * op->detail) - 1u;
    m->stop->access = (struct vcpu_access){.write = write,
                                           .size_bytes = op->detail,
                                           .reg = VCPU_EAX,
                                           .instruction_bytes = op->length_bytes,
                                           .address = port,
                                           .value = write ? m->gpr[VCPU_EAX] & mask : 0};
    return interpreter_stop(m, op, VCPU_STOP_PORT);
}

HANDLER(in)
{
    return port_stop(m, op, false);
}

HANDLER(out)
{
    return port_stop(m, op, true);
}

HANDLER(int3)
{
    return interpreter_fault(m, op, VCPU_FAULT_BREAKPOINT, 0);
}

HANDLER(into)
{
    if (flag_of(m)) {
        return interpreter_fault(m, op, VCPU_FAULT_OVERFLOW, 0);
    }
    NEXT;
}

HANDLER(bound32)
{
    int32_t bounds[2];
    if (!interpreter_load(m, op, op_address(m, op), bounds, sizeof bounds)) {
        return op;
    }
    int32_t index = (int32_t)REG32(m, op->to);
    if (index < bounds[0] || index > bounds[1]) {
        return interpreter_fault(m, op, VCPU_FAULT_BOUND, 0);
    }
    NEXT;
}

HANDLER(bound16)
{
    int16_t bounds[2];
    if (!interpreter_load(m, op, op_address(m, op), bounds, sizeof bounds)) {
        return op;
    }
    int16_t index = (int16_t)REG16(m, op->to);
    if (index < bounds[0] || index > bounds[1]) {
        return interpreter_fault(m, op, VCPU_FAULT_BOUND, 0);
    }
    NEXT;
}

HANDLER(idle)
{
    return interpreter_stop(m, op, VCPU_STOP_IDLE);
}

HANDLER(terminate)
{
    return interpreter_stop(m, op, VCPU_STOP_TERMINATE);
}

static op_handler *port_select(const struct isa_instruction *instruction, struct op *op)
{
    bool write = instruction->operation == ISA_OUT;
    op->condition = instruction->operand[write ? 0 : 1].kind == ISA_OPERAND_REGISTER;
    op->detail = instruction->operand[write ? 1 : 0].width_bits / 8u;
    return write ? out : in;
}

op_handler *system_select(const struct isa_instruction *instruction, struct op *op)
{
    switch (instruction->operation) {
    case ISA_NOP:
        return nop;
    case ISA_RDTSC:
        return rdtsc;
    case ISA_IN:
    case ISA_OUT:
        return port_select(instruction, op);
    case ISA_INT3:
        return int3;
    case ISA_INTO:
        return into;
    case ISA_BOUND:
        return instruction->width_bits == 32 ? bound32 : bound16;
    case ISA_IDLE:
        return idle;
    case ISA_TERMINATE:
        return terminate;
    default:
        return NULL;
    }
}
