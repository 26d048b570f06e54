/*
 * The network card: one port instruction sends a frame, one receives the oldest that waits. It
 * knows nothing of addresses, links or other nodes; frames go to and come from the machine.
 *
 *   port                  direction  width  meaning
 *   ABI_PORT_NIC_SEND     out        32     address of a struct abi_buffer, one whole frame
 *   ABI_PORT_NIC_RECEIVE  out        32     address of a struct abi_receive
 *
 * The receive queue is bounded; a frame that finds it full is dropped and the machine counts it.
 *
 * Saved (version 1): u32 count; then per frame, oldest first, u32 size and its bytes.
 */
#include <devices/device.h>

#include <stddef.h>
#include <string.h>

#include <base/assert.h>

#include "frames.h"
#include "models.h"

static void nic_init(void *state, const struct dev_env *env)
{
    (void)env;
    memset(state, 0, sizeof(struct dev_nic));
}

static void nic_fini(void *state)
{
    frames_drop_all(state);
}

static void nic_reset(void *state, const struct dev_env *env)
{
    (void)env;
    nic_fini(state);
}

static enum dev_result nic_read(void *state, const struct dev_env *env, uint16_t port,
                                uint32_t *value)
{
    (void)state;
    (void)env;
    (void)port;
    (void)value;
    return DEV_NO_REGISTER; /* no region takes `in` */
}

static enum dev_result nic_send(const struct dev_env *env, uint32_t descriptor)
{
    struct abi_buffer buffer;
    uint8_t frame[ABI_FRAME_MAX];

    if (!env->ops->memory_load(env->host, descriptor, &buffer, sizeof buffer)) {
        return DEV_REFUSED;
    }
    if (!frame_size_valid(buffer.length_bytes) ||
        buffer.length_bytes > UINT32_MAX - buffer.address ||
        !env->ops->memory_load(env->host, buffer.address, frame, buffer.length_bytes)) {
        env->ops->frame_refused(env->host, buffer.length_bytes);
        return DEV_REFUSED;
    }
    env->ops->frame_send(env->host, frame, buffer.length_bytes);
    return DEV_DONE;
}

static bool ranges_overlap(uint32_t a, uint32_t a_bytes, uint32_t b, uint32_t b_bytes)
{
    return (uint64_t)a < (uint64_t)b + b_bytes && (uint64_t)b < (uint64_t)a + a_bytes;
}

/*
 * Whether a receive is refused depends on its descriptor alone, never on what happens to wait in
 * the queue, so that a wrong program is wrong every time: the whole buffer, as far as a frame can
 * reach, is proved to be memory first. A refused receive changes nothing.
 */
static enum dev_result nic_receive(struct dev_nic *nic, const struct dev_env *env,
                                   uint32_t descriptor)
{
    const struct dev_host_ops *ops = env->ops;
    const uint32_t length_at = offsetof(struct abi_receive, length_bytes);
    struct abi_receive receive;
    uint8_t probe[ABI_FRAME_MAX];

    if (!ops->memory_load(env->host, descriptor, &receive, sizeof receive) ||
        receive.capacity_bytes > UINT32_MAX - receive.address ||
        ranges_overlap(descriptor, sizeof receive, receive.address, receive.capacity_bytes)) {
        return DEV_REFUSED;
    }
    uint32_t reach =
        receive.capacity_bytes < ABI_FRAME_MAX ? receive.capacity_bytes : ABI_FRAME_MAX;
    if (reach > 0 && !ops->memory_load(env->host, receive.address, probe, reach)) {
        return DEV_REFUSED;
    }

    uint32_t length = nic->first ? nic->first->size_bytes : 0;
    if (!ops->memory_store(env->host, descriptor + length_at, &length, sizeof length)) {
        return DEV_REFUSED;
    }
    if (!nic->first) {
        return DEV_DONE;
    }
    uint32_t copied = length < reach ? length : reach;
    if (copied > 0 && !ops->memory_store(env->host, receive.address, nic->first->bytes, copied)) {
        /* The machine is at its limit of private pages. Put the word back; that page is ours. */
        bool restored = ops->memory_store(env->host, descriptor + length_at, &receive.length_bytes,
                                          sizeof receive.length_bytes);
        ASSERT(restored);
        return DEV_REFUSED;
    }
    ops->frame_taken(env->host, length);
    frames_drop_first(nic);
    return DEV_DONE;
}

static enum dev_result nic_write(void *state, const struct dev_env *env, uint16_t port,
                                 uint32_t value)
{
    if (port == ABI_PORT_NIC_SEND) {
        return nic_send(env, value);
    }
    ASSERT(port == ABI_PORT_NIC_RECEIVE);
    return nic_receive(state, env, value);
}

bool dev_nic_deliver(struct dev_nic *state, const struct dev_env *env, const uint8_t *bytes,
                     uint32_t size_bytes)
{
    if (!frames_append(state, bytes, size_bytes)) {
        return false;
    }
    env->ops->interrupt(env->host, ABI_IRQ_NIC);
    return true;
}

static void nic_save(const void *state, struct writer *writer)
{
    frames_save(state, writer);
}

static void nic_load(void *state, const struct dev_env *env, struct reader *reader)
{
    (void)env;
    frames_load(state, reader);
}

static const struct dev_region nic_regions[] = {
    {.port = ABI_PORT_NIC_SEND, .in_bytes = 0, .out_bytes = 4},
    {.port = ABI_PORT_NIC_RECEIVE, .in_bytes = 0, .out_bytes = 4},
};

const struct dev_ops dev_nic_ops = {
    .name = "nic",
    .summary = "Ethernet frames, one instruction to send and one to receive",
    .state_version = 1,
    .state_bytes = sizeof(struct dev_nic),
    .regions = nic_regions,
    .region_count = sizeof nic_regions / sizeof nic_regions[0],
    .feature = ABI_FEATURE_NIC,
    .interrupts = ABI_IRQ_NIC,
    .init = nic_init,
    .reset = nic_reset,
    .read = nic_read,
    .write = nic_write,
    .event = NULL,
    .save = nic_save,
    .load = nic_load,
    .fini = nic_fini,
};
