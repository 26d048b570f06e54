/*
 * Services on UDP that a network offers: at the gateway of each port of a wide area, on a LAN at
 * the service host beside its switch. One table of ports and handlers; a handler turns one datagram
 * into at most one answer and keeps nothing, so there is no state to save and no owner to name:
 * what it says follows from the network's configuration and the datagram alone.
 *
 * Everything in a datagram is hostile. A handler never looks past size_bytes.
 */
#ifndef DENALI_NETSIM_SERVICE_H
#define DENALI_NETSIM_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "internal.h"
#include "packet.h"

/* What a host must be able to take: a datagram of 576 bytes with its headers (RFC 791, RFC 2131).
 */
#define NET_SERVICE_PAYLOAD_MAX 548u

#define NET_DOMAIN "denali" /* the one domain there is: "peer-3.denali" */

enum net_service_outcome {
    NET_SERVICE_ABSENT,   /* nobody listens there */
    NET_SERVICE_SILENT,   /* heard, and nothing to say */
    NET_SERVICE_DROPPED,  /* refused: answer.cause */
    NET_SERVICE_ANSWERED, /* answer.frame, with the caller's reference */
};

struct net_answer {
    enum net_drop cause;
    struct net_frame *frame;
};

/* A UDP packet, whole and not a fragment, that port's node sent to its gateway or, with broadcast,
 * to everybody. */
enum net_service_outcome net_service_handle(const struct net_network *network, uint32_t port,
                                            const struct net_packet *packet, bool broadcast,
                                            struct net_answer *answer);

/* --- For the handlers ----------------------------------------------------------------------- */

/* A datagram to a service. */
struct net_request {
    const struct net_network *network;
    uint32_t port; /* whose node sent it */
    uint32_t source;
    const uint8_t *payload;
    uint32_t size_bytes;
};

/* The payload of the answer; it goes to where the request came from unless the handler says
 * otherwise. */
struct net_response {
    uint32_t destination;
    bool broadcast; /* on Ethernet too */
    uint32_t size_bytes;
    enum net_drop cause; /* NET_SERVICE_DROPPED */
    uint8_t payload[NET_SERVICE_PAYLOAD_MAX];
};

typedef enum net_service_outcome net_service_fn(const struct net_request *request,
                                                struct net_response *response);

net_service_fn net_dhcp_handle; /* dhcp.c */
net_service_fn net_dns_handle;  /* dns.c */

#endif
