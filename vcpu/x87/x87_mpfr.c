/*
 * x87 values on MPFR. MPFR has numbers of any precision, correctly rounded results and the trick of
 * rounding to denormal numbers only once; of NaN payloads, unsupported encodings and formats it
 * knows nothing: these are here.
 *
 * A finite value is significand * 2^exponent with the significand in [1/2, 1), as MPFR has it, and
 * fits one limb, which lies in the struct around the MPFR number: nothing is ever allocated.
 */
#include "x87/x87_mpfr.h"

#include <mpfr.h>

_Static_assert(GMP_NUMB_BITS == 64, "a significand of 64 bits is one limb");

#define QUIET_BIT 0x4000000000000000u

/* --- NaN and encodings that are no numbers -----------------------------------------------------
 */

static unsigned exponent_of(struct x87_value value)
{
    return value.sign_exponent & X87_EXPONENT_MASK;
}

static bool is_negative(struct x87_value value)
{
    return (value.sign_exponent & X87_SIGN_BIT) != 0;
}

/* Unnormals, pseudo-NaN, pseudo-infinity: an invalid operand of everything but copies. */
static bool is_unsupported(struct x87_value value)
{
    return exponent_of(value) != 0 && (value.mantissa & X87_INTEGER_BIT) == 0;
}

static bool is_nan(struct x87_value value)
{
    return exponent_of(value) == X87_EXPONENT_MASK && value.mantissa > X87_INTEGER_BIT;
}

static bool is_signalling(struct x87_value value)
{
    return is_nan(value) && (value.mantissa & QUIET_BIT) == 0;
}

static struct x87_value quieted(struct x87_value nan)
{
    return (struct x87_value){nan.mantissa | QUIET_BIT, nan.sign_exponent};
}

/* Intel SDM vol. 1, table 4-7: of a quiet and a signalling NaN the quiet one, of two of a kind that
 * with the larger significand; of equal ones the positive (measured). */
static struct x87_value nan_of(struct x87_value a, struct x87_value b)
{
    bool take_b = !is_nan(a);
    if (is_nan(a) && is_nan(b)) {
        if (is_signalling(a) != is_signalling(b)) {
            take_b = is_signalling(a);
        } else if (a.mantissa != b.mantissa) {
            take_b = a.mantissa < b.mantissa;
        } else {
            take_b = is_negative(a);
        }
    }
    return quieted(take_b ? b : a);
}

/* --- numbers -----------------------------------------------------------------------------------
 */

/* Not to be copied: value points at limb. */
struct number {
    mpfr_t value;
    mp_limb_t limb; /* the significand, its highest bit set */
};

/* A format's greatest exponent, from which all of its exponents follow: biased, 1 is encoded as
 * most - 1, and infinity as 2 * most - 1. */
enum { EXTENDED_MOST = 16384, F64_MOST = 1024, F32_MOST = 128 };
enum { EXTENDED_BITS = 64, F64_BITS = 53, F32_BITS = 24 };

static void number_init(struct number *number, mpfr_prec_t precision)
{
    mpfr_custom_init_set(number->value, MPFR_ZERO_KIND, 0, precision, &number->limb);
}

/* Any value but NaN and unsupported ones; a pseudo-denormal is the normal number it stands for. */
static void number_set(struct number *number, struct x87_value value)
{
    int sign = is_negative(value) ? -1 : 1;
    unsigned exponent = exponent_of(value);
    if (exponent == X87_EXPONENT_MASK) {
        mpfr_custom_init_set(number->value, sign * MPFR_INF_KIND, 0, EXTENDED_BITS, &number->limb);
    } else if (value.mantissa == 0) {
        mpfr_custom_init_set(number->value, sign * MPFR_ZERO_KIND, 0, EXTENDED_BITS, &number->limb);
    } else {
        int shift = __builtin_clzll(value.mantissa);
        mpfr_exp_t scale = (mpfr_exp_t)(exponent == 0 ? 1 : exponent) - (EXTENDED_MOST - 2) - shift;
        number->limb = value.mantissa << shift;
        mpfr_custom_init_set(number->value, sign * MPFR_REGULAR_KIND, scale, EXTENDED_BITS,
                             &number->limb);
    }
}

