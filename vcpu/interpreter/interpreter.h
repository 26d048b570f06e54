/*
 * The inside of the interpreter: what a decoded operation is, what its handler may touch, and how
 * a family of instructions joins.
 *
 * A block is a run of consecutive instructions of one page, decoded to an array of `struct op`; a
 * conditional jump within it leaves it if taken and goes on in it if not. A
 * handler does one instruction and goes straight on to the next one of its block (a tail call, see
 * NEXT); the last one returns to the run loop (run.c). What a handler returns is the first op that
 * did *not* retire, so the loop knows how many did by a subtraction. A block has at most
 * OPS_PER_BLOCK instructions, which also bounds the stack where a compiler makes no tail calls.
 *
 * A handler that cannot finish returns `interpreter_fault(...)` or one of the other stops, having
 * changed nothing the guest can see. So: first every load and every check, then the changes.
 *
 * To add an instruction: a line in vcpu/isa/table.c, a handler in the file of its family, a line in
 * that family's `_select`.
 */
#ifndef DENALI_VCPU_INTERPRETER_INTERPRETER_H
#define DENALI_VCPU_INTERPRETER_INTERPRETER_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <vcpu/engine.h>
#include <vcpu/isa.h>
#include <vcpu/memory.h>
#include <vcpu/vcpu.h>

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
              "registers and guest memory are read in place: the host must be little-endian");

#define OPS_PER_BLOCK 32u

#define LIKELY(x)   __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

struct interpreter;
struct op;

/* Does op; returns the first op that did not retire. */
typedef const struct op *op_handler(struct interpreter *m, const struct op *op);

/*
 * One decoded instruction. Registers are given as byte offsets into interpreter.gpr, so that AH is
 * an offset like any other; a missing base or index is the offset of the register that is always 0.
 */
struct op {
    op_handler *run;
    uint32_t immediate;    /* the immediate; the absolute target of a direct branch */
    uint32_t displacement; /* of the memory operand */
    uint32_t eip;          /* address of this instruction */
    uint8_t length_bytes;
    uint8_t to;   /* first operand if that is a register; x87: i of ST(i) */
    uint8_t from; /* second operand if that is a register; x87: i of ST(i) */
    uint8_t base;
    uint8_t index;
    uint8_t shift;
    uint8_t condition; /* of jcc, setcc, cmov */
    uint8_t detail;    /* the family's own */
};

#define REGISTER_NONE 8u /* index in gpr of the register that is always 0 */

struct interpreter {
    struct vcpu_engine engine; /* first: vcpu/engine.h */

    /* The guest's state, copied from vcpu for the time of a run. */
    uint32_t gpr[VCPU_REGISTER_COUNT + 1];
    uint32_t eip; /* kept at block ends and stops only; within a block it is op->eip */
    /* The flags, lazily: see flags.h. */
    uint32_t result;
    uint32_t carries;
    uint32_t direction; /* 0 or VCPU_FLAG_DF */

    /* Copies of the space's tables, refreshed after each slow path. */
    const uintptr_t *read;
    const uintptr_t *write;
    const uint32_t *frames;
    uint32_t page_count;

    /* Set by a store that took the slow path: the page of the running block may just have become
     * private or changed, so the block is left after this instruction. */
    bool leave;
    bool stopped; /* *stop has the reason */

    struct vcpu *vcpu;        /* x87 state, counters and space are used in place */
    struct vcpu_space *space; /* = vcpu->space */
    struct vcpu_stop *stop;
    const struct op *first; /* of the running block */
    uint64_t budget;        /* of this run */
    uint64_t left;          /* of it, at the beginning of the running block */
    uint64_t window;        /* iterations that a `rep`, alone in its block, may do now */
    uint64_t iterations;    /* that it did beyond the one that returning op + 1 stands for */

    uint8_t loaded[8]; /* by the slow path of load8..load64 */

    /* An update across a page end is done here and written back by interpreter_leave. */
    uint8_t bounce[16];
    uint32_t bounce_address;
    uint32_t bounce_bytes;

    struct code_cache *cache;      /* block.h: what was decoded of the image, to be had at once */
    struct code_cache *image_code; /* block.h: all that was decoded of the image */
    struct private_code *code;     /* block.h: what was decoded and belongs to no image */
};

/* The interpreter's part in another engine's run: the block at EIP, at most budget (not 0)
 * instructions of it. Otherwise as vcpu_engine_run; breakpoints are not looked at. */
