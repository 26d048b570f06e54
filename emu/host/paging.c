/*
 * The pager and the disks of a host, joined to its machines: what a machine that stopped at a page
 * comes to, what the pager has forgotten and read, and whom the kernel's work for it is charged to.
 *
 * The pager is asked in events only, a machine that stops at a page being one, so that it sees what
 * all machines do in the order of virtual time. A machine that has a processor may have run ahead
 * of such an event: so what the pager has it forget it keeps until it stops, as a processor keeps
 * what it has in its TLB until it is told.
 */
#include "host.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include <base/alloc.h>
#include <base/assert.h>
#include <base/time.h>
#include <emu/world.h>
#include <scenarios/scenario.h>
#include <vcpu/image.h>

#include "../process.h"
#include "../world_internal.h"

/* Of a block of a node's disk, and of a page. */
#define BLOCK_SECTORS (ABI_DISK_BLOCK_BYTES / EMU_DISK_SECTOR_BYTES)

static_assert(SCN_PAGING_BLOCKS == EMU_PAGER_PINS && SCN_HOST_DISKS_MAX == EMU_PAGER_DISKS_MAX,
              "the scenario's sums are the pager's");

static uint32_t block_pages(const struct emu_host *host)
{
    return (uint32_t)(host->model->paging.block_bytes / EMU_PAGER_PAGE_BYTES);
}

/* --- what the pager asks for ------------------------------------------------------------------ */

static void disk_ask(struct emu_host *host, uint32_t disk)
{
    struct emu_event *event = &host->disks[disk].event;
    uint64_t next_ns = emu_disk_model_next_ns(host->disks[disk].model);
    if (event_queued(&event->base) && event->base.key.time_ns == next_ns) {
        return;
    }
    if (event_queued(&event->base)) {
        event_heap_remove(&host->process->events, &event->base);
    }
    if (next_ns != TIME_NEVER) {
        emu_host_event_push(host, event, EMU_HOST_SOURCE_DISK(host, disk), next_ns);
    }
}

/* So much is moved on a machine's behalf: against the rate of its disks. */
static void count_transfer(struct emu_seat *seat, uint32_t sector_count, uint64_t now_ns)
{
    uint64_t block_ns = emu_node_disk_interval_ns(seat->node);
    if (block_ns) {
        uint64_t from_ns = seat->paced_ns > now_ns ? seat->paced_ns : now_ns;
        uint64_t pace_ns = sector_count / BLOCK_SECTORS * block_ns;
        seat->paced_ns =
            from_ns < EMU_PACED_MAX_NS - pace_ns ? from_ns + pace_ns : EMU_PACED_MAX_NS;
    }
}

static void on_transfer(void *context, const struct emu_pager_transfer *transfer)
{
    struct emu_host *host = context;
    struct emu_seat *seat = &host->seats[transfer->on_behalf];
    uint64_t now_ns = host->process->now_ns;
    const struct emu_disk_request request = {
        .requester = transfer->on_behalf,
        .write = transfer->write,
        .sector_count = transfer->sector_count,
        .sector = transfer->sector,
        .tag = transfer->id,
    };
    seat->owed_ns += host->model->costs.disk_ns;
    count_transfer(seat, transfer->sector_count, now_ns);
    emu_host_tell(host, now_ns, EMU_HOST_TRANSFER, 0, seat,
                  (uint64_t)transfer->id << 1 | transfer->write);
    bool queued = emu_disk_model_submit(host->disks[transfer->disk].model, now_ns, &request);
    ASSERT(queued); /* the queue takes as many as there can be */
    disk_ask(host, transfer->disk);
}

