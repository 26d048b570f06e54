/*
 * Signals that a program sends itself: raise, kill, abort, and alarms. Nothing arrives from
 * outside, and writing to a closed connection is EPIPE without SIGPIPE. An alarm goes off while the
 * program waits; one that comes due while it computes goes off when it waits next. Handlers stay
 * set and see signals one at a time, as POSIX has it.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "loop.h"
#include "machine.h"
#include "runtime.h"

#define SECOND_NS      1000000000ull
#define MICROSECOND_NS 1000ull
#define IN_SET(number) ((sigset_t)1 << (number))

static struct sigaction actions[NSIG];
static sigset_t blocked, pending;
static uint64_t interval_ns; /* of the timer; 0: it goes off once */

static int refuse(int error)
{
    errno = error;
    return -1;
}

static bool is_signal(int number)
{
    return number > 0 && number < NSIG;
}

static void end_machine(int number)
{
    char text[32];
    int length = snprintf(text, sizeof text, "ended by signal %d\n", number);
    fflush(NULL);
    console_write(text, (uint32_t)length);
    _exit(128 + number);
}

/* Runs what is set for the signal. True if that was a handler after which calls fail with EINTR. */
static bool deliver(int number, int code)
{
    struct sigaction action = actions[number];
    sigset_t before = blocked;
    if (blocked & IN_SET(number)) {
        pending |= IN_SET(number);
        return false;
    }
    if (action.sa_handler == SIG_IGN)
        return false;
    if (action.sa_handler == SIG_DFL) {
        if (number != SIGCHLD && number != SIGURG && number != SIGCONT && number != SIGWINCH)
            end_machine(number);
        return false;
    }
    if (action.sa_flags & SA_RESETHAND)
        actions[number].sa_handler = SIG_DFL;
    blocked |= action.sa_mask | (action.sa_flags & SA_NODEFER ? 0 : IN_SET(number));
    if (action.sa_flags & SA_SIGINFO) {
        siginfo_t info = {
            .si_signo = number, .si_code = code, .si_pid = getpid(), .si_uid = getuid()};
        action.sa_sigaction(number, &info, NULL);
    } else {
        action.sa_handler(number);
    }
    blocked = before;
    return !(action.sa_flags & SA_RESTART);
}

static bool deliver_pending(void)
{
    bool interrupts = false;
    for (int number = 1; number < NSIG; number++) {
        if (pending & ~blocked & IN_SET(number)) {
            pending &= ~IN_SET(number);
            interrupts |= deliver(number, SI_USER);
        }
    }
    return interrupts;
}

int kill(pid_t process, int number)
{
    if (process != getpid() && process != 0 && process != -1 && process != -getpid())
        return refuse(ESRCH);
    if (number != 0 && !is_signal(number))
        return refuse(EINVAL);
    if (number != 0)
        deliver(number, SI_USER);
    return 0;
}

int killpg(pid_t group, int number)
{
    return kill(group, number);
}

int raise(int number)
{
    return kill(getpid(), number);
}

/* --- What is set ---------------------------------------------------------------------------- */

int sigaction(int number, const struct sigaction *action, struct sigaction *old)
{
    if (!is_signal(number))
        return refuse(EINVAL);
    if (action && (number == SIGKILL || number == SIGSTOP))
        return refuse(EINVAL);
    if (old)
        *old = actions[number];
    if (action)
        actions[number] = *action;
    return 0;
}

_sig_func_ptr signal(int number, _sig_func_ptr handler)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    struct sigaction old;
    return sigaction(number, &action, &old) == 0 ? old.sa_handler : SIG_ERR;
}

int siginterrupt(int number, int interrupts)
{
    struct sigaction action;
    if (sigaction(number, NULL, &action) != 0)
        return -1;
    action.sa_flags = interrupts ? action.sa_flags & ~SA_RESTART : action.sa_flags | SA_RESTART;
    return sigaction(number, &action, NULL);
}

int sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
    if (old)
        *old = blocked;
    if (!set)
        return 0;
    if (how == SIG_SETMASK)
        blocked = *set;
    else if (how == SIG_BLOCK)
        blocked |= *set;
    else if (how == SIG_UNBLOCK)
        blocked &= ~*set;
    else
        return refuse(EINVAL);
    blocked &= ~(IN_SET(SIGKILL) | IN_SET(SIGSTOP));
    deliver_pending();
    return 0;
}

