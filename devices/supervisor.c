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

union descriptor {
    struct abi_supervisor_host host;
    struct abi_supervisor_machine machine;
    struct abi_supervisor_control control;
    struct abi_supervisor_question question;
    struct abi_supervisor_answer answer;
};

static uint32_t descriptor_bytes(uint16_t port)
{
    switch (port) {
    case ABI_PORT_SUPERVISOR_HOST:
        return sizeof(struct abi_supervisor_host);
    case ABI_PORT_SUPERVISOR_MACHINE:
        return sizeof(struct abi_supervisor_machine);
    case ABI_PORT_SUPERVISOR_CONTROL:
        return sizeof(struct abi_supervisor_control);
    case ABI_PORT_SUPERVISOR_QUESTION:
        return sizeof(struct abi_supervisor_question);
    case ABI_PORT_SUPERVISOR_ANSWER:
        return sizeof(struct abi_supervisor_answer);
    }
    return 0;
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
    uint32_t list[ABI_SUPERVISOR_LIST_MAX];
    uint32_t size_bytes = descriptor_bytes(port);
    ASSERT(size_bytes > 0);
    if (!make_writable(env, value, &descriptor, size_bytes)) {
        return DEV_REFUSED;
    }
    if (port == ABI_PORT_SUPERVISOR_QUESTION && descriptor.question.list_capacity > 0) {
        const struct abi_supervisor_question *question = &descriptor.question;
        uint32_t list_bytes = question->list_capacity * (uint32_t)sizeof list[0];
        if (question->list_capacity > ABI_SUPERVISOR_LIST_MAX ||
            overlap(value, size_bytes, question->list_address, list_bytes) ||
            !make_writable(env, question->list_address, list, list_bytes)) {
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
    uint32_t list[ABI_SUPERVISOR_LIST_MAX];
    uint16_t port = supervisor->port;
    uint32_t address = supervisor->descriptor;
    uint32_t size_bytes = descriptor_bytes(port);
    supervisor_init(state, env);
    /* Of a state that was not saved by us, the memory may be another's. */
    if (size_bytes == 0 || !env->ops->memory_load(env->host, address, &descriptor, size_bytes)) {
        return;
    }
    bool asks = port == ABI_PORT_SUPERVISOR_QUESTION;
    if (asks && descriptor.question.list_capacity > ABI_SUPERVISOR_LIST_MAX) {
        return;
    }
    env->ops->supervise(env->host, port, &descriptor, list);
    bool stored = env->ops->memory_store(env->host, address, &descriptor, size_bytes);
    if (stored && asks) {
        const struct abi_supervisor_question *question = &descriptor.question;
        uint32_t count = question->candidate_count < question->list_capacity
                             ? question->candidate_count
                             : question->list_capacity;
        stored = count == 0 || env->ops->memory_store(env->host, question->list_address, list,
                                                      count * (uint32_t)sizeof list[0]);
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
        (port == 0 ? descriptor != 0 || at_ns != 0 : descriptor_bytes(port) == 0)) {
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
};

const struct dev_ops dev_supervisor_ops = {
    .name = "supervisor",
    .summary = "the other machines of a host: what they are and use, and who runs next",
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
