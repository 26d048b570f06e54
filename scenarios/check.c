/*
 * The rules of a scenario that depend on more than one field, and what is derived from several.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/locale.h"
#include "base/nearest.h"
#include "document.h"
#include "resolve.h"
#include "scenarios/scenario.h"
#include "template.h"

#define SITE_DELAY_NS  250000u
#define DISK_BYTES_MAX ((uint64_t)1 << 40)

#define LAN_RESERVED 3u /* addresses of a subnet that no node has */
#define WAN_PER_NODE 4u /* a node and its gateway are a subnet of their own */

/* A scenario under check. */
struct check {
    struct scn_scenario *scenario;
    const struct scn_document *document;
    struct error *error;
};

/* The item of an entry of a top-level list, and of a field in it if the file has that. */
static const struct scn_item *entry(const struct check *check, const char *list, uint32_t index)
{
    return item_child(check->document->root, list)->children[index];
}

static const struct scn_item *field_of(const struct scn_item *item, const char *field)
{
    const struct scn_item *child = item_child(item, field);
    return child != NULL ? child : item;
}

#define FAIL(check, item, field, ...)                                                              \
    item_error((check)->document, field_of(item, field),                                           \
               item_child(item, field) != NULL ? NULL : field, (check)->error, STATUS_INVALID,     \
               __VA_ARGS__)

_Static_assert(offsetof(struct scn_network, name) == 0 && offsetof(struct scn_group, name) == 0 &&
                   offsetof(struct scn_host, name) == 0 &&
                   offsetof(struct scn_expectation, name) == 0,
               "check_names takes the first member for the name");

/* The names of a list's entries, which are structs that begin with their name, differ. */
static enum status check_names(const struct check *check, const char *list, const void *array,
                               size_t size_bytes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const char *name = *(char *const *)(const void *)((const char *)array + i * size_bytes);
        for (uint32_t j = 0; j < i; j++) {
            const char *other =
                *(char *const *)(const void *)((const char *)array + j * size_bytes);
            if (strcmp(name, other) == 0) {
                char found[DOCUMENT_FOUND_MAX];
                text_found(name, found);
                return FAIL(check, entry(check, list, i), "name",
                            "expected a name of its own, found %s, which entry %u has too", found,
                            j);
            }
        }
    }
    return STATUS_OK;
}

static char *default_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash != NULL ? slash + 1 : path;
    size_t length = strlen(base);
    for (size_t cut = 4; cut <= 5; cut++) {
        if (length > cut && strcmp(base + length - cut, cut == 4 ? ".yml" : ".yaml") == 0) {
            length -= cut;
            break;
        }
    }
    char name[SCN_NAME_MAX + 1] = "s-"; /* in front of what does not begin with a letter */
    char first[2] = {base[0], '\0'};
    size_t out = name_is_valid(first) ? 0 : 2;
    for (size_t i = 0; i < length && out < SCN_NAME_MAX; i++) {
        char c[3] = {'a', base[i], '\0'};
        name[out++] = name_is_valid(c) ? base[i] : '-';
    }
    name[out] = '\0';
    return alloc_text(name);
}

static enum status check_network(const struct check *check, uint32_t index)
{
    struct scn_network *network = &check->scenario->networks[index];
    const struct scn_item *item = entry(check, "networks", index);
    if (strcmp(network->name, "none") == 0) {
        return FAIL(check, item, "name", "expected another name: 'none' means no network");
    }
    if (network->type == SCN_NETWORK_WAN) {
        if (network->delay_ns == 0 && network->matrix_path == NULL) {
            return FAIL(check, item, "delay",
                        "expected this field or 'matrix', found neither: they say how far nodes "
                        "are apart");
        }
        if (network->delay_ns != 0 && network->matrix_path != NULL) {
            return FAIL(check, item, "delay", "expected either 'delay' or 'matrix', found both");
        }
        if (network->matrix_path == NULL && network->site_delay_ns != 0) {
            return FAIL(check, item, "site_delay",
                        "expected no such field without 'matrix': there are no sites");
        }
        if (network->matrix_path != NULL && network->site_delay_ns == 0) {
            network->site_delay_ns = SITE_DELAY_NS;
        }
    }
    return STATUS_OK;
}

