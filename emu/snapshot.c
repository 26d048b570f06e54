/*
 * The one walk over a world's state: snapshot, checkpoint and full-state hash.
 *
 * Canonical and engine-independent: registers, flags, counters, pending interrupts, pages, devices,
 * queued events, links; nothing cached. A page is state only where its content differs from the
 * image's, so how it came to be so (written or not, shared or private) does not show in the hash.
 * While hashing, a page is represented by its own hash; a snapshot also keeps pages that were
 * written with what they held before, because they count against the node's memory limit.
 *
 * Layout (docs/saved-state.md has the tables): magic, version, virtual time, nodes, networks,
 * frame events in key order.
 *
 * A snapshot in memory is the same walk without pages and blocks, which it shares with the world.
 */
#include "world_internal.h"

#include <inttypes.h>
#include <stdlib.h>

#include <base/alloc.h>
#include <base/hash.h>
#include <base/time.h>

#include "disk.h"
#include "fork.h"
#include "host/host.h"

#define STATE_MAGIC   0x4e445731u /* "1WDN" in memory */
#define STATE_VERSION 3u
#define STATE_HOSTS   9u /* the version of states that have hosts */
#define PAGE_END      UINT32_MAX

/* --- pages ------------------------------------------------------------------------------------ */

static uint64_t image_page_hash(const struct vcpu_image *image, uint32_t page, uint64_t zero_hash)
{
    return page < image->page_count ? image->page_hashes[page] : zero_hash;
}

static void save_pages(const struct vcpu_space *space, struct writer *writer)
{
    /* A page of the node's own counts as written, whether a snapshot holds it too or not. */
    uint64_t zero_hash = vcpu_zero_page_hash();
    for (uint32_t page = 0; page < space->page_count; page++) {
        if (space->frames[page] == VCPU_FRAME_NONE) {
            continue;
        }
        const uint8_t *bytes = vcpu_frame_bytes(space->arena, space->frames[page]);
        uint64_t hash = writer->hash_only ? hash_bytes(bytes, VCPU_PAGE_BYTES) : 0;
        if (writer->hash_only && hash == image_page_hash(space->image, page, zero_hash)) {
            continue;
        }
        write_u32(writer, page);
        if (writer->hash_only) {
            write_u64(writer, hash);
        } else {
            write_bytes(writer, bytes, VCPU_PAGE_BYTES);
        }
    }
    write_u32(writer, PAGE_END);
}

static void load_pages(struct vcpu_space *space, struct reader *reader)
{
    for (uint32_t page = 0; page < space->page_count; page++) {
        vcpu_space_page_reset(space, page);
    }
    space->private_max = space->private_count;
    uint32_t last = 0;
    for (;;) {
        uint32_t page = read_u32(reader);
        if (reader->failed || page == PAGE_END) {
            return;
        }
        const void *bytes = read_view(reader, VCPU_PAGE_BYTES);
        if (!bytes || page <= last || page >= space->size_bytes / VCPU_PAGE_BYTES ||
            !vcpu_space_page_set(space, page, bytes)) {
            reader_fail(reader);
            return;
        }
        last = page;
    }
}

/* --- nodes ------------------------------------------------------------------------------------ */

/* The account in a fixed order, for both directions. */
#define ACCOUNT_FIELDS(X)                                                                          \
    X(wake_ups)                                                                                    \
    X(interrupts_raised)                                                                           \
    X(interrupts_delivered)                                                                        \
    X(frames_received)                                                                             \
    X(bytes_received)                                                                              \
    X(frames_sent)                                                                                 \
    X(bytes_sent)                                                                                  \
    X(drops_nic_full)                                                                              \
    X(drops_node_down)                                                                             \
    X(drops_refused)                                                                               \
    X(drops_no_link)                                                                               \
    X(console_bytes)                                                                               \
    X(console_bytes_cut)                                                                           \
    X(observations)                                                                                \
    X(disk_reads)                                                                                  \
    X(disk_writes)                                                                                 \
    X(keys_dropped)

