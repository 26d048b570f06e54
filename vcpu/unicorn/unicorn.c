/*
 * The Unicorn engine: somebody else's emulator behind our interface, the independent check on the
 * others (vcpu/README.md). Correctness before speed.
 *
 * Unicorn executes slices (window.h). At what is not for it the engine lets the interpreter execute
 * one instruction, which also yields every stop and fault, so that they are the same on both;
 * traits.c and x87.c say what that is and why.
 */
#include <vcpu/engine.h>

#include <stdlib.h>
#include <string.h>

#include "unicorn/window.h"
#include <base/alloc.h>

extern const struct vcpu_engine_ops vcpu_interpreter_ops;
extern const struct vcpu_engine_ops vcpu_unicorn_ops;

/* A slice that must be undone is repeated, so it has an end. */
#define SLICE_MAX 0x40000u
/* Memory sizes that an engine keeps instances for (some 3 MiB each). */
#define WINDOWS_MAX 8u

struct unicorn {
    struct vcpu_engine base;
    struct vcpu_engine *interpreter;
    struct unicorn_window *window[WINDOWS_MAX];
    unsigned window_next; /* to be replaced */
};

static struct unicorn_window *window_for(struct unicorn *unicorn, uint32_t size_bytes)
{
    for (unsigned i = 0; i < WINDOWS_MAX; i++) {
        struct unicorn_window *window = unicorn->window[i];
        if (!window || window->size_bytes != size_bytes) {
            continue;
        }
        if (window->translated_max < WINDOW_TRANSLATED_MAX) {
            return window;
        }
        unicorn_window_destroy(window);
        unicorn->window[i] = unicorn_window_create(size_bytes, NULL);
        return unicorn->window[i];
    }
    struct unicorn_window *window = unicorn_window_create(size_bytes, NULL);
    if (window) {
        unsigned i = unicorn->window_next++ % WINDOWS_MAX;
        unicorn_window_destroy(unicorn->window[i]);
        unicorn->window[i] = window;
    }
    return window;
}

/* One or more instructions by the interpreter; false if it stopped. */
static bool delegate(struct unicorn *unicorn, struct vcpu *vcpu, uint64_t count,
                     struct vcpu_stop *stop)
{
    uint64_t before = stop->retired;
    vcpu_engine_run(unicorn->interpreter, vcpu, count, stop);
    stop->retired += before;
    return stop->reason == VCPU_STOP_BUDGET;
}

/* Executes up to count instructions; false if the engine is to stop. */
static bool run_slice(struct unicorn *unicorn, struct unicorn_window *window, struct vcpu *vcpu,
                      uint64_t count, struct vcpu_stop *stop)
{
    window->pass_breakpoint = stop->retired == 0;
    enum window_event event = unicorn_window_slice(window, vcpu, count);
    bool repeated = event == WINDOW_UNDO;
    if (repeated) {
        uint64_t until = window->executed;
        unicorn_window_undo(window);
        if (until != 0) {
            window->pass_breakpoint = stop->retired == 0;
            event = unicorn_window_slice(window, vcpu, until);
        }
        if (until == 0 || event == WINDOW_UNDO) {
            unicorn_window_undo(window);
            unicorn_window_release(window);
            return delegate(unicorn, vcpu, 1, stop);
        }
    }
    if (!unicorn_window_commit(window)) {
        /* The host's frames have run out: the interpreter knows at which store. */
        unicorn_window_release(window);
        return delegate(unicorn, vcpu, count, stop);
    }
    stop->retired += window->executed;
    unicorn_window_release(window);
    switch (event) {
    case WINDOW_BUDGET:
        return repeated ? delegate(unicorn, vcpu, 1, stop) : true;
    case WINDOW_BREAKPOINT:
        stop->reason = VCPU_STOP_BREAKPOINT;
        return false;
    default:
        return delegate(unicorn, vcpu, 1, stop);
    }
}

static void unicorn_run(struct vcpu_engine *engine, struct vcpu *vcpu, uint64_t budget,
                        struct vcpu_stop *stop)
{
    struct unicorn *unicorn = (struct unicorn *)engine;
    memset(stop, 0, sizeof *stop);
    unicorn->interpreter->breakpoints = engine->breakpoints;
    unicorn->interpreter->breakpoint_count = engine->breakpoint_count;
    while (stop->retired < budget) {
        uint64_t count = budget - stop->retired;
        struct unicorn_window *window = window_for(unicorn, vcpu->space->size_bytes);
        if (!window) { /* no more instances: the host's limit, not the guest's */
            (void)delegate(unicorn, vcpu, count, stop);
            return;
        }
        window->breakpoints = engine->breakpoints;
        window->breakpoint_count = engine->breakpoint_count;
        if (!run_slice(unicorn, window, vcpu, count < SLICE_MAX ? count : SLICE_MAX, stop)) {
            return;
        }
    }
    stop->reason = VCPU_STOP_BUDGET;
}

static void unicorn_destroy(struct vcpu_engine *engine)
{
    struct unicorn *unicorn = (struct unicorn *)engine;
    if (!unicorn) {
        return;
    }
    for (unsigned i = 0; i < WINDOWS_MAX; i++) {
        unicorn_window_destroy(unicorn->window[i]);
    }
    if (unicorn->interpreter) {
        unicorn->interpreter->ops->destroy(unicorn->interpreter);
    }
    free(unicorn);
}

static enum status unicorn_create(struct vcpu_engine **engine, struct error *error)
{
    struct unicorn *unicorn = alloc_zeroed(1, sizeof *unicorn);
    unicorn->base.ops = &vcpu_unicorn_ops;
    enum status status = vcpu_interpreter_ops.create(&unicorn->interpreter, error);
    if (status == STATUS_OK) {
        /* An instance now, so that a Unicorn that does not work is told before the run. */
        unicorn->window[0] = unicorn_window_create(16u << 20, error);
        unicorn->window_next = 1;
        status = unicorn->window[0] ? STATUS_OK : STATUS_UNSUPPORTED;
    }
    if (status != STATUS_OK) {
        unicorn_destroy(&unicorn->base);
        return status;
    }
    *engine = &unicorn->base;
    return STATUS_OK;
}

const struct vcpu_engine_ops vcpu_unicorn_ops = {
    .name = "unicorn",
    .summary = "the Unicorn emulator, as an independent check (slow)",
    .slot = 1,
    .create = unicorn_create,
    .destroy = unicorn_destroy,
    .run = unicorn_run,
};
