/* The k-buckets; see table.h. */
#include "table.h"

#include <stdlib.h>
#include <string.h>

void kad_table_init(struct kad_table *table, const struct kad_id *self, uint8_t k)
{
    memset(table, 0, sizeof(*table));
    table->self = *self;
    table->k = k;
}

void kad_table_fini(struct kad_table *table)
{
    for (int i = 0; i < KAD_ID_BITS; i++) {
        free(table->bucket[i]);
    }
    memset(table, 0, sizeof(*table));
}

static void set_occupied(struct kad_table *table, int bucket, bool occupied)
{
    uint32_t bit = UINT32_C(1) << (bucket % 32);
    uint32_t *word = &table->occupied[KAD_ID_WORDS - 1 - bucket / 32];
    *word = occupied ? *word | bit : *word & ~bit;
}

static int find(const struct kad_bucket *bucket, const struct kad_id *id)
{
    for (int i = 0; i < bucket->count; i++) {
        if (kad_id_equal(&bucket->entry[i].contact.id, id)) {
            return i;
        }
    }
    return -1;
}

static void append(struct kad_table *table, int index, const struct kad_contact *contact,
                   uint32_t now_ms)
{
    struct kad_bucket *bucket = table->bucket[index];
    bucket->entry[bucket->count].contact = *contact;
    bucket->entry[bucket->count].seen_ms = now_ms;
    bucket->count++;
    table->contact_count++;
    set_occupied(table, index, true);
}

static void move_to_tail(struct kad_bucket *bucket, int position, uint32_t now_ms)
{
    struct kad_entry entry = bucket->entry[position];
    entry.seen_ms = now_ms;
    memmove(&bucket->entry[position], &bucket->entry[position + 1],
            (size_t)(bucket->count - 1 - position) * sizeof(entry));
    bucket->entry[bucket->count - 1] = entry;
}

enum kad_seen kad_table_seen(struct kad_table *table, const struct kad_contact *contact,
                             uint32_t now_ms, uint32_t fresh_ms, struct kad_contact *oldest)
{
    int index = kad_id_bucket(&table->self, &contact->id);
    if (index < 0) {
        return KAD_SEEN_DROPPED;
    }
    struct kad_bucket *bucket = table->bucket[index];
    if (!bucket) {
        bucket = calloc(1, sizeof(*bucket) + table->k * sizeof(bucket->entry[0]));
        if (!bucket) {
            return KAD_SEEN_DROPPED; /* out of memory: we know fewer peers, no more */
        }
        bucket->lookup_ms = now_ms;
        table->bucket[index] = bucket;
    }
    int position = find(bucket, &contact->id);
    if (position >= 0) {
        const struct kad_contact *known = &bucket->entry[position].contact;
        if (known->address != contact->address || known->port != contact->port) {
            return KAD_SEEN_DROPPED; /* the one we know keeps its name until it falls silent */
        }
        move_to_tail(bucket, position, now_ms);
        return KAD_SEEN_KNOWN;
    }
    if (bucket->count < table->k) {
        append(table, index, contact, now_ms);
        return KAD_SEEN_ADDED;
    }
    if (bucket->probing || now_ms - bucket->entry[0].seen_ms < fresh_ms) {
        return KAD_SEEN_DROPPED;
    }
    bucket->probing = true;
    bucket->candidate = *contact;
    bucket->probed = bucket->entry[0].contact.id;
    *oldest = bucket->entry[0].contact;
    return KAD_SEEN_PROBE;
}

void kad_table_failed(struct kad_table *table, const struct kad_id *id, uint32_t now_ms)
{
    int index = kad_id_bucket(&table->self, id);
    struct kad_bucket *bucket = index < 0 ? NULL : table->bucket[index];
    if (!bucket) {
        return;
    }
    int position = find(bucket, id);
    if (position >= 0) {
        memmove(&bucket->entry[position], &bucket->entry[position + 1],
                (size_t)(bucket->count - 1 - position) * sizeof(bucket->entry[0]));
        bucket->count--;
        table->contact_count--;
        set_occupied(table, index, bucket->count > 0);
    }
    if (bucket->probing && kad_id_equal(&bucket->probed, id)) {
        bucket->probing = false;
        if (bucket->count < table->k && find(bucket, &bucket->candidate.id) < 0) {
            append(table, index, &bucket->candidate, now_ms);
        }
    }
}

