/*
 * Templates: checking and expanding them, and the boot text that is made of them.
 */
#include "template.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/nearest.h"
#include "base/random.h"
#include "document.h"
#include "scenarios/scenario.h"

#define ADDRESS_BYTES_MAX 15 /* 255.255.255.255 */

enum piece_kind {
    PIECE_LITERAL,
    PIECE_NODE_INDEX,
    PIECE_NODE_NAME,
    PIECE_NODE_COUNT,
    PIECE_NODE_ADDRESS,
    PIECE_NODE_SEED,
    PIECE_GROUP_INDEX,
    PIECE_GROUP_NAME,
    PIECE_GROUP_COUNT,
    PIECE_ADDRESS,
    PIECE_ADDRESSES,
};

struct piece {
    enum piece_kind kind;
    const char *literal;
    size_t length;
    uint32_t group; /* ADDRESS, ADDRESSES */
    uint32_t member;
};

static const char *const variables[] = {
    [PIECE_LITERAL] = "",
    [PIECE_NODE_INDEX] = "node.index",
    [PIECE_NODE_NAME] = "node.name",
    [PIECE_NODE_COUNT] = "node.count",
    [PIECE_NODE_ADDRESS] = "node.address",
    [PIECE_NODE_SEED] = "node.seed",
    [PIECE_GROUP_INDEX] = "group.index",
    [PIECE_GROUP_NAME] = "group.name",
    [PIECE_GROUP_COUNT] = "group.count",
};
#define VARIABLE_COUNT (sizeof variables / sizeof variables[0])

#define VARIABLES_IN_WORDS                                                                         \
    "node.index, node.name, node.count, node.address, node.seed, group.index, group.name, "        \
    "group.count, address:GROUP:I or addresses:GROUP"

static bool problem_set(char *problem, const char *format, const char *text)
{
    char found[DOCUMENT_FOUND_MAX];
    text_found(text, found);
    snprintf(problem, TEMPLATE_PROBLEM_MAX, format, found);
    return false;
}

/* GROUP or GROUP:I after "address:" or "addresses:". */
static bool member_parse(const struct scn_scenario *scenario, const char *text, bool with_index,
                         struct piece *piece, char *problem)
{
    size_t length = with_index ? strcspn(text, ":") : strlen(text);
    uint32_t group = 0;
    while (group < scenario->group_count &&
           (strlen(scenario->groups[group].name) != length ||
            memcmp(scenario->groups[group].name, text, length) != 0)) {
        group++;
    }
    if (group == scenario->group_count) {
        return problem_set(problem, "expected the name of a group, found %s", text);
    }
    if (scenario->groups[group].network == SCN_NETWORK_NONE) {
        return problem_set(problem, "expected a group that has a network, found %s", text);
    }
    piece->group = group;
    piece->member = 0;
    if (!with_index) {
        return true;
    }
    const char *digits = text + length + (text[length] == ':');
    uint32_t member = 0;
    const char *c = digits;
    for (; *c >= '0' && *c <= '9' && member < SCN_NODES_MAX; c++) {
        member = member * 10 + (uint32_t)(*c - '0');
    }
    if (c == digits || *c != '\0' || member >= scenario->groups[group].count) {
        snprintf(problem, TEMPLATE_PROBLEM_MAX,
                 "expected address:%s:I with I from 0 to %u, found I = '%.20s'",
                 scenario->groups[group].name, (unsigned)scenario->groups[group].count - 1, digits);
        return false;
    }
    piece->member = member;
    return true;
}

/* What stands between "${" and "}". */
static bool variable_parse(const struct scn_scenario *scenario, const char *text,
                           struct piece *piece, char *problem)
{
    for (size_t i = 1; i < VARIABLE_COUNT; i++) {
        if (strcmp(text, variables[i]) == 0) {
            piece->kind = (enum piece_kind)i;
            return true;
        }
    }
    if (strncmp(text, "address:", 8) == 0) {
        piece->kind = PIECE_ADDRESS;
        return member_parse(scenario, text + 8, true, piece, problem);
    }
    if (strncmp(text, "addresses:", 10) == 0) {
        piece->kind = PIECE_ADDRESSES;
        return member_parse(scenario, text + 10, false, piece, problem);
    }
    const char *nearest = nearest_word(text, variables + 1, VARIABLE_COUNT - 1);
    if (nearest != NULL) {
        snprintf(problem, TEMPLATE_PROBLEM_MAX,
                 "expected a variable, found ${%.40s}; did you mean ${%s}?", text, nearest);
        return false;
    }
    return problem_set(problem, "expected ${...} of " VARIABLES_IN_WORDS ", found %s", text);
}

