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

#define BLOCK_OPS_MAX    48u
#define BLOCK_GROUPS_MAX 4u
#define GROUP_NONE       0xffu

/* The six flags that arithmetic writes. */
#define FLAGS_ARITHMETIC (VCPU_FLAG_ALL & ~VCPU_FLAG_DF)

/* A block is lowered in two ways: with its groups checked as one, and plainly, every access checked
 * by itself, for when such a check fails. */
enum block_way { BLOCK_GROUPED, BLOCK_PLAIN, BLOCK_WAYS };

/* An access to guest memory: base + (index << shift) + displacement, as the registers are before
 * the instruction. */
struct block_access {
    uint32_t size_bytes; /* 0: there is none */
    bool write;
    uint8_t base; /* ISA_NO_REGISTER for none, of both */
    uint8_t index;
    uint8_t shift;
    uint8_t group; /* index in the block's groups, or GROUP_NONE */
    uint32_t displacement;
    uint32_t group_offset; /* of its address from the group's anchor */
};

enum { ACCESS_OPERAND, ACCESS_STACK, ACCESSES };

struct block_op {
    struct isa_instruction instruction;
    uint32_t eip;
    uint16_t reads;   /* flags it depends on */
    uint16_t writes;  /* flags it changes, those that x86 leaves undefined included */
    uint8_t replaces; /* bit per guest register that it gives another value; but ESP only where that
                         is more than a push or a pop */
    bool may_leave;   /* it may leave for another reason than its accesses */
    struct block_access access[ACCESSES];
    uint16_t visible[BLOCK_WAYS]; /* flags after it that somebody may see */
};

/* Accesses at fixed distances from each other, checked as one (group.c). */
struct block_group {
    uint32_t first; /* index of the instruction that makes the first of them, and checks all */
    uint32_t last;
    uint32_t access;     /* which of the first's accesses */
    uint32_t size_bytes; /* from the anchor, the lowest byte, to the last byte */
    uint32_t count;
    bool write;
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
    bool paged;        /* its page may be absent: it looks before it begins */
    uint32_t next_eip; /* address after the last instruction */
    uint32_t group_count;
    struct block_group groups[BLOCK_GROUPS_MAX];
    struct block_op ops[BLOCK_OPS_MAX];
};

/* Decodes the block that begins at eip; bytes are the guest's from there to the end of its page. */
void block_analyse(struct block *block, uint32_t eip, const uint8_t *bytes, size_t size_bytes);

/* Finds the block's groups; the accesses are known. */
void block_group_accesses(struct block *block);

/* Flags that a condition (the low four bits of jcc's opcode) reads. */
uint16_t block_condition_reads(unsigned condition);

#endif
