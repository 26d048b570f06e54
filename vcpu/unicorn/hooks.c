/*
 * What Unicorn calls. A stop is exact only from the hook before each instruction, so the others
 * only take notes: what they find is acted upon before the next instruction, or, where the present
 * one must not have happened, by undoing the slice.
 */
#include "unicorn/window.h"

#include "unicorn/x87.h"

static void stop(struct unicorn_window *window, enum window_event event, uint32_t eip)
{
    window->event = event;
    window->event_eip = eip;
    uc_emu_stop(window->uc);
}

bool unicorn_is_breakpoint(const struct unicorn_window *window, uint32_t eip)
{
    uint32_t low = 0;
    uint32_t high = window->breakpoint_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (window->breakpoints[middle] < eip) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < window->breakpoint_count && window->breakpoints[low] == eip;
}

static uint32_t read_ecx(struct unicorn_window *window)
{
    uint32_t ecx = 0;
    uc_reg_read(window->uc, UC_X86_REG_ECX, &ecx);
    return ecx;
}

/* The flags that will have to be 0 once a shift or rotate by CL is done. */
static void note_shift(struct unicorn_window *window, const struct unicorn_traits *traits)
{
    uint32_t count = read_ecx(window) & 31;
    if (count != 0) {
        uint16_t zeroed = traits->flags_zeroed;
        if (count == 1) {
            zeroed &= (uint16_t)~VCPU_FLAG_OF;
        }
        window->zero_flags = (uint16_t)((window->zero_flags & ~traits->flags_written) | zeroed);
    }
}

/* Unicorn divides -2^63 (-2^31 for 16 bits) by -1 on the host: the host's division error, which
 * ends the process, not the guest's. */
static bool ends_process(struct unicorn_window *window)
{
    uint32_t eax = 0;
    uint32_t edx = 0;
    uc_reg_read(window->uc, UC_X86_REG_EAX, &eax);
    uc_reg_read(window->uc, UC_X86_REG_EDX, &edx);
    return (edx == 0x80000000u && eax == 0) || ((edx & 0xffff) == 0x8000 && (eax & 0xffff) == 0);
}

static void on_code(uc_engine *uc, uint64_t address, uint32_t size_bytes, void *user)
{
    (void)uc;
    (void)size_bytes;
    struct unicorn_window *window = user;
    uint32_t eip = (uint32_t)address;
    if (__builtin_expect(window->event != WINDOW_NONE, 0)) {
        uc_emu_stop(window->uc);
        return;
    }
    if (window->repeating) {
        window->repeating = false;
        if (eip == window->current_eip && read_ecx(window) == 0) {
            /* Unicorn looks at ECX once more after the last iteration: not an instruction. */
            if (window->budget == 0) {
                stop(window, WINDOW_BUDGET, eip + window->current_length_bytes);
            }
            return;
        }
    }
    if (__builtin_expect(window->reload, 0)) {
        stop(window, WINDOW_RELOAD, eip);
        return;
    }
    if (window->budget == 0) {
        stop(window, WINDOW_BUDGET, eip);
        return;
    }
    if (__builtin_expect(window->breakpoint_count != 0, 0)) {
        if (!window->pass_breakpoint && unicorn_is_breakpoint(window, eip)) {
            stop(window, WINDOW_BREAKPOINT, eip);
            return;
        }
    }
    const struct vcpu_space *space = window->vcpu->space;
    if (__builtin_expect(vcpu_space_absent(space, eip >> VCPU_PAGE_BITS, false), 0)) {
        stop(window, WINDOW_DELEGATE, eip);
        return;
    }
    struct unicorn_traits *traits = unicorn_traits_at(window, eip);
    if (__builtin_expect(!traits, 0)) {
        stop(window, WINDOW_RELOAD, eip);
        return;
    }
    if (__builtin_expect(
            traits->crosses && vcpu_space_absent(space, (eip >> VCPU_PAGE_BITS) + 1, false), 0)) {
        stop(window, WINDOW_DELEGATE, eip);
        return;
    }
    if (__builtin_expect(traits->action != UNICORN_PLAIN, 0)) {
        if (traits->action == UNICORN_DELEGATE) {
            stop(window, WINDOW_DELEGATE, eip);
            return;
        }
        if ((traits->action == UNICORN_X87 && !unicorn_x87_prepare(window, traits)) ||
            (traits->action == UNICORN_IDIV && ends_process(window))) {
            stop(window, WINDOW_DELEGATE, eip);
            return;
        }
    }
    if (traits->looks_ahead && traits->ahead_generation != window->generation) {
        enum ahead ahead = unicorn_look_ahead(window, eip, traits);
        if (__builtin_expect(ahead != AHEAD_SAFE, 0)) {
            stop(window, ahead == AHEAD_UNSAFE ? WINDOW_DELEGATE : WINDOW_RELOAD, eip);
            return;
        }
    }
    if (__builtin_expect((window->zero_flags & traits->flags_read) != 0, 0)) {
        stop(window, WINDOW_FLAGS, eip);
        return;
    }
    if (traits->action == UNICORN_SHIFT_CL) {
        note_shift(window, traits);
    } else {
        window->zero_flags =
            (uint16_t)((window->zero_flags & ~traits->flags_written) | traits->flags_zeroed);
        if (traits->action == UNICORN_REPEAT) {
            window->repeating = read_ecx(window) != 0;
        } else if (traits->action == UNICORN_X87) {
            unicorn_x87_begin(window, traits);
        }
    }
    window->pass_breakpoint = false;
    window->current_length_bytes = traits->length_bytes;
    window->current_only_moves = traits->only_moves;
    window->current_eip = eip;
    window->budget--;
    window->executed++;
}

