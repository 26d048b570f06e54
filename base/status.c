/* Status texts and the errors a person can act on. */
#include <base/status.h>

#include <stdarg.h>
#include <stdio.h>

#include <base/locale.h>

const char *status_text(enum status status)
{
    switch (status) {
#define X(name, text, exit_code)                                                                   \
    case STATUS_##name:                                                                            \
        return text;
        STATUS_LIST(X)
#undef X
    }
    return "unknown status";
}

int status_exit_code(enum status status)
{
    switch (status) {
#define X(name, text, exit_code)                                                                   \
    case STATUS_##name:                                                                            \
        return exit_code;
        STATUS_LIST(X)
#undef X
    }
    return 3;
}

/* What a hostile file says is repeated in messages: it shall neither break the line nor talk to the
 * terminal. Control characters become `?`, C1's as UTF-8 writes them too. */
static void make_plain(char *text)
{
    for (unsigned char *at = (unsigned char *)text; *at; at++) {
        if (*at < 0x20 || *at == 0x7f) {
            *at = '?';
        } else if (at[0] == 0xc2 && at[1] >= 0x80 && at[1] <= 0x9f) {
            at[0] = at[1] = '?';
        }
    }
}

enum status error_set(struct error *error, enum status status, const char *file, int line,
                      const char *format, ...)
{
    if (error && error->status == STATUS_OK) {
        LOCALE_NEUTRAL();
        va_list arguments;
        va_start(arguments, format);
        error->status = status;
        error->line = line;
        snprintf(error->file, sizeof error->file, "%s", file ? file : "");
        vsnprintf(error->message, sizeof error->message, format, arguments);
        va_end(arguments);
        make_plain(error->file);
        make_plain(error->message);
    }
    return status;
}

void error_format(const struct error *error, char *text, size_t size_bytes)
{
    if (error->file[0] && error->line > 0) {
        snprintf(text, size_bytes, "%s:%d: %s", error->file, error->line, error->message);
    } else if (error->file[0]) {
        snprintf(text, size_bytes, "%s: %s", error->file, error->message);
    } else {
        snprintf(text, size_bytes, "%s", error->message);
    }
}
