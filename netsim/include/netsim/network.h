/*
 * A network: one broadcast domain (LAN) or one wide area (WAN) that carries frames among ports.
 * A port is where one node's NIC is attached; the world maps ports to nodes.
 *
 * The network is passive. The world owns events, queues and threads; it calls net_send when a port
 * sends and net_event when an event that the network asked for comes due, and the network answers
 * through `net_env`. Nothing here knows a NIC or a processor.
 *
 * LAN   node --uplink--> switch --downlink--> node
 *       A learning Ethernet switch: table of bounded size with ageing in virtual time, flooding of
 *       what is unknown, one bounded queue per direction and port. One-way delay between two ports
 *       is the latency of both links. All ports are in one subnet, there is no gateway.
 *       A LAN with services has one host beside the switch that offers them, at the subnet's
 *       first address (.1); no link lies between the two.
 * WAN   node --uplink--> gateway --core--> gateway --downlink--> node
 *       Every port has a /30 of its own with a simulated gateway (see README.md) that
 *       answers ARP and forwards IPv4. The core is stateless and delays each packet by half the
 *       round-trip time of the two sites: NET_WAN_UNIFORM has one delay for all pairs of ports,
 *       NET_WAN_MATRIX a measured matrix. One-way delay between two ports is the latency of both
 *       access links plus the core's.
 *
 * Services. A network may offer DHCP (RFC 2131) and DNS (RFC 1035): in a WAN every gateway does, on
 * a LAN the service host. Both are stateless, see service.h; answers take the way of any frame to
 * the port, and only a port's own node is ever answered.
 *
 * Links. A frame waits until the link has sent what was queued before it, then takes
 * size_bytes * 8 / rate to be sent; the arithmetic is exact and carries its remainder, only
 * the resulting time is rounded up to a nanosecond. Preamble, inter-frame gap and checksum trailer
 * are not counted. A frame is dropped if the bytes not yet sent (of the frame being sent, the part
 * that is left) and its own size together exceed the queue's bound. Rate 0 is an infinitely fast
 * link: no queue, no wait, no drop. Latency commutes with a queue, so in a WAN the latency of the
 * receiving link is counted before its queue.
 *
 * So for every delivered frame: deliver time - sent_ns - queued_ns - serialized_ns equals
 * net_path_ns, exactly.
 *
 * Ownership of state, for parallel simulation. A port's uplink, its gateway's state and its send
 * counter belong to the logical process of that port and change only in net_send (its two halves
 * are meant as well); its downlink changes only in net_event for that port. A LAN's switch and all
 * egress queues belong to the one logical process that has all ports of that LAN, and change only
 * in net_event. The configuration is immutable. So calls for different ports may run in different
 * threads if the ports are in different clusters of net_partition.
 *
 * Order. For one logical process net_event must be called in the order of the event keys. A
 * net_send and a net_event of the same port at the same time commute (they change different fields
 * and count different sequences), and so do calls for different ports of a WAN. But a send can
 * cause an event for its own port inside the same window (the gateway's answer, 1 us later), as a
 * timer can; a world that runs a node ahead looks at its events again after each send.
 *
 * What a schedule promises: from net_send, time_ns is at least now_ns + 1 us; for a destination in
 * another cluster at least now_ns + net_partition.lookahead_ns, for another port of the same
 * cluster at least now_ns + its local_latency_ns. Only a port's own DELIVER may follow its ARRIVE
 * by less (always by more than 0), and a LAN's SWITCH is always addressed to its sender, as is the
 * ARRIVE of an answer that a SWITCH brings about.
 */
#ifndef DENALI_NETSIM_NETWORK_H
#define DENALI_NETSIM_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <base/codec.h>
#include <base/status.h>
#include <netsim/frame.h>
#include <netsim/matrix.h>

