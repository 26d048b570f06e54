/*
 * Reading fields by the schema.
 */
#include "resolve.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "base/locale.h"
#include "base/nearest.h"
#include "scenarios/scenario.h"
#include "units.h"

#define METRIC_MAX 64
#define BOUND_MAX  40

/* Where a value is read from, and into what. */
struct slot {
    const struct scn_document *document;
    const struct schema_field *field;
    const struct scn_item *item;
    void *base;
    struct error *error;
};

static enum status expected(const struct slot *slot, const char *what)
{
    char found[DOCUMENT_FOUND_MAX];
    item_found(slot->item, found);
    return item_error(slot->document, slot->item, NULL, slot->error, STATUS_INVALID,
                      "expected %s, found %s", what, found);
}

static bool has_text(const struct slot *slot)
{
    return slot->item->kind == SCN_ITEM_SCALAR && !item_is_null(slot->item);
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool name_is_valid(const char *text)
{
    if (!is_letter(text[0]) || strlen(text) > SCN_NAME_MAX) {
        return false;
    }
    for (; *text != '\0'; text++) {
        if (!is_letter(*text) && !is_digit(*text) && *text != '-' && *text != '_') {
            return false;
        }
    }
    return true;
}

static bool metric_is_valid(const char *text)
{
    if (!is_letter(text[0]) || strlen(text) > METRIC_MAX) {
        return false;
    }
    for (; *text != '\0'; text++) {
        if (strcmp(text, "@milestone") == 0) {
            return true; /* how a milestone is told from a measurement of its name */
        }
        bool dot = *text == '.';
        if (!is_letter(*text) && !is_digit(*text) && *text != '-' && *text != '_' && !dot) {
            return false;
        }
        if (dot && (text[1] == '.' || text[1] == '\0')) {
            return false;
        }
    }
    return true;
}

/* A counter of the run must be one that there is. */
static enum status check_figure(const struct slot *slot, const char *text)
{
    const char *names[SCN_FIGURE_COUNT];
    for (uint32_t i = 0; i < SCN_FIGURE_COUNT; i++) {
        names[i] = scn_figure_name((enum scn_figure)i);
        if (strcmp(text, names[i]) == 0) {
            return STATUS_OK;
        }
    }
    const char *nearest = nearest_word(text, names, SCN_FIGURE_COUNT);
    char wanted[160];
    snprintf(wanted, sizeof wanted, "a counter of the run, such as %s",
             nearest ? nearest : "run.faults");
    return expected(slot, wanted);
}

static enum status read_text(const struct slot *slot)
{
    const struct schema_field *field = slot->field;
    if (!has_text(slot)) {
        return expected(slot, field->kind == SCHEMA_TEXT ? "text" : "a name");
    }
    const char *text = slot->item->text;
    if (field->kind == SCHEMA_NAME && !name_is_valid(text)) {
        return expected(slot, "a name: a letter, then letters, digits, '-' and '_', 64 at most");
    }
    if (field->kind == SCHEMA_METRIC && !metric_is_valid(text)) {
        return expected(slot, "a metric's name such as lookup.success: a letter, then letters, "
                              "digits, '.', '-' and '_', 64 at most");
    }
    if (field->kind == SCHEMA_METRIC && strncmp(text, "run.", 4) == 0) {
        enum status status = check_figure(slot, text);
        if (status != STATUS_OK) {
            return status;
        }
    }
    *SCHEMA_AT(char *, slot->base, field->offset) = alloc_text(text);
    return STATUS_OK;
}

/* The absolute path of a file that exists, or an error. */
static enum status read_path(const struct slot *slot, const char *what)
{
    char joined[PATH_MAX];
    char absolute[PATH_MAX];
    const char *text = slot->item->text;
    int length = text[0] == '/' ? snprintf(joined, sizeof joined, "%s", text)
                                : snprintf(joined, sizeof joined, "%s/%s",
                                           item_directory(slot->document, slot->item), text);
    struct stat info;
    bool fits = length < (int)sizeof joined;
    if (!fits || realpath(joined, absolute) == NULL || stat(absolute, &info) != 0) {
        char found[DOCUMENT_FOUND_MAX];
        item_found(slot->item, found);
        return item_error(slot->document, slot->item, NULL, slot->error, STATUS_NOT_FOUND,
                          "expected %s; there is no file %.300s", what,
                          fits ? joined : "of so long a name");
    }
    bool may_be_folder = slot->field->kind == SCHEMA_PATH && slot->field->path == SCN_PATH_FILE;
    if (!S_ISREG(info.st_mode) && !(may_be_folder && S_ISDIR(info.st_mode))) {
        return item_error(slot->document, slot->item, NULL, slot->error, STATUS_INVALID,
                          "expected %s; %.300s is not a file", what, joined);
    }
    *SCHEMA_AT(char *, slot->base, slot->field->offset) = alloc_text(absolute);
    return STATUS_OK;
}

/* A bare name has neither a folder nor an extension. */
static bool program_is_path(const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (!is_letter(*c) && !is_digit(*c) && *c != '-' && *c != '_') {
            return true;
        }
    }
    return strlen(text) > SCN_NAME_MAX;
}

