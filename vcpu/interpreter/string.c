/*
 * String instructions: movs cmps stos lods scas, alone and repeated (Intel SDM vol. 2, REP).
 *
 * With a repeat prefix each iteration is an instruction of its own: it retires one and leaves EIP
 * where it is until the last. With ECX = 0 the instruction retires one and falls through. A
 * repeated instruction is alone in its block, so that it may do as many iterations at once as the
 * budget allows (interpreter.window).
 */
#include "interpreter/flags.h"
#include "interpreter/shapes.h"

/* How far ESI and EDI move. */
static inline uint32_t step(const struct interpreter *m, uint32_t size_bytes)
{
    return m->direction ? 0u - size_bytes : size_bytes;
}

/*
 * One iteration each: true if it is done, false if it faulted and nothing changed. All operands of
 * one width; ECX is the caller's.
 */
#define ITERATIONS_WIDTH(bits)                                                                     \
    static inline bool movs##bits(struct interpreter *m, const struct op *op)                      \
    {                                                                                              \
        uint##bits##_t value;                                                                      \
        if (!load##bits(m, op, m->gpr[VCPU_ESI], &value) ||                                        \
            !store##bits(m, op, m->gpr[VCPU_EDI], value)) {                                        \
            return false;                                                                          \
        }                                                                                          \
        m->gpr[VCPU_ESI] += step(m, sizeof value);                                                 \
        m->gpr[VCPU_EDI] += step(m, sizeof value);                                                 \
        return true;                                                                               \
    }                                                                                              \
    static inline bool stos##bits(struct interpreter *m, const struct op *op)                      \
    {                                                                                              \
        if (!store##bits(m, op, m->gpr[VCPU_EDI], REG##bits(m, VCPU_EAX * 4))) {                   \
            return false;                                                                          \
        }                                                                                          \
        m->gpr[VCPU_EDI] += step(m, (bits) / 8);                                                   \
        return true;                                                                               \
    }                                                                                              \
    static inline bool lods##bits(struct interpreter *m, const struct op *op)                      \
    {                                                                                              \
        uint##bits##_t value;                                                                      \
        if (!load##bits(m, op, m->gpr[VCPU_ESI], &value)) {                                        \
            return false;                                                                          \
        }                                                                                          \
        REG##bits(m, VCPU_EAX * 4) = value;                                                        \
        m->gpr[VCPU_ESI] += step(m, sizeof value);                                                 \
        return true;                                                                               \
    }                                                                                              \
    static inline bool cmps##bits(struct interpreter *m, const struct op *op)                      \
    {                                                                                              \
        uint##bits##_t a;                                                                          \
        uint##bits##_t b;                                                                          \
        if (!load##bits(m, op, m->gpr[VCPU_ESI], &a) ||                                            \
            !load##bits(m, op, m->gpr[VCPU_EDI], &b)) {                                            \
            return false;                                                                          \
        }                                                                                          \
        flags_subtract(m, a, b, bits);                                                             \
        m->gpr[VCPU_ESI] += step(m, sizeof a);                                                     \
        m->gpr[VCPU_EDI] += step(m, sizeof a);                                                     \
        return true;                                                                               \
    }                                                                                              \
    static inline bool scas##bits(struct interpreter *m, const struct op *op)                      \
    {                                                                                              \
        uint##bits##_t b;                                                                          \
        if (!load##bits(m, op, m->gpr[VCPU_EDI], &b)) {                                            \
            return false;                                                                          \
        }                                                                                          \
        flags_subtract(m, REG##bits(m, VCPU_EAX * 4), b, bits);                                    \
        m->gpr[VCPU_EDI] += step(m, sizeof b);                                                     \
        return true;                                                                               \
    }

ITERATIONS_WIDTH(8)
ITERATIONS_WIDTH(16)
ITERATIONS_WIDTH(32)

typedef bool iteration(struct interpreter *m, const struct op *op);

/* Has an iteration that wrote at address hit the bytes of the instruction itself? (Its page may
 * already be private, so that the store was a fast one.) */
static inline bool hit_itself(const struct op *op, uint32_t address)
{
    return address + 3u - op->eip < op->length_bytes + 3u;
}

/*
 * Repeats: until ECX is 0, or, where_zf being 0 or 1, until ZF differs from it; where_zf 2 asks
 * for no flag. Goes no further than the window, a fault, or a store that may have changed code.
 */
static inline __attribute__((always_inline)) const struct op *
repeat(struct interpreter *m, const struct op *op, iteration *once, unsigned where_zf)
{
    uint32_t next = op->eip + op->length_bytes;
    if (m->gpr[VCPU_ECX] == 0) {
        return interpreter_go(m, op, next);
    }
    uint64_t done = 0;
    m->eip = op->eip;
    while (done < m->window) {
        uint32_t written = m->gpr[VCPU_EDI];
        if (!once(m, op)) {
            break; /* stopped, with EIP here */
        }
        done++;
        if (--m->gpr[VCPU_ECX] == 0 || (where_zf < 2 && flag_zf(m) != where_zf)) {
            m->eip = next;
            break;
        }
        if (m->leave || hit_itself(op, written)) {
            break;
        }
    }
    if (done == 0) {
        return op;
    }
    m->iterations = done - 1;
    return op + 1;
}

#define NO_FLAG 2u

#define HANDLERS_WIDTH(work, bits, rep_zf)                                                         \
    HANDLER(work##bits##_one)                                                                      \
    {                                                                                              \
        if (!work##bits(m, op)) {                                                                  \
            return op;                                                                             \
        }                                                                                          \
        NEXT_STORED;                                                                               \
    }                                                                                              \
    HANDLER(work##bits##_rep)                                                                      \
    {                                                                                              \
        return repeat(m, op, work##bits, rep_zf);                                                  \
    }
#define UNTIL_WIDTH(work, bits)                                                                    \
    HANDLER(work##bits##_until)                                                                    \
    {                                                                                              \
        return repeat(m, op, work##bits, 0);                                                       \
    }
#define HANDLERS(work, rep_zf)                                                                     \
    HANDLERS_WIDTH(work, 8, rep_zf)                                                                \
    HANDLERS_WIDTH(work, 16, rep_zf) HANDLERS_WIDTH(work, 32, rep_zf)
#define UNTIL(work) UNTIL_WIDTH(work, 8) UNTIL_WIDTH(work, 16) UNTIL_WIDTH(work, 32)

HANDLERS(movs, NO_FLAG)
HANDLERS(stos, NO_FLAG)
HANDLERS(lods, NO_FLAG)
HANDLERS(cmps, 1)
HANDLERS(scas, 1)
UNTIL(cmps)
UNTIL(scas)

#define ROW_PLAIN(work, bits)                                                                      \
    {                                                                                              \
        work##bits##_one, work##bits##_rep, NULL, NULL                                             \
    }
#define ROW_FLAGS(work, bits)                                                                      \
    {                                                                                              \
        work##bits##_one, NULL, work##bits##_rep, work##bits##_until                               \
    }
#define TABLE(row, work)                                                                           \
    {                                                                                              \
        row(work, 8), row(work, 16), row(work, 32)                                                 \
    }

op_handler *string_select(const struct isa_instruction *instruction, struct op *op)
{
    /* By [operation][width_index][enum isa_repeat]. */
    static op_handler *const handlers[5][3][4] = {
        TABLE(ROW_PLAIN, movs), TABLE(ROW_FLAGS, cmps), TABLE(ROW_PLAIN, stos),
        TABLE(ROW_PLAIN, lods), TABLE(ROW_FLAGS, scas),
    };
    (void)op;
    return handlers[instruction->operation - ISA_MOVS][width_index(instruction)]
                   [instruction->repeat];
}
