/* First in, first out: the queues in which a host's machines wait. */
#include "host.h"

#include <base/assert.h>

void emu_queue_push(struct emu_host *host, uint32_t queue, struct emu_seat *seat)
{
    struct emu_queue *to = &host->queues[queue];
    ASSERT(seat->queue == EMU_QUEUE_NONE);
    seat->queue = queue;
    seat->next = NULL;
    seat->previous = to->last;
    *(to->last ? &to->last->next : &to->first) = seat;
    to->last = seat;
    to->count++;
}

void emu_queue_push_front(struct emu_host *host, uint32_t queue, struct emu_seat *seat)
{
    struct emu_queue *to = &host->queues[queue];
    ASSERT(seat->queue == EMU_QUEUE_NONE);
    seat->queue = queue;
    seat->previous = NULL;
    seat->next = to->first;
    *(to->first ? &to->first->previous : &to->last) = seat;
    to->first = seat;
    to->count++;
}

void emu_queue_remove(struct emu_seat *seat)
{
    ASSERT(seat->queue != EMU_QUEUE_NONE);
    struct emu_queue *from = &seat->host->queues[seat->queue];
    *(seat->previous ? &seat->previous->next : &from->first) = seat->next;
    *(seat->next ? &seat->next->previous : &from->last) = seat->previous;
    seat->queue = EMU_QUEUE_NONE;
    from->count--;
}

struct emu_seat *emu_queue_pop(struct emu_host *host, uint32_t queue)
{
    struct emu_seat *seat = host->queues[queue].first;
    if (seat) {
        emu_queue_remove(seat);
    }
    return seat;
}
