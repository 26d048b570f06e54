/*
 * The run loop and the engine's door. From block to block: find, run, count; and the budget, the
 * breakpoints and the stops, all on exact instruction boundaries (vcpu/engine.h).
 */
#include "interpreter/interpreter.h"

#include <stdlib.h>

#include <base/alloc.h>
#include <base/assert.h>

#include "interpreter/block.h"
#include "interpreter/flags.h"

#define SLOT 0 /* in vcpu_image.engine */

/* --- stops ------------------------------------------------------------------------------------ */

void interpreter_fault_at(struct interpreter *m, uint32_t eip, enum vcpu_fault_kind kind,
                          uint32_t address)
{
    m->stopped = true;
    m->bounce_bytes = 0;
    m->eip = eip;
    m->stop->reason = VCPU_STOP_FAULT;
    m->stop->fault = (struct vcpu_fault){.kind = kind, .eip = eip, .address = address};
}

void interpreter_page_at(struct interpreter *m, uint32_t eip, uint32_t page, bool write)
{
    m->stopped = true;
    m->bounce_bytes = 0;
    m->eip = eip;
    m->stop->reason = VCPU_STOP_PAGE;
    m->stop->page = (struct vcpu_need){.page = page, .write = write};
}

const struct op *interpreter_fault(struct interpreter *m, const struct op *op,
                                   enum vcpu_fault_kind kind, uint32_t address)
{
    interpreter_fault_at(m, op->eip, kind, address);
    return op;
}

const struct op *interpreter_stop(struct interpreter *m, const struct op *op,
                                  enum vcpu_stop_reason reason)
{
    m->stopped = true;
    m->eip = op->eip;
    m->stop->reason = reason;
    return op;
}

const struct op *op_end(struct interpreter *m, const struct op *op)
{
    m->eip = op->eip;
    return op;
}

const struct op *op_illegal(struct interpreter *m, const struct op *op)
{
    return interpreter_fault(m, op, VCPU_FAULT_ILLEGAL, 0);
}

/* --- the loop --------------------------------------------------------------------------------- */

/* The first count ops of a block, as a block. */
static const struct op *partial(struct interpreter *m, const struct op *ops, uint32_t count)
{
    struct op *copy = m->code->partial;
    memcpy(copy, ops, count * sizeof *ops);
    memset(&copy[count], 0, sizeof copy[count]);
    copy[count].run = op_end;
    copy[count].eip = ops[count].eip;
    return copy;
}

/* Runs the block at m->eip, but at most count_max instructions of it. */
static inline void run_block(struct interpreter *m, uint64_t count_max)
{
    uint32_t count;
    const struct op *first = interpreter_block(m, m->eip, &count);
    if (UNLIKELY(!first)) {
        return;
    }
    if (UNLIKELY(count > count_max)) {
        first = partial(m, first, (uint32_t)count_max);
    }
    m->first = first;
    m->window = count_max;
    const struct op *end = first->run(m, first);
    m->left -= (uint64_t)(end - first) + m->iterations;
    m->iterations = 0;
    m->leave = false;
}

static bool at_breakpoint(const struct interpreter *m)
{
    uint32_t low = 0;
    uint32_t high = m->engine.breakpoint_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (m->engine.breakpoints[middle] < m->eip) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < m->engine.breakpoint_count && m->engine.breakpoints[low] == m->eip;
}

/* One instruction at a time, with a look at the breakpoints before each but the first. */
static void run_with_breakpoints(struct interpreter *m)
{
    while (m->left && !m->stopped) {
        if (m->left != m->budget && at_breakpoint(m)) {
            m->stopped = true;
            m->stop->reason = VCPU_STOP_BREAKPOINT;
            return;
        }
        run_block(m, 1);
    }
}

/* Where pages may be absent every block is found the slow way, which looks. */
static struct code_cache nothing;

/* What a run, and a run of one block, have in common before and after. */
static void begin(struct interpreter *m, struct vcpu *vcpu, uint64_t budget, struct vcpu_stop *stop)
{
    memset(stop, 0, sizeof *stop);
    memcpy(m->gpr, vcpu->gpr, sizeof vcpu->gpr);
    m->eip = vcpu->eip;
    flags_set(m, vcpu->eflags);
    m->vcpu = vcpu;
    m->space = vcpu->space;
    m->image_code = code_cache_of(vcpu->space->image, SLOT);
    m->cache = vcpu->space->absent ? &nothing : m->image_code;
    m->stop = stop;
    m->stopped = false;
    m->leave = false;
    m->budget = m->left = budget;
    interpreter_refresh(m);
}

static void end(struct interpreter *m)
{
    struct vcpu *vcpu = m->vcpu;
    struct vcpu_stop *stop = m->stop;
    if (!m->stopped) {
        stop->reason = VCPU_STOP_BUDGET;
    }
    stop->retired = m->budget - m->left;
    memcpy(vcpu->gpr, m->gpr, sizeof vcpu->gpr);
    vcpu->eip = m->eip;
    vcpu->eflags = flags_get(m);
    vcpu->retired += stop->retired;
    vcpu->cycles += stop->retired;
    vcpu->space->code_written = false; /* every store that could matter has ended its block */
}

static void run(struct vcpu_engine *engine, struct vcpu *vcpu, uint64_t budget,
                struct vcpu_stop *stop)
{
    struct interpreter *m = (struct interpreter *)engine;
    begin(m, vcpu, budget, stop);
    if (UNLIKELY(engine->breakpoint_count)) {
        run_with_breakpoints(m);
    } else {
        while (m->left && !m->stopped) {
            run_block(m, m->left);
        }
    }
    end(m);
}

void interpreter_run_block(struct vcpu_engine *engine, struct vcpu *vcpu, uint64_t budget,
                           struct vcpu_stop *stop)
{
    struct interpreter *m = (struct interpreter *)engine;
    begin(m, vcpu, budget, stop);
    run_block(m, m->left);
    end(m);
}

/* --- the engine's door ------------------------------------------------------------------------ */

extern const struct vcpu_engine_ops vcpu_interpreter_ops;

static enum status create(struct vcpu_engine **engine, struct error *error)
{
    (void)error;
    struct interpreter *m = alloc_zeroed(1, sizeof *m);
    m->engine.ops = &vcpu_interpreter_ops;
    m->code = alloc_zeroed(1, sizeof *m->code);
    *engine = &m->engine;
    return STATUS_OK;
}

static void destroy(struct vcpu_engine *engine)
{
    if (engine) {
        struct interpreter *m = (struct interpreter *)engine;
        free(m->code);
        free(m);
    }
}

const struct vcpu_engine_ops vcpu_interpreter_ops = {
    .name = "interpreter",
    .summary = "the reference: portable, decodes each image once",
    .slot = SLOT,
    .create = create,
    .destroy = destroy,
    .run = run,
};
