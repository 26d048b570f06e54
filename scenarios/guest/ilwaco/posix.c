/*
 * The rest of what newlib and ordinary programs link against, answered honestly: there is one
 * process, no file system and nobody to signal, and errno says so.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime.h"

#define THE_PROCESS 1

static int refuse(int error)
{
    errno = error;
    return -1;
}

int open(const char *path, int flags, ...)
{
    (void)path;
    (void)flags;
    return refuse(ENOENT);
}

int stat(const char *restrict path, struct stat *restrict status)
{
    (void)path;
    (void)status;
    return refuse(ENOENT);
}

int unlink(const char *path)
{
    (void)path;
    return refuse(ENOENT);
}

int link(const char *from, const char *to)
{
    (void)from;
    (void)to;
    return refuse(ENOENT);
}

int mkdir(const char *path, mode_t mode)
{
    (void)path;
    (void)mode;
    return refuse(EROFS);
}

pid_t getpid(void)
{
    return THE_PROCESS;
}

pid_t fork(void)
{
    return refuse(ENOSYS);
}

int execve(const char *path, char *const arguments[], char *const environment[])
{
    (void)path;
    (void)arguments;
    (void)environment;
    return refuse(ENOSYS);
}

pid_t wait(int *status)
{
    (void)status;
    return refuse(ECHILD);
}

/* A signal to oneself ends the machine as the default action would; raise and abort come here when
 * no handler is set (newlib keeps the handlers). */
int kill(pid_t process, int signal_number)
{
    char text[32];
    if (process != THE_PROCESS)
        return refuse(ESRCH);
    if (signal_number < 0 || signal_number >= NSIG)
        return refuse(EINVAL);
    if (signal_number == 0)
        return 0;
    fflush(NULL);
    snprintf(text, sizeof text, "ended by signal %d", signal_number);
    console_write(text, strlen(text));
    console_write("\n", 1);
    _exit(128 + signal_number);
}

/* Handlers can be set (raise calls them); nothing ever arrives from outside. */
int sigaction(int signal_number, const struct sigaction *action, struct sigaction *old)
{
    _sig_func_ptr before;
    before = signal(signal_number, action ? action->sa_handler : SIG_DFL);
    if (before == SIG_ERR)
        return -1;
    if (!action)
        signal(signal_number, before);
    if (old)
        *old = (struct sigaction){.sa_handler = before};
    return 0;
}

int sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
    (void)how;
    (void)set;
    if (old)
        *old = 0;
    return 0;
}

unsigned alarm(unsigned seconds)
{
    (void)seconds;
    errno = ENOSYS;
    return 0;
}

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