/* Pages and blocks are left out where they are kept beside the walk. */
static void save_node(struct emu_node *node, struct writer *writer, bool with_pages)
{
    /* A node that is waking has its activity in another heap but is still at its `idle`. */
    const struct event *activity = &node->activity.base;
    write_u8(writer, node->state);
    write_u8(writer, event_queued(activity));
    write_u64(writer, event_queued(activity) ? activity->key.time_ns : 0);
    write_u32(writer, node->exit_code);
    write_u32(writer, (uint32_t)node->fault.kind);
    write_u32(writer, node->fault.eip);
    write_u32(writer, node->fault.address);
    write_u64(writer, node->end_ns);
    write_u64(writer, node->digest);
    vcpu_save(&node->vcpu, writer);
    dev_registers_save(&node->registers, writer);
    for (uint32_t device = 0; device < DEV_COUNT; device++) {
        if (!emu_node_device_saved(node, device)) {
            continue;
        }
        write_u16(writer, dev_table[device]->state_version);
        dev_table[device]->save(emu_node_device(node, device), writer);
    }
    bool input = node->input && event_queued(&node->input->base);
    write_u32(writer, input ? node->input->base.key.source : UINT32_MAX);
    bool key = node->key && event_queued(&node->key->base);
    write_u32(writer, key ? node->key->base.key.source : UINT32_MAX);
    write_u8(writer, node->link_cut);
    write_u32(writer, node->frames_lost);
    write_u64(writer, node->entropy_seed);
#define X(field) write_u64(writer, node->account.field);
    ACCOUNT_FIELDS(X)
#undef X
    if (!writer->hash_only) {
        write_u32(writer, node->space.private_max);
    }
    if (with_pages) {
        save_pages(&node->space, writer);
        const struct emu_store disks = emu_node_store(node);
        emu_store_save(&disks, writer);
    }
}

/* Takes every event of the node out of its queues. */
static void unqueue(struct emu_node *node)
{
    struct event *activity = &node->activity.base;
    if (event_queued(activity)) {
        bool runs = activity->key.kind == EMU_EVENT_RUN;
        event_heap_remove(runs ? &node->process->running : &node->process->timers, activity);
    }
    for (struct emu_event *event = node->device_events; event; event = event->next) {
        if (event_queued(&event->base)) {
            event_heap_remove(&node->process->timers, &event->base);
        }
    }
    if (node->input && event_queued(&node->input->base)) {
        event_heap_remove(&node->process->timers, &node->input->base);
    }
    if (node->key && event_queued(&node->key->base)) {
        event_heap_remove(&node->process->timers, &node->key->base);
    }
}

static uint32_t activity_kind(uint8_t state)
{
    switch ((enum emu_node_state)state) {
    case EMU_NODE_OFF:
        return EMU_EVENT_BOOT;
    case EMU_NODE_IDLE:
        return EMU_EVENT_WAKE;
    case EMU_NODE_RUNNING:
    case EMU_NODE_WAKING:
        return EMU_EVENT_RUN;
    case EMU_NODE_TERMINATED:
    case EMU_NODE_FAULTED:
    case EMU_NODE_QUEUED:
    case EMU_NODE_DESTROYED:
        break;
    }
    return UINT32_MAX;
}

static void load_activity(struct emu_node *node, struct reader *reader)
{
    node->state = read_u8(reader);
    bool queued = read_u8(reader) & 1;
    uint64_t time_ns = read_u64(reader);
    uint32_t kind = activity_kind(node->state);
    if (reader->failed || node->state > (node->seat ? EMU_NODE_DESTROYED : EMU_NODE_FAULTED) ||
        (queued && kind == UINT32_MAX)) {
        reader_fail(reader);
        node->state = EMU_NODE_OFF;
        return;
    }
    if (queued) {
        node->activity.base.key = (struct event_key){
            .time_ns = time_ns,
            .kind = kind,
            .destination = node->index,
            .source = node->index,
        };
        event_heap_push(kind == EMU_EVENT_RUN ? &node->process->running : &node->process->timers,
                        &node->activity.base);
    }
}

/* A processor's clock that cannot be told in ns, or a node that is due at another time than its
 * processor's: it would never get anywhere, and its process with it. */
