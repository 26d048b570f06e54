/* Registers between the processor's state and gdb's bytes. */
#include "registers.h"

#include <string.h>

#include <vcpu/isa.h>

#define EIP_NUMBER    8u
#define EFLAGS_NUMBER 9u
#define ST_NUMBER     16u
#define FCTRL_NUMBER  24u
#define FSTAT_NUMBER  25u
#define FTAG_NUMBER   26u

#define FCTRL_CHOICES 0x0f00u /* precision and rounding */
#define TAG_EMPTY     3u

#define R(name, type) "<reg name=\"" name "\" bitsize=\"32\" type=\"" type "\"/>"
#define ST(name)      "<reg name=\"" name "\" bitsize=\"80\" type=\"i387_ext\"/>"
#define F(name)       "<reg name=\"" name "\" bitsize=\"32\" type=\"int\" group=\"float\"/>"

const char gdb_target_xml[] =
    "<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\"><target version=\"1.0\">"
    "<architecture>i386</architecture><feature name=\"org.gnu.gdb.i386.core\">"
    "<flags id=\"i386_eflags\" size=\"4\"><field name=\"CF\" start=\"0\" end=\"0\"/>"
    "<field name=\"PF\" start=\"2\" end=\"2\"/><field name=\"AF\" start=\"4\" end=\"4\"/>"
    "<field name=\"ZF\" start=\"6\" end=\"6\"/><field name=\"SF\" start=\"7\" end=\"7\"/>"
    "<field name=\"DF\" start=\"10\" end=\"10\"/><field name=\"OF\" start=\"11\" end=\"11\"/>"
    "</flags>" R("eax", "int32") R("ecx", "int32") R("edx", "int32") R("ebx", "int32")
        R("esp", "data_ptr") R("ebp", "data_ptr") R("esi", "int32") R("edi", "int32")
            R("eip", "code_ptr") R("eflags", "i386_eflags") R("cs", "int32") R("ss", "int32")
                R("ds", "int32") R("es", "int32") R("fs", "int32") R("gs", "int32") ST("st0")
                    ST("st1") ST("st2") ST("st3") ST("st4") ST("st5") ST("st6") ST("st7") F("fctrl")
                        F("fstat") F("ftag") F("fiseg") F("fioff") F("foseg") F("fooff")
                            F("fop") "</feature></target>";

uint32_t gdb_register_bytes(uint32_t number)
{
    if (number >= GDB_REGISTERS) {
        return 0;
    }
    return number >= ST_NUMBER && number < FCTRL_NUMBER ? 10 : 4;
}

static uint32_t physical(const struct vcpu_x87 *x87, uint32_t number)
{
    return (x87->top + number) & 7;
}

/* C0 to C2 are bits 8 to 10 of the status word, C3 is bit 14, top 11 to 13. */
static uint32_t status_word(const struct vcpu_x87 *x87)
{
    uint32_t conditions = x87->conditions;
    return (conditions & 7u) << 8 | (uint32_t)x87->top << 11 | (conditions >> 3 & 1u) << 14;
}

/* Two bits for each physical register: in use, zero, special, empty (Intel SDM vol. 1, 8.1.7). */
static uint32_t tag_word(const struct vcpu_x87 *x87)
{
    uint32_t tags = 0;
    for (uint32_t i = 0; i < 8; i++) {
        uint32_t exponent = x87->sign_exponent[i] & 0x7fffu;
        uint32_t tag = 0;
        if (!(x87->valid >> i & 1)) {
            tag = TAG_EMPTY;
        } else if (exponent == 0 && x87->mantissa[i] == 0) {
            tag = 1;
        } else if (exponent == 0 || exponent == 0x7fff || !(x87->mantissa[i] >> 63)) {
            tag = 2;
        }
        tags |= tag << 2 * i;
    }
    return tags;
}

/* Of a register of 32 bits. */
static uint32_t value_of(const struct vcpu *cpu, uint32_t number)
{
    static const uint32_t segments[] = {ISA_SEGMENT_CS, ISA_SEGMENT_SS, ISA_SEGMENT_DS,
                                        ISA_SEGMENT_ES, ISA_SEGMENT_FS, ISA_SEGMENT_GS};
    if (number < VCPU_REGISTER_COUNT) {
        return cpu->gpr[number];
    }
    switch (number) {
    case EIP_NUMBER:
        return cpu->eip;
    case EFLAGS_NUMBER:
        return cpu->eflags;
    case FCTRL_NUMBER:
        return cpu->x87.control;
    case FSTAT_NUMBER:
        return status_word(&cpu->x87);
    case FTAG_NUMBER:
        return tag_word(&cpu->x87);
    default:
        return number < ST_NUMBER ? segments[number - EFLAGS_NUMBER - 1] : 0;
    }
}

static void put(uint8_t *bytes, uint64_t value, uint32_t size_bytes)
{
    for (uint32_t i = 0; i < size_bytes; i++) {
        bytes[i] = (uint8_t)(value >> 8 * i);
    }
}

static uint64_t get(const uint8_t *bytes, uint32_t size_bytes)
{
    uint64_t value = 0;
    for (uint32_t i = 0; i < size_bytes; i++) {
        value |= (uint64_t)bytes[i] << 8 * i;
    }
    return value;
}

void gdb_register_read(const struct vcpu *cpu, uint32_t number,
                       uint8_t bytes[GDB_REGISTER_BYTES_MAX])
{
    if (gdb_register_bytes(number) == 10) {
        uint32_t st = physical(&cpu->x87, number - ST_NUMBER);
        bool valid = cpu->x87.valid >> st & 1; /* else what it holds is no state */
        put(bytes, valid ? cpu->x87.mantissa[st] : 0, 8);
        put(bytes + 8, valid ? cpu->x87.sign_exponent[st] : 0, 2);
    } else {
        put(bytes, value_of(cpu, number), 4);
    }
}

bool gdb_register_write(struct vcpu *cpu, uint32_t number, const uint8_t *bytes)
{
    if (gdb_register_bytes(number) == 10) {
        uint32_t st = physical(&cpu->x87, number - ST_NUMBER);
        if (!(cpu->x87.valid >> st & 1)) {
            return get(bytes, 8) == 0 && get(bytes + 8, 2) == 0;
        }
        cpu->x87.mantissa[st] = get(bytes, 8);
        cpu->x87.sign_exponent[st] = (uint16_t)get(bytes + 8, 2);
        return true;
    }
    uint32_t value = (uint32_t)get(bytes, 4);
    if (number < VCPU_REGISTER_COUNT) {
        cpu->gpr[number] = value;
    } else if (number == EIP_NUMBER) {
        cpu->eip = value;
    } else if (number == EFLAGS_NUMBER) {
        cpu->eflags = value & VCPU_FLAG_ALL;
    } else if (number == FCTRL_NUMBER) {
        cpu->x87.control =
            (uint16_t)((value & FCTRL_CHOICES) | (cpu->x87.control & ~FCTRL_CHOICES));
    } else {
        return value == value_of(cpu, number);
    }
    return true;
}
