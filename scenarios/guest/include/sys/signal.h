/*
 * newlib's <sys/signal.h>, which <signal.h> includes, with POSIX.1-2008's sigaction and siginfo_t:
 * newlib keeps handlers of three arguments for other systems.
 */
#ifndef DENALI_SYS_SIGNAL_H
#define DENALI_SYS_SIGNAL_H

#define sigaction newlib_sigaction
#define siginfo_t newlib_siginfo_t
#include_next <sys/signal.h>
#undef sigaction
#undef siginfo_t

#ifdef __cplusplus
extern "C" {
#endif

#define SA_NOCLDWAIT 0x0002
#define SA_SIGINFO   0x0004
#define SA_RESTART   0x0010
#define SA_NODEFER   0x0020
#define SA_RESETHAND 0x0040
#define SA_ONSTACK   0x0080 /* accepted: handlers run on the one stack */

typedef struct {
    int si_signo;
    int si_code; /* SI_USER: raise and kill; SI_TIMER: an alarm */
    int si_errno;
    pid_t si_pid;
    uid_t si_uid;
    void *si_addr;
    int si_status;
    union sigval si_value;
} siginfo_t;

struct sigaction {
    union {
        _sig_func_ptr sa_handler;
        void (*sa_sigaction)(int number, siginfo_t *info, void *context); /* context is NULL */
    };
    sigset_t sa_mask;
    int sa_flags;
};

int sigaction(int number, const struct sigaction *action, struct sigaction *old);
int siginterrupt(int number, int interrupts);

#ifdef __cplusplus
}
#endif

#endif
