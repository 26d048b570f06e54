/*
 * The bus of a node: carries the guest's port and virtual-register accesses to the devices, and
 * gives the devices what they may ask for.
 */
#include "node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <base/alloc.h>
#include <base/assert.h>
#include <base/random.h>
#include <base/time.h>
#include <netsim/network.h>

#include "digest.h"
#include "disk.h"
#include "host/host.h"
#include "probe.h"
#include "process.h"
#include "world_internal.h"

/* What is kept of a node in a whole run; all of it is counted, and in the node's digest. */
#define CONSOLE_LOG_MAX  (1u << 20) /* bytes it printed */
#define OBSERVATIONS_MAX (1u << 20)

struct vcpu_fault emu_bus_access(struct emu_node *node, bool is_port,
                                 const struct vcpu_access *access)
{
    enum dev_result result = DEV_NO_REGISTER;
    uint32_t value = access->value;
    if (node->space.absent) {
        node->seat->asks = is_port;
    }
    if (is_port) {
        uint32_t device = 0;
        const struct dev_region *region = NULL;
        const struct dev_ops *ops = dev_find_port((uint16_t)access->address, &device, &region);
        uint32_t width = !ops ? 0 : access->write ? region->out_bytes : region->in_bytes;
        if (ops && width == access->size_bytes && emu_node_device_present(node, device)) {
            struct dev_env env = emu_node_env(node, device);
            void *state = emu_node_device(node, device);
            result = access->write ? ops->write(state, &env, (uint16_t)access->address, value)
                                   : ops->read(state, &env, (uint16_t)access->address, &value);
        }
    } else {
        struct dev_env env = emu_node_env(node, DEV_COUNT);
        result = access->write
                     ? dev_registers_write(&node->registers, &env, access->address, value)
                     : dev_registers_read(&node->registers, &env, access->address, &value);
    }
    if (node->space.absent) {
        node->seat->asks = false;
        if (node->seat->needs) {
            return (struct vcpu_fault){VCPU_FAULT_NONE, 0, 0}; /* it has not happened yet */
        }
        node->seat->let_count = 0;
    }
    emu_digest_add(node, is_port ? EMU_DIGEST_PORT : EMU_DIGEST_REGISTER,
                   access->address | (uint32_t)access->write << 31, value, &result,
                   sizeof(uint32_t));
    if (result != DEV_DONE) {
        enum vcpu_fault_kind kind = result == DEV_REFUSED ? VCPU_FAULT_DEVICE
                                    : is_port             ? VCPU_FAULT_PORT
                                                          : VCPU_FAULT_REGISTER;
        uint32_t address = access->address + (is_port ? 0 : ABI_REGISTER_PAGE);
        return (struct vcpu_fault){kind, node->vcpu.eip, address};
    }
    vcpu_access_complete(&node->vcpu, access, value);
    if (node->seat && is_port) {
        node->seat->port_accesses++;
        emu_seat_trap(node->seat);
    }
    return (struct vcpu_fault){VCPU_FAULT_NONE, 0, 0};
}

static uint64_t bus_now_ns(void *host)
{
    return ((struct emu_node *)host)->process->now_ns;
}

static void bus_interrupt(void *host, uint32_t kinds)
{
    emu_node_interrupt(host, kinds);
}

static uint32_t bus_interrupt_pending(void *host)
{
    return ((struct emu_node *)host)->vcpu.irq_pending;
}

static void bus_interrupt_clear(void *host, uint32_t kinds)
{
    ((struct emu_node *)host)->vcpu.irq_pending &= ~kinds;
}

static uint32_t bus_interrupt_delivered(void *host)
{
    return ((struct emu_node *)host)->vcpu.irq_delivered;
}

static bool bus_interrupt_enabled(void *host)
{
    return ((struct emu_node *)host)->vcpu.irq_enabled;
}

static void bus_interrupt_enable(void *host, bool enabled)
{
    ((struct emu_node *)host)->vcpu.irq_enabled = enabled;
}

static uint32_t bus_interrupt_handler(void *host)
{
    return ((struct emu_node *)host)->vcpu.irq_handler;
}

static void bus_interrupt_handler_set(void *host, uint32_t address)
{
    ((struct emu_node *)host)->vcpu.irq_handler = address;
}

static bool bus_memory_load(void *host, uint32_t address, void *bytes, uint32_t size_bytes)
{
    struct emu_node *node = host;
    if (node->space.absent && !emu_seat_may_touch(node->seat, address, size_bytes, false)) {
        return false;
    }
    bool done = vcpu_space_load(&node->space, address, bytes, size_bytes);
    if (done && node->probe) {
        emu_probe_touched(node->probe, node, address, size_bytes, false);
    }
    return done;
}

