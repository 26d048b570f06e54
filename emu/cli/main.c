/* `denali`: chooses the verb, and sees that what it printed is out. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <emu/run.h>

#include "cli.h"

/* What was printed is out, or it is said that it is not: whatever the verb found, nobody read it.
 */
static int finish(int code)
{
    if (fflush(stdout) == 0 && !ferror(stdout)) {
        return code;
    }
    fprintf(stderr, "denali: cannot write to standard output: %s\n", strerror(errno));
    return CLI_EXIT_BAD_INPUT;
}

static int run_verb(const struct cli_verb *verb, int argc, char **argv)
{
    struct cli_arguments arguments;
    bool done = false;
    if (!cli_parse(verb, argc, argv, &arguments, &done)) {
        return CLI_EXIT_BAD_INPUT;
    }
    return done ? CLI_EXIT_OK : verb->run(&arguments);
}

int main(int argc, char **argv)
{
    signal(SIGXFSZ, SIG_IGN); /* a file that may grow no more is a write that fails, and is told */
    if (argc < 2) {
        cli_help_all();
        return CLI_EXIT_BAD_INPUT;
    }
    if (strcmp(argv[1], "help") == 0 && argc > 2) { /* `denali help run` is `denali run --help` */
        static char option[] = "--help";
        argv[1] = argv[2];
        argv[2] = option;
        argc = 3;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        cli_help_all();
        return finish(CLI_EXIT_OK);
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("denali %s\n", emu_version());
        return finish(CLI_EXIT_OK);
    }
    for (const struct cli_verb *const *verb = cli_verbs; *verb; verb++) {
        if (strcmp((*verb)->name, argv[1]) == 0) {
            return finish(run_verb(*verb, argc - 2, argv + 2));
        }
    }
    const char *names[CLI_VALUES_MAX];
    size_t count = 0;
    fprintf(stderr, "denali: unknown verb `%s`; expected one of", argv[1]);
    for (const struct cli_verb *const *verb = cli_verbs; *verb; verb++) {
        fprintf(stderr, "%s %s", count ? "," : "", (*verb)->name);
        names[count++] = (*verb)->name;
    }
    fputs(" (see denali --help)", stderr);
    names[count++] = "--help";
    names[count++] = "--version";
    cli_suggest(argv[1], names, count);
    return CLI_EXIT_BAD_INPUT;
}
