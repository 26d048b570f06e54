/*
 * The Denali machine as C sees it: virtual registers, ports and the two virtual instructions.
 * devices/abi.h says what each means; nothing else of Ilwaco knows an encoding.
 */
#ifndef ILWACO_MACHINE_H
#define ILWACO_MACHINE_H

#include <stdint.h>

#include <devices/abi.h>

#define MACHINE_PAGE_BYTES 4096u
#define MACHINE_FOREVER_NS UINT64_MAX

/* Virtual registers take nothing but an aligned 32-bit mov, so the compiler must not fold the
 * access into another instruction: hence the assembly. */
static inline uint32_t machine_register_read(uint32_t offset)
{
    uint32_t value;
    __asm__ volatile("movl (%1), %0" : "=r"(value) : "r"(ABI_REGISTER_PAGE + offset) : "memory");
    return value;
}

static inline void machine_register_write(uint32_t offset, uint32_t value)
{
    __asm__ volatile("movl %0, (%1)" : : "r"(value), "r"(ABI_REGISTER_PAGE + offset) : "memory");
}

/* Virtual time; reading the low half latches the high one. */
static inline uint64_t machine_time_ns(void)
{
    uint32_t low = machine_register_read(ABI_REG_TIME_LOW);
    uint32_t high = machine_register_read(ABI_REG_TIME_HIGH);
    return (uint64_t)high << 32 | low;
}

static inline void machine_port_write(uint16_t port, uint32_t value)
{
    __asm__ volatile("outl %0, %w1" : : "a"(value), "Nd"(port) : "memory");
}

static inline uint32_t machine_port_read(uint16_t port)
{
    uint32_t value;
    __asm__ volatile("inl %w1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}

static inline void machine_port_write_16(uint16_t port, uint16_t value)
{
    __asm__ volatile("outw %0, %w1" : : "a"(value), "Nd"(port) : "memory");
}

static inline uint16_t machine_port_read_16(uint16_t port)
{
    uint16_t value;
    __asm__ volatile("inw %w1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}

/* Hands the device at port the descriptor it takes. */
static inline void machine_port_command(uint16_t port, const void *descriptor)
{
    machine_port_write(port, (uint32_t)(uintptr_t)descriptor);
}

/* Stops until an interrupt is pending or the time has come; returns the pending kinds. */
static inline uint32_t machine_idle_until(uint64_t time_ns)
{
    uint32_t pending;
    uint32_t high = (uint32_t)(time_ns >> 32);
    __asm__ volatile(".byte 0x0f, 0x3f, 0x01"
                     : "=a"(pending), "+d"(high)
                     : "a"((uint32_t)time_ns)
                     : "memory");
    return pending;
}

static inline void __attribute__((noreturn)) machine_terminate(uint32_t code)
{
    for (;;)
        __asm__ volatile(".byte 0x0f, 0x3f, 0x02" : : "a"(code) : "memory");
}

#endif
