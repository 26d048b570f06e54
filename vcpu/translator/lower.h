/*
 * From a guest block to host instructions. Each family of instructions has a function here or in
 * lower_*.c; what they share is struct lowering: where the guest's flags are at this point, and the
 * cold code to be put behind the block.
 *
 * Anything out of the ordinary (no entry, across a page end, virtual registers, division by zero)
 * leaves translated code *before* the instruction, with the exact state, and is the interpreter's.
 */
#ifndef DENALI_VCPU_TRANSLATOR_LOWER_H
#define DENALI_VCPU_TRANSLATOR_LOWER_H

#include <vcpu/memory.h>

#include "translator/block.h"
#include "translator/edge.h"
#include "translator/emit.h"
#include "translator/gate.h"

/* Code behind the block. */
enum cold_kind { COLD_LEAVE, COLD_MISALIGNED, COLD_EDGE, COLD_PLAIN };

struct cold {
    enum cold_kind kind;
    uint32_t label;
    uint32_t index;             /* of the instruction */
    struct flags_source source; /* of flags where it is branched from; MISALIGNED: not used */
    uint32_t exit;              /* LEAVE: enum gate_exit */
    uint32_t back;              /* MISALIGNED: where to go on */
    uint32_t leave;             /* MISALIGNED: where to go if it crosses a page end */
    uint32_t size_bytes;        /* MISALIGNED: of the access */
    ZydisRegister address;      /* MISALIGNED: what holds it */
    ZydisRegister table;        /* MISALIGNED */
    uint32_t target;            /* EDGE: guest address */
    uint32_t site;              /* EDGE: displacement of the branch itself; 0: it comes from amid
                                   the block, and the budget is to be put right before it goes on */
};

#define COLD_MAX  (16u * BLOCK_OPS_MAX)
#define EDGES_MAX (6u * BLOCK_OPS_MAX)

struct lowering {
    struct emitter *emitter;
    const struct block *block;
    const struct block_op *op; /* the instruction being lowered */
    uint32_t index;
    enum block_way way;
    emit_operand memory;        /* the instruction's memory operand, once it is checked */
    struct flags_source source; /* of the guest's flags */
    bool host;                  /* the host's flags are the guest's, but for those in `undefined` */
    uint16_t undefined;         /* to be 0, but whatever the host made them in its flags */
    uint32_t edge_first;        /* number of the block's first edge in the code cache */
    uint32_t begin[BLOCK_OPS_MAX]; /* where each instruction's code begins, for people */
    uint32_t end;                  /* and where the last one's ends */
    uint32_t cold_begin;           /* and where the cold code begins */
    uint32_t leave[BLOCK_OPS_MAX]; /* + 1: the latest way out of an instruction among the cold */
    uint32_t cold_count;
    struct cold cold[COLD_MAX];
    uint32_t edge_count;
    struct lower_edge edges[EDGES_MAX];
};

/* Can this instruction be lowered? If not it is the interpreter's. */
bool lower_supports(const struct isa_instruction *instruction);

/* Bytes. Either part of a block's code keeps its place modulo this when it is placed. */
#define LOWER_ALIGNMENT 16u

/* Lowers a block that is entered with flags of this source into an emitter. False if it did not
 * fit. */
bool lower_block(struct emitter *emitter, const struct block *block,
                 const struct flags_source *source, uint32_t edge_first, struct lowering *lowering);

/* Finishes it for its place: the code at offset hot of the code cache, a multiple of
 * LOWER_ALIGNMENT, and the cold code, which is rarely run and only takes room among the other, at
 * offset cold, which is like lowering.cold_begin modulo it. */