void interpreter_run_block(struct vcpu_engine *engine, struct vcpu *vcpu, uint64_t budget,
                           struct vcpu_stop *stop);

/* Takes over the space's tables; after anything that may have changed them. */
static inline void interpreter_refresh(struct interpreter *m)
{
    m->read = m->space->read;
    m->write = m->space->write;
    m->frames = m->space->frames;
    m->page_count = m->space->page_count;
}

/* --- going on and stopping -------------------------------------------------------------------- */

/* Retires op and does the next one. */
#define NEXT return (op + 1)->run(m, op + 1)

/* The same after an instruction that wrote to memory. */
#define NEXT_STORED                                                                                \
    do {                                                                                           \
        if (UNLIKELY(m->leave)) {                                                                  \
            return interpreter_leave(m, op);                                                       \
        }                                                                                          \
        NEXT;                                                                                      \
    } while (0)

/* Retires op and leaves the block; the next instruction is the one after op. */
const struct op *interpreter_leave(struct interpreter *m, const struct op *op);

/* Stops before the instruction at eip with a fault. */
void interpreter_fault_at(struct interpreter *m, uint32_t eip, enum vcpu_fault_kind kind,
                          uint32_t address);

/* Stops before the instruction at eip for a page that is absent. */
void interpreter_page_at(struct interpreter *m, uint32_t eip, uint32_t page, bool write);

/* Stops before op with a fault. */
const struct op *interpreter_fault(struct interpreter *m, const struct op *op,
                                   enum vcpu_fault_kind kind, uint32_t address);

/* Stops before op for that reason; the caller fills stop->access where there is one. */
const struct op *interpreter_stop(struct interpreter *m, const struct op *op,
                                  enum vcpu_stop_reason reason);

/* Retires op, a branch, and goes to target. */
static inline const struct op *interpreter_go(struct interpreter *m, const struct op *op,
                                              uint32_t target)
{
    m->eip = target;
    return op + 1;
}

/* Instructions this run has retired before op. */
static inline uint64_t interpreter_retired(const struct interpreter *m, const struct op *op)
{
    return m->budget - m->left + (uint64_t)(op - m->first);
}

/* --- registers -------------------------------------------------------------------------------- */

/* The register at a byte offset as an lvalue of that width. */
#define REG8(m, offset)  (*((uint8_t *)(m)->gpr + (offset)))
#define REG16(m, offset) (*(uint16_t *)((uint8_t *)(m)->gpr + (offset)))
#define REG32(m, offset) (*(uint32_t *)((uint8_t *)(m)->gpr + (offset)))

static inline uint32_t op_address(const struct interpreter *m, const struct op *op)
{
    return op->displacement + REG32(m, op->base) + (REG32(m, op->index) << op->shift);
}

/* --- memory ----------------------------------------------------------------------------------- */

/*
 * All return false (NULL) having stopped before op with a fault, and nothing changed: the handler
 * then returns op. A store or update may set m->leave: the handler ends with NEXT_STORED, or ends
 * the block anyway. All or nothing, across a page end too.
 */
bool interpreter_load(struct interpreter *m, const struct op *op, uint32_t address, void *bytes,
                      uint32_t size_bytes);
bool interpreter_store(struct interpreter *m, const struct op *op, uint32_t address,
                       const void *bytes, uint32_t size_bytes);
/* Slow path of update: at most 16 bytes. */
uint8_t *interpreter_update(struct interpreter *m, const struct op *op, uint32_t address,
                            uint32_t size_bytes);
/* Would a store of these bytes succeed? Makes the pages private, and faults if they cannot be. */
bool interpreter_may_store(struct interpreter *m, const struct op *op, uint32_t address,
                           uint32_t size_bytes);

/* Host address of size_bytes at a guest address, or NULL if that takes the slow path. */
static inline const uint8_t *fast_read(const struct interpreter *m, uint32_t address,
                                       uint32_t size_bytes)
{
    uint32_t page = address >> VCPU_PAGE_BITS;
    if (LIKELY(page < m->page_count &&
               (address & VCPU_PAGE_MASK) <= VCPU_PAGE_BYTES - size_bytes)) {
        uintptr_t entry = m->read[page];
        if (LIKELY(entry)) {
            return (const uint8_t *)(entry + address);
        }
    }
    return NULL;
}

