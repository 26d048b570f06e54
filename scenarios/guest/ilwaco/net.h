/*
 * The network stack's side of Ilwaco: lwIP, its clock, and the driver for the machine's Ethernet
 * card. Frames in by net_receive_all, timers by net_run_timers; both are called by the event loop
 * alone, so lwIP is never entered twice.
 */
#ifndef ILWACO_NET_H
#define ILWACO_NET_H

#include <stdbool.h>
#include <stdint.h>

/* Starts lwIP with the loopback interface and the Ethernet interface if the environment names an
 * address for it (DENALI_IP, DENALI_PREFIX, DENALI_GATEWAY), or says to ask for one (DENALI_DHCP):
 * it returns once there is an answer, or nobody gave one. */
void net_init(void);

/* The name server, in network byte order; 0: none is known. From DENALI_DNS or DHCP. */
extern uint32_t net_name_server;

/* Takes every frame waiting in the card's queue through the stack. */
void net_receive_all(void);

/* Runs the timers due at now_ns. */
void net_run_timers(uint64_t now_ns);

/* Delivers what was sent to the machine's own addresses. */
void net_deliver_loopback(void);

/* Sends the acknowledgements that the stack owes and would keep; after frames were taken in. */
void net_acknowledge(void);

/* When the stack next wants to run, MACHINE_FOREVER_NS if nothing is due. */
uint64_t net_next_timer_ns(void);

/* Closes every descriptor, so that connections end in order, and works until what streams have
 * written is acknowledged, ten seconds at most: with the program end the machine and its stack. */
void net_drain(void);

/* Called by the driver as it sees ARP: the stack asked for an address, or was told one. The ARP
 * clock runs only in between. Addresses are in network byte order. */
void net_timer_arp_asked(uint32_t address);
void net_timer_arp_answered(uint32_t address);
bool net_timer_arp_waits(void);

/* Called by the driver: the rest of a fragmented packet is to come. */
void net_timer_expect_fragments(void);

/* The DHCP client, dhcp.c: starts it and waits until it has an address, half a minute at most. Its
 * clocks are asked for with the stack's. */
struct netif;
void net_dhcp_start(struct netif *netif);
void net_dhcp_run_timers(uint64_t now_ns);
uint64_t net_dhcp_next_timer_ns(void);

#endif
