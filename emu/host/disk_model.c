/*
 * A host's disk: the queue, who is served next and whom it is charged to. How long a request takes
 * is disk_time.c's. Knows sectors and requesters, no machines and no pages.
 */
#include "disk_model.h"

#include <stdlib.h>

#include <base/alloc.h>
#include <base/assert.h>
#include <base/event_heap.h>
#include <base/time.h>

#include "disk_time.h"

#define STATE_VERSION 1
#define TIME_SANE_NS  (UINT64_MAX / 4) /* what is loaded beyond is not a time of any run */

struct item {
    struct event event; /* queued: its rank in the sweep, and its sequence */
    struct emu_disk_request request;
    uint64_t arrival_ns;
    uint64_t sequence; /* of submission */
};

/* What serves one request at a time: the arm, or a channel of flash. */
struct channel {
    struct item *item;     /* NULL: idle */
    struct disk_exact end; /* of the last request; of the one in service, if there is one */
};

struct emu_disk_model {
    struct emu_disk_params params;
    struct disk_geometry geometry;
    uint32_t requester_count;
    uint32_t channel_count;
    uint32_t busy_count;
    bool down;                /* SCAN: towards sector 0 */
    uint64_t position;        /* first sector of the last request turned to */
    uint64_t track;           /* where the head is once all in service is done */
    uint64_t sequence;        /* of the next submission */
    uint64_t now_ns;          /* the latest time told */
    struct event_heap way[2]; /* waiting: [0] for the way up (and FIFO), [1] for the way down */
    struct channel channels[EMU_DISK_CHANNELS_MAX];
    struct emu_disk_account total;
    struct emu_disk_account *accounts;
};

enum status emu_disk_model_create(const struct emu_disk_params *params, uint32_t requester_count,
                                  struct emu_disk_model **model, struct error *error)
{
    *model = NULL;
    enum status status = disk_params_check(params, error);
    if (status != STATUS_OK) {
        return status;
    }
    ASSERT(requester_count > 0);
    struct emu_disk_model *made = alloc_zeroed(1, sizeof *made);
    made->params = *params;
    if (made->params.queue_requests_max == 0) {
        made->params.queue_requests_max = EMU_DISK_QUEUE_REQUESTS;
    }
    made->geometry = disk_geometry_of(params);
    made->requester_count = requester_count;
    made->channel_count = params->kind == EMU_DISK_FLASH ? params->channels : 1;
    made->accounts = alloc_zeroed(requester_count, sizeof *made->accounts);
    event_heap_init(&made->way[0]);
    event_heap_init(&made->way[1]);
    *model = made;
    return STATUS_OK;
}

/* Back to the state after creation. */
static void reset(struct emu_disk_model *model)
{
    for (uint32_t i = 0; i < 2; i++) {
        struct event *event;
        while ((event = event_heap_pop(&model->way[i])) != NULL) {
            free(event);
        }
    }
    for (uint32_t i = 0; i < model->channel_count; i++) {
        free(model->channels[i].item);
        model->channels[i] = (struct channel){0};
    }
    for (uint32_t i = 0; i < model->requester_count; i++) {
        model->accounts[i] = (struct emu_disk_account){0};
    }
    model->total = (struct emu_disk_account){0};
    model->busy_count = 0;
    model->down = false;
    model->position = model->track = model->sequence = model->now_ns = 0;
}

void emu_disk_model_destroy(struct emu_disk_model *model)
{
    if (!model) {
        return;
    }
    reset(model);
    event_heap_fini(&model->way[0]);
    event_heap_fini(&model->way[1]);
    free(model->accounts);
    free(model);
}

/* --- The queue ------------------------------------------------------------------------------ */

/* Puts a request where the sweep will meet it: ahead of the head, or on the way back. */
static void enqueue(struct emu_disk_model *model, struct item *item)
{
    uint64_t sector = item->request.sector;
    uint32_t way = 0;
    uint64_t rank = 0;
    if (model->params.order == EMU_DISK_SCAN) {
        bool ahead = model->down ? sector <= model->position : sector >= model->position;
        way = ahead ? model->down : !model->down;
        rank = way == 0 ? sector : model->params.sector_count - sector;
    }
    item->event.key = (struct event_key){.time_ns = rank, .sequence = item->sequence};
    event_heap_push(&model->way[way], &item->event);
}

