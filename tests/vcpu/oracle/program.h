/*
 * Random programs for the engines: loops, calls, conditional jumps, string instructions, x87,
 * virtual registers and ports, stores over their own code, operands across page ends; and what a
 * translator might get wrong (runs of accesses by one register, stack frames at the ends of memory,
 * flags that another block reads, returns to elsewhere).
 *
 * A program is a list of instructions with symbolic targets, so that one may be taken out and the
 * rest still means the same: that is how a program is shrunk (shrink.h).
 */
#ifndef DENALI_TESTS_VCPU_ORACLE_PROGRAM_H
#define DENALI_TESTS_VCPU_ORACLE_PROGRAM_H

#include <array>
#include <vector>

#include "vcpu/oracle/forms.h"
#include "vcpu/oracle/machine.h"

using Label = uint32_t;
constexpr Label NO_LABEL = ~0u;

/* An instruction, or four bytes of a table; without bytes: taken out. */
struct Line {
    std::vector<uint8_t> bytes;
    Label label = NO_LABEL; /* where its last four bytes point to */
    bool relative = false;  /* they are a distance, not an address */
};

struct Program {
    std::vector<Line> lines;
    std::vector<uint32_t> labels; /* the line of each */
    Label handler = NO_LABEL;     /* of interrupts */

    /* Offsets of all lines, and after them the size. */
    std::vector<uint32_t> offsets() const;
    std::vector<uint8_t> assemble(uint32_t address) const;
};

class ProgramMaker
{
  public:
    ProgramMaker();

    /* A program that begins with its first line, to be placed at `address`, and runs through its
     * instructions until the 32-bit number at DATA has been counted down. It ends in `terminate`.
     * Interrupts may come at any time. */
    Program make(struct random_stream *random, uint32_t address);

    /* One instruction of that form after some that leave flags behind, and before some that read
     * its own, here and in the next block. Its memory operand is somewhere interesting. */
    Program make_around(struct random_stream *random, const Form &form);

  private:
    using Bytes = std::vector<uint8_t>;

    /* What a program is made of. */
    enum Kind {
        PLAIN,
        STRING,
        SELF_MODIFYING,
        OUTSIDE,
        SKIPPED,
        LOOP,
        ACCESSES,
        FRAMES,
        FLAGS,
        CALLS,
        TABLE,
        X87,
        KIND_COUNT
    };

    /* program.cc: writing lines */
    uint32_t below(uint32_t bound);
    bool one_in(uint32_t bound);
    uint32_t small_register();
    void op(const Bytes &bytes);
    void op32(const Bytes &bytes, uint32_t value);
    void op_to(const Bytes &bytes, Label label, bool relative);
    void op_memory(const Bytes &opcode, uint32_t reg, uint32_t base, int32_t displacement,
                   const Bytes &immediate = {});
    Label label();
    void bind(Label label);
    Label label_here();

    /* program_maker.cc */
    bool is_usable(Bytes *bytes, const struct isa_instruction &instruction);
    Bytes instance(const std::vector<Form> &forms);
    void plain();
    void string();
    void self_modifying();
    void outside();
    void loop(unsigned depth);
    void skipped(unsigned depth);
    void item(unsigned depth);
    Kind kind();

    /* program_memory.cc */
    uint32_t place();
    void access(uint32_t base);
    void accesses();
    void touch(uint32_t target);
    void aimed(const Form &form);
    void stack_step(unsigned depth);
    void frames();

    /* program_flow.cc */
    void flag_source();
    void boundary();
    void flag_reader();
    void flags();
    void call(Label callee);
    void called(uint32_t which);
    void calls();
    void table();
    void functions();
    void begin(struct random_stream *random, uint32_t address);

    std::vector<Form> forms_;
    std::vector<Form> x87_forms_;
    struct random_stream *random_ = nullptr;
    uint32_t address_ = 0;
    uint32_t counter_ = 0; /* address of the next loop's counter */
    bool modifies_itself_ = false;
    Kind favourite_ = PLAIN;
    Program program_;
    std::array<Label, 10> functions_ = {};
};

/* Where programs keep what they need: in the first bytes of DATA, which only stray stores reach. */
constexpr uint32_t COUNTERS = DATA;
constexpr uint32_t VARIABLES = DATA + 0x140;
constexpr uint32_t OPERANDS = DATA + 0x200;
constexpr uint32_t OPERANDS_BYTES = DATA_BYTES - 0x400;
constexpr uint32_t OPERANDS_MIDDLE = OPERANDS + 0x800;                /* where EBP points */
constexpr uint32_t STACK_START = STACK + STACK_BYTES - 0x400;         /* where ESP starts */
constexpr uint32_t SAVED_ESP = VARIABLES, JUMP_INDEX = VARIABLES + 4; /* words */
constexpr uint32_t DEPTH = VARIABLES + 8, INTERRUPTS = VARIABLES + 12, POINTER = VARIABLES + 16;
constexpr uint32_t UNWIND_ESP = VARIABLES + 20, UNWIND_EIP = VARIABLES + 24;

#endif
