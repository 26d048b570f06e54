/* Showing a block as the translator makes it (vcpu/translation.h). */
#include <vcpu/translation.h>

#include <stdlib.h>
#include <string.h>

#include <base/alloc.h>

#ifdef DENALI_TRANSLATOR

#include <vcpu/memory.h>

#include "translator/workshop.h"

_Static_assert(VCPU_TRANSLATION_STEPS_MAX >= BLOCK_OPS_MAX, "a block has room");

enum status vcpu_translation_make(uint32_t address, const uint8_t *bytes, size_t size_bytes,
                                  struct vcpu_translation **translation, struct error *error)
{
    size_t room = VCPU_PAGE_BYTES - (address & VCPU_PAGE_MASK);
    struct cache_workshop *workshop = alloc_zeroed(1, sizeof *workshop);
    const struct block *block = &workshop->block;
    block_analyse(&workshop->block, address, bytes, size_bytes < room ? size_bytes : room);
    struct flags_source gate = flags_source_of(FLAGS_IN_GATE);
    if (block->count == 0 ||
        !lower_block(&workshop->emitter, block, &gate, 0, &workshop->lowering) ||
        !lower_finish(&workshop->lowering, 0, workshop->lowering.cold_begin)) {
        free(workshop);
        return error_set(error, STATUS_UNSUPPORTED, NULL, 0,
                         "the instruction at 0x%x is not translated: the interpreter does it",
                         address);
    }
    struct vcpu_translation *made = alloc_zeroed(1, sizeof *made);
    made->count = block->count;
    for (uint32_t i = 0; i < block->count; i++) {
        made->steps[i].address = block->ops[i].eip;
        made->steps[i].length_bytes = block->ops[i].instruction.length_bytes;
        made->steps[i].begin = workshop->lowering.begin[i];
    }
    made->end = workshop->lowering.end;
    made->cold = workshop->lowering.cold_begin;
    made->size_bytes = workshop->emitter.size_bytes;
    made->code = alloc_zeroed(1, made->size_bytes);
    memcpy(made->code, workshop->emitter.bytes, made->size_bytes);
    free(workshop);
    *translation = made;
    return STATUS_OK;
}

#else

enum status vcpu_translation_make(uint32_t address, const uint8_t *bytes, size_t size_bytes,
                                  struct vcpu_translation **translation, struct error *error)
{
    (void)address;
    (void)bytes;
    (void)size_bytes;
    (void)translation;
    return error_set(error, STATUS_UNSUPPORTED, NULL, 0,
                     "this build has no translator: it is for x86-64 hosts");
}

#endif

void vcpu_translation_destroy(struct vcpu_translation *translation)
{
    if (translation) {
        free(translation->code);
        free(translation);
    }
}
