/*
 * What a guest program can ask of its machine beyond POSIX: virtual time in nanoseconds, who it is
 * in the run, and how it reports what it measured.
 */
#ifndef DENALI_H
#define DENALI_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Virtual time since the start of the run. */
uint64_t denali_now_ns(void);

/* Lets the network work until the given virtual time (all ones: for ever), using no processor time
 * while nothing happens. */
void denali_idle_until(uint64_t time_ns);

/* This machine's number in the run, from 0, and how many there are. Seed rand() with the first if
 * machines are to draw different numbers; nothing does so by itself. */
uint32_t denali_node_index(void);
uint32_t denali_node_count(void);

/*
 * For a program that a host's supervisor keeps a snapshot of: waits until this machine goes on from
 * such a snapshot, and makes it what it is from then on. Returns which start from a snapshot of its
 * host that was, from 1. Memory, and with it the arguments and what rand() comes to, is as it was;
 * environment, Ethernet and IP address are this machine's. Connections of before end. The machine
 * that waits takes part in the network; it returns there as well if it is taken back itself.
 */
uint32_t denali_clone_wait(void);

/* Reports a measurement into the run's metrics. A name is 1 to 64 bytes of A-Z a-z 0-9 . _ - and
 * the value a finite number; the machine faults (device) on anything else. */
void denali_observe(const char *name, double value);

/* Reports that something happened now. */
void denali_milestone(const char *name);

/*
 * Disks, in blocks of DENALI_DISK_BLOCK_BYTES. A name is the scenario's; a volume of the machine's
 * host is a disk from when it is attached to the machine until it is detached. The functions wait
 * until the disk is done while the network goes on; they return 0, or -1 with errno: ENODEV no such
 * disk, or none any more, EINVAL past its end, EROFS read-only, ENOSPC the scenario's limit of disk
 * bytes is reached, ENOMEM its limit of memory is. Each block is moved whole or not at all; after
 * an error some are and some are not. Memory that is not the machine's is a fault, as in a loop of
 * stores.
 */
#define DENALI_DISK_BLOCK_BYTES 4096u
int denali_disk_find(const char *name); /* a number for the others, or -1; NULL: of the first */
/* The same, waiting until there is such a disk or the virtual time is until_ns (UINT64_MAX: for
 * ever); -1: ETIMEDOUT. */
int denali_disk_wait(const char *name, uint64_t until_ns);
uint64_t denali_disk_blocks(int disk); /* 0: no such disk */
int denali_disk_read(int disk, uint64_t first_block, uint32_t block_count, void *bytes);
int denali_disk_write(int disk, uint64_t first_block, uint32_t block_count, const void *bytes);

/*
 * The keyboard, on a machine that the scenario types on. A key is named by its usage on the USB HID
 * keyboard page: 4 to 29 are A to Z, 30 to 39 are 1 to 9 and 0; some others are below.
 */
#define DENALI_KEY_ENTER  40u
#define DENALI_KEY_ESCAPE 41u
#define DENALI_KEY_SPACE  44u
#define DENALI_KEY_RIGHT  79u
#define DENALI_KEY_LEFT   80u
#define DENALI_KEY_DOWN   81u
#define DENALI_KEY_UP     82u

struct denali_key {
    uint16_t usage;
    uint16_t pressed; /* 1: went down, 0: went up */
};

/* The next key that goes down or up. Waits for one until the given virtual time (0: not at all)
 * while the network goes on; 0 if none came, and always on a machine without a keyboard. */
int denali_keyboard_next(struct denali_key *key, uint64_t until_ns);

/* The screen, on a machine whose scenario gives it one. Size in pixels; 0, or -1 with ENODEV. */
int denali_screen_size(uint32_t *width, uint32_t *height);

/* A picture in the program's own memory. */
struct denali_picture {
    const void *pixels; /* the upper left one, rows downwards */
    uint32_t width;
    uint32_t height;
    uint32_t stride_bytes;   /* from one row to the next */
    const uint32_t *palette; /* NULL: pixels are words 00RRGGBB; else bytes that number these 256 */
};

/* Shows a picture (NULL: none) from now on. Nothing is copied: what the program draws in it shows
 * at once, so it must stay. 0, or -1 with errno: ENODEV no screen, EINVAL larger than the screen or
 * rows that overlap. */
int denali_screen_show(const struct denali_picture *picture);

/* Interrupt kinds, as a handler is given them. */
#define DENALI_INTERRUPT_TIMER    1u
#define DENALI_INTERRUPT_NIC      2u
#define DENALI_INTERRUPT_CONSOLE  4u
#define DENALI_INTERRUPT_KEYBOARD 8u
#define DENALI_INTERRUPT_DISK     16u

/*
 * By default interrupts stay disabled and the library polls. A program that wants them names a
 * handler (NULL: back to polling). It is called between any two instructions of the program, so it
 * may touch only what the program made safe; it may not call the library. The library's sockets
 * keep working.
 */
void denali_interrupt_handler(void (*handler)(uint32_t kinds));

/* Arms the machine's one timer: interrupt kind TIMER at the given virtual time (all ones: never).
 * The library itself does not use it. */
void denali_timer_set(uint64_t time_ns);

#ifdef __cplusplus
}
#endif

#endif