#define NET_LATENCY_MIN_NS   1000ull /* no hop between two ports is faster */
#define NET_LATENCY_MAX_NS   8000000000ull
#define NET_RATE_MIN_BPS     1000ull
#define NET_RATE_MAX_BPS     10000000000000ull /* 10 Tbit/s */
#define NET_QUEUE_MIN_BYTES  1514u             /* one whole frame */
#define NET_QUEUE_BYTES      131072u           /* default bound */
#define NET_BURST_MAX_BYTES  (1u << 30)        /* of a rule's rate */
#define NET_SITE_DELAY_NS    250000ull         /* default one-way delay within a site: 0.5 ms RTT */
#define NET_MAC_AGE_NS       300000000000ull   /* default, IEEE 802.1D: 300 s */
#define NET_SUBNET_ADDRESS   0x0a000000u       /* default 10.0.0.0 */
#define NET_SUBNET_PREFIX    8u
#define NET_ICMP_INTERVAL_NS 10000000ull /* ICMP errors of one gateway: 100 a second ... */
#define NET_ICMP_BURST       10u         /* ... after a burst of this many */
#define NET_LEASE_S          86400u      /* what DHCP leases an address for: a day */
#define NET_NAME_TTL_S       3600u       /* how long a DNS answer may be kept */
#define NET_NAME_SIZE        64u         /* a DNS label and its NUL */

/* Bits of net_config.services. */
#define NET_SERVICE_DHCP 1u
#define NET_SERVICE_DNS  2u

enum net_kind {
    NET_LAN,
    NET_WAN_UNIFORM,
    NET_WAN_MATRIX,
};

/* A class of access link. Rates in bit/s, 0 = infinite. */
struct net_link {
    uint64_t up_bps;         /* 0, or NET_RATE_MIN_BPS..NET_RATE_MAX_BPS */
    uint64_t down_bps;       /* same */
    uint32_t up_queue_bytes; /* 0: NET_QUEUE_BYTES; otherwise at least NET_QUEUE_MIN_BYTES */
    uint32_t down_queue_bytes;
    uint64_t latency_ns; /* one way. LAN: at least 1 us. WAN: access latency on top of the core's,
                          * 0 allowed. At most NET_LATENCY_MAX_NS */
};

/* Peers that a port may talk to: IPv4 addresses, host order, and their UDP and TCP ports. Ports 0
 * to 65535 are all, and all other IPv4 as well; with fewer, a packet's later fragments do not pass.
 */
struct net_allow {
    uint32_t first;
    uint32_t last;
    uint16_t port_first;
    uint16_t port_last;
};

/*
 * The rules of a port, of a class of access link. They are kept at the port itself, before its
 * uplink and before its downlink's queue. {0} is no rule.
 */
struct net_rules {
    bool bind_address;    /* frames must come from the port's own MAC and IPv4 address, in ARP too;
                           * a DHCP client's that has none yet and an ARP probe pass */
    uint64_t send_bps;    /* a token bucket; 0: no limit, otherwise as a link's rate */
    uint64_t receive_bps; /* same */
    uint32_t send_burst_bytes; /* NET_QUEUE_MIN_BYTES..NET_BURST_MAX_BYTES where there is a rate */
    uint32_t receive_burst_bytes;
    const struct net_allow *allow; /* NULL: everybody. Otherwise IPv4 and ARP only, with these, with
                                    * the gateway and the network's services */
    uint32_t allow_count;
};

/* What of a port's rules may be changed in mid-run; as in net_rules. */
struct net_rates {
    uint64_t send_bps;
    uint64_t receive_bps;
    uint32_t send_burst_bytes;
    uint32_t receive_burst_bytes;
};

/* The names of a network's nodes, as its owner knows them. Called from any thread: constant. */
struct net_names {
    /* The port of the node of that name, case ignored; length bytes of any kind. False: none. */
    bool (*find)(const void *context, const char *name, uint32_t length, uint32_t *port);
    /* The name of a port's node, or false if it has none that is a DNS label. */
    bool (*name)(const void *context, uint32_t port, char name[NET_NAME_SIZE]);
    const void *context;
};

/* All that a network is made of. Copied by net_network_create. Start from {0}. */
struct net_config {
    enum net_kind kind;
    uint32_t port_count;           /* at least 1 */
    const struct net_link *links;  /* classes of access links, at least one */
    uint32_t link_count;           /* 1..65535 */
    const uint16_t *link_of_port;  /* NULL: every port has class 0 */
    const struct net_rules *rules; /* of each class of links; NULL: none. Copied */
    bool rates_change;             /* net_port_rates_set is used: then rates are state */
    uint64_t delay_ns; /* one way. UNIFORM: between any two ports, required. MATRIX: between two
                        * ports of the same site, 0: NET_SITE_DELAY_NS. LAN: unused */
    const struct net_matrix *matrix; /* MATRIX */
    const uint32_t *site_of_port;    /* MATRIX. NULL: port i sits on site i % site_count */
    uint32_t subnet_address; /* host order; 0 with prefix 0: 10.0.0.0/8. WAN: port p has the /30 at
                              * address + 4p, gateway .1, node .2. LAN: node p is address + 2 + p */
    uint32_t subnet_prefix;
    uint32_t mac_base;          /* port p has the MAC of node mac_base + p */
    uint32_t mac_table_entries; /* LAN. 0: four times the ports, at least 1024; otherwise a power of
                                   2, 8..2^24 */
    uint64_t mac_age_ns;        /* LAN. 0: NET_MAC_AGE_NS */
    uint32_t services;          /* NET_SERVICE_* */
    struct net_names names;     /* for DNS and DHCP; functions may be NULL: no node has a name */
};

