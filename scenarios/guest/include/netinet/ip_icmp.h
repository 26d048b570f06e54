/* ICMP messages (RFC 792), under both sets of names that programs use. */
#ifndef DENALI_NETINET_IP_ICMP_H
#define DENALI_NETINET_IP_ICMP_H

#include <netinet/in.h>
#include <netinet/ip.h>

struct icmphdr {
    uint8_t type;
    uint8_t code;
    uint16_t checksum;
    union {
        struct {
            uint16_t id;
            uint16_t sequence;
        } echo;
        uint32_t gateway;
    } un;
};

struct icmp {
    uint8_t icmp_type;
    uint8_t icmp_code;
    uint16_t icmp_cksum;
    union {
        struct {
            uint16_t icd_id;
            uint16_t icd_seq;
        } ih_idseq;
        uint32_t ih_void;
    } icmp_hun;
    union {
        struct ip id_ip; /* the packet that an error is about, at least its header */
        uint8_t id_data[1];
    } icmp_dun;
};
#define icmp_id   icmp_hun.ih_idseq.icd_id
#define icmp_seq  icmp_hun.ih_idseq.icd_seq
#define icmp_ip   icmp_dun.id_ip
#define icmp_data icmp_dun.id_data

#define ICMP_MINLEN 8

#define ICMP_ECHOREPLY     0
#define ICMP_DEST_UNREACH  3
#define ICMP_SOURCE_QUENCH 4
#define ICMP_REDIRECT      5
#define ICMP_ECHO          8
#define ICMP_TIME_EXCEEDED 11
#define ICMP_PARAMETERPROB 12

/* BSD's names. */
#define ICMP_UNREACH  ICMP_DEST_UNREACH
#define ICMP_TIMXCEED ICMP_TIME_EXCEEDED

/* Codes of DEST_UNREACH. */
#define ICMP_NET_UNREACH  0
#define ICMP_HOST_UNREACH 1
#define ICMP_PROT_UNREACH 2
#define ICMP_PORT_UNREACH 3
#define ICMP_FRAG_NEEDED  4

/* Codes of TIME_EXCEEDED. */
#define ICMP_EXC_TTL      0
#define ICMP_EXC_FRAGTIME 1

#endif
