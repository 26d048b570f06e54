/*
 * A scenario's life: opened, overridden, resolved, compared, destroyed; and its nodes by number.
 */
#include "scenarios/scenario.h"

#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "base/locale.h"
#include "document.h"
#include "resolve.h"
#include "schema.h"
#include "units.h"

struct scn_file {
    struct scn_document *document;
    uint64_t nodes; /* of --nodes; 0: not given */
    char nodes_option[64];
};

/* Takes the document, and reads what it includes. */
static enum status file_create(struct scn_document *document, struct scn_file **file,
                               struct error *error)
{
    enum status status = document_include(document, error);
    if (status != STATUS_OK) {
        document_destroy(document);
        return status;
    }
    *file = alloc_zeroed(1, sizeof **file);
    (*file)->document = document;
    return STATUS_OK;
}

enum status scn_open(struct scn_file **file, const char *path, struct error *error)
{
    struct scn_document *document;
    enum status status = document_read(&document, path, error);
    return status == STATUS_OK ? file_create(document, file, error) : status;
}

enum status scn_open_text(struct scn_file **file, const char *path, const char *text,
                          size_t size_bytes, struct error *error)
{
    struct scn_document *document;
    enum status status = document_parse(&document, path, text, size_bytes, error);
    return status == STATUS_OK ? file_create(document, file, error) : status;
}

void scn_close(struct scn_file *file)
{
    if (file != NULL) {
        document_destroy(file->document);
        free(file);
    }
}

/* "--set groups.peers.count=50", cut to what a message holds. */
static void option_format(char option[256], const char *name, const char *text)
{
    char found[200];
    size_t length = 0;
    for (; text[length] != '\0' && length + 1 < sizeof found; length++) {
        found[length] = (unsigned char)text[length] < 0x20 ? '?' : text[length];
    }
    found[length] = '\0';
    snprintf(option, 256, "%s %s", name, found);
}

enum status scn_set(struct scn_file *file, const char *assignment, struct error *error)
{
    char option[256];
    option_format(option, "--set", assignment);
    const char *equals = strchr(assignment, '=');
    if (equals == NULL || equals == assignment) {
        return error_set(error, STATUS_INVALID, option, 0,
                         "expected PATH=VALUE, such as groups.peers.count=50");
    }
    if (strlen(assignment) > SCN_BYTES_MAX) {
        return error_set(error, STATUS_INVALID, option, 0, "expected at most %u bytes",
                         SCN_BYTES_MAX);
    }
    size_t length = (size_t)(equals - assignment);
    char *path = alloc_zeroed(length + 1, 1);
    memcpy(path, assignment, length);
    enum status status = document_set(file->document, path, equals + 1, option, error);
    free(path);
    return status;
}

enum status scn_set_parameter(struct scn_file *file, const char *assignment, struct error *error)
{
    char option[256];
    char path[sizeof "parameters." + SCN_NAME_MAX];
    option_format(option, "--param", assignment);
    const char *equals = strchr(assignment, '=');
    size_t length = equals != NULL ? (size_t)(equals - assignment) : 0;
    if (length == 0 || length > SCN_NAME_MAX || memchr(assignment, '.', length) != NULL ||
        strlen(assignment) > SCN_BYTES_MAX) {
        return error_set(error, STATUS_INVALID, option, 0,
                         "expected NAME=VALUE with the name of a parameter, such as delay=20ms");
    }
    snprintf(path, sizeof path, "parameters.%.*s", (int)length, assignment);
    return document_set_text(file->document, path, equals + 1, option, error);
}

static enum status option_number(const char *name, const char *text, uint64_t min, uint64_t max,
                                 uint64_t *value, struct error *error)
{
    const char *reason;
    if (unit_parse(UNIT_NUMBER, text, value, &reason) && *value >= min && *value <= max) {
        return STATUS_OK;
    }
    char option[256];
    char found[DOCUMENT_FOUND_MAX];
    option_format(option, name, text);
    text_found(text, found);
    return error_set(error, STATUS_INVALID, option, 0,
                     "expected a whole number from %llu to %llu, found %s", (unsigned long long)min,
                     (unsigned long long)max, found);
}

enum status scn_set_seed(struct scn_file *file, const char *text, struct error *error)
{
    uint64_t seed;
    enum status status = option_number("--seed", text, 0, UINT64_MAX, &seed, error);
    if (status != STATUS_OK) {
        return status;
    }
    char option[256];
    option_format(option, "--seed", text);
    return document_set(file->document, "general.seed", text, option, error);
}

enum status scn_set_duration(struct scn_file *file, const char *text, struct error *error)
{
    char option[256];
    option_format(option, "--until", text);
    return document_set(file->document, "general.duration", text, option, error);
}

enum status scn_set_nodes(struct scn_file *file, const char *text, struct error *error)
{
    enum status status = option_number("--nodes", text, 1, SCN_NODES_MAX, &file->nodes, error);
    if (status == STATUS_OK) {
        snprintf(file->nodes_option, sizeof file->nodes_option, "--nodes %.40s", text);
    }
    return status;
}

