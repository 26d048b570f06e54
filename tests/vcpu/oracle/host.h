/*
 * The host processor as an oracle: runs 32-bit code in compatibility mode inside this 64-bit
 * process, through a far jump to the 32-bit code segment that Linux keeps (selector 0x23). Guest
 * memory from HOST_FIRST up is mapped at the very addresses the guest has it at.
 */
#ifndef DENALI_TESTS_VCPU_ORACLE_HOST_H
#define DENALI_TESTS_VCPU_ORACLE_HOST_H

#include <string>

#include "vcpu/oracle/machine.h"

class Host
{
  public:
    /* What running an instruction came to. */
    enum Outcome { FALLS_THROUGH, LANDS, DIVIDE_ERROR, OTHER_SIGNAL };

    Host();
    ~Host();
    Host(const Host &) = delete;
    Host &operator=(const Host &) = delete;

    /* Empty if this host can; else why it cannot. */
    const std::string &why_not() const
    {
        return why_not_;
    }

    /*
     * Runs the instruction of length_bytes at CODE from the state in *state (registers, flags,
     * x87); memory is what memory() points at. On FALLS_THROUGH and LANDS *state is the state
     * after it, x87 exception bits and C1 masked off; EIP is not touched.
     */
    Outcome run(unsigned length_bytes, struct vcpu *state);

    /* This process's memory at a guest address from HOST_FIRST up. */
    uint8_t *memory(uint32_t address)
    {
        return reinterpret_cast<uint8_t *>(static_cast<uintptr_t>(address));
    }

  private:
    bool map();
    void load(const struct vcpu &state);
    void store(struct vcpu *state);

    std::string why_not_;
    bool mapped_ = false;
};

#endif
