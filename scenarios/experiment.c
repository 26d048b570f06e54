/*
 * Experiment files: their fields, by the same machinery as those of scenarios, and the rules across
 * fields.
 */
#include "scenarios/experiment.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "document.h"
#include "resolve.h"
#include "schema.h"
#include "units.h"

#define COUNT(a)         (sizeof(a) / sizeof(a)[0])
#define AT(member)       .offset = offsetof(struct OWNER, member)
#define BESIDE(member)   .beside = offsetof(struct OWNER, member)
#define REQUIRED         .presence = SCHEMA_REQUIRED
#define DEFAULT(text)    .presence = SCHEMA_DEFAULT, .fallback = text
#define OPTIONAL         .presence = SCHEMA_OPTIONAL
#define RANGE(low, high) .min = low, .max = high

#define POINTS_MAX 64u /* values of a parameter, series, measures, claims */

static const char *const pers[] = {"run", "second"};
static const char *const replacements[] = {"none", "optimal", "recent"};
static const char *const natures[] = {"emergent", "assumed"};

#define OWNER scn_series
static const struct schema_field series_fields[] = {
    {"name", SCHEMA_TEXT, AT(name), REQUIRED},
    {"set", SCHEMA_TEXTS, AT(sets), BESIDE(set_count), OPTIONAL, RANGE(0, POINTS_MAX)},
};
#undef OWNER

#define OWNER scn_measure
static const struct schema_field measure_fields[] = {
    {"name", SCHEMA_NAME, AT(name), REQUIRED},
    {"unit", SCHEMA_TEXT, AT(unit), DEFAULT("")},
    {"metric", SCHEMA_TEXT, AT(metric), REQUIRED},
    {"group", SCHEMA_NAME, AT(group), OPTIONAL},
    {"statistic", SCHEMA_CHOICE, AT(statistic), DEFAULT("mean"), .choices = schema_statistics,
     .choice_count = SCHEMA_STATISTICS},
    {"per", SCHEMA_CHOICE, AT(per), DEFAULT("run"), .choices = pers, .choice_count = COUNT(pers)},
    {"replacement", SCHEMA_CHOICE, AT(replacement), DEFAULT("none"), .choices = replacements,
     .choice_count = COUNT(replacements)},
    {"each", SCHEMA_SIZE, AT(each_bytes), DEFAULT("4KiB"), RANGE(1, 1ull << 40)},
    {"over", SCHEMA_TEXT, AT(over), OPTIONAL},
    {"scale", SCHEMA_BOUND, AT(scale), OPTIONAL},
    {"hidden", SCHEMA_BOOL, AT(hidden), DEFAULT("false")},
};
#undef OWNER

#define OWNER scn_published
static const struct schema_field published_fields[] = {
    {"measure", SCHEMA_NAME, AT(measure), REQUIRED}, {"series", SCHEMA_TEXT, AT(series), REQUIRED},
    {"at", SCHEMA_TEXT, AT(at), REQUIRED},           {"value", SCHEMA_BOUND, AT(value), REQUIRED},
    {"source", SCHEMA_TEXT, AT(source), REQUIRED},
};
#undef OWNER

#define OWNER scn_claim
static const struct schema_field claim_fields[] = {
    {"name", SCHEMA_TEXT, AT(name), REQUIRED},
    {"measure", SCHEMA_NAME, AT(measure), REQUIRED},
    {"series", SCHEMA_TEXT, AT(series), REQUIRED},
    {"over", SCHEMA_TEXT, AT(over), OPTIONAL},
    {"by", SCHEMA_NAME, AT(by), OPTIONAL},
    {"at", SCHEMA_TEXT, AT(at), REQUIRED},
    {"against", SCHEMA_TEXT, AT(against), OPTIONAL},
    {"nature", SCHEMA_CHOICE, AT(nature), REQUIRED, .choices = natures,
     .choice_count = COUNT(natures)},
    {"at_least", SCHEMA_BOUND, AT(at_least), OPTIONAL},
    {"at_most", SCHEMA_BOUND, AT(at_most), OPTIONAL},
    {"sensitivity", SCHEMA_BOOL, AT(sensitivity), DEFAULT("false")},
    {"published", SCHEMA_TEXT, AT(published), DEFAULT("")},
    {"source", SCHEMA_TEXT, AT(source), DEFAULT("")},
    {"agrees_from", SCHEMA_BOUND, AT(agrees_from), OPTIONAL},
    {"agrees_to", SCHEMA_BOUND, AT(agrees_to), OPTIONAL},
};
#undef OWNER

