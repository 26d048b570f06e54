/*
 * "--name value" arguments of the small programs: enough for a handful of numbers and texts.
 */
#ifndef APPS_ARGUMENTS_H
#define APPS_ARGUMENTS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The value after `name`, or `otherwise` if it is not given. */
static inline const char *argument_text(int argc, char **argv, const char *name,
                                        const char *otherwise)
{
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], name) == 0) {
            return argv[i + 1];
        }
    }
    return otherwise;
}

/* The same as a number in min..max; ends the program with code 2 and a message if it is not one. */
static inline unsigned long argument_number(int argc, char **argv, const char *name,
                                            unsigned long otherwise, unsigned long min,
                                            unsigned long max)
{
    const char *text = argument_text(argc, argv, name, NULL);
    char *end;
    if (!text) {
        return otherwise;
    }
    unsigned long number = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || number < min || number > max) {
        printf("%s %s: expected a number from %lu to %lu\n", name, text, min, max);
        exit(2);
    }
    return number;
}

/* Ends the program with code 2 unless every argument is one of names (NULL at the end) and has a
 * value. */
static inline void arguments_check(int argc, char **argv, const char *const *names)
{
    for (int i = 1; i < argc; i += 2) {
        const char *const *known = names;
        while (*known && strcmp(*known, argv[i]) != 0) {
            known++;
        }
        if (!*known || i + 1 == argc) {
            printf("%s: %s\n", argv[i], *known ? "needs a value" : "unknown option; there are:");
            for (known = names; *known; known++) {
                printf("  %s\n", *known);
            }
            exit(2);
        }
    }
}

#endif
