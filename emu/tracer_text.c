/* Registers, flags, x87 values, memory and symbols as text. */
#include "tracer_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <base/alloc.h>
#include <base/locale.h>

#define QUOTED_MAX 40u /* bytes shown of what a console prints */

static const char *const register_names[VCPU_REGISTER_COUNT] = {"eax", "ecx", "edx", "ebx",
                                                                "esp", "ebp", "esi", "edi"};

void emu_text_add(struct emu_text *text, const char *format, ...)
{
    LOCALE_NEUTRAL();
    va_list arguments;
    for (;;) {
        uint32_t room = text->capacity_bytes - text->size_bytes;
        va_start(arguments, format);
        int length =
            vsnprintf(text->bytes ? text->bytes + text->size_bytes : NULL, room, format, arguments);
        va_end(arguments);
        if (length < 0) {
            return;
        }
        if ((uint32_t)length < room) {
            text->size_bytes += (uint32_t)length;
            return;
        }
        text->capacity_bytes = (text->capacity_bytes + (uint32_t)length + 128) * 2;
        text->bytes = alloc_grow(text->bytes, text->capacity_bytes, 1);
    }
}

void emu_text_clear(struct emu_text *text)
{
    text->size_bytes = 0;
    if (text->bytes) {
        text->bytes[0] = '\0';
    }
}

void emu_text_fini(struct emu_text *text)
{
    free(text->bytes);
    memset(text, 0, sizeof *text);
}

void emu_text_place(struct emu_text *text, const struct vcpu_program *program, uint32_t address)
{
    const struct vcpu_symbol *symbol = program ? vcpu_program_symbol_at(program, address) : NULL;
    if (symbol && address == symbol->address) {
        emu_text_add(text, "%.64s", symbol->name);
    } else if (symbol) {
        emu_text_add(text, "%.64s+0x%x", symbol->name, address - symbol->address);
    }
}

void emu_text_value(struct emu_text *text, const uint8_t *bytes, uint32_t size_bytes)
{
    bool number = size_bytes == 1 || size_bytes == 2 || size_bytes == 4 || size_bytes == 8;
    for (uint32_t i = 0; i < size_bytes; i++) {
        emu_text_add(text, number || !i ? "%02x" : " %02x", bytes[number ? size_bytes - 1 - i : i]);
    }
}

void emu_text_quoted(struct emu_text *text, const uint8_t *bytes, uint32_t size_bytes)
{
    emu_text_add(text, "\"");
    for (uint32_t i = 0; i < size_bytes && i < QUOTED_MAX; i++) {
        if (bytes[i] == '\n') {
            emu_text_add(text, "\\n");
        } else if (bytes[i] < ' ' || bytes[i] > '~' || bytes[i] == '"' || bytes[i] == '\\') {
            emu_text_add(text, "\\x%02x", bytes[i]);
        } else {
            emu_text_add(text, "%c", bytes[i]);
        }
    }
    emu_text_add(text, size_bytes > QUOTED_MAX ? "\"..." : "\"");
}

static void add_flags(struct emu_text *text, uint32_t flags)
{
    static const struct {
        uint32_t flag;
        const char *name;
    } all[] = {{VCPU_FLAG_OF, "OF"}, {VCPU_FLAG_DF, "DF"}, {VCPU_FLAG_SF, "SF"},
               {VCPU_FLAG_ZF, "ZF"}, {VCPU_FLAG_AF, "AF"}, {VCPU_FLAG_PF, "PF"},
               {VCPU_FLAG_CF, "CF"}};
    const char *blank = "";
    emu_text_add(text, "[");
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (flags & all[i].flag) {
            emu_text_add(text, "%s%s", blank, all[i].name);
            blank = " ";
        }
    }
    emu_text_add(text, "]");
}

/* An extended value as a double prints it; its exact bits stand beside it. */
static void add_x87_value(struct emu_text *text, const struct vcpu_x87 *x87, uint32_t physical)
{
    uint64_t mantissa = x87->mantissa[physical];
    uint16_t sign_exponent = x87->sign_exponent[physical];
    int exponent = sign_exponent & 0x7fff;
    const char *sign = sign_exponent & 0x8000 ? "-" : "";
    if (!(x87->valid >> physical & 1)) {
        emu_text_add(text, "empty (%04x %016llx)", sign_exponent, (unsigned long long)mantissa);
        return;
    }
    if (exponent == 0x7fff) {
        emu_text_add(text, "%s%s", sign, mantissa << 1 ? "nan" : "inf");
    } else {
        emu_text_add(text, "%s%.17g", sign, ldexp((double)mantissa, exponent - 16383 - 63));
    }
    emu_text_add(text, " (%04x %016llx)", sign_exponent, (unsigned long long)mantissa);
}

static bool x87_value_differs(const struct vcpu_x87 *a, const struct vcpu_x87 *b, uint32_t physical)
{
    return a->mantissa[physical] != b->mantissa[physical] ||
           a->sign_exponent[physical] != b->sign_exponent[physical] ||
           (a->valid >> physical & 1) != (b->valid >> physical & 1);
}

static void add_x87_changes(struct emu_text *text, const struct vcpu_x87 *before,
                            const struct vcpu_x87 *after)
{
    if (before->control != after->control) {
        emu_text_add(text, "  fpu control %04x->%04x", before->control, after->control);
    }
    if (before->conditions != after->conditions) {
        emu_text_add(text, "  fpu conditions %x->%x", before->conditions, after->conditions);
    }
    if (before->top != after->top) {
        emu_text_add(text, "  fpu top %u->%u", before->top, after->top);
    }
    for (uint32_t i = 0; i < 8; i++) {
        uint32_t physical = (after->top + i) & 7;
        if (x87_value_differs(before, after, physical)) {
            emu_text_add(text, "  st%u = ", i);
            add_x87_value(text, after, physical);
        }
    }
}

void emu_text_changes(struct emu_text *text, const struct vcpu *before, const struct vcpu *after)
{
    for (int i = 0; i < VCPU_REGISTER_COUNT; i++) {
        if (before->gpr[i] != after->gpr[i]) {
            emu_text_add(text, "  %s %08x->%08x", register_names[i], before->gpr[i], after->gpr[i]);
        }
    }
    if (before->eflags != after->eflags) {
        emu_text_add(text, "  flags ");
        add_flags(text, before->eflags);
        emu_text_add(text, "->");
        add_flags(text, after->eflags);
    }
    add_x87_changes(text, &before->x87, &after->x87);
}

void emu_text_state(struct emu_text *text, const struct vcpu *vcpu)
{
    for (int i = 0; i < VCPU_REGISTER_COUNT; i++) {
        emu_text_add(text, "%s%s %08x", i ? "  " : "", register_names[i], vcpu->gpr[i]);
    }
    emu_text_add(text, "  flags ");
    add_flags(text, vcpu->eflags);
}
