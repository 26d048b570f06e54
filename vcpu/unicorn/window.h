/*
 * One Unicorn instance and its window: host memory that Unicorn sees as the guest's, one for each
 * memory size an engine meets.
 *
 * The window is a cache of the node's pages. A page is compared with its frame when it is first
 * touched in a slice and written back when the slice is committed, so that frames stay as they
 * were at the start of the slice until then: to undo a slice is to forget its pages.
 *
 * A slice is a stretch of instructions between two points where the processor's state is exact. It
 * ends by itself (its budget), at an instruction that Unicorn is not to execute, or must be undone
 * because an instruction could not finish.
 */
#ifndef DENALI_VCPU_UNICORN_WINDOW_H
#define DENALI_VCPU_UNICORN_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include <unicorn/unicorn.h>

#include "unicorn/traits.h"
#include <vcpu/engine.h>
#include <vcpu/memory.h>

enum window_event {
    WINDOW_NONE,
    WINDOW_BUDGET,     /* the budget is used up */
    WINDOW_BREAKPOINT, /* at a breakpoint */
    WINDOW_FLAGS,      /* the next instruction reads flags that are yet to be made 0 */
    WINDOW_RELOAD,     /* code changed: go on here with fresh translations */
    WINDOW_DELEGATE,   /* the next instruction is not for Unicorn */
    WINDOW_REGISTER,   /* the instruction reached the register page and did nothing else */
    WINDOW_UNDO,       /* the instruction must not happen: undo the slice, repeat up to it */
};

/* A list of page numbers that grows. */
struct window_pages {
    uint32_t *page;
    uint32_t count;
    uint32_t room;
};

struct unicorn_window {
    uc_engine *uc;
    uc_context *fresh;   /* Unicorn's own state at the beginning, to forget exceptions with */
    uint8_t *bytes;      /* guest address 0 */
    uint32_t size_bytes; /* of guest memory */
    uint32_t page_count;

    uint8_t *page_flags;            /* WINDOW_PAGE_* of each page */
    struct unicorn_traits **traits; /* of each page that ran, one for each byte; else NULL */
    struct window_pages loaded;     /* pages that hold the node's content now */
    struct window_pages dirty;      /* written in this slice, in order */
    struct window_pages stale;      /* changed by the host: translations to remove */
    uint32_t generation;            /* of code: counts its changes, from 1 */
    uint64_t translated_max;        /* instructions that Unicorn can have translated so far */
    uint32_t newly_private;         /* of the dirty ones, how many are not private yet */
    uint32_t newly_private_max;     /* how many may be */

    /* The slice. */
    struct vcpu *vcpu;
    const uint32_t *breakpoints; /* as in struct vcpu_engine */
    uint32_t breakpoint_count;
    bool pass_breakpoint; /* the next instruction is executed even if it has a breakpoint */
    uint64_t budget;      /* instructions left */
    uint64_t executed;    /* begun; the last may be unfinished */
    enum window_event event;
    uint32_t event_eip;
    bool reload;          /* stop before the next instruction: code changed */
    uint32_t current_eip; /* of the instruction being executed */
    uint8_t current_length_bytes;
    bool current_only_moves;
    uint16_t zero_flags; /* flags that are 0 whatever Unicorn says */
    bool repeating;      /* the instruction before was an iteration of current */
    bool x87_loaded;     /* Unicorn holds the node's x87 */
    uint16_t x87_after;  /* UNICORN_X87_*: what is to be put right after the last one */
    uint16_t x87_kept;   /* KEEP: C0 to C3 as they were */
};

/* NULL and *error if Unicorn or the host refuses. */
struct unicorn_window *unicorn_window_create(uint32_t size_bytes, struct error *error);
void unicorn_window_destroy(struct unicorn_window *window);

/*
 * Executes up to budget instructions from vcpu's state without changing vcpu or its space. Returns
 * how it ended: BUDGET, BREAKPOINT, DELEGATE, REGISTER or UNDO; window->executed is the number of
 * instructions that retire if it is committed (for UNDO: that did before the unfinished one).
 */
enum window_event unicorn_window_slice(struct unicorn_window *window, struct vcpu *vcpu,
                                       uint64_t budget);

/* Makes what the slice did the state of the node. False if frames have run out: nothing changed. */
bool unicorn_window_commit(struct unicorn_window *window);
/* Forgets what the slice did. */
void unicorn_window_undo(struct unicorn_window *window);
/* Forgets the node's content, as the host or another engine may now change it. */
void unicorn_window_release(struct unicorn_window *window);

/* For the files of the window only. */
bool unicorn_is_breakpoint(const struct unicorn_window *window, uint32_t eip);
/* The traits of the instruction at eip, which is in memory; NULL if loading pages for it changed
 * code, so that translations are stale. */
struct unicorn_traits *unicorn_traits_at(struct unicorn_window *window, uint32_t eip);
/* May Unicorn run from eip on? For ahead.c's answers see there. */
enum ahead { AHEAD_SAFE, AHEAD_UNSAFE, AHEAD_CHANGED };
enum ahead unicorn_run_is_safe(struct unicorn_window *window, uint32_t eip);
/* May it execute the instruction at eip, which looks ahead? */
enum ahead unicorn_look_ahead(struct unicorn_window *window, uint32_t eip,
                              struct unicorn_traits *traits);
bool unicorn_page_load(struct unicorn_window *window, uint32_t page);
void unicorn_page_store(struct unicorn_window *window, uint32_t address, uint32_t size_bytes);
void unicorn_pages_remove_stale(struct unicorn_window *window);
enum status unicorn_hooks_add(struct unicorn_window *window, struct error *error);
enum status unicorn_error(struct error *error, const char *action, uc_err code);

#define WINDOW_PAGE_LOADED 1u /* holds the node's content */
#define WINDOW_PAGE_DIRTY  2u /* and was written in this slice */
#define WINDOW_PAGE_CODE   4u /* Unicorn may have translated something of it; for good */
/* Unicorn has room for translations of 1 GiB and crashes when it is used up (blocks are freed that
 * are still in use). An instruction takes some hundred bytes, so an instance ends long before. */
#define WINDOW_TRANSLATED_MAX 250000u
#define WINDOW_FIRST_PAGE     2u /* page 0 and the register page are not memory */

#endif
