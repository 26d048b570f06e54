/* The experiment's part; see workload.h. */
#include "workload.h"

#include <denali.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_NS UINT64_C(1000000000)

struct lookup {
    struct workload *workload;
    uint32_t owner; /* whose value */
};

void workload_value(uint32_t index, uint8_t *value, uint32_t size_bytes)
{
    struct kad_random random;
    uint64_t bits = 0;
    kad_random_seed(&random, 0, index);
    for (uint32_t i = 0; i < size_bytes; i++) {
        bits = i % 8 == 0 ? kad_random_next(&random) : bits >> 8;
        value[i] = (uint8_t)bits;
    }
}

static uint64_t spread(struct workload *workload, uint64_t from_ns, uint64_t spread_ns)
{
    /* In microseconds, so that 32 random bits choose among spreads of more than an hour. */
    uint32_t spread_us = spread_ns / 1000 < UINT32_MAX ? (uint32_t)(spread_ns / 1000) : UINT32_MAX;
    return from_ns + (uint64_t)kad_random_below(&workload->random, spread_us) * 1000;
}

void workload_init(struct workload *workload, const struct peer_options *options,
                   struct kad_node *node)
{
    memset(workload, 0, sizeof(*workload));
    workload->options = options;
    workload->node = node;
    kad_random_seed(&workload->random, options->seed, options->index);
    workload->join_ns = spread(workload, options->join_at_ns, options->join_spread_ns);
    workload->store_ns = KAD_NEVER;
    workload->lookup_ns = KAD_NEVER;
}

/* --- Storing --------------------------------------------------------------------------------- */

static void stored(void *context, uint64_t now_ns, const struct kad_result *result)
{
    struct workload *workload = context;
    if (!result->success) {
        workload->store_ns = now_ns + SECOND_NS; /* nobody took it: again */
        return;
    }
    /* Paper, 2.5: the publisher publishes again before its value expires. */
    workload->store_ns = now_ns + workload->options->kad.expire_s * SECOND_NS / 10 * 9;
    denali_observe("store.copies", result->copies);
    denali_milestone("stored");
}

static void store(struct workload *workload, uint64_t now_ns)
{
    struct kad_id key;
    uint8_t value[KAD_VALUE_MAX];
    uint32_t size_bytes = workload->options->value_bytes;
    workload->store_ns = KAD_NEVER;
    kad_id_of(&key, "value", workload->options->index);
    workload_value(workload->options->index, value, size_bytes);
    if (!kad_node_search(workload->node, now_ns, KAD_SEARCH_STORE, &key, value,
                         (uint16_t)size_bytes, stored, workload)) {
        workload->store_ns = now_ns + SECOND_NS;
    }
}

/* --- Looking up ------------------------------------------------------------------------------ */

/* Half to one and a half mean intervals: regular in the mean, with no two peers in step. */
static void schedule_lookup(struct workload *workload, uint64_t from_ns)
{
    uint64_t rate = workload->options->rate_nanohertz;
    uint64_t mean_ns = rate == 0 ? KAD_NEVER : SECOND_NS * SECOND_NS / rate;
    if (mean_ns > 1000000 * SECOND_NS) {
        workload->lookup_ns = KAD_NEVER;
        return;
    }
    workload->lookup_ns = spread(workload, from_ns + mean_ns / 2, mean_ns);
    if (workload->lookup_ns >= workload->options->lookups_until_ns) {
        workload->lookup_ns = KAD_NEVER;
    }
}

static void looked_up(void *context, uint64_t now_ns, const struct kad_result *result)
{
    struct lookup *lookup = context;
    struct workload *workload = lookup->workload;
    uint8_t expected[KAD_VALUE_MAX];
    uint32_t size_bytes = workload->options->value_bytes;
    workload_value(lookup->owner, expected, size_bytes);
    bool success = result->success && result->value_bytes == size_bytes &&
                   memcmp(result->value, expected, size_bytes) == 0;
    (void)now_ns;
    workload->lookups_running--;
    workload->lookups++;
    workload->successes += success;
    denali_observe("lookup.success", success);
    denali_observe("lookup.hops", result->hops);
    denali_observe("lookup.latency_ms", (double)(uint32_t)(result->latency_ns / 1000) / 1000);
    denali_observe("rpc.timeouts", result->timeouts);
    free(lookup);
}

