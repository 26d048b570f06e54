/*
 * One block as the translator makes it, for people: which host instructions stand for which guest
 * instruction (docs/translator.md). Nothing here is executed.
 */
#ifndef DENALI_VCPU_TRANSLATION_H
#define DENALI_VCPU_TRANSLATION_H

#include <stddef.h>
#include <stdint.h>

#include <base/status.h>

#define VCPU_TRANSLATION_STEPS_MAX 48u

struct vcpu_translation {
    uint32_t count; /* guest instructions */
    struct {
        uint32_t address;      /* of the guest instruction */
        uint32_t length_bytes; /* of it */
        uint32_t begin;        /* offset of its host instructions in code */
    } steps[VCPU_TRANSLATION_STEPS_MAX];
    uint32_t end;        /* offset after the last step's: leaving the block begins here... */
    uint32_t cold;       /* ...and here the cold code, for what is out of the ordinary */
    uint32_t size_bytes; /* of code */
    uint8_t *code;       /* as before any branch is linked */
};

/*
 * Translates the block that begins at address; bytes are the guest's from there to the end of its
 * page at most. STATUS_UNSUPPORTED if this build has no translator, or if the instruction there is
 * left to the interpreter. The caller frees with vcpu_translation_destroy.
 */
enum status vcpu_translation_make(uint32_t address, const uint8_t *bytes, size_t size_bytes,
                                  struct vcpu_translation **translation,
                                  struct error *error) MUST_USE;
/* Takes NULL. */
void vcpu_translation_destroy(struct vcpu_translation *translation);

#endif
