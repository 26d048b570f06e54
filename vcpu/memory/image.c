/* Loads a static ELF32 x86 executable into immutable frames. */
#include <vcpu/image.h>

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <base/alloc.h>
#include <base/assert.h>
#include <base/hash.h>

#include "memory/elf.h"

uint64_t vcpu_zero_page_hash(void)
{
    static const uint8_t zeros[VCPU_PAGE_BYTES];
    return hash_bytes(zeros, sizeof zeros);
}

/* Copies the file's part of one segment into image frames, page by page, and marks its pages. */
static bool fill_frames(struct vcpu_image *image, const struct elf *elf,
                        const struct elf_segment *segment)
{
    for (uint64_t at = segment->address & ~VCPU_PAGE_MASK;
         segment->flags & PF_X && at < (uint64_t)segment->address + segment->memory_bytes;
         at += VCPU_PAGE_BYTES) {
        image->executable[at >> VCPU_PAGE_BITS] = true;
    }
    for (uint32_t done = 0; done < segment->file_bytes;) {
        uint32_t address = segment->address + done;
        uint32_t page = address >> VCPU_PAGE_BITS;
        uint32_t room = VCPU_PAGE_BYTES - (address & VCPU_PAGE_MASK);
        uint32_t left = segment->file_bytes - done;
        uint32_t part = left < room ? left : room;
        if (image->frames[page] == VCPU_FRAME_ZERO) {
            image->frames[page] = vcpu_frame_take(image->arena, VCPU_FRAME_IMAGE);
            if (image->frames[page] == VCPU_FRAME_NONE) {
                image->frames[page] = VCPU_FRAME_ZERO;
                return false;
            }
        }
        memcpy(vcpu_frame_bytes(image->arena, image->frames[page]) + (address & VCPU_PAGE_MASK),
               elf->bytes + segment->offset + done, part);
        done += part;
    }
    return true;
}

enum status vcpu_image_parse(struct vcpu_arena *arena, const char *name, const void *bytes,
                             size_t size_bytes, struct vcpu_image **result, struct error *error)
{
    struct elf elf;
    enum status status = elf_parse(&elf, name, bytes, size_bytes, error);
    if (status) {
        return status;
    }
    struct vcpu_image *image = alloc_zeroed(1, sizeof *image);
    image->path = alloc_text(name);
    image->arena = arena;
    image->references = 1;
    image->hash = hash_bytes(bytes, size_bytes);
    image->entry = elf.entry;
    image->end = elf.end;
    image->page_count = (elf.end + VCPU_PAGE_MASK) >> VCPU_PAGE_BITS;
    image->frames = alloc_zeroed(image->page_count, sizeof *image->frames);
    image->page_hashes = alloc_zeroed(image->page_count, sizeof *image->page_hashes);
    image->executable = alloc_zeroed(image->page_count, sizeof *image->executable);
    for (uint32_t page = 0; page < image->page_count; page++) {
        image->frames[page] = VCPU_FRAME_ZERO;
    }
    for (uint32_t i = 0; i < elf.segment_count; i++) {
        if (!fill_frames(image, &elf, &elf.segments[i])) {
            vcpu_image_release(image);
            return error_set(error, STATUS_NO_MEMORY, name, 0,
                             "no guest memory is left for the image of %zu bytes", size_bytes);
        }
    }
    for (uint32_t page = 0; page < image->page_count; page++) {
        image->page_hashes[page] =
            hash_bytes(vcpu_frame_bytes(arena, image->frames[page]), VCPU_PAGE_BYTES);
    }
    *result = image;
    return STATUS_OK;
}

enum status vcpu_image_load(struct vcpu_arena *arena, const char *path, struct vcpu_image **image,
                            struct error *error)
{
    uint8_t *bytes = NULL;
    size_t size_bytes = 0;
    enum status status = elf_file_read(path, &bytes, &size_bytes, error);
    if (!status) {
        status = vcpu_image_parse(arena, path, bytes, size_bytes, image, error);
        free(bytes);
    }
    return status;
}

void vcpu_image_retain(struct vcpu_image *image)
{
    __atomic_fetch_add(&image->references, 1, __ATOMIC_RELAXED);
}

void vcpu_image_release(struct vcpu_image *image)
{
    if (!image || __atomic_fetch_sub(&image->references, 1, __ATOMIC_ACQ_REL) > 1) {
        return;
    }
    for (int slot = 0; slot < VCPU_ENGINE_SLOTS; slot++) {
        if (image->engine[slot].free_cache) {
            image->engine[slot].free_cache(image->engine[slot].cache);
        }
    }
    for (uint32_t page = 0; page < image->page_count; page++) {
        vcpu_frame_release(image->arena, image->frames[page]);
    }
    free(image->frames);
    free(image->page_hashes);
    free(image->executable);
    free(image->path);
    free(image);
}

enum status vcpu_image_check_fits(const struct vcpu_image *image, uint64_t size_bytes,
                                  struct error *error)
{
    if (size_bytes % VCPU_PAGE_BYTES != 0 || size_bytes < VCPU_MEMORY_MIN_BYTES ||
        size_bytes > VCPU_MEMORY_MAX_BYTES) {
        return error_set(error, STATUS_INVALID, NULL, 0,
                         "a memory of %" PRIu64
                         " bytes; expected a multiple of 4096 from 64KiB to 3GiB",
                         size_bytes);
    }
    if (image->end > size_bytes) {
        return error_set(error, STATUS_INVALID, image->path, 0,
                         "the image ends at 0x%x (%u KiB) but the machine has %" PRIu64
                         " KiB of memory; give it more",
                         image->end, (image->end + 1023) / 1024, size_bytes / 1024);
    }
    return STATUS_OK;
}
