/*
 * The gate between C and translated code, and the block of memory that both see through it. Read by
 * the assembler too (gate.S), so the first part is plain numbers.
 *
 * In translated code every host register has one meaning:
 *
 *   ECX EDX EBX EBP ESI EDI   the guest registers of the same names, zero-extended
 *   R8D R9D                   guest EAX and ESP
 *   EAX                       an operand of the flags' source, or the flags themselves (flags.h)
 *   R10 R11                   scratch: a guest address, and a table entry
 *   R12 R13                   the node's read and write tables
 *   R14                       instructions left of the budget
 *   R15                       the host address of the anchor, where a group has one (group.h)
 *   RSP                       struct gate
 *
 * Guest EAX is not in EAX so that flags can be kept by lahf in one instruction without moving it.
 * Translated code has no stack; a signal that comes while it runs has GATE_SIGNAL_BYTES below the
 * gate.
 */
#ifndef DENALI_VCPU_TRANSLATOR_GATE_H
#define DENALI_VCPU_TRANSLATOR_GATE_H

/* Offsets in struct gate. */
#define GATE_GPR         0
#define GATE_EIP         32
#define GATE_EDGE        36
#define GATE_LEAVE       40
#define GATE_FLAGS_FORM  88
#define GATE_FLAGS_A     92
#define GATE_FLAGS_B     96
#define GATE_DIRECTION   100
#define GATE_PAGES       104
#define GATE_LIMIT8      108
#define GATE_LIMIT16     112
#define GATE_LIMIT32     116
#define GATE_LIMIT64     120
#define GATE_SPILL       124
#define GATE_HELD        128
#define GATE_EXIT        132
#define GATE_X87_HERE    136
#define GATE_X87_CONTROL 140
#define GATE_X87_C1      144
#define GATE_TARGETS     152
#define GATE_CODE        160
#define GATE_READ        168
#define GATE_WRITE       176
#define GATE_LEFT        184
#define GATE_STACK       192
#define GATE_SIZE        200

/* Why translated code was left, enum gate_exit. */
#define GATE_EXIT_COUNT 6

#ifndef __ASSEMBLER__

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include <vcpu/vcpu.h>

/* Why translated code was left; the guest is before the instruction at eip. */
enum gate_exit {
    GATE_EXIT_INTERPRET, /* the interpreter does this instruction: rare, slow or faulting */
    GATE_EXIT_BUDGET,    /* the block at eip is longer than what is left of the budget */
    GATE_EXIT_LINK,      /* the direct branch `edge`, which may be joined to its target now */
    GATE_EXIT_X87,       /* the block at eip uses x87 state that is not in the host's x87 */
    GATE_EXIT_FIND,      /* an indirect branch whose target is not in the table of targets */
    GATE_EXIT_FLAGS, /* the instruction at eip wants flags that are known by their source only */
};

/* A slot of the table of targets: guest address in the low half, offset of its code in the high.
 * An empty slot holds an address that does not belong in it. */
#define GATE_TARGET_COUNT 16384u /* a power of two */

#define GATE_SIGNAL_BYTES 65536u

struct gate {
    uint32_t gpr[VCPU_REGISTER_COUNT];
    uint32_t eip;
    uint32_t edge;                      /* LINK: which of the cache's edges */
    const void *leave[GATE_EXIT_COUNT]; /* where to jump to leave, by reason */
    uint32_t flags_form;                /* the guest's flags (flags.h) */
    uint32_t flags_a;
    uint32_t flags_b;
    uint32_t direction; /* DF, which translated code leaves alone */
    uint32_t pages;     /* length of the tables */
    uint32_t limit8;  /* pages in bytes and in units of 2, 4 and 8 bytes, against which a rotated */
    uint32_t limit16; /* address is compared: misaligned ones have their low bits on top and */
    uint32_t limit32; /* exceed it */
    uint32_t limit64;
    uint32_t spill;
    uint32_t held;           /* EAX */
    uint32_t exit;           /* enum gate_exit */
    uint32_t x87_here;       /* 1: the host's x87 holds the guest's state (x87.h) */
    uint32_t x87_control;    /* the guest's control word, and C1 in its place of the status word: */
    uint32_t x87_c1;         /* those of the host's x87 differ from the ISA */
    const uint64_t *targets; /* GATE_TARGET_COUNT slots */
    const uint8_t *code;     /* the executable view of the code cache */
    const uintptr_t *read;
    const uintptr_t *write;
    int64_t left;
    void *stack; /* the host's RSP */
};

#define GATE_FIELD_IS(field, offset) (offsetof(struct gate, field) == (offset))
static_assert(GATE_FIELD_IS(gpr, GATE_GPR) && GATE_FIELD_IS(eip, GATE_EIP) &&
                  GATE_FIELD_IS(flags_form, GATE_FLAGS_FORM) &&
                  GATE_FIELD_IS(flags_a, GATE_FLAGS_A) && GATE_FIELD_IS(flags_b, GATE_FLAGS_B) &&
                  GATE_FIELD_IS(direction, GATE_DIRECTION) && GATE_FIELD_IS(held, GATE_HELD) &&
                  GATE_FIELD_IS(exit, GATE_EXIT) && GATE_FIELD_IS(edge, GATE_EDGE) &&
                  GATE_FIELD_IS(spill, GATE_SPILL) && GATE_FIELD_IS(pages, GATE_PAGES) &&
                  GATE_FIELD_IS(limit8, GATE_LIMIT8) && GATE_FIELD_IS(limit16, GATE_LIMIT16) &&
                  GATE_FIELD_IS(limit32, GATE_LIMIT32) && GATE_FIELD_IS(limit64, GATE_LIMIT64) &&
                  GATE_FIELD_IS(x87_here, GATE_X87_HERE) &&
                  GATE_FIELD_IS(x87_control, GATE_X87_CONTROL) &&
                  GATE_FIELD_IS(x87_c1, GATE_X87_C1) && GATE_FIELD_IS(read, GATE_READ) &&
                  GATE_FIELD_IS(write, GATE_WRITE) && GATE_FIELD_IS(left, GATE_LEFT) &&
                  GATE_FIELD_IS(leave, GATE_LEAVE) && GATE_FIELD_IS(targets, GATE_TARGETS) &&
                  GATE_FIELD_IS(code, GATE_CODE) && GATE_FIELD_IS(stack, GATE_STACK) &&
                  sizeof(struct gate) == GATE_SIZE,
              "gate.S and translated code use these offsets");

/* Runs translated code until it leaves; there are GATE_SIGNAL_BYTES of nothing before the gate. */
void gate_enter(struct gate *gate, const void *code);
/* Where translated code jumps to leave, by reason; never called from C. */
extern const void *const gate_leaves[GATE_EXIT_COUNT];

/* Flags as EFLAGS has them, in kept form. */
static inline uint32_t gate_flags_keep(uint32_t eflags)
{
    return (eflags & 0xd5u) << 8 | (eflags & VCPU_FLAG_OF ? 1u : 0u);
}

#endif
#endif
