/*
 * Loads a static ELF32 x86 executable into immutable frames. The file is whatever the user gave:
 * every offset, size and address is checked before use (ELF: System V ABI, chapters 4 and 5).
 */
#include <vcpu/image.h>

#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <base/alloc.h>
#include <base/assert.h>
#include <base/hash.h>

#define LOWEST_ADDRESS 0x2000u /* below are the null page and the virtual registers */
#define FILE_MAX_BYTES (256u << 20)
#define SEGMENTS_MAX   64u

/* One PT_LOAD segment, checked. */
struct segment {
    uint32_t address;
    uint32_t memory_bytes;
    uint32_t file_bytes;
    uint32_t offset;
};

struct elf {
    const char *name;
    const uint8_t *bytes;
    size_t size_bytes;
    struct segment segments[SEGMENTS_MAX];
    uint32_t segment_count;
    uint32_t entry;
    uint32_t end;
    struct error *error;
};

uint64_t vcpu_zero_page_hash(void)
{
    static const uint8_t zeros[VCPU_PAGE_BYTES];
    return hash_bytes(zeros, sizeof zeros);
}

#define BAD(elf, ...) error_set((elf)->error, STATUS_INVALID, (elf)->name, 0, __VA_ARGS__)

#define REMEDY "build guest programs with denali-cc"

static enum status check_header(struct elf *elf, Elf32_Ehdr *header)
{
    if (elf->size_bytes < sizeof *header || memcmp(elf->bytes, ELFMAG, SELFMAG) != 0) {
        return BAD(elf, "not an ELF file; expected a static ELF32 x86 executable: " REMEDY);
    }
    memcpy(header, elf->bytes, sizeof *header);
    if (header->e_ident[EI_CLASS] != ELFCLASS32 || header->e_ident[EI_DATA] != ELFDATA2LSB) {
        return BAD(elf, "e_ident: a 64-bit or big-endian ELF file; expected ELF32, "
                        "little-endian: " REMEDY);
    }
    if (header->e_machine != EM_386) {
        return BAD(elf, "e_machine is %u; expected %u (x86): " REMEDY, header->e_machine, EM_386);
    }
    if (header->e_type != ET_EXEC) {
        return BAD(elf, "e_type is %u; expected %u (a static, non-relocatable executable): " REMEDY,
                   header->e_type, ET_EXEC);
    }
    if (header->e_phentsize != sizeof(Elf32_Phdr) || header->e_phnum == 0) {
        return BAD(elf, "e_phentsize %u, e_phnum %u; expected %zu and at least 1",
                   header->e_phentsize, header->e_phnum, sizeof(Elf32_Phdr));
    }
    if (header->e_phoff > elf->size_bytes ||
        (elf->size_bytes - header->e_phoff) / sizeof(Elf32_Phdr) < header->e_phnum) {
        return BAD(elf, "e_phoff 0x%x: the program headers lie outside the file of %zu bytes",
                   header->e_phoff, elf->size_bytes);
    }
    return STATUS_OK;
}

static enum status add_segment(struct elf *elf, uint32_t index, const Elf32_Phdr *program)
{
    uint64_t end = (uint64_t)program->p_vaddr + program->p_memsz;
    if (program->p_vaddr < LOWEST_ADDRESS) {
        return BAD(elf,
                   "segment %u: p_vaddr 0x%x lies in the first two pages; expected 0x%x or more",
                   index, program->p_vaddr, LOWEST_ADDRESS);
    }
    if (end > VCPU_MEMORY_MAX_BYTES) {
        return BAD(elf, "segment %u: ends at 0x%" PRIx64 "; a machine has at most 0x%x bytes",
                   index, end, VCPU_MEMORY_MAX_BYTES);
    }
    if (program->p_filesz > program->p_memsz) {
        return BAD(elf, "segment %u: p_filesz %u is more than p_memsz %u", index, program->p_filesz,
                   program->p_memsz);
    }
    if (program->p_offset > elf->size_bytes ||
        elf->size_bytes - program->p_offset < program->p_filesz) {
        return BAD(elf,
                   "segment %u: p_offset 0x%x and p_filesz %u reach past the file of %zu bytes",
                   index, program->p_offset, program->p_filesz, elf->size_bytes);
    }
    if (elf->segment_count == SEGMENTS_MAX) {
        return BAD(elf, "more than %u load segments", SEGMENTS_MAX);
    }
    for (uint32_t i = 0; i < elf->segment_count; i++) {
        const struct segment *other = &elf->segments[i];
        if (program->p_vaddr < other->address + other->memory_bytes && other->address < end) {
            return BAD(elf, "segment %u: overlaps an earlier segment at 0x%x", index,
                       other->address);
        }
    }
    elf->segments[elf->segment_count++] = (struct segment){
        .address = program->p_vaddr,
        .memory_bytes = program->p_memsz,
        .file_bytes = program->p_filesz,
        .offset = program->p_offset,
    };
    if (end > elf->end) {
        elf->end = (uint32_t)end;
    }
    return STATUS_OK;
}

