/* Records a run: what is to be written is taken by the run's thread and written by another. */
#include "recorder.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <base/alloc.h>
#include <base/assert.h>
#include <base/time.h>
#include <emu/run.h>

#include "checkpoint.h"
#include "world_internal.h"

#define SNAPSHOTS_MAX 2u   /* not written yet: the run waits for its writer beyond that */
#define ITEMS_MAX     256u /* likewise, of all kinds */
/* Every so many checkpoints one is against nothing: what has to be read to enter a run is bounded.
 */
#define FULL_EVERY 12u
/* Where nodes do much, as while they all boot, an interval is long to run again: once they have
 * executed so much, in the mean, a checkpoint is taken with the next digests. It is what makes the
 * moments of the main job reachable, and costs a fixed part of executing (docs/trace.md). */
#define MUCH_INSTRUCTIONS 300000u

/* Something to write. */
struct item {
    struct item *next;
    uint32_t type;
    uint64_t time_ns;
    struct writer content;         /* all but checkpoints */
    struct emu_snapshot *snapshot; /* checkpoints */
};

struct emu_recorder {
    struct emu_world *world;
    uint64_t interval_ns;
    uint64_t checkpoint_ns;
    uint64_t *chains;  /* by node, as told last */
    uint64_t *now;     /* scratch of as many */
    uint64_t activity; /* of the world at the last checkpoint */
    uint64_t retired;  /* and instructions of all nodes */
    uint64_t next_checkpoint_ns;

    pthread_t thread;
    bool started; /* the thread */

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t more;  /* there is an item, or there will be no more */
    pthread_cond_t less;  /* an item was written */
    struct item *first;
    struct item **last;
    uint32_t item_count;
    uint32_t snapshot_count;
    bool ending;
    struct error failure; /* of the writing thread */

    /* The writing thread's. */
    struct trace_recording_writer *recording;
    struct trace_checkpoint_encoder *encoder;
    struct emu_snapshot *before; /* the last checkpoint */
    uint32_t since_full;
};

/* --- the writing thread ----------------------------------------------------------------------- */

static enum status write_item(struct emu_recorder *recorder, struct item *item, struct error *error)
{
    const uint8_t *bytes = item->content.bytes;
    size_t size_bytes = item->content.size_bytes;
    if (item->snapshot) {
        bool full = !recorder->before || recorder->since_full + 1 >= FULL_EVERY;
        bytes = emu_checkpoint_encode(recorder->encoder, recorder->world,
                                      full ? NULL : recorder->before, item->snapshot, &size_bytes);
        item->type = full ? TRACE_RECORD_FULL : TRACE_RECORD_DELTA;
        recorder->since_full = full ? 0 : recorder->since_full + 1;
        emu_snapshot_destroy(recorder->before);
        recorder->before = item->snapshot;
        item->snapshot = NULL;
    }
    return trace_recording_append(recorder->recording, item->type, item->time_ns, bytes, size_bytes,
                                  error);
}

static void item_free(struct item *item)
{
    writer_fini(&item->content);
    emu_snapshot_destroy(item->snapshot);
    free(item);
}

static void *writer_main(void *argument)
{
    struct emu_recorder *recorder = argument;
    pthread_mutex_lock(&recorder->lock);
    for (;;) {
        while (!recorder->first && !recorder->ending) {
            pthread_cond_wait(&recorder->more, &recorder->lock);
        }
        struct item *item = recorder->first;
        if (!item) {
            break;
        }
        recorder->first = item->next;
        if (!item->next) {
            recorder->last = &recorder->first;
        }
        bool checkpoint = item->snapshot != NULL;
        struct error failure = recorder->failure;
        pthread_mutex_unlock(&recorder->lock);
        if (!failure.status) {
            (void)!write_item(recorder, item, &failure);
        }
        item_free(item);
        pthread_mutex_lock(&recorder->lock);
        recorder->failure = failure;
        recorder->item_count--;
        recorder->snapshot_count -= checkpoint;
        pthread_cond_broadcast(&recorder->less);
    }
    pthread_mutex_unlock(&recorder->lock);
    return NULL;
}

/* --- the run's thread ------------------------------------------------------------------------- */

static struct item *item_create(uint32_t type, uint64_t time_ns)
{
    struct item *item = alloc_zeroed(1, sizeof *item);
    item->type = type;
    item->time_ns = time_ns;
    writer_init(&item->content);
    return item;
}

