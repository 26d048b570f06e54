/* The table of open files and the POSIX calls on descriptors; see file.h. */
#define _GNU_SOURCE /* dup3 */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "loop.h"
#include "machine.h"

static struct file *files[FILE_COUNT_MAX] = {&console_file, &console_file, &console_file};

static int open_from(struct file *file, int least)
{
    for (int i = least; i < FILE_COUNT_MAX; i++) {
        if (!files[i]) {
            files[i] = file;
            file->references++;
            return i;
        }
    }
    errno = EMFILE;
    return -1;
}

int file_open(struct file *file)
{
    return open_from(file, 0);
}

bool file_has_room(void)
{
    for (int i = 0; i < FILE_COUNT_MAX; i++) {
        if (!files[i])
            return true;
    }
    return false;
}

struct file *file_get(int descriptor)
{
    if (descriptor < 0 || descriptor >= FILE_COUNT_MAX || !files[descriptor]) {
        errno = EBADF;
        return NULL;
    }
    return files[descriptor];
}

struct wanted {
    struct file *file;
    short events;
};

static bool is_ready(void *context)
{
    const struct wanted *wanted = context;
    return wanted->file->ops->ready(wanted->file) & (wanted->events | POLLERR | POLLHUP);
}

int file_await(struct file *file, short events, bool dont_wait, uint64_t deadline_ns)
{
    struct wanted wanted = {file, events};
    if (is_ready(&wanted))
        return 0;
    if (file->nonblocking || dont_wait)
        deadline_ns = 0;
    switch (loop_await_interruptible(is_ready, &wanted, deadline_ns)) {
    case LOOP_READY:
        return 0;
    case LOOP_LATE:
        errno = EAGAIN;
        return -1;
    case LOOP_INTERRUPTED:
        break;
    }
    errno = EINTR;
    return -1;
}

/* --- POSIX ---------------------------------------------------------------------------------- */

ssize_t read(int descriptor, void *bytes, size_t length_bytes)
{
    struct file *file = file_get(descriptor);
    if (file && (file->flags & O_ACCMODE) == O_WRONLY) {
        errno = EBADF;
        return -1;
    }
    return file ? file->ops->read(file, bytes, length_bytes) : -1;
}

ssize_t write(int descriptor, const void *bytes, size_t length_bytes)
{
    struct file *file = file_get(descriptor);
    if (file && (file->flags & O_ACCMODE) == O_RDONLY) {
        errno = EBADF;
        return -1;
    }
    return file ? file->ops->write(file, bytes, length_bytes) : -1;
}

int close(int descriptor)
{
    struct file *file = file_get(descriptor);
    if (!file)
        return -1;
    files[descriptor] = NULL;
    if (--file->references == 0)
        file->ops->close(file);
    return 0;
}

int dup(int descriptor)
{
    struct file *file = file_get(descriptor);
    return file ? open_from(file, 0) : -1;
}

int dup2(int from, int to)
{
    struct file *file = file_get(from);
    if (!file)
        return -1;
    if (to < 0 || to >= FILE_COUNT_MAX) {
        errno = EBADF;
        return -1;
    }
    if (from == to)
        return to;
    if (files[to])
        close(to);
    return open_from(file, to);
}

int dup3(int from, int to, int flags)
{
    (void)flags;
    if (from != to)
        return dup2(from, to);
    errno = EINVAL;
    return -1;
}

/* Nobody else could hold a lock. */
static int lock_file(int command, struct flock *lock)
{
    if (command == F_GETLK)
        lock->l_type = F_UNLCK;
    return 0;
}

int fcntl(int descriptor, int command, ...)
{
    struct file *file = file_get(descriptor);
    va_list arguments;
    void *argument;
    int number;
    if (!file)
        return -1;
    va_start(arguments, command);
    argument = command == F_GETFL || command == F_GETFD ? NULL : va_arg(arguments, void *);
    va_end(arguments);
    number = (int)(uintptr_t)argument; /* as wide as a pointer here */
    switch (command) {
    case F_GETFL:
        return file->flags | (file->nonblocking ? O_NONBLOCK : 0);
    case F_SETFL:
        file->nonblocking = (number & O_NONBLOCK) != 0;
        file->flags = (uint16_t)((file->flags & O_ACCMODE) | (number & O_APPEND));
        return 0;
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
        if (number >= 0 && number < FILE_COUNT_MAX)
            return open_from(file, number);
        break;
    case F_GETFD:
    case F_SETFD: /* close-on-exec, and nothing ever execs */
        return 0;
    case F_GETLK:
    case F_SETLK:
    case F_SETLKW:
        return lock_file(command, argument);
    default:
        break;
    }
    errno = EINVAL;
    return -1;
}

int ioctl(int descriptor, unsigned long request, ...)
{
    struct file *file = file_get(descriptor);
    va_list arguments;
    int *value;
    if (!file)
        return -1;
    va_start(arguments, request);
    value = va_arg(arguments, int *);
    va_end(arguments);
    if (request == FIONBIO) {
        file->nonblocking = *value != 0;
        return 0;
    }
    if (request == FIONREAD && file->ops->waiting) {
        *value = (int)file->ops->waiting(file);
        return 0;
    }
    errno = ENOTTY;
    return -1;
}

int isatty(int descriptor)
{
    struct file *file = file_get(descriptor);
    if (!file)
        return 0;
    if (file->ops->is_console)
        return 1;
    errno = ENOTTY;
    return 0;
}

int fstat(int descriptor, struct stat *status)
{
    struct file *file = file_get(descriptor);
    if (!file)
        return -1;
    *status = (struct stat){.st_mode = file->ops->is_console ? S_IFCHR | 0600 : S_IFSOCK | 0600,
                            .st_nlink = 1,
                            .st_blksize = 1024};
    if (file->ops->status)
        file->ops->status(file, status);
    return 0;
}

off_t lseek(int descriptor, off_t offset, int whence)
{
    struct file *file = file_get(descriptor);
    if (file && file->ops->seek)
        return file->ops->seek(file, offset, whence);
    if (file)
        errno = ESPIPE;
    return -1;
}
