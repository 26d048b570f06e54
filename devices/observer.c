/*
 * The observer: a guest reports a named measurement or a milestone in one instruction. What is done
 * with it is the machine's matter; here it is only checked.
 *
 *   port              direction  width  meaning
 *   ABI_PORT_OBSERVE  out        32     address of a struct abi_observation
 *
 * A name is 1 to ABI_OBSERVE_NAME_MAX bytes of [A-Za-z0-9._-], because it ends in files and tables
 * that people and programs read. The value is a finite number: NaN and the infinities are refused,
 * since one of them would silently spoil every statistic of its metric.
 *
 * Saved (version 1): u64 count of observations made.
 */
#include <devices/device.h>

#include <string.h>

#include <base/assert.h>

#include "models.h"

#define EXPONENT_MASK 0x7ff0000000000000ull /* all ones: NaN or infinity (IEEE 754-2008, 3.4) */

static void observer_init(void *state, const struct dev_env *env)
{
    struct dev_observer *observer = state;
    (void)env;
    observer->count = 0;
}

static enum dev_result observer_read(void *state, const struct dev_env *env, uint16_t port,
                                     uint32_t *value)
{
    (void)state;
    (void)env;
    (void)port;
    (void)value;
    return DEV_NO_REGISTER; /* no region takes `in` */
}

/* Not isalnum: what a name may hold must not depend on the host's locale. */
static bool name_byte_valid(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '.' || byte == '_' || byte == '-';
}

static enum dev_result observer_write(void *state, const struct dev_env *env, uint16_t port,
                                      uint32_t value)
{
    struct dev_observer *observer = state;
    struct abi_observation observation;
    char name[ABI_OBSERVE_NAME_MAX + 1];
    double number;

    ASSERT(port == ABI_PORT_OBSERVE);
    if (!env->ops->memory_load(env->host, value, &observation, sizeof observation)) {
        return DEV_REFUSED;
    }
    uint32_t length = observation.name_length_bytes;
    if (length == 0 || length > ABI_OBSERVE_NAME_MAX || observation.reserved != 0 ||
        length > UINT32_MAX - observation.name_address ||
        (observation.kind != ABI_OBSERVE_MEASUREMENT &&
         observation.kind != ABI_OBSERVE_MILESTONE) ||
        (observation.value & EXPONENT_MASK) == EXPONENT_MASK ||
        !env->ops->memory_load(env->host, observation.name_address, name, length)) {
        return DEV_REFUSED;
    }
    for (uint32_t i = 0; i < length; i++) {
        if (!name_byte_valid(name[i])) {
            return DEV_REFUSED;
        }
    }
    name[length] = '\0';
    memcpy(&number, &observation.value, sizeof number);
    observer->count++;
    env->ops->observe(env->host, name, observation.kind, number);
    return DEV_DONE;
}

static void observer_save(const void *state, struct writer *writer)
{
    const struct dev_observer *observer = state;
    write_u64(writer, observer->count);
}

static void observer_load(void *state, const struct dev_env *env, struct reader *reader)
{
    struct dev_observer *observer = state;
    (void)env;
    observer->count = read_u64(reader);
}

static void observer_fini(void *state)
{
    (void)state;
}

static const struct dev_region observer_regions[] = {
    {.port = ABI_PORT_OBSERVE, .in_bytes = 0, .out_bytes = 4},
};

const struct dev_ops dev_observer_ops = {
    .name = "observer",
    .summary = "named measurements and milestones, one instruction each",
    .state_version = 1,
    .state_bytes = sizeof(struct dev_observer),
    .regions = observer_regions,
    .region_count = sizeof observer_regions / sizeof observer_regions[0],
    .feature = ABI_FEATURE_OBSERVE,
    .refuses = "a name other than 1 to 64 of A-Z a-z 0-9 . _ - and a value that is not finite",
    .init = observer_init,
    .reset = observer_init,
    .read = observer_read,
    .write = observer_write,
    .event = NULL,
    .save = observer_save,
    .load = observer_load,
    .fini = observer_fini,
};