static bool bus_memory_store(void *host, uint32_t address, const void *bytes, uint32_t size_bytes)
{
    struct emu_node *node = host;
    if (node->space.absent && !emu_seat_may_touch(node->seat, address, size_bytes, true)) {
        return false;
    }
    bool done = vcpu_space_store(&node->space, address, bytes, size_bytes);
    if (done && node->probe) {
        emu_probe_touched(node->probe, node, address, size_bytes, true);
    }
    return done;
}

static bool bus_begins_anew(void *host)
{
    const struct emu_node *node = host;
    return node->seat && node->seat->needs;
}

static void bus_event_at(void *host, uint32_t device, uint64_t time_ns)
{
    struct emu_node *node = host;
    struct emu_event *event = node->device_events;
    while (event && event->base.key.source != device) {
        event = event->next;
    }
    if (event && event_queued(&event->base)) {
        event_heap_remove(&node->process->timers, &event->base);
    }
    if (time_ns == TIME_NEVER) {
        return;
    }
    if (!event) {
        event = alloc_zeroed(1, sizeof *event);
        event_init(&event->base);
        event->next = node->device_events;
        node->device_events = event;
    }
    event->base.key = (struct event_key){
        .time_ns = time_ns,
        .kind = EMU_EVENT_DEVICE,
        .destination = node->index,
        .source = device,
    };
    event_heap_push(&node->process->timers, &event->base);
}

static void bus_frame_taken(void *host, uint32_t size_bytes)
{
    struct emu_node *node = host;
    if (node->seat) {
        emu_seat_frame_received(node->seat, size_bytes);
    }
}

static bool bus_device_present(void *host, uint32_t device)
{
    return emu_node_device_present(host, device);
}

static uint64_t bus_entropy_key(void *host)
{
    const struct emu_node *node = host;
    const struct scn_scenario *scenario = node->process->world->scenario;
    char stream_name[SCN_NODE_NAME_MAX + 16];
    char name[SCN_NODE_NAME_MAX];
    scn_node_name(scenario, node->index, name);
    snprintf(stream_name, sizeof stream_name, "entropy/%s", name);
    return random_key(node->entropy_seed, stream_name);
}

static void bus_screen_size(void *host, uint32_t *width, uint32_t *height)
{
    const struct emu_node *node = host;
    const struct scn_group *group = &node->process->world->scenario->groups[node->group];
    *width = group->screen_width;
    *height = group->screen_height;
}

static uint64_t bus_cpu_hz(void *host)
{
    return ((struct emu_node *)host)->cpu_hz;
}

static uint32_t bus_memory_bytes(void *host)
{
    return ((struct emu_node *)host)->space.size_bytes;
}

static uint32_t bus_node_index(void *host)
{
    return ((struct emu_node *)host)->index;
}

static uint32_t bus_node_count(void *host)
{
    return ((struct emu_node *)host)->process->world->node_count;
}

static const uint8_t *bus_mac(void *host)
{
    return ((struct emu_node *)host)->mac;
}

static uint32_t bus_generation(void *host)
{
    const struct emu_node *node = host;
    return node->seat ? node->seat->generation : 0;
}

static const struct dev_boot *bus_boot(void *host)
{
    return &((struct emu_node *)host)->boot;
}

static void bus_frame_send(void *host, const uint8_t *bytes, uint32_t size_bytes)
{
    struct emu_node *node = host;
    node->account.frames_sent++;
    node->account.bytes_sent += size_bytes;
    if (node->seat) {
        emu_seat_frame_sent(node->seat, size_bytes);
    }
    emu_digest_add(node, EMU_DIGEST_FRAME_OUT, 0, 0, bytes, size_bytes);
    /* A node that is run again alone has sent it before. */
    uint32_t cause = node->process->twin ? EMU_DROPS_MAX
                     : node->seat        ? emu_card_send(node->seat, bytes, size_bytes)
                                         : emu_world_send(node, bytes, size_bytes);
    emu_process_record_frame(node, EMU_RECORD_FRAME_SENT, cause, bytes, size_bytes);
}

static void bus_frame_refused(void *host, uint32_t size_bytes)
{
    (void)size_bytes;
    struct emu_node *node = host;
    node->account.drops_refused += !(node->seat && node->seat->needs);
}

static void bus_console_write(void *host, const uint8_t *bytes, uint32_t size_bytes)
{
    struct emu_node *node = host;
    emu_digest_add(node, EMU_DIGEST_CONSOLE_OUT, 0, 0, bytes, size_bytes);
    /* One instruction may print 64 KiB: its time is charged, or a guest could make the host work a
     * thousand times as long as for any other. */
    node->vcpu.cycles += size_bytes / ABI_CONSOLE_BYTES_PER_CYCLE;
    uint64_t kept = node->account.console_bytes - node->account.console_bytes_cut;
    uint64_t room = CONSOLE_LOG_MAX - kept;
    node->account.console_bytes += size_bytes;
    if (size_bytes > room) {
        node->account.console_bytes_cut += size_bytes - room;
        size_bytes = (uint32_t)room;
    }
    uint32_t needed = node->console_log_bytes + size_bytes;
    if (needed > node->console_log_capacity) {
        uint32_t capacity = node->console_log_capacity ? node->console_log_capacity * 2 : 128;
        while (capacity < needed) {
            capacity *= 2;
        }
        node->console_log = alloc_grow(node->console_log, capacity, 1);
        node->console_log_capacity = capacity;
    }
    if (size_bytes) {
        memcpy(node->console_log + node->console_log_bytes, bytes, size_bytes);
    }
    node->console_log_bytes = needed;
}