#define SECTION(of, called)                                                                        \
    {                                                                                              \
        .title = called, .size_bytes = sizeof(struct scn_##of), .fields = of##_fields,             \
        .field_count = COUNT(of##_fields),                                                         \
    }
static const struct schema_section series_section = SECTION(series, "series[]");
static const struct schema_section measure_section = SECTION(measure, "measures[]");
static const struct schema_section published_section = SECTION(published, "published[]");
static const struct schema_section claim_section = SECTION(claim, "claims[]");

#define OWNER scn_experiment
static const struct schema_field experiment_fields[] = {
    {"title", SCHEMA_TEXT, AT(title), REQUIRED},
    {"question", SCHEMA_TEXT, AT(question), REQUIRED},
    {"scenario", SCHEMA_PATH, AT(scenario_path), REQUIRED, .path = SCN_PATH_MATRIX},
    {"parameter", SCHEMA_NAME, AT(parameter), REQUIRED},
    {"axis", SCHEMA_TEXT, AT(axis), REQUIRED},
    {"logarithmic", SCHEMA_BOOL, AT(logarithmic), DEFAULT("false")},
    {"values", SCHEMA_TEXTS, AT(values), BESIDE(value_count), REQUIRED, RANGE(1, POINTS_MAX)},
    {"small", SCHEMA_TEXTS, AT(small), BESIDE(small_count), REQUIRED, RANGE(1, POINTS_MAX)},
    {"small_set", SCHEMA_TEXTS, AT(small_sets), BESIDE(small_set_count), OPTIONAL,
     RANGE(0, POINTS_MAX)},
    {"from", SCHEMA_TIME, AT(from_ns), DEFAULT("0s"), RANGE(0, SCN_TIME_MAX_NS)},
    {"series", SCHEMA_LIST, AT(series), BESIDE(series_count), REQUIRED, RANGE(1, POINTS_MAX),
     .section = &series_section},
    {"measures", SCHEMA_LIST, AT(measures), BESIDE(measure_count), REQUIRED, RANGE(1, POINTS_MAX),
     .section = &measure_section},
    {"costs", SCHEMA_TEXTS, AT(costs), BESIDE(cost_count), OPTIONAL, RANGE(0, POINTS_MAX)},
    {"published", SCHEMA_LIST, AT(published), BESIDE(published_count), OPTIONAL,
     RANGE(0, POINTS_MAX), .section = &published_section},
    {"claims", SCHEMA_LIST, AT(claims), BESIDE(claim_count), REQUIRED, RANGE(1, POINTS_MAX),
     .section = &claim_section},
    {"paper", SCHEMA_TEXT, AT(paper), DEFAULT("")},
    {"agrees", SCHEMA_TEXT, AT(agrees), DEFAULT("")},
    {"differs", SCHEMA_TEXT, AT(differs), DEFAULT("")},
    {"natures", SCHEMA_TEXT, AT(natures), DEFAULT("")},
};
static const struct schema_section experiment_section = SECTION(experiment, "the file");
#undef OWNER

/* --- Rules across fields -------------------------------------------------------------------- */

static bool is_value(const struct scn_experiment *experiment, const char *text)
{
    for (uint32_t i = 0; i < experiment->value_count; i++) {
        if (strcmp(experiment->values[i], text) == 0) {
            return true;
        }
    }
    for (uint32_t i = 0; i < experiment->small_count; i++) {
        if (strcmp(experiment->small[i], text) == 0) {
            return true;
        }
    }
    return false;
}

struct place {
    const struct scn_document *document;
    const struct scn_item *item;
    struct error *error;
};

static enum status wrong(const struct place *place, const char *field, const char *expected,
                         const char *found)
{
    const struct scn_item *item = item_child(place->item, field);
    return item_error(place->document, item, NULL, place->error, STATUS_INVALID,
                      "expected %s, found '%.60s'", expected, found);
}

/* What claims and published points have in common; what is NULL is not named. */
static enum status check_names(const struct scn_experiment *experiment, const struct place *place,
                               const char *measure, const char *series, const char *over,
                               const char *at, const char *against)
{
    if (scn_experiment_measure(experiment, measure) == UINT32_MAX) {
        return wrong(place, "measure", "the name of one of `measures`", measure);
    }
    if (scn_experiment_series(experiment, series) == UINT32_MAX) {
        return wrong(place, "series", "the name of one of `series`", series);
    }
    if (over && scn_experiment_series(experiment, over) == UINT32_MAX) {
        return wrong(place, "over", "the name of one of `series`", over);
    }
    if (!is_value(experiment, at)) {
        return wrong(place, "at", "one of `values` or `small`", at);
    }
    if (against && !is_value(experiment, against)) {
        return wrong(place, "against", "one of `values` or `small`", against);
    }
    return STATUS_OK;
}

/* Names and values are fields of a table as they stand. */
static bool is_field(const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == ',' || *c == '"' || (unsigned char)*c < 0x20) {
            return false;
        }
    }
    return text[0] != '\0';
}

