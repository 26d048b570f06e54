// The parts of random programs that reach memory in every awkward way: several accesses by one
// register, and stacks, about the ends of pages and of memory.
#include <algorithm>
#include <cstring>

#include "vcpu/oracle/program.h"

/* An address: of data, about a page's end, of a page nobody has touched, of no memory. */
uint32_t ProgramMaker::place()
{
    const uint32_t fresh = STACK + 0x10000 + VCPU_PAGE_BYTES * below(0x60);
    switch (below(16)) {
    case 0:
    case 1:
    case 2: /* about a page's end */
        return DATA + VCPU_PAGE_BYTES * (1 + below(2)) - 16 + below(24);
    case 3:
    case 4:
    case 5:
        return fresh - 16 + below(24);
    case 6:
        return fresh - 16 + 4 * below(6);
    case 7:
        return MEMORY_BYTES - 24 + 4 * below(8);
    case 8:
        return MEMORY_BYTES - 24 + below(32);
    case 9: /* the virtual registers */
        return ISA_REGISTER_PAGE - 8 + 4 * below(8);
    case 10:
        return ISA_REGISTER_PAGE + VCPU_PAGE_BYTES - 16 + 2 * below(12);
    case 11: /* about 0 and 2^32, where addresses wrap */
        return 0u - 16 + 2 * below(16);
    case 12: /* far beyond memory */
        return (uint32_t)random_next(random_);
    default:
        return OPERANDS + 0x100 + below(OPERANDS_BYTES - 0x200);
    }
}

/* One instruction that uses [base + something], or changes base. */
void ProgramMaker::access(uint32_t base)
{
    static const int32_t steps[] = {0, 4, 8, 12, -4, -8, 16, 1, 2, 3, 7, -1, -2, 20, 32, 60};
    static const uint8_t loads[] = {0x8b, 0x03, 0x2b, 0x13, 0x1b, 0x23, 0x0b, 0x33, 0x3b, 0x85};
    static const uint8_t stores[] = {0x87, 0x01, 0x29, 0x11, 0x19, 0x21, 0x09, 0x31, 0x39, 0x87};
    int32_t at = steps[below(sizeof steps / sizeof *steps)];
    uint32_t reg = small_register();
    uint8_t imm8 = (uint8_t)random_next(random_);
    switch (below(25)) {
    case 0:
    case 1:
    case 2:
        return op_memory({0x8b}, reg, base, at);
    case 3:
    case 4:
    case 5:
        return op_memory({0x89}, reg, base, at);
    case 6:
        return op_memory({loads[below(sizeof loads)]}, reg, base, at);
    case 7:
        return op_memory({stores[below(sizeof stores)]}, reg, base, at);
    case 8: /* 16 bits */
        return op_memory({0x66, (uint8_t)(one_in(2) ? 0x8b : 0x89)}, reg, base, at);
    case 9: /* 8 bits; reg is any of AL..BH */
        return op_memory({(uint8_t)(one_in(2) ? 0x8a : 0x88)}, below(8), base, at);
    case 10: /* movzx, movsx */
        return op_memory({0x0f, (uint8_t)(0xb6 + below(2) + 8 * below(2))}, reg, base, at);
    case 11:
        return op_memory({0x83}, below(8), base, at, {imm8});
    case 12: /* inc, dec; push [...] is a frame's */
        return op_memory({0xff}, below(2), base, at);
    case 13:
        return op_memory({0xc7}, 0, base, at, {imm8, 2, 3, 4});
    case 14: /* the base is what it points to, as in a list */
        return op_memory({0x8b}, base, base, at);
    case 15:
        return one_in(2) ? op({(uint8_t)(0x40 + 8 * below(2) + base)})
                         : op({0x83, (uint8_t)(0xc0 + base), (uint8_t)at});
    case 16:
        return op_memory({0x8d}, one_in(2) ? base : reg, base, at);
    case 17: { /* [base + index * 4 + at] */
        uint32_t index = small_register();
        op32({(uint8_t)(0xb8 + index)}, below(8));
        return op(
            {0x8b, (uint8_t)(0x44 | reg << 3), (uint8_t)(0x80 | index << 3 | base), (uint8_t)at});
    }
    case 18: /* fld, fst, fstp; of 4 or 8 bytes */
        return op_memory({(uint8_t)(one_in(2) ? 0xd9 : 0xdd)}, one_in(2) ? 0 : 2 + below(2), base,
                         at);
    case 19: /* setcc, cmovcc */
        return one_in(2) ? op_memory({0x0f, (uint8_t)(0x90 + below(16))}, 0, base, at)
                         : op_memory({0x0f, (uint8_t)(0x40 + below(16))}, reg, base, at);
    case 20: { /* a branch over the next */
        Label end = label();
        op_to({0x0f, (uint8_t)(0x80 + below(16))}, end, true);
        op_memory({0x89}, reg, base, at);
        return bind(end);
    }
    case 21: /* flags that are pending at what follows */
    case 22:
    case 23:
        return flag_source();
    default: /* xadd, cmpxchg, bt with an immediate */
        return one_in(2) ? op_memory({0x0f, (uint8_t)(one_in(2) ? 0xc1 : 0xb1)}, reg, base, at)
                         : op_memory({0x0f, 0xba}, 4 + below(4), base, at, {imm8});
    }
}

