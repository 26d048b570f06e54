/*
 * The YAML document under a scenario: a tree of items that remember where each came from. Built
 * from libyaml's events, within bounds that no input can pass; changed by overrides; then read by
 * resolve.c against the schema. Knows YAML and places, nothing of what the fields mean.
 *
 * Bounds: SCN_BYTES_MAX of text, DOCUMENT_* of structure. Anchors, aliases, tags and second
 * documents are refused, so a document's size is never more than its text's.
 *
 * Ownership: a document owns its items and every string in them.
 */
#ifndef DENALI_SCENARIOS_DOCUMENT_H
#define DENALI_SCENARIOS_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

#define DOCUMENT_DEPTH_MAX    12
#define DOCUMENT_ITEMS_MAX    65536
#define DOCUMENT_CHILDREN_MAX 1024 /* of one list or mapping */
#define DOCUMENT_PATH_MAX     256  /* bytes of a field's path in a message */
#define DOCUMENT_FOUND_MAX    64   /* bytes of a found value in a message */

enum scn_item_kind { SCN_ITEM_SCALAR, SCN_ITEM_LIST, SCN_ITEM_MAPPING };

/* A file that another one includes. */
struct scn_source {
    char *path;      /* as messages call it */
    char *directory; /* for relative paths in it */
    char *identity;  /* absolute, without links */
    bool open;       /* being read: who includes it now goes round in a circle */
};

struct scn_item {
    enum scn_item_kind kind;
    int line;           /* from 1 */
    const char *option; /* the override it came from; NULL: a file. Owned by the document */
    const struct scn_source *source; /* the included file it stands in; NULL: the scenario's own */
    struct scn_item *parent;
    char *key;       /* in a mapping */
    char *text;      /* of a scalar, without NUL bytes inside */
    bool plain;      /* of a scalar: not quoted, so that nothing at all means nothing */
    char *parameter; /* the last one in its text, and where its value is from; NULL: none */
    struct scn_item **children;
    uint32_t child_count;
    uint32_t child_capacity;
};

struct scn_document {
    char *path;      /* as given */
    char *directory; /* of the file, for relative paths */
    struct scn_item *root;
    uint32_t item_count;
    char **options; /* texts of overrides */
    uint32_t option_count;
    struct scn_source **sources; /* files that were included */
    uint32_t source_count;
    struct scn_item **replaced; /* what an including file or an override took the place of */
    uint32_t replaced_count;
};

/* Parses text; the root is a mapping. *document is set only on STATUS_OK. */
enum status document_parse(struct scn_document **document, const char *path, const char *text,
                           size_t size_bytes, struct error *error) MUST_USE;
/* Reads a file of at most SCN_BYTES_MAX and parses it. */
enum status document_read(struct scn_document **document, const char *path,
                          struct error *error) MUST_USE;
/* Reads a file of at most SCN_BYTES_MAX. The caller frees *text. */
enum status document_text(const char *path, char **text, size_t *size_bytes,
                          struct error *error) MUST_USE;
/* The folder that a path names its file in; the caller frees it. */
char *document_directory(const char *path);
/* Takes NULL. */
void document_destroy(struct scn_document *document);

/*
 * Reads what the document includes, files in files, and merges it all into one tree
 * (docs/scenario.md, "Includes"): fields of mappings one by one, entries of lists by their names,
 * what includes over what is included. Afterwards nothing says `include` any more.
 */
enum status document_include(struct scn_document *document, struct error *error) MUST_USE;

/* Puts the values of `parameters` in place of ${param.NAME}, everywhere, and drops them: each that
 * is used is defined, and each that is defined is used, if only in what was replaced. */
enum status document_parameters(struct scn_document *document, struct error *error) MUST_USE;

/* Replaces or adds what path addresses by a YAML value, or takes it away if that is `~`; option
 * says where it came from. */
enum status document_set(struct scn_document *document, const char *path, const char *value,
                         const char *option, struct error *error) MUST_USE;

/* The same with a text that is taken as it stands. */
enum status document_set_text(struct scn_document *document, const char *path, const char *text,
                              const char *option, struct error *error) MUST_USE;

/* The file that an item stands in, or the option it came from; and the folder that a relative path
 * in it starts from. */
const char *item_file(const struct scn_document *document, const struct scn_item *item);
const char *item_directory(const struct scn_document *document, const struct scn_item *item);

/* The child of a mapping, or NULL. */
struct scn_item *item_child(const struct scn_item *mapping, const char *key);
/* The child of a list by its number or by its field `name`, or NULL. */
struct scn_item *item_member(const struct scn_item *list, const char *name_or_number);
/* Nothing was written where a value belongs: `key:`, `~` or `null`. */
bool item_is_null(const struct scn_item *item);

/* The item at a path, or its nearest parent that is there. */
const struct scn_item *document_find(const struct scn_document *document, const char *path);

/* "groups.peers.count": list items by name if they have one. */
void item_path(const struct scn_item *item, char path[DOCUMENT_PATH_MAX]);
/* What a person wrote, short and printable: "'12'", "nothing", "a list", "a mapping". */
void item_found(const struct scn_item *item, char found[DOCUMENT_FOUND_MAX]);
/* The same for a piece of text: quoted, cut, control characters replaced. */
void text_found(const char *text, char found[DOCUMENT_FOUND_MAX]);

/* Reports "PATH: MESSAGE" at an item's place. field, if not NULL, is appended to the path: the
 * field that is not there. Returns status. */
enum status item_error(const struct scn_document *document, const struct scn_item *item,
                       const char *field, struct error *error, enum status status,
                       const char *format, ...) __attribute__((format(printf, 6, 7)));

#endif
