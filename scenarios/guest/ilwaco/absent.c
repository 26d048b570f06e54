/*
 * What a machine with one process cannot do. Each is there because programs link against it on
 * paths that they need not take; the linker says its name when a program does, and a call fails
 * with ENOSYS.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define ABSENT(name, instead)                                                                      \
    static const char warning_##name[] __attribute__((used, section(".gnu.warning." #name))) =     \
        #name " always fails (ENOSYS): " instead

#define ONE_PROCESS "a machine runs one process; make it a machine of its own"

ABSENT(fork, ONE_PROCESS);
ABSENT(vfork, ONE_PROCESS);
ABSENT(execl, ONE_PROCESS);
ABSENT(execle, ONE_PROCESS);
ABSENT(execlp, ONE_PROCESS);
ABSENT(execv, ONE_PROCESS);
ABSENT(execve, ONE_PROCESS);
ABSENT(execvp, ONE_PROCESS);
ABSENT(popen, ONE_PROCESS);
ABSENT(system, ONE_PROCESS);

static int refuse(int error)
{
    errno = error;
    return -1;
}

pid_t fork(void)
{
    return refuse(ENOSYS);
}

pid_t vfork(void)
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

int execv(const char *path, char *const arguments[])
{
    (void)path;
    (void)arguments;
    return refuse(ENOSYS);
}

int execvp(const char *file, char *const arguments[])
{
    (void)file;
    (void)arguments;
    return refuse(ENOSYS);
}

int execl(const char *path, const char *argument, ...)
{
    (void)path;
    (void)argument;
    return refuse(ENOSYS);
}

int execle(const char *path, const char *argument, ...)
{
    (void)path;
    (void)argument;
    return refuse(ENOSYS);
}

int execlp(const char *file, const char *argument, ...)
{
    (void)file;
    (void)argument;
    return refuse(ENOSYS);
}

FILE *popen(const char *command, const char *mode)
{
    (void)command;
    (void)mode;
    errno = ENOSYS;
    return NULL;
}

/* To ask whether there is a command interpreter is answered truly: there is none. */
int system(const char *command)
{
    return command ? refuse(ENOSYS) : 0;
}

/* True as it stands: there never is a child. */

int pclose(FILE *stream)
{
    (void)stream;
    return refuse(ECHILD);
}

pid_t wait(int *status)
{
    (void)status;
    return refuse(ECHILD);
}

pid_t waitpid(pid_t process, int *status, int options)
{
    (void)process;
    (void)options;
    return wait(status);
}
