/*
 * The rules of a port. The source check is RFC 2827's, at the port itself; rates are token buckets
 * (RFC 2697, one bucket), kept as the pipe that a full bucket would empty into: a frame conforms if
 * the bytes that a link of that rate had yet to send, and its own, are within the burst. The two
 * are the same meter (ITU-T I.371, annex A), and the pipe's arithmetic is exact.
 */
#include "rules.h"

#include <stdlib.h>
#include <string.h>

#include <base/alloc.h>
#include <base/assert.h>

#include "packet.h"

#define DHCP_SERVER_PORT 67u
#define DHCP_CLIENT_PORT 68u

static bool any(const struct net_rules *rules)
{
    return rules->bind_address || rules->send_bps || rules->receive_bps || rules->allow;
}

struct net_rules *net_rules_copy(const struct net_config *config)
{
    bool some = config->rates_change;
    for (uint32_t i = 0; config->rules && i < config->link_count; i++) {
        some |= any(&config->rules[i]);
    }
    if (!some) {
        return NULL;
    }
    struct net_rules *rules = alloc_zeroed(config->link_count, sizeof *rules);
    for (uint32_t i = 0; config->rules && i < config->link_count; i++) {
        rules[i] = config->rules[i];
        if (rules[i].allow) {
            size_t size_bytes = rules[i].allow_count * sizeof *rules[i].allow;
            struct net_allow *allow = alloc_zeroed(rules[i].allow_count + 1, sizeof *allow);
            memcpy(allow, rules[i].allow, size_bytes);
            rules[i].allow = allow;
        }
    }
    return rules;
}

void net_rules_destroy(struct net_rules *rules, uint32_t link_count)
{
    for (uint32_t i = 0; rules && i < link_count; i++) {
        free((void *)rules[i].allow);
    }
    free(rules);
}

enum status net_rules_check(const struct net_rules *rules, uint32_t index, struct error *error)
{
    const uint64_t rates[2] = {rules->send_bps, rules->receive_bps};
    const uint32_t bursts[2] = {rules->send_burst_bytes, rules->receive_burst_bytes};
    const char *sides[2] = {"send", "receive"};
    for (int i = 0; i < 2; i++) {
        if (rates[i] && (rates[i] < NET_RATE_MIN_BPS || rates[i] > NET_RATE_MAX_BPS)) {
            return error_set(error, STATUS_INVALID, NULL, 0,
                             "link class %u: rule with a %s rate of %llu bit/s: expected 0 (no "
                             "limit) or %llu to %llu bit/s",
                             index, sides[i], (unsigned long long)rates[i], NET_RATE_MIN_BPS,
                             NET_RATE_MAX_BPS);
        }
        if (rates[i] && (bursts[i] < NET_QUEUE_MIN_BYTES || bursts[i] > NET_BURST_MAX_BYTES)) {
            return error_set(error, STATUS_INVALID, NULL, 0,
                             "link class %u: rule with a %s burst of %u bytes: expected %u to %u",
                             index, sides[i], bursts[i], NET_QUEUE_MIN_BYTES, NET_BURST_MAX_BYTES);
        }
    }
    for (uint32_t i = 0; rules->allow && i < rules->allow_count; i++) {
        const struct net_allow *allow = &rules->allow[i];
        if (allow->first > allow->last || allow->port_first > allow->port_last) {
            return error_set(error, STATUS_INVALID, NULL, 0,
                             "link class %u: allowed peer %u: expected a first address and port "
                             "not above the last",
                             index, i);
        }
    }
    return STATUS_OK;
}

void net_meters_reset(struct net_network *network)
{
    for (uint32_t port = 0; port < network->port_count; port++) {
        const struct net_rules *rules = &network->rules[network->ports[port].link];
        network->meters[port] = (struct net_meters){
            .rates = {.send_bps = rules->send_bps,
                      .receive_bps = rules->receive_bps,
                      .send_burst_bytes = rules->send_burst_bytes,
                      .receive_burst_bytes = rules->receive_burst_bytes},
        };
    }
}

/* --- Rates that change ---------------------------------------------------------------------- */

