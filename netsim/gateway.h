/*
 * The simulated gateway of a wide-area port: what becomes of a frame that the port's node sent.
 *
 * It is a router (RFC 1812) with one host on its access side and every other port on the far side:
 * it answers ARP for its own address and echo to it, offers services there, forwards IPv4 by
 * destination address, and sends ICMP errors at a bounded rate. A LAN with services has one such
 * host beside its switch, without the forwarding. Everything in a frame is hostile.
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

/* The same for the service host of a LAN, of a frame that is for it or for everybody; port is the
 * one it came from. Not dropped and no frame: the host had no business with it. */
struct net_verdict net_host_handle(struct net_network *network, uint32_t port, uint64_t at_ns,
                                   const uint8_t *bytes, uint32_t size_bytes);
/* Whether a frame bears the Ethernet address of the LAN's service host. */
bool net_host_is_addressed(const struct net_network *network, const uint8_t *bytes);

#endif
