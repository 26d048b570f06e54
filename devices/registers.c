/*
 * The virtual-register page (docs/isa.md, "Virtual registers"): what the machine tells its guest
 * about itself, the clock, and the processor's interrupt registers. It holds one word of its own,
 * the latched high half of the clock; the rest it asks of the machine.
 *
 * The engine has checked that the access is an aligned 32-bit move; alignment is checked again
 * here because it costs nothing and the page is the guest's most used door.
 */
#include <devices/device.h>

static uint32_t features(const struct dev_env *env)
{
    uint32_t mask = ABI_FEATURE_X87;
    for (uint32_t i = 0; i < DEV_COUNT; i++) {
        mask |= env->ops->device_present(env->host, i) ? dev_table[i]->feature : 0;
    }
    return mask;
}

/* Words past the text's end, and the bytes past it in its last word, read 0. */
static uint32_t boot_text_word(const struct dev_boot *boot, uint32_t start)
{
    uint32_t word = 0;
    for (uint32_t i = 0; i < 4 && start + i < boot->size_bytes; i++) {
        word |= (uint32_t)boot->text[start + i] << 8 * i;
    }
    return word;
}

static uint32_t mac_half(const uint8_t *mac, uint32_t start, uint32_t count)
{
    uint32_t half = 0;
    for (uint32_t i = 0; i < count; i++) {
        half |= (uint32_t)mac[start + i] << 8 * i;
    }
    return half;
}

enum dev_result dev_registers_read(struct dev_registers *state, const struct dev_env *env,
                                   uint32_t offset, uint32_t *value)
{
    const struct dev_host_ops *ops = env->ops;
    void *host = env->host;

    if (offset % 4 != 0) {
        return DEV_NO_REGISTER;
    }
    if (offset >= ABI_REG_BOOT_TEXT && offset < ABI_REG_BOOT_TEXT + ABI_BOOT_TEXT_MAX) {
        *value = boot_text_word(ops->boot(host), offset - ABI_REG_BOOT_TEXT);
        return DEV_DONE;
    }
    switch (offset) {
    case ABI_REG_ISA_VERSION:
        *value = ABI_ISA_VERSION;
        return DEV_DONE;
    case ABI_REG_FEATURES:
        *value = features(env);
        return DEV_DONE;
    case ABI_REG_CPU_HZ_LOW:
        *value = (uint32_t)ops->cpu_hz(host);
        return DEV_DONE;
    case ABI_REG_CPU_HZ_HIGH:
        *value = (uint32_t)(ops->cpu_hz(host) >> 32);
        return DEV_DONE;
    case ABI_REG_MEMORY_SIZE:
        *value = ops->memory_bytes(host);
        return DEV_DONE;
    case ABI_REG_TIME_LOW: {
        uint64_t now_ns = ops->now_ns(host);
        state->time_high = (uint32_t)(now_ns >> 32);
        *value = (uint32_t)now_ns;
        return DEV_DONE;
    }
    case ABI_REG_TIME_HIGH:
        *value = state->time_high;
        return DEV_DONE;
    case ABI_REG_IRQ_ENABLE:
        *value = ops->interrupt_enabled(host);
        return DEV_DONE;
    case ABI_REG_IRQ_PENDING:
        *value = ops->interrupt_pending(host);
        return DEV_DONE;
    case ABI_REG_IRQ_DELIVERED:
        *value = ops->interrupt_delivered(host);
        return DEV_DONE;
    case ABI_REG_IRQ_HANDLER:
        *value = ops->interrupt_handler(host);
        return DEV_DONE;
    case ABI_REG_NODE_INDEX:
        *value = ops->node_index(host);
        return DEV_DONE;
    case ABI_REG_NODE_COUNT:
        *value = ops->node_count(host);
        return DEV_DONE;
    case ABI_REG_MAC_LOW:
        *value = mac_half(ops->mac(host), 0, 4);
        return DEV_DONE;
    case ABI_REG_MAC_HIGH:
        *value = mac_half(ops->mac(host), 4, 2);
        return DEV_DONE;
    case ABI_REG_BOOT_SIZE:
        *value = ops->boot(host)->size_bytes;
        return DEV_DONE;
    case ABI_REG_BOOT_ARGC:
        *value = ops->boot(host)->argument_count;
        return DEV_DONE;
    case ABI_REG_BOOT_ENVC:
        *value = ops->boot(host)->environment_count;
        return DEV_DONE;
    case ABI_REG_GENERATION:
        *value = ops->generation(host);
        return DEV_DONE;
    }
    return DEV_NO_REGISTER;
}

enum dev_result dev_registers_write(struct dev_registers *state, const struct dev_env *env,
                                    uint32_t offset, uint32_t value)
{
    (void)state;
    switch (offset) {
    case ABI_REG_IRQ_ENABLE:
        env->ops->interrupt_enable(env->host, value & 1);
        return DEV_DONE;
    case ABI_REG_IRQ_PENDING:
        env->ops->interrupt_clear(env->host, value);
        return DEV_DONE;
    case ABI_REG_IRQ_HANDLER:
        env->ops->interrupt_handler_set(env->host, value);
        return DEV_DONE;
    }
    return DEV_NO_REGISTER;
}

void dev_registers_save(const struct dev_registers *state, struct writer *writer)
{
    write_u32(writer, state->time_high);
}

void dev_registers_load(struct dev_registers *state, struct reader *reader)
{
    state->time_high = read_u32(reader);
}
