/*
 * Snapshots of machines that a host keeps: what a machine was at a moment between two of its
 * instructions, from which another of its group goes on, or the same one later.
 *
 * A snapshot shares pages and blocks with the machine until either writes them; to the scenario it
 * is as large as if it did not. What is on its way to or from the machine is not in it: a machine
 * with disk requests under way has none taken, and frames that left it, or have not reached its
 * network card, are the network's. One that has a processor may be ahead of the moment of who asks,
 * so it has none taken either.
 */
#include "host.h"

#include <stdlib.h>
#include <string.h>

#include <base/alloc.h>
#include <base/assert.h>
#include <scenarios/scenario.h>

#include "../disk.h"
#include "../process.h"
#include "../world_internal.h"

#define END UINT32_MAX /* of the pages, or blocks, of one that is saved */

void emu_host_snapshots_create(struct emu_host *host)
{
    host->snapshots =
        alloc_zeroed(host->model->snapshots.count + 1, sizeof(struct emu_machine_snapshot *));
}

static uint64_t part_count(const struct emu_machine_snapshot *snapshot)
{
    uint64_t count = snapshot->blocks ? snapshot->blocks->count : 0;
    for (uint32_t page = 0; page < snapshot->pages->count; page++) {
        count += snapshot->pages->frames[page] != VCPU_FRAME_NONE;
    }
    return count;
}

static uint64_t bytes_of(const struct emu_machine_snapshot *snapshot)
{
    return snapshot->part_count * VCPU_PAGE_BYTES + snapshot->size_bytes;
}

static void destroy(struct emu_machine_snapshot *snapshot)
{
    if (snapshot) {
        vcpu_pages_release(snapshot->pages);
        emu_blocks_release(snapshot->blocks);
        free(snapshot->bytes);
        free(snapshot);
    }
}

static void destroy_all(struct emu_host *host)
{
    for (uint64_t i = 0; i < host->model->snapshots.count; i++) {
        destroy(host->snapshots[i]);
        host->snapshots[i] = NULL;
    }
    host->snapshot_bytes = 0;
}

void emu_host_snapshots_destroy(struct emu_host *host)
{
    destroy_all(host);
    free(host->snapshots);
}

static void charge(struct emu_seat *payer, const struct emu_machine_snapshot *snapshot)
{
    payer->owed_ns += snapshot->part_count * payer->host->model->costs.snapshot_page_ns;
}

/* --- what is done ----------------------------------------------------------------------------- */

/* Room for so many pages and blocks, and for so many bytes besides? */
static bool has_room(const struct emu_host *host, uint64_t part_count, uint64_t size_bytes)
{
    uint64_t free_bytes = host->model->snapshots.size_bytes - host->snapshot_bytes;
    return size_bytes <= free_bytes && part_count <= (free_bytes - size_bytes) / VCPU_PAGE_BYTES;
}

/* What there is no room for is refused before a page is shared: a supervisor that asks without end
 * would have the machine's pages copied without end, and pay for none. */
static uint32_t take(struct emu_seat *seat, struct emu_seat *payer, uint32_t number,
                     uint64_t now_ns)
{
    struct emu_host *host = seat->host;
    struct emu_node *node = seat->node;
    if (host->snapshots[number] || !emu_node_alive(node) || emu_seat_occupies(seat) ||
        node->disk.count > 0) {
        return ABI_SUPERVISOR_STATE;
    }
    uint64_t part_count = node->space.private_count + emu_overlay_blocks(node->disks);
    if (!has_room(host, part_count, 0)) {
        return ABI_SUPERVISOR_ROOM;
    }
    struct writer writer;
    writer_init(&writer);
    emu_node_machine_save(node, seat->held, &writer);
    if (!has_room(host, part_count, writer.size_bytes)) {
        writer_fini(&writer);
        return ABI_SUPERVISOR_ROOM;
    }
    struct emu_machine_snapshot *snapshot = alloc_zeroed(1, sizeof *snapshot);
    snapshot->group = node->group;
    snapshot->time_ns = now_ns;
    snapshot->bytes = writer.bytes; /* what writer_fini would free */
    snapshot->size_bytes = (uint32_t)writer.size_bytes;
    snapshot->pages = vcpu_space_snapshot(&node->space);
    const struct emu_store disks = emu_node_store(node);
    snapshot->blocks = emu_store_snapshot(&disks);
    snapshot->part_count = part_count;
    host->snapshots[number] = snapshot;
    host->snapshot_bytes += bytes_of(snapshot);
    charge(payer, snapshot);
    emu_host_tell(host, now_ns, EMU_HOST_SNAPSHOT, 0, seat, number);
    return ABI_SUPERVISOR_DONE;
}

