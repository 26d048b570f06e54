/*
 * The rules of a port: what its node may send and be sent, judged frame by frame before its uplink
 * and before its downlink. Knows one frame at a time; who drops and counts is network.c.
 */
#ifndef DENALI_NETSIM_RULES_H
#define DENALI_NETSIM_RULES_H

#include "internal.h"

/* Rules of all link classes, copied; NULL where no class has any, nor may get any. */
struct net_rules *net_rules_copy(const struct net_config *config);
void net_rules_destroy(struct net_rules *rules, uint32_t link_count);
/* Every port's meters, of a network with rules, as they are at first. */
void net_meters_reset(struct net_network *network);
enum status net_rules_check(const struct net_rules *rules, uint32_t index,
                            struct error *error) MUST_USE;

/* NET_DROP_COUNT: the frame, of at least NET_FRAME_MIN bytes, may pass; otherwise why not. What
 * passes is counted against the port's rate. Sending belongs to net_judge, receiving to net_event.
 */
enum net_drop net_rules_send(struct net_network *network, uint32_t port, uint64_t now_ns,
                             const uint8_t *bytes, uint32_t size_bytes);
enum net_drop net_rules_receive(struct net_network *network, uint32_t port, uint64_t now_ns,
                                const uint8_t *bytes, uint32_t size_bytes);

#endif
