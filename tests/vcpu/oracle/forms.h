/*
 * Every instruction form of the ISA, found by asking isa_decode about every opcode under every
 * prefix: nothing has to be listed by hand, so nothing can be forgotten.
 */
#ifndef DENALI_TESTS_VCPU_ORACLE_FORMS_H
#define DENALI_TESTS_VCPU_ORACLE_FORMS_H

#include <string>
#include <vector>

#include "vcpu/oracle/machine.h"

/* A way of writing an operation: prefixes, opcode, and the kinds of its operands. */
struct Form {
    std::vector<uint8_t> opcode; /* with prefixes */
    uint8_t modrm;               /* an example; an immediate's first byte where there is no ModRM */
    std::string key;             /* what all its instructions have in common */
};

/* Those of the one-byte opcodes first..last, or of the opcodes after 0F. */
std::vector<Form> forms_of(bool after_0f, unsigned first, unsigned last);

/* A random instruction of that form; bytes holds exactly it. */
void form_instance(const Form &form, struct random_stream *random, std::vector<uint8_t> *bytes,
                   struct isa_instruction *instruction);

/* Has what the instruction's memory operand addresses be at target, by a register or its
 * displacement; false if that cannot be done. */
bool form_aim(const struct isa_instruction &instruction, std::vector<uint8_t> *bytes,
              uint32_t gpr[VCPU_REGISTER_COUNT], uint32_t target);

#endif
