/*
 * Legal, and as rude as can be: programs that try to use up the network, the disk, the memory or
 * the attention of the host.
 */
#include "misbehave.h"

#include <stddef.h>

static uint8_t bytes[4096];

/* Sends frames as fast as the processor allows. To everybody: a switch must copy each. */
static void flood(uint32_t argument)
{
    uint32_t length_bytes =
        argument >= ABI_FRAME_MIN && argument <= ABI_FRAME_MAX ? argument : ABI_FRAME_MAX;
    struct abi_buffer frame = {(uint32_t)(uintptr_t)bytes, length_bytes};
    uint32_t mac_low = register_read(ABI_REG_MAC_LOW);
    uint32_t mac_high = register_read(ABI_REG_MAC_HIGH);
    for (uint32_t i = 0; i < 6; i++) {
        bytes[i] = 0xff;
        bytes[6 + i] = (uint8_t)(i < 4 ? mac_low >> (8 * i) : mac_high >> (8 * (i - 4)));
    }
    for (;;) {
        port_command(ABI_PORT_NIC_SEND, &frame);
    }
}

/* Every frame from another address: a learning switch must not learn without bound. */
static void flood_addresses(uint32_t argument)
{
    struct abi_buffer frame = {(uint32_t)(uintptr_t)bytes, 60};
    (void)argument;
    for (uint32_t i = 0; i < 6; i++) {
        bytes[i] = 0xff;
    }
    for (uint32_t number = 0;; number++) {
        bytes[6] = 0x02;
        bytes[7] = 0x66;
        for (uint32_t i = 0; i < 4; i++) {
            bytes[8 + i] = (uint8_t)(number >> (8 * i));
        }
        port_command(ABI_PORT_NIC_SEND, &frame);
    }
}

/* ARGUMENT writes of the longest kind; 0: for ever. */
static void flood_console(uint32_t argument)
{
    struct abi_buffer text = {(uint32_t)(uintptr_t)bytes, sizeof(bytes)};
    for (uint32_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = i % 80 == 79 ? '\n' : (uint8_t)('a' + i % 26);
    }
    for (uint32_t i = 0; argument == 0 || i < argument; i++) {
        port_command(ABI_PORT_CONSOLE_WRITE, &text);
    }
}

/* Measurements under ever new names; ARGUMENT of them, 0: for ever. */
static void flood_observations(uint32_t argument)
{
    char name[] = "flood.00000000";
    for (uint32_t i = 0; argument == 0 || i < argument; i++) {
        for (uint32_t digit = 0; digit < 8; digit++) {
            name[6 + digit] = "0123456789abcdef"[i >> (28 - 4 * digit) & 15];
        }
        struct abi_observation observation = {(uint32_t)(uintptr_t)name, sizeof(name) - 1,
                                              ABI_OBSERVE_MEASUREMENT, 0, i};
        port_command(ABI_PORT_OBSERVE, &observation);
    }
}

/* The timer, always in the past: an interrupt at every chance, its handler returns at once. */
static void storm(uint32_t argument)
{
    static uint64_t deadline_ns;
    (void)argument;
    register_write(ABI_REG_IRQ_ENABLE, 0);
    for (;;) {
        uint32_t pending;
        uint32_t high = 0;
        port_command(ABI_PORT_TIMER, &deadline_ns);
        __asm__ volatile(".byte 0x0f, 0x3f, 0x01" : "=a"(pending), "+d"(high) : "a"(0) : "memory");
        register_write(ABI_REG_IRQ_PENDING, pending);
    }
}

/* Writes every page of its memory, so that none is shared any more. */
static void hog_memory(uint32_t argument)
{
    uint32_t end = memory_end();
    uint32_t first = ((uint32_t)(uintptr_t)bytes | 4095) + 1 + 65536; /* clear of data and heap */
    (void)argument;
    for (uint32_t address = first; address < end; address += 4096) {
        *(volatile uint32_t *)(uintptr_t)address = address;
    }
}

/* The same again and again: a working set as large as its memory. */
static void churn_memory(uint32_t argument)
{
    for (;;) {
        hog_memory(argument);
    }
}

const struct behaviour BEHAVIOURS_FLOODS[] = {
    {"flood", "never", flood, "broadcasts frames of ARGUMENT (1514) bytes without end"},
    {"flood-addresses", "never", flood_addresses, "the same, each from another address"},
    {"flood-console", "none", flood_console, "prints ARGUMENT times 4 KiB; 0 without end"},
    {"flood-observations", "none", flood_observations, "ARGUMENT new metrics; 0 without end"},
    {"storm", "never", storm, "idles with a timer that has always just fired"},
    {"hog-memory", "none", hog_memory, "writes every page of its memory"},
    {"churn-memory", "never", churn_memory, "writes every page of its memory without end"},
    {NULL, NULL, NULL, NULL},
};
