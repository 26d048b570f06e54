/*
 * The command line: verbs, each with a table of options from which parsing and help are made.
 *
 * Exit codes: 0 done; 1 an expectation of the scenario failed; 2 bad input or a full disk, with one
 * line that says what and where; 3 no memory or threads to be had; 130 interrupted. `boot` gives
 * the guest's own, 4 if it faulted, 124 if it did not end.
 */
#ifndef DENALI_EMU_CLI_CLI_H
#define DENALI_EMU_CLI_CLI_H

#include <stdbool.h>
#include <stdint.h>

#include <base/status.h>

#define CLI_EXIT_OK          0
#define CLI_EXIT_UNMET       1
#define CLI_EXIT_BAD_INPUT   2
#define CLI_EXIT_GUEST_FAULT 4
#define CLI_EXIT_TIMED_OUT   124 /* as timeout(1) does */
#define CLI_EXIT_INTERRUPTED 130 /* as shells do for SIGINT */

struct cli_option {
    const char *name;     /* without dashes; NULL ends a table */
    const char *argument; /* what help calls its value; NULL: a flag */
    const char *help;
    bool repeats;
};

struct cli_arguments;

struct cli_verb {
    const char *name;
    const char *summary;
    const char *usage; /* what follows `denali <name> ` */
    const char *description;
    const struct cli_option *options;
    const char *examples; /* lines ready to print */
    uint32_t arguments_min;
    uint32_t arguments_max;
    bool takes_rest; /* arguments after `--` are the guest's */
    int (*run)(const struct cli_arguments *arguments);
};

#define CLI_VALUES_MAX 256u

/* Parsed arguments of one verb; texts are argv's. */
struct cli_arguments {
    struct {
        const struct cli_option *option;
        const char *value; /* "" for a flag */
    } values[CLI_VALUES_MAX];
    uint32_t value_count;
    const char *positional[CLI_VALUES_MAX];
    uint32_t positional_count;
    char **rest; /* what follows `--` */
    int rest_count;
};

/* Parses; on bad input prints one line and returns false. `--help` prints help: *done is true. */
bool cli_parse(const struct cli_verb *verb, int argc, char **argv, struct cli_arguments *arguments,
               bool *done);
/* The last value of an option, or NULL if it was not given. */
const char *cli_value(const struct cli_arguments *arguments, const char *name);
/* All values of an option that repeats, in order; returns how many. */
uint32_t cli_values(const struct cli_arguments *arguments, const char *name,
                    const char *values[CLI_VALUES_MAX]);
bool cli_flag(const struct cli_arguments *arguments, const char *name);
/* A whole number in [min, max]; on bad input prints one line and returns false. */
bool cli_number(const struct cli_arguments *arguments, const char *name, uint64_t min, uint64_t max,
                uint64_t *value);

void cli_help(const struct cli_verb *verb);
/* Prints "denali: ..." and returns the exit code for the error. */
int cli_fail(const struct error *error);

/* The folder of guest images of this build: beside the executable. */
const char *cli_image_directory(char *path, size_t size_bytes);

extern const struct cli_verb cli_run_verb;
extern const struct cli_verb cli_boot_verb;
extern const struct cli_verb cli_check_verb;
extern const struct cli_verb cli_list_verb;

#endif
