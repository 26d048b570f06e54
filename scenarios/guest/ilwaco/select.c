/* Waiting for several descriptors at once: poll, select, and the scattered read and write. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include "file.h"
#include "loop.h"
#include "machine.h"

#define SECOND_NS      1000000000ull
#define MILLISECOND_NS 1000000ull
#define MICROSECOND_NS 1000ull

static int refuse(int error)
{
    errno = error;
    return -1;
}

/* --- poll ----------------------------------------------------------------------------------- */

struct poll_set {
    struct pollfd *entries;
    nfds_t count;
    int ready; /* entries with something to say */
};

static bool look(void *context)
{
    struct poll_set *set = context;
    set->ready = 0;
    for (nfds_t i = 0; i < set->count; i++) {
        struct pollfd *entry = &set->entries[i];
        struct file *file = entry->fd >= 0 ? file_get(entry->fd) : NULL;
        entry->revents = 0;
        if (file) {
            short events = file->ops->ready(file);
            if (events & POLLIN)
                events |= POLLRDNORM;
            if (events & POLLOUT)
                events |= POLLWRNORM;
            entry->revents = events & (entry->events | POLLERR | POLLHUP);
        } else if (entry->fd >= 0) {
            entry->revents = POLLNVAL;
        }
        set->ready += entry->revents != 0;
    }
    return set->ready > 0;
}

static int poll_until(struct pollfd *entries, nfds_t count, uint64_t deadline_ns)
{
    struct poll_set set = {entries, count, 0};
    int error = errno; /* looking at a closed descriptor must not show */
    if (loop_await_interruptible(look, &set, deadline_ns) == LOOP_INTERRUPTED)
        return refuse(EINTR);
    errno = error;
    return set.ready;
}

int poll(struct pollfd *entries, nfds_t count, int timeout_ms)
{
    uint64_t deadline_ns = MACHINE_FOREVER_NS;
    if (count > FILE_COUNT_MAX)
        return refuse(EINVAL);
    if (timeout_ms >= 0)
        deadline_ns = timeout_ms ? loop_deadline((uint64_t)timeout_ms * MILLISECOND_NS) : 0;
    return poll_until(entries, count, deadline_ns);
}

/* --- select --------------------------------------------------------------------------------- */

static bool wants(int descriptor, const fd_set *set)
{
    return set && FD_ISSET(descriptor, set);
}

/* As entries for poll, and back: the three sets say what select's caller asked for. */
static int select_until(int count, fd_set *reads, fd_set *writes, fd_set *exceptions,
                        uint64_t deadline_ns)
{
    struct pollfd entries[FD_SETSIZE];
    nfds_t entry_count = 0;
    int ready = 0;
    if (count < 0 || count > FD_SETSIZE)
        return refuse(EINVAL);
    for (int i = 0; i < count; i++) {
        short events = (wants(i, reads) ? POLLIN : 0) | (wants(i, writes) ? POLLOUT : 0);
        if (!events && !wants(i, exceptions))
            continue;
        if (!file_get(i))
            return -1;
        entries[entry_count++] = (struct pollfd){i, events, 0};
    }
    if (poll_until(entries, entry_count, deadline_ns) < 0)
        return -1;
    if (exceptions)
        FD_ZERO(exceptions); /* there is no urgent data */
    for (nfds_t i = 0; i < entry_count; i++) {
        const struct pollfd *entry = &entries[i];
        if (wants(entry->fd, reads)) {
            if (entry->revents & (POLLIN | POLLERR | POLLHUP))
                ready++;
            else
                FD_CLR(entry->fd, reads);
        }
        if (wants(entry->fd, writes)) {
            if (entry->revents & (POLLOUT | POLLERR))
                ready++;
            else
                FD_CLR(entry->fd, writes);
        }
    }
    return ready;
}

int select(int count, fd_set *reads, fd_set *writes, fd_set *exceptions, struct timeval *timeout)
{
    uint64_t deadline_ns = MACHINE_FOREVER_NS;
    if (timeout) {
        if (timeout->tv_sec < 0 || timeout->tv_usec < 0 || timeout->tv_usec >= 1000000)
            return refuse(EINVAL);
        if ((uint64_t)timeout->tv_sec < MACHINE_FOREVER_NS / SECOND_NS)
            deadline_ns = loop_deadline((uint64_t)timeout->tv_sec * SECOND_NS +
                                        (uint64_t)timeout->tv_usec * MICROSECOND_NS);
    }
    return select_until(count, reads, writes, exceptions, deadline_ns);
}

int pselect(int count, fd_set *reads, fd_set *writes, fd_set *exceptions,
            const struct timespec *timeout, const sigset_t *mask)
{
    uint64_t deadline_ns = MACHINE_FOREVER_NS;
    (void)mask; /* no signal ever arrives */
    if (timeout) {
        if (timeout->tv_sec < 0 || timeout->tv_nsec < 0 || timeout->tv_nsec >= (long)SECOND_NS)
            return refuse(EINVAL);
        if ((uint64_t)timeout->tv_sec < MACHINE_FOREVER_NS / SECOND_NS)
            deadline_ns =
                loop_deadline((uint64_t)timeout->tv_sec * SECOND_NS + (uint64_t)timeout->tv_nsec);
    }
    return select_until(count, reads, writes, exceptions, deadline_ns);
}

/* --- readv, writev -------------------------------------------------------------------------- */

/* A datagram must stay whole, so sockets take the pieces as one message. Others take them one by
 * one, until one comes up short. */

ssize_t readv(int descriptor, const struct iovec *pieces, int count)
{
    struct msghdr message = {.msg_iov = (struct iovec *)pieces, .msg_iovlen = count};
    struct file *file = file_get(descriptor);
    ssize_t sum = 0;
    if (!file)
        return -1;
    if (!file->ops->in_pieces)
        return recvmsg(descriptor, &message, 0);
    for (int i = 0; i < count; i++) {
        ssize_t got = read(descriptor, pieces[i].iov_base, pieces[i].iov_len);
        if (got < 0)
            return sum > 0 ? sum : -1;
        sum += got;
        /* What a console gives is a line; only what can be sought surely has the rest at once. */
        if ((size_t)got < pieces[i].iov_len || (sum > 0 && !file->ops->seek))
            break;
    }
    return sum;
}

ssize_t writev(int descriptor, const struct iovec *pieces, int count)
{
    struct msghdr message = {.msg_iov = (struct iovec *)pieces, .msg_iovlen = count};
    struct file *file = file_get(descriptor);
    ssize_t sum = 0;
    if (!file)
        return -1;
    if (!file->ops->in_pieces)
        return sendmsg(descriptor, &message, 0);
    for (int i = 0; i < count; i++) {
        ssize_t put = write(descriptor, pieces[i].iov_base, pieces[i].iov_len);
        if (put < 0)
            return sum > 0 ? sum : -1;
        sum += put;
        if ((size_t)put < pieces[i].iov_len)
            break;
    }
    return sum;
}
