/*
 * What the files of netsim share: the network's storage. Nothing outside netsim includes this.
 */
#ifndef DENALI_NETSIM_INTERNAL_H
#define DENALI_NETSIM_INTERNAL_H

#include <netsim/network.h>

#include "pipe.h"
#include "switch.h"

/* Two threads may work on neighbouring ports, so ports do not share cache lines. */
#define NET_PORT_ALIGN 64

#define NET_WAN_ADDRESSES_PER_PORT 4u
#define NET_LAN_FIRST_ADDRESS      2u      /* .0 is the network, .1 the service host */
#define NET_TURN_NS                1000ull /* from a frame's arrival at a gateway to the answer */

struct net_port {
    /* Changed only in net_carry. */
    struct net_pipe up;
    uint64_t send_sequence; /* of SWITCH and ARRIVE events from this port */
    uint64_t icmp_ns;       /* theoretical arrival time of the gateway's ICMP error rate limit; on a
                             * LAN of the service host's, changed only in net_event */
    /* Changed only in net_event. */
    struct net_pipe down;
    uint64_t deliver_sequence; /* of DELIVER events to this port, and answers on a LAN */
    struct net_counters counters;
    /* Configuration. */
    uint32_t site;
    uint16_t link;
} __attribute__((aligned(NET_PORT_ALIGN)));

/* How far the rates of a port's rules are used up. */
struct net_meters {
    struct net_pipe send;    /* changed only in net_judge and where rates are set */
    struct net_pipe receive; /* changed only in net_event and there */
    struct net_rates rates;  /* at first its class's */
};

struct net_network {
    enum net_kind kind;
    uint32_t port_count;
    uint32_t link_count;
    uint32_t site_count;
    uint32_t subnet_address;
    uint32_t subnet_prefix;
    uint32_t mac_base;
    uint64_t delay_ns; /* within a site; a uniform WAN is one site */
    uint32_t *core_ns; /* MATRIX: one way, [from * site_count + to]; otherwise NULL */
    uint32_t services; /* NET_SERVICE_* */
    struct net_names names;
    struct net_link *links;    /* defaults filled in */
    struct net_switch table;   /* LAN */
    struct net_rules *rules;   /* of each class of links; NULL: no port has any */
    struct net_meters *meters; /* of each port; NULL without rules */
    bool rates_change;
    struct net_port *ports; /* aligned, inside ports_memory */
    void *ports_memory;
};

static inline uint64_t net_core_ns(const struct net_network *network, uint32_t from_site,
                                   uint32_t to_site)
{
    if (from_site == to_site || !network->core_ns) {
        return network->delay_ns;
    }
    return network->core_ns[(size_t)from_site * network->site_count + to_site];
}

static inline const struct net_link *net_link_of(const struct net_network *network,
                                                 const struct net_port *port)
{
    return &network->links[port->link];
}

/* Causes that only networks with rules have, and save: all from here on. */
#define NET_DROP_RULES_FIRST NET_DROP_SEND_DENIED

void net_mac_of_port(const struct net_network *network, uint32_t port, uint8_t mac[6]);
uint32_t net_address_of_port(const struct net_network *network, uint32_t port);
/* Of a port's gateway; on a LAN of the one service host, whatever the port. */
void net_gateway_mac_of_port(const struct net_network *network, uint32_t port, uint8_t mac[6]);
uint32_t net_gateway_of_port(const struct net_network *network, uint32_t port);

enum status net_config_check(const struct net_config *config, struct error *error) MUST_USE;
/* The subnet with the default filled in. */
void net_config_subnet(const struct net_config *config, uint32_t *address, uint32_t *prefix);

/* Back to the state after creation. */
void net_state_reset(struct net_network *network);

#endif
