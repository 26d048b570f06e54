/* The POSIX calls on names of the tree: what is there, and making, moving and removing it. */
#include <errno.h>
#include <fcntl.h>
#include <reent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>
#include <utime.h>

#include "files.h"
#include "machine.h"
#include "runtime.h"

#define SECOND_NS 1000000000ull

/* --- Finding -------------------------------------------------------------------------------- */

static int resolve(int base, const char *path, bool follow, struct vfs_place *place)
{
    struct vfs_node *from = files_base(base);
    return from ? files_result(vfs_resolve(files_tree(), from, path, follow, place)) : -1;
}

static struct vfs_node *find(int base, const char *path, bool follow)
{
    struct vfs_place place;
    if (resolve(base, path, follow, &place) != 0)
        return NULL;
    if (!place.node)
        errno = ENOENT;
    return place.node;
}

/* Of an open file of the tree; EBADF, or EINVAL for any other. */
static struct vfs_node *node_get(int descriptor)
{
    struct file *file = file_get(descriptor);
    struct vfs_node *node = file ? files_node(file) : NULL;
    if (file && !node)
        errno = EINVAL;
    return node;
}

/* --- What is there -------------------------------------------------------------------------- */

void files_stat(const struct vfs_node *node, struct stat *status)
{
    struct timespec modified = {.tv_sec = (time_t)(node->modified_ns / SECOND_NS),
                                .tv_nsec = (long)(node->modified_ns % SECOND_NS)};
    *status = (struct stat){
        .st_dev = 1,
        .st_ino = (ino_t)node->serial,
        .st_mode = node->mode,
        .st_nlink = node->name || node->parent ? 1 : 0,
        .st_uid = getuid(),
        .st_gid = getgid(),
        .st_atim = modified,
        .st_mtim = modified,
        .st_ctim = modified,
        .st_blksize = VFS_CHUNK_BYTES,
    };
    if (S_ISREG(node->mode)) {
        status->st_size = (off_t)node->file.size_bytes;
        status->st_blocks = (blkcnt_t)((node->file.size_bytes + 511) / 512);
    } else if (S_ISLNK(node->mode)) {
        status->st_size = (off_t)strlen(node->target);
    } else if (S_ISDIR(node->mode)) {
        status->st_nlink += 1;
        status->st_size = (off_t)node->directory.count;
    }
}

int fstatat(int base, const char *restrict path, struct stat *restrict status, int flags)
{
    struct vfs_node *node = find(base, path, !(flags & AT_SYMLINK_NOFOLLOW));
    if (!node)
        return -1;
    files_stat(node, status);
    return 0;
}

int stat(const char *restrict path, struct stat *restrict status)
{
    return fstatat(AT_FDCWD, path, status, 0);
}

int lstat(const char *restrict path, struct stat *restrict status)
{
    return fstatat(AT_FDCWD, path, status, AT_SYMLINK_NOFOLLOW);
}

/* There is one user, who may do everything but execute what is marked for nobody. */
int faccessat(int base, const char *path, int mode, int flags)
{
    struct vfs_node *node = find(base, path, !(flags & AT_SYMLINK_NOFOLLOW));
    if (!node)
        return -1;
    if (mode & ~(R_OK | W_OK | X_OK))
        return files_result(EINVAL);
    return files_result(mode & X_OK && !(node->mode & 0111) ? EACCES : 0);
}

int access(const char *path, int mode)
{
    return faccessat(AT_FDCWD, path, mode, 0);
}

ssize_t readlinkat(int base, const char *restrict path, char *restrict text, size_t size_bytes)
{
    struct vfs_node *node = find(base, path, false);
    size_t length;
    if (!node)
        return -1;
    if (!S_ISLNK(node->mode))
        return files_result(EINVAL);
    length = strlen(node->target);
    if (length > size_bytes)
        length = size_bytes;
    memcpy(text, node->target, length);
    return (ssize_t)length;
}

ssize_t readlink(const char *restrict path, char *restrict text, size_t size_bytes)
{
    return readlinkat(AT_FDCWD, path, text, size_bytes);
}

