/* pipe and socketpair within the one process: event loops write to themselves to wake up. */
#define _GNU_SOURCE /* pipe2 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "machine.h"

#define PIPE_BYTES 4096u /* PIPE_BUF's least is 512 */

/* One direction: a ring that two ends share. */
struct ring {
    uint32_t start, count;
    uint8_t ends; /* open ones, reader and writer */
    bool has_reader, has_writer;
    char bytes[PIPE_BYTES];
};

/* An end reads from one ring, writes into the other, or both. */
struct pipe_end {
    struct file file;
    struct ring *in, *out;
};

static int refuse(int error)
{
    errno = error;
    return -1;
}

static short ready(struct file *file)
{
    struct pipe_end *end = (struct pipe_end *)file;
    short events = 0;
    if (end->in && (end->in->count > 0 || !end->in->has_writer))
        events |= POLLIN | (end->in->has_writer ? 0 : POLLHUP);
    if (end->out && !end->out->has_reader)
        events |= POLLERR | POLLOUT;
    else if (end->out && end->out->count < PIPE_BYTES)
        events |= POLLOUT;
    return events;
}

static ssize_t read_pipe(struct file *file, void *bytes, size_t length_bytes)
{
    struct pipe_end *end = (struct pipe_end *)file;
    struct ring *ring = end->in;
    size_t done = 0;
    if (!ring)
        return refuse(EBADF);
    if (length_bytes == 0)
        return 0;
    if (file_await(file, POLLIN, false, MACHINE_FOREVER_NS) != 0)
        return -1;
    while (done < length_bytes && ring->count > 0) {
        ((char *)bytes)[done++] = ring->bytes[ring->start];
        ring->start = (ring->start + 1) % PIPE_BYTES;
        ring->count--;
    }
    return (ssize_t)done;
}

static void put(struct ring *ring, const char *bytes, size_t length_bytes)
{
    for (size_t i = 0; i < length_bytes; i++)
        ring->bytes[(ring->start + ring->count++) % PIPE_BYTES] = bytes[i];
}

/* What there is room for; PIPE_BUF bytes or fewer go in one piece. */
static ssize_t write_pipe(struct file *file, const void *bytes, size_t length_bytes)
{
    struct pipe_end *end = (struct pipe_end *)file;
    struct ring *ring = end->out;
    size_t done = 0;
    if (!ring)
        return refuse(EBADF);
    while (done < length_bytes) {
        size_t left = length_bytes - done;
        size_t room;
        if (!ring->has_reader)
            return refuse(EPIPE);
        room = PIPE_BYTES - ring->count;
        if (room == 0 || (length_bytes <= PIPE_BUF && room < left)) {
            if (done > 0)
                break;
            /* Who could read is this very program: waiting for it would last for ever. */
            return refuse(file->nonblocking ? EAGAIN : EDEADLK);
        }
        room = room < left ? room : left;
        put(ring, (const char *)bytes + done, room);
        done += room;
    }
    return (ssize_t)done;
}

static void leave(struct ring *ring, bool *end)
{
    if (!ring)
        return;
    *end = false;
    if (--ring->ends == 0)
        free(ring);
}

static void close_end(struct file *file)
{
    struct pipe_end *end = (struct pipe_end *)file;
    leave(end->in, end->in ? &end->in->has_reader : NULL);
    leave(end->out, end->out ? &end->out->has_writer : NULL);
    free(end);
}

static void status_of(struct file *file, struct stat *status)
{
    struct pipe_end *end = (struct pipe_end *)file;
    if (!end->in || !end->out)
        status->st_mode = S_IFIFO | 0600;
}

static uint32_t waiting(struct file *file)
{
    const struct pipe_end *end = (struct pipe_end *)file;
    return end->in ? end->in->count : 0;
}

static const struct file_ops pipe_ops = {
    .read = read_pipe,
    .write = write_pipe,
    .ready = ready,
    .close = close_end,
    .status = status_of,
    .waiting = waiting,
    .in_pieces = true,
};

static struct ring *ring_create(void)
{
    struct ring *ring = malloc(sizeof *ring);
    if (ring)
        *ring = (struct ring){.ends = 2, .has_reader = true, .has_writer = true};
    return ring;
}

static struct pipe_end *end_create(struct ring *in, struct ring *out, bool nonblocking)
{
    struct pipe_end *end = calloc(1, sizeof *end);
    if (!end)
        return NULL;
    end->file.ops = &pipe_ops;
    end->file.flags = (uint16_t)(in && out ? O_RDWR : in ? O_RDONLY : O_WRONLY);
    end->file.nonblocking = nonblocking;
    end->in = in;
    end->out = out;
    return end;
}

/* back: the second ring of a pair that goes both ways; NULL for a pipe. */
static int connect_ends(struct ring *ring, struct ring *back, bool nonblocking, int descriptors[2])
{
    struct pipe_end *reader = end_create(ring, back, nonblocking);
    struct pipe_end *writer = end_create(back, ring, nonblocking);
    if (!reader || !writer) {
        free(reader);
        free(writer);
        free(ring);
        free(back);
        return refuse(ENOMEM);
    }
    descriptors[0] = file_open(&reader->file);
    descriptors[1] = file_open(&writer->file);
    if (descriptors[0] >= 0 && descriptors[1] >= 0)
        return 0;
    if (descriptors[0] >= 0)
        close(descriptors[0]);
    else
        close_end(&reader->file);
    close_end(&writer->file);
    return refuse(EMFILE);
}

int pipe2(int descriptors[2], int flags)
{
    struct ring *ring = ring_create();
    if (!ring)
        return refuse(ENOMEM);
    return connect_ends(ring, NULL, (flags & O_NONBLOCK) != 0, descriptors);
}

int pipe(int descriptors[2])
{
    return pipe2(descriptors, 0);
}

int socketpair(int family, int type, int protocol, int descriptors[2])
{
    struct ring *there, *back;
    if (family != AF_UNIX)
        return refuse(EAFNOSUPPORT);
    if ((type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) != SOCK_STREAM || protocol != 0)
        return refuse(EPROTONOSUPPORT);
    there = ring_create();
    back = ring_create();
    if (!there || !back) {
        free(there);
        free(back);
        return refuse(ENOMEM);
    }
    return connect_ends(there, back, (type & SOCK_NONBLOCK) != 0, descriptors);
}
