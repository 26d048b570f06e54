/* Open files of the tree, and the calls that open one or ask about an open one. */
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <poll.h>

#include "machine.h"

/* An open file description: what descriptors share. */
struct open_file {
    struct file file;
    struct vfs_node *node;
    uint32_t position;
};

static struct vfs tree;
static struct vfs_node *working_directory;

uint64_t vfs_now_ns(void)
{
    return machine_time_ns();
}

int files_result(int error)
{
    if (error == 0)
        return 0;
    errno = error;
    return -1;
}

/* --- The tree ------------------------------------------------------------------------------- */

static int make_directory(const char *path, mode_t mode)
{
    struct vfs_place place;
    struct vfs_node *node;
    int error = vfs_resolve(&tree, tree.root, path, false, &place);
    return error ? error : vfs_make(&tree, &place, S_IFDIR | mode, &node);
}

struct vfs *files_tree(void)
{
    int error;
    if (tree.root)
        return &tree;
    error = vfs_init(&tree);
    if (!error)
        error = make_directory("/tmp", 01777);
    if (!error)
        error = make_directory("/var", 0755);
    if (!error)
        error = make_directory("/var/tmp", 01777);
    if (!error)
        error = devices_make(&tree);
    if (!error)
        error = mounts_make(&tree);
    if (error) {
        vfs_fini(&tree);
        errno = error;
        return NULL;
    }
    files_directory_set(tree.root);
    return &tree;
}

struct vfs_node *files_directory(void)
{
    return working_directory;
}

void files_directory_set(struct vfs_node *directory)
{
    vfs_hold(directory);
    if (working_directory)
        vfs_release(working_directory);
    working_directory = directory;
}

struct vfs_node *files_base(int descriptor)
{
    struct file *file;
    struct vfs_node *node;
    if (!files_tree())
        return NULL;
    if (descriptor == AT_FDCWD)
        return working_directory;
    file = file_get(descriptor);
    if (!file)
        return NULL;
    node = files_node(file);
    if (!node || !S_ISDIR(node->mode)) {
        errno = ENOTDIR;
        return NULL;
    }
    return node;
}

/* --- An open file --------------------------------------------------------------------------- */

static ssize_t read_at(struct open_file *open, uint32_t offset, void *bytes, size_t length_bytes)
{
    uint32_t length = (uint32_t)length_bytes;
    int error = S_ISDIR(open->node->mode) ? EISDIR : vfs_read(open->node, offset, bytes, &length);
    return error ? files_result(error) : (ssize_t)length;
}

static ssize_t write_at(struct open_file *open, uint32_t offset, const void *bytes,
                        size_t length_bytes)
{
    uint32_t length = (uint32_t)length_bytes;
    int error = vfs_write(open->node, offset, bytes, &length);
    return error ? files_result(error) : (ssize_t)length;
}

static ssize_t read_on(struct file *file, void *bytes, size_t length_bytes)
{
    struct open_file *open = (struct open_file *)file;
    ssize_t got = read_at(open, open->position, bytes, length_bytes);
    if (got > 0)
        open->position += (uint32_t)got;
    return got;
}

static ssize_t write_on(struct file *file, const void *bytes, size_t length_bytes)
{
    struct open_file *open = (struct open_file *)file;
    ssize_t put;
    if (file->flags & O_APPEND)
        open->position = open->node->file.size_bytes;
    put = write_at(open, open->position, bytes, length_bytes);
    if (put > 0)
        open->position += (uint32_t)put;
    return put;
}

static off_t seek(struct file *file, off_t offset, int whence)
{
    struct open_file *open = (struct open_file *)file;
    int64_t from = 0;
    if (whence == SEEK_CUR)
        from = open->position;
    else if (whence == SEEK_END && S_ISREG(open->node->mode))
        from = open->node->file.size_bytes;
    else if (whence != SEEK_SET)
        return files_result(EINVAL);
    if (from + offset < 0)
        return files_result(EINVAL);
    if (from + offset > (int64_t)VFS_SIZE_MAX)
        return files_result(EOVERFLOW);
    open->position = (uint32_t)(from + offset);
    return (off_t)open->position;
}

static short always_ready(struct file *file)
{
    (void)file;
    return POLLIN | POLLOUT;
}

static void close_file(struct file *file)
{
    vfs_release(((struct open_file *)file)->node);
    free(file);
}

static void status_of(struct file *file, struct stat *status)
{
    files_stat(((struct open_file *)file)->node, status);
}

static uint32_t waiting(struct file *file)
{
    const struct open_file *open = (struct open_file *)file;
    uint32_t size_bytes = S_ISREG(open->node->mode) ? open->node->file.size_bytes : 0;
    return open->position < size_bytes ? size_bytes - open->position : 0;
}

static const struct file_ops node_ops = {
    .read = read_on,
    .write = write_on,
    .ready = always_ready,
    .close = close_file,
    .seek = seek,
    .status = status_of,
    .waiting = waiting,
    .in_pieces = true,
};

struct vfs_node *files_node(const struct file *file)
{
    return file->ops == &node_ops ? ((const struct open_file *)file)->node : NULL;
}

/* --- open ----------------------------------------------------------------------------------- */

static int check_kind(const struct vfs_node *node, int flags)
{
    bool writes = (flags & O_ACCMODE) != O_RDONLY;
    if (S_ISLNK(node->mode))
        return ELOOP; /* O_NOFOLLOW */
    if (S_ISDIR(node->mode))
        return writes || flags & O_CREAT ? EISDIR : 0;
    return flags & O_DIRECTORY ? ENOTDIR : 0;
}