/* The next piece at *cursor, which moves past it and is not at the end. */
static bool piece_next(const struct scn_scenario *scenario, const char **cursor,
                       struct piece *piece, char *problem)
{
    const char *text = *cursor;
    size_t length = strcspn(text, "$");
    *piece = (struct piece){.kind = PIECE_LITERAL, .literal = text, .length = length};
    if (length > 0) {
        *cursor = text + length;
        return true;
    }
    if (text[1] == '$') {
        piece->length = 1;
        *cursor = text + 2;
        return true;
    }
    const char *end = strchr(text, '}');
    char name[128];
    if (text[1] != '{' || end == NULL || (size_t)(end - text - 2) >= sizeof name) {
        return problem_set(problem, "expected ${...}, or $$ for a dollar sign, found %s", text);
    }
    memcpy(name, text + 2, (size_t)(end - text - 2));
    name[end - text - 2] = '\0';
    *cursor = end + 1;
    return variable_parse(scenario, name, piece, problem);
}

static size_t digits_of(uint64_t value)
{
    size_t digits = 1;
    for (; value >= 10; value /= 10) {
        digits++;
    }
    return digits;
}

/* Bytes of a piece for the node of the group that needs most. */
static size_t piece_longest(const struct scn_scenario *scenario, const struct scn_group *group,
                            const struct piece *piece)
{
    switch (piece->kind) {
    case PIECE_LITERAL:
        return piece->length;
    case PIECE_NODE_INDEX:
        return digits_of(group->first_node + group->count - 1);
    case PIECE_NODE_NAME:
        return strlen(group->name) + (group->count > 1 ? 1 + digits_of(group->count - 1) : 0);
    case PIECE_NODE_COUNT:
        return digits_of(scenario->node_count);
    case PIECE_NODE_SEED:
        return digits_of(UINT32_MAX);
    case PIECE_GROUP_INDEX:
        return digits_of(group->count - 1);
    case PIECE_GROUP_NAME:
        return strlen(group->name);
    case PIECE_GROUP_COUNT:
        return digits_of(group->count);
    case PIECE_NODE_ADDRESS:
    case PIECE_ADDRESS:
        return ADDRESS_BYTES_MAX;
    case PIECE_ADDRESSES:
        return (size_t)scenario->groups[piece->group].count * (ADDRESS_BYTES_MAX + 1) - 1;
    }
    UNREACHABLE();
}

bool template_check(const struct scn_scenario *scenario, uint32_t group, const char *text,
                    size_t *longest_bytes, char problem[TEMPLATE_PROBLEM_MAX])
{
    const struct scn_group *owner = &scenario->groups[group];
    *longest_bytes = 0;
    while (*text != '\0') {
        struct piece piece;
        if (!piece_next(scenario, &text, &piece, problem)) {
            return false;
        }
        if (piece.kind == PIECE_NODE_ADDRESS && owner->network == SCN_NETWORK_NONE) {
            snprintf(problem, TEMPLATE_PROBLEM_MAX,
                     "expected no ${node.address}: this group has no network");
            return false;
        }
        *longest_bytes += piece_longest(scenario, owner, &piece);
    }
    return true;
}

/* Output that counts on past the end of its buffer. */
struct output {
    char *text;
    size_t size_bytes;
    size_t length;
};

static void output_bytes(struct output *output, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (output->length + 1 < output->size_bytes) {
            output->text[output->length] = bytes[i];
        }
        output->length++;
    }
}

static void output_number(struct output *output, uint64_t number)
{
    char text[24];
    int length = snprintf(text, sizeof text, "%llu", (unsigned long long)number);
    output_bytes(output, text, (size_t)length);
}

static void output_address(struct output *output, uint32_t address)
{
    char text[ADDRESS_BYTES_MAX + 1];
    int length = snprintf(text, sizeof text, "%u.%u.%u.%u", address >> 24, address >> 16 & 0xff,
                          address >> 8 & 0xff, address & 0xff);
    output_bytes(output, text, (size_t)length);
}

/* A number of the node's own, from the run's seed, for the guest's own random numbers. */
static uint32_t node_seed(const struct scn_scenario *scenario, uint32_t node)
{
    char name[48];
    struct random_stream stream;
    snprintf(name, sizeof name, "scenario/node-seed/%u", node);
    random_init(&stream, scenario->seed, name);
    return (uint32_t)random_next(&stream);
}