static enum status read_segments(struct elf *elf, const Elf32_Ehdr *header)
{
    for (uint32_t i = 0; i < header->e_phnum; i++) {
        Elf32_Phdr program;
        memcpy(&program, elf->bytes + header->e_phoff + i * sizeof program, sizeof program);
        if (program.p_type == PT_INTERP || program.p_type == PT_DYNAMIC) {
            return BAD(elf, "segment %u: dynamically linked; expected a static executable: " REMEDY,
                       i);
        }
        if (program.p_type == PT_LOAD && program.p_memsz > 0) {
            enum status status = add_segment(elf, i, &program);
            if (status) {
                return status;
            }
        }
    }
    if (!elf->segment_count) {
        return BAD(elf, "no load segments");
    }
    elf->entry = header->e_entry;
    for (uint32_t i = 0; i < elf->segment_count; i++) {
        if (elf->entry - elf->segments[i].address < elf->segments[i].memory_bytes) {
            return STATUS_OK;
        }
    }
    return BAD(elf, "e_entry 0x%x lies in no load segment", elf->entry);
}

/* Copies the file's part of one segment into image frames, page by page. */
static bool fill_frames(struct vcpu_image *image, const struct elf *elf,
                        const struct segment *segment)
{
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
    struct elf elf = {.name = name, .bytes = bytes, .size_bytes = size_bytes, .error = error};
    Elf32_Ehdr header;
    enum status status = check_header(&elf, &header);
    if (!status) {
        status = read_segments(&elf, &header);
    }
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

static enum status read_file(const char *path, uint8_t **bytes, size_t *size_bytes,
                             struct error *error)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        return error_set(error, errno == ENOENT ? STATUS_NOT_FOUND : STATUS_IO, path, 0,
                         "cannot open the image: %s", strerror(errno));
    }
    size_t capacity = 0;
    size_t used = 0;
    uint8_t *buffer = NULL;
    enum status status = STATUS_OK;
    for (;;) {
        if (used == capacity) {
            capacity = capacity ? capacity * 2 : 65536;
            buffer = alloc_grow(buffer, capacity, 1);
        }
        size_t got = fread(buffer + used, 1, capacity - used, file);
        used += got;
        if (got == 0) {
            break;
        }
        if (used > FILE_MAX_BYTES) {
            status = error_set(error, STATUS_INVALID, path, 0,
                               "the image has more than %u MiB; that is no guest program",
                               FILE_MAX_BYTES >> 20);
            break;
        }
    }
    if (!status && ferror(file)) {
        status = error_set(error, STATUS_IO, path, 0, "cannot read the image: %s", strerror(errno));
    }
    fclose(file);
    if (status) {
        free(buffer);
        return status;
    }
    *bytes = buffer;
    *size_bytes = used;
    return STATUS_OK;
}

enum status vcpu_image_load(struct vcpu_arena *arena, const char *path, struct vcpu_image **image,
                            struct error *error)
{
    uint8_t *bytes = NULL;
    size_t size_bytes = 0;
    enum status status = read_file(path, &bytes, &size_bytes, error);
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
