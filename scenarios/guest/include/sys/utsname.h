/* Names of the system, as POSIX.1-2008 <sys/utsname.h>. */
#ifndef DENALI_SYS_UTSNAME_H
#define DENALI_SYS_UTSNAME_H

#ifdef __cplusplus
extern "C" {
#endif

struct utsname {
    char sysname[16];
    char nodename[96]; /* the node's, of a scenario */
    char release[16];
    char version[16];
    char machine[16];
};

int uname(struct utsname *names);

#ifdef __cplusplus
}
#endif

#endif
