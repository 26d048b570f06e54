/*
 * Requests that wait for their replies: sending, sending again, giving up.
 *
 * A request is an identifier of 160 random bits that its reply must echo (paper, 2.3). Each attempt
 * waits twice as long as the one before, and a reply is welcome until the last has timed out: over
 * paths that differ by a factor of a thousand, a late peer is usually slow, not gone.
 */
#include "node.h"

#include <stdlib.h>
#include <string.h>

static void message_begin(struct kad_node *node, struct kad_message *message,
                          const struct kad_rpc *rpc, enum kad_type type)
{
    memset(message, 0, sizeof(*message));
    message->type = type;
    message->rpc = rpc->id;
    message->sender = node->table.self;
}

static void message_pair(struct kad_message *message, uint64_t now_ns, const struct kad_pair *pair)
{
    message->type = KAD_STORE;
    message->key = pair->key;
    message->value = pair->value;
    message->value_bytes = pair->value_bytes;
    message->age_s = (uint32_t)((now_ns - pair->published_ns) / 1000000000);
}

/* One attempt. pair: CACHE's first attempt only; everything else finds its content again. */
static void transmit(struct kad_node *node, uint64_t now_ns, struct kad_rpc *rpc,
                     const struct kad_pair *pair)
{
    const struct kad_search *search = rpc->search;
    struct kad_message message;
    message_begin(node, &message, rpc, KAD_PING);
    switch ((enum kad_purpose)rpc->purpose) {
    case KAD_FOR_SEARCH:
        message.type = search->kind == KAD_SEARCH_VALUE ? KAD_FIND_VALUE : KAD_FIND_NODE;
        message.key = search->list.target;
        break;
    case KAD_FOR_STORE:
        message_pair(&message, now_ns,
                     &(struct kad_pair){.key = search->list.target,
                                        .value = search->value,
                                        .value_bytes = search->value_bytes,
                                        .published_ns = search->published_ns});
        break;
    case KAD_FOR_HANDOFF:
        pair = kad_store_get(&node->store, &rpc->key, now_ns);
        /* fall through */
    case KAD_FOR_CACHE:
        if (pair) {
            message_pair(&message, now_ns, pair);
        } /* else the value is gone meanwhile: a PING still tells whether the peer lives */
        break;
    case KAD_FOR_PROBE:
    case KAD_FOR_BOOTSTRAP:
        break;
    }
    uint64_t timeout_ns = (uint64_t)node->options.rpc_timeout_ms * 1000000;
    rpc->deadline_ns = now_ns + (timeout_ns << rpc->attempts);
    rpc->attempts++;
    node->counters.requests_sent++;
    size_t size = kad_message_write(&message, node->datagram);
    node->transport.send(node->transport.context, rpc->contact.address, rpc->contact.port,
                         node->datagram, size);
}

static struct kad_rpc *allocate(struct kad_node *node)
{
    if (node->rpc_count == node->rpc_allocated) {
        uint32_t allocated = node->rpc_allocated ? 2 * node->rpc_allocated : 16;
        struct kad_rpc *rpcs = realloc(node->rpcs, allocated * sizeof(*rpcs));
        if (!rpcs) {
            return NULL;
        }
        node->rpcs = rpcs;
        node->rpc_allocated = allocated;
    }
    return &node->rpcs[node->rpc_count++];
}

void kad_rpc_send(struct kad_node *node, uint64_t now_ns, enum kad_purpose purpose,
                  const struct kad_contact *contact, struct kad_search *search, int slot,
                  const struct kad_pair *pair)
{
    struct kad_rpc lost; /* out of memory: sent once, its reply will be answer to no question */
    struct kad_rpc *rpc = allocate(node);
    if (!rpc) {
        rpc = &lost;
    }
    memset(rpc, 0, sizeof(*rpc));
    kad_id_random(&rpc->id, &node->random);
    rpc->contact = *contact;
    rpc->search = search;
    rpc->slot = (uint8_t)slot;
    rpc->purpose = (uint8_t)purpose;
    if (pair) {
        rpc->key = pair->key;
    }
    transmit(node, now_ns, rpc, pair);
}

void kad_rpc_orphan(struct kad_node *node, const struct kad_search *search)
{
    for (uint32_t i = 0; i < node->rpc_count; i++) {
        if (node->rpcs[i].search == search) {
            node->rpcs[i].search = NULL;
            node->rpcs[i].purpose = KAD_FOR_PROBE;
        }
    }
}

static void remove_rpc(struct kad_node *node, uint32_t index)
{
    node->rpcs[index] = node->rpcs[--node->rpc_count];
}

bool kad_rpc_take(struct kad_node *node, const struct kad_message *reply, uint32_t address,
                  uint16_t port, struct kad_rpc *rpc)
{
    for (uint32_t i = 0; i < node->rpc_count; i++) {
        const struct kad_rpc *waiting = &node->rpcs[i];
        if (kad_id_equal(&waiting->id, &reply->rpc)) {
            if (waiting->contact.address != address || waiting->contact.port != port) {
                return false;
            }
            *rpc = *waiting;
            remove_rpc(node, i);
            return true;
        }
    }
    return false;
}

/* All attempts of a request have timed out. */
static void give_up(struct kad_node *node, uint64_t now_ns, const struct kad_rpc *rpc)
{
    node->counters.failures++;
    if (rpc->purpose == KAD_FOR_BOOTSTRAP) {
        kad_join_silent(node, now_ns);
        return;
    }
    kad_table_failed(&node->table, &rpc->contact.id, kad_ms(now_ns));
    if (rpc->search) {
        kad_search_failed(node, now_ns, rpc);
    }
}

/* The index of the first request that is due, or rpc_count. */
static uint32_t find_due(const struct kad_node *node, uint64_t now_ns)
{
    uint32_t index = 0;
    while (index < node->rpc_count && node->rpcs[index].deadline_ns > now_ns) {
        index++;
    }
    return index;
}

void kad_rpc_tick(struct kad_node *node, uint64_t now_ns)
{
    /* From the start each time: what follows a time-out may add requests or end searches. */
    for (uint32_t i = find_due(node, now_ns); i < node->rpc_count; i = find_due(node, now_ns)) {
        struct kad_rpc *rpc = &node->rpcs[i];
        node->counters.timeouts++;
        if (rpc->search) {
            rpc->search->timeouts++;
        }
        if (rpc->attempts >= node->options.rpc_attempts) {
            struct kad_rpc given_up = *rpc;
            remove_rpc(node, i);
            give_up(node, now_ns, &given_up);
            continue;
        }
        if (rpc->purpose == KAD_FOR_CACHE) {
            rpc->purpose = KAD_FOR_PROBE; /* the value is no longer here to be sent again */
        }
        transmit(node, now_ns, rpc, NULL);
        if (rpc->purpose == KAD_FOR_SEARCH && rpc->attempts == 2) {
            struct kad_rpc slow = *rpc;
            kad_search_slow(node, now_ns, &slow);
        }
    }
}
