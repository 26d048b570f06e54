// Fuzz target: the image loader. Whatever the bytes, it refuses with a message or gives an image
// that a machine can be made of, and every frame is given back.
#include <cstdlib>

extern "C" {
#include <vcpu/image.h>
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    struct vcpu_arena *arena = nullptr;
    if (vcpu_arena_create(2u << 20, &arena, nullptr)) {
        std::abort();
    }
    struct vcpu_image *image = nullptr;
    struct error error = ERROR_INIT;
    enum status status = vcpu_image_parse(arena, "fuzz", data, size_bytes, &image, &error);
    if (status == STATUS_OK) {
        if (vcpu_image_check_fits(image, 1u << 20, &error) == STATUS_OK) {
            struct vcpu_space space;
            vcpu_space_init(&space, arena, image, 1u << 20);
            uint8_t byte = 0;
            if (!vcpu_space_load(&space, image->entry, &byte, 1)) {
                std::abort(); /* the entry lies in a segment, so it is memory */
            }
            vcpu_space_fini(&space);
        }
        vcpu_image_release(image);
    } else if (!error.message[0]) {
        std::abort();
    }
    if (vcpu_arena_frames_used(arena)) {
        std::abort();
    }
    vcpu_arena_destroy(arena);
    return 0;
}
