/* Frames that wait in a network card. */
#include "frames.h"

#include <stdlib.h>
#include <string.h>

#include <base/alloc.h>

bool frame_size_valid(uint32_t size_bytes)
{
    return size_bytes >= ABI_FRAME_MIN && size_bytes <= ABI_FRAME_MAX;
}

bool frames_append(struct dev_nic *queue, const uint8_t *bytes, uint32_t size_bytes)
{
    if (queue->count == DEV_NIC_QUEUE_MAX || !frame_size_valid(size_bytes)) {
        return false;
    }
    struct dev_nic_frame *frame = alloc_zeroed(1, sizeof *frame + size_bytes);
    frame->size_bytes = size_bytes;
    memcpy(frame->bytes, bytes, size_bytes);
    if (queue->last) {
        queue->last->next = frame;
    } else {
        queue->first = frame;
    }
    queue->last = frame;
    queue->count++;
    return true;
}

void frames_drop_first(struct dev_nic *queue)
{
    struct dev_nic_frame *frame = queue->first;
    queue->first = frame->next;
    if (!queue->first) {
        queue->last = NULL;
    }
    queue->count--;
    free(frame);
}

void frames_drop_all(struct dev_nic *queue)
{
    while (queue->first) {
        frames_drop_first(queue);
    }
}

void frames_save(const struct dev_nic *queue, struct writer *writer)
{
    write_u32(writer, queue->count);
    for (const struct dev_nic_frame *frame = queue->first; frame; frame = frame->next) {
        write_u32(writer, frame->size_bytes);
        write_bytes(writer, frame->bytes, frame->size_bytes);
    }
}

void frames_load(struct dev_nic *queue, struct reader *reader)
{
    uint32_t count = read_u32(reader);
    frames_drop_all(queue);
    if (count > DEV_NIC_QUEUE_MAX) {
        reader_fail(reader);
    }
    for (uint32_t i = 0; i < count && !reader->failed; i++) {
        uint32_t size_bytes = read_u32(reader);
        if (!frame_size_valid(size_bytes)) {
            reader_fail(reader);
        }
        const uint8_t *bytes = read_view(reader, size_bytes);
        if (bytes) {
            frames_append(queue, bytes, size_bytes);
        }
    }
    if (reader->failed) {
        frames_drop_all(queue); /* half a queue is no queue */
    }
}
