/*
 * The Denali processor as gdb sees it: an i386 with x87 and without anything later. The target
 * description is GDB's own feature org.gnu.gdb.i386.core; segment registers are the constants of
 * docs/isa.md, and what the processor has not (last x87 instruction and operand) reads 0.
 */
#ifndef DENALI_EMU_DEBUG_REGISTERS_H
#define DENALI_EMU_DEBUG_REGISTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vcpu/vcpu.h>

#define GDB_REGISTERS          32u
#define GDB_REGISTERS_BYTES    176u /* of all, in order */
#define GDB_REGISTER_BYTES_MAX 10u

extern const char gdb_target_xml[];

/* Bytes of a register by gdb's number; 0: there is none. */
uint32_t gdb_register_bytes(uint32_t number);
/* Its bytes, little-endian, as gdb has them. */
void gdb_register_read(const struct vcpu *cpu, uint32_t number,
                       uint8_t bytes[GDB_REGISTER_BYTES_MAX]);
/* Sets it. False if it is one that cannot be set and the bytes are not what it is. */
bool gdb_register_write(struct vcpu *cpu, uint32_t number, const uint8_t *bytes);

#endif
