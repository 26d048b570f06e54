/*
 * Writing host instructions: a buffer, a few constructors for operands, and branches within a
 * block. Encoding is Zydis'; nothing here knows what the instructions mean.
 */
#ifndef DENALI_VCPU_TRANSLATOR_EMIT_H
#define DENALI_VCPU_TRANSLATOR_EMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <Zydis/Zydis.h>

/* A place in the block that branches go to before it is known. */
struct label {
    uint32_t offset; /* in the buffer, once placed */
    bool placed;
};

struct fixup {
    uint32_t displacement_offset; /* of a 32-bit displacement, the last bytes of its branch */
    uint32_t label;
};

#define EMIT_BYTES_MAX  65536u
#define EMIT_LABELS_MAX 4096u
#define EMIT_FIXUPS_MAX 4096u

/* An instruction that was encoded before. Encoding takes longer than all the rest, and translated
 * code is made of few different instructions. */
struct emit_memo {
    uint64_t key[4]; /* mnemonic and kinds of operands; the operands; all 0: none yet */
    uint8_t size_bytes;
    uint8_t bytes[ZYDIS_MAX_INSTRUCTION_LENGTH];
};

#define EMIT_MEMOS 1024u /* a power of two */

/* All zeros before its first use. */
struct emitter {
    uint32_t size_bytes;
    uint32_t label_count;
    uint32_t fixup_count;
    bool failed; /* out of room, or a form that cannot be encoded: the block is not translated */
    uint8_t bytes[EMIT_BYTES_MAX];
    struct label labels[EMIT_LABELS_MAX];
    struct fixup fixups[EMIT_FIXUPS_MAX];
    struct emit_memo memos[EMIT_MEMOS];
};

typedef ZydisEncoderOperand emit_operand;

static inline emit_operand emit_register(ZydisRegister reg)
{
    return (emit_operand){.type = ZYDIS_OPERAND_TYPE_REGISTER, .reg.value = reg};
}

static inline emit_operand emit_immediate(int64_t value)
{
    return (emit_operand){.type = ZYDIS_OPERAND_TYPE_IMMEDIATE, .imm.s = value};
}

/* [base + index * scale + displacement], size_bytes of it; NONE for no index. */
static inline emit_operand emit_memory(ZydisRegister base, ZydisRegister index, uint8_t scale,
                                       int32_t displacement, uint16_t size_bytes)
{
    return (emit_operand){
        .type = ZYDIS_OPERAND_TYPE_MEMORY,
        .mem = {.base = base,
                .index = index,
                .scale = index == ZYDIS_REGISTER_NONE ? 0 : scale,
                .displacement = displacement,
                .size = size_bytes},
    };
}

/* The same as the operand of lea, which Zydis wants as wide as an address. */
static inline emit_operand emit_address(ZydisRegister base, ZydisRegister index, uint8_t scale,
                                        int32_t displacement)
{
    return emit_memory(base, index, scale, displacement, 8);
}

void emit_begin(struct emitter *emitter);
/* One instruction of count operands, destination first. */
void emit_list(struct emitter *emitter, ZydisMnemonic mnemonic, unsigned count,
               const emit_operand *operands);

/* Bytes as they are. */
void emit_bytes(struct emitter *emitter, const uint8_t *bytes, uint32_t size_bytes);

#define EMIT(emitter, mnemonic, ...)                                                               \
    emit_list((emitter), ZYDIS_MNEMONIC_##mnemonic,                                                \
              sizeof((emit_operand[]){__VA_ARGS__}) / sizeof(emit_operand),                        \
              (emit_operand[]){__VA_ARGS__})

uint32_t emit_label(struct emitter *emitter);
void emit_place(struct emitter *emitter, uint32_t label);
/* A branch (JMP or a JCC mnemonic) with a 32-bit displacement, to a label. Returns the offset of
 * the displacement, which lies within eight aligned bytes if aligned is true, so that it can be
 * replaced in one store. */
uint32_t emit_branch(struct emitter *emitter, ZydisMnemonic mnemonic, uint32_t label, bool aligned);
/* Resolves all branches, if the bytes from `split` on are placed `apart` bytes further from the
 * others than they are here; false if anything failed. */
bool emit_end(struct emitter *emitter, uint32_t split, int32_t apart);

#endif
