/*
 * A register-programmed network card, after AMD's Am79C970 (PCnet): the conventional kind, beside
 * the one-instruction card of nic.c. Frames lie in rings of descriptors in guest memory; the card
 * is told and asked about them through its registers, one access at a time, each by way of the
 * register that says which register is meant.
 *
 *   port                    direction  width  meaning
 *   ABI_PORT_PCNET_DATA     in, out    16     the register that ADDRESS names
 *   ABI_PORT_PCNET_ADDRESS  in, out    16     which one: 0 to ABI_PCNET_CSRS - 1
 *
 * What has come waits in a bounded queue; it goes to the ring, as far as there is room, when the
 * guest reads CSR0, so that memory is touched in the guest's own time. A descriptor that cannot be
 * used comes back with ABI_PCNET_ERR; if the ring itself is no longer memory the card stops. It
 * has no address filter and no statistics.
 *
 * An access may want more pages than a machine is given at once (dev_host_ops.begins_anew). Frames
 * that it has moved by then stay moved; begun anew it goes on with the next.
 *
 * Saved (version 1): u8 is anything other than at first; if so u16 address, status, u16 enabled,
 * u16 running; u32 block; the rings: u32 receive address, count, send address, count; u32 next to
 * fill, next to send; then the queue as nic.c's.
 */
#include <devices/device.h>

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <base/alloc.h>
#include <base/assert.h>

#include "frames.h"
#include "models.h"

#define STATUS_BITS (ABI_PCNET_IDON | ABI_PCNET_TINT | ABI_PCNET_RINT)

struct dev_pcnet_card {
    uint16_t address; /* which register DATA is */
    uint16_t status;  /* STATUS_BITS */
    bool enabled;
    bool running;
    uint32_t block; /* CSR1 and CSR2: where the rings are told */
    struct abi_pcnet_rings rings;
    uint32_t next_receive; /* in its ring */
    uint32_t next_send;
    struct dev_nic queue;
};

static struct dev_pcnet_card *card_of(struct dev_pcnet *state)
{
    if (!state->card) {
        state->card = alloc_zeroed(1, sizeof *state->card);
    }
    return state->card;
}

static void pcnet_init(void *state, const struct dev_env *env)
{
    struct dev_pcnet *pcnet = state;
    (void)env;
    pcnet->card = NULL;
}

static void pcnet_fini(void *state)
{
    struct dev_pcnet *pcnet = state;
    if (pcnet->card) {
        frames_drop_all(&pcnet->card->queue);
        free(pcnet->card);
        pcnet->card = NULL;
    }
}

static void pcnet_reset(void *state, const struct dev_env *env)
{
    (void)env;
    pcnet_fini(state);
}

static void note(struct dev_pcnet_card *card, const struct dev_env *env, uint16_t bits)
{
    card->status |= bits;
    if (card->enabled && bits) {
        env->ops->interrupt(env->host, ABI_IRQ_PCNET);
    }
}

static void stop(struct dev_pcnet_card *card)
{
    frames_drop_all(&card->queue);
    *card = (struct dev_pcnet_card){.address = card->address, .block = card->block};
}

/* --- Rings ---------------------------------------------------------------------------------- */

static uint32_t descriptor_at(uint32_t ring, uint32_t number)
{
    return ring + number * (uint32_t)sizeof(struct abi_pcnet_descriptor);
}

/* A descriptor, if it is the card's; false, and the card stopped if it is no memory. */
static bool descriptor_load(struct dev_pcnet_card *card, const struct dev_env *env, uint32_t at,
                            struct abi_pcnet_descriptor *descriptor)
{
    if (!env->ops->memory_load(env->host, at, descriptor, sizeof *descriptor)) {
        card->running = card->running && env->ops->begins_anew(env->host);
        return false;
    }
    return (descriptor->status & ABI_PCNET_OWN) != 0;
}

static bool descriptor_store(struct dev_pcnet_card *card, const struct dev_env *env, uint32_t at,
                             const struct abi_pcnet_descriptor *descriptor)
{
    if (!env->ops->memory_store(env->host, at, descriptor, sizeof *descriptor)) {
        card->running = card->running && env->ops->begins_anew(env->host);
        return false;
    }
    return true;
}