static void hand_over(struct emu_recorder *recorder, struct item *item)
{
    pthread_mutex_lock(&recorder->lock);
    while (recorder->item_count >= ITEMS_MAX ||
           (item->snapshot && recorder->snapshot_count >= SNAPSHOTS_MAX)) {
        pthread_cond_wait(&recorder->less, &recorder->lock);
    }
    *recorder->last = item;
    recorder->last = &item->next;
    recorder->item_count++;
    recorder->snapshot_count += item->snapshot != NULL;
    pthread_cond_signal(&recorder->more);
    pthread_mutex_unlock(&recorder->lock);
}

void emu_recorder_input(struct emu_recorder *recorder, const struct trace_input *input)
{
    struct item *item = item_create(TRACE_RECORD_INPUT, recorder->world->now_ns);
    trace_input_write(input, &item->content);
    hand_over(recorder, item);
}

static void take_digests(struct emu_recorder *recorder)
{
    const struct emu_world *world = recorder->world;
    bool changed = false;
    for (uint32_t i = 0; i < world->node_count; i++) {
        recorder->now[i] = world->nodes[i].digest;
        changed |= recorder->now[i] != recorder->chains[i];
    }
    if (changed) {
        struct item *item = item_create(TRACE_RECORD_DIGESTS, world->now_ns);
        trace_digests_write(recorder->chains, recorder->now, world->node_count, &item->content);
        hand_over(recorder, item);
    }
}

/* Grows with whatever nodes do. */
static uint64_t activity_of(const struct emu_world *world)
{
    uint64_t activity = 1;
    for (uint32_t i = 0; i < world->node_count; i++) {
        activity += world->nodes[i].vcpu.retired + world->nodes[i].account.interrupts_raised +
                    world->nodes[i].account.drops_node_down;
    }
    return activity;
}

static uint64_t retired_of(const struct emu_world *world)
{
    uint64_t retired = 0;
    for (uint32_t i = 0; i < world->node_count; i++) {
        retired += world->nodes[i].vcpu.retired;
    }
    return retired;
}

/* Is one to be taken now, between digests or with them? A function of the virtual time and of what
 * the nodes have done, so that a recording is the same wherever it is made. */
static bool checkpoint_due(const struct emu_recorder *recorder)
{
    const struct emu_world *world = recorder->world;
    if (!recorder->checkpoint_ns) {
        return false;
    }
    if (world->now_ns == recorder->next_checkpoint_ns) {
        return activity_of(world) != recorder->activity;
    }
    return world->now_ns % recorder->interval_ns == 0 &&
           retired_of(world) - recorder->retired > (uint64_t)MUCH_INSTRUCTIONS * world->node_count;
}

/* The first multiple of step that lies behind time_ns. */
static uint64_t multiple_behind(uint64_t time_ns, uint64_t step_ns)
{
    return (time_ns / step_ns + 1) * step_ns;
}

uint64_t emu_recorder_next_ns(struct emu_recorder *recorder)
{
    uint64_t event_ns = emu_world_next_ns(recorder->world);
    if (event_ns >= TIME_NEVER / 2) {
        return TIME_NEVER;
    }
    uint64_t now_ns = recorder->world->now_ns;
    uint64_t from_ns = event_ns > now_ns ? event_ns : now_ns;
    uint64_t next_ns = multiple_behind(from_ns, recorder->interval_ns);
    if (recorder->checkpoint_ns) {
        recorder->next_checkpoint_ns = multiple_behind(from_ns, recorder->checkpoint_ns);
        next_ns = recorder->next_checkpoint_ns < next_ns ? recorder->next_checkpoint_ns : next_ns;
    }
    return next_ns;
}

static enum status failure_of(struct emu_recorder *recorder, struct error *error)
{
    pthread_mutex_lock(&recorder->lock);
    struct error failure = recorder->failure;
    pthread_mutex_unlock(&recorder->lock);
    if (failure.status && error && !error->status) {
        *error = failure;
    }
    return failure.status;
}

enum status emu_recorder_mark(struct emu_recorder *recorder, struct error *error)
{
    struct emu_world *world = recorder->world;
    take_digests(recorder);
    if (checkpoint_due(recorder)) {
        struct item *item = item_create(TRACE_RECORD_FULL, world->now_ns);
        recorder->activity = activity_of(world);
        recorder->retired = retired_of(world);
        item->snapshot = emu_world_snapshot(world);
        hand_over(recorder, item);
    }
    return failure_of(recorder, error);
}

