/* See document.h. A file is opened anew for each piece: a server has more connections than it has
 * descriptors to spare, and the piece is the size of a send buffer. */
#include "document.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../hash128.h"

#define MULTIPLIER 2654435761u

/* --- Generated ------------------------------------------------------------------------------ */

/* Words of four bytes, little-endian as the machine is and its clients' hosts are. */
static uint32_t word_at(uint64_t size_bytes, uint64_t index)
{
    uint32_t word = ((uint32_t)index + (uint32_t)size_bytes) * MULTIPLIER;
    return word ^ word >> 15;
}

void http_bytes_fill(uint64_t size_bytes, uint64_t offset, void *bytes, size_t length)
{
    uint8_t *to = bytes;
    for (; length > 0 && offset % 4; offset++, length--)
        *to++ = (uint8_t)(word_at(size_bytes, offset / 4) >> (8 * (offset % 4)));
    for (; length >= 4; offset += 4, length -= 4, to += 4) {
        uint32_t word = word_at(size_bytes, offset / 4);
        memcpy(to, &word, 4);
    }
    for (; length > 0; offset++, length--)
        *to++ = (uint8_t)(word_at(size_bytes, offset / 4) >> (8 * (offset % 4)));
}

bool http_bytes_size(const char *path, uint64_t *size_bytes, bool *unknown_length)
{
    uint64_t size = 0;
    *unknown_length = strncmp(path, "/chunked/", 9) == 0;
    if (*unknown_length)
        path += 9;
    else if (strncmp(path, "/bytes/", 7) == 0)
        path += 7;
    else
        return false;
    if (!*path)
        return false;
    for (; *path >= '0' && *path <= '9' && size <= HTTP_BYTES_MAX; path++)
        size = size * 10 + (uint64_t)(*path - '0');
    *size_bytes = size;
    return !*path && size <= HTTP_BYTES_MAX;
}

/* --- Files ---------------------------------------------------------------------------------- */

/* The hash of a file's content is its validator. To compute it the whole file is read, so those of
 * the files last asked for are kept; a file that changed has another size or time. */
#define DIGESTS_KEPT 64u

struct kept_digest {
    uint64_t size_bytes;
    time_t changed;
    char etag[HTTP_ETAG_SIZE];
    char path[];
};

static struct kept_digest *kept[DIGESTS_KEPT];
static unsigned kept_next;

static bool hash_file(struct http_document *document)
{
    struct hash128 hash;
    uint8_t digest[HASH128_BYTES], piece[2048];
    uint64_t left = document->size_bytes;
    int fd = open(document->path, O_RDONLY);
    if (fd < 0)
        return false;
    hash128_begin(&hash);
    while (left > 0) {
        size_t want = left < sizeof piece ? (size_t)left : sizeof piece;
        ssize_t got = read(fd, piece, want);
        if (got <= 0)
            break;
        hash128_add(&hash, piece, (size_t)got);
        left -= (uint64_t)got;
    }
    close(fd);
    hash128_end(&hash, digest);
    document->etag[0] = '"';
    hash128_text(digest, document->etag + 1);
    strcat(document->etag, "\"");
    return left == 0;
}

static void keep(const struct http_document *document, time_t changed)
{
    size_t length = strlen(document->path) + 1;
    struct kept_digest *entry = malloc(sizeof *entry + length);
    if (!entry)
        return; /* computed again next time */
    *entry = (struct kept_digest){.size_bytes = document->size_bytes, .changed = changed};
    memcpy(entry->etag, document->etag, sizeof entry->etag);
    memcpy(entry->path, document->path, length);
    free(kept[kept_next]);
    kept[kept_next] = entry;
    kept_next = (kept_next + 1) % DIGESTS_KEPT;
}

static bool set_etag(struct http_document *document, time_t changed)
{
    for (unsigned i = 0; i < DIGESTS_KEPT && kept[i]; i++) {
        const struct kept_digest *entry = kept[i];
        if (entry->size_bytes == document->size_bytes && entry->changed == changed &&
            strcmp(entry->path, document->path) == 0) {
            memcpy(document->etag, entry->etag, sizeof entry->etag);
            return true;
        }
    }
    if (!hash_file(document))
        return false;
    keep(document, changed);
    return true;
}

static unsigned open_file(struct http_document *document, const char *root, const char *path)
{
    struct stat status;
    size_t length = strlen(path);
    bool names_directory = path[length - 1] == '/';
    int needed = snprintf(document->path, sizeof document->path, "%s%s%s", root, path,
                          names_directory ? "index.html" : "");
    if (needed < 0 || (size_t)needed >= sizeof document->path || stat(document->path, &status) != 0)
        return 404;
    if (S_ISDIR(status.st_mode))
        return names_directory ? 404 : 301;
    if (!S_ISREG(status.st_mode))
        return 404;
    document->size_bytes = (uint64_t)status.st_size;
    document->media_type = http_media_type(document->path);
    return set_etag(document, status.st_mtime) ? 0 : 500;
}

/* --- Both ----------------------------------------------------------------------------------- */

unsigned http_document_open(struct http_document *document, const char *root, const char *path)
{
    *document = (struct http_document){.media_type = "application/octet-stream"};
    if (http_bytes_size(path, &document->size_bytes, &document->unknown_length)) {
        document->generated = true;
        snprintf(document->etag, sizeof document->etag, "\"bytes-%lu\"",
                 (unsigned long)document->size_bytes);
        return 0;
    }
    return root ? open_file(document, root, path) : 404;
}

bool http_document_read(const struct http_document *document, uint64_t offset, void *bytes,
                        size_t length)
{
    size_t done = 0;
    int fd;
    if (document->generated) {
        http_bytes_fill(document->size_bytes, offset, bytes, length);
        return true;
    }
    fd = open(document->path, O_RDONLY);
    if (fd < 0)
        return false;
    if (lseek(fd, (off_t)offset, SEEK_SET) == (off_t)offset) {
        while (done < length) {
            ssize_t got = read(fd, (char *)bytes + done, length - done);
            if (got <= 0)
                break;
            done += (size_t)got;
        }
    }
    close(fd);
    return done == length;
}
