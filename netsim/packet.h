/*
 * Fields of Ethernet, ARP, IPv4, ICMP and UDP by offset, the Internet checksum, and the checks of
 * an IPv4 header. Readers check lengths before they use an offset; only net_packet_parse does so
 * itself.
 */
#ifndef DENALI_NETSIM_PACKET_H
#define DENALI_NETSIM_PACKET_H

#include <stdbool.h>
#include <stdint.h>

#include <netsim/network.h>

/* Ethernet II. */
#define ETH_DESTINATION 0
#define ETH_SOURCE      6
#define ETH_TYPE        12
#define ETH_HEADER      14u
#define ETH_ADDRESS     6u
#define ETH_TYPE_IPV4   0x0800u
#define ETH_TYPE_ARP    0x0806u

/* ARP for IPv4 over Ethernet (RFC 826). */
#define ARP_HARDWARE       0
#define ARP_PROTOCOL       2
#define ARP_HARDWARE_SIZE  4
#define ARP_PROTOCOL_SIZE  5
#define ARP_OPERATION      6
#define ARP_SENDER_MAC     8
#define ARP_SENDER_ADDRESS 14
#define ARP_TARGET_MAC     18
#define ARP_TARGET_ADDRESS 24
#define ARP_SIZE           28u
#define ARP_ETHERNET       1u
#define ARP_REQUEST        1u
#define ARP_REPLY          2u

/* IPv4 (RFC 791). */
#define IP_VERSION_LENGTH 0
#define IP_TOTAL_LENGTH   2
#define IP_FRAGMENT       6
#define IP_TTL            8
#define IP_PROTOCOL       9
#define IP_CHECKSUM       10
#define IP_SOURCE         12
#define IP_DESTINATION    16
#define IP_HEADER_MIN     20u
#define IP_DONT_FRAGMENT  0x4000u
#define IP_MORE_FRAGMENTS 0x2000u
#define IP_OFFSET_MASK    0x1fffu
#define IP_PROTOCOL_ICMP  1u
#define IP_PROTOCOL_TCP   6u
#define IP_PROTOCOL_UDP   17u

/* ICMP (RFC 792). */
#define ICMP_TYPE              0
#define ICMP_CODE              1
#define ICMP_CHECKSUM          2
#define ICMP_HEADER            8u
#define ICMP_ECHO_REPLY        0u
#define ICMP_UNREACHABLE       3u
#define ICMP_UNREACHABLE_NET   0u
#define ICMP_UNREACHABLE_HOST  1u
#define ICMP_UNREACHABLE_PROTO 2u
#define ICMP_UNREACHABLE_PORT  3u
#define ICMP_SOURCE_QUENCH     4u
#define ICMP_REDIRECT          5u
#define ICMP_ECHO              8u
#define ICMP_TIME_EXCEEDED     11u
#define ICMP_PARAMETER_PROBLEM 12u

/* UDP (RFC 768). */
#define UDP_SOURCE      0
#define UDP_DESTINATION 2
#define UDP_LENGTH      4
#define UDP_CHECKSUM    6
#define UDP_HEADER      8u

#define IP_BROADCAST 0xffffffffu /* the limited broadcast address (RFC 919) */

/* Network byte order. */
static inline uint32_t load16(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 8 | bytes[1];
}

static inline uint32_t load32(const uint8_t *bytes)
{
    return load16(bytes) << 16 | load16(bytes + 2);
}

static inline void store16(uint8_t *bytes, uint32_t value)
{
    bytes[0] = (uint8_t)(value >> 8);
    bytes[1] = (uint8_t)value;
}

static inline void store32(uint8_t *bytes, uint32_t value)
{
    store16(bytes, value >> 16);
    store16(bytes + 2, value);
}

static inline bool mac_is_group(const uint8_t *mac)
{
    return mac[0] & 1;
}

/* The Internet checksum (RFC 1071) in host order; 0 over bytes that contain their right one. */
uint32_t inet_checksum(const uint8_t *bytes, uint32_t size_bytes);

/* Takes one from the time to live and mends the header's checksum (RFC 1624, equation 3). */
void ip_ttl_decrement(uint8_t *ip);

/* An IPv4 header without options, time to live 64, not to be fragmented. */
void ip_header_write(uint8_t *ip, uint32_t total_bytes, uint32_t protocol, uint32_t source,
                     uint32_t destination);

/* The checksum of a UDP header and its payload with the pseudo header (RFC 768); over bytes that
 * contain their right one it is 0. */
uint32_t udp_checksum(const uint8_t *udp, uint32_t size_bytes, uint32_t source,
                      uint32_t destination);

/* What a frame's IPv4 packet says, once its lengths are known to be true. */
struct net_packet {
    const uint8_t *ip;
    uint32_t header_bytes;
    uint32_t total_bytes;
    uint32_t source;
    uint32_t destination;
};

/* The checks of RFC 1812, 5.2.2. The packet points into bytes, a whole Ethernet frame. */
bool net_packet_parse(const uint8_t *bytes, uint32_t size_bytes, struct net_packet *packet,
                      enum net_drop *cause);

/* Whether it is a piece of a fragmented packet. */
bool net_packet_is_fragment(const struct net_packet *packet);

#endif
