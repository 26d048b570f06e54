/*
 * The engine contract: what executes guest instructions.
 *
 * run(engine, vcpu, budget) retires *exactly* budget instructions unless it stops sooner for a
 * stated reason, and leaves the processor on an exact instruction boundary: EIP, flags, registers,
 * memory, and `retired` and `cycles` advanced by what retired. Batch size, block shape and caching
 * never show.
 *
 * One engine per host thread serves every node; a node is only the state it is pointed at. Engines
 * are interchangeable in mid-run, between any two calls.
 *
 * Accesses to ports and virtual registers, `idle` and `terminate` stop the engine *before* the
 * instruction: the host performs it and calls vcpu_access_complete (or, for idle and terminate,
 * vcpu_idle_complete), which retires it. If the host refuses it is a fault and nothing retires.
 *
 * An instruction that needs a page which is absent (vcpu/memory.h) stops the engine before it, too.
 * It is begun anew when the engine is next run, once for each page that it lacks; of a repeated
 * string instruction that is the iteration.
 */
#ifndef DENALI_VCPU_ENGINE_H
#define DENALI_VCPU_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include <base/public.h>
#include <base/status.h>
#include <vcpu/vcpu.h>

DENALI_API_BEGIN

enum vcpu_stop_reason {
    VCPU_STOP_BUDGET,     /* the budget is used up */
    VCPU_STOP_PORT,       /* at an `in` or `out`; see access */
    VCPU_STOP_REGISTER,   /* at an aligned 32-bit `mov` to or from the register page; see access */
    VCPU_STOP_IDLE,       /* at `idle` */
    VCPU_STOP_TERMINATE,  /* at `terminate` */
    VCPU_STOP_FAULT,      /* the next instruction faults; see fault */
    VCPU_STOP_BREAKPOINT, /* at an address in the engine's breakpoint set */
    VCPU_STOP_PAGE,       /* the next instruction needs a page that is absent; see page */
};

/* A port or virtual-register access that the host is to perform. */
struct vcpu_access {
    bool write;
    uint8_t size_bytes; /* 1, 2 or 4 */
    uint8_t reg;        /* reads: enum vcpu_register that gets the value (size 1: 0..7 as
                           AL CL DL BL AH CH DH BH) */
    uint8_t instruction_bytes;
    uint32_t address; /* port number, or offset in the register page */
    uint32_t value;   /* writes: the value, zero-extended */
};

struct vcpu_stop {
    enum vcpu_stop_reason reason;
    uint64_t retired;          /* by this call */
    struct vcpu_access access; /* PORT, REGISTER */
    struct vcpu_fault fault;   /* FAULT */
    struct vcpu_need page;     /* PAGE */
};

struct vcpu_engine;

struct vcpu_engine_ops {
    const char *name; /* as --engine takes it */
    const char *summary;
    int slot; /* index in vcpu_image.engine */
    enum status (*create)(struct vcpu_engine **engine, struct error *error);
    void (*destroy)(struct vcpu_engine *engine);
    void (*run)(struct vcpu_engine *engine, struct vcpu *vcpu, uint64_t budget,
                struct vcpu_stop *stop);
};

/* Embedded first in every engine. */
struct vcpu_engine {
    const struct vcpu_engine_ops *ops;
    /* Sorted guest addresses to stop before, or NULL. Owned by the caller of run. A run that starts
     * at a breakpoint executes that instruction. */
    const uint32_t *breakpoints;
    uint32_t breakpoint_count;
};

/* All engines of this build that this host can run, NULL-terminated, the default first. */
const struct vcpu_engine_ops *const *vcpu_engines(void);
/* By name; NULL if there is none of that name among them. */
const struct vcpu_engine_ops *vcpu_engine_find(const char *name);

DENALI_API_END

/* --- within the house: not exported ----------------------------------------------------------- */

static inline void vcpu_engine_run(struct vcpu_engine *engine, struct vcpu *vcpu, uint64_t budget,
                                   struct vcpu_stop *stop)
{
    engine->ops->run(engine, vcpu, budget, stop);
}

/* By the name that a user gave as an option's value, "--engine" say; an error names the nearest. */
enum status vcpu_engine_choose(const char *option, const char *name,
                               const struct vcpu_engine_ops **engine, struct error *error) MUST_USE;

/* Retires the instruction of a PORT or REGISTER stop; value is what a read yielded. */
void vcpu_access_complete(struct vcpu *vcpu, const struct vcpu_access *access, uint32_t value);

/* Retires an `idle`: EAX gets the pending mask. The caller has advanced cycles for the wait. */
void vcpu_idle_complete(struct vcpu *vcpu);

/* Retires a `terminate`; the machine runs no more. */
void vcpu_terminate_complete(struct vcpu *vcpu);

#define VCPU_VIRTUAL_INSTRUCTION_BYTES 3u /* idle and terminate: 0F 3F 01, 0F 3F 02 */

#endif
