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

/* Reports a measurement into the run's metrics. A name is 1 to 64 bytes of A-Z a-z 0-9 . _ - and
 * the value a finite number; the machine faults (device) on anything else. */
void denali_observe(const char *name, double value);

/* Reports that something happened now. */
void denali_milestone(const char *name);

/*
 * Disks, in blocks of DENALI_DISK_BLOCK_BYTES. A name is the scenario's. The functions wait until
 * the disk is done while the network goes on; they return 0, or -1 with errno: ENODEV no such disk,
 * EINVAL past its end, EROFS read-only, ENOSPC the scenario's limit of disk bytes is reached,
 * ENOMEM its limit of memory is. Each block is moved whole or not at all; after an error some are
 * and some are not. Memory that is not the machine's is a fault, as in a loop of stores.
 */
#define DENALI_DISK_BLOCK_BYTES 4096u
int denali_disk_find(const char *name); /* a number for the others, or -1 */
uint64_t denali_disk_blocks(int disk);  /* 0: no such disk */
int denali_disk_read(int disk, uint64_t first_block, uint32_t block_count, void *bytes);
int denali_disk_write(int disk, uint64_t first_block, uint32_t block_count, const void *bytes);

/* Interrupt kinds, as a handler is given them. */
#define DENALI_INTERRUPT_TIMER   1u
#define DENALI_INTERRUPT_NIC     2u
#define DENALI_INTERRUPT_CONSOLE 4u
#define DENALI_INTERRUPT_DISK    16u

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
