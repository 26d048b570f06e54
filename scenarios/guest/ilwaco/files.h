/* What the POSIX calls on paths, directories and open files share: the machine's one tree. */
#ifndef ILWACO_FILES_H
#define ILWACO_FILES_H

#include "file.h"
#include "vfs.h"

/* The tree, made with /dev, /tmp and the archives of the machine's disks when it is first asked
 * for. NULL and errno if there is no memory. */
struct vfs *files_tree(void);

/* Where a relative path begins: AT_FDCWD or the descriptor of a directory. NULL and errno. */
struct vfs_node *files_base(int descriptor);

/* The working directory; the tree is there. */
struct vfs_node *files_directory(void);
void files_directory_set(struct vfs_node *directory);

/* The node behind an open file of the tree; NULL if it is something else. */
struct vfs_node *files_node(const struct file *file);

/* Fills the tree's /dev; 0 or an errno. */
int devices_make(struct vfs *vfs);
/* A file that speaks to a node of /dev. NULL and errno. */
struct file *device_open(struct vfs_node *node);

/* Mounts what the environment names; ENOMEM. What cannot be mounted is told by a line on the
 * console, and what is not found below its place is EIO. */
int mounts_make(struct vfs *vfs);

struct stat;
void files_stat(const struct vfs_node *node, struct stat *status);

/* errno and -1, or 0 for 0. */
int files_result(int error);

#endif