bool lower_finish(struct lowering *lowering, uint32_t hot, uint32_t cold);

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
    emit_memory(ZYDIS_REGISTER_RSP, ZYDIS_REGISTER_NONE, 0, GATE_##field, size_bytes)

/* The host register of a guest register of 8 (low half only), 16 or 32 bits. */
ZydisRegister lower_register(unsigned width_bits, unsigned number);
/* The same of 64 bits, NONE for ISA_NO_REGISTER. */
ZydisRegister lower_register64(unsigned number);
/* AH, CH, DH or BH? */
static inline bool lower_is_high_byte(const struct isa_operand *operand)
{
    return operand->kind == ISA_OPERAND_REGISTER && operand->width_bits == 8 &&
           operand->number >= 4;
}

/* --- flags: lower_flags.c --- */

/* Flags that are only in the host's are kept, so that the source says where they are. */
void lower_keep_flags(struct lowering *l);
/* The same before the host's flags are overwritten by something of ours. */
void lower_spoil_flags(struct lowering *l);
/* The host's flags are the guest's, as far as these are concerned. May use R11, unless the source
 * is KEPT. */
void lower_need_flags(struct lowering *l, uint16_t which);
/* EAX = the flags in kept form; the source is KEPT. May use R11. */
void lower_flags_to_eax(struct lowering *l);
/* Flags after the present instruction are those of the host, from this source, except that those
 * undefined are 0. */
void lower_wrote_flags(struct lowering *l, struct flags_source source, uint16_t undefined);
/* Before the present instruction, which writes no flags, replaces registers. May use R11. */
void lower_registers_replaced(struct lowering *l);
/* Before a guest register becomes itself plus a constant, and no flags are written. May use R11. */
void lower_register_moves(struct lowering *l, uint8_t reg, uint32_t by);
/* After the present instruction: flags that nobody sees any more need not be known. */
void lower_forget_unseen_flags(struct lowering *l);
/* In cold code: puts flags of this source into struct gate. Uses R11. */
void lower_flags_to_gate(struct lowering *l, const struct flags_source *source);
/* Can anybody see these flags after the present instruction? */
static inline uint16_t lower_visible(const struct lowering *l, uint16_t flags)
{
    return l->op->visible[l->way] & flags;
}

/* --- memory: lower_memory.c --- */

/* Checks one of the present instruction's accesses and returns its memory operand, good until R10,
 * R11 or the address's registers change. Spoils the host's flags. */
emit_operand lower_access(struct lowering *l, unsigned which);
/* Checks the group that begins at the present instruction, if one does. */
void lower_group(struct lowering *l);
/* The present instruction's memory operand, if it has one, is checked and becomes l->memory. */
void lower_reach(struct lowering *l);
/* Checks all iterations of a string instruction at an address, of which ECX says how many and is
 * not 0 and at most a page's bytes; R11 = the entry of their page. */
void lower_check_string(struct lowering *l, ZydisRegister address, bool write);
/* The rest of a misaligned access's check. */
void lower_misaligned(struct lowering *l, const struct cold *cold);
/* The memory operand as the operand of lea. */
emit_operand lower_effective_address(const struct isa_operand *operand);

/* --- leaving: lower.c --- */

/* Cold code for the present instruction, to be branched to; the caller fills in the rest. */
struct cold *lower_cold(struct lowering *l, enum cold_kind kind);
/* Where to go to leave before the present instruction, with its flags as they are now. */
uint32_t lower_leave(struct lowering *l, enum gate_exit exit);
/* Leaves, when all is said but the reason. */
void lower_jump_out(struct lowering *l, enum gate_exit exit);
/* On to a guest address outside the block, by JMP or JCC; the latter amid the block, too. */
void lower_go(struct lowering *l, ZydisMnemonic mnemonic, uint32_t target);

/* Families. */
typedef void lower_function(struct lowering *l, ZydisMnemonic mnemonic);
lower_function lower_push, lower_pop, lower_leave_frame;
lower_function lower_jump, lower_jump_if, lower_call, lower_return;
lower_function lower_same, lower_arithmetic, lower_step, lower_rotate, lower_partly, lower_shift;
lower_function lower_multiply, lower_divide;
lower_function lower_set_if, lower_move_if, lower_load_address, lower_widen_eax;
lower_function lower_string, lower_upwards;
lower_function lower_x87;
bool lower_supports_x87(const struct isa_instruction *instruction);
/* Does it need the guest's x87 state in the host's x87? */
bool lower_uses_x87(const struct isa_instruction *instruction);
/* An operand of the present instruction: a host register, its access, or the immediate. */
emit_operand lower_operand(struct lowering *l, const struct isa_operand *operand);

#endif
