/* `denali inspect --json`: the same for programs that read it. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

#include "inspect.h"

static json_t *segments(const struct vcpu_program *program)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < program->segment_count; i++) {
        const struct vcpu_segment *from = &program->segments[i];
        json_array_append_new(list, json_pack("{s:I, s:I, s:I, s:b, s:b}", "address",
                                              (json_int_t)from->address, "memory_bytes",
                                              (json_int_t)from->memory_bytes, "file_bytes",
                                              (json_int_t)from->file_bytes, "writable",
                                              from->writable, "executable", from->executable));
    }
    return list;
}

static json_t *sections(const struct vcpu_program *program)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < program->section_count; i++) {
        const struct vcpu_section *from = &program->sections[i];
        json_array_append_new(list, json_pack("{s:s, s:I, s:I, s:b, s:b, s:b, s:b}", "name",
                                              from->name, "address", (json_int_t)from->address,
                                              "size_bytes", (json_int_t)from->size_bytes, "loaded",
                                              from->loaded, "zeros", from->zeros, "writable",
                                              from->writable, "executable", from->executable));
    }
    return list;
}

static json_t *symbols(const struct vcpu_program *program)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < program->symbol_count; i++) {
        const struct vcpu_symbol *from = &program->symbols[i];
        json_array_append_new(list, json_pack("{s:s, s:I, s:I, s:s, s:b}", "name", from->name,
                                              "address", (json_int_t)from->address, "size_bytes",
                                              (json_int_t)from->size_bytes, "kind",
                                              inspect_symbol_kind(from), "global", from->global));
    }
    return list;
}

static json_t *devices(const struct program_survey *survey)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < DEV_COUNT; i++) {
        if (survey->devices[i]) {
            json_array_append_new(list, json_string(dev_table[i]->name));
        }
    }
    return list;
}

enum status inspect_print_json(const struct vcpu_program *program,
                               const struct program_survey *survey, struct error *error)
{
    char hash[17];
    snprintf(hash, sizeof hash, "%016" PRIx64, program->hash);
    json_t *root = json_pack("{s:s, s:s, s:I, s:I}", "path", program->path, "hash", hash, "entry",
                             (json_int_t)program->entry, "end", (json_int_t)program->end);
    if (!root) {
        return error_set(error, STATUS_INVALID, program->path, 0,
                         "the image's path is not UTF-8, which JSON asks for; give it another");
    }
    uint32_t bottom;
    uint32_t top;
    if (inspect_stack(program, &bottom, &top)) {
        json_object_set_new(
            root, "stack",
            json_pack("{s:I, s:I}", "bottom", (json_int_t)bottom, "top", (json_int_t)top));
    }
    json_object_set_new(root, "instructions", json_integer((json_int_t)survey->instructions));
    json_object_set_new(root, "illegal", json_integer((json_int_t)survey->illegal));
    json_object_set_new(root, "x87", json_boolean(survey->x87));
    json_object_set_new(root, "devices", devices(survey));
    json_object_set_new(root, "segments", segments(program));
    json_object_set_new(root, "sections", sections(program));
    json_object_set_new(root, "symbols", symbols(program));
    if (program->damage) {
        json_object_set_new(root, "damage", json_string(program->damage));
    }
    json_dumpf(root, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    putchar('\n');
    json_decref(root);
    return STATUS_OK;
}
