/* The screen: the machine is told where the program's picture lies, after checks that a program can
 * answer; a pointer that is none is a fault, as anywhere. */
#include <errno.h>

#include <denali.h>

#include "machine.h"

int denali_screen_size(uint32_t *width, uint32_t *height)
{
    if (!(machine_register_read(ABI_REG_FEATURES) & ABI_FEATURE_FRAMEBUFFER)) {
        errno = ENODEV;
        return -1;
    }
    uint32_t size = machine_port_read(ABI_PORT_FRAMEBUFFER);
    *width = ABI_SCREEN_WIDTH(size);
    *height = ABI_SCREEN_HEIGHT(size);
    return 0;
}

int denali_screen_show(const struct denali_picture *picture)
{
    struct abi_framebuffer shown = {0};
    uint32_t width, height;
    if (denali_screen_size(&width, &height) != 0)
        return -1;
    if (picture) {
        uint32_t pixel_bytes = picture->palette ? 1 : 4;
        if (picture->width == 0 || picture->width > width || picture->height == 0 ||
            picture->height > height || picture->stride_bytes < picture->width * pixel_bytes ||
            picture->stride_bytes > ABI_FRAMEBUFFER_STRIDE_MAX) {
            errno = EINVAL;
            return -1;
        }
        shown = (struct abi_framebuffer){
            .address = (uint32_t)(uintptr_t)picture->pixels,
            .width = picture->width,
            .height = picture->height,
            .stride_bytes = picture->stride_bytes,
            .format = picture->palette ? ABI_FRAMEBUFFER_INDEXED8 : ABI_FRAMEBUFFER_XRGB8888,
            .palette_address = (uint32_t)(uintptr_t)picture->palette,
        };
    }
    machine_port_command(ABI_PORT_FRAMEBUFFER, &shown);
    return 0;
}
