/*
 * What a peer does in the experiment: join, store one value, then look up others' values, and
 * report how that went. Knows the node and the run's clock, no sockets.
 *
 * The value of peer i is stored under SHA-1("value-<i>") and its bytes follow from i, so that
 * everybody can name and check everybody's.
 *
 * Observed, once for every lookup when it ends:
 *   lookup.success     1 if the right value came back, else 0
 *   lookup.hops        requests in a row that led to the value; 0: this node kept it itself
 *   lookup.latency_ms  from its start to its end, found or not
 *   rpc.timeouts       request attempts of this lookup that timed out
 * and once for every value stored: store.copies, the nodes that acknowledged a copy.
 * Milestones: joined, stored.
 */
#ifndef KADEMLIA_WORKLOAD_H
#define KADEMLIA_WORKLOAD_H

#include "options.h"

struct workload {
    const struct peer_options *options;
    struct kad_node *node;
    struct kad_random random;
    uint32_t addresses[KAD_BOOTSTRAP_MAX];
    uint16_t ports[KAD_BOOTSTRAP_MAX];
    uint32_t bootstrap_count;
    bool is_bootstrap;
    bool joined;
    bool reported;
    uint64_t join_ns;   /* when to; KAD_NEVER once begun */
    uint64_t store_ns;  /* when to; KAD_NEVER until joined and while under way */
    uint64_t lookup_ns; /* when to start the next; KAD_NEVER until joined and after the last */
    uint32_t lookups_running;
    uint32_t lookups;
    uint32_t successes;
};

/* Bytes 0..size_bytes-1 of the value of a peer. */
void workload_value(uint32_t index, uint8_t *value, uint32_t size_bytes);

/* The bootstrap list is filled in by the caller, this node itself left out. */
void workload_init(struct workload *workload, const struct peer_options *options,
                   struct kad_node *node);
void workload_tick(struct workload *workload, uint64_t now_ns);
uint64_t workload_next_ns(const struct workload *workload);

#endif