static void look_up(struct workload *workload, uint64_t now_ns)
{
    uint32_t nodes = workload->options->nodes;
    uint32_t own = workload->options->index;
    bool others = own < nodes && nodes > 1; /* leave out our own value, if we are one of them */
    uint32_t owner = kad_random_below(&workload->random, others ? nodes - 1 : nodes);
    struct kad_id key;
    struct lookup *lookup = malloc(sizeof(*lookup));
    schedule_lookup(workload, workload->lookup_ns);
    if (!lookup) {
        return;
    }
    lookup->workload = workload;
    lookup->owner = others && owner >= own ? owner + 1 : owner;
    kad_id_of(&key, "value", lookup->owner);
    workload->lookups_running++;
    if (!kad_node_search(workload->node, now_ns, KAD_SEARCH_VALUE, &key, NULL, 0, looked_up,
                         lookup)) {
        workload->lookups_running--;
        free(lookup);
    }
}

/* --- The course of things -------------------------------------------------------------------- */

static void joined(void *context, uint64_t now_ns, const struct kad_result *result)
{
    struct workload *workload = context;
    const struct peer_options *options = workload->options;
    uint64_t from_ns = now_ns > options->lookups_from_ns ? now_ns : options->lookups_from_ns;
    (void)result;
    workload->joined = true;
    denali_milestone("joined");
    workload->store_ns = spread(workload, options->store_at_ns, options->store_spread_ns);
    if (workload->store_ns < now_ns) {
        workload->store_ns = now_ns;
    }
    /* The first lookup comes within one mean interval, so that peers do not start together. */
    uint64_t rate = options->rate_nanohertz;
    uint64_t mean_ns = rate == 0 ? 0 : SECOND_NS * SECOND_NS / rate;
    workload->lookup_ns = rate == 0 ? KAD_NEVER : spread(workload, from_ns, mean_ns);
    if (workload->lookup_ns >= options->lookups_until_ns) {
        workload->lookup_ns = KAD_NEVER;
    }
}

static void report(struct workload *workload)
{
    const struct kad_node *node = workload->node;
    workload->reported = true;
    printf("kademlia: peer %lu: %lu of %lu lookups found, %lu requests sent, %lu timed out, "
           "%lu served, %lu pairs, %lu contacts\n",
           (unsigned long)workload->options->index, (unsigned long)workload->successes,
           (unsigned long)workload->lookups, (unsigned long)node->counters.requests_sent,
           (unsigned long)node->counters.timeouts, (unsigned long)node->counters.requests_served,
           (unsigned long)node->store.count, (unsigned long)node->table.contact_count);
    fflush(stdout);
}

void workload_tick(struct workload *workload, uint64_t now_ns)
{
    if (workload->join_ns <= now_ns) {
        workload->join_ns = KAD_NEVER;
        kad_node_join(workload->node, now_ns, workload->addresses, workload->ports,
                      workload->bootstrap_count, workload->is_bootstrap, joined, workload);
    }
    if (workload->store_ns <= now_ns) {
        store(workload, now_ns);
    }
    while (workload->lookup_ns <= now_ns) {
        look_up(workload, now_ns);
    }
    if (!workload->reported && workload->joined && workload->lookup_ns == KAD_NEVER &&
        workload->lookups_running == 0 && workload->lookups > 0) {
        report(workload);
    }
}

uint64_t workload_next_ns(const struct workload *workload)
{
    uint64_t next_ns = workload->join_ns;
    next_ns = workload->store_ns < next_ns ? workload->store_ns : next_ns;
    next_ns = workload->lookup_ns < next_ns ? workload->lookup_ns : next_ns;
    return next_ns;
}
