/*
 * What a server has to offer: files below a root directory, read by plain POSIX calls, and
 * documents of any size that need no file. /bytes/N is N bytes that follow from N, so that a client
 * can check every one; /chunked/N is the same without a length in advance.
 */
#ifndef APPS_HTTP_DOCUMENT_H
#define APPS_HTTP_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "path.h"

#define HTTP_BYTES_MAX 1073741824u /* of a generated document */
#define HTTP_ETAG_SIZE 40u         /* with its quotes and zero */
#define HTTP_ROOT_MAX  128u

struct http_document {
    uint64_t size_bytes;
    bool generated;
    bool unknown_length; /* to be sent in chunks */
    const char *media_type;
    char etag[HTTP_ETAG_SIZE]; /* follows from the content alone; of a file, its hash128 */
    char path[HTTP_ROOT_MAX + HTTP_PATH_MAX]; /* of the file */
};

/* Finds what path (as http_path_of_target gives it) names below root (NULL: no files). 0, or the
 * status that says why not: 301 for a directory named without its last slash, 404, 500. */
unsigned http_document_open(struct http_document *document, const char *root, const char *path);

/* Reads length bytes from offset on; false if they cannot be had any more. */
bool http_document_read(const struct http_document *document, uint64_t offset, void *bytes,
                        size_t length);

/* The content of /bytes/size_bytes from offset on. */
void http_bytes_fill(uint64_t size_bytes, uint64_t offset, void *bytes, size_t length);

/* The size that a path such as /bytes/100 or /chunked/100 names; false if it names none. */
bool http_bytes_size(const char *path, uint64_t *size_bytes, bool *unknown_length);

#endif
