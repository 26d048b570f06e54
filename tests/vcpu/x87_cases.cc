// Operands, states and instructions for the x87 tests.
#include "vcpu/x87_cases.h"

#include <cstring>

void X87RandomValue(struct random_stream *random, uint64_t *mantissa, uint16_t *sign_exponent)
{
    const uint64_t integer_bit = 1ull << 63;
    uint64_t m = random_next(random);
    uint16_t sign = random_below(random, 2) ? 0x8000 : 0;
    auto below = [&](uint64_t bound) { return static_cast<unsigned>(random_below(random, bound)); };
    unsigned e = 0;
    switch (below(16)) {
    case 0: /* zero */
        m = 0;
        break;
    case 1: /* infinity */
        m = integer_bit;
        e = 0x7fff;
        break;
    case 2: /* quiet NaN */
        m |= 3ull << 62;
        e = 0x7fff;
        break;
    case 3: /* signalling NaN, now and then of few bits */
        m = below(4) ? m : 1ull << below(62);
        m = (m | integer_bit) & ~(1ull << 62);
        m += (m == integer_bit);
        e = 0x7fff;
        break;
    case 4: /* denormal */
        m = (m & ~integer_bit) >> below(63);
        break;
    case 5: /* unsupported: pseudo-denormal, unnormal, pseudo-NaN, pseudo-infinity */
        switch (below(4)) {
        case 0:
            m |= integer_bit;
            break;
        case 1:
            m &= ~integer_bit;
            e = 1 + below(0x7ffe);
            break;
        case 2:
            m &= ~integer_bit;
            e = 0x7fff;
            break;
        default:
            m = 0;
            e = 0x7fff;
            break;
        }
        break;
    case 6: /* about the ends of m32: least denormal, least normal, greatest */
        e = 16383 + std::vector<int>{-150, -127, 127}[below(3)] + below(4);
        m |= integer_bit;
        break;
    case 7: /* about the ends of m64 */
        e = 16383 + std::vector<int>{-1075, -1023, 1023}[below(3)] + below(4) - 1;
        m |= integer_bit;
        break;
    case 8: /* magnitudes of integers and fractions, for rounding and integer stores */
        e = 16383 - 2 + below(68);
        m |= integer_bit;
        break;
    case 9: { /* at and beside powers of two that bound the integer formats */
        e = 16383 + std::vector<int>{14, 15, 30, 31, 62, 63}[below(6)];
        m = integer_bit;
        unsigned choice = below(4);
        if (choice == 1) {
            m += 1ull << below(50);
        } else if (choice == 2) {
            m = ~0ull << below(50);
            e--;
        }
        break;
    }
    case 10: { /* exact, halfway, or a bit off, at the precision of m32 or m64 */
        unsigned keep = below(2) ? 24 : 53;
        uint64_t half = 1ull << (63 - keep);
        m = ((m | integer_bit) & ~(2 * half - 1)) | (below(2) ? half : 0);
        m += below(3) - 1ull;
        m |= integer_bit;
        e = 16383 - 20 + below(40);
        break;
    }
    case 11: /* small integers */
        m = 1 + below(100);
        e = 16383 + 63 - static_cast<unsigned>(__builtin_clzll(m));
        m <<= __builtin_clzll(m);
        break;
    case 12: /* near each other, for cancellation */
        e = 16383 + below(3);
        m = integer_bit + below(4);
        break;
    case 13: /* the ends of the extended format */
        e = below(2) ? 1 + below(70) : 0x7ffe - below(70);
        m |= integer_bit;
        break;
    default:
        e = 1 + below(0x7ffe);
        m |= integer_bit;
        break;
    }
    *mantissa = m;
    *sign_exponent = static_cast<uint16_t>(sign | e);
}

void X87RandomOperand(struct random_stream *random, unsigned size_bytes, uint8_t *bytes)
{
    if (size_bytes == 10) {
        uint64_t mantissa;
        uint16_t sign_exponent;
        X87RandomValue(random, &mantissa, &sign_exponent);
        memcpy(bytes, &mantissa, 8);
        memcpy(bytes + 8, &sign_exponent, 2);
        return;
    }
    unsigned bits = 8 * size_bytes;
    uint64_t all = bits == 64 ? ~0ull : (1ull << bits) - 1;
    uint64_t value = random_next(random);
    unsigned fraction_bits = size_bytes == 4 ? 23 : 52;
    uint64_t exponent_mask = size_bytes == 4 ? 0xffull << 23 : 0x7ffull << 52;
    switch (random_below(random, 8)) {
    case 0: /* as a float: zero or denormal */
        value &= ~exponent_mask;
        value &= random_below(random, 2) ? ~0ull : ~((1ull << fraction_bits) - 1);
        break;
    case 1: /* as a float: infinity or NaN, quiet or not */
        value |= exponent_mask;
        value &= random_below(random, 2) ? ~0ull : ~(1ull << (fraction_bits - 1));
        value &= random_below(random, 3) ? ~0ull : ~((1ull << fraction_bits) - 1);
        break;
    case 2: /* small integers */
        value = random_below(random, 21) - 10;
        break;
    case 3: /* beside the least and greatest integer */
        value = (1ull << (bits - 1)) + random_below(random, 5) - 2;
        break;
    case 4: /* a float of ordinary size */
        value &= ~exponent_mask;
        value |=
            (size_bytes == 4 ? 120 + random_below(random, 20) : 1000 + random_below(random, 50))
            << fraction_bits;
        break;
    default:
        break;
    }
    value &= all;
    memcpy(bytes, &value, size_bytes);
}

