/* Memory operands, the stack and strings: which bytes an instruction reads and writes. */
#include <vcpu/touch.h>

struct list {
    struct isa_touch *touches;
    uint32_t count;
};

static void add(struct list *list, uint32_t address, uint32_t size_bytes, bool read, bool write)
{
    list->touches[list->count++] = (struct isa_touch){address, size_bytes, read, write};
}

static uint32_t operand_address(const struct isa_operand *operand, const uint32_t *gpr)
{
    uint32_t address = operand->displacement;
    if (operand->base != ISA_NO_REGISTER) {
        address += gpr[operand->base];
    }
    if (operand->index != ISA_NO_REGISTER) {
        address += gpr[operand->index] << operand->shift;
    }
    return address;
}

/* bt and its kin: a bit offset in a register reaches whole operands up or down. */
static uint32_t bit_offset_bytes(const struct isa_instruction *instruction, const uint32_t *gpr)
{
    const struct isa_operand *offset = &instruction->operand[1];
    if (offset->kind != ISA_OPERAND_REGISTER) {
        return 0;
    }
    return instruction->width_bits == 16
               ? (uint32_t)((int32_t)(int16_t)gpr[offset->number] >> 4) * 2
               : (uint32_t)((int32_t)gpr[offset->number] >> 5) * 4;
}

static void add_operand(struct list *list, const struct isa_instruction *instruction,
                        const uint32_t *gpr)
{
    if (instruction->memory_operand == ISA_NO_OPERAND) {
        return;
    }
    const struct isa_operand *operand = &instruction->operand[instruction->memory_operand];
    uint32_t address = operand_address(operand, gpr);
    bool first = instruction->memory_operand == 0;
    bool read = true;
    bool write = first;
    switch (instruction->operation) {
    case ISA_LEA:
    case ISA_NOP:
        return;
    case ISA_MOV:
    case ISA_MOV_SEGMENT:
    case ISA_SETCC:
        read = !first;
        break;
    case ISA_POP:
        read = false;
        if (operand->base == VCPU_ESP) { /* an address formed with ESP uses its new value */
            address += instruction->width_bits / 8u;
        }
        break;
    case ISA_XCHG:
        write = true;
        break;
    case ISA_BTS:
    case ISA_BTR:
    case ISA_BTC:
        address += bit_offset_bytes(instruction, gpr);
        break;
    case ISA_BT:
        address += bit_offset_bytes(instruction, gpr);
        write = false;
        break;
    case ISA_CMP:
    case ISA_TEST:
    case ISA_PUSH:
    case ISA_MUL:
    case ISA_DIV:
    case ISA_IDIV:
    case ISA_JMP:
    case ISA_CALL:
        write = false;
        break;
    case ISA_IMUL: /* writes a register, whatever its form */
        write = false;
        break;
    case ISA_FST:
    case ISA_FSTP:
    case ISA_FIST:
    case ISA_FISTP:
    case ISA_FNSTCW:
    case ISA_FNSTSW:
        read = false;
        break;
    default:
        write = first && instruction->operation < ISA_X87_FIRST;
    }
    add(list, address, operand->width_bits / 8u, read, write);
}

static void add_string(struct list *list, const struct isa_instruction *instruction,
                       const uint32_t *gpr)
{
    uint32_t size_bytes = instruction->width_bits / 8u;
    if (instruction->repeat != ISA_REPEAT_NONE && gpr[VCPU_ECX] == 0) {
        return;
    }
    switch (instruction->operation) {
    case ISA_MOVS:
        add(list, gpr[VCPU_ESI], size_bytes, true, false);
        add(list, gpr[VCPU_EDI], size_bytes, false, true);
        break;
    case ISA_CMPS:
        add(list, gpr[VCPU_ESI], size_bytes, true, false);
        add(list, gpr[VCPU_EDI], size_bytes, true, false);
        break;
    case ISA_STOS:
        add(list, gpr[VCPU_EDI], size_bytes, false, true);
        break;
    case ISA_LODS:
        add(list, gpr[VCPU_ESI], size_bytes, true, false);
        break;
    default: /* scas */
        add(list, gpr[VCPU_EDI], size_bytes, true, false);
    }
}

uint32_t isa_touches(const struct isa_instruction *instruction,
                     const uint32_t gpr[VCPU_REGISTER_COUNT],
                     struct isa_touch touches[ISA_TOUCHES_MAX])
{
    struct list list = {touches, 0};
    uint32_t width_bytes = instruction->width_bits / 8u;
    switch (instruction->operation) {
    case ISA_MOVS:
    case ISA_CMPS:
    case ISA_STOS:
    case ISA_LODS:
    case ISA_SCAS:
        add_string(&list, instruction, gpr);
        break;
    case ISA_PUSH:
    case ISA_PUSH_SEGMENT:
        add_operand(&list, instruction, gpr);
        add(&list, gpr[VCPU_ESP] - width_bytes, width_bytes, false, true);
        break;
    case ISA_POP:
        add(&list, gpr[VCPU_ESP], width_bytes, true, false);
        add_operand(&list, instruction, gpr);
        break;
    case ISA_CALL:
        add_operand(&list, instruction, gpr);
        add(&list, gpr[VCPU_ESP] - 4, 4, false, true);
        break;
    case ISA_PUSHF:
    case ISA_ENTER:
        add(&list, gpr[VCPU_ESP] - 4, 4, false, true);
        break;
    case ISA_POPF:
    case ISA_RET:
        add(&list, gpr[VCPU_ESP], 4, true, false);
        break;
    case ISA_PUSHA:
        add(&list, gpr[VCPU_ESP] - 32, 32, false, true);
        break;
    case ISA_POPA:
        add(&list, gpr[VCPU_ESP], 32, true, false);
        break;
    case ISA_LEAVE:
        add(&list, gpr[VCPU_EBP], 4, true, false);
        break;
    case ISA_XLAT:
        add(&list, gpr[VCPU_EBX] + (gpr[VCPU_EAX] & 0xff), 1, true, false);
        break;
    default:
        add_operand(&list, instruction, gpr);
    }
    return list.count;
}
