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

void emit_list(struct emitter *emitter, ZydisMnemonic mnemonic, unsigned count,
               const emit_operand *operands)
{
    ZydisEncoderRequest request = {
        .machine_mode = ZYDIS_MACHINE_MODE_LONG_64,
        .mnemonic = mnemonic,
        .operand_count = (ZyanU8)count,
    };
    for (unsigned i = 0; i < count; i++) {
        request.operands[i] = operands[i];
    }
    encode(emitter, &request);
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
    ZydisEncoderRequest request = {
        .machine_mode = ZYDIS_MACHINE_MODE_LONG_64,
        .mnemonic = mnemonic,
        .branch_type = ZYDIS_BRANCH_TYPE_NEAR,
        .branch_width = ZYDIS_BRANCH_WIDTH_32,
        .operand_count = 1,
        .operands = {emit_immediate(0)},
    };
    encode(emitter, &request);
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

bool emit_end(struct emitter *emitter)
{
    for (uint32_t i = 0; i < emitter->fixup_count && !emitter->failed; i++) {
        const struct fixup *fixup = &emitter->fixups[i];
        const struct label *label = &emitter->labels[fixup->label];
        if (!label->placed) {
            emitter->failed = true;
            break;
        }
        int32_t displacement = (int32_t)label->offset - (int32_t)(fixup->displacement_offset + 4);
        memcpy(emitter->bytes + fixup->displacement_offset, &displacement, sizeof displacement);
    }
    return !emitter->failed;
}
