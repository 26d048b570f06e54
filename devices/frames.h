/* Frames that wait in a network card, oldest first; what the cards share. */
#ifndef DENALI_DEVICES_FRAMES_H
#define DENALI_DEVICES_FRAMES_H

#include <devices/device.h>

struct dev_nic_frame {
    struct dev_nic_frame *next;
    uint32_t size_bytes;
    uint8_t bytes[];
};

bool frame_size_valid(uint32_t size_bytes);
/* False if the queue is full or the size is no frame's. */
bool frames_append(struct dev_nic *queue, const uint8_t *bytes, uint32_t size_bytes);
void frames_drop_first(struct dev_nic *queue);
void frames_drop_all(struct dev_nic *queue);

/* u32 count; then per frame u32 size and its bytes. */
void frames_save(const struct dev_nic *queue, struct writer *writer);
void frames_load(struct dev_nic *queue, struct reader *reader);

#endif
