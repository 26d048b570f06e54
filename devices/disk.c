/*
 * The disks of a machine: requests for single blocks, done one after another in virtual time. It
 * knows numbers of disks and blocks; names, contents and speeds are the machine's.
 *
 *   port                    direction  width  meaning
 *   ABI_PORT_DISK_INFO      out        32     address of a struct abi_disk_info
 *   ABI_PORT_DISK_SUBMIT    out        32     address of a struct abi_disk_request
 *   ABI_PORT_DISK_COMPLETE  out        32     address of a struct abi_disk_completion
 *
 * A disk works like a link: a block is on its way for the disk's latency, and blocks follow each
 * other no closer than the time one takes to transfer. So requests of one disk are done in the
 * order of their submission, and those of several disks side by side. A block is moved whole at
 * the moment its request is done, or not at all: no guest sees half of one, and none is torn when a
 * machine ends.
 *
 * A machine may be given a disk, and may lose one with requests under way: those then come to
 * nothing, as if there had never been such a disk.
 *
 * A machine may have a limit: then a request begins no sooner than `interval_ns` after the one
 * before it, of whichever disk, and all that is said above counts from there.
 *
 * Of a disk that is queued the machine says when a request is done, in what order it likes. The
 * request waits at the end of the queue then, with a ticket to know it by.
 *
 * Saved (version 3): u32 count; u32 done_count; u32 ticket; u64 free_ns; then per request in the
 * queue's order: u32 tag, and of those done, u32 status; of the others, u32 disk, u32 operation,
 * u64 block, u32 address, u64 done_ns, and where that is all ones u32 ticket.
 */
#include <devices/device.h>

#include <stdlib.h>
#include <string.h>

#include <base/alloc.h>
#include <base/assert.h>
#include <base/time.h>

#include "models.h"

#define QUEUE_CAPACITY_MIN 4u
#define NO_DISK            UINT32_MAX /* of a request to one that is gone */

/* A request from its submission until it is collected. */
struct dev_disk_request {
    uint64_t block;
    uint64_t done_ns; /* when it is done; TIME_NEVER: the machine says; 0 once it is. Of a queued
                         one that is yet to begin, when it begins */
    uint32_t disk;
    uint32_t operation;
    uint32_t address;
    uint32_t tag;
    uint32_t status; /* once it is done */
    uint32_t ticket; /* while done_ns is TIME_NEVER */
};

/* Makes room for one more, and gives the room back with the last: disks rest most of the time. */
static void queue_grow(struct dev_disk *disk)
{
    if (disk->count == disk->capacity) {
        disk->capacity = disk->capacity ? disk->capacity * 2 : QUEUE_CAPACITY_MIN;
        disk->requests = alloc_grow(disk->requests, disk->capacity, sizeof *disk->requests);
    }
}

static void queue_drop(struct dev_disk *disk)
{
    free(disk->requests);
    *disk = (struct dev_disk){.free_ns = disk->free_ns};
}

/* Keeps those that wait ordered by the time they are done, and then by their submission. */
static void queue_insert(struct dev_disk *disk, const struct dev_disk_request *request)
{
    queue_grow(disk);
    uint32_t at = disk->count;
    while (at > disk->done_count && disk->requests[at - 1].done_ns > request->done_ns) {
        disk->requests[at] = disk->requests[at - 1];
        at--;
    }
    disk->requests[at] = *request;
    disk->count++;
}

static void queue_remove_first(struct dev_disk *disk)
{
    disk->count--;
    disk->done_count--;
    if (disk->count == 0) {
        queue_drop(disk);
        return;
    }
    memmove(disk->requests, disk->requests + 1, disk->count * sizeof *disk->requests);
}

static void queue_remove(struct dev_disk *disk, uint32_t at)
{
    disk->count--;
    memmove(disk->requests + at, disk->requests + at + 1,
            (disk->count - at) * sizeof *disk->requests);
}

/* Asks for the event at which the next request is done. */
static void ask(const struct dev_disk *disk, const struct dev_env *env)
{
    uint64_t next_ns =
        disk->done_count < disk->count ? disk->requests[disk->done_count].done_ns : TIME_NEVER;
    env->ops->event_at(env->host, env->device, next_ns);
}

static void disk_init(void *state, const struct dev_env *env)
{
    (void)env;
    memset(state, 0, sizeof(struct dev_disk));
}

static void disk_fini(void *state)
{
    queue_drop(state);
}

