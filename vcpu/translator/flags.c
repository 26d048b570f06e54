/* What the descriptions of flags stand for (flags.h). */
#include "translator/flags.h"

#include <base/assert.h>

struct flags_source flags_source_of(enum flags_kind kind)
{
    return (struct flags_source){.kind = (uint8_t)kind, .a = FLAGS_NONE, .b = FLAGS_NONE};
}

bool flags_source_equal(const struct flags_source *x, const struct flags_source *y)
{
    return x->kind == y->kind && x->width_bits == y->width_bits && x->a == y->a && x->b == y->b &&
           x->a_sign == y->a_sign && x->a_offset == y->a_offset && x->b_value == y->b_value;
}

/* Those that are by the result alone. */
static uint32_t flags_of_result(uint32_t result, unsigned width_bits)
{
    result <<= 32 - width_bits;
    uint32_t low = result >> (32 - width_bits) & 0xffu;
    return (result == 0 ? VCPU_FLAG_ZF : 0) | (result >> 31 ? VCPU_FLAG_SF : 0) |
           (__builtin_parity(low) ? 0 : VCPU_FLAG_PF);
}

/* All six, from the result and the carry (or borrow) out of each bit. */
static uint32_t flags_of_carries(uint32_t result, uint32_t carries, unsigned width_bits)
{
    uint32_t out = carries >> (width_bits - 1) & 1u;
    uint32_t into = carries >> (width_bits - 2) & 1u;
    return flags_of_result(result, width_bits) | (out ? VCPU_FLAG_CF : 0) |
           (out != into ? VCPU_FLAG_OF : 0) | (carries >> 3 & 1u ? VCPU_FLAG_AF : 0);
}

static uint32_t flags_of_sum(uint32_t a, uint32_t b, unsigned width_bits)
{
    uint32_t sum = a + b;
    return flags_of_carries(sum, (a & b) | ((a | b) & ~sum), width_bits);
}

static uint32_t flags_of_difference(uint32_t a, uint32_t b, unsigned width_bits)
{
    uint32_t difference = a - b;
    return flags_of_carries(difference, (~a & b) | (~(a ^ b) & difference), width_bits);
}

/* Of a shift by 1 or more: AF is 0, and OF if it was more than 1 (docs/isa.md). */
static uint32_t flags_of_shift(enum flags_kind kind, uint32_t a, unsigned count,
                               unsigned width_bits)
{
    unsigned above = 32 - width_bits;
    int32_t wide = (int32_t)(a << above) >> above; /* the sign fills what is above the width */
    uint32_t result = (uint32_t)wide << count;
    uint32_t out = (uint32_t)wide >> (width_bits - count) & 1u;
    if (kind != FLAGS_SHL) {
        result = kind == FLAGS_SAR ? (uint32_t)(wide >> count) : (a << above >> above) >> count;
        out = (uint32_t)wide >> (count - 1) & 1u;
    }
    uint32_t sign = (uint32_t)wide >> 31;
    uint32_t overflow = kind == FLAGS_SHL   ? (result >> (width_bits - 1) & 1u) ^ out
                        : kind == FLAGS_SHR ? sign
                                            : 0;
    return flags_of_result(result, width_bits) | (out ? VCPU_FLAG_CF : 0) |
           (count == 1 && overflow ? VCPU_FLAG_OF : 0);
}

/* CF and OF say that the product does not fit; the others are 0 (docs/isa.md). */
static uint32_t flags_of_product(uint32_t a, uint32_t b, unsigned width_bits)
{
    unsigned above = 32 - width_bits;
    int64_t product = (int64_t)((int32_t)(a << above) >> above) * ((int32_t)(b << above) >> above);
    int64_t limit = (int64_t)1 << (width_bits - 1);
    return product >= -limit && product < limit ? 0 : VCPU_FLAG_CF | VCPU_FLAG_OF;
}

uint32_t flags_of_gate(uint32_t form, uint32_t a, uint32_t b)
{
    unsigned width_bits = form >> 8;
    uint32_t carry = b & 1u ? VCPU_FLAG_CF : 0;
    switch (form & 0xffu) {
    case FLAGS_KEPT:
        return (a >> 8 & 0xd5u) | (a & 1u ? VCPU_FLAG_OF : 0u);
    case FLAGS_SUB:
        return flags_of_difference(a, b, width_bits);
    case FLAGS_ADD:
        return flags_of_sum(a, b, width_bits);
    case FLAGS_LOGIC:
        return flags_of_result(a, width_bits);
    case FLAGS_INC:
        return (flags_of_sum(a, 1, width_bits) & ~VCPU_FLAG_CF) | carry;
    case FLAGS_DEC:
        return (flags_of_difference(a, 1, width_bits) & ~VCPU_FLAG_CF) | carry;
    case FLAGS_SHL:
    case FLAGS_SHR:
    case FLAGS_SAR:
        return flags_of_shift((enum flags_kind)(form & 0xffu), a, b, width_bits);
    case FLAGS_IMUL:
        return flags_of_product(a, b, width_bits);
    default:
        ASSERT(!"translated code left without saying what the flags are");
        return 0;
    }
}
