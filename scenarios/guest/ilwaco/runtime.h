/* Starting, ending and what a program is told about its own misfortunes. */
#ifndef ILWACO_RUNTIME_H
#define ILWACO_RUNTIME_H

#include <stdint.h>

/* Prints one line on the console and ends the machine with exit code 134 (as abort does). For what
 * cannot be reported to the program. */
void ilwaco_panic(const char *text) __attribute__((noreturn));

/* Writes to the console, in as few operations as its limit allows. */
void console_write(const void *bytes, uint32_t length_bytes);

#endif
