/*
 * Pictures as PNG files (ISO/IEC 15948), by libpng. Knows pixels and files, no screen.
 */
#ifndef DENALI_TRACES_PNG_H
#define DENALI_TRACES_PNG_H

#include <stddef.h>
#include <stdint.h>

#include <base/status.h>

#define TRACE_PNG_SIDE_MAX 16384u /* pixels, either way */

/* The bytes of a PNG of such a picture, malloc'ed: the caller frees them. NULL: out of memory. */
uint8_t *trace_png_encode(uint32_t width, uint32_t height, const uint8_t *rgb, size_t *size_bytes);

/* Writes rows from the top of pixels, each red, green, blue, one byte each. The file appears whole
 * or not at all: what was there before is replaced only when all is written. A device or a pipe is
 * written to. STATUS_IO. */
enum status trace_png_write(const char *path, uint32_t width, uint32_t height, const uint8_t *rgb,
                            struct error *error) MUST_USE;

/* Reads such a file; *rgb is malloc'ed, the caller frees it. A picture of another kind of PNG comes
 * out as the same 24 bits a pixel. STATUS_NOT_FOUND, STATUS_IO, or STATUS_CORRUPT if it is no PNG,
 * or a larger one than TRACE_PNG_SIDE_MAX. */
enum status trace_png_read(const char *path, uint32_t *width, uint32_t *height, uint8_t **rgb,
                           struct error *error) MUST_USE;

#endif
