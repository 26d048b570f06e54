/* What people call virtual registers and interrupts, for traces and lists. No guest sees it. */
#include <devices/device.h>

#include <stdio.h>

const struct dev_register_name dev_register_names[] = {
    {ABI_REG_ISA_VERSION, "isa_version"},
    {ABI_REG_FEATURES, "features"},
    {ABI_REG_CPU_HZ_LOW, "cpu_hz_low"},
    {ABI_REG_CPU_HZ_HIGH, "cpu_hz_high"},
    {ABI_REG_MEMORY_SIZE, "memory_size"},
    {ABI_REG_TIME_LOW, "time_low"},
    {ABI_REG_TIME_HIGH, "time_high"},
    {ABI_REG_IRQ_ENABLE, "irq_enable"},
    {ABI_REG_IRQ_PENDING, "irq_pending"},
    {ABI_REG_IRQ_DELIVERED, "irq_delivered"},
    {ABI_REG_IRQ_HANDLER, "irq_handler"},
    {ABI_REG_NODE_INDEX, "node_index"},
    {ABI_REG_NODE_COUNT, "node_count"},
    {ABI_REG_MAC_LOW, "mac_low"},
    {ABI_REG_MAC_HIGH, "mac_high"},
    {ABI_REG_BOOT_SIZE, "boot_size"},
    {ABI_REG_BOOT_ARGC, "boot_argc"},
    {ABI_REG_BOOT_ENVC, "boot_envc"},
    {ABI_REG_GENERATION, "generation"},
    {ABI_REG_BOOT_TEXT, "boot_text"},
    {0, NULL},
};

const char *dev_register_name(uint32_t offset)
{
    if (offset >= ABI_REG_BOOT_TEXT && offset < ABI_REG_BOOT_TEXT + ABI_BOOT_TEXT_MAX) {
        offset = ABI_REG_BOOT_TEXT;
    }
    for (const struct dev_register_name *known = dev_register_names; known->name; known++) {
        if (known->offset == offset) {
            return known->name;
        }
    }
    return NULL;
}

void dev_interrupts_name(uint32_t kinds, char *text, size_t size_bytes)
{
    size_t used = 0;
    snprintf(text, size_bytes, "none");
    for (uint32_t bit = 0; bit < 32; bit++) {
        if (!(kinds >> bit & 1)) {
            continue;
        }
        char number[16];
        snprintf(number, sizeof number, "bit%u", bit);
        const char *name = number;
        for (uint32_t i = 0; i < DEV_COUNT; i++) {
            name = dev_table[i]->interrupts >> bit & 1 ? dev_table[i]->name : name;
        }
        int length = snprintf(text + used, size_bytes - used, "%s%s", used ? " " : "", name);
        used += (size_t)length < size_bytes - used ? (size_t)length : size_bytes - used - 1;
    }
}
