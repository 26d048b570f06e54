/* Decoding instructions to blocks, and keeping them (block.h). */
#include "interpreter/block.h"

#include <stdlib.h>

#include <base/alloc.h>

/* --- one instruction -------------------------------------------------------------------------- */

enum op_shape op_shape_of(const struct isa_instruction *instruction)
{
    char text[3] = "";
    for (unsigned i = 0; i < instruction->operand_count && i < 2; i++) {
        switch (instruction->operand[i].kind) {
        case ISA_OPERAND_REGISTER:
            text[i] = 'R';
            break;
        case ISA_OPERAND_MEMORY:
            text[i] = 'M';
            break;
        case ISA_OPERAND_IMMEDIATE:
            text[i] = 'I';
            break;
        default:
            return SHAPE_OTHER;
        }
    }
    static const struct {
        char text[3];
        enum op_shape shape;
    } shapes[] = {{"", SHAPE_NONE}, {"R", SHAPE_R},   {"M", SHAPE_M},
                  {"I", SHAPE_I},   {"RR", SHAPE_RR}, {"RI", SHAPE_RI},
                  {"RM", SHAPE_RM}, {"MR", SHAPE_MR}, {"MI", SHAPE_MI}};
    for (unsigned i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        if (strcmp(shapes[i].text, text) == 0) {
            return shapes[i].shape;
        }
    }
    return SHAPE_OTHER;
}

/* Byte offset in interpreter.gpr. */
static uint8_t register_offset(const struct isa_operand *operand)
{
    if (operand->width_bits == 8 && operand->number >= 4) {
        return (uint8_t)((operand->number - 4u) * 4u + 1u); /* AH CH DH BH */
    }
    return (uint8_t)(operand->number * 4u);
}

static void fill_operands(const struct isa_instruction *instruction, struct op *op)
{
    uint32_t next = op->eip + instruction->length_bytes;
    for (unsigned i = 0; i < instruction->operand_count; i++) {
        const struct isa_operand *operand = &instruction->operand[i];
        switch (operand->kind) {
        case ISA_OPERAND_REGISTER:
            *(i == 0 ? &op->to : &op->from) = register_offset(operand);
            break;
        case ISA_OPERAND_STACK:
            *(i == 0 ? &op->to : &op->from) = (uint8_t)operand->number;
            break;
        case ISA_OPERAND_MEMORY:
            op->base = operand->base * 4u;
            op->index = operand->index * 4u;
            op->shift = operand->shift;
            op->displacement = operand->displacement;
            break;
        case ISA_OPERAND_RELATIVE:
            op->immediate = next + operand->value;
            break;
        case ISA_OPERAND_SEGMENT:
            op->immediate = operand->number;
            break;
        default:
            op->immediate = operand->value;
            break;
        }
    }
}

