/*
 * The supervisor's device: what the machine that is in charge of its host's others asks and tells
 * the host's kernel, an instruction each. It knows descriptors; machines and policies are the
 * host's.
 *
 *   port                          direction  width  meaning: address of a struct
 *   ABI_PORT_SUPERVISOR_HOST      out        32     abi_supervisor_host
 *   ABI_PORT_SUPERVISOR_MACHINE   out        32     abi_supervisor_machine
 *   ABI_PORT_SUPERVISOR_CONTROL   out        32     abi_supervisor_control
 *   ABI_PORT_SUPERVISOR_QUESTION  out        32     abi_supervisor_question
 *   ABI_PORT_SUPERVISOR_ANSWER    out        32     abi_supervisor_answer
 *   ABI_PORT_SUPERVISOR_LIMITS    out        32     abi_supervisor_limits
 *   ABI_PORT_SUPERVISOR_SNAPSHOT  out        32     abi_supervisor_snapshot
 *   ABI_PORT_SUPERVISOR_GATE      out        32     abi_supervisor_gate
 *   ABI_PORT_SUPERVISOR_ADMIT     out        32     abi_supervisor_admit
 *   ABI_PORT_SUPERVISOR_PAGED     out        32     abi_supervisor_paged
 *   ABI_PORT_SUPERVISOR_TAKE      out        32     abi_supervisor_take
 *   ABI_PORT_SUPERVISOR_VOLUME    out        32     abi_supervisor_volume
 *
 * What a host is like at a moment is known when all its machines have come to that moment, and they
 * may run on other processors. So an operation is carried out in an event of the moment of the
 * instruction, before the next one: to the guest they are one.
 *
 * Saved (version 1): u16 port of the operation under way, 0 for none; u32 its descriptor; u64 its
 * moment, ns.
 */
#include <devices/device.h>

#include <string.h>

#include <base/assert.h>
#include <base/time.h>

#include "models.h"

/* How those begin that name a list. */
struct list_head {
    uint32_t address;
    uint32_t capacity;
};

union descriptor {
    struct list_head list;
    struct abi_supervisor_host host;
    struct abi_supervisor_machine machine;
    struct abi_supervisor_control control;
    struct abi_supervisor_question question;
    struct abi_supervisor_answer answer;
    struct abi_supervisor_gate gate;
    struct abi_supervisor_admit admit;
    struct abi_supervisor_paged paged;
    struct abi_supervisor_take take;
    struct abi_supervisor_limits limits;
    struct abi_supervisor_snapshot snapshot;
    struct abi_supervisor_volume volume;
};

union list {
    uint32_t machines[ABI_SUPERVISOR_LIST_MAX];
    struct abi_supervisor_waiting waiting[ABI_SUPERVISOR_LIST_MAX];
    struct abi_supervisor_taken_from taken_from[ABI_SUPERVISOR_TAKE_MAX];
};

/* What a port's descriptor is, and its list, if it has one. */
struct operation {
    uint32_t descriptor_bytes; /* 0: there is no such port */
    uint32_t entry_bytes;      /* 0: no list */
    uint32_t capacity_max;
};