static void disk_reset(void *state, const struct dev_env *env)
{
    struct dev_disk *disk = state;
    queue_drop(disk);
    disk->free_ns = 0;
    env->ops->event_at(env->host, env->device, TIME_NEVER);
}

static enum dev_result disk_read(void *state, const struct dev_env *env, uint16_t port,
                                 uint32_t *value)
{
    (void)state;
    (void)env;
    (void)port;
    (void)value;
    return DEV_NO_REGISTER; /* no region takes `in` */
}

static enum dev_result disk_info(const struct dev_env *env, uint32_t descriptor)
{
    struct abi_disk_info info;
    if (!env->ops->memory_load(env->host, descriptor, &info, sizeof info)) {
        return DEV_REFUSED;
    }
    struct abi_disk_info answer = {.disk = info.disk};
    struct dev_disk_info what;
    if (env->ops->disk_info(env->host, info.disk, &what)) {
        size_t length = strlen(what.name);
        ASSERT(length < sizeof answer.name);
        memcpy(answer.name, what.name, length);
        answer.block_count = what.block_count;
        answer.flags = what.read_only ? ABI_DISK_READ_ONLY : 0;
    }
    return env->ops->memory_store(env->host, descriptor, &answer, sizeof answer) ? DEV_DONE
                                                                                 : DEV_REFUSED;
}

static uint64_t add_saturating(uint64_t a, uint64_t b)
{
    return a < TIME_NEVER - 1 - b ? a + b : TIME_NEVER - 1;
}

/* When a request submitted now is done. What is on its way to or from the disk goes before it. */
static uint64_t done_time(struct dev_disk *disk, const struct dev_env *env, uint32_t number)
{
    uint64_t begin_ns = env->ops->now_ns(env->host);
    struct dev_disk_info what;
    if (!env->ops->disk_info(env->host, number, &what)) {
        return begin_ns; /* no disk: nothing to wait for */
    }
    if (what.interval_ns) {
        begin_ns = disk->free_ns > begin_ns ? disk->free_ns : begin_ns;
        disk->free_ns = add_saturating(begin_ns, what.interval_ns);
    }
    if (what.queued) {
        return begin_ns;
    }
    uint64_t ready_ns = add_saturating(begin_ns, what.latency_ns);
    for (uint32_t i = disk->done_count; i < disk->count; i++) {
        if (disk->requests[i].disk == number && disk->requests[i].done_ns > ready_ns) {
            ready_ns = disk->requests[i].done_ns;
        }
    }
    return add_saturating(ready_ns, what.transfer_ns);
}

void dev_disk_interval_changed(struct dev_disk *disk, const struct dev_env *env)
{
    uint32_t count = disk->count;
    disk->free_ns = 0;
    disk->count = disk->done_count;
    for (uint32_t i = disk->done_count; i < count; i++) {
        struct dev_disk_request request = disk->requests[i];
        if (request.done_ns != TIME_NEVER) {
            uint64_t anew_ns = done_time(disk, env, request.disk);
            request.done_ns = anew_ns < request.done_ns ? anew_ns : request.done_ns;
        }
        queue_insert(disk, &request);
    }
    ask(disk, env);
}

/* A block lies on two pages at most, so that its ends tell whether all of it is memory. */
static bool block_is_memory(const struct dev_env *env, uint32_t address)
{
    uint8_t probe;
    return address <= UINT32_MAX - (ABI_DISK_BLOCK_BYTES - 1) &&
           env->ops->memory_load(env->host, address, &probe, 1) &&
           env->ops->memory_load(env->host, address + ABI_DISK_BLOCK_BYTES - 1, &probe, 1);
}

static enum dev_result disk_submit(struct dev_disk *disk, const struct dev_env *env,
                                   uint32_t descriptor)
{
    struct abi_disk_request asked;
    if (!env->ops->memory_load(env->host, descriptor, &asked, sizeof asked) ||
        disk->count == ABI_DISK_REQUESTS_MAX || !block_is_memory(env, asked.address)) {
        return DEV_REFUSED;
    }
    struct dev_disk_request request = {
        .block = asked.block,
        .done_ns = done_time(disk, env, asked.disk),
        .disk = asked.disk,
        .operation = asked.operation,
        .address = asked.address,
        .tag = asked.tag,
    };
    queue_insert(disk, &request);
    ask(disk, env);
    return DEV_DONE;
}

