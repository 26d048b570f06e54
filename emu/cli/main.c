/* `denali`: chooses the verb, and the help that covers them all. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"

static const struct cli_verb *const verbs[] = {
    &cli_run_verb, &cli_boot_verb, &cli_check_verb, &cli_list_verb, NULL,
};

static void help(void)
{
    printf("denali: a testbed of whole machines: thousands of Denali x86 virtual machines,\n"
           "emulated instruction by instruction, on one simulated network, the same bits every "
           "run.\n\n"
           "usage: denali VERB [OPTIONS] [ARGUMENTS]\n\nverbs:\n");
    for (const struct cli_verb *const *verb = verbs; *verb; verb++) {
        printf("  %-8s %s\n", (*verb)->name, (*verb)->summary);
    }
    printf("\nexit codes: 0 done; 1 an expectation of the scenario failed; 2 bad input or a "
           "disk\nthat is full; 3 no memory or threads to be had; 130 interrupted. `boot` gives "
           "the guest's own, 4 if it "
           "faulted, 124\nif it did not end.\n");
    printf("\nexamples:\n"
           "  denali run scenarios/hello.yaml\n"
           "  denali run scenarios/kademlia-planetlab.yaml --seed 7 --nodes 2000\n"
           "  denali boot my-peer.img -- arg1\n"
           "  denali check scenarios/echo.yaml\n\n"
           "`denali VERB --help` tells about a verb. Scenarios: docs/scenario.md; guest programs:\n"
           "docs/guest-kit.md; the machine: docs/isa.md.\n");
}

/* What was printed is out, or it is said that it is not; unless more was said already. */
static int finish(int code)
{
    if (code != CLI_EXIT_OK || (fflush(stdout) == 0 && !ferror(stdout))) {
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
        help();
        return CLI_EXIT_BAD_INPUT;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        help();
        return finish(CLI_EXIT_OK);
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("denali %s\n", DENALI_VERSION);
        return CLI_EXIT_OK;
    }
    for (const struct cli_verb *const *verb = verbs; *verb; verb++) {
        if (strcmp((*verb)->name, argv[1]) == 0) {
            return finish(run_verb(*verb, argc - 2, argv + 2));
        }
    }
    fprintf(stderr, "denali: unknown verb `%s`; expected one of", argv[1]);
    for (const struct cli_verb *const *verb = verbs; *verb; verb++) {
        fprintf(stderr, "%s %s", verb == verbs ? "" : ",", (*verb)->name);
    }
    fprintf(stderr, " (see denali --help)\n");
    return CLI_EXIT_BAD_INPUT;
}
