/* The node itself: what comes in, and what is due; see node.h. */
#include "node.h"

#include <stdlib.h>
#include <string.h>

#define HANDOFF_RANK 3u /* as many of the closest holders of a pair hand it to a newcomer */

void kad_options_default(struct kad_options *options)
{
    *options = (struct kad_options){
        .k = 20,
        .alpha = 3,
        .rpc_attempts = 3,
        .cache = true,
        .rpc_timeout_ms = 1000,
        .fresh_ms = 60000,
        .refresh_s = 3600,
        .republish_s = 3600,
        .expire_s = 86400,
        .store_capacity = 256,
    };
}

void kad_node_init(struct kad_node *node, const struct kad_options *options,
                   const struct kad_id *self, uint64_t seed, const struct kad_transport *transport)
{
    memset(node, 0, sizeof(*node));
    node->options = *options;
    node->transport = *transport;
    kad_table_init(&node->table, self, options->k);
    kad_store_init(&node->store, options->store_capacity);
    kad_random_seed(&node->random, seed, (uint64_t)self->word[0] << 32 | self->word[1]);
    node->join.retry_ns = KAD_NEVER;
    node->maintenance_ns = KAD_NEVER;
}

void kad_node_fini(struct kad_node *node)
{
    while (node->searches) {
        struct kad_search *search = node->searches;
        node->searches = search->next;
        free(search->value);
        free(search);
    }
    free(node->rpcs);
    kad_store_fini(&node->store);
    kad_table_fini(&node->table);
    memset(node, 0, sizeof(*node));
}

/*
 * Paper, 2.5: a node that learns of a new one sends it the pairs that the new one should hold,
 * being one of the k closest to their keys. So that not all holders do, only the closest does; here
 * the three closest, because the closest may itself be so new that it is still waiting for the
 * pair.
 */
static void hand_off(struct kad_node *node, uint64_t now_ns, const struct kad_contact *newcomer)
{
    for (uint32_t i = 0; i < node->store.count; i++) {
        const struct kad_pair *pair = &node->store.pairs[i];
        struct kad_contact closest[KAD_CONTACTS_MAX];
        bool is_closer = kad_id_compare(&newcomer->id, &node->table.self, &pair->key) < 0;
        if (pair->cached || pair->expires_ns <= now_ns ||
            kad_table_count_closer(&node->table, &pair->key) >= HANDOFF_RANK + is_closer) {
            continue;
        }
        uint32_t count =
            kad_table_closest(&node->table, &pair->key, NULL, closest, node->options.k);
        while (count > 0 && !kad_id_equal(&closest[count - 1].id, &newcomer->id)) {
            count--;
        }
        if (count > 0) {
            node->counters.handoffs++;
            kad_rpc_send(node, now_ns, KAD_FOR_HANDOFF, newcomer, NULL, 0, pair);
        }
    }
}

/* Paper, 2.2: every message received updates the bucket of its sender. */
static void saw(struct kad_node *node, uint64_t now_ns, const struct kad_contact *contact)
{
    struct kad_contact oldest;
    switch (
        kad_table_seen(&node->table, contact, kad_ms(now_ns), node->options.fresh_ms, &oldest)) {
    case KAD_SEEN_ADDED:
        hand_off(node, now_ns, contact);
        break;
    case KAD_SEEN_PROBE:
        kad_rpc_send(node, now_ns, KAD_FOR_PROBE, &oldest, NULL, 0, NULL);
        break;
    case KAD_SEEN_KNOWN:
    case KAD_SEEN_DROPPED:
        break;
    }
}

/* Paper, 2.3: a copy on a node far from the key expires early, the earlier the more nodes it knows
 * to be closer: half the time for each beyond k. */
static bool keep(struct kad_node *node, uint64_t now_ns, const struct kad_message *request)
{
    const struct kad_options *options = &node->options;
    uint64_t life_ns = (uint64_t)options->expire_s * 1000000000;
    uint64_t age_ns = (uint64_t)request->age_s * 1000000000;
    uint32_t closer = kad_table_count_closer(&node->table, &request->key);
    if (age_ns >= life_ns) {
        return false;
    }
    struct kad_pair pair = {
        .key = request->key,
        .value = (uint8_t *)request->value,
        .value_bytes = request->value_bytes,
        .cached = closer > options->k,
        .published_ns = now_ns > age_ns ? now_ns - age_ns : 0,
        .stored_ns = now_ns,
        .expires_ns = now_ns + life_ns - age_ns,
    };
    if (pair.cached) {
        uint32_t halvings = closer - options->k < 32 ? closer - options->k : 32;
        uint64_t early_ns = now_ns + (life_ns >> halvings);
        pair.expires_ns = early_ns < pair.expires_ns ? early_ns : pair.expires_ns;
    }
    if (!kad_store_put(&node->store, &pair)) {
        return false;
    }
    kad_maintenance_want(node, now_ns);
    return true;
}

