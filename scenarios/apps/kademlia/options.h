/*
 * The command line of a peer. Times are in virtual seconds since the start of the run, with up to
 * nine decimals.
 */
#ifndef KADEMLIA_OPTIONS_H
#define KADEMLIA_OPTIONS_H

#include "node.h"

struct peer_options {
    struct kad_options kad;
    const char *bootstrap; /* ADDRESS[:PORT][,...]; NULL: this node starts the network */
    const char *address;   /* own address, where the sockets cannot tell; NULL: ask them */
    uint16_t port;
    uint32_t nodes; /* peers 0..nodes-1 each store a value */
    uint32_t index; /* which of them this is */
    uint32_t seed;
    uint32_t value_bytes;
    uint64_t join_at_ns;
    uint64_t join_spread_ns; /* joins at a random time in join_at .. join_at + join_spread */
    uint64_t store_at_ns;
    uint64_t store_spread_ns;
    uint64_t lookups_from_ns;
    uint64_t lookups_until_ns;
    uint64_t rate_nanohertz; /* lookups of this node in 10^9 seconds; 0: none */
};

/* index and nodes are the defaults of those options. False, with a message on the console, if an
 * argument is wrong; also for --help, which prints the list. */
bool peer_options_parse(struct peer_options *options, uint32_t index, uint32_t nodes, int argc,
                        char **argv);

#endif