static void on_access(uc_engine *uc, uc_mem_type type, uint64_t address, int size_bytes,
                      int64_t value, void *user)
{
    (void)uc;
    (void)value;
    struct unicorn_window *window = user;
    if (type == UC_MEM_WRITE) {
        unicorn_page_store(window, (uint32_t)address, (uint32_t)size_bytes);
        return;
    }
    uint32_t last = ((uint32_t)address + (uint32_t)size_bytes - 1) >> VCPU_PAGE_BITS;
    for (uint32_t page = (uint32_t)address >> VCPU_PAGE_BITS; page <= last; page++) {
        if (page < WINDOW_FIRST_PAGE || page >= window->page_count) {
            continue;
        }
        if (unicorn_page_load(window, page)) {
            window->reload = true;
        }
        if (vcpu_space_absent(window->vcpu->space, page, false)) {
            window->event = WINDOW_UNDO; /* the interpreter stops there */
            uc_emu_stop(uc);
        }
    }
}

static bool on_unmapped(uc_engine *uc, uc_mem_type type, uint64_t address, int size_bytes,
                        int64_t value, void *user)
{
    (void)value;
    struct unicorn_window *window = user;
    if (window->event != WINDOW_NONE) {
        return false;
    }
    if (type == UC_MEM_FETCH_UNMAPPED) {
        /* Met while translating, perhaps some instructions ahead: nothing has been executed since
         * the beginning of the block, where EIP is. That instruction is left to the interpreter. */
        window->event_eip = 0;
        uc_reg_read(uc, UC_X86_REG_EIP, &window->event_eip);
        window->event =
            window->budget == 0 ? WINDOW_BUDGET
            : !window->pass_breakpoint && unicorn_is_breakpoint(window, window->event_eip)
                ? WINDOW_BREAKPOINT
                : WINDOW_DELEGATE;
        return false;
    }
    /* Of a store across a page's end single bytes are reported, of which some may be stored. */
    bool is_register = address >> VCPU_PAGE_BITS == 1 && (address & 3) == 0 && size_bytes == 4;
    if (is_register && window->current_only_moves) {
        window->event = WINDOW_REGISTER;
        window->event_eip = window->current_eip;
    } else {
        window->event = WINDOW_UNDO;
    }
    return false;
}

static void on_exception(uc_engine *uc, uint32_t number, void *user)
{
    (void)number;
    struct unicorn_window *window = user;
    if (window->event == WINDOW_NONE) {
        window->event = WINDOW_UNDO;
    }
    uc_emu_stop(uc);
}

static bool on_invalid(uc_engine *uc, void *user)
{
    on_exception(uc, 0, user);
    return false;
}

enum status unicorn_hooks_add(struct unicorn_window *window, struct error *error)
{
    const struct {
        int type;
        void *function;
    } hooks[] = {
        {UC_HOOK_CODE, (void *)on_code},
        {UC_HOOK_MEM_READ | UC_HOOK_MEM_WRITE, (void *)on_access},
        {UC_HOOK_MEM_INVALID, (void *)on_unmapped},
        {UC_HOOK_INTR, (void *)on_exception},
        {UC_HOOK_INSN_INVALID, (void *)on_invalid},
    };
    for (unsigned i = 0; i < sizeof hooks / sizeof *hooks; i++) {
        uc_hook handle;
        uc_err code =
            uc_hook_add(window->uc, &handle, hooks[i].type, hooks[i].function, window, 1, 0);
        if (code != UC_ERR_OK) {
            return unicorn_error(error, "take a hook", code);
        }
    }
    return STATUS_OK;
}