static family_select *family_of(enum isa_operation operation)
{
    static family_select *const families[ISA_OPERATION_COUNT] = {
        [ISA_ADD] = arithmetic_select,   [ISA_ADC] = arithmetic_select,
        [ISA_SUB] = arithmetic_select,   [ISA_SBB] = arithmetic_select,
        [ISA_CMP] = arithmetic_select,   [ISA_NEG] = arithmetic_select,
        [ISA_INC] = arithmetic_select,   [ISA_DEC] = arithmetic_select,
        [ISA_AND] = logic_select,        [ISA_OR] = logic_select,
        [ISA_XOR] = logic_select,        [ISA_TEST] = logic_select,
        [ISA_NOT] = logic_select,        [ISA_ROL] = shift_select,
        [ISA_ROR] = shift_select,        [ISA_RCL] = shift_select,
        [ISA_RCR] = shift_select,        [ISA_SHL] = shift_select,
        [ISA_SHR] = shift_select,        [ISA_SAR] = shift_select,
        [ISA_SHLD] = shift_select,       [ISA_SHRD] = shift_select,
        [ISA_MUL] = muldiv_select,       [ISA_IMUL] = muldiv_select,
        [ISA_DIV] = muldiv_select,       [ISA_IDIV] = muldiv_select,
        [ISA_MOV] = move_select,         [ISA_MOVZX] = move_select,
        [ISA_MOVSX] = move_select,       [ISA_XCHG] = move_select,
        [ISA_LEA] = move_select,         [ISA_CMOV] = move_select,
        [ISA_BSWAP] = move_select,       [ISA_XADD] = move_select,
        [ISA_CMPXCHG] = move_select,     [ISA_CMPXCHG8B] = move_select,
        [ISA_CBW] = move_select,         [ISA_CWDE] = move_select,
        [ISA_CWD] = move_select,         [ISA_CDQ] = move_select,
        [ISA_XLAT] = move_select,        [ISA_MOV_SEGMENT] = move_select,
        [ISA_MOVS] = string_select,      [ISA_CMPS] = string_select,
        [ISA_STOS] = string_select,      [ISA_LODS] = string_select,
        [ISA_SCAS] = string_select,      [ISA_JMP] = branch_select,
        [ISA_JCC] = branch_select,       [ISA_CALL] = branch_select,
        [ISA_RET] = branch_select,       [ISA_LOOP] = branch_select,
        [ISA_LOOPE] = branch_select,     [ISA_LOOPNE] = branch_select,
        [ISA_JECXZ] = branch_select,     [ISA_PUSH] = stack_select,
        [ISA_POP] = stack_select,        [ISA_PUSHA] = stack_select,
        [ISA_POPA] = stack_select,       [ISA_PUSHF] = stack_select,
        [ISA_POPF] = stack_select,       [ISA_ENTER] = stack_select,
        [ISA_LEAVE] = stack_select,      [ISA_PUSH_SEGMENT] = stack_select,
        [ISA_BT] = bit_select,           [ISA_BTS] = bit_select,
        [ISA_BTR] = bit_select,          [ISA_BTC] = bit_select,
        [ISA_BSF] = bit_select,          [ISA_BSR] = bit_select,
        [ISA_SETCC] = bit_select,        [ISA_CLC] = flags_select,
        [ISA_STC] = flags_select,        [ISA_CMC] = flags_select,
        [ISA_CLD] = flags_select,        [ISA_STD] = flags_select,
        [ISA_LAHF] = flags_select,       [ISA_SAHF] = flags_select,
        [ISA_AAA] = bcd_select,          [ISA_AAS] = bcd_select,
        [ISA_AAM] = bcd_select,          [ISA_AAD] = bcd_select,
        [ISA_DAA] = bcd_select,          [ISA_DAS] = bcd_select,
        [ISA_NOP] = system_select,       [ISA_RDTSC] = system_select,
        [ISA_IN] = system_select,        [ISA_OUT] = system_select,
        [ISA_INT3] = system_select,      [ISA_INTO] = system_select,
        [ISA_BOUND] = system_select,     [ISA_IDLE] = system_select,
        [ISA_TERMINATE] = system_select,
    };
    return operation >= ISA_X87_FIRST ? x87_select : families[operation];
}

/* What follows the op in its block. */
enum continuation {
    GOES_ON,
    ENDS_BLOCK, /* the op itself goes elsewhere, or stops */
    TRUNCATED,  /* the bytes end within the instruction; there is no op */
};

/* Decodes the instruction at eip. */
static enum continuation op_decode(const uint8_t *bytes, size_t size_bytes, uint32_t eip,
                                   struct isa_instruction *instruction, struct op *op)
{
    isa_decode(bytes, size_bytes, instruction);
    memset(op, 0, sizeof *op);
    op->eip = eip;
    op->run = op_illegal;
    op->base = op->index = REGISTER_NONE * 4u;
    if (instruction->kind == ISA_CLASS_TRUNCATED) {
        return TRUNCATED;
    }
    if (instruction->kind == ISA_CLASS_ILLEGAL) {
        return ENDS_BLOCK;
    }
    op->length_bytes = instruction->length_bytes;
    op->condition = instruction->condition;
    fill_operands(instruction, op);
    op_handler *run = family_of(instruction->operation)(instruction, op);
    if (!run) {
        return ENDS_BLOCK;
    }
    op->run = run;
    if (instruction->operation == ISA_JCC) {
        return GOES_ON; /* where it is not taken */
    }
    return instruction->ends_block || instruction->repeat ? ENDS_BLOCK : GOES_ON;
}

/* May it write to memory? Yes when in doubt. */
static bool may_write(const struct isa_instruction *instruction)
{
    switch (instruction->operation) {
    case ISA_PUSH:
    case ISA_PUSHA:
    case ISA_PUSHF:
    case ISA_PUSH_SEGMENT:
    case ISA_ENTER:
    case ISA_MOVS:
    case ISA_STOS:
        return true;
    case ISA_CMP:
    case ISA_TEST:
        return false;
    default:
        return instruction->memory_operand == 0;
    }
}

