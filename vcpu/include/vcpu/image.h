/*
 * A guest image: a static ELF32 x86 executable, loaded once and shared by every node that boots it.
 *
 * Its pages are immutable frames; what the engines decode or translate from it is kept here, in one
 * opaque slot for each engine, so that code is decoded once per image and not once per node.
 */
#ifndef DENALI_VCPU_IMAGE_H
#define DENALI_VCPU_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include <base/status.h>
#include <vcpu/memory.h>

#define VCPU_ENGINE_SLOTS 4

struct vcpu_image {
    char *path;            /* as given; for messages */
    uint64_t hash;         /* XXH3-64 of the file */
    uint32_t entry;        /* guest address of the first instruction */
    uint32_t end;          /* first guest address after the last segment */
    uint32_t page_count;   /* length of frames: pages from 0 up to end */
    uint32_t *frames;      /* VCPU_FRAME_ZERO where the image has only zeros */
    uint64_t *page_hashes; /* XXH3-64 of each page's content */
    bool *executable;      /* pages of segments that say they hold code; a machine runs any page */
    struct vcpu_arena *arena; /* not owned */
    uint32_t references;      /* atomic */

    /* What each engine keeps of this image (struct engine_ops.slot); freed with free_cache. */
    struct {
        void *cache;
        void (*free_cache)(void *cache);
    } engine[VCPU_ENGINE_SLOTS];
};

/* XXH3-64 of a page of zeros. */
uint64_t vcpu_zero_page_hash(void);

/* Loads from a file; on success *image has one reference. Errors name the file and the field. */
enum status vcpu_image_load(struct vcpu_arena *arena, const char *path, struct vcpu_image **image,
                            struct error *error) MUST_USE;
/* The same from memory; name is for messages. */
enum status vcpu_image_parse(struct vcpu_arena *arena, const char *name, const void *bytes,
                             size_t size_bytes, struct vcpu_image **image,
                             struct error *error) MUST_USE;
void vcpu_image_retain(struct vcpu_image *image);
void vcpu_image_release(struct vcpu_image *image);

/* STATUS_INVALID if memory of size_bytes is too small for the image or not a legal size. */
enum status vcpu_image_check_fits(const struct vcpu_image *image, uint64_t size_bytes,
                                  struct error *error) MUST_USE;

#endif
