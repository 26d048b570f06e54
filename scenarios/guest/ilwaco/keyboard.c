/* Keys, one port read each; a machine that has no keyboard is one that nobody types on. */
#include <denali.h>

#include "loop.h"
#include "machine.h"

/* The event taken from the machine, where one was waiting. */
static bool take(void *context)
{
    uint32_t *event = context;
    *event = machine_port_read(ABI_PORT_KEYBOARD);
    return *event != ABI_KEYBOARD_NONE;
}

int denali_keyboard_next(struct denali_key *key, uint64_t until_ns)
{
    uint32_t event;
    if (!(machine_register_read(ABI_REG_FEATURES) & ABI_FEATURE_KEYBOARD)) {
        denali_idle_until(until_ns);
        return 0;
    }
    if (!loop_await(take, &event, until_ns))
        return 0;
    key->usage = event & ABI_KEYBOARD_USAGE;
    key->pressed = (event & ABI_KEYBOARD_PRESSED) != 0;
    return 1;
}
