/* Clusters of ports, lookahead and local latency, computed on sites. */
#include <netsim/partition.h>

#include <stdlib.h>

#include <base/alloc.h>
#include <base/time.h>

#include "internal.h"

#define NO_CLUSTER UINT32_MAX

/* What the pairwise sums need to know of the ports of one site. */
struct site {
    uint32_t port_count;
    uint32_t parent;    /* union-find over sites */
    bool joined;        /* all ports of the site share a cluster */
    uint32_t cluster;   /* joined */
    uint64_t first_ns;  /* least access latency of a port */
    uint64_t second_ns; /* and the next */
};

static uint64_t min_ns(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint32_t find(struct site *sites, uint32_t site)
{
    while (sites[site].parent != site) {
        sites[site].parent = sites[sites[site].parent].parent;
        site = sites[site].parent;
    }
    return site;
}

static struct site *sites_create(const struct net_network *network)
{
    struct site *sites = alloc_zeroed(network->site_count, sizeof *sites);
    for (uint32_t i = 0; i < network->site_count; i++) {
        sites[i].parent = i;
        sites[i].cluster = NO_CLUSTER;
        sites[i].first_ns = TIME_NEVER;
        sites[i].second_ns = TIME_NEVER;
    }
    for (uint32_t i = 0; i < network->port_count; i++) {
        const struct net_port *port = &network->ports[i];
        struct site *site = &sites[port->site];
        uint64_t latency_ns = net_link_of(network, port)->latency_ns;
        site->port_count++;
        if (latency_ns < site->first_ns) {
            site->second_ns = site->first_ns;
            site->first_ns = latency_ns;
        } else if (latency_ns < site->second_ns) {
            site->second_ns = latency_ns;
        }
    }
    return sites;
}

/* The lesser of both directions. */
static uint64_t pair_core_ns(const struct net_network *network, uint32_t a, uint32_t b)
{
    return min_ns(net_core_ns(network, a, b), net_core_ns(network, b, a));
}

/* Joins sites that have ports and are near each other. */
static void sites_join(const struct net_network *network, struct site *sites, uint64_t threshold_ns)
{
    for (uint32_t a = 0; a < network->site_count; a++) {
        if (sites[a].port_count == 0) {
            continue;
        }
        if (network->delay_ns < threshold_ns) {
            sites[a].joined = true;
        }
        for (uint32_t b = a + 1; b < network->site_count; b++) {
            if (sites[b].port_count != 0 && pair_core_ns(network, a, b) < threshold_ns) {
                sites[a].joined = true;
                sites[b].joined = true;
                sites[find(sites, b)].parent = find(sites, a);
            }
        }
    }
}

static void clusters_number(struct net_partition *partition, const struct net_network *network,
                            struct site *sites)
{
    for (uint32_t i = 0; i < network->port_count; i++) {
        struct site *site = &sites[network->ports[i].site];
        if (!site->joined) {
            partition->cluster_of_port[i] = partition->cluster_count++;
            continue;
        }
        struct site *root = &sites[find(sites, network->ports[i].site)];
        if (root->cluster == NO_CLUSTER) {
            root->cluster = partition->cluster_count++;
        }
        site->cluster = root->cluster;
        partition->cluster_of_port[i] = root->cluster;
    }
}

/* Counts one least delay between ports of two sites, or of one. */
static void latency_count(struct net_partition *partition, const struct site *a,
                          const struct site *b, uint64_t delay_ns)
{
    uint64_t *least_ns = a->joined && b->joined && a->cluster == b->cluster
                             ? &partition->local_latency_ns[a->cluster]
                             : &partition->lookahead_ns;
    *least_ns = min_ns(*least_ns, delay_ns);
}

static void latencies_find(struct net_partition *partition, const struct net_network *network,
                           const struct site *sites)
{
    for (uint32_t a = 0; a < network->site_count; a++) {
        if (sites[a].port_count == 0) {
            continue;
        }
        if (sites[a].port_count > 1) {
            latency_count(partition, &sites[a], &sites[a],
                          network->delay_ns + sites[a].first_ns + sites[a].second_ns);
        }
        for (uint32_t b = a + 1; b < network->site_count; b++) {
            if (sites[b].port_count != 0) {
                latency_count(partition, &sites[a], &sites[b],
                              pair_core_ns(network, a, b) + sites[a].first_ns + sites[b].first_ns);
            }
        }
    }
}

/* The switch is in the one cluster; a frame's hop from it to a port is one link. */
static void lan_partition(struct net_partition *partition, const struct net_network *network)
{
    partition->cluster_count = 1;
    uint64_t least_ns = TIME_NEVER;
    for (uint32_t i = 0; i < network->port_count; i++) {
        least_ns = min_ns(least_ns, net_link_of(network, &network->ports[i])->latency_ns);
    }
    partition->local_latency_ns[0] = network->port_count > 1 ? least_ns : TIME_NEVER;
}

void net_partition_init(struct net_partition *partition, const struct net_network *network,
                        uint64_t threshold_ns)
{
    *partition = (struct net_partition){.lookahead_ns = TIME_NEVER};
    partition->cluster_of_port =
        alloc_zeroed(network->port_count, sizeof *partition->cluster_of_port);
    partition->local_latency_ns =
        alloc_zeroed(network->port_count, sizeof *partition->local_latency_ns);
    for (uint32_t i = 0; i < network->port_count; i++) {
        partition->local_latency_ns[i] = TIME_NEVER;
    }
    if (network->kind == NET_LAN) {
        lan_partition(partition, network);
        return;
    }
    struct site *sites = sites_create(network);
    sites_join(network, sites, threshold_ns);
    clusters_number(partition, network, sites);
    latencies_find(partition, network, sites);
    free(sites);
}

void net_partition_fini(struct net_partition *partition)
{
    free(partition->cluster_of_port);
    free(partition->local_latency_ns);
    *partition = (struct net_partition){0};
}
