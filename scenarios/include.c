/*
 * Includes: a scenario that builds on others. What is included is read where it is named, relative
 * to the file that names it, and merged in order; the file that includes has the last word. A file
 * counts once, where it is first included: two files may build on a third.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "parse.h"

#define FILES_MAX 64
#define DEPTH_MAX 8

/* --- merging ---------------------------------------------------------------------------------- */

static uint32_t index_of(const struct scn_item *parent, const struct scn_item *child)
{
    uint32_t index = 0;
    while (parent->children[index] != child) {
        index++;
    }
    return index;
}

static const char *name_of(const struct scn_item *entry)
{
    const struct scn_item *name = item_child(entry, "name");
    return name != NULL && name->kind == SCN_ITEM_SCALAR ? name->text : NULL;
}

/* Of a list's first `count` entries the one that has the name of this one, or NULL. */
static struct scn_item *namesake(const struct scn_item *list, uint32_t count,
                                 const struct scn_item *entry)
{
    for (uint32_t i = 0; i < count; i++) {
        const char *name = name_of(list->children[i]);
        if (name != NULL && strcmp(name, name_of(entry)) == 0) {
            return list->children[i];
        }
    }
    return NULL;
}

/* Do all entries have names, so that they can be told from each other? */
static bool is_named(const struct scn_item *list)
{
    for (uint32_t i = 0; i < list->child_count; i++) {
        if (name_of(list->children[i]) == NULL) {
            return false;
        }
    }
    return list->child_count > 0;
}

static enum status merge(struct scn_document *document, struct scn_item *base,
                         struct scn_item *over, struct error *error);

/* Puts one entry of a mapping or list over that of the base's first `count`, or beside them. Takes
 * it. */
static enum status merge_child(struct scn_document *document, struct scn_item *base, uint32_t count,
                               struct scn_item *child, struct error *error)
{
    bool in_mapping = base->kind == SCN_ITEM_MAPPING;
    struct scn_item *below =
        in_mapping ? item_child(base, child->key) : namesake(base, count, child);
    if (below == NULL && base->child_count >= DOCUMENT_CHILDREN_MAX) {
        enum status status =
            error_set(error, STATUS_INVALID, item_file(document, child), child->line,
                      "expected at most %d entries in a list or mapping, with those included",
                      DOCUMENT_CHILDREN_MAX);
        item_destroy(child);
        return status;
    }
    if (below == NULL) {
        item_append(base, child);
        return STATUS_OK;
    }
    if (in_mapping && item_is_null(child)) { /* `field: ~` takes away what is included */
        document_drop(document, below);
        item_destroy(child);
        return STATUS_OK;
    }
    bool both = below->kind == child->kind &&
                (child->kind == SCN_ITEM_MAPPING ||
                 (child->kind == SCN_ITEM_LIST && is_named(below) && is_named(child)));
    if (!both) {
        document_replace(document, below, child);
        return STATUS_OK;
    }
    return merge(document, below, child, error);
}

/* Merges two mappings, or two lists of named entries, into the first. Takes the second. */
static enum status merge(struct scn_document *document, struct scn_item *base,
                         struct scn_item *over, struct error *error)
{
    enum status status = STATUS_OK;
    uint32_t count = base->child_count;
    for (uint32_t i = 0; i < over->child_count; i++) {
        if (status == STATUS_OK) {
            status = merge_child(document, base, count, over->children[i], error);
        } else {
            item_destroy(over->children[i]);
        }
    }
    over->child_count = 0;
    item_destroy(over);
    return status;
}

/* --- reading ---------------------------------------------------------------------------------- */

static enum status expand(struct scn_document *document, struct scn_item **root, int depth,
                          struct error *error);

/* The file of that identity, if it was met before. */
static struct scn_source *source_find(const struct scn_document *document, const char *identity)
{
    for (uint32_t i = 0; i < document->source_count; i++) {
        if (strcmp(document->sources[i]->identity, identity) == 0) {
            return document->sources[i];
        }
    }
    return NULL;
}

static struct scn_source *source_add(struct scn_document *document, const char *path,
                                     const char *identity)
{
    struct scn_source *source = alloc_zeroed(1, sizeof *source);
    source->path = alloc_text(path);
    source->directory = document_directory(path);
    source->identity = alloc_text(identity);
    source->open = true;
    document->sources =
        alloc_grow(document->sources, document->source_count + 1, sizeof *document->sources);
    document->sources[document->source_count++] = source;
    return source;
}