static void output_piece(struct output *output, const struct scn_scenario *scenario, uint32_t node,
                         const struct piece *piece, scn_address_fn *address, void *context)
{
    const struct scn_group *group = &scenario->groups[scn_node_group(scenario, node)];
    char name[SCN_NODE_NAME_MAX];
    switch (piece->kind) {
    case PIECE_LITERAL:
        output_bytes(output, piece->literal, piece->length);
        return;
    case PIECE_NODE_INDEX:
        output_number(output, node);
        return;
    case PIECE_NODE_NAME:
        scn_node_name(scenario, node, name);
        output_bytes(output, name, strlen(name));
        return;
    case PIECE_NODE_COUNT:
        output_number(output, scenario->node_count);
        return;
    case PIECE_NODE_ADDRESS:
        output_address(output, address(context, node));
        return;
    case PIECE_NODE_SEED:
        output_number(output, node_seed(scenario, node));
        return;
    case PIECE_GROUP_INDEX:
        output_number(output, node - group->first_node);
        return;
    case PIECE_GROUP_NAME:
        output_bytes(output, group->name, strlen(group->name));
        return;
    case PIECE_GROUP_COUNT:
        output_number(output, group->count);
        return;
    case PIECE_ADDRESS:
        group = &scenario->groups[piece->group];
        output_address(output, address(context, group->first_node + piece->member));
        return;
    case PIECE_ADDRESSES:
        group = &scenario->groups[piece->group];
        for (uint32_t i = 0; i < group->count; i++) {
            output_bytes(output, ",", i > 0);
            output_address(output, address(context, group->first_node + i));
        }
        return;
    }
}

size_t scn_template_expand(const struct scn_scenario *scenario, uint32_t node, const char *source,
                           scn_address_fn *address, void *context, char *text, size_t size_bytes)
{
    struct output output = {text, size_bytes, 0};
    while (*source != '\0') {
        struct piece piece;
        char problem[TEMPLATE_PROBLEM_MAX];
        bool valid = piece_next(scenario, &source, &piece, problem);
        ASSERT(valid);
        output_piece(&output, scenario, node, &piece, address, context);
    }
    if (size_bytes > 0) {
        text[output.length < size_bytes ? output.length : size_bytes - 1] = '\0';
    }
    return output.length;
}

void scn_group_program(const struct scn_group *group, char name[SCN_NODE_NAME_MAX])
{
    const char *slash = strrchr(group->image, '/');
    const char *base = slash != NULL ? slash + 1 : group->image;
    size_t length = strlen(base);
    if (length > 4 && strcmp(base + length - 4, ".img") == 0) {
        length -= 4;
    }
    snprintf(name, SCN_NODE_NAME_MAX, "%.*s", (int)length, base);
}

static void boot_text_add(struct scn_boot_text *text, const char *bytes, size_t length)
{
    ASSERT(length <= SCN_BOOT_TEXT_MAX - text->size_bytes);
    memcpy(text->bytes + text->size_bytes, bytes, length);
    text->size_bytes += (uint32_t)length;
}

void scn_node_boot_text(const struct scn_scenario *scenario, uint32_t node, scn_address_fn *address,
                        void *context, struct scn_boot_text *text)
{
    const struct scn_group *group = &scenario->groups[scn_node_group(scenario, node)];
    char buffer[SCN_BOOT_TEXT_MAX];
    memset(text, 0, sizeof *text);
    scn_group_program(group, buffer);
    boot_text_add(text, buffer, strlen(buffer) + 1);
    for (uint32_t i = 0; i < group->argument_count; i++) {
        size_t length = scn_template_expand(scenario, node, group->arguments[i], address, context,
                                            buffer, sizeof buffer);
        boot_text_add(text, buffer, length + 1);
    }
    for (uint32_t i = 0; i < group->variable_count; i++) {
        const struct scn_variable *variable = &group->environment[i];
        boot_text_add(text, variable->name, strlen(variable->name));
        boot_text_add(text, "=", 1);
        size_t length = scn_template_expand(scenario, node, variable->value, address, context,
                                            buffer, sizeof buffer);
        boot_text_add(text, buffer, length + 1);
    }
    text->argument_count = 1 + group->argument_count;
    text->variable_count = group->variable_count;
}
