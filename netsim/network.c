/*
 * A network's configuration, addresses and the way of a frame: access links, switch or core, and
 * delivery. Queues are pipe.c's, the gateway's decisions gateway.c's, the table switch.c's.
 */
#include <netsim/network.h>

#include <stdlib.h>
#include <string.h>

#include <base/alloc.h>
#include <base/assert.h>

#include "gateway.h"
#include "internal.h"
#include "packet.h"
#include "rules.h"

#define SWITCH_ENTRIES_DEFAULT 1024u

/* --- lifecycle ------------------------------------------------------------------------------ */

static void links_copy(struct net_network *network, const struct net_config *config)
{
    network->link_count = config->link_count;
    network->links = alloc_zeroed(config->link_count, sizeof *network->links);
    for (uint32_t i = 0; i < config->link_count; i++) {
        struct net_link *link = &network->links[i];
        *link = config->links[i];
        link->up_queue_bytes = link->up_queue_bytes ? link->up_queue_bytes : NET_QUEUE_BYTES;
        link->down_queue_bytes = link->down_queue_bytes ? link->down_queue_bytes : NET_QUEUE_BYTES;
    }
}

static void core_copy(struct net_network *network, const struct net_matrix *matrix)
{
    size_t count = (size_t)matrix->site_count * matrix->site_count;
    network->site_count = matrix->site_count;
    network->core_ns = alloc_zeroed(count, sizeof *network->core_ns);
    for (size_t i = 0; i < count; i++) {
        network->core_ns[i] = (uint32_t)(matrix->rtt_ns[i] / 2);
    }
}

static void ports_create(struct net_network *network, const struct net_config *config)
{
    size_t size_bytes = sizeof(struct net_port) * (size_t)config->port_count;
    network->port_count = config->port_count;
    network->ports_memory = alloc_zeroed(size_bytes + NET_PORT_ALIGN, 1);
    uintptr_t start = ((uintptr_t)network->ports_memory + NET_PORT_ALIGN - 1);
    network->ports = (struct net_port *)(start & ~(uintptr_t)(NET_PORT_ALIGN - 1));
    for (uint32_t i = 0; i < config->port_count; i++) {
        struct net_port *port = &network->ports[i];
        port->link = config->link_of_port ? config->link_of_port[i] : 0;
        port->site = config->site_of_port && network->core_ns ? config->site_of_port[i]
                                                              : i % network->site_count;
    }
}

static void table_create(struct net_network *network, const struct net_config *config)
{
    uint32_t entries = config->mac_table_entries;
    if (entries == 0) {
        entries = SWITCH_ENTRIES_DEFAULT;
        while (entries < 4ull * config->port_count && entries < NET_SWITCH_ENTRIES_MAX) {
            entries *= 2;
        }
    }
    net_switch_init(&network->table, entries,
                    config->mac_age_ns ? config->mac_age_ns : NET_MAC_AGE_NS);
}

