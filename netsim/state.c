/* Save and load of everything in a network that changes during a run; configuration is not saved,
 * only named well enough to refuse the state of another network. */
#include <string.h>

#include "internal.h"
#include "packet.h"
#include "rules.h"

#define STATE_VERSION 1u
#define STATE_RATES   2u /* the version of a network whose rates may change */

static uint16_t state_version(const struct net_network *network)
{
    return network->rates_change ? STATE_RATES : STATE_VERSION;
}

void net_state_reset(struct net_network *network)
{
    for (uint32_t i = 0; i < network->port_count; i++) {
        struct net_port *port = &network->ports[i];
        *port = (struct net_port){.site = port->site, .link = port->link};
    }
    if (network->meters) {
        net_meters_reset(network);
    }
    if (network->kind == NET_LAN) {
        net_switch_reset(&network->table);
    }
}

static void pipe_save(const struct net_pipe *pipe, struct writer *writer)
{
    write_u64(writer, pipe->busy_ns);
    write_u64(writer, pipe->busy_fraction);
}

static void pipe_load(struct net_pipe *pipe, uint64_t rate_bps, struct reader *reader)
{
    pipe->busy_ns = read_u64(reader);
    pipe->busy_fraction = read_u64(reader);
    bool idle = pipe->busy_ns == 0 && pipe->busy_fraction == 0;
    if (!idle && pipe->busy_fraction >= rate_bps) {
        reader_fail(reader); /* an infinitely fast link is always idle */
    }
}

static void port_save(const struct net_port *port, struct writer *writer)
{
    pipe_save(&port->up, writer);
    pipe_save(&port->down, writer);
    write_u64(writer, port->send_sequence);
    write_u64(writer, port->deliver_sequence);
    write_u64(writer, port->icmp_ns);
    write_u64(writer, port->counters.frames_sent);
    write_u64(writer, port->counters.bytes_sent);
    write_u64(writer, port->counters.frames_delivered);
    write_u64(writer, port->counters.bytes_delivered);
    for (uint32_t cause = 0; cause < NET_DROP_RULES_FIRST; cause++) {
        write_u32(writer, port->counters.drops[cause]);
    }
}

static void port_load(struct net_port *port, const struct net_link *link, struct reader *reader)
{
    pipe_load(&port->up, link->up_bps, reader);
    pipe_load(&port->down, link->down_bps, reader);
    port->send_sequence = read_u64(reader);
    port->deliver_sequence = read_u64(reader);
    port->icmp_ns = read_u64(reader);
    port->counters.frames_sent = read_u64(reader);
    port->counters.bytes_sent = read_u64(reader);
    port->counters.frames_delivered = read_u64(reader);
    port->counters.bytes_delivered = read_u64(reader);
    for (uint32_t cause = 0; cause < NET_DROP_RULES_FIRST; cause++) {
        port->counters.drops[cause] = read_u32(reader);
    }
}

/* What only a network with rules has: one without is saved as if there were none to be had. */
static void rules_save(const struct net_network *network, struct writer *writer)
{
    for (uint32_t i = 0; network->rules && i < network->port_count; i++) {
        const struct net_rates *rates = &network->meters[i].rates;
        if (network->rates_change) {
            write_u64(writer, rates->send_bps);
            write_u64(writer, rates->receive_bps);
            write_u32(writer, rates->send_burst_bytes);
            write_u32(writer, rates->receive_burst_bytes);
        }
        pipe_save(&network->meters[i].send, writer);
        pipe_save(&network->meters[i].receive, writer);
        for (uint32_t cause = NET_DROP_RULES_FIRST; cause < NET_DROP_COUNT; cause++) {
            write_u32(writer, network->ports[i].counters.drops[cause]);
        }
    }
}

static void rules_load(struct net_network *network, struct reader *reader)
{
    for (uint32_t i = 0; network->rules && i < network->port_count && !reader->failed; i++) {
        struct net_rates *rates = &network->meters[i].rates;
        if (network->rates_change) {
            rates->send_bps = read_u64(reader);
            rates->receive_bps = read_u64(reader);
            rates->send_burst_bytes = read_u32(reader);
            rates->receive_burst_bytes = read_u32(reader);
            if (!net_rates_valid(rates)) {
                reader_fail(reader);
            }
        }
        pipe_load(&network->meters[i].send, rates->send_bps, reader);
        pipe_load(&network->meters[i].receive, rates->receive_bps, reader);
        for (uint32_t cause = NET_DROP_RULES_FIRST; cause < NET_DROP_COUNT; cause++) {
            network->ports[i].counters.drops[cause] = read_u32(reader);
        }
    }
}

void net_save(const struct net_network *network, struct writer *writer)
{
    write_u16(writer, state_version(network));
    write_u8(writer, (uint8_t)network->kind);
    write_u32(writer, network->port_count);
    write_u32(writer, network->rules ? NET_DROP_COUNT : NET_DROP_RULES_FIRST);
    for (uint32_t i = 0; i < network->port_count; i++) {
        port_save(&network->ports[i], writer);
    }
    if (network->kind == NET_LAN) {
        write_u32(writer, network->table.entry_count);
        net_switch_save(&network->table, writer);
    }
    rules_save(network, writer);
}

bool net_load(struct net_network *network, struct reader *reader)
{
    if (read_u16(reader) != state_version(network) || read_u8(reader) != network->kind ||
        read_u32(reader) != network->port_count ||
        read_u32(reader) != (network->rules ? NET_DROP_COUNT : NET_DROP_RULES_FIRST)) {
        reader_fail(reader);
    }
    for (uint32_t i = 0; i < network->port_count && !reader->failed; i++) {
        struct net_port *port = &network->ports[i];
        port_load(port, net_link_of(network, port), reader);
    }
    if (network->kind == NET_LAN && !reader->failed) {
        if (read_u32(reader) != network->table.entry_count) {
            reader_fail(reader);
        }
        net_switch_load(&network->table, network->port_count, reader);
    }
    rules_load(network, reader);
    if (reader->failed) {
        net_state_reset(network);
        return false;
    }
    return true;
}

bool net_event_valid(const struct net_network *network, uint32_t kind, uint32_t destination,
                     const struct net_frame *frame)
{
    if (destination >= network->port_count || mac_is_group(frame->bytes + ETH_SOURCE)) {
        return false;
    }
    switch (kind) {
    case NET_EVENT_SWITCH:
        return network->kind == NET_LAN;
    case NET_EVENT_ARRIVE:
        return network->kind != NET_LAN || network->services != 0;
    case NET_EVENT_DELIVER:
        return true;
    default:
        return false;
    }
}
