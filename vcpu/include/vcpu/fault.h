/*
 * What a guest can do wrong: the fault kinds of the Denali processor (docs/isa.md, "Faults").
 *
 * A fault leaves the processor as it was before the faulting instruction (for a `rep`, before the
 * faulting iteration); the instruction does not retire. A faulted machine stops for good; the fault
 * is counted and reported by node and address.
 */
#ifndef DENALI_VCPU_FAULT_H
#define DENALI_VCPU_FAULT_H

#include <stdint.h>

#include <base/public.h>

DENALI_API_BEGIN

/* NAME, trap number (reserved for guests that will handle their own), word, text */
#define VCPU_FAULT_LIST(X)                                                                         \
    X(NONE, 0, "none", "none")                                                                     \
    X(DIVIDE, 1, "divide", "divide error")                                                         \
    X(BREAKPOINT, 2, "breakpoint", "breakpoint instruction")                                       \
    X(OVERFLOW, 3, "overflow", "overflow trap")                                                    \
    X(BOUND, 4, "bound", "bound range exceeded")                                                   \
    X(ILLEGAL, 5, "illegal", "illegal instruction")                                                \
    X(MEMORY, 6, "memory", "address outside memory")                                               \
    X(REGISTER, 7, "register", "wrong access to a virtual register")                               \
    X(PORT, 8, "port", "no such port or wrong width")                                              \
    X(DEVICE, 9, "device", "device refused the operation")                                         \
    X(LIMIT, 10, "limit", "the scenario's memory limit is used up")

enum vcpu_fault_kind {
#define X(name, number, word, text) VCPU_FAULT_##name = number,
    VCPU_FAULT_LIST(X)
#undef X
        VCPU_FAULT_COUNT
};

struct vcpu_fault {
    enum vcpu_fault_kind kind;
    uint32_t eip;     /* of the faulting instruction */
    uint32_t address; /* MEMORY, LIMIT, REGISTER: guest address; PORT, DEVICE: the port; else 0 */
};

/* Constant word such as "divide". */
const char *vcpu_fault_name(enum vcpu_fault_kind kind);
/* Constant text such as "divide error". */
const char *vcpu_fault_text(enum vcpu_fault_kind kind);

DENALI_API_END

#endif
