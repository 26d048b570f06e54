/* The IPv4 header (RFC 791), as programs that build or read packets name its fields. */
#ifndef DENALI_NETINET_IP_H
#define DENALI_NETINET_IP_H

#include <netinet/in.h>

/* Bit fields from the lowest: this machine is little-endian. */
struct iphdr {
    unsigned int ihl : 4; /* header length in 32-bit words */
    unsigned int version : 4;
    uint8_t tos;
    uint16_t tot_len;
    uint16_t id;
    uint16_t frag_off;
    uint8_t ttl;
    uint8_t protocol;
    uint16_t check;
    uint32_t saddr;
    uint32_t daddr;
};

struct ip {
    unsigned int ip_hl : 4;
    unsigned int ip_v : 4;
    uint8_t ip_tos;
    uint16_t ip_len;
    uint16_t ip_id;
    uint16_t ip_off;
    uint8_t ip_ttl;
    uint8_t ip_p;
    uint16_t ip_sum;
    struct in_addr ip_src;
    struct in_addr ip_dst;
};

#define IPVERSION  4
#define IP_DF      0x4000
#define IP_MF      0x2000
#define IP_OFFMASK 0x1fff
#define IPDEFTTL   64

#endif
