/*
 * misbehave NAME [ARGUMENT]: does one wrong thing. `misbehave list` prints them all, one a line:
 * name, what is expected of it, text. Exit code 0 if it was legal and ended, 2 for a wrong command
 * line, 99 if it should have faulted and did not.
 */
#include "misbehave.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct behaviour *const lists[] = {BEHAVIOURS_PROCESSOR, BEHAVIOURS_DEVICES,
                                                BEHAVIOURS_FLOODS, BEHAVIOURS_DISKS};

#define LIST_COUNT (sizeof(lists) / sizeof(lists[0]))

static const struct behaviour *find(const char *name)
{
    for (size_t i = 0; i < LIST_COUNT; i++) {
        for (const struct behaviour *known = lists[i]; known->name; known++) {
            if (strcmp(known->name, name) == 0) {
                return known;
            }
        }
    }
    return NULL;
}

static void print_list(void)
{
    for (size_t i = 0; i < LIST_COUNT; i++) {
        for (const struct behaviour *known = lists[i]; known->name; known++) {
            printf("%s %s %s\n", known->name, known->expect, known->help);
        }
    }
}

int main(int argc, char **argv)
{
    const struct behaviour *behaviour = argc > 1 ? find(argv[1]) : NULL;
    char *end = NULL;
    uint32_t argument = argc > 2 ? (uint32_t)strtoul(argv[2], &end, 0) : 0;
    if (argc == 2 && strcmp(argv[1], "list") == 0) {
        print_list();
        return 0;
    }
    if (!behaviour || argc > 3 || (end && *end != '\0')) {
        printf("usage: misbehave NAME [NUMBER]; misbehave list shows the names\n");
        return 2;
    }
    printf("misbehave: %s %lu\n", behaviour->name, (unsigned long)argument);
    fflush(stdout);
    behaviour->run(argument);
    printf("misbehave: %s went unpunished\n", behaviour->name);
    return strcmp(behaviour->expect, "none") == 0 ? 0 : 99;
}
