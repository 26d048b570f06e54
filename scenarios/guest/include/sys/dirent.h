/* Directory entries, as POSIX.1-2008 <dirent.h>, which includes this. */
#ifndef DENALI_SYS_DIRENT_H
#define DENALI_SYS_DIRENT_H

#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define _DIRENT_HAVE_D_TYPE 1

#define DT_UNKNOWN 0
#define DT_FIFO    1
#define DT_CHR     2
#define DT_DIR     4
#define DT_BLK     6
#define DT_REG     8
#define DT_LNK     10
#define DT_SOCK    12

struct dirent {
    unsigned long d_ino;
    unsigned char d_type;
    char d_name[256];
};

typedef struct DIR DIR;

#ifdef __cplusplus
}
#endif

#endif