/* The bits of a number that is settled in a format: its biased exponent, 0 for denormal ones, and
 * its significand with the integer bit in bit 63. */
static uint64_t number_get(const struct number *number, int most, unsigned *exponent)
{
    if (mpfr_zero_p(number->value)) {
        *exponent = 0;
        return 0;
    }
    if (mpfr_inf_p(number->value)) {
        *exponent = 2u * (unsigned)most - 1;
        return X87_INTEGER_BIT;
    }
    mpfr_exp_t biased = mpfr_custom_get_exp(number->value) + most - 2;
    if (biased < 1) {
        *exponent = 0;
        return number->limb >> (1 - biased);
    }
    *exponent = (unsigned)biased;
    return number->limb;
}

static struct x87_value number_value(const struct number *number)
{
    if (mpfr_nan_p(number->value)) {
        return x87_value_indefinite(); /* of operands that are none: an invalid operation */
    }
    unsigned exponent;
    uint64_t mantissa = number_get(number, EXTENDED_MOST, &exponent);
    unsigned sign = mpfr_signbit(number->value) ? X87_SIGN_BIT : 0;
    return (struct x87_value){mantissa, (uint16_t)(sign | exponent)};
}

/* --- rounding ----------------------------------------------------------------------------------
 */

struct range {
    mpfr_exp_t least;
    mpfr_exp_t most;
};

/* Everything is computed in MPFR's widest range, so no intermediate result is out of it, whatever
 * range the caller of the library computes in. */
static struct range range_widen(void)
{
    struct range before = {mpfr_get_emin(), mpfr_get_emax()};
    mpfr_set_emin(mpfr_get_emin_min());
    mpfr_set_emax(mpfr_get_emax_max());
    return before;
}

/*
 * Brings a result rounded to its precision into the format of that precision and greatest exponent:
 * overflow, underflow, denormal numbers. MPFR tells by `ternary` on which side of the exact result
 * the rounded one is, and so rounds again without erring. Restores the caller's range.
 */
static void settle(struct number *number, int ternary, int most, mpfr_rnd_t direction,
                   struct range before)
{
    mpfr_set_emin(4 - most - mpfr_get_prec(number->value));
    mpfr_set_emax(most);
    ternary = mpfr_check_range(number->value, ternary, direction);
    mpfr_subnormalize(number->value, ternary, direction);
    mpfr_set_emin(before.least);
    mpfr_set_emax(before.most);
}

static mpfr_rnd_t direction_of(uint16_t control)
{
    static const mpfr_rnd_t directions[] = {MPFR_RNDN, MPFR_RNDD, MPFR_RNDU, MPFR_RNDZ};
    return directions[(control & X87_CONTROL_ROUNDING_MASK) >> 10];
}

/* Fewer bits, but the exponents of the extended format (Intel SDM vol. 1, 8.1.5.2). */
static mpfr_prec_t precision_of(uint16_t control)
{
    switch (control & X87_CONTROL_PRECISION_MASK) {
    case 0x0000:
        return F32_BITS;
    case 0x0200:
        return F64_BITS;
    default:
        return EXTENDED_BITS;
    }
}

/* --- the operations ----------------------------------------------------------------------------
 */

struct x87_value x87_mpfr_combine(enum x87_operation operation, struct x87_value a,
                                  struct x87_value b, uint16_t control)
{
    if (is_unsupported(a) || is_unsupported(b)) {
        return x87_value_indefinite();
    }
    if (is_nan(a) || is_nan(b)) {
        return nan_of(a, b);
    }
    struct number x, y, result;
    number_set(&x, a);
    number_set(&y, b);
    number_init(&result, precision_of(control));
    mpfr_rnd_t direction = direction_of(control);
    struct range before = range_widen();
    int ternary = 0;
    switch (operation) {
    case X87_ADD:
        ternary = mpfr_add(result.value, x.value, y.value, direction);
        break;
    case X87_MUL:
        ternary = mpfr_mul(result.value, x.value, y.value, direction);
        break;
    case X87_SUB:
        ternary = mpfr_sub(result.value, x.value, y.value, direction);
        break;
    case X87_SUBR:
        ternary = mpfr_sub(result.value, y.value, x.value, direction);
        break;
    case X87_DIV:
        ternary = mpfr_div(result.value, x.value, y.value, direction);
        break;
    case X87_DIVR:
        ternary = mpfr_div(result.value, y.value, x.value, direction);
        break;
    }
    settle(&result, ternary, EXTENDED_MOST, direction, before);
    return number_value(&result);
}

