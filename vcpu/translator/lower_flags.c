/*
 * Where the guest's flags are (lower.h). An instruction leaves them in the host's flags; the next
 * check overwrites those, and then they are known by their source alone, which costs nothing. Who
 * looks at them has them made again from it; a way out stores the source.
 *
 * An operand that is about to change is copied to EAX. If EAX is taken, or if the flags came from
 * something that cannot be done again, lahf and `seto al` keep them there.
 */
#include <base/assert.h>

#include "translator/lower.h"

static struct flags_source kept_in_eax(void)
{
    struct flags_source source = flags_source_of(FLAGS_KEPT);
    source.a = FLAGS_EAX;
    return source;
}

static ZydisRegister operand_register(unsigned width_bits, uint8_t operand)
{
    if (operand == FLAGS_EAX) {
        return width_bits == 32   ? ZYDIS_REGISTER_EAX
               : width_bits == 16 ? ZYDIS_REGISTER_AX
                                  : ZYDIS_REGISTER_AL;
    }
    return lower_register(width_bits, operand);
}

/* The operand's register as part of an address. */
static ZydisRegister address_register(uint8_t operand)
{
    return operand == FLAGS_EAX ? ZYDIS_REGISTER_RAX : lower_register64(operand);
}

static ZydisRegister scratch_register(unsigned width_bits)
{
    return width_bits == 32   ? ZYDIS_REGISTER_R11D
           : width_bits == 16 ? ZYDIS_REGISTER_R11W
                              : ZYDIS_REGISTER_R11B;
}

/* --- keeping ---------------------------------------------------------------------------------- */

/* The host's flags to EAX. */
static void keep(struct lowering *l)
{
    EMIT(l->emitter, LAHF);
    EMIT(l->emitter, SETO, AL);
    if (l->undefined) {
        uint32_t drop = (l->undefined & 0xd5u) << 8 | (l->undefined & VCPU_FLAG_OF ? 0xffu : 0);
        EMIT(l->emitter, AND, EAX, IMMEDIATE(~drop));
        l->undefined = 0;
        l->host = false;
    }
    l->source = kept_in_eax();
}

void lower_keep_flags(struct lowering *l)
{
    if (l->source.kind == FLAGS_IN_HOST) {
        keep(l);
    }
}

void lower_spoil_flags(struct lowering *l)
{
    lower_keep_flags(l);
    l->host = false;
}

void lower_wrote_flags(struct lowering *l, struct flags_source source, uint16_t undefined)
{
    l->source = source;
    l->host = true;
    l->undefined = undefined;
}

/* --- making them again ------------------------------------------------------------------------ */

/* a of the source in a register: the one it is in if it may stay there, or R11. */
static ZydisRegister source_a(struct lowering *l, const struct flags_source *s, bool overwrites)
{
    if (!overwrites && s->a_offset == 0 && s->a_sign == 0 && s->a != FLAGS_NONE) {
        return operand_register(s->width_bits, s->a);
    }
    if (s->a == FLAGS_NONE) {
        EMIT(l->emitter, MOV, R11D, IMMEDIATE(s->a_offset));
        return scratch_register(s->width_bits);
    }
    ZydisRegister a = address_register(s->a);
    ZydisRegister b = s->a_sign > 0 ? address_register(s->b) : ZYDIS_REGISTER_NONE;
    if (s->a_offset == 0 && s->a_sign <= 0) {
        EMIT(l->emitter, MOV, R11D, emit_register(operand_register(32, s->a)));
    } else {
        EMIT(l->emitter, LEA, R11D, emit_address(a, b, 1, (int32_t)s->a_offset));
    }
    if (s->a_sign < 0) {
        EMIT(l->emitter, SUB, R11D, emit_register(operand_register(32, s->b)));
    }
    return scratch_register(s->width_bits);
}

static emit_operand source_b(const struct flags_source *s)
{
    if (s->b != FLAGS_NONE) {
        return emit_register(operand_register(s->width_bits, s->b));
    }
    return s->width_bits == 8    ? emit_immediate((int8_t)s->b_value)
           : s->width_bits == 16 ? emit_immediate((int16_t)s->b_value)
                                 : IMMEDIATE(s->b_value);
}

