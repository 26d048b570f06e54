/*
 * The one table of port devices, and the look-up of a port in it. It knows
 * the devices by name only; what they do is theirs.
 */
#include <devices/device.h>

#include "models.h"

const struct dev_ops *const dev_table[DEV_COUNT] = {
    [DEV_CONSOLE] = &dev_console_ops,
    [DEV_NIC] = &dev_nic_ops,
    [DEV_TIMER] = &dev_timer_ops,
    [DEV_OBSERVER] = &dev_observer_ops,
    [DEV_ENTROPY] = &dev_entropy_ops,
    [DEV_KEYBOARD] = &dev_keyboard_ops,
    [DEV_FRAMEBUFFER] = &dev_framebuffer_ops,
    [DEV_DISK] = &dev_disk_ops,
    [DEV_PCNET] = &dev_pcnet_ops,
    [DEV_SUPERVISOR] = &dev_supervisor_ops,
};

/* A handful of ports in all: walking them costs less than keeping a second table in step. */
const struct dev_ops *dev_find_port(uint16_t port, uint32_t *device,
                                    const struct dev_region **region)
{
    for (uint32_t i = 0; i < DEV_COUNT; i++) {
        for (uint32_t j = 0; j < dev_table[i]->region_count; j++) {
            if (dev_table[i]->regions[j].port == port) {
                *device = i;
                *region = &dev_table[i]->regions[j];
                return dev_table[i];
            }
        }
    }
    return NULL;
}
