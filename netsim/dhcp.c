/*
 * The DHCP server (RFC 2131, options RFC 2132). A port's node has one address for the whole run,
 * the one that the network's configuration computes, so a lease needs no record: every offer and
 * acknowledgement to a port is the same, whenever and however often it is asked for, and a release
 * changes nothing. A node that asks for another address is refused; one that gives another hardware
 * address than its own is not heard.
 */
#include <string.h>

#include "service.h"

/* The message (RFC 2131, figure 1). */
#define DHCP_OPERATION     0
#define DHCP_HARDWARE      1
#define DHCP_HARDWARE_SIZE 2
#define DHCP_FLAGS         10
#define DHCP_CLIENT        12 /* ciaddr: the address that the client has and answers ARP for */
#define DHCP_YOURS         16 /* yiaddr */
#define DHCP_RELAY         24 /* giaddr */
#define DHCP_MAC           28 /* chaddr */
#define DHCP_SERVER_NAME   44
#define DHCP_FILE          108
#define DHCP_COOKIE        236
#define DHCP_OPTIONS       240u
#define DHCP_MESSAGE_LEAST 300u /* the size of a BOOTP message (RFC 1542, 2.1) */

#define DHCP_REQUEST_OPERATION 1u
#define DHCP_REPLY_OPERATION   2u
#define DHCP_ETHERNET          1u
#define DHCP_BROADCAST         0x8000u
#define DHCP_COOKIE_VALUE      0x63825363u

/* Options. */
#define OPTION_PAD        0u
#define OPTION_MASK       1u
#define OPTION_ROUTER     3u
#define OPTION_DNS        6u
#define OPTION_HOST_NAME  12u
#define OPTION_DOMAIN     15u
#define OPTION_ADDRESS    50u
#define OPTION_LEASE      51u
#define OPTION_OVERLOAD   52u
#define OPTION_TYPE       53u
#define OPTION_SERVER     54u
#define OPTION_RENEWAL    58u
#define OPTION_REBINDING  59u
#define OPTION_CLIENT     61u
#define OPTION_END        255u
#define OVERLOAD_FILE     1u
#define OVERLOAD_NAME     2u
#define FILE_BYTES        128u
#define SERVER_NAME_BYTES 64u

enum message_type {
    DISCOVER = 1,
    OFFER = 2,
    REQUEST = 3,
    DECLINE = 4,
    ACK = 5,
    NAK = 6,
    RELEASE = 7,
    INFORM = 8,
};

/* What a client's message says. */
struct message {
    const struct net_request *request;
    const uint8_t *bytes;
    uint32_t type;
    uint32_t overload;
    bool has_server;
    uint32_t server;
    uint32_t wanted; /* the address asked for; 0: none */
    uint32_t client; /* ciaddr */
    const uint8_t *client_id;
    uint32_t client_id_bytes;
};

/* --- Reading -------------------------------------------------------------------------------- */

/* Takes one option; false if its length is not one that it has. */
static bool option_take(struct message *message, uint32_t code, const uint8_t *value,
                        uint32_t size_bytes)
{
    switch (code) {
    case OPTION_TYPE:
        message->type = size_bytes == 1 ? value[0] : 0;
        return size_bytes == 1;
    case OPTION_OVERLOAD:
        message->overload = size_bytes == 1 ? value[0] : 0;
        return size_bytes == 1 && value[0] <= (OVERLOAD_FILE | OVERLOAD_NAME);
    case OPTION_ADDRESS:
        message->wanted = size_bytes == 4 ? load32(value) : 0;
        return size_bytes == 4;
    case OPTION_SERVER:
        message->has_server = true;
        message->server = size_bytes == 4 ? load32(value) : 0;
        return size_bytes == 4;
    case OPTION_CLIENT:
        message->client_id = value;
        message->client_id_bytes = size_bytes;
        return size_bytes >= 2;
    default:
        return true;
    }
}

/* Walks a field of options to its end mark or its end. */
static bool options_take(struct message *message, const uint8_t *options, uint32_t size_bytes)
{
    uint32_t at = 0;
    while (at < size_bytes && options[at] != OPTION_END) {
        uint32_t code = options[at++];
        if (code == OPTION_PAD) {
            continue;
        }
        if (at == size_bytes || options[at] > size_bytes - at - 1) {
            return false;
        }
        uint32_t length = options[at++];
        if (!option_take(message, code, options + at, length)) {
            return false;
        }
        at += length;
    }
    return true;
}

