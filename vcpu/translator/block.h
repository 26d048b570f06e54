/*
 * A run of guest instructions to be translated together, and what is known of them before a host
 * instruction is written.
 *
 * A block begins at one address, lies in one page, goes on past forward conditional jumps, and ends
 * after any other branch, before an instruction that is left to the interpreter, or when it is
 * full.
 */
#ifndef DENALI_VCPU_TRANSLATOR_BLOCK_H
#define DENALI_VCPU_TRANSLATOR_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vcpu/isa.h>

#define BLOCK_OPS_MAX 48u

/* The six flags that arithmetic writes. */
#define FLAGS_ARITHMETIC (VCPU_FLAG_ALL & ~VCPU_FLAG_DF)

struct block_op {
    struct isa_instruction instruction;
    uint32_t eip;
    uint16_t reads;  /* flags it depends on */
    uint16_t writes; /* flags it changes, those that x86 leaves undefined included */
    bool may_leave;  /* it may stop before it is done, and the guest's flags must then be known */
    bool observed;   /* somebody may see the flags after it */
};

enum block_end {
    BLOCK_BRANCHES,    /* the last instruction is a branch */
    BLOCK_GOES_ON,     /* full: the next instruction begins another block */
    BLOCK_INTERPRETED, /* the next instruction is the interpreter's */
};

struct block {
    uint32_t eip;
    uint32_t count;
    enum block_end end;
    bool uses_x87;
    uint32_t next_eip; /* address after the last instruction */
    struct block_op ops[BLOCK_OPS_MAX];
};

/* Decodes the block that begins at eip; bytes are the guest's from there to the end of its page. */
void block_analyse(struct block *block, uint32_t eip, const uint8_t *bytes, size_t size_bytes);

/* Flags that a condition (the low four bits of jcc's opcode) reads. */
uint16_t block_condition_reads(unsigned condition);

#endif
