/*
 * A host's network card: what its machines send and are sent.
 *
 * Sending: each machine has a bounded queue; the card puts one frame at a time on its wire, at its
 * rate, and takes the next from the machines that have some in turn, so that none gets more than
 * its share by filling its queue. Several processors send to one card: a frame reaches it in an
 * event of the moment at which it was sent, beyond which its machine does not go before.
 *
 * Receiving: a frame is put into its machine's queue at once, which costs an interrupt, and what
 * else there is to do is done, and paid, when the machine takes it (lazy receiver processing:
 * Druschel and Banga, OSDI 1996). `eager` is what that was a remedy for: all work is done when the
 * frame comes, at the cost of the machine that is running, and in vain if the queue is full.
 */
#include "host.h"

#include <stdlib.h>

#include <base/alloc.h>
#include <base/assert.h>
#include <base/time.h>
#include <scenarios/scenario.h>

#include "../process.h"
#include "../world_internal.h"

#define BITS_PER_BYTE 8ull
/* Frames that one instruction can hand over: a pcnet's ring of them. */
#define HANDED_MAX ABI_PCNET_RING_MAX

/* A frame in a machine's queue. */
struct emu_card_frame {
    struct emu_card_frame *next;
    struct net_frame *frame;
};

static void entry_append(struct emu_card_queue *queue, struct emu_card_frame *entry)
{
    entry->next = NULL;
    *(queue->last ? &queue->last->next : &queue->first) = entry;
    queue->last = entry;
    queue->count++;
}

static void queue_append(struct emu_card_queue *queue, struct net_frame *frame)
{
    struct emu_card_frame *entry = alloc_zeroed(1, sizeof *entry);
    entry->frame = frame;
    entry_append(queue, entry);
}

static struct emu_card_frame *entry_take(struct emu_card_queue *queue)
{
    struct emu_card_frame *entry = queue->first;
    queue->first = entry->next;
    if (!queue->first) {
        queue->last = NULL;
    }
    queue->count--;
    return entry;
}

static void entry_free(struct emu_card_frame *entry)
{
    net_frame_release(entry->frame);
    free(entry);
}

/* --- machines in turn ------------------------------------------------------------------------- */

static void turn_push(struct emu_card *card, struct emu_seat *seat)
{
    seat->sender.next = NULL;
    seat->sender.waits = true;
    *(card->last ? &card->last->sender.next : &card->first) = seat;
    card->last = seat;
}

static struct emu_seat *turn_pop(struct emu_card *card)
{
    struct emu_seat *seat = card->first;
    if (seat) {
        seat->sender.waits = false;
        card->first = seat->sender.next;
        card->last = card->first ? card->last : NULL;
    }
    return seat;
}

/* As many billionths of a bit as the rate has bits are sent in a nanosecond. */
static uint64_t work_of(const struct net_frame *frame)
{
    return frame->size_bytes * BITS_PER_BYTE * TIME_NS_PER_S;
}

/* The next machine's first frame goes onto the wire. */
static void start(struct emu_host *host, uint64_t now_ns)
{
    struct emu_card *card = &host->card;
    card->sends = turn_pop(card);
    if (!card->sends) {
        card->fraction = 0;
        return;
    }
    struct emu_sender *sender = &card->sends->sender;
    uint64_t work = work_of(sender->queue.first->frame) + card->fraction;
    uint64_t length_ns = work / host->model->card.rate_bps;
    card->fraction = work % host->model->card.rate_bps;
    sender->wire_ns += length_ns;
    card->wire_ns += length_ns;
    emu_host_event_push(host, &card->event, EMU_HOST_SOURCE_CARD(host), now_ns + length_ns);
}

void emu_card_sent(struct emu_host *host, uint64_t now_ns)
{
    struct emu_card *card = &host->card;
    struct emu_seat *seat = card->sends;
    struct net_frame *frame = seat->sender.queue.first->frame;
    emu_host_tell(host, now_ns, EMU_HOST_SENT, 0, seat, frame->size_bytes);
    seat->sender.frames++;
    seat->sender.bytes += frame->size_bytes;
    card->frames++;
    card->bytes += frame->size_bytes;
    uint32_t cause = emu_world_carry(seat->node, frame->bytes, frame->size_bytes);
    if (cause != EMU_DROPS_MAX) {
        emu_process_record_frame(seat->node, EMU_RECORD_FRAME_LOST, cause, NULL, 0);
    }
    entry_free(entry_take(&seat->sender.queue));
    if (seat->sender.queue.first) {
        turn_push(card, seat);
    }
    start(host, now_ns);
}

/* --- from a machine --------------------------------------------------------------------------- */

