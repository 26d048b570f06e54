/*
 * isa_decode: bytes to an instruction of the ISA. The decoder library finds the mnemonic, the
 * length and the operands; isa_rows says whether that is in the ISA; what is left here are the
 * rules on prefixes (docs/isa.md, "Prefixes") and the translation to our own operands.
 */
#include <vcpu/isa.h>

#include <string.h>

#include "isa/table.h"
#include "x87/x87.h"

#define PREFIX_OPERAND_SIZE 0x66
#define PREFIX_ADDRESS_SIZE 0x67
#define PREFIX_LOCK         0xf0
#define PREFIX_REPNE        0xf2
#define PREFIX_REP          0xf3
#define PREFIX_FS           0x64
#define PREFIX_GS           0x65

#define OPCODE_VIRTUAL    0x3f /* after 0f: idle and terminate */
#define VIRTUAL_IDLE      0x01
#define VIRTUAL_TERMINATE 0x02

const char *isa_operation_name(enum isa_operation operation)
{
    static const char *const names[] = {"none",
#define X(name) #name,
                                        ISA_OPERATION_LIST(X)
#undef X
    };
    return (unsigned)operation < ISA_OPERATION_COUNT ? names[operation] : names[0];
}

static void set_kind(struct isa_instruction *instruction, enum isa_class kind)
{
    memset(instruction, 0, sizeof *instruction);
    instruction->kind = (uint8_t)kind;
    instruction->memory_operand = ISA_NO_OPERAND;
}

/* idle and terminate: exactly three bytes, no prefix. True if the bytes begin so. */
static bool decode_virtual(const uint8_t *bytes, size_t size_bytes,
                           struct isa_instruction *instruction)
{
    if (size_bytes < 2 || bytes[0] != 0x0f || bytes[1] != OPCODE_VIRTUAL) {
        return false;
    }
    if (size_bytes < 3) {
        set_kind(instruction, ISA_CLASS_TRUNCATED);
        return true;
    }
    bool idle = bytes[2] == VIRTUAL_IDLE;
    if (!idle && bytes[2] != VIRTUAL_TERMINATE) {
        set_kind(instruction, ISA_CLASS_ILLEGAL);
        return true;
    }
    set_kind(instruction, idle ? ISA_CLASS_IDLE : ISA_CLASS_TERMINATE);
    instruction->operation = idle ? ISA_IDLE : ISA_TERMINATE;
    instruction->length_bytes = 3;
    instruction->width_bits = 32;
    instruction->ends_block = true;
    return true;
}

struct prefixes {
    bool operand_size;
    bool address_size;
    bool lock;
    bool repne;
    bool rep;
    bool segment; /* fs or gs */
};

static struct prefixes prefixes_of(const ZydisDecodedInstruction *zydis)
{
    struct prefixes prefixes = {0};
    for (unsigned i = 0; i < zydis->raw.prefix_count; i++) {
        switch (zydis->raw.prefixes[i].value) {
        case PREFIX_OPERAND_SIZE:
            prefixes.operand_size = true;
            break;
        case PREFIX_ADDRESS_SIZE:
            prefixes.address_size = true;
            break;
        case PREFIX_LOCK:
            prefixes.lock = true;
            break;
        case PREFIX_REPNE:
            prefixes.repne = true;
            break;
        case PREFIX_REP:
            prefixes.rep = true;
            break;
        case PREFIX_FS:
        case PREFIX_GS:
            prefixes.segment = true;
            break;
        default: /* es cs ss ds: flat, and on a branch a hint */
            break;
        }
    }
    return prefixes;
}

/* Does this row take these prefixes? Sets repeat. */
static bool prefixes_allowed(const struct isa_row *row, struct prefixes prefixes,
                             struct isa_instruction *instruction)
{
    if (prefixes.address_size || prefixes.segment || (prefixes.rep && prefixes.repne) ||
        (prefixes.operand_size && !(row->rules & ROW_16))) {
        return false;
    }
    if (row->rules & ROW_REPNE) {
        instruction->repeat = prefixes.rep     ? ISA_REPEAT_WHILE
                              : prefixes.repne ? ISA_REPEAT_UNTIL
                                               : ISA_REPEAT_NONE;
        return true;
    }
    if (row->rules & ROW_REP) {
        instruction->repeat = prefixes.rep ? ISA_REPEAT_REP : ISA_REPEAT_NONE;
        return !prefixes.repne;
    }
    return !prefixes.repne && (!prefixes.rep || row->rules & ROW_F3);
}

