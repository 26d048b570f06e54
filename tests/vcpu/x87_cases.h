/*
 * What the x87 tests try: whole states, every class of value, the neighbourhoods of every boundary
 * between formats, every form of the ISA and sequences of them.
 */
#ifndef DENALI_TESTS_VCPU_X87_CASES_H
#define DENALI_TESTS_VCPU_X87_CASES_H

#include <cstdint>
#include <string>
#include <vector>

extern "C" {
#include <base/random.h>
#include <vcpu/vcpu.h>

#include "x87/x87.h"
}

/* What the instructions under test can see or change. */
struct X87State {
    struct vcpu_x87 x87;
    uint32_t eflags; /* VCPU_FLAG_* */
    uint32_t eax;
    uint8_t memory[128]; /* at [esi] */
};

/* A random state; about one register in eight is empty. */
X87State X87RandomState(struct random_stream *random);

/* An 80-bit value of a random class, unsupported encodings among them. */
void X87RandomValue(struct random_stream *random, uint64_t *mantissa, uint16_t *sign_exponent);

/* A memory operand of 2, 4, 8 or 10 bytes, such as the formats of that size have corners. */
void X87RandomOperand(struct random_stream *random, unsigned size_bytes, uint8_t *bytes);

/* An instruction as the tests encode it: memory operands are [esi + offset]. */
struct X87Instruction {
    uint8_t opcode;
    uint8_t modrm; /* mod is 0 for memory */
    const struct x87_form *form;
    unsigned offset;
};

/* Every form of the ISA; of memory forms the one with [esi], of register forms each st(i). */
std::vector<X87Instruction> X87AllInstructions();

/* A run of random instructions with the state to begin from. Left out is fnstsw, which on hardware
 * sees the exception bits that the ISA leaves out; the masks stay set. */
struct X87Sequence {
    X87State before;
    std::vector<X87Instruction> instructions;
    std::vector<uint8_t> bytes; /* with an fwait here and there */
    unsigned count;             /* of instructions in bytes, each fwait one */
    std::string text;
};
X87Sequence X87RandomSequence(struct random_stream *random, unsigned length);

#endif
