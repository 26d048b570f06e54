/* The tree: nodes, paths and names; see vfs.h. What is in a file is vfs_file.c's. */
#include "vfs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "vfs_file.h"

static struct vfs_node *node_create(struct vfs *vfs, mode_t mode)
{
    struct vfs_node *node = calloc(1, sizeof *node);
    if (!node)
        return NULL;
    node->mode = mode;
    node->serial = ++vfs->serial;
    node->modified_ns = vfs_now_ns();
    return node;
}

/* Of a node without children. */
static void node_free(struct vfs_node *node)
{
    if (S_ISREG(node->mode))
        vfs_file_clear(node);
    else if (S_ISLNK(node->mode))
        free(node->target);
    else if (S_ISDIR(node->mode))
        free(node->directory.index);
    free(node->name);
    free(node);
}

int vfs_init(struct vfs *vfs)
{
    *vfs = (struct vfs){.mask = 022};
    vfs->root = node_create(vfs, S_IFDIR | 0755);
    if (!vfs->root)
        return ENOMEM;
    vfs->root->parent = vfs->root;
    return 0;
}

/* Depth first, without recursion: a guest may nest directories as deep as it has memory. */
void vfs_fini(struct vfs *vfs)
{
    struct vfs_node *node = vfs->root;
    while (node) {
        if (S_ISDIR(node->mode) && node->directory.first) {
            struct vfs_node *child = node->directory.first;
            node->directory.first = child->next;
            node = child;
        } else {
            struct vfs_node *parent = node == vfs->root ? NULL : node->parent;
            node_free(node);
            node = parent;
        }
    }
    vfs->root = NULL;
}

void vfs_hold(struct vfs_node *node)
{
    node->users++;
}

void vfs_release(struct vfs_node *node)
{
    if (--node->users == 0 && !node->parent)
        node_free(node);
}

/* --- Directories ---------------------------------------------------------------------------- */

/* Up to so many names are looked through one by one. */
#define INDEX_FROM 16u

/* The chain that a name is in; FNV-1a. */
static struct vfs_node **index_chain(const struct vfs_node *directory, const char *name)
{
    uint32_t hash = 2166136261u;
    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 16777619u;
    return &directory->directory.index[hash & (directory->directory.index_room - 1)];
}

static void index_add(const struct vfs_node *directory, struct vfs_node *child)
{
    struct vfs_node **chain = index_chain(directory, child->name);
    child->chain = *chain;
    *chain = child;
}

/* A larger index of all names. Without memory for it chains get longer, no more. */
static void index_grow(struct vfs_node *directory)
{
    uint32_t room = directory->directory.index ? 2 * directory->directory.index_room : 32;
    struct vfs_node **index = calloc(room, sizeof *index);
    if (!index)
        return;
    free(directory->directory.index);
    directory->directory.index = index;
    directory->directory.index_room = room;
    for (struct vfs_node *child = directory->directory.first; child; child = child->next)
        index_add(directory, child);
}

static void index_remove(const struct vfs_node *directory, const struct vfs_node *child)
{
    struct vfs_node **link = index_chain(directory, child->name);
    while (*link != child)
        link = &(*link)->chain;
    *link = child->chain;
}

static struct vfs_node *child_find(const struct vfs_node *directory, const char *name)
{
    bool indexed = directory->directory.index != NULL;
    struct vfs_node *child = indexed ? *index_chain(directory, name) : directory->directory.first;
    while (child && strcmp(child->name, name) != 0)
        child = indexed ? child->chain : child->next;
    return child;
}

static void child_append(struct vfs_node *directory, struct vfs_node *child)
{
    child->parent = directory;
    child->next = NULL;
    if (directory->directory.last)
        directory->directory.last->next = child;
    else
        directory->directory.first = child;
    directory->directory.last = child;
    directory->directory.count++;
    directory->modified_ns = vfs_now_ns();
    if (directory->directory.index)
        index_add(directory, child);
    if (directory->directory.count > INDEX_FROM &&
        directory->directory.count > directory->directory.index_room)
        index_grow(directory);
}

