/* Signals, alarms and what a program asks about its process, from the inside. */
#include <err.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

static volatile int calls;
static sigjmp_buf back;

static void count_call(int number)
{
    (void)number;
    calls++;
}

static void jump_back(int number)
{
    siglongjmp(back, number);
}

static void take_info(int number, siginfo_t *info, void *context)
{
    calls = info->si_signo == number && info->si_pid == getpid() && !context ? 100 : -1;
}

static void check_signals(void)
{
    struct sigaction action = {.sa_handler = count_call}, old;
    sigset_t set, waiting;
    CHECK(signal(SIGUSR1, count_call) == SIG_DFL);
    CHECK(raise(SIGUSR1) == 0 && raise(SIGUSR1) == 0 && calls == 2); /* it stays set */
    CHECK(sigaction(SIGUSR1, NULL, &old) == 0 && old.sa_handler == count_call);
    action.sa_flags = SA_RESETHAND;
    CHECK(sigaction(SIGUSR2, &action, NULL) == 0 && kill(getpid(), SIGUSR2) == 0);
    CHECK(sigaction(SIGUSR2, NULL, &old) == 0 && old.sa_handler == SIG_DFL);
    struct sigaction with_info = {.sa_sigaction = take_info, .sa_flags = SA_SIGINFO};
    CHECK(sigaction(SIGUSR2, &with_info, NULL) == 0 && raise(SIGUSR2) == 0 && calls == 100);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    calls = 0;
    CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0 && raise(SIGUSR1) == 0 && calls == 0);
    CHECK(sigpending(&waiting) == 0 && sigismember(&waiting, SIGUSR1));
    CHECK(sigprocmask(SIG_UNBLOCK, &set, NULL) == 0 && calls == 1);
    CHECK(signal(SIGPIPE, SIG_IGN) == SIG_DFL && raise(SIGPIPE) == 0);
    CHECK_ERRNO(kill(77, SIGTERM), ESRCH);
    CHECK_ERRNO(sigaction(SIGKILL, &action, NULL), EINVAL);
    CHECK(signal(NSIG, SIG_IGN) == SIG_ERR);
}

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void check_alarms(void)
{
    struct sigaction action = {.sa_handler = count_call};
    struct itimerval often = {{0, 100000}, {0, 100000}}, none = {{0, 0}, {0, 0}};
    struct timespec hour = {3600, 0}, left;
    struct pollfd nothing = {-1, 0, 0};
    char byte;
    calls = 0;
    sigaction(SIGALRM, &action, NULL);
    CHECK(alarm(10) == 0 && alarm(2) == 10);
    double start_s = now_s();
    CHECK_ERRNO(nanosleep(&hour, &left), EINTR);
    CHECK(now_s() - start_s >= 2 && now_s() - start_s < 2.01 && left.tv_sec == 3597);
    alarm(1);
    CHECK_ERRNO(poll(&nothing, 1, -1), EINTR);
    alarm(1);
    CHECK_ERRNO(pause(), EINTR);
    alarm(1);
    CHECK(sleep(5) == 4 && calls == 4);
    int s = socket(AF_INET, SOCK_DGRAM, 0);
    alarm(1);
    CHECK_ERRNO(recv(s, &byte, 1, 0), EINTR);
    /* With SA_RESTART what waits goes on waiting. */
    signal(SIGALRM, count_call);
    calls = 0;
    CHECK(setitimer(ITIMER_REAL, &often, NULL) == 0 && sleep(1) == 0 && calls == 9);
    CHECK(setitimer(ITIMER_REAL, &none, NULL) == 0 && alarm(0) == 0);
    signal(SIGALRM, jump_back); /* the old way to a time-out */
    if (sigsetjmp(back, 1) == 0) {
        alarm(3);
        recv(s, &byte, 1, 0);
        CHECK(!"reached");
    }
    alarm(1); /* and once more: the mask came back */
    if (sigsetjmp(back, 1) == 0)
        pause();
    close(s);
    signal(SIGALRM, SIG_DFL);
}

static void check_times(void)
{
    struct timespec until = {0};
    void *memory;
    for (time_t time = -100000000000; time < 100000000000; time += 7654321987) {
        struct tm parts;
        CHECK(timegm(gmtime_r(&time, &parts)) == time);
    }
    struct tm odd = {.tm_year = 70, .tm_mon = 14, .tm_mday = 0, .tm_hour = -1};
    CHECK(timegm(&odd) == (365 + 31 + 28) * 86400 - 86400 - 3600 && odd.tm_mon == 1);
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += 2;
    double start_s = now_s();
    CHECK(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == 0);
    CHECK(now_s() - start_s >= 1.99 && now_s() - start_s < 2.01);
    CHECK(clock_nanosleep(77, 0, &until, NULL) == EINVAL);
    CHECK(posix_memalign(&memory, 256, 10) == 0 && (unsigned)memory % 256 == 0);
    CHECK(posix_memalign(&memory, 3, 10) == EINVAL);
}

static void check_process(void)
{
    struct utsname names;
    struct rlimit limit;
    struct rusage usage;
    CHECK(getpid() == 1 && getuid() == geteuid() && getuid() != 0);
    CHECK(setuid(getuid()) == 0);
    CHECK_ERRNO(setuid(0), EPERM);
    CHECK(strcmp(getpwuid(getuid())->pw_name, "denali") == 0 && getpwnam("nobody") == NULL);
    CHECK(getgrgid(getgid()) && getgrnam("wheel") == NULL);
    CHECK(uname(&names) == 0 && strcmp(names.sysname, "Denali") == 0);
    CHECK(sysconf(_SC_PAGESIZE) == 4096 && sysconf(_SC_OPEN_MAX) == 256);
    CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur == 256);
    CHECK(getrusage(RUSAGE_SELF, &usage) == 0);
    CHECK_ERRNO(setsid(), EPERM);
    CHECK(daemon(1, 1) == 0);
    CHECK(strcasecmp("HeLLo", "hEllO") == 0 && random() != random());
    openlog("process", LOG_PID, LOG_DAEMON);
    errno = ENOENT;
    syslog(LOG_INFO, "100%% of %d: %m", 7);
    warnx("a warning of %d", 1);
    char entropy[32] = "";
    CHECK(getentropy(entropy, sizeof entropy) == 0);
}

int main(void)
{
    check_signals();
    check_alarms();
    check_times();
    check_process();
    return checks_result("process");
}
