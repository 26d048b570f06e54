/*
 * Parameters: values with a name, put in place of ${param.NAME} wherever a single value stands.
 * What a value is, its unit and its bounds, is the business of the field it comes to; here it is
 * text.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/nearest.h"
#include "parse.h"
#include "resolve.h"
#include "scenarios/scenario.h"

#define MARK         "${param."
#define EXPANDED_MAX SCN_BYTES_MAX /* bytes of all texts that hold values, together */

/* A document whose parameters are being put in place. */
struct parameters {
    const struct scn_document *document;
    const struct scn_item *defined; /* the mapping; NULL: there is none */
    uint32_t count;                 /* of them, those that may be used: all, or those above */
    bool used[DOCUMENT_CHILDREN_MAX];
    size_t expanded_bytes;
    struct error *error;
};

/* The next reference in a text, or NULL. "$$" is a dollar sign of its own, as in templates. */
static const char *reference_find(const char *text)
{
    for (; *text != '\0'; text++) {
        if (text[0] == '$' && text[1] == '$') {
            text++;
        } else if (strncmp(text, MARK, sizeof MARK - 1) == 0) {
            return text;
        }
    }
    return NULL;
}

static enum status unknown(const struct parameters *parameters, const struct scn_item *item,
                           const char *name)
{
    const char *names[DOCUMENT_CHILDREN_MAX];
    char found[DOCUMENT_FOUND_MAX];
    for (uint32_t i = 0; i < parameters->count; i++) {
        names[i] = parameters->defined->children[i]->key;
    }
    const char *nearest = nearest_word(name, names, parameters->count);
    text_found(name, found);
    if (parameters->defined != NULL && parameters->count < parameters->defined->child_count) {
        return item_error(parameters->document, item, NULL, parameters->error, STATUS_INVALID,
                          "expected a parameter that is defined above this one, found %s", found);
    }
    return item_error(parameters->document, item, NULL, parameters->error, STATUS_INVALID,
                      "expected a parameter of the scenario, found %s%s%s%s", found,
                      nearest != NULL     ? "; did you mean '"
                      : parameters->count ? ""
                                          : ": it has no `parameters`",
                      nearest != NULL ? nearest : "", nearest != NULL ? "'?" : "");
}

/* The parameter that a reference at `from`, up to its brace at `end`, names; or NULL. */
static const struct scn_item *find(struct parameters *parameters, const char *from, const char *end,
                                   char name[SCN_NAME_MAX + 1])
{
    size_t length = (size_t)(end - from);
    size_t kept = length < SCN_NAME_MAX ? length : SCN_NAME_MAX;
    memcpy(name, from, kept);
    name[kept] = '\0';
    for (uint32_t i = 0; length <= SCN_NAME_MAX && i < parameters->count; i++) {
        if (strcmp(parameters->defined->children[i]->key, name) == 0) {
            parameters->used[i] = true;
            return parameters->defined->children[i];
        }
    }
    return NULL;
}

/* The same for an item that needs the value: messages about it will say where that is from. */
static enum status lookup(struct parameters *parameters, struct scn_item *item, const char *from,
                          const char *end, const char **value)
{
    char name[SCN_NAME_MAX + 1];
    const struct scn_item *parameter = find(parameters, from, end, name);
    if (parameter == NULL) {
        return unknown(parameters, item, name);
    }
    char note[DOCUMENT_PATH_MAX];
    const char *file = item_file(parameters->document, parameter);
    if (parameter->option != NULL) {
        snprintf(note, sizeof note, "%s: %.128s", name, file);
    } else {
        snprintf(note, sizeof note, "%s: %.128s:%d", name, file, parameter->line);
    }
    free(item->parameter);
    item->parameter = alloc_text(note);
    *value = parameter->text;
    return STATUS_OK;
}

/* Counts what a replaced item says as used: its parameters need not be taken away with it. */
static void count_used(struct parameters *parameters, const struct scn_item *item)
{
    const char *reference = item->kind == SCN_ITEM_SCALAR ? reference_find(item->text) : NULL;
    while (reference != NULL) {
        char name[SCN_NAME_MAX + 1];
        const char *from = reference + sizeof MARK - 1;
        const char *end = from + strcspn(from, "}");
        find(parameters, from, end, name);
        reference = reference_find(end);
    }
    for (uint32_t i = 0; i < item->child_count; i++) {
        count_used(parameters, item->children[i]);
    }
}

