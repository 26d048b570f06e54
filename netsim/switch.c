/* The address table of a learning switch. Knows addresses and ports, no frames and no queues. */
#include "switch.h"

#include <stdlib.h>

#include <base/alloc.h>

#define MAC_MAX       0xffffffffffffull
#define MAC_GROUP_BIT (1ull << 40)

void net_switch_init(struct net_switch *table, uint32_t entry_count, uint64_t age_ns)
{
    table->entries = alloc_zeroed(entry_count, sizeof *table->entries);
    table->entry_count = entry_count;
    table->age_ns = age_ns;
    net_switch_reset(table);
}

void net_switch_fini(struct net_switch *table)
{
    free(table->entries);
    *table = (struct net_switch){0};
}

void net_switch_reset(struct net_switch *table)
{
    for (uint32_t i = 0; i < table->entry_count; i++) {
        table->entries[i] = (struct net_switch_entry){.port = NET_SWITCH_UNKNOWN};
    }
}

/* Fibonacci hashing (Knuth, TAOCP 3, 6.4): consecutive addresses spread evenly over the sets. */
static struct net_switch_entry *set_of(const struct net_switch *table, uint64_t mac)
{
    uint64_t hash = mac * 0x9e3779b97f4a7c15ull;
    uint32_t set_count = table->entry_count / NET_SWITCH_WAYS;
    uint32_t set = (uint32_t)((hash >> 32) * set_count >> 32);
    return &table->entries[(size_t)set * NET_SWITCH_WAYS];
}

static struct net_switch_entry *find(const struct net_switch *table, uint64_t mac)
{
    struct net_switch_entry *set = set_of(table, mac);
    for (uint32_t way = 0; way < NET_SWITCH_WAYS; way++) {
        if (set[way].port != NET_SWITCH_UNKNOWN && set[way].mac == mac) {
            return &set[way];
        }
    }
    return NULL;
}

static bool older(const struct net_switch_entry *a, const struct net_switch_entry *b)
{
    return a->seen_ns != b->seen_ns ? a->seen_ns < b->seen_ns : a->mac < b->mac;
}

/* A free entry of the set of mac, or the oldest. */
static struct net_switch_entry *victim(const struct net_switch *table, uint64_t mac)
{
    struct net_switch_entry *set = set_of(table, mac);
    struct net_switch_entry *oldest = &set[0];
    for (uint32_t way = 0; way < NET_SWITCH_WAYS; way++) {
        if (set[way].port == NET_SWITCH_UNKNOWN) {
            return &set[way];
        }
        if (older(&set[way], oldest)) {
            oldest = &set[way];
        }
    }
    return oldest;
}

void net_switch_learn(struct net_switch *table, uint64_t mac, uint32_t port, uint64_t now_ns)
{
    struct net_switch_entry *entry = find(table, mac);
    if (!entry) {
        entry = victim(table, mac);
        entry->mac = mac;
    }
    entry->port = port;
    entry->seen_ns = now_ns;
}

uint32_t net_switch_find(const struct net_switch *table, uint64_t mac, uint64_t now_ns)
{
    const struct net_switch_entry *entry = find(table, mac);
    if (!entry || now_ns - entry->seen_ns > table->age_ns) {
        return NET_SWITCH_UNKNOWN;
    }
    return entry->port;
}

static int compare_macs(const void *a, const void *b)
{
    const struct net_switch_entry *x = a;
    const struct net_switch_entry *y = b;
    return (x->mac > y->mac) - (x->mac < y->mac);
}

void net_switch_save(const struct net_switch *table, struct writer *writer)
{
    struct net_switch_entry *used = alloc_zeroed(table->entry_count, sizeof *used);
    uint32_t used_count = 0;
    for (uint32_t i = 0; i < table->entry_count; i++) {
        if (table->entries[i].port != NET_SWITCH_UNKNOWN) {
            used[used_count++] = table->entries[i];
        }
    }
    qsort(used, used_count, sizeof *used, compare_macs);
    write_u32(writer, used_count);
    for (uint32_t i = 0; i < used_count; i++) {
        write_u64(writer, used[i].mac);
        write_u64(writer, used[i].seen_ns);
        write_u32(writer, used[i].port);
    }
    free(used);
}

void net_switch_load(struct net_switch *table, uint32_t port_count, struct reader *reader)
{
    net_switch_reset(table);
    uint32_t used_count = read_u32(reader);
    if (used_count > table->entry_count) {
        reader_fail(reader);
    }
    uint64_t last_mac = 0;
    for (uint32_t i = 0; i < used_count && !reader->failed; i++) {
        struct net_switch_entry read = {0};
        read.mac = read_u64(reader);
        read.seen_ns = read_u64(reader);
        read.port = read_u32(reader);
        if (reader->failed) {
            break;
        }
        struct net_switch_entry *entry = victim(table, read.mac);
        if (read.mac > MAC_MAX || (read.mac & MAC_GROUP_BIT) || read.port >= port_count ||
            (i > 0 && read.mac <= last_mac) || entry->port != NET_SWITCH_UNKNOWN) {
            reader_fail(reader);
            break;
        }
        *entry = read;
        last_mac = read.mac;
    }
}