static struct item *dequeue(struct emu_disk_model *model)
{
    if (model->way[model->down].count == 0) {
        if (model->way[!model->down].count == 0) {
            return NULL;
        }
        model->down = !model->down;
    }
    struct event *event = event_heap_pop(&model->way[model->down]);
    return (struct item *)event;
}

uint32_t emu_disk_model_queued(const struct emu_disk_model *model)
{
    return model->way[0].count + model->way[1].count;
}

/* --- Service -------------------------------------------------------------------------------- */

static void charge(struct emu_disk_account *account, const struct emu_disk_request *request,
                   uint64_t wait_ns, uint64_t busy_ns)
{
    uint64_t bytes = (uint64_t)request->sector_count * EMU_DISK_SECTOR_BYTES;
    if (request->write) {
        account->writes++;
        account->bytes_written += bytes;
    } else {
        account->reads++;
        account->bytes_read += bytes;
    }
    account->wait_ns += wait_ns;
    account->busy_ns += busy_ns;
}

/* An idle channel turns to a request. */
static void serve(struct emu_disk_model *model, struct channel *channel, struct item *item)
{
    const struct emu_disk_request *request = &item->request;
    uint64_t from_ns = disk_exact_ceil(channel->end);
    if (from_ns < item->arrival_ns) {
        from_ns = item->arrival_ns;
    }
    struct disk_exact start = channel->end;
    uint64_t ready_ns = item->arrival_ns + model->params.overhead_ns;
    if (start.ns < ready_ns) {
        start = (struct disk_exact){.ns = ready_ns};
    }
    channel->item = item;
    channel->end = disk_time_end(&model->params, &model->geometry, start, request, &model->track);
    model->busy_count++;
    model->position = request->sector;
    uint64_t wait_ns = from_ns - item->arrival_ns;
    uint64_t busy_ns = disk_exact_ceil(channel->end) - from_ns;
    charge(&model->accounts[request->requester], request, wait_ns, busy_ns);
    charge(&model->total, request, wait_ns, busy_ns);
}

static struct channel *channel_first_idle(struct emu_disk_model *model)
{
    for (uint32_t i = 0; i < model->channel_count; i++) {
        if (!model->channels[i].item) {
            return &model->channels[i];
        }
    }
    return NULL;
}

/* The channel that is done first; the older request at the same time. NULL if all are idle. */
static const struct channel *channel_first_done(const struct emu_disk_model *model)
{
    const struct channel *first = NULL;
    for (uint32_t i = 0; i < model->channel_count && model->busy_count; i++) {
        const struct channel *channel = &model->channels[i];
        if (!channel->item) {
            continue;
        }
        uint64_t end_ns = disk_exact_ceil(channel->end);
        if (!first || end_ns < disk_exact_ceil(first->end) ||
            (end_ns == disk_exact_ceil(first->end) &&
             channel->item->sequence < first->item->sequence)) {
            first = channel;
        }
    }
    return first;
}

uint64_t emu_disk_model_told_ns(const struct emu_disk_model *model)
{
    return model->now_ns;
}

uint64_t emu_disk_model_next_ns(const struct emu_disk_model *model)
{
    const struct channel *first = channel_first_done(model);
    return first ? disk_exact_ceil(first->end) : TIME_NEVER;
}

static bool request_valid(const struct emu_disk_model *model,
                          const struct emu_disk_request *request)
{
    uint64_t sector_count = model->params.sector_count;
    return request->requester < model->requester_count && request->sector_count > 0 &&
           request->sector_count <= EMU_DISK_REQUEST_MAX_SECTORS &&
           request->sector < sector_count &&
           request->sector_count <= sector_count - request->sector;
}

