/*
 * Searches: FIND_NODE, FIND_VALUE and STORE over the short list of lookup.c (paper, 2.3).
 */
#include "node.h"

#include <stdlib.h>
#include <string.h>

static void search_end(struct kad_node *node, uint64_t now_ns, struct kad_search *search,
                       struct kad_result *result)
{
    struct kad_search **link = &node->searches;
    while (*link != search) {
        link = &(*link)->next;
    }
    *link = search->next;
    kad_rpc_orphan(node, search);
    result->copies = search->copies;
    result->timeouts = search->timeouts;
    result->latency_ns = now_ns - search->started_ns;
    if (search->done) {
        search->done(search->context, now_ns, result);
    }
    free(search->value);
    free(search);
}

/* Sends STOREs until k copies are acknowledged or under way, closest nodes first; a node that
 * refuses or falls silent is replaced by the next one that replied. */
static void store_advance(struct kad_node *node, uint64_t now_ns, struct kad_search *search)
{
    struct kad_shortlist *list = &search->list;
    while (search->copies + search->stores_asked < node->options.k) {
        int position = kad_shortlist_replied_from(list, search->store_position);
        if (position < 0) {
            break;
        }
        int slot = list->order[position];
        search->store_position = position + 1;
        search->stores_asked++;
        kad_rpc_send(node, now_ns, KAD_FOR_STORE, &list->slot[slot].contact, search, slot, NULL);
    }
    if (search->stores_asked == 0) {
        struct kad_result result = {.success = search->copies > 0, .hops = search->hops_max};
        search_end(node, now_ns, search, &result);
    }
}

/* The k closest nodes are known. If this node is one of them it keeps a copy itself. */
static void store_begin(struct kad_node *node, uint64_t now_ns, struct kad_search *search)
{
    search->storing = true;
    uint32_t closer = 0;
    for (int position = kad_shortlist_replied_from(&search->list, 0); position >= 0;
         position = kad_shortlist_replied_from(&search->list, position + 1)) {
        const struct kad_candidate *candidate = &search->list.slot[search->list.order[position]];
        closer +=
            kad_id_compare(&candidate->contact.id, &node->table.self, &search->list.target) < 0;
    }
    if (closer < node->options.k) {
        struct kad_pair pair = {
            .key = search->list.target,
            .value = search->value,
            .value_bytes = search->value_bytes,
            .published_ns = search->published_ns,
            .stored_ns = now_ns,
            .expires_ns = search->published_ns + (uint64_t)node->options.expire_s * 1000000000,
        };
        if (kad_store_put(&node->store, &pair)) {
            kad_maintenance_want(node, now_ns);
            search->copies++;
        }
    }
    store_advance(node, now_ns, search);
}

static void search_advance(struct kad_node *node, uint64_t now_ns, struct kad_search *search)
{
    if (search->storing) {
        store_advance(node, now_ns, search);
        return;
    }
    for (int slot = kad_shortlist_next(&search->list); slot >= 0;
         slot = kad_shortlist_next(&search->list)) {
        kad_rpc_send(node, now_ns, KAD_FOR_SEARCH, &search->list.slot[slot].contact, search, slot,
                     NULL);
    }
    if (!kad_shortlist_finished(&search->list)) {
        return;
    }
    if (search->kind == KAD_SEARCH_STORE) {
        store_begin(node, now_ns, search);
        return;
    }
    struct kad_result result = {
        .success =
            search->kind == KAD_SEARCH_NODE && kad_shortlist_replied_from(&search->list, 0) >= 0,
        .hops = search->hops_max,
    };
    search_end(node, now_ns, search, &result);
}

static bool search_start(struct kad_node *node, uint64_t now_ns, enum kad_search_kind kind,
                         const struct kad_id *target, const struct kad_pair *pair, kad_done *done,
                         void *context)
{
    const struct kad_options *options = &node->options;
    struct kad_search *search =
        calloc(1, offsetof(struct kad_search, list) + kad_shortlist_bytes(options->k));
    if (!search) {
        return false;
    }
    kad_shortlist_init(&search->list, target, options->k, options->alpha);
    search->kind = kind;
    search->started_ns = now_ns;
    search->done = done;
    search->context = context;
    if (pair) {
        search->value = malloc(pair->value_bytes ? pair->value_bytes : 1);
        if (!search->value) {
            free(search);
            return false;
        }
        if (pair->value_bytes > 0) {
            memcpy(search->value, pair->value, pair->value_bytes);
        }
        search->value_bytes = pair->value_bytes;
        search->published_ns = pair->published_ns;
    }
    search->next = node->searches;
    node->searches = search;

    struct kad_contact closest[KAD_CONTACTS_MAX];
    uint32_t count = kad_table_closest(&node->table, target, NULL, closest, options->k);
    for (uint32_t i = 0; i < count; i++) {
        kad_shortlist_add(&search->list, &closest[i], 1);
    }
    kad_table_touch(&node->table, target, kad_ms(now_ns));
    search_advance(node, now_ns, search);
    return true;
}