static void on_forget(void *context, uint32_t machine, uint32_t page, uint32_t page_count,
                      bool writes_only)
{
    struct emu_host *host = context;
    struct emu_seat *seat = &host->seats[machine];
    struct vcpu_space *space = &seat->node->space;
    if (!seat->holds) {
        vcpu_space_forget(space, page, page_count, writes_only);
        return;
    }
    uint32_t words = vcpu_space_absent_words(space);
    if (!seat->forgotten) {
        seat->forgotten = alloc_zeroed((size_t)2 * words, sizeof *seat->forgotten);
    }
    for (uint32_t i = page; i < page + page_count; i++) {
        if (vcpu_space_frame(space, i) != VCPU_FRAME_NONE) { /* a block may begin or end beside */
            seat->forgotten[words + i / 64] |= (uint64_t)1 << i % 64;
            seat->forgotten[i / 64] |= (uint64_t)!writes_only << i % 64;
        }
    }
}

/* The machine has the block that it needs. */
static void let(struct emu_seat *seat, enum emu_page_outcome outcome)
{
    uint32_t pages = block_pages(seat->host);
    vcpu_space_let(&seat->node->space, seat->need.page & ~(pages - 1), pages, seat->need.write);
    if (outcome == EMU_PAGE_FILLED || outcome == EMU_PAGE_COPIED) {
        seat->owed_ns += pages * seat->host->model->costs.page_fill_ns;
    }
    if (seat->let_count == EMU_SEAT_LET_MAX) {
        for (uint32_t i = 1; i < EMU_SEAT_LET_MAX; i++) {
            seat->let[i - 1] = seat->let[i];
        }
        seat->let_count--;
    }
    seat->let[seat->let_count++] = seat->need.page << 1 | seat->need.write;
    seat->needs = false;
}

static uint64_t told_page(const struct emu_seat *seat, enum emu_page_outcome outcome)
{
    return (uint64_t)seat->need.page << 8 | (uint64_t)outcome << 1 | seat->need.write;
}

static void go_on(struct emu_seat *seat, uint64_t now_ns)
{
    seat->waits = false;
    emu_host_ready(seat, seat->urgent ? EMU_READY_URGENT : EMU_READY_PAGED, now_ns);
}

/* At once, or when what was moved for it has passed at the rate that is its limit. */
static void on_ready(void *context, uint32_t machine, enum emu_page_outcome outcome)
{
    struct emu_host *host = context;
    struct emu_seat *seat = &host->seats[machine];
    uint64_t now_ns = host->process->now_ns;
    ASSERT(seat->waits);
    emu_host_tell(host, now_ns, EMU_HOST_PAGED, 0, seat, told_page(seat, outcome));
    let(seat, outcome);
    if (seat->paced_ns > now_ns) {
        uint32_t source = EMU_HOST_SOURCE_PACE(host, machine);
        emu_host_event_push(host, &seat->pace, source, seat->paced_ns);
    } else {
        go_on(seat, now_ns);
    }
}

void emu_seat_paced(struct emu_seat *seat, uint64_t now_ns)
{
    /* It may be earlier than others are: the disk's end, from which it counts, was. */
    emu_host_moment_begin(seat->host, EMU_HOST_NO_PROCESSOR);
    go_on(seat, now_ns);
    emu_host_moment_end(seat->host);
}

static bool pace_drop(struct emu_seat *seat)
{
    bool queued = event_queued(&seat->pace.base);
    if (queued) {
        event_heap_remove(&seat->host->process->events, &seat->pace.base);
    }
    return queued;
}

void emu_seat_pace_changed(struct emu_seat *seat, uint64_t now_ns)
{
    seat->paced_ns = 0;
    if (pace_drop(seat)) {
        go_on(seat, now_ns);
    }
}

static void on_low(void *context)
{
    emu_policy_tell(context, ABI_POLICY_PAGER);
}

static const struct emu_pager_ops pager_ops = {
    .transfer = on_transfer,
    .forget = on_forget,
    .ready = on_ready,
    .low = on_low,
};

/* --- a machine -------------------------------------------------------------------------------- */

