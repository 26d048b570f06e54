/*
 * What a disk must refuse, and what it must bear: requests for memory that is not there, for blocks
 * and disks that are not there, more of them than its queue holds, over each other and without end.
 * The machine's disk 0 may be written.
 */
#include "misbehave.h"

#include <stdbool.h>
#include <stdlib.h>

static uint8_t buffer[2 * ABI_DISK_BLOCK_BYTES] __attribute__((aligned(4096)));

static uint32_t buffer_address(void)
{
    return (uint32_t)(uintptr_t)buffer;
}

static void submit(uint32_t disk, uint32_t operation, uint64_t block, uint32_t address)
{
    struct abi_disk_request request = {disk, operation, block, address, 0};
    port_command(ABI_PORT_DISK_SUBMIT, &request);
}

/* The status of the oldest request that is done, or ABI_DISK_NONE. */
static uint32_t collect(void)
{
    volatile struct abi_disk_completion completion;
    port_write(ABI_PORT_DISK_COMPLETE, (uint32_t)(uintptr_t)&completion);
    return completion.status;
}

static uint32_t await(void)
{
    for (;;) {
        uint32_t status = collect();
        if (status != ABI_DISK_NONE) {
            return status;
        }
        uint32_t pending;
        uint32_t high = UINT32_MAX;
        __asm__ volatile(".byte 0x0f, 0x3f, 0x01"
                         : "=a"(pending), "+d"(high)
                         : "a"(UINT32_MAX)
                         : "memory");
        register_write(ABI_REG_IRQ_PENDING, pending);
    }
}

/* What was expected did not come: for a behaviour that is to end with 0. */
static void expect(bool held)
{
    if (!held) {
        exit(98);
    }
}

static void disk_past(uint32_t argument)
{
    (void)argument;
    submit(0, ABI_DISK_READ, 0, memory_end() - ABI_DISK_BLOCK_BYTES + 1);
}

static void disk_null(uint32_t argument)
{
    (void)argument;
    submit(0, ABI_DISK_READ, 0, 0);
}

static void disk_registers(uint32_t argument)
{
    (void)argument;
    submit(0, ABI_DISK_WRITE, 0, ABI_REGISTER_PAGE + 1);
}

static void disk_wrapping(uint32_t argument)
{
    (void)argument;
    submit(0, ABI_DISK_WRITE, 0, 0xfffff001u);
}

/* One more than may wait; they are done, but nobody collects them. */
static void disk_queue(uint32_t argument)
{
    (void)argument;
    for (uint32_t i = 0; i <= ABI_DISK_REQUESTS_MAX; i++) {
        submit(0, ABI_DISK_READ, 0, buffer_address());
    }
}

static void disk_nowhere(uint32_t argument)
{
    static const struct {
        uint32_t disk;
        uint32_t operation;
        uint64_t block;
    } wrong[] = {
        {0, ABI_DISK_READ, UINT64_MAX},
        {0, ABI_DISK_WRITE, (uint64_t)1 << 52}, /* 2^64 bytes */
        {0, ABI_DISK_WRITE, UINT32_MAX},
        {0, 2, 0},
        {0, UINT32_MAX, 0},
        {ABI_DISKS_MAX, ABI_DISK_READ, 0},
        {UINT32_MAX, ABI_DISK_WRITE, 0},
    };
    (void)argument;
    for (uint32_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        submit(wrong[i].disk, wrong[i].operation, wrong[i].block, buffer_address());
        expect(await() == ABI_DISK_NO_BLOCK);
    }
}

/* Reads that overlap each other and the descriptors that ask for them. */
static void disk_overlapping(uint32_t argument)
{
    struct abi_disk_request *request = (struct abi_disk_request *)(buffer + 64);
    (void)argument;
    for (uint32_t i = 0; i < ABI_DISK_REQUESTS_MAX; i++) {
        *request = (struct abi_disk_request){0, i % 2, i % 3, buffer_address() + i, i};
        port_command(ABI_PORT_DISK_SUBMIT, request);
    }
    for (uint32_t i = 0; i < ABI_DISK_REQUESTS_MAX; i++) {
        expect(await() == ABI_DISK_DONE);
    }
    *request = (struct abi_disk_request){0, ABI_DISK_READ, 0, buffer_address(), 0};
    port_command(ABI_PORT_DISK_SUBMIT, request);
    port_command(ABI_PORT_DISK_COMPLETE, request);
    port_command(ABI_PORT_DISK_INFO, request);
}

/* Zeros are `add %al, (%eax)`, so EAX is nobody's address. Aligned, the loop lies in one page. */
static __attribute__((noinline, aligned(64))) void stay(void)
{
    __asm__ volatile("1: jmp 1b" : : "a"(0));
}

/* The block arrives while the loop runs. */
static void disk_over_code(uint32_t argument)
{
    (void)argument;
    submit(0, ABI_DISK_READ, 0, (uint32_t)(uintptr_t)stay & ~4095u);
    stay();
}

/* Ends with requests under way. */
static void disk_left(uint32_t argument)
{
    (void)argument;
    for (uint32_t i = 0; i < ABI_DISK_REQUESTS_MAX; i++) {
        submit(0, ABI_DISK_WRITE, i, buffer_address());
    }
}

/* Every block of disk 0, again and again. */
static void disk_fill(uint32_t argument)
{
    struct abi_disk_info info = {.disk = 0};
    (void)argument;
    port_command(ABI_PORT_DISK_INFO, &info);
    uint64_t blocks = ((volatile struct abi_disk_info *)&info)->block_count;
    for (uint64_t block = 0, waiting = 0;; block = block + 1 < blocks ? block + 1 : 0) {
        submit(0, ABI_DISK_WRITE, block, buffer_address());
        if (++waiting == ABI_DISK_REQUESTS_MAX) {
            while (collect() == ABI_DISK_NONE) {
            }
            waiting--;
        }
    }
}

const struct behaviour BEHAVIOURS_DISKS[] = {
    {"disk-past", "DEVICE", disk_past, "reads a block to what ends outside memory"},
    {"disk-null", "DEVICE", disk_null, "reads a block to page 0"},
    {"disk-registers", "DEVICE", disk_registers, "writes a block from the register page"},
    {"disk-wrapping", "DEVICE", disk_wrapping, "writes a block across the top of the addresses"},
    {"disk-queue", "DEVICE", disk_queue, "asks for one more block than may wait"},
    {"disk-nowhere", "none", disk_nowhere, "asks for blocks and disks that are not there"},
    {"disk-overlapping", "none", disk_overlapping, "asks for blocks over each other"},
    {"disk-over-code", "MEMORY", disk_over_code, "reads zeros over its own code"},
    {"disk-left", "none", disk_left, "ends with requests under way"},
    {"disk-fill", "never", disk_fill, "writes every block without end"},
    {NULL, NULL, NULL, NULL},
};
