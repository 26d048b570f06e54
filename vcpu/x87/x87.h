/*
 * The x87 instructions of the Denali processor (docs/isa.md, "x87"), on `struct vcpu_x87` alone:
 * no guest memory, no general registers, no engine. An engine finds a form once, when it decodes,
 * and applies it each time the instruction runs.
 *
 * Invariants of the state, kept by everything here:
 * - the six exception masks and bit 6 of the control word are set, bits 7 and 13..15 are clear;
 * - an empty register holds zeros, so equal states are equal bytes;
 * - `conditions` has C0 in bit 0, C1 in bit 1, C2 in bit 2, C3 in bit 3. C1 is written by fxam (the
 *   sign, which compilers test for signbit and copysign) and by fninit, and by nothing else.
 *
 * Every bit pattern a guest can bring is a valid operand; nothing here can fault. A stack fault is
 * what the masked one is on the hardware: an indefinite QNaN in the register concerned.
 *
 * Source: Intel SDM vol. 1, chapter 8, and vol. 2, the instructions' pages; measured on hardware
 * where these say "undefined".
 */
#ifndef DENALI_VCPU_X87_X87_H
#define DENALI_VCPU_X87_X87_H

#include <stdbool.h>
#include <stdint.h>

#include <vcpu/vcpu.h>

#define X87_CONTROL_INITIAL  0x037fu
#define X87_CONTROL_FIXED    0x007fu /* always 1 */
#define X87_CONTROL_WRITABLE 0x1f00u /* precision, rounding, and the idle infinity control */

/* An instruction's memory operand of up to 10 bytes, little-endian: the first 8, the last 2. */
struct x87_operand {
    uint64_t low;
    uint16_t high; /* m80 only */
};

/* What the engine has to do around a form. `index` is the low three bits of ModRM everywhere. */
enum x87_kind {
    X87_REGISTER,  /* run(x87, index) */
    X87_LOAD,      /* read size_bytes, then load(x87, operand) */
    X87_STORE,     /* operand = store(x87); write size_bytes; then, if pop, x87_pop(x87) */
    X87_FLAGS,     /* flags = flags(x87, index): CF PF ZF from it, OF SF AF become 0, DF stays */
    X87_MOVE,      /* move(x87, index, condition holds) */
    X87_STATUS_AX, /* AX = x87_status(x87) */
};

struct x87_form {
    const char *name; /* "fadd st0,sti"; for people */
    enum x87_kind kind;
    uint8_t size_bytes; /* LOAD, STORE: of the memory operand */
    bool pop; /* STORE: pops once the store has succeeded, so that a fault changes nothing */
    uint8_t condition; /* MOVE: the condition as Jcc encodes it, 0..15 */
    union {
        void (*run)(struct vcpu_x87 *x87, unsigned index);
        void (*load)(struct vcpu_x87 *x87, struct x87_operand operand);
        struct x87_operand (*store)(const struct vcpu_x87 *x87);
        uint32_t (*flags)(struct vcpu_x87 *x87, unsigned index); /* VCPU_FLAG_CF, _PF, _ZF */
        void (*move)(struct vcpu_x87 *x87, unsigned index, bool taken);
    };
};

/*
 * The form of opcode D8..DF with that ModRM byte; NULL if it is not in the ISA (transcendentals,
 * fprem and fprem1, fscale, fxtract, fbld, fbstp, environments, fisttp, undocumented aliases).
 * fwait (9B) is not among them: it does nothing at all. Constant for the process's life.
 */
const struct x87_form *x87_form_find(uint8_t opcode, uint8_t modrm);

/* As after fninit. */
void x87_reset(struct vcpu_x87 *x87);

/* Marks st(0) empty and moves the top. */
void x87_pop(struct vcpu_x87 *x87);

/* The status word: top and C0..C3; the exception bits, ES and B are 0. */
uint16_t x87_status(const struct vcpu_x87 *x87);

/* Makes any bytes a state that keeps the invariants: for a state that came from elsewhere (another
 * engine's registers). Values of registers in use are kept as they are. */
void x87_canonicalize(struct vcpu_x87 *x87);

#endif
