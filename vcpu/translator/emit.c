/* Writing host instructions (emit.h). */
#include "translator/emit.h"

#include <string.h>

void emit_begin(struct emitter *emitter)
{
    emitter->size_bytes = 0;
    emitter->label_count = 0;
    emitter->fixup_count = 0;
    emitter->failed = false;
}

static void encode(struct emitter *emitter, const ZydisEncoderRequest *request)
{
    ZyanUSize length = EMIT_BYTES_MAX - emitter->size_bytes;
    if (emitter->failed || length < ZYDIS_MAX_INSTRUCTION_LENGTH ||
        !ZYAN_SUCCESS(ZydisEncoderEncodeInstruction(request, emitter->bytes + emitter->size_bytes,
                                                    &length))) {
        emitter->failed = true;
        return;
    }
    emitter->size_bytes += (uint32_t)length;
}

/* --- what was encoded before ------------------------------------------------------------------ */

/* All that Zydis is told of an operand. */
static uint64_t operand_key(const emit_operand *operand)
{
    switch (operand->type) {
    case ZYDIS_OPERAND_TYPE_REGISTER:
        return operand->reg.value;
    case ZYDIS_OPERAND_TYPE_MEMORY: /* registers and scale are below 2^10, 2^10 and 2^4 */
        return (uint64_t)(uint32_t)operand->mem.displacement << 32 |
               (uint64_t)operand->mem.base << 22 | (uint64_t)operand->mem.index << 12 |
               (uint64_t)operand->mem.scale << 8 | operand->mem.size;
    default:
        return operand->imm.u;
    }
}

/* `mov` to 32 bits of memory of a constant, whose last four bytes are the constant whatever it
 * is: ways out are full of them. */
static bool ends_in_constant(ZydisMnemonic mnemonic, const emit_operand *operands)
{
    return mnemonic == ZYDIS_MNEMONIC_MOV && operands[0].type == ZYDIS_OPERAND_TYPE_MEMORY &&
           operands[0].mem.size == 4 && operands[1].type == ZYDIS_OPERAND_TYPE_IMMEDIATE;
}

static struct emit_memo *memo_of(struct emitter *emitter, const uint64_t key[4])
{
    uint64_t hash = key[0];
    for (int i = 1; i < 4; i++) {
        hash = (hash ^ hash >> 29 ^ key[i]) * 0x9e3779b97f4a7c15u;
    }
    return &emitter->memos[hash >> 54];
}

static void emit(struct emitter *emitter, ZydisMnemonic mnemonic, bool branch, unsigned count,
                 const emit_operand *operands)
{
    bool constant = count == 2 && ends_in_constant(mnemonic, operands);
    uint64_t key[4] = {(uint64_t)mnemonic << 8 | (branch ? 0x80u : 0) | count};
    for (unsigned i = 0; i < count; i++) {
        key[0] = key[0] << 4 | (uint64_t)operands[i].type;
        key[i + 1] = constant && i == 1 ? 0 : operand_key(&operands[i]);
    }
    struct emit_memo *memo = memo_of(emitter, key);
    if (memcmp(memo->key, key, sizeof key) == 0) {
        emit_bytes(emitter, memo->bytes, memo->size_bytes);
    } else {
        uint32_t begin = emitter->size_bytes;
        ZydisEncoderRequest request = {
            .machine_mode = ZYDIS_MACHINE_MODE_LONG_64,
            .mnemonic = mnemonic,
            .branch_type = branch ? ZYDIS_BRANCH_TYPE_NEAR : ZYDIS_BRANCH_TYPE_NONE,
            .branch_width = branch ? ZYDIS_BRANCH_WIDTH_32 : ZYDIS_BRANCH_WIDTH_NONE,
            .operand_count = (ZyanU8)count,
        };
        memcpy(request.operands, operands, count * sizeof *operands);
        encode(emitter, &request);
        if (emitter->failed) {
            return;
        }
        memcpy(memo->key, key, sizeof key);
        memo->size_bytes = (uint8_t)(emitter->size_bytes - begin);
        memcpy(memo->bytes, emitter->bytes + begin, memo->size_bytes);
    }
    if (constant && !emitter->failed) {
        uint32_t value = (uint32_t)operands[1].imm.u;
        memcpy(emitter->bytes + emitter->size_bytes - sizeof value, &value, sizeof value);
    }
}

/* --- instructions ----------------------------------------------------------------------------- */

void emit_list(struct emitter *emitter, ZydisMnemonic mnemonic, unsigned count,
               const emit_operand *operands)
{
    emit(emitter, mnemonic, false, count, operands);
}

void emit_bytes(struct emitter *emitter, const uint8_t *bytes, uint32_t size_bytes)
{
    if (emitter->failed || size_bytes > EMIT_BYTES_MAX - emitter->size_bytes) {
        emitter->failed = true;
        return;
    }
    memcpy(emitter->bytes + emitter->size_bytes, bytes, size_bytes);
    emitter->size_bytes += size_bytes;
}

uint32_t emit_label(struct emitter *emitter)
{
    if (emitter->label_count == EMIT_LABELS_MAX) {
        emitter->failed = true;
        return 0;
    }
    emitter->labels[emitter->label_count] = (struct label){0};
    return emitter->label_count++;
}

void emit_place(struct emitter *emitter, uint32_t label)
{
    emitter->labels[label] = (struct label){emitter->size_bytes, true};
}

/* One instruction that does nothing and is 1 to 3 bytes long. */
static void fill(struct emitter *emitter, uint32_t size_bytes)
{
    static const uint8_t nops[3][3] = {{0x90}, {0x66, 0x90}, {0x0f, 0x1f, 0x00}};
    emit_bytes(emitter, nops[size_bytes - 1], size_bytes);
}

uint32_t emit_branch(struct emitter *emitter, ZydisMnemonic mnemonic, uint32_t label, bool aligned)
{
    uint32_t opcode_bytes = mnemonic == ZYDIS_MNEMONIC_JMP ? 1 : 2;
    uint32_t place = (emitter->size_bytes + opcode_bytes) % 8;
    if (aligned && place > 4) {
        fill(emitter, 8 - place);
    }
    emit(emitter, mnemonic, true, 1, (emit_operand[]){emit_immediate(0)});
    if (emitter->fixup_count == EMIT_FIXUPS_MAX) {
        emitter->failed = true;
    }
    if (emitter->failed) {
        return 0;
    }
    uint32_t offset = emitter->size_bytes - 4;
    emitter->fixups[emitter->fixup_count++] = (struct fixup){offset, label};
    return offset;
}

bool emit_end(struct emitter *emitter, uint32_t split, int32_t apart)
{
    for (uint32_t i = 0; i < emitter->fixup_count && !emitter->failed; i++) {
        const struct fixup *fixup = &emitter->fixups[i];
        const struct label *label = &emitter->labels[fixup->label];
        if (!label->placed) {
            emitter->failed = true;
            break;
        }
        int32_t displacement = (int32_t)label->offset - (int32_t)(fixup->displacement_offset + 4);
        displacement += label->offset >= split ? apart : 0;
        displacement -= fixup->displacement_offset >= split ? apart : 0;
        memcpy(emitter->bytes + fixup->displacement_offset, &displacement, sizeof displacement);
    }
    return !emitter->failed;
}