static enum status read_program(const struct slot *slot)
{
    if (!has_text(slot) || slot->item->text[0] == '\0') {
        return expected(slot, "an image file or a program's name");
    }
    bool is_path = program_is_path(slot->item->text);
    *SCHEMA_AT(bool, slot->base, slot->field->beside) = is_path;
    if (is_path) {
        return read_path(slot, "an image file, relative to the scenario file");
    }
    *SCHEMA_AT(char *, slot->base, slot->field->offset) = alloc_text(slot->item->text);
    return STATUS_OK;
}

static enum status read_quantity(const struct slot *slot)
{
    const struct schema_field *field = slot->field;
    enum unit_kind unit = (enum unit_kind)schema_unit(field->kind);
    char low[UNIT_TEXT_MAX];
    char high[UNIT_TEXT_MAX];
    char what[160];
    unit_write(unit, field->min, low);
    unit_write(unit, field->max, high);
    if (unit == UNIT_NUMBER) {
        snprintf(what, sizeof what, "a whole number from %s to %s", low, high);
    } else {
        snprintf(what, sizeof what, "%s", unit_expected(unit));
    }
    const char *reason = NULL;
    uint64_t value;
    if (!has_text(slot) || !unit_parse(unit, slot->item->text, &value, &reason)) {
        if (reason == NULL) {
            return expected(slot, what);
        }
        char found[DOCUMENT_FOUND_MAX];
        item_found(slot->item, found);
        const char *list = unit_list(unit);
        return item_error(slot->document, slot->item, NULL, slot->error, STATUS_INVALID,
                          "expected %s; %s %s%s%s%s", what, found, reason,
                          list[0] != '\0' ? " (units: " : "", list, list[0] != '\0' ? ")" : "");
    }
    if (value < field->min || value > field->max) {
        if (unit != UNIT_NUMBER) {
            snprintf(what, sizeof what, "from %s to %s", low, high);
        }
        return expected(slot, what);
    }
    if (field->multiple != 0 && value % field->multiple != 0) {
        unit_write(unit, field->multiple, low);
        snprintf(what, sizeof what, "a multiple of %s", low);
        return expected(slot, what);
    }
    *SCHEMA_AT(uint64_t, slot->base, field->offset) = value;
    return STATUS_OK;
}

static enum status read_bool(const struct slot *slot)
{
    if (has_text(slot) && strcmp(slot->item->text, "true") == 0) {
        *SCHEMA_AT(bool, slot->base, slot->field->offset) = true;
        return STATUS_OK;
    }
    if (has_text(slot) && strcmp(slot->item->text, "false") == 0) {
        *SCHEMA_AT(bool, slot->base, slot->field->offset) = false;
        return STATUS_OK;
    }
    return expected(slot, "true or false");
}

static enum status read_choice(const struct slot *slot)
{
    const struct schema_field *field = slot->field;
    for (uint32_t i = 0; i < field->choice_count && has_text(slot); i++) {
        if (strcmp(slot->item->text, field->choices[i]) == 0) {
            *SCHEMA_AT(uint32_t, slot->base, field->offset) = i;
            return STATUS_OK;
        }
    }
    char what[320] = "one of ";
    size_t length = strlen(what);
    for (uint32_t i = 0; i < field->choice_count; i++) {
        length += (size_t)snprintf(what + length, sizeof what - length, "%s%s", i == 0 ? "" : ", ",
                                   field->choices[i]);
        ASSERT(length < sizeof what);
    }
    return expected(slot, what);
}

