/* Memory mappings, as POSIX.1-2008 <sys/mman.h>: anonymous memory, and private copies of files. */
#ifndef DENALI_SYS_MMAN_H
#define DENALI_SYS_MMAN_H

#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PROT_NONE  0
#define PROT_READ  1
#define PROT_WRITE 2
#define PROT_EXEC  4

#define MAP_SHARED    0x01
#define MAP_PRIVATE   0x02
#define MAP_FIXED     0x10
#define MAP_ANONYMOUS 0x20
#define MAP_ANON      MAP_ANONYMOUS
#define MAP_FAILED    ((void *)-1)

#define MS_ASYNC      1
#define MS_INVALIDATE 2
#define MS_SYNC       4

/* ENODEV for a mapping whose stores should reach a file, EINVAL for MAP_FIXED. What is mapped is
 * unmapped whole. Protections are not enforced. */
void *mmap(void *address, size_t length_bytes, int protection, int flags, int descriptor,
           off_t offset);
int munmap(void *address, size_t length_bytes);
int mprotect(void *address, size_t length_bytes, int protection);
int msync(void *address, size_t length_bytes, int flags);

#ifdef __cplusplus
}
#endif

#endif
