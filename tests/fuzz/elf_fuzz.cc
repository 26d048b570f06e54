// Fuzz target: the image loader, and the reader of sections and symbols. Whatever the bytes, the
// loader refuses with a message or gives an image that a machine can be made of, and every frame is
// given back; the reader is of the same mind, and what it tells can be used.
#include <cstdlib>
#include <cstring>

extern "C" {
#include <vcpu/image.h>
#include <vcpu/program.h>
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

static void use(const struct vcpu_program *program)
{
    size_t seen = 0;
    for (uint32_t i = 0; i < program->section_count; i++) {
        seen += std::strlen(program->sections[i].name);
    }
    for (uint32_t i = 0; i < program->symbol_count; i++) {
        const struct vcpu_symbol *symbol = &program->symbols[i];
        seen += std::strlen(symbol->name);
        const struct vcpu_symbol *at = vcpu_program_symbol_at(program, symbol->address);
        if (at && at->address > symbol->address) {
            std::abort();
        }
    }
    uint8_t bytes[16];
    if (vcpu_program_read(program, program->entry, bytes, sizeof bytes) == 0 ||
        seen > 300 * program->size_bytes) {
        std::abort();
    }
}

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
    struct vcpu_program *program = nullptr;
    struct error again = ERROR_INIT;
    if (vcpu_program_parse("fuzz", data, size_bytes, &program, &again) != status &&
        status != STATUS_NO_MEMORY) {
        std::abort();
    }
    if (program) {
        use(program);
    }
    vcpu_program_destroy(program);
    if (vcpu_arena_frames_used(arena)) {
        std::abort();
    }
    vcpu_arena_destroy(arena);
    return 0;
}