uint32_t emu_card_send(struct emu_seat *seat, const uint8_t *bytes, uint32_t size_bytes)
{
    struct emu_host *host = seat->host;
    if (!host->model->card.rate_bps) {
        return emu_world_send(seat->node, bytes, size_bytes);
    }
    struct emu_sender *sender = &seat->sender;
    uint64_t now_ns = seat->node->process->now_ns;
    if (sender->handed.count == 0) {
        emu_host_event_push(host, &sender->event, EMU_HOST_SOURCE_SEND(host, emu_seat_number(seat)),
                            now_ns);
    }
    ASSERT(sender->event.base.key.time_ns == now_ns && sender->handed.count < HANDED_MAX);
    queue_append(&sender->handed, net_frame_create(bytes, size_bytes));
    return EMU_DROPS_MAX;
}

/* The port's rules judge it here, so that what they refuse takes none of the others' wire. */
static void enter(struct emu_seat *seat, struct emu_card_frame *entry, uint64_t now_ns)
{
    struct emu_host *host = seat->host;
    struct emu_sender *sender = &seat->sender;
    bool full = sender->queue.count >= host->model->card.send_queue;
    const struct net_frame *frame = entry->frame;
    uint32_t refused =
        full ? EMU_DROPS_MAX : emu_world_judge(seat->node, frame->bytes, frame->size_bytes);
    if (refused != EMU_DROPS_MAX) {
        emu_process_record_frame(seat->node, EMU_RECORD_FRAME_LOST, refused, NULL, 0);
        entry_free(entry);
        return;
    }
    emu_host_tell(host, now_ns, EMU_HOST_SEND, 0, seat, frame->size_bytes);
    if (full) {
        sender->drops++;
        emu_host_tell(host, now_ns, EMU_HOST_SEND_FULL, 0, seat, sender->drops);
        emu_process_record_frame(seat->node, EMU_RECORD_FRAME_LOST, EMU_DROP_CARD_FULL, NULL, 0);
        entry_free(entry);
        return;
    }
    entry_append(&sender->queue, entry);
    if (sender->queue.count == 1) {
        turn_push(&host->card, seat);
    }
    if (!host->card.sends) {
        start(host, now_ns);
    }
}

void emu_card_handed(struct emu_seat *seat, uint64_t now_ns)
{
    while (seat->sender.handed.first) {
        enter(seat, entry_take(&seat->sender.handed), now_ns);
    }
}

/* --- to a machine ----------------------------------------------------------------------------- */

bool emu_card_received(struct emu_seat *seat, uint32_t size_bytes)
{
    struct emu_host *host = seat->host;
    if (host->model->card.eager) {
        const struct emu_processor *processor = &host->processors[seat->home];
        bool runs = processor->seat && !processor->left;
        emu_seat_receive_work(runs ? processor->seat : seat, size_bytes);
    }
    const struct emu_node *node = seat->node;
    uint32_t waiting = emu_node_device_present(node, DEV_PCNET) ? dev_pcnet_waiting(&node->pcnet)
                                                                : node->nic.count;
    return waiting < host->model->card.receive_queue;
}

/* --- saved ------------------------------------------------------------------------------------ */

void emu_card_clear(struct emu_host *host)
{
    for (uint32_t i = 0; i < host->seat_count; i++) {
        struct emu_sender *sender = &host->seats[i].sender;
        while (sender->queue.first) {
            entry_free(entry_take(&sender->queue));
        }
        while (sender->handed.first) {
            entry_free(entry_take(&sender->handed));
        }
        sender->waits = false;
    }
    host->card.first = host->card.last = host->card.sends = NULL;
}

static void queue_save(const struct emu_card_queue *queue, struct writer *writer)
{
    write_u32(writer, queue->count);
    for (const struct emu_card_frame *entry = queue->first; entry; entry = entry->next) {
        net_frame_save(entry->frame, writer);
    }
}

void emu_card_save(const struct emu_host *host, struct writer *writer)
{
    const struct emu_card *card = &host->card;
    write_u64(writer, card->fraction);
    write_u64(writer, card->frames);
    write_u64(writer, card->bytes);
    write_u64(writer, card->wire_ns);
    for (uint32_t i = 0; i < host->seat_count; i++) {
        const struct emu_sender *sender = &host->seats[i].sender;
        write_u64(writer, sender->frames);
        write_u64(writer, sender->bytes);
        write_u64(writer, sender->wire_ns);
        write_u64(writer, sender->drops);
        queue_save(&sender->handed, writer);
        if (sender->handed.count) {
            write_u64(writer, sender->event.base.key.time_ns);
        }
        queue_save(&sender->queue, writer);
    }
    /* Who has a frame on the wire, until when, and who follows. */
    write_u32(writer, card->sends ? emu_seat_number(card->sends) : UINT32_MAX);
    write_u64(writer, card->sends ? card->event.base.key.time_ns : 0);
    for (const struct emu_seat *seat = card->first; seat; seat = seat->sender.next) {
        write_u32(writer, emu_seat_number(seat));
    }
    write_u32(writer, UINT32_MAX);
}