static enum status check_subnet(const struct check *check, uint32_t index)
{
    const struct scn_network *network = &check->scenario->networks[index];
    uint32_t addresses = (UINT32_MAX >> network->subnet_prefix_length) + 1;
    uint32_t nodes =
        network->type == SCN_NETWORK_WAN ? addresses / WAN_PER_NODE : addresses - LAN_RESERVED;
    if (network->node_count > nodes) {
        return FAIL(check, entry(check, "networks", index), "subnet",
                    "expected a subnet with addresses for the %u nodes on this network, found one "
                    "for %u",
                    network->node_count, nodes);
    }
    return STATUS_OK;
}

static enum status check_group_network(const struct check *check, uint32_t index)
{
    struct scn_scenario *scenario = check->scenario;
    struct scn_group *group = &scenario->groups[index];
    const struct scn_item *item = entry(check, "groups", index);
    const char *names[256]; /* the schema's most */
    group->network = SCN_NETWORK_NONE;
    for (uint32_t i = 0; i < scenario->network_count; i++) {
        names[i] = scenario->networks[i].name;
        if (strcmp(names[i], group->network_name) == 0) {
            group->network = i;
        }
    }
    if (group->network == SCN_NETWORK_NONE && strcmp(group->network_name, "none") != 0) {
        const char *nearest = nearest_word(group->network_name, names, scenario->network_count);
        return FAIL(check, item, "network",
                    "expected the name of a network, or 'none'; found '%s'%s%s%s",
                    group->network_name, nearest != NULL ? "; did you mean '" : "",
                    nearest != NULL ? nearest : "", nearest != NULL ? "'?" : "");
    }
    const struct scn_network *network =
        group->network != SCN_NETWORK_NONE ? &scenario->networks[group->network] : NULL;
    if (group->site != SCN_SITE_ANY && (network == NULL || network->matrix_path == NULL)) {
        return FAIL(check, item, "site", "expected no site: the group's network has no matrix");
    }
    if (network != NULL) {
        scenario->networks[group->network].node_count += (uint32_t)group->count;
    }
    return STATUS_OK;
}

/* Numbers the nodes. */
static enum status check_counts(const struct check *check)
{
    struct scn_scenario *scenario = check->scenario;
    const char *scaled = NULL;
    for (uint32_t i = 0; i < scenario->group_count; i++) {
        struct scn_group *group = &scenario->groups[i];
        const struct scn_item *item = entry(check, "groups", i);
        if (group->count > SCN_NODES_MAX - scenario->node_count) {
            return FAIL(check, item, "count",
                        "expected at most %u nodes in all groups together, found %llu up to here",
                        SCN_NODES_MAX, (unsigned long long)group->count + scenario->node_count);
        }
        group->first_node = scenario->node_count;
        scenario->node_count += (uint32_t)group->count;
        if (group->scale && scaled != NULL) {
            return FAIL(check, item, "scale", "expected one group to scale, found '%s' before",
                        scaled);
        }
        scaled = group->scale ? group->name : scaled;
    }
    return STATUS_OK;
}

/* Names that differ in case only are one name to DNS, and one folder to some file systems. */
static enum status check_group_names(const struct check *check)
{
    LOCALE_NEUTRAL();
    const struct scn_scenario *scenario = check->scenario;
    for (uint32_t i = 0; i < scenario->group_count; i++) {
        for (uint32_t j = 0; j < i; j++) {
            const char *other = scenario->groups[j].name;
            if (strcasecmp(scenario->groups[i].name, other) == 0) {
                return FAIL(check, entry(check, "groups", i), "name",
                            "expected a name that differs from '%s' in more than case", other);
            }
        }
    }
    return STATUS_OK;
}

