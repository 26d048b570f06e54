/*
 * Machine code as people read it: Capstone's text in Intel syntax, with our two instructions, which
 * it does not know. An instruction of x86 that is not in the ISA is shown whole and said to be so;
 * what is no instruction at all is shown as bytes.
 */
#ifndef DENALI_EMU_DISASSEMBLY_H
#define DENALI_EMU_DISASSEMBLY_H

#include <stddef.h>
#include <stdint.h>

#include <base/status.h>

struct emu_disassembler; /* used by one thread at a time */

enum status emu_disassembler_create(struct emu_disassembler **disassembler,
                                    struct error *error) MUST_USE;
/* The same for code of x86-64 hosts, which the ISA has nothing to say about. */
enum status emu_disassembler_create_host(struct emu_disassembler **disassembler,
                                         struct error *error) MUST_USE;
/* Takes NULL. */
void emu_disassembler_destroy(struct emu_disassembler *disassembler);

/* Writes the text of the instruction at the beginning of bytes ("mov eax, 1"); returns its length
 * in bytes, at least 1 if size_bytes is. */
uint32_t emu_disassemble(struct emu_disassembler *disassembler, const uint8_t *bytes,
                         uint32_t size_bytes, uint32_t address, char *text, size_t text_bytes);

#endif
