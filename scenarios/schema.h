/*
 * The schema: one table of every field of a scenario file, from which it is read (resolve.c),
 * written (write.c), compared and freed (scenario.c) and documented (reference.c). To add a field:
 * a member in scenario.h, a row in schema.c (of hosts: schema_host.c), a rule in check.c if it
 * depends on another field, and `scenario_doc > docs/scenario.md`.
 */
#ifndef DENALI_SCENARIOS_SCHEMA_H
#define DENALI_SCENARIOS_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How a field is written, and what it is in the struct. */
enum schema_kind {
    SCHEMA_NAME,      /* char *: a letter, then letters, digits, - and _ */
    SCHEMA_TEXT,      /* char * */
    SCHEMA_METRIC,    /* char *: a metric's name */
    SCHEMA_PROGRAM,   /* char *, and a bool beside it: it is a path */
    SCHEMA_PATH,      /* char *: absolute once resolved */
    SCHEMA_NUMBER,    /* uint64_t */
    SCHEMA_TIME,      /* uint64_t, ns */
    SCHEMA_RATE,      /* uint64_t, bit/s */
    SCHEMA_SIZE,      /* uint64_t, bytes */
    SCHEMA_FREQUENCY, /* uint64_t, Hz */
    SCHEMA_BOOL,      /* bool */
    SCHEMA_CHOICE,    /* uint32_t: number of one of the words */
    SCHEMA_SET,       /* uint32_t: a bit for each of the words; a list of them, or one alone */
    SCHEMA_SUBNET,    /* uint32_t, and the prefix's length, uint32_t, beside it */
    SCHEMA_EXTENT,    /* uint32_t width, and the height, uint32_t, beside it; 0: none */
    SCHEMA_BOUND,     /* struct scn_bound: a decimal number */
    SCHEMA_TEXTS,     /* char ** and its count, uint32_t, beside it */
    SCHEMA_VARIABLES, /* struct scn_variable * and its count beside it */
    SCHEMA_INCLUDE,   /* nothing: read and gone before fields are (include.c) */
    SCHEMA_VALUES,    /* nothing: the same (parameter.c) */
    SCHEMA_SECTION,   /* a struct */
    SCHEMA_LIST,      /* an array of structs and its count beside it */
};

enum schema_presence {
    SCHEMA_REQUIRED,
    SCHEMA_DEFAULT,  /* `fallback`, as it would be written */
    SCHEMA_OPTIONAL, /* not there: `absent`, or NULL */
    SCHEMA_DERIVED,  /* not there: check.c fills it; `fallback` says how in words */
};

struct schema_section;

struct schema_field {
    const char *name;
    enum schema_kind kind;
    enum schema_presence presence;
    size_t offset;
    size_t beside; /* offset of the count, prefix length or bool that belongs to it */
    const char *fallback;
    uint64_t min; /* of a quantity; of a list, entries */
    uint64_t max;
    uint64_t multiple; /* 0: of anything */
    uint64_t absent;
    uint32_t path;  /* of a PATH: enum scn_path_kind */
    uint32_t types; /* in a section with types: a bit for each that has the field; 0: all */
    const char *const *choices;
    uint32_t choice_count;
    const struct schema_section *section;
    const char *meaning;
};

struct schema_section {
    const char *title;      /* in the reference */
    const char *meaning;    /* a paragraph in the reference */
    size_t size_bytes;      /* of the struct */
    const char *type_field; /* the choice that decides which fields there are, or NULL */
    const struct schema_field *fields;
    uint32_t field_count;
};

extern const struct schema_section schema_scenario;

/* Words of enum scn_statistic. */
#define SCHEMA_STATISTICS 9
extern const char *const schema_statistics[SCHEMA_STATISTICS];

/* A member of a struct by its offset. */
#define SCHEMA_AT(type, base, offset) ((type *)(void *)((char *)(base) + (offset)))
#define SCHEMA_OF(type, base, offset)                                                              \
    ((type const *)(const void *)((const char *)(base) + (offset)))

const struct schema_field *schema_find(const struct schema_section *section, const char *name);
/* Whether a struct that is resolved, at least its type, has a field. */
bool schema_applies(const struct schema_section *section, const struct schema_field *field,
                    const void *base);
/* Whether a resolved struct's field has a value to write. */
bool schema_present(const struct schema_field *field, const void *base);
/* A field that is used up before the others are read. */
bool schema_is_gone(enum schema_kind kind);
bool schema_is_quantity(enum schema_kind kind);
bool schema_is_text(enum schema_kind kind);
/* The units of a quantity; kind is one. */
int schema_unit(enum schema_kind kind);

#endif
