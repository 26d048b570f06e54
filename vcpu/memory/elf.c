/* Every offset, size and address of a guest program's file, checked before use. */
#include "memory/elf.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <base/alloc.h>
#include <vcpu/memory.h>

#define LOWEST_ADDRESS 0x2000u /* below are the null page and the virtual registers */

#define BAD(elf, ...) error_set(error, STATUS_INVALID, (elf)->name, 0, __VA_ARGS__)

#define REMEDY "build guest programs with denali-cc"

static enum status check_header(struct elf *elf, struct error *error)
{
    Elf32_Ehdr *header = &elf->header;
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

static enum status add_segment(struct elf *elf, uint32_t index, const Elf32_Phdr *program,
                               struct error *error)
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
    if (elf->segment_count == ELF_SEGMENTS_MAX) {
        return BAD(elf, "more than %u load segments", ELF_SEGMENTS_MAX);
    }
    for (uint32_t i = 0; i < elf->segment_count; i++) {
        const struct elf_segment *other = &elf->segments[i];
        if (program->p_vaddr < other->address + other->memory_bytes && other->address < end) {
            return BAD(elf, "segment %u: overlaps an earlier segment at 0x%x", index,
                       other->address);
        }
    }
    elf->segments[elf->segment_count++] = (struct elf_segment){
        .address = program->p_vaddr,
        .memory_bytes = program->p_memsz,
        .file_bytes = program->p_filesz,
        .offset = program->p_offset,
        .flags = program->p_flags,
    };
    if (end > elf->end) {
        elf->end = (uint32_t)end;
    }
    return STATUS_OK;
}

static enum status read_segments(struct elf *elf, struct error *error)
{
    const Elf32_Ehdr *header = &elf->header;
    for (uint32_t i = 0; i < header->e_phnum; i++) {
        Elf32_Phdr program;
        memcpy(&program, elf->bytes + header->e_phoff + i * sizeof program, sizeof program);
        if (program.p_type == PT_INTERP || program.p_type == PT_DYNAMIC) {
            return BAD(elf, "segment %u: dynamically linked; expected a static executable: " REMEDY,
                       i);
        }
        if (program.p_type == PT_LOAD && program.p_memsz > 0) {
            enum status status = add_segment(elf, i, &program, error);
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

enum status elf_parse(struct elf *elf, const char *name, const void *bytes, size_t size_bytes,
                      struct error *error)
{
    memset(elf, 0, sizeof *elf);
    elf->name = name;
    elf->bytes = bytes;
    elf->size_bytes = size_bytes;
    enum status status = check_header(elf, error);
    return status ? status : read_segments(elf, error);
}

enum status elf_file_read(const char *path, uint8_t **bytes, size_t *size_bytes,
                          struct error *error)
{
    int handle = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a fifo must not block */
    struct stat info;
    if (handle >= 0 && (fstat(handle, &info) || !S_ISREG(info.st_mode))) {
        close(handle);
        return error_set(error, STATUS_INVALID, path, 0,
                         "not a regular file; expected a guest image: " REMEDY);
    }
    FILE *file = handle >= 0 ? fdopen(handle, "rb") : NULL;
    if (!file) {
        enum status status = errno == ENOENT ? STATUS_NOT_FOUND : STATUS_IO;
        return error_set(error, status, path, 0, "cannot open the image: %s", strerror(errno));
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
        if (used > ELF_FILE_MAX_BYTES) {
            status = error_set(error, STATUS_INVALID, path, 0,
                               "the image has more than %u MiB; that is no guest program",
                               ELF_FILE_MAX_BYTES >> 20);
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
