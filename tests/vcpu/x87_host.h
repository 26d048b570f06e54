/*
 * The host processor as the oracle of the x87 tests, on x86-64: raw instruction bytes run natively
 * on a whole x87 state, loaded by frstor and taken back by fnsave. x87 instructions are encoded
 * alike in 32- and 64-bit code as long as memory operands are [esi + disp8] (in 64-bit code
 * [rsi + disp8]).
 */
#ifndef DENALI_TESTS_VCPU_X87_HOST_H
#define DENALI_TESTS_VCPU_X87_HOST_H

#include "vcpu/x87_cases.h"

/* Is the host such a processor? If not, the class below is not to be used. */
bool X87HostIsThere();

class X87Host
{
  public:
    X87Host();
    ~X87Host();
    X87Host(const X87Host &) = delete;
    X87Host &operator=(const X87Host &) = delete;

    /* The instructions to run; the base register of their memory operands is esi. */
    void Prepare(const std::vector<uint8_t> &bytes);

    /* Runs them on *state. What our ISA leaves out (exception bits, ES, B) is masked off;
     * conditions has C1 as the hardware has it. Registers that end up empty hold zeros. */
    void Run(X87State *state);

  private:
    uint8_t *code_;
};

#endif