struct x87_value x87_mpfr_sqrt(struct x87_value value, uint16_t control)
{
    if (is_unsupported(value)) {
        return x87_value_indefinite();
    }
    if (is_nan(value)) {
        return quieted(value);
    }
    struct number x, result;
    number_set(&x, value);
    number_init(&result, precision_of(control));
    struct range before = range_widen();
    int ternary = mpfr_sqrt(result.value, x.value, direction_of(control));
    settle(&result, ternary, EXTENDED_MOST, direction_of(control), before);
    return number_value(&result);
}

/* *rounded is the integral value; an integer of 64 bits at most is exact, so settles as it is. */
static void round_integral(struct number *rounded, struct x87_value value, uint16_t control)
{
    struct number x;
    number_set(&x, value);
    number_init(rounded, EXTENDED_BITS);
    struct range before = range_widen();
    mpfr_rint(rounded->value, x.value, direction_of(control));
    settle(rounded, 0, EXTENDED_MOST, direction_of(control), before);
}

struct x87_value x87_mpfr_round(struct x87_value value, uint16_t control)
{
    if (is_unsupported(value)) {
        return x87_value_indefinite();
    }
    if (is_nan(value)) {
        return quieted(value);
    }
    struct number rounded;
    round_integral(&rounded, value, control);
    return number_value(&rounded);
}

enum x87_relation x87_mpfr_compare(struct x87_value a, struct x87_value b)
{
    if (is_unsupported(a) || is_unsupported(b) || is_nan(a) || is_nan(b)) {
        return X87_UNORDERED;
    }
    struct number x, y;
    number_set(&x, a);
    number_set(&y, b);
    int order = mpfr_cmp(x.value, y.value);
    return order < 0 ? X87_LESS : order > 0 ? X87_GREATER : X87_EQUAL;
}

/* --- formats in memory -------------------------------------------------------------------------
 */

/* Exact; a signalling NaN stays one. */
static struct x87_value widen_float(uint64_t bits, int precision, int most)
{
    unsigned exponent_mask = 2u * (unsigned)most - 1;
    unsigned sign = bits >> (precision - 1) > exponent_mask ? X87_SIGN_BIT : 0;
    unsigned exponent = (unsigned)(bits >> (precision - 1)) & exponent_mask;
    uint64_t mantissa = bits << (EXTENDED_BITS - precision) & ~X87_INTEGER_BIT;
    if (exponent == exponent_mask) {
        return (struct x87_value){mantissa | X87_INTEGER_BIT, (uint16_t)(sign | X87_EXPONENT_MASK)};
    }
    if (exponent != 0) {
        mantissa |= X87_INTEGER_BIT;
    } else if (mantissa == 0) {
        return (struct x87_value){0, (uint16_t)sign};
    } else {
        exponent = 1;
    }
    int shift = __builtin_clzll(mantissa);
    unsigned extended = exponent + (unsigned)(EXTENDED_MOST - most - shift);
    return (struct x87_value){mantissa << shift, (uint16_t)(sign | extended)};
}

static struct x87_value widen_integer(int64_t integer)
{
    if (integer == 0) {
        return (struct x87_value){0, 0};
    }
    uint64_t magnitude = integer < 0 ? 0 - (uint64_t)integer : (uint64_t)integer;
    int shift = __builtin_clzll(magnitude);
    unsigned exponent = (unsigned)(EXTENDED_MOST - 1 + 63 - shift);
    return (struct x87_value){magnitude << shift,
                              (uint16_t)((integer < 0 ? X87_SIGN_BIT : 0) | exponent)};
}

static struct x87_value widen(enum x87_format format, uint64_t bits)
{
    switch (format) {
    case X87_F32:
        return widen_float((uint32_t)bits, F32_BITS, F32_MOST);
    case X87_F64:
        return widen_float(bits, F64_BITS, F64_MOST);
    case X87_I16:
        return widen_integer((int16_t)bits);
    case X87_I32:
        return widen_integer((int32_t)bits);
    case X87_I64:
        break;
    }
    return widen_integer((int64_t)bits);
}