static void queue_load(struct emu_card_queue *queue, uint64_t count_max, struct reader *reader)
{
    uint32_t count = read_u32(reader);
    if (count > count_max) {
        reader_fail(reader);
    }
    for (uint32_t i = 0; i < count && !reader->failed; i++) {
        struct net_frame *frame = net_frame_load(reader);
        if (frame) {
            queue_append(queue, frame);
        }
    }
}

static void load_sender(struct emu_host *host, struct emu_seat *seat, struct reader *reader)
{
    struct emu_sender *sender = &seat->sender;
    sender->frames = read_u64(reader);
    sender->bytes = read_u64(reader);
    sender->wire_ns = read_u64(reader);
    sender->drops = read_u64(reader);
    if (event_queued(&sender->event.base)) {
        event_heap_remove(&host->process->events, &sender->event.base);
    }
    queue_load(&sender->handed, host->model->card.rate_bps ? HANDED_MAX : 0, reader);
    uint64_t time_ns = sender->handed.count ? read_u64(reader) : 0;
    /* They are there before their machine goes on. */
    const struct emu_node *node = seat->node;
    if (sender->handed.count && (time_ns < host->process->world->now_ns ||
                                 time_ns > time_of_cycles(node->vcpu.cycles, node->cpu_hz))) {
        reader_fail(reader);
    }
    if (sender->handed.count && !reader->failed) {
        emu_host_event_push(host, &sender->event, EMU_HOST_SOURCE_SEND(host, emu_seat_number(seat)),
                            time_ns);
    }
    queue_load(&sender->queue, host->model->card.send_queue, reader);
}

/* No frame is on the wire for longer than it takes to send it, with what was left of the one
 * before.
 */
bool emu_card_on_time(const struct emu_host *host, uint64_t now_ns)
{
    const struct emu_card *card = &host->card;
    if (!card->sends) {
        return true;
    }
    uint64_t rate_bps = host->model->card.rate_bps;
    uint64_t work = work_of(card->sends->sender.queue.first->frame) + rate_bps - 1;
    uint64_t done_ns = card->event.base.key.time_ns;
    return done_ns <= now_ns || done_ns - now_ns <= work / rate_bps;
}

void emu_card_load(struct emu_host *host, struct reader *reader)
{
    struct emu_card *card = &host->card;
    emu_card_clear(host);
    card->fraction = read_u64(reader);
    card->frames = read_u64(reader);
    card->bytes = read_u64(reader);
    card->wire_ns = read_u64(reader);
    for (uint32_t i = 0; i < host->seat_count && !reader->failed; i++) {
        load_sender(host, &host->seats[i], reader);
    }
    if (event_queued(&card->event.base)) {
        event_heap_remove(&host->process->events, &card->event.base);
    }
    uint32_t sends = read_u32(reader);
    uint64_t done_ns = read_u64(reader);
    if (sends < host->seat_count && host->seats[sends].sender.queue.first &&
        host->model->card.rate_bps && done_ns >= host->process->world->now_ns) {
        card->sends = &host->seats[sends];
        emu_host_event_push(host, &card->event, EMU_HOST_SOURCE_CARD(host), done_ns);
    } else if (sends != UINT32_MAX) {
        reader_fail(reader);
    }
    uint32_t turns = 0;
    for (;;) {
        uint32_t number = read_u32(reader);
        if (reader->failed || number == UINT32_MAX) {
            break;
        }
        struct emu_seat *seat = number < host->seat_count ? &host->seats[number] : NULL;
        if (!seat || !seat->sender.queue.first || seat == card->sends || seat->sender.waits) {
            reader_fail(reader);
            break;
        }
        turn_push(card, seat);
        turns++;
    }
    /* Who has frames has a turn, or they would wait for ever; and the card is at work. */
    uint32_t with_frames = 0;
    uint64_t frames = 0;
    uint64_t bytes = 0;
    uint64_t wire_ns = 0;
    for (uint32_t i = 0; i < host->seat_count; i++) {
        const struct emu_sender *sender = &host->seats[i].sender;
        with_frames += sender->queue.first != NULL;
        frames += sender->frames;
        bytes += sender->bytes;
        wire_ns += sender->wire_ns;
    }
    if (frames != card->frames || bytes != card->bytes || wire_ns != card->wire_ns ||
        with_frames != turns + (card->sends != NULL) || (turns && !card->sends) ||
        card->fraction >= (host->model->card.rate_bps ? host->model->card.rate_bps : 1)) {
        reader_fail(reader);
    }
}