static void serve(struct kad_node *node, uint64_t now_ns, const struct kad_message *request,
                  uint32_t address, uint16_t port)
{
    struct kad_message reply = {.rpc = request->rpc, .sender = node->table.self};
    const struct kad_pair *pair = NULL;
    size_t size;
    node->counters.requests_served++;
    switch (request->type) {
    case KAD_PING:
        reply.type = KAD_PONG;
        size = kad_message_write(&reply, node->datagram);
        break;
    case KAD_STORE:
        reply.type = KAD_STORED;
        reply.stored = keep(node, now_ns, request);
        size = kad_message_write(&reply, node->datagram);
        break;
    case KAD_FIND_VALUE:
        pair = kad_store_get(&node->store, &request->key, now_ns);
        if (pair) {
            reply.type = KAD_VALUE;
            reply.age_s = (uint32_t)((now_ns - pair->published_ns) / 1000000000);
            reply.value = pair->value;
            reply.value_bytes = pair->value_bytes;
            size = kad_message_write(&reply, node->datagram);
            break;
        }
        /* fall through */
    default: { /* FIND_NODE, or a value not kept here */
        struct kad_contact closest[KAD_CONTACTS_MAX];
        uint32_t count = kad_table_closest(&node->table, &request->key, &request->sender, closest,
                                           node->options.k);
        reply.type = KAD_NODES;
        size = kad_message_write(&reply, node->datagram);
        for (uint32_t i = 0; i < count; i++) {
            size = kad_message_append(node->datagram, size, &closest[i]);
        }
        break;
    }
    }
    node->transport.send(node->transport.context, address, port, node->datagram, size);
}

static void answered(struct kad_node *node, uint64_t now_ns, const struct kad_message *reply,
                     const struct kad_contact *sender)
{
    struct kad_rpc rpc;
    if (!kad_rpc_take(node, reply, sender->address, sender->port, &rpc)) {
        node->counters.malformed++;
        return;
    }
    if (rpc.purpose == KAD_FOR_BOOTSTRAP) {
        saw(node, now_ns, sender);
        kad_join_greeted(node, now_ns, &sender->id);
        return;
    }
    if (!kad_id_equal(&rpc.contact.id, &sender->id)) {
        /* Somebody else lives at that address now. */
        kad_table_failed(&node->table, &rpc.contact.id, kad_ms(now_ns));
        saw(node, now_ns, sender);
        if (rpc.search) {
            kad_search_failed(node, now_ns, &rpc);
        }
        return;
    }
    kad_table_probe_answered(&node->table, &sender->id);
    saw(node, now_ns, sender);
    if (rpc.search) {
        kad_search_replied(node, now_ns, &rpc, reply);
    }
}

void kad_node_receive(struct kad_node *node, uint64_t now_ns, uint32_t address, uint16_t port,
                      const uint8_t *bytes, size_t size_bytes)
{
    struct kad_message message;
    if (!kad_message_read(&message, bytes, size_bytes)) {
        node->counters.malformed++;
        return;
    }
    struct kad_contact sender = {.id = message.sender, .address = address, .port = port};
    if (kad_type_is_reply(message.type)) {
        answered(node, now_ns, &message, &sender);
        return;
    }
    serve(node, now_ns, &message, address, port);
    saw(node, now_ns, &sender);
}

void kad_node_tick(struct kad_node *node, uint64_t now_ns)
{
    kad_rpc_tick(node, now_ns);
    kad_join_tick(node, now_ns);
    kad_maintenance_tick(node, now_ns);
}

uint64_t kad_node_next_ns(const struct kad_node *node)
{
    uint64_t next_ns = node->maintenance_ns;
    if (node->join.retry_ns < next_ns) {
        next_ns = node->join.retry_ns;
    }
    for (uint32_t i = 0; i < node->rpc_count; i++) {
        if (node->rpcs[i].deadline_ns < next_ns) {
            next_ns = node->rpcs[i].deadline_ns;
        }
    }
    return next_ns;
}
