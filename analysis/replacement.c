/* Belady's OPT in one pass, with a heap of who is wanted again when; and the least recently used,
 * with a hand over when each was. */
#include <analysis/replacement.h>

#include <stdbool.h>
#include <stdlib.h>

#include <base/alloc.h>
#include <base/assert.h>

/* A reference by the page's name, for sorting. */
struct touch {
    uint64_t name;
    size_t at;
};

static int compare_touches(const void *a, const void *b)
{
    const struct touch *x = a;
    const struct touch *y = b;
    if (x->name != y->name) {
        return x->name < y->name ? -1 : 1;
    }
    return (x->at > y->at) - (x->at < y->at);
}

/*
 * next[i]: the next reference to the same page, or count + a page's number if there is none, so
 * that all are different; first[i]: there is none before it.
 */
static void find_next(const uint64_t *references, size_t count, size_t *next, uint8_t *first)
{
    struct touch *touches = alloc_zeroed(count, sizeof *touches);
    for (size_t i = 0; i < count; i++) {
        touches[i] = (struct touch){references[i], i};
    }
    qsort(touches, count, sizeof *touches, compare_touches);
    size_t never = count;
    for (size_t i = 0; i < count; i++) {
        bool more = i + 1 < count && touches[i + 1].name == touches[i].name;
        next[touches[i].at] = more ? touches[i + 1].at : never++;
        first[touches[i].at] = i == 0 || touches[i - 1].name != touches[i].name;
    }
    free(touches);
}

/* The latest on top. What is not in memory any more stays in it until it comes to the top: it is
 * where `resident` says something else. */
struct heap {
    size_t *slots;
    size_t count;
};

static void heap_push(struct heap *heap, size_t value)
{
    size_t at = heap->count++;
    while (at > 0 && heap->slots[(at - 1) / 2] < value) {
        heap->slots[at] = heap->slots[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    heap->slots[at] = value;
}

static size_t heap_pop(struct heap *heap)
{
    size_t top = heap->slots[0];
    size_t last = heap->slots[--heap->count];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= heap->count) {
            break;
        }
        child += child + 1 < heap->count && heap->slots[child + 1] > heap->slots[child];
        if (heap->slots[child] <= last) {
            break;
        }
        heap->slots[at] = heap->slots[child];
        at = child;
    }
    heap->slots[at] = last;
    return top;
}

void ana_replacement_judge(enum ana_victim victim, const uint64_t *references, size_t count,
                           size_t warm, uint64_t capacity, struct ana_replacement *result)
{
    ASSERT(capacity > 0);
    *result = (struct ana_replacement){.references = count > warm ? count - warm : 0};
    if (count == 0) {
        return;
    }
    size_t *next = alloc_zeroed(count, sizeof *next);
    uint8_t *first = alloc_zeroed(count, 1);
    /* Whether the page that is wanted next at a time is in memory; each time is one page's. */
    uint8_t *resident = alloc_zeroed(2 * count, 1);
    struct heap heap = {.slots = alloc_zeroed(count, sizeof *heap.slots)};
    size_t hand = 0; /* everything that was last wanted before it is out */
    uint64_t held = 0;
    find_next(references, count, next, first);
    for (size_t i = 0; i < count; i++) {
        bool hit = resident[i];
        resident[i] = 0;
        result->first += first[i] && i >= warm;
        if (!hit) {
            result->misses += i >= warm;
            if (held == capacity) {
                while (victim == ANA_VICTIM_RECENT && next[hand] <= i) {
                    hand++; /* wanted again since */
                }
                /* Times that have passed are no candidates in the heap: later ones are above. */
                resident[victim == ANA_VICTIM_OPTIMAL ? heap_pop(&heap) : next[hand++]] = 0;
                held--;
            }
            held++;
        }
        resident[next[i]] = 1;
        heap_push(&heap, next[i]);
    }
    free(next);
    free(first);
    free(resident);
    free(heap.slots);
}