struct x87_value x87_mpfr_from(enum x87_format format, uint64_t bits)
{
    struct x87_value value = widen(format, bits);
    return is_nan(value) ? quieted(value) : value;
}

struct x87_value x87_mpfr_combine_memory(enum x87_operation operation, struct x87_value a,
                                         enum x87_format format, uint64_t bits, uint16_t control)
{
    return x87_mpfr_combine(operation, a, widen(format, bits), control);
}

static uint64_t narrow_float(struct x87_value value, int precision, int most, uint16_t control)
{
    unsigned exponent = 2u * (unsigned)most - 1;
    uint64_t mantissa;
    if (is_unsupported(value)) {
        value = x87_value_indefinite();
    }
    if (is_nan(value)) {
        mantissa = quieted(value).mantissa;
    } else {
        struct number x, result;
        number_set(&x, value);
        number_init(&result, precision);
        mpfr_rnd_t direction = direction_of(control);
        struct range before = range_widen();
        int ternary = mpfr_set(result.value, x.value, direction);
        settle(&result, ternary, most, direction, before);
        mantissa = number_get(&result, most, &exponent);
    }
    /* The integer bit is not kept. */
    uint64_t fraction = (mantissa & ~X87_INTEGER_BIT) >> (EXTENDED_BITS - precision);
    uint64_t sign = is_negative(value) ? 2u * (uint64_t)most : 0;
    return (sign | exponent) << (precision - 1) | fraction;
}

/* Two's complement of that many bits, the upper ones 0. */
static uint64_t narrow_integer(struct x87_value value, int bits, uint16_t control)
{
    const uint64_t indefinite = 1ull << (bits - 1);
    if (is_unsupported(value) || exponent_of(value) == X87_EXPONENT_MASK) {
        return indefinite;
    }
    struct number rounded;
    round_integral(&rounded, value, control);
    if (mpfr_zero_p(rounded.value)) {
        return 0;
    }
    mpfr_exp_t length = mpfr_custom_get_exp(rounded.value);
    if (length > bits) {
        return indefinite;
    }
    uint64_t magnitude = rounded.limb >> (64 - length);
    if (magnitude >= indefinite) { /* the least integer has the bits of the indefinite one */
        return indefinite;
    }
    return (is_negative(value) ? 0 - magnitude : magnitude) & (indefinite | (indefinite - 1));
}

uint64_t x87_mpfr_to(enum x87_format format, struct x87_value value, uint16_t control)
{
    switch (format) {
    case X87_F32:
        return narrow_float(value, F32_BITS, F32_MOST, control);
    case X87_F64:
        return narrow_float(value, F64_BITS, F64_MOST, control);
    case X87_I16:
        return narrow_integer(value, 16, control);
    case X87_I32:
        return narrow_integer(value, 32, control);
    case X87_I64:
        break;
    }
    return narrow_integer(value, 64, control);
}

/* Intel SDM vol. 1, 8.3.8; the digits are those of the numbers themselves. */
struct x87_value x87_mpfr_constant(enum x87_constant constant, uint16_t control)
{
    static const struct {
        uint64_t mantissa; /* rounded down */
        uint16_t exponent;
        bool is_inexact;
        bool is_nearer_above;
    } constants[] = {
        [X87_ONE] = {0x8000000000000000u, 0x3fff, false, false},
        [X87_LOG2_10] = {0xd49a784bcd1b8afeu, 0x4000, true, false},
        [X87_LOG2_E] = {0xb8aa3b295c17f0bbu, 0x3fff, true, true},
        [X87_PI] = {0xc90fdaa22168c234u, 0x4000, true, true},
        [X87_LOG10_2] = {0x9a209a84fbcff798u, 0x3ffd, true, true},
        [X87_LN_2] = {0xb17217f7d1cf79abu, 0x3ffe, true, true},
        [X87_ZERO] = {0, 0, false, false},
    };
    mpfr_rnd_t direction = direction_of(control);
    bool up =
        constants[constant].is_inexact &&
        (direction == MPFR_RNDU || (direction == MPFR_RNDN && constants[constant].is_nearer_above));
    return (struct x87_value){constants[constant].mantissa + up, constants[constant].exponent};
}