bool emu_seat_paging_begin(struct emu_seat *seat)
{
    struct emu_host *host = seat->host;
    if (!host->pager) {
        return true;
    }
    const struct emu_node *node = seat->node;
    uint32_t image = 0;
    while (host->images[image] != node->space.image) {
        image++;
    }
    const struct emu_pager_limits pages = emu_seat_pager_limits(seat);
    if (emu_pager_machine_add(host->pager, emu_seat_number(seat),
                              node->space.size_bytes / EMU_PAGER_PAGE_BYTES, image, &pages,
                              NULL) != STATUS_OK) {
        return false;
    }
    seat->retired_told = node->vcpu.retired;
    vcpu_space_paging_begin(&seat->node->space);
    return true;
}

void emu_host_choose(struct emu_host *host, const struct emu_pager_choice *choices, uint32_t count,
                     uint32_t low_blocks)
{
    uint64_t now_ns = host->process->now_ns;
    const struct emu_seat *supervisor = host->policy.supervisor;
    for (uint32_t i = 0; i < count; i++) {
        emu_host_tell(host, now_ns, EMU_HOST_CHOOSE, 0, supervisor,
                      (uint64_t)choices[i].machine << 32 | choices[i].block_count);
    }
    emu_host_tell(host, now_ns, EMU_HOST_CHOSEN, 0, supervisor, low_blocks);
    emu_pager_choose(host->pager, choices, count, low_blocks);
}

static void forgotten_drop(struct emu_seat *seat)
{
    free(seat->forgotten);
    seat->forgotten = NULL;
}

void emu_seat_paging_forget(struct emu_seat *seat)
{
    vcpu_space_paging_end(&seat->node->space);
    forgotten_drop(seat);
    (void)pace_drop(seat);
    seat->let_count = 0;
    seat->holds = seat->needs = seat->waits = false;
}

static void account_add(struct emu_pager_account *sum, const struct emu_pager_account *more)
{
    sum->faults += more->faults;
    sum->filled += more->filled;
    sum->copied += more->copied;
    sum->page_ins += more->page_ins;
    sum->page_outs += more->page_outs;
    sum->wait_ns += more->wait_ns;
    sum->resident_max =
        sum->resident_max > more->resident_max ? sum->resident_max : more->resident_max;
}

void emu_seat_paging_end(struct emu_seat *seat, uint64_t now_ns)
{
    if (!seat->host->pager) {
        return;
    }
    emu_host_tell(seat->host, now_ns, EMU_HOST_GONE, 0, seat, 0);
    const struct emu_pager_account account =
        emu_pager_machine_remove(seat->host->pager, now_ns, emu_seat_number(seat));
    account_add(&seat->paged, &account);
    emu_seat_paging_forget(seat);
}

void emu_seat_need(struct emu_seat *seat, struct vcpu_need need)
{
    seat->needs = true;
    seat->need = need;
}

static bool was_let(const struct emu_seat *seat, uint32_t page, bool write)
{
    for (uint32_t i = 0; i < seat->let_count; i++) {
        if (seat->let[i] >> 1 == page && (seat->let[i] & 1) >= write) {
            return true;
        }
    }
    return false;
}

bool emu_seat_may_touch(struct emu_seat *seat, uint32_t address, uint32_t size_bytes, bool write)
{
    const struct vcpu_space *space = &seat->node->space;
    uint32_t page;
    if (!seat->asks || !vcpu_space_lacks(space, address, size_bytes, write, &page)) {
        return true;
    }
    uint64_t last = ((uint64_t)address + size_bytes - 1) / EMU_PAGER_PAGE_BYTES;
    for (uint64_t i = page; i <= last; i++) {
        if (vcpu_space_absent(space, (uint32_t)i, write) && !was_let(seat, (uint32_t)i, write)) {
            if (!seat->needs) { /* else the device is taking back what it did */
                emu_seat_need(seat, (struct vcpu_need){.page = (uint32_t)i, .write = write});
            }
            return false;
        }
    }
    return true;
}