/* One word of a set. */
static enum status read_word(const struct slot *slot)
{
    uint32_t number;
    struct slot word = *slot;
    struct schema_field field = *slot->field;
    field.offset = 0;
    word.field = &field;
    word.base = &number;
    enum status status = read_choice(&word);
    if (status == STATUS_OK) {
        *SCHEMA_AT(uint32_t, slot->base, slot->field->offset) |= 1u << number;
    }
    return status;
}

static enum status read_set(const struct slot *slot)
{
    if (slot->item->kind != SCN_ITEM_LIST) {
        return read_word(slot);
    }
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < slot->item->child_count && status == STATUS_OK; i++) {
        struct slot entry = *slot;
        entry.item = slot->item->children[i];
        status = read_word(&entry);
    }
    return status;
}

/* Reads a number of at most max at *text and moves past it. */
static bool small_number(const char **text, uint32_t max, uint32_t *value)
{
    const char *c = *text;
    *value = 0;
    for (; is_digit(*c) && c - *text < 4; c++) {
        *value = *value * 10 + (uint32_t)(*c - '0');
    }
    bool valid = c != *text && *value <= max && !(c - *text > 1 && **text == '0');
    *text = c;
    return valid;
}

static enum status read_subnet(const struct slot *slot)
{
    const char *text = has_text(slot) ? slot->item->text : "";
    uint32_t address = 0;
    uint32_t prefix_length = 0;
    bool valid = true;
    for (int i = 0; i < 4 && valid; i++) {
        uint32_t byte;
        valid = small_number(&text, 255, &byte) && *text++ == (i < 3 ? '.' : '/');
        address = address << 8 | byte;
    }
    valid = valid && small_number(&text, 32, &prefix_length) && *text == '\0';
    if (!valid || prefix_length < slot->field->min || prefix_length > slot->field->max) {
        return expected(slot, "a subnet such as 10.0.0.0/8, prefix length 8 to 30");
    }
    if ((address & (UINT32_MAX >> prefix_length)) != 0) {
        return expected(slot, "a subnet whose bits after the prefix are 0");
    }
    uint32_t first = address >> 24;
    if (first == 0 || first == 127 || first >= 224) {
        return expected(slot, "a subnet of ordinary addresses, not 0/8, 127/8 or above 223");
    }
    *SCHEMA_AT(uint32_t, slot->base, slot->field->offset) = address;
    *SCHEMA_AT(uint32_t, slot->base, slot->field->beside) = prefix_length;
    return STATUS_OK;
}

static enum status read_extent(const struct slot *slot)
{
    const char *text = has_text(slot) ? slot->item->text : "";
    uint32_t width;
    uint32_t height;
    bool valid = small_number(&text, (uint32_t)slot->field->max, &width) && *text++ == 'x' &&
                 small_number(&text, (uint32_t)slot->field->max, &height) && *text == '\0';
    if (!valid || width < slot->field->min || height < slot->field->min) {
        char what[80];
        snprintf(what, sizeof what, "WIDTHxHEIGHT such as 640x480, each from %u to %u",
                 (unsigned)slot->field->min, (unsigned)slot->field->max);
        return expected(slot, what);
    }
    *SCHEMA_AT(uint32_t, slot->base, slot->field->offset) = width;
    *SCHEMA_AT(uint32_t, slot->base, slot->field->beside) = height;
    return STATUS_OK;
}

static bool number_is_valid(const char *text)
{
    const char *c = text + (*text == '-');
    if (strlen(text) > BOUND_MAX || !is_digit(*c)) {
        return false;
    }
    while (is_digit(*c)) {
        c++;
    }
    if (*c == '.' && is_digit(c[1])) {
        c++;
        while (is_digit(*c)) {
            c++;
        }
    }
    return *c == '\0';
}

static enum status read_bound(const struct slot *slot)
{
    if (!has_text(slot) || !number_is_valid(slot->item->text)) {
        return expected(slot, "a number such as 0.999");
    }
    LOCALE_NEUTRAL();
    struct scn_bound *bound = SCHEMA_AT(struct scn_bound, slot->base, slot->field->offset);
    bound->text = alloc_text(slot->item->text);
    bound->value = strtod(bound->text, NULL);
    return STATUS_OK;
}