static bool fill_register(ZydisRegister reg, struct isa_operand *operand)
{
    switch (reg) {
    case ZYDIS_REGISTER_AL:
    case ZYDIS_REGISTER_CL:
    case ZYDIS_REGISTER_DL:
    case ZYDIS_REGISTER_BL:
    case ZYDIS_REGISTER_AH:
    case ZYDIS_REGISTER_CH:
    case ZYDIS_REGISTER_DH:
    case ZYDIS_REGISTER_BH:
        operand->kind = ISA_OPERAND_REGISTER;
        operand->width_bits = 8;
        operand->number = (uint16_t)(reg - ZYDIS_REGISTER_AL);
        return true;
    case ZYDIS_REGISTER_ES:
        operand->number = ISA_SEGMENT_ES;
        break;
    case ZYDIS_REGISTER_CS:
        operand->number = ISA_SEGMENT_CS;
        break;
    case ZYDIS_REGISTER_SS:
        operand->number = ISA_SEGMENT_SS;
        break;
    case ZYDIS_REGISTER_DS:
        operand->number = ISA_SEGMENT_DS;
        break;
    case ZYDIS_REGISTER_FS:
        operand->number = ISA_SEGMENT_FS;
        break;
    case ZYDIS_REGISTER_GS:
        operand->number = ISA_SEGMENT_GS;
        break;
    default:
        if (reg >= ZYDIS_REGISTER_AX && reg <= ZYDIS_REGISTER_DI) {
            operand->kind = ISA_OPERAND_REGISTER;
            operand->width_bits = 16;
            operand->number = (uint16_t)(reg - ZYDIS_REGISTER_AX);
            return true;
        }
        if (reg >= ZYDIS_REGISTER_EAX && reg <= ZYDIS_REGISTER_EDI) {
            operand->kind = ISA_OPERAND_REGISTER;
            operand->width_bits = 32;
            operand->number = (uint16_t)(reg - ZYDIS_REGISTER_EAX);
            return true;
        }
        if (reg >= ZYDIS_REGISTER_ST0 && reg <= ZYDIS_REGISTER_ST7) {
            operand->kind = ISA_OPERAND_STACK;
            operand->width_bits = 80;
            operand->number = (uint16_t)(reg - ZYDIS_REGISTER_ST0);
            return true;
        }
        return false; /* control, debug, mmx, ... */
    }
    operand->kind = ISA_OPERAND_SEGMENT;
    operand->width_bits = 16;
    return true;
}

static bool address_register(ZydisRegister reg, uint8_t *number)
{
    if (reg == ZYDIS_REGISTER_NONE) {
        *number = ISA_NO_REGISTER;
        return true;
    }
    if (reg < ZYDIS_REGISTER_EAX || reg > ZYDIS_REGISTER_EDI) {
        return false;
    }
    *number = (uint8_t)(reg - ZYDIS_REGISTER_EAX);
    return true;
}

static bool fill_operand(const ZydisDecodedOperand *zydis, struct isa_operand *operand)
{
    memset(operand, 0, sizeof *operand);
    operand->width_bits = (uint8_t)zydis->size;
    switch (zydis->type) {
    case ZYDIS_OPERAND_TYPE_REGISTER:
        return fill_register(zydis->reg.value, operand);
    case ZYDIS_OPERAND_TYPE_MEMORY:
        operand->kind = ISA_OPERAND_MEMORY;
        operand->displacement = (uint32_t)zydis->mem.disp.value;
        operand->shift = zydis->mem.scale ? (uint8_t)__builtin_ctz(zydis->mem.scale) : 0;
        return address_register(zydis->mem.base, &operand->base) &&
               address_register(zydis->mem.index, &operand->index);
    case ZYDIS_OPERAND_TYPE_IMMEDIATE:
        operand->kind = zydis->imm.is_relative ? ISA_OPERAND_RELATIVE : ISA_OPERAND_IMMEDIATE;
        operand->value = (uint32_t)zydis->imm.value.u;
        return true;
    default: /* far pointers */
        return false;
    }
}

/* What the table cannot say. */
static bool operands_allowed(struct isa_instruction *instruction)
{
    const struct isa_operand *first = &instruction->operand[0];
    const struct isa_operand *second = &instruction->operand[1];
    switch (instruction->operation) {
    case ISA_MOV:
        if (second->kind == ISA_OPERAND_SEGMENT) {
            instruction->operation = ISA_MOV_SEGMENT;
            instruction->kind = ISA_CLASS_DEFINED;
            instruction->width_bits = first->width_bits;
        } else if (instruction->width_bits == 32 && instruction->memory_operand != ISA_NO_OPERAND) {
            instruction->kind = ISA_CLASS_MOVE32;
        }
        return first->kind != ISA_OPERAND_SEGMENT;
    case ISA_PUSH:
        if (first->kind == ISA_OPERAND_SEGMENT) {
            instruction->operation = ISA_PUSH_SEGMENT;
            instruction->kind = ISA_CLASS_DEFINED;
        }
        return true;
    case ISA_POP:
        return first->kind != ISA_OPERAND_SEGMENT;
    case ISA_ENTER:
        return second->value == 0;
    default:
        return true;
    }
}

/* The flags that x86 leaves undefined, as far as the bytes tell. */
static void fill_undefined_flags(const struct isa_row *row, struct isa_instruction *instruction)
{
    instruction->flags_undefined = row->undefined;
    if (!(row->rules & (ROW_SHIFT | ROW_ROTATE))) {
        return;
    }
    const struct isa_operand *count = &instruction->operand[instruction->operand_count - 1];
    uint16_t any = row->rules & ROW_SHIFT ? VCPU_FLAG_AF : 0;
    if (count->kind == ISA_OPERAND_IMMEDIATE) {
        uint32_t value = count->value & 31u;
        instruction->flags_undefined = (value > 0 ? any : 0) | (value > 1 ? VCPU_FLAG_OF : 0);
    } else {
        instruction->flags_undefined = any | VCPU_FLAG_OF;
        instruction->counted_by_cl = true;
    }
}

