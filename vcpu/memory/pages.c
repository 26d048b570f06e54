/* What all pages of a space held at one moment, as a table of frames that nobody writes. */
#include <stdlib.h>
#include <string.h>

#include <base/alloc.h>
#include <base/assert.h>
#include <vcpu/memory.h>

struct vcpu_pages *vcpu_pages_create(struct vcpu_arena *arena, const uint32_t *frames,
                                     uint32_t count)
{
    while (count && frames[count - 1] == VCPU_FRAME_NONE) {
        count--;
    }
    struct vcpu_pages *pages = alloc_zeroed(1, sizeof *pages + count * sizeof *frames);
    pages->arena = arena;
    pages->references = 1;
    pages->count = count;
    if (count) {
        memcpy(pages->frames, frames, count * sizeof *frames);
    }
    return pages;
}

uint64_t vcpu_pages_table_bytes(const struct vcpu_pages *pages)
{
    return sizeof *pages + pages->count * (uint64_t)sizeof *pages->frames;
}

void vcpu_pages_retain(struct vcpu_pages *pages)
{
    __atomic_fetch_add(&pages->references, 1, __ATOMIC_RELAXED);
}

void vcpu_pages_release(struct vcpu_pages *pages)
{
    if (!pages) {
        return;
    }
    uint32_t before = __atomic_fetch_sub(&pages->references, 1, __ATOMIC_ACQ_REL);
    ASSERT(before > 0);
    if (before > 1) {
        return;
    }
    for (uint32_t page = 0; page < pages->count; page++) {
        vcpu_frame_release(pages->arena, pages->frames[page]);
    }
    free(pages);
}
