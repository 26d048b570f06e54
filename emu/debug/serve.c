/* gdb at the other end of two descriptors: a socket's, or a pipe's. */
#include <emu/debug.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <base/alloc.h>
#include <base/host_clock.h>

#include "gdb.h"

#define WAIT_MS        100 /* between two looks at *stop */
#define INTERRUPT_BYTE 0x03
#define HEARTBEAT_NS   500000000u

struct line {
    struct gdb gdb;
    int in;
    int out;
    const volatile bool *stop;
    bool closed;
    uint64_t said_ns;                  /* host time */
    uint8_t bytes[2 * RSP_PACKET_MAX]; /* that have come and were not obeyed yet */
    size_t first;
    size_t count;
};

static bool write_all(void *context, const void *bytes, size_t size_bytes)
{
    struct line *line = context;
    const uint8_t *from = bytes;
    while (size_bytes) {
        ssize_t written = send(line->out, from, size_bytes, MSG_NOSIGNAL);
        if (written < 0 && errno == ENOTSOCK) {
            written = write(line->out, from, size_bytes);
        }
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return false;
        }
        from += written;
        size_bytes -= (size_t)written;
    }
    return true;
}

static bool stopped(const struct line *line)
{
    return line->stop && *line->stop;
}

/* Takes in what is there to read, waiting for so long. Who sends more than there is room for
 * without waiting for answers is not heard until there is. */
static void read_some(struct line *line, int wait_ms)
{
    struct pollfd input = {.fd = line->in, .events = POLLIN};
    memmove(line->bytes, line->bytes + line->first, line->count);
    line->first = 0;
    if (line->count == sizeof line->bytes || poll(&input, 1, wait_ms) <= 0) {
        return;
    }
    ssize_t got = read(line->in, line->bytes + line->count, sizeof line->bytes - line->count);
    if (got > 0) {
        line->count += (size_t)got;
    } else if (got == 0 || (errno != EINTR && errno != EAGAIN)) {
        line->closed = true;
    }
}

/* Has somebody pressed Ctrl-C, or gone away? */
static bool interrupted(void *context)
{
    struct line *line = context;
    read_some(line, 0);
    uint8_t *pressed = memchr(line->bytes, INTERRUPT_BYTE, line->count);
    if (pressed) {
        line->gdb.interrupted = true;
        line->count--;
        memmove(pressed, pressed + 1, (size_t)(line->bytes + line->count - pressed));
    }
    /* Of a monitor command gdb wants to hear every other second. */
    uint64_t now_ns = host_clock_ns();
    if (line->gdb.commanded && now_ns - line->said_ns > HEARTBEAT_NS) {
        line->said_ns = now_ns;
        gdb_tell(&line->gdb, ".", 1);
    }
    return line->gdb.interrupted || line->closed || stopped(line);
}

static void tell_console(void *context, const void *bytes, uint32_t size_bytes)
{
    struct line *line = context;
    if (line->gdb.running) {
        gdb_tell(&line->gdb, bytes, size_bytes);
    }
}

enum status emu_debug_serve(struct emu_debug *debug, int in, int out, const volatile bool *stop,
                            struct error *error)
{
    struct line *line = alloc_zeroed(1, sizeof *line);
    struct emu_debug_options kept = debug->options;
    line->in = in;
    line->out = out;
    line->stop = stop;
    gdb_init(&line->gdb, debug, write_all, line);
    line->gdb.told = kept.told;
    line->gdb.told_context = kept.context;
    debug->options.interrupted = interrupted;
    debug->options.console = tell_console;
    debug->options.context = line;
    while (!line->gdb.ended && !(line->closed && !line->count) && !stopped(line)) {
        if (line->count) {
            line->count--;
            line->said_ns = host_clock_ns();
            gdb_receive(&line->gdb, &line->bytes[line->first++], 1);
        } else {
            read_some(line, WAIT_MS);
        }
    }
    debug->options = kept;
    enum status status = line->gdb.status;
    if (status && error) {
        *error = line->gdb.error;
    }
    gdb_fini(&line->gdb);
    free(line);
    return status;
}