/* --- Making and removing -------------------------------------------------------------------- */

int mkdirat(int base, const char *path, mode_t mode)
{
    struct vfs_place place;
    struct vfs_node *node;
    if (resolve(base, path, false, &place) != 0)
        return -1;
    mode = (mode & 01777 & ~files_tree()->mask) | S_IFDIR;
    return files_result(vfs_make(files_tree(), &place, mode, &node));
}

int mkdir(const char *path, mode_t mode)
{
    return mkdirat(AT_FDCWD, path, mode);
}

int symlinkat(const char *target, int base, const char *path)
{
    struct vfs_place place;
    if (resolve(base, path, false, &place) != 0)
        return -1;
    return files_result(vfs_make_symlink(files_tree(), &place, target));
}

int symlink(const char *target, const char *path)
{
    return symlinkat(target, AT_FDCWD, path);
}

/* A file has one name here. */
int link(const char *from, const char *to)
{
    struct vfs_place place;
    if (!find(AT_FDCWD, from, false) || resolve(AT_FDCWD, to, false, &place) != 0)
        return -1;
    return files_result(place.node ? EEXIST : EPERM);
}

int unlinkat(int base, const char *path, int flags)
{
    struct vfs_place place;
    if (resolve(base, path, false, &place) != 0)
        return -1;
    return files_result(vfs_remove(&place, (flags & AT_REMOVEDIR) != 0));
}

int unlink(const char *path)
{
    return unlinkat(AT_FDCWD, path, 0);
}