/* A lone node "a-1" and node 1 of a group "a" would share a name. */
static enum status check_node_names(const struct check *check)
{
    LOCALE_NEUTRAL();
    const struct scn_scenario *scenario = check->scenario;
    for (uint32_t i = 0; i < scenario->group_count; i++) {
        const struct scn_group *lone = &scenario->groups[i];
        for (uint32_t j = 0; lone->count == 1 && j < scenario->group_count; j++) {
            const struct scn_group *group = &scenario->groups[j];
            size_t length = strlen(group->name);
            const char *number = lone->name + length + 1;
            if (group->count == 1 || strncasecmp(lone->name, group->name, length) != 0 ||
                lone->name[length] != '-' || *number == '\0' || strlen(number) > 7 ||
                strspn(number, "0123456789") != strlen(number) ||
                (number[0] == '0' && number[1] != '\0') ||
                strtoul(number, NULL, 10) >= group->count) {
                continue;
            }
            return FAIL(check, entry(check, "groups", i), "name",
                        "expected another name: a node of group '%s' is called '%s'", group->name,
                        lone->name);
        }
    }
    return STATUS_OK;
}

static enum status check_template(const struct check *check, uint32_t group,
                                  const struct scn_item *item, const char *text,
                                  size_t *total_bytes)
{
    char problem[TEMPLATE_PROBLEM_MAX];
    size_t longest;
    if (!template_check(check->scenario, group, text, &longest, problem)) {
        return item_error(check->document, item, NULL, check->error, STATUS_INVALID, "%s", problem);
    }
    *total_bytes += longest + 1;
    return STATUS_OK;
}

/* Bytes of the variable that tells the guest of its mounts. */
static size_t mounts_bytes(const struct scn_group *group)
{
    size_t total = 0;
    for (uint32_t i = 0; i < group->disk_count; i++) {
        if (group->disks[i].mount != NULL) {
            total += strlen(group->disks[i].name) + strlen(group->disks[i].mount) + 2;
        }
    }
    if (scn_group_has_files(group)) {
        total += sizeof SCN_FILES_DISK "=/,";
    }
    return total > 0 ? total + sizeof "DENALI_MOUNTS=" : 0;
}

static enum status check_boot_text(const struct check *check, uint32_t index)
{
    const struct scn_group *group = &check->scenario->groups[index];
    const struct scn_item *item = entry(check, "groups", index);
    char program[SCN_NODE_NAME_MAX];
    scn_group_program(group, program);
    size_t total = strlen(program) + 1 + mounts_bytes(group);
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < group->argument_count && status == STATUS_OK; i++) {
        status = check_template(check, index, item_child(item, "arguments")->children[i],
                                group->arguments[i], &total);
    }
    for (uint32_t i = 0; i < group->variable_count && status == STATUS_OK; i++) {
        total += strlen(group->environment[i].name) + 1;
        status = check_template(check, index, item_child(item, "environment")->children[i],
                                group->environment[i].value, &total);
    }
    const size_t most = SCN_BOOT_TEXT_MAX - SCN_BOOT_TEXT_FREE;
    if (status == STATUS_OK && total > most) {
        status =
            FAIL(check, item, group->argument_count > 0 ? "arguments" : "environment",
                 "expected at most %zu bytes of arguments and environment, found up to %zu once "
                 "expanded",
                 most, total);
    }
    return status;
}

/* Blocks of a disk's image; the schema has seen that the file is there. */
static uint64_t image_size(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && info.st_size > 0 ? (uint64_t)info.st_size : 0;
}

/* An absolute path of plain names: it stands in a list with commas and equals signs. */
static bool mount_is_valid(const char *mount)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/";
    size_t length = strlen(mount);
    return mount[0] == '/' && length > 1 && length <= SCN_MOUNT_MAX && mount[length - 1] != '/' &&
           strspn(mount, plain) == length && strstr(mount, "//") == NULL &&
           strstr(mount, "/.") == NULL;
}

enum status check_disk_size(const struct scn_document *document, const struct scn_item *item,
                            const char *image_path, uint64_t *size_bytes, struct error *error)
{
    const struct check check = {NULL, document, error};
    if (image_path == NULL) {
        return *size_bytes != 0 ? STATUS_OK
                                : FAIL(&check, item, "size",
                                       "expected this field or 'image', found neither: they say "
                                       "how large the disk is");
    }
    uint64_t image_bytes = image_size(image_path);
    if (*size_bytes == 0) {
        *size_bytes =
            (image_bytes + SCN_DISK_BLOCK_BYTES - 1) / SCN_DISK_BLOCK_BYTES * SCN_DISK_BLOCK_BYTES;
    }
    if (*size_bytes == 0 || *size_bytes > DISK_BYTES_MAX) {
        return FAIL(&check, item, "image", "expected a file of 1 byte to 1 TiB, found one of %llu",
                    (unsigned long long)image_bytes);
    }
    if (image_bytes > *size_bytes) {
        return FAIL(&check, item, "size",
                    "expected at least the %llu bytes of the image, found %llu",
                    (unsigned long long)image_bytes, (unsigned long long)*size_bytes);
    }
    return STATUS_OK;
}

