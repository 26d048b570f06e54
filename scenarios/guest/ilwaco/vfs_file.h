/* What vfs.c needs of vfs_file.c beside vfs.h: the end of a file. */
#ifndef ILWACO_VFS_FILE_H
#define ILWACO_VFS_FILE_H

#include "vfs.h"

/* Frees what the file holds. */
void vfs_file_clear(struct vfs_node *file);

#endif
