/* The reader of ustar archives; see ustar.h. */
#include "ustar.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define FILE_BYTES_MAX 0x7fffffffu /* off_t is 32 bits in a guest */

/* The header block, POSIX.1-1988 10.1.1. Numbers are octal text. */
struct header {
    char name[100];
    char mode[8];
    char uid[8];
    char gid[8];
    char size[12];
    char modified[12];
    char checksum[8];
    char type;
    char target[100];
    char magic[6];
    char version[2];
    char owner[32];
    char group[32];
    char device_major[8];
    char device_minor[8];
    char prefix[155];
    char unused[12];
};
_Static_assert(sizeof(struct header) == USTAR_BLOCK_BYTES, "a header is one block");

/* Octal digits, spaces before and a space or NUL behind; an empty field is 0. */
static bool parse_octal(const char *text, uint32_t length, uint64_t *value)
{
    uint32_t i = 0;
    *value = 0;
    while (i < length && text[i] == ' ')
        i++;
    for (; i < length && text[i] >= '0' && text[i] <= '7'; i++)
        *value = *value << 3 | (uint64_t)(text[i] - '0'); /* 12 digits: 36 bits */
    return i == length || text[i] == ' ' || text[i] == 0;
}

/* The sum of the header's bytes, its own field taken as spaces; some writers summed signed ones. */
static bool checksum_holds(const struct header *header)
{
    const unsigned char *bytes = (const void *)header;
    uint32_t unsigned_sum = 0;
    int32_t signed_sum = 0;
    uint64_t told;
    for (uint32_t i = 0; i < sizeof *header; i++) {
        bool own = i >= offsetof(struct header, checksum) && i < offsetof(struct header, type);
        unsigned_sum += own ? ' ' : bytes[i];
        signed_sum += own ? ' ' : (signed char)bytes[i];
    }
    return parse_octal(header->checksum, sizeof header->checksum, &told) &&
           (told == unsigned_sum || (signed_sum >= 0 && told == (uint32_t)signed_sum));
}

static bool is_zero(const struct header *header)
{
    const char *bytes = (const void *)header;
    for (uint32_t i = 0; i < sizeof *header; i++) {
        if (bytes[i])
            return false;
    }
    return true;
}

/* Appends text (at most length bytes of it) to the path, one slash between any two names, nothing
 * for "." and empty names; false if a name is "..". */
static bool append_names(char *path, uint32_t *size, const char *text, uint32_t length)
{
    uint32_t i = 0;
    while (i < length && text[i]) {
        uint32_t start = i;
        while (i < length && text[i] && text[i] != '/')
            i++;
        uint32_t name = i - start;
        if (name == 2 && text[start] == '.' && text[start + 1] == '.')
            return false;
        if (name > 0 && !(name == 1 && text[start] == '.')) {
            if (*size > 0)
                path[(*size)++] = '/';
            memcpy(path + *size, text + start, name);
            *size += name;
        }
        if (i < length && text[i] == '/')
            i++;
    }
    path[*size] = 0;
    return true;
}

static bool parse_path(const struct header *header, char path[USTAR_PATH_MAX + 1])
{
    /* In GNU's own format the place of the prefix holds other things. */
    bool has_prefix = memcmp(header->magic, "ustar", 6) == 0;
    uint32_t size = 0;
    return (!has_prefix || append_names(path, &size, header->prefix, sizeof header->prefix)) &&
           append_names(path, &size, header->name, sizeof header->name);
}

static bool parse_header(const struct header *header, struct ustar_entry *entry)
{
    uint64_t mode, size;
    if (memcmp(header->magic, "ustar", 5) != 0 || !checksum_holds(header) ||
        !parse_octal(header->mode, sizeof header->mode, &mode) ||
        !parse_octal(header->size, sizeof header->size, &size) || size > FILE_BYTES_MAX ||
        !parse_octal(header->modified, sizeof header->modified, &entry->modified_s) ||
        !parse_path(header, entry->path))
        return false;
    entry->mode = mode & 07777;
    entry->size_bytes = 0;
    entry->target[0] = 0;
    switch (header->type) {
    case 0:
    case '0':
    case '7': /* contiguous, which is to be taken as a plain file */
        entry->kind = USTAR_FILE;
        entry->size_bytes = (uint32_t)size;
        return entry->path[0] != 0;
    case '5':
        entry->kind = USTAR_DIRECTORY;
        return true;
    case '2':
        entry->kind = USTAR_SYMLINK;
        memcpy(entry->target, header->target, sizeof header->target);
        entry->target[USTAR_TARGET_MAX] = 0;
        return entry->path[0] != 0 && entry->target[0] != 0;
    default:
        return false;
    }
}

int ustar_next(const struct ustar_source *source, uint64_t *offset_bytes, struct ustar_entry *entry)
{
    uint64_t offset = *offset_bytes;
    struct header header;
    int error;
    /* The end is two blocks of zeros; one, or simply no more bytes, is taken for it too. */
    if (offset > source->size_bytes || source->size_bytes - offset < USTAR_BLOCK_BYTES)
        return ENOENT;
    error = source->read(source, offset, &header, sizeof header);
    if (error)
        return error;
    if (is_zero(&header))
        return ENOENT;
    if (!parse_header(&header, entry))
        return EILSEQ;
    entry->data_offset_bytes = offset + USTAR_BLOCK_BYTES;
    if (entry->size_bytes > source->size_bytes - entry->data_offset_bytes)
        return EILSEQ;
    *offset_bytes =
        entry->data_offset_bytes + (entry->size_bytes + (uint64_t)USTAR_BLOCK_BYTES - 1) /
                                       USTAR_BLOCK_BYTES * USTAR_BLOCK_BYTES;
    return 0;
}
