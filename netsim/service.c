/* The table of services, and the UDP around what they say. Knows no service from the inside. */
#include "service.h"

#include <string.h>

struct service {
    uint32_t bit; /* NET_SERVICE_* */
    uint16_t port;
    uint16_t answer_port; /* 0: where the request came from */
    bool unconfigured;    /* hears broadcasts, and nodes that have no address yet */
    net_service_fn *handle;
};

static const struct service services[] = {
    {NET_SERVICE_DHCP, 67, 68, true, net_dhcp_handle},
    {NET_SERVICE_DNS, 53, 0, false, net_dns_handle},
};

static const struct service *service_find(const struct net_network *network, uint32_t port,
                                          bool broadcast)
{
    for (uint32_t i = 0; i < sizeof services / sizeof services[0]; i++) {
        const struct service *service = &services[i];
        if ((network->services & service->bit) && service->port == port &&
            (!broadcast || service->unconfigured)) {
            return service;
        }
    }
    return NULL;
}

/* The frame that carries a response from the gateway to the node of the request's port. */
static struct net_frame *frame_of(const struct net_request *request, uint32_t from_port,
                                  uint32_t to_port, const struct net_response *response)
{
    uint8_t bytes[ETH_HEADER + IP_HEADER_MIN + UDP_HEADER + NET_SERVICE_PAYLOAD_MAX];
    uint32_t udp_bytes = UDP_HEADER + response->size_bytes;
    uint32_t gateway = net_gateway_of_port(request->network, request->port);
    if (response->broadcast) {
        memset(bytes + ETH_DESTINATION, 0xff, ETH_ADDRESS);
    } else {
        net_mac_of_port(request->network, request->port, bytes + ETH_DESTINATION);
    }
    net_gateway_mac_of_port(request->network, request->port, bytes + ETH_SOURCE);
    store16(bytes + ETH_TYPE, ETH_TYPE_IPV4);
    uint8_t *ip = bytes + ETH_HEADER;
    ip_header_write(ip, IP_HEADER_MIN + udp_bytes, IP_PROTOCOL_UDP, gateway, response->destination);
    uint8_t *udp = ip + IP_HEADER_MIN;
    store16(udp + UDP_SOURCE, from_port);
    store16(udp + UDP_DESTINATION, to_port);
    store16(udp + UDP_LENGTH, udp_bytes);
    store16(udp + UDP_CHECKSUM, 0);
    memcpy(udp + UDP_HEADER, response->payload, response->size_bytes);
    uint32_t checksum = udp_checksum(udp, udp_bytes, gateway, response->destination);
    store16(udp + UDP_CHECKSUM, checksum ? checksum : 0xffff); /* 0 means: none was computed */
    return net_frame_create(bytes, ETH_HEADER + IP_HEADER_MIN + udp_bytes);
}

static enum net_service_outcome refuse(struct net_answer *answer, enum net_drop cause)
{
    answer->cause = cause;
    return NET_SERVICE_DROPPED;
}

enum net_service_outcome net_service_handle(const struct net_network *network, uint32_t port,
                                            const struct net_packet *packet, bool broadcast,
                                            struct net_answer *answer)
{
    const uint8_t *udp = packet->ip + packet->header_bytes;
    uint32_t room_bytes = packet->total_bytes - packet->header_bytes;
    if (room_bytes < UDP_HEADER) {
        return broadcast ? NET_SERVICE_ABSENT : refuse(answer, NET_DROP_MALFORMED);
    }
    const struct service *service = service_find(network, load16(udp + UDP_DESTINATION), broadcast);
    if (!service) {
        return NET_SERVICE_ABSENT;
    }
    uint32_t udp_bytes = load16(udp + UDP_LENGTH);
    if (udp_bytes < UDP_HEADER || udp_bytes > room_bytes ||
        (load16(udp + UDP_CHECKSUM) != 0 &&
         udp_checksum(udp, udp_bytes, packet->source, packet->destination) != 0)) {
        return refuse(answer, NET_DROP_MALFORMED);
    }
    bool unconfigured = packet->source == 0 && service->unconfigured;
    if (packet->source != net_address_of_port(network, port) && !unconfigured) {
        return refuse(answer, NET_DROP_SPOOFED);
    }
    struct net_request request = {
        .network = network,
        .port = port,
        .source = packet->source,
        .payload = udp + UDP_HEADER,
        .size_bytes = udp_bytes - UDP_HEADER,
    };
    struct net_response response = {.destination = packet->source};
    enum net_service_outcome outcome = service->handle(&request, &response);
    if (outcome == NET_SERVICE_DROPPED) {
        return refuse(answer, response.cause);
    }
    if (outcome == NET_SERVICE_ANSWERED) {
        uint32_t to_port = service->answer_port ? service->answer_port : load16(udp + UDP_SOURCE);
        answer->frame = frame_of(&request, service->port, to_port, &response);
    }
    return outcome;
}
