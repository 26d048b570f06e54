/*
 * The rows behind isa_decode: for each mnemonic of the decoder library, what of it is in the ISA.
 * Internal to vcpu/isa/; the only place, with decode.c, that knows the library.
 */
#ifndef DENALI_VCPU_ISA_TABLE_H
#define DENALI_VCPU_ISA_TABLE_H

#include <stdint.h>

#include <Zydis/Zydis.h>

/* What a row allows and says. */
#define ROW_16       0x0001u /* the 16-bit form (prefix 66) too */
#define ROW_REP      0x0002u /* F3 repeats */
#define ROW_REPNE    0x0004u /* F2 and F3 repeat while a condition holds */
#define ROW_F3       0x0008u /* F3 is ignored */
#define ROW_ENDS     0x0010u /* may go elsewhere, or stop */
#define ROW_CC       0x0020u /* the opcode's low four bits are a condition */
#define ROW_SHIFT    0x0040u /* AF undefined if the count is not 0, OF if it is more than 1 */
#define ROW_ROTATE   0x0080u /* OF undefined if the count is more than 1 */
#define ROW_PRIMARY  0x0100u /* of the one-byte opcode map only: SSE has the same mnemonic */
#define ROW_STRING   0x0200u /* operands are implied by the operation */
#define ROW_REGISTER 0x0400u /* the modrm form with a register only */
#define ROW_MEMORY   0x0800u /* the modrm form with memory only */

struct isa_row {
    uint8_t operation;  /* enum isa_operation; ISA_NONE: not in the ISA */
    uint8_t kind;       /* enum isa_class */
    uint8_t width_bits; /* 0: the effective operand width */
    uint16_t rules;     /* ROW_* */
    uint16_t undefined; /* flags */
};

extern const struct isa_row isa_rows[ZYDIS_MNEMONIC_MAX_VALUE + 1];

#endif
