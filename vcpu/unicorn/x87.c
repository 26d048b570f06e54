/*
 * The x87 of a node in and out of Unicorn. It is loaded when the first x87 instruction of a slice
 * is met: most slices have none.
 *
 * Unicorn 2.0.1 agrees with hardware on the values of arithmetic, but not on the following, so
 * instructions with such operands are delegated:
 * - masked stack faults (an empty source, a push onto a full stack): it uses what the register
 * held; and fst to an empty register: it stays empty;
 * - encodings that the 80387 and its successors do not support, and pseudo-denormals;
 * - signalling NaNs stored to narrower formats: it does not quiet them;
 * - constants such as fldpi when not rounding to nearest: it rounds them to nearest.
 * And this is put right:
 * - signalling NaNs loaded from narrower formats are quieted;
 * - fincstp, fdecstp and fsqrt leave C0 to C3 alone;
 * - exception bits read 0: they are cleared before the status word is read (docs/isa.md);
 * - the exception masks are always set: they are set again after fldcw (docs/isa.md).
 */
#include "unicorn/x87.h"

#include <string.h>

#include "x87/x87.h"

#define STATUS_VISIBLE    0x7f00u /* top and C0 to C3 */
#define STATUS_CONDITIONS 0x4700u
#define CONTROL_ROUNDING  0x0c00u /* 0: to nearest */

#define EXPONENT_MASK 0x7fffu
#define INTEGER_BIT   (1ull << 63)
#define QUIET_BIT     (1ull << 62)

static uint16_t read_word(struct unicorn_window *window, int id)
{
    uint64_t value = 0;
    uc_reg_read(window->uc, id, &value);
    return (uint16_t)value;
}

static void write_word(struct unicorn_window *window, int id, uint16_t word)
{
    uint64_t value = word;
    uc_reg_write(window->uc, id, &value);
}

struct extended {
    uint64_t mantissa;
    uint16_t sign_exponent;
};

static struct extended read_physical(struct unicorn_window *window, unsigned physical)
{
    uint8_t bytes[16] = {0};
    uc_reg_read(window->uc, UC_X86_REG_FP0 + (int)physical, bytes);
    struct extended value;
    memcpy(&value.mantissa, bytes, 8);
    memcpy(&value.sign_exponent, bytes + 8, 2);
    return value;
}

static void write_physical(struct unicorn_window *window, unsigned physical, struct extended value)
{
    uint8_t bytes[16] = {0};
    memcpy(bytes, &value.mantissa, 8);
    memcpy(bytes + 8, &value.sign_exponent, 2);
    uc_reg_write(window->uc, UC_X86_REG_FP0 + (int)physical, bytes);
}

static void load(struct unicorn_window *window)
{
    const struct vcpu_x87 *x87 = &window->vcpu->x87;
    uint16_t tags = 0;
    for (unsigned i = 0; i < 8; i++) {
        write_physical(window, i, (struct extended){x87->mantissa[i], x87->sign_exponent[i]});
        if (!(x87->valid >> i & 1)) {
            tags |= (uint16_t)(3u << 2 * i);
        }
    }
    write_word(window, UC_X86_REG_FPTAG, tags);
    write_word(window, UC_X86_REG_FPCW, x87->control);
    write_word(window, UC_X86_REG_FPSW, x87_status(x87));
    window->x87_loaded = true;
}

static bool is_supported(struct extended value)
{
    bool has_exponent = (value.sign_exponent & EXPONENT_MASK) != 0;
    return has_exponent == ((value.mantissa & INTEGER_BIT) != 0);
}

static bool is_signalling(struct extended value)
{
    return (value.sign_exponent & EXPONENT_MASK) == EXPONENT_MASK &&
           (value.mantissa & QUIET_BIT) == 0 && (value.mantissa & ~INTEGER_BIT) != 0;
}

