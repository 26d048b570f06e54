/*
 * What a program asks about its process and its machine. There is one process, which belongs to an
 * ordinary user; the machine has one processor and its memory.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "file.h"
#include "machine.h"
#include "vfs.h"

#define THE_PROCESS 1
#define THE_USER    1000

static int refuse(int error)
{
    errno = error;
    return -1;
}

/* --- Process and user ----------------------------------------------------------------------- */

pid_t getpid(void)
{
    return THE_PROCESS;
}

/* Nobody started it. */
pid_t getppid(void)
{
    return 0;
}

pid_t getpgrp(void)
{
    return THE_PROCESS;
}

pid_t getpgid(pid_t process)
{
    return process == 0 || process == THE_PROCESS ? THE_PROCESS : refuse(ESRCH);
}

pid_t getsid(pid_t process)
{
    return getpgid(process);
}

/* The process leads its group, which POSIX does not let start a session. */
pid_t setsid(void)
{
    return refuse(EPERM);
}

int setpgid(pid_t process, pid_t group)
{
    if (getpgid(process) < 0)
        return -1;
    return group == 0 || group == THE_PROCESS ? 0 : refuse(EPERM);
}

uid_t getuid(void)
{
    return THE_USER;
}

uid_t geteuid(void)
{
    return THE_USER;
}

gid_t getgid(void)
{
    return THE_USER;
}

gid_t getegid(void)
{
    return THE_USER;
}

int setuid(uid_t user)
{
    return user == THE_USER ? 0 : refuse(EPERM);
}

int seteuid(uid_t user)
{
    return setuid(user);
}

int setgid(gid_t group)
{
    return group == THE_USER ? 0 : refuse(EPERM);
}

int setegid(gid_t group)
{
    return setgid(group);
}

int getgroups(int count, gid_t *groups)
{
    if (count < 0)
        return refuse(EINVAL);
    if (count > 0)
        groups[0] = THE_USER;
    return 1;
}

int setgroups(int count, const gid_t *groups)
{
    (void)count;
    (void)groups;
    return refuse(EPERM);
}

int issetugid(void)
{
    return 0;
}

/* The program is in the background already: there is no terminal to leave and no parent. */
int daemon(int stay, int keep_open)
{
    (void)keep_open;
    return stay ? 0 : chdir("/");
}

/* --- Machine -------------------------------------------------------------------------------- */

int gethostname(char *name, size_t size_bytes)
{
    const char *own = getenv("DENALI_NAME");
    if (!own)
        own = "denali";
    if (strlen(own) >= size_bytes)
        return refuse(ENAMETOOLONG);
    strcpy(name, own);
    return 0;
}

int uname(struct utsname *names)
{
    *names = (struct utsname){
        .sysname = "Denali", .release = "1", .version = "Ilwaco", .machine = "i686"};
    return gethostname(names->nodename, sizeof names->nodename);
}

int getpagesize(void)
{
    return MACHINE_PAGE_BYTES;
}

int getdtablesize(void)
{
    return FILE_COUNT_MAX;
}

long sysconf(int name)
{
    switch (name) {
    case _SC_ARG_MAX:
        return ABI_BOOT_TEXT_MAX;
    case _SC_CLK_TCK:
        return CLOCKS_PER_SEC;
    case _SC_OPEN_MAX:
        return FILE_COUNT_MAX;
    case _SC_PAGESIZE:
        return MACHINE_PAGE_BYTES;
    case _SC_PHYS_PAGES:
        return (long)(machine_register_read(ABI_REG_MEMORY_SIZE) / MACHINE_PAGE_BYTES);
    case _SC_NPROCESSORS_CONF:
    case _SC_NPROCESSORS_ONLN:
        return 1;
    case _SC_NGROUPS_MAX:
        return 1;
    case _SC_IOV_MAX:
        return IOV_MAX;
    case _SC_HOST_NAME_MAX:
        return 64;
    case _SC_LINE_MAX:
        return 2048;
    case _SC_GETPW_R_SIZE_MAX:
    case _SC_GETGR_R_SIZE_MAX:
        return 64;
    case _SC_VERSION:
        return 200809;
    case _SC_MONOTONIC_CLOCK:
    case _SC_TIMERS:
        return 200112;
    case _SC_CHILD_MAX:
        return 0;
    case _SC_JOB_CONTROL:
    case _SC_SAVED_IDS:
    case _SC_THREADS:
    case _SC_MAPPED_FILES:
        return -1;
    default:
        return refuse(EINVAL);
    }
}

long pathconf(const char *path, int name)
{
    (void)path;
    switch (name) {
    case _PC_NAME_MAX:
        return NAME_MAX;
    case _PC_PATH_MAX:
        return VFS_PATH_MAX;
    case _PC_LINK_MAX:
        return 1;
    case _PC_PIPE_BUF:
        return PIPE_BUF;
    default:
        return refuse(EINVAL);
    }
}

long fpathconf(int descriptor, int name)
{
    return file_get(descriptor) ? pathconf("/", name) : -1;
}

/* --- Resources ------------------------------------------------------------------------------ */

/* A machine's limits are its own size; the one of descriptors is a table's. */
int getrlimit(int resource, struct rlimit *limit)
{
    if (resource < 0 || resource >= RLIM_NLIMITS)
        return refuse(EINVAL);
    limit->rlim_cur = limit->rlim_max = RLIM_INFINITY;
    if (resource == RLIMIT_NOFILE)
        limit->rlim_cur = limit->rlim_max = FILE_COUNT_MAX;
    else if (resource == RLIMIT_CORE)
        limit->rlim_cur = limit->rlim_max = 0;
    return 0;
}

/* Nothing is enforced but what the machine enforces anyway: it can only be told so again. */
int setrlimit(int resource, const struct rlimit *limit)
{
    struct rlimit own;
    if (getrlimit(resource, &own) != 0)
        return -1;
    if (limit->rlim_cur > limit->rlim_max)
        return refuse(EINVAL);
    return limit->rlim_max > own.rlim_max ? refuse(EPERM) : 0;
}

/* Processor time is not kept apart from time. */
int getrusage(int who, struct rusage *usage)
{
    uint64_t now_us = machine_time_ns() / 1000;
    if (who != RUSAGE_SELF && who != RUSAGE_CHILDREN)
        return refuse(EINVAL);
    *usage = (struct rusage){0};
    if (who == RUSAGE_SELF) {
        usage->ru_utime.tv_sec = (time_t)(now_us / 1000000);
        usage->ru_utime.tv_usec = (suseconds_t)(now_us % 1000000);
    }
    return 0;
}

int getpriority(int which, id_t who)
{
    (void)which;
    (void)who;
    return 0;
}

int setpriority(int which, id_t who, int priority)
{
    (void)which;
    (void)who;
    (void)priority;
    return 0;
}

int nice(int increment)
{
    (void)increment;
    return 0;
}
