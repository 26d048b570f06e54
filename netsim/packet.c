/* Checksums and headers of IPv4. */
#include "packet.h"

#include <string.h>

#define IP_TTL_START 64

uint32_t inet_checksum(const uint8_t *bytes, uint32_t size_bytes)
{
    uint32_t sum = 0;
    uint32_t i = 0;
    for (; i + 1 < size_bytes; i += 2) {
        sum += load16(bytes + i);
    }
    if (i < size_bytes) {
        sum += (uint32_t)bytes[i] << 8;
    }
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return ~sum & 0xffff;
}

void ip_ttl_decrement(uint8_t *ip)
{
    uint32_t before = load16(ip + IP_TTL);
    ip[IP_TTL]--;
    uint32_t after = load16(ip + IP_TTL);
    uint32_t sum = (~load16(ip + IP_CHECKSUM) & 0xffff) + (~before & 0xffff) + after;
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    store16(ip + IP_CHECKSUM, ~sum & 0xffff);
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
