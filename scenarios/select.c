/* Names of nodes and stretches of a run, as options give them. */
#include <scenarios/select.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <base/alloc.h>
#include <base/nearest.h>

#include "document.h"
#include "units.h"

#define ITEM_MAX 256u /* bytes of one item; no name is as long */

#define NODES_EXPECTED "names of nodes or groups, ranges such as peer-3..9, or all"
#define NODE_EXPECTED  "the name of one node, such as peer-3"

/* --- nodes ------------------------------------------------------------------------------------ */

/* Nodes first to last of the scenario; count 0: the item names none. */
struct range {
    uint32_t first;
    uint32_t count;
};

/* A whole number without sign or blanks. */
static bool number_parse(const char *text, uint64_t *number)
{
    const char *reason;
    return text[0] >= '0' && text[0] <= '9' && unit_parse(UNIT_NUMBER, text, number, &reason);
}

static const struct scn_group *group_find(const struct scn_scenario *scenario, const char *name)
{
    for (uint32_t i = 0; i < scenario->group_count; i++) {
        if (strcmp(scenario->groups[i].name, name) == 0) {
            return &scenario->groups[i];
        }
    }
    return NULL;
}

/* The group and index of "<group>-<index>"; the index need not be one of the group. NULL if the
 * text is not of that form. */
static const struct scn_group *member_find(const struct scn_scenario *scenario, const char *text,
                                           uint64_t *index)
{
    char name[ITEM_MAX];
    const char *dash = strrchr(text, '-');
    if (!dash || !number_parse(dash + 1, index)) {
        return NULL;
    }
    snprintf(name, sizeof name, "%.*s", (int)(dash - text), text);
    return group_find(scenario, name);
}

/* What the nodes of a group are called. */
static void members_describe(const struct scn_group *group, char *text, size_t size_bytes)
{
    if (group->count == 1) {
        snprintf(text, size_bytes, "group %s has one node, %s", group->name, group->name);
    } else {
        snprintf(text, size_bytes, "group %s has nodes %s-0 to %s-%" PRIu64, group->name,
                 group->name, group->name, group->count - 1);
    }
}

/* For an item that names nothing: the nearest that would. */
static enum status unknown(const struct scn_scenario *scenario, const char *option,
                           const char *item, const struct scn_group *group, const char *expected,
                           struct error *error)
{
    char hint[192];
    if (group) {
        members_describe(group, hint, sizeof hint);
    } else {
        const char **names = alloc_zeroed(scenario->group_count + 1, sizeof *names);
        for (uint32_t i = 0; i < scenario->group_count; i++) {
            names[i] = scenario->groups[i].name;
        }
        char word[ITEM_MAX];
        snprintf(word, sizeof word, "%s", item);
        const char *near = nearest_word(word, names, scenario->group_count);
        char *dash = strrchr(word, '-');
        if (!near && dash) { /* "per-3": the slip is in what stands before the number */
            *dash = '\0';
            near = nearest_word(word, names, scenario->group_count);
        }
        if (near) {
            char members[160];
            members_describe(group_find(scenario, near), members, sizeof members);
            snprintf(hint, sizeof hint, "did you mean %s? (%s)", near, members);
        } else {
            snprintf(hint, sizeof hint, "expected %s; the first group is %s", expected,
                     scenario->groups[0].name);
        }
        free(names);
    }
    return error_set(error, STATUS_INVALID, NULL, 0, "%s: no node `%s`: %s", option, item, hint);
}

/* A node's name or a group's. */
static struct range name_find(const struct scn_scenario *scenario, const char *item)
{
    const struct scn_group *group = group_find(scenario, item);
    if (group) {
        return (struct range){group->first_node, (uint32_t)group->count};
    }
    uint64_t index;
    group = member_find(scenario, item, &index);
    return group && group->count > 1 && index < group->count
               ? (struct range){group->first_node + (uint32_t)index, 1}
               : (struct range){0, 0};
}

/* "peer-3..9" */
static struct range range_find(const struct scn_scenario *scenario, const char *item,
                               const struct scn_group **group)
{
    char first[ITEM_MAX];
    const char *dots = strstr(item, "..");
    for (const char *later = dots; later; later = strstr(later + 1, "..")) {
        dots = later;
    }
    if (!dots) {
        return (struct range){0, 0};
    }
    snprintf(first, sizeof first, "%.*s", (int)(dots - item), item);
    uint64_t from;
    uint64_t to;
    *group = member_find(scenario, first, &from);
    if (!*group || !number_parse(dots + 2, &to) || to < from || to >= (*group)->count ||
        (*group)->count == 1) {
        return (struct range){0, 0};
    }
    return (struct range){(*group)->first_node + (uint32_t)from, (uint32_t)(to - from + 1)};
}

static enum status item_find(const struct scn_scenario *scenario, const char *option,
                             const char *item, struct range *range, struct error *error)
{
    if (strcmp(item, "all") == 0) {
        *range = (struct range){0, scenario->node_count};
        return STATUS_OK;
    }
    *range = name_find(scenario, item);
    const struct scn_group *group = NULL;
    if (!range->count) {
        *range = range_find(scenario, item, &group);
    }
    if (!range->count) {
        uint64_t index;
        group = group ? group : member_find(scenario, item, &index);
        return unknown(scenario, option, item, group, NODES_EXPECTED, error);
    }
    return STATUS_OK;
}

