/*
 * Open files: the console, sockets, and what is in the tree of files behind one table of
 * descriptors, so that read, write, close, fcntl, poll and select work alike on all.
 */
#ifndef ILWACO_FILE_H
#define ILWACO_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define FILE_COUNT_MAX 256 /* select sees the first FD_SETSIZE, 64, of them */

struct file;
struct stat;

struct file_ops {
    ssize_t (*read)(struct file *file, void *bytes, size_t length_bytes);
    ssize_t (*write)(struct file *file, const void *bytes, size_t length_bytes);
    /* Which of POLLIN, POLLOUT, POLLERR, POLLHUP hold now. */
    short (*ready)(struct file *file);
    /* The last descriptor is gone; frees the file. */
    void (*close)(struct file *file);
    /* NULL: it cannot be sought, ESPIPE. */
    off_t (*seek)(struct file *file, off_t offset, int whence);
    void (*status)(struct file *file, struct stat *status);
    /* Bytes that a read would have at once (FIONREAD); NULL: it does not say. */
    uint32_t (*waiting)(struct file *file);
    bool is_console;
    bool in_pieces; /* readv and writev may go piece by piece: it is no message */
};

/* Embedded first in every kind of file. */
struct file {
    const struct file_ops *ops;
    uint16_t references; /* descriptors that name it */
    bool nonblocking;
    uint16_t flags; /* as open was told: O_ACCMODE, O_APPEND; of sockets as the console O_RDWR */
};

/* The lowest free descriptor for file, which gets its first reference; -1 and EMFILE. */
int file_open(struct file *file);

/* Is there a free descriptor? */
bool file_has_room(void);

/* NULL and EBADF if descriptor names nothing. */
struct file *file_get(int descriptor);

/* Runs the event loop until file is ready for one of events. 0, or -1 and EAGAIN: at once if the
 * file is non-blocking or dont_wait is set, else at deadline_ns; or -1 and EINTR. */
int file_await(struct file *file, short events, bool dont_wait, uint64_t deadline_ns);

/* The console as a file; in the table as 0, 1 and 2 from the start. */
extern struct file console_file;

#endif
