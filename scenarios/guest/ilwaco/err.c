/* BSD's err family. The program's name is not known to the library, and left out. */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void tell(const char *format, va_list arguments, const char *reason)
{
    if (format)
        vfprintf(stderr, format, arguments);
    if (format && reason)
        fputs(": ", stderr);
    if (reason)
        fputs(reason, stderr);
    fputc('\n', stderr);
}

void vwarn(const char *format, va_list arguments)
{
    tell(format, arguments, strerror(errno));
}

void vwarnx(const char *format, va_list arguments)
{
    tell(format, arguments, NULL);
}

void verr(int code, const char *format, va_list arguments)
{
    vwarn(format, arguments);
    exit(code);
}

void verrx(int code, const char *format, va_list arguments)
{
    vwarnx(format, arguments);
    exit(code);
}

void warn(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vwarn(format, arguments);
    va_end(arguments);
}

void warnx(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vwarnx(format, arguments);
    va_end(arguments);
}

void err(int code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    verr(code, format, arguments);
}

void errx(int code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    verrx(code, format, arguments);
}
