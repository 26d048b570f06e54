/*
 * The routing table: for every 0 <= i < 160 a k-bucket of up to k contacts at a distance of
 * 2^i .. 2^(i+1)-1, least recently seen first (Maymounkov and Mazieres 2002, 2.2).
 *
 * Invariants: a contact is only in the bucket of its distance, once; self is in none; a bucket is
 * allocated when its first contact comes; `occupied` has a bit for each bucket with contacts.
 *
 * A full bucket keeps its contacts as long as they live: the newcomer waits as the bucket's one
 * candidate while the caller pings the least recently seen contact, and takes its place only if
 * that stays silent. The table sends nothing itself.
 */
#ifndef KADEMLIA_TABLE_H
#define KADEMLIA_TABLE_H

#include "id.h"

struct kad_contact {
    struct kad_id id;
    uint32_t address; /* IPv4, host byte order */
    uint16_t port;    /* UDP, host byte order */
};

struct kad_entry {
    struct kad_contact contact;
    uint32_t seen_ms; /* when it was last heard of */
};

struct kad_bucket {
    uint8_t count;
    bool probing;                 /* entry[0] at that time is being pinged for `candidate` */
    uint32_t lookup_ms;           /* last lookup in this bucket's range (paper, 2.3: refresh) */
    struct kad_id probed;         /* whom we ping */
    struct kad_contact candidate; /* who waits for the place; meaningful while probing */
    struct kad_entry entry[];     /* k of them; [0] is the least recently seen */
};

struct kad_table {
    struct kad_id self;
    uint8_t k;
    uint32_t occupied[KAD_ID_WORDS]; /* like an identifier: bucket 159 is the top bit of [0] */
    uint32_t contact_count;
    struct kad_bucket *bucket[KAD_ID_BITS];
};

enum kad_seen {
    KAD_SEEN_KNOWN,   /* moved to the tail of its bucket */
    KAD_SEEN_ADDED,   /* new, put at the tail */
    KAD_SEEN_PROBE,   /* the bucket is full: ping *oldest, the newcomer waits */
    KAD_SEEN_DROPPED, /* the bucket is full and its oldest alive or already being pinged, or the
                         contact is self or claims a known identifier from another address */
};

void kad_table_init(struct kad_table *table, const struct kad_id *self, uint8_t k);
void kad_table_fini(struct kad_table *table);

/* A message came from this contact. A least recently seen contact heard of less than fresh_ms ago
 * counts as alive without being asked (paper, 4.1, saves most pings); 0 asks always. */
enum kad_seen kad_table_seen(struct kad_table *table, const struct kad_contact *contact,
                             uint32_t now_ms, uint32_t fresh_ms, struct kad_contact *oldest);

/* A contact answered no more: it goes, and a candidate waiting for its place moves in. */
void kad_table_failed(struct kad_table *table, const struct kad_id *id, uint32_t now_ms);

/* The ping of a full bucket's oldest contact was answered: the candidate is dropped. */
void kad_table_probe_answered(struct kad_table *table, const struct kad_id *id);

/* Up to capacity known contacts closest to target (not in order of distance), without `except`
 * (may be NULL). Returns how many. */
uint32_t kad_table_closest(const struct kad_table *table, const struct kad_id *target,
                           const struct kad_id *except, struct kad_contact *closest,
                           uint32_t capacity);

/* How many known contacts are closer to target than self. */
uint32_t kad_table_count_closer(const struct kad_table *table, const struct kad_id *target);

/* A lookup for target goes out: its bucket needs no refresh for a while. */
void kad_table_touch(struct kad_table *table, const struct kad_id *target, uint32_t now_ms);

/* The lowest bucket with contacts, where the closest neighbour is; -1 if there is none. */
int kad_table_lowest(const struct kad_table *table);

const struct kad_entry *kad_table_find(const struct kad_table *table, const struct kad_id *id);
/* Known contacts in a bucket, 0..k. */
uint32_t kad_table_bucket_count(const struct kad_table *table, int bucket);

static inline bool kad_table_occupied(const struct kad_table *table, int bucket)
{
    return table->occupied[KAD_ID_WORDS - 1 - bucket / 32] >> (bucket % 32) & 1;
}

#endif
