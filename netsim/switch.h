/*
 * The address table of a learning switch (IEEE 802.1D, 7.8 and 7.9): which port an Ethernet address
 * was last seen on. Bounded: a set of NET_SWITCH_WAYS entries per hash value; a full set gives up
 * its oldest entry, so the table costs the same whatever is sent through it.
 *
 * What the table answers depends on its entries only, never on where in a set an entry lies.
 */
#ifndef DENALI_NETSIM_SWITCH_H
#define DENALI_NETSIM_SWITCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <base/codec.h>

#define NET_SWITCH_WAYS        8u
#define NET_SWITCH_ENTRIES_MAX (1u << 24)
#define NET_SWITCH_UNKNOWN     UINT32_MAX

struct net_switch_entry {
    uint64_t mac;     /* 48 bits, first byte on the wire highest */
    uint64_t seen_ns; /* last time */
    uint32_t port;    /* NET_SWITCH_UNKNOWN: free entry */
};

struct net_switch {
    struct net_switch_entry *entries;
    uint32_t entry_count; /* a power of two, at least NET_SWITCH_WAYS */
    uint64_t age_ns;      /* an entry not seen for longer is unknown */
};

void net_switch_init(struct net_switch *table, uint32_t entry_count, uint64_t age_ns);
void net_switch_fini(struct net_switch *table);
void net_switch_reset(struct net_switch *table);

void net_switch_learn(struct net_switch *table, uint64_t mac, uint32_t port, uint64_t now_ns);
/* The port, or NET_SWITCH_UNKNOWN. */
uint32_t net_switch_find(const struct net_switch *table, uint64_t mac, uint64_t now_ns);

/* In the order of addresses. load fails the reader on what is not such a table. */
void net_switch_save(const struct net_switch *table, struct writer *writer);
void net_switch_load(struct net_switch *table, uint32_t port_count, struct reader *reader);

static inline uint64_t net_mac_load(const uint8_t mac[6])
{
    return (uint64_t)mac[0] << 40 | (uint64_t)mac[1] << 32 | (uint64_t)mac[2] << 24 |
           (uint64_t)mac[3] << 16 | (uint64_t)mac[4] << 8 | mac[5];
}

#endif
