/*
 * The simulated gateway, and the service host of a LAN. Knows one frame at a time; queues and
 * delays are network.c's, what runs on UDP service.c's.
 */
#include "gateway.h"

#include <string.h>

#include "packet.h"
#include "service.h"

static struct net_verdict verdict_drop(enum net_drop cause)
{
    return (struct net_verdict){.dropped = true, .cause = cause};
}

static struct net_verdict verdict_nothing(void)
{
    return (struct net_verdict){.dropped = false, .frame = NULL};
}

/* An Ethernet header from the gateway of port to its node. */
static void link_header_write(const struct net_network *network, uint32_t port, uint8_t *bytes)
{
    net_mac_of_port(network, port, bytes + ETH_DESTINATION);
    net_gateway_mac_of_port(network, port, bytes + ETH_SOURCE);
}

static bool address_is_multicast(uint32_t address)
{
    return address >= 0xe0000000u; /* class D, class E and the limited broadcast */
}

static bool subnet_contains(const struct net_network *network, uint32_t address)
{
    uint32_t mask = network->subnet_prefix ? ~0u << (32 - network->subnet_prefix) : 0;
    return (address & mask) == network->subnet_address;
}

/* --- ARP ------------------------------------------------------------------------------------ */

static struct net_verdict arp_handle(const struct net_network *network, uint32_t port,
                                     const uint8_t *bytes, uint32_t size_bytes)
{
    if (size_bytes < ETH_HEADER + ARP_SIZE) {
        return verdict_drop(NET_DROP_MALFORMED);
    }
    const uint8_t *arp = bytes + ETH_HEADER;
    if (load16(arp + ARP_HARDWARE) != ARP_ETHERNET || load16(arp + ARP_PROTOCOL) != ETH_TYPE_IPV4 ||
        arp[ARP_HARDWARE_SIZE] != ETH_ADDRESS || arp[ARP_PROTOCOL_SIZE] != 4) {
        return verdict_drop(NET_DROP_MALFORMED);
    }
    uint32_t own = net_address_of_port(network, port);
    if (load16(arp + ARP_OPERATION) == ARP_REQUEST && load32(arp + ARP_SENDER_ADDRESS) == own &&
        load32(arp + ARP_TARGET_ADDRESS) == own) {
        /* The node announces its own address (RFC 5227, 2.3): heard, and nothing to answer. */
        return verdict_nothing();
    }
    uint32_t gateway = net_gateway_of_port(network, port);
    if (load16(arp + ARP_OPERATION) != ARP_REQUEST || load32(arp + ARP_TARGET_ADDRESS) != gateway) {
        return verdict_drop(NET_DROP_ARP_IGNORED);
    }
    uint8_t reply[ETH_HEADER + ARP_SIZE];
    memcpy(reply, bytes, sizeof reply);
    link_header_write(network, port, reply);
    uint8_t *out = reply + ETH_HEADER;
    store16(out + ARP_OPERATION, ARP_REPLY);
    memcpy(out + ARP_TARGET_MAC, arp + ARP_SENDER_MAC, ETH_ADDRESS);
    memcpy(out + ARP_TARGET_ADDRESS, arp + ARP_SENDER_ADDRESS, 4);
    net_gateway_mac_of_port(network, port, out + ARP_SENDER_MAC);
    store32(out + ARP_SENDER_ADDRESS, gateway);
    return (struct net_verdict){.frame = net_frame_create(reply, sizeof reply),
                                .destination = port};
}

/* --- ICMP ----------------------------------------------------------------------------------- */

/* Whether an error about this packet may be sent at all (RFC 1122, 3.2.2). */
static bool icmp_error_allowed(const struct net_packet *packet)
{
    if (load16(packet->ip + IP_FRAGMENT) & IP_OFFSET_MASK) {
        return false;
    }
    if (packet->ip[IP_PROTOCOL] != IP_PROTOCOL_ICMP) {
        return true;
    }
    if (packet->total_bytes == packet->header_bytes) {
        return false;
    }
    switch (packet->ip[packet->header_bytes + ICMP_TYPE]) {
    case ICMP_UNREACHABLE:
    case ICMP_SOURCE_QUENCH:
    case ICMP_REDIRECT:
    case ICMP_TIME_EXCEEDED:
    case ICMP_PARAMETER_PROBLEM:
        return false;
    default:
        return true;
    }
}