static enum status check_fields(const struct scn_document *document, const char *list,
                                char *const *texts, uint32_t count, struct error *error)
{
    for (uint32_t i = 0; i < count; i++) {
        if (!is_field(texts[i])) {
            return item_error(
                document, item_child(document->root, list)->children[i], NULL, error,
                STATUS_INVALID,
                "expected text without commas and quotes: it is a field of the table");
        }
    }
    return STATUS_OK;
}

static enum status check(const struct scn_experiment *experiment,
                         const struct scn_document *document, struct error *error)
{
    const struct scn_item *root = document->root;
    enum status status =
        check_fields(document, "values", experiment->values, experiment->value_count, error);
    if (status == STATUS_OK) {
        status = check_fields(document, "small", experiment->small, experiment->small_count, error);
    }
    if (status == STATUS_OK) {
        status = check_fields(document, "costs", experiment->costs, experiment->cost_count, error);
    }
    for (uint32_t i = 0; i < experiment->series_count && status == STATUS_OK; i++) {
        struct place place = {document, item_child(root, "series")->children[i], error};
        if (scn_experiment_series(experiment, experiment->series[i].name) != i) {
            return wrong(&place, "name", "a name of its own", experiment->series[i].name);
        }
        if (!is_field(experiment->series[i].name)) {
            return wrong(&place, "name", "a name without commas and quotes",
                         experiment->series[i].name);
        }
    }
    for (uint32_t i = 0; i < experiment->measure_count && status == STATUS_OK; i++) {
        struct place place = {document, item_child(root, "measures")->children[i], error};
        if (scn_experiment_measure(experiment, experiment->measures[i].name) != i) {
            return wrong(&place, "name", "a name of its own", experiment->measures[i].name);
        }
    }
    for (uint32_t i = 0; i < experiment->published_count && status == STATUS_OK; i++) {
        struct place place = {document, item_child(root, "published")->children[i], error};
        const struct scn_published *point = &experiment->published[i];
        status =
            check_names(experiment, &place, point->measure, point->series, NULL, point->at, NULL);
    }
    for (uint32_t i = 0; i < experiment->claim_count && status == STATUS_OK; i++) {
        struct place place = {document, item_child(root, "claims")->children[i], error};
        const struct scn_claim *claim = &experiment->claims[i];
        status = check_names(experiment, &place, claim->measure, claim->series, claim->over,
                             claim->at, claim->against);
        if (status == STATUS_OK && claim->by &&
            scn_experiment_measure(experiment, claim->by) == UINT32_MAX) {
            status = wrong(&place, "by", "the name of one of `measures`", claim->by);
        }
        if (status == STATUS_OK && claim->at_least.text && claim->at_most.text &&
            claim->at_least.value > claim->at_most.value) {
            status = wrong(&place, "at_most", "no less than at_least", claim->at_most.text);
        }
        if (status == STATUS_OK && !claim->at_least.text && !claim->at_most.text) {
            status = item_error(document, place.item, NULL, error, STATUS_INVALID,
                                "expected at_least, at_most or both: a claim that cannot fail is "
                                "none");
        }
    }
    return status;
}

/* --- Life ----------------------------------------------------------------------------------- */