/* Kinds of events. They order events of the same time and are part of their keys. */
enum net_event_kind {
    NET_EVENT_SWITCH,  /* LAN: a frame reaches the switch; destination is the port it came from */
    NET_EVENT_ARRIVE,  /* a frame reaches the destination's downlink queue; LAN: an answer of the
                        * service host */
    NET_EVENT_DELIVER, /* a frame reaches the destination's NIC */
    NET_EVENT_KIND_COUNT,
};

/*
 * name, label, text: why a frame was dropped. Counted for the receiver where its downlink was full,
 * or refused by its own rules, for the sender in all other cases. From NOT_FOR_GATEWAY to
 * GATEWAY_REFUSED only in a WAN or by the service host of a LAN, but SPOOFED by a port's rules too.
 */
#define NET_DROP_LIST(X)                                                                           \
    X(MALFORMED, malformed, "malformed frame")                                                     \
    X(UPLINK_FULL, uplink_full, "uplink queue full")                                               \
    X(DOWNLINK_FULL, downlink_full, "downlink queue full")                                         \
    X(FILTERED, filtered, "addressed to its own port or to a reserved group")                      \
    X(NOT_FOR_GATEWAY, not_for_gateway, "not addressed to the gateway")                            \
    X(BROADCAST, broadcast, "broadcast or multicast in the wide area")                             \
    X(PROTOCOL, protocol, "neither IPv4 nor ARP")                                                  \
    X(ARP_IGNORED, arp_ignored, "ARP that does not ask for the gateway")                           \
    X(IP_HEADER, ip_header, "bad IPv4 header")                                                     \
    X(IP_CHECKSUM, ip_checksum, "bad IPv4 header checksum")                                        \
    X(SPOOFED, spoofed, "source address is not the port's")                                        \
    X(NO_ROUTE, no_route, "destination outside the network")                                       \
    X(NO_HOST, no_host, "no node has the destination address")                                     \
    X(TTL_EXPIRED, ttl_expired, "time to live expired")                                            \
    X(GATEWAY_REFUSED, gateway_refused, "the gateway has no such service")                         \
    X(SEND_DENIED, send_denied, "for somebody its port may not talk to")                           \
    X(SEND_RATE, send_rate, "beyond the rate its port may send at")                                \
    X(RECEIVE_DENIED, receive_denied, "from somebody its port may not talk to")                    \
    X(RECEIVE_RATE, receive_rate, "beyond the rate its port may receive at")

enum net_drop {
#define X(name, label, text) NET_DROP_##name,
    NET_DROP_LIST(X)
#undef X
        NET_DROP_COUNT,
};

/* Whether the cause is counted for the receiver. */
bool net_drop_is_receivers(enum net_drop cause);
/* Constant names for tables and reports: "uplink_full", and a text such as "uplink queue full". */
const char *net_drop_name(enum net_drop cause);
const char *net_drop_text(enum net_drop cause);

/* What the world gives the network. All functions take the env's world. */
struct net_env_ops {
    /* Have net_event called at time_ns in the logical process of destination. The caller's
     * reference on frame passes to the world, and back with net_event. The key is unique. */
    void (*schedule)(void *world, uint64_t time_ns, enum net_event_kind kind, uint32_t destination,
                     uint32_t source, uint64_t sequence, struct net_frame *frame);
    /* The frame reaches the NIC of port now. The frame is lent; retain to keep. */
    void (*deliver)(void *world, uint32_t port, struct net_frame *frame);
    /* A frame was dropped; port is the one it is counted for. May be NULL. */
    void (*drop)(void *world, uint32_t port, enum net_drop cause, uint32_t size_bytes);
};

struct net_env {
    const struct net_env_ops *ops;
    void *world;
};

struct net_network; /* opaque */

/* The IPv4 address that a port will have in a network whose subnet begins at subnet_address. */
uint32_t net_config_address(bool lan, uint32_t subnet_address, uint32_t port);

