/*
 * A Kademlia node without sockets or clock: it is handed datagrams and the time, and hands back
 * datagrams and the next moment it wants to be called. So the same code runs on a machine and, by
 * the hundred, inside a unit test.
 *
 * Ownership: the caller owns the storage of struct kad_node; values given in are copied. One
 * thread. now_ns never goes back. Callbacks may start new searches but not end the node.
 *
 * Source: Maymounkov and Mazieres, "Kademlia: A Peer-to-peer Information System Based on the XOR
 * Metric", IPTPS 2002; sections are cited where they are followed.
 */
#ifndef KADEMLIA_NODE_H
#define KADEMLIA_NODE_H

#include "lookup.h"
#include "message.h"
#include "store.h"

#define KAD_NEVER         UINT64_MAX
#define KAD_BOOTSTRAP_MAX 16

struct kad_options {
    uint8_t k;               /* contacts of a bucket and copies of a value, 1..KAD_CONTACTS_MAX */
    uint8_t alpha;           /* requests of a lookup in flight, 1..k */
    uint8_t rpc_attempts;    /* times a request is sent before its receiver counts as gone, 1..8 */
    bool cache;              /* store found values at the closest node that lacked them */
    uint32_t rpc_timeout_ms; /* of the first attempt; it doubles with every other */
    uint32_t fresh_ms;       /* a full bucket's oldest contact is not pinged if younger */
    uint32_t refresh_s;      /* refresh buckets without a lookup for so long; 0: never */
    uint32_t republish_s;    /* send on pairs not stored again for so long; 0: never */
    uint32_t expire_s;       /* a value lives so long after its publisher last published it */
    uint32_t store_capacity; /* pairs kept for others */
};

/* The paper's constants where it has them: k 20, alpha 3, hourly refresh and republish, a day. */
void kad_options_default(struct kad_options *options);

struct kad_transport {
    void *context;
    void (*send)(void *context, uint32_t address, uint16_t port, const uint8_t *bytes,
                 size_t size_bytes);
};

/* How a search ended. */
struct kad_result {
    bool success;         /* VALUE: found. STORE: at least one copy. NODE: somebody replied */
    const uint8_t *value; /* VALUE; valid during the callback */
    uint16_t value_bytes;
    uint32_t copies;   /* STORE: nodes that acknowledged */
    uint32_t hops;     /* VALUE found: RPCs in a row that led to it, 0 if it was here already;
                          otherwise the longest such chain */
    uint32_t timeouts; /* RPC attempts of this search that timed out */
    uint64_t latency_ns;
};
typedef void kad_done(void *context, uint64_t now_ns, const struct kad_result *result);

enum kad_search_kind {
    KAD_SEARCH_NODE,  /* find the k closest nodes */
    KAD_SEARCH_VALUE, /* find the value, or the k closest nodes */
    KAD_SEARCH_STORE, /* find the k closest nodes, then store the value there */
};

struct kad_search {
    struct kad_search *next; /* in kad_node.searches */
    enum kad_search_kind kind;
    bool storing;         /* STORE: the nodes are found, the copies under way */
    uint8_t stores_asked; /* STORE requests in flight */
    int store_position;   /* next position of the order to store at */
    uint32_t copies;
    uint32_t hops_max;
    uint32_t timeouts;
    uint64_t started_ns;
    uint64_t published_ns;
    uint8_t *value; /* STORE: owned */
    uint16_t value_bytes;
    kad_done *done; /* may be NULL */
    void *context;
    struct kad_shortlist list; /* must be last */
};

enum kad_purpose {
    KAD_FOR_SEARCH,    /* FIND_NODE or FIND_VALUE of `search`, candidate `slot` */
    KAD_FOR_STORE,     /* STORE of `search`, candidate `slot` */
    KAD_FOR_HANDOFF,   /* STORE of a pair kept here to a node that has just come (paper, 2.5) */
    KAD_FOR_CACHE,     /* STORE of a found value (paper, 2.3) */
    KAD_FOR_PROBE,     /* PING: is it still alive? */
    KAD_FOR_BOOTSTRAP, /* PING to an address whose identifier is not known yet */
};

/* A request that waits for its reply. */
struct kad_rpc {
    struct kad_id id;
    struct kad_contact contact; /* BOOTSTRAP: identifier all zeros */
    struct kad_id key;          /* HANDOFF */
    uint64_t deadline_ns;
    struct kad_search *search;
    uint8_t slot;
    uint8_t purpose;  /* enum kad_purpose */
    uint8_t attempts; /* sent so far */
};

struct kad_join {
    uint32_t addresses[KAD_BOOTSTRAP_MAX];
    uint16_t ports[KAD_BOOTSTRAP_MAX];
    uint8_t count;
    uint8_t start; /* the one asked first, chosen at random */
    uint8_t asked; /* of this round */
    bool looking;  /* somebody answered: the self-lookup or the refreshes are under way */
    bool joined;
    int refresh_bucket; /* buckets from here to 159 are still to be refreshed */
    uint8_t refreshing; /* refreshes under way */
    uint64_t retry_ns;  /* all bootstrap nodes were silent: when to ask again */
    kad_done *done;
    void *context;
};