/* Checks a list's or mapping's kind and number of entries. */
static enum status read_entries(const struct slot *slot, enum scn_item_kind kind, const char *what)
{
    if (slot->item->kind != kind) {
        return expected(slot, what);
    }
    uint32_t count = slot->item->child_count;
    if (count < slot->field->min || count > slot->field->max) {
        return item_error(slot->document, slot->item, NULL, slot->error, STATUS_INVALID,
                          "expected %u to %u entries, found %u", (unsigned)slot->field->min,
                          (unsigned)slot->field->max, count);
    }
    return STATUS_OK;
}

static enum status read_texts(const struct slot *slot)
{
    enum status status = read_entries(slot, SCN_ITEM_LIST, "a list of texts");
    uint32_t count = status == STATUS_OK ? slot->item->child_count : 0;
    if (count == 0) {
        return status;
    }
    char **texts = alloc_zeroed(count, sizeof *texts);
    *SCHEMA_AT(char **, slot->base, slot->field->offset) = texts;
    *SCHEMA_AT(uint32_t, slot->base, slot->field->beside) = count;
    for (uint32_t i = 0; i < count; i++) {
        struct slot entry = *slot;
        entry.item = slot->item->children[i];
        if (!has_text(&entry)) {
            return expected(&entry, "text (\"\" if it is to be empty)");
        }
        texts[i] = alloc_text(entry.item->text);
    }
    return STATUS_OK;
}

static enum status read_variables(const struct slot *slot)
{
    enum status status = read_entries(slot, SCN_ITEM_MAPPING, "a mapping of NAME: value");
    uint32_t count = status == STATUS_OK ? slot->item->child_count : 0;
    if (count == 0) {
        return status;
    }
    struct scn_variable *variables = alloc_zeroed(count, sizeof *variables);
    *SCHEMA_AT(struct scn_variable *, slot->base, slot->field->offset) = variables;
    *SCHEMA_AT(uint32_t, slot->base, slot->field->beside) = count;
    for (uint32_t i = 0; i < count; i++) {
        struct slot entry = *slot;
        entry.item = slot->item->children[i];
        const char *key = entry.item->key;
        bool valid = (is_letter(key[0]) || key[0] == '_') && strlen(key) <= SCN_NAME_MAX;
        for (const char *c = key; *c != '\0'; c++) {
            valid = valid && (is_letter(*c) || is_digit(*c) || *c == '_');
        }
        if (!valid) {
            char found[DOCUMENT_FOUND_MAX];
            text_found(key, found);
            return item_error(slot->document, entry.item, NULL, slot->error, STATUS_INVALID,
                              "expected a variable's name: a letter or '_', then letters, digits "
                              "and '_', 64 at most; found %s",
                              found);
        }
        if (strncmp(key, "DENALI_", 7) == 0) {
            return item_error(slot->document, entry.item, NULL, slot->error, STATUS_INVALID,
                              "expected another name: those that begin with DENALI_ are the "
                              "machine's own");
        }
        if (!has_text(&entry)) {
            return expected(&entry, "text (\"\" if it is to be empty)");
        }
        variables[i].name = alloc_text(key);
        variables[i].value = alloc_text(entry.item->text);
    }
    return STATUS_OK;
}

static enum status read_list(const struct slot *slot)
{
    enum status status = read_entries(slot, SCN_ITEM_LIST, "a list");
    uint32_t count = status == STATUS_OK ? slot->item->child_count : 0;
    if (count == 0) {
        return status;
    }
    const struct schema_section *section = slot->field->section;
    char *array = alloc_zeroed(count, section->size_bytes);
    *SCHEMA_AT(char *, slot->base, slot->field->offset) = array;
    *SCHEMA_AT(uint32_t, slot->base, slot->field->beside) = count;
    for (uint32_t i = 0; i < count && status == STATUS_OK; i++) {
        status = resolve_section(slot->document, section, slot->item->children[i],
                                 array + i * section->size_bytes, slot->error);
    }
    return status;
}

