/* Measurements and milestones: one port instruction each. */
#include <string.h>

#include <denali.h>

#include "machine.h"

static void observe(const char *name, uint32_t kind, double value)
{
    size_t length_bytes = strlen(name);
    struct abi_observation observation = {
        .name_address = (uint32_t)(uintptr_t)name,
        .name_length_bytes =
            length_bytes < ABI_OBSERVE_NAME_MAX ? length_bytes : ABI_OBSERVE_NAME_MAX,
        .kind = kind,
    };
    if (length_bytes == 0)
        return;
    memcpy(&observation.value, &value, sizeof observation.value);
    machine_port_command(ABI_PORT_OBSERVE, &observation);
}

void denali_observe(const char *name, double value)
{
    observe(name, ABI_OBSERVE_MEASUREMENT, value);
}

void denali_milestone(const char *name)
{
    observe(name, ABI_OBSERVE_MILESTONE, 0);
}