/* The frame of the next descriptor, which is the card's. The one after it is looked at before this
 * one counts as sent: so where the access is begun anew there is still one that sets TINT, which
 * the access itself may clear. False: it is begun anew, or the card has stopped. */
static bool send_next(struct dev_pcnet_card *card, const struct dev_env *env,
                      struct abi_pcnet_descriptor *descriptor, bool last)
{
    const struct dev_host_ops *ops = env->ops;
    uint8_t frame[ABI_FRAME_MAX];
    uint32_t size_bytes = descriptor->size_bytes;
    uint32_t at = descriptor_at(card->rings.send_address, card->next_send);
    uint32_t next = (card->next_send + 1) % card->rings.send_count;
    bool good = frame_size_valid(size_bytes) &&
                ops->memory_load(env->host, descriptor->address, frame, size_bytes);
    if (ops->begins_anew(env->host)) {
        return false;
    }
    struct abi_pcnet_descriptor following = {0};
    bool runs = last || ops->memory_load(env->host, descriptor_at(card->rings.send_address, next),
                                         &following, sizeof following);
    if (ops->begins_anew(env->host)) {
        return false;
    }
    descriptor->status = good ? 0 : ABI_PCNET_ERR;
    if (!descriptor_store(card, env, at, descriptor)) {
        return false;
    }
    card->next_send = next;
    if (good) {
        ops->frame_send(env->host, frame, size_bytes);
    } else {
        ops->frame_refused(env->host, size_bytes);
    }
    note(card, env, ABI_PCNET_TINT);
    card->running = runs;
    *descriptor = following;
    return runs;
}

static void send_all(struct dev_pcnet_card *card, const struct dev_env *env)
{
    struct abi_pcnet_descriptor descriptor;
    if (!card->running ||
        !descriptor_load(card, env, descriptor_at(card->rings.send_address, card->next_send),
                         &descriptor)) {
        return;
    }
    uint32_t left = card->rings.send_count;
    while (left && (descriptor.status & ABI_PCNET_OWN) &&
           send_next(card, env, &descriptor, left == 1)) {
        left--;
    }
}

/* A frame that does not fit into its descriptor's room is cut, as length_bytes then tells. */
static void receive_all(struct dev_pcnet_card *card, const struct dev_env *env)
{
    while (card->queue.first && card->running) {
        struct abi_pcnet_descriptor descriptor;
        const struct dev_nic_frame *frame = card->queue.first;
        uint32_t at = descriptor_at(card->rings.receive_address, card->next_receive);
        if (!descriptor_load(card, env, at, &descriptor)) {
            return;
        }
        uint32_t copied =
            frame->size_bytes < descriptor.size_bytes ? frame->size_bytes : descriptor.size_bytes;
        bool good = copied == 0 ||
                    env->ops->memory_store(env->host, descriptor.address, frame->bytes, copied);
        if (env->ops->begins_anew(env->host)) {
            return;
        }
        descriptor.length_bytes = frame->size_bytes;
        descriptor.status = good ? 0 : ABI_PCNET_ERR;
        if (!descriptor_store(card, env, at, &descriptor)) {
            return;
        }
        card->next_receive = (card->next_receive + 1) % card->rings.receive_count;
        card->status |= ABI_PCNET_RINT; /* without an interrupt: the guest is looking */
        env->ops->frame_taken(env->host, frame->size_bytes);
        frames_drop_first(&card->queue);
    }
}

/* --- Registers ------------------------------------------------------------------------------ */

static bool ring_valid(const struct dev_env *env, uint32_t address, uint32_t count)
{
    static const uint32_t size_bytes = sizeof(struct abi_pcnet_descriptor);
    uint8_t bytes[ABI_PCNET_RING_MAX * sizeof(struct abi_pcnet_descriptor)];
    return count >= 1 && count <= ABI_PCNET_RING_MAX && address <= UINT32_MAX - sizeof bytes &&
           env->ops->memory_load(env->host, address, bytes, count * size_bytes);
}