static void bus_observe(void *host, const char *name, uint32_t kind, double value)
{
    struct emu_node *node = host;
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    emu_digest_add(node, EMU_DIGEST_OBSERVE, (uint32_t)bits, (uint32_t)(bits >> 32), name,
                   (uint32_t)strlen(name));
    if (node->account.observations++ < OBSERVATIONS_MAX) {
        emu_process_record(node->process, node,
                           kind == ABI_OBSERVE_MILESTONE ? EMU_RECORD_MILESTONE
                                                         : EMU_RECORD_MEASUREMENT,
                           name, (uint32_t)strlen(name) + 1)
            ->value = value;
    }
}

static bool bus_disk_info(void *host, uint32_t disk, struct dev_disk_info *info)
{
    struct emu_disk_at at;
    if (!emu_node_disk_at(host, disk, &at)) {
        return false;
    }
    const struct emu_disk *there = emu_disk_there(&at);
    *info = (struct dev_disk_info){
        .name = there->name,
        .read_only = there->read_only,
        .block_count = there->block_count,
        .latency_ns = there->latency_ns,
        .transfer_ns = there->transfer_ns,
        .interval_ns = emu_node_disk_interval_ns(host),
        .queued = at.on_host,
    };
    return true;
}

static void bus_disk_begin(void *host, uint32_t disk, uint64_t block, bool write, uint32_t ticket)
{
    emu_seat_disk_begin(((struct emu_node *)host)->seat, disk, block, write, ticket);
}

/* Block numbers fit: a scenario's disk has 2^28 blocks at most. */
static const uint8_t *bus_disk_read(void *host, uint32_t disk, uint64_t block)
{
    struct emu_node *node = host;
    struct emu_disk_at at;
    bool there = emu_node_disk_at(node, disk, &at);
    ASSERT(there);
    const uint8_t *bytes = emu_store_read(&at.store, at.disk, block);
    node->account.disk_reads++;
    emu_digest_add(node, EMU_DIGEST_DISK_READ, disk, (uint32_t)block, bytes, ABI_DISK_BLOCK_BYTES);
    return bytes;
}

static bool bus_disk_write(void *host, uint32_t disk, uint64_t block, const uint8_t *bytes)
{
    struct emu_node *node = host;
    struct emu_disk_at at;
    bool there = emu_node_disk_at(node, disk, &at);
    ASSERT(there);
    bool written = emu_store_write(&at.store, at.disk, block, bytes, at.blocks_max);
    node->account.disk_writes += written;
    emu_digest_add(node, written ? EMU_DIGEST_DISK_WRITE : EMU_DIGEST_DISK_FULL, disk,
                   (uint32_t)block, bytes, ABI_DISK_BLOCK_BYTES);
    return written;
}

static uint32_t bus_supervise(void *host, uint16_t port, void *descriptor, void *list)
{
    return emu_supervisor_operate(((struct emu_node *)host)->seat, port, descriptor, list);
}

const struct dev_host_ops emu_bus_ops = {
    .now_ns = bus_now_ns,
    .interrupt = bus_interrupt,
    .interrupt_pending = bus_interrupt_pending,
    .interrupt_clear = bus_interrupt_clear,
    .interrupt_delivered = bus_interrupt_delivered,
    .interrupt_enabled = bus_interrupt_enabled,
    .interrupt_enable = bus_interrupt_enable,
    .interrupt_handler = bus_interrupt_handler,
    .interrupt_handler_set = bus_interrupt_handler_set,
    .memory_load = bus_memory_load,
    .memory_store = bus_memory_store,
    .begins_anew = bus_begins_anew,
    .event_at = bus_event_at,
    .device_present = bus_device_present,
    .frame_taken = bus_frame_taken,
    .entropy_key = bus_entropy_key,
    .screen_size = bus_screen_size,
    .cpu_hz = bus_cpu_hz,
    .memory_bytes = bus_memory_bytes,
    .node_index = bus_node_index,
    .node_count = bus_node_count,
    .mac = bus_mac,
    .boot = bus_boot,
    .frame_send = bus_frame_send,
    .console_write = bus_console_write,
    .observe = bus_observe,
    .disk_info = bus_disk_info,
    .disk_read = bus_disk_read,
    .disk_write = bus_disk_write,
    .supervise = bus_supervise,
    .disk_begin = bus_disk_begin,
    .generation = bus_generation,
    .frame_refused = bus_frame_refused,
};
