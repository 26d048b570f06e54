/*
 * docs/scenario.md from the schema.
 */
#include <stdio.h>
#include <string.h>

#include "scenarios/scenario.h"
#include "schema.h"
#include "units.h"

static const char opening[] =
    "# Scenario files\n"
    "\n"
    "<!-- Printed by scenario_doc from scenarios/schema.c; do not edit. -->\n"
    "\n"
    "A scenario file describes an experiment: which machines, on which networks, for how long, "
    "and\n"
    "what must hold at its end. `denali check FILE` validates one and prints it resolved: every\n"
    "default filled, in canonical form. Examples are in `scenarios/`.\n"
    "\n"
    "```yaml\n"
    "general:\n"
    "  duration: 10s\n"
    "networks:\n"
    "  - name: internet\n"
    "    type: wan\n"
    "    delay: 10ms\n"
    "groups:\n"
    "  - name: server\n"
    "    image: echo-server\n"
    "    network: internet\n"
    "  - name: client\n"
    "    image: echo-client\n"
    "    count: 3\n"
    "    network: internet\n"
    "    arguments: [--server, \"${address:server:0}\"]\n"
    "expectations:\n"
    "  - {metric: run.faults, equals: 0}\n"
    "```\n";

static const char closing[] =
    "\n"
    "## Quantities\n"
    "\n"
    "A quantity is a decimal number and a unit, without a space: `1.5Mbit`. It is read exactly; "
    "one\n"
    "that is not a whole number of the base unit is refused, as is a number without its unit.\n"
    "\n"
    "| quantity | units | base unit |\n"
    "| --- | --- | --- |\n"
    "| time | `ns us ms s min h` | ns |\n"
    "| rate | `bit kbit Mbit Gbit` (a second, powers of 1000) | bit/s |\n"
    "| size | `B kB MB GB` (powers of 1000), `KiB MiB GiB` (powers of 1024) | byte |\n"
    "| frequency | `Hz kHz MHz GHz` | Hz |\n"
    "\n"
    "Names begin with a letter and go on with letters, digits, `-` and `_`, 64 at most.\n"
    "\n"
    "## Templates\n"
    "\n"
    "In arguments and in the values of the environment. Checked when the file is read; arguments "
    "and\n"
    "environment of a node, expanded, take at most 2816 bytes.\n"
    "\n"
    "| template | becomes |\n"
    "| --- | --- |\n"
    "| `${node.index}` | the node's number in the run, from 0 |\n"
    "| `${node.name}` | its name |\n"
    "| `${node.count}` | how many nodes the run has |\n"
    "| `${node.address}` | its IPv4 address |\n"
    "| `${node.seed}` | a number of 32 bits, the node's own, drawn from the run's seed |\n"
    "| `${group.index}` | its number in its group, from 0 |\n"
    "| `${group.name}` | its group's name |\n"
    "| `${group.count}` | how many nodes its group has |\n"
    "| `${address:GROUP:I}` | the address of node I of a group |\n"
    "| `${addresses:GROUP}` | the addresses of a group, with commas between |\n"
    "| `$$` | a dollar sign |\n"
    "\n"
    "## Includes\n"
    "\n"
    "`include: base.yaml`, or a list of files, makes the scenario one that builds on others: it "
    "says\n"
    "only what is different. Paths in a file, of other files too, are relative to that file. The "
    "files\n"
    "are merged in order, and the one that includes has the last word:\n"
    "\n"
    "- the fields of mappings are merged one by one;\n"
    "- a list whose entries all have a `name` is merged by it: an entry whose name is there "
    "already is\n"
    "  merged into that one, another is added at the end;\n"
    "- any other list, and any single value, takes the place of what was there;\n"
    "- `field: ~` takes a field away, as if the included file did not have it.\n"
    "\n"
    "A file counts once, where it is first included. Includes may go 8 files deep and not in a "
    "circle,\n"
    "64 files in all. Errors name the file and line that a value stands in; the resolved scenario "
    "has\n"
    "everything in one file.\n"
    "\n"
    "## Parameters\n"
    "\n"
    "`parameters` gives names to values; `${param.NAME}` is replaced by the value wherever a "
    "single value\n"
    "stands, in the whole of it (`delay: ${param.delay}`) or in a part "
    "(`\"--rate=${param.rate}\"`). "
    "What\n"
    "the value may be, with which unit, is up to the field. A parameter may use those above it. "
    "`$$` in\n"
    "front of `{param...}` leaves it alone. In `[...]` and `{...}` YAML wants quotes around it.\n"
    "\n"
    "```yaml\n"
    "parameters:\n"
    "  delay: 10ms\n"
    "  peers: 50\n"
    "```\n"
    "\n"
    "`--param delay=20ms` gives another value, as does `--set parameters.delay=20ms`. A parameter "
    "that\n"
    "is used and not defined is an error, and so is one that is defined and not used.\n"
    "\n"
    "## Overrides\n"
    "\n"
    "`--set PATH=VALUE` changes a field before anything is validated. The path goes by fields, "
    "and\n"
    "by the names or numbers of list entries; the value is YAML, and `~` takes the field away:\n"
    "\n"
    "    denali run echo.yaml --set networks.internet.delay=11ms --set general.seed=7\n"
    "    denali check kademlia-planetlab.yaml --set groups.peers.count=50 --set "
    "networks.0.delay=30ms "
    "\\\n"
    "        --set networks.0.matrix=~ --set networks.0.site_delay=~\n"
    "\n"
    "`--seed N` is `--set general.seed=N`, `--until T` is `--set general.duration=T`. `--nodes N` "
    "sets the count of the group that says\n"
    "`scale: true` (if none does, of the largest) so that all groups together have N nodes.\n"
    "\n"
    "## What is refused\n"
    "\n"
    "Files over 1 MiB, more than one YAML document, anchors, aliases, tags, more than 1024 "
    "entries\n"
    "in a list or mapping, nesting beyond 12. Every error is one line with the file, the line, "
    "the\n"
    "field's path, what was expected and what was found:\n"
    "\n"
    "    echo.yaml:12: groups.client.count: expected a whole number from 1 to 1000000, found '0'\n";

