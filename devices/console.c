/*
 * The console: bytes out to whatever the machine captures them in, bytes in from the scenario or a
 * keyboard. Output is not kept here, so a node that only prints has an empty state.
 *
 *   port                    direction  width  meaning
 *   ABI_PORT_CONSOLE_BYTE   out        8      print one byte
 *                           in         32     next byte of input; ABI_CONSOLE_NONE if none
 *                                              waits, ABI_CONSOLE_END if none will come
 *   ABI_PORT_CONSOLE_WRITE  out        32     address of a struct abi_buffer to print
 *
 * Saved (version 2): u8 has the input ended; u32 count; count bytes of waiting input, oldest first.
 */
#include <devices/device.h>

#include <stdlib.h>
#include <string.h>

#include <base/alloc.h>
#include <base/assert.h>

#include "models.h"

#define CHUNK_BYTES 4096u

static void console_init(void *state, const struct dev_env *env)
{
    (void)env;
    memset(state, 0, sizeof(struct dev_console));
}

static void console_fini(void *state)
{
    struct dev_console *console = state;
    free(console->input);
    memset(console, 0, sizeof *console);
}

static void console_reset(void *state, const struct dev_env *env)
{
    console_fini(state);
    console_init(state, env);
}

static enum dev_result console_read(void *state, const struct dev_env *env, uint16_t port,
                                    uint32_t *value)
{
    struct dev_console *console = state;
    (void)env;
    ASSERT(port == ABI_PORT_CONSOLE_BYTE);
    *value = console->ended ? ABI_CONSOLE_END : ABI_CONSOLE_NONE;
    if (console->input_count > 0) {
        *value = console->input[console->input_start];
        console->input_start = (console->input_start + 1) % DEV_CONSOLE_INPUT_MAX;
        console->input_count--;
    }
    return DEV_DONE;
}

/* Loads every byte of a buffer, and prints it if asked to; false if some of it is not memory. In
 * chunks, so that a guest cannot make us hold 64 KiB of stack. */
static bool buffer_walk(const struct dev_env *env, const struct abi_buffer *buffer, bool print)
{
    uint8_t chunk[CHUNK_BYTES];
    for (uint32_t done = 0; done < buffer->length_bytes;) {
        uint32_t left = buffer->length_bytes - done;
        uint32_t part = left < CHUNK_BYTES ? left : CHUNK_BYTES;
        if (!env->ops->memory_load(env->host, buffer->address + done, chunk, part)) {
            return false;
        }
        if (print) {
            env->ops->console_write(env->host, chunk, part);
        }
        done += part;
    }
    return true;
}

/* All of a buffer is proved readable before any of it is printed: a refused write leaves no
 * trace. */
static enum dev_result console_write_buffer(const struct dev_env *env, uint32_t descriptor)
{
    struct abi_buffer buffer;

    if (!env->ops->memory_load(env->host, descriptor, &buffer, sizeof buffer) ||
        buffer.length_bytes > ABI_CONSOLE_WRITE_MAX ||
        buffer.length_bytes > UINT32_MAX - buffer.address || !buffer_walk(env, &buffer, false)) {
        return DEV_REFUSED;
    }
    bool printed = buffer_walk(env, &buffer, true);
    ASSERT(printed);
    return DEV_DONE;
}

static enum dev_result console_write(void *state, const struct dev_env *env, uint16_t port,
                                     uint32_t value)
{
    (void)state;
    if (port == ABI_PORT_CONSOLE_BYTE) {
        uint8_t byte = (uint8_t)value;
        env->ops->console_write(env->host, &byte, 1);
        return DEV_DONE;
    }
    ASSERT(port == ABI_PORT_CONSOLE_WRITE);
    return console_write_buffer(env, value);
}

uint32_t dev_console_input(struct dev_console *state, const struct dev_env *env,
                           const uint8_t *bytes, uint32_t size_bytes)
{
    uint32_t room = DEV_CONSOLE_INPUT_MAX - state->input_count;
    uint32_t taken = size_bytes < room ? size_bytes : room;

    if (taken == 0) {
        return 0;
    }
    if (!state->input) {
        state->input = alloc_zeroed(DEV_CONSOLE_INPUT_MAX, 1);
    }
    for (uint32_t i = 0; i < taken; i++) {
        uint32_t at = (state->input_start + state->input_count) % DEV_CONSOLE_INPUT_MAX;
        state->input[at] = bytes[i];
        state->input_count++;
    }
    env->ops->interrupt(env->host, ABI_IRQ_CONSOLE);
    return taken;
}

void dev_console_end(struct dev_console *state, const struct dev_env *env)
{
    if (!state->ended) {
        state->ended = true;
        env->ops->interrupt(env->host, ABI_IRQ_CONSOLE);
    }
}

static void console_save(const void *state, struct writer *writer)
{
    const struct dev_console *console = state;
    write_u8(writer, console->ended);
    write_u32(writer, console->input_count);
    for (uint32_t i = 0; i < console->input_count; i++) {
        write_u8(writer, console->input[(console->input_start + i) % DEV_CONSOLE_INPUT_MAX]);
    }
}

static void console_load(void *state, const struct dev_env *env, struct reader *reader)
{
    struct dev_console *console = state;
    uint8_t ended = read_u8(reader);
    uint32_t count = read_u32(reader);

    console_reset(console, env);
    if (ended > 1 || count > DEV_CONSOLE_INPUT_MAX) {
        reader_fail(reader);
    }
    console->ended = ended == 1 && !reader->failed;
    const uint8_t *bytes = read_view(reader, count);
    if (bytes && count > 0) {
        console->input = alloc_zeroed(DEV_CONSOLE_INPUT_MAX, 1);
        memcpy(console->input, bytes, count);
        console->input_count = count;
    }
}

static const struct dev_region console_regions[] = {
    {.port = ABI_PORT_CONSOLE_BYTE, .in_bytes = 4, .out_bytes = 1},
    {.port = ABI_PORT_CONSOLE_WRITE, .in_bytes = 0, .out_bytes = 4},
};

const struct dev_ops dev_console_ops = {
    .name = "console",
    .summary = "bytes printed, and bytes typed or given by the scenario",
    .state_version = 2,
    .state_bytes = sizeof(struct dev_console),
    .regions = console_regions,
    .region_count = sizeof console_regions / sizeof console_regions[0],
    .feature = ABI_FEATURE_CONSOLE,
    .interrupts = ABI_IRQ_CONSOLE,
    .init = console_init,
    .reset = console_reset,
    .read = console_read,
    .write = console_write,
    .event = NULL,
    .save = console_save,
    .load = console_load,
    .fini = console_fini,
};
