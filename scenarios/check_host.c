/*
 * The rules of hosts: who is placed where, and that no host is asked for more than it has.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/nearest.h"
#include "document.h"
#include "resolve.h"
#include "scenarios/scenario.h"
#include "units.h"

/* Defaults of hosts[].paging. */
#define WINDOW_NS   1000000000ull
#define INACTIVE_NS 5000000000ull
#define WRITES      16u

/* The item of a group, or of one of its fields if the file has that. */
static const struct scn_item *group_item(const struct scn_scenario *scenario, uint32_t group,
                                         const char *field)
{
    const struct scn_item *item = item_child(scenario->source->root, "groups")->children[group];
    const struct scn_item *child = field ? item_child(item, field) : NULL;
    return child ? child : item;
}

/* Numbers the hosts. */
static enum status check_counts(struct scn_scenario *scenario, struct error *error)
{
    for (uint32_t i = 0; i < scenario->host_count; i++) {
        struct scn_host *host = &scenario->hosts[i];
        if (host->count > SCN_HOSTS_MAX - scenario->host_total) {
            const struct scn_item *item = item_child(scenario->source->root, "hosts")->children[i];
            const struct scn_item *count = item_child(item, "count");
            return item_error(scenario->source, count ? count : item, NULL, error, STATUS_INVALID,
                              "expected at most %u hosts in all entries together, found %llu up "
                              "to here",
                              SCN_HOSTS_MAX,
                              (unsigned long long)host->count + scenario->host_total);
        }
        host->first_host = scenario->host_total;
        scenario->host_total += (uint32_t)host->count;
    }
    return STATUS_OK;
}

