/* Sections and symbols of a guest program, each checked before it is believed. */
#include <vcpu/program.h>

#include <stdlib.h>
#include <string.h>

#include <base/alloc.h>
#include <base/hash.h>

#include "memory/elf.h"

/* --- tables of the file ----------------------------------------------------------------------- */

/* The bytes of a section, or NULL if they do not lie in the file. */
static const uint8_t *section_bytes(const struct elf *elf, const Elf32_Shdr *section)
{
    return section->sh_type != SHT_NOBITS && section->sh_offset <= elf->size_bytes &&
                   section->sh_size <= elf->size_bytes - section->sh_offset
               ? elf->bytes + section->sh_offset
               : NULL;
}

/* A string table, ended by a NUL of ours and with nothing in it that could not be printed. */
static char *names_copy(const uint8_t *bytes, uint32_t size_bytes)
{
    char *names = alloc_zeroed((size_t)size_bytes + 1, 1);
    for (uint32_t i = 0; i < size_bytes; i++) {
        bool printable = bytes[i] > ' ' && bytes[i] <= '~';
        names[i] = printable || bytes[i] == 0 ? (char)bytes[i] : '?';
    }
    return names;
}

/* The headers of all sections, or NULL. */
static Elf32_Shdr *headers_read(const struct elf *elf, const char **damage)
{
    const Elf32_Ehdr *header = &elf->header;
    if (header->e_shnum == 0) {
        return NULL;
    }
    if (header->e_shentsize != sizeof(Elf32_Shdr) || header->e_shoff > elf->size_bytes ||
        (elf->size_bytes - header->e_shoff) / sizeof(Elf32_Shdr) < header->e_shnum) {
        *damage = "the section headers lie outside the file or have another size";
        return NULL;
    }
    Elf32_Shdr *headers = alloc_zeroed(header->e_shnum, sizeof *headers);
    memcpy(headers, elf->bytes + header->e_shoff, header->e_shnum * sizeof *headers);
    return headers;
}

static void read_sections(struct vcpu_program *program, const struct elf *elf,
                          const Elf32_Shdr *headers)
{
    uint32_t count = elf->header.e_shnum;
    uint32_t names = elf->header.e_shstrndx;
    const uint8_t *bytes = names < count ? section_bytes(elf, &headers[names]) : NULL;
    uint32_t names_bytes = bytes ? headers[names].sh_size : 0;
    if (!bytes) {
        program->damage = "the names of the sections lie outside the file";
    }
    program->section_names = names_copy(bytes, names_bytes);
    program->sections = alloc_zeroed(count, sizeof *program->sections);
    for (uint32_t i = 0; i < count; i++) {
        const Elf32_Shdr *from = &headers[i];
        if (from->sh_type == SHT_NULL) {
            continue;
        }
        program->sections[program->section_count++] = (struct vcpu_section){
            .name = from->sh_name < names_bytes ? program->section_names + from->sh_name : "",
            .address = from->sh_flags & SHF_ALLOC ? from->sh_addr : 0,
            .size_bytes = from->sh_size,
            .loaded = from->sh_flags & SHF_ALLOC,
            .zeros = from->sh_type == SHT_NOBITS,
            .writable = from->sh_flags & SHF_WRITE,
            .executable = from->sh_flags & SHF_EXECINSTR,
        };
    }
}

/* --- symbols ---------------------------------------------------------------------------------- */

static int compare_symbols(const void *a, const void *b)
{
    const struct vcpu_symbol *x = a;
    const struct vcpu_symbol *y = b;
    if (x->address != y->address) {
        return x->address < y->address ? -1 : 1;
    }
    if (x->kind != y->kind) {
        return x->kind < y->kind ? -1 : 1;
    }
    if (x->global != y->global) {
        return x->global ? -1 : 1;
    }
    return strcmp(x->name, y->name);
}

static void symbol_take(struct vcpu_program *program, const Elf32_Sym *from, const char *name)
{
    uint32_t type = ELF32_ST_TYPE(from->st_info);
    if (from->st_shndx == SHN_UNDEF || type == STT_FILE || type == STT_SECTION || !*name) {
        return;
    }
    bool constant = from->st_shndx == SHN_ABS;
    program->symbols[program->symbol_count++] = (struct vcpu_symbol){
        .name = name,
        .address = from->st_value,
        .size_bytes = from->st_size,
        .kind = constant             ? VCPU_SYMBOL_CONSTANT
                : type == STT_FUNC   ? VCPU_SYMBOL_FUNCTION
                : type == STT_OBJECT ? VCPU_SYMBOL_OBJECT
                                     : VCPU_SYMBOL_LABEL,
        .global = ELF32_ST_BIND(from->st_info) != STB_LOCAL,
    };
}

static void read_symbols(struct vcpu_program *program, const struct elf *elf,
                         const Elf32_Shdr *headers)
{
    uint32_t count = elf->header.e_shnum;
    const Elf32_Shdr *table = NULL;
    for (uint32_t i = 0; i < count && !table; i++) {
        table = headers[i].sh_type == SHT_SYMTAB ? &headers[i] : NULL;
    }
    if (!table) {
        return;
    }
    const uint8_t *entries = section_bytes(elf, table);
    const Elf32_Shdr *strings = table->sh_link < count ? &headers[table->sh_link] : NULL;
    const uint8_t *names = strings ? section_bytes(elf, strings) : NULL;
    if (!entries || !names || table->sh_entsize != sizeof(Elf32_Sym)) {
        program->damage = "the symbols lie outside the file or have another size";
        return;
    }
    uint32_t symbol_count = table->sh_size / (uint32_t)sizeof(Elf32_Sym);
    program->symbol_names = names_copy(names, strings->sh_size);
    program->symbols = alloc_zeroed(symbol_count + 1, sizeof *program->symbols);
    for (uint32_t i = 0; i < symbol_count; i++) {
        Elf32_Sym from;
        memcpy(&from, entries + i * sizeof from, sizeof from);
        if (from.st_name < strings->sh_size) {
            symbol_take(program, &from, program->symbol_names + from.st_name);
        }
    }
    qsort(program->symbols, program->symbol_count, sizeof *program->symbols, compare_symbols);
}

