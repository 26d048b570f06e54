/*
 * Coming in, and staying: joining, refreshing buckets, sending on what is kept (paper, 2.3, 2.5).
 */
#include "node.h"

#include <string.h>

#define SECOND_NS      UINT64_C(1000000000)
#define JOIN_RETRY_NS  (5 * SECOND_NS)
#define MAINTENANCE_NS SECOND_NS /* at least, between two refreshes or republications */

static void refresh_advance(struct kad_node *node, uint64_t now_ns);

/* --- Joining --------------------------------------------------------------------------------- */

static void greet(struct kad_node *node, uint64_t now_ns)
{
    struct kad_join *join = &node->join;
    int index = (join->start + join->asked) % join->count;
    struct kad_contact contact = {.address = join->addresses[index], .port = join->ports[index]};
    join->asked++;
    kad_rpc_send(node, now_ns, KAD_FOR_BOOTSTRAP, &contact, NULL, 0, NULL);
}

static void joined(struct kad_node *node, uint64_t now_ns)
{
    struct kad_join *join = &node->join;
    struct kad_result result = {.success = true};
    join->joined = true;
    kad_maintenance_want(node, now_ns);
    if (join->done) {
        join->done(join->context, now_ns, &result);
    }
}

void kad_node_join(struct kad_node *node, uint64_t now_ns, const uint32_t *addresses,
                   const uint16_t *ports, uint32_t count, bool greet_all, kad_done *done,
                   void *context)
{
    struct kad_join *join = &node->join;
    memset(join, 0, sizeof(*join));
    join->count = (uint8_t)(count < KAD_BOOTSTRAP_MAX ? count : KAD_BOOTSTRAP_MAX);
    memcpy(join->addresses, addresses, join->count * sizeof(*addresses));
    memcpy(join->ports, ports, join->count * sizeof(*ports));
    join->done = done;
    join->context = context;
    join->retry_ns = KAD_NEVER;
    if (join->count == 0) {
        joined(node, now_ns);
        return;
    }
    join->start = (uint8_t)kad_random_below(&node->random, join->count);
    do {
        greet(node, now_ns);
    } while (greet_all && join->asked < join->count);
}

/* Asks the next bootstrap node; after the last, all again in a while. */
static void greet_next(struct kad_node *node, uint64_t now_ns)
{
    struct kad_join *join = &node->join;
    if (join->asked < join->count) {
        greet(node, now_ns);
    } else {
        join->asked = 0;
        join->retry_ns = now_ns + JOIN_RETRY_NS;
    }
}

void kad_join_silent(struct kad_node *node, uint64_t now_ns)
{
    if (!node->join.joined && !node->join.looking && node->join.retry_ns == KAD_NEVER) {
        greet_next(node, now_ns);
    }
}

void kad_join_tick(struct kad_node *node, uint64_t now_ns)
{
    if (node->join.retry_ns <= now_ns) {
        node->join.retry_ns = KAD_NEVER;
        greet(node, now_ns);
    }
}

static void refresh_done(void *context, uint64_t now_ns, const struct kad_result *result)
{
    struct kad_node *node = context;
    (void)result; /* a refresh that found nobody is still a refresh */
    node->join.refreshing--;
    refresh_advance(node, now_ns);
}

/* Refreshes alpha buckets at a time, nearest first, and leaves out those already full. */
static void refresh_advance(struct kad_node *node, uint64_t now_ns)
{
    struct kad_join *join = &node->join;
    while (join->refreshing < node->options.alpha && join->refresh_bucket < KAD_ID_BITS) {
        int bucket = join->refresh_bucket++;
        if (kad_table_bucket_count(&node->table, bucket) >= node->options.k) {
            continue;
        }
        struct kad_id target;
        kad_id_random_in_bucket(&target, &node->table.self, bucket, &node->random);
        join->refreshing++; /* before, since the search may end at once */
        if (!kad_node_search(node, now_ns, KAD_SEARCH_NODE, &target, NULL, 0, refresh_done, node)) {
            join->refreshing--;
        }
    }
    if (join->refreshing == 0 && join->refresh_bucket == KAD_ID_BITS && !join->joined) {
        joined(node, now_ns);
    }
}

/*
 * The self-lookup has ended: the k closest nodes have answered, so every bucket that lies wholly
 * within their distance is complete. Those farther away are refreshed.
 */
static void self_found(void *context, uint64_t now_ns, const struct kad_result *result)
{
    struct kad_node *node = context;
    struct kad_contact neighbours[KAD_CONTACTS_MAX];
    if (!result->success) {
        node->join.looking = false;
        greet_next(node, now_ns); /* the bootstrap node has gone meanwhile */
        return;
    }
    uint32_t count =
        kad_table_closest(&node->table, &node->table.self, NULL, neighbours, node->options.k);
    int farthest = -1;
    for (uint32_t i = 0; i < count; i++) {
        int bucket = kad_id_bucket(&node->table.self, &neighbours[i].id);
        farthest = bucket > farthest ? bucket : farthest;
    }
    node->join.refresh_bucket = farthest < 0 ? KAD_ID_BITS : farthest;
    refresh_advance(node, now_ns);
}

