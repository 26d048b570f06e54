/* Key/value pairs; see store.h. A node holds tens of them, so a scan of the keys is the index. */
#include "store.h"

#include <stdlib.h>
#include <string.h>

void kad_store_init(struct kad_store *store, uint32_t capacity)
{
    memset(store, 0, sizeof(*store));
    store->capacity = capacity;
}

void kad_store_fini(struct kad_store *store)
{
    for (uint32_t i = 0; i < store->count; i++) {
        free(store->pairs[i].value);
    }
    free(store->pairs);
    memset(store, 0, sizeof(*store));
}

static struct kad_pair *find(struct kad_store *store, const struct kad_id *key)
{
    for (uint32_t i = 0; i < store->count; i++) {
        if (kad_id_equal(&store->pairs[i].key, key)) {
            return &store->pairs[i];
        }
    }
    return NULL;
}

static void remove_pair(struct kad_store *store, struct kad_pair *pair)
{
    free(pair->value);
    *pair = store->pairs[--store->count];
}

/* Makes sure that one more pair fits; false if it does not. */
static bool make_room(struct kad_store *store)
{
    if (store->count == store->capacity) {
        struct kad_pair *oldest = NULL;
        for (uint32_t i = 0; i < store->count; i++) {
            struct kad_pair *pair = &store->pairs[i];
            if (pair->cached && (!oldest || pair->stored_ns < oldest->stored_ns)) {
                oldest = pair;
            }
        }
        if (!oldest) {
            return false;
        }
        remove_pair(store, oldest);
    }
    if (store->count == store->allocated) {
        uint32_t allocated = store->allocated ? 2 * store->allocated : 8;
        struct kad_pair *pairs = realloc(store->pairs, allocated * sizeof(*pairs));
        if (!pairs) {
            return false;
        }
        store->pairs = pairs;
        store->allocated = allocated;
    }
    return true;
}

bool kad_store_put(struct kad_store *store, const struct kad_pair *pair)
{
    uint8_t *value = malloc(pair->value_bytes ? pair->value_bytes : 1);
    if (!value) {
        return false;
    }
    if (pair->value_bytes > 0) {
        memcpy(value, pair->value, pair->value_bytes);
    }
    struct kad_pair *place = find(store, &pair->key);
    if (place) {
        free(place->value);
    } else {
        kad_store_expire(store, pair->stored_ns);
        if (!make_room(store)) {
            free(value);
            return false;
        }
        place = &store->pairs[store->count++];
    }
    *place = *pair;
    place->value = value;
    return true;
}

struct kad_pair *kad_store_get(struct kad_store *store, const struct kad_id *key, uint64_t now_ns)
{
    struct kad_pair *pair = find(store, key);
    return pair && pair->expires_ns > now_ns ? pair : NULL;
}

void kad_store_expire(struct kad_store *store, uint64_t now_ns)
{
    for (uint32_t i = store->count; i-- > 0;) {
        if (store->pairs[i].expires_ns <= now_ns) {
            remove_pair(store, &store->pairs[i]);
        }
    }
}
