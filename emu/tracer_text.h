/* How a trace says things: growing text, and the pieces of its lines. */
#ifndef DENALI_EMU_TRACER_TEXT_H
#define DENALI_EMU_TRACER_TEXT_H

#include <stdarg.h>
#include <stdint.h>

#include <vcpu/program.h>
#include <vcpu/vcpu.h>

struct emu_text {
    char *bytes; /* NUL-terminated */
    uint32_t size_bytes;
    uint32_t capacity_bytes;
};

void emu_text_add(struct emu_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void emu_text_clear(struct emu_text *text);
void emu_text_fini(struct emu_text *text);

/* "main+0x10"; nothing without a symbol. */
void emu_text_place(struct emu_text *text, const struct vcpu_program *program, uint32_t address);
/* A value of 1, 2, 4 or 8 bytes as a number; others byte by byte. */
void emu_text_value(struct emu_text *text, const uint8_t *bytes, uint32_t size_bytes);
/* Printed bytes in quotes, cut after some. */
void emu_text_quoted(struct emu_text *text, const uint8_t *bytes, uint32_t size_bytes);
/* "  eax 00000001->00000002" and so on for every register, flag and x87 value that differs. EIP
 * and counters do not count. */
void emu_text_changes(struct emu_text *text, const struct vcpu *before, const struct vcpu *after);
/* All registers of a state, as the beginning of a trace has them. */
void emu_text_state(struct emu_text *text, const struct vcpu *vcpu);

#endif