static enum dev_result read_rings(struct dev_pcnet_card *card, const struct dev_env *env)
{
    struct abi_pcnet_rings rings;
    if (!env->ops->memory_load(env->host, card->block, &rings, sizeof rings) ||
        !ring_valid(env, rings.receive_address, rings.receive_count) ||
        !ring_valid(env, rings.send_address, rings.send_count)) {
        return DEV_REFUSED;
    }
    card->rings = rings;
    card->next_receive = 0;
    card->next_send = 0;
    return DEV_DONE;
}

static enum dev_result control(struct dev_pcnet_card *card, const struct dev_env *env,
                               uint32_t value)
{
    if (value & ABI_PCNET_STOP) {
        stop(card);
        return DEV_DONE;
    }
    if ((value & ABI_PCNET_INIT) && read_rings(card, env) != DEV_DONE) {
        return DEV_REFUSED;
    }
    bool had_rings = card->rings.send_count > 0;
    if ((value & ABI_PCNET_STRT) && !had_rings) {
        return DEV_REFUSED;
    }
    card->status &= (uint16_t) ~(value & STATUS_BITS);
    bool was_enabled = card->enabled;
    card->enabled = (value & ABI_PCNET_IENA) != 0;
    card->running = card->running || (value & ABI_PCNET_STRT) != 0;
    note(card, env, value & ABI_PCNET_INIT ? ABI_PCNET_IDON : 0);
    if (card->enabled && !was_enabled && card->status) {
        env->ops->interrupt(env->host, ABI_IRQ_PCNET);
    }
    if ((value & ABI_PCNET_TDMD) && !(value & ABI_PCNET_INIT)) {
        send_all(card, env);
    }
    return DEV_DONE;
}

static enum dev_result pcnet_read(void *state, const struct dev_env *env, uint16_t port,
                                  uint32_t *value)
{
    struct dev_pcnet_card *card = card_of(state);
    if (port == ABI_PORT_PCNET_ADDRESS) {
        *value = card->address;
        return DEV_DONE;
    }
    switch (card->address) {
    case ABI_PCNET_CSR0:
        receive_all(card, env);
        *value = card->status | (card->status ? ABI_PCNET_INTR : 0) |
                 (card->enabled ? ABI_PCNET_IENA : 0) | (card->running ? ABI_PCNET_RUNS : 0);
        return DEV_DONE;
    case ABI_PCNET_CSR1:
        *value = card->block & 0xffff;
        return DEV_DONE;
    default:
        *value = card->block >> 16;
        return DEV_DONE;
    }
}

static enum dev_result pcnet_write(void *state, const struct dev_env *env, uint16_t port,
                                   uint32_t value)
{
    struct dev_pcnet_card *card = card_of(state);
    if (port == ABI_PORT_PCNET_ADDRESS) {
        if (value >= ABI_PCNET_CSRS) {
            return DEV_REFUSED;
        }
        card->address = (uint16_t)value;
        return DEV_DONE;
    }
    switch (card->address) {
    case ABI_PCNET_CSR0:
        return control(card, env, value);
    case ABI_PCNET_CSR1:
        card->block = (card->block & 0xffff0000) | (value & 0xffff);
        return DEV_DONE;
    default:
        card->block = (card->block & 0xffff) | value << 16;
        return DEV_DONE;
    }
}

bool dev_pcnet_deliver(struct dev_pcnet *state, const struct dev_env *env, const uint8_t *bytes,
                       uint32_t size_bytes)
{
    struct dev_pcnet_card *card = card_of(state);
    if (!frames_append(&card->queue, bytes, size_bytes)) {
        return false;
    }
    note(card, env, ABI_PCNET_RINT);
    return true;
}

uint32_t dev_pcnet_waiting(const struct dev_pcnet *state)
{
    return state->card ? state->card->queue.count : 0;
}

/* --- State ---------------------------------------------------------------------------------- */

