/*
 * Random programs for the engines: loops, calls, conditional jumps, string instructions, x87,
 * virtual registers and ports, stores over their own code, operands across page ends.
 */
#ifndef DENALI_TESTS_VCPU_ORACLE_PROGRAM_H
#define DENALI_TESTS_VCPU_ORACLE_PROGRAM_H

#include <vector>

#include "vcpu/oracle/forms.h"
#include "vcpu/oracle/machine.h"

class ProgramMaker
{
  public:
    ProgramMaker();

    /* The code, to be placed at `address`. It ends in `terminate`. */
    std::vector<uint8_t> make(struct random_stream *random, uint32_t address);

  private:
    using Bytes = std::vector<uint8_t>;

    uint32_t below(uint32_t bound);
    bool is_usable(Bytes *bytes, const struct isa_instruction &instruction);
    Bytes plain();
    Bytes string();
    Bytes self_modifying();
    Bytes outside();
    Bytes item(unsigned depth);
    Bytes loop(unsigned depth);
    Bytes skipped(unsigned depth);

    std::vector<Form> forms_;
    struct random_stream *random_ = nullptr;
    uint32_t counter_ = 0; /* address of the next loop's counter */
    uint32_t first_ = 0;   /* where the program lies */
};

#endif
