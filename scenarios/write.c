/*
 * The resolved scenario as canonical YAML, by the schema.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "base/assert.h"
#include "base/locale.h"
#include "scenarios/scenario.h"
#include "schema.h"
#include "units.h"

struct output {
    yaml_emitter_t emitter;
    const struct scn_write_options *options;
    bool failed;
    uint32_t index; /* of the list entry being written */
};

static int write_stream(void *context, unsigned char *bytes, size_t size_bytes)
{
    return fwrite(bytes, 1, size_bytes, context) == size_bytes;
}

/* Emits an event that was made if made is set. */
static void emit(struct output *output, yaml_event_t *event, int made)
{
    if (output->failed) {
        if (made) {
            yaml_event_delete(event);
        }
        return;
    }
    output->failed = !made || !yaml_emitter_emit(&output->emitter, event);
}

/* Text that reads the same without quotes, and does not look like nothing. */
static bool is_plain(const char *text)
{
    static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                               "_-./+=,@%";
    LOCALE_NEUTRAL();
    size_t length = strlen(text);
    return length > 0 && strspn(text, safe) == length && strcasecmp(text, "null") != 0;
}

static void emit_text(struct output *output, const char *text)
{
    yaml_event_t event;
    bool plain = is_plain(text);
    int made = yaml_scalar_event_initialize(
        &event, NULL, NULL, (const yaml_char_t *)text, (int)strlen(text), plain, 1,
        plain ? YAML_PLAIN_SCALAR_STYLE : YAML_DOUBLE_QUOTED_SCALAR_STYLE);
    emit(output, &event, made);
}

static void emit_list_start(struct output *output)
{
    yaml_event_t event;
    int made =
        yaml_sequence_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_SEQUENCE_STYLE);
    emit(output, &event, made);
}

static void emit_list_end(struct output *output)
{
    yaml_event_t event;
    int made = yaml_sequence_end_event_initialize(&event);
    emit(output, &event, made);
}

static void emit_mapping_start(struct output *output)
{
    yaml_event_t event;
    int made = yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE);
    emit(output, &event, made);
}

static void emit_mapping_end(struct output *output)
{
    yaml_event_t event;
    int made = yaml_mapping_end_event_initialize(&event);
    emit(output, &event, made);
}

static void emit_section(struct output *output, const struct schema_section *section,
                         const void *base);

static void emit_path(struct output *output, const struct schema_field *field, const char *text,
                      bool is_path)
{
    const struct scn_write_options *options = output->options;
    const char *instead = NULL;
    if (options != NULL && options->path != NULL && (is_path || options->programs)) {
        enum scn_path_kind kind =
            field->kind == SCHEMA_PROGRAM ? SCN_PATH_IMAGE : (enum scn_path_kind)field->path;
        instead = options->path(options->context, kind, output->index, text);
    }
    emit_text(output, instead != NULL ? instead : text);
}

static void emit_entries(struct output *output, const struct schema_field *field, const void *base)
{
    uint32_t count = *SCHEMA_OF(uint32_t, base, field->beside);
    const char *array = *SCHEMA_OF(char *, base, field->offset);
    emit_list_start(output);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t outer = output->index;
        output->index = i;
        emit_section(output, field->section, array + i * field->section->size_bytes);
        output->index = outer;
    }
    emit_list_end(output);
}

static void emit_texts(struct output *output, const struct schema_field *field, const void *base)
{
    uint32_t count = *SCHEMA_OF(uint32_t, base, field->beside);
    char *const *texts = *SCHEMA_OF(char **, base, field->offset);
    emit_list_start(output);
    for (uint32_t i = 0; i < count; i++) {
        emit_text(output, texts[i]);
    }
    emit_list_end(output);
}

static void emit_variables(struct output *output, const struct schema_field *field,
                           const void *base)
{
    uint32_t count = *SCHEMA_OF(uint32_t, base, field->beside);
    const struct scn_variable *variables = *SCHEMA_OF(struct scn_variable *, base, field->offset);
    emit_mapping_start(output);
    for (uint32_t i = 0; i < count; i++) {
        emit_text(output, variables[i].name);
        emit_text(output, variables[i].value);
    }
    emit_mapping_end(output);
}

static void emit_set(struct output *output, const struct schema_field *field, const void *base)
{
    uint32_t set = *SCHEMA_OF(uint32_t, base, field->offset);
    emit_list_start(output);
    for (uint32_t i = 0; i < field->choice_count; i++) {
        if (set >> i & 1) {
            emit_text(output, field->choices[i]);
        }
    }
    emit_list_end(output);
}