static bool activity_good(const struct emu_node *node)
{
    const struct event *activity = &node->activity.base;
    if (node->vcpu.cycles > time_to_cycles(UINT64_MAX / 2, node->cpu_hz)) {
        return false;
    }
    switch (activity_kind(node->state)) {
    case EMU_EVENT_BOOT:
        return event_queued(activity);
    case EMU_EVENT_RUN:
        if (!event_queued(activity)) {
            return node
                ->seat; /* it waits for a processor; hosts are looked at when all are there */
        }
        return activity->key.time_ns == time_of_cycles(node->vcpu.cycles, node->cpu_hz);
    default:
        return true;
    }
}

static void load_node(struct emu_node *node, struct reader *reader, bool with_pages)
{
    unqueue(node);
    load_activity(node, reader);
    node->exit_code = read_u32(reader);
    uint32_t fault = read_u32(reader);
    node->fault.kind = fault < VCPU_FAULT_COUNT ? (enum vcpu_fault_kind)fault : VCPU_FAULT_NONE;
    node->fault.eip = read_u32(reader);
    node->fault.address = read_u32(reader);
    node->end_ns = read_u64(reader);
    node->digest = read_u64(reader);
    vcpu_load(&node->vcpu, reader);
    if (!activity_good(node)) {
        reader_fail(reader);
    }
    dev_registers_load(&node->registers, reader);
    for (uint32_t device = 0; device < DEV_COUNT; device++) {
        if (!emu_node_device_saved(node, device)) {
            continue;
        }
        if (read_u16(reader) != dev_table[device]->state_version) {
            reader_fail(reader);
            return;
        }
        struct dev_env env = emu_node_env(node, device);
        dev_table[device]->load(emu_node_device(node, device), &env, reader);
    }
    emu_world_console_input_queue(node, read_u32(reader));
    emu_world_key_queue(node, read_u32(reader));
    node->link_cut = read_u8(reader) & 1;
    node->frames_lost = read_u32(reader);
    node->entropy_seed = read_u64(reader);
#define X(field) node->account.field = read_u64(reader);
    ACCOUNT_FIELDS(X)
#undef X
    uint32_t private_max = read_u32(reader);
    if (with_pages) {
        load_pages(&node->space, reader);
        const struct emu_store disks = emu_node_store(node);
        /* On a host its limit may have been higher before, or be lower in the state. */
        emu_store_load(&disks, node->seat ? UINT64_MAX : emu_node_disk_blocks_max(node), reader);
    } else {
        node->space.private_max = node->space.private_count;
    }
    if (private_max > node->space.private_max) {
        node->space.private_max = private_max;
    }
}

void emu_node_state_save(struct emu_node *node, struct writer *writer)
{
    save_node(node, writer, true);
}

void emu_node_state_load(struct emu_node *node, struct reader *reader)
{
    load_node(node, reader, true);
}

bool emu_node_part_load(struct emu_node *node, const void *bytes, size_t size_bytes)
{
    struct reader reader;
    reader_init(&reader, bytes, size_bytes);
    load_node(node, &reader, false);
    return !reader.failed && reader_left(&reader) == 0;
}

/* --- frames on their way ---------------------------------------------------------------------- */

static bool is_frame_event(const struct event *event)
{
    return event->key.kind >= EMU_EVENT_NETWORK && event->key.kind < EMU_EVENT_DEVICE;
}

static int compare_events(const void *a, const void *b)
{
    const struct event *x = *(const struct event *const *)a;
    const struct event *y = *(const struct event *const *)b;
    return event_key_compare(&x->key, &y->key);
}