static uint32_t start_from(struct emu_seat *seat, struct emu_seat *payer, uint32_t number,
                           uint64_t now_ns)
{
    const struct emu_machine_snapshot *snapshot = seat->host->snapshots[number];
    if (!snapshot) {
        return ABI_SUPERVISOR_STATE;
    }
    if (snapshot->group != seat->node->group) {
        return ABI_SUPERVISOR_NO_MACHINE;
    }
    if (snapshot->blocks && seat->disk_bytes &&
        snapshot->blocks->count * ABI_DISK_BLOCK_BYTES > seat->disk_bytes) {
        return ABI_SUPERVISOR_ROOM;
    }
    uint32_t status = emu_seat_start(seat, number + 1, now_ns);
    if (status == ABI_SUPERVISOR_DONE) {
        charge(payer, snapshot);
    }
    return status;
}

static uint32_t discard(struct emu_seat *seat, uint32_t number, uint64_t now_ns)
{
    struct emu_host *host = seat->host;
    bool used = !host->snapshots[number];
    for (uint32_t i = 0; i < host->seat_count; i++) {
        used |= host->seats[i].origin == number + 1;
    }
    if (used) {
        return ABI_SUPERVISOR_STATE;
    }
    host->snapshot_bytes -= bytes_of(host->snapshots[number]);
    destroy(host->snapshots[number]);
    host->snapshots[number] = NULL;
    emu_host_tell(host, now_ns, EMU_HOST_DISCARD, 0, seat, number);
    return ABI_SUPERVISOR_DONE;
}

uint32_t emu_seat_snapshot(struct emu_seat *seat, struct emu_seat *payer, uint32_t operation,
                           uint64_t number, uint64_t now_ns)
{
    if (number >= seat->host->model->snapshots.count) {
        return ABI_SUPERVISOR_VALUE;
    }
    switch (operation) {
    case ABI_CONTROL_SNAPSHOT:
        return take(seat, payer, (uint32_t)number, now_ns);
    case ABI_CONTROL_START_FROM:
        return start_from(seat, payer, (uint32_t)number, now_ns);
    default:
        return discard(seat, (uint32_t)number, now_ns);
    }
}

void emu_host_snapshot_tell(const struct emu_host *host, struct abi_supervisor_snapshot *answer)
{
    uint32_t number = answer->number;
    const struct emu_machine_snapshot *snapshot =
        number < host->model->snapshots.count ? host->snapshots[number] : NULL;
    *answer = (struct abi_supervisor_snapshot){
        .number = number,
        .kept = snapshot != NULL,
        .taken_ns = snapshot ? snapshot->time_ns : 0,
        .size_bytes = snapshot ? bytes_of(snapshot) : 0,
        .free_bytes = host->model->snapshots.size_bytes - host->snapshot_bytes,
    };
}

void emu_host_snapshots_report(const struct emu_host *host, struct emu_host_report *report)
{
    for (uint64_t i = 0; i < host->model->snapshots.count; i++) {
        const struct emu_machine_snapshot *snapshot = host->snapshots[i];
        if (snapshot) {
            report->snapshots++;
            report->snapshots_bytes += sizeof *snapshot + bytes_of(snapshot) +
                                       vcpu_pages_table_bytes(snapshot->pages) +
                                       emu_blocks_table_bytes(snapshot->blocks);
        }
    }
}

/* --- a machine begins ------------------------------------------------------------------------- */

