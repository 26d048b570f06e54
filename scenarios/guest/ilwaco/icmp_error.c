/*
 * Which errors of ICMP reach a socket, and which one. As elsewhere only those that say that nobody
 * is listening: that a network or a host is not reached may pass.
 */
#include "icmp_error.h"

#include <errno.h>

#include <lwip/icmp.h>
#include <lwip/prot/ip4.h>
#include <lwip/raw.h>

#include "socket.h"

/* What is quoted of a packet behind its IP header (RFC 792): of UDP and TCP, */
struct quoted_ports {
    uint16_t source;
    uint16_t destination;
    uint32_t sequence; /* TCP */
};

static struct raw_pcb *listener;

/* The header at an offset of a packet, *length_bytes with its options; false if it is cut short. */
static bool header_read(const struct pbuf *packet, uint32_t offset_bytes, struct ip_hdr *header,
                        uint32_t *length_bytes)
{
    if (offset_bytes > packet->tot_len ||
        pbuf_copy_partial(packet, header, sizeof *header, (u16_t)offset_bytes) != sizeof *header)
        return false;
    *length_bytes = IPH_HL_BYTES(header);
    return IPH_V(header) == 4 && *length_bytes >= sizeof *header &&
           offset_bytes + *length_bytes <= packet->tot_len;
}

/* The errno for an error, 0 for a message that is none. */
static int error_of(const struct icmp_echo_hdr *icmp)
{
    static const uint8_t errors[] = {
        [ICMP_DUR_NET] = ENETUNREACH,
        [ICMP_DUR_HOST] = EHOSTUNREACH,
        [ICMP_DUR_PROTO] = ENOPROTOOPT,
        [ICMP_DUR_PORT] = ECONNREFUSED,
    };
    if (ICMPH_TYPE(icmp) == ICMP_TE)
        return EHOSTUNREACH;
    if (ICMPH_TYPE(icmp) != ICMP_DUR || ICMPH_CODE(icmp) >= sizeof errors)
        return 0;
    return errors[ICMPH_CODE(icmp)];
}

/* lwIP hands over every ICMP packet before it looks at it itself; 0 leaves it to lwIP. */
static u8_t heard(void *context, struct raw_pcb *pcb, struct pbuf *packet, const ip_addr_t *from)
{
    struct ip_hdr outer, quoted;
    struct icmp_echo_hdr icmp;
    struct quoted_ports ports;
    uint32_t outer_bytes, quoted_bytes, quoted_at;
    int error;
    (void)context, (void)pcb, (void)from;
    if (!header_read(packet, 0, &outer, &outer_bytes) ||
        pbuf_copy_partial(packet, &icmp, sizeof icmp, (u16_t)outer_bytes) != sizeof icmp)
        return 0;
    error = error_of(&icmp);
    quoted_at = outer_bytes + sizeof icmp;
    if (!error || !header_read(packet, quoted_at, &quoted, &quoted_bytes) ||
        pbuf_copy_partial(packet, &ports, sizeof ports, (u16_t)(quoted_at + quoted_bytes)) !=
            sizeof ports)
        return 0;
    struct endpoint local = {{quoted.src.addr}, lwip_ntohs(ports.source)};
    struct endpoint remote = {{quoted.dest.addr}, lwip_ntohs(ports.destination)};
    if (IPH_PROTO(&quoted) == IP_PROTO_TCP)
        tcp_socket_fail(&local, &remote, lwip_ntohl(ports.sequence), error);
    else if (IPH_PROTO(&quoted) == IP_PROTO_UDP && (error == ECONNREFUSED || error == ENOPROTOOPT))
        udp_socket_fail(&local, &remote, error);
    return 0;
}

void icmp_errors_wanted(void)
{
    if (!listener)
        listener = raw_new(IP_PROTO_ICMP);
    if (listener)
        raw_recv(listener, heard, NULL);
}
