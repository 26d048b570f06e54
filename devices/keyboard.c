/*
 * The keyboard: keys that the scenario presses and releases, taken by the guest one event at a
 * time.
 *
 *   port               direction  width  meaning
 *   ABI_PORT_KEYBOARD  in         32     the oldest event; ABI_KEYBOARD_NONE if none waits
 *
 * Only machines that something is typed on have one, and only once it is does it take memory.
 *
 * Saved (version 1): u32 count; u32 for each event that waits, oldest first.
 */
#include <devices/device.h>

#include <stdlib.h>
#include <string.h>

#include <base/alloc.h>
#include <base/assert.h>

#include "models.h"

struct dev_keyboard_queue {
    uint32_t count;
    uint32_t start;
    uint32_t events[DEV_KEYBOARD_QUEUE_MAX];
};

static void keyboard_init(void *state, const struct dev_env *env)
{
    struct dev_keyboard *keyboard = state;
    (void)env;
    keyboard->queue = NULL;
}

static void keyboard_fini(void *state)
{
    struct dev_keyboard *keyboard = state;
    free(keyboard->queue);
    keyboard->queue = NULL;
}

static void keyboard_reset(void *state, const struct dev_env *env)
{
    (void)env;
    keyboard_fini(state);
}

static enum dev_result keyboard_read(void *state, const struct dev_env *env, uint16_t port,
                                     uint32_t *value)
{
    struct dev_keyboard *keyboard = state;
    struct dev_keyboard_queue *queue = keyboard->queue;
    (void)env;
    ASSERT(port == ABI_PORT_KEYBOARD);
    *value = ABI_KEYBOARD_NONE;
    if (queue && queue->count > 0) {
        *value = queue->events[queue->start];
        queue->start = (queue->start + 1) % DEV_KEYBOARD_QUEUE_MAX;
        queue->count--;
    }
    return DEV_DONE;
}

static enum dev_result keyboard_write(void *state, const struct dev_env *env, uint16_t port,
                                      uint32_t value)
{
    (void)state;
    (void)env;
    (void)port;
    (void)value;
    return DEV_NO_REGISTER; /* no region takes `out` */
}

static bool event_valid(uint32_t event)
{
    uint32_t usage = event & ABI_KEYBOARD_USAGE;
    return usage >= ABI_KEY_FIRST && usage <= ABI_KEY_LAST &&
           (event & ~(ABI_KEYBOARD_USAGE | ABI_KEYBOARD_PRESSED)) == 0;
}

static bool append(struct dev_keyboard *keyboard, uint32_t event)
{
    if (!event_valid(event)) {
        return false;
    }
    if (!keyboard->queue) {
        keyboard->queue = alloc_zeroed(1, sizeof *keyboard->queue);
    }
    struct dev_keyboard_queue *queue = keyboard->queue;
    if (queue->count == DEV_KEYBOARD_QUEUE_MAX) {
        return false;
    }
    queue->events[(queue->start + queue->count) % DEV_KEYBOARD_QUEUE_MAX] = event;
    queue->count++;
    return true;
}

bool dev_keyboard_event(struct dev_keyboard *state, const struct dev_env *env, uint32_t usage,
                        bool pressed)
{
    if (usage > ABI_KEY_LAST || !append(state, usage | (pressed ? ABI_KEYBOARD_PRESSED : 0))) {
        return false;
    }
    env->ops->interrupt(env->host, ABI_IRQ_KEYBOARD);
    return true;
}

static void keyboard_save(const void *state, struct writer *writer)
{
    const struct dev_keyboard *keyboard = state;
    const struct dev_keyboard_queue *queue = keyboard->queue;
    uint32_t count = queue ? queue->count : 0;
    write_u32(writer, count);
    for (uint32_t i = 0; i < count; i++) {
        write_u32(writer, queue->events[(queue->start + i) % DEV_KEYBOARD_QUEUE_MAX]);
    }
}

static void keyboard_load(void *state, const struct dev_env *env, struct reader *reader)
{
    uint32_t count = read_u32(reader);

    keyboard_reset(state, env);
    if (count > DEV_KEYBOARD_QUEUE_MAX) {
        reader_fail(reader);
    }
    for (uint32_t i = 0; i < count && !reader->failed; i++) {
        uint32_t event = read_u32(reader);
        if (!reader->failed && !append(state, event)) {
            reader_fail(reader);
        }
    }
    if (reader->failed) {
        keyboard_reset(state, env); /* half a queue is no queue */
    }
}

static const struct dev_region keyboard_regions[] = {
    {.port = ABI_PORT_KEYBOARD, .in_bytes = 4, .out_bytes = 0},
};

const struct dev_ops dev_keyboard_ops = {
    .name = "keyboard",
    .summary = "keys going down and up, on machines that the scenario types on",
    .state_version = 1,
    .state_bytes = sizeof(struct dev_keyboard),
    .regions = keyboard_regions,
    .region_count = sizeof keyboard_regions / sizeof keyboard_regions[0],
    .feature = ABI_FEATURE_KEYBOARD,
    .interrupts = ABI_IRQ_KEYBOARD,
    .init = keyboard_init,
    .reset = keyboard_reset,
    .read = keyboard_read,
    .write = keyboard_write,
    .event = NULL,
    .save = keyboard_save,
    .load = keyboard_load,
    .fini = keyboard_fini,
};