/* The rate bound (RFC 1812, 4.3.2.8) by virtual scheduling (ITU-T I.371): icmp_ns is when the next
 * error would be due if they came evenly, and may run ahead of the clock by a burst. */
static bool icmp_rate_take(struct net_port *port, uint64_t at_ns)
{
    uint64_t due_ns = port->icmp_ns > at_ns ? port->icmp_ns : at_ns;
    if (due_ns - at_ns > (NET_ICMP_BURST - 1) * NET_ICMP_INTERVAL_NS) {
        return false;
    }
    port->icmp_ns = due_ns + NET_ICMP_INTERVAL_NS;
    return true;
}

/* Drops the packet, telling its sender why: the header and eight bytes of it (RFC 792). */
static struct net_verdict icmp_error(struct net_network *network, uint32_t port, uint64_t at_ns,
                                     const struct net_packet *packet, enum net_drop cause,
                                     uint8_t type, uint8_t code)
{
    struct net_verdict verdict = verdict_drop(cause);
    if (!icmp_error_allowed(packet) || !icmp_rate_take(&network->ports[port], at_ns)) {
        return verdict;
    }
    uint8_t bytes[ETH_HEADER + IP_HEADER_MIN + ICMP_HEADER + 60 + 8] = {0};
    uint32_t quoted_bytes = packet->header_bytes + 8;
    if (quoted_bytes > packet->total_bytes) {
        quoted_bytes = packet->total_bytes;
    }
    link_header_write(network, port, bytes);
    store16(bytes + ETH_TYPE, ETH_TYPE_IPV4);
    uint8_t *ip = bytes + ETH_HEADER;
    uint32_t total_bytes = IP_HEADER_MIN + ICMP_HEADER + quoted_bytes;
    ip_header_write(ip, total_bytes, IP_PROTOCOL_ICMP, net_gateway_of_port(network, port),
                    packet->source);
    uint8_t *icmp = ip + IP_HEADER_MIN;
    icmp[ICMP_TYPE] = type;
    icmp[ICMP_CODE] = code;
    memcpy(icmp + ICMP_HEADER, packet->ip, quoted_bytes);
    store16(icmp + ICMP_CHECKSUM, inet_checksum(icmp, ICMP_HEADER + quoted_bytes));
    verdict.frame = net_frame_create(bytes, ETH_HEADER + total_bytes);
    verdict.destination = port;
    return verdict;
}

/* Echo to the gateway itself: the reply, without the request's options. */
static struct net_verdict echo_answer(const struct net_network *network, uint32_t port,
                                      const struct net_packet *packet)
{
    uint8_t bytes[NET_FRAME_MAX];
    uint32_t icmp_bytes = packet->total_bytes - packet->header_bytes;
    link_header_write(network, port, bytes);
    store16(bytes + ETH_TYPE, ETH_TYPE_IPV4);
    uint8_t *ip = bytes + ETH_HEADER;
    ip_header_write(ip, IP_HEADER_MIN + icmp_bytes, IP_PROTOCOL_ICMP, packet->destination,
                    packet->source);
    uint8_t *icmp = ip + IP_HEADER_MIN;
    memcpy(icmp, packet->ip + packet->header_bytes, icmp_bytes);
    icmp[ICMP_TYPE] = ICMP_ECHO_REPLY;
    store16(icmp + ICMP_CHECKSUM, 0);
    store16(icmp + ICMP_CHECKSUM, inet_checksum(icmp, icmp_bytes));
    return (struct net_verdict){
        .frame = net_frame_create(bytes, ETH_HEADER + IP_HEADER_MIN + icmp_bytes),
        .destination = port};
}