/* What it has done since is told, so that its pages age in its own time; then it forgets. */
static void tell_ran(struct emu_seat *seat, uint64_t now_ns)
{
    struct emu_node *node = seat->node;
    struct vcpu_space *space = &node->space;
    uint64_t ran_ns = time_of_cycles(node->vcpu.retired, node->cpu_hz) -
                      time_of_cycles(seat->retired_told, node->cpu_hz);
    if (node->vcpu.retired != seat->retired_told) {
        seat->let_count = 0; /* it was for an instruction that is done */
    }
    seat->retired_told = node->vcpu.retired;
    if (seat->forgotten) {
        uint32_t words = vcpu_space_absent_words(space);
        for (uint32_t i = 0; i < words * 64; i++) {
            if (seat->forgotten[words + i / 64] >> i % 64 & 1) {
                vcpu_space_forget(space, i, 1, !(seat->forgotten[i / 64] >> i % 64 & 1));
            }
        }
        forgotten_drop(seat);
    }
    seat->holds = false;
    emu_host_tell(seat->host, now_ns, EMU_HOST_RAN, 0, seat, ran_ns);
    emu_pager_ran(seat->host->pager, now_ns, emu_seat_number(seat), ran_ns);
}

void emu_seat_paging_left(struct emu_seat *seat, uint64_t now_ns)
{
    if (seat->node->space.absent && seat->holds) {
        tell_ran(seat, now_ns);
        if (seat->host->model->paging.references) { /* so that all that it touches next is seen */
            struct vcpu_space *space = &seat->node->space;
            vcpu_space_forget(space, 0, space->size_bytes / VCPU_PAGE_BYTES, false);
        }
    }
    seat->holds = false;
}

bool emu_seat_page(struct emu_seat *seat, uint64_t now_ns)
{
    struct emu_host *host = seat->host;
    tell_ran(seat, now_ns);
    enum emu_page_outcome outcome = emu_pager_reference(host->pager, now_ns, emu_seat_number(seat),
                                                        seat->need.page, seat->need.write);
    if (outcome != EMU_PAGE_HIT) {
        seat->owed_ns += host->model->costs.page_fault_ns;
    }
    emu_host_tell(host, now_ns, EMU_HOST_PAGE, seat->home, seat, told_page(seat, outcome));
    if (host->model->paging.references) {
        struct emu_record *record =
            emu_process_record(host->process, seat->node, EMU_RECORD_PAGE, NULL, 0);
        record->cause = outcome;
        record->page = (uint64_t)seat->need.page << 1 | seat->need.write;
    }
    if (outcome == EMU_PAGE_WAIT) {
        seat->waits = true;
        return false;
    }
    let(seat, outcome);
    seat->holds = true;
    return true;
}

/* --- disks ------------------------------------------------------------------------------------ */

void emu_host_disk_event(struct emu_host *host, uint32_t disk, uint64_t now_ns)
{
    struct emu_disk_model *model = host->disks[disk].model;
    while (emu_disk_model_next_ns(model) <= now_ns) {
        struct emu_disk_request request = emu_disk_model_complete(model);
        if (request.tag & EMU_DISK_TAG_NODE) {
            struct emu_node *node = host->seats[request.requester].node;
            struct dev_env env = emu_node_env(node, DEV_DISK);
            if (emu_node_alive(node)) { /* else nobody waits for it any more */
                (void)dev_disk_done(&node->disk, &env, (uint32_t)request.tag);
            }
            continue;
        }
        emu_host_tell(host, now_ns, EMU_HOST_TRANSFERRED, 0, &host->seats[0],
                      request.tag << 1 | request.write);
        /* The disk may have begun with it at a moment that others were past. */
        emu_host_moment_begin(host, EMU_HOST_NO_PROCESSOR);
        emu_pager_transferred(host->pager, now_ns, (uint32_t)request.tag);
        emu_host_moment_end(host);
    }
    disk_ask(host, disk);
}

struct search {
    uint32_t requester;
    bool found;
};

static void look_for_requester(void *context, const struct emu_disk_request *request)
{
    struct search *search = context;
    search->found |= (request->tag & EMU_DISK_TAG_NODE) && request->requester == search->requester;
}