struct kad_counters {
    uint32_t requests_served;
    uint32_t requests_sent; /* attempts */
    uint32_t timeouts;      /* attempts */
    uint32_t failures;      /* requests given up */
    uint32_t malformed;     /* datagrams that were no message, or an answer to no question */
    uint32_t handoffs;
};

struct kad_node {
    struct kad_options options;
    struct kad_transport transport;
    struct kad_table table;
    struct kad_store store;
    struct kad_random random;
    struct kad_join join;
    struct kad_search *searches;
    struct kad_rpc *rpcs; /* rpc_count in use, in no order */
    uint32_t rpc_count;
    uint32_t rpc_allocated;
    uint64_t maintenance_ns; /* next look at refresh and republish */
    struct kad_counters counters;
    uint8_t datagram[KAD_MESSAGE_MAX]; /* the one being written */
};

void kad_node_init(struct kad_node *node, const struct kad_options *options,
                   const struct kad_id *self, uint64_t seed, const struct kad_transport *transport);
/* Ends all searches without calling back. */
void kad_node_fini(struct kad_node *node);

/* A datagram came. */
void kad_node_receive(struct kad_node *node, uint64_t now_ns, uint32_t address, uint16_t port,
                      const uint8_t *bytes, size_t size_bytes);
/* Does what is due at now_ns. */
void kad_node_tick(struct kad_node *node, uint64_t now_ns);
/* When kad_node_tick is wanted next; KAD_NEVER if only a datagram can bring work. */
uint64_t kad_node_next_ns(const struct kad_node *node);

/* Joins through one of count <= KAD_BOOTSTRAP_MAX addresses: greets one at random (the others in
 * turn if it is silent), looks up its own identifier, refreshes the buckets beyond its neighbours
 * (paper, 2.3). greet_all: greets all at once, as bootstrap nodes must each other, or they might
 * pair off into separate networks. With no address it starts a network of its own. */
void kad_node_join(struct kad_node *node, uint64_t now_ns, const uint32_t *addresses,
                   const uint16_t *ports, uint32_t count, bool greet_all, kad_done *done,
                   void *context);

/* Starts a search for target. value is for KAD_SEARCH_STORE only, at most KAD_VALUE_MAX bytes. done
 * may be called before this returns (value kept here, nobody known). False: out of memory. */
bool kad_node_search(struct kad_node *node, uint64_t now_ns, enum kad_search_kind kind,
                     const struct kad_id *target, const uint8_t *value, uint16_t value_bytes,
                     kad_done *done, void *context);

/* --- Between the files of the node; not for others ------------------------------------------- */

/* rpc.c: sends a new request. slot is of search's short list. value: CACHE only. */
void kad_rpc_send(struct kad_node *node, uint64_t now_ns, enum kad_purpose purpose,
                  const struct kad_contact *contact, struct kad_search *search, int slot,
                  const struct kad_pair *pair);
/* rpc.c: the search ends; what it still waits for becomes a probe. */
void kad_rpc_orphan(struct kad_node *node, const struct kad_search *search);
/* rpc.c: sends requests again or gives them up. */
void kad_rpc_tick(struct kad_node *node, uint64_t now_ns);
/* rpc.c: takes the rpc that this reply answers out of the list; false if there is none. */
bool kad_rpc_take(struct kad_node *node, const struct kad_message *reply, uint32_t address,
                  uint16_t port, struct kad_rpc *rpc);

/* search.c: what became of a request of a search. */
void kad_search_replied(struct kad_node *node, uint64_t now_ns, const struct kad_rpc *rpc,
                        const struct kad_message *reply);
void kad_search_slow(struct kad_node *node, uint64_t now_ns, const struct kad_rpc *rpc);
void kad_search_failed(struct kad_node *node, uint64_t now_ns, const struct kad_rpc *rpc);
/* search.c: publishes again a pair kept here, keeping its age. */
void kad_search_republish(struct kad_node *node, uint64_t now_ns, const struct kad_pair *pair);

/* join.c */
void kad_join_greeted(struct kad_node *node, uint64_t now_ns, const struct kad_id *sender);
void kad_join_silent(struct kad_node *node, uint64_t now_ns);
void kad_join_tick(struct kad_node *node, uint64_t now_ns);
void kad_maintenance_tick(struct kad_node *node, uint64_t now_ns);
/* A pair or bucket now wants a look at now + its period at the latest. */
void kad_maintenance_want(struct kad_node *node, uint64_t now_ns);

static inline uint32_t kad_ms(uint64_t time_ns)
{
    return (uint32_t)(time_ns / 1000000);
}

#endif
