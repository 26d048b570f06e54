/* Checksums and headers of IPv4 and UDP. */
#include "packet.h"

#include <string.h>

#define IP_TTL_START 64

/* The plain sum of RFC 1071, not yet folded. At most 64 KiB, so 32 bits hold it. */
static uint32_t words_sum(const uint8_t *bytes, uint32_t size_bytes)
{
    uint32_t sum = 0;
    uint32_t i = 0;
    for (; i + 1 < size_bytes; i += 2) {
        sum += load16(bytes + i);
    }
    if (i < size_bytes) {
        sum += (uint32_t)bytes[i] << 8;
    }
    return sum;
}

static uint32_t sum_finish(uint32_t sum)
{
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return ~sum & 0xffff;
}

uint32_t inet_checksum(const uint8_t *bytes, uint32_t size_bytes)
{
    return sum_finish(words_sum(bytes, size_bytes));
}

uint32_t udp_checksum(const uint8_t *udp, uint32_t size_bytes, uint32_t source,
                      uint32_t destination)
{
    uint32_t pseudo = (source >> 16) + (source & 0xffff) + (destination >> 16) +
                      (destination & 0xffff) + IP_PROTOCOL_UDP + size_bytes;
    return sum_finish(pseudo + words_sum(udp, size_bytes));
}

void ip_ttl_decrement(uint8_t *ip)
{
    uint32_t before = load16(ip + IP_TTL);
    ip[IP_TTL]--;
    uint32_t after = load16(ip + IP_TTL);
    store16(ip + IP_CHECKSUM,
            sum_finish((~load16(ip + IP_CHECKSUM) & 0xffff) + (~before & 0xffff) + after));
}

void ip_header_write(uint8_t *ip, uint32_t total_bytes, uint32_t protocol, uint32_t source,
                     uint32_t destination)
{
    memset(ip, 0, IP_HEADER_MIN);
    ip[IP_VERSION_LENGTH] = 0x45;
    store16(ip + IP_TOTAL_LENGTH, total_bytes);
    store16(ip + IP_FRAGMENT, IP_DONT_FRAGMENT);
    ip[IP_TTL] = IP_TTL_START;
    ip[IP_PROTOCOL] = (uint8_t)protocol;
    store32(ip + IP_SOURCE, source);
    store32(ip + IP_DESTINATION, destination);
    store16(ip + IP_CHECKSUM, inet_checksum(ip, IP_HEADER_MIN));
}

bool net_packet_parse(const uint8_t *bytes, uint32_t size_bytes, struct net_packet *packet,
                      enum net_drop *cause)
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
    return true;
}

bool net_packet_is_fragment(const struct net_packet *packet)
{
    return (load16(packet->ip + IP_FRAGMENT) & (IP_MORE_FRAGMENTS | IP_OFFSET_MASK)) != 0;
}
