/* The window: pages in and out, slices, and Unicorn's registers. See window.h. */
#include "unicorn/window.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "unicorn/x87.h"
#include <base/alloc.h>
#include <base/assert.h>

#define UNREACHABLE_ADDRESS 1u /* in page 0: where uc_emu_start is to end, which it never does */

enum status unicorn_error(struct error *error, const char *action, uc_err code)
{
    enum status status = code == UC_ERR_NOMEM ? STATUS_NO_MEMORY : STATUS_UNSUPPORTED;
    return error_set(error, status, NULL, 0,
                     "Unicorn could not %s: %s; choose another engine with --engine", action,
                     uc_strerror(code));
}

struct unicorn_window *unicorn_window_create(uint32_t size_bytes, struct error *error)
{
    struct unicorn_window *window = alloc_zeroed(1, sizeof *window);
    window->size_bytes = size_bytes;
    window->generation = 1;
    window->page_count = size_bytes / VCPU_PAGE_BYTES;
    window->page_flags = alloc_zeroed(window->page_count, sizeof *window->page_flags);
    window->traits = alloc_zeroed(window->page_count, sizeof(struct unicorn_traits *));
    window->bytes = mmap(NULL, size_bytes, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (window->bytes == MAP_FAILED) {
        window->bytes = NULL;
        (void)error_set(error, STATUS_NO_MEMORY, NULL, 0,
                        "no address space for %u bytes of guest memory under Unicorn", size_bytes);
        goto failed;
    }
    uc_err code = uc_open(UC_ARCH_X86, UC_MODE_32, &window->uc);
    if (code != UC_ERR_OK) {
        window->uc = NULL;
        (void)unicorn_error(error, "be opened", code);
        goto failed;
    }
    uint32_t first = WINDOW_FIRST_PAGE * VCPU_PAGE_BYTES;
    code =
        uc_mem_map_ptr(window->uc, first, size_bytes - first, UC_PROT_ALL, window->bytes + first);
    if (code != UC_ERR_OK) {
        (void)unicorn_error(error, "map guest memory", code);
        goto failed;
    }
    if (unicorn_hooks_add(window, error) != STATUS_OK) {
        goto failed;
    }
    code = uc_context_alloc(window->uc, &window->fresh);
    if (code != UC_ERR_OK || (code = uc_context_save(window->uc, window->fresh)) != UC_ERR_OK) {
        (void)unicorn_error(error, "save its state", code);
        goto failed;
    }
    return window;
failed:
    unicorn_window_destroy(window);
    return NULL;
}

void unicorn_window_destroy(struct unicorn_window *window)
{
    if (!window) {
        return;
    }
    if (window->fresh) {
        uc_context_free(window->fresh);
    }
    if (window->uc) {
        uc_close(window->uc);
    }
    if (window->bytes) {
        munmap(window->bytes, window->size_bytes);
    }
    for (uint32_t page = 0; page < window->page_count; page++) {
        free(window->traits[page]);
    }
    free(window->traits);
    free(window->page_flags);
    free(window->loaded.page);
    free(window->dirty.page);
    free(window->stale.page);
    free(window);
}

/* --- pages ------------------------------------------------------------------------------------ */

static void pages_add(struct window_pages *pages, uint32_t page)
{
    if (pages->count == pages->room) {
        pages->room = pages->room ? 2 * pages->room : 64;
        pages->page = alloc_grow(pages->page, pages->room, sizeof *pages->page);
    }
    pages->page[pages->count++] = page;
}

/* Forgets all that was made of a page's code, as its bytes have changed. */
static void forget_code(struct unicorn_window *window, uint32_t page)
{
    const uint32_t reach = ISA_INSTRUCTION_MAX_BYTES - 1; /* from the page before */
    window->generation++;
    if (window->traits[page]) {
        memset(window->traits[page], 0, VCPU_PAGE_BYTES * sizeof **window->traits);
    }
    if (window->traits[page - 1]) {
        memset(window->traits[page - 1] + VCPU_PAGE_BYTES - reach, 0,
               reach * sizeof **window->traits);
    }
    pages_add(&window->stale, page);
}

/* Brings the node's content of a page into the window; true if translations became stale. */
bool unicorn_page_load(struct unicorn_window *window, uint32_t page)
{
    if (window->page_flags[page] & WINDOW_PAGE_LOADED) {
        return false;
    }
    window->page_flags[page] |= WINDOW_PAGE_LOADED;
    pages_add(&window->loaded, page);
    const struct vcpu_space *space = window->vcpu->space;
    uint32_t frame = vcpu_space_frame(space, page);
    ASSERT(frame != VCPU_FRAME_NONE);
    const uint8_t *content = vcpu_frame_bytes(space->arena, frame);
    uint8_t *bytes = window->bytes + ((size_t)page << VCPU_PAGE_BITS);
    if (memcmp(bytes, content, VCPU_PAGE_BYTES) == 0) {
        return false;
    }
    memcpy(bytes, content, VCPU_PAGE_BYTES);
    if (!(window->page_flags[page] & WINDOW_PAGE_CODE)) {
        return false;
    }
    forget_code(window, page);
    return true;
}

/* Does the page count as the node's own already? */
static bool is_own(const struct vcpu_space *space, uint32_t page)
{
    return page < space->page_count && space->frames[page] != VCPU_FRAME_NONE;
}

static void mark_dirty(struct unicorn_window *window, uint32_t page)
{
    if (window->page_flags[page] & WINDOW_PAGE_DIRTY) {
        return;
    }
    window->page_flags[page] |= WINDOW_PAGE_DIRTY;
    pages_add(&window->dirty, page);
    if (!is_own(window->vcpu->space, page) && ++window->newly_private > window->newly_private_max) {
        window->event = WINDOW_UNDO; /* the scenario's limit: the store is refused */
    }
}

/* Before Unicorn stores size_bytes at address. */
void unicorn_page_store(struct unicorn_window *window, uint32_t address, uint32_t size_bytes)
{
    uint32_t last = (address + size_bytes - 1) >> VCPU_PAGE_BITS;
    for (uint32_t page = address >> VCPU_PAGE_BITS; page <= last; page++) {
        if (page < WINDOW_FIRST_PAGE || page >= window->page_count) {
            continue; /* not mapped: Unicorn reports it next */
        }
        if (unicorn_page_load(window, page)) {
            window->reload = true;
        }
        mark_dirty(window, page);
        if (vcpu_space_absent(window->vcpu->space, page, true)) {
            window->event = WINDOW_UNDO; /* the interpreter stops there */
        }
        if (window->page_flags[page] & WINDOW_PAGE_CODE) {
            /* Unicorn would remove translations, begin the instruction anew, and translate what the
             * store made of the code before anyone has looked at it. */
            window->event = WINDOW_UNDO;
        }
    }
    if (window->event != WINDOW_NONE) {
        uc_emu_stop(window->uc);
    }
}

void unicorn_pages_remove_stale(struct unicorn_window *window)
{
    for (uint32_t i = 0; i < window->stale.count; i++) {
        uint64_t begin = (uint64_t)window->stale.page[i] << VCPU_PAGE_BITS;
        uc_err code = uc_ctl_remove_cache(window->uc, begin, begin + VCPU_PAGE_BYTES);
        ASSERT(code == UC_ERR_OK);
    }
    window->stale.count = 0;
}

/* --- slices ----------------------------------------------------------------------------------- */

static const int register_ids[VCPU_REGISTER_COUNT + 1] = {
    UC_X86_REG_EAX, UC_X86_REG_ECX, UC_X86_REG_EDX, UC_X86_REG_EBX,   UC_X86_REG_ESP,
    UC_X86_REG_EBP, UC_X86_REG_ESI, UC_X86_REG_EDI, UC_X86_REG_EFLAGS};

static void registers_transfer(struct unicorn_window *window, uint32_t *gpr, uint32_t *eflags,
                               bool write)
{
    int ids[VCPU_REGISTER_COUNT + 1];
    void *values[VCPU_REGISTER_COUNT + 1];
    memcpy(ids, register_ids, sizeof ids);
    for (int i = 0; i < VCPU_REGISTER_COUNT; i++) {
        values[i] = &gpr[i];
    }
    values[VCPU_REGISTER_COUNT] = eflags;
    uc_err code = write ? uc_reg_write_batch(window->uc, ids, values, VCPU_REGISTER_COUNT + 1)
                        : uc_reg_read_batch(window->uc, ids, values, VCPU_REGISTER_COUNT + 1);
    ASSERT(code == UC_ERR_OK);
}

static void zero_flags(struct unicorn_window *window)
{
    uint32_t eflags = 0;
    uc_reg_read(window->uc, UC_X86_REG_EFLAGS, &eflags);
    eflags &= ~(uint32_t)window->zero_flags;
    uc_reg_write(window->uc, UC_X86_REG_EFLAGS, &eflags);
    window->zero_flags = 0;
}

/* Looks at where Unicorn is to go on; false, with the event, if it is not to. */
static bool may_start(struct unicorn_window *window, uint32_t eip)
{
    enum ahead ahead = AHEAD_CHANGED;
    while (window->budget != 0 && ahead == AHEAD_CHANGED) {
        ahead = unicorn_run_is_safe(window, eip);
    }
    unicorn_pages_remove_stale(window);
    if (ahead == AHEAD_SAFE) {
        return true;
    }
    window->event_eip = eip;
    window->event = window->budget == 0 ? WINDOW_BUDGET
                    : !window->pass_breakpoint && unicorn_is_breakpoint(window, eip)
                        ? WINDOW_BREAKPOINT
                        : WINDOW_DELEGATE;
    return false;
}

enum window_event unicorn_window_slice(struct unicorn_window *window, struct vcpu *vcpu,
                                       uint64_t budget)
{
    const struct vcpu_space *space = vcpu->space;
    ASSERT(window->dirty.count == 0);
    window->vcpu = vcpu;
    window->budget = budget;
    window->executed = 0;
    window->zero_flags = 0;
    window->current_only_moves = false;
    window->repeating = window->x87_loaded = false;
    window->x87_after = 0;
    window->newly_private = 0;
    window->newly_private_max = space->private_count < space->private_limit
                                    ? space->private_limit - space->private_count
                                    : 0;
    uint32_t gpr[VCPU_REGISTER_COUNT];
    uint32_t eflags = vcpu->eflags;
    memcpy(gpr, vcpu->gpr, sizeof gpr);
    registers_transfer(window, gpr, &eflags, true);
    uint32_t eip = vcpu->eip;
    for (;;) {
        window->event = WINDOW_NONE;
        window->reload = false;
        if (!may_start(window, eip)) {
            break;
        }
        (void)uc_emu_start(window->uc, eip, UNREACHABLE_ADDRESS, 0, 0);
        if (window->event == WINDOW_FLAGS) {
            zero_flags(window);
        } else if (window->event != WINDOW_RELOAD) {
            break;
        }
        eip = window->event_eip;
    }
    if (window->event == WINDOW_NONE) {
        window->event = WINDOW_UNDO; /* Unicorn gave up for a reason of its own */
    }
    if ((window->event == WINDOW_UNDO || window->event == WINDOW_REGISTER) && window->executed) {
        window->executed--; /* the unfinished one */
    }
    return window->event;
}

bool unicorn_window_commit(struct unicorn_window *window)
{
    struct vcpu *vcpu = window->vcpu;
    for (uint32_t i = 0; i < window->dirty.count; i++) {
        if (!vcpu_space_write_page(vcpu->space, window->dirty.page[i] << VCPU_PAGE_BITS)) {
            unicorn_window_undo(window);
            return false;
        }
    }
    for (uint32_t i = 0; i < window->dirty.count; i++) {
        uint32_t page = window->dirty.page[i];
        uint32_t address = page << VCPU_PAGE_BITS;
        memcpy(vcpu_space_write_page(vcpu->space, address), window->bytes + address,
               VCPU_PAGE_BYTES);
        window->page_flags[page] &= (uint8_t)~WINDOW_PAGE_DIRTY;
        vcpu->space->code_written = true; /* another engine may have decoded these bytes */
    }
    window->dirty.count = 0;
    registers_transfer(window, vcpu->gpr, &vcpu->eflags, false);
    vcpu->eflags &= VCPU_FLAG_ALL & ~(uint32_t)window->zero_flags;
    vcpu->eip = window->event_eip;
    vcpu->retired += window->executed;
    vcpu->cycles += window->executed;
    if (window->x87_loaded) {
        unicorn_x87_save(window, &vcpu->x87);
    }
    return true;
}

void unicorn_window_undo(struct unicorn_window *window)
{
    for (uint32_t i = 0; i < window->dirty.count; i++) {
        uint32_t page = window->dirty.page[i];
        window->page_flags[page] &= WINDOW_PAGE_CODE;
        if (window->page_flags[page]) {
            forget_code(window, page); /* of which a store is still in the window */
        }
    }
    uint32_t kept = 0;
    for (uint32_t i = 0; i < window->loaded.count; i++) {
        if (window->page_flags[window->loaded.page[i]] & WINDOW_PAGE_LOADED) {
            window->loaded.page[kept++] = window->loaded.page[i];
        }
    }
    window->loaded.count = kept;
    window->dirty.count = 0;
    /* An exception leaves a mark with which the next one would be a double fault. */
    uc_err code = uc_context_restore(window->uc, window->fresh);
    ASSERT(code == UC_ERR_OK);
}

void unicorn_window_release(struct unicorn_window *window)
{
    ASSERT(window->dirty.count == 0);
    for (uint32_t i = 0; i < window->loaded.count; i++) {
        window->page_flags[window->loaded.page[i]] &= WINDOW_PAGE_CODE;
    }
    window->loaded.count = 0;
    window->vcpu = NULL;
}
