/*
 * The host's locale, kept out: a program that links libdenali may have called setlocale, and then
 * printf and strtod have another decimal point, and strcasecmp another alphabet. What the house
 * reads, writes and compares is the same everywhere.
 *
 *     LOCALE_NEUTRAL();
 *
 * among the declarations of a block: to its end, this thread has the locale "C". Costs nothing
 * worth counting; may be nested.
 */
#ifndef DENALI_BASE_LOCALE_H
#define DENALI_BASE_LOCALE_H

#include <locale.h>

/* Returns the thread's locale as it was, for locale_return. */
locale_t locale_enter(void);
void locale_return(locale_t *before);

#define LOCALE_NEUTRAL()                                                                           \
    __attribute__((cleanup(locale_return), unused)) locale_t locale_before = locale_enter()

#endif