enum status net_network_create(const struct net_config *config, struct net_network **network,
                               struct error *error)
{
    *network = NULL;
    enum status status = net_config_check(config, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct net_network *made = alloc_zeroed(1, sizeof *made);
    made->kind = config->kind;
    net_config_subnet(config, &made->subnet_address, &made->subnet_prefix);
    made->mac_base = config->mac_base;
    made->services = config->services;
    made->names = config->names;
    made->site_count = 1;
    made->delay_ns = config->delay_ns ? config->delay_ns : NET_SITE_DELAY_NS;
    links_copy(made, config);
    if (config->kind == NET_WAN_MATRIX) {
        core_copy(made, config->matrix);
    }
    ports_create(made, config);
    if (config->kind == NET_LAN) {
        table_create(made, config);
    }
    made->rules = net_rules_copy(config);
    if (made->rules) {
        made->meters = alloc_zeroed(made->port_count, sizeof *made->meters);
        made->rates_change = config->rates_change;
        net_meters_reset(made);
    }
    *network = made;
    return STATUS_OK;
}

void net_network_destroy(struct net_network *network)
{
    if (!network) {
        return;
    }
    net_rules_destroy(network->rules, network->link_count);
    free(network->meters);
    net_switch_fini(&network->table);
    free(network->ports_memory);
    free(network->core_ns);
    free(network->links);
    free(network);
}

/* --- addresses ------------------------------------------------------------------------------ */

static void mac_write(uint8_t mac[6], uint8_t second, uint32_t index)
{
    mac[0] = 0x02; /* locally administered, one station */
    mac[1] = second;
    store32(mac + 2, index);
}

void net_mac_of_port(const struct net_network *network, uint32_t port, uint8_t mac[6])
{
    mac_write(mac, 0, network->mac_base + port);
}

void net_gateway_mac_of_port(const struct net_network *network, uint32_t port, uint8_t mac[6])
{
    mac_write(mac, 1, network->mac_base + (network->kind == NET_LAN ? 0 : port));
}

uint32_t net_config_address(bool lan, uint32_t subnet_address, uint32_t port)
{
    return lan ? subnet_address + NET_LAN_FIRST_ADDRESS + port
               : subnet_address + port * NET_WAN_ADDRESSES_PER_PORT + 2;
}

uint32_t net_address_of_port(const struct net_network *network, uint32_t port)
{
    return net_config_address(network->kind == NET_LAN, network->subnet_address, port);
}

uint32_t net_gateway_of_port(const struct net_network *network, uint32_t port)
{
    if (network->kind == NET_LAN) {
        return network->subnet_address + 1;
    }
    return network->subnet_address + port * NET_WAN_ADDRESSES_PER_PORT + 1;
}

uint32_t net_port_of_address(const struct net_network *network, uint32_t address)
{
    uint32_t offset = address - network->subnet_address; /* wraps for what is below: too large */
    if (network->kind == NET_LAN) {
        offset -= NET_LAN_FIRST_ADDRESS;
        return offset < network->port_count ? offset : UINT32_MAX;
    }
    uint32_t port = offset / NET_WAN_ADDRESSES_PER_PORT;
    return port < network->port_count && offset % NET_WAN_ADDRESSES_PER_PORT == 2 ? port
                                                                                  : UINT32_MAX;
}

struct net_addressing net_addressing(const struct net_network *network, uint32_t port)
{
    ASSERT(port < network->port_count);
    struct net_addressing addressing = {.address = net_address_of_port(network, port)};
    net_mac_of_port(network, port, addressing.mac);
    addressing.service = network->services ? net_gateway_of_port(network, port) : 0;
    if (network->kind == NET_LAN) {
        addressing.prefix = network->subnet_prefix;
    } else {
        addressing.prefix = 30;
        addressing.gateway = net_gateway_of_port(network, port);
        net_gateway_mac_of_port(network, port, addressing.gateway_mac);
    }
    return addressing;
}

/* --- the way of a frame --------------------------------------------------------------------- */

static void drop(struct net_network *network, const struct net_env *env, uint32_t port,
                 enum net_drop cause, uint32_t size_bytes)
{
    uint32_t *count = &network->ports[port].counters.drops[cause];
    if (*count != UINT32_MAX) {
        (*count)++;
    }
    if (env->ops->drop) {
        env->ops->drop(env->world, port, cause, size_bytes);
    }
}

static void deliver(struct net_network *network, const struct net_env *env, uint32_t port,
                    struct net_frame *frame)
{
    struct net_counters *counters = &network->ports[port].counters;
    counters->frames_delivered++;
    counters->bytes_delivered += frame->size_bytes;
    env->ops->deliver(env->world, port, frame);
    net_frame_release(frame);
}

/* A frame's place on the uplink of its port: when it has crossed it, or false if it was dropped. */
static bool uplink_cross(struct net_network *network, uint32_t index, uint64_t now_ns,
                         uint32_t size_bytes, struct net_pipe_times *times)
{
    struct net_port *port = &network->ports[index];
    const struct net_link *link = net_link_of(network, port);
    if (!net_pipe_put(&port->up, link->up_bps, link->up_queue_bytes, now_ns, size_bytes, times)) {
        return false;
    }
    times->done_ns += link->latency_ns;
    return true;
}

/* The same for the downlink, latency left to the caller; the times are added to the frame's. If it
 * is false the frame has been dropped and released. */
static bool downlink_cross(struct net_network *network, const struct net_env *env, uint32_t index,
                           uint64_t now_ns, struct net_frame *frame, uint64_t *done_ns)
{
    enum net_drop refused =
        net_rules_receive(network, index, now_ns, frame->bytes, frame->size_bytes);
    struct net_port *port = &network->ports[index];
    const struct net_link *link = net_link_of(network, port);
    struct net_pipe_times times;
    if (refused == NET_DROP_COUNT &&
        !net_pipe_put(&port->down, link->down_bps, link->down_queue_bytes, now_ns,
                      frame->size_bytes, &times)) {
        refused = NET_DROP_DOWNLINK_FULL;
    }
    if (refused != NET_DROP_COUNT) {
        drop(network, env, index, refused, frame->size_bytes);
        net_frame_release(frame);
        return false;
    }
    frame->queued_ns += times.queued_ns;
    frame->serialized_ns += times.serialized_ns;
    *done_ns = times.done_ns;
    return true;
}

static void deliver_at(struct net_network *network, const struct net_env *env, uint32_t port,
                       uint64_t time_ns, struct net_frame *frame)
{
    env->ops->schedule(env->world, time_ns, NET_EVENT_DELIVER, port, port,
                       network->ports[port].deliver_sequence++, frame);
}

static void wan_send(struct net_network *network, const struct net_env *env, uint32_t index,
                     uint64_t now_ns, const uint8_t *bytes, uint32_t size_bytes,
                     const struct net_pipe_times *times)
{
    struct net_verdict verdict =
        net_gateway_handle(network, index, times->done_ns, bytes, size_bytes);
    if (verdict.dropped) {
        drop(network, env, index, verdict.cause, size_bytes);
    }
    if (!verdict.frame) {
        return;
    }
    struct net_port *from = &network->ports[index];
    const struct net_port *to = &network->ports[verdict.destination];
    uint64_t core_ns =
        verdict.destination == index ? NET_TURN_NS : net_core_ns(network, from->site, to->site);
    verdict.frame->sent_ns = now_ns;
    verdict.frame->queued_ns = times->queued_ns;
    verdict.frame->serialized_ns = times->serialized_ns;
    env->ops->schedule(env->world, times->done_ns + core_ns + net_link_of(network, to)->latency_ns,
                       NET_EVENT_ARRIVE, verdict.destination, index, from->send_sequence++,
                       verdict.frame);
}

static void lan_send(struct net_network *network, const struct net_env *env, uint32_t index,
                     uint64_t now_ns, const uint8_t *bytes, uint32_t size_bytes,
                     const struct net_pipe_times *times)
{
    struct net_frame *frame = net_frame_create(bytes, size_bytes);
    frame->sent_ns = now_ns;
    frame->queued_ns = times->queued_ns;
    frame->serialized_ns = times->serialized_ns;
    env->ops->schedule(env->world, times->done_ns, NET_EVENT_SWITCH, index, index,
                       network->ports[index].send_sequence++, frame);
}

bool net_judge(struct net_network *network, const struct net_env *env, uint32_t port,
               uint64_t now_ns, const uint8_t *bytes, uint32_t size_bytes)
{
    ASSERT(port < network->port_count);
    struct net_counters *counters = &network->ports[port].counters;
    counters->frames_sent++;
    counters->bytes_sent += size_bytes;
    if (size_bytes < NET_FRAME_MIN || size_bytes > NET_FRAME_MAX ||
        mac_is_group(bytes + ETH_SOURCE)) {
        drop(network, env, port, NET_DROP_MALFORMED, size_bytes);
        return false;
    }
    enum net_drop refused = net_rules_send(network, port, now_ns, bytes, size_bytes);
    if (refused != NET_DROP_COUNT) {
        drop(network, env, port, refused, size_bytes);
        return false;
    }
    return true;
}

void net_carry(struct net_network *network, const struct net_env *env, uint32_t port,
               uint64_t now_ns, const uint8_t *bytes, uint32_t size_bytes)
{
    struct net_pipe_times times;
    if (!uplink_cross(network, port, now_ns, size_bytes, &times)) {
        drop(network, env, port, NET_DROP_UPLINK_FULL, size_bytes);
        return;
    }
    if (network->kind == NET_LAN) {
        lan_send(network, env, port, now_ns, bytes, size_bytes, &times);
    } else {
        wan_send(network, env, port, now_ns, bytes, size_bytes, &times);
    }
}

void net_send(struct net_network *network, const struct net_env *env, uint32_t port,
              uint64_t now_ns, const uint8_t *bytes, uint32_t size_bytes)
{
    if (net_judge(network, env, port, now_ns, bytes, size_bytes)) {
        net_carry(network, env, port, now_ns, bytes, size_bytes);
    }
}

/* Puts a frame on the link from the switch to a port. Takes the reference. */
static void egress(struct net_network *network, const struct net_env *env, uint32_t port,
                   uint64_t now_ns, struct net_frame *frame)
{
    uint64_t done_ns;
    if (!downlink_cross(network, env, port, now_ns, frame, &done_ns)) {
        return;
    }
    uint64_t latency_ns = net_link_of(network, &network->ports[port])->latency_ns;
    deliver_at(network, env, port, done_ns + latency_ns, frame);
}

static struct net_frame *frame_copy(const struct net_frame *frame)
{
    struct net_frame *copy = net_frame_create(frame->bytes, frame->size_bytes);
    copy->sent_ns = frame->sent_ns;
    copy->queued_ns = frame->queued_ns;
    copy->serialized_ns = frame->serialized_ns;
    return copy;
}

/* To every port but the one it came from; each copy has queueing times of its own. */
static void flood(struct net_network *network, const struct net_env *env, uint32_t ingress,
                  uint64_t now_ns, struct net_frame *frame)
{
    for (uint32_t port = 0; port < network->port_count; port++) {
        if (port != ingress) {
            egress(network, env, port, now_ns, frame_copy(frame));
        }
    }
    net_frame_release(frame);
}

/* The service host hears a frame; its answer goes on the asking port's link. */
static void host_frame(struct net_network *network, const struct net_env *env, uint32_t ingress,
                       uint64_t now_ns, const struct net_frame *frame)
{
    struct net_verdict verdict =
        net_host_handle(network, ingress, now_ns, frame->bytes, frame->size_bytes);
    if (verdict.dropped) {
        drop(network, env, ingress, verdict.cause, frame->size_bytes);
    }
    if (verdict.frame) {
        verdict.frame->sent_ns = frame->sent_ns;
        verdict.frame->queued_ns = frame->queued_ns;
        verdict.frame->serialized_ns = frame->serialized_ns;
        env->ops->schedule(env->world, now_ns + NET_TURN_NS, NET_EVENT_ARRIVE, ingress, ingress,
                           network->ports[ingress].deliver_sequence++, verdict.frame);
    }
}

static void switch_frame(struct net_network *network, const struct net_env *env, uint32_t ingress,
                         uint64_t now_ns, struct net_frame *frame)
{
    static const uint8_t reserved[5] = {0x01, 0x80, 0xc2, 0x00, 0x00};
    const uint8_t *destination = frame->bytes + ETH_DESTINATION;
    net_switch_learn(&network->table, net_mac_load(frame->bytes + ETH_SOURCE), ingress, now_ns);
    if (network->services && net_host_is_addressed(network, frame->bytes)) {
        host_frame(network, env, ingress, now_ns, frame);
        net_frame_release(frame);
        return;
    }
    uint32_t port = NET_SWITCH_UNKNOWN;
    bool filtered = false;
    if (mac_is_group(destination)) {
        /* IEEE 802.1D, table 7-10: addresses that no bridge forwards. */
        filtered = memcmp(destination, reserved, sizeof reserved) == 0 && destination[5] < 16;
        if (network->services && !filtered) {
            host_frame(network, env, ingress, now_ns, frame);
        }
    } else {
        port = net_switch_find(&network->table, net_mac_load(destination), now_ns);
        filtered = port == ingress;
    }
    if (filtered) {
        drop(network, env, ingress, NET_DROP_FILTERED, frame->size_bytes);
        net_frame_release(frame);
    } else if (port == NET_SWITCH_UNKNOWN) {
        flood(network, env, ingress, now_ns, frame);
    } else {
        egress(network, env, port, now_ns, frame);
    }
}

static void arrive(struct net_network *network, const struct net_env *env, uint32_t port,
                   uint64_t now_ns, struct net_frame *frame)
{
    uint64_t done_ns;
    if (!downlink_cross(network, env, port, now_ns, frame, &done_ns)) {
        return;
    }
    if (done_ns == now_ns) {
        deliver(network, env, port, frame);
    } else {
        deliver_at(network, env, port, done_ns, frame);
    }
}

void net_event(struct net_network *network, const struct net_env *env, enum net_event_kind kind,
               uint32_t destination, uint64_t now_ns, struct net_frame *frame)
{
    ASSERT(destination < network->port_count);
    switch (kind) {
    case NET_EVENT_SWITCH:
        switch_frame(network, env, destination, now_ns, frame);
        return;
    case NET_EVENT_ARRIVE:
        if (network->kind == NET_LAN) {
            egress(network, env, destination, now_ns, frame);
        } else {
            arrive(network, env, destination, now_ns, frame);
        }
        return;
    case NET_EVENT_DELIVER:
        deliver(network, env, destination, frame);
        return;
    case NET_EVENT_KIND_COUNT:
        break;
    }
    UNREACHABLE();
}

/* --- queries -------------------------------------------------------------------------------- */

enum net_kind net_network_kind(const struct net_network *network)
{
    return network->kind;
}

uint32_t net_port_count(const struct net_network *network)
{
    return network->port_count;
}

struct net_counters net_counters(const struct net_network *network, uint32_t port)
{
    ASSERT(port < network->port_count);
    return network->ports[port].counters;
}

uint32_t net_site(const struct net_network *network, uint32_t port)
{
    ASSERT(port < network->port_count);
    return network->ports[port].site;
}

uint64_t net_path_ns(const struct net_network *network, uint32_t from, uint32_t to)
{
    ASSERT(from < network->port_count && to < network->port_count && from != to);
    const struct net_port *a = &network->ports[from];
    const struct net_port *b = &network->ports[to];
    uint64_t links_ns = net_link_of(network, a)->latency_ns + net_link_of(network, b)->latency_ns;
    return network->kind == NET_LAN ? links_ns : links_ns + net_core_ns(network, a->site, b->site);
}

size_t net_port_bytes(void)
{
    return sizeof(struct net_port);
}

size_t net_shared_bytes(const struct net_network *network)
{
    size_t core_bytes = network->core_ns ? (size_t)network->site_count * network->site_count *
                                               sizeof *network->core_ns
                                         : 0;
    return sizeof *network + core_bytes + network->link_count * sizeof *network->links +
           (size_t)network->table.entry_count * sizeof *network->table.entries;
}

bool net_drop_is_receivers(enum net_drop cause)
{
    return cause == NET_DROP_DOWNLINK_FULL || cause == NET_DROP_RECEIVE_DENIED ||
           cause == NET_DROP_RECEIVE_RATE;
}

const char *net_drop_name(enum net_drop cause)
{
    static const char *const names[NET_DROP_COUNT] = {
#define X(name, label, text) [NET_DROP_##name] = #label,
        NET_DROP_LIST(X)
#undef X
    };
    ASSERT(cause < NET_DROP_COUNT);
    return names[cause];
}

const char *net_drop_text(enum net_drop cause)
{
    static const char *const texts[NET_DROP_COUNT] = {
#define X(name, label, text) [NET_DROP_##name] = text,
        NET_DROP_LIST(X)
#undef X
    };
    ASSERT(cause < NET_DROP_COUNT);
    return texts[cause];
}
