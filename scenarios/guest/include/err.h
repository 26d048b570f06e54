/* Messages that end with strerror(errno), and the program with them: BSD's <err.h>. */
#ifndef DENALI_ERR_H
#define DENALI_ERR_H

#include <stdarg.h>

#ifdef __cplusplus
extern "C" {
#endif

void warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void warnx(const char *format, ...) __attribute__((format(printf, 1, 2)));
void err(int code, const char *format, ...) __attribute__((noreturn, format(printf, 2, 3)));
void errx(int code, const char *format, ...) __attribute__((noreturn, format(printf, 2, 3)));
void vwarn(const char *format, va_list arguments);
void vwarnx(const char *format, va_list arguments);
void verr(int code, const char *format, va_list arguments) __attribute__((noreturn));
void verrx(int code, const char *format, va_list arguments) __attribute__((noreturn));

#ifdef __cplusplus
}
#endif

#endif
