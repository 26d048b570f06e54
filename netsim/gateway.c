/* The simulated gateway. Knows one frame at a time; queues and delays are network.c's. */
#include "gateway.h"

#include <string.h>

#include "packet.h"

/* What a frame's IPv4 packet says, once its lengths are known to be true. */
struct packet {
    const uint8_t *ip;
    uint32_t header_bytes;
    uint32_t total_bytes;
    uint32_t source;
    uint32_t destination;
};

static struct net_verdict verdict_drop(enum net_drop cause)
{
    return (struct net_verdict){.dropped = true, .cause = cause};
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
        return (struct net_verdict){.dropped = false, .frame = NULL};
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
static bool icmp_error_allowed(const struct packet *packet)
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
                                     const struct packet *packet, enum net_drop cause, uint8_t type,
                                     uint8_t code)
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
                                      const struct packet *packet)
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

/* A packet for the gateway's own address. */
static struct net_verdict local_handle(struct net_network *network, uint32_t port, uint64_t at_ns,
                                       const struct packet *packet)
{
    uint32_t protocol = packet->ip[IP_PROTOCOL];
    if (load16(packet->ip + IP_FRAGMENT) & (IP_MORE_FRAGMENTS | IP_OFFSET_MASK)) {
        return verdict_drop(NET_DROP_GATEWAY_REFUSED); /* it does not reassemble */
    }
    if (protocol != IP_PROTOCOL_ICMP) {
        uint8_t code = protocol == IP_PROTOCOL_UDP ? ICMP_UNREACHABLE_PORT : ICMP_UNREACHABLE_PROTO;
        return icmp_error(network, port, at_ns, packet, NET_DROP_GATEWAY_REFUSED, ICMP_UNREACHABLE,
                          code);
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

/* Checks of RFC 1812, 5.2.2, and the ingress filter of RFC 2827. */
static bool packet_parse(const struct net_network *network, uint32_t port, const uint8_t *bytes,
                         uint32_t size_bytes, struct packet *packet, enum net_drop *cause)
{
    *cause = NET_DROP_IP_HEADER;
    uint32_t room_bytes = size_bytes - ETH_HEADER;
    const uint8_t *ip = bytes + ETH_HEADER;
    if (room_bytes < IP_HEADER_MIN || ip[IP_VERSION_LENGTH] >> 4 != 4) {
        return false;
    }
    packet->ip = ip;
    packet->header_bytes = (ip[IP_VERSION_LENGTH] & 15u) * 4;
    packet->total_bytes = load16(ip + IP_TOTAL_LENGTH);
    if (packet->header_bytes < IP_HEADER_MIN || packet->total_bytes < packet->header_bytes ||
        packet->total_bytes > room_bytes) {
        return false;
    }
    if (inet_checksum(ip, packet->header_bytes) != 0) {
        *cause = NET_DROP_IP_CHECKSUM;
        return false;
    }
    packet->source = load32(ip + IP_SOURCE);
    packet->destination = load32(ip + IP_DESTINATION);
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
    struct packet packet;
    enum net_drop cause;
    if (!packet_parse(network, port, bytes, size_bytes, &packet, &cause)) {
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
        return verdict_drop(NET_DROP_BROADCAST);
    }
    if (type == ETH_TYPE_IPV4) {
        return ipv4_handle(network, port, at_ns, bytes, size_bytes);
    }
    return verdict_drop(NET_DROP_PROTOCOL);
}
