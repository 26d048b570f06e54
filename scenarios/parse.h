/*
 * What document.c and override.c share: parsing a text into a tree, and changing a tree.
 */
#ifndef DENALI_SCENARIOS_PARSE_H
#define DENALI_SCENARIOS_PARSE_H

#include "document.h"

/* Parses a text into a tree of the document's (its root may be of any kind). option, owned by the
 * document, marks the items of an override; NULL: they are the file's. */
enum status parse_tree(struct scn_document *document, const char *name, const char *option,
                       const char *text, size_t size_bytes, struct scn_item **root,
                       struct error *error) MUST_USE;

/* Take over the child. */
void item_append(struct scn_item *parent, struct scn_item *child);
void item_replace(struct scn_item *parent, uint32_t index, struct scn_item *child);

#endif
