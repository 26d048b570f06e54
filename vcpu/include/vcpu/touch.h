/*
 * What guest memory an instruction is about to touch, from its decoding and the registers alone:
 * for people's traces and for watchpoints. No engine asks here; each knows by doing.
 */
#ifndef DENALI_VCPU_TOUCH_H
#define DENALI_VCPU_TOUCH_H

#include <stdbool.h>
#include <stdint.h>

#include <vcpu/isa.h>

/* Bytes at an address. Not more than one page's worth, and not checked: they may be no memory, and
 * run past the last address to the first. */
struct isa_touch {
    uint32_t address;
    uint32_t size_bytes;
    bool read;
    bool write;
};

#define ISA_TOUCHES_MAX 2u

/* Fills touches, in the order in which they are made, for an instruction of the ISA that is to run
 * with these registers and flags; returns how many. A repeated string instruction: of its next
 * iteration. Instructions whose effect is the host's (ports, idle) touch nothing by themselves. */
uint32_t isa_touches(const struct isa_instruction *instruction,
                     const uint32_t gpr[VCPU_REGISTER_COUNT],
                     struct isa_touch touches[ISA_TOUCHES_MAX]);

#endif