/* A datagram for the gateway's own address, or one that everybody hears. */
static struct net_verdict udp_handle(struct net_network *network, uint32_t port, uint64_t at_ns,
                                     const struct net_packet *packet, bool broadcast)
{
    struct net_answer answer;
    switch (net_service_handle(network, port, packet, broadcast, &answer)) {
    case NET_SERVICE_ABSENT:
        return broadcast ? verdict_drop(NET_DROP_BROADCAST)
                         : icmp_error(network, port, at_ns, packet, NET_DROP_GATEWAY_REFUSED,
                                      ICMP_UNREACHABLE, ICMP_UNREACHABLE_PORT);
    case NET_SERVICE_SILENT:
        return verdict_nothing();
    case NET_SERVICE_DROPPED:
        return verdict_drop(answer.cause);
    case NET_SERVICE_ANSWERED:
        break;
    }
    return (struct net_verdict){.frame = answer.frame, .destination = port};
}

/* A packet for the gateway's own address. */
static struct net_verdict local_handle(struct net_network *network, uint32_t port, uint64_t at_ns,
                                       const struct net_packet *packet)
{
    uint32_t protocol = packet->ip[IP_PROTOCOL];
    if (net_packet_is_fragment(packet)) {
        return verdict_drop(NET_DROP_GATEWAY_REFUSED); /* it does not reassemble */
    }
    if (protocol == IP_PROTOCOL_UDP) {
        return udp_handle(network, port, at_ns, packet, false);
    }
    if (protocol != IP_PROTOCOL_ICMP) {
        return icmp_error(network, port, at_ns, packet, NET_DROP_GATEWAY_REFUSED, ICMP_UNREACHABLE,
                          ICMP_UNREACHABLE_PROTO);
    }
    const uint8_t *icmp = packet->ip + packet->header_bytes;
    uint32_t icmp_bytes = packet->total_bytes - packet->header_bytes;
    if (icmp_bytes < ICMP_HEADER || inet_checksum(icmp, icmp_bytes) != 0) {
        return verdict_drop(NET_DROP_MALFORMED);
    }
    if (icmp[ICMP_TYPE] != ICMP_ECHO || icmp[ICMP_CODE] != 0) {
        return verdict_drop(NET_DROP_GATEWAY_REFUSED);
    }
    return echo_answer(network, port, packet);
}

/* --- IPv4 ----------------------------------------------------------------------------------- */

/* A frame to everybody: of those only services take any. */
static struct net_verdict broadcast_handle(struct net_network *network, uint32_t port,
                                           uint64_t at_ns, const uint8_t *bytes,
                                           uint32_t size_bytes)
{
    struct net_packet packet;
    enum net_drop cause;
    if (load16(bytes + ETH_TYPE) != ETH_TYPE_IPV4 ||
        !net_packet_parse(bytes, size_bytes, &packet, &cause) ||
        packet.destination != IP_BROADCAST || packet.ip[IP_PROTOCOL] != IP_PROTOCOL_UDP ||
        net_packet_is_fragment(&packet)) {
        return verdict_drop(NET_DROP_BROADCAST);
    }
    return udp_handle(network, port, at_ns, &packet, true);
}

/* What a port's only neighbour must be true to: it is no broadcast, and the ingress filter of RFC
 * 2827 lets it pass. */
static bool packet_allowed(const struct net_network *network, uint32_t port,
                           const struct net_packet *packet, enum net_drop *cause)
{
    uint32_t broadcast = net_address_of_port(network, port) | 3; /* of the port's own /30 */
    if (address_is_multicast(packet->destination) || packet->destination == broadcast) {
        *cause = NET_DROP_BROADCAST;
        return false;
    }
    if (packet->source != net_address_of_port(network, port)) {
        *cause = NET_DROP_SPOOFED;
        return false;
    }
    return true;
}