/* --- beginning and end ------------------------------------------------------------------------ */

static enum status take_head(struct emu_recorder *recorder,
                             const struct emu_recorder_options *options, struct error *error)
{
    const struct emu_world *world = recorder->world;
    struct trace_file *files = alloc_zeroed(options->file_count + 1, sizeof *files);
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < options->file_count && !status; i++) {
        files[i].path = (char *)options->files[i];
        status = trace_file_look(options->directory, files[i].path, &files[i].size_bytes,
                                 &files[i].hash, error);
    }
    struct trace_head head = {
        .version = (char *)emu_version(),
        .engine = (char *)emu_world_engine_name(world),
        .seed = world->scenario->seed,
        .node_count = world->node_count,
        .typed_input = world->typed_input,
        .duration_ns = world->scenario->duration_ns,
        .interval_ns = recorder->interval_ns,
        .checkpoint_ns = recorder->checkpoint_ns,
        .files = files,
        .file_count = options->file_count,
    };
    if (!status) {
        struct item *item = item_create(TRACE_RECORD_HEAD, world->now_ns);
        trace_head_write(&head, &item->content);
        hand_over(recorder, item);
    }
    free(files);
    return status;
}

enum status emu_recorder_create(struct emu_world *world, const struct emu_recorder_options *options,
                                struct emu_recorder **result, struct error *error)
{
    ASSERT(world->now_ns == 0 && !world->recorder);
    struct emu_recorder *recorder = alloc_zeroed(1, sizeof *recorder);
    recorder->world = world;
    recorder->interval_ns = options->interval_ns ? options->interval_ns : EMU_RECORD_INTERVAL_NS;
    recorder->checkpoint_ns = options->checkpoint_ns;
    recorder->chains = alloc_zeroed(world->node_count, sizeof *recorder->chains);
    recorder->now = alloc_zeroed(world->node_count, sizeof *recorder->now);
    recorder->last = &recorder->first;
    pthread_mutex_init(&recorder->lock, NULL);
    pthread_cond_init(&recorder->more, NULL);
    pthread_cond_init(&recorder->less, NULL);
    recorder->encoder = trace_checkpoint_encoder_create();
    enum status status = trace_recording_create(options->directory, &recorder->recording, error);
    if (!status && pthread_create(&recorder->thread, NULL, writer_main, recorder)) {
        status = error_set(error, STATUS_NO_MEMORY, NULL, 0,
                           "the host refused a thread to write the recording");
    }
    recorder->started = !status;
    status = status ? status : take_head(recorder, options, error);
    if (status) {
        emu_recorder_abandon(recorder);
        return status;
    }
    world->recorder = recorder;
    *result = recorder;
    return STATUS_OK;
}

/* What is left is written, and the thread ends. */
static void thread_end(struct emu_recorder *recorder)
{
    if (recorder->started) {
        pthread_mutex_lock(&recorder->lock);
        recorder->ending = true;
        pthread_cond_signal(&recorder->more);
        pthread_mutex_unlock(&recorder->lock);
        pthread_join(recorder->thread, NULL);
        recorder->started = false;
    }
}

enum status emu_recorder_end(struct emu_recorder *recorder, uint64_t digest, struct error *error)
{
    struct emu_totals totals;
    struct item *item = item_create(TRACE_RECORD_END, recorder->world->now_ns);
    take_digests(recorder);
    emu_world_totals(recorder->world, &totals);
    trace_end_write(&(struct trace_end){digest, totals.instructions}, &item->content);
    hand_over(recorder, item);
    thread_end(recorder);
    enum status status = failure_of(recorder, error);
    if (!status) {
        struct trace_recording_writer *recording = recorder->recording;
        recorder->recording = NULL;
        status = trace_recording_end(recording, error);
    }
    emu_recorder_abandon(recorder);
    return status;
}

void emu_recorder_abandon(struct emu_recorder *recorder)
{
    if (!recorder) {
        return;
    }
    thread_end(recorder);
    if (recorder->world->recorder == recorder) {
        recorder->world->recorder = NULL;
    }
    trace_recording_abandon(recorder->recording);
    trace_checkpoint_encoder_destroy(recorder->encoder);
    emu_snapshot_destroy(recorder->before);
    pthread_mutex_destroy(&recorder->lock);
    pthread_cond_destroy(&recorder->more);
    pthread_cond_destroy(&recorder->less);
    free(recorder->chains);
    free(recorder->now);
    free(recorder);
}
