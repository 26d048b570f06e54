/* Capstone for what people see; what an instruction is, and how long, isa_decode says. */
#include "disassembly.h"

#include <capstone/capstone.h>
#include <stdio.h>
#include <stdlib.h>

#include <base/alloc.h>
#include <vcpu/isa.h>

struct emu_disassembler {
    csh capstone;
    bool host; /* x86-64, not the ISA */
    cs_insn *instruction;
};

static enum status create(struct emu_disassembler **result, bool host, struct error *error)
{
    struct emu_disassembler *made = alloc_zeroed(1, sizeof *made);
    made->host = host;
    if (cs_open(CS_ARCH_X86, host ? CS_MODE_64 : CS_MODE_32, &made->capstone) != CS_ERR_OK) {
        free(made);
        return error_set(error, STATUS_UNSUPPORTED, NULL, 0,
                         "this host's Capstone has no x86; install libcapstone with it");
    }
    cs_option(made->capstone, CS_OPT_SYNTAX, CS_OPT_SYNTAX_INTEL);
    made->instruction = cs_malloc(made->capstone);
    *result = made;
    return STATUS_OK;
}

enum status emu_disassembler_create(struct emu_disassembler **result, struct error *error)
{
    return create(result, false, error);
}

enum status emu_disassembler_create_host(struct emu_disassembler **result, struct error *error)
{
    return create(result, true, error);
}

void emu_disassembler_destroy(struct emu_disassembler *disassembler)
{
    if (disassembler) {
        cs_free(disassembler->instruction, 1);
        cs_close(&disassembler->capstone);
        free(disassembler);
    }
}

uint32_t emu_disassemble(struct emu_disassembler *disassembler, const uint8_t *bytes,
                         uint32_t size_bytes, uint32_t address, char *text, size_t text_bytes)
{
    struct isa_instruction decoded = {.length_bytes = 0};
    if (!disassembler->host) {
        isa_decode(bytes, size_bytes, &decoded);
    }
    if (decoded.kind == ISA_CLASS_IDLE || decoded.kind == ISA_CLASS_TERMINATE) {
        snprintf(text, text_bytes, "%s", decoded.kind == ISA_CLASS_IDLE ? "idle" : "terminate");
        return decoded.length_bytes;
    }
    const uint8_t *code = bytes;
    bool foreign = !disassembler->host && !decoded.length_bytes;
    size_t left = disassembler->host || foreign ? size_bytes : decoded.length_bytes;
    uint64_t at = address;
    if (left &&
        cs_disasm_iter(disassembler->capstone, &code, &left, &at, disassembler->instruction)) {
        const cs_insn *instruction = disassembler->instruction;
        snprintf(text, text_bytes, "%s%s%s%s", instruction->mnemonic,
                 instruction->op_str[0] ? " " : "", instruction->op_str,
                 foreign ? "  (not in the ISA)" : "");
        return instruction->size;
    }
    snprintf(text, text_bytes, ".byte 0x%02x", size_bytes ? bytes[0] : 0);
    return decoded.length_bytes ? decoded.length_bytes : 1;
}