void kad_join_greeted(struct kad_node *node, uint64_t now_ns, const struct kad_id *sender)
{
    struct kad_join *join = &node->join;
    if (join->joined || join->looking) {
        return;
    }
    if (kad_id_equal(sender, &node->table.self)) {
        greet_next(node, now_ns); /* that was ourselves */
        return;
    }
    join->looking = true;
    if (!kad_node_search(node, now_ns, KAD_SEARCH_NODE, &node->table.self, NULL, 0, self_found,
                         node)) {
        join->looking = false;
        join->retry_ns = now_ns + JOIN_RETRY_NS;
    }
}

/* --- Staying --------------------------------------------------------------------------------- */

void kad_maintenance_want(struct kad_node *node, uint64_t now_ns)
{
    const struct kad_options *options = &node->options;
    uint32_t period_s = options->expire_s;
    if (options->refresh_s != 0 && options->refresh_s < period_s) {
        period_s = options->refresh_s;
    }
    if (options->republish_s != 0 && options->republish_s < period_s) {
        period_s = options->republish_s;
    }
    if (node->maintenance_ns > now_ns + period_s * SECOND_NS) {
        node->maintenance_ns = now_ns + period_s * SECOND_NS;
    }
}

/* Refreshes one bucket whose time has come; returns when the next one's comes. */
static uint64_t refresh_stale(struct kad_node *node, uint64_t now_ns)
{
    uint64_t period_ns = node->options.refresh_s * SECOND_NS;
    uint64_t next_ns = KAD_NEVER;
    int lowest = kad_table_lowest(&node->table);
    int stale = -1;
    if (period_ns == 0 || lowest < 0) {
        return KAD_NEVER;
    }
    for (int i = lowest; i < KAD_ID_BITS; i++) {
        if (!node->table.bucket[i]) {
            continue;
        }
        uint64_t due_ns = node->table.bucket[i]->lookup_ms * UINT64_C(1000000) + period_ns;
        if (due_ns <= now_ns && stale < 0) {
            stale = i;
        } else if (due_ns < next_ns) {
            next_ns = due_ns;
        }
    }
    if (stale >= 0) {
        struct kad_id target;
        kad_id_random_in_bucket(&target, &node->table.self, stale, &node->random);
        (void)kad_node_search(node, now_ns, KAD_SEARCH_NODE, &target, NULL, 0, NULL, NULL);
    }
    return next_ns;
}

/* Its k holders got a pair at about the same time. Each waits up to a quarter of the period longer,
 * so that the first to republish spares the others the work. */
static uint64_t republish_due(const struct kad_node *node, const struct kad_pair *pair)
{
    uint64_t period_ns = node->options.republish_s * SECOND_NS;
    uint32_t fraction = (node->table.self.word[4] ^ pair->key.word[4]) & 0xffff;
    return pair->stored_ns + period_ns + (period_ns / 4 >> 16) * fraction;
}

/* Sends on one pair that nobody has stored here again for a period (paper, 2.5: whoever had it
 * stored again within the hour leaves the work to the one who did). */
static uint64_t republish_stale(struct kad_node *node, uint64_t now_ns)
{
    bool republishes = node->options.republish_s != 0;
    uint64_t next_ns = KAD_NEVER;
    struct kad_pair *stale = NULL;
    for (uint32_t i = 0; i < node->store.count; i++) {
        struct kad_pair *pair = &node->store.pairs[i];
        uint64_t due_ns = republishes && !pair->cached ? republish_due(node, pair) : KAD_NEVER;
        if (due_ns <= now_ns && !stale) {
            stale = pair;
        } else if (due_ns < next_ns) {
            next_ns = due_ns;
        }
        next_ns = pair->expires_ns < next_ns ? pair->expires_ns : next_ns;
    }
    if (stale) {
        stale->stored_ns = now_ns;
        kad_search_republish(node, now_ns, stale);
    }
    return next_ns;
}

void kad_maintenance_tick(struct kad_node *node, uint64_t now_ns)
{
    if (node->maintenance_ns > now_ns) {
        return;
    }
    node->maintenance_ns = KAD_NEVER;
    kad_store_expire(&node->store, now_ns);
    uint64_t refresh_ns = refresh_stale(node, now_ns);
    uint64_t republish_ns = republish_stale(node, now_ns);
    uint64_t next_ns = refresh_ns < republish_ns ? refresh_ns : republish_ns;
    if (next_ns != KAD_NEVER && next_ns < now_ns + MAINTENANCE_NS) {
        next_ns = now_ns + MAINTENANCE_NS;
    }
    node->maintenance_ns = next_ns;
    kad_maintenance_want(node, now_ns);
}