bool emu_seat_disk_busy(const struct emu_seat *seat)
{
    struct search search = {emu_seat_number(seat), false};
    for (uint32_t i = 0; i < seat->host->disk_count; i++) {
        emu_disk_model_visit(seat->host->disks[i].model, look_for_requester, &search);
    }
    return search.found;
}

bool emu_seat_disk_here(const struct emu_seat *seat, uint32_t disk)
{
    const struct scn_group *group =
        &seat->host->process->world->scenario->groups[seat->node->group];
    return disk < group->disk_count && group->disks[disk].on_host;
}

static const struct emu_disk_place *place_of(const struct emu_seat *seat, uint32_t disk)
{
    const struct emu_volume *volume = emu_seat_volume(seat, disk);
    if (volume) {
        return &volume->place;
    }
    uint32_t number = seat->first_place;
    for (uint32_t i = 0; i < disk; i++) {
        number += emu_seat_disk_here(seat, i);
    }
    return &seat->host->places[number];
}

void emu_seat_disk_begin(struct emu_seat *seat, uint32_t disk, uint64_t block, bool write,
                         uint32_t ticket)
{
    struct emu_host *host = seat->host;
    uint64_t now_ns = host->process->now_ns;
    const struct emu_disk_place *place = place_of(seat, disk);
    const struct emu_disk_request request = {
        .requester = emu_seat_number(seat),
        .write = write,
        .sector_count = BLOCK_SECTORS,
        .sector = place->sector + block * BLOCK_SECTORS,
        .tag = EMU_DISK_TAG_NODE | ticket,
    };
    seat->owed_ns += host->model->costs.disk_ns;
    bool queued = emu_disk_model_submit(host->disks[place->disk].model, now_ns, &request);
    ASSERT(queued);
    disk_ask(host, place->disk);
}

/* On the disk with most room left, after what is there. */
static bool find_place(struct emu_host *host, uint64_t sector_count, struct emu_disk_place *place)
{
    uint32_t best = 0;
    uint64_t most = 0;
    for (uint32_t i = 0; i < host->disk_count; i++) {
        uint64_t room = host->disks[i].sector_count - host->disks[i].used_sectors;
        best = room > most ? i : best;
        most = room > most ? room : most;
    }
    *place = (struct emu_disk_place){best, most ? host->disks[best].used_sectors : 0};
    host->disks[best].used_sectors += sector_count <= most ? sector_count : 0;
    return sector_count <= most;
}

/* After all of those, in the order of their numbers. */
static enum status place_volumes(struct emu_host *host, struct error *error)
{
    for (uint32_t i = 0; i < host->volume_count; i++) {
        struct emu_volume *volume = &host->volumes[i];
        uint64_t sectors = volume->disk.block_count * BLOCK_SECTORS;
        if (!find_place(host, sectors, &volume->place)) {
            const struct scn_scenario *scenario = host->process->world->scenario;
            char field[64];
            snprintf(field, sizeof field, "hosts.%u.volumes",
                     scn_host_entry(scenario, host->index));
            return scn_error_at(scenario, field, error, STATUS_INVALID,
                                "hosts.%s.volumes: volume '%s' finds no room in one piece on the "
                                "disks of its host; give that larger ones, or more",
                                host->model->name, volume->disk.name);
        }
    }
    return STATUS_OK;
}

/* Nodes' own disks, in the order of nodes. */
static enum status place_disks(struct emu_host *host, struct error *error)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < host->seat_count; i++) {
        struct emu_seat *seat = &host->seats[i];
        const struct scn_group *group = &host->process->world->scenario->groups[seat->node->group];
        seat->first_place = count;
        for (uint32_t j = 0; j < group->disk_count; j++) {
            if (!group->disks[j].on_host) {
                continue;
            }
            host->places = alloc_grow(host->places, count + 1, sizeof *host->places);
            uint64_t sectors = group->disks[j].size_bytes / EMU_DISK_SECTOR_BYTES;
            if (!find_place(host, sectors, &host->places[count++])) {
                return error_set(error, STATUS_INVALID, NULL, 0,
                                 "disk '%s' of group '%s' finds no room in one piece on the disks "
                                 "of host '%s'; give it larger ones, or more",
                                 group->disks[j].name, group->name, host->model->name);
            }
        }
    }
    return STATUS_OK;
}

