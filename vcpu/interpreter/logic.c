/*
 * Bitwise logic: and or xor test not (Intel SDM vol. 2A). CF and OF become 0; AF, which x86 leaves
 * undefined, becomes 0 too.
 */
#include "interpreter/flags.h"
#include "interpreter/shapes.h"

static inline uint32_t logic_result(struct interpreter *m, uint32_t result, unsigned bits)
{
    m->result = sign_extend(result, bits);
    m->carries = 0;
    return result;
}

static inline uint32_t bits_and(struct interpreter *m, uint32_t a, uint32_t b, unsigned bits)
{
    return logic_result(m, a & b, bits);
}

static inline uint32_t bits_or(struct interpreter *m, uint32_t a, uint32_t b, unsigned bits)
{
    return logic_result(m, a | b, bits);
}

static inline uint32_t bits_xor(struct interpreter *m, uint32_t a, uint32_t b, unsigned bits)
{
    return logic_result(m, a ^ b, bits);
}

static inline void bits_test(struct interpreter *m, uint32_t a, uint32_t b, unsigned bits)
{
    logic_result(m, a & b, bits);
}

/* Changes no flag. */
static inline uint32_t bits_not(struct interpreter *m, uint32_t a, unsigned bits)
{
    (void)m;
    (void)bits;
    return ~a;
}

BINARY(bits_and)
BINARY(bits_or)
BINARY(bits_xor)
COMPARE(bits_test)
UNARY(bits_not)

op_handler *logic_select(const struct isa_instruction *instruction, struct op *op)
{
    static binary_table ands = BINARY_TABLE(bits_and);
    static binary_table ors = BINARY_TABLE(bits_or);
    static binary_table xors = BINARY_TABLE(bits_xor);
    static binary_table tests = BINARY_TABLE(bits_test);
    static unary_table nots = UNARY_TABLE(bits_not);
    (void)op;
    switch (instruction->operation) {
    case ISA_AND:
        return binary_pick(ands, instruction);
    case ISA_OR:
        return binary_pick(ors, instruction);
    case ISA_XOR:
        return binary_pick(xors, instruction);
    case ISA_TEST:
        return binary_pick(tests, instruction);
    case ISA_NOT:
        return unary_pick(nots, instruction);
    default:
        return NULL;
    }
}
