/*
 * The translator: the fast engine of x86-64 hosts. From translated block to translated block, with
 * the interpreter for what is rare: the tail of a budget, an access off the fast path, instructions
 * that are not lowered, and nodes that changed their own code.
 */
#include "translator/gate.h"

#include <stdlib.h>
#include <string.h>

#include <base/alloc.h>
#include <vcpu/engine.h>
#include <vcpu/image.h>

#include "interpreter/interpreter.h"
#include "translator/cache.h"
#include "translator/workshop.h"
#include "translator/x87.h"

struct translator {
    struct vcpu_engine engine;          /* first: vcpu/engine.h */
    uint8_t signals[GATE_SIGNAL_BYTES]; /* gate.h */
    struct gate gate;
    struct vcpu_engine *interpreter;
    struct cache_workshop workshop;
};

static void state_load(struct translator *t, const struct vcpu *vcpu)
{
    memcpy(t->gate.gpr, vcpu->gpr, sizeof vcpu->gpr);
    t->gate.eip = vcpu->eip;
    t->gate.flags_form = FLAGS_FORM(FLAGS_KEPT, 0);
    t->gate.flags_a = gate_flags_keep(vcpu->eflags);
    t->gate.direction = vcpu->eflags & VCPU_FLAG_DF;
    t->gate.read = vcpu->space->read;
    t->gate.write = vcpu->space->write;
    t->gate.pages = vcpu->space->page_count;
    t->gate.limit8 = vcpu->space->page_count * VCPU_PAGE_BYTES;
    t->gate.limit16 = t->gate.limit8 / 2;
    t->gate.limit32 = t->gate.limit8 / 4;
    t->gate.limit64 = t->gate.limit8 / 8;
}

static void state_store(const struct translator *t, struct vcpu *vcpu, uint64_t retired)
{
    memcpy(vcpu->gpr, t->gate.gpr, sizeof vcpu->gpr);
    vcpu->eip = t->gate.eip;
    vcpu->eflags =
        flags_of_gate(t->gate.flags_form, t->gate.flags_a, t->gate.flags_b) | t->gate.direction;
    vcpu->retired += retired;
    vcpu->cycles += retired;
}

/* Translated code from t->gate.eip on, as far as it goes; returns what of left is left. */
static uint64_t run_translated(struct translator *t, struct cache *cache, struct vcpu *vcpu,
                               uint64_t left)
{
    struct cache_user *user = cache_enter(cache, t);
    const void *code = cache_find(cache, user, t->gate.eip, &t->workshop);
    t->gate.left = left > INT64_MAX ? INT64_MAX : (int64_t)left;
    uint64_t beyond = left - (uint64_t)t->gate.left;
    bool goes_on = true;
    while (code && goes_on) {
        gate_enter(&t->gate, code);
        switch (t->gate.exit) {
        case GATE_EXIT_LINK:
            code = cache_follow(cache, user, t->gate.edge, &t->gate.eip, &t->workshop);
            break;
        case GATE_EXIT_FIND:
            code = cache_find(cache, user, t->gate.eip, &t->workshop);
            if (code) {
                cache_target_set(cache, t->gate.eip, code);
            }
            break;
        case GATE_EXIT_X87:
            translator_x87_load(&t->gate, &vcpu->x87);
            code = cache_find(cache, user, t->gate.eip, &t->workshop);
            break;
        case GATE_EXIT_FLAGS:
            t->gate.flags_a = gate_flags_keep(
                flags_of_gate(t->gate.flags_form, t->gate.flags_a, t->gate.flags_b));
            t->gate.flags_form = FLAGS_FORM(FLAGS_KEPT, 0);
            code = cache_find(cache, user, t->gate.eip, &t->workshop);
            break;
        default:
            goes_on = false;
        }
    }
    cache_leave(user);
    translator_x87_store(&t->gate, &vcpu->x87);
    return (uint64_t)t->gate.left + beyond;
}

static void run(struct vcpu_engine *engine, struct vcpu *vcpu, uint64_t budget,
                struct vcpu_stop *stop)
{
    struct translator *t = (struct translator *)engine;
    struct cache *cache =
        cache_of(vcpu->space->image, vcpu->space->absent ? TRANSLATOR_PAGED_SLOT : TRANSLATOR_SLOT);
    t->interpreter->breakpoints = engine->breakpoints;
    t->interpreter->breakpoint_count = engine->breakpoint_count;
    if (cache) {
        t->gate.targets = cache->targets;
        t->gate.code = cache->executable;
    }
    uint64_t left = budget;
    memset(stop, 0, sizeof *stop);
    while (left && stop->reason == VCPU_STOP_BUDGET) {
        if (!cache || engine->breakpoint_count || vcpu->space->code_private) {
            vcpu_engine_run(t->interpreter, vcpu, left, stop);
            left -= stop->retired;
            break;
        }
        state_load(t, vcpu);
        uint64_t now = run_translated(t, cache, vcpu, left);
        state_store(t, vcpu, left - now);
        left = now;
        if (left) {
            interpreter_run_block(t->interpreter, vcpu, left, stop);
            left -= stop->retired;
        }
    }
    stop->retired = budget - left;
    vcpu->space->code_written = false;
}

/* --- the engine's door ------------------------------------------------------------------------ */

extern const struct vcpu_engine_ops vcpu_translator_ops;
extern const struct vcpu_engine_ops vcpu_interpreter_ops;
/* Has this host the instructions (BMI2: shifts and rotates without flags) and the memory? */
bool vcpu_translator_possible(void);

bool vcpu_translator_possible(void)
{
    return __builtin_cpu_supports("bmi2") && cache_possible();
}

static enum status create(struct vcpu_engine **engine, struct error *error)
{
    struct translator *t = alloc_zeroed(1, sizeof *t);
    t->engine.ops = &vcpu_translator_ops;
    memcpy(t->gate.leave, gate_leaves, sizeof t->gate.leave);
    enum status status = vcpu_interpreter_ops.create(&t->interpreter, error);
    if (status) {
        free(t);
        return status;
    }
    *engine = &t->engine;
    return STATUS_OK;
}

static void destroy(struct vcpu_engine *engine)
{
    if (engine) {
        struct translator *t = (struct translator *)engine;
        t->interpreter->ops->destroy(t->interpreter);
        free(t);
    }
}

const struct vcpu_engine_ops vcpu_translator_ops = {
    .name = "translator",
    .summary = "the fast one: guest code rewritten for x86-64 hosts",
    .slot = TRANSLATOR_SLOT,
    .create = create,
    .destroy = destroy,
    .run = run,
};
