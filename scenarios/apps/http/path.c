/* See path.h. */
#include "path.h"

#include <string.h>
#include <strings.h>

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The target without its query, decoded; false if it cannot be a path. */
static bool decode(struct http_text target, char *path, size_t *length)
{
    size_t done = 0;
    for (size_t i = 0; i < target.length && target.bytes[i] != '?' && target.bytes[i] != '#'; i++) {
        int c = (unsigned char)target.bytes[i];
        if (c == '%') {
            int high = i + 2 < target.length ? hex_digit(target.bytes[i + 1]) : -1;
            int low = i + 2 < target.length ? hex_digit(target.bytes[i + 2]) : -1;
            if (high < 0 || low < 0)
                return false;
            c = high * 16 + low;
            i += 2;
        }
        if (c < 0x20 || c == 0x7f || done + 1 >= HTTP_PATH_MAX)
            return false;
        path[done++] = (char)c;
    }
    path[done] = '\0';
    *length = done;
    return done > 0 && path[0] == '/';
}

bool http_path_of_target(struct http_text target, char path[HTTP_PATH_MAX])
{
    size_t length, to = 0;
    if (!decode(target, path, &length))
        return false;
    /* Segment by segment; what is kept never reaches what is still to be read. */
    for (size_t from = 0; from < length;) {
        size_t size = 1;
        while (from + size < length && path[from + size] != '/')
            size++;
        bool is_last = from + size == length;
        bool is_dot = size == 2 && path[from + 1] == '.';
        bool is_up = size == 3 && path[from + 1] == '.' && path[from + 2] == '.';
        bool is_empty = size == 1 && !is_last; /* "//" */
        if (is_up) {
            if (to == 0)
                return false;
            while (path[--to] != '/')
                continue;
        } else if (!is_dot && !is_empty) {
            memmove(path + to, path + from, size);
            to += size;
        }
        if (is_last && (is_dot || is_up))
            path[to++] = '/'; /* they name a directory */
        from += size;
    }
    path[to] = '\0';
    return true;
}

static const struct {
    const char *extension;
    const char *type;
} media_types[] = {
    {"html", "text/html; charset=utf-8"},
    {"htm", "text/html; charset=utf-8"},
    {"txt", "text/plain; charset=utf-8"},
    {"md", "text/markdown; charset=utf-8"},
    {"css", "text/css; charset=utf-8"},
    {"csv", "text/csv; charset=utf-8"},
    {"js", "text/javascript; charset=utf-8"},
    {"json", "application/json"},
    {"xml", "application/xml"},
    {"pdf", "application/pdf"},
    {"zip", "application/zip"},
    {"gz", "application/gzip"},
    {"tar", "application/x-tar"},
    {"wasm", "application/wasm"},
    {"svg", "image/svg+xml"},
    {"png", "image/png"},
    {"jpg", "image/jpeg"},
    {"jpeg", "image/jpeg"},
    {"gif", "image/gif"},
    {"webp", "image/webp"},
    {"ico", "image/vnd.microsoft.icon"},
    {"mp4", "video/mp4"},
    {"woff2", "font/woff2"},
};

const char *http_media_type(const char *path)
{
    const char *name = strrchr(path, '/');
    const char *extension = strrchr(name ? name : path, '.');
    for (size_t i = 0; extension && i < sizeof media_types / sizeof media_types[0]; i++) {
        if (strcasecmp(extension + 1, media_types[i].extension) == 0)
            return media_types[i].type;
    }
    return "application/octet-stream";
}
