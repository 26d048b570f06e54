/*
 * What the Unicorn engine has to know of an instruction before it lets Unicorn execute it. Made
 * once from the bytes, then looked up before every execution.
 */
#ifndef DENALI_VCPU_UNICORN_TRAITS_H
#define DENALI_VCPU_UNICORN_TRAITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vcpu/isa.h>
#include <vcpu/memory.h>

enum unicorn_action {
    UNICORN_UNKNOWN,  /* not looked at yet */
    UNICORN_PLAIN,    /* Unicorn executes it */
    UNICORN_SHIFT_CL, /* so it does, and the flags it leaves depend on CL */
    UNICORN_REPEAT,   /* so it does; Unicorn's iterations are counted as the ISA does */
    UNICORN_IDIV, /* so it does unless the dividend is the least, which by -1 ends the process */
    UNICORN_X87,  /* so it does unless its operands are what Unicorn gets wrong */
    UNICORN_DELEGATE, /* the interpreter executes it */
};

/* What an x87 instruction needs of its operands, else it is delegated; */
#define UNICORN_X87_ST0     0x01u /* ST(0) in use and an encoding that is supported */
#define UNICORN_X87_STI     0x02u /* likewise ST(sti) */
#define UNICORN_X87_ROOM    0x04u /* the register above the top empty */
#define UNICORN_X87_NARROW  0x08u /* ST(0) not a signalling NaN */
#define UNICORN_X87_NEAREST 0x10u /* rounding to nearest */
/* and what is put right before or after it. */
#define UNICORN_X87_STATUS  0x20u  /* it reads the status word */
#define UNICORN_X87_CONTROL 0x40u  /* it writes the control word */
#define UNICORN_X87_KEEP    0x80u  /* it leaves C0 to C3 as they were */
#define UNICORN_X87_WIDEN   0x100u /* it loads from a narrower format */

/* Where control goes after an instruction that ends Unicorn's block. */
enum unicorn_flow {
    UNICORN_FLOW_NEXT,        /* to the next one: it ends no block */
    UNICORN_FLOW_DIRECT,      /* to target */
    UNICORN_FLOW_CONDITIONAL, /* to target or to the next one */
    UNICORN_FLOW_INDIRECT,    /* to what a register or memory says */
    UNICORN_FLOW_NOWHERE,     /* it stops or faults */
};

struct unicorn_traits {
    uint8_t action; /* enum unicorn_action */
    uint8_t length_bytes;
    uint8_t flow;      /* enum unicorn_flow */
    bool translatable; /* Unicorn may see it without harm to the process */
    bool crosses;      /* has bytes in the next page */
    bool only_moves;   /* a mov: one access, and nothing changed if it does not succeed */
    bool looks_ahead;  /* what follows is to be looked at before it runs (ahead.c) */
    uint8_t sti;
    uint16_t flags_read;
    uint16_t flags_written; /* always (SHIFT_CL: if CL & 31 is not 0) */
    uint16_t flags_zeroed;  /* undefined on x86, 0 here (SHIFT_CL: depending on CL) */
    uint16_t x87;           /* UNICORN_X87_* */
    uint32_t target;
    /* ahead.c: the generation of code in which the straight run from here, and in which what
     * follows this instruction, was found safe to translate. */
    uint32_t run_generation;
    uint32_t ahead_generation;
};

/* From the bytes at address; size_bytes is what memory there is from there on. */
void unicorn_traits_make(struct unicorn_traits *traits, uint32_t address, const uint8_t *bytes,
                         size_t size_bytes);

#endif
