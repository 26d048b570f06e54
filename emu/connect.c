/*
 * Joins nodes and networks: makes each network of the scenario, gives every node its port, cuts the
 * world into logical processes, and carries frames and events between the two sides.
 */
#include "probe.h"
#include "world_internal.h"

#include <stdlib.h>
#include <string.h>

#include <base/alloc.h>
#include <base/assert.h>
#include <base/time.h>

/* --- frames ----------------------------------------------------------------------------------- */

/* What the network's callbacks need to know. */
struct carrier {
    struct emu_process *process; /* the one that is running */
    uint32_t network;
    bool sends;     /* in net_send */
    uint32_t cause; /* sends: why the frame was dropped */
};

static void carrier_schedule(void *context, uint64_t time_ns, enum net_event_kind kind,
                             uint32_t destination, uint32_t source, uint64_t sequence,
                             struct net_frame *frame)
{
    struct carrier *carrier = context;
    struct emu_network *network = &carrier->process->world->networks[carrier->network];
    struct emu_event *event = emu_process_event_take(carrier->process);
    event->base.key = (struct event_key){
        .time_ns = time_ns,
        .kind = EMU_EVENT_NETWORK + (uint32_t)kind,
        .destination = network->node_of_port[destination],
        .source = network->node_of_port[source],
        .sequence = sequence,
    };
    event->network = carrier->network;
    event->port = destination;
    event->frame = frame;
    emu_process_post(carrier->process, network->process_of_port[destination], event);
}

static void carrier_deliver(void *context, uint32_t port, struct net_frame *frame)
{
    struct carrier *carrier = context;
    struct emu_world *world = carrier->process->world;
    struct emu_network *network = &world->networks[carrier->network];
    struct emu_node *node = &world->nodes[network->node_of_port[port]];
    if (world->arrivals) {
        emu_inputs_add(&world->arrivals[node->index], carrier->process->now_ns, frame);
    }
    emu_node_frame_arrives(node, frame);
}

/* The network's own counters have it; a captured node's sink is told too. */
static void carrier_drop(void *context, uint32_t port, enum net_drop cause, uint32_t size_bytes)
{
    struct carrier *carrier = context;
    struct emu_world *world = carrier->process->world;
    (void)size_bytes;
    if (carrier->sends) {
        carrier->cause = cause;
    } else if (net_drop_is_receivers(cause)) {
        uint32_t index = world->networks[carrier->network].node_of_port[port];
        emu_process_record_frame(&world->nodes[index], EMU_RECORD_FRAME_LOST, cause, NULL, 0);
    }
}

static const struct net_env_ops carrier_ops = {
    .schedule = carrier_schedule,
    .deliver = carrier_deliver,
    .drop = carrier_drop,
};

/* A frame of the node is judged, carried, or both. */
static uint32_t send(struct emu_node *node, bool judged, bool carried, const uint8_t *bytes,
                     uint32_t size_bytes)
{
    if (node->network == SCN_NETWORK_NONE || node->link_cut) {
        node->account.drops_no_link++;
        return EMU_DROP_NO_LINK;
    }
    struct carrier carrier = {node->process, node->network, true, EMU_DROPS_MAX};
    struct net_env env = {&carrier_ops, &carrier};
    struct net_network *net = node->process->world->networks[node->network].net;
    uint64_t now_ns = node->process->now_ns;
    if ((!judged || net_judge(net, &env, node->port, now_ns, bytes, size_bytes)) && carried) {
        net_carry(net, &env, node->port, now_ns, bytes, size_bytes);
    }
    return carrier.cause;
}

uint32_t emu_world_send(struct emu_node *node, const uint8_t *bytes, uint32_t size_bytes)
{
    return send(node, true, true, bytes, size_bytes);
}

uint32_t emu_world_judge(struct emu_node *node, const uint8_t *bytes, uint32_t size_bytes)
{
    return send(node, true, false, bytes, size_bytes);
}

uint32_t emu_world_carry(struct emu_node *node, const uint8_t *bytes, uint32_t size_bytes)
{
    return send(node, false, true, bytes, size_bytes);
}

void emu_world_network_event(struct emu_process *process, uint32_t network, uint32_t kind,
                             uint32_t port, struct net_frame *frame)
{
    struct carrier carrier = {process, network, false, EMU_DROPS_MAX};
    struct net_env env = {&carrier_ops, &carrier};
    net_event(process->world->networks[network].net, &env, (enum net_event_kind)kind, port,
              process->now_ns, frame);
}