/* A file of plain names from the root; the archive has room for 255 bytes of it. */
static bool guest_path_is_valid(const char *path)
{
    size_t length = strlen(path);
    if (path[0] != '/' || length > 255 || (length > 1 && path[length - 1] == '/')) {
        return false;
    }
    for (const char *name = path + 1; length > 1; name = strchr(name, '/') + 1) {
        size_t name_length = strcspn(name, "/");
        if (name_length == 0 || (name_length == 1 && name[0] == '.') ||
            (name_length == 2 && name[0] == '.' && name[1] == '.')) {
            return false;
        }
        if (name[name_length] == '\0') {
            break;
        }
    }
    return true;
}

static enum status check_file(const struct check *check, uint32_t group_index, uint32_t index)
{
    const struct scn_file_entry *file = &check->scenario->groups[group_index].files[index];
    const struct scn_item *item =
        item_child(entry(check, "groups", group_index), "files")->children[index];
    if (!guest_path_is_valid(file->path)) {
        char found[DOCUMENT_FOUND_MAX];
        text_found(file->path, found);
        return FAIL(check, item, "path",
                    "expected an absolute path such as /etc/peers.txt, without '.', '..' or a "
                    "slash at its end, 255 bytes at most; found %s",
                    found);
    }
    if ((file->text == NULL) == (file->from_path == NULL)) {
        return FAIL(check, item, "text", "expected either 'text' or 'from', found %s",
                    file->text == NULL ? "neither" : "both");
    }
    if (file->text != NULL && file->path[1] == '\0') {
        return FAIL(check, item, "path", "expected a file's path, found '/', which is a directory");
    }
    return STATUS_OK;
}

/* A guest would say so too, but on its console and when a program opens its first file. */
static enum status check_archive(const struct check *check, const struct scn_item *item,
                                 const char *field, const char *path)
{
    const char *problem = archive_problem(path);
    return problem == NULL
               ? STATUS_OK
               : FAIL(check, item, field,
                      "expected an archive as `tar --format=ustar` writes it, found %s", problem);
}

static enum status check_files(const struct check *check, uint32_t index)
{
    const struct scn_group *group = &check->scenario->groups[index];
    const struct scn_item *item = entry(check, "groups", index);
    enum status status = STATUS_OK;
    if (group->file_count > 0 && group->archive_path != NULL) {
        return FAIL(check, item, "archive", "expected either 'files' or 'archive', found both");
    }
    if (group->archive_path != NULL) {
        enum status status = check_archive(check, item, "archive", group->archive_path);
        if (status != STATUS_OK) {
            return status;
        }
    }
    for (uint32_t i = 0; i < group->disk_count && scn_group_has_files(group); i++) {
        if (strcmp(group->disks[i].name, SCN_FILES_DISK) == 0) {
            return FAIL(check, item_child(item, "disks")->children[i], "name",
                        "expected another name: '" SCN_FILES_DISK
                        "' is the disk of the group's files");
        }
    }
    for (uint32_t i = 0; i < group->file_count && status == STATUS_OK; i++) {
        status = check_file(check, index, i);
    }
    return status;
}

