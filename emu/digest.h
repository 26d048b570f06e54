/*
 * A node's digest: one 64-bit chain over everything it exchanges with the outside (every device
 * operation, frame and interrupt), each with its instruction count and virtual time.
 *
 * The chain is the same on any engine, any number of threads and processes. Two runs that differ
 * in anything a node did or was told differ in its chain from then on.
 */
#ifndef DENALI_EMU_DIGEST_H
#define DENALI_EMU_DIGEST_H

#include <stdint.h>

#include "node.h"

/* What a link of the chain is about. Numbers are part of the digest: append only. */
enum emu_digest_kind {
    EMU_DIGEST_BOOT = 1,
    EMU_DIGEST_PORT = 2,
    EMU_DIGEST_REGISTER = 3,
    EMU_DIGEST_INTERRUPT = 4, /* made pending */
    EMU_DIGEST_DELIVERY = 5,  /* of interrupts to the guest's handler */
    EMU_DIGEST_FRAME_IN = 6,  /* reached the network card */
    EMU_DIGEST_FRAME_OUT = 7,
    EMU_DIGEST_CONSOLE_OUT = 8,
    EMU_DIGEST_CONSOLE_IN = 9,
    EMU_DIGEST_OBSERVE = 10,
    EMU_DIGEST_IDLE = 11,
    EMU_DIGEST_END = 12, /* terminated or faulted */
    EMU_DIGEST_DISK_READ = 13,
    EMU_DIGEST_DISK_WRITE = 14,
    EMU_DIGEST_DISK_FULL = 15,  /* a write for which the disk limit left no room */
    EMU_DIGEST_KEY = 16,        /* went down or up on the keyboard */
    EMU_DIGEST_SUPERVISOR = 17, /* what its host's kernel told a supervisor */
    EMU_DIGEST_RESTART = 18,    /* it goes on from a snapshot of a machine */
};

/* Adds a link: two words of detail, and the bytes that went along (NULL, 0 if none). */
void emu_digest_add(struct emu_node *node, enum emu_digest_kind kind, uint32_t a, uint32_t b,
                    const void *bytes, uint32_t size_bytes);

#endif