/* The count of a group in the document, 0 if it is not one: then validation will say so. */
static uint64_t document_count(const struct scn_item *group)
{
    const struct scn_item *count = item_child(group, "count");
    const char *reason;
    uint64_t value;
    if (count == NULL) {
        return 1;
    }
    bool valid = count->kind == SCN_ITEM_SCALAR &&
                 unit_parse(UNIT_NUMBER, count->text, &value, &reason) && value <= SCN_NODES_MAX;
    return valid ? value : 0;
}

/* Turns --nodes into the count of the group that scales. */
static enum status nodes_apply(struct scn_file *file, struct error *error)
{
    const struct scn_item *groups = item_child(file->document->root, "groups");
    if (file->nodes == 0 || groups == NULL || groups->kind != SCN_ITEM_LIST ||
        groups->child_count == 0) {
        return STATUS_OK; /* if there are no groups, validation says so */
    }
    uint32_t chosen = 0;
    uint64_t total = 0;
    bool marked = false;
    for (uint32_t i = 0; i < groups->child_count; i++) {
        const struct scn_item *scale = item_child(groups->children[i], "scale");
        bool scales =
            scale != NULL && scale->kind == SCN_ITEM_SCALAR && strcmp(scale->text, "true") == 0;
        uint64_t count = document_count(groups->children[i]);
        total += count;
        if ((scales && !marked) || (!marked && count > document_count(groups->children[chosen]))) {
            chosen = i;
        }
        marked = marked || scales;
    }
    uint64_t others = total - document_count(groups->children[chosen]);
    if (file->nodes <= others) {
        return error_set(error, STATUS_INVALID, file->nodes_option, 0,
                         "expected at least %llu: the groups that do not scale have %llu nodes",
                         (unsigned long long)others + 1, (unsigned long long)others);
    }
    char path[64];
    char value[UNIT_TEXT_MAX];
    snprintf(path, sizeof path, "groups.%u.count", chosen);
    unit_write(UNIT_NUMBER, file->nodes - others, value);
    return document_set(file->document, path, value, file->nodes_option, error);
}