static bool rate_valid(uint64_t rate_bps, uint32_t burst_bytes)
{
    return rate_bps == 0 ||
           (rate_bps >= NET_RATE_MIN_BPS && rate_bps <= NET_RATE_MAX_BPS &&
            burst_bytes >= NET_QUEUE_MIN_BYTES && burst_bytes <= NET_BURST_MAX_BYTES);
}

bool net_rates_valid(const struct net_rates *rates)
{
    return rate_valid(rates->send_bps, rates->send_burst_bytes) &&
           rate_valid(rates->receive_bps, rates->receive_burst_bytes);
}

bool net_rates_change(const struct net_network *network)
{
    return network->rates_change;
}

struct net_rates net_port_rates(const struct net_network *network, uint32_t port)
{
    ASSERT(port < network->port_count);
    return network->meters ? network->meters[port].rates : (struct net_rates){0};
}

void net_port_rates_set(struct net_network *network, uint32_t port, const struct net_rates *rates)
{
    ASSERT(port < network->port_count && network->rates_change && net_rates_valid(rates));
    struct net_meters *meters = &network->meters[port];
    const struct net_rates *had = &meters->rates;
    if (rates->send_bps != had->send_bps || rates->send_burst_bytes != had->send_burst_bytes) {
        meters->send = (struct net_pipe){0};
    }
    if (rates->receive_bps != had->receive_bps ||
        rates->receive_burst_bytes != had->receive_burst_bytes) {
        meters->receive = (struct net_pipe){0};
    }
    meters->rates = *rates;
}

/* --- Where from ----------------------------------------------------------------------------- */

/* A node without an address asks for one (RFC 2131, 4.1). */
static bool is_dhcp_request(const uint8_t *bytes, uint32_t size_bytes)
{
    const uint8_t *ip = bytes + ETH_HEADER;
    uint32_t header_bytes = (ip[0] & 15u) * 4u;
    return load32(ip + IP_SOURCE) == 0 && load32(ip + IP_DESTINATION) == IP_BROADCAST &&
           ip[IP_PROTOCOL] == IP_PROTOCOL_UDP && header_bytes >= IP_HEADER_MIN &&
           size_bytes >= ETH_HEADER + header_bytes + 4 &&
           load16(ip + header_bytes) == DHCP_CLIENT_PORT &&
           load16(ip + header_bytes + 2) == DHCP_SERVER_PORT;
}

/* Whether every address that the frame gives for its sender is the port's own. */
static bool source_is_own(const struct net_network *network, uint32_t port, const uint8_t *bytes,
                          uint32_t size_bytes)
{
    uint8_t mac[ETH_ADDRESS];
    uint32_t own = net_address_of_port(network, port);
    net_mac_of_port(network, port, mac);
    if (memcmp(bytes + ETH_SOURCE, mac, ETH_ADDRESS) != 0) {
        return false;
    }
    switch (load16(bytes + ETH_TYPE)) {
    case ETH_TYPE_ARP: {
        const uint8_t *arp = bytes + ETH_HEADER;
        if (size_bytes < ETH_HEADER + ARP_SIZE) {
            return false;
        }
        uint32_t sender = load32(arp + ARP_SENDER_ADDRESS); /* 0: a probe (RFC 5227) */
        return memcmp(arp + ARP_SENDER_MAC, mac, ETH_ADDRESS) == 0 &&
               (sender == own || sender == 0);
    }
    case ETH_TYPE_IPV4:
        return size_bytes >= ETH_HEADER + IP_HEADER_MIN &&
               (load32(bytes + ETH_HEADER + IP_SOURCE) == own ||
                is_dhcp_request(bytes, size_bytes));
    default:
        return true;
    }
}

/* --- With whom ------------------------------------------------------------------------------ */

/* What a frame says of the node at its other end. */
struct peer {
    uint32_t address;
    bool has_port; /* UDP or TCP, and this part of the packet has its header */
    uint16_t port;
};