static enum dev_result disk_complete(struct dev_disk *disk, const struct dev_env *env,
                                     uint32_t descriptor)
{
    struct abi_disk_completion completion = {.status = ABI_DISK_NONE};
    if (disk->done_count > 0) {
        completion.tag = disk->requests[0].tag;
        completion.status = disk->requests[0].status;
    }
    if (!env->ops->memory_store(env->host, descriptor, &completion, sizeof completion)) {
        return DEV_REFUSED;
    }
    if (disk->done_count > 0) {
        queue_remove_first(disk);
    }
    return DEV_DONE;
}

static enum dev_result disk_write(void *state, const struct dev_env *env, uint16_t port,
                                  uint32_t value)
{
    switch (port) {
    case ABI_PORT_DISK_INFO:
        return disk_info(env, value);
    case ABI_PORT_DISK_SUBMIT:
        return disk_submit(state, env, value);
    case ABI_PORT_DISK_COMPLETE:
        return disk_complete(state, env, value);
    }
    UNREACHABLE();
}

/* Moves the block of a request that is done; the status of the request. */
static uint32_t transfer(const struct dev_env *env, const struct dev_disk_request *request)
{
    const struct dev_host_ops *ops = env->ops;
    struct dev_disk_info what;
    if (!ops->disk_info(env->host, request->disk, &what) || request->block >= what.block_count ||
        request->operation > ABI_DISK_WRITE) {
        return ABI_DISK_NO_BLOCK;
    }
    if (request->operation == ABI_DISK_READ) {
        const uint8_t *bytes = ops->disk_read(env->host, request->disk, request->block);
        return ops->memory_store(env->host, request->address, bytes, ABI_DISK_BLOCK_BYTES)
                   ? ABI_DISK_DONE
                   : ABI_DISK_NO_MEMORY;
    }
    uint8_t bytes[ABI_DISK_BLOCK_BYTES];
    if (what.read_only) {
        return ABI_DISK_REFUSED;
    }
    if (!ops->memory_load(env->host, request->address, bytes, sizeof bytes)) {
        return ABI_DISK_NO_MEMORY;
    }
    return ops->disk_write(env->host, request->disk, request->block, bytes) ? ABI_DISK_DONE
                                                                            : ABI_DISK_FULL;
}

/* The first request that waits begins, if its disk is queued and has its block. */
static bool begin_first(struct dev_disk *disk, const struct dev_env *env)
{
    struct dev_disk_request request = disk->requests[disk->done_count];
    struct dev_disk_info what;
    if (!env->ops->disk_info(env->host, request.disk, &what) || !what.queued ||
        request.block >= what.block_count || request.operation > ABI_DISK_WRITE) {
        return false;
    }
    queue_remove(disk, disk->done_count);
    request.done_ns = TIME_NEVER;
    request.ticket = disk->ticket++;
    queue_insert(disk, &request);
    env->ops->disk_begin(env->host, request.disk, request.block,
                         request.operation == ABI_DISK_WRITE, request.ticket);
    return true;
}

static uint32_t find_ticket(const struct dev_disk *disk, uint32_t ticket)
{
    uint32_t at = disk->done_count;
    while (at < disk->count &&
           (disk->requests[at].done_ns != TIME_NEVER || disk->requests[at].ticket != ticket)) {
        at++;
    }
    return at;
}

void dev_disk_gone(struct dev_disk *disk, uint32_t number)
{
    for (uint32_t i = disk->done_count; i < disk->count; i++) {
        if (disk->requests[i].disk == number) {
            disk->requests[i].disk = NO_DISK;
        }
    }
}

bool dev_disk_has(const struct dev_disk *disk, uint32_t ticket)
{
    return find_ticket(disk, ticket) < disk->count;
}

bool dev_disk_done(struct dev_disk *disk, const struct dev_env *env, uint32_t ticket)
{
    uint32_t at = find_ticket(disk, ticket);
    if (at == disk->count) {
        return false;
    }
    struct dev_disk_request request = disk->requests[at];
    queue_remove(disk, at);
    request.status = transfer(env, &request);
    request.done_ns = 0;
    memmove(disk->requests + disk->done_count + 1, disk->requests + disk->done_count,
            (disk->count - disk->done_count) * sizeof *disk->requests);
    disk->requests[disk->done_count++] = request;
    disk->count++;
    env->ops->interrupt(env->host, ABI_IRQ_DISK);
    return true;
}

