/*
 * Looks at code before Unicorn translates it. Its translator takes whole straight runs of
 * instructions, executed or not, and ends the process on some that are not in the ISA (`FF D8`: a
 * far call to a register, "tcg fatal error"). No guest may do that, so Unicorn only ever sees code
 * in which every instruction is in the ISA: wherever it may go next has been looked at. Where that
 * is not so the interpreter goes on, instruction by instruction.
 *
 * What was found is remembered with the generation of code, which changes whenever bytes change
 * that Unicorn may have translated.
 */
#include "unicorn/window.h"

#include <string.h>

#include <base/alloc.h>

/* The translator ends a block after 512 instructions (TCG_MAX_INSNS). Of a longer run so many are
 * looked at, and half way again. */
#define RUN_MAX 2048u

static bool is_memory(const struct unicorn_window *window, uint32_t page)
{
    return page >= WINDOW_FIRST_PAGE && page < window->page_count;
}

struct unicorn_traits *unicorn_traits_at(struct unicorn_window *window, uint32_t eip)
{
    uint32_t page = eip >> VCPU_PAGE_BITS;
    if (!window->traits[page]) {
        window->traits[page] = alloc_zeroed(VCPU_PAGE_BYTES, sizeof **window->traits);
    }
    window->page_flags[page] |= WINDOW_PAGE_CODE;
    if (unicorn_page_load(window, page)) {
        return NULL;
    }
    struct unicorn_traits *traits = &window->traits[page][eip & VCPU_PAGE_MASK];
    bool is_new = traits->action == UNICORN_UNKNOWN;
    bool needs_next = is_new ? (eip & VCPU_PAGE_MASK) + ISA_INSTRUCTION_MAX_BYTES > VCPU_PAGE_BYTES
                             : traits->crosses;
    if (__builtin_expect(needs_next, 0) && is_memory(window, page + 1)) {
        window->page_flags[page + 1] |= WINDOW_PAGE_CODE;
        if (unicorn_page_load(window, page + 1)) {
            return NULL;
        }
    }
    if (is_new) {
        unicorn_traits_make(traits, eip, window->bytes + eip, window->size_bytes - eip);
    }
    return traits;
}

enum ahead unicorn_run_is_safe(struct unicorn_window *window, uint32_t eip)
{
    struct unicorn_traits *first = NULL;
    uint32_t count = 0;
    for (uint32_t i = 0; i < RUN_MAX; i++) {
        if (!is_memory(window, eip >> VCPU_PAGE_BITS)) {
            return AHEAD_UNSAFE;
        }
        struct unicorn_traits *traits = unicorn_traits_at(window, eip);
        if (!traits) {
            return AHEAD_CHANGED;
        }
        if (!first) {
            first = traits;
            if (first->run_generation == window->generation) {
                return AHEAD_SAFE;
            }
            if (window->translated_max >= WINDOW_TRANSLATED_MAX) {
                return AHEAD_UNSAFE; /* which ends the slice, and then the instance is replaced */
            }
        }
        if (!traits->translatable) {
            return AHEAD_UNSAFE;
        }
        count++;
        if (traits->flow != UNICORN_FLOW_NEXT) {
            break;
        }
        if (i == RUN_MAX / 2) {
            traits->looks_ahead = true;
        }
        eip += traits->length_bytes;
    }
    first->run_generation = window->generation;
    window->translated_max += count;
    return AHEAD_SAFE;
}

static uint32_t read_register(struct unicorn_window *window, unsigned number)
{
    static const int ids[VCPU_REGISTER_COUNT] = {UC_X86_REG_EAX, UC_X86_REG_ECX, UC_X86_REG_EDX,
                                                 UC_X86_REG_EBX, UC_X86_REG_ESP, UC_X86_REG_EBP,
                                                 UC_X86_REG_ESI, UC_X86_REG_EDI};
    uint32_t value = 0;
    if (number < VCPU_REGISTER_COUNT) {
        uc_reg_read(window->uc, ids[number], &value);
    }
    return value;
}

/* A word of memory; false if it is not memory. */
static bool read_memory(struct unicorn_window *window, uint32_t address, uint32_t *value,
                        enum ahead *ahead)
{
    uint32_t last = address + 3;
    if (last < address) {
        return false;
    }
    for (uint32_t page = address >> VCPU_PAGE_BITS; page <= last >> VCPU_PAGE_BITS; page++) {
        if (!is_memory(window, page)) {
            return false;
        }
        if (unicorn_page_load(window, page)) {
            *ahead = AHEAD_CHANGED;
            return false;
        }
    }
    memcpy(value, window->bytes + address, sizeof *value);
    return true;
}

/* Where the jump, call or return at eip goes. If that cannot be told it will fault: unsafe. */
static bool indirect_target(struct unicorn_window *window, uint32_t eip, uint32_t *target,
                            enum ahead *ahead)
{
    struct isa_instruction instruction;
    isa_decode(window->bytes + eip, window->size_bytes - eip, &instruction);
    const struct isa_operand *operand = &instruction.operand[0];
    if (instruction.operation == ISA_RET) {
        return read_memory(window, read_register(window, VCPU_ESP), target, ahead);
    }
    if (operand->kind == ISA_OPERAND_REGISTER) {
        *target = read_register(window, operand->number);
        return true;
    }
    uint32_t address = read_register(window, operand->base) +
                       (read_register(window, operand->index) << operand->shift) +
                       operand->displacement;
    return read_memory(window, address, target, ahead);
}

enum ahead unicorn_look_ahead(struct unicorn_window *window, uint32_t eip,
                              struct unicorn_traits *traits)
{
    uint32_t next = eip + traits->length_bytes;
    uint32_t target = traits->flow == UNICORN_FLOW_NEXT ? next : traits->target;
    enum ahead ahead = AHEAD_UNSAFE;
    if (traits->flow == UNICORN_FLOW_INDIRECT && !indirect_target(window, eip, &target, &ahead)) {
        return ahead;
    }
    ahead = unicorn_run_is_safe(window, target);
    if (ahead == AHEAD_SAFE && traits->flow == UNICORN_FLOW_CONDITIONAL) {
        ahead = unicorn_run_is_safe(window, next);
    }
    if (ahead == AHEAD_SAFE && traits->flow != UNICORN_FLOW_INDIRECT) {
        traits->ahead_generation = window->generation;
    }
    return ahead;
}
