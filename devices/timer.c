/*
 * The timer: one deadline in virtual time, one interrupt when it has come. A guest that needs many
 * timers keeps them itself and arms the earliest.
 *
 *   port            direction  width  meaning
 *   ABI_PORT_TIMER  out        32     address of a u64 deadline in ns; all ones disarms
 *
 * A deadline that has passed already fires at once. Arming replaces the deadline before it and
 * leaves a pending interrupt pending: the guest may still see the one it was about to get.
 *
 * Saved (version 1): u64 deadline_ns, TIME_NEVER if disarmed.
 */
#include <devices/device.h>

#include <base/assert.h>
#include <base/time.h>

#include "models.h"

static void timer_init(void *state, const struct dev_env *env)
{
    struct dev_timer *timer = state;
    (void)env;
    timer->deadline_ns = TIME_NEVER;
}

static void timer_reset(void *state, const struct dev_env *env)
{
    timer_init(state, env);
    env->ops->event_at(env->host, env->device, TIME_NEVER);
}

static enum dev_result timer_read(void *state, const struct dev_env *env, uint16_t port,
                                  uint32_t *value)
{
    (void)state;
    (void)env;
    (void)port;
    (void)value;
    return DEV_NO_REGISTER; /* no region takes `in` */
}

static enum dev_result timer_write(void *state, const struct dev_env *env, uint16_t port,
                                   uint32_t value)
{
    struct dev_timer *timer = state;
    uint64_t deadline_ns;

    ASSERT(port == ABI_PORT_TIMER);
    if (!env->ops->memory_load(env->host, value, &deadline_ns, sizeof deadline_ns)) {
        return DEV_REFUSED;
    }
    uint64_t now_ns = env->ops->now_ns(env->host);
    timer->deadline_ns = deadline_ns > now_ns ? deadline_ns : now_ns;
    env->ops->event_at(env->host, env->device, timer->deadline_ns);
    return DEV_DONE;
}

/* An event that comes early, or after the timer was disarmed, finds nothing to do. */
static void timer_event(void *state, const struct dev_env *env)
{
    struct dev_timer *timer = state;
    if (timer->deadline_ns == TIME_NEVER || env->ops->now_ns(env->host) < timer->deadline_ns) {
        return;
    }
    timer->deadline_ns = TIME_NEVER;
    env->ops->interrupt(env->host, ABI_IRQ_TIMER);
}

static void timer_save(const void *state, struct writer *writer)
{
    const struct dev_timer *timer = state;
    write_u64(writer, timer->deadline_ns);
}

static void timer_load(void *state, const struct dev_env *env, struct reader *reader)
{
    struct dev_timer *timer = state;
    uint64_t deadline_ns = read_u64(reader);
    timer->deadline_ns = reader->failed ? TIME_NEVER : deadline_ns;
    env->ops->event_at(env->host, env->device, timer->deadline_ns);
}

static void timer_fini(void *state)
{
    (void)state;
}

static const struct dev_region timer_regions[] = {
    {.port = ABI_PORT_TIMER, .in_bytes = 0, .out_bytes = 4},
};

const struct dev_ops dev_timer_ops = {
    .name = "timer",
    .summary = "one deadline in virtual time",
    .state_version = 1,
    .state_bytes = sizeof(struct dev_timer),
    .regions = timer_regions,
    .region_count = sizeof timer_regions / sizeof timer_regions[0],
    .feature = ABI_FEATURE_TIMER,
    .interrupts = ABI_IRQ_TIMER,
    .init = timer_init,
    .reset = timer_reset,
    .read = timer_read,
    .write = timer_write,
    .event = timer_event,
    .save = timer_save,
    .load = timer_load,
    .fini = timer_fini,
};