static enum status check_disk(const struct check *check, uint32_t group_index, uint32_t index)
{
    struct scn_group *group = &check->scenario->groups[group_index];
    struct scn_disk *disk = &group->disks[index];
    const struct scn_item *item =
        item_child(entry(check, "groups", group_index), "disks")->children[index];
    if (strlen(disk->name) >= SCN_DISK_NAME_MAX) {
        return FAIL(check, item, "name", "expected a name of at most %u bytes, found %zu",
                    SCN_DISK_NAME_MAX - 1, strlen(disk->name));
    }
    if (disk->mount != NULL && !mount_is_valid(disk->mount)) {
        char found[DOCUMENT_FOUND_MAX];
        text_found(disk->mount, found);
        return FAIL(check, item, "mount",
                    "expected a path such as /www, of letters, digits, '.', '_', '-' and '/', no "
                    "name in it beginning with '.', %u bytes at most; found %s",
                    SCN_MOUNT_MAX, found);
    }
    for (uint32_t i = 0; i < index; i++) {
        const struct scn_disk *other = &group->disks[i];
        if (strcmp(other->name, disk->name) == 0) {
            return FAIL(check, item, "name",
                        "expected a name of its own; disk %u is called '%s' too", i, other->name);
        }
        if (disk->mount != NULL && other->mount != NULL && strcmp(other->mount, disk->mount) == 0) {
            return FAIL(check, item, "mount", "expected a path of its own; disk '%s' is there too",
                        other->name);
        }
    }
    enum status status =
        check_disk_size(check->document, item, disk->image_path, &disk->size_bytes, check->error);
    if (status == STATUS_OK && disk->mount != NULL && disk->image_path != NULL) {
        status = check_archive(check, item, "image", disk->image_path);
    }
    return status;
}

/* A burst without its rate means nothing; a rate without its burst has the default one. */
static enum status check_burst(const struct check *check, const struct scn_item *limits,
                               const char *field, uint64_t rate_bps, uint64_t *burst_bytes)
{
    if (rate_bps == 0 && *burst_bytes != 0) {
        return FAIL(check, limits, field, "expected no burst without a rate");
    }
    if (rate_bps != 0 && *burst_bytes == 0) {
        *burst_bytes = SCN_BURST_BYTES;
    }
    return STATUS_OK;
}

static enum status check_allow(const struct check *check, const struct scn_item *item,
                               const struct scn_group *group, struct scn_allow *allow)
{
    const struct scn_scenario *scenario = check->scenario;
    if ((allow->group != NULL) == (allow->subnet_prefix_length != 0)) {
        return FAIL(check, item, "group", "expected either 'group' or 'subnet'");
    }
    if (allow->group == NULL) {
        return STATUS_OK;
    }
    const char *names[1024]; /* the schema's most */
    uint32_t found = scenario->group_count;
    for (uint32_t i = 0; i < scenario->group_count; i++) {
        names[i] = scenario->groups[i].name;
        if (strcmp(names[i], allow->group) == 0) {
            found = i;
        }
    }
    if (found == scenario->group_count) {
        const char *nearest = nearest_word(allow->group, names, scenario->group_count);
        return FAIL(check, item, "group", "expected the name of a group; found '%s'%s%s%s",
                    allow->group, nearest != NULL ? "; did you mean '" : "",
                    nearest != NULL ? nearest : "", nearest != NULL ? "'?" : "");
    }
    if (scenario->groups[found].network != group->network) {
        return FAIL(check, item, "group",
                    "expected a group on the same network, '%s'; group '%s' is on '%s'",
                    group->network_name, allow->group, scenario->groups[found].network_name);
    }
    allow->group_index = found;
    return STATUS_OK;
}

static enum status check_limits(const struct check *check, uint32_t index)
{
    struct scn_group *group = &check->scenario->groups[index];
    struct scn_limits *limits = &group->limits;
    const struct scn_item *item = item_child(entry(check, "groups", index), "limits");
    if (!item || !item_child(item, "bind_address")) {
        limits->bind_address = group->host_name != NULL;
    }
    enum status status =
        check_burst(check, item, "send_burst", limits->send_bps, &limits->send_burst_bytes);
    if (status == STATUS_OK) {
        status = check_burst(check, item, "receive_burst", limits->receive_bps,
                             &limits->receive_burst_bytes);
    }
    for (uint32_t i = 0; i < limits->allow_count && status == STATUS_OK; i++) {
        status =
            check_allow(check, item_child(item, "allow")->children[i], group, &limits->allow[i]);
    }
    return status;
}

