/*
 * lwIP as a Denali machine uses it: no threads, the raw interface under Ilwaco's sockets, all
 * memory from the heap on demand, so that an idle machine holds only what it has in use.
 */
#ifndef ILWACO_LWIPOPTS_H
#define ILWACO_LWIPOPTS_H

#include <stdint.h>

#define NO_SYS               1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_TIMERS          1
#define LWIP_TIMERS_CUSTOM   1 /* ilwaco/timers.c: none ticks without need */

#define LWIP_SOCKET                           0
#define LWIP_NETCONN                          0
#define LWIP_DONT_PROVIDE_BYTEORDER_FUNCTIONS 1

/* Memory: newlib's malloc for everything. */
#define MEM_LIBC_MALLOC 1
#define MEMP_MEM_MALLOC 1
#define MEM_ALIGNMENT   4

/* What may be held while waiting. */
#define ARP_TABLE_SIZE     8
#define ARP_QUEUEING       1
#define ARP_QUEUE_LEN      8 /* a burst to a new neighbour is not lost while its address is asked */
#define IP_REASSEMBLY      1
#define IP_REASS_MAX_PBUFS 46 /* one datagram of 64 KiB */
#define IP_FRAG            1

#define LWIP_IPV4             1
#define LWIP_IPV6             0
#define LWIP_ARP              1
#define LWIP_ETHERNET         1
#define LWIP_ICMP             1
#define LWIP_RAW              1 /* ICMP sockets and errors */
#define LWIP_DHCP             1
#define DHCP_DOES_ARP_CHECK      0 /* the network gives no address twice */
#define LWIP_DHCP_DOES_ACD_CHECK 0 /* the same, as lwIP 2.2 calls it */
/* Requests of all machines of a network reach all of them: each numbers its own from elsewhere. */
#define DHCP_GLOBAL_XID ilwaco_dhcp_first()
uint32_t ilwaco_dhcp_first(void);
#define LWIP_DNS              0 /* ilwaco/dns.c says why */
#define LWIP_UDP              1
#define LWIP_TCP              1
#define SO_REUSE              1
#define IP_SOF_BROADCAST      1
#define IP_SOF_BROADCAST_RECV 0

/* TCP. The window and the send buffer are what a socket can be given at most; ilwaco/tcp_data.c
 * bounds both by SO_RCVBUF and SO_SNDBUF, TCP_BUFFER_BYTES if not set, and takes memory on demand.
 */
#define TCP_MSS           1460
#define LWIP_WND_SCALE    1
#define TCP_RCV_SCALE     5
#define TCP_WND           (0xffffu << TCP_RCV_SCALE) /* 100 Mbit/s over 160 ms */
#define TCP_SND_BUF       TCP_WND
#define TCP_BUFFER_BYTES  0xffffu       /* the most that needs no scaling */
#define TCP_SNDLOWAT      (2 * TCP_MSS) /* nobody asks: Ilwaco looks itself */
#define TCP_SND_QUEUELEN  5748          /* pieces in the send buffer: four for each segment */
#define MEMP_NUM_TCP_SEG  TCP_SND_QUEUELEN
#define LWIP_TCP_SACK_OUT 1
/* The first time-out in ms, of ticks of 500; RFC 6298 wants a second at least. */
#define LWIP_TCP_RTO_TIME  1500
#define TCP_SYNMAXRTX      12
#define TCP_MSL            30000 /* TIME_WAIT: a minute */
#define LWIP_TCP_KEEPALIVE 1
#define TCP_LISTEN_BACKLOG 1

/* lwIP's DHCP client shows the options that it has no use for: the name server is one. */
struct pbuf;
void ilwaco_dhcp_option(uint8_t option, uint8_t length_bytes, struct pbuf *message,
                        uint16_t offset_bytes);
#define LWIP_HOOK_DHCP_PARSE_OPTION(netif, dhcp, state, message, type, option, length, pbuf, at)   \
    ((void)(message), ilwaco_dhcp_option((option), (length), (pbuf), (at)))

#define LWIP_CHKSUM ilwaco_checksum /* ilwaco/checksum.c */
uint16_t ilwaco_checksum(const void *bytes, int length_bytes);

#define LWIP_HAVE_LOOPIF          1
#define LWIP_NETIF_LOOPBACK       1
#define LWIP_LOOPBACK_MAX_PBUFS   64
#define LWIP_NETIF_TX_SINGLE_PBUF 1 /* a frame is sent from one piece of memory */
#define LWIP_NETIF_HOSTNAME       0
#define LWIP_SINGLE_NETIF         0
#define ETH_PAD_SIZE              0

#define LWIP_STATS    0
#define LWIP_NOASSERT 0

#endif