bool emu_disk_model_submit(struct emu_disk_model *model, uint64_t now_ns,
                           const struct emu_disk_request *request)
{
    ASSERT(request_valid(model, request));
    ASSERT(now_ns >= model->now_ns && now_ns <= emu_disk_model_next_ns(model));
    model->now_ns = now_ns;
    struct channel *idle = channel_first_idle(model);
    if (!idle && emu_disk_model_queued(model) >= model->params.queue_requests_max) {
        return false;
    }
    struct item *item = alloc_zeroed(1, sizeof *item);
    event_init(&item->event);
    item->request = *request;
    item->arrival_ns = now_ns;
    item->sequence = model->sequence++;
    enqueue(model, item);
    if (idle) {
        serve(model, idle, dequeue(model));
    }
    return true;
}

struct emu_disk_request emu_disk_model_complete(struct emu_disk_model *model)
{
    struct channel *channel = (struct channel *)channel_first_done(model);
    ASSERT(channel);
    struct emu_disk_request request = channel->item->request;
    free(channel->item);
    channel->item = NULL;
    model->busy_count--;
    model->now_ns = disk_exact_ceil(channel->end);
    struct item *next = dequeue(model);
    if (next) {
        serve(model, channel, next);
    }
    return request;
}

struct emu_disk_account emu_disk_model_account(const struct emu_disk_model *model,
                                               uint32_t requester)
{
    ASSERT(requester < model->requester_count);
    return model->accounts[requester];
}

struct emu_disk_account emu_disk_model_total(const struct emu_disk_model *model)
{
    return model->total;
}

void emu_disk_model_visit(const struct emu_disk_model *model,
                          void (*visit)(void *context, const struct emu_disk_request *request),
                          void *context)
{
    for (uint32_t i = 0; i < model->channel_count; i++) {
        if (model->channels[i].item) {
            visit(context, &model->channels[i].item->request);
        }
    }
    for (uint32_t way = 0; way < 2; way++) {
        for (uint32_t i = 0; i < model->way[way].count; i++) {
            visit(context, &((const struct item *)model->way[way].slots[i].event)->request);
        }
    }
}

/* --- State ---------------------------------------------------------------------------------- */

static void account_save(const struct emu_disk_account *account, struct writer *writer)
{
    write_u64(writer, account->reads);
    write_u64(writer, account->writes);
    write_u64(writer, account->bytes_read);
    write_u64(writer, account->bytes_written);
    write_u64(writer, account->wait_ns);
    write_u64(writer, account->busy_ns);
}

/* The total is the sum, so it is not saved. */
static void account_load(struct emu_disk_account *account, struct emu_disk_account *total,
                         struct reader *reader)
{
    total->reads += account->reads = read_u64(reader);
    total->writes += account->writes = read_u64(reader);
    total->bytes_read += account->bytes_read = read_u64(reader);
    total->bytes_written += account->bytes_written = read_u64(reader);
    total->wait_ns += account->wait_ns = read_u64(reader);
    total->busy_ns += account->busy_ns = read_u64(reader);
}

static void item_save(const struct item *item, struct writer *writer)
{
    write_u64(writer, item->sequence);
    write_u64(writer, item->arrival_ns);
    write_u64(writer, item->request.sector);
    write_u32(writer, item->request.sector_count);
    write_u32(writer, item->request.requester);
    write_u8(writer, item->request.write);
    write_u64(writer, item->request.tag);
}

/* NULL, with the reader failed, if it is no request of this model. */
static struct item *item_load(const struct emu_disk_model *model, struct reader *reader)
{
    struct item *item = alloc_zeroed(1, sizeof *item);
    event_init(&item->event);
    item->sequence = read_u64(reader);
    item->arrival_ns = read_u64(reader);
    item->request.sector = read_u64(reader);
    item->request.sector_count = read_u32(reader);
    item->request.requester = read_u32(reader);
    uint8_t write = read_u8(reader);
    item->request.write = write != 0;
    item->request.tag = read_u64(reader);
    if (reader->failed || write > 1 || !request_valid(model, &item->request) ||
        item->sequence >= model->sequence || item->arrival_ns > model->now_ns) {
        reader_fail(reader);
        free(item);
        return NULL;
    }
    return item;
}

static int compare_items(const void *a, const void *b)
{
    const struct item *x = *(struct item *const *)a;
    const struct item *y = *(struct item *const *)b;
    return (x->sequence > y->sequence) - (x->sequence < y->sequence);
}