void ProgramMaker::accesses()
{
    uint32_t base = small_register();
    uint32_t begin = place();
    if (one_in(4)) { /* a pointer in memory, to be followed by `mov base, [base]` */
        op32({0xc7, 0x05, (uint8_t)POINTER, (uint8_t)(POINTER >> 8), (uint8_t)(POINTER >> 16),
              (uint8_t)(POINTER >> 24)},
             begin);
        op32({(uint8_t)(0xb8 + base)}, POINTER);
        op_memory({0x8b}, base, base, 0);
    } else {
        touch(begin);
        op32({(uint8_t)(0xb8 + base)}, begin);
    }
    for (uint32_t i = 2 + below(9); i > 0; i--) {
        access(base);
    }
}

/* Half the time, mov eax, [target]: pages that have been read are not those that may be written. */
void ProgramMaker::touch(uint32_t target)
{
    if (one_in(2)) {
        op32({0xa1}, target);
    }
}

/* An instruction of that form, and before it what brings its memory operand to a place. A branch
 * goes to the next instruction. */
void ProgramMaker::aimed(const Form &form)
{
    Bytes bytes;
    struct isa_instruction instruction;
    form_instance(form, random_, &bytes, &instruction);
    unsigned operation = instruction.operation;
    if (instruction.operand_count && instruction.operand[0].kind == ISA_OPERAND_RELATIVE) {
        std::fill(bytes.end() - instruction.operand[0].width_bits / 8, bytes.end(), 0);
    }
    if ((operation >= ISA_MOVS && operation <= ISA_SCAS) || operation == ISA_XLAT) {
        for (uint8_t reg : {VCPU_ESI, VCPU_EDI, VCPU_EBX}) {
            uint32_t target = place();
            touch(target);
            op32({(uint8_t)(0xb8 | reg)}, target);
        }
    }
    if (instruction.repeat != ISA_REPEAT_NONE || instruction.counted_by_cl) {
        op32({0xb9}, below(12));
    }
    if (operation >= ISA_BT && operation <= ISA_BTC &&
        instruction.operand[1].kind == ISA_OPERAND_REGISTER) {
        op32({(uint8_t)(0xb8 | (instruction.operand[1].number & 7))}, below(0x1000) - 0x800);
    }
    if (instruction.memory_operand != ISA_NO_OPERAND) {
        const struct isa_operand &memory = instruction.operand[instruction.memory_operand];
        uint32_t target = place(), index = below(16);
        touch(target);
        if (memory.index != ISA_NO_REGISTER && memory.index != memory.base) {
            op32({(uint8_t)(0xb8 | memory.index)}, index);
            target -= index << memory.shift;
        }
        if (memory.base != ISA_NO_REGISTER) {
            op32({(uint8_t)(0xb8 | memory.base)}, target - memory.displacement);
        } else {
            uint8_t old[4];
            memcpy(old, &memory.displacement, sizeof old);
            auto found = std::search(bytes.begin(), bytes.end(), old, old + sizeof old);
            if (found != bytes.end()) {
                memcpy(&*found, &target, sizeof target);
            }
        }
    }
    op(bytes);
}

