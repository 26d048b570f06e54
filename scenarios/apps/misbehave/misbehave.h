/*
 * Guests that do wrong on purpose, one way each, for the tests behind docs/threat-model.md.
 *
 * A behaviour either makes its machine fault, or it is legal and only rude (it hogs, floods, or
 * overwrites itself). `expect` says which, so that a test can run the whole list: the name of the
 * fault kind as vcpu/fault.h has it, "never" for one that runs until its machine is stopped, or
 * "none" for one that ends with exit code 0.
 */
#ifndef MISBEHAVE_H
#define MISBEHAVE_H

#include <stdint.h>

#include <devices/abi.h>

struct behaviour {
    const char *name;
    const char *expect;
    void (*run)(uint32_t argument);
    const char *help;
};

/* One array a file; each ends with a NULL name. */
extern const struct behaviour BEHAVIOURS_PROCESSOR[];
extern const struct behaviour BEHAVIOURS_DEVICES[];
extern const struct behaviour BEHAVIOURS_FLOODS[];
extern const struct behaviour BEHAVIOURS_DISKS[];

static inline uint32_t register_read(uint32_t offset)
{
    uint32_t value;
    __asm__ volatile("movl (%1), %0" : "=r"(value) : "r"(ABI_REGISTER_PAGE + offset) : "memory");
    return value;
}

static inline void register_write(uint32_t offset, uint32_t value)
{
    __asm__ volatile("movl %0, (%1)" : : "r"(value), "r"(ABI_REGISTER_PAGE + offset) : "memory");
}

static inline void port_write(uint16_t port, uint32_t value)
{
    __asm__ volatile("outl %0, %w1" : : "a"(value), "Nd"(port) : "memory");
}

static inline void port_command(uint16_t port, const void *descriptor)
{
    port_write(port, (uint32_t)(uintptr_t)descriptor);
}

/* The first address after this machine's memory. */
static inline uint32_t memory_end(void)
{
    return register_read(ABI_REG_MEMORY_SIZE);
}

#endif