/* 0F 18 .. 0F 1E: hints of later processors, nops on earlier ones. Only endbr32 of them is in. */
static bool is_reserved_nop(const ZydisDecodedInstruction *zydis)
{
    return zydis->mnemonic == ZYDIS_MNEMONIC_NOP && zydis->opcode_map == ZYDIS_OPCODE_MAP_0F &&
           zydis->opcode != 0x1f;
}

static bool fill(const ZydisDecodedInstruction *zydis, const ZydisDecodedOperand *operands,
                 struct isa_instruction *instruction)
{
    const struct isa_row *row = &isa_rows[zydis->mnemonic];
    if (row->operation == ISA_NONE || zydis->encoding != ZYDIS_INSTRUCTION_ENCODING_LEGACY ||
        (row->rules & ROW_PRIMARY && zydis->opcode_map != ZYDIS_OPCODE_MAP_DEFAULT) ||
        (zydis->opcode_map != ZYDIS_OPCODE_MAP_DEFAULT &&
         zydis->opcode_map != ZYDIS_OPCODE_MAP_0F) ||
        zydis->meta.branch_type == ZYDIS_BRANCH_TYPE_FAR || is_reserved_nop(zydis)) {
        return false;
    }
    struct prefixes prefixes = prefixes_of(zydis);
    instruction->kind = row->kind;
    instruction->operation = row->operation;
    if (!prefixes_allowed(row, prefixes, instruction)) {
        return false;
    }
    instruction->length_bytes = zydis->length;
    instruction->lock = prefixes.lock;
    instruction->width_bits = row->width_bits ? row->width_bits : zydis->operand_width;
    instruction->condition = row->rules & ROW_CC ? zydis->opcode & 15u : 0;
    instruction->ends_block = (row->rules & ROW_ENDS) != 0;
    if (row->operation >= ISA_X87_FIRST) {
        instruction->opcode = zydis->opcode;
        instruction->modrm =
            (uint8_t)(zydis->raw.modrm.mod << 6 | zydis->raw.modrm.reg << 3 | zydis->raw.modrm.rm);
        if (row->operation != ISA_FWAIT &&
            !x87_form_find(instruction->opcode, instruction->modrm)) {
            return false; /* an undocumented alias */
        }
    }
    if (row->operation == ISA_BSF && prefixes.rep) {
        instruction->kind = ISA_CLASS_DEFINED;
    }

    unsigned count =
        row->rules & ROW_STRING || row->operation == ISA_NOP ? 0 : zydis->operand_count_visible;
    if (count > 3) {
        return false;
    }
    instruction->operand_count = (uint8_t)count;
    for (unsigned i = 0; i < count; i++) {
        if (!fill_operand(&operands[i], &instruction->operand[i])) {
            return false;
        }
        if (instruction->operand[i].kind == ISA_OPERAND_MEMORY) {
            instruction->memory_operand = (uint8_t)i;
        }
    }
    fill_undefined_flags(row, instruction);
    return operands_allowed(instruction);
}

void isa_decode(const uint8_t *bytes, size_t size_bytes, struct isa_instruction *instruction)
{
    if (size_bytes > ISA_INSTRUCTION_MAX_BYTES) {
        size_bytes = ISA_INSTRUCTION_MAX_BYTES;
    }
    if (size_bytes == 0) {
        set_kind(instruction, ISA_CLASS_TRUNCATED);
        return;
    }
    if (decode_virtual(bytes, size_bytes, instruction)) {
        return;
    }
    ZydisDecoder decoder;
    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LEGACY_32, ZYDIS_STACK_WIDTH_32);
    ZydisDecoderEnableMode(&decoder, ZYDIS_DECODER_MODE_TZCNT, ZYAN_FALSE);
    ZydisDecoderEnableMode(&decoder, ZYDIS_DECODER_MODE_LZCNT, ZYAN_FALSE);
    ZydisDecoderEnableMode(&decoder, ZYDIS_DECODER_MODE_MPX, ZYAN_FALSE);

    ZydisDecodedInstruction zydis;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    ZyanStatus status = ZydisDecoderDecodeFull(&decoder, bytes, size_bytes, &zydis, operands);
    if (status == ZYDIS_STATUS_NO_MORE_DATA && size_bytes < ISA_INSTRUCTION_MAX_BYTES) {
        set_kind(instruction, ISA_CLASS_TRUNCATED);
        return;
    }
    set_kind(instruction, ISA_CLASS_ILLEGAL);
    if (ZYAN_SUCCESS(status) && !fill(&zydis, operands, instruction)) {
        set_kind(instruction, ISA_CLASS_ILLEGAL);
    }
}