static void emit_field(struct output *output, const struct schema_field *field, const void *base)
{
    char text[64];
    switch (field->kind) {
    case SCHEMA_NAME:
    case SCHEMA_TEXT:
    case SCHEMA_METRIC:
        emit_text(output, *SCHEMA_OF(char *, base, field->offset));
        return;
    case SCHEMA_PROGRAM:
        emit_path(output, field, *SCHEMA_OF(char *, base, field->offset),
                  *SCHEMA_OF(bool, base, field->beside));
        return;
    case SCHEMA_PATH:
        emit_path(output, field, *SCHEMA_OF(char *, base, field->offset), true);
        return;
    case SCHEMA_NUMBER:
    case SCHEMA_TIME:
    case SCHEMA_RATE:
    case SCHEMA_SIZE:
    case SCHEMA_FREQUENCY:
        unit_write((enum unit_kind)schema_unit(field->kind),
                   *SCHEMA_OF(uint64_t, base, field->offset), text);
        emit_text(output, text);
        return;
    case SCHEMA_BOOL:
        emit_text(output, *SCHEMA_OF(bool, base, field->offset) ? "true" : "false");
        return;
    case SCHEMA_CHOICE:
        emit_text(output, field->choices[*SCHEMA_OF(uint32_t, base, field->offset)]);
        return;
    case SCHEMA_SET:
        emit_set(output, field, base);
        return;
    case SCHEMA_SUBNET: {
        uint32_t address = *SCHEMA_OF(uint32_t, base, field->offset);
        snprintf(text, sizeof text, "%u.%u.%u.%u/%u", address >> 24, address >> 16 & 0xff,
                 address >> 8 & 0xff, address & 0xff, *SCHEMA_OF(uint32_t, base, field->beside));
        emit_text(output, text);
        return;
    }
    case SCHEMA_EXTENT:
        snprintf(text, sizeof text, "%ux%u", *SCHEMA_OF(uint32_t, base, field->offset),
                 *SCHEMA_OF(uint32_t, base, field->beside));
        emit_text(output, text);
        return;
    case SCHEMA_BOUND:
        emit_text(output, SCHEMA_OF(struct scn_bound, base, field->offset)->text);
        return;
    case SCHEMA_TEXTS:
        emit_texts(output, field, base);
        return;
    case SCHEMA_VARIABLES:
        emit_variables(output, field, base);
        return;
    case SCHEMA_INCLUDE:
    case SCHEMA_VALUES:
        UNREACHABLE(); /* never present */
    case SCHEMA_SECTION:
        emit_section(output, field->section, SCHEMA_OF(char, base, field->offset));
        return;
    case SCHEMA_LIST:
        emit_entries(output, field, base);
        return;
    }
    UNREACHABLE();
}

/* A group's files as the archive that they were packed into; false if they are to be written as
 * they are. */
static bool emit_archive(struct output *output, const struct schema_field *field)
{
    const struct scn_write_options *options = output->options;
    bool is_files = field->kind == SCHEMA_LIST && strcmp(field->name, "files") == 0;
    if (!is_files || options == NULL || options->archive == NULL) {
        return false;
    }
    const char *path = options->archive(options->context, output->index);
    if (path != NULL) {
        emit_text(output, "archive");
        emit_text(output, path);
    }
    return true;
}

static void emit_section(struct output *output, const struct schema_section *section,
                         const void *base)
{
    emit_mapping_start(output);
    for (uint32_t i = 0; i < section->field_count; i++) {
        const struct schema_field *field = &section->fields[i];
        if (schema_present(field, base) && emit_archive(output, field)) {
            continue;
        }
        if (schema_applies(section, field, base) && schema_present(field, base)) {
            emit_text(output, field->name);
            emit_field(output, field, base);
        }
    }
    emit_mapping_end(output);
}

enum status scn_write_resolved(const struct scn_scenario *scenario, FILE *stream,
                               const struct scn_write_options *options, struct error *error)
{
    struct output output = {.options = options};
    yaml_event_t event;
    if (!yaml_emitter_initialize(&output.emitter)) {
        return error_set(error, STATUS_NO_MEMORY, NULL, 0, "out of memory for the YAML emitter");
    }
    yaml_emitter_set_output(&output.emitter, write_stream, stream);
    yaml_emitter_set_width(&output.emitter, -1);
    yaml_emitter_set_unicode(&output.emitter, 1);
    emit(&output, &event, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING));
    emit(&output, &event, yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1));
    emit_section(&output, &schema_scenario, scenario);
    emit(&output, &event, yaml_document_end_event_initialize(&event, 1));
    emit(&output, &event, yaml_stream_end_event_initialize(&event));
    yaml_emitter_delete(&output.emitter);
    if (output.failed || fflush(stream) != 0 || ferror(stream)) {
        return error_set(error, STATUS_IO, NULL, 0,
                         "cannot write the resolved scenario: the stream refused it, or a path in "
                         "it is not UTF-8");
    }
    return STATUS_OK;
}