/* --- a block ---------------------------------------------------------------------------------- */

struct block_limits {
    uint32_t ops_max;
    bool stop_at_writes;
};

/*
 * Decodes instructions until one ends the block, the bytes or the ops are used up. Returns how many
 * (0: already the first is truncated); ops has room for limits.ops_max + 1. *size_bytes: in, of
 * bytes; out, of what was decoded.
 */
static uint32_t block_decode(const uint8_t *bytes, uint32_t *size_bytes, uint32_t eip,
                             struct block_limits limits, struct op *ops)
{
    uint32_t count = 0;
    uint32_t done = 0;
    while (count < limits.ops_max) {
        struct isa_instruction instruction;
        enum continuation next =
            op_decode(bytes + done, *size_bytes - done, eip + done, &instruction, &ops[count]);
        if (next == TRUNCATED || (instruction.repeat && count > 0)) {
            break;
        }
        /* An illegal instruction's length is not known: all bytes that made it so. */
        done += instruction.length_bytes ? instruction.length_bytes : *size_bytes - done;
        count++;
        if (next == ENDS_BLOCK || (limits.stop_at_writes && may_write(&instruction))) {
            break;
        }
    }
    *size_bytes = done;
    memset(&ops[count], 0, sizeof ops[count]);
    ops[count].run = op_end;
    ops[count].eip = eip + done;
    return count;
}

/* --- the image's cache ------------------------------------------------------------------------ */

static void code_cache_free(void *opaque)
{
    struct code_cache *cache = opaque;
    for (uint32_t page = 0; page < cache->page_count; page++) {
        if (cache->pages[page]) {
            for (uint32_t offset = 0; offset < VCPU_PAGE_BYTES; offset++) {
                free(cache->pages[page]->blocks[offset]);
            }
            free(cache->pages[page]);
        }
    }
    pthread_mutex_destroy(&cache->lock);
    free(cache);
}