/* --- names ------------------------------------------------------------------------------------ */

/* Nodes of other networks cannot be reached, so their names are not known here. */
static bool network_find(const void *context, const char *name, uint32_t length, uint32_t *port)
{
    const struct emu_network *network = context;
    uint32_t node;
    if (!scn_node_of_name(network->world->scenario, name, length, &node) ||
        network->world->nodes[node].network != network->index) {
        return false;
    }
    *port = network->world->nodes[node].port;
    return true;
}

static bool network_name(const void *context, uint32_t port, char name[NET_NAME_SIZE])
{
    const struct emu_network *network = context;
    char whole[SCN_NODE_NAME_MAX];
    scn_node_name(network->world->scenario, network->node_of_port[port], whole);
    size_t length = strlen(whole);
    if (length >= NET_NAME_SIZE) {
        return false; /* longer than a label may be */
    }
    memcpy(name, whole, length + 1);
    return true;
}

/* --- building --------------------------------------------------------------------------------- */

/* Gives every node on network number `index` its port, in node order. */
static uint32_t assign_ports(struct emu_world *world, uint32_t index)
{
    struct emu_network *network = &world->networks[index];
    uint32_t ports = world->scenario->networks[index].node_count;
    network->node_of_port = alloc_zeroed(ports, sizeof *network->node_of_port);
    network->process_of_port = alloc_zeroed(ports, sizeof *network->process_of_port);
    uint32_t port = 0;
    for (uint32_t i = 0; i < world->node_count; i++) {
        struct emu_node *node = &world->nodes[i];
        if (node->network == index) {
            node->port = port;
            network->node_of_port[port++] = i;
        }
    }
    ASSERT(port == ports);
    return ports;
}

static uint64_t lesser_rate(uint64_t rate_bps, uint64_t limit_bps)
{
    return limit_bps && (rate_bps == 0 || limit_bps < rate_bps) ? limit_bps : rate_bps;
}

/* The link class of a group: its network's link, narrowed by the group's limit. */
static struct net_link link_of_group(const struct scn_network *from, const struct scn_group *group)
{
    struct net_link link;
    if (from->type == SCN_NETWORK_LAN) {
        link = (struct net_link){
            .up_bps = from->rate_bps,
            .down_bps = from->rate_bps,
            .up_queue_bytes = (uint32_t)from->queue_bytes,
            .down_queue_bytes = (uint32_t)from->queue_bytes,
            /* The scenario gives the way through the switch; each link has half of it. */
            .latency_ns = from->latency_ns / 2,
        };
    } else {
        link = (struct net_link){
            .up_bps = from->up_bps,
            .down_bps = from->down_bps,
            .up_queue_bytes = (uint32_t)from->queue_up_bytes,
            .down_queue_bytes = (uint32_t)from->queue_down_bytes,
            .latency_ns = from->access_latency_ns,
        };
    }
    link.up_bps = lesser_rate(link.up_bps, group->limits.network_bps);
    return link;
}

void emu_world_node_link(const struct emu_world *world, uint32_t index, struct emu_node_link *link)
{
    const struct emu_node *node = &world->nodes[index];
    *link = (struct emu_node_link){.connected = node->network != SCN_NETWORK_NONE};
    memcpy(link->mac, node->mac, sizeof link->mac);
    if (link->connected) {
        struct net_addressing at = net_addressing(world->networks[node->network].net, node->port);
        struct net_link speeds = link_of_group(&world->scenario->networks[node->network],
                                               &world->scenario->groups[node->group]);
        link->address = at.address;
        link->prefix = at.prefix;
        link->up_bps = speeds.up_bps;
        link->down_bps = speeds.down_bps;
    }
}

/* Addresses of a group's nodes: they have consecutive ports. */
static struct net_allow allow_of_group(const struct scn_network *from,
                                       const struct scn_scenario *scenario, uint32_t group)
{
    uint32_t first = 0;
    for (uint32_t i = 0; i < group; i++) {
        first += scenario->groups[i].network == scenario->groups[group].network
                     ? (uint32_t)scenario->groups[i].count
                     : 0;
    }
    uint32_t last = first + (uint32_t)scenario->groups[group].count - 1;
    return (struct net_allow){
        .first = net_config_address(from->type == SCN_NETWORK_LAN, from->subnet_address, first),
        .last = net_config_address(from->type == SCN_NETWORK_LAN, from->subnet_address, last)};
}