static enum status read_field(const struct slot *slot)
{
    switch (slot->field->kind) {
    case SCHEMA_NAME:
    case SCHEMA_TEXT:
    case SCHEMA_METRIC:
        return read_text(slot);
    case SCHEMA_PROGRAM:
        return read_program(slot);
    case SCHEMA_PATH:
        return has_text(slot) && slot->item->text[0] != '\0'
                   ? read_path(slot, "a file, relative to the scenario file")
                   : expected(slot, "a file");
    case SCHEMA_NUMBER:
    case SCHEMA_TIME:
    case SCHEMA_RATE:
    case SCHEMA_SIZE:
    case SCHEMA_FREQUENCY:
        return read_quantity(slot);
    case SCHEMA_BOOL:
        return read_bool(slot);
    case SCHEMA_CHOICE:
        return read_choice(slot);
    case SCHEMA_SET:
        return read_set(slot);
    case SCHEMA_SUBNET:
        return read_subnet(slot);
    case SCHEMA_EXTENT:
        return read_extent(slot);
    case SCHEMA_BOUND:
        return read_bound(slot);
    case SCHEMA_TEXTS:
        return read_texts(slot);
    case SCHEMA_VARIABLES:
        return read_variables(slot);
    case SCHEMA_INCLUDE:
    case SCHEMA_VALUES:
        return item_error(slot->document, slot->item, NULL, slot->error, STATUS_INVALID,
                          "expected this in a file: files are read before anything is set");
    case SCHEMA_SECTION:
        return resolve_section(slot->document, slot->field->section, slot->item,
                               SCHEMA_AT(char, slot->base, slot->field->offset), slot->error);
    case SCHEMA_LIST:
        return read_list(slot);
    }
    UNREACHABLE();
}

/* What the quantities of a section are when the file has nothing of it. */
static void set_absent(const struct schema_section *section, void *base)
{
    for (uint32_t i = 0; i < section->field_count; i++) {
        const struct schema_field *field = &section->fields[i];
        ASSERT(field->presence == SCHEMA_OPTIONAL || field->presence == SCHEMA_DERIVED);
        if (schema_is_quantity(field->kind)) {
            *SCHEMA_AT(uint64_t, base, field->offset) = field->absent;
        }
    }
}

/* What a field is when the file does not have it. */
static enum status read_absent(const struct slot *slot, const struct scn_item *mapping)
{
    const struct schema_field *field = slot->field;
    if (field->presence == SCHEMA_REQUIRED) {
        return item_error(slot->document, mapping, field->name, slot->error, STATUS_INVALID,
                          "expected this field, found none: it is required (%s)", field->meaning);
    }
    if (field->presence == SCHEMA_DEFAULT) {
        struct scn_item fallback = {.kind = SCN_ITEM_SCALAR, .text = (char *)field->fallback};
        struct slot filled = *slot;
        filled.item = &fallback;
        enum status status = read_field(&filled);
        ASSERT(status == STATUS_OK);
    } else if (schema_is_quantity(field->kind)) {
        *SCHEMA_AT(uint64_t, slot->base, field->offset) = field->absent;
    } else if (field->kind == SCHEMA_SECTION) {
        set_absent(field->section, SCHEMA_AT(char, slot->base, field->offset));
    }
    return STATUS_OK;
}

static enum status unknown_field(const struct scn_document *document,
                                 const struct schema_section *section, const struct scn_item *item,
                                 struct error *error)
{
    const char *names[32];
    ASSERT(section->field_count <= sizeof names / sizeof names[0]);
    for (uint32_t i = 0; i < section->field_count; i++) {
        names[i] = section->fields[i].name;
    }
    const char *nearest = nearest_word(item->key, names, section->field_count);
    if (nearest != NULL) {
        return item_error(document, item, NULL, error, STATUS_INVALID,
                          "expected a field of %s, found an unknown one; did you mean '%s'?",
                          section->title, nearest);
    }
    char list[512] = "";
    size_t length = 0;
    for (uint32_t i = 0; i < section->field_count; i++) {
        length += (size_t)snprintf(list + length, sizeof list - length, "%s%s", i == 0 ? "" : ", ",
                                   names[i]);
        ASSERT(length < sizeof list);
    }
    return item_error(document, item, NULL, error, STATUS_INVALID,
                      "expected one of %s; found an unknown field", list);
}