static enum status find_host(struct scn_scenario *scenario, uint32_t index, struct error *error)
{
    struct scn_group *group = &scenario->groups[index];
    const char *names[256]; /* the schema's most */
    group->host = SCN_HOST_NONE;
    for (uint32_t i = 0; i < scenario->host_count; i++) {
        names[i] = scenario->hosts[i].name;
        if (group->host_name && strcmp(names[i], group->host_name) == 0) {
            group->host = i;
        }
    }
    if (group->host_name && group->host == SCN_HOST_NONE) {
        const char *nearest = nearest_word(group->host_name, names, scenario->host_count);
        return item_error(
            scenario->source, group_item(scenario, index, "host"), NULL, error, STATUS_INVALID,
            "expected the name of an entry of 'hosts', found '%s'%s%s%s", group->host_name,
            nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
    }
    return STATUS_OK;
}

/* The item of an entry of hosts, or of what is in it if the file has that. */
static const struct scn_item *host_item(const struct scn_scenario *scenario, uint32_t host,
                                        const char *section, const char *field)
{
    const struct scn_item *item = item_child(scenario->source->root, "hosts")->children[host];
    const struct scn_item *inner = item_child(item, section);
    const struct scn_item *child = inner && field ? item_child(inner, field) : NULL;
    return child ? child : inner ? inner : item;
}

static enum status check_seeks(const struct scn_scenario *scenario, uint32_t index,
                               struct error *error)
{
    const struct scn_host *host = &scenario->hosts[index];
    for (uint32_t i = 0; i < host->disk_count; i++) {
        const struct scn_host_disk *disk = &host->disks[i];
        if (disk->seek_track_ns > disk->seek_average_ns ||
            disk->seek_average_ns > disk->seek_full_ns) {
            return item_error(
                scenario->source, host_item(scenario, index, "disks", NULL)->children[i], NULL,
                error, STATUS_INVALID, "expected 'seek_track' <= 'seek_average' <= 'seek_full'");
        }
    }
    return STATUS_OK;
}

static enum status check_paging(struct scn_scenario *scenario, uint32_t index, struct error *error)
{
    struct scn_host *host = &scenario->hosts[index];
    struct scn_paging *paging = &host->paging;
    enum status status = check_seeks(scenario, index, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (!host->snapshots.count != !host->snapshots.size_bytes) {
        return item_error(scenario->source, host_item(scenario, index, "snapshots", NULL), NULL,
                          error, STATUS_INVALID, "expected both 'count' and 'size'");
    }
    const struct scn_item *item = host_item(scenario, index, "paging", NULL);
    if (scn_host_disks(host) > SCN_HOST_DISKS_MAX) {
        return item_error(scenario->source, host_item(scenario, index, "disks", NULL), NULL, error,
                          STATUS_INVALID, "expected at most %u disks on a host, found %llu",
                          SCN_HOST_DISKS_MAX, (unsigned long long)scn_host_disks(host));
    }
    if (paging->block_bytes == 0) {
        bool other = paging->window_ns || paging->inactive_ns || paging->writes || paging->scan;
        return other || paging->references
                   ? item_error(scenario->source, item, NULL, error, STATUS_INVALID,
                                "expected 'block', with which the host pages")
                   : STATUS_OK;
    }
    if (paging->block_bytes & (paging->block_bytes - 1)) {
        return item_error(scenario->source, host_item(scenario, index, "paging", "block"), NULL,
                          error, STATUS_INVALID, "expected a power of two, such as 4KiB or 16KiB");
    }
    if (host->memory_bytes == 0 || host->disk_count == 0) {
        return item_error(scenario->source, item, NULL, error, STATUS_INVALID,
                          "expected '%s' on a host that pages",
                          host->memory_bytes ? "disks" : "memory");
    }
    paging->window_ns = paging->window_ns ? paging->window_ns : WINDOW_NS;
    paging->inactive_ns = paging->inactive_ns ? paging->inactive_ns : INACTIVE_NS;
    paging->writes = paging->writes ? paging->writes : WRITES;
    return STATUS_OK;
}

/* A node's floor and ceiling: that there is a host to keep them, and that they go together. */
static enum status check_memory_bounds(const struct scn_scenario *scenario, uint32_t index,
                                       struct error *error)
{
    const struct scn_group *group = &scenario->groups[index];
    const struct scn_host *host =
        group->host == SCN_HOST_NONE ? NULL : &scenario->hosts[group->host];
    uint64_t floor = group->limits.memory_floor_bytes;
    uint64_t ceiling = group->limits.memory_ceiling_bytes;
    uint64_t block = host ? host->paging.block_bytes : 0;
    const struct scn_item *item = group_item(scenario, index, "limits");
    char least[UNIT_TEXT_MAX];
    char most[UNIT_TEXT_MAX];
    if (!floor && !ceiling) {
        return STATUS_OK;
    }
    if (!block) {
        return item_error(scenario->source, item, floor ? "memory_floor" : "memory_ceiling", error,
                          STATUS_INVALID, "expected no such field but on a host that pages");
    }
    unit_write(UNIT_SIZE, floor, least);
    unit_write(UNIT_SIZE, ceiling, most);
    if (ceiling && floor > ceiling) {
        return item_error(scenario->source, item, "memory_floor", error, STATUS_INVALID,
                          "expected a floor that is not above the ceiling: %s > %s", least, most);
    }
    if (floor > group->memory_bytes) {
        unit_write(UNIT_SIZE, group->memory_bytes, most);
        return item_error(scenario->source, item, "memory_floor", error, STATUS_INVALID,
                          "expected a floor that is no more than the node's 'memory': %s > %s",
                          least, most);
    }
    if (ceiling && ceiling < SCN_PAGING_BLOCKS * block) {
        unit_write(UNIT_SIZE, SCN_PAGING_BLOCKS * block, least);
        return item_error(scenario->source, item, "memory_ceiling", error, STATUS_INVALID,
                          "expected at least %u blocks, which are %s, found %s", SCN_PAGING_BLOCKS,
                          least, most);
    }
    return STATUS_OK;
}

/* A node needs more than its host could ever have free. */
static enum status check_room(const struct scn_scenario *scenario, uint32_t index,
                              struct error *error)
{
    const struct scn_group *group = &scenario->groups[index];
    const struct scn_host *host = &scenario->hosts[group->host];
    uint64_t need_bytes = scn_group_backing_bytes(scenario, group);
    if (host->memory_bytes == 0 || need_bytes + host->minimum_free_bytes <= host->memory_bytes) {
        return STATUS_OK;
    }
    char need[UNIT_TEXT_MAX];
    char least[UNIT_TEXT_MAX];
    char sum[UNIT_TEXT_MAX];
    char memory[UNIT_TEXT_MAX];
    unit_write(UNIT_SIZE, need_bytes, need);
    unit_write(UNIT_SIZE, host->minimum_free_bytes, least);
    unit_write(UNIT_SIZE, need_bytes + host->minimum_free_bytes, sum);
    unit_write(UNIT_SIZE, host->memory_bytes, memory);
    return item_error(scenario->source, group_item(scenario, index, "memory"), NULL, error,
                      STATUS_INVALID,
                      "expected a node that its host can admit: %s of a node + %s 'minimum_free' "
                      "= %s, and a host '%s' has %s",
                      need, least, sum, host->name, memory);
}

/* What shares a processor means nothing on one's own. */
static enum status check_without_host(const struct scn_scenario *scenario, uint32_t index,
                                      struct error *error)
{
    const struct scn_group *group = &scenario->groups[index];
    const struct scn_item *item = NULL;
    if (group->reserve) {
        item = group_item(scenario, index, "reserve");
    } else if (group->supervisor) {
        item = group_item(scenario, index, "supervisor");
    } else if (group->weight > 1) {
        item = group_item(scenario, index, "weight");
    } else if (group->limits.processor_cap) {
        item = item_child(group_item(scenario, index, "limits"), "processor_cap");
    }
    return item ? item_error(scenario->source, item, NULL, error, STATUS_INVALID,
                             "expected no such field without 'host': each node has a processor of "
                             "its own")
                : STATUS_OK;
}

static enum status check_group(struct scn_scenario *scenario, uint32_t index, struct error *error)
{
    struct scn_group *group = &scenario->groups[index];
    enum status status = check_memory_bounds(scenario, index, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (group->host == SCN_HOST_NONE) {
        return check_without_host(scenario, index, error);
    }
    if (group->limits.processor_cap && group->reserve > group->limits.processor_cap) {
        return item_error(
            scenario->source, group_item(scenario, index, "reserve"), NULL, error, STATUS_INVALID,
            "expected no more than 'limits.processor_cap', found %llu %% > %llu %%",
            (unsigned long long)group->reserve, (unsigned long long)group->limits.processor_cap);
    }
    struct scn_host *host = &scenario->hosts[group->host];
    const struct scn_item *speed = item_child(group_item(scenario, index, NULL), "cpu_hz");
    if (speed && group->cpu_hz != host->cpu_hz) {
        char found[UNIT_TEXT_MAX];
        char wanted[UNIT_TEXT_MAX];
        unit_write(UNIT_FREQUENCY, group->cpu_hz, found);
        unit_write(UNIT_FREQUENCY, host->cpu_hz, wanted);
        return item_error(scenario->source, speed, NULL, error, STATUS_INVALID,
                          "expected none, or %s, which is how fast host '%s' is; found %s", wanted,
                          host->name, found);
    }
    group->cpu_hz = host->cpu_hz;
    group->host_first = host->node_count;
    host->node_count += (uint32_t)group->count;
    return check_room(scenario, index, error);
}

/* What all reservations on a host come to, in percent of a processor. */
static uint64_t reserved_on(const struct scn_scenario *scenario, uint32_t host, uint32_t *nodes)
{
    uint64_t sum = 0;
    *nodes = 0;
    for (uint32_t i = 0; i < scenario->group_count; i++) {
        const struct scn_group *group = &scenario->groups[i];
        for (uint32_t j = 0; j < group->count && group->reserve; j++) {
            bool here = scn_node_host(scenario, group->first_node + j) == host;
            sum += here ? group->reserve : 0;
            *nodes += here;
        }
    }
    return sum;
}

/* The admission control of reservations. */
static enum status check_reservations(const struct scn_scenario *scenario, struct error *error)
{
    uint8_t *processors = alloc_zeroed(scenario->node_count, 1);
    uint32_t misfit = 0;
    bool fits = scn_reservations_place(scenario, processors, &misfit);
    free(processors);
    if (fits) {
        return STATUS_OK;
    }
    uint32_t group = scn_node_group(scenario, misfit);
    uint32_t host = scn_node_host(scenario, misfit);
    uint64_t has = scenario->hosts[scenario->groups[group].host].processors;
    uint32_t nodes;
    uint64_t sum = reserved_on(scenario, host, &nodes);
    char node_name[SCN_NODE_NAME_MAX];
    char host_name[SCN_NODE_NAME_MAX];
    scn_node_name(scenario, misfit, node_name);
    scn_host_name(scenario, host, host_name);
    return item_error(scenario->source, group_item(scenario, group, "reserve"), NULL, error,
                      STATUS_INVALID,
                      "expected reservations that host '%s' can keep: its %u nodes reserve %llu %% "
                      "together, it has %llu processor%s = %llu %%, each reservation is kept on "
                      "one of them, and node '%s' finds none with %llu %% left",
                      host_name, nodes, (unsigned long long)sum, (unsigned long long)has,
                      has == 1 ? "" : "s", (unsigned long long)has * 100, node_name,
                      (unsigned long long)scenario->groups[group].reserve);
}

/* A host has one supervisor at most. */
static enum status check_supervisors(const struct scn_scenario *scenario, struct error *error)
{
    bool *supervised = alloc_zeroed(scenario->host_total, sizeof *supervised);
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < scenario->group_count && !status; i++) {
        const struct scn_group *group = &scenario->groups[i];
        for (uint32_t j = 0; j < group->count && group->supervisor && !status; j++) {
            uint32_t host = scn_node_host(scenario, group->first_node + j);
            char name[SCN_NODE_NAME_MAX];
            scn_host_name(scenario, host, name);
            if (supervised[host]) {
                status = item_error(scenario->source, group_item(scenario, i, "supervisor"), NULL,
                                    error, STATUS_INVALID,
                                    "expected one supervisor of each host, found a second on host "
                                    "'%s'",
                                    name);
            }
            supervised[host] = true;
        }
    }
    free(supervised);
    return status;
}

static enum status action_error(const struct scn_scenario *scenario, uint32_t index,
                                const char *field, const char *expected, struct error *error)
{
    const struct scn_item *item = item_child(scenario->source->root, "schedule")->children[index];
    const struct scn_item *child = item_child(item, field);
    return item_error(scenario->source, child ? child : item, NULL, error, STATUS_INVALID,
                      "expected %s", expected);
}

/* A floor and a ceiling that a node of the group may have, whatever else it has. */
static const char *memory_bound_expected(const struct scn_scenario *scenario,
                                         const struct scn_group *group,
                                         const struct scn_action *action)
{
    const struct scn_host *host = &scenario->hosts[group->host];
    uint64_t size_bytes = action->size_bytes;
    if (!host->paging.block_bytes) {
        return "no such action but on a host that pages";
    }
    if (size_bytes % SCN_PAGE_BYTES) {
        return "whole pages of 4KiB";
    }
    if (action->action == SCN_ACTION_MEMORY_FLOOR && size_bytes > group->memory_bytes) {
        return "a floor that is no more than the nodes' 'memory'";
    }
    if (action->action == SCN_ACTION_MEMORY_CEILING && size_bytes &&
        size_bytes < SCN_PAGING_BLOCKS * host->paging.block_bytes) {
        return "0, or a ceiling of at least 8 blocks";
    }
    return NULL;
}

/* What is wrong with a limit that an action sets; NULL: nothing. */
static const char *limit_expected(const struct scn_scenario *scenario,
                                  const struct scn_group *group, const struct scn_action *action)
{
    uint64_t size_bytes = action->size_bytes;
    switch ((enum scn_action_kind)action->action) {
    case SCN_ACTION_MEMORY_FLOOR:
    case SCN_ACTION_MEMORY_CEILING:
        return memory_bound_expected(scenario, group, action);
    case SCN_ACTION_SEND_RATE:
    case SCN_ACTION_RECEIVE_RATE:
    case SCN_ACTION_DISK_RATE:
        return action->rate_bps && action->rate_bps < SCN_RATE_MIN_BPS
                   ? "0, or a rate of at least 1kbit"
                   : NULL;
    case SCN_ACTION_SEND_BURST:
    case SCN_ACTION_RECEIVE_BURST:
        return size_bytes && (size_bytes < SCN_BURST_MIN_BYTES || size_bytes > SCN_BURST_MAX_BYTES)
                   ? "0, or a burst from 1514B to 1GiB"
                   : NULL;
    case SCN_ACTION_DISK:
        return size_bytes % SCN_PAGE_BYTES ? "whole blocks of 4KiB" : NULL;
    default:
        return NULL;
    }
}

/* Of a snapshot; what is kept under one number is one machine's. */
static enum status check_snapshot(const struct scn_scenario *scenario, uint32_t index,
                                  struct error *error)
{
    const struct scn_action *action = &scenario->actions[index];
    const struct scn_group *group = &scenario->groups[action->group_index];
    const struct scn_host *host = &scenario->hosts[group->host];
    if (action->size_bytes || action->rate_bps) {
        return action_error(scenario, index, action->size_bytes ? "size" : "rate",
                            "no such field of a snapshot", error);
    }
    if (group->supervisor) {
        return action_error(scenario, index, "group", "one that is not the supervisor", error);
    }
    if (action->value >= host->snapshots.count) {
        return action_error(scenario, index, "value",
                            "a number below the 'count' of its host's 'snapshots'", error);
    }
    if (action->action == SCN_ACTION_SNAPSHOT && action->index == SCN_INDEX_ALL &&
        group->count > 1) {
        return action_error(scenario, index, "index", "the one node that it is of", error);
    }
    return STATUS_OK;
}

/* Of a volume, which one machine has. */
static enum status check_volume_action(const struct scn_scenario *scenario, uint32_t index,
                                       struct error *error)
{
    const struct scn_action *action = &scenario->actions[index];
    const struct scn_group *group = &scenario->groups[action->group_index];
    if (action->size_bytes || action->rate_bps) {
        return action_error(scenario, index, action->size_bytes ? "size" : "rate",
                            "no such field of a volume", error);
    }
    if (action->value >= scn_host_volumes(&scenario->hosts[group->host])) {
        return action_error(scenario, index, "value", "the number of one of its host's 'volumes'",
                            error);
    }
    if (action->action == SCN_ACTION_ATTACH && action->index == SCN_INDEX_ALL && group->count > 1) {
        return action_error(scenario, index, "index", "the one node that is given it", error);
    }
    return STATUS_OK;
}

/* The fields that belong to an action, no others. */
static enum status check_operand(const struct scn_scenario *scenario, uint32_t index,
                                 struct error *error)
{
    const struct scn_action *action = &scenario->actions[index];
    const struct scn_group *group = &scenario->groups[action->group_index];
    bool number = action->action == SCN_ACTION_WEIGHT || action->action == SCN_ACTION_CAP;
    bool port =
        action->action >= SCN_ACTION_SEND_RATE && action->action <= SCN_ACTION_RECEIVE_BURST;
    bool rate = action->action == SCN_ACTION_SEND_RATE ||
                action->action == SCN_ACTION_RECEIVE_RATE || action->action == SCN_ACTION_DISK_RATE;
    bool snapshot = action->action >= SCN_ACTION_SNAPSHOT && action->action <= SCN_ACTION_DISCARD;
    if (action->action == SCN_ACTION_ATTACH || action->action == SCN_ACTION_DETACH) {
        return check_volume_action(scenario, index, error);
    }
    bool size = action->action >= SCN_ACTION_MEMORY_FLOOR && !rate && !snapshot;
    if (snapshot) {
        return check_snapshot(scenario, index, error);
    }
    if (!number && action->value) {
        return action_error(scenario, index, "value",
                            "none, but for 'weight', 'cap', snapshots and volumes", error);
    }
    if (!size && action->size_bytes) {
        return action_error(scenario, index, "size", "none, but for memory, bursts and 'disk'",
                            error);
    }
    if (!rate && action->rate_bps) {
        return action_error(scenario, index, "rate",
                            "none, but for 'send_rate', 'receive_rate' and 'disk_rate'", error);
    }
    if (port && group->network == SCN_NETWORK_NONE) {
        return action_error(scenario, index, "group", "a group that is on a network", error);
    }
    const char *expected = limit_expected(scenario, group, action);
    return expected ? action_error(scenario, index, rate ? "rate" : "size", expected, error)
                    : STATUS_OK;
}

static enum status check_action(const struct scn_scenario *scenario, uint32_t index,
                                struct error *error)
{
    struct scn_action *action = &scenario->actions[index];
    action->group_index = 0;
    while (action->group_index < scenario->group_count &&
           strcmp(scenario->groups[action->group_index].name, action->group) != 0) {
        action->group_index++;
    }
    if (action->group_index == scenario->group_count ||
        scenario->groups[action->group_index].host == SCN_HOST_NONE) {
        return action_error(scenario, index, "group", "the name of a group that is on a host",
                            error);
    }
    const struct scn_group *group = &scenario->groups[action->group_index];
    if (action->index != SCN_INDEX_ALL && action->index >= group->count) {
        return action_error(scenario, index, "index", "an index below the group's count", error);
    }
    bool weight = action->action == SCN_ACTION_WEIGHT;
    bool cap = action->action == SCN_ACTION_CAP;
    if (weight && action->value < 1) {
        return action_error(scenario, index, "value", "a weight from 1 to 1000", error);
    }
    if (cap && (action->value > 100 || (action->value && action->value < group->reserve))) {
        return action_error(scenario, index, "value",
                            "0 for no cap, or up to 100 percent and no less than the group's "
                            "'reserve'",
                            error);
    }
    enum status status = check_operand(scenario, index, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (index > 0 && action->at_ns < scenario->actions[index - 1].at_ns) {
        return action_error(scenario, index, "at",
                            "a time no earlier than that of the entry before", error);
    }
    return STATUS_OK;
}

enum status check_hosts(struct scn_scenario *scenario, struct error *error)
{
    enum status status = check_counts(scenario, error);
    for (uint32_t i = 0; i < scenario->host_count && status == STATUS_OK; i++) {
        status = check_paging(scenario, i, error);
    }
    if (status == STATUS_OK) {
        status = check_volumes(scenario, error);
    }
    for (uint32_t i = 0; i < scenario->group_count && status == STATUS_OK; i++) {
        status = find_host(scenario, i, error);
        if (status == STATUS_OK) {
            status = check_group(scenario, i, error);
        }
    }
    if (status == STATUS_OK && scenario->host_count > 0) {
        status = check_supervisors(scenario, error);
    }
    for (uint32_t i = 0; i < scenario->action_count && status == STATUS_OK; i++) {
        status = check_action(scenario, i, error);
    }
    return status == STATUS_OK && scenario->host_count > 0 ? check_reservations(scenario, error)
                                                           : status;
}

/* --- memory and disks ------------------------------------------------------------------------- */

/* What a host's nodes want kept in memory, and on its disks. */
struct room {
    uint64_t floors_bytes;
    uint64_t swap_bytes;
    uint64_t disks_bytes;
};

/* A group's disks that lie on its host: that there is one which is large enough. */
static enum status check_group_disks(const struct scn_scenario *scenario, uint32_t index,
                                     struct error *error)
{
    const struct scn_group *group = &scenario->groups[index];
    for (uint32_t i = 0; i < group->disk_count; i++) {
        const struct scn_disk *disk = &group->disks[i];
        if (!disk->on_host) {
            continue;
        }
        const struct scn_item *item = group_item(scenario, index, "disks")->children[i];
        if (group->host == SCN_HOST_NONE || scenario->hosts[group->host].disk_count == 0) {
            return item_error(scenario->source, item, "on_host", error, STATUS_INVALID,
                              "expected a 'host' with 'disks' for a disk that lies on it");
        }
        const struct scn_host *host = &scenario->hosts[group->host];
        if (disk->size_bytes > scn_host_disk_largest_bytes(host)) {
            char size[UNIT_TEXT_MAX];
            char most[UNIT_TEXT_MAX];
            unit_write(UNIT_SIZE, disk->size_bytes, size);
            unit_write(UNIT_SIZE, scn_host_disk_largest_bytes(host), most);
            return item_error(scenario->source, item, "size", error, STATUS_INVALID,
                              "expected a disk that one of its host can hold: %s > %s, the largest "
                              "of host '%s'",
                              size, most, host->name);
        }
    }
    return STATUS_OK;
}

static enum status check_room_of(const struct scn_scenario *scenario, uint32_t number,
                                 const struct room *room, struct error *error)
{
    uint32_t entry = scn_host_entry(scenario, number);
    const struct scn_host *host = &scenario->hosts[entry];
    uint64_t have_bytes = 0;
    for (uint32_t i = 0; i < host->disk_count; i++) {
        have_bytes += host->disks[i].count * host->disks[i].size_bytes;
    }
    char name[SCN_NODE_NAME_MAX];
    char text[5][UNIT_TEXT_MAX];
    scn_host_name(scenario, number, name);
    if (room->floors_bytes && room->floors_bytes + host->minimum_free_bytes > host->memory_bytes) {
        unit_write(UNIT_SIZE, room->floors_bytes, text[0]);
        unit_write(UNIT_SIZE, host->minimum_free_bytes, text[1]);
        unit_write(UNIT_SIZE, room->floors_bytes + host->minimum_free_bytes, text[2]);
        unit_write(UNIT_SIZE, host->memory_bytes, text[3]);
        return item_error(scenario->source, host_item(scenario, entry, "memory", NULL), NULL, error,
                          STATUS_INVALID,
                          "expected memory for all floors, with %u blocks each: %s + %s "
                          "'minimum_free' = %s, and host '%s' has %s",
                          SCN_PAGING_BLOCKS, text[0], text[1], text[2], name, text[3]);
    }
    uint64_t swap_bytes = host->paging.block_bytes ? room->swap_bytes : 0;
    uint64_t volumes_bytes = scn_host_volumes_bytes(host);
    if (swap_bytes + room->disks_bytes + volumes_bytes > have_bytes) {
        unit_write(UNIT_SIZE, swap_bytes, text[0]);
        unit_write(UNIT_SIZE, room->disks_bytes, text[1]);
        unit_write(UNIT_SIZE, volumes_bytes, text[2]);
        unit_write(UNIT_SIZE, swap_bytes + room->disks_bytes + volumes_bytes, text[3]);
        unit_write(UNIT_SIZE, have_bytes, text[4]);
        return item_error(scenario->source, host_item(scenario, entry, "disks", NULL), NULL, error,
                          STATUS_INVALID,
                          "expected disks for all nodes: swap regions of %s + their disks of %s + "
                          "volumes of %s = %s, and those of host '%s' have %s",
                          text[0], text[1], text[2], text[3], name, text[4]);
    }
    return STATUS_OK;
}

/* That each host has the memory and the disks that its nodes are sure of. */
enum status check_host_room(const struct scn_scenario *scenario, struct error *error)
{
    enum status status = STATUS_OK;
    struct room *rooms = alloc_zeroed(scenario->host_total, sizeof *rooms);
    for (uint32_t i = 0; i < scenario->group_count && status == STATUS_OK; i++) {
        const struct scn_group *group = &scenario->groups[i];
        status = check_group_disks(scenario, i, error);
        for (uint64_t j = 0; j < group->count && group->host != SCN_HOST_NONE; j++) {
            struct room *room = &rooms[scn_node_host(scenario, group->first_node + (uint32_t)j)];
            room->swap_bytes += group->memory_bytes;
            room->floors_bytes +=
                group->limits.memory_floor_bytes ? scn_group_backing_bytes(scenario, group) : 0;
            for (uint32_t k = 0; k < group->disk_count; k++) {
                room->disks_bytes += group->disks[k].on_host ? group->disks[k].size_bytes : 0;
            }
        }
    }
    for (uint32_t i = 0; i < scenario->host_total && status == STATUS_OK; i++) {
        status = check_room_of(scenario, i, &rooms[i], error);
    }
    free(rooms);
    return status;
}