static enum status read_source(struct scn_document *document, struct scn_source *source, int depth,
                               struct scn_item **root, struct error *error)
{
    char *text;
    size_t size_bytes;
    enum status status = document_text(source->path, &text, &size_bytes, error);
    if (status != STATUS_OK) {
        return status;
    }
    status = parse_tree(document, source->path, (struct parse_origin){.source = source}, text,
                        size_bytes, root, error);
    free(text);
    if (status == STATUS_OK) {
        status = parse_root_check(*root, source->path, error);
    }
    if (status == STATUS_OK) {
        status = expand(document, root, depth + 1, error);
    }
    source->open = false;
    return status;
}

/* One file that `item` names, with all that it includes; *root stays NULL if it was read before. */
static enum status include(struct scn_document *document, const struct scn_item *item, int depth,
                           struct scn_item **root, struct error *error)
{
    char path[PATH_MAX];
    char identity[PATH_MAX];
    char found[DOCUMENT_FOUND_MAX];
    item_found(item, found);
    if (item->kind != SCN_ITEM_SCALAR || item_is_null(item) || item->text[0] == '\0') {
        return item_error(document, item, NULL, error, STATUS_INVALID,
                          "expected a scenario file, relative to this one; found %s", found);
    }
    const char *directory = item_directory(document, item);
    bool bare = item->text[0] == '/' || strcmp(directory, ".") == 0;
    int length = bare ? snprintf(path, sizeof path, "%s", item->text)
                      : snprintf(path, sizeof path, "%s/%s", directory, item->text);
    if (length >= (int)sizeof path || realpath(path, identity) == NULL) {
        return item_error(document, item, NULL, error, STATUS_NOT_FOUND,
                          "expected a scenario file, relative to this one; there is no file %.300s",
                          length < (int)sizeof path ? path : "of so long a name");
    }
    struct stat info;
    if (stat(identity, &info) != 0 || !S_ISREG(info.st_mode)) {
        return item_error(document, item, NULL, error, STATUS_INVALID,
                          "expected a scenario file, relative to this one; %.300s is not a file",
                          path);
    }
    const struct scn_source *before = source_find(document, identity);
    if (before != NULL && !before->open) {
        return STATUS_OK;
    }
    if (before != NULL) {
        return item_error(document, item, NULL, error, STATUS_INVALID,
                          "expected a file that does not include this one, found %s: the includes "
                          "go round in a circle",
                          found);
    }
    if (depth >= DEPTH_MAX || document->source_count >= FILES_MAX) {
        return item_error(document, item, NULL, error, STATUS_INVALID,
                          "expected at most %d files, and files in files at most %d deep",
                          FILES_MAX, DEPTH_MAX);
    }
    return read_source(document, source_add(document, path, identity), depth, root, error);
}

/* Puts the tree of a file over those that it includes. */
static enum status expand(struct scn_document *document, struct scn_item **root, int depth,
                          struct error *error)
{
    struct scn_item *list = item_child(*root, "include");
    if (list == NULL) {
        return STATUS_OK;
    }
    struct scn_item *base = NULL;
    enum status status = STATUS_OK;
    uint32_t count = list->kind == SCN_ITEM_LIST ? list->child_count : 1;
    for (uint32_t i = 0; i < count && status == STATUS_OK; i++) {
        struct scn_item *tree = NULL;
        status = include(document, list->kind == SCN_ITEM_LIST ? list->children[i] : list, depth,
                         &tree, error);
        if (base == NULL || status != STATUS_OK) {
            item_destroy(status != STATUS_OK ? tree : NULL);
            base = status != STATUS_OK ? base : tree;
        } else if (tree != NULL) {
            status = merge(document, base, tree, error);
        }
    }
    item_destroy(item_remove(*root, index_of(*root, list)));
    if (status != STATUS_OK || base == NULL) {
        item_destroy(base);
        return status;
    }
    status = merge(document, base, *root, error);
    *root = base;
    return status;
}

enum status document_include(struct scn_document *document, struct error *error)
{
    char identity[PATH_MAX];
    if (item_child(document->root, "include") == NULL) {
        return STATUS_OK;
    }
    /* The scenario itself, so that a file that includes it is seen to go round. */
    if (realpath(document->path, identity) != NULL) {
        source_add(document, document->path, identity);
    }
    return expand(document, &document->root, 0, error);
}
