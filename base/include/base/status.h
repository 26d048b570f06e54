/*
 * What can go wrong on the user's or the host's side, and how it is told.
 *
 * Three classes of error are never mixed (docs/architecture.md): what a guest does wrong is data;
 * what the user or host gets wrong is a `struct error` from here; what we get wrong is an ASSERT.
 */
#ifndef DENALI_BASE_STATUS_H
#define DENALI_BASE_STATUS_H

#include <stdbool.h>
#include <stddef.h>

#include <base/public.h>

DENALI_API_BEGIN

/* name, text, exit code of the command when it ends with this status */
#define STATUS_LIST(X)                                                                             \
    X(OK, "ok", 0)                                                                                 \
    X(INVALID, "invalid input", 2)                                                                 \
    X(NOT_FOUND, "not found", 2)                                                                   \
    X(EXISTS, "already exists", 2)                                                                 \
    X(UNSUPPORTED, "not supported by this build or host", 2)                                       \
    X(NO_MEMORY, "out of memory", 3)                                                               \
    X(IO, "input/output error", 2)                                                                 \
    X(CORRUPT, "damaged or truncated data", 2)                                                     \
    X(TORN, "cut off before anything of use", 2)

enum status {
#define X(name, text, exit_code) STATUS_##name,
    STATUS_LIST(X)
#undef X
};

/* Constant text such as "invalid input"; never NULL. */
const char *status_text(enum status status);

/* 0 for OK, 2 for what the user can mend (input, a full disk), 3 if memory or threads ran out. */
int status_exit_code(enum status status);

/*
 * An error that a person can act on: what happened, where, what was expected, what to do. The
 * caller owns the storage; nothing in it needs freeing. line 0: no line is known.
 */
struct error {
    enum status status;
    int line;
    char file[256];
    char message[512];
};

#define ERROR_INIT                                                                                 \
    {                                                                                              \
        STATUS_OK, 0, "", ""                                                                       \
    }

/*
 * Fills error (which may be NULL) and returns status, so that a function can end with
 * `return error_set(error, STATUS_INVALID, path, line, "...")`. file may be NULL. The first error
 * wins: an error already set keeps its text.
 */
enum status error_set(struct error *error, enum status status, const char *file, int line,
                      const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Writes "file:line: message" (as much of it as is known) into text; always NUL-terminated. */
void error_format(const struct error *error, char *text, size_t size_bytes);

#define MUST_USE __attribute__((warn_unused_result))

DENALI_API_END

#endif