static uint32_t skew_sectors(const struct scn_host_disk *disk, uint64_t time_ns)
{
    const uint64_t minute_ns = 60000000000ull;
    uint64_t sector = disk->sectors_per_track * disk->rpm;
    uint64_t skew = (time_ns * sector + minute_ns - 1) / minute_ns;
    return (uint32_t)(skew % disk->sectors_per_track);
}

static struct emu_disk_params params_of(const struct scn_host_disk *disk)
{
    bool flash = disk->type == SCN_HOST_DISK_FLASH;
    return (struct emu_disk_params){
        .kind = flash ? EMU_DISK_FLASH : EMU_DISK_ROTATING,
        .order = disk->order == SCN_DISK_FIFO ? EMU_DISK_FIFO : EMU_DISK_SCAN,
        .sector_count = disk->size_bytes / EMU_DISK_SECTOR_BYTES,
        .overhead_ns = disk->overhead_ns,
        .queue_requests_max = UINT32_MAX,
        .heads = (uint32_t)disk->heads,
        .sectors_per_track = (uint32_t)disk->sectors_per_track,
        .rpm = (uint32_t)disk->rpm,
        .seek_track_ns = disk->seek_track_ns,
        .seek_average_ns = disk->seek_average_ns,
        .seek_full_ns = disk->seek_full_ns,
        .head_switch_ns = disk->head_switch_ns,
        .track_skew_sectors = flash ? 0 : skew_sectors(disk, disk->head_switch_ns),
        .cylinder_skew_sectors = flash ? 0 : skew_sectors(disk, disk->seek_track_ns),
        .channels = (uint32_t)disk->channels,
        .read_ns = disk->read_ns,
        .write_ns = disk->write_ns,
        .rate_bytes_per_s = disk->rate_bps / 8,
    };
}

static enum status make_disks(struct emu_host *host, struct error *error)
{
    enum status status = STATUS_OK;
    uint32_t total = (uint32_t)scn_host_disks(host->model);
    host->disks = alloc_zeroed(total + 1, sizeof *host->disks);
    for (uint32_t i = 0; i < host->model->disk_count; i++) {
        const struct scn_host_disk *disk = &host->model->disks[i];
        const struct emu_disk_params params = params_of(disk);
        for (uint64_t j = 0; j < disk->count && status == STATUS_OK; j++) {
            struct emu_host_disk *made = &host->disks[host->disk_count++];
            event_init(&made->event.base);
            made->sector_count = params.sector_count;
            status = emu_disk_model_create(&params, host->seat_count, &made->model, error);
        }
    }
    return status;
}

/* --- the account ------------------------------------------------------------------------------ */

static void account_tell(const struct emu_pager_account *account, struct emu_paging_report *report)
{
    report->faults = account->faults;
    report->pages_filled = account->filled;
    report->pages_copied = account->copied;
    report->page_ins = account->page_ins;
    report->page_outs = account->page_outs;
    report->pages_resident = account->resident;
    report->pages_resident_max = account->resident_max;
    report->page_wait_ns = account->wait_ns;
}

static void disk_tell(const struct emu_disk_account *account, struct emu_paging_report *report)
{
    report->disk_operations += account->reads + account->writes;
    report->disk_wait_ns += account->wait_ns;
    report->disk_busy_ns += account->busy_ns;
}

uint64_t emu_seat_pager_bytes(const struct emu_seat *seat)
{
    return seat->host->pager ? emu_pager_machine_bytes(seat->host->pager, emu_seat_number(seat))
                             : 0;
}