static void save_frames(struct emu_world *world, struct writer *writer)
{
    size_t count = 0;
    size_t capacity = 0;
    const struct event **all = NULL;
    for (uint32_t i = 0; i < world->process_count; i++) {
        const struct event_heap *heap = &world->processes[i].events;
        for (uint32_t j = 0; j < heap->count; j++) {
            if (is_frame_event(heap->slots[j].event)) {
                if (count == capacity) {
                    capacity = capacity ? capacity * 2 : 64;
                    all = alloc_grow(all, capacity, sizeof *all);
                }
                all[count++] = heap->slots[j].event;
            }
        }
    }
    if (count) {
        qsort(all, count, sizeof *all, compare_events);
    }
    write_u64(writer, count);
    for (size_t i = 0; i < count; i++) {
        const struct emu_event *event = (const struct emu_event *)all[i];
        write_u64(writer, event->base.key.time_ns);
        write_u32(writer, event->base.key.kind);
        write_u32(writer, event->base.key.destination);
        write_u32(writer, event->base.key.source);
        write_u64(writer, event->base.key.sequence);
        net_frame_save(event->frame, writer);
    }
    free(all);
}

static void load_frame(struct emu_world *world, struct reader *reader)
{
    struct event_key key;
    key.time_ns = read_u64(reader);
    key.kind = read_u32(reader);
    key.destination = read_u32(reader);
    key.source = read_u32(reader);
    key.sequence = read_u64(reader);
    struct net_frame *frame = net_frame_load(reader);
    struct emu_node *node =
        key.destination < world->node_count ? &world->nodes[key.destination] : NULL;
    if (reader->failed || !node || node->network == SCN_NETWORK_NONE ||
        key.kind < EMU_EVENT_NETWORK || key.source >= world->node_count ||
        !net_event_valid(world->networks[node->network].net, key.kind - EMU_EVENT_NETWORK,
                         node->port, frame)) {
        net_frame_release(frame);
        reader_fail(reader);
        return;
    }
    struct emu_event *event = emu_process_event_take(node->process);
    event->base.key = key;
    event->network = node->network;
    event->port = node->port;
    event->frame = frame;
    event_heap_push(&node->process->events, &event->base);
}

/* Frame events that a world has queued are dropped before others are loaded. */
static void drop_frames(struct emu_process *process)
{
    for (uint32_t i = 0; i < process->events.count;) {
        struct emu_event *event = (struct emu_event *)process->events.slots[i].event;
        if (is_frame_event(&event->base)) {
            event_heap_remove(&process->events, &event->base);
            net_frame_release(event->frame);
            emu_process_event_give(process, event);
            i = 0;
        } else {
            i++;
        }
    }
}

/* --- the walk --------------------------------------------------------------------------------- */

static void note_end(size_t **ends, const struct writer *writer)
{
    if (*ends) {
        *(*ends)++ = writer->size_bytes;
    }
}

static uint32_t state_version(const struct emu_world *world)
{
    return world->host_count ? STATE_HOSTS : STATE_VERSION;
}

/* Where each part of the walk ends is noted in ends, if there is such an array. */
static void save_world(struct emu_world *world, struct writer *writer, bool with_pages,
                       size_t *ends)
{
    emu_world_collect(world);
    write_u32(writer, STATE_MAGIC);
    write_u32(writer, state_version(world));
    write_u32(writer, world->node_count);
    write_u32(writer, world->network_count);
    write_u64(writer, world->scenario->seed);
    for (uint32_t i = 0; i < world->scenario->group_count; i++) {
        write_u64(writer, world->images[i]->hash);
        emu_disks_describe(&world->disks[i], writer);
    }
    for (uint32_t i = 0; i < world->host_count; i++) {
        emu_host_volumes_describe(&world->hosts[i], writer);
    }
    write_u64(writer, world->now_ns);
    note_end(&ends, writer);
    for (uint32_t i = 0; i < world->node_count; i++) {
        save_node(&world->nodes[i], writer, with_pages);
        note_end(&ends, writer);
    }
    for (uint32_t i = 0; i < world->network_count; i++) {
        if (world->networks[i].net) {
            net_save(world->networks[i].net, writer);
        }
        note_end(&ends, writer);
    }
    save_frames(world, writer);
    emu_hosts_save(world, writer, with_pages);
    note_end(&ends, writer);
}

static enum status bad_state(struct error *error, const char *what)
{
    return error_set(error, STATUS_CORRUPT, NULL, 0,
                     "the saved state %s; expected one that this version saved from the same "
                     "scenario and images",
                     what);
}