enum status scn_resolve(struct scn_file *file, struct scn_scenario **scenario, struct error *error)
{
    ASSERT(file->document != NULL);
    enum status status = document_parameters(file->document, error);
    if (status == STATUS_OK) {
        status = nodes_apply(file, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    struct scn_scenario *result = alloc_zeroed(1, sizeof *result);
    result->source = file->document;
    file->document = NULL;
    status = resolve_section(result->source, &schema_scenario, result->source->root, result, error);
    if (status == STATUS_OK) {
        status = check_scenario(result, error);
    }
    if (status != STATUS_OK) {
        scn_scenario_destroy(result);
        return status;
    }
    *scenario = result;
    return STATUS_OK;
}

enum status scn_load(struct scn_scenario **scenario, const char *path, struct error *error)
{
    struct scn_file *file;
    enum status status = scn_open(&file, path, error);
    if (status == STATUS_OK) {
        status = scn_resolve(file, scenario, error);
        scn_close(file);
    }
    return status;
}

void scn_scenario_destroy(struct scn_scenario *scenario)
{
    if (scenario != NULL) {
        for (uint32_t i = 0; i < scenario->group_count && scenario->groups; i++) {
            free(scenario->groups[i].key_events);
        }
        schema_free(&schema_scenario, scenario);
        document_destroy(scenario->source);
        free(scenario);
    }
}

const char *scn_figure_name(enum scn_figure figure)
{
    static const char *const names[] = {
#define X(name, text) text,
        SCN_FIGURE_LIST(X)
#undef X
    };
    return names[figure];
}

bool scn_file_beside(const struct scn_scenario *scenario, const char *name)
{
    char path[PATH_MAX];
    int length = snprintf(path, sizeof path, "%s/%s", scenario->source->directory, name);
    return strchr(name, '/') == NULL && length < (int)sizeof path && access(path, F_OK) == 0;
}

enum status scn_error_at(const struct scn_scenario *scenario, const char *path, struct error *error,
                         enum status status, const char *format, ...)
{
    char message[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    const struct scn_item *item = document_find(scenario->source, path);
    return error_set(error, status, item_file(scenario->source, item),
                     item->option != NULL ? 0 : item->line, "%s", message);
}

/* --- Comparing ------------------------------------------------------------------------------- */

static bool text_equal(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool section_equal(const struct schema_section *section, const void *a, const void *b);

static bool entries_equal(const struct schema_field *field, const void *a, const void *b)
{
    uint32_t count = *SCHEMA_OF(uint32_t, a, field->beside);
    if (count != *SCHEMA_OF(uint32_t, b, field->beside)) {
        return false;
    }
    const char *array_a = *SCHEMA_OF(char *, a, field->offset);
    const char *array_b = *SCHEMA_OF(char *, b, field->offset);
    for (uint32_t i = 0; i < count; i++) {
        bool equal;
        if (field->kind == SCHEMA_TEXTS) {
            equal = text_equal(((char *const *)(const void *)array_a)[i],
                               ((char *const *)(const void *)array_b)[i]);
        } else if (field->kind == SCHEMA_VARIABLES) {
            const struct scn_variable *of_a = (const void *)array_a;
            const struct scn_variable *of_b = (const void *)array_b;
            equal =
                text_equal(of_a[i].name, of_b[i].name) && text_equal(of_a[i].value, of_b[i].value);
        } else {
            size_t offset = i * field->section->size_bytes;
            equal = section_equal(field->section, array_a + offset, array_b + offset);
        }
        if (!equal) {
            return false;
        }
    }
    return true;
}

static bool field_equal(const struct schema_field *field, const void *a, const void *b)
{
    if (schema_is_gone(field->kind)) {
        return true;
    }
    size_t at = field->offset;
    if (schema_is_text(field->kind)) {
        return text_equal(*SCHEMA_OF(char *, a, at), *SCHEMA_OF(char *, b, at));
    }
    if (schema_is_quantity(field->kind)) {
        return *SCHEMA_OF(uint64_t, a, at) == *SCHEMA_OF(uint64_t, b, at);
    }
    switch (field->kind) {
    case SCHEMA_BOOL:
        return *SCHEMA_OF(bool, a, at) == *SCHEMA_OF(bool, b, at);
    case SCHEMA_SUBNET:
    case SCHEMA_EXTENT:
        return *SCHEMA_OF(uint32_t, a, at) == *SCHEMA_OF(uint32_t, b, at) &&
               *SCHEMA_OF(uint32_t, a, field->beside) == *SCHEMA_OF(uint32_t, b, field->beside);
    case SCHEMA_CHOICE:
    case SCHEMA_SET:
        return *SCHEMA_OF(uint32_t, a, at) == *SCHEMA_OF(uint32_t, b, at);
    case SCHEMA_BOUND:
        return text_equal(SCHEMA_OF(struct scn_bound, a, at)->text,
                          SCHEMA_OF(struct scn_bound, b, at)->text);
    case SCHEMA_SECTION:
        return section_equal(field->section, SCHEMA_OF(char, a, at), SCHEMA_OF(char, b, at));
    default:
        return entries_equal(field, a, b);
    }
}

static bool section_equal(const struct schema_section *section, const void *a, const void *b)
{
    for (uint32_t i = 0; i < section->field_count; i++) {
        if (!field_equal(&section->fields[i], a, b)) {
            return false;
        }
    }
    return true;
}

bool scn_scenario_equal(const struct scn_scenario *a, const struct scn_scenario *b)
{
    return section_equal(&schema_scenario, a, b);
}

/* --- Nodes ----------------------------------------------------------------------------------- */

uint32_t scn_node_group(const struct scn_scenario *scenario, uint32_t node)
{
    ASSERT(node < scenario->node_count);
    uint32_t low = 0;
    uint32_t high = scenario->group_count; /* groups[low].first_node <= node < groups[high]'s */
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (scenario->groups[middle].first_node <= node) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

void scn_node_name(const struct scn_scenario *scenario, uint32_t node, char name[SCN_NODE_NAME_MAX])
{
    const struct scn_group *group = &scenario->groups[scn_node_group(scenario, node)];
    if (group->count == 1) {
        snprintf(name, SCN_NODE_NAME_MAX, "%s", group->name);
    } else {
        snprintf(name, SCN_NODE_NAME_MAX, "%s-%u", group->name, node - group->first_node);
    }
}

/* The index in "<group>-<index>", written as scn_node_name writes it; false if it is not one. */
static bool index_parse(const char *digits, uint32_t length, uint64_t count, uint32_t *index)
{
    *index = 0;
    if (length == 0 || length > 7 || (digits[0] == '0' && length > 1)) {
        return false;
    }
    for (uint32_t i = 0; i < length; i++) {
        if (digits[i] < '0' || digits[i] > '9') {
            return false;
        }
        *index = *index * 10 + (uint32_t)(digits[i] - '0');
    }
    return *index < count;
}

bool scn_node_of_name(const struct scn_scenario *scenario, const char *name, uint32_t length,
                      uint32_t *node)
{
    LOCALE_NEUTRAL();
    for (uint32_t i = 0; i < scenario->group_count; i++) {
        const struct scn_group *group = &scenario->groups[i];
        uint32_t own = (uint32_t)strlen(group->name);
        uint32_t index = 0;
        if (length < own || strncasecmp(name, group->name, own) != 0) {
            continue;
        }
        if (group->count == 1
                ? length == own
                : length > own && name[own] == '-' &&
                      index_parse(name + own + 1, length - own - 1, group->count, &index)) {
            *node = group->first_node + index;
            return true;
        }
    }
    return false;
}