void emu_seat_paging_report(const struct emu_seat *seat, struct emu_paging_report *report)
{
    const struct emu_host *host = seat->host;
    *report = (struct emu_paging_report){0};
    struct emu_pager_account account = seat->paged;
    if (seat->node->space.absent) {
        struct emu_pager_account now = emu_pager_account(host->pager, emu_seat_number(seat));
        account_add(&account, &now);
        account.resident = now.resident;
    }
    account_tell(&account, report);
    for (uint32_t i = 0; i < host->disk_count; i++) {
        const struct emu_disk_account disk =
            emu_disk_model_account(host->disks[i].model, emu_seat_number(seat));
        disk_tell(&disk, report);
    }
}

void emu_host_paging_report(const struct emu_host *host, struct emu_paging_report *report)
{
    *report = (struct emu_paging_report){0};
    const struct emu_pager_total total =
        host->pager ? emu_pager_total(host->pager) : (struct emu_pager_total){0};
    account_tell(&total.machines, report);
    report->pages_resident += total.image_resident;
    report->pages_resident_max = 0;
    for (uint32_t i = 0; i < host->disk_count; i++) {
        const struct emu_disk_account disk = emu_disk_model_total(host->disks[i].model);
        disk_tell(&disk, report);
    }
}

/* --- a host ----------------------------------------------------------------------------------- */

/* Each image that nodes here have, once. */
static enum status add_images(struct emu_host *host, struct error *error)
{
    enum status status = STATUS_OK;
    host->images = alloc_zeroed(host->seat_count + 1, sizeof *host->images);
    for (uint32_t i = 0; i < host->seat_count && status == STATUS_OK; i++) {
        const struct vcpu_image *image = host->seats[i].node->space.image;
        uint32_t number = 0;
        while (number < host->image_count && host->images[number] != image) {
            number++;
        }
        if (number == host->image_count) {
            host->images[host->image_count++] = image;
            status = emu_pager_image_add(host->pager, image->page_count, &number, error);
        }
    }
    return status;
}

enum status emu_host_paging_create(struct emu_host *host, struct error *error)
{
    const struct scn_paging *paging = &host->model->paging;
    if (!host->process || !host->model->disk_count) {
        return STATUS_OK;
    }
    enum status status = make_disks(host, error);
    if (status == STATUS_OK) {
        status = place_disks(host, error);
    }
    if (status == STATUS_OK) {
        status = place_volumes(host, error);
    }
    if (status != STATUS_OK || !paging->block_bytes) {
        return status;
    }
    struct emu_pager_disk room[EMU_PAGER_DISKS_MAX];
    for (uint32_t i = 0; i < host->disk_count; i++) {
        uint64_t used = host->disks[i].used_sectors;
        room[i] = (struct emu_pager_disk){used, host->disks[i].sector_count - used};
    }
    uint64_t memory_pages = host->model->memory_bytes / EMU_PAGER_PAGE_BYTES;
    const struct emu_pager_config config = {
        .memory_pages = memory_pages > UINT32_MAX ? UINT32_MAX : (uint32_t)memory_pages,
        .block_pages = block_pages(host),
        .machine_max = host->seat_count,
        .disk_count = host->disk_count,
        .disks = room,
        .window_ns = paging->window_ns,
        .inactive_ns = paging->inactive_ns,
        .writes_max = (uint32_t)paging->writes,
        .scan_max = (uint32_t)paging->scan,
    };
    status = emu_pager_create(&config, &pager_ops, host, &host->pager, error);
    return status == STATUS_OK ? add_images(host, error) : status;
}

void emu_host_paging_destroy(struct emu_host *host)
{
    for (uint32_t i = 0; i < host->disk_count; i++) {
        emu_disk_model_destroy(host->disks[i].model);
    }
    for (uint32_t i = 0; i < host->seat_count; i++) {
        forgotten_drop(&host->seats[i]);
    }
    emu_pager_destroy(host->pager);
    free(host->disks);
    free(host->images);
    free(host->places);
}
