/*
 * The x87 family: what an instruction does between memory, flags and registers. The values and the
 * register stack are x87/'s; handlers and their table are made of x87/x87_form_list.h, one handler
 * for each line.
 */
#include "interpreter/flags.h"
#include "interpreter/interpreter.h"
#include "x87/x87_form_list.h"
#include "x87/x87_forms.h"

_Static_assert(offsetof(struct x87_operand, high) == 8, "m80 is copied in one piece");

/*
 * The slow paths finish the whole instruction: they alone have an operand in memory that somebody
 * else fills, which would cost the handlers their tail call.
 */
static __attribute__((noinline)) const struct op *
load_slow(struct interpreter *m, const struct op *op, uint32_t size_bytes,
          void (*function)(struct vcpu_x87 *x87, struct x87_operand operand))
{
    struct x87_operand operand = {0, 0};
    if (!interpreter_load(m, op, op_address(m, op), &operand, size_bytes)) {
        return op;
    }
    function(&m->vcpu->x87, operand);
    NEXT;
}

/* The pop comes after the store, which may fault. */
static __attribute__((noinline)) const struct op *store_slow(struct interpreter *m,
                                                             const struct op *op,
                                                             uint32_t size_bytes,
                                                             struct x87_operand operand, bool pop)
{
    if (!interpreter_store(m, op, op_address(m, op), &operand, size_bytes)) {
        return op;
    }
    if (pop) {
        x87_pop(&m->vcpu->x87);
    }
    NEXT_STORED;
}

/* --- handlers: detail has the low three bits of ModRM ------------------------------------------
 */

#define HANDLER(id) static const struct op *do_##id(struct interpreter *m, const struct op *op)

#define LOAD(opcode, reg, id, text, bytes, function)                                               \
    HANDLER(id)                                                                                    \
    {                                                                                              \
        const uint8_t *at = fast_read(m, op_address(m, op), bytes);                                \
        if (UNLIKELY(at == NULL)) {                                                                \
            return load_slow(m, op, bytes, function);                                              \
        }                                                                                          \
        struct x87_operand operand = {0, 0};                                                       \
        memcpy(&operand, at, bytes);                                                               \
        function(&m->vcpu->x87, operand);                                                          \
        NEXT;                                                                                      \
    }

#define STORE_AND(pop, id, bytes, function)                                                        \
    HANDLER(id)                                                                                    \
    {                                                                                              \
        struct x87_operand operand = function(&m->vcpu->x87);                                      \
        uint8_t *at = fast_write(m, op_address(m, op), bytes);                                     \
        if (UNLIKELY(at == NULL)) {                                                                \
            return store_slow(m, op, bytes, operand, pop);                                         \
        }                                                                                          \
        memcpy(at, &operand, bytes);                                                               \
        if (pop) {                                                                                 \
            x87_pop(&m->vcpu->x87);                                                                \
        }                                                                                          \
        NEXT;                                                                                      \
    }
#define STORE(opcode, reg, id, text, bytes, function)     STORE_AND(false, id, bytes, function)
#define STORE_POP(opcode, reg, id, text, bytes, function) STORE_AND(true, id, bytes, function)

X87_MEMORY_LIST(LOAD, STORE, STORE_POP)

#define RUN(opcode, first, last, id, text, function)                                               \
    HANDLER(id)                                                                                    \
    {                                                                                              \
        function(&m->vcpu->x87, op->detail);                                                       \
        NEXT;                                                                                      \
    }

#define FLAGS(opcode, first, last, id, text, function)                                             \
    HANDLER(id)                                                                                    \
    {                                                                                              \
        flags_set_arithmetic(m, function(&m->vcpu->x87, op->detail));                              \
        NEXT;                                                                                      \
    }

#define MOVE(opcode, first, last, id, text, code)                                                  \
    HANDLER(id)                                                                                    \
    {                                                                                              \
        x87_move_if(&m->vcpu->x87, op->detail, condition_holds(m, code));                          \
        NEXT;                                                                                      \
    }

#define STATUS(opcode, first, last, id, text, function)                                            \
    HANDLER(id)                                                                                    \
    {                                                                                              \
        REG16(m, VCPU_EAX * 4u) = function(&m->vcpu->x87);                                         \
        NEXT;                                                                                      \
    }

X87_REGISTER_LIST(RUN, FLAGS, MOVE, STATUS)

/* There are no pending exceptions to wait for. */
HANDLER(fwait)
{
    NEXT;
}

/* --- choosing ----------------------------------------------------------------------------------
 */

#define MEMORY_ENTRY(opcode, reg, id, text, bytes, function) [opcode][reg] = do_##id,
#define REGISTER_ENTRY(opcode, first, last, id, text, function)                                    \
    [opcode][(first)-0xc0 ...(last) - 0xc0] = do_##id,

op_handler *x87_select(const struct isa_instruction *instruction, struct op *op)
{
    static op_handler *const memory_handlers[8][8] = {
        X87_MEMORY_LIST(MEMORY_ENTRY, MEMORY_ENTRY, MEMORY_ENTRY)};
    static op_handler *const register_handlers[8][64] = {
        X87_REGISTER_LIST(REGISTER_ENTRY, REGISTER_ENTRY, REGISTER_ENTRY, REGISTER_ENTRY)};

    if (instruction->operation == ISA_FWAIT) {
        return do_fwait;
    }
    if (instruction->opcode < 0xd8 || instruction->opcode > 0xdf) {
        return NULL;
    }
    unsigned row = instruction->opcode - 0xd8u;
    op->detail = instruction->modrm & 7u;
    return instruction->modrm >= 0xc0 ? register_handlers[row][instruction->modrm - 0xc0]
                                      : memory_handlers[row][instruction->modrm >> 3 & 7u];
}
