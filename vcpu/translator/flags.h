/*
 * How the guest's flags are known at a point of translated code without being kept: by what made
 * them. Most flags are never looked at, so what is kept is a description, the operands and the
 * operation, and only who looks at them has it done again.
 *
 * A source is about registers as they are *now*: whoever changes one of them puts the source right
 * first (lower_flags.c). Blocks are translated once for each source that they are entered with.
 */
#ifndef DENALI_VCPU_TRANSLATOR_FLAGS_H
#define DENALI_VCPU_TRANSLATOR_FLAGS_H

#include <stdbool.h>
#include <stdint.h>

#include "translator/gate.h"

enum flags_kind {
    FLAGS_UNSEEN,  /* nobody can see them before they are written again */
    FLAGS_IN_HOST, /* in the host's flags alone */
    FLAGS_IN_GATE, /* struct gate says: its form, a and b are one of the kinds from here on */
    FLAGS_KEPT,    /* a is the flags, as lahf and `seto al` leave them in EAX */
    FLAGS_SUB,     /* those of a - b */
    FLAGS_ADD,     /* those of a + b */
    FLAGS_LOGIC,   /* SF ZF PF by a; CF, OF and AF are 0 */
    FLAGS_INC,     /* those of a + 1, CF is bit 0 of b */
    FLAGS_DEC,     /* those of a - 1, CF is bit 0 of b */
    FLAGS_SHL,     /* those of a shifted by the constant b, which is not 0 and below the width */
    FLAGS_SHR,
    FLAGS_SAR,
    FLAGS_IMUL, /* those of a * b, signed */
};

/* Operands of a source: the guest registers by their numbers, EAX of the host, or none. */
#define FLAGS_EAX  8u
#define FLAGS_NONE 9u

/* b is register b + b_value, of which one is none or 0;
 * a is register a + a_offset + a_sign * b. All modulo 2 to the width. So flags that are KEPT and
 * have no register are the constant a_offset. */
struct flags_source {
    uint8_t kind;       /* enum flags_kind */
    uint8_t width_bits; /* 8, 16, 32; of the kinds before SUB: 0 */
    uint8_t a;
    uint8_t b;
    int32_t a_sign; /* -1, 0, 1 */
    uint32_t a_offset;
    uint32_t b_value;
};

/* Of a kind, without operands. */
struct flags_source flags_source_of(enum flags_kind kind);
bool flags_source_equal(const struct flags_source *x, const struct flags_source *y);
/* Is the register, or FLAGS_EAX, one of its operands? */
static inline bool flags_source_uses(const struct flags_source *source, uint8_t reg)
{
    return source->kind >= FLAGS_KEPT && (source->a == reg || source->b == reg);
}

/* The form as struct gate has it. */
#define FLAGS_FORM(kind, width_bits) ((uint32_t)(kind) | (uint32_t)(width_bits) << 8)

/* The flags, as EFLAGS has them, from what struct gate holds. */
uint32_t flags_of_gate(uint32_t form, uint32_t a, uint32_t b);

#endif