static enum status load_world(struct emu_world *world, struct reader *reader, bool with_pages,
                              struct error *error)
{
    if (read_u32(reader) != STATE_MAGIC || read_u32(reader) != state_version(world)) {
        return bad_state(error, "has another format or version");
    }
    if (read_u32(reader) != world->node_count || read_u32(reader) != world->network_count) {
        return bad_state(error, "has another number of nodes or networks");
    }
    if (read_u64(reader) != world->scenario->seed) {
        return bad_state(error, "is of a run with another seed");
    }
    for (uint32_t i = 0; i < world->scenario->group_count; i++) {
        if (read_u64(reader) != world->images[i]->hash) {
            return bad_state(error, "was made with other images");
        }
        if (!emu_disks_described(&world->disks[i], reader)) {
            return bad_state(error, "was made with other disks");
        }
    }
    for (uint32_t i = 0; i < world->host_count; i++) {
        if (!emu_host_volumes_described(&world->hosts[i], reader)) {
            return bad_state(error, "was made with other volumes");
        }
    }
    world->now_ns = read_u64(reader);
    emu_world_collect(world); /* frames between processes, to be dropped with the others */
    for (uint32_t i = 0; i < world->process_count; i++) {
        drop_frames(&world->processes[i]);
    }
    for (uint32_t i = 0; i < world->node_count && !reader->failed; i++) {
        load_node(&world->nodes[i], reader, with_pages);
    }
    for (uint32_t i = 0; i < world->network_count && !reader->failed; i++) {
        if (world->networks[i].net && !net_load(world->networks[i].net, reader)) {
            reader_fail(reader);
        }
    }
    uint64_t frames = read_u64(reader);
    for (uint64_t i = 0; i < frames && !reader->failed; i++) {
        load_frame(world, reader);
    }
    emu_hosts_load(world, reader, with_pages);
    if (reader->failed || reader_left(reader)) {
        return bad_state(error, "is damaged or truncated");
    }
    return STATUS_OK;
}

uint64_t emu_world_state_hash(struct emu_world *world)
{
    struct writer writer;
    writer_init_hash(&writer);
    save_world(world, &writer, true, NULL);
    uint64_t hash = writer_hash(&writer);
    writer_fini(&writer);
    return hash;
}

uint64_t emu_world_digest(struct emu_world *world)
{
    struct writer writer;
    writer_init_hash(&writer);
    for (uint32_t i = 0; i < world->node_count; i++) {
        write_u64(&writer, world->nodes[i].digest);
    }
    write_u64(&writer, emu_world_state_hash(world));
    uint64_t digest = writer_hash(&writer);
    writer_fini(&writer);
    return digest;
}

uint8_t *emu_world_state_save(struct emu_world *world, size_t *size_bytes)
{
    struct writer writer;
    writer_init(&writer);
    save_world(world, &writer, true, NULL);
    *size_bytes = writer.size_bytes;
    return writer.bytes; /* what writer_fini would free is the caller's now */
}

enum status emu_world_state_load(struct emu_world *world, const void *bytes, size_t size_bytes,
                                 struct error *error)
{
    struct reader reader;
    reader_init(&reader, bytes, size_bytes);
    return load_world(world, &reader, true, error);
}

void emu_world_parts_save(struct emu_world *world, struct writer *writer, size_t *ends)
{
    save_world(world, writer, false, ends);
}

enum status emu_world_parts_load(struct emu_world *world, const void *bytes, size_t size_bytes,
                                 struct error *error)
{
    struct reader reader;
    reader_init(&reader, bytes, size_bytes);
    return load_world(world, &reader, false, error);
}

bool emu_state_version_other(const uint8_t *bytes, size_t size_bytes)
{
    struct reader reader;
    reader_init(&reader, bytes, size_bytes);
    if (read_u32(&reader) != STATE_MAGIC) {
        return false;
    }
    uint32_t version = read_u32(&reader);
    return version != STATE_VERSION && version != STATE_HOSTS;
}

uint64_t emu_node_state_hash(struct emu_node *node)
{
    struct writer writer;
    writer_init_hash(&writer);
    save_node(node, &writer, true);
    uint64_t hash = writer_hash(&writer);
    writer_fini(&writer);
    return hash;
}
