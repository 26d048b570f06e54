// Finds every instruction form by asking the decoder about every opcode.
#include "vcpu/oracle/forms.h"

#include <algorithm>
#include <cstring>
#include <set>

static const std::vector<std::vector<uint8_t>> PREFIXES = {{},
                                                           {0x66},
                                                           {0xf2},
                                                           {0xf3},
                                                           {0xf0},
                                                           {0x66, 0xf3},
                                                           {0xf2, 0x66},
                                                           {0xf0, 0x66},
                                                           {0x66, 0x66},
                                                           {0x2e},
                                                           {0x36},
                                                           {0x3e},
                                                           {0x26},
                                                           {0x64},
                                                           {0x65},
                                                           {0x67},
                                                           {0x3e, 0x66, 0xf0}};

static bool is_prefix(unsigned opcode)
{
    static const std::set<unsigned> prefixes = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65,
                                                0x66, 0x67, 0xf0, 0xf2, 0xf3};
    return prefixes.count(opcode) != 0;
}

static std::string key_of(const struct isa_instruction &instruction)
{
    std::string key = isa_operation_name((enum isa_operation)instruction.operation);
    key += '/' + std::to_string(instruction.kind) + '/' + std::to_string(instruction.width_bits) +
           '/' + std::to_string(instruction.repeat) + '/' + std::to_string(instruction.lock) + '/' +
           std::to_string(instruction.condition);
    for (int i = 0; i < instruction.operand_count; i++) {
        key += '/' + std::to_string(instruction.operand[i].kind) + ':' +
               std::to_string(instruction.operand[i].width_bits);
    }
    return key;
}

static bool is_legal(const struct isa_instruction &instruction)
{
    return instruction.kind != ISA_CLASS_ILLEGAL && instruction.kind != ISA_CLASS_TRUNCATED;
}

static std::vector<uint8_t> with_tail(const Form &form, uint8_t modrm, struct random_stream *random)
{
    std::vector<uint8_t> bytes = form.opcode;
    bytes.push_back(modrm);
    while (bytes.size() < form.opcode.size() + 11) {
        bytes.push_back((uint8_t)random_next(random));
    }
    return bytes;
}

std::vector<Form> forms_of(bool after_0f, unsigned first, unsigned last)
{
    std::vector<Form> forms;
    struct random_stream random;
    random_init(&random, oracle_seed(), "oracle/forms");
    for (const std::vector<uint8_t> &prefix : PREFIXES) {
        for (unsigned opcode = first; opcode <= last; opcode++) {
            if (!after_0f && (is_prefix(opcode) || opcode == 0x0f)) {
                continue;
            }
            std::set<std::string> seen;
            for (unsigned modrm = 0; modrm < 256; modrm++) {
                Form form;
                form.opcode = prefix;
                if (after_0f) {
                    form.opcode.push_back(0x0f);
                }
                form.opcode.push_back((uint8_t)opcode);
                form.modrm = (uint8_t)modrm;
                std::vector<uint8_t> bytes = with_tail(form, form.modrm, &random);
                struct isa_instruction instruction;
                isa_decode(bytes.data(), bytes.size(), &instruction);
                if (is_legal(instruction)) {
                    form.key = key_of(instruction);
                    if (seen.insert(form.key).second) {
                        forms.push_back(form);
                    }
                }
            }
        }
    }
    return forms;
}

void form_instance(const Form &form, struct random_stream *random, std::vector<uint8_t> *bytes,
                   struct isa_instruction *instruction)
{
    for (int tries = 0; tries < 8; tries++) {
        uint8_t modrm = (uint8_t)random_next(random);
        if (tries > 1) { /* of a group: keep the operation */
            modrm = (uint8_t)((modrm & 0xc7) | (form.modrm & 0x38));
        }
        if (tries > 3) { /* and whether it is memory */
            modrm = (uint8_t)((modrm & 7) | (form.modrm & 0xf8));
        }
        if (tries > 5) {
            modrm = form.modrm;
        }
        *bytes = with_tail(form, modrm, random);
        isa_decode(bytes->data(), bytes->size(), instruction);
        if (is_legal(*instruction) && key_of(*instruction) == form.key) {
            break;
        }
    }
    bytes->resize(instruction->length_bytes);
}

bool form_aim(const struct isa_instruction &instruction, std::vector<uint8_t> *bytes,
              uint32_t gpr[VCPU_REGISTER_COUNT], uint32_t target)
{
    const struct isa_operand &operand = instruction.operand[instruction.memory_operand];
    uint32_t address = operand.displacement;
    address += operand.base == ISA_NO_REGISTER ? 0 : gpr[operand.base];
    address += operand.index == ISA_NO_REGISTER ? 0 : gpr[operand.index] << operand.shift;
    if (operand.base != ISA_NO_REGISTER && operand.base != operand.index &&
        operand.base != VCPU_ESP) {
        gpr[operand.base] += target - address;
        return true;
    }
    uint8_t old[4];
    memcpy(old, &operand.displacement, sizeof old);
    auto found = std::search(bytes->begin(), bytes->end(), old, old + sizeof old);
    if (found == bytes->end()) {
        return false;
    }
    uint32_t displacement = operand.displacement + target - address;
    memcpy(&*found, &displacement, sizeof displacement);
    return true;
}