static struct operation operation_of(uint16_t port)
{
    switch (port) {
    case ABI_PORT_SUPERVISOR_HOST:
        return (struct operation){sizeof(struct abi_supervisor_host), 0, 0};
    case ABI_PORT_SUPERVISOR_MACHINE:
        return (struct operation){sizeof(struct abi_supervisor_machine), 0, 0};
    case ABI_PORT_SUPERVISOR_CONTROL:
        return (struct operation){sizeof(struct abi_supervisor_control), 0, 0};
    case ABI_PORT_SUPERVISOR_QUESTION:
        return (struct operation){sizeof(struct abi_supervisor_question), sizeof(uint32_t),
                                  ABI_SUPERVISOR_LIST_MAX};
    case ABI_PORT_SUPERVISOR_ANSWER:
        return (struct operation){sizeof(struct abi_supervisor_answer), 0, 0};
    case ABI_PORT_SUPERVISOR_LIMITS:
        return (struct operation){sizeof(struct abi_supervisor_limits), 0, 0};
    case ABI_PORT_SUPERVISOR_SNAPSHOT:
        return (struct operation){sizeof(struct abi_supervisor_snapshot), 0, 0};
    case ABI_PORT_SUPERVISOR_VOLUME:
        return (struct operation){sizeof(struct abi_supervisor_volume), 0, 0};
    case ABI_PORT_SUPERVISOR_GATE:
        return (struct operation){sizeof(struct abi_supervisor_gate),
                                  sizeof(struct abi_supervisor_waiting), ABI_SUPERVISOR_LIST_MAX};
    case ABI_PORT_SUPERVISOR_ADMIT:
        return (struct operation){sizeof(struct abi_supervisor_admit), 0, 0};
    case ABI_PORT_SUPERVISOR_PAGED:
        return (struct operation){sizeof(struct abi_supervisor_paged), 0, 0};
    case ABI_PORT_SUPERVISOR_TAKE:
        return (struct operation){sizeof(struct abi_supervisor_take),
                                  sizeof(struct abi_supervisor_taken_from),
                                  ABI_SUPERVISOR_TAKE_MAX};
    }
    return (struct operation){0, 0, 0};
}

static void supervisor_init(void *state, const struct dev_env *env)
{
    (void)env;
    memset(state, 0, sizeof(struct dev_supervisor));
}

static void supervisor_fini(void *state)
{
    (void)state;
}

static void supervisor_reset(void *state, const struct dev_env *env)
{
    supervisor_init(state, env);
    env->ops->event_at(env->host, env->device, TIME_NEVER);
}

static enum dev_result supervisor_read(void *state, const struct dev_env *env, uint16_t port,
                                       uint32_t *value)
{
    (void)state;
    (void)env;
    (void)port;
    (void)value;
    return DEV_NO_REGISTER; /* no region takes `in` */
}

/* Whether the memory is there to be written: it is, with what it holds. So it can be written again
 * when the operation is carried out. */
static bool make_writable(const struct dev_env *env, uint32_t address, void *bytes,
                          uint32_t size_bytes)
{
    return env->ops->memory_load(env->host, address, bytes, size_bytes) &&
           env->ops->memory_store(env->host, address, bytes, size_bytes);
}

static bool overlap(uint32_t a, uint32_t a_bytes, uint32_t b, uint32_t b_bytes)
{
    return (uint64_t)a < (uint64_t)b + b_bytes && (uint64_t)b < (uint64_t)a + a_bytes;
}

static enum dev_result supervisor_write(void *state, const struct dev_env *env, uint16_t port,
                                        uint32_t value)
{
    struct dev_supervisor *supervisor = state;
    union descriptor descriptor;
    union list list;
    const struct operation operation = operation_of(port);
    ASSERT(operation.descriptor_bytes > 0);
    if (!make_writable(env, value, &descriptor, operation.descriptor_bytes)) {
        return DEV_REFUSED;
    }
    if (operation.entry_bytes && descriptor.list.capacity > 0) {
        const struct list_head *head = &descriptor.list;
        uint32_t list_bytes = head->capacity * operation.entry_bytes;
        if (head->capacity > operation.capacity_max ||
            overlap(value, operation.descriptor_bytes, head->address, list_bytes) ||
            !make_writable(env, head->address, &list, list_bytes)) {
            return DEV_REFUSED;
        }
    }
    supervisor->port = port;
    supervisor->descriptor = value;
    supervisor->at_ns = env->ops->now_ns(env->host);
    env->ops->event_at(env->host, env->device, supervisor->at_ns);
    return DEV_DONE;
}