/* How many symbols have an address of at most `address`. */
static uint32_t symbols_up_to(const struct vcpu_program *program, uint32_t address)
{
    uint32_t low = 0;
    uint32_t high = program->symbol_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (program->symbols[middle].address <= address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* How far back a symbol is looked for that covers an address: past labels inside a function. */
#define LOOK_BACK_MAX 64u

const struct vcpu_symbol *vcpu_program_symbol_at(const struct vcpu_program *program,
                                                 uint32_t address)
{
    const struct vcpu_symbol *label = NULL;
    uint32_t next = symbols_up_to(program, address);
    for (uint32_t looked = 0; next > 0 && looked < LOOK_BACK_MAX; looked++) {
        const struct vcpu_symbol *symbol = &program->symbols[--next];
        if (symbol->kind == VCPU_SYMBOL_CONSTANT) {
            continue;
        }
        if (address - symbol->address < symbol->size_bytes) {
            /* Of several at one address the first is the best. */
            while (next > 0 && program->symbols[next - 1].address == symbol->address &&
                   address - symbol->address < program->symbols[next - 1].size_bytes) {
                symbol = &program->symbols[--next];
            }
            return symbol;
        }
        if (symbol->size_bytes == 0 && (!label || label->address == symbol->address)) {
            label = symbol;
        }
    }
    return label;
}

const struct vcpu_symbol *vcpu_program_symbol_find(const struct vcpu_program *program,
                                                   const char *name)
{
    const struct vcpu_symbol *found = NULL;
    for (uint32_t i = 0; i < program->symbol_count; i++) {
        const struct vcpu_symbol *symbol = &program->symbols[i];
        if (strcmp(symbol->name, name) == 0 && (!found || (symbol->global && !found->global))) {
            found = symbol;
        }
    }
    return found;
}

/* --- the whole -------------------------------------------------------------------------------- */

static void read_segments(struct vcpu_program *program, const struct elf *elf)
{
    program->segments = alloc_zeroed(elf->segment_count, sizeof *program->segments);
    program->segment_offsets = alloc_zeroed(elf->segment_count, sizeof(uint32_t));
    program->segment_count = elf->segment_count;
    for (uint32_t i = 0; i < elf->segment_count; i++) {
        const struct elf_segment *from = &elf->segments[i];
        program->segment_offsets[i] = from->offset;
        program->segments[i] = (struct vcpu_segment){
            .address = from->address,
            .memory_bytes = from->memory_bytes,
            .file_bytes = from->file_bytes,
            .readable = from->flags & PF_R,
            .writable = from->flags & PF_W,
            .executable = from->flags & PF_X,
        };
    }
}

/* Takes over bytes. */
static enum status make(const char *name, uint8_t *bytes, size_t size_bytes,
                        struct vcpu_program **result, struct error *error)
{
    struct elf elf;
    enum status status = elf_parse(&elf, name, bytes, size_bytes, error);
    if (status) {
        free(bytes);
        return status;
    }
    struct vcpu_program *program = alloc_zeroed(1, sizeof *program);
    program->path = alloc_text(name);
    program->hash = hash_bytes(bytes, size_bytes);
    program->entry = elf.entry;
    program->end = elf.end;
    program->bytes = bytes;
    program->size_bytes = size_bytes;
    read_segments(program, &elf);
    Elf32_Shdr *headers = headers_read(&elf, &program->damage);
    if (headers) {
        read_sections(program, &elf, headers);
        read_symbols(program, &elf, headers);
    }
    free(headers);
    *result = program;
    return STATUS_OK;
}

enum status vcpu_program_load(const char *path, struct vcpu_program **program, struct error *error)
{
    uint8_t *bytes = NULL;
    size_t size_bytes = 0;
    enum status status = elf_file_read(path, &bytes, &size_bytes, error);
    return status ? status : make(path, bytes, size_bytes, program, error);
}

enum status vcpu_program_parse(const char *name, const void *bytes, size_t size_bytes,
                               struct vcpu_program **program, struct error *error)
{
    uint8_t *copy = alloc_zeroed(size_bytes + 1, 1);
    if (size_bytes) {
        memcpy(copy, bytes, size_bytes);
    }
    return make(name, copy, size_bytes, program, error);
}

void vcpu_program_destroy(struct vcpu_program *program)
{
    if (!program) {
        return;
    }
    free(program->path);
    free(program->segments);
    free(program->segment_offsets);
    free(program->sections);
    free(program->symbols);
    free(program->section_names);
    free(program->symbol_names);
    free(program->bytes);
    free(program);
}

uint32_t vcpu_program_read(const struct vcpu_program *program, uint32_t address, void *bytes,
                           uint32_t size_bytes)
{
    for (uint32_t i = 0; i < program->segment_count; i++) {
        const struct vcpu_segment *segment = &program->segments[i];
        uint32_t offset = address - segment->address;
        if (offset >= segment->memory_bytes) {
            continue;
        }
        uint32_t left = segment->memory_bytes - offset;
        uint32_t part = size_bytes < left ? size_bytes : left;
        memset(bytes, 0, part);
        if (offset < segment->file_bytes) {
            uint32_t there = segment->file_bytes - offset;
            memcpy(bytes, program->bytes + program->segment_offsets[i] + offset,
                   part < there ? part : there);
        }
        return part;
    }
    return 0;
}