/* CF as bit 0 of b has it. */
static void source_carry(struct lowering *l)
{
    const struct flags_source *s = &l->source;
    if (s->b != FLAGS_NONE) {
        EMIT(l->emitter, BT, emit_register(operand_register(32, s->b)), IMMEDIATE(0));
    } else if (s->b_value & 1u) {
        EMIT(l->emitter, STC);
    } else {
        EMIT(l->emitter, CLC);
    }
}

static void make_again(struct lowering *l)
{
    const struct flags_source *s = &l->source;
    emit_operand a;
    l->undefined = 0;
    switch (s->kind) {
    case FLAGS_KEPT:
        if (s->a == FLAGS_NONE) {
            EMIT(l->emitter, MOV, EAX, IMMEDIATE(s->a_offset));
        }
        EMIT(l->emitter, CMP, AL, IMMEDIATE(-127)); /* overflows if AL is 1 */
        EMIT(l->emitter, SAHF);
        break;
    case FLAGS_SUB:
        EMIT(l->emitter, CMP, emit_register(source_a(l, s, false)), source_b(s));
        break;
    case FLAGS_LOGIC:
        a = emit_register(source_a(l, s, false));
        EMIT(l->emitter, TEST, a, a);
        l->undefined = VCPU_FLAG_AF;
        break;
    case FLAGS_ADD:
        EMIT(l->emitter, ADD, emit_register(source_a(l, s, true)), source_b(s));
        break;
    case FLAGS_INC:
    case FLAGS_DEC:
        a = emit_register(source_a(l, s, true));
        source_carry(l);
        if (s->kind == FLAGS_INC) {
            EMIT(l->emitter, INC, a);
        } else {
            EMIT(l->emitter, DEC, a);
        }
        break;
    case FLAGS_SHL:
    case FLAGS_SHR:
    case FLAGS_SAR:
        a = emit_register(source_a(l, s, true));
        emit_list(l->emitter,
                  s->kind == FLAGS_SHL   ? ZYDIS_MNEMONIC_SHL
                  : s->kind == FLAGS_SHR ? ZYDIS_MNEMONIC_SHR
                                         : ZYDIS_MNEMONIC_SAR,
                  2, (emit_operand[]){a, IMMEDIATE(s->b_value)});
        l->undefined = VCPU_FLAG_AF | (s->b_value > 1 ? VCPU_FLAG_OF : 0);
        break;
    case FLAGS_IMUL:
        a = emit_register(source_a(l, s, true));
        if (s->b == FLAGS_NONE) {
            EMIT(l->emitter, IMUL, a, a, source_b(s));
        } else {
            EMIT(l->emitter, IMUL, a, source_b(s));
        }
        l->undefined = FLAGS_ARITHMETIC & ~(VCPU_FLAG_CF | VCPU_FLAG_OF);
        break;
    default:
        ASSERT(!"flags that nobody can see are asked for");
    }
    l->host = true;
}

/* From the gate to EAX if they are there in kept form; else C makes them so, and comes back. */
static void fetch_from_gate(struct lowering *l)
{
    EMIT(l->emitter, CMP, GATE(FLAGS_FORM, 4), IMMEDIATE(FLAGS_FORM(FLAGS_KEPT, 0)));
    emit_branch(l->emitter, ZYDIS_MNEMONIC_JNZ, lower_leave(l, GATE_EXIT_FLAGS), false);
    EMIT(l->emitter, MOV, EAX, GATE(FLAGS_A, 4));
    l->source = kept_in_eax();
}

