/* The short list of a lookup; see lookup.h. */
#include "lookup.h"

#include <string.h>

static uint8_t capacity_of(uint8_t k)
{
    uint32_t capacity = 2u * k + 8; /* beyond k: whom to fall back on when closer ones fail */
    return (uint8_t)(capacity < KAD_SHORTLIST_MAX ? capacity : KAD_SHORTLIST_MAX);
}

size_t kad_shortlist_bytes(uint8_t k)
{
    return sizeof(struct kad_shortlist) + capacity_of(k) * sizeof(struct kad_candidate);
}

void kad_shortlist_init(struct kad_shortlist *list, const struct kad_id *target, uint8_t k,
                        uint8_t alpha)
{
    memset(list, 0, sizeof(*list));
    list->target = *target;
    list->k = k;
    list->alpha = alpha;
    list->capacity = capacity_of(k);
}

/* Takes the farthest slot that no RPC names out of the order; -1 if all of those from position
 * `after` on are being asked. */
static int evict(struct kad_shortlist *list, int after)
{
    for (int position = list->count - 1; position >= after; position--) {
        int slot = list->order[position];
        uint8_t state = list->slot[slot].state;
        if (state != KAD_ASKED && state != KAD_SLOW) {
            memmove(&list->order[position], &list->order[position + 1],
                    (size_t)(list->count - 1 - position));
            list->count--;
            return slot;
        }
    }
    return -1;
}

/* Like kad_id_compare of the contact, at that distance, and the candidate. */
static int compare(const struct kad_shortlist *list, const struct kad_contact *contact,
                   uint32_t distance, const struct kad_candidate *candidate)
{
    if (distance != candidate->distance) {
        return distance < candidate->distance ? -1 : 1;
    }
    return kad_id_compare(&contact->id, &candidate->contact.id, &list->target);
}

bool kad_shortlist_add(struct kad_shortlist *list, const struct kad_contact *contact, uint8_t hops)
{
    uint32_t distance = contact->id.word[0] ^ list->target.word[0];
    int low = 0;
    int high = list->count;
    if (high == list->capacity &&
        compare(list, contact, distance, &list->slot[list->order[high - 1]]) >= 0) {
        return false; /* farther than all, which the list has no room for */
    }
    while (low < high) {
        int middle = (low + high) / 2;
        int compared = compare(list, contact, distance, &list->slot[list->order[middle]]);
        if (compared == 0) {
            return false;
        }
        if (compared < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    int slot = list->count;
    if (list->count == list->capacity) {
        slot = evict(list, low);
        if (slot < 0) {
            return false;
        }
    }
    memmove(&list->order[low + 1], &list->order[low], (size_t)(list->count - low));
    list->order[low] = (uint8_t)slot;
    list->count++;
    list->slot[slot].contact = *contact;
    list->slot[slot].distance = distance;
    list->slot[slot].state = KAD_FRESH;
    list->slot[slot].hops = hops;
    return low == 0;
}

int kad_shortlist_next(struct kad_shortlist *list)
{
    uint8_t limit = list->unproductive >= list->alpha ? list->k : list->alpha;
    int live = 0;
    if (list->asked >= limit) {
        return -1;
    }
    for (int position = 0; position < list->count && live < list->k; position++) {
        int slot = list->order[position];
        uint8_t state = list->slot[slot].state;
        if (state == KAD_FRESH) {
            list->slot[slot].state = KAD_ASKED;
            list->asked++;
            return slot;
        }
        if (state != KAD_FAILED && state != KAD_SLOW) {
            live++;
        }
    }
    return -1;
}

static void leave_asked(struct kad_shortlist *list, int slot, enum kad_candidate_state state)
{
    if (list->slot[slot].state == KAD_ASKED) {
        list->asked--;
    }
    list->slot[slot].state = (uint8_t)state;
}

void kad_shortlist_replied(struct kad_shortlist *list, int slot, bool brought_closer)
{
    leave_asked(list, slot, KAD_REPLIED);
    if (brought_closer) {
        list->unproductive = 0;
    } else if (list->unproductive < UINT8_MAX) {
        list->unproductive++;
    }
}

void kad_shortlist_slow(struct kad_shortlist *list, int slot)
{
    leave_asked(list, slot, KAD_SLOW);
}

void kad_shortlist_failed(struct kad_shortlist *list, int slot)
{
    leave_asked(list, slot, KAD_FAILED);
}

bool kad_shortlist_finished(const struct kad_shortlist *list)
{
    int live = 0;
    for (int position = 0; position < list->count && live < list->k; position++) {
        uint8_t state = list->slot[list->order[position]].state;
        if (state == KAD_FAILED) {
            continue;
        }
        if (state != KAD_REPLIED) {
            return false;
        }
        live++;
    }
    return true;
}

int kad_shortlist_replied_from(const struct kad_shortlist *list, int from)
{
    for (int position = from; position < list->count; position++) {
        if (list->slot[list->order[position]].state == KAD_REPLIED) {
            return position;
        }
    }
    return -1;
}