/* In the order of submission, each with the way that it waits for. */
static void queue_save(const struct emu_disk_model *model, struct writer *writer)
{
    uint32_t count = emu_disk_model_queued(model);
    write_u32(writer, count);
    for (uint32_t way = 0; way < 2; way++) {
        const struct event_heap *heap = &model->way[way];
        struct item **items = alloc_zeroed(heap->count + 1, sizeof *items);
        for (uint32_t i = 0; i < heap->count; i++) {
            items[i] = (struct item *)heap->slots[i].event;
        }
        qsort(items, heap->count, sizeof *items, compare_items);
        for (uint32_t i = 0; i < heap->count; i++) {
            item_save(items[i], writer);
        }
        free(items);
    }
}

/* Which way a request waits for follows from where the head is: enqueue finds it again. */
static void queue_load(struct emu_disk_model *model, struct reader *reader)
{
    uint32_t count = read_u32(reader);
    if (count > model->params.queue_requests_max ||
        (count && model->busy_count < model->channel_count)) {
        reader_fail(reader);
    }
    for (uint32_t i = 0; i < count && !reader->failed; i++) {
        struct item *item = item_load(model, reader);
        if (item) {
            enqueue(model, item);
        }
    }
}

void emu_disk_model_save(const struct emu_disk_model *model, struct writer *writer)
{
    write_u16(writer, STATE_VERSION);
    write_u8(writer, (uint8_t)model->params.kind);
    write_u64(writer, model->params.sector_count);
    write_u32(writer, model->requester_count);
    write_u32(writer, model->channel_count);
    write_u8(writer, model->down);
    write_u64(writer, model->position);
    write_u64(writer, model->track);
    write_u64(writer, model->sequence);
    write_u64(writer, model->now_ns);
    for (uint32_t i = 0; i < model->channel_count; i++) {
        const struct channel *channel = &model->channels[i];
        write_u64(writer, channel->end.ns);
        write_u64(writer, channel->end.fraction);
        write_u8(writer, channel->item != NULL);
        if (channel->item) {
            item_save(channel->item, writer);
        }
    }
    queue_save(model, writer);
    for (uint32_t i = 0; i < model->requester_count; i++) {
        account_save(&model->accounts[i], writer);
    }
}

static void channel_load(struct emu_disk_model *model, struct channel *channel,
                         struct reader *reader)
{
    channel->end.ns = read_u64(reader);
    channel->end.fraction = read_u64(reader);
    uint8_t busy = read_u8(reader);
    if (busy > 1 || channel->end.ns > TIME_SANE_NS ||
        channel->end.fraction >= model->geometry.units_per_ns ||
        (busy ? disk_exact_ceil(channel->end) < model->now_ns
              : disk_exact_ceil(channel->end) > model->now_ns)) {
        reader_fail(reader);
    }
    if (busy && !reader->failed) {
        channel->item = item_load(model, reader);
        model->busy_count += channel->item != NULL;
    }
}

bool emu_disk_model_load(struct emu_disk_model *model, struct reader *reader)
{
    reset(model);
    if (read_u16(reader) != STATE_VERSION || read_u8(reader) != model->params.kind ||
        read_u64(reader) != model->params.sector_count ||
        read_u32(reader) != model->requester_count || read_u32(reader) != model->channel_count) {
        reader_fail(reader);
    }
    uint8_t down = read_u8(reader);
    model->down = down != 0;
    model->position = read_u64(reader);
    model->track = read_u64(reader);
    model->sequence = read_u64(reader);
    model->now_ns = read_u64(reader);
    if (down > (model->params.order == EMU_DISK_SCAN) || model->now_ns > TIME_SANE_NS ||
        model->position >= model->params.sector_count || model->track >= model->geometry.tracks) {
        reader_fail(reader);
    }
    for (uint32_t i = 0; i < model->channel_count && !reader->failed; i++) {
        channel_load(model, &model->channels[i], reader);
    }
    if (!reader->failed) {
        queue_load(model, reader);
    }
    for (uint32_t i = 0; i < model->requester_count; i++) {
        account_load(&model->accounts[i], &model->total, reader);
    }
    if (reader->failed) {
        reset(model);
        return false;
    }
    return true;
}
