/*
 * The framebuffer: a guest says where in its memory a picture lies, and whoever looks at the screen
 * reads it there. The device keeps the six words and no pixels; drawing costs the machine nothing
 * but its own stores.
 *
 *   port                  direction  width  meaning
 *   ABI_PORT_FRAMEBUFFER  in         32     the screen's size: width, height << 16, in pixels
 *                         out        32     address of a struct abi_framebuffer to show
 *
 * A picture is checked when it is set: within the screen, rows that do not overlap, all of it and
 * its palette in memory. It is read through the same checked function as everything else, so one
 * that cannot be read any more shows black.
 *
 * Saved (version 1): u8 is there a picture; if so the six u32 of struct abi_framebuffer in order.
 */
#include <devices/device.h>

#include <stdlib.h>
#include <string.h>

#include <base/alloc.h>
#include <base/assert.h>

#include "models.h"

#define PALETTE_BYTES (4 * ABI_FRAMEBUFFER_PALETTE_COUNT)
#define PIXEL_MAX     4u /* bytes of one */

static void framebuffer_init(void *state, const struct dev_env *env)
{
    struct dev_framebuffer *framebuffer = state;
    (void)env;
    framebuffer->picture = NULL;
}

static void framebuffer_fini(void *state)
{
    struct dev_framebuffer *framebuffer = state;
    free(framebuffer->picture);
    framebuffer->picture = NULL;
}

static void framebuffer_reset(void *state, const struct dev_env *env)
{
    (void)env;
    framebuffer_fini(state);
}

static enum dev_result framebuffer_read(void *state, const struct dev_env *env, uint16_t port,
                                        uint32_t *value)
{
    uint32_t width;
    uint32_t height;
    (void)state;
    ASSERT(port == ABI_PORT_FRAMEBUFFER);
    env->ops->screen_size(env->host, &width, &height);
    *value = width | height << 16;
    return DEV_DONE;
}

static uint32_t pixel_bytes(uint32_t format)
{
    return format == ABI_FRAMEBUFFER_INDEXED8 ? 1 : PIXEL_MAX;
}

/* A machine's memory is one piece (docs/isa.md): what begins and ends in it is in it. */
static bool is_memory(const struct dev_env *env, uint64_t address, uint64_t size_bytes)
{
    uint8_t byte;
    uint64_t last = address + size_bytes - 1;
    return last <= UINT32_MAX && env->ops->memory_load(env->host, (uint32_t)address, &byte, 1) &&
           env->ops->memory_load(env->host, (uint32_t)last, &byte, 1);
}

static bool picture_valid(const struct dev_env *env, const struct abi_framebuffer *picture)
{
    uint32_t width;
    uint32_t height;
    env->ops->screen_size(env->host, &width, &height);
    if (picture->width == 0 || picture->width > width || picture->height == 0 ||
        picture->height > height || picture->format > ABI_FRAMEBUFFER_INDEXED8) {
        return false;
    }
    uint32_t row_bytes = picture->width * pixel_bytes(picture->format);
    if (picture->stride_bytes < row_bytes || picture->stride_bytes > ABI_FRAMEBUFFER_STRIDE_MAX) {
        return false;
    }
    uint64_t size_bytes = (uint64_t)picture->stride_bytes * (picture->height - 1) + row_bytes;
    if (!is_memory(env, picture->address, size_bytes)) {
        return false;
    }
    return picture->format == ABI_FRAMEBUFFER_INDEXED8
               ? is_memory(env, picture->palette_address, PALETTE_BYTES)
               : picture->palette_address == 0;
}

static void picture_set(struct dev_framebuffer *framebuffer, const struct abi_framebuffer *picture)
{
    if (!framebuffer->picture) {
        framebuffer->picture = alloc_zeroed(1, sizeof *framebuffer->picture);
    }
    *framebuffer->picture = *picture;
}

