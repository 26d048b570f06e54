/*
 * From a guest block to host instructions. Each family of instructions has a function here or in
 * lower_*.c; what they share is struct lowering: where the guest's flags are at this point, and the
 * cold code to be put behind the block.
 *
 * A memory access is an address in R10, a check that leaves the table entry in R11, and the
 * instruction with [R11 + R10]. The check writes the host's flags, so whatever the guest's flags
 * were is kept in EAX before.
 *
 * Anything out of the ordinary (no entry, across a page end, virtual registers, division by zero)
 * leaves translated code *before* the instruction, with the exact state, and is the interpreter's.
 */
#ifndef DENALI_VCPU_TRANSLATOR_LOWER_H
#define DENALI_VCPU_TRANSLATOR_LOWER_H

#include <vcpu/memory.h>

#include "translator/block.h"
#include "translator/emit.h"
#include "translator/gate.h"

#define FLAGS_KEPT 1u /* in EAX */
#define FLAGS_HOST 2u /* in the host's flags, but for those in `undefined` */

/* Code behind the block. */
enum cold_kind { COLD_LEAVE, COLD_MISALIGNED, COLD_TAKEN };

struct cold {
    enum cold_kind kind;
    uint32_t label;
    uint32_t index;      /* LEAVE, TAKEN: of the instruction */
    uint32_t back;       /* MISALIGNED: where to go on */
    uint32_t leave;      /* MISALIGNED: where to go if it crosses a page end */
    uint32_t size_bytes; /* MISALIGNED: of the access */
    ZydisRegister table; /* MISALIGNED */
    uint32_t target;     /* TAKEN: guest address */
    uint32_t site;       /* TAKEN: displacement of the branch itself if that can be linked, or 0 */
};

#define COLD_MAX (3u * BLOCK_OPS_MAX)

struct lowering {
    struct emitter *emitter;
    const struct block *block;
    const struct block_op *op; /* the instruction being lowered */
    uint32_t index;
    unsigned flags;                      /* FLAGS_*: where they are, in one place at least */
    uint16_t undefined;                  /* to be 0, but whatever the host made them in its flags */
    uint32_t code_offset;                /* in the code cache, of the buffer's first byte */
    uint32_t begin[BLOCK_OPS_MAX];       /* where each instruction's code begins, for people */
    uint32_t end;                        /* and where the last one's ends */
    uint32_t cold_begin;                 /* and where the cold code begins */
    uint32_t leave_label[BLOCK_OPS_MAX]; /* + 1; 0: none yet */
    uint32_t cold_count;
    struct cold cold[COLD_MAX];
};

/* Can this instruction be lowered? If not it is the interpreter's. */
bool lower_supports(const struct isa_instruction *instruction);

/* Lowers a block into an emitter; code_offset is where it will be placed. False if it did not fit.
 */
bool lower_block(struct emitter *emitter, const struct block *block, uint32_t code_offset,
                 struct lowering *lowering);

/* --- shared by the families ------------------------------------------------------------------- */

#define R10              emit_register(ZYDIS_REGISTER_R10)
#define R10D             emit_register(ZYDIS_REGISTER_R10D)
#define R11              emit_register(ZYDIS_REGISTER_R11)
#define R11D             emit_register(ZYDIS_REGISTER_R11D)
#define R14              emit_register(ZYDIS_REGISTER_R14)
#define EAX              emit_register(ZYDIS_REGISTER_EAX)
#define AL               emit_register(ZYDIS_REGISTER_AL)
#define GUEST_ESP        emit_register(ZYDIS_REGISTER_R9D)
#define GUEST_EAX        emit_register(ZYDIS_REGISTER_R8D)
#define IMMEDIATE(value) emit_immediate((int32_t)(value))
/* A field of struct gate. */
#define GATE(field, size_bytes)                                                                    \
    emit_memory(ZYDIS_REGISTER_R15, ZYDIS_REGISTER_NONE, 0, GATE_##field, size_bytes)

/* The host register of a guest register of 8 (low half only), 16 or 32 bits. */
ZydisRegister lower_register(unsigned width_bits, unsigned number);
/* The memory operand of the checked access. */
static inline emit_operand lower_checked(unsigned width_bits)
{
    return emit_memory(ZYDIS_REGISTER_R11, ZYDIS_REGISTER_R10, 1, 0, (uint16_t)(width_bits / 8));
}

/* Before host flags are overwritten by something of ours. */
void lower_keep_flags(struct lowering *l);
/* Before an instruction that reads or preserves some of the guest's flags. */
void lower_need_flags(struct lowering *l, uint16_t which);
/* After an instruction that wrote the guest's flags to the host's. */
static inline void lower_wrote_flags(struct lowering *l, uint16_t undefined)
{
    l->flags = FLAGS_HOST;
    l->undefined = undefined;
}

/* An operand of the present instruction: a host register, the checked access, or the immediate. */
emit_operand lower_operand(struct lowering *l, const struct isa_operand *operand);
/* Cold code for the present instruction, to be branched to; the caller fills in the rest. */
struct cold *lower_cold(struct lowering *l, enum cold_kind kind);

/* R10D = the address of a memory operand. */
void lower_address(struct lowering *l, const struct isa_operand *operand);
/* Checks size_bytes at R10D; R11 = the entry of their page. Writes host flags. */
void lower_check(struct lowering *l, uint32_t size_bytes, bool write);
/* Where to go to leave before the present instruction. The flags must be kept when going there. */
uint32_t lower_leave(struct lowering *l);

/* Families. */
typedef void lower_function(struct lowering *l, ZydisMnemonic mnemonic);
lower_function lower_push, lower_pop, lower_leave_frame;
lower_function lower_jump, lower_jump_if, lower_call, lower_return;
lower_function lower_multiply, lower_divide;
lower_function lower_x87;
bool lower_supports_x87(const struct isa_instruction *instruction);
/* Does it need the guest's x87 state in the host's x87? */
bool lower_uses_x87(const struct isa_instruction *instruction);
/* On to a guest address outside the block, the flags kept. */
void lower_go(struct lowering *l, uint32_t target);

#endif
