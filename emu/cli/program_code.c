/* Goes through a program's code without running it. */
#include "program_code.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <base/alloc.h>
#include <vcpu/isa.h>

static void add(struct program_range **ranges, uint32_t *count, const char *name, uint32_t address,
                uint32_t size_bytes)
{
    *ranges = alloc_grow(*ranges, *count + 1, sizeof **ranges);
    (*ranges)[(*count)++] = (struct program_range){name, address, size_bytes};
}

uint32_t program_ranges(const struct vcpu_program *program, struct program_range **ranges)
{
    uint32_t count = 0;
    *ranges = NULL;
    for (uint32_t i = 0; i < program->symbol_count; i++) {
        const struct vcpu_symbol *symbol = &program->symbols[i];
        bool again = count && (*ranges)[count - 1].address == symbol->address;
        if (symbol->kind == VCPU_SYMBOL_FUNCTION && symbol->size_bytes && !again) {
            add(ranges, &count, symbol->name, symbol->address, symbol->size_bytes);
        }
    }
    for (uint32_t i = 0; !count && i < program->section_count; i++) {
        const struct vcpu_section *section = &program->sections[i];
        if (section->loaded && section->executable && !section->zeros) {
            add(ranges, &count, section->name, section->address, section->size_bytes);
        }
    }
    for (uint32_t i = 0; !count && i < program->segment_count; i++) {
        const struct vcpu_segment *segment = &program->segments[i];
        if (segment->executable) {
            add(ranges, &count, NULL, segment->address, segment->file_bytes);
        }
    }
    return count;
}

/* Where the place after `address` begins: a symbol's, a section's end, a segment's. */
static uint32_t next_place(const struct vcpu_program *program, uint32_t address)
{
    uint32_t next = program->end;
    for (uint32_t i = 0; i < program->symbol_count; i++) {
        const struct vcpu_symbol *symbol = &program->symbols[i];
        if (symbol->kind != VCPU_SYMBOL_CONSTANT && symbol->address > address &&
            symbol->address < next) {
            next = symbol->address;
        }
    }
    for (uint32_t i = 0; i < program->section_count; i++) {
        uint32_t end = program->sections[i].address + program->sections[i].size_bytes;
        next = program->sections[i].loaded && end > address && end < next ? end : next;
    }
    for (uint32_t i = 0; i < program->segment_count; i++) {
        uint32_t end = program->segments[i].address + program->segments[i].file_bytes;
        next = end > address && end < next ? end : next;
    }
    return next;
}

bool program_range_find(const struct vcpu_program *program, const char *text,
                        struct program_range *range)
{
    const struct vcpu_symbol *symbol = vcpu_program_symbol_find(program, text);
    uint8_t byte;
    if (!symbol && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        char *end;
        errno = 0;
        unsigned long long address = strtoull(text + 2, &end, 16);
        if (*end || end == text + 2 || errno || address > UINT32_MAX) {
            return false;
        }
        symbol = vcpu_program_symbol_at(program, (uint32_t)address);
        if (!symbol) {
            *range = (struct program_range){NULL, (uint32_t)address, 0};
        }
    } else if (!symbol) {
        return false;
    }
    if (symbol) {
        *range = (struct program_range){symbol->name, symbol->address, symbol->size_bytes};
    }
    if (!range->size_bytes) {
        range->size_bytes = next_place(program, range->address) - range->address;
    }
    return (!symbol || symbol->kind != VCPU_SYMBOL_CONSTANT) &&
           vcpu_program_read(program, range->address, &byte, 1) == 1;
}

/* Which port an access names, if the code says so: in the instruction, or by the constant that EDX
 * got last in this stretch. */
static bool port_of(const struct isa_instruction *instruction, bool edx_known, uint32_t edx,
                    uint16_t *port)
{
    for (uint32_t i = 0; i < instruction->operand_count; i++) {
        if (instruction->operand[i].kind == ISA_OPERAND_IMMEDIATE) {
            *port = (uint16_t)(instruction->operand[i].value & 0xff);
            return true;
        }
    }
    *port = (uint16_t)edx;
    return edx_known;
}

/* 0F 0B faults on purpose: compilers put it where nothing is ever to arrive. */
static bool is_ud2(const uint8_t *bytes, uint32_t size_bytes)
{
    return size_bytes >= 2 && bytes[0] == 0x0f && bytes[1] == 0x0b;
}

static void survey_range(const struct vcpu_program *program, struct emu_disassembler *disassembler,
                         const struct program_range *range, struct program_survey *survey)
{
    uint32_t edx = 0;
    bool edx_known = false;
    for (uint32_t at = 0; at < range->size_bytes;) {
        uint8_t bytes[ISA_INSTRUCTION_MAX_BYTES];
        uint32_t left = range->size_bytes - at;
        uint32_t there = vcpu_program_read(program, range->address + at, bytes, sizeof bytes);
        if (!there) {
            return;
        }
        there = there < left ? there : left;
        struct isa_instruction instruction;
        isa_decode(bytes, there, &instruction);
        const struct isa_operand *first = &instruction.operand[0];
        const struct isa_operand *second = &instruction.operand[1];
        if (instruction.length_bytes == 0) {
            char text[192];
            if (!is_ud2(bytes, there)) {
                if (survey->illegal < PROGRAM_ILLEGAL_MAX) {
                    survey->illegal_at[survey->illegal] = range->address + at;
                }
                survey->illegal++;
            }
            at +=
                emu_disassemble(disassembler, bytes, there, range->address + at, text, sizeof text);
            continue;
        }
        survey->instructions++;
        survey->x87 |= instruction.operation >= ISA_X87_FIRST;
        uint16_t port;
        uint32_t device;
        const struct dev_region *region;
        if (instruction.kind == ISA_CLASS_PORT && port_of(&instruction, edx_known, edx, &port) &&
            dev_find_port(port, &device, &region)) {
            survey->devices[device] = true;
        } else if (instruction.operation == ISA_MOV && first->kind == ISA_OPERAND_REGISTER &&
                   first->number == VCPU_EDX && first->width_bits == 32) {
            edx_known = second->kind == ISA_OPERAND_IMMEDIATE;
            edx = second->value;
        }
        at += instruction.length_bytes;
    }
}

void program_survey(const struct vcpu_program *program, struct emu_disassembler *disassembler,
                    struct program_survey *survey)
{
    struct program_range *ranges;
    uint32_t count = program_ranges(program, &ranges);
    memset(survey, 0, sizeof *survey);
    for (uint32_t i = 0; i < count; i++) {
        survey_range(program, disassembler, &ranges[i], survey);
    }
    free(ranges);
}
