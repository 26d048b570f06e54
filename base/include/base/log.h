/*
 * Messages for the person at the terminal, on standard error. Never read by a program, never part
 * of a digest.
 */
#ifndef DENALI_BASE_LOG_H
#define DENALI_BASE_LOG_H

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

/* Messages above this level are not printed. The default is LOG_WARNING. */
void log_level_set(enum log_level level);

void log_message(enum log_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