static void child_detach(struct vfs_node *child)
{
    struct vfs_node *directory = child->parent;
    struct vfs_node *before = NULL;
    if (directory->directory.index)
        index_remove(directory, child);
    for (struct vfs_node *next = directory->directory.first; next != child; next = next->next)
        before = next;
    if (before)
        before->next = child->next;
    else
        directory->directory.first = child->next;
    if (directory->directory.last == child)
        directory->directory.last = before;
    directory->directory.count--;
    directory->modified_ns = vfs_now_ns();
    child->parent = NULL;
    child->next = NULL;
}

struct vfs_node *vfs_child_after(const struct vfs_node *directory, uint32_t serial)
{
    struct vfs_node *child = directory->directory.first;
    while (child && child->serial <= serial)
        child = child->next;
    return child;
}

/* --- Paths ---------------------------------------------------------------------------------- */

/* What remains of a path while it is walked: links are written in front of the rest. */
struct walk {
    char text[VFS_PATH_MAX];
    const char *rest;
    uint32_t links;
};

static int walk_begin(struct walk *walk, const char *path)
{
    size_t length = strlen(path);
    if (length >= VFS_PATH_MAX)
        return ENAMETOOLONG;
    memcpy(walk->text, path, length + 1);
    walk->rest = walk->text;
    walk->links = 0;
    return 0;
}

/* Cuts the next name off into name; false at the end. */
static int walk_name(struct walk *walk, char name[VFS_NAME_MAX + 1])
{
    size_t length;
    while (*walk->rest == '/')
        walk->rest++;
    length = strcspn(walk->rest, "/");
    if (length > VFS_NAME_MAX)
        return ENAMETOOLONG;
    memcpy(name, walk->rest, length);
    name[length] = 0;
    walk->rest += length;
    return 0;
}

/* Target, a slash and the rest become the path. */
static int walk_link(struct walk *walk, const char *target)
{
    size_t target_length = strlen(target);
    size_t rest_length = strlen(walk->rest);
    if (++walk->links > VFS_LINKS_MAX)
        return ELOOP;
    if (target_length + rest_length >= VFS_PATH_MAX)
        return ENAMETOOLONG;
    memmove(walk->text + target_length, walk->rest, rest_length + 1);
    memcpy(walk->text, target, target_length);
    walk->rest = walk->text;
    return 0;
}

/* Fills place with one name of a directory. */
static void step(struct vfs_node *directory, struct vfs_place *place)
{
    place->is_special = true;
    if (place->name[0] == 0 || strcmp(place->name, ".") == 0) {
        place->directory = place->node = directory;
    } else if (strcmp(place->name, "..") == 0) {
        /* The parent of a removed directory is gone from it; it has none. */
        place->directory = place->node = directory->parent;
    } else {
        place->is_special = false;
        place->directory = directory;
        place->node = child_find(directory, place->name);
    }
}

int vfs_resolve(struct vfs *vfs, struct vfs_node *from, const char *path, bool follow,
                struct vfs_place *place)
{
    struct walk walk;
    struct vfs_node *directory = *path == '/' ? vfs->root : from;
    int error = *path ? walk_begin(&walk, path) : ENOENT;
    while (!error) {
        if (!S_ISDIR(directory->mode))
            return ENOTDIR;
        error = walk_name(&walk, place->name);
        if (error)
            break;
        step(directory, place);
        if (!place->node && directory->directory.missing)
            return directory->directory.missing;
        bool is_last = walk.rest[strspn(walk.rest, "/")] == 0;
        place->wants_directory = *walk.rest == '/';
        if (place->node && S_ISLNK(place->node->mode) &&
            (!is_last || follow || place->wants_directory)) {
            const char *target = place->node->target;
            error = walk_link(&walk, target);
            if (*target == '/')
                directory = vfs->root;
            continue;
        }
        if (is_last) {
            if (place->is_special && !place->node)
                return ENOENT;
            if (place->wants_directory && place->node && !S_ISDIR(place->node->mode))
                return ENOTDIR;
            return 0;
        }
        if (!place->node)
            return ENOENT;
        directory = place->node;
    }
    return error;
}

