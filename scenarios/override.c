/*
 * Overrides: "path=value" changes the document before anything is validated, so that what comes
 * from the command line is held to the same rules as what comes from the file.
 */
#include "document.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/nearest.h"
#include "parse.h"

/* A copy of the option's text that lives as long as the document. */
static const char *option_keep(struct scn_document *document, const char *option)
{
    document->options =
        alloc_grow(document->options, document->option_count + 1, sizeof *document->options);
    char *kept = alloc_text(option);
    document->options[document->option_count++] = kept;
    return kept;
}

/* The names of a list's items, so that a slip can be shown the nearest. */
static const char *nearest_member(const struct scn_item *list, const char *name)
{
    const char *names[DOCUMENT_CHILDREN_MAX];
    size_t count = 0;
    if (name[strspn(name, "0123456789")] == '\0') {
        return NULL; /* a number, which no name is near to */
    }
    for (uint32_t i = 0; i < list->child_count; i++) {
        const struct scn_item *child = item_child(list->children[i], "name");
        if (child != NULL && child->kind == SCN_ITEM_SCALAR) {
            names[count++] = child->text;
        }
    }
    return nearest_word(name, names, count);
}

static enum status no_member(const struct scn_item *list, const char *segment, const char *option,
                             struct error *error)
{
    char path[DOCUMENT_PATH_MAX];
    char found[DOCUMENT_FOUND_MAX];
    item_path(list, path);
    text_found(segment, found);
    const char *nearest = nearest_member(list, segment);
    if (nearest != NULL) {
        char near[DOCUMENT_FOUND_MAX];
        text_found(nearest, near);
        return error_set(error, STATUS_INVALID, option, 0,
                         "expected an item of %s, found %s; did you mean %s?", path, found, near);
    }
    return error_set(error, STATUS_INVALID, option, 0,
                     "expected an item of %s by its name or its number (0 to %u), found %s", path,
                     list->child_count == 0 ? 0 : list->child_count - 1, found);
}

/* The child that a segment names; made, as an empty mapping, where a mapping lacks it. */
static enum status step(struct scn_document *document, struct scn_item **item, const char *segment,
                        const char *option, struct error *error)
{
    struct scn_item *parent = *item;
    if (parent->kind == SCN_ITEM_SCALAR) {
        char path[DOCUMENT_PATH_MAX];
        item_path(parent, path);
        return error_set(error, STATUS_INVALID, option, 0,
                         "expected a path to a field, found that %s is a single value", path);
    }
    if (parent->kind == SCN_ITEM_LIST) {
        *item = item_member(parent, segment);
        return *item != NULL ? STATUS_OK : no_member(parent, segment, option, error);
    }
    *item = item_child(parent, segment);
    if (*item != NULL) {
        return STATUS_OK;
    }
    if (parent->child_count >= DOCUMENT_CHILDREN_MAX ||
        document->item_count >= DOCUMENT_ITEMS_MAX) {
        return error_set(error, STATUS_INVALID, option, 0,
                         "expected a scenario, found too many values");
    }
    struct scn_item *made = alloc_zeroed(1, sizeof *made);
    made->kind = SCN_ITEM_MAPPING;
    made->option = option;
    made->key = alloc_text(segment);
    document->item_count++;
    item_append(parent, made);
    *item = made;
    return STATUS_OK;
}

/* A scalar that is text and nothing else. */
static struct scn_item *text_item(struct scn_document *document, const char *text,
                                  const char *option)
{
    struct scn_item *item = alloc_zeroed(1, sizeof *item);
    item->kind = SCN_ITEM_SCALAR;
    item->option = option;
    item->text = alloc_text(text);
    document->item_count++;
    return item;
}

/* What a path names, made where mappings lack it. */
static enum status place(struct scn_document *document, const char *path, const char *option,
                         struct scn_item **item, struct error *error)
{
    const char *rest = path;
    *item = document->root;
    for (int depth = 0;; depth++) {
        size_t length = strcspn(rest, ".");
        char segment[DOCUMENT_PATH_MAX];
        if (length == 0 || length >= sizeof segment || depth >= DOCUMENT_DEPTH_MAX) {
            return error_set(error, STATUS_INVALID, option, 0,
                             "expected a path such as groups.peers.count before the '='");
        }
        memcpy(segment, rest, length);
        segment[length] = '\0';
        enum status status = step(document, item, segment, option, error);
        if (status != STATUS_OK) {
            return status;
        }
        rest += length;
        if (*rest == '\0') {
            return STATUS_OK;
        }
        rest++;
    }
}

static void replace(struct scn_document *document, struct scn_item *item, struct scn_item *value)
{
    value->key = item->key != NULL ? alloc_text(item->key) : NULL;
    document_replace(document, item, value);
}

enum status document_set(struct scn_document *document, const char *path, const char *value,
                         const char *option_text, struct error *error)
{
    const char *option = option_keep(document, option_text);
    struct scn_item *item;
    struct scn_item *root = NULL;
    enum status status = place(document, path, option, &item, error);
    if (status == STATUS_OK && value[0] == '\0') {
        root = text_item(document, "", option);
    } else if (status == STATUS_OK) {
        status = parse_tree(document, option, (struct parse_origin){.option = option}, value,
                            strlen(value), &root, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    bool was_there = item->option != option;
    if (was_there && item->parent->kind == SCN_ITEM_MAPPING && item_is_null(root)) {
        document_drop(document, item);
        item_destroy(root);
    } else {
        replace(document, item, root);
    }
    return status;
}

enum status document_set_text(struct scn_document *document, const char *path, const char *text,
                              const char *option_text, struct error *error)
{
    const char *option = option_keep(document, option_text);
    struct scn_item *item;
    enum status status = place(document, path, option, &item, error);
    if (status == STATUS_OK) {
        replace(document, item, text_item(document, text, option));
    }
    return status;
}
