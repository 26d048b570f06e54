/*
 * Finding items of a document, and saying where an item stands and what was found there.
 */
#include "document.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct scn_item *item_child(const struct scn_item *mapping, const char *key)
{
    if (mapping->kind != SCN_ITEM_MAPPING) {
        return NULL;
    }
    for (uint32_t i = 0; i < mapping->child_count; i++) {
        if (strcmp(mapping->children[i]->key, key) == 0) {
            return mapping->children[i];
        }
    }
    return NULL;
}

/* The text of a list item's `name`, or NULL. */
static const char *member_name(const struct scn_item *item)
{
    const struct scn_item *name = item_child(item, "name");
    return name != NULL && name->kind == SCN_ITEM_SCALAR && name->text[0] != '\0' ? name->text
                                                                                  : NULL;
}

struct scn_item *item_member(const struct scn_item *list, const char *name_or_number)
{
    if (list->kind != SCN_ITEM_LIST) {
        return NULL;
    }
    for (uint32_t i = 0; i < list->child_count; i++) {
        const char *name = member_name(list->children[i]);
        if (name != NULL && strcmp(name, name_or_number) == 0) {
            return list->children[i];
        }
    }
    uint32_t number = 0;
    for (const char *digit = name_or_number; *digit != '\0'; digit++) {
        if (*digit < '0' || *digit > '9' || number > DOCUMENT_CHILDREN_MAX) {
            return NULL;
        }
        number = number * 10 + (uint32_t)(*digit - '0');
    }
    return name_or_number[0] != '\0' && number < list->child_count ? list->children[number] : NULL;
}

bool item_is_null(const struct scn_item *item)
{
    static const char *const words[] = {"", "~", "null", "Null", "NULL"};
    if (item->kind != SCN_ITEM_SCALAR || !item->plain) {
        return false;
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(item->text, words[i]) == 0) {
            return true;
        }
    }
    return false;
}

const struct scn_item *document_find(const struct scn_document *document, const char *path)
{
    const struct scn_item *item = document->root;
    char segment[DOCUMENT_PATH_MAX];
    while (*path != '\0') {
        size_t length = strcspn(path, ".");
        if (length >= sizeof segment) {
            return item;
        }
        memcpy(segment, path, length);
        segment[length] = '\0';
        const struct scn_item *next =
            item->kind == SCN_ITEM_LIST ? item_member(item, segment) : item_child(item, segment);
        if (next == NULL) {
            return item;
        }
        item = next;
        path += length + (path[length] == '.');
    }
    return item;
}

void text_found(const char *text, char found[DOCUMENT_FOUND_MAX])
{
    const size_t end = DOCUMENT_FOUND_MAX - 5; /* what follows: dots, quote, NUL */
    size_t out = 0;
    found[out++] = '\'';
    for (const char *c = text; *c != '\0'; c++) {
        bool between = ((unsigned char)*c & 0xc0) != 0x80; /* characters, never inside one ... */
        if (out + 3 >= end && (between || out == end)) {   /* ... if it is UTF-8 at all */
            memcpy(found + out, "...", 3);
            out += 3;
            break;
        }
        found[out++] = (unsigned char)*c < 0x20 || *c == 0x7f ? '?' : *c;
    }
    found[out++] = '\'';
    found[out] = '\0';
}

void item_found(const struct scn_item *item, char found[DOCUMENT_FOUND_MAX])
{
    switch (item->kind) {
    case SCN_ITEM_LIST:
        snprintf(found, DOCUMENT_FOUND_MAX, "a list");
        break;
    case SCN_ITEM_MAPPING:
        snprintf(found, DOCUMENT_FOUND_MAX, "a mapping");
        break;
    case SCN_ITEM_SCALAR:
        if (item_is_null(item)) {
            snprintf(found, DOCUMENT_FOUND_MAX, "nothing");
        } else {
            text_found(item->text, found);
        }
        break;
    }
}

/* Puts a segment in front of a path that ends at the end of the buffer. */
static void prepend(char path[DOCUMENT_PATH_MAX], size_t *start, const char *segment)
{
    size_t length = strlen(segment);
    size_t cut = length > 64 ? 64 : length;
    while (cut < length && cut > 0 && ((unsigned char)segment[cut] & 0xc0) == 0x80) {
        cut--; /* whole characters only */
    }
    if (*start < cut + 2) {
        return;
    }
    if (path[*start] != '\0') {
        path[--*start] = '.';
    }
    *start -= cut;
    for (size_t i = 0; i < cut; i++) {
        path[*start + i] = (unsigned char)segment[i] < 0x20 ? '?' : segment[i];
    }
}

void item_path(const struct scn_item *item, char path[DOCUMENT_PATH_MAX])
{
    size_t start = DOCUMENT_PATH_MAX - 1;
    path[start] = '\0';
    for (; item->parent != NULL; item = item->parent) {
        if (item->key != NULL) {
            prepend(path, &start, item->key);
            continue;
        }
        const char *name = member_name(item);
        if (name != NULL) {
            prepend(path, &start, name);
            continue;
        }
        uint32_t index = 0;
        while (item->parent->children[index] != item) {
            index++;
        }
        char number[16];
        snprintf(number, sizeof number, "%u", index);
        prepend(path, &start, number);
    }
    memmove(path, path + start, DOCUMENT_PATH_MAX - start);
}

const char *item_file(const struct scn_document *document, const struct scn_item *item)
{
    return item->option != NULL   ? item->option
           : item->source != NULL ? item->source->path
                                  : document->path;
}

const char *item_directory(const struct scn_document *document, const struct scn_item *item)
{
    return item->source != NULL ? item->source->directory : document->directory;
}

enum status item_error(const struct scn_document *document, const struct scn_item *item,
                       const char *field, struct error *error, enum status status,
                       const char *format, ...)
{
    char path[DOCUMENT_PATH_MAX];
    char message[512];
    item_path(item, path);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    const char *file = item_file(document, item);
    const char *dot = field != NULL && path[0] != '\0' ? "." : "";
    const char *colon = field != NULL || path[0] != '\0' ? ": " : "";
    const struct scn_item *value = field != NULL ? item_child(item, field) : item;
    bool given = value != NULL && value->parameter != NULL;
    return error_set(error, status, file, item->option != NULL ? 0 : item->line, "%s%s%s%s%s%s%s%s",
                     path, dot, field != NULL ? field : "", colon, message,
                     given ? " (parameter " : "", given ? value->parameter : "", given ? ")" : "");
}
