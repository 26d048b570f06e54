/* The one user and group of a machine, and messages for a system log: those go to the console. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

static char name[] = "denali";
static char nothing[] = "";
static char home[] = "/";
static char no_password[] = "*";

static struct passwd user = {.pw_name = name,
                             .pw_passwd = no_password,
                             .pw_comment = nothing,
                             .pw_gecos = nothing,
                             .pw_dir = home,
                             .pw_shell = nothing};
static char *members[] = {name, NULL};
static struct group group = {.gr_name = name, .gr_passwd = no_password, .gr_mem = members};

struct passwd *getpwuid(uid_t id)
{
    user.pw_uid = getuid();
    user.pw_gid = getgid();
    return id == user.pw_uid ? &user : NULL;
}

struct passwd *getpwnam(const char *wanted)
{
    return strcmp(wanted, name) == 0 ? getpwuid(getuid()) : NULL;
}

/* The texts are constant, so the caller's room for them is not needed. */
int getpwuid_r(uid_t id, struct passwd *entry, char *room, size_t size_bytes,
               struct passwd **result)
{
    (void)room;
    (void)size_bytes;
    *result = getpwuid(id);
    if (*result)
        *result = memcpy(entry, *result, sizeof *entry);
    return 0;
}

int getpwnam_r(const char *wanted, struct passwd *entry, char *room, size_t size_bytes,
               struct passwd **result)
{
    *result = NULL;
    return strcmp(wanted, name) == 0 ? getpwuid_r(getuid(), entry, room, size_bytes, result) : 0;
}

struct group *getgrgid(gid_t id)
{
    group.gr_gid = getgid();
    return id == group.gr_gid ? &group : NULL;
}

struct group *getgrnam(const char *wanted)
{
    return strcmp(wanted, name) == 0 ? getgrgid(getgid()) : NULL;
}

int initgroups(const char *wanted, gid_t id)
{
    (void)wanted;
    (void)id;
    errno = EPERM;
    return -1;
}

char *getlogin(void)
{
    return name;
}

/* --- syslog --------------------------------------------------------------------------------- */

static const char *log_name;
static int log_mask = 0xff;

void openlog(const char *identity, int options, int facility)
{
    (void)options;
    (void)facility;
    log_name = identity;
}

void closelog(void)
{
    log_name = NULL;
}

int setlogmask(int mask)
{
    int before = log_mask;
    if (mask)
        log_mask = mask;
    return before;
}

/* "%m" is strerror(errno) here and nowhere else. */
static void expand(const char *format, int error, char *text, size_t size_bytes)
{
    size_t length = 0;
    while (*format && length + 1 < size_bytes) {
        if (format[0] == '%' && format[1] == 'm') {
            int put = snprintf(text + length, size_bytes - length, "%s", strerror(error));
            length += put > 0 ? (size_t)put : 0;
            format += 2;
        } else {
            if (format[0] == '%' && format[1] == '%' && length + 2 < size_bytes)
                text[length++] = *format++;
            text[length++] = *format++;
        }
        if (length >= size_bytes)
            length = size_bytes - 1;
    }
    text[length] = 0;
}

void vsyslog(int priority, const char *format, va_list arguments)
{
    char expanded[512];
    expand(format, errno, expanded, sizeof expanded);
    if (!(log_mask & LOG_MASK(LOG_PRI(priority))))
        return;
    fprintf(stderr, "%s: ", log_name ? log_name : "syslog");
    vfprintf(stderr, expanded, arguments);
    fputc('\n', stderr);
}

void syslog(int priority, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsyslog(priority, format, arguments);
    va_end(arguments);
}
