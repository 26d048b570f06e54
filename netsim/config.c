/* What a network may be made of: every field of a net_config checked, before anything is built. */
#include <base/status.h>

#include "internal.h"
#include "rules.h"

static enum status config_error(struct error *error, const char *message)
{
    return error_set(error, STATUS_INVALID, NULL, 0, "%s", message);
}

static enum status link_check(const struct net_config *config, uint32_t index, struct error *error)
{
    const struct net_link *link = &config->links[index];
    const uint64_t rates[2] = {link->up_bps, link->down_bps};
    const uint32_t queues[2] = {link->up_queue_bytes, link->down_queue_bytes};
    const char *sides[2] = {"up", "down"};
    for (int i = 0; i < 2; i++) {
        if (rates[i] != 0 && (rates[i] < NET_RATE_MIN_BPS || rates[i] > NET_RATE_MAX_BPS)) {
            return error_set(error, STATUS_INVALID, NULL, 0,
                             "link class %u: %s rate of %llu bit/s: expected 0 (unlimited) or %llu "
                             "to %llu bit/s",
                             index, sides[i], (unsigned long long)rates[i], NET_RATE_MIN_BPS,
                             NET_RATE_MAX_BPS);
        }
        if (queues[i] != 0 && queues[i] < NET_QUEUE_MIN_BYTES) {
            return error_set(error, STATUS_INVALID, NULL, 0,
                             "link class %u: %s queue of %u bytes: expected at least %u, one whole "
                             "frame",
                             index, sides[i], queues[i], NET_QUEUE_MIN_BYTES);
        }
    }
    uint64_t least_ns = config->kind == NET_LAN ? NET_LATENCY_MIN_NS : 0;
    if (link->latency_ns < least_ns || link->latency_ns > NET_LATENCY_MAX_NS) {
        return error_set(error, STATUS_INVALID, NULL, 0,
                         "link class %u: latency of %llu ns: expected %llu ns to %llu ns", index,
                         (unsigned long long)link->latency_ns, (unsigned long long)least_ns,
                         NET_LATENCY_MAX_NS);
    }
    return STATUS_OK;
}

void net_config_subnet(const struct net_config *config, uint32_t *address, uint32_t *prefix)
{
    bool given = config->subnet_address != 0 || config->subnet_prefix != 0;
    *address = given ? config->subnet_address : NET_SUBNET_ADDRESS;
    *prefix = given ? config->subnet_prefix : NET_SUBNET_PREFIX;
}

static enum status subnet_check(const struct net_config *config, struct error *error)
{
    uint32_t address;
    uint32_t prefix;
    net_config_subnet(config, &address, &prefix);
    uint64_t needed = config->kind == NET_LAN
                          ? config->port_count + NET_LAN_FIRST_ADDRESS + 1ull
                          : (uint64_t)config->port_count * NET_WAN_ADDRESSES_PER_PORT;
    if (prefix < 1 || prefix > 30) {
        return error_set(error, STATUS_INVALID, NULL, 0,
                         "subnet prefix of %u bits: expected 1 to 30", prefix);
    }
    uint32_t first = address >> 24;
    if (address & ~(~0u << (32 - prefix))) {
        return config_error(error, "subnet address: expected no bits set outside the prefix");
    }
    if (first == 0 || first == 127 || first >= 224) {
        return config_error(error, "subnet address: expected a unicast network, such as 10.0.0.0");
    }
    uint64_t size = 1ull << (32 - prefix);
    if (needed > size) {
        return error_set(error, STATUS_INVALID, NULL, 0,
                         "subnet of prefix %u has %llu addresses, but the ports need %llu: give it "
                         "a shorter prefix",
                         prefix, (unsigned long long)size, (unsigned long long)needed);
    }
    return STATUS_OK;
}

static enum status sites_check(const struct net_config *config, struct error *error)
{
    const struct net_matrix *matrix = config->matrix;
    if (!matrix || matrix->site_count == 0 || matrix->site_count > NET_SITES_MAX) {
        return config_error(error, "matrix: expected a matrix of round-trip times, there is none");
    }
    uint32_t sites = matrix->site_count;
    for (uint32_t i = 0; i < sites; i++) {
        for (uint32_t j = 0; j < sites; j++) {
            uint64_t rtt_ns = matrix->rtt_ns[(size_t)i * sites + j];
            if (i != j && (rtt_ns < NET_RTT_MIN_NS || rtt_ns > NET_RTT_MAX_NS || rtt_ns % 2)) {
                return error_set(error, STATUS_INVALID, NULL, 0,
                                 "matrix: round-trip time of %llu ns from site %u to %u: expected "
                                 "an even number from %llu to %llu",
                                 (unsigned long long)rtt_ns, i, j, NET_RTT_MIN_NS, NET_RTT_MAX_NS);
            }
        }
    }
    for (uint32_t port = 0; config->site_of_port && port < config->port_count; port++) {
        if (config->site_of_port[port] >= sites) {
            return error_set(error, STATUS_INVALID, NULL, 0,
                             "site %u of port %u: expected 0 to %u, the sites of the matrix",
                             config->site_of_port[port], port, sites - 1);
        }
    }
    return STATUS_OK;
}

enum status net_config_check(const struct net_config *config, struct error *error)
{
    if (config->port_count == 0 || config->port_count > (1u << 30)) {
        return config_error(error, "port count: expected 1 to 2^30");
    }
    if (!config->links || config->link_count == 0 || config->link_count > UINT16_MAX) {
        return config_error(error, "link classes: expected 1 to 65535");
    }
    for (uint32_t i = 0; i < config->link_count; i++) {
        enum status status = link_check(config, i, error);
        if (status == STATUS_OK && config->rules) {
            status = net_rules_check(&config->rules[i], i, error);
        }
        if (status != STATUS_OK) {
            return status;
        }
    }
    for (uint32_t port = 0; config->link_of_port && port < config->port_count; port++) {
        if (config->link_of_port[port] >= config->link_count) {
            return error_set(error, STATUS_INVALID, NULL, 0,
                             "link class %u of port %u: expected 0 to %u",
                             config->link_of_port[port], port, config->link_count - 1);
        }
    }
    uint32_t entries = config->mac_table_entries;
    if (entries != 0 && (entries < NET_SWITCH_WAYS || entries > NET_SWITCH_ENTRIES_MAX ||
                         (entries & (entries - 1)))) {
        return error_set(error, STATUS_INVALID, NULL, 0,
                         "switch table of %u entries: expected a power of two from %u to %u",
                         entries, NET_SWITCH_WAYS, NET_SWITCH_ENTRIES_MAX);
    }
    bool default_delay = config->delay_ns == 0 && config->kind == NET_WAN_MATRIX;
    if (config->kind != NET_LAN && !default_delay &&
        (config->delay_ns < NET_LATENCY_MIN_NS || config->delay_ns > NET_LATENCY_MAX_NS)) {
        return error_set(
            error, STATUS_INVALID, NULL, 0, "delay of %llu ns: expected %llu ns to %llu ns one way",
            (unsigned long long)config->delay_ns, NET_LATENCY_MIN_NS, NET_LATENCY_MAX_NS);
    }
    if (config->services & ~(NET_SERVICE_DHCP | NET_SERVICE_DNS)) {
        return config_error(error, "services: expected bits of DHCP and DNS only");
    }
    enum status status = subnet_check(config, error);
    if (status == STATUS_OK && config->kind == NET_WAN_MATRIX) {
        status = sites_check(config, error);
    }
    return status;
}
