/*
 * The state of one Denali processor (docs/isa.md), the same for every engine.
 *
 * Everything here is architectural or a counter; nothing is an engine's cache. Between calls of an
 * engine it is exact: an instruction boundary, with real flags.
 */
#ifndef DENALI_VCPU_VCPU_H
#define DENALI_VCPU_VCPU_H

#include <stdbool.h>
#include <stdint.h>

#include <base/public.h>
#include <vcpu/fault.h>

struct vcpu_space; /* vcpu/memory.h */
struct writer;     /* base/codec.h */
struct reader;

DENALI_API_BEGIN

enum vcpu_register {
    VCPU_EAX,
    VCPU_ECX,
    VCPU_EDX,
    VCPU_EBX,
    VCPU_ESP,
    VCPU_EBP,
    VCPU_ESI,
    VCPU_EDI,
    VCPU_REGISTER_COUNT
};

/* The seven flags of the ISA; every other bit of EFLAGS reads 0. */
#define VCPU_FLAG_CF  0x001u
#define VCPU_FLAG_PF  0x004u
#define VCPU_FLAG_AF  0x010u
#define VCPU_FLAG_ZF  0x040u
#define VCPU_FLAG_SF  0x080u
#define VCPU_FLAG_DF  0x400u
#define VCPU_FLAG_OF  0x800u
#define VCPU_FLAG_ALL 0xcd5u

/* x87 as docs/isa.md has it: exception masks always set; exception bits and ES read 0; C1 is the
 * sign that the last fxam found (compilers test it for signbit), and nothing else writes it. */
struct vcpu_x87 {
    uint64_t mantissa[8]; /* physical registers, not rotated by top */
    uint16_t sign_exponent[8];
    uint16_t control;   /* precision and rounding control; the six masks read 1 */
    uint8_t top;        /* 0..7 */
    uint8_t conditions; /* C0 bit 0, C1 bit 1, C2 bit 2, C3 bit 3 */
    uint8_t valid;      /* bit per physical register: 1 = in use, 0 = empty */
};

struct vcpu {
    uint32_t gpr[VCPU_REGISTER_COUNT];
    uint32_t eip;
    uint32_t eflags; /* VCPU_FLAG_* only */

    uint64_t retired; /* instructions */
    uint64_t cycles;  /* retired, plus time spent idle or charged; rdtsc reads it */

    /* Interrupts: a mask of kinds (devices/abi.h names them). */
    uint32_t irq_pending;
    uint32_t irq_delivered; /* snapshot made by the last delivery */
    uint32_t irq_handler;
    bool irq_enabled;

    struct vcpu_x87 x87;
    struct vcpu_space *space; /* the current address space; not owned */
};

/* A page that the guest needs before it can go on. */
struct vcpu_need {
    uint32_t page;
    bool write;
};

DENALI_API_END

/* --- within the house: not exported ----------------------------------------------------------- */

/* Entry state: registers 0, flags 0, x87 as after finit, EIP = entry. Counters and space stay. */
void vcpu_reset(struct vcpu *vcpu, uint32_t entry);

/*
 * Delivers pending interrupts if they are enabled: pushes EIP, then EFLAGS, on the guest's stack;
 * snapshots the pending mask into irq_delivered and clears it; clears the enable flag; goes to the
 * handler. One step, retires nothing. Returns true if it delivered. If the stack cannot be written
 * nothing changes but *fault (MEMORY at the stack address); otherwise fault->kind is NONE.
 */
bool vcpu_interrupt_deliver(struct vcpu *vcpu, struct vcpu_fault *fault);

/* Would it need a page of the stack that is absent? Then it may not be called yet. */
bool vcpu_interrupt_lacks(const struct vcpu *vcpu, struct vcpu_need *need);

/* Would vcpu_interrupt_deliver do something now? */
static inline bool vcpu_interrupt_due(const struct vcpu *vcpu)
{
    return vcpu->irq_enabled && vcpu->irq_pending != 0;
}

/* The canonical encoding of everything above but memory. load fails the reader on bad values. */
void vcpu_save(const struct vcpu *vcpu, struct writer *writer);
void vcpu_load(struct vcpu *vcpu, struct reader *reader);

#endif
