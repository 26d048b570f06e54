/*
 * The six arithmetic flags, kept lazily in two words, so that an arithmetic instruction costs two
 * stores and a condition two loads and no dispatch on what made it (the carry-vector scheme of
 * Bochs' lazy flags; Mihocka and Shwartsman 2008, "Virtualization Without Direct Execution").
 *
 *   result   the last result, sign-extended to 32 bits. ZF: is it 0? SF: its bit 31. PF: the parity
 *            of its low byte.
 *   carries  bit 31: carry out of the top bit (CF). bit 30: carry into the top bit (OF = bit 31 xor
 *            bit 30). bit 3: carry out of bit 3 (AF). bit 0 inverts SF, bit 8 inverts PF, so that
 *            any six flags at all can be expressed. The other bits are 0.
 */
#ifndef DENALI_VCPU_INTERPRETER_FLAGS_H
#define DENALI_VCPU_INTERPRETER_FLAGS_H

#include "interpreter/interpreter.h"

#define CARRY_CF 0x80000000u
#define CARRY_IN 0x40000000u /* carry into the top bit */
#define CARRY_AF 0x00000008u
#define CARRY_SF 0x00000001u /* inverts SF */
#define CARRY_PF 0x00000100u /* inverts PF */

#define CARRY_VECTOR (CARRY_CF | CARRY_IN | CARRY_AF)

static inline uint32_t flag_cf(const struct interpreter *m)
{
    return m->carries >> 31;
}

static inline uint32_t flag_zf(const struct interpreter *m)
{
    return m->result == 0;
}

static inline uint32_t flag_sf(const struct interpreter *m)
{
    return (m->result >> 31) ^ (m->carries & CARRY_SF);
}

static inline uint32_t flag_of(const struct interpreter *m)
{
    return (m->carries ^ (m->carries << 1)) >> 31;
}

static inline uint32_t flag_af(const struct interpreter *m)
{
    return (m->carries >> 3) & 1u;
}

static inline uint32_t flag_pf(const struct interpreter *m)
{
    uint32_t byte = (m->result ^ (m->carries >> 8)) & 0xffu;
    return !__builtin_parity(byte);
}

/* All seven flags as EFLAGS has them. */
static inline uint32_t flags_get(const struct interpreter *m)
{
    return flag_cf(m) | flag_pf(m) << 2 | flag_af(m) << 4 | flag_zf(m) << 6 | flag_sf(m) << 7 |
           m->direction | flag_of(m) << 11;
}

/* The six arithmetic flags from EFLAGS bits; DF stays. */
static inline void flags_set_arithmetic(struct interpreter *m, uint32_t flags)
{
    uint32_t cf = flags & VCPU_FLAG_CF ? 1 : 0;
    uint32_t of = flags & VCPU_FLAG_OF ? 1 : 0;
    uint32_t zf = flags & VCPU_FLAG_ZF ? 1 : 0;
    uint32_t pf = flags & VCPU_FLAG_PF ? 1 : 0;
    m->result = !zf; /* SF 0, and PF as ZF */
    m->carries = cf << 31 | (cf ^ of) << 30 | (flags & VCPU_FLAG_AF ? CARRY_AF : 0) |
                 (flags & VCPU_FLAG_SF ? CARRY_SF : 0) | (pf ^ zf ? CARRY_PF : 0);
}

static inline void flags_set(struct interpreter *m, uint32_t flags)
{
    flags_set_arithmetic(m, flags);
    m->direction = flags & VCPU_FLAG_DF;
}

/* Does the condition hold? The low four bits of jcc's opcode (SDM vol. 1, appendix B). */
static inline bool condition_holds(const struct interpreter *m, unsigned condition)
{
    bool holds = false;
    switch (condition >> 1) {
    case 0:
        holds = flag_of(m);
        break;
    case 1:
        holds = flag_cf(m);
        break;
    case 2:
        holds = flag_zf(m);
        break;
    case 3:
        holds = flag_cf(m) | flag_zf(m);
        break;
    case 4:
        holds = flag_sf(m);
        break;
    case 5:
        holds = flag_pf(m);
        break;
    case 6:
        holds = flag_sf(m) ^ flag_of(m);
        break;
    default:
        holds = flag_zf(m) | (flag_sf(m) ^ flag_of(m));
        break;
    }
    return holds ^ (condition & 1u);
}

/* --- what arithmetic leaves ------------------------------------------------------------------- */

/* The carry vector of sum = a + b + carry in: bit i is the carry out of bit i. */
static inline uint32_t carries_of_sum(uint32_t a, uint32_t b, uint32_t sum)
{
    return (a & b) | ((a | b) & ~sum);
}

/* The borrow vector of difference = a - b - borrow in. */
static inline uint32_t carries_of_difference(uint32_t a, uint32_t b, uint32_t difference)
{
    return (~a & b) | (~(a ^ b) & difference);
}

/* Moves a vector of a narrow operation to the top, where the flags are read; AF stays. */
static inline uint32_t carries_place(uint32_t vector, unsigned bits)
{
    if (bits == 32) {
        return vector & CARRY_VECTOR;
    }
    return ((vector << (32 - bits)) & (CARRY_CF | CARRY_IN)) | (vector & CARRY_AF);
}

static inline uint32_t sign_extend(uint32_t value, unsigned bits)
{
    return bits == 8 ? (uint32_t)(int8_t)value : bits == 16 ? (uint32_t)(int16_t)value : value;
}

/* a + b and its flags. */
static inline uint32_t flags_add(struct interpreter *m, uint32_t a, uint32_t b, unsigned bits)
{
    uint32_t sum = a + b;
    m->result = sign_extend(sum, bits);
    m->carries = carries_place(carries_of_sum(a, b, sum), bits);
    return sum;
}

/* a - b and its flags. */
static inline uint32_t flags_subtract(struct interpreter *m, uint32_t a, uint32_t b, unsigned bits)
{
    uint32_t difference = a - b;
    m->result = sign_extend(difference, bits);
    m->carries = carries_place(carries_of_difference(a, b, difference), bits);
    return difference;
}

/* CF and OF (0 or 1); the others stay. */
static inline void flags_set_cf_of(struct interpreter *m, uint32_t cf, uint32_t of)
{
    m->carries = (m->carries & ~(CARRY_CF | CARRY_IN)) | cf << 31 | (cf ^ of) << 30;
}

/* ZF and CF (0 or 1), the other four 0. */
static inline void flags_zf_cf(struct interpreter *m, uint32_t zf, uint32_t cf)
{
    m->result = !zf; /* whose PF is ZF: invert it where that is 1 */
    m->carries = cf << 31 | cf << 30 | (zf ? CARRY_PF : 0);
}

/* ZF SF PF by the result; CF and OF as given (0 or 1), AF 0. */
static inline void flags_of_result(struct interpreter *m, uint32_t result, unsigned bits,
                                   uint32_t cf, uint32_t of)
{
    m->result = sign_extend(result, bits);
    m->carries = cf << 31 | (cf ^ of) << 30;
}

#endif