static bool message_parse(const struct net_request *request, struct message *message)
{
    const uint8_t *bytes = request->payload;
    *message = (struct message){.request = request, .bytes = bytes};
    if (request->size_bytes < DHCP_OPTIONS || bytes[DHCP_OPERATION] != DHCP_REQUEST_OPERATION ||
        bytes[DHCP_HARDWARE] != DHCP_ETHERNET || bytes[DHCP_HARDWARE_SIZE] != ETH_ADDRESS ||
        load32(bytes + DHCP_COOKIE) != DHCP_COOKIE_VALUE || load32(bytes + DHCP_RELAY) != 0) {
        return false;
    }
    message->client = load32(bytes + DHCP_CLIENT);
    if (!options_take(message, bytes + DHCP_OPTIONS, request->size_bytes - DHCP_OPTIONS)) {
        return false;
    }
    uint32_t overload = message->overload; /* the overloaded fields cannot overload again */
    return (!(overload & OVERLOAD_FILE) || options_take(message, bytes + DHCP_FILE, FILE_BYTES)) &&
           (!(overload & OVERLOAD_NAME) ||
            options_take(message, bytes + DHCP_SERVER_NAME, SERVER_NAME_BYTES));
}

/* --- Writing -------------------------------------------------------------------------------- */

/* Adds an option if it fits with the end mark behind it. */
static void option_put(struct net_response *response, uint32_t code, const void *value,
                       uint32_t size_bytes)
{
    if (size_bytes > 255 || response->size_bytes + 2 + size_bytes + 1 > sizeof response->payload) {
        return;
    }
    uint8_t *to = response->payload + response->size_bytes;
    to[0] = (uint8_t)code;
    to[1] = (uint8_t)size_bytes;
    memcpy(to + 2, value, size_bytes);
    response->size_bytes += 2 + size_bytes;
}

static void option_put32(struct net_response *response, uint32_t code, uint32_t value)
{
    uint8_t bytes[4];
    store32(bytes, value);
    option_put(response, code, bytes, sizeof bytes);
}

/* How the node is to use its network (RFC 2131, table 3). */
static void parameters_put(const struct message *message, struct net_response *response)
{
    const struct net_network *network = message->request->network;
    struct net_addressing at = net_addressing(network, message->request->port);
    option_put32(response, OPTION_MASK, ~0u << (32 - at.prefix));
    if (at.gateway) {
        option_put32(response, OPTION_ROUTER, at.gateway);
    }
    if (network->services & NET_SERVICE_DNS) {
        option_put32(response, OPTION_DNS, at.service);
    }
}

static void names_put(const struct message *message, struct net_response *response)
{
    const struct net_names *names = &message->request->network->names;
    char name[NET_NAME_SIZE];
    if (names->name && names->name(names->context, message->request->port, name)) {
        option_put(response, OPTION_HOST_NAME, name, (uint32_t)strlen(name));
    }
    option_put(response, OPTION_DOMAIN, NET_DOMAIN, sizeof NET_DOMAIN - 1);
}

/* The head of a reply: what the client sent, without its names and options. */
static void reply_begin(const struct message *message, enum message_type type, uint32_t server,
                        struct net_response *response)
{
    uint8_t *to = response->payload;
    memcpy(to, message->bytes, DHCP_OPTIONS);
    memset(to + 3, 0, 1); /* hops */
    memset(to + 8, 0, 2); /* seconds */
    memset(to + DHCP_CLIENT, 0, DHCP_MAC - DHCP_CLIENT);
    memset(to + DHCP_MAC + ETH_ADDRESS, 0, DHCP_COOKIE - DHCP_MAC - ETH_ADDRESS);
    to[DHCP_OPERATION] = DHCP_REPLY_OPERATION;
    response->size_bytes = DHCP_OPTIONS;
    uint8_t value = (uint8_t)type;
    option_put(response, OPTION_TYPE, &value, 1);
    option_put32(response, OPTION_SERVER, server);
}

