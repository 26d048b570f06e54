/*
 * Reads the headers of a ustar archive (POSIX.1-1988, "Extended tar Format"), as `tar
 * --format=ustar` writes it; GNU tar's own format too, as long as names are short. The archive may
 * be anybody's: every length and offset is checked against its size, and names that would leave it
 * (`..`) are refused. Nothing is read but what is asked for, so an archive of any size costs its
 * headers.
 *
 * Knows nothing of devices or the file system.
 */
#ifndef ILWACO_USTAR_H
#define ILWACO_USTAR_H

#include <stdint.h>

#define USTAR_BLOCK_BYTES 512u
#define USTAR_PATH_MAX    256u /* bytes of a path, no NUL counted: prefix, slash, name */
#define USTAR_TARGET_MAX  100u /* bytes of a symbolic link's target */

/* Where the bytes are. read: 0, or the errno that says why not; never asked past size_bytes. */
struct ustar_source {
    uint64_t size_bytes;
    int (*read)(const struct ustar_source *source, uint64_t offset_bytes, void *bytes,
                uint32_t length_bytes);
};

enum ustar_kind { USTAR_FILE, USTAR_DIRECTORY, USTAR_SYMLINK };

struct ustar_entry {
    enum ustar_kind kind;
    uint32_t mode; /* permission bits */
    uint32_t size_bytes;
    uint64_t data_offset_bytes; /* of the file's bytes, which are all inside the archive */
    uint64_t modified_s;
    char path[USTAR_PATH_MAX + 1]; /* without leading or trailing slash; empty: the top itself */
    char target[USTAR_TARGET_MAX + 1]; /* of a symbolic link */
};

/*
 * The entry at *offset_bytes (0: the first), which becomes the offset of the next. 0; ENOENT at the
 * end of the archive; EILSEQ if what is there is not a ustar header, or of a kind that cannot be
 * read here (hard links, devices, long names of newer formats); else what the source's read said.
 * *offset_bytes stays where it is on any failure.
 */
int ustar_next(const struct ustar_source *source, uint64_t *offset_bytes,
               struct ustar_entry *entry);

#endif