void ProgramMaker::stack_step(unsigned depth)
{
    uint32_t reg = small_register();
    int32_t at = one_in(6) ? (int32_t)below(24) - 8 : 4 * (int32_t)below(8);
    switch (below(24)) {
    case 0:
    case 1:
    case 2:
    case 3:
        return op({(uint8_t)(0x50 + reg)});
    case 4:
    case 5:
    case 6:
        return op({(uint8_t)(0x58 + reg)});
    case 7:
        return one_in(2) ? op({0x6a, (uint8_t)at}) : op32({0x68}, (uint32_t)random_next(random_));
    case 8:
    case 9: /* add, sub esp */
        return op({0x83, (uint8_t)(one_in(2) ? 0xc4 : 0xec), (uint8_t)at});
    case 10:
    case 11:
        return op_memory({0x89}, reg, VCPU_ESP, at);
    case 12:
    case 13:
        return op_memory({0x8b}, reg, VCPU_ESP, at);
    case 14: /* push, pop [esp + at] */
        return one_in(2) ? op_memory({0xff}, 6, VCPU_ESP, at) : op_memory({0x8f}, 0, VCPU_ESP, at);
    case 15: /* push esp, ebp; pop esp seldom: it is wild after it */
        return op({(uint8_t)(one_in(8) ? 0x5c : one_in(2) ? 0x54 : 0x55)});
    case 16:
        return op_memory({0x8d}, VCPU_ESP, VCPU_ESP, at);
    case 17: /* and esp, -16 */
        return op({0x83, 0xe4, 0xf0});
    case 18: /* pushf, popf */
        return op({(uint8_t)(0x9c + below(2))});
    case 19: /* pusha, popa; 16 bits */
        return one_in(2) ? op({(uint8_t)(0x60 + below(2))})
                         : op({0x66, (uint8_t)(0x50 + 8 * below(2) + reg)});
    case 20: { /* a call that only pushes its address */
        Label next = label();
        op_to({0xe8}, next, true);
        return bind(next);
    }
    case 21: {            /* a frame of its own */
        op({0x55});       /* push ebp */
        op({0x89, 0xe5}); /* mov ebp, esp */
        op({0x83, 0xec, (uint8_t)(4 * below(12))});
        for (uint32_t i = below(5); depth < 2 && i > 0; i--) {
            one_in(2) ? access(VCPU_EBP) : stack_step(depth + 1);
        }
        return op({0xc9}); /* leave */
    }
    case 22:
        return op_memory({0xff}, 6, VCPU_EBP, 4 * (int32_t)below(64) - 128);
    default:
        return op({0xc8, (uint8_t)(4 * below(8)), 0, (uint8_t)below(3)}); /* enter */
    }
}

/* Something with a stack anywhere, which is put back after it. */
void ProgramMaker::frames()
{
    op32({0x89, 0x25}, SAVED_ESP); /* mov [SAVED_ESP], esp */
    switch (below(4)) {
    case 0: /* soon across a page's end, of pages nobody has touched */
    case 1:
        op32({0xbc}, STACK + VCPU_PAGE_BYTES * (1 + below(0x60)) + below(8) - 2);
        break;
    case 2:
        op32({0xbc}, place());
        break;
    default:
        break;
    }
    for (uint32_t i = 2 + below(12); i > 0; i--) {
        stack_step(0);
    }
    op32({0x8b, 0x25}, SAVED_ESP);
    op32({0xbd}, OPERANDS_MIDDLE);
}
