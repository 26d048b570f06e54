/*
 * The gate between C and translated code, and the block of memory that both see through it. Read by
 * the assembler too (gate.S), so the first part is plain numbers.
 *
 * In translated code every host register has one meaning:
 *
 *   ECX EDX EBX EBP ESI EDI   the guest registers of the same names, zero-extended
 *   R8D R9D                   guest EAX and ESP
 *   EAX                       the guest's flags when kept: as lahf and `seto al` leave them
 *   R10 R11                   scratch: a guest address, and a table entry or host address
 *   R12 R13                   the node's read and write tables
 *   R14                       instructions left of the budget
 *   R15                       struct gate
 *   RSP                       the host's stack, which guest code never touches
 *
 * Guest EAX is not in EAX so that flags can be kept by lahf in one instruction without moving it.
 */
#ifndef DENALI_VCPU_TRANSLATOR_GATE_H
#define DENALI_VCPU_TRANSLATOR_GATE_H

/* Offsets in struct gate. */
#define GATE_GPR         0
#define GATE_EIP         32
#define GATE_FLAGS       36
#define GATE_READ        40
#define GATE_WRITE       48
#define GATE_LEFT        56
#define GATE_PAGES       64
#define GATE_LIMIT16     68
#define GATE_LIMIT32     72
#define GATE_SPILL       76
#define GATE_EXIT        80
#define GATE_SITE        84
#define GATE_LEAVE       88
#define GATE_TARGETS     96
#define GATE_CODE        104
#define GATE_X87_HERE    112
#define GATE_X87_CONTROL 116
#define GATE_X87_C1      120
#define GATE_SIZE        128

#ifndef __ASSEMBLER__

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include <vcpu/vcpu.h>

/* Why translated code was left; the guest is before the instruction at eip. */
enum gate_exit {
    GATE_EXIT_INTERPRET, /* the interpreter does this instruction: rare, slow or faulting */
    GATE_EXIT_BUDGET,    /* the block at eip is longer than what is left of the budget */
    GATE_EXIT_LINK,      /* a direct branch whose target may be linked at `site` now */
    GATE_EXIT_X87,       /* the block at eip uses x87 state that is not in the host's x87 */
    GATE_EXIT_FIND,      /* an indirect branch whose target is not in the table of targets */
};

/* A slot of the table of targets: guest address in the low half, offset of its code in the high.
 * An empty slot holds an address that does not belong in it. */
#define GATE_TARGET_COUNT 16384u /* a power of two */

struct gate {
    uint32_t gpr[VCPU_REGISTER_COUNT];
    uint32_t eip;
    uint32_t flags; /* kept flags: SF ZF AF PF CF in bits 15 14 12 10 8, OF in bit 0 */
    const uintptr_t *read;
    const uintptr_t *write;
    int64_t left;
    uint32_t pages;   /* length of the tables */
    uint32_t limit16; /* pages in units of 2 and of 4 bytes, against which a rotated address is */
    uint32_t limit32; /* compared: misaligned ones have their low bits on top and exceed it */
    uint32_t spill;
    uint32_t exit;     /* enum gate_exit */
    uint32_t site;     /* LINK: offset in the code cache of the branch's 32-bit displacement */
    const void *leave; /* gate_leave */
    const uint64_t *targets; /* GATE_TARGET_COUNT slots */
    const uint8_t *code;     /* the executable view of the code cache */
    uint32_t x87_here;       /* 1: the host's x87 holds the guest's state (x87.h) */
    uint32_t x87_control;    /* the guest's control word, and C1 in its place of the status word: */
    uint32_t x87_c1;         /* those of the host's x87 differ from the ISA */
};

static_assert(
    offsetof(struct gate, gpr) == GATE_GPR && offsetof(struct gate, eip) == GATE_EIP &&
        offsetof(struct gate, flags) == GATE_FLAGS && offsetof(struct gate, read) == GATE_READ &&
        offsetof(struct gate, write) == GATE_WRITE && offsetof(struct gate, left) == GATE_LEFT &&
        offsetof(struct gate, pages) == GATE_PAGES &&
        offsetof(struct gate, limit16) == GATE_LIMIT16 &&
        offsetof(struct gate, limit32) == GATE_LIMIT32 &&
        offsetof(struct gate, spill) == GATE_SPILL && offsetof(struct gate, exit) == GATE_EXIT &&
        offsetof(struct gate, site) == GATE_SITE && offsetof(struct gate, leave) == GATE_LEAVE &&
        offsetof(struct gate, targets) == GATE_TARGETS &&
        offsetof(struct gate, code) == GATE_CODE &&
        offsetof(struct gate, x87_here) == GATE_X87_HERE &&
        offsetof(struct gate, x87_control) == GATE_X87_CONTROL &&
        offsetof(struct gate, x87_c1) == GATE_X87_C1 && sizeof(struct gate) == GATE_SIZE,
    "gate.S and translated code use these offsets");

/* Runs translated code until it leaves. */
void gate_enter(struct gate *gate, const void *code);
/* Where translated code jumps to leave; never called from C. */
void gate_leave(void);

/* Flags as struct vcpu has them, to and from the way they are kept. */
static inline uint32_t gate_flags_keep(uint32_t eflags)
{
    return (eflags & 0xd5u) << 8 | (eflags & VCPU_FLAG_OF ? 1u : 0u);
}

static inline uint32_t gate_flags_kept(uint32_t kept)
{
    return (kept >> 8 & 0xd5u) | (kept & 1u ? VCPU_FLAG_OF : 0u);
}

#endif
#endif
