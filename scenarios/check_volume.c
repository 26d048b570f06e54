/*
 * The rules of hosts' volumes: how many there are, what they are called, and that a disk of their
 * host can hold each.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "document.h"
#include "resolve.h"
#include "scenarios/scenario.h"
#include "units.h"

static const struct scn_item *volume_item(const struct scn_scenario *scenario, uint32_t host,
                                          uint32_t entry)
{
    const struct scn_item *item = item_child(scenario->source->root, "hosts")->children[host];
    return item_child(item, "volumes")->children[entry];
}

static enum status volume_error(const struct scn_scenario *scenario, uint32_t host, uint32_t entry,
                                const char *field, struct error *error, const char *expected)
{
    const struct scn_item *volume = volume_item(scenario, host, entry);
    const struct scn_item *child = item_child(volume, field);
    return item_error(scenario->source, child ? child : volume, NULL, error, STATUS_INVALID,
                      "expected %s", expected);
}

/* Whether a volume of `entry` is called as the one volume of `other`. */
static bool is_called(const struct scn_volume *entry, const struct scn_volume *other)
{
    size_t length = strlen(entry->name);
    if (entry->count == 1 || strncmp(other->name, entry->name, length) != 0 ||
        other->name[length] != '-') {
        return false;
    }
    const char *digits = other->name + length + 1;
    char again[24];
    unsigned long index = strtoul(digits, NULL, 10);
    snprintf(again, sizeof again, "%lu", index);
    return strcmp(again, digits) == 0 && index < entry->count;
}

static bool names_meet(const struct scn_volume *a, const struct scn_volume *b)
{
    return strcmp(a->name, b->name) == 0 || (b->count == 1 && is_called(a, b)) ||
           (a->count == 1 && is_called(b, a));
}

static enum status check_entry(struct scn_scenario *scenario, uint32_t index, uint32_t entry,
                               struct error *error)
{
    const struct scn_host *host = &scenario->hosts[index];
    struct scn_volume *volume = &host->volumes[entry];
    char expected[256];
    char size[UNIT_TEXT_MAX];
    char largest[UNIT_TEXT_MAX];
    if (host->disk_count == 0) {
        return volume_error(scenario, index, entry, "name", error,
                            "'disks' of the host that a volume can lie on");
    }
    /* With its hyphen and the digits of the last. */
    size_t length = strlen(volume->name);
    length +=
        volume->count > 1 ? 1 + (size_t)snprintf(NULL, 0, "%u", (uint32_t)volume->count - 1) : 0;
    if (length >= SCN_DISK_NAME_MAX) {
        snprintf(expected, sizeof expected,
                 "a name of at most %u bytes, with the number after it; found %zu",
                 SCN_DISK_NAME_MAX - 1, length);
        return volume_error(scenario, index, entry, "name", error, expected);
    }
    for (uint32_t i = 0; i < entry; i++) {
        if (names_meet(volume, &host->volumes[i])) {
            snprintf(expected, sizeof expected,
                     "names of their own; entry %u, '%s', has one of them too", i,
                     host->volumes[i].name);
            return volume_error(scenario, index, entry, "name", error, expected);
        }
    }
    enum status status = check_disk_size(scenario->source, volume_item(scenario, index, entry),
                                         volume->image_path, &volume->size_bytes, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (volume->size_bytes > scn_host_disk_largest_bytes(host)) {
        unit_write(UNIT_SIZE, volume->size_bytes, size);
        unit_write(UNIT_SIZE, scn_host_disk_largest_bytes(host), largest);
        snprintf(expected, sizeof expected,
                 "a volume that a disk of its host can hold: %s > %s, the largest of host '%s'",
                 size, largest, host->name);
        return volume_error(scenario, index, entry, "size", error, expected);
    }
    return STATUS_OK;
}

enum status check_volumes(struct scn_scenario *scenario, struct error *error)
{
    uint64_t total = 0;
    for (uint32_t i = 0; i < scenario->host_count; i++) {
        const struct scn_host *host = &scenario->hosts[i];
        uint64_t count = scn_host_volumes(host);
        char expected[128];
        total += host->count * count;
        if (count > SCN_VOLUMES_MAX || total > SCN_VOLUMES_ALL_MAX) {
            bool one = count > SCN_VOLUMES_MAX;
            snprintf(expected, sizeof expected, "at most %u volumes %s, found %llu",
                     one ? SCN_VOLUMES_MAX : SCN_VOLUMES_ALL_MAX,
                     one ? "on a host" : "on all hosts together",
                     (unsigned long long)(one ? count : total));
            return volume_error(scenario, i, 0, "count", error, expected);
        }
        for (uint32_t j = 0; j < host->volume_count; j++) {
            enum status status = check_entry(scenario, i, j, error);
            if (status != STATUS_OK) {
                return status;
            }
        }
    }
    return STATUS_OK;
}