void lower_need_flags(struct lowering *l, uint16_t which)
{
    if (l->host && !(l->undefined & which)) {
        return;
    }
    if (l->source.kind == FLAGS_IN_HOST) {
        keep(l);
    } else if (l->source.kind == FLAGS_IN_GATE) {
        fetch_from_gate(l);
    }
    if (which == VCPU_FLAG_CF && l->source.kind == FLAGS_KEPT && l->source.a == FLAGS_EAX) {
        EMIT(l->emitter, BT, EAX, IMMEDIATE(8)); /* the rest is as it was: not the guest's */
        l->host = false;
        return;
    }
    make_again(l);
    if (l->undefined & which) {
        keep(l);
        make_again(l);
    }
}

void lower_flags_to_eax(struct lowering *l)
{
    if (l->source.kind == FLAGS_UNSEEN) {
        return;
    }
    if (l->source.kind == FLAGS_IN_GATE) {
        fetch_from_gate(l);
    }
    if (l->source.kind == FLAGS_KEPT) {
        if (l->source.a == FLAGS_NONE) {
            EMIT(l->emitter, MOV, EAX, IMMEDIATE(l->source.a_offset));
            l->source = kept_in_eax();
        }
        return;
    }
    if (!l->host) {
        make_again(l);
    }
    keep(l);
}

/* --- when registers change -------------------------------------------------------------------- */

/* Before registers change: does anybody want the source afterwards? */
static bool survives(const struct lowering *l)
{
    return l->source.kind >= FLAGS_KEPT && lower_visible(l, FLAGS_ARITHMETIC);
}

void lower_forget_unseen_flags(struct lowering *l)
{
    if (!lower_visible(l, FLAGS_ARITHMETIC)) {
        l->source = flags_source_of(FLAGS_UNSEEN);
        l->host = false;
    }
}

/* What the source has of registers a and b, if so, goes to EAX. */
static void rescue(struct lowering *l, bool a, bool b)
{
    struct flags_source *s = &l->source;
    if (flags_source_uses(s, FLAGS_EAX) || (a && b && s->a != s->b)) {
        lower_flags_to_eax(l);
        return;
    }
    EMIT(l->emitter, MOV, EAX, emit_register(lower_register(32, a ? s->a : s->b)));
    s->a = a ? FLAGS_EAX : s->a;
    s->b = b ? FLAGS_EAX : s->b;
}

void lower_registers_replaced(struct lowering *l)
{
    const struct flags_source *s = &l->source;
    if (!survives(l)) {
        return;
    }
    bool a = s->a < FLAGS_EAX && l->op->replaces >> s->a & 1u;
    bool b = s->b < FLAGS_EAX && l->op->replaces >> s->b & 1u;
    if (a || b) {
        rescue(l, a, b);
    }
}

void lower_register_moves(struct lowering *l, uint8_t reg, uint32_t by)
{
    struct flags_source *s = &l->source;
    if (!survives(l)) {
        return;
    }
    if (s->b == reg) {
        rescue(l, s->a == reg, true);
    } else if (s->a == reg) {
        s->a_offset -= by;
    }
}

/* --- leaving ---------------------------------------------------------------------------------- */

void lower_flags_to_gate(struct lowering *l, const struct flags_source *source)
{
    if (source->kind == FLAGS_IN_GATE) {
        return;
    }
    ASSERT(source->kind >= FLAGS_KEPT);
    EMIT(l->emitter, MOV, GATE(FLAGS_FORM, 4),
         IMMEDIATE(FLAGS_FORM(source->kind, source->width_bits)));
    if (source->a == FLAGS_NONE) {
        EMIT(l->emitter, MOV, GATE(FLAGS_A, 4), IMMEDIATE(source->a_offset));
    } else {
        struct flags_source wide = *source;
        wide.width_bits = 32;
        EMIT(l->emitter, MOV, GATE(FLAGS_A, 4), emit_register(source_a(l, &wide, false)));
    }
    if (source->b != FLAGS_NONE) {
        EMIT(l->emitter, MOV, GATE(FLAGS_B, 4), emit_register(operand_register(32, source->b)));
    } else if (source->kind > FLAGS_KEPT && source->kind != FLAGS_LOGIC) {
        EMIT(l->emitter, MOV, GATE(FLAGS_B, 4), IMMEDIATE(source->b_value));
    }
}