void kad_table_probe_answered(struct kad_table *table, const struct kad_id *id)
{
    int index = kad_id_bucket(&table->self, id);
    struct kad_bucket *bucket = index < 0 ? NULL : table->bucket[index];
    if (bucket && bucket->probing && kad_id_equal(&bucket->probed, id)) {
        bucket->probing = false;
    }
}

/* Puts into closest[0..count) the `count` entries of the bucket that are closest to target. */
static uint32_t select_from_bucket(const struct kad_bucket *bucket, const struct kad_id *target,
                                   const struct kad_id *except, struct kad_contact *closest,
                                   uint32_t count)
{
    uint32_t taken = 0;
    if (count == 0) {
        return 0;
    }
    for (uint32_t i = 0; i < bucket->count; i++) {
        const struct kad_contact *contact = &bucket->entry[i].contact;
        if (except && kad_id_equal(&contact->id, except)) {
            continue;
        }
        if (taken < count) {
            closest[taken++] = *contact;
            continue;
        }
        uint32_t farthest = 0;
        for (uint32_t j = 1; j < count; j++) {
            if (kad_id_compare(&closest[j].id, &closest[farthest].id, target) > 0) {
                farthest = j;
            }
        }
        if (kad_id_compare(&contact->id, &closest[farthest].id, target) < 0) {
            closest[farthest] = *contact;
        }
    }
    return taken;
}

/*
 * With d = self XOR target, every contact of bucket j is closer to target than self if bit j of d
 * is 1 and farther if it is 0; the higher j, the more so. So the buckets in order of distance from
 * target are: those with d_j = 1 downwards, then those with d_j = 0 upwards. Only the last bucket
 * taken from has to be chosen among.
 */
uint32_t kad_table_closest(const struct kad_table *table, const struct kad_id *target,
                           const struct kad_id *except, struct kad_contact *closest,
                           uint32_t capacity)
{
    uint32_t count = 0;
    for (int i = 0; i < KAD_ID_WORDS && count < capacity; i++) {
        uint32_t closer = table->occupied[i] & (table->self.word[i] ^ target->word[i]);
        while (closer != 0 && count < capacity) {
            int bit = 31 - __builtin_clz(closer);
            closer &= ~(UINT32_C(1) << bit);
            int bucket = 32 * (KAD_ID_WORDS - 1 - i) + bit;
            count += select_from_bucket(table->bucket[bucket], target, except, closest + count,
                                        capacity - count);
        }
    }
    for (int i = KAD_ID_WORDS - 1; i >= 0 && count < capacity; i--) {
        uint32_t farther = table->occupied[i] & ~(table->self.word[i] ^ target->word[i]);
        while (farther != 0 && count < capacity) {
            int bit = __builtin_ctz(farther);
            farther &= farther - 1;
            int bucket = 32 * (KAD_ID_WORDS - 1 - i) + bit;
            count += select_from_bucket(table->bucket[bucket], target, except, closest + count,
                                        capacity - count);
        }
    }
    return count;
}

uint32_t kad_table_count_closer(const struct kad_table *table, const struct kad_id *target)
{
    uint32_t count = 0;
    for (int i = 0; i < KAD_ID_WORDS; i++) {
        uint32_t closer = table->occupied[i] & (table->self.word[i] ^ target->word[i]);
        while (closer != 0) {
            int bit = __builtin_ctz(closer);
            closer &= closer - 1;
            count += table->bucket[32 * (KAD_ID_WORDS - 1 - i) + bit]->count;
        }
    }
    return count;
}

void kad_table_touch(struct kad_table *table, const struct kad_id *target, uint32_t now_ms)
{
    int index = kad_id_bucket(&table->self, target);
    if (index >= 0 && table->bucket[index]) {
        table->bucket[index]->lookup_ms = now_ms;
    }
}

int kad_table_lowest(const struct kad_table *table)
{
    for (int i = KAD_ID_WORDS - 1; i >= 0; i--) {
        if (table->occupied[i] != 0) {
            return 32 * (KAD_ID_WORDS - 1 - i) + __builtin_ctz(table->occupied[i]);
        }
    }
    return -1;
}

const struct kad_entry *kad_table_find(const struct kad_table *table, const struct kad_id *id)
{
    int index = kad_id_bucket(&table->self, id);
    if (index < 0 || !table->bucket[index]) {
        return NULL;
    }
    int position = find(table->bucket[index], id);
    return position < 0 ? NULL : &table->bucket[index]->entry[position];
}

uint32_t kad_table_bucket_count(const struct kad_table *table, int bucket)
{
    return table->bucket[bucket] ? table->bucket[bucket]->count : 0;
}
