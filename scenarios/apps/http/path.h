/* From a request's target to a path below a root, and from a path to a media type. */
#ifndef APPS_HTTP_PATH_H
#define APPS_HTTP_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "head.h"

#define HTTP_PATH_MAX 512u /* decoded, with its zero */

/*
 * Decodes percent signs, drops the query, resolves "." and "..", and gives a path that begins with
 * a slash and stays below it (RFC 3986, 5.2.4). False if it would leave the root, is too long, or
 * holds a zero or a control character, coded or not.
 */
bool http_path_of_target(struct http_text target, char path[HTTP_PATH_MAX]);

/* The media type by the last part's extension; application/octet-stream if it tells nothing. */
const char *http_media_type(const char *path);

#endif
