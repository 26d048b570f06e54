/*
 * The partition of a network's ports into clusters for conservative parallel simulation (Chandy and
 * Misra 1979, Bryant 1977): ports joined by one-way latencies below a threshold share a cluster, so
 * that what crosses clusters takes at least the lookahead. A function of the configuration alone;
 * it never changes results. Works on sites, not on pairs of ports.
 */
#ifndef DENALI_NETSIM_PARTITION_H
#define DENALI_NETSIM_PARTITION_H

#include <stdint.h>

#include <netsim/network.h>

/* Owned by the caller; net_partition_fini frees. */
struct net_partition {
    uint32_t cluster_count;
    uint32_t *cluster_of_port; /* clusters are numbered by their lowest port */
    uint64_t lookahead_ns;     /* least delay of an event from one cluster to another; TIME_NEVER if
                                * there is one cluster. At least 1 us */
    uint64_t *local_latency_ns; /* by cluster: least delay of an event between two different ports
                                 * of it; TIME_NEVER if it has one port. At least 1 us */
};

/*
 * Single linkage: two ports are joined if the core's one-way delay between their sites is below
 * threshold_ns (500 us for 1 ms of round-trip time); access latency is left out, so the joining
 * does not depend on link classes. All ports of a LAN share one cluster, because they share the
 * switch. Lookahead and local latency count access latency; queueing and serialization only add.
 */
void net_partition_init(struct net_partition *partition, const struct net_network *network,
                        uint64_t threshold_ns);
void net_partition_fini(struct net_partition *partition);

#endif
