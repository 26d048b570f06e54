/* Directory streams. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"

/* "." and ".." come first, under numbers that no node has. */
#define DOT     0
#define DOT_DOT 1
#define NAMES   2

struct DIR {
    int descriptor;
    long position;         /* DOT, DOT_DOT, then NAMES plus the serial of the last one told */
    struct vfs_node *told; /* that one, held: the next is behind it; or NULL */
    struct dirent entry;
};

DIR *fdopendir(int descriptor)
{
    DIR *stream;
    if (!files_base(descriptor))
        return NULL;
    stream = calloc(1, sizeof *stream);
    if (stream)
        stream->descriptor = descriptor;
    return stream;
}

DIR *opendir(const char *path)
{
    int descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = descriptor < 0 ? NULL : fdopendir(descriptor);
    if (!stream && descriptor >= 0)
        close(descriptor);
    return stream;
}

int closedir(DIR *stream)
{
    int descriptor = stream->descriptor;
    if (stream->told)
        vfs_release(stream->told);
    free(stream);
    return close(descriptor);
}

static unsigned char kind_of(const struct vfs_node *node)
{
    if (S_ISDIR(node->mode))
        return DT_DIR;
    if (S_ISLNK(node->mode))
        return DT_LNK;
    return S_ISCHR(node->mode) ? DT_CHR : DT_REG;
}

static struct dirent *tell(DIR *stream, const struct vfs_node *node, const char *name)
{
    stream->entry.d_ino = node->serial;
    stream->entry.d_type = kind_of(node);
    strcpy(stream->entry.d_name, name); /* VFS_NAME_MAX at most */
    return &stream->entry;
}

/* The next name: behind the last one told if that is still where it was, else looked for. */
static struct vfs_node *next_child(DIR *stream, struct vfs_node *directory)
{
    uint32_t serial = (uint32_t)(stream->position - NAMES);
    struct vfs_node *last = stream->told;
    bool is_there = last && last->parent == directory && last->serial == serial;
    struct vfs_node *child = is_there ? last->next : vfs_child_after(directory, serial);
    if (child)
        vfs_hold(child);
    if (last)
        vfs_release(last);
    stream->told = child;
    return child;
}

struct dirent *readdir(DIR *stream)
{
    struct vfs_node *directory = files_base(stream->descriptor);
    const struct vfs_node *child;
    if (!directory)
        return NULL;
    if (stream->position == DOT) {
        stream->position = DOT_DOT;
        return tell(stream, directory, ".");
    }
    if (stream->position == DOT_DOT) {
        stream->position = NAMES;
        return tell(stream, directory->parent ? directory->parent : directory, "..");
    }
    child = next_child(stream, directory);
    if (!child)
        return NULL;
    stream->position = NAMES + (long)child->serial;
    return tell(stream, child, child->name);
}

int readdir_r(DIR *restrict stream, struct dirent *restrict entry, struct dirent **restrict result)
{
    int before = errno, error;
    errno = 0;
    *result = readdir(stream);
    error = errno;
    errno = before;
    if (*result)
        *result = memcpy(entry, *result, sizeof *entry);
    return error;
}

void rewinddir(DIR *stream)
{
    stream->position = DOT;
}

long telldir(DIR *stream)
{
    return stream->position;
}

void seekdir(DIR *stream, long position)
{
    stream->position = position;
}

int dirfd(DIR *stream)
{
    return stream->descriptor;
}

int alphasort(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void free_list(struct dirent **list, int count)
{
    while (count > 0)
        free(list[--count]);
    free(list);
}

int scandir(const char *path, struct dirent ***list, int (*wanted)(const struct dirent *),
            int (*compare)(const struct dirent **, const struct dirent **))
{
    DIR *stream = opendir(path);
    struct dirent **found = NULL;
    struct dirent *entry;
    int count = 0;
    if (!stream)
        return -1;
    while ((entry = readdir(stream))) {
        struct dirent **longer, *copy;
        if (wanted && !wanted(entry))
            continue;
        longer = realloc(found, ((size_t)count + 1) * sizeof *found);
        copy = longer ? malloc(sizeof *copy) : NULL;
        found = longer ? longer : found;
        if (!copy) {
            free_list(found, count);
            closedir(stream);
            return files_result(ENOMEM);
        }
        found[count++] = memcpy(copy, entry, sizeof *copy);
    }
    closedir(stream);
    if (compare && count > 1)
        qsort(found, (size_t)count, sizeof *found, (int (*)(const void *, const void *))compare);
    *list = found;
    return count;
}
