/*
 * A frame on its way: immutable bytes from the Ethernet header to the end of the payload, without
 * preamble, inter-frame gap or checksum trailer, and the times the network spent on it.
 *
 * Ownership: reference-counted, atomically, so that a frame may be created in one logical process
 * and released in another. Bytes never change after creation. The recorded times are written only
 * by the network, while it alone holds the frame (between net_send and deliver).
 */
#ifndef DENALI_NETSIM_FRAME_H
#define DENALI_NETSIM_FRAME_H

#include <stdint.h>

#include <base/codec.h>

#define NET_FRAME_MIN 14u   /* an Ethernet header */
#define NET_FRAME_MAX 1514u /* header and 1500 bytes */

struct net_frame {
    uint32_t references;    /* atomic; net_frame_retain and net_frame_release only */
    uint32_t size_bytes;    /* NET_FRAME_MIN..NET_FRAME_MAX */
    uint64_t sent_ns;       /* when net_send was called for it (or for the frame it answers) */
    uint64_t queued_ns;     /* waited in uplink and downlink queues, all together */
    uint64_t serialized_ns; /* spent being put on links, all together */
    uint8_t bytes[];
};

/* A frame with a copy of bytes and one reference. size_bytes in NET_FRAME_MIN..NET_FRAME_MAX. */
struct net_frame *net_frame_create(const void *bytes, uint32_t size_bytes);
void net_frame_retain(struct net_frame *frame);
/* Gives back one reference; the last frees. NULL is allowed. */
void net_frame_release(struct net_frame *frame);

/* The frame with its times; references are not part of the state. */
void net_frame_save(const struct net_frame *frame, struct writer *writer);
/* A new frame with one reference, or NULL with the reader failed. */
struct net_frame *net_frame_load(struct reader *reader);

#endif
