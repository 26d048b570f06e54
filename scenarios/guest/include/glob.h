/* Paths that match a pattern, as POSIX.1-2008 <glob.h>. */
#ifndef DENALI_GLOB_H
#define DENALI_GLOB_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define GLOB_ERR      0x01
#define GLOB_MARK     0x02
#define GLOB_NOSORT   0x04
#define GLOB_DOOFFS   0x08
#define GLOB_NOCHECK  0x10
#define GLOB_APPEND   0x20
#define GLOB_NOESCAPE 0x40

#define GLOB_NOSPACE 1
#define GLOB_ABORTED 2
#define GLOB_NOMATCH 3

typedef struct {
    size_t gl_pathc;
    char **gl_pathv;
    size_t gl_offs;
} glob_t;

int glob(const char *__restrict pattern, int flags, int (*on_error)(const char *path, int error),
         glob_t *__restrict found);
void globfree(glob_t *found);

#ifdef __cplusplus
}
#endif

#endif
