/*
 * The file system of a machine: a tree of nodes in its memory. A directory is a list, a file is
 * chunks of memory that are there once written, and a file of an archive is read from the archive
 * until then. A machine that opens no file has no tree at all.
 *
 * Knows nothing of descriptors, devices or where an archive is; it asks its embedder for the time.
 * Every call that can fail returns 0 or an errno. There is one user, who may do everything:
 * permission bits are kept and shown, not enforced.
 *
 * A node lives while it has a name or a user (an open description, a working directory, a source of
 * a directory stream); vfs_hold and vfs_release count users.
 */
#ifndef ILWACO_VFS_H
#define ILWACO_VFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "ustar.h"

#define VFS_NAME_MAX    255u
#define VFS_PATH_MAX    1024u /* with the NUL */
#define VFS_LINKS_MAX   8u    /* symbolic links in one path */
#define VFS_SIZE_MAX    0x7fffffffu
#define VFS_CHUNK_BYTES 1024u

struct vfs_node {
    struct vfs_node *parent; /* NULL once it has no name; the root is its own */
    struct vfs_node *next;   /* in its directory, oldest first */
    struct vfs_node *chain;  /* in its directory's index */
    char *name;              /* NULL: the root, or removed */
    mode_t mode;             /* kind and permissions, S_IF* */
    uint32_t users;
    uint32_t serial; /* its number; in a directory they only grow */
    uint64_t modified_ns;
    union {
        struct {
            struct vfs_node *first;
            struct vfs_node *last;
            struct vfs_node **index; /* chains by hash of name; NULL while there are few names */
            uint32_t index_room;     /* a power of two */
            uint32_t count;
            int missing; /* the errno of a name that is not there; 0: ENOENT */
        } directory;
        struct {
            uint32_t size_bytes;
            uint32_t chunk_room; /* entries of chunks */
            uint8_t **chunks;    /* NULL entries: not written */
            /* What is not written and below source_bytes is the archive's, else zero. */
            uint32_t source_bytes;
            uint64_t source_offset_bytes;
            const struct ustar_source *source;
        } file;
        char *target; /* of a symbolic link */
        int device;   /* of S_IFCHR: the embedder's number */
    };
};

struct vfs {
    struct vfs_node *root;
    mode_t mask; /* umask */
    uint32_t serial;
};

/* Virtual time, for the stamps of files; the embedder's. */
uint64_t vfs_now_ns(void);

/* A tree with nothing but a root; ENOMEM. _fini frees all that has a name. */
int vfs_init(struct vfs *vfs);
void vfs_fini(struct vfs *vfs);

void vfs_hold(struct vfs_node *node);
void vfs_release(struct vfs_node *node);

/* --- Paths ---------------------------------------------------------------------------------- */

/* Where a path leads: the last name, the directory that has or could have it, and the node. */
struct vfs_place {
    struct vfs_node *directory;
    struct vfs_node *node; /* NULL: there is no such name */
    bool is_special;       /* the root, "." or "..": a place that cannot be renamed or removed */
    bool wants_directory;  /* the path ends with a slash */
    char name[VFS_NAME_MAX + 1];
};

/* Resolves path from a directory (for relative paths). follow: a symbolic link at its very end is
 * followed too. ENOENT if anything but the last name is missing, ENOTDIR, ELOOP, ENAMETOOLONG. */
int vfs_resolve(struct vfs *vfs, struct vfs_node *from, const char *path, bool follow,
                struct vfs_place *place);
/* The same, to a node that must exist. */
int vfs_find(struct vfs *vfs, struct vfs_node *from, const char *path, bool follow,
             struct vfs_node **node);
/* The absolute path of a directory; ERANGE, or ENOENT if it was removed. */
int vfs_path(const struct vfs *vfs, const struct vfs_node *directory, char *path,
             size_t size_bytes);

/* --- Names ---------------------------------------------------------------------------------- */

/* A new node of mode's kind (umask not applied) at a place where there is none: EEXIST otherwise,
 * ENOENT if the directory was removed, ENOSPC if there is no memory. */
int vfs_make(struct vfs *vfs, const struct vfs_place *place, mode_t mode, struct vfs_node **node);
int vfs_make_symlink(struct vfs *vfs, const struct vfs_place *place, const char *target);
/* Takes a name away: of anything but a directory, or of an empty one. */
int vfs_remove(const struct vfs_place *place, bool directory);
/* As rename(2): atomically replaces what is at to, if it may be. */
int vfs_rename(struct vfs *vfs, const struct vfs_place *from, const struct vfs_place *to);

/* Walks a directory: the first child made after the one with this serial (0: the first of all), or
 * NULL. Nothing is skipped or told twice though names come and go between two calls. */
struct vfs_node *vfs_child_after(const struct vfs_node *directory, uint32_t serial);

/* --- Files ---------------------------------------------------------------------------------- */

/* Reads at most *length_bytes from offset_bytes; *length_bytes becomes what there was. */
int vfs_read(const struct vfs_node *file, uint32_t offset_bytes, void *bytes,
             uint32_t *length_bytes);
/* Writes; *length_bytes becomes how much there was room for: with none, ENOSPC or EFBIG. */
int vfs_write(struct vfs_node *file, uint32_t offset_bytes, const void *bytes,
              uint32_t *length_bytes);
/* Cuts or extends with zeros; EFBIG. */
int vfs_resize(struct vfs_node *file, uint64_t size_bytes);

/* --- Archives ------------------------------------------------------------------------------- */

/* From now on a name that this directory does not have gives this errno, and none can be added: it
 * may be in an archive that could not be read. */
void vfs_spoil(struct vfs_node *directory, int error);

/* Puts an archive's entries into directory, over what is there. The source stays in use while the
 * tree lives. EILSEQ and the offset of what could not be read; ENOSPC; what the source said. */
int vfs_mount(struct vfs *vfs, struct vfs_node *directory, const struct ustar_source *source,
              uint64_t *offset_bytes);

#endif