static struct net_verdict ipv4_handle(struct net_network *network, uint32_t port, uint64_t at_ns,
                                      const uint8_t *bytes, uint32_t size_bytes)
{
    struct net_packet packet;
    enum net_drop cause;
    if (!net_packet_parse(bytes, size_bytes, &packet, &cause) ||
        !packet_allowed(network, port, &packet, &cause)) {
        return verdict_drop(cause);
    }
    if (packet.destination == net_gateway_of_port(network, port)) {
        return local_handle(network, port, at_ns, &packet);
    }
    if (packet.ip[IP_TTL] <= 1) {
        return icmp_error(network, port, at_ns, &packet, NET_DROP_TTL_EXPIRED, ICMP_TIME_EXCEEDED,
                          0);
    }
    uint32_t destination = net_port_of_address(network, packet.destination);
    if (destination == UINT32_MAX) {
        bool inside = subnet_contains(network, packet.destination);
        return icmp_error(network, port, at_ns, &packet,
                          inside ? NET_DROP_NO_HOST : NET_DROP_NO_ROUTE, ICMP_UNREACHABLE,
                          inside ? ICMP_UNREACHABLE_HOST : ICMP_UNREACHABLE_NET);
    }
    /* Padding of a short Ethernet frame is not part of the packet. */
    struct net_frame *frame = net_frame_create(bytes, ETH_HEADER + packet.total_bytes);
    link_header_write(network, destination, frame->bytes);
    ip_ttl_decrement(frame->bytes + ETH_HEADER);
    return (struct net_verdict){.frame = frame, .destination = destination};
}

struct net_verdict net_gateway_handle(struct net_network *network, uint32_t port, uint64_t at_ns,
                                      const uint8_t *bytes, uint32_t size_bytes)
{
    uint32_t type = load16(bytes + ETH_TYPE);
    bool group = mac_is_group(bytes + ETH_DESTINATION);
    if (!group) {
        uint8_t own[ETH_ADDRESS];
        net_gateway_mac_of_port(network, port, own);
        if (memcmp(bytes + ETH_DESTINATION, own, ETH_ADDRESS) != 0) {
            return verdict_drop(NET_DROP_NOT_FOR_GATEWAY);
        }
    }
    if (type == ETH_TYPE_ARP) {
        return arp_handle(network, port, bytes, size_bytes);
    }
    if (group) {
        return broadcast_handle(network, port, at_ns, bytes, size_bytes);
    }
    if (type == ETH_TYPE_IPV4) {
        return ipv4_handle(network, port, at_ns, bytes, size_bytes);
    }
    return verdict_drop(NET_DROP_PROTOCOL);
}

/* --- The service host of a LAN -------------------------------------------------------------- */

bool net_host_is_addressed(const struct net_network *network, const uint8_t *bytes)
{
    uint8_t own[ETH_ADDRESS];
    net_gateway_mac_of_port(network, 0, own);
    return memcmp(bytes + ETH_DESTINATION, own, ETH_ADDRESS) == 0;
}

struct net_verdict net_host_handle(struct net_network *network, uint32_t port, uint64_t at_ns,
                                   const uint8_t *bytes, uint32_t size_bytes)
{
    uint32_t type = load16(bytes + ETH_TYPE);
    bool group = mac_is_group(bytes + ETH_DESTINATION);
    if (type == ETH_TYPE_ARP || group) {
        struct net_verdict verdict =
            type == ETH_TYPE_ARP ? arp_handle(network, port, bytes, size_bytes)
                                 : broadcast_handle(network, port, at_ns, bytes, size_bytes);
        /* What all hear was not dropped because the host has no use for it. */
        bool others = group && (type == ETH_TYPE_ARP || verdict.cause == NET_DROP_BROADCAST);
        return verdict.dropped && others ? verdict_nothing() : verdict;
    }
    struct net_packet packet;
    enum net_drop cause;
    if (type != ETH_TYPE_IPV4) {
        return verdict_drop(NET_DROP_PROTOCOL);
    }
    if (!net_packet_parse(bytes, size_bytes, &packet, &cause)) {
        return verdict_drop(cause);
    }
    if (packet.source != net_address_of_port(network, port)) {
        return verdict_drop(NET_DROP_SPOOFED);
    }
    if (packet.destination != net_gateway_of_port(network, port)) {
        return verdict_drop(NET_DROP_NO_ROUTE); /* it is no router */
    }
    return local_handle(network, port, at_ns, &packet);
}
