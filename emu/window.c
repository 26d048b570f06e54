/*
 * Windows: how the world's logical processes advance together, on any number of threads.
 *
 * A window starts at the least time at which anything happens and is no longer than the lookahead,
 * so nothing sent in it can arrive in it, and its processes run independently. Which thread runs
 * which process is left to chance and changes nothing.
 */
#include "probe.h"
#include "world_internal.h"

#include <stdlib.h>

#include <base/alloc.h>
#include <base/arithmetic.h>
#include <base/assert.h>
#include <base/host_clock.h>
#include <base/time.h>

#define PROGRESS_NS 200000000u /* of host time between two calls of the sink's progress */
#define SPINS       500        /* at the barrier before sleeping; some 20 us */

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Tells the processor that this is a spin. */
static void relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

/* All workers meet; the last to arrive lets all go on. Who waits long sleeps, so that threads that
 * share processors with others do not burn what the others could use. */
static void barrier(struct emu_world *world)
{
    uint32_t phase = atomic_load_explicit(&world->phase, memory_order_acquire);
    if (atomic_fetch_add_explicit(&world->arrived, 1, memory_order_acq_rel) + 1 ==
        world->worker_count) {
        atomic_store_explicit(&world->arrived, 0, memory_order_relaxed);
        pthread_mutex_lock(&world->lock);
        atomic_store_explicit(&world->phase, phase + 1, memory_order_release);
        if (world->sleepers) {
            pthread_cond_broadcast(&world->wake);
        }
        pthread_mutex_unlock(&world->lock);
        return;
    }
    for (int i = 0; i < SPINS; i++) {
        if (atomic_load_explicit(&world->phase, memory_order_acquire) != phase) {
            return;
        }
        relax();
    }
    pthread_mutex_lock(&world->lock);
    world->sleepers++;
    while (atomic_load_explicit(&world->phase, memory_order_acquire) == phase) {
        pthread_cond_wait(&world->wake, &world->lock);
    }
    world->sleepers--;
    pthread_mutex_unlock(&world->lock);
}

/* A worker's part of a window: active processes that nobody has taken yet, one after the other. */
static void work(struct emu_worker *worker)
{
    struct emu_world *world = worker->world;
    for (;;) {
        uint32_t index = atomic_fetch_add_explicit(&world->next_active, 1, memory_order_relaxed);
        if (index >= world->active_count) {
            return;
        }
        emu_process_run(world->active[index], worker->engine, world->window_end_ns);
    }
}

static void *worker_main(void *argument)
{
    struct emu_worker *worker = argument;
    ARITHMETIC_NEUTRAL();
    /* Held until it is known how many threads there are. */
    pthread_mutex_lock(&worker->world->lock);
    pthread_mutex_unlock(&worker->world->lock);
    for (;;) {
        barrier(worker->world);
        if (worker->world->stopping) {
            return NULL;
        }
        work(worker);
        barrier(worker->world);
    }
}

enum status emu_world_workers_start(struct emu_world *world, const struct vcpu_engine_ops *engine,
                                    uint32_t jobs, struct error *error)
{
    world->workers = alloc_zeroed(jobs, sizeof *world->workers);
    pthread_mutex_init(&world->lock, NULL);
    pthread_cond_init(&world->wake, NULL);
    pthread_mutex_lock(&world->lock);
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < jobs && !status; i++) {
        struct emu_worker *worker = &world->workers[i];
        worker->world = world;
        status = engine->create(&worker->engine, error);
        if (!status && i > 0 && pthread_create(&worker->thread, NULL, worker_main, worker)) {
            engine->destroy(worker->engine);
            status = error_set(error, STATUS_NO_MEMORY, NULL, 0,
                               "the host refused thread %u of %u; use fewer --jobs", i + 1, jobs);
        }
        world->worker_count += !status;
    }
    pthread_mutex_unlock(&world->lock);
    return status;
}

void emu_world_workers_stop(struct emu_world *world)
{
    if (world->worker_count > 1) {
        world->stopping = true;
        barrier(world);
        for (uint32_t i = 1; i < world->worker_count; i++) {
            pthread_join(world->workers[i].thread, NULL);
        }
    }
    for (uint32_t i = 0; i < world->worker_count; i++) {
        world->workers[i].engine->ops->destroy(world->workers[i].engine);
    }
    if (world->workers) {
        pthread_mutex_destroy(&world->lock);
        pthread_cond_destroy(&world->wake);
    }
    free(world->workers);
}

static void run_window(struct emu_world *world, uint64_t end_ns)
{
    world->window_end_ns = end_ns;
    world->active_count = 0;
    for (uint32_t i = 0; i < world->process_count; i++) {
        if (emu_process_due_ns(&world->processes[i]) < end_ns) {
            world->active[world->active_count++] = &world->processes[i];
        }
    }
    atomic_store_explicit(&world->next_active, 0, memory_order_relaxed);
    /* Waking the others is not worth it for one process. */
    bool alone = world->worker_count == 1 || world->active_count == 1;
    if (!alone) {
        barrier(world);
    }
    work(&world->workers[0]);
    if (!alone) {
        barrier(world);
    }
}

void emu_world_collect(struct emu_world *world)
{
    for (uint32_t i = 0; i < world->process_count; i++) {
        emu_process_collect(&world->processes[i]);
        emu_process_note_next(&world->processes[i]);
    }
}

static uint64_t next_due(const struct emu_world *world)
{
    uint64_t next_ns = TIME_NEVER;
    for (uint32_t i = 0; i < world->process_count; i++) {
        next_ns = least(next_ns, emu_process_due_ns(&world->processes[i]));
    }
    return next_ns;
}

uint64_t emu_world_next_ns(struct emu_world *world)
{
    emu_world_collect(world);
    return next_due(world);
}

enum status emu_world_run(struct emu_world *world, uint64_t until_ns, struct error *error)
{
    ARITHMETIC_NEUTRAL();
    enum status status = STATUS_OK;
    bool go_on = true;
    bool small = world->node_count <= 16; /* somebody may be watching the console */
    uint64_t told_ns = host_clock_ns();
    uint64_t next_ns = emu_world_next_ns(world);
    while (!status && go_on && next_ns < until_ns) {
        uint64_t end_ns = next_ns + least(world->lookahead_ns, until_ns - next_ns);
        world->now_ns = next_ns;
        run_window(world, end_ns);
        next_ns = next_due(world);
        /* Less than the end if a process paused. What it sends from there on arrives no sooner than
         * a lookahead later, which the others have not passed. */
        world->now_ns = least(end_ns, next_ns);
        status = emu_world_flush_records(world, error);
        if (!status) {
            status = emu_world_flush_traces(world, error);
        }
        if (!status && vcpu_arena_exhausted(world->arena)) {
            status = error_set(error, STATUS_NO_MEMORY, NULL, 0,
                               "guest memory is used up at virtual time %.3f s: run fewer nodes, "
                               "give groups a memory limit, or raise --memory-limit",
                               (double)end_ns / 1e9);
        }
        go_on = !world->probe || world->probe->stop == EMU_PROBE_NONE;
        uint64_t host_ns = host_clock_ns();
        if (!status && (small || host_ns - told_ns > PROGRESS_NS)) {
            status = emu_world_flush_consoles(world, error);
        }
        if (host_ns - told_ns > PROGRESS_NS) {
            told_ns = host_ns;
            go_on = go_on && (!world->sink.progress || world->sink.progress(world->sink.context));
        }
    }
    if (!status && go_on) {
        world->now_ns = until_ns;
    }
    if (!status) {
        status = emu_world_flush_consoles(world, error);
    }
    return status;
}