/* A field that only structs of other types have: says which those are, and what there is here. */
static enum status field_of_another_type(const struct scn_document *document,
                                         const struct schema_section *section,
                                         const struct schema_field *field,
                                         const struct scn_item *item, const void *base,
                                         struct error *error)
{
    const struct schema_field *type = schema_find(section, section->type_field);
    char owners[64] = "";
    char list[256] = "";
    size_t length = 0;
    for (uint32_t i = 0; i < type->choice_count; i++) {
        if ((field->types >> i & 1) != 0) {
            length += (size_t)snprintf(owners + length, sizeof owners - length, "%s'%s'",
                                       length == 0 ? "" : " or ", type->choices[i]);
            ASSERT(length < sizeof owners);
        }
    }
    length = 0;
    for (uint32_t i = 0; i < section->field_count; i++) {
        if (schema_applies(section, &section->fields[i], base)) {
            length += (size_t)snprintf(list + length, sizeof list - length, "%s%s",
                                       length == 0 ? "" : ", ", section->fields[i].name);
            ASSERT(length < sizeof list);
        }
    }
    return item_error(document, item, NULL, error, STATUS_INVALID,
                      "expected a field of type '%s', found one that only type %s has; there are "
                      "%s",
                      type->choices[*SCHEMA_OF(uint32_t, base, type->offset)], owners, list);
}

/* Every entry of a mapping is a field that its struct, of this type, has. */
static enum status check_fields(const struct scn_document *document,
                                const struct schema_section *section, const struct scn_item *item,
                                const void *base, struct error *error)
{
    for (uint32_t i = 0; i < item->child_count; i++) {
        const struct scn_item *child = item->children[i];
        const struct schema_field *field = schema_find(section, child->key);
        if (field == NULL) {
            return unknown_field(document, section, child, error);
        }
        if (base != NULL && !schema_applies(section, field, base)) {
            return field_of_another_type(document, section, field, child, base, error);
        }
    }
    return STATUS_OK;
}

enum status resolve_section(const struct scn_document *document,
                            const struct schema_section *section, const struct scn_item *item,
                            void *base, struct error *error)
{
    if (item->kind != SCN_ITEM_MAPPING) {
        struct slot slot = {document, NULL, item, base, error};
        return expected(&slot, "a mapping of fields");
    }
    enum status status = check_fields(document, section, item, NULL, error);
    const struct schema_field *type =
        section->type_field != NULL ? schema_find(section, section->type_field) : NULL;
    for (uint32_t i = 0; status == STATUS_OK && i <= section->field_count; i++) {
        /* The type first: which fields there are depends on it. */
        const struct schema_field *field = i == 0 ? type : &section->fields[i - 1];
        if (field == NULL || (i > 0 && field == type) ||
            (i > 0 && !schema_applies(section, field, base))) {
            continue;
        }
        struct slot slot = {document, field, item_child(item, field->name), base, error};
        status = slot.item != NULL ? read_field(&slot) : read_absent(&slot, item);
        if (status == STATUS_OK && i == 0) {
            status = check_fields(document, section, item, base, error);
        }
    }
    return status;
}

static void free_texts(char **texts, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        free(texts[i]);
    }
    free(texts);
}

static void free_variables(struct scn_variable *variables, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        free(variables[i].name);
        free(variables[i].value);
    }
    free(variables);
}

void schema_free(const struct schema_section *section, void *base)
{
    for (uint32_t i = 0; i < section->field_count; i++) {
        const struct schema_field *field = &section->fields[i];
        if (schema_is_text(field->kind)) {
            free(*SCHEMA_AT(char *, base, field->offset));
        } else if (field->kind == SCHEMA_BOUND) {
            free(SCHEMA_AT(struct scn_bound, base, field->offset)->text);
        } else if (field->kind == SCHEMA_SECTION) {
            schema_free(field->section, SCHEMA_AT(char, base, field->offset));
        } else if (field->kind == SCHEMA_TEXTS) {
            free_texts(*SCHEMA_AT(char **, base, field->offset),
                       *SCHEMA_AT(uint32_t, base, field->beside));
        } else if (field->kind == SCHEMA_VARIABLES) {
            free_variables(*SCHEMA_AT(struct scn_variable *, base, field->offset),
                           *SCHEMA_AT(uint32_t, base, field->beside));
        } else if (field->kind == SCHEMA_LIST) {
            char *array = *SCHEMA_AT(char *, base, field->offset);
            uint32_t count = *SCHEMA_AT(uint32_t, base, field->beside);
            for (uint32_t j = 0; j < count; j++) {
                schema_free(field->section, array + j * field->section->size_bytes);
            }
            free(array);
        }
    }
}
