// Programs as lists of instructions: writing them down and putting them into memory.
#include "vcpu/oracle/program.h"

#include <cstring>

static void append32(std::vector<uint8_t> *bytes, uint32_t value)
{
    for (int i = 0; i < 4; i++) {
        bytes->push_back((uint8_t)(value >> 8 * i));
    }
}

std::vector<uint32_t> Program::offsets() const
{
    std::vector<uint32_t> result;
    uint32_t offset = 0;
    for (const Line &line : lines) {
        result.push_back(offset);
        offset += (uint32_t)line.bytes.size();
    }
    result.push_back(offset);
    return result;
}

std::vector<uint8_t> Program::assemble(uint32_t address) const
{
    std::vector<uint32_t> at = offsets();
    std::vector<uint8_t> bytes;
    for (size_t i = 0; i < lines.size(); i++) {
        const Line &line = lines[i];
        bytes.insert(bytes.end(), line.bytes.begin(), line.bytes.end());
        if (line.label != NO_LABEL && !line.bytes.empty()) {
            uint32_t target = at[labels[line.label]];
            bytes.resize(bytes.size() - 4);
            append32(&bytes, line.relative ? target - at[i + 1] : address + target);
        }
    }
    return bytes;
}

uint32_t ProgramMaker::below(uint32_t bound)
{
    return (uint32_t)random_below(random_, bound);
}

bool ProgramMaker::one_in(uint32_t bound)
{
    return below(bound) == 0;
}

/* Any register but ESP and EBP. */
uint32_t ProgramMaker::small_register()
{
    static const uint8_t registers[] = {VCPU_EAX, VCPU_ECX, VCPU_EDX, VCPU_EBX, VCPU_ESI, VCPU_EDI};
    return registers[below(sizeof registers)];
}

void ProgramMaker::op(const Bytes &bytes)
{
    program_.lines.push_back({bytes});
}

void ProgramMaker::op32(const Bytes &bytes, uint32_t value)
{
    Bytes whole = bytes;
    append32(&whole, value);
    op(whole);
}

void ProgramMaker::op_to(const Bytes &bytes, Label label, bool relative)
{
    op32(bytes, 0);
    program_.lines.back().label = label;
    program_.lines.back().relative = relative;
}

/* opcode reg, [base + displacement], immediate */
void ProgramMaker::op_memory(const Bytes &opcode, uint32_t reg, uint32_t base, int32_t displacement,
                             const Bytes &immediate)
{
    bool near = displacement >= -128 && displacement < 128 && !one_in(8);
    Bytes bytes = opcode;
    bytes.push_back((uint8_t)((near ? 0x40 : 0x80) | reg << 3 | base));
    if (base == VCPU_ESP) {
        bytes.push_back(0x24);
    }
    if (near) {
        bytes.push_back((uint8_t)displacement);
    } else {
        append32(&bytes, (uint32_t)displacement);
    }
    bytes.insert(bytes.end(), immediate.begin(), immediate.end());
    op(bytes);
}

Label ProgramMaker::label()
{
    program_.labels.push_back(0);
    return (Label)program_.labels.size() - 1;
}

void ProgramMaker::bind(Label label)
{
    program_.labels[label] = (uint32_t)program_.lines.size();
}

Label ProgramMaker::label_here()
{
    Label here = label();
    bind(here);
    return here;
}