/* The rules of a group's ports; the caller frees allow. */
static struct net_rules rules_of_group(const struct scn_scenario *scenario,
                                       const struct scn_network *from,
                                       const struct scn_group *group)
{
    const struct scn_limits *limits = &group->limits;
    struct net_allow *allowed =
        limits->allow_count ? alloc_zeroed(limits->allow_count, sizeof *allowed) : NULL;
    for (uint32_t i = 0; i < limits->allow_count; i++) {
        const struct scn_allow *allow = &limits->allow[i];
        uint32_t length = allow->subnet_prefix_length;
        allowed[i] = allow->group ? allow_of_group(from, scenario, allow->group_index)
                                  : (struct net_allow){.first = allow->subnet_address,
                                                       .last = allow->subnet_address |
                                                               (length < 32 ? ~0u >> length : 0)};
        allowed[i].port_first = (uint16_t)allow->port;
        allowed[i].port_last = allow->port ? (uint16_t)allow->port : UINT16_MAX;
    }
    return (struct net_rules){
        .bind_address = limits->bind_address,
        .send_bps = limits->send_bps,
        .send_burst_bytes = (uint32_t)limits->send_burst_bytes,
        .receive_bps = limits->receive_bps,
        .receive_burst_bytes = (uint32_t)limits->receive_burst_bytes,
        .allow = allowed,
        .allow_count = limits->allow_count,
    };
}

/* Whether a supervisor, or the schedule, may give nodes of the network other rates. */
static bool rates_may_change(const struct scn_scenario *scenario, uint32_t network)
{
    for (uint32_t i = 0; i < scenario->group_count; i++) {
        const struct scn_group *group = &scenario->groups[i];
        for (uint32_t j = 0; j < scenario->group_count && group->network == network; j++) {
            if (group->host != SCN_HOST_NONE && scenario->groups[j].host == group->host &&
                scenario->groups[j].supervisor) {
                return true;
            }
        }
    }
    for (uint32_t i = 0; i < scenario->action_count; i++) {
        const struct scn_action *action = &scenario->actions[i];
        if (action->action >= SCN_ACTION_SEND_RATE && action->action <= SCN_ACTION_RECEIVE_BURST &&
            scenario->groups[action->group_index].network == network) {
            return true;
        }
    }
    return false;
}

/* What net_config points at while the network is made. */
struct parts {
    struct net_rules *rules;
    struct net_link *links;
    uint16_t *link_of_port;
    uint32_t *site_of_port;
};

static enum status build_network(struct emu_world *world, uint32_t index, uint32_t mac_base,
                                 uint32_t *ports, struct error *error)
{
    const struct scn_scenario *scenario = world->scenario;
    const struct scn_network *from = &scenario->networks[index];
    struct emu_network *network = &world->networks[index];
    network->world = world;
    network->index = index;
    *ports = assign_ports(world, index);
    if (*ports == 0) {
        return STATUS_OK; /* nobody is on it */
    }
    if (from->matrix_path) {
        enum status status = net_matrix_load(from->matrix_path, &network->matrix, error);
        if (status) {
            return status;
        }
    }
    struct parts parts = {
        .rules = alloc_zeroed(scenario->group_count, sizeof *parts.rules),
        .links = alloc_zeroed(scenario->group_count, sizeof *parts.links),
        .link_of_port = alloc_zeroed(*ports, sizeof *parts.link_of_port),
        .site_of_port = alloc_zeroed(*ports, sizeof *parts.site_of_port),
    };
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < scenario->group_count; i++) {
        parts.links[i] = link_of_group(from, &scenario->groups[i]);
        if (scenario->groups[i].network == index) {
            parts.rules[i] = rules_of_group(scenario, from, &scenario->groups[i]);
        }
        uint64_t site = scenario->groups[i].site;
        if (!status && scenario->groups[i].network == index && site != SCN_SITE_ANY &&
            site >= network->matrix.site_count) {
            char path[64];
            snprintf(path, sizeof path, "groups.%u.site", i);
            status = scn_error_at(scenario, path, error, STATUS_INVALID,
                                  "%s: site %llu; expected a row of the matrix, 0 to %u", path,
                                  (unsigned long long)site,
                                  network->matrix.site_count ? network->matrix.site_count - 1 : 0);
        }
    }
    for (uint32_t port = 0; port < *ports; port++) {
        uint32_t group = world->nodes[network->node_of_port[port]].group;
        uint64_t site = scenario->groups[group].site;
        parts.link_of_port[port] = (uint16_t)group;
        if (network->matrix.site_count) {
            parts.site_of_port[port] =
                site == SCN_SITE_ANY ? port % network->matrix.site_count : (uint32_t)site;
        }
    }
    struct net_config config = {
        .kind = from->type == SCN_NETWORK_LAN ? NET_LAN
                : from->matrix_path           ? NET_WAN_MATRIX
                                              : NET_WAN_UNIFORM,
        .port_count = *ports,
        .links = parts.links,
        .link_count = scenario->group_count,
        .link_of_port = parts.link_of_port,
        .rules = parts.rules,
        .rates_change = rates_may_change(scenario, index),
        .delay_ns = from->matrix_path ? from->site_delay_ns : from->delay_ns,
        .matrix = from->matrix_path ? &network->matrix : NULL,
        .site_of_port = from->matrix_path ? parts.site_of_port : NULL,
        .subnet_address = from->subnet_address,
        .subnet_prefix = from->subnet_prefix_length,
        .mac_base = mac_base,
        .services = (from->services & SCN_SERVICE_DHCP ? NET_SERVICE_DHCP : 0) |
                    (from->services & SCN_SERVICE_DNS ? NET_SERVICE_DNS : 0),
        .names = {network_find, network_name, network},
    };
    if (!status) {
        struct error refused = ERROR_INIT;
        status = net_network_create(&config, &network->net, &refused);
        if (status) {
            char path[64];
            snprintf(path, sizeof path, "networks.%u", index);
            scn_error_at(scenario, path, error, status, "networks.%s: %s", from->name,
                         refused.message);
        }
    }
    for (uint32_t i = 0; i < scenario->group_count; i++) {
        free((void *)parts.rules[i].allow);
    }
    free(parts.rules);
    free(parts.links);
    free(parts.link_of_port);
    free(parts.site_of_port);
    return status;
}

