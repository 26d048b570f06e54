/* Which host a node is on, and on which of its processors a reservation is kept. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "scenarios/scenario.h"

#define PERCENT 100u /* of a processor */

uint32_t scn_node_host(const struct scn_scenario *scenario, uint32_t node)
{
    const struct scn_group *group = &scenario->groups[scn_node_group(scenario, node)];
    if (group->host == SCN_HOST_NONE) {
        return SCN_HOST_NONE;
    }
    const struct scn_host *entry = &scenario->hosts[group->host];
    uint32_t turn = group->host_first + (node - group->first_node);
    return entry->first_host + turn % (uint32_t)entry->count;
}

uint32_t scn_host_entry(const struct scn_scenario *scenario, uint32_t host)
{
    ASSERT(host < scenario->host_total);
    uint32_t entry = 0;
    while (entry + 1 < scenario->host_count && scenario->hosts[entry + 1].first_host <= host) {
        entry++;
    }
    return entry;
}

void scn_host_name(const struct scn_scenario *scenario, uint32_t host, char name[SCN_NODE_NAME_MAX])
{
    const struct scn_host *entry = &scenario->hosts[scn_host_entry(scenario, host)];
    if (entry->count == 1) {
        snprintf(name, SCN_NODE_NAME_MAX, "%s", entry->name);
    } else {
        snprintf(name, SCN_NODE_NAME_MAX, "%s-%u", entry->name, host - entry->first_host);
    }
}

uint64_t scn_floor_backing_bytes(const struct scn_host *host, uint64_t floor_bytes)
{
    uint64_t block_bytes = host->paging.block_bytes;
    return (floor_bytes + block_bytes - 1) / block_bytes * block_bytes +
           SCN_PAGING_BLOCKS * block_bytes;
}

uint64_t scn_group_backing_bytes(const struct scn_scenario *scenario, const struct scn_group *group)
{
    const struct scn_host *host =
        group->host == SCN_HOST_NONE ? NULL : &scenario->hosts[group->host];
    if (host && host->paging.block_bytes) {
        return scn_floor_backing_bytes(host, group->limits.memory_floor_bytes);
    }
    return group->limits.memory_bytes ? group->limits.memory_bytes : group->memory_bytes;
}

uint64_t scn_host_disks(const struct scn_host *host)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < host->disk_count; i++) {
        count += host->disks[i].count;
    }
    return count;
}

uint64_t scn_host_disk_largest_bytes(const struct scn_host *host)
{
    uint64_t largest_bytes = 0;
    for (uint32_t i = 0; i < host->disk_count; i++) {
        if (host->disks[i].size_bytes > largest_bytes) {
            largest_bytes = host->disks[i].size_bytes;
        }
    }
    return largest_bytes;
}

uint64_t scn_host_volumes(const struct scn_host *host)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < host->volume_count; i++) {
        count += host->volumes[i].count;
    }
    return count;
}

uint64_t scn_host_volumes_bytes(const struct scn_host *host)
{
    uint64_t size_bytes = 0;
    for (uint32_t i = 0; i < host->volume_count; i++) {
        size_bytes += host->volumes[i].count * host->volumes[i].size_bytes;
    }
    return size_bytes;
}

/* *index: in its entry. */
static const struct scn_volume *volume_entry(const struct scn_host *host, uint64_t number,
                                             uint64_t *index)
{
    const struct scn_volume *entry = host->volumes;
    for (; number >= entry->count; entry++) {
        number -= entry->count;
        ASSERT(entry + 1 < host->volumes + host->volume_count);
    }
    *index = number;
    return entry;
}

const struct scn_volume *scn_host_volume(const struct scn_host *host, uint64_t number)
{
    uint64_t index;
    return volume_entry(host, number, &index);
}

void scn_volume_name(const struct scn_host *host, uint64_t number, char name[SCN_DISK_NAME_MAX])
{
    uint64_t index;
    const struct scn_volume *entry = volume_entry(host, number, &index);
    if (entry->count == 1) {
        snprintf(name, SCN_DISK_NAME_MAX, "%s", entry->name);
    } else {
        snprintf(name, SCN_DISK_NAME_MAX, "%s-%u", entry->name, (uint32_t)index);
    }
}

/* First fit. Kept on one processor, a reservation needs no help from the others to be honoured. */
static uint32_t first_fit(const struct scn_host *entry, uint8_t *used, uint64_t reserve)
{
    uint32_t processor = 0;
    while (processor < entry->processors && used[processor] + reserve > PERCENT) {
        processor++;
    }
    if (processor < entry->processors) {
        used[processor] = (uint8_t)(used[processor] + reserve);
    }
    return processor;
}

bool scn_reservations_place(const struct scn_scenario *scenario, uint8_t *processors,
                            uint32_t *misfit)
{
    uint8_t *used = alloc_zeroed(scenario->host_total + 1, SCN_PROCESSORS_MAX);
    bool fits = true;
    memset(processors, SCN_PROCESSOR_ANY, scenario->node_count);
    for (uint32_t i = 0; i < scenario->group_count && fits; i++) {
        const struct scn_group *group = &scenario->groups[i];
        for (uint32_t j = 0; j < group->count && group->reserve && fits; j++) {
            uint32_t node = group->first_node + j;
            const struct scn_host *entry = &scenario->hosts[group->host];
            uint8_t *of_host = used + (size_t)scn_node_host(scenario, node) * SCN_PROCESSORS_MAX;
            uint32_t processor = first_fit(entry, of_host, group->reserve);
            processors[node] = (uint8_t)processor;
            fits = processor < entry->processors;
            *misfit = node;
        }
    }
    free(used);
    return fits;
}