enum status scn_nodes_select(const struct scn_scenario *scenario, const char *option,
                             const char *text, struct scn_nodes *nodes, struct error *error)
{
    bool *chosen = alloc_zeroed(scenario->node_count, sizeof *chosen);
    enum status status = STATUS_OK;
    for (const char *next = text; next && !status;) {
        const char *comma = strchr(next, ',');
        size_t length = comma ? (size_t)(comma - next) : strlen(next);
        char item[ITEM_MAX];
        snprintf(item, sizeof item, "%.*s", (int)(length < ITEM_MAX ? length : ITEM_MAX - 1), next);
        struct range range;
        if (!length) {
            status = error_set(error, STATUS_INVALID, NULL, 0,
                               "%s: `%.80s`: no node is named%s; expected " NODES_EXPECTED, option,
                               text, text[0] ? " before or behind a comma" : "");
            break;
        }
        status = item_find(scenario, option, item, &range, error);
        if (!status) {
            memset(chosen + range.first, true, range.count);
        }
        next = comma ? comma + 1 : NULL;
    }
    uint32_t count = 0;
    for (uint32_t i = 0; i < scenario->node_count; i++) {
        count += chosen[i];
    }
    if (!status) {
        nodes->numbers = alloc_zeroed(count, sizeof *nodes->numbers);
        nodes->count = 0;
        for (uint32_t i = 0; i < scenario->node_count; i++) {
            if (chosen[i]) {
                nodes->numbers[nodes->count++] = i;
            }
        }
    }
    free(chosen);
    return status;
}

void scn_nodes_fini(struct scn_nodes *nodes)
{
    free(nodes->numbers);
    *nodes = (struct scn_nodes){0};
}

enum status scn_node_find(const struct scn_scenario *scenario, const char *option, const char *text,
                          uint32_t *node, struct error *error)
{
    char item[ITEM_MAX];
    snprintf(item, sizeof item, "%s", text);
    struct range range = name_find(scenario, item);
    if (range.count == 1) {
        *node = range.first;
        return STATUS_OK;
    }
    if (range.count > 1) {
        const struct scn_group *group = group_find(scenario, item);
        return error_set(error, STATUS_INVALID, NULL, 0,
                         "%s: `%s` is a group; expected one node, %s-0 to %s-%" PRIu64, option,
                         item, group->name, group->name, group->count - 1);
    }
    if (strcmp(item, "all") == 0 || strchr(item, ',') || strstr(item, "..")) {
        return error_set(error, STATUS_INVALID, NULL, 0,
                         "%s: `%s`; expected one node; give the option once for each", option,
                         item);
    }
    uint64_t index;
    return unknown(scenario, option, item, member_find(scenario, item, &index), NODE_EXPECTED,
                   error);
}

/* --- stretches -------------------------------------------------------------------------------- */

static enum status stretch_bad(const char *option, const char *text, struct error *error)
{
    return error_set(error, STATUS_INVALID, NULL, 0,
                     "%s: `%.80s`; expected FROM-TO in virtual time such as 1s-1.5s, or in "
                     "instructions such as 100-250, FROM before TO",
                     option, text);
}

enum status scn_stretch_parse(const char *option, const char *text, struct scn_stretch *stretch,
                              struct error *error)
{
    char parts[2][UNIT_TEXT_MAX] = {"", ""};
    const char *dash = strchr(text, '-');
    if (!dash || dash - text >= UNIT_TEXT_MAX || strlen(dash + 1) >= UNIT_TEXT_MAX) {
        return stretch_bad(option, text, error);
    }
    snprintf(parts[0], sizeof parts[0], "%.*s", (int)(dash - text), text);
    snprintf(parts[1], sizeof parts[1], "%s", dash + 1);
    uint64_t bounds[2] = {0, UINT64_MAX};
    bool counted[2] = {false, false};
    for (int i = 0; i < 2; i++) {
        const char *reason;
        if (!parts[i][0]) {
            continue;
        }
        counted[i] = number_parse(parts[i], &bounds[i]);
        if (!counted[i] && !unit_parse(UNIT_TIME, parts[i], &bounds[i], &reason)) {
            return stretch_bad(option, text, error);
        }
    }
    if ((parts[0][0] && parts[1][0] && counted[0] != counted[1]) || bounds[0] >= bounds[1]) {
        return stretch_bad(option, text, error);
    }
    *stretch = (struct scn_stretch){counted[0] || counted[1], bounds[0], bounds[1]};
    return STATUS_OK;
}

enum status scn_stretch_check(const struct scn_scenario *scenario, const char *option,
                              const char *text, const struct scn_stretch *stretch,
                              struct error *error)
{
    if (stretch->in_instructions || stretch->from < scenario->duration_ns) {
        return STATUS_OK;
    }
    char duration[SCN_MOMENT_TEXT_MAX];
    scn_moment_write(scenario->duration_ns, duration);
    return error_set(error, STATUS_INVALID, NULL, 0,
                     "%s %.80s: expected a stretch within the run, which lasts %s", option, text,
                     duration);
}

/* --- moments ---------------------------------------------------------------------------------- */

enum status scn_moment_parse(const char *option, const char *text, uint64_t *time_ns,
                             struct error *error)
{
    const char *reason;
    if (unit_parse(UNIT_TIME, text, time_ns, &reason)) {
        return STATUS_OK;
    }
    return error_set(error, STATUS_INVALID, NULL, 0,
                     "%s: `%.80s`; expected a virtual time such as 1.5s or 250ms", option, text);
}

_Static_assert(SCN_MOMENT_TEXT_MAX == UNIT_TEXT_MAX, "the one is written by the other");

void scn_moment_write(uint64_t time_ns, char text[SCN_MOMENT_TEXT_MAX])
{
    unit_write(UNIT_TIME, time_ns, text);
}
