/*
 * A guest program's file, checked: what the loader makes frames of, and where sections and symbols
 * are looked for. The bytes are whatever the user gave (ELF: System V ABI, chapters 4 and 5).
 */
#ifndef DENALI_VCPU_MEMORY_ELF_H
#define DENALI_VCPU_MEMORY_ELF_H

#include <elf.h>
#include <stddef.h>
#include <stdint.h>

#include <base/status.h>

#define ELF_SEGMENTS_MAX 64u

/* One PT_LOAD segment, checked: its bytes lie in the file, its addresses in a machine. */
struct elf_segment {
    uint32_t address;
    uint32_t memory_bytes;
    uint32_t file_bytes;
    uint32_t offset;
    uint32_t flags; /* PF_R, PF_W, PF_X */
};

struct elf {
    const char *name; /* for messages */
    const uint8_t *bytes;
    size_t size_bytes;
    struct elf_segment segments[ELF_SEGMENTS_MAX];
    uint32_t segment_count;
    uint32_t entry;
    uint32_t end; /* first guest address after the last segment */
    Elf32_Ehdr header;
};

/* Checks all that a machine needs of the file. name and bytes must outlive elf. */
enum status elf_parse(struct elf *elf, const char *name, const void *bytes, size_t size_bytes,
                      struct error *error) MUST_USE;

/* A whole file of at most ELF_FILE_MAX_BYTES, to be freed. */
#define ELF_FILE_MAX_BYTES (256u << 20)
enum status elf_file_read(const char *path, uint8_t **bytes, size_t *size_bytes,
                          struct error *error) MUST_USE;

#endif