static void supervisor_event(void *state, const struct dev_env *env)
{
    struct dev_supervisor *supervisor = state;
    union descriptor descriptor;
    union list list;
    uint16_t port = supervisor->port;
    uint32_t address = supervisor->descriptor;
    const struct operation operation = operation_of(port);
    supervisor_init(state, env);
    /* Of a state that was not saved by us, the memory may be another's. */
    if (operation.descriptor_bytes == 0 ||
        !env->ops->memory_load(env->host, address, &descriptor, operation.descriptor_bytes)) {
        return;
    }
    const struct list_head head = descriptor.list;
    const uint32_t list_bytes = head.capacity * operation.entry_bytes;
    if (operation.entry_bytes && head.capacity > 0 &&
        (head.capacity > operation.capacity_max ||
         !env->ops->memory_load(env->host, head.address, &list, list_bytes))) {
        return;
    }
    uint32_t listed = env->ops->supervise(env->host, port, &descriptor, &list);
    bool stored =
        env->ops->memory_store(env->host, address, &descriptor, operation.descriptor_bytes);
    if (stored && listed > 0) {
        ASSERT(operation.entry_bytes && listed <= head.capacity);
        stored =
            env->ops->memory_store(env->host, head.address, &list, listed * operation.entry_bytes);
    }
    (void)stored; /* it was written to a moment ago */
}

static void supervisor_save(const void *state, struct writer *writer)
{
    const struct dev_supervisor *supervisor = state;
    write_u16(writer, supervisor->port);
    write_u32(writer, supervisor->descriptor);
    write_u64(writer, supervisor->at_ns);
}

static void supervisor_load(void *state, const struct dev_env *env, struct reader *reader)
{
    struct dev_supervisor *supervisor = state;
    supervisor_reset(state, env);
    uint16_t port = read_u16(reader);
    uint32_t descriptor = read_u32(reader);
    uint64_t at_ns = read_u64(reader);
    if (reader->failed ||
        (port == 0 ? descriptor != 0 || at_ns != 0 : operation_of(port).descriptor_bytes == 0)) {
        reader_fail(reader);
        return;
    }
    supervisor->port = port;
    supervisor->descriptor = descriptor;
    supervisor->at_ns = at_ns;
    if (port != 0) {
        env->ops->event_at(env->host, env->device, at_ns);
    }
}

static const struct dev_region supervisor_regions[] = {
    {.port = ABI_PORT_SUPERVISOR_HOST, .in_bytes = 0, .out_bytes = 4},
    {.port = ABI_PORT_SUPERVISOR_MACHINE, .in_bytes = 0, .out_bytes = 4},
    {.port = ABI_PORT_SUPERVISOR_CONTROL, .in_bytes = 0, .out_bytes = 4},
    {.port = ABI_PORT_SUPERVISOR_QUESTION, .in_bytes = 0, .out_bytes = 4},
    {.port = ABI_PORT_SUPERVISOR_ANSWER, .in_bytes = 0, .out_bytes = 4},
    {.port = ABI_PORT_SUPERVISOR_LIMITS, .in_bytes = 0, .out_bytes = 4},
    {.port = ABI_PORT_SUPERVISOR_SNAPSHOT, .in_bytes = 0, .out_bytes = 4},
    {.port = ABI_PORT_SUPERVISOR_GATE, .in_bytes = 0, .out_bytes = 4},
    {.port = ABI_PORT_SUPERVISOR_ADMIT, .in_bytes = 0, .out_bytes = 4},
    {.port = ABI_PORT_SUPERVISOR_PAGED, .in_bytes = 0, .out_bytes = 4},
    {.port = ABI_PORT_SUPERVISOR_TAKE, .in_bytes = 0, .out_bytes = 4},
    {.port = ABI_PORT_SUPERVISOR_VOLUME, .in_bytes = 0, .out_bytes = 4},
};

const struct dev_ops dev_supervisor_ops = {
    .name = "supervisor",
    .summary = "the other machines of a host: what they are and use, and the policies for them",
    .state_version = 1,
    .state_bytes = sizeof(struct dev_supervisor),
    .regions = supervisor_regions,
    .region_count = sizeof supervisor_regions / sizeof supervisor_regions[0],
    .feature = ABI_FEATURE_SUPERVISOR,
    .interrupts = ABI_IRQ_SUPERVISOR,
    .init = supervisor_init,
    .reset = supervisor_reset,
    .read = supervisor_read,
    .write = supervisor_write,
    .event = supervisor_event,
    .save = supervisor_save,
    .load = supervisor_load,
    .fini = supervisor_fini,
};
