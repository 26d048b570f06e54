/*
 * The simulated gateway of a wide-area port: what becomes of a frame that the port's node sent.
 *
 * It is a router (RFC 1812) with one host on its access side and every other port on the far side:
 * it answers ARP for its own address and echo to it, forwards IPv4 by destination address, and
 * sends ICMP errors at a bounded rate. Everything in a frame is hostile.
 */
#ifndef DENALI_NETSIM_GATEWAY_H
#define DENALI_NETSIM_GATEWAY_H

#include <stdbool.h>
#include <stdint.h>

#include "internal.h"

struct net_verdict {
    bool dropped;
    enum net_drop cause; /* dropped */
    struct net_frame
        *frame;           /* what goes on: the packet, or the gateway's answer; NULL if nothing */
    uint32_t destination; /* of frame; the sending port itself for answers */
};

/* size_bytes in NET_FRAME_MIN..NET_FRAME_MAX; at_ns is when the frame reaches the gateway. */
struct net_verdict net_gateway_handle(struct net_network *network, uint32_t port, uint64_t at_ns,
                                      const uint8_t *bytes, uint32_t size_bytes);

#endif
