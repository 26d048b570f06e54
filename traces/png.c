/* PNG by libpng's simplified interface, which reports errors as a text and never jumps. */
#include <traces/png.h>

#include <errno.h>
#include <png.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <base/alloc.h>
#include <base/assert.h>

uint8_t *trace_png_encode(uint32_t width, uint32_t height, const uint8_t *rgb, size_t *size_bytes)
{
    ASSERT(width > 0 && width <= TRACE_PNG_SIDE_MAX && height > 0 && height <= TRACE_PNG_SIDE_MAX);
    png_image image = {
        .version = PNG_IMAGE_VERSION, .width = width, .height = height, .format = PNG_FORMAT_RGB};
    png_alloc_size_t bytes_max = PNG_IMAGE_PNG_SIZE_MAX(image);
    uint8_t *bytes = alloc_zeroed(bytes_max, 1);
    if (!png_image_write_to_memory(&image, bytes, &bytes_max, 0, rgb, 0, NULL)) {
        free(bytes);
        bytes = NULL;
    }
    png_image_free(&image);
    *size_bytes = bytes_max;
    return bytes;
}

/* 0, or why not as errno; *made: whether there is such a file now. */
static int bytes_put(const char *path, const uint8_t *bytes, size_t size_bytes, bool *made)
{
    FILE *file = fopen(path, "wbe");
    *made = file != NULL;
    if (!file) {
        return errno;
    }
    int cause = fwrite(bytes, 1, size_bytes, file) == size_bytes ? 0 : errno;
    return fclose(file) != 0 && !cause ? errno : cause;
}

enum status trace_png_write(const char *path, uint32_t width, uint32_t height, const uint8_t *rgb,
                            struct error *error)
{
    size_t size_bytes;
    uint8_t *bytes = trace_png_encode(width, height, rgb, &size_bytes);
    if (!bytes) {
        return error_set(error, STATUS_NO_MEMORY, path, 0, "no memory for the picture");
    }
    size_t name_bytes = strlen(path) + sizeof ".tmp";
    char *temporary = alloc_zeroed(name_bytes, 1);
    snprintf(temporary, name_bytes, "%s.tmp", path);
    struct stat info;
    bool replaces = stat(path, &info) != 0 || S_ISREG(info.st_mode); /* no device, no pipe */
    bool made;
    enum status status = STATUS_OK;
    int cause = bytes_put(replaces ? temporary : path, bytes, size_bytes, &made);
    if (!cause && replaces && rename(temporary, path) != 0) {
        cause = errno;
    }
    if (cause) {
        status = error_set(error, STATUS_IO, path, 0, "cannot be %s: %s", made ? "written" : "made",
                           strerror(cause));
        if (made && replaces) {
            unlink(temporary);
        }
    }
    free(temporary);
    free(bytes);
    return status;
}

static enum status bad_png(const png_image *image, const char *path, struct error *error)
{
    return error_set(error, STATUS_CORRUPT, path, 0, "is no PNG picture: %s", image->message);
}

enum status trace_png_read(const char *path, uint32_t *width, uint32_t *height, uint8_t **rgb,
                           struct error *error)
{
    png_image image = {.version = PNG_IMAGE_VERSION};
    FILE *file = fopen(path, "rbe");
    if (!file) {
        return error_set(error, errno == ENOENT ? STATUS_NOT_FOUND : STATUS_IO, path, 0,
                         "cannot be opened: %s", strerror(errno));
    }
    enum status status = STATUS_OK;
    uint8_t *pixels = NULL;
    if (!png_image_begin_read_from_stdio(&image, file)) {
        status = bad_png(&image, path, error);
    } else if (image.width > TRACE_PNG_SIDE_MAX || image.height > TRACE_PNG_SIDE_MAX) {
        status = error_set(error, STATUS_CORRUPT, path, 0, "is larger than %u by %u pixels",
                           TRACE_PNG_SIDE_MAX, TRACE_PNG_SIDE_MAX);
    } else {
        image.format = PNG_FORMAT_RGB;
        pixels = alloc_zeroed(PNG_IMAGE_SIZE(image), 1);
        const png_color black = {0, 0, 0};
        if (!png_image_finish_read(&image, &black, pixels, 0, NULL)) {
            status = bad_png(&image, path, error);
        }
    }
    if (status) {
        free(pixels);
    } else {
        *width = image.width;
        *height = image.height;
        *rgb = pixels;
    }
    png_image_free(&image);
    fclose(file);
    return status;
}