int vfs_find(struct vfs *vfs, struct vfs_node *from, const char *path, bool follow,
             struct vfs_node **node)
{
    struct vfs_place place;
    int error = vfs_resolve(vfs, from, path, follow, &place);
    if (error)
        return error;
    *node = place.node;
    return place.node ? 0 : ENOENT;
}

int vfs_path(const struct vfs *vfs, const struct vfs_node *directory, char *path, size_t size_bytes)
{
    size_t length = 0;
    for (const struct vfs_node *node = directory; node != vfs->root; node = node->parent) {
        if (!node->parent)
            return ENOENT;
        length += strlen(node->name) + 1;
    }
    if (length + 1 + (length == 0) > size_bytes)
        return ERANGE;
    path[length] = 0;
    if (length == 0)
        memcpy(path, "/", 2);
    for (const struct vfs_node *node = directory; node != vfs->root; node = node->parent) {
        size_t name_length = strlen(node->name);
        length -= name_length + 1;
        path[length] = '/';
        memcpy(path + length + 1, node->name, name_length);
    }
    return 0;
}

/* --- Names ---------------------------------------------------------------------------------- */

/* A directory that was removed has no parent, and takes no more names. */
static int check_room(const struct vfs_place *place, bool for_directory)
{
    if (place->node)
        return EEXIST;
    if (!place->directory->parent)
        return ENOENT;
    return place->wants_directory && !for_directory ? ENOENT : 0;
}

int vfs_make(struct vfs *vfs, const struct vfs_place *place, mode_t mode, struct vfs_node **made)
{
    struct vfs_node *node;
    int error = check_room(place, S_ISDIR(mode));
    if (error)
        return error;
    node = node_create(vfs, mode);
    if (!node)
        return ENOSPC;
    node->name = strdup(place->name);
    if (!node->name) {
        node_free(node);
        return ENOSPC;
    }
    child_append(place->directory, node);
    *made = node;
    return 0;
}

int vfs_make_symlink(struct vfs *vfs, const struct vfs_place *place, const char *target)
{
    struct vfs_node *node;
    char *text;
    int error;
    if (*target == 0)
        return ENOENT;
    if (strlen(target) >= VFS_PATH_MAX)
        return ENAMETOOLONG;
    text = strdup(target);
    if (!text)
        return ENOSPC;
    error = vfs_make(vfs, place, S_IFLNK | 0777, &node);
    if (error)
        free(text);
    else
        node->target = text;
    return error;
}

static void drop_name(struct vfs_node *node)
{
    child_detach(node);
    free(node->name);
    node->name = NULL;
    if (node->users == 0)
        node_free(node);
}

int vfs_remove(const struct vfs_place *place, bool directory)
{
    if (!place->node)
        return ENOENT;
    if (directory) {
        if (!S_ISDIR(place->node->mode))
            return ENOTDIR;
        if (place->is_special)
            return strcmp(place->name, ".") == 0 ? EINVAL : EBUSY;
        if (place->node->directory.count > 0)
            return ENOTEMPTY;
    } else if (S_ISDIR(place->node->mode)) {
        return EISDIR;
    }
    drop_name(place->node);
    return 0;
}

static bool is_inside(const struct vfs_node *node, const struct vfs_node *directory)
{
    for (; node; node = node->parent) {
        if (node == directory)
            return true;
        if (node->parent == node)
            break;
    }
    return false;
}

