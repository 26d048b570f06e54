/* Messages for the person at the terminal. */
#include <base/log.h>

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

static _Atomic int threshold = LOG_WARNING;

void log_level_set(enum log_level level)
{
    atomic_store_explicit(&threshold, (int)level, memory_order_relaxed);
}

void log_message(enum log_level level, const char *format, ...)
{
    static const char *const names[] = {"error", "warning", "info", "debug"};
    if ((int)level > atomic_load_explicit(&threshold, memory_order_relaxed)) {
        return;
    }
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    fprintf(stderr, "denali: %s: %s\n", names[level], text);
}