static int find_or_make(struct vfs_node *base, const char *path, int flags, mode_t mode,
                        struct vfs_node **node)
{
    struct vfs_place place;
    bool exclusive = (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL);
    int error = vfs_resolve(&tree, base, path, !exclusive && !(flags & O_NOFOLLOW), &place);
    if (error)
        return error;
    if (!place.node) {
        if (!(flags & O_CREAT))
            return ENOENT;
        return vfs_make(&tree, &place, S_IFREG | (mode & 07777 & ~tree.mask), node);
    }
    if (exclusive)
        return EEXIST;
    *node = place.node;
    error = check_kind(*node, flags);
    if (!error && flags & O_TRUNC && S_ISREG((*node)->mode) && (flags & O_ACCMODE) != O_RDONLY)
        error = vfs_resize(*node, 0);
    return error;
}

static struct file *file_create(struct vfs_node *node)
{
    struct open_file *open;
    if (S_ISCHR(node->mode))
        return device_open(node);
    open = calloc(1, sizeof *open);
    if (!open) {
        errno = ENOMEM;
        return NULL;
    }
    open->file.ops = &node_ops;
    open->node = node;
    vfs_hold(node);
    return &open->file;
}

static int open_at(int directory, const char *path, int flags, mode_t mode)
{
    struct vfs_node *base = files_base(directory);
    struct vfs_node *node;
    struct file *file;
    int descriptor, error;
    if (!base)
        return -1;
    if ((flags & O_ACCMODE) == O_ACCMODE)
        return files_result(EINVAL);
    error = find_or_make(base, path, flags, mode, &node);
    if (error)
        return files_result(error);
    file = file_create(node);
    if (!file)
        return -1;
    if (file->references == 0) { /* the console is open already, and stays as it is */
        file->flags = (uint16_t)(flags & (O_ACCMODE | O_APPEND));
        file->nonblocking = (flags & O_NONBLOCK) != 0;
    }
    descriptor = file_open(file);
    if (descriptor < 0 && file->references == 0)
        file->ops->close(file);
    return descriptor;
}

static mode_t mode_of(int flags, va_list arguments)
{
    return flags & O_CREAT ? va_arg(arguments, mode_t) : 0;
}

int open(const char *path, int flags, ...)
{
    va_list arguments;
    mode_t mode;
    va_start(arguments, flags);
    mode = mode_of(flags, arguments);
    va_end(arguments);
    return open_at(AT_FDCWD, path, flags, mode);
}

int openat(int directory, const char *path, int flags, ...)
{
    va_list arguments;
    mode_t mode;
    va_start(arguments, flags);
    mode = mode_of(flags, arguments);
    va_end(arguments);
    return open_at(directory, path, flags, mode);
}

int creat(const char *path, mode_t mode)
{
    return open_at(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

/* --- Calls on open files -------------------------------------------------------------------- */

/* The open file of the tree behind a descriptor; EBADF, or error if it is none or a directory. */
static struct open_file *open_get(int descriptor, int error)
{
    struct file *file = file_get(descriptor);
    struct vfs_node *node = file ? files_node(file) : NULL;
    if (file && (!node || !S_ISREG(node->mode))) {
        errno = node && S_ISDIR(node->mode) ? EISDIR : error;
        return NULL;
    }
    return (struct open_file *)file;
}

ssize_t pread(int descriptor, void *bytes, size_t length_bytes, off_t offset)
{
    struct open_file *open = open_get(descriptor, ESPIPE);
    if (!open)
        return -1;
    if (offset < 0)
        return files_result(EINVAL);
    if ((open->file.flags & O_ACCMODE) == O_WRONLY)
        return files_result(EBADF);
    return read_at(open, (uint32_t)offset, bytes, length_bytes);
}

ssize_t pwrite(int descriptor, const void *bytes, size_t length_bytes, off_t offset)
{
    struct open_file *open = open_get(descriptor, ESPIPE);
    if (!open)
        return -1;
    if (offset < 0)
        return files_result(EINVAL);
    if ((open->file.flags & O_ACCMODE) == O_RDONLY)
        return files_result(EBADF);
    return write_at(open, (uint32_t)offset, bytes, length_bytes);
}

int ftruncate(int descriptor, off_t size_bytes)
{
    struct open_file *open = open_get(descriptor, EINVAL);
    if (!open)
        return -1;
    if (size_bytes < 0 || (open->file.flags & O_ACCMODE) == O_RDONLY)
        return files_result(EINVAL);
    return files_result(vfs_resize(open->node, (uint64_t)size_bytes));
}

/* What is written is written: there is nothing behind the memory. */
int fsync(int descriptor)
{
    struct file *file = file_get(descriptor);
    if (!file)
        return -1;
    return file->ops->seek ? 0 : files_result(EINVAL);
}

int fdatasync(int descriptor)
{
    return fsync(descriptor);
}

void sync(void)
{
}

/* One process: nobody else could hold a lock. */
int flock(int descriptor, int operation)
{
    (void)operation;
    return file_get(descriptor) ? 0 : -1;
}

int lockf(int descriptor, int command, off_t length_bytes)
{
    (void)length_bytes;
    if (command < F_ULOCK || command > F_TEST)
        return files_result(EINVAL);
    return file_get(descriptor) ? 0 : -1;
}
