/*
 * Volumes of a host: disks that belong to no machine. One is attached to a machine, which sees it
 * as one more disk, and detached again; what it holds stays with it, whoever has it, and whether
 * its machine lives or not.
 *
 * A machine that has a processor may be past the moment at which it is given a volume, or loses
 * one; so that takes effect when it leaves its processor, and until then nobody else has the
 * volume. Requests that are under way to a volume that is taken away end as if there were no such
 * disk; what the host's disk still does for them is done for nobody.
 */
#include "host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <base/alloc.h>
#include <base/assert.h>
#include <emu/world.h>
#include <scenarios/scenario.h>

#include "../process.h"
#include "../world_internal.h"

#define NOBODY ABI_VOLUME_NOBODY

_Static_assert(SCN_DISK_NAME_MAX == ABI_DISK_NAME_MAX, "a volume's name is a disk's");

/* --- which there are -------------------------------------------------------------------------- */

static enum status make_volume(struct emu_world *world, const struct emu_host *host,
                               uint32_t number, struct emu_volume *volume, struct error *error)
{
    const struct scn_volume *entry = scn_host_volume(host->model, number);
    char place[64];
    char name[2 * SCN_NODE_NAME_MAX + 32];
    scn_volume_name(host->model, number, volume->disk.name);
    volume->disk.block_count = entry->size_bytes / ABI_DISK_BLOCK_BYTES;
    volume->set = (struct emu_disk_set){&volume->disk, 1};
    volume->state = ABI_VOLUME_FREE;
    snprintf(place, sizeof place, "hosts.%u.volumes.%u.image",
             scn_host_entry(world->scenario, host->index),
             (uint32_t)(entry - host->model->volumes));
    snprintf(name, sizeof name, "hosts.%s.volumes.%s.image", host->model->name, entry->name);
    return emu_disk_fill(world, &volume->disk, entry->image_path, place, name, error);
}

enum status emu_volumes_create(struct emu_world *world, struct error *error)
{
    for (uint32_t i = 0; i < world->host_count; i++) {
        struct emu_host *host = &world->hosts[i];
        host->volume_count = host->process ? (uint32_t)scn_host_volumes(host->model) : 0;
        world->volume_count += host->volume_count;
    }
    world->volumes = alloc_zeroed(world->volume_count + 1, sizeof *world->volumes);
    struct emu_volume *next = world->volumes;
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < world->host_count; i++) {
        struct emu_host *host = &world->hosts[i];
        host->volumes = next;
        next += host->volume_count;
        for (uint32_t j = 0; j < host->volume_count && !status; j++) {
            status = make_volume(world, host, j, &host->volumes[j], error);
        }
    }
    return status;
}

struct emu_store emu_volume_store(const struct emu_world *world, struct emu_volume *volume)
{
    return (struct emu_store){world->arena, &volume->set, &volume->written};
}

void emu_volumes_destroy(struct emu_world *world)
{
    for (uint32_t i = 0; i < world->volume_count; i++) {
        emu_overlay_destroy(world->volumes[i].written, world->arena);
    }
    free(world->volumes);
}

/* --- whose they are --------------------------------------------------------------------------- */

struct emu_volume *emu_seat_volume(const struct emu_seat *seat, uint32_t number)
{
    struct emu_volume *volume = seat->volumes;
    while (volume && volume->number != number) {
        volume = volume->next;
    }
    return volume && volume->state != ABI_VOLUME_COMING ? volume : NULL;
}

static uint32_t own_disks(const struct emu_seat *seat)
{
    return seat->host->process->world->disks[seat->node->group].count;
}

/* Puts the volume among the machine's; false: it has one of that number. */
static bool link_volume(struct emu_seat *seat, struct emu_volume *volume, uint32_t number)
{
    struct emu_volume **at = &seat->volumes;
    while (*at && (*at)->number < number) {
        at = &(*at)->next;
    }
    if (*at && (*at)->number == number) {
        return false;
    }
    volume->seat = seat;
    volume->number = number;
    volume->next = *at;
    *at = volume;
    return true;
}

static void unlink_volume(struct emu_volume *volume)
{
    struct emu_volume **at = &volume->seat->volumes;
    while (*at != volume) {
        at = &(*at)->next;
    }
    *at = volume->next;
    volume->seat = NULL;
    volume->next = NULL;
    volume->number = 0;
    volume->state = ABI_VOLUME_FREE;
}

static void tell(const struct emu_volume *volume, enum emu_host_act act, uint64_t now_ns)
{
    struct emu_host *host = volume->seat->host;
    uint64_t number = (uint64_t)(volume - host->volumes);
    emu_host_tell(host, now_ns, act, 0, volume->seat, number << 32 | volume->number);
}

void emu_seat_volumes_apply(struct emu_seat *seat, uint64_t now_ns)
{
    bool changed = false;
    for (struct emu_volume *volume = seat->volumes, *next; volume; volume = next) {
        next = volume->next;
        if (volume->state == ABI_VOLUME_COMING) {
            volume->state = ABI_VOLUME_ATTACHED;
            tell(volume, EMU_HOST_ATTACH, now_ns);
            changed = true;
        } else if (volume->state == ABI_VOLUME_LEAVING) {
            dev_disk_gone(&seat->node->disk, volume->number);
            tell(volume, EMU_HOST_DETACH, now_ns);
            unlink_volume(volume);
            changed = true;
        }
    }
    if (changed) {
        emu_node_interrupt(seat->node, ABI_IRQ_DISK); /* if it lives: so that it looks */
    }
}