/* Its pages are where what was swapped out is; what the pager reads is theirs already. */
static void lay_pages(struct emu_seat *seat, const struct vcpu_pages *pages)
{
    struct emu_host *host = seat->host;
    struct vcpu_space *space = &seat->node->space;
    vcpu_space_restore(space, pages);
    if (space->private_max < space->private_count) {
        space->private_max = space->private_count;
    }
    for (uint32_t page = 0; page < pages->count && host->pager; page++) {
        if (pages->frames[page] != VCPU_FRAME_NONE) {
            emu_pager_machine_swapped(host->pager, emu_seat_number(seat), page);
        }
    }
}

void emu_seat_begin(struct emu_seat *seat, uint64_t now_ns)
{
    struct emu_host *host = seat->host;
    uint32_t origin = seat->origin;
    seat->origin = 0;
    emu_seat_follow(seat); /* its timer is set now, not while it runs */
    if (origin) {
        const struct emu_machine_snapshot *snapshot = host->snapshots[origin - 1];
        host->generation += host->generation < UINT32_MAX;
        seat->generation = host->generation;
        emu_host_tell(host, now_ns, EMU_HOST_RESTART, 0, seat, origin - 1);
        /* It goes on in events that are yet to come, so what it goes on with may be laid behind. */
        if (emu_node_machine_start(seat->node, snapshot->bytes, snapshot->size_bytes, now_ns)) {
            lay_pages(seat, snapshot->pages);
            const struct emu_store disks = emu_node_store(seat->node);
            emu_store_restore(&disks, snapshot->blocks);
            return;
        }
        /* Of a saved state that was not saved by us: it starts as if there were none. */
        seat->generation = 0;
    }
    emu_node_boot(seat->node, now_ns);
}

/* --- saved ------------------------------------------------------------------------------------ */

static void save_snapshot(const struct emu_machine_snapshot *snapshot, struct writer *writer)
{
    const struct vcpu_pages *pages = snapshot->pages;
    const struct emu_blocks *blocks = snapshot->blocks;
    write_u32(writer, snapshot->group);
    write_u64(writer, snapshot->time_ns);
    write_u32(writer, snapshot->size_bytes);
    write_bytes(writer, snapshot->bytes, snapshot->size_bytes);
    for (uint32_t page = 0; page < pages->count; page++) {
        if (pages->frames[page] != VCPU_FRAME_NONE) {
            write_u32(writer, page);
            write_bytes(writer, vcpu_frame_bytes(pages->arena, pages->frames[page]),
                        VCPU_PAGE_BYTES);
        }
    }
    write_u32(writer, END);
    for (size_t i = 0; blocks && i < blocks->count; i++) {
        write_u32(writer, blocks->blocks[i].disk);
        write_u64(writer, blocks->blocks[i].number);
        write_bytes(writer, vcpu_frame_bytes(blocks->arena, blocks->blocks[i].frame),
                    VCPU_PAGE_BYTES);
    }
    write_u32(writer, END);
}

void emu_host_snapshots_save(const struct emu_host *host, struct writer *writer)
{
    if (host->model->snapshots.count) {
        write_u32(writer, host->generation);
    }
    for (uint64_t i = 0; i < host->model->snapshots.count; i++) {
        write_u8(writer, host->snapshots[i] != NULL);
        if (host->snapshots[i]) {
            save_snapshot(host->snapshots[i], writer);
        }
    }
}

/* A page's or block's bytes in a frame that is shared; NONE: there are none, or no memory. */
static uint32_t load_frame(struct vcpu_arena *arena, struct reader *reader)
{
    const void *bytes = read_view(reader, VCPU_PAGE_BYTES);
    uint32_t frame = bytes ? vcpu_frame_take(arena, VCPU_FRAME_PRIVATE) : VCPU_FRAME_NONE;
    if (frame == VCPU_FRAME_NONE) {
        reader_fail(reader);
        return frame;
    }
    memcpy(vcpu_frame_bytes(arena, frame), bytes, VCPU_PAGE_BYTES);
    vcpu_frame_share(arena, frame);
    return frame;
}