int rmdir(const char *path)
{
    return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

int remove(const char *path)
{
    struct vfs_node *node = find(AT_FDCWD, path, false);
    return node ? unlinkat(AT_FDCWD, path, S_ISDIR(node->mode) ? AT_REMOVEDIR : 0) : -1;
}

int renameat(int from_base, const char *from, int to_base, const char *to)
{
    struct vfs_place from_place, to_place;
    if (resolve(from_base, from, false, &from_place) != 0 ||
        resolve(to_base, to, false, &to_place) != 0)
        return -1;
    return files_result(vfs_rename(files_tree(), &from_place, &to_place));
}

int rename(const char *from, const char *to)
{
    return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

/* newlib's own callers come this way. */

int _remove_r(struct _reent *state, const char *path)
{
    (void)state;
    return remove(path);
}

int _rename_r(struct _reent *state, const char *from, const char *to)
{
    (void)state;
    return rename(from, to);
}

int truncate(const char *path, off_t size_bytes)
{
    struct vfs_node *node = find(AT_FDCWD, path, true);
    if (!node)
        return -1;
    if (size_bytes < 0 || !S_ISREG(node->mode))
        return files_result(S_ISDIR(node->mode) ? EISDIR : EINVAL);
    return files_result(vfs_resize(node, (uint64_t)size_bytes));
}

/* Kinds of file that a program could make but nobody would be at the other end of. */
int mknod(const char *path, mode_t mode, dev_t device)
{
    (void)path;
    (void)mode;
    (void)device;
    return files_result(EPERM);
}

int mkfifo(const char *path, mode_t mode)
{
    return mknod(path, mode | S_IFIFO, 0);
}

/* --- Attributes ----------------------------------------------------------------------------- */

static int set_mode(struct vfs_node *node, mode_t mode)
{
    if (!node)
        return -1;
    node->mode = (node->mode & S_IFMT) | (mode & 07777);
    return 0;
}

int fchmodat(int base, const char *path, mode_t mode, int flags)
{
    return set_mode(find(base, path, !(flags & AT_SYMLINK_NOFOLLOW)), mode);
}

int chmod(const char *path, mode_t mode)
{
    return fchmodat(AT_FDCWD, path, mode, 0);
}

int fchmod(int descriptor, mode_t mode)
{
    return set_mode(node_get(descriptor), mode);
}

/* All is the one user's, and can be given to nobody else. */
static int give(const void *there, uid_t owner, gid_t group)
{
    if (!there)
        return -1;
    bool same =
        (owner == (uid_t)-1 || owner == getuid()) && (group == (gid_t)-1 || group == getgid());
    return files_result(same ? 0 : EPERM);
}

int chown(const char *path, uid_t owner, gid_t group)
{
    return give(find(AT_FDCWD, path, true), owner, group);
}

int lchown(const char *path, uid_t owner, gid_t group)
{
    return give(find(AT_FDCWD, path, false), owner, group);
}

int fchown(int descriptor, uid_t owner, gid_t group)
{
    return give(node_get(descriptor), owner, group);
}

static int set_time(struct vfs_node *node, const struct timespec *modified)
{
    if (!node)
        return -1;
    if (!modified || modified->tv_nsec == UTIME_NOW) {
        node->modified_ns = machine_time_ns();
    } else if (modified->tv_nsec != UTIME_OMIT) {
        if (modified->tv_sec < 0 || (uint64_t)modified->tv_sec > UINT64_MAX / SECOND_NS - 1 ||
            modified->tv_nsec < 0 || modified->tv_nsec >= (long)SECOND_NS)
            return files_result(EINVAL);
        node->modified_ns = (uint64_t)modified->tv_sec * SECOND_NS + (uint64_t)modified->tv_nsec;
    }
    return 0;
}

int utimensat(int base, const char *path, const struct timespec *times, int flags)
{
    return set_time(find(base, path, !(flags & AT_SYMLINK_NOFOLLOW)), times ? &times[1] : NULL);
}

int futimens(int descriptor, const struct timespec *times)
{
    return set_time(node_get(descriptor), times ? &times[1] : NULL);
}

int utimes(const char *path, const struct timeval *times)
{
    struct timespec modified = {0};
    if (times) {
        modified.tv_sec = times[1].tv_sec;
        modified.tv_nsec = times[1].tv_usec * 1000;
    }
    return set_time(find(AT_FDCWD, path, true), times ? &modified : NULL);
}

int utime(const char *path, const struct utimbuf *times)
{
    struct timespec modified = {.tv_sec = times ? times->modtime : 0};
    return set_time(find(AT_FDCWD, path, true), times ? &modified : NULL);
}

mode_t umask(mode_t mask)
{
    struct vfs *tree = files_tree();
    mode_t before = tree ? tree->mask : 022;
    if (tree)
        tree->mask = mask & 0777;
    return before;
}

/* --- The working directory ------------------------------------------------------------------ */

static int enter(struct vfs_node *node)
{
    if (!node)
        return -1;
    if (!S_ISDIR(node->mode))
        return files_result(ENOTDIR);
    files_directory_set(node);
    return 0;
}

int chdir(const char *path)
{
    return enter(find(AT_FDCWD, path, true));
}

int fchdir(int descriptor)
{
    return enter(files_base(descriptor));
}

/* With no buffer, as the C libraries people know: one that the caller frees. */
char *getcwd(char *path, size_t size_bytes)
{
    char *text = path;
    int error;
    if (!files_tree())
        return NULL;
    if (path && size_bytes == 0) {
        errno = EINVAL;
        return NULL;
    }
    if (!text) {
        size_bytes = size_bytes ? size_bytes : VFS_PATH_MAX;
        text = malloc(size_bytes);
        if (!text)
            return NULL;
    }
    error = vfs_path(files_tree(), files_directory(), text, size_bytes);
    if (!error)
        return text;
    if (!path)
        free(text);
    errno = error;
    return NULL;
}

char *realpath(const char *restrict path, char *restrict resolved)
{
    struct vfs_place place;
    char *text;
    int error;
    if (resolve(AT_FDCWD, path, true, &place) != 0)
        return NULL;
    text = resolved ? resolved : malloc(VFS_PATH_MAX);
    if (!text)
        return NULL;
    error = place.node ? vfs_path(files_tree(), place.node, text, VFS_PATH_MAX) : ENOENT;
    if (!error)
        return text;
    if (!resolved)
        free(text);
    errno = error;
    return NULL;
}
