/*
 * What document.c and override.c share: parsing a text into a tree, and changing a tree.
 */
#ifndef DENALI_SCENARIOS_PARSE_H
#define DENALI_SCENARIOS_PARSE_H

#include "document.h"

/* Where a text comes from: both are the document's. */
struct parse_origin {
    const char *option;              /* the override that it is the value of; NULL: it is a file */
    const struct scn_source *source; /* the included file; NULL: the scenario's own, or an option */
};

/* Parses a text into a tree of the document's (its root may be of any kind). name is what messages
 * call the text. */
enum status parse_tree(struct scn_document *document, const char *name, struct parse_origin origin,
                       const char *text, size_t size_bytes, struct scn_item **root,
                       struct error *error) MUST_USE;

/* An error if the root of a file is no mapping. */
enum status parse_root_check(const struct scn_item *root, const char *path,
                             struct error *error) MUST_USE;

/* Frees an item and all in it; takes NULL. */
void item_destroy(struct scn_item *item);
/* Takes the child out of its parent and hands it over. */
struct scn_item *item_remove(struct scn_item *parent, uint32_t index);

/* Takes over the child. */
void item_append(struct scn_item *parent, struct scn_item *child);

/* Takes an item of the tree out of it; the document keeps it, for the parameters that it uses. */
void document_drop(struct scn_document *document, struct scn_item *item);
/* The same, with another, which is taken over, in its place. */
void document_replace(struct scn_document *document, struct scn_item *item, struct scn_item *other);

#endif