/* What the instruction before left to be put right. */
static void settle(struct unicorn_window *window)
{
    uint16_t after = window->x87_after;
    window->x87_after = 0;
    if (after & UNICORN_X87_CONTROL) {
        uint16_t control = read_word(window, UC_X86_REG_FPCW);
        write_word(window, UC_X86_REG_FPCW,
                   (uint16_t)((control & X87_CONTROL_WRITABLE) | X87_CONTROL_FIXED));
    }
    if (after & UNICORN_X87_KEEP) {
        uint16_t status = read_word(window, UC_X86_REG_FPSW);
        write_word(window, UC_X86_REG_FPSW,
                   (uint16_t)((status & ~STATUS_CONDITIONS) | window->x87_kept));
    }
    if (after & UNICORN_X87_WIDEN) {
        unsigned top = read_word(window, UC_X86_REG_FPSW) >> 11 & 7;
        struct extended value = read_physical(window, top);
        if (is_signalling(value)) {
            value.mantissa |= QUIET_BIT;
            write_physical(window, top, value);
        }
    }
}

static bool is_empty(uint16_t tags, unsigned physical)
{
    return (tags >> 2 * physical & 3) == 3;
}

static bool operands_agree(struct unicorn_window *window, const struct unicorn_traits *traits)
{
    unsigned top = read_word(window, UC_X86_REG_FPSW) >> 11 & 7;
    uint16_t tags = read_word(window, UC_X86_REG_FPTAG);
    if (traits->x87 & UNICORN_X87_ST0) {
        struct extended value = read_physical(window, top);
        if (is_empty(tags, top) || !is_supported(value) ||
            ((traits->x87 & UNICORN_X87_NARROW) && is_signalling(value))) {
            return false;
        }
    }
    if (traits->x87 & UNICORN_X87_STI) {
        unsigned physical = (top + traits->sti) & 7;
        if (is_empty(tags, physical) || !is_supported(read_physical(window, physical))) {
            return false;
        }
    }
    return !(traits->x87 & UNICORN_X87_ROOM) || is_empty(tags, (top - 1) & 7);
}

bool unicorn_x87_prepare(struct unicorn_window *window, const struct unicorn_traits *traits)
{
    if (!window->x87_loaded) {
        load(window);
    }
    settle(window);
    const uint16_t about_operands =
        UNICORN_X87_ST0 | UNICORN_X87_STI | UNICORN_X87_ROOM | UNICORN_X87_NARROW;
    if ((traits->x87 & about_operands) && !operands_agree(window, traits)) {
        return false;
    }
    if ((traits->x87 & UNICORN_X87_NEAREST) &&
        (read_word(window, UC_X86_REG_FPCW) & CONTROL_ROUNDING) != 0) {
        return false;
    }
    if (traits->x87 & UNICORN_X87_KEEP) {
        window->x87_kept = read_word(window, UC_X86_REG_FPSW) & STATUS_CONDITIONS;
    }
    if (traits->x87 & UNICORN_X87_STATUS) {
        uint16_t status = read_word(window, UC_X86_REG_FPSW);
        write_word(window, UC_X86_REG_FPSW, status & STATUS_VISIBLE);
    }
    return true;
}

void unicorn_x87_begin(struct unicorn_window *window, const struct unicorn_traits *traits)
{
    window->x87_after = traits->x87 & (UNICORN_X87_CONTROL | UNICORN_X87_KEEP | UNICORN_X87_WIDEN);
}

void unicorn_x87_save(struct unicorn_window *window, struct vcpu_x87 *x87)
{
    settle(window);
    uint16_t status = read_word(window, UC_X86_REG_FPSW);
    uint16_t tags = read_word(window, UC_X86_REG_FPTAG);
    x87->control = read_word(window, UC_X86_REG_FPCW);
    x87->top = status >> 11 & 7;
    x87->conditions = (uint8_t)((status >> 8 & 7) | (status >> 14 & 1) << 3);
    x87->valid = 0;
    for (unsigned i = 0; i < 8; i++) {
        struct extended value = read_physical(window, i);
        x87->mantissa[i] = value.mantissa;
        x87->sign_exponent[i] = value.sign_exponent;
        x87->valid |= (uint8_t)(!is_empty(tags, i) << i);
    }
    x87_canonicalize(x87);
}
