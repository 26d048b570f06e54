// The instruction decoder on any bytes: it must look at no byte beyond what it is given, agree with
// itself when given more or fewer, and hand the engines only what they may rely on.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

extern "C" {
#include <vcpu/isa.h>
}

namespace
{

void require(bool holds)
{
    if (!holds) {
        std::abort();
    }
}

void check_operand(const struct isa_operand &operand)
{
    require(operand.kind <= ISA_OPERAND_SEGMENT);
    switch (operand.kind) {
    case ISA_OPERAND_REGISTER:
        require(operand.number < VCPU_REGISTER_COUNT);
        require(operand.width_bits == 8 || operand.width_bits == 16 || operand.width_bits == 32);
        break;
    case ISA_OPERAND_MEMORY:
        require(operand.base <= ISA_NO_REGISTER && operand.index <= ISA_NO_REGISTER);
        require(operand.index != VCPU_ESP && operand.shift <= 3);
        break;
    case ISA_OPERAND_STACK:
        require(operand.number < 8);
        break;
    default:
        break;
    }
}

void check(const struct isa_instruction &instruction, size_t size_bytes)
{
    require(instruction.kind <= ISA_CLASS_DEFINED);
    if (instruction.kind == ISA_CLASS_ILLEGAL || instruction.kind == ISA_CLASS_TRUNCATED) {
        require(instruction.length_bytes == 0);
        require(instruction.kind != ISA_CLASS_TRUNCATED || size_bytes < ISA_INSTRUCTION_MAX_BYTES);
        return;
    }
    require(instruction.length_bytes >= 1 && instruction.length_bytes <= size_bytes);
    require(instruction.length_bytes <= ISA_INSTRUCTION_MAX_BYTES);
    require(instruction.operation > ISA_NONE && instruction.operation < ISA_OPERATION_COUNT);
    require(instruction.width_bits == 8 || instruction.width_bits == 16 ||
            instruction.width_bits == 32);
    require(instruction.operand_count <= 3 && instruction.condition < 16);
    require((instruction.flags_undefined & ~VCPU_FLAG_ALL) == 0);
    for (unsigned i = 0; i < instruction.operand_count; i++) {
        check_operand(instruction.operand[i]);
    }
    require(instruction.memory_operand == ISA_NO_OPERAND ||
            (instruction.memory_operand < instruction.operand_count &&
             instruction.operand[instruction.memory_operand].kind == ISA_OPERAND_MEMORY));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    for (size_t at = 0; at < size_bytes;) {
        size_t left = size_bytes - at;
        struct isa_instruction instruction;
        isa_decode(data + at, left, &instruction);
        check(instruction, left);
        if (instruction.length_bytes) {
            // Its own bytes alone, in storage that ends with them, mean the same; fewer mean that
            // more are needed.
            std::vector<uint8_t> exact(data + at, data + at + instruction.length_bytes);
            struct isa_instruction again;
            isa_decode(exact.data(), exact.size(), &again);
            require(memcmp(&instruction, &again, sizeof again) == 0);
            isa_decode(exact.data(), exact.size() - 1, &again);
            require(again.kind == ISA_CLASS_TRUNCATED);
        }
        at += instruction.length_bytes ? instruction.length_bytes : 1;
    }
    return 0;
}