X87State X87RandomState(struct random_stream *random)
{
    X87State state = {};
    struct vcpu_x87 *x87 = &state.x87;
    /* All modes alike, the reserved precision among them, and as often the common one. */
    x87->control = X87_CONTROL_INITIAL;
    if (random_below(random, 3)) {
        x87->control =
            static_cast<uint16_t>((random_next(random) & X87_CONTROL_WRITABLE) | X87_CONTROL_FIXED);
    }
    x87->top = static_cast<uint8_t>(random_below(random, 8));
    x87->conditions = static_cast<uint8_t>(random_below(random, 16));
    bool any_empty = random_below(random, 2);
    for (unsigned i = 0; i < 8; i++) {
        if (any_empty && random_below(random, 4) == 0) {
            continue;
        }
        x87->valid |= static_cast<uint8_t>(1u << i);
        X87RandomValue(random, &x87->mantissa[i], &x87->sign_exponent[i]);
    }
    /* A push onto a full stack is the exception, not the rule. */
    if (random_below(random, 3)) {
        unsigned next = (x87->top - 1) & 7;
        x87->valid &= static_cast<uint8_t>(~(1u << next));
        x87->mantissa[next] = 0;
        x87->sign_exponent[next] = 0;
    }
    state.eflags = static_cast<uint32_t>(random_next(random)) & VCPU_FLAG_ALL;
    state.eax = static_cast<uint32_t>(random_next(random));
    for (uint8_t &byte : state.memory) {
        byte = static_cast<uint8_t>(random_next(random));
    }
    return state;
}

std::vector<X87Instruction> X87AllInstructions()
{
    std::vector<X87Instruction> all;
    for (unsigned opcode = 0xd8; opcode <= 0xdf; opcode++) {
        for (unsigned modrm = 0; modrm < 0x100; modrm++) {
            const struct x87_form *form =
                x87_form_find(static_cast<uint8_t>(opcode), static_cast<uint8_t>(modrm));
            bool is_esi = (modrm & 0xc7) == 0x06;
            if (form != nullptr && (modrm >= 0xc0 || is_esi)) {
                all.push_back({static_cast<uint8_t>(opcode), static_cast<uint8_t>(modrm), form, 0});
            }
        }
    }
    return all;
}

X87Sequence X87RandomSequence(struct random_stream *random, unsigned length)
{
    static const std::vector<X87Instruction> all = X87AllInstructions();
    constexpr unsigned control_offset = 112; /* nothing else is stored there */
    X87Sequence sequence = {};
    sequence.before = X87RandomState(random);
    uint8_t *memory = sequence.before.memory;
    for (unsigned offset = 0; offset < control_offset; offset += 16) {
        static const unsigned sizes[] = {2, 4, 8, 10};
        X87RandomOperand(random, sizes[random_below(random, 4)], memory + offset);
    }
    memory[control_offset] |= X87_CONTROL_FIXED;
    while (sequence.instructions.size() < length) {
        X87Instruction one = all[random_below(random, all.size())];
        std::string name = one.form->name;
        /* fninit empties everything, so it is to be rare. */
        if (one.form->kind == X87_STATUS_AX || name == "fnstsw m16" ||
            (name == "fninit" && random_below(random, 16))) {
            continue;
        }
        sequence.bytes.push_back(one.opcode);
        if (one.modrm < 0xc0) {
            one.offset = name == "fldcw m16" ? control_offset
                                             : static_cast<unsigned>(random_below(random, 7)) * 16;
            sequence.bytes.push_back(static_cast<uint8_t>(one.modrm | 0x40));
            sequence.bytes.push_back(static_cast<uint8_t>(one.offset));
        } else {
            sequence.bytes.push_back(one.modrm);
        }
        sequence.count++;
        if (random_below(random, 8) == 0) {
            sequence.bytes.push_back(0x9b); /* fwait */
            sequence.count++;
        }
        sequence.text += name + " (" + std::to_string(one.modrm & 7) + ", +" +
                         std::to_string(one.offset) + "); ";
        sequence.instructions.push_back(one);
    }
    return sequence;
}