static const char *kind_word(const struct schema_field *field)
{
    switch (field->kind) {
    case SCHEMA_NAME:
        return "name";
    case SCHEMA_TEXT:
        return "text";
    case SCHEMA_METRIC:
        return "metric's name";
    case SCHEMA_PROGRAM:
        return "file or program";
    case SCHEMA_PATH:
        return "file";
    case SCHEMA_NUMBER:
        return "whole number";
    case SCHEMA_TIME:
        return "time";
    case SCHEMA_RATE:
        return "rate";
    case SCHEMA_SIZE:
        return "size";
    case SCHEMA_FREQUENCY:
        return "frequency";
    case SCHEMA_BOOL:
        return "`true` or `false`";
    case SCHEMA_CHOICE:
    case SCHEMA_SET:
        return NULL; /* its words */
    case SCHEMA_SUBNET:
        return "subnet";
    case SCHEMA_EXTENT:
        return "width and height";
    case SCHEMA_BOUND:
        return "number";
    case SCHEMA_TEXTS:
        return "list of texts";
    case SCHEMA_VARIABLES:
        return "mapping of texts";
    case SCHEMA_INCLUDE:
        return "file, or list of files";
    case SCHEMA_VALUES:
        return "mapping of values";
    case SCHEMA_SECTION:
        return "mapping";
    case SCHEMA_LIST:
        return "list";
    }
    return "";
}

static void print_kind(FILE *stream, const struct schema_field *field)
{
    const char *word = kind_word(field);
    if (word != NULL) {
        fputs(word, stream);
        return;
    }
    if (field->kind == SCHEMA_SET) {
        fputs("list of ", stream);
    }
    for (uint32_t i = 0; i < field->choice_count; i++) {
        fprintf(stream, "%s`%s`", i == 0 ? "" : ", ", field->choices[i]);
    }
}

static void print_default(FILE *stream, const struct schema_field *field)
{
    switch (field->presence) {
    case SCHEMA_REQUIRED:
        fputs("required", stream);
        return;
    case SCHEMA_DEFAULT:
        if (field->fallback[0] == '\0') {
            fputs("empty", stream);
        } else {
            fprintf(stream, "`%s`", field->fallback);
        }
        return;
    case SCHEMA_OPTIONAL:
        fputs("none", stream);
        return;
    case SCHEMA_DERIVED:
        fputs(field->fallback, stream);
        return;
    }
}

static void print_range(FILE *stream, const struct schema_field *field)
{
    char low[UNIT_TEXT_MAX];
    char high[UNIT_TEXT_MAX];
    if (!schema_is_quantity(field->kind)) {
        if (field->kind == SCHEMA_EXTENT) {
            fprintf(stream, "%u to %u each", (unsigned)field->min, (unsigned)field->max);
        } else if (field->max > 0 && field->kind != SCHEMA_SUBNET) {
            fprintf(stream, "%u to %u entries", (unsigned)field->min, (unsigned)field->max);
        }
        return;
    }
    enum unit_kind unit = (enum unit_kind)schema_unit(field->kind);
    unit_write(unit, field->min, low);
    unit_write(unit, field->max, high);
    fprintf(stream, "%s to %s", low, high);
    if (field->multiple != 0) {
        unit_write(unit, field->multiple, low);
        fprintf(stream, ", multiple of %s", low);
    }
}

/* The words of the types that have a field, where not all do. */
static void print_types(FILE *stream, const struct schema_section *section,
                        const struct schema_field *field)
{
    if (section->type_field == NULL || field->types == 0) {
        return;
    }
    const struct schema_field *type = schema_find(section, section->type_field);
    for (uint32_t i = 0; i < type->choice_count; i++) {
        if ((field->types >> i & 1) != 0) {
            fprintf(stream, " (%s)", type->choices[i]);
        }
    }
}

static void print_section(FILE *stream, const struct schema_section *section)
{
    fprintf(stream,
            "\n## %s\n\n%s\n\n| field | type | default | range | meaning |\n"
            "| --- | --- | --- | --- | --- |\n",
            section->title, section->meaning);
    for (uint32_t i = 0; i < section->field_count; i++) {
        const struct schema_field *field = &section->fields[i];
        fprintf(stream, "| `%s`", field->name);
        print_types(stream, section, field);
        fputs(" | ", stream);
        print_kind(stream, field);
        fputs(" | ", stream);
        print_default(stream, field);
        fputs(" | ", stream);
        print_range(stream, field);
        fprintf(stream, " | %s |\n", field->meaning);
    }
    for (uint32_t i = 0; i < section->field_count; i++) {
        if (section->fields[i].section != NULL) {
            print_section(stream, section->fields[i].section);
        }
    }
}

enum status scn_write_reference(FILE *stream, struct error *error)
{
    fputs(opening, stream);
    print_section(stream, &schema_scenario);
    fputs(closing, stream);
    if (fflush(stream) != 0 || ferror(stream)) {
        return error_set(error, STATUS_IO, NULL, 0, "cannot write the reference");
    }
    return STATUS_OK;
}
