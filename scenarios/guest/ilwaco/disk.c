/*
 * Disks for programs: whole blocks straight between the disk and the program's memory, several on
 * their way at a time so that a disk's latency is waited for once. The event loop runs meanwhile.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <denali.h>

#include "loop.h"
#include "machine.h"

/* Requests on their way at once: enough to hide a latency of many transfers. */
#define IN_FLIGHT_MAX 16u

/* One call's blocks on their way. Only one call is under way at a time: waiting runs the network
 * stack, which uses no disk. */
struct transfer {
    uint32_t submitted;
    uint32_t collected;
    uint32_t awaited; /* so many collected end the wait */
    uint32_t status;  /* of the first block that failed */
};

static bool info_read(int disk, struct abi_disk_info *info)
{
    memset(info, 0, sizeof *info);
    info->disk = (uint32_t)disk;
    if (disk < 0 || !(machine_register_read(ABI_REG_FEATURES) & ABI_FEATURE_DISK))
        return false;
    machine_port_command(ABI_PORT_DISK_INFO, info);
    return ((volatile struct abi_disk_info *)info)->name[0] != '\0';
}

/* Collects what is done. */
static bool collected_enough(void *context)
{
    struct transfer *transfer = context;
    while (transfer->collected < transfer->submitted) {
        volatile struct abi_disk_completion completion;
        machine_port_write(ABI_PORT_DISK_COMPLETE, (uint32_t)(uintptr_t)&completion);
        if (completion.status == ABI_DISK_NONE)
            break;
        if (transfer->status == ABI_DISK_DONE)
            transfer->status = completion.status;
        transfer->collected++;
    }
    return transfer->collected >= transfer->awaited;
}

static void await(struct transfer *transfer, uint32_t count)
{
    transfer->awaited = count;
    loop_await(collected_enough, transfer, MACHINE_FOREVER_NS);
}

static int error_of(uint32_t status)
{
    switch (status) {
    case ABI_DISK_NO_BLOCK: /* of a disk that had it */
        return ENODEV;
    case ABI_DISK_REFUSED:
        return EROFS;
    case ABI_DISK_FULL:
        return ENOSPC;
    case ABI_DISK_NO_MEMORY:
        return ENOMEM;
    }
    return EIO;
}

static int move(int disk, uint32_t operation, uint64_t first_block, uint32_t block_count,
                const void *bytes)
{
    struct transfer transfer = {.status = ABI_DISK_DONE};
    struct abi_disk_info info;
    if (!info_read(disk, &info)) {
        errno = ENODEV;
        return -1;
    }
    if (first_block > info.block_count || block_count > info.block_count - first_block) {
        errno = EINVAL;
        return -1;
    }
    while (transfer.submitted < block_count && transfer.status == ABI_DISK_DONE) {
        struct abi_disk_request request = {
            .disk = (uint32_t)disk,
            .operation = operation,
            .block = first_block + transfer.submitted,
            .address = (uint32_t)(uintptr_t)bytes + transfer.submitted * ABI_DISK_BLOCK_BYTES,
        };
        machine_port_command(ABI_PORT_DISK_SUBMIT, &request);
        transfer.submitted++;
        if (transfer.submitted - transfer.collected == IN_FLIGHT_MAX)
            await(&transfer, transfer.collected + 1);
    }
    /* The memory is the disk's until the last one is collected, whatever became of the others. */
    await(&transfer, transfer.submitted);
    if (transfer.status == ABI_DISK_DONE)
        return 0;
    errno = error_of(transfer.status);
    return -1;
}

/* The first of that name, or with NULL the first; -1: there is none. Volumes come and go, so that
 * there may be gaps. */
static int find(const char *name)
{
    struct abi_disk_info info;
    for (int disk = 0; disk < (int)ABI_DISKS_MAX; disk++) {
        if (info_read(disk, &info) && (!name || strncmp(info.name, name, sizeof info.name) == 0))
            return disk;
    }
    return -1;
}

int denali_disk_find(const char *name)
{
    int disk = find(name);
    if (disk < 0)
        errno = ENODEV;
    return disk;
}

struct wanted {
    const char *name;
    int disk;
};

static bool is_there(void *context)
{
    struct wanted *wanted = context;
    wanted->disk = find(wanted->name);
    return wanted->disk >= 0;
}

int denali_disk_wait(const char *name, uint64_t until_ns)
{
    struct wanted wanted = {.name = name};
    if (!loop_await(is_there, &wanted, until_ns))
        errno = ETIMEDOUT;
    return wanted.disk;
}

uint64_t denali_disk_blocks(int disk)
{
    struct abi_disk_info info;
    return info_read(disk, &info) ? info.block_count : 0;
}

int denali_disk_read(int disk, uint64_t first_block, uint32_t block_count, void *bytes)
{
    return move(disk, ABI_DISK_READ, first_block, block_count, bytes);
}

int denali_disk_write(int disk, uint64_t first_block, uint32_t block_count, const void *bytes)
{
    return move(disk, ABI_DISK_WRITE, first_block, block_count, bytes);
}
