/*
 * Entropy: random bits for a guest, the same in every run of a scenario with the same seed. They
 * come from a stream of the machine's own that is a function of its position (base/random.h), so
 * the position is all there is to keep, and how a guest cuts what it takes never shows.
 *
 *   port              direction  width  meaning
 *   ABI_PORT_ENTROPY  in         32     the next word
 *                     out        32     address of a struct abi_buffer to fill, of 1 to
 *                                       ABI_ENTROPY_FILL_MAX bytes, from whole words
 *
 * Nothing outside a run may depend on them being secret: whoever knows the scenario knows them.
 *
 * Saved (version 1): u64 words drawn.
 */
#include <devices/device.h>

#include <base/assert.h>
#include <base/random.h>

#include "models.h"

static void entropy_init(void *state, const struct dev_env *env)
{
    struct dev_entropy *entropy = state;
    (void)env;
    entropy->drawn = 0;
}

/* The upper half: of the two the one whose bits are mixed better. */
static uint32_t word_at(uint64_t key, uint64_t position)
{
    return (uint32_t)(random_at(key, position) >> 32);
}

static enum dev_result entropy_read(void *state, const struct dev_env *env, uint16_t port,
                                    uint32_t *value)
{
    struct dev_entropy *entropy = state;
    ASSERT(port == ABI_PORT_ENTROPY);
    *value = word_at(env->ops->entropy_key(env->host), entropy->drawn++);
    return DEV_DONE;
}

static enum dev_result entropy_write(void *state, const struct dev_env *env, uint16_t port,
                                     uint32_t value)
{
    struct dev_entropy *entropy = state;
    struct abi_buffer buffer;
    uint8_t bytes[ABI_ENTROPY_FILL_MAX];

    ASSERT(port == ABI_PORT_ENTROPY);
    if (!env->ops->memory_load(env->host, value, &buffer, sizeof buffer) ||
        buffer.length_bytes == 0 || buffer.length_bytes > ABI_ENTROPY_FILL_MAX) {
        return DEV_REFUSED;
    }
    uint64_t key = env->ops->entropy_key(env->host);
    uint32_t words = (buffer.length_bytes + 3) / 4;
    for (uint32_t i = 0; i < words; i++) {
        uint32_t word = word_at(key, entropy->drawn + i);
        for (uint32_t j = 0; j < 4; j++) {
            bytes[4 * i + j] = (uint8_t)(word >> 8 * j);
        }
    }
    if (!env->ops->memory_store(env->host, buffer.address, bytes, buffer.length_bytes)) {
        return DEV_REFUSED;
    }
    entropy->drawn += words;
    return DEV_DONE;
}

static void entropy_save(const void *state, struct writer *writer)
{
    const struct dev_entropy *entropy = state;
    write_u64(writer, entropy->drawn);
}

static void entropy_load(void *state, const struct dev_env *env, struct reader *reader)
{
    struct dev_entropy *entropy = state;
    (void)env;
    entropy->drawn = read_u64(reader);
}

static void entropy_fini(void *state)
{
    (void)state;
}

static const struct dev_region entropy_regions[] = {
    {.port = ABI_PORT_ENTROPY, .in_bytes = 4, .out_bytes = 4},
};

const struct dev_ops dev_entropy_ops = {
    .name = "entropy",
    .summary = "random bits from the seed and the machine's name",
    .state_version = 1,
    .state_bytes = sizeof(struct dev_entropy),
    .regions = entropy_regions,
    .region_count = sizeof entropy_regions / sizeof entropy_regions[0],
    .feature = ABI_FEATURE_ENTROPY,
    .init = entropy_init,
    .reset = entropy_init,
    .read = entropy_read,
    .write = entropy_write,
    .event = NULL,
    .save = entropy_save,
    .load = entropy_load,
    .fini = entropy_fini,
};
