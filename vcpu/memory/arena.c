/*
 * The arena: every 4 KiB frame of every guest, image and snapshot of a process, in one reserved
 * stretch of host memory (on huge pages where the host has them) with a frame table beside it.
 */
#include <vcpu/memory.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <base/alloc.h>
#include <base/assert.h>

#define HUGE_BYTES ((uint64_t)2 << 20)

struct vcpu_arena {
    uint8_t *bytes; /* frame n lies at bytes + n * VCPU_PAGE_BYTES */
    uint64_t size_bytes;
    uint32_t frame_count; /* that fit; number 0 is never handed out */

    /* The frame table, one entry a frame. */
    _Atomic uint32_t *references;
    _Atomic uint8_t *states;
    size_t table_bytes;

    _Atomic bool exhausted;

    pthread_mutex_t lock; /* guards what follows */
    uint32_t next_unused; /* frames from here on were never taken */
    uint32_t *free_frames;
    uint32_t free_count;
    uint32_t free_capacity;
};

static void *reserve(size_t size_bytes)
{
    void *memory = mmap(NULL, size_bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

enum status vcpu_arena_create(uint64_t limit_bytes, struct vcpu_arena **result, struct error *error)
{
    uint64_t size_bytes = (limit_bytes + HUGE_BYTES - 1) / HUGE_BYTES * HUGE_BYTES;
    uint64_t frame_count = size_bytes / VCPU_PAGE_BYTES;
    if (frame_count < 2 || frame_count > UINT32_MAX) {
        return error_set(error, STATUS_INVALID, NULL, 0,
                         "a frame arena of %llu bytes cannot be made; expected 2 MiB to 16 TiB",
                         (unsigned long long)limit_bytes);
    }
    struct vcpu_arena *arena = alloc_zeroed(1, sizeof *arena);
    arena->size_bytes = size_bytes;
    arena->frame_count = (uint32_t)frame_count;
    arena->table_bytes = frame_count * (sizeof *arena->references + sizeof *arena->states);
    arena->bytes = reserve(size_bytes);
    arena->references = reserve(arena->table_bytes);
    if (!arena->bytes || !arena->references) {
        if (arena->bytes) {
            munmap(arena->bytes, size_bytes);
        }
        if (arena->references) {
            munmap(arena->references, arena->table_bytes);
        }
        free(arena);
        return error_set(error, STATUS_NO_MEMORY, NULL, 0,
                         "the host refused to reserve %llu MiB of address space for guest memory; "
                         "raise its limit (ulimit -v) or run with a lower --memory-limit",
                         (unsigned long long)(size_bytes >> 20));
    }
    madvise(arena->bytes, size_bytes, MADV_HUGEPAGE); /* a wish; nothing depends on it */
    arena->states = (_Atomic uint8_t *)(arena->references + frame_count);
    arena->next_unused = VCPU_FRAME_ZERO + 1;
    arena->references[VCPU_FRAME_ZERO] = 1;
    arena->states[VCPU_FRAME_ZERO] = VCPU_FRAME_IMAGE;
    pthread_mutex_init(&arena->lock, NULL);
    *result = arena;
    return STATUS_OK;
}

void vcpu_arena_destroy(struct vcpu_arena *arena)
{
    if (!arena) {
        return;
    }
    pthread_mutex_destroy(&arena->lock);
    munmap(arena->bytes, arena->size_bytes);
    munmap(arena->references, arena->table_bytes);
    free(arena->free_frames);
    free(arena);
}

uint8_t *vcpu_frame_bytes(const struct vcpu_arena *arena, uint32_t frame)
{
    return arena->bytes + (uint64_t)frame * VCPU_PAGE_BYTES;
}

/* *reused: it may hold anything; else zeros. */
static uint32_t take(struct vcpu_arena *arena, enum vcpu_frame_state state, bool *reused)
{
    uint32_t frame = VCPU_FRAME_NONE;
    *reused = false;
    pthread_mutex_lock(&arena->lock);
    if (arena->free_count) {
        frame = arena->free_frames[--arena->free_count];
        *reused = true;
    } else if (arena->next_unused < arena->frame_count) {
        frame = arena->next_unused++;
    }
    pthread_mutex_unlock(&arena->lock);
    if (frame == VCPU_FRAME_NONE) {
        atomic_store_explicit(&arena->exhausted, true, memory_order_relaxed);
        return frame;
    }
    atomic_store_explicit(&arena->references[frame], 1, memory_order_relaxed);
    atomic_store_explicit(&arena->states[frame], (uint8_t)state, memory_order_relaxed);
    return frame;
}

uint32_t vcpu_frame_take(struct vcpu_arena *arena, enum vcpu_frame_state state)
{
    bool reused;
    uint32_t frame = take(arena, state, &reused);
    if (reused) {
        memset(vcpu_frame_bytes(arena, frame), 0, VCPU_PAGE_BYTES);
    }
    return frame;
}

uint32_t vcpu_frame_copy(struct vcpu_arena *arena, uint32_t from)
{
    bool reused;
    uint32_t frame = take(arena, VCPU_FRAME_PRIVATE, &reused);
    if (frame != VCPU_FRAME_NONE && (reused || from != VCPU_FRAME_ZERO)) {
        memcpy(vcpu_frame_bytes(arena, frame), vcpu_frame_bytes(arena, from), VCPU_PAGE_BYTES);
    }
    return frame;
}

void vcpu_frame_retain(struct vcpu_arena *arena, uint32_t frame)
{
    ASSERT(frame != VCPU_FRAME_NONE);
    if (frame != VCPU_FRAME_ZERO) {
        atomic_fetch_add_explicit(&arena->references[frame], 1, memory_order_relaxed);
    }
}

void vcpu_frame_release(struct vcpu_arena *arena, uint32_t frame)
{
    if (frame == VCPU_FRAME_NONE || frame == VCPU_FRAME_ZERO) {
        return;
    }
    uint32_t before = atomic_fetch_sub_explicit(&arena->references[frame], 1, memory_order_acq_rel);
    ASSERT(before > 0);
    if (before > 1) {
        return;
    }
    atomic_store_explicit(&arena->states[frame], VCPU_FRAME_FREE, memory_order_relaxed);
    pthread_mutex_lock(&arena->lock);
    if (arena->free_count == arena->free_capacity) {
        arena->free_capacity = arena->free_capacity ? arena->free_capacity * 2 : 64;
        arena->free_frames =
            alloc_grow(arena->free_frames, arena->free_capacity, sizeof *arena->free_frames);
    }
    arena->free_frames[arena->free_count++] = frame;
    pthread_mutex_unlock(&arena->lock);
}

enum vcpu_frame_state vcpu_frame_state(const struct vcpu_arena *arena, uint32_t frame)
{
    return (enum vcpu_frame_state)atomic_load_explicit(&arena->states[frame], memory_order_relaxed);
}

void vcpu_frame_share(struct vcpu_arena *arena, uint32_t frame)
{
    if (vcpu_frame_state(arena, frame) == VCPU_FRAME_PRIVATE) {
        atomic_store_explicit(&arena->states[frame], VCPU_FRAME_SHARED, memory_order_relaxed);
    }
}

bool vcpu_arena_exhausted(const struct vcpu_arena *arena)
{
    return atomic_load_explicit(&arena->exhausted, memory_order_relaxed);
}

uint64_t vcpu_arena_frames_used(const struct vcpu_arena *arena)
{
    struct vcpu_arena *locked = (struct vcpu_arena *)arena;
    pthread_mutex_lock(&locked->lock);
    uint64_t used = arena->next_unused - (VCPU_FRAME_ZERO + 1) - arena->free_count;
    pthread_mutex_unlock(&locked->lock);
    return used;
}