/* Puts the values into one text. */
static enum status substitute(struct parameters *parameters, struct scn_item *item)
{
    const char *rest = item->text;
    const char *reference = reference_find(rest);
    char *result = NULL;
    size_t length = 0;
    enum status status = STATUS_OK;
    if (reference == NULL) {
        return STATUS_OK;
    }
    for (; reference != NULL && status == STATUS_OK; reference = reference_find(rest)) {
        const char *name = reference + sizeof MARK - 1;
        const char *end = strchr(name, '}');
        const char *value = "";
        if (end == NULL) {
            char found[DOCUMENT_FOUND_MAX];
            text_found(reference, found);
            status = item_error(parameters->document, item, NULL, parameters->error, STATUS_INVALID,
                                "expected '}' after the parameter's name, found %s", found);
            break;
        }
        status = lookup(parameters, item, name, end, &value);
        size_t before = (size_t)(reference - rest);
        size_t value_bytes = strlen(value);
        if (status == STATUS_OK &&
            before + value_bytes > EXPANDED_MAX - parameters->expanded_bytes) {
            status = item_error(parameters->document, item, NULL, parameters->error, STATUS_INVALID,
                                "expected parameters that make at most %u bytes of text in all",
                                EXPANDED_MAX);
        }
        if (status == STATUS_OK) {
            parameters->expanded_bytes += before + value_bytes;
            result = alloc_grow(result, length + before + value_bytes + 1, 1);
            memcpy(result + length, rest, before);
            memcpy(result + length + before, value, value_bytes);
            length += before + value_bytes;
            rest = end + 1;
        }
    }
    if (status != STATUS_OK) {
        free(result);
        return status;
    }
    size_t left = strlen(rest);
    result = alloc_grow(result, length + left + 1, 1);
    memcpy(result + length, rest, left + 1);
    free(item->text);
    item->text = result;
    item->plain = false; /* a value that is empty is an empty text, not nothing at all */
    return reference_find(result) == NULL
               ? STATUS_OK
               : item_error(parameters->document, item, NULL, parameters->error, STATUS_INVALID,
                            "expected values that do not make another " MARK "...}");
}

static enum status walk(struct parameters *parameters, struct scn_item *item)
{
    if (item == parameters->defined) {
        return STATUS_OK;
    }
    enum status status = item->kind == SCN_ITEM_SCALAR ? substitute(parameters, item) : STATUS_OK;
    for (uint32_t i = 0; i < item->child_count && status == STATUS_OK; i++) {
        status = walk(parameters, item->children[i]);
    }
    return status;
}

/* Names and values; a value may use those above it. */
static enum status define(struct parameters *parameters)
{
    const struct scn_item *defined = parameters->defined;
    char found[DOCUMENT_FOUND_MAX];
    if (defined->kind != SCN_ITEM_MAPPING) {
        item_found(defined, found);
        return item_error(parameters->document, defined, NULL, parameters->error, STATUS_INVALID,
                          "expected a mapping of names to values, found %s", found);
    }
    for (uint32_t i = 0; i < defined->child_count; i++) {
        struct scn_item *item = defined->children[i];
        if (!name_is_valid(item->key)) {
            text_found(item->key, found);
            return item_error(parameters->document, item, NULL, parameters->error, STATUS_INVALID,
                              "expected a name: a letter, then letters, digits, '-' and '_', 64 at "
                              "most; found %s",
                              found);
        }
        if (item->kind != SCN_ITEM_SCALAR || item_is_null(item)) {
            item_found(item, found);
            return item_error(parameters->document, item, NULL, parameters->error, STATUS_INVALID,
                              "expected a single value, found %s", found);
        }
        enum status status = substitute(parameters, item);
        if (status != STATUS_OK) {
            return status;
        }
        parameters->count = i + 1;
    }
    return STATUS_OK;
}

static enum status check_used(const struct parameters *parameters)
{
    for (uint32_t i = 0; i < parameters->count; i++) {
        const struct scn_item *item = parameters->defined->children[i];
        if (parameters->used[i]) {
            continue;
        }
        const char *names[DOCUMENT_CHILDREN_MAX];
        uint32_t others = 0;
        for (uint32_t j = 0; j < parameters->count; j++) {
            if (parameters->used[j]) {
                names[others++] = parameters->defined->children[j]->key;
            }
        }
        const char *nearest = nearest_word(item->key, names, others);
        return item_error(parameters->document, item, NULL, parameters->error, STATUS_INVALID,
                          "expected a parameter that the scenario uses; nothing in it says " MARK
                          "%.64s}%s%s%s",
                          item->key, nearest != NULL ? "; did you mean '" : "",
                          nearest != NULL ? nearest : "", nearest != NULL ? "'?" : "");
    }
    return STATUS_OK;
}

enum status document_parameters(struct scn_document *document, struct error *error)
{
    struct scn_item *defined = item_child(document->root, "parameters");
    struct parameters *parameters = alloc_zeroed(1, sizeof *parameters);
    parameters->document = document;
    parameters->defined = defined;
    parameters->error = error;
    enum status status = defined != NULL ? define(parameters) : STATUS_OK;
    if (status == STATUS_OK) {
        status = walk(parameters, document->root);
    }
    for (uint32_t i = 0; i < document->replaced_count && status == STATUS_OK; i++) {
        count_used(parameters, document->replaced[i]);
    }
    if (status == STATUS_OK) {
        status = check_used(parameters);
    }
    if (status == STATUS_OK && defined != NULL) {
        uint32_t index = 0;
        while (document->root->children[index] != defined) {
            index++;
        }
        item_destroy(item_remove(document->root, index));
    }
    free(parameters);
    return status;
}
