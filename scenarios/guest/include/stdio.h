/* newlib's <stdio.h>, and what POSIX.1-2008 has beside it. */
#ifndef DENALI_STDIO_H
#define DENALI_STDIO_H

#include_next <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

ssize_t getline(char **__restrict line, size_t *__restrict room_bytes, FILE *__restrict stream);
ssize_t getdelim(char **__restrict line, size_t *__restrict room_bytes, int delimiter,
                 FILE *__restrict stream);
/* There is one thread: nobody else could be in the way. */
void flockfile(FILE *stream);
int ftrylockfile(FILE *stream);
void funlockfile(FILE *stream);

#ifdef __cplusplus
}
#endif

#endif