static inline uint8_t *fast_write(const struct interpreter *m, uint32_t address,
                                  uint32_t size_bytes)
{
    uint32_t page = address >> VCPU_PAGE_BITS;
    if (LIKELY(page < m->page_count &&
               (address & VCPU_PAGE_MASK) <= VCPU_PAGE_BYTES - size_bytes)) {
        uintptr_t entry = m->write[page];
        if (LIKELY(entry)) {
            return (uint8_t *)(entry + address);
        }
    }
    return NULL;
}

/* load8..load64: *value = what is at address. store8..store64. */
#define DEFINE_ACCESS(bits)                                                                        \
    static inline bool load##bits(struct interpreter *m, const struct op *op, uint32_t address,    \
                                  uint##bits##_t *value)                                           \
    {                                                                                              \
        const uint8_t *bytes = fast_read(m, address, sizeof *value);                               \
        if (LIKELY(bytes != NULL)) {                                                               \
            memcpy(value, bytes, sizeof *value);                                                   \
            return true;                                                                           \
        }                                                                                          \
        /* Not into *value: a local whose address is known outside costs the tail call. */         \
        if (!interpreter_load(m, op, address, m->loaded, sizeof *value)) {                         \
            return false;                                                                          \
        }                                                                                          \
        memcpy(value, m->loaded, sizeof *value);                                                   \
        return true;                                                                               \
    }                                                                                              \
    static inline bool store##bits(struct interpreter *m, const struct op *op, uint32_t address,   \
                                   uint##bits##_t value)                                           \
    {                                                                                              \
        uint8_t *bytes = fast_write(m, address, sizeof value);                                     \
        if (LIKELY(bytes != NULL)) {                                                               \
            memcpy(bytes, &value, sizeof value);                                                   \
            return true;                                                                           \
        }                                                                                          \
        return interpreter_store(m, op, address, &value, sizeof value);                            \
    }
DEFINE_ACCESS(8)
DEFINE_ACCESS(16)
DEFINE_ACCESS(32)
DEFINE_ACCESS(64)
#undef DEFINE_ACCESS

/* For read-modify-write: size_bytes at address to be read and written in place. */
static inline uint8_t *update(struct interpreter *m, const struct op *op, uint32_t address,
                              uint32_t size_bytes)
{
    uint8_t *bytes = fast_write(m, address, size_bytes);
    return LIKELY(bytes != NULL) ? bytes : interpreter_update(m, op, address, size_bytes);
}

/* --- families --------------------------------------------------------------------------------- */

/* How the explicit operands lie: R register, I immediate, M memory, first operand first. */
enum op_shape {
    SHAPE_NONE,
    SHAPE_R,
    SHAPE_M,
    SHAPE_I,
    SHAPE_RR,
    SHAPE_RI,
    SHAPE_RM,
    SHAPE_MR,
    SHAPE_MI,
    SHAPE_OTHER,
};

enum op_shape op_shape_of(const struct isa_instruction *instruction);

/* 0, 1, 2 for 8, 16, 32 bits: the index of handler tables. */
static inline unsigned width_index(const struct isa_instruction *instruction)
{
    return instruction->width_bits / 16u;
}

/*
 * A family's door: the handler of an instruction of the family, with what it wants changed in op
 * (block.c has filled in the operands). NULL: this form is not in the ISA after all, an ILLEGAL
 * fault.
 */
typedef op_handler *family_select(const struct isa_instruction *instruction, struct op *op);

family_select arithmetic_select; /* add adc sub sbb cmp neg inc dec */
family_select logic_select;      /* and or xor test not */
family_select shift_select;      /* shifts, rotates, double shifts */
family_select muldiv_select;
family_select move_select;   /* mov movzx movsx cmov xchg lea bswap xadd cmpxchg... */
family_select string_select; /* movs cmps stos lods scas, with rep */
family_select branch_select; /* jmp jcc call ret loop */
family_select stack_select;  /* push pop pusha enter leave... */
family_select bit_select;    /* bt bts btr btc bsf bsr setcc */
family_select flags_select;  /* clc stc cld lahf pushf... */
family_select bcd_select;
family_select system_select; /* nop rdtsc in out int3 into bound idle terminate */
family_select x87_select;

/* Handlers that block.c places itself. */
op_handler op_end;     /* past the last instruction of a block: go on at op->eip */
op_handler op_illegal; /* ILLEGAL fault */

#endif