/* The file's name without its folder and extension. */
static char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *name = alloc_text(slash ? slash + 1 : path);
    char *dot = strrchr(name, '.');
    if (dot && dot != name) {
        *dot = '\0';
    }
    return name;
}

/* Takes the document. */
static enum status load(struct scn_document *document, struct scn_experiment **experiment,
                        const char *path, struct error *error)
{
    struct scn_experiment *result = alloc_zeroed(1, sizeof *result);
    result->name = name_of(path);
    enum status status =
        resolve_section(document, &experiment_section, document->root, result, error);
    if (status == STATUS_OK) {
        status = check(result, document, error);
    }
    if (status == STATUS_OK && !name_is_valid(result->name)) {
        status = error_set(error, STATUS_INVALID, path, 0,
                           "expected a file name of letters, digits, - and _ before its "
                           "extension: the experiment's files are named after it");
    }
    document_destroy(document);
    if (status != STATUS_OK) {
        scn_experiment_destroy(result);
        return status;
    }
    *experiment = result;
    return STATUS_OK;
}

enum status scn_experiment_load(struct scn_experiment **experiment, const char *path,
                                struct error *error)
{
    struct scn_document *document;
    enum status status = document_read(&document, path, error);
    return status == STATUS_OK ? load(document, experiment, path, error) : status;
}

enum status scn_experiment_load_text(struct scn_experiment **experiment, const char *path,
                                     const char *text, size_t size_bytes, struct error *error)
{
    struct scn_document *document;
    enum status status = document_parse(&document, path, text, size_bytes, error);
    return status == STATUS_OK ? load(document, experiment, path, error) : status;
}

void scn_experiment_destroy(struct scn_experiment *experiment)
{
    if (experiment) {
        schema_free(&experiment_section, experiment);
        free(experiment->name);
        free(experiment);
    }
}

uint32_t scn_experiment_series(const struct scn_experiment *experiment, const char *name)
{
    for (uint32_t i = 0; i < experiment->series_count; i++) {
        if (strcmp(experiment->series[i].name, name) == 0) {
            return i;
        }
    }
    return UINT32_MAX;
}

uint32_t scn_experiment_measure(const struct scn_experiment *experiment, const char *name)
{
    for (uint32_t i = 0; i < experiment->measure_count; i++) {
        if (strcmp(experiment->measures[i].name, name) == 0) {
            return i;
        }
    }
    return UINT32_MAX;
}

/* --- Costs ---------------------------------------------------------------------------------- */

bool scn_host_scaled(const struct scn_host *host, const char *path, uint32_t numerator,
                     uint32_t denominator, char text[SCN_QUANTITY_MAX])
{
    const struct schema_section *section = schema_find(&schema_scenario, "hosts")->section;
    const char *base = (const char *)host;
    char part[SCN_NAME_MAX + 1];
    const struct schema_field *list = NULL; /* whose item is to be named */
    for (const char *dot = strchr(path, '.'); dot; path = dot + 1, dot = strchr(path, '.')) {
        snprintf(part, sizeof part, "%.*s", (int)(dot - path), path);
        if (list) {
            char *end;
            unsigned long index = strtoul(part, &end, 10);
            if (end == part || *end != '\0' || index >= *SCHEMA_OF(uint32_t, base, list->beside)) {
                return false;
            }
            base = *SCHEMA_OF(char *, base, list->offset) + index * section->size_bytes;
            list = NULL;
            continue;
        }
        const struct schema_field *field = schema_find(section, part);
        if (!field || (field->kind != SCHEMA_SECTION && field->kind != SCHEMA_LIST)) {
            return false;
        }
        section = field->section;
        if (field->kind == SCHEMA_LIST) {
            list = field;
        } else {
            base += field->offset;
        }
    }
    if (list) {
        return false;
    }
    const struct schema_field *field = schema_find(section, path);
    if (!field || !schema_is_quantity(field->kind)) {
        return false;
    }
    uint64_t value = *SCHEMA_OF(uint64_t, base, field->offset);
    if (value == 0 || value == field->absent || value > UINT64_MAX / numerator) {
        return false;
    }
    char written[UNIT_TEXT_MAX];
    unit_write(schema_unit(field->kind), value * numerator / denominator, written);
    snprintf(text, SCN_QUANTITY_MAX, "%s", written);
    return true;
}