static void changes(struct emu_seat *seat, struct emu_volume *volume, uint32_t state,
                    uint64_t now_ns)
{
    volume->state = state;
    if (!emu_seat_occupies(seat)) {
        emu_seat_volumes_apply(seat, now_ns);
    }
}

static uint32_t attach(struct emu_seat *seat, struct emu_volume *volume, uint64_t now_ns)
{
    if (volume->seat) {
        return ABI_SUPERVISOR_STATE;
    }
    uint32_t number = own_disks(seat);
    while (number < ABI_DISKS_MAX && !link_volume(seat, volume, number)) {
        number++;
    }
    if (number == ABI_DISKS_MAX) {
        return ABI_SUPERVISOR_ROOM;
    }
    changes(seat, volume, ABI_VOLUME_COMING, now_ns);
    return ABI_SUPERVISOR_DONE;
}

static uint32_t detach(struct emu_seat *seat, struct emu_volume *volume, uint64_t now_ns)
{
    if (volume->seat != seat || volume->state == ABI_VOLUME_LEAVING) {
        return ABI_SUPERVISOR_STATE;
    }
    if (volume->state == ABI_VOLUME_COMING) {
        unlink_volume(volume); /* it never saw it */
    } else {
        changes(seat, volume, ABI_VOLUME_LEAVING, now_ns);
    }
    return ABI_SUPERVISOR_DONE;
}

uint32_t emu_seat_volume_control(struct emu_seat *seat, uint32_t operation, uint64_t number,
                                 uint64_t now_ns)
{
    struct emu_host *host = seat->host;
    if (number >= host->volume_count) {
        return ABI_SUPERVISOR_VALUE;
    }
    struct emu_volume *volume = &host->volumes[number];
    return operation == ABI_CONTROL_ATTACH ? attach(seat, volume, now_ns)
                                           : detach(seat, volume, now_ns);
}

void emu_host_volume_tell(const struct emu_host *host, struct abi_supervisor_volume *answer)
{
    uint32_t number = answer->volume;
    *answer = (struct abi_supervisor_volume){.volume = number, .state = ABI_VOLUME_NONE};
    if (number >= host->volume_count) {
        return;
    }
    const struct emu_volume *volume = &host->volumes[number];
    answer->state = volume->state;
    answer->machine = volume->seat ? emu_seat_number(volume->seat) : NOBODY;
    answer->disk = volume->number;
    answer->host_disk = volume->place.disk;
    answer->block_count = volume->disk.block_count;
    memcpy(answer->name, volume->disk.name, sizeof answer->name);
}

uint64_t emu_world_volume_next(const struct emu_world *world, uint32_t host, uint32_t volume,
                               uint64_t from, const void **bytes)
{
    const struct emu_store store = emu_volume_store(world, &world->hosts[host].volumes[volume]);
    uint64_t next = emu_store_next(&store, 0, from, bytes);
    return next == EMU_BLOCK_END ? EMU_BLOCK_NONE : next;
}

/* --- saved ------------------------------------------------------------------------------------ */

void emu_host_volumes_describe(const struct emu_host *host, struct writer *writer)
{
    for (uint32_t i = 0; i < host->volume_count; i++) {
        emu_disks_describe(&host->volumes[i].set, writer);
    }
}

bool emu_host_volumes_described(const struct emu_host *host, struct reader *reader)
{
    bool same = true;
    for (uint32_t i = 0; i < host->volume_count && same; i++) {
        same = emu_disks_described(&host->volumes[i].set, reader);
    }
    return same;
}

void emu_host_volumes_save(const struct emu_host *host, struct writer *writer, bool with_blocks)
{
    for (uint32_t i = 0; i < host->volume_count; i++) {
        struct emu_volume *volume = &host->volumes[i];
        const struct emu_store store = emu_volume_store(host->process->world, volume);
        write_u8(writer, (uint8_t)volume->state);
        if (volume->seat) {
            write_u32(writer, emu_seat_number(volume->seat));
            write_u32(writer, volume->number);
        }
        if (with_blocks) {
            emu_store_save(&store, writer);
        }
    }
}

/* Whose it is; false if that cannot have come about. */
static bool load_owner(struct emu_host *host, struct emu_volume *volume, struct reader *reader)
{
    uint8_t state = read_u8(reader);
    if (state == ABI_VOLUME_FREE) {
        return true;
    }
    uint32_t machine = read_u32(reader);
    uint32_t number = read_u32(reader);
    if (reader->failed || state < ABI_VOLUME_FREE || state > ABI_VOLUME_LEAVING ||
        machine >= host->seat_count) {
        return false;
    }
    struct emu_seat *seat = &host->seats[machine];
    bool waits = state != ABI_VOLUME_ATTACHED;
    if (number < own_disks(seat) || number >= ABI_DISKS_MAX ||
        (waits && !emu_seat_occupies(seat)) || !link_volume(seat, volume, number)) {
        return false;
    }
    volume->state = state;
    return true;
}

void emu_host_volumes_load(struct emu_host *host, struct reader *reader, bool with_blocks)
{
    for (uint32_t i = 0; i < host->volume_count; i++) {
        if (host->volumes[i].seat) {
            unlink_volume(&host->volumes[i]);
        }
    }
    for (uint32_t i = 0; i < host->volume_count && !reader->failed; i++) {
        struct emu_volume *volume = &host->volumes[i];
        const struct emu_store store = emu_volume_store(host->process->world, volume);
        if (!load_owner(host, volume, reader)) {
            reader_fail(reader);
        } else if (with_blocks) {
            emu_store_load(&store, UINT64_MAX, reader);
        }
    }
}
