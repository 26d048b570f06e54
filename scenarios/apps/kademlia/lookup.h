/*
 * One iterative lookup: the short list of the closest nodes heard of and what became of each
 * (Maymounkov and Mazieres 2002, 2.3). It decides whom to ask next and when to stop; it sends
 * nothing and knows no clock.
 *
 *   FRESH --ask--> ASKED --reply--> REPLIED
 *                    |  \--time-out--> SLOW --reply--> REPLIED
 *                    \---- given up ----------------> FAILED (from ASKED or SLOW)
 *
 * A SLOW node still may answer, but no longer holds up others: the lookup asks the next one in its
 * stead, and waits for it only at the very end, if it is among the k closest.
 *
 * Invariants: `order` lists the used slots from the closest to the farthest, each identifier once;
 * `asked` counts the slots in ASKED; a slot in ASKED or SLOW is never given to another node, so an
 * RPC can name its slot.
 */
#ifndef KADEMLIA_LOOKUP_H
#define KADEMLIA_LOOKUP_H

#include "table.h"

#define KAD_SHORTLIST_MAX 88 /* slots: 2 k + 8 for the largest k */

enum kad_candidate_state {
    KAD_FRESH,
    KAD_ASKED,
    KAD_SLOW,
    KAD_REPLIED,
    KAD_FAILED,
};

struct kad_candidate {
    struct kad_contact contact;
    uint32_t distance; /* to the target, its 32 highest bits: settles nearly every comparison */
    uint8_t state;     /* enum kad_candidate_state */
    uint8_t hops;      /* RPCs on the way to it: 1 for nodes from the own table */
};

struct kad_shortlist {
    struct kad_id target;
    uint8_t k;
    uint8_t alpha;
    uint8_t capacity;     /* slots */
    uint8_t count;        /* slots in use */
    uint8_t asked;        /* slots in ASKED */
    uint8_t unproductive; /* replies in a row that brought nobody closer than the closest */
    uint8_t order[KAD_SHORTLIST_MAX];
    struct kad_candidate slot[]; /* capacity of them */
};

/* Bytes to allocate for a short list of that k. */
size_t kad_shortlist_bytes(uint8_t k);
void kad_shortlist_init(struct kad_shortlist *list, const struct kad_id *target, uint8_t k,
                        uint8_t alpha);

/* Hears of a node. True if it is now the closest of all. */
bool kad_shortlist_add(struct kad_shortlist *list, const struct kad_contact *contact, uint8_t hops);

/* The slot to ask now, which becomes ASKED; -1 if none may be asked at this moment. alpha are asked
 * at a time; after alpha unproductive replies, all of the k closest (paper, 2.3). */
int kad_shortlist_next(struct kad_shortlist *list);

/* What became of an ASKED or SLOW slot. */
void kad_shortlist_replied(struct kad_shortlist *list, int slot, bool brought_closer);
void kad_shortlist_slow(struct kad_shortlist *list, int slot);
void kad_shortlist_failed(struct kad_shortlist *list, int slot);

/* True once the k closest nodes that have not failed have all replied (or there are no more). */
bool kad_shortlist_finished(const struct kad_shortlist *list);

/* The closest node that replied, from position `from` of the order on: its position, or -1. */
int kad_shortlist_replied_from(const struct kad_shortlist *list, int from);

#endif
