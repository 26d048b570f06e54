/* A 4-ary heap of pointers to events; each event knows its position, so removal is a sift too. */
#include <base/event_heap.h>

#include <stdlib.h>
#include <string.h>

#include <base/alloc.h>
#include <base/assert.h>
#include <base/time.h>

#define ARITY 4u

int event_key_compare(const struct event_key *a, const struct event_key *b)
{
#define COMPARE(field)                                                                             \
    if (a->field != b->field)                                                                      \
    return a->field < b->field ? -1 : 1
    COMPARE(time_ns);
    COMPARE(kind);
    COMPARE(destination);
    COMPARE(source);
    COMPARE(sequence);
#undef COMPARE
    return 0;
}

void event_init(struct event *event)
{
    memset(&event->key, 0, sizeof event->key);
    event->position = EVENT_NOT_QUEUED;
}

bool event_queued(const struct event *event)
{
    return event->position != EVENT_NOT_QUEUED;
}

void event_heap_init(struct event_heap *heap)
{
    memset(heap, 0, sizeof *heap);
}

void event_heap_fini(struct event_heap *heap)
{
    free(heap->slots);
    memset(heap, 0, sizeof *heap);
}

static bool before(const struct event_slot *a, const struct event_slot *b)
{
    if (a->time_ns != b->time_ns) {
        return a->time_ns < b->time_ns;
    }
    return event_key_compare(&a->event->key, &b->event->key) < 0;
}

static void put(struct event_heap *heap, uint32_t position, struct event_slot slot)
{
    heap->slots[position] = slot;
    slot.event->position = position;
}

static void sift_up(struct event_heap *heap, uint32_t position, struct event_slot slot)
{
    while (position > 0) {
        uint32_t parent = (position - 1) / ARITY;
        if (!before(&slot, &heap->slots[parent])) {
            break;
        }
        put(heap, position, heap->slots[parent]);
        position = parent;
    }
    put(heap, position, slot);
}

static void sift_down(struct event_heap *heap, uint32_t position, struct event_slot slot)
{
    for (;;) {
        uint32_t child = position * ARITY + 1;
        if (child >= heap->count) {
            break;
        }
        uint32_t end = child + ARITY < heap->count ? child + ARITY : heap->count;
        uint32_t least = child;
        for (uint32_t i = child + 1; i < end; i++) {
            if (before(&heap->slots[i], &heap->slots[least])) {
                least = i;
            }
        }
        if (!before(&heap->slots[least], &slot)) {
            break;
        }
        put(heap, position, heap->slots[least]);
        position = least;
    }
    put(heap, position, slot);
}

void event_heap_push(struct event_heap *heap, struct event *event)
{
    ASSERT(!event_queued(event));
    if (heap->count == heap->capacity) {
        heap->capacity = heap->capacity ? heap->capacity * 2 : 8;
        heap->slots = alloc_grow(heap->slots, heap->capacity, sizeof *heap->slots);
    }
    struct event_slot slot = {event->key.time_ns, event};
    sift_up(heap, heap->count++, slot);
}

struct event *event_heap_first(const struct event_heap *heap)
{
    return heap->count ? heap->slots[0].event : NULL;
}

struct event *event_heap_pop(struct event_heap *heap)
{
    struct event *event = event_heap_first(heap);
    if (event) {
        event_heap_remove(heap, event);
    }
    return event;
}

void event_heap_remove(struct event_heap *heap, struct event *event)
{
    uint32_t position = event->position;
    ASSERT(position < heap->count && heap->slots[position].event == event);
    struct event_slot last = heap->slots[--heap->count];
    event->position = EVENT_NOT_QUEUED;
    if (last.event == event) {
        return;
    }
    if (position > 0 && before(&last, &heap->slots[(position - 1) / ARITY])) {
        sift_up(heap, position, last);
    } else {
        sift_down(heap, position, last);
    }
}

uint64_t event_heap_time(const struct event_heap *heap)
{
    return heap->count ? heap->slots[0].time_ns : TIME_NEVER;
}