/* As nobody has touched it; what was refused leaves it so. */
static bool card_fresh(const struct dev_pcnet_card *card)
{
    return !card || (!card->address && !card->status && !card->enabled && !card->running &&
                     !card->block && !card->rings.send_count && !card->queue.count);
}

static void pcnet_save(const void *state, struct writer *writer)
{
    const struct dev_pcnet_card *card = ((const struct dev_pcnet *)state)->card;
    write_u8(writer, !card_fresh(card));
    if (card_fresh(card)) {
        return;
    }
    write_u16(writer, card->address);
    write_u16(writer, card->status);
    write_u16(writer, card->enabled);
    write_u16(writer, card->running);
    write_u32(writer, card->block);
    write_u32(writer, card->rings.receive_address);
    write_u32(writer, card->rings.receive_count);
    write_u32(writer, card->rings.send_address);
    write_u32(writer, card->rings.send_count);
    write_u32(writer, card->next_receive);
    write_u32(writer, card->next_send);
    frames_save(&card->queue, writer);
}

/* Without rings there is neither a next descriptor nor a running card. */
static bool card_valid(const struct dev_pcnet_card *card)
{
    const struct abi_pcnet_rings *rings = &card->rings;
    const uint32_t most = UINT32_MAX - ABI_PCNET_RING_MAX * sizeof(struct abi_pcnet_descriptor);
    bool has_rings = rings->receive_count > 0;
    return card->address < ABI_PCNET_CSRS && (card->status & ~STATUS_BITS) == 0 &&
           rings->receive_count <= ABI_PCNET_RING_MAX && rings->send_count <= ABI_PCNET_RING_MAX &&
           has_rings == (rings->send_count > 0) && !card_fresh(card) &&
           rings->receive_address <= most && rings->send_address <= most &&
           (has_rings
                ? card->next_receive < rings->receive_count && card->next_send < rings->send_count
                : !card->running && !card->next_receive && !card->next_send &&
                      !rings->receive_address && !rings->send_address);
}

static void pcnet_load(void *state, const struct dev_env *env, struct reader *reader)
{
    struct dev_pcnet *pcnet = state;
    pcnet_reset(pcnet, env);
    uint8_t there = read_u8(reader);
    if (there > 1) {
        reader_fail(reader);
    }
    if (reader->failed || !there) {
        return;
    }
    struct dev_pcnet_card *card = card_of(pcnet);
    card->address = read_u16(reader);
    card->status = read_u16(reader);
    uint16_t enabled = read_u16(reader);
    uint16_t running = read_u16(reader);
    card->enabled = enabled != 0;
    card->running = running != 0;
    card->block = read_u32(reader);
    card->rings.receive_address = read_u32(reader);
    card->rings.receive_count = read_u32(reader);
    card->rings.send_address = read_u32(reader);
    card->rings.send_count = read_u32(reader);
    card->next_receive = read_u32(reader);
    card->next_send = read_u32(reader);
    frames_load(&card->queue, reader);
    if (enabled > 1 || running > 1 || !card_valid(card)) {
        reader_fail(reader);
    }
    if (reader->failed) {
        pcnet_reset(pcnet, env);
    }
}

static const struct dev_region pcnet_regions[] = {
    {.port = ABI_PORT_PCNET_DATA, .in_bytes = 2, .out_bytes = 2},
    {.port = ABI_PORT_PCNET_ADDRESS, .in_bytes = 2, .out_bytes = 2},
};

const struct dev_ops dev_pcnet_ops = {
    .name = "pcnet",
    .summary = "Ethernet frames by registers and rings of descriptors, after AMD's PCnet",
    .state_version = 1,
    .state_bytes = sizeof(struct dev_pcnet),
    .regions = pcnet_regions,
    .region_count = sizeof pcnet_regions / sizeof pcnet_regions[0],
    .feature = ABI_FEATURE_PCNET,
    .interrupts = ABI_IRQ_PCNET,
    .init = pcnet_init,
    .reset = pcnet_reset,
    .read = pcnet_read,
    .write = pcnet_write,
    .event = NULL,
    .save = pcnet_save,
    .load = pcnet_load,
    .fini = pcnet_fini,
};