int vfs_rename(struct vfs *vfs, const struct vfs_place *from, const struct vfs_place *to)
{
    struct vfs_node *node = from->node;
    char *name;
    if (!node)
        return ENOENT;
    if (from->is_special || to->is_special)
        return EBUSY;
    if (node == to->node)
        return 0;
    if (!to->directory->parent)
        return ENOENT;
    if (S_ISDIR(node->mode) && is_inside(to->directory, node))
        return EINVAL;
    if (!S_ISDIR(node->mode) && to->wants_directory)
        return ENOTDIR;
    if (to->node) {
        if (S_ISDIR(node->mode) && !S_ISDIR(to->node->mode))
            return ENOTDIR;
        if (!S_ISDIR(node->mode) && S_ISDIR(to->node->mode))
            return EISDIR;
        if (S_ISDIR(to->node->mode) && to->node->directory.count > 0)
            return ENOTEMPTY;
    }
    name = strdup(to->name);
    if (!name)
        return ENOSPC;
    if (to->node)
        drop_name(to->node);
    child_detach(node);
    free(node->name);
    node->name = name;
    node->serial = ++vfs->serial; /* last in its directory, and of the greatest number */
    child_append(to->directory, node);
    return 0;
}

/* --- Archives ------------------------------------------------------------------------------- */

/* The directory of path inside directory, made where missing; what is no directory is in the way.
 * Symbolic links are not followed: an archive stays where it is put. */
static int make_way(struct vfs *vfs, struct vfs_node *directory, char *path,
                    struct vfs_place *place)
{
    char *slash = strchr(path, '/');
    size_t length = slash ? (size_t)(slash - path) : strlen(path);
    struct vfs_node *node;
    int error;
    for (;;) {
        if (length > VFS_NAME_MAX)
            return EILSEQ;
        memcpy(place->name, path, length);
        place->name[length] = 0;
        place->directory = directory;
        place->node = child_find(directory, place->name);
        if (!slash)
            return 0;
        if (!place->node) {
            error = vfs_make(vfs, place, S_IFDIR | 0755, &node);
            if (error)
                return error;
            place->node = node;
        }
        if (!S_ISDIR(place->node->mode))
            return EILSEQ;
        directory = place->node;
        path = slash + 1;
        slash = strchr(path, '/');
        length = slash ? (size_t)(slash - path) : strlen(path);
    }
}

static int mount_entry(struct vfs *vfs, struct vfs_node *directory,
                       const struct ustar_source *source, struct ustar_entry *entry)
{
    static const mode_t kinds[] = {
        [USTAR_FILE] = S_IFREG, [USTAR_DIRECTORY] = S_IFDIR, [USTAR_SYMLINK] = S_IFLNK};
    struct vfs_place place = {0};
    struct vfs_node *node;
    int error = entry->path[0] ? make_way(vfs, directory, entry->path, &place) : 0;
    if (error || !entry->path[0])
        return error;
    if (place.node && entry->kind == USTAR_DIRECTORY && S_ISDIR(place.node->mode)) {
        place.node->mode = S_IFDIR | entry->mode;
        return 0;
    }
    if (place.node) { /* the later one holds, as if the archive were unpacked */
        error = vfs_remove(&place, S_ISDIR(place.node->mode));
        if (error)
            return error;
        place.node = NULL;
    }
    if (entry->kind == USTAR_SYMLINK)
        return vfs_make_symlink(vfs, &place, entry->target);
    error = vfs_make(vfs, &place, kinds[entry->kind] | entry->mode, &node);
    if (error)
        return error;
    node->modified_ns = entry->modified_s * 1000000000u;
    if (entry->kind == USTAR_FILE) {
        node->file.size_bytes = entry->size_bytes;
        node->file.source_bytes = entry->size_bytes;
        node->file.source_offset_bytes = entry->data_offset_bytes;
        node->file.source = source;
    }
    return 0;
}

void vfs_spoil(struct vfs_node *directory, int error)
{
    directory->directory.missing = error;
}

int vfs_mount(struct vfs *vfs, struct vfs_node *directory, const struct ustar_source *source,
              uint64_t *offset_bytes)
{
    struct ustar_entry entry;
    uint64_t next = 0;
    for (;;) {
        int error;
        *offset_bytes = next;
        error = ustar_next(source, &next, &entry);
        if (error)
            return error == ENOENT ? 0 : error;
        error = mount_entry(vfs, directory, source, &entry);
        if (error)
            return error;
    }
}