void denali_mask_save(sigjmp_buf place, int with_mask)
{
    place->has_mask = with_mask;
    place->mask = blocked;
}

void siglongjmp(sigjmp_buf place, int value)
{
    if (place->has_mask)
        sigprocmask(SIG_SETMASK, &place->mask, NULL);
    longjmp(place->registers, value);
}

int sigpending(sigset_t *set)
{
    *set = pending;
    return 0;
}

static bool never(void *context)
{
    (void)context;
    return false;
}

/* Nothing but an alarm can end it. */
int pause(void)
{
    while (loop_await_interruptible(never, NULL, MACHINE_FOREVER_NS) != LOOP_INTERRUPTED)
        continue;
    return refuse(EINTR);
}

int sigsuspend(const sigset_t *mask)
{
    sigset_t before = blocked;
    blocked = *mask;
    if (!deliver_pending())
        pause();
    blocked = before;
    return refuse(EINTR);
}

/* --- Alarms --------------------------------------------------------------------------------- */

static bool ring(void)
{
    loop_alarm.due_ns = interval_ns ? loop_deadline(interval_ns) : MACHINE_FOREVER_NS;
    return deliver(SIGALRM, SI_TIMER);
}

static uint64_t to_ns(const struct timeval *time)
{
    if ((uint64_t)time->tv_sec >= MACHINE_FOREVER_NS / SECOND_NS - 1)
        return MACHINE_FOREVER_NS;
    return (uint64_t)time->tv_sec * SECOND_NS + (uint64_t)time->tv_usec * MICROSECOND_NS;
}

static struct timeval from_ns(uint64_t time_ns)
{
    return (struct timeval){.tv_sec = (time_t)(time_ns / SECOND_NS),
                            .tv_usec = (suseconds_t)(time_ns % SECOND_NS / MICROSECOND_NS)};
}

/* Of an armed alarm at least 1: 0 says that there is none. */
static uint64_t left_ns(void)
{
    uint64_t now_ns = machine_time_ns();
    if (loop_alarm.due_ns == MACHINE_FOREVER_NS)
        return 0;
    return loop_alarm.due_ns > now_ns + MICROSECOND_NS ? loop_alarm.due_ns - now_ns
                                                       : MICROSECOND_NS;
}

int getitimer(int timer, struct itimerval *value)
{
    if (timer != ITIMER_REAL)
        return refuse(EINVAL);
    value->it_value = from_ns(left_ns());
    value->it_interval = from_ns(interval_ns);
    return 0;
}

static bool is_time(const struct timeval *time)
{
    return time->tv_sec >= 0 && time->tv_usec >= 0 && time->tv_usec < 1000000;
}

int setitimer(int timer, const struct itimerval *restrict value, struct itimerval *restrict old)
{
    if (old && getitimer(timer, old) != 0)
        return -1;
    if (timer != ITIMER_REAL || !is_time(&value->it_value) || !is_time(&value->it_interval))
        return refuse(EINVAL);
    uint64_t value_ns = to_ns(&value->it_value);
    interval_ns = to_ns(&value->it_interval);
    loop_alarm.ring = ring;
    loop_alarm.due_ns = value_ns ? loop_deadline(value_ns) : MACHINE_FOREVER_NS;
    return 0;
}

unsigned alarm(unsigned seconds)
{
    struct itimerval value = {.it_value = {.tv_sec = seconds}}, old;
    setitimer(ITIMER_REAL, &value, &old);
    return (unsigned)old.it_value.tv_sec + (old.it_value.tv_usec > 0);
}

useconds_t ualarm(useconds_t first_us, useconds_t then_us)
{
    struct itimerval value = {.it_value = from_ns(first_us * MICROSECOND_NS),
                              .it_interval = from_ns(then_us * MICROSECOND_NS)};
    struct itimerval old;
    setitimer(ITIMER_REAL, &value, &old);
    return (useconds_t)(old.it_value.tv_sec * 1000000 + old.it_value.tv_usec);
}
