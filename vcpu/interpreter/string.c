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

/*
 * Several iterations at once, as many as lie upwards within one page at either end and count_max
 * allows; 0 if it takes going one by one: towards lower addresses, across a page's end, over its
 * own source or near its own code, or off the fast path. ECX is the caller's.
 */
typedef uint32_t iterations(struct interpreter *m, const struct op *op, uint32_t count_max);

static inline uint32_t count_to_page_end(uint32_t address, uint32_t size_bytes, uint32_t count_max)
{
    uint32_t count = (VCPU_PAGE_BYTES - (address & VCPU_PAGE_MASK)) / size_bytes;
    return count < count_max ? count : count_max;
}

/* Where EDI points, if so many bytes there may be written in one go; else NULL. */
static inline uint8_t *target(const struct interpreter *m, const struct op *op, uint32_t size_bytes)
{
    uint32_t page = m->gpr[VCPU_EDI] >> VCPU_PAGE_BITS;
    bool near_code = page - (op->eip >> VCPU_PAGE_BITS) < 2; /* it may go on in the next page */
    return m->direction || near_code ? NULL : fast_write(m, m->gpr[VCPU_EDI], size_bytes);
}

#define BULK_WIDTH(bits)                                                                           \
    static inline uint32_t movs##bits##_bulk(struct interpreter *m, const struct op *op,           \
                                             uint32_t count_max)                                   \
    {                                                                                              \
        uint32_t count = count_to_page_end(m->gpr[VCPU_ESI], (bits) / 8, count_max);               \
        count = count_to_page_end(m->gpr[VCPU_EDI], (bits) / 8, count);                            \
        uint32_t size_bytes = count * ((bits) / 8);                                                \
        const uint8_t *from = fast_read(m, m->gpr[VCPU_ESI], size_bytes);                          \
        uint8_t *to = target(m, op, size_bytes);                                                   \
        if (!from || !to || ((uintptr_t)to - (uintptr_t)from < size_bytes) ||                      \
            ((uintptr_t)from - (uintptr_t)to < size_bytes)) {                                      \
            return 0;                                                                              \
        }                                                                                          \
        memcpy(to, from, size_bytes);                                                              \
        m->gpr[VCPU_ESI] += size_bytes;                                                            \
        m->gpr[VCPU_EDI] += size_bytes;                                                            \
        return count;                                                                              \
    }                                                                                              \
    static inline uint32_t stos##bits##_bulk(struct interpreter *m, const struct op *op,           \
                                             uint32_t count_max)                                   \
    {                                                                                              \
        uint32_t count = count_to_page_end(m->gpr[VCPU_EDI], (bits) / 8, count_max);               \
        uint8_t *to = target(m, op, count * ((bits) / 8));                                         \
        if (!to) {                                                                                 \
            return 0;                                                                              \
        }                                                                                          \
        uint##bits##_t value = REG##bits(m, VCPU_EAX * 4);                                         \
        for (uint32_t i = 0; i < count; i++) {                                                     \
            memcpy(to + i * sizeof value, &value, sizeof value);                                   \
        }                                                                                          \
        m->gpr[VCPU_EDI] += count * ((bits) / 8);                                                  \
        return count;                                                                              \
    }
BULK_WIDTH(8)
BULK_WIDTH(16)
BULK_WIDTH(32)

/* The others go one by one. */
static inline uint32_t no_bulk(struct interpreter *m, const struct op *op, uint32_t count_max)
{
    (void)m;
    (void)op;
    (void)count_max;
    return 0;
}

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
repeat(struct interpreter *m, const struct op *op, iteration *once, iterations *several,
       unsigned where_zf)
{
    uint32_t next = op->eip + op->length_bytes;
    if (m->gpr[VCPU_ECX] == 0) {
        return interpreter_go(m, op, next);
    }
    uint64_t done = 0;
    m->eip = op->eip;
    while (done < m->window) {
        uint64_t left = m->window - done;
        uint32_t count =
            several(m, op, left < m->gpr[VCPU_ECX] ? (uint32_t)left : m->gpr[VCPU_ECX]);
        if (count) {
            done += count;
            m->gpr[VCPU_ECX] -= count;
            if (m->gpr[VCPU_ECX] == 0) {
                m->eip = next;
                break;
            }
            continue;
        }
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

#define HANDLERS_WIDTH(work, bits, several, rep_zf)                                                \
    HANDLER(work##bits##_one)                                                                      \
    {                                                                                              \
        if (!work##bits(m, op)) {                                                                  \
            return op;                                                                             \
        }                                                                                          \
        NEXT_STORED;                                                                               \
    }                                                                                              \
    HANDLER(work##bits##_rep)                                                                      \
    {                                                                                              \
        return repeat(m, op, work##bits, several, rep_zf);                                         \
    }
#define UNTIL_WIDTH(work, bits)                                                                    \
    HANDLER(work##bits##_until)                                                                    \
    {                                                                                              \
        return repeat(m, op, work##bits, no_bulk, 0);                                              \
    }
#define HANDLERS(work, rep_zf)                                                                     \
    HANDLERS_WIDTH(work, 8, no_bulk, rep_zf)                                                       \
    HANDLERS_WIDTH(work, 16, no_bulk, rep_zf)                                                      \
    HANDLERS_WIDTH(work, 32, no_bulk, rep_zf)
#define HANDLERS_BULK(work)                                                                        \
    HANDLERS_WIDTH(work, 8, work##8_bulk, NO_FLAG)                                                 \
    HANDLERS_WIDTH(work, 16, work##16_bulk, NO_FLAG)                                               \
    HANDLERS_WIDTH(work, 32, work##32_bulk, NO_FLAG)
#define UNTIL(work) UNTIL_WIDTH(work, 8) UNTIL_WIDTH(work, 16) UNTIL_WIDTH(work, 32)

HANDLERS_BULK(movs)
HANDLERS_BULK(stos)
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
