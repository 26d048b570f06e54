/* Shell patterns: of names (fnmatch) and of paths in the tree (glob), as POSIX.1-2008. */
#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <glob.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vfs.h"

/* --- fnmatch -------------------------------------------------------------------------------- */

/* Whether c is in the brackets that begin at pattern, after '['; *end becomes what follows them,
 * NULL if they are not closed and '[' stands for itself. */
static bool in_brackets(const char *pattern, char c, int flags, const char **end)
{
    bool negated = *pattern == '!' || *pattern == '^';
    bool found = false;
    const char *next = pattern + negated;
    do {
        char low, high;
        if (*next == '\\' && !(flags & FNM_NOESCAPE))
            next++;
        if (*next == 0) {
            *end = NULL;
            return false;
        }
        low = high = *next++;
        if (next[0] == '-' && next[1] != ']' && next[1] != 0) {
            next++;
            if (*next == '\\' && !(flags & FNM_NOESCAPE) && next[1])
                next++;
            high = *next++;
        }
        found |= (unsigned char)low <= (unsigned char)c && (unsigned char)c <= (unsigned char)high;
    } while (*next != ']');
    *end = next + 1;
    return found != negated;
}

/* A period at the start of a name is matched by a period only, under FNM_PERIOD. */
static bool is_hidden(const char *start, const char *text, int flags)
{
    return flags & FNM_PERIOD && *text == '.' &&
           (text == start || (flags & FNM_PATHNAME && text[-1] == '/'));
}

/* Whether one element of the pattern, not '*', matches one character; both go on. */
static bool match_one(const char *start, const char **pattern, const char **text, int flags)
{
    const char *next = *pattern;
    char c = **text;
    bool special = (c == '/' && flags & FNM_PATHNAME) || is_hidden(start, *text, flags);
    if (c == 0)
        return false;
    ++*text;
    *pattern = next + 1;
    if (*next == '?')
        return !special;
    if (*next == '[') {
        const char *end;
        bool is_in = in_brackets(next + 1, c, flags, &end);
        if (end) {
            *pattern = end;
            return is_in && !special;
        }
    }
    if (*next == '\\' && next[1] && !(flags & FNM_NOESCAPE)) {
        *pattern = next + 2;
        return next[1] == c;
    }
    return *next == c;
}

/* A '*' that has to take more after all is taken up again, the last one only: what an earlier one
 * could take, the last can too (but for a slash under FNM_PATHNAME, which no '*' takes). */
int fnmatch(const char *pattern, const char *text, int flags)
{
    const char *start = text;
    const char *star = NULL, *star_text = NULL;
    for (;;) {
        if (*pattern == '*') {
            if (is_hidden(start, text, flags))
                return FNM_NOMATCH;
            star = ++pattern;
            star_text = text;
            continue;
        }
        if (*pattern == 0 && *text == 0)
            return 0;
        if (*pattern != 0 && match_one(start, &pattern, &text, flags))
            continue;
        if (!star || *star_text == 0 || (*star_text == '/' && flags & FNM_PATHNAME))
            return FNM_NOMATCH;
        pattern = star;
        text = ++star_text;
    }
}

/* --- glob ----------------------------------------------------------------------------------- */

struct search {
    glob_t *found;
    int flags;
    int (*on_error)(const char *path, int error);
};

static int add(struct search *search, const char *path)
{
    glob_t *found = search->found;
    size_t offset = search->flags & GLOB_DOOFFS ? found->gl_offs : 0;
    size_t length = strlen(path);
    struct stat status;
    char *copy = malloc(length + 2);
    char **paths =
        realloc(found->gl_pathv, (offset + found->gl_pathc + 2) * sizeof *found->gl_pathv);
    if (paths)
        found->gl_pathv = paths;
    if (!copy || !paths) {
        free(copy);
        return GLOB_NOSPACE;
    }
    memcpy(copy, path, length + 1);
    if (search->flags & GLOB_MARK && stat(path, &status) == 0 && S_ISDIR(status.st_mode) &&
        copy[length - 1] != '/')
        memcpy(copy + length, "/", 2);
    if (found->gl_pathc == 0)
        memset(paths, 0, offset * sizeof *paths);
    paths[offset + found->gl_pathc++] = copy;
    paths[offset + found->gl_pathc] = NULL;
    return 0;
}