static enum dev_result framebuffer_write(void *state, const struct dev_env *env, uint16_t port,
                                         uint32_t value)
{
    static const struct abi_framebuffer nothing;
    struct abi_framebuffer picture;

    ASSERT(port == ABI_PORT_FRAMEBUFFER);
    if (!env->ops->memory_load(env->host, value, &picture, sizeof picture)) {
        return DEV_REFUSED;
    }
    if (memcmp(&picture, &nothing, sizeof picture) == 0) {
        framebuffer_fini(state);
        return DEV_DONE;
    }
    if (!picture_valid(env, &picture)) {
        return DEV_REFUSED;
    }
    picture_set(state, &picture);
    return DEV_DONE;
}

void dev_framebuffer_row(const struct dev_framebuffer *state, const struct dev_env *env, uint32_t y,
                         uint8_t *rgb)
{
    const struct abi_framebuffer *picture = state->picture;
    uint32_t row[ABI_SCREEN_SIDE_MAX];
    uint32_t palette[ABI_FRAMEBUFFER_PALETTE_COUNT] = {0};
    ASSERT(picture && y < picture->height);

    bool indexed = picture->format == ABI_FRAMEBUFFER_INDEXED8;
    uint32_t row_bytes = picture->width * pixel_bytes(picture->format);
    if (!env->ops->memory_load(env->host, picture->address + y * picture->stride_bytes, row,
                               row_bytes) ||
        (indexed &&
         !env->ops->memory_load(env->host, picture->palette_address, palette, sizeof palette))) {
        memset(row, 0, row_bytes);
    }
    const uint8_t *indices = (const uint8_t *)row;
    for (uint32_t x = 0; x < picture->width; x++) {
        uint32_t pixel = indexed ? palette[indices[x]] : row[x];
        rgb[3 * x] = (uint8_t)(pixel >> 16);
        rgb[3 * x + 1] = (uint8_t)(pixel >> 8);
        rgb[3 * x + 2] = (uint8_t)pixel;
    }
}

static void framebuffer_save(const void *state, struct writer *writer)
{
    const struct dev_framebuffer *framebuffer = state;
    const struct abi_framebuffer *picture = framebuffer->picture;
    write_u8(writer, picture != NULL);
    if (picture) {
        write_u32(writer, picture->address);
        write_u32(writer, picture->width);
        write_u32(writer, picture->height);
        write_u32(writer, picture->stride_bytes);
        write_u32(writer, picture->format);
        write_u32(writer, picture->palette_address);
    }
}

static void framebuffer_load(void *state, const struct dev_env *env, struct reader *reader)
{
    uint8_t present = read_u8(reader);

    framebuffer_reset(state, env);
    if (present != 1) {
        if (present > 1) {
            reader_fail(reader);
        }
        return;
    }
    struct abi_framebuffer picture;
    picture.address = read_u32(reader);
    picture.width = read_u32(reader);
    picture.height = read_u32(reader);
    picture.stride_bytes = read_u32(reader);
    picture.format = read_u32(reader);
    picture.palette_address = read_u32(reader);
    if (reader->failed || !picture_valid(env, &picture)) {
        reader_fail(reader);
        return;
    }
    picture_set(state, &picture);
}

static const struct dev_region framebuffer_regions[] = {
    {.port = ABI_PORT_FRAMEBUFFER, .in_bytes = 4, .out_bytes = 4},
};

const struct dev_ops dev_framebuffer_ops = {
    .name = "framebuffer",
    .summary = "a picture in the guest's memory, on machines with a screen",
    .state_version = 1,
    .state_bytes = sizeof(struct dev_framebuffer),
    .regions = framebuffer_regions,
    .region_count = sizeof framebuffer_regions / sizeof framebuffer_regions[0],
    .feature = ABI_FEATURE_FRAMEBUFFER,
    .init = framebuffer_init,
    .reset = framebuffer_reset,
    .read = framebuffer_read,
    .write = framebuffer_write,
    .event = NULL,
    .save = framebuffer_save,
    .load = framebuffer_load,
    .fini = framebuffer_fini,
};