/* Builds a network. On error *network is NULL and error says which field and what was expected
 * (without file and line: the caller knows those). */
enum status net_network_create(const struct net_config *config, struct net_network **network,
                               struct error *error) MUST_USE;
void net_network_destroy(struct net_network *network);

/* Port sends a frame at now_ns. Any bytes and size are taken; bad ones are dropped and counted.
 * now_ns must not decrease from call to call for the same port. bytes may be freed afterwards. */
void net_send(struct net_network *network, const struct net_env *env, uint32_t port,
              uint64_t now_ns, const uint8_t *bytes, uint32_t size_bytes);

/* The two halves of that, for who has a queue of its own before the port: whether the frame may be
 * sent at all, by its form and the port's rules, which counts it and drops it if not; and sending
 * what was so judged, now or later. */
bool net_judge(struct net_network *network, const struct net_env *env, uint32_t port,
               uint64_t now_ns, const uint8_t *bytes, uint32_t size_bytes);
void net_carry(struct net_network *network, const struct net_env *env, uint32_t port,
               uint64_t now_ns, const uint8_t *bytes, uint32_t size_bytes);

/* An event that the network scheduled comes due. Takes the reference on frame. */
void net_event(struct net_network *network, const struct net_env *env, enum net_event_kind kind,
               uint32_t destination, uint64_t now_ns, struct net_frame *frame);

/* Whether a port may have these rates. */
bool net_rates_valid(const struct net_rates *rates);
/* Whether its ports' rates may change: as configured. */
bool net_rates_change(const struct net_network *network);
/* Gives the port other rates, in its logical process; valid ones, of a network whose rates may
 * change. The bucket of a direction that changes is full again. */
void net_port_rates_set(struct net_network *network, uint32_t port, const struct net_rates *rates);

/* --- queries -------------------------------------------------------------------------------- */

struct net_addressing {
    uint32_t address; /* IPv4, host order */
    uint32_t prefix;
    uint32_t gateway;       /* 0: none */
    uint32_t service;       /* where services are; 0: none are offered */
    uint8_t mac[6];         /* locally administered: 02:00 and the node's index */
    uint8_t gateway_mac[6]; /* 02:01 and the node's index; all zero without a gateway. A LAN's
                             * service host: 02:01 and the index of the node at port 0 */
};

struct net_counters {
    uint64_t frames_sent; /* handed to net_judge, dropped ones as well */
    uint64_t bytes_sent;
    uint64_t frames_delivered;
    uint64_t bytes_delivered;
    uint32_t drops[NET_DROP_COUNT]; /* by enum net_drop; stay at UINT32_MAX once there */
};

enum net_kind net_network_kind(const struct net_network *network);
uint32_t net_port_count(const struct net_network *network);
struct net_addressing net_addressing(const struct net_network *network, uint32_t port);
struct net_counters net_counters(const struct net_network *network, uint32_t port);
/* The rates that the port has now; all 0 where it has no rules. */
struct net_rates net_port_rates(const struct net_network *network, uint32_t port);
/* Index of the port's site; 0 where there are no sites. */
uint32_t net_site(const struct net_network *network, uint32_t port);
/* One-way delay from port to port without queueing and serialization. from != to. */
uint64_t net_path_ns(const struct net_network *network, uint32_t from, uint32_t to);
/* The port with that IPv4 address (host order), or UINT32_MAX. O(1). */
uint32_t net_port_of_address(const struct net_network *network, uint32_t address);

/* Memory: of one more port, and of all else (switch table, core). */
size_t net_port_bytes(void);
size_t net_shared_bytes(const struct net_network *network);

/* --- state ---------------------------------------------------------------------------------- */

/* Everything that changes during a run: counters, queues, gateway state, switch table. The same
 * walk feeds snapshots and the full-state hash. Canonical: equal states give equal bytes. */
void net_save(const struct net_network *network, struct writer *writer);
/* Into a network made from the same configuration. False, with the reader failed, if the bytes are
 * not the state of such a network; the network is then as it was after net_network_create. */
bool net_load(struct net_network *network, struct reader *reader) MUST_USE;

/* Whether this network could have scheduled such an event: what a world checks of every event in
 * flight that it loads from outside, before it is given to net_event. */
bool net_event_valid(const struct net_network *network, uint32_t kind, uint32_t destination,
                     const struct net_frame *frame) MUST_USE;

#endif