static struct vcpu_pages *load_pages(const struct vcpu_space *space, struct reader *reader)
{
    uint32_t page_count = space->size_bytes / VCPU_PAGE_BYTES;
    uint32_t *frames = alloc_zeroed(page_count, sizeof *frames);
    uint32_t least = EMU_NODE_MEMORY_BEGIN / VCPU_PAGE_BYTES;
    uint32_t count = 0;
    for (uint32_t i = 0; i < page_count; i++) {
        frames[i] = VCPU_FRAME_NONE;
    }
    for (;;) {
        uint32_t page = read_u32(reader);
        if (reader->failed || page == END) {
            break;
        }
        if (page < least || page >= page_count || ++count > space->private_limit) {
            reader_fail(reader);
            break;
        }
        frames[page] = load_frame(space->arena, reader);
        least = page + 1;
    }
    struct vcpu_pages *pages = vcpu_pages_create(space->arena, frames, page_count);
    free(frames);
    return pages;
}

static struct emu_blocks *load_blocks(const struct emu_node *node, struct reader *reader)
{
    struct emu_block *blocks = NULL;
    size_t count = 0;
    for (;;) {
        uint32_t disk = read_u32(reader);
        if (reader->failed || disk == END) {
            break;
        }
        uint64_t number = read_u64(reader);
        const struct emu_disk *model = emu_node_disk(node, disk);
        const struct emu_block *last = count ? &blocks[count - 1] : NULL;
        bool ascends = !last || disk > last->disk || (disk == last->disk && number > last->number);
        if (!model || model->read_only || number >= model->block_count || !ascends) {
            reader_fail(reader);
            break;
        }
        uint32_t frame = load_frame(node->space.arena, reader);
        if (frame != VCPU_FRAME_NONE) {
            if ((count & (count - 1)) == 0) {
                blocks = alloc_grow(blocks, count * 2 + 1, sizeof *blocks);
            }
            blocks[count++] = (struct emu_block){number, disk, frame};
        }
    }
    struct emu_blocks *made = count ? emu_blocks_create(node->space.arena, blocks, count) : NULL;
    free(blocks);
    return made;
}

static struct emu_machine_snapshot *load_snapshot(struct emu_host *host, struct reader *reader)
{
    struct emu_machine_snapshot *snapshot = alloc_zeroed(1, sizeof *snapshot);
    snapshot->group = read_u32(reader);
    snapshot->time_ns = read_u64(reader);
    snapshot->size_bytes = read_u32(reader);
    const void *bytes = read_view(reader, snapshot->size_bytes);
    const struct emu_node *node = NULL; /* of that group: it says what there can be */
    for (uint32_t i = 0; i < host->seat_count && !node; i++) {
        node = host->seats[i].node->group == snapshot->group ? host->seats[i].node : NULL;
    }
    if (!node || !bytes) {
        reader_fail(reader);
        free(snapshot);
        return NULL;
    }
    snapshot->bytes = alloc_zeroed(snapshot->size_bytes + 1, 1);
    memcpy(snapshot->bytes, bytes, snapshot->size_bytes);
    snapshot->pages = load_pages(&node->space, reader);
    snapshot->blocks = load_blocks(node, reader);
    snapshot->part_count = part_count(snapshot);
    return snapshot;
}

void emu_host_snapshots_load(struct emu_host *host, struct reader *reader)
{
    uint64_t count = host->model->snapshots.count;
    destroy_all(host);
    host->generation = count ? read_u32(reader) : 0;
    for (uint64_t i = 0; i < count && !reader->failed; i++) {
        if (read_u8(reader) & 1) {
            host->snapshots[i] = load_snapshot(host, reader);
            host->snapshot_bytes += host->snapshots[i] ? bytes_of(host->snapshots[i]) : 0;
        }
    }
    if (host->snapshot_bytes > host->model->snapshots.size_bytes) {
        reader_fail(reader);
    }
    for (uint32_t i = 0; i < host->seat_count; i++) {
        struct emu_seat *seat = &host->seats[i];
        bool good =
            seat->generation <= host->generation &&
            (seat->origin == 0 || (seat->origin <= count && host->snapshots[seat->origin - 1] &&
                                   host->snapshots[seat->origin - 1]->group == seat->node->group &&
                                   seat->node->state == EMU_NODE_QUEUED));
        if (!good) {
            seat->origin = 0;
            reader_fail(reader);
        }
    }
}