/* The client's identifier comes back (RFC 6842); what may be left out for want of room is last. */
static void reply_end(const struct message *message, bool with_names, struct net_response *response)
{
    if (message->client_id) {
        option_put(response, OPTION_CLIENT, message->client_id, message->client_id_bytes);
    }
    if (with_names) {
        names_put(message, response);
    }
    response->payload[response->size_bytes++] = OPTION_END;
    while (response->size_bytes < DHCP_MESSAGE_LEAST) {
        response->payload[response->size_bytes++] = OPTION_PAD;
    }
}

/* Where a reply goes (RFC 2131, 4.1); the Ethernet address is always the port's. */
static void reply_address(const struct message *message, uint32_t yours, bool refusal,
                          struct net_response *response)
{
    bool asked = (load16(message->bytes + DHCP_FLAGS) & DHCP_BROADCAST) != 0;
    if (message->client && !refusal) {
        response->destination = message->client;
    } else if (asked || refusal) {
        response->destination = IP_BROADCAST;
        response->broadcast = true;
    } else {
        response->destination = yours;
    }
}

static void lease_put(struct net_response *response)
{
    option_put32(response, OPTION_LEASE, NET_LEASE_S);
    option_put32(response, OPTION_RENEWAL, NET_LEASE_S / 2);
    option_put32(response, OPTION_REBINDING, NET_LEASE_S / 8 * 7);
}

/* --- Deciding ------------------------------------------------------------------------------- */

static enum net_service_outcome grant(const struct message *message, enum message_type type,
                                      uint32_t yours, uint32_t server,
                                      struct net_response *response)
{
    reply_begin(message, type, server, response);
    store32(response->payload + DHCP_YOURS, yours);
    store32(response->payload + DHCP_CLIENT, type == ACK ? message->client : 0);
    lease_put(response);
    parameters_put(message, response);
    reply_end(message, true, response);
    reply_address(message, yours, false, response);
    return NET_SERVICE_ANSWERED;
}

static enum net_service_outcome refuse(const struct message *message, uint32_t server,
                                       struct net_response *response)
{
    reply_begin(message, NAK, server, response);
    reply_end(message, false, response);
    reply_address(message, 0, true, response);
    return NET_SERVICE_ANSWERED;
}

/* The client has its address from elsewhere and asks only how to use the network: no lease. */
static enum net_service_outcome inform(const struct message *message, uint32_t server,
                                       struct net_response *response)
{
    reply_begin(message, ACK, server, response);
    store32(response->payload + DHCP_CLIENT, message->client);
    parameters_put(message, response);
    reply_end(message, true, response);
    response->destination = message->client;
    return NET_SERVICE_ANSWERED;
}

static enum net_service_outcome drop(struct net_response *response, enum net_drop cause)
{
    response->cause = cause;
    return NET_SERVICE_DROPPED;
}

enum net_service_outcome net_dhcp_handle(const struct net_request *request,
                                         struct net_response *response)
{
    struct message message;
    uint8_t mac[ETH_ADDRESS];
    uint32_t own = net_address_of_port(request->network, request->port);
    uint32_t server = net_gateway_of_port(request->network, request->port);
    if (!message_parse(request, &message)) {
        return drop(response, NET_DROP_MALFORMED);
    }
    net_mac_of_port(request->network, request->port, mac);
    if (memcmp(message.bytes + DHCP_MAC, mac, ETH_ADDRESS) != 0) {
        return drop(response, NET_DROP_SPOOFED);
    }
    if (message.has_server && message.server != server) {
        return NET_SERVICE_SILENT; /* the client chose somebody else */
    }
    uint32_t wanted = message.wanted ? message.wanted : message.client;
    bool foreign = message.client != 0 && message.client != own;
    switch (message.type) {
    case DISCOVER:
        return foreign ? drop(response, NET_DROP_SPOOFED)
                       : grant(&message, OFFER, own, server, response);
    case REQUEST:
        if (wanted == 0) {
            return drop(response, NET_DROP_MALFORMED);
        }
        return wanted == own && !foreign ? grant(&message, ACK, own, server, response)
                                         : refuse(&message, server, response);
    case INFORM:
        return message.client != own ? drop(response, NET_DROP_SPOOFED)
                                     : inform(&message, server, response);
    case DECLINE:
    case RELEASE:
        return NET_SERVICE_SILENT;
    default:
        return drop(response, NET_DROP_MALFORMED);
    }
}
