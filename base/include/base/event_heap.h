/*
 * The event heap: pending events in the total order of their keys.
 *
 * The key (time_ns, kind, destination, source, sequence) is unique, the sequence counted by the
 * source, so the order is the same whatever thread delivered the event and whenever.
 *
 * Events are owned by the caller and linked into at most one heap; the heap holds pointers. A heap
 * belongs to one logical process and is used by one thread at a time.
 */
#ifndef DENALI_BASE_EVENT_HEAP_H
#define DENALI_BASE_EVENT_HEAP_H

#include <stdbool.h>
#include <stdint.h>

struct event_key {
    uint64_t time_ns;
    uint32_t kind;
    uint32_t destination;
    uint32_t source;
    uint64_t sequence;
};

#define EVENT_NOT_QUEUED UINT32_MAX

/* Embed first in the caller's event. Initialise with event_init. */
struct event {
    struct event_key key;
    uint32_t position; /* in the heap, or EVENT_NOT_QUEUED */
};

struct event_heap {
    struct event_slot {
        uint64_t time_ns; /* copy of the key's time: most comparisons touch no event */
        struct event *event;
    } *slots;
    uint32_t count;
    uint32_t capacity;
};

/* Negative, zero or positive as a comes before, is, or comes after b. */
int event_key_compare(const struct event_key *a, const struct event_key *b);

void event_init(struct event *event);
bool event_queued(const struct event *event);

void event_heap_init(struct event_heap *heap);
/* Frees the heap's own memory; events still queued stay the caller's. */
void event_heap_fini(struct event_heap *heap);

/* Queues an event that is not queued, its key set. */
void event_heap_push(struct event_heap *heap, struct event *event);
/* The first event, still queued; NULL if there is none. */
struct event *event_heap_first(const struct event_heap *heap);
/* Removes and returns the first event; NULL if there is none. */
struct event *event_heap_pop(struct event_heap *heap);
/* Removes an event that is queued in this heap. */
void event_heap_remove(struct event_heap *heap, struct event *event);
/* Time of the first event, TIME_NEVER if there is none. */
uint64_t event_heap_time(const struct event_heap *heap);

#endif