struct code_cache *code_cache_of(struct vcpu_image *image, int slot)
{
    struct code_cache *cache = __atomic_load_n(&image->engine[slot].cache, __ATOMIC_ACQUIRE);
    if (cache) {
        return cache;
    }
    cache = alloc_zeroed(1, sizeof *cache + image->page_count * sizeof cache->pages[0]);
    cache->page_count = image->page_count;
    pthread_mutex_init(&cache->lock, NULL);
    __atomic_store_n(&image->engine[slot].free_cache, code_cache_free, __ATOMIC_RELAXED);
    void *other = NULL;
    if (!__atomic_compare_exchange_n(&image->engine[slot].cache, &other, cache, false,
                                     __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        code_cache_free(cache); /* another thread was first */
        return other;
    }
    return cache;
}

/* Keeps ops as the block at eip; NULL if the cache is full. */
static const struct block *cache_insert(struct code_cache *cache, uint32_t eip,
                                        const struct op *ops, uint32_t count)
{
    uint32_t page = eip >> VCPU_PAGE_BITS;
    size_t block_bytes = sizeof(struct block) + (count + 1) * sizeof *ops;
    struct block *block = NULL;
    pthread_mutex_lock(&cache->lock);
    struct code_page *code = cache->pages[page];
    size_t more_bytes = block_bytes + (code ? 0 : sizeof *code);
    if (code && code->blocks[eip & VCPU_PAGE_MASK]) {
        block = code->blocks[eip & VCPU_PAGE_MASK]; /* another thread was first */
    } else if (cache->size_bytes + more_bytes <= CODE_CACHE_MAX_BYTES) {
        cache->size_bytes += more_bytes;
        if (!code) {
            code = alloc_zeroed(1, sizeof *code);
            __atomic_store_n(&cache->pages[page], code, __ATOMIC_RELEASE);
        }
        block = alloc_zeroed(1, block_bytes);
        block->count = count;
        memcpy(block->ops, ops, (count + 1) * sizeof *ops);
        __atomic_store_n(&code->blocks[eip & VCPU_PAGE_MASK], block, __ATOMIC_RELEASE);
    } else {
        __atomic_store_n(&cache->full, true, __ATOMIC_RELAXED);
    }
    pthread_mutex_unlock(&cache->lock);
    return block;
}

/* --- everything else -------------------------------------------------------------------------- */

/* Code bytes from eip on, across one page end if need be; returns how many. */
static uint32_t gather(struct interpreter *m, uint32_t eip, const uint8_t *start, uint8_t *bytes)
{
    uint32_t room = VCPU_PAGE_BYTES - (eip & VCPU_PAGE_MASK);
    if (room >= PRIVATE_BLOCK_BYTES) {
        memcpy(bytes, start, PRIVATE_BLOCK_BYTES);
        return PRIVATE_BLOCK_BYTES;
    }
    memcpy(bytes, start, room);
    if (room >= ISA_INSTRUCTION_MAX_BYTES) {
        return room;
    }
    const uint8_t *next = vcpu_space_read_page(m->space, eip + room);
    interpreter_refresh(m);
    if (!next) {
        return room;
    }
    memcpy(bytes + room, next, ISA_INSTRUCTION_MAX_BYTES - room);
    return ISA_INSTRUCTION_MAX_BYTES;
}

static const struct op *private_block(struct interpreter *m, uint32_t eip, const uint8_t *start,
                                      uint32_t *count)
{
    uint8_t bytes[PRIVATE_BLOCK_BYTES];
    uint32_t size_bytes = gather(m, eip, start, bytes);
    struct private_block *block = &m->code->blocks[(eip ^ eip >> 10) % PRIVATE_BLOCKS];
    if (block->size_bytes && block->eip == eip && block->size_bytes <= size_bytes &&
        memcmp(block->bytes, bytes, block->size_bytes) == 0) {
        *count = block->count;
        return block->ops;
    }
    struct block_limits limits = {.ops_max = PRIVATE_BLOCK_OPS, .stop_at_writes = true};
    uint32_t room = VCPU_PAGE_BYTES - (eip & VCPU_PAGE_MASK);
    block->eip = eip;
    block->size_bytes = size_bytes < room ? size_bytes : room;
    block->count = block_decode(bytes, &block->size_bytes, eip, limits, block->ops);
    if (block->count == 0) { /* across the page end, alone */
        limits.ops_max = 1;
        block->size_bytes = size_bytes;
        block->count = block_decode(bytes, &block->size_bytes, eip, limits, block->ops);
    }
    if (block->count == 0) {
        uint32_t end = eip + size_bytes;
        block->size_bytes = 0;
        if (vcpu_space_absent(m->space, end >> VCPU_PAGE_BITS, false)) {
            interpreter_page_at(m, eip, end >> VCPU_PAGE_BITS, false);
        } else {
            interpreter_fault_at(m, eip, VCPU_FAULT_MEMORY, end);
        }
        return NULL;
    }
    memcpy(block->bytes, bytes, block->size_bytes);
    *count = block->count;
    return block->ops;
}

const struct op *interpreter_block_make(struct interpreter *m, uint32_t eip, uint32_t *count)
{
    uint32_t page = eip >> VCPU_PAGE_BITS;
    if (vcpu_space_absent(m->space, page, false)) {
        interpreter_page_at(m, eip, page, false);
        return NULL;
    }
    const uint8_t *start = vcpu_space_read_page(m->space, eip);
    interpreter_refresh(m);
    if (!start) {
        interpreter_fault_at(m, eip, VCPU_FAULT_MEMORY, eip);
        return NULL;
    }
    struct code_cache *cache = m->image_code;
    const struct block *known = m->cache == cache ? NULL : code_cache_block(m, cache, eip);
    if (known) {
        *count = known->count;
        return known->ops;
    }
    if (page < cache->page_count && m->frames[page] == VCPU_FRAME_NONE &&
        !__atomic_load_n(&cache->full, __ATOMIC_RELAXED)) {
        struct op ops[OPS_PER_BLOCK + 1];
        struct block_limits limits = {.ops_max = OPS_PER_BLOCK};
        uint32_t size_bytes = VCPU_PAGE_BYTES - (eip & VCPU_PAGE_MASK);
        uint32_t decoded = block_decode(start, &size_bytes, eip, limits, ops);
        const struct block *block = decoded ? cache_insert(cache, eip, ops, decoded) : NULL;
        if (block) {
            *count = block->count;
            return block->ops;
        }
    }
    return private_block(m, eip, start, count);
}
