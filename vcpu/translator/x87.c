/*
 * The guest's x87 state in the host's x87, for as long as translated code that uses it runs. A node
 * that never does never pays: the state moves when the first such block finds it not there.
 *
 * The layout is that of FXSAVE (Intel SDM vol. 1, 10.5.1): registers from the top of the stack on,
 * tags by physical register.
 */
#include "translator/x87.h"

#include <string.h>

#include "x87/x87.h"

struct area {
    uint16_t control;
    uint16_t status;
    uint8_t valid; /* bit per physical register */
    uint8_t unused[19];
    uint32_t mxcsr;
    uint32_t mxcsr_mask;
    struct {
        uint64_t mantissa;
        uint16_t sign_exponent;
        uint8_t unused[6];
    } st[8];
    uint8_t rest[352];
} __attribute__((aligned(16)));

static_assert(sizeof(struct area) == 512, "what fxsave writes");

#define STATUS_C1 0x0200u

/* Precision control 01 is reserved on the host and acts as extended in the ISA. */
static uint16_t host_control(uint16_t control)
{
    return (control & 0x0300u) == 0x0100u ? control | 0x0300u : control;
}

void translator_x87_load(struct gate *gate, const struct vcpu_x87 *x87)
{
    struct area area;
    memset(&area, 0, sizeof area);
    area.control = host_control(x87->control);
    area.status = x87_status(x87) & (uint16_t)~STATUS_C1;
    area.valid = x87->valid;
    for (unsigned i = 0; i < 8; i++) {
        unsigned physical = (x87->top + i) & 7u;
        area.st[i].mantissa = x87->mantissa[physical];
        area.st[i].sign_exponent = x87->sign_exponent[physical];
    }
    __asm__ volatile("stmxcsr %0" : "=m"(area.mxcsr));
    /* It loads these too, and nobody here wants them kept. */
    __asm__ volatile("fxrstor64 %0"
                     :
                     : "m"(area)
                     : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8",
                       "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
    gate->x87_control = x87->control;
    gate->x87_c1 = x87_status(x87) & STATUS_C1;
    gate->x87_here = 1;
}

void translator_x87_store(struct gate *gate, struct vcpu_x87 *x87)
{
    if (!gate->x87_here) {
        return;
    }
    struct area area;
    __asm__ volatile("fxsave64 %0\n\tfninit" : "=m"(area)); /* fninit: as the ABI has it */
    x87->control = (uint16_t)gate->x87_control;
    x87->top = area.status >> 11 & 7u;
    x87->valid = area.valid;
    x87->conditions = (uint8_t)((area.status >> 8 & 5u) | (area.status >> 14 & 1u) << 3 |
                                (gate->x87_c1 ? 2u : 0u));
    for (unsigned i = 0; i < 8; i++) {
        unsigned physical = (x87->top + i) & 7u;
        x87->mantissa[physical] = area.st[i].mantissa;
        x87->sign_exponent[physical] = area.st[i].sign_exponent;
    }
    x87_canonicalize(x87);
    gate->x87_here = 0;
}