bool kad_node_search(struct kad_node *node, uint64_t now_ns, enum kad_search_kind kind,
                     const struct kad_id *target, const uint8_t *value, uint16_t value_bytes,
                     kad_done *done, void *context)
{
    if (kind == KAD_SEARCH_STORE) {
        struct kad_pair pair = {
            .value = (uint8_t *)value, .value_bytes = value_bytes, .published_ns = now_ns};
        return search_start(node, now_ns, kind, target, &pair, done, context);
    }
    if (kind == KAD_SEARCH_VALUE) {
        const struct kad_pair *pair = kad_store_get(&node->store, target, now_ns);
        if (pair) {
            struct kad_result result = {
                .success = true, .value = pair->value, .value_bytes = pair->value_bytes};
            if (done) {
                done(context, now_ns, &result);
            }
            return true;
        }
    }
    return search_start(node, now_ns, kind, target, NULL, done, context);
}

void kad_search_republish(struct kad_node *node, uint64_t now_ns, const struct kad_pair *pair)
{
    (void)search_start(node, now_ns, KAD_SEARCH_STORE, &pair->key, pair, NULL, NULL);
}

/* Paper, 2.3: "once a lookup succeeds, the requesting node stores the <key, value> pair at the
 * closest node it observed to the key that did not return the value". */
static void cache_found(struct kad_node *node, uint64_t now_ns, const struct kad_search *search,
                        const struct kad_message *reply)
{
    int position = kad_shortlist_replied_from(&search->list, 0);
    if (!node->options.cache || position < 0) {
        return;
    }
    uint64_t age_ns = (uint64_t)reply->age_s * 1000000000;
    struct kad_pair pair = {
        .key = search->list.target,
        .value = (uint8_t *)reply->value,
        .value_bytes = reply->value_bytes,
        .published_ns = now_ns > age_ns ? now_ns - age_ns : 0,
    };
    int slot = search->list.order[position];
    kad_rpc_send(node, now_ns, KAD_FOR_CACHE, &search->list.slot[slot].contact, NULL, 0, &pair);
}

static void search_found(struct kad_node *node, uint64_t now_ns, struct kad_search *search,
                         int slot, const struct kad_message *reply)
{
    cache_found(node, now_ns, search, reply);
    struct kad_result result = {
        .success = true,
        .value = reply->value,
        .value_bytes = reply->value_bytes,
        .hops = search->list.slot[slot].hops,
    };
    search_end(node, now_ns, search, &result);
}

void kad_search_replied(struct kad_node *node, uint64_t now_ns, const struct kad_rpc *rpc,
                        const struct kad_message *reply)
{
    struct kad_search *search = rpc->search;
    struct kad_shortlist *list = &search->list;
    if (rpc->purpose == KAD_FOR_STORE) {
        search->stores_asked--;
        if (reply->type == KAD_STORED && reply->stored) {
            search->copies++;
        }
        search_advance(node, now_ns, search);
        return;
    }
    if (reply->type == KAD_VALUE && search->kind == KAD_SEARCH_VALUE) {
        search_found(node, now_ns, search, rpc->slot, reply);
        return;
    }
    if (reply->type != KAD_NODES) {
        kad_search_failed(node, now_ns, rpc); /* an answer to another question */
        return;
    }
    uint8_t hops = list->slot[rpc->slot].hops;
    if (hops > search->hops_max) {
        search->hops_max = hops;
    }
    bool closer = false;
    for (uint32_t i = 0; i < reply->contact_count; i++) {
        struct kad_contact contact;
        if (kad_message_contact(reply, i, &contact) &&
            !kad_id_equal(&contact.id, &node->table.self)) {
            closer |= kad_shortlist_add(list, &contact, hops < UINT8_MAX ? hops + 1 : hops);
        }
    }
    kad_shortlist_replied(list, rpc->slot, closer);
    search_advance(node, now_ns, search);
}

void kad_search_slow(struct kad_node *node, uint64_t now_ns, const struct kad_rpc *rpc)
{
    kad_shortlist_slow(&rpc->search->list, rpc->slot);
    search_advance(node, now_ns, rpc->search);
}

void kad_search_failed(struct kad_node *node, uint64_t now_ns, const struct kad_rpc *rpc)
{
    struct kad_search *search = rpc->search;
    if (rpc->purpose == KAD_FOR_STORE) {
        search->stores_asked--;
    } else {
        kad_shortlist_failed(&search->list, rpc->slot);
    }
    search_advance(node, now_ns, search);
}