static int walk(struct search *search, char *path, size_t length, const char *pattern);

/* Tries every name of the directory `path` against the pattern's first name. */
static int walk_directory(struct search *search, char *path, size_t length, const char *name,
                          const char *rest)
{
    int flags = FNM_PERIOD | (search->flags & GLOB_NOESCAPE ? FNM_NOESCAPE : 0);
    DIR *stream = opendir(length ? path : ".");
    struct dirent *entry;
    int result = 0;
    if (!stream) {
        if (errno == ENOENT || errno == ENOTDIR)
            return 0;
        if ((search->on_error && search->on_error(path, errno)) || search->flags & GLOB_ERR)
            return GLOB_ABORTED;
        return 0;
    }
    while (result == 0 && (entry = readdir(stream))) {
        size_t name_length = strlen(entry->d_name);
        if (fnmatch(name, entry->d_name, flags) != 0 || length + name_length >= VFS_PATH_MAX)
            continue;
        memcpy(path + length, entry->d_name, name_length + 1);
        result = walk(search, path, length + name_length, rest);
    }
    path[length] = 0;
    closedir(stream);
    return result;
}

/* path is what has been matched so far, pattern what is left, beginning with slashes or a name. */
static int walk(struct search *search, char *path, size_t length, const char *pattern)
{
    char name[VFS_NAME_MAX + 1];
    size_t name_length;
    while (*pattern == '/' && length + 1 < VFS_PATH_MAX) {
        path[length++] = *pattern++;
        path[length] = 0;
    }
    if (*pattern == 0) {
        struct stat status;
        return lstat(path, &status) == 0 ? add(search, path) : 0;
    }
    name_length = strcspn(pattern, "/");
    if (name_length > VFS_NAME_MAX)
        return 0;
    memcpy(name, pattern, name_length);
    name[name_length] = 0;
    if (strpbrk(name, "*?[\\"))
        return walk_directory(search, path, length, name, pattern + name_length);
    if (length + name_length >= VFS_PATH_MAX)
        return 0;
    memcpy(path + length, name, name_length + 1);
    return walk(search, path, length + name_length, pattern + name_length);
}

static int compare(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

int glob(const char *restrict pattern, int flags, int (*on_error)(const char *path, int error),
         glob_t *restrict found)
{
    struct search search = {found, flags, on_error};
    char path[VFS_PATH_MAX] = "";
    size_t offset, before;
    int result;
    if (!(flags & GLOB_APPEND)) {
        found->gl_pathc = 0;
        found->gl_pathv = NULL;
    }
    offset = flags & GLOB_DOOFFS ? found->gl_offs : 0;
    before = found->gl_pathc;
    result = walk(&search, path, 0, pattern);
    if (result)
        return result;
    if (found->gl_pathc == before)
        return flags & GLOB_NOCHECK ? add(&search, pattern) : GLOB_NOMATCH;
    if (!(flags & GLOB_NOSORT))
        qsort(found->gl_pathv + offset + before, found->gl_pathc - before, sizeof *found->gl_pathv,
              compare);
    return 0;
}

/* Places that GLOB_DOOFFS left free are NULL; without it gl_offs need not say anything. */
void globfree(glob_t *found)
{
    size_t index = 0;
    if (!found->gl_pathv)
        return;
    while (found->gl_pathc > 0 && !found->gl_pathv[index])
        index++;
    for (size_t i = 0; i < found->gl_pathc; i++)
        free(found->gl_pathv[index + i]);
    free(found->gl_pathv);
    found->gl_pathv = NULL;
    found->gl_pathc = 0;
}