/* An event that comes early finds nothing to do. */
static void disk_event(void *state, const struct dev_env *env)
{
    struct dev_disk *disk = state;
    uint64_t now_ns = env->ops->now_ns(env->host);
    uint32_t done_before = disk->done_count;
    while (disk->done_count < disk->count && disk->requests[disk->done_count].done_ns <= now_ns) {
        if (begin_first(disk, env)) {
            continue;
        }
        struct dev_disk_request *request = &disk->requests[disk->done_count];
        request->status = transfer(env, request);
        request->done_ns = 0;
        disk->done_count++;
    }
    ask(disk, env);
    if (disk->done_count > done_before) {
        env->ops->interrupt(env->host, ABI_IRQ_DISK);
    }
}

static void disk_save(const void *state, struct writer *writer)
{
    const struct dev_disk *disk = state;
    write_u32(writer, disk->count);
    write_u32(writer, disk->done_count);
    write_u32(writer, disk->ticket);
    write_u64(writer, disk->free_ns);
    for (uint32_t i = 0; i < disk->count; i++) {
        const struct dev_disk_request *request = &disk->requests[i];
        write_u32(writer, request->tag);
        if (i < disk->done_count) {
            write_u32(writer, request->status);
            continue;
        }
        write_u32(writer, request->disk);
        write_u32(writer, request->operation);
        write_u64(writer, request->block);
        write_u32(writer, request->address);
        write_u64(writer, request->done_ns);
        if (request->done_ns == TIME_NEVER) {
            write_u32(writer, request->ticket);
        }
    }
}

static bool load_request(struct dev_disk *disk, bool done, struct reader *reader)
{
    struct dev_disk_request request = {.tag = read_u32(reader)};
    if (done) {
        request.status = read_u32(reader);
    } else {
        request.disk = read_u32(reader);
        request.operation = read_u32(reader);
        request.block = read_u64(reader);
        request.address = read_u32(reader);
        request.done_ns = read_u64(reader);
        request.ticket = request.done_ns == TIME_NEVER ? read_u32(reader) : 0;
    }
    uint64_t before_ns =
        disk->count > disk->done_count ? disk->requests[disk->count - 1].done_ns : 0;
    bool known = request.done_ns == TIME_NEVER && dev_disk_has(disk, request.ticket);
    if (reader->failed || known || request.done_ns < before_ns || request.status == ABI_DISK_NONE ||
        request.status > ABI_DISK_NO_MEMORY) {
        return false;
    }
    queue_grow(disk);
    disk->requests[disk->count++] = request;
    disk->done_count += done;
    return true;
}

static void disk_load(void *state, const struct dev_env *env, struct reader *reader)
{
    struct dev_disk *disk = state;
    queue_drop(disk);
    uint32_t count = read_u32(reader);
    uint32_t done_count = read_u32(reader);
    uint32_t ticket = read_u32(reader);
    disk->free_ns = read_u64(reader);
    bool good = !reader->failed && disk->free_ns != TIME_NEVER && (count > 0 || ticket == 0) &&
                count <= ABI_DISK_REQUESTS_MAX && done_count <= count;
    for (uint32_t i = 0; i < count && good; i++) {
        good = load_request(disk, i < done_count, reader);
    }
    if (!good) {
        reader_fail(reader);
        queue_drop(disk); /* half a queue is no queue */
        disk->free_ns = 0;
    } else {
        disk->ticket = ticket;
    }
    ask(disk, env);
}

static const struct dev_region disk_regions[] = {
    {.port = ABI_PORT_DISK_INFO, .in_bytes = 0, .out_bytes = 4},
    {.port = ABI_PORT_DISK_SUBMIT, .in_bytes = 0, .out_bytes = 4},
    {.port = ABI_PORT_DISK_COMPLETE, .in_bytes = 0, .out_bytes = 4},
};

const struct dev_ops dev_disk_ops = {
    .name = "disk",
    .summary = "named disks of 4 KiB blocks, read and written while the guest goes on",
    .state_version = 3,
    .state_bytes = sizeof(struct dev_disk),
    .regions = disk_regions,
    .region_count = sizeof disk_regions / sizeof disk_regions[0],
    .feature = ABI_FEATURE_DISK,
    .interrupts = ABI_IRQ_DISK,
    .init = disk_init,
    .reset = disk_reset,
    .read = disk_read,
    .write = disk_write,
    .event = disk_event,
    .save = disk_save,
    .load = disk_load,
    .fini = disk_fini,
};