/* False: not a kind of frame that is between two addresses. */
static bool peer_of(const uint8_t *bytes, uint32_t size_bytes, bool sent, struct peer *peer)
{
    *peer = (struct peer){0};
    uint32_t type = load16(bytes + ETH_TYPE);
    if (type == ETH_TYPE_ARP && size_bytes >= ETH_HEADER + ARP_SIZE) {
        peer->address =
            load32(bytes + ETH_HEADER + (sent ? ARP_TARGET_ADDRESS : ARP_SENDER_ADDRESS));
        return true;
    }
    if (type != ETH_TYPE_IPV4 || size_bytes < ETH_HEADER + IP_HEADER_MIN) {
        return false;
    }
    const uint8_t *ip = bytes + ETH_HEADER;
    uint32_t header_bytes = (ip[0] & 15u) * 4u;
    uint32_t protocol = ip[IP_PROTOCOL];
    peer->address = load32(ip + (sent ? IP_DESTINATION : IP_SOURCE));
    peer->has_port = (protocol == IP_PROTOCOL_UDP || protocol == IP_PROTOCOL_TCP) &&
                     header_bytes >= IP_HEADER_MIN && size_bytes >= ETH_HEADER + header_bytes + 4 &&
                     !(load16(ip + IP_FRAGMENT) & IP_OFFSET_MASK);
    if (peer->has_port) {
        peer->port = (uint16_t)load16(ip + header_bytes + (sent ? 2 : 0));
    }
    return true;
}

static bool peer_is_allowed(const struct net_network *network, uint32_t port,
                            const struct net_rules *rules, const uint8_t *bytes,
                            uint32_t size_bytes, bool sent)
{
    struct peer peer;
    if (!peer_of(bytes, size_bytes, sent, &peer)) {
        return false;
    }
    bool has_neighbour = network->kind != NET_LAN || network->services;
    if (has_neighbour && peer.address == net_gateway_of_port(network, port)) {
        return true; /* the gateway and the services are the network's own */
    }
    bool arp = load16(bytes + ETH_TYPE) == ETH_TYPE_ARP;
    if (arp && (peer.address == net_address_of_port(network, port) || peer.address == 0)) {
        return true; /* an announcement or a probe of an address */
    }
    if (!arp && sent && network->services && is_dhcp_request(bytes, size_bytes)) {
        return true;
    }
    for (uint32_t i = 0; i < rules->allow_count; i++) {
        const struct net_allow *allow = &rules->allow[i];
        bool every_port = allow->port_first == 0 && allow->port_last == UINT16_MAX;
        if (peer.address >= allow->first && peer.address <= allow->last &&
            (arp || every_port ||
             (peer.has_port && peer.port >= allow->port_first && peer.port <= allow->port_last))) {
            return true;
        }
    }
    return false;
}

/* --- The rules ------------------------------------------------------------------------------ */

static bool conforms(struct net_pipe *meter, uint64_t rate_bps, uint32_t burst_bytes,
                     uint64_t now_ns, uint32_t size_bytes)
{
    struct net_pipe_times unused;
    return net_pipe_put(meter, rate_bps, burst_bytes, now_ns, size_bytes, &unused);
}

enum net_drop net_rules_send(struct net_network *network, uint32_t port, uint64_t now_ns,
                             const uint8_t *bytes, uint32_t size_bytes)
{
    if (!network->rules) {
        return NET_DROP_COUNT;
    }
    const struct net_rules *rules = &network->rules[network->ports[port].link];
    if (rules->bind_address && !source_is_own(network, port, bytes, size_bytes)) {
        return NET_DROP_SPOOFED;
    }
    if (rules->allow && !peer_is_allowed(network, port, rules, bytes, size_bytes, true)) {
        return NET_DROP_SEND_DENIED;
    }
    struct net_meters *meters = &network->meters[port];
    return conforms(&meters->send, meters->rates.send_bps, meters->rates.send_burst_bytes, now_ns,
                    size_bytes)
               ? NET_DROP_COUNT
               : NET_DROP_SEND_RATE;
}

enum net_drop net_rules_receive(struct net_network *network, uint32_t port, uint64_t now_ns,
                                const uint8_t *bytes, uint32_t size_bytes)
{
    if (!network->rules) {
        return NET_DROP_COUNT;
    }
    const struct net_rules *rules = &network->rules[network->ports[port].link];
    if (rules->allow && !peer_is_allowed(network, port, rules, bytes, size_bytes, false)) {
        return NET_DROP_RECEIVE_DENIED;
    }
    struct net_meters *meters = &network->meters[port];
    return conforms(&meters->receive, meters->rates.receive_bps, meters->rates.receive_burst_bytes,
                    now_ns, size_bytes)
               ? NET_DROP_COUNT
               : NET_DROP_RECEIVE_RATE;
}
