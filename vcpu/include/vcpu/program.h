/*
 * A guest program as people see it: segments, sections and symbols. Nothing here is needed to run
 * it; inspection, traces and debuggers ask here.
 *
 * A file that vcpu_image_load refuses is refused here too, with the same words. Sections and
 * symbols are extra: a file without them, or with damaged ones, is a program all the same, and
 * `damage` says why they are missing.
 *
 * Names are printable ASCII: any other byte of the file's reads `?`. A program is immutable and may
 * be read by several threads.
 */
#ifndef DENALI_VCPU_PROGRAM_H
#define DENALI_VCPU_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <base/public.h>
#include <base/status.h>

DENALI_API_BEGIN

/* What is put into memory. */
struct vcpu_segment {
    uint32_t address;
    uint32_t memory_bytes;
    uint32_t file_bytes; /* the rest of memory_bytes is zeros */
    bool readable;       /* as the file says; a Denali machine protects no page */
    bool writable;
    bool executable;
};

struct vcpu_section {
    const char *name;
    uint32_t address; /* 0 unless loaded */
    uint32_t size_bytes;
    bool loaded;
    bool zeros; /* takes no room in the file */
    bool writable;
    bool executable;
};

enum vcpu_symbol_kind {
    VCPU_SYMBOL_FUNCTION,
    VCPU_SYMBOL_OBJECT,
    VCPU_SYMBOL_LABEL,    /* a place in memory without a kind, as assembly has them */
    VCPU_SYMBOL_CONSTANT, /* a number that the linker gave a name; not a place */
};

struct vcpu_symbol {
    const char *name;
    uint32_t address;
    uint32_t size_bytes; /* 0: not said */
    uint8_t kind;        /* enum vcpu_symbol_kind */
    bool global;
};

struct vcpu_program {
    char *path;
    uint64_t hash; /* XXH3-64 of the file */
    uint32_t entry;
    uint32_t end; /* first guest address after the last segment */
    struct vcpu_segment *segments;
    uint32_t segment_count;
    struct vcpu_section *sections; /* in the file's order */
    uint32_t section_count;
    struct vcpu_symbol *symbols; /* by address; at one address functions first, globals first */
    uint32_t symbol_count;
    const char *damage; /* why sections or symbols are missing that the file announces; or NULL */

    uint8_t *bytes; /* the file */
    size_t size_bytes;
    uint32_t *segment_offsets;
    char *section_names;
    char *symbol_names;
};

enum status vcpu_program_load(const char *path, struct vcpu_program **program,
                              struct error *error) MUST_USE;
/* The same from memory, which is copied; name is for messages. */
enum status vcpu_program_parse(const char *name, const void *bytes, size_t size_bytes,
                               struct vcpu_program **program, struct error *error) MUST_USE;
/* Takes NULL. */
void vcpu_program_destroy(struct vcpu_program *program);

/* The place in memory that an address belongs to: the symbol that covers it, or the nearest before
 * it that says no size. NULL if there is none. */
const struct vcpu_symbol *vcpu_program_symbol_at(const struct vcpu_program *program,
                                                 uint32_t address);
/* By name, a global one first; NULL if there is none. */
const struct vcpu_symbol *vcpu_program_symbol_find(const struct vcpu_program *program,
                                                   const char *name);

/* Copies what the file puts at an address; returns how many bytes of size_bytes there are before
 * the segment's end (zeros included). */
uint32_t vcpu_program_read(const struct vcpu_program *program, uint32_t address, void *bytes,
                           uint32_t size_bytes);

DENALI_API_END

#endif