static uint64_t lesser(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* The world before it is cut: clusters of all networks, numbered one after the other, then nodes
 * without a network, each a cluster. Hosts join some. */
struct clusters {
    uint32_t count;
    uint32_t *of_node;
    uint32_t *joined_to; /* itself, or one with a lower number that it is one with */
    uint32_t *size;      /* of those that are joined to themselves: how many are */
    uint32_t *process;   /* and their process's number */
};

static uint32_t root_of(const struct clusters *clusters, uint32_t cluster)
{
    while (clusters->joined_to[cluster] != cluster) {
        cluster = clusters->joined_to[cluster];
    }
    return cluster;
}

static void join(struct clusters *clusters, uint32_t a, uint32_t b)
{
    a = root_of(clusters, a);
    b = root_of(clusters, b);
    clusters->joined_to[a > b ? a : b] = a > b ? b : a;
}

/* Machines of a host reach each other without delay: by what they leave of its processors. */
static void join_hosts(const struct emu_world *world, struct clusters *clusters)
{
    uint32_t hosts = world->scenario->host_total;
    uint32_t *first = alloc_zeroed(hosts + 1, sizeof *first); /* cluster of each, plus one */
    for (uint32_t i = 0; i < world->node_count && hosts; i++) {
        uint32_t host = scn_node_host(world->scenario, i);
        if (host != SCN_HOST_NONE && first[host]) {
            join(clusters, first[host] - 1, clusters->of_node[i]);
        } else if (host != SCN_HOST_NONE) {
            first[host] = clusters->of_node[i] + 1;
        }
    }
    free(first);
}

static void clusters_init(struct clusters *clusters, const struct emu_world *world,
                          const struct net_partition *partitions, uint32_t count)
{
    clusters->count = count;
    clusters->of_node = alloc_zeroed(world->node_count, sizeof(uint32_t));
    clusters->joined_to = alloc_zeroed(count, sizeof(uint32_t));
    clusters->size = alloc_zeroed(count, sizeof(uint32_t));
    clusters->process = alloc_zeroed(count, sizeof(uint32_t));
    uint32_t next = 0;
    for (uint32_t i = 0; i < world->network_count; i++) {
        const struct emu_network *network = &world->networks[i];
        for (uint32_t port = 0; network->net && port < net_port_count(network->net); port++) {
            clusters->of_node[network->node_of_port[port]] =
                next + partitions[i].cluster_of_port[port];
        }
        next += partitions[i].cluster_count;
    }
    for (uint32_t i = 0; i < world->node_count; i++) {
        if (world->nodes[i].network == SCN_NETWORK_NONE) {
            clusters->of_node[i] = next++;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        clusters->joined_to[i] = i;
    }
    join_hosts(world, clusters);
}

/* Numbers the processes: one for each cluster that is joined to no other, in their order. */
static uint32_t clusters_number(struct clusters *clusters)
{
    uint32_t processes = 0;
    for (uint32_t i = 0; i < clusters->count; i++) {
        uint32_t root = root_of(clusters, i);
        clusters->size[root]++;
        if (root == i) {
            clusters->process[i] = processes++;
        }
    }
    return processes;
}

static void clusters_fini(struct clusters *clusters)
{
    free(clusters->of_node);
    free(clusters->joined_to);
    free(clusters->size);
    free(clusters->process);
}

/* Tells processes how near to each other the nodes of a network are. `first` is the number of its
 * first cluster. */
static void add_latencies(struct emu_world *world, const struct clusters *clusters, uint32_t first,
                          const struct net_partition *partition)
{
    for (uint32_t i = 0; i < partition->cluster_count; i++) {
        uint32_t root = root_of(clusters, first + i);
        struct emu_process *process = &world->processes[clusters->process[root]];
        uint64_t least_ns = partition->local_latency_ns[i];
        if (clusters->size[root] > 1) {
            least_ns = lesser(least_ns, partition->lookahead_ns); /* from another one of it */
        }
        process->local_latency_ns = lesser(process->local_latency_ns, least_ns);
    }
    world->lookahead_ns = lesser(world->lookahead_ns, partition->lookahead_ns);
}

static void cut_into_processes(struct emu_world *world)
{
    struct net_partition *partitions = alloc_zeroed(world->network_count + 1, sizeof *partitions);
    uint32_t count = 0;
    for (uint32_t i = 0; i < world->network_count; i++) {
        if (world->networks[i].net) {
            net_partition_init(&partitions[i], world->networks[i].net, EMU_CLUSTER_BELOW_NS);
            count += partitions[i].cluster_count;
        }
    }
    for (uint32_t i = 0; i < world->node_count; i++) {
        count += world->nodes[i].network == SCN_NETWORK_NONE;
    }
    struct clusters clusters;
    clusters_init(&clusters, world, partitions, count);
    world->process_count = clusters_number(&clusters);
    world->processes = alloc_zeroed(world->process_count, sizeof *world->processes);
    world->active = alloc_zeroed(world->process_count, sizeof(struct emu_process *));
    for (uint32_t i = 0; i < world->process_count; i++) {
        emu_process_init(&world->processes[i], world, i);
    }
    for (uint32_t i = 0; i < world->node_count; i++) {
        struct emu_node *node = &world->nodes[i];
        uint32_t root = root_of(&clusters, clusters.of_node[i]);
        node->process = &world->processes[clusters.process[root]];
        if (node->network != SCN_NETWORK_NONE) {
            world->networks[node->network].process_of_port[node->port] = node->process;
        }
    }
    world->lookahead_ns = EMU_WINDOW_MAX_NS;
    uint32_t next = 0;
    for (uint32_t i = 0; i < world->network_count; i++) {
        if (world->networks[i].net) {
            add_latencies(world, &clusters, next, &partitions[i]);
            next += partitions[i].cluster_count;
            net_partition_fini(&partitions[i]);
        }
    }
    clusters_fini(&clusters);
    free(partitions);
}

enum status emu_world_connect(struct emu_world *world, struct error *error)
{
    world->network_count = world->scenario->network_count;
    world->networks = alloc_zeroed(world->network_count + 1, sizeof *world->networks);
    uint32_t mac_base = 0;
    for (uint32_t i = 0; i < world->network_count; i++) {
        uint32_t ports = 0;
        enum status status = build_network(world, i, mac_base, &ports, error);
        if (status) {
            return status;
        }
        mac_base += ports;
    }
    cut_into_processes(world);
    return STATUS_OK;
}

void emu_world_disconnect(struct emu_world *world)
{
    for (uint32_t i = 0; i < world->process_count; i++) {
        emu_process_fini(&world->processes[i]);
    }
    free(world->processes);
    free(world->active);
    for (uint32_t i = 0; world->networks && i < world->network_count; i++) {
        net_network_destroy(world->networks[i].net);
        net_matrix_fini(&world->networks[i].matrix);
        free(world->networks[i].node_of_port);
        free(world->networks[i].process_of_port);
    }
    free(world->networks);
}
