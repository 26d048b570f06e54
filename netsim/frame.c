/* Frames: reference counts, save and load. */
#include <netsim/frame.h>

#include <stdlib.h>
#include <string.h>

#include <base/alloc.h>
#include <base/assert.h>

#define FRAME_STATE_VERSION 1

struct net_frame *net_frame_create(const void *bytes, uint32_t size_bytes)
{
    ASSERT(size_bytes >= NET_FRAME_MIN && size_bytes <= NET_FRAME_MAX);
    /* Not zeroed as a whole: every field and byte is written here. */
    struct net_frame *frame = alloc_grow(NULL, 1, sizeof *frame + size_bytes);
    frame->references = 1;
    frame->size_bytes = size_bytes;
    frame->sent_ns = 0;
    frame->queued_ns = 0;
    frame->serialized_ns = 0;
    memcpy(frame->bytes, bytes, size_bytes);
    return frame;
}

void net_frame_retain(struct net_frame *frame)
{
    __atomic_fetch_add(&frame->references, 1, __ATOMIC_RELAXED);
}

void net_frame_release(struct net_frame *frame)
{
    if (frame && __atomic_fetch_sub(&frame->references, 1, __ATOMIC_ACQ_REL) == 1) {
        free(frame);
    }
}

void net_frame_save(const struct net_frame *frame, struct writer *writer)
{
    write_u8(writer, FRAME_STATE_VERSION);
    write_u64(writer, frame->sent_ns);
    write_u64(writer, frame->queued_ns);
    write_u64(writer, frame->serialized_ns);
    write_u16(writer, (uint16_t)frame->size_bytes);
    write_bytes(writer, frame->bytes, frame->size_bytes);
}

struct net_frame *net_frame_load(struct reader *reader)
{
    if (read_u8(reader) != FRAME_STATE_VERSION) {
        reader_fail(reader);
    }
    uint64_t sent_ns = read_u64(reader);
    uint64_t queued_ns = read_u64(reader);
    uint64_t serialized_ns = read_u64(reader);
    uint32_t size_bytes = read_u16(reader);
    if (size_bytes < NET_FRAME_MIN || size_bytes > NET_FRAME_MAX) {
        reader_fail(reader);
    }
    if (reader->failed) {
        return NULL;
    }
    const void *bytes = read_view(reader, size_bytes);
    if (!bytes) {
        return NULL;
    }
    struct net_frame *frame = net_frame_create(bytes, size_bytes);
    frame->sent_ns = sent_ns;
    frame->queued_ns = queued_ns;
    frame->serialized_ns = serialized_ns;
    return frame;
}
