/*
 * The key/value pairs that this node keeps for the network (Maymounkov and Mazieres 2002, 2.3 and
 * 2.5): original and cached copies, each with an age and an expiry.
 *
 * Invariants: one pair for a key; at most `capacity` pairs; values are owned here. The oldest
 * cached copy makes room for a new pair when the store is full.
 */
#ifndef KADEMLIA_STORE_H
#define KADEMLIA_STORE_H

#include "id.h"

struct kad_pair {
    struct kad_id key;
    uint8_t *value;
    uint16_t value_bytes;
    bool cached;           /* expires early; never republished */
    uint64_t published_ns; /* when its publisher last published it, so that age is now - this */
    uint64_t stored_ns;    /* when the last STORE of it came */
    uint64_t expires_ns;
};

struct kad_store {
    struct kad_pair *pairs;
    uint32_t count;
    uint32_t allocated;
    uint32_t capacity;
};

void kad_store_init(struct kad_store *store, uint32_t capacity);
void kad_store_fini(struct kad_store *store);

/* Adds or replaces a pair (key, value, value_bytes, cached and the times are taken from *pair; the
 * value is copied, and may be the one that is replaced). False: no room. */
bool kad_store_put(struct kad_store *store, const struct kad_pair *pair);

/* NULL if there is none, or none any more at now_ns. Valid until the next put or expire. */
struct kad_pair *kad_store_get(struct kad_store *store, const struct kad_id *key, uint64_t now_ns);

/* Frees what has expired. */
void kad_store_expire(struct kad_store *store, uint64_t now_ns);

#endif