static enum status check_group(const struct check *check, uint32_t index)
{
    const struct scn_group *group = &check->scenario->groups[index];
    const struct scn_item *item = entry(check, "groups", index);
    for (uint32_t i = 1; i < group->input_count; i++) {
        if (group->inputs[i].at_ns < group->inputs[i - 1].at_ns) {
            return FAIL(check, item_child(item, "console_input")->children[i], "at",
                        "expected a time not before the entry above");
        }
    }
    for (uint32_t i = 0; i < group->disk_count; i++) {
        enum status status = check_disk(check, index, i);
        if (status != STATUS_OK) {
            return status;
        }
    }
    enum status status = check_files(check, index);
    if (status == STATUS_OK) {
        status = check_limits(check, index);
    }
    if (status == STATUS_OK) {
        status =
            typing_expand(check->document, item, &check->scenario->groups[index], check->error);
    }
    return status == STATUS_OK ? check_boot_text(check, index) : status;
}

static enum status check_expectation(const struct check *check, uint32_t index)
{
    struct scn_expectation *expectation = &check->scenario->expectations[index];
    const struct scn_item *item = entry(check, "expectations", index);
    const struct scn_bound *low = &expectation->at_least;
    const struct scn_bound *high = &expectation->at_most;
    const struct scn_bound *equal = &expectation->equals;
    if (low->text == NULL && high->text == NULL && equal->text == NULL) {
        return FAIL(check, item, "at_least",
                    "expected a bound: 'at_least', 'at_most' or 'equals', found none");
    }
    if (equal->text != NULL && (low->text != NULL || high->text != NULL)) {
        return FAIL(check, item, "equals", "expected no other bound beside 'equals'");
    }
    if (low->text != NULL && high->text != NULL && low->value > high->value) {
        return FAIL(check, item, "at_most", "expected at least %s, which is 'at_least', found %s",
                    low->text, high->text);
    }
    if (expectation->name == NULL) {
        char name[256];
        snprintf(name, sizeof name, "%s %s%s%s%s%s%s%s", expectation->metric,
                 scn_statistic_text(expectation->statistic), low->text != NULL ? " at_least " : "",
                 low->text != NULL ? low->text : "", high->text != NULL ? " at_most " : "",
                 high->text != NULL ? high->text : "", equal->text != NULL ? " equals " : "",
                 equal->text != NULL ? equal->text : "");
        expectation->name = alloc_text(name);
    }
    return STATUS_OK;
}

enum status check_scenario(struct scn_scenario *scenario, struct error *error)
{
    struct check check = {scenario, scenario->source, error};
    if (scenario->name == NULL) {
        scenario->name = default_name(scenario->source->path);
    }
    enum status status = check_names(&check, "networks", scenario->networks,
                                     sizeof *scenario->networks, scenario->network_count);
    for (uint32_t i = 0; i < scenario->network_count && status == STATUS_OK; i++) {
        status = check_network(&check, i);
    }
    if (status == STATUS_OK) {
        status = check_names(&check, "groups", scenario->groups, sizeof *scenario->groups,
                             scenario->group_count);
    }
    if (status == STATUS_OK) {
        status = check_counts(&check);
    }
    if (status == STATUS_OK) {
        status = check_group_names(&check);
    }
    if (status == STATUS_OK) {
        status = check_node_names(&check);
    }
    for (uint32_t i = 0; i < scenario->group_count && status == STATUS_OK; i++) {
        status = check_group_network(&check, i);
    }
    for (uint32_t i = 0; i < scenario->network_count && status == STATUS_OK; i++) {
        status = check_subnet(&check, i);
    }
    if (status == STATUS_OK) {
        status = check_names(&check, "hosts", scenario->hosts, sizeof *scenario->hosts,
                             scenario->host_count);
    }
    if (status == STATUS_OK) {
        status = check_hosts(scenario, error);
    }
    for (uint32_t i = 0; i < scenario->group_count && status == STATUS_OK; i++) {
        status = check_group(&check, i);
    }
    if (status == STATUS_OK && scenario->host_total > 0) {
        status = check_host_room(scenario, error);
    }
    for (uint32_t i = 0; i < scenario->expectation_count && status == STATUS_OK; i++) {
        status = check_expectation(&check, i);
    }
    if (status == STATUS_OK) {
        status = check_names(&check, "expectations", scenario->expectations,
                             sizeof *scenario->expectations, scenario->expectation_count);
    }
    return status;
}
