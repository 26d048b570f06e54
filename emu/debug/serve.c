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

#define WAIT_MS   100  /* between two looks at *stop */
#define CHUNK     4096 /* bytes read at a time */
#define HEARTBEAT_NS 500000000u
#define EARLY_MAX (2u * RSP_PACKET_MAX)

struct line {
    struct gdb gdb;
    int in;
    int out;
    const volatile bool *stop;
    bool closed;
    uint64_t said_ns;         /* host time */
    uint8_t early[EARLY_MAX]; /* came while the world ran, beside Ctrl-C */
    size_t early_bytes;
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

/* What is there to read, waiting for so long; 0: nothing, or the other side is gone. */
static size_t read_some(struct line *line, uint8_t *bytes, size_t size_bytes, int wait_ms)
{
    struct pollfd input = {.fd = line->in, .events = POLLIN};
    if (poll(&input, 1, wait_ms) <= 0) {
        return 0;
    }
    ssize_t got = read(line->in, bytes, size_bytes);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) {
        return 0;
    }
    line->closed |= got <= 0;
    return got > 0 ? (size_t)got : 0;
}

/* Has somebody pressed Ctrl-C, or gone away? */
static bool interrupted(void *context)
{
    struct line *line = context;
    uint8_t bytes[CHUNK];
    size_t room = EARLY_MAX - line->early_bytes;
    /* Who sends so much without waiting for answers is not heard until the world stops. */
    size_t got = room ? read_some(line, bytes, room < sizeof bytes ? room : sizeof bytes, 0) : 0;
    for (size_t i = 0; i < got; i++) {
        if (bytes[i] == 0x03) {
            line->gdb.interrupted = true;
        } else {
            line->early[line->early_bytes++] = bytes[i];
        }
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
    debug->options.interrupted = interrupted;
    debug->options.console = tell_console;
    debug->options.context = line;
    while (!line->gdb.ended && !line->closed && !stopped(line)) {
        uint8_t bytes[CHUNK];
        size_t got = line->early_bytes;
        if (got) {
            uint8_t early[EARLY_MAX];
            memcpy(early, line->early, got);
            line->early_bytes = 0;
            gdb_receive(&line->gdb, early, got);
            continue;
        }
        got = read_some(line, bytes, sizeof bytes, WAIT_MS);
        gdb_receive(&line->gdb, bytes, got);
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
