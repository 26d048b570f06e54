/*
 * Ilwaco's heart: one thread, one stack. Whatever blocks runs this loop, which lets the network
 * stack work on what arrived and on timers that are due, and ends in idle-with-timeout when nothing
 * is. A machine that waits therefore costs nothing.
 */
#ifndef ILWACO_LOOP_H
#define ILWACO_LOOP_H

#include <stdbool.h>
#include <stdint.h>

/* Works on everything that has arrived or come due; never waits. */
void loop_poll(void);

/* Idles until an interrupt, the next timer or deadline_ns, whichever is first, then polls. */
void loop_wait(uint64_t deadline_ns);

/* Runs the loop until ready(context) or the deadline; returns the last ready(context). */
bool loop_await(bool (*ready)(void *context), void *context, uint64_t deadline_ns);

enum loop_end { LOOP_READY, LOOP_LATE, LOOP_INTERRUPTED };

/* The same for waits that an alarm may end: its ring is called when it is due, and says whether the
 * call that waits is to fail with EINTR. */
enum loop_end loop_await_interruptible(bool (*ready)(void *context), void *context,
                                       uint64_t deadline_ns);

struct loop_alarm {
    uint64_t due_ns; /* MACHINE_FOREVER_NS: not set */
    bool (*ring)(void);
};
extern struct loop_alarm loop_alarm;

/* Absolute time for a timeout counted from now; saturates. */
uint64_t loop_deadline(uint64_t timeout_ns);

#endif
