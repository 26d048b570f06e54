/*
 * The command line: verbs, each with a table of options from which parsing and help are made.
 *
 * Exit codes are told in verbs.c, where help and the man pages have them from.
 */
#ifndef DENALI_EMU_CLI_CLI_H
#define DENALI_EMU_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <base/status.h>

#define CLI_EXIT_OK          0
#define CLI_EXIT_UNMET       1
#define CLI_EXIT_BAD_INPUT   2
#define CLI_EXIT_GUEST_FAULT 4
#define CLI_EXIT_TORN        5
#define CLI_EXIT_TIMED_OUT   124 /* as timeout(1) does */
#define CLI_EXIT_INTERRUPTED 130 /* as shells do for SIGINT */

/*
 * What `argument` says is also what the shells complete: ENGINE, IMAGE and SCENARIO.yaml are what
 * `denali list` shows, FILE and DIR are paths, and so is DIR|FILE; other words with bars between
 * are themselves (doc/completion.c).
 */
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
#define CLI_PATH_MAX   4096u

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

/* Ends the line of an error with ". Did you mean ...?" if one of count words is near. */
void cli_suggest(const char *word, const char *const *words, size_t count);

/* --- what comes with denali (shipped.c) ------------------------------------------------------- */

/* The folder "images" or "scenarios": beside the executable in a build folder, in share/denali of
 * an installation. */
const char *cli_shipped_directory(const char *kind, char path[CLI_PATH_MAX]);
/* The folder of guest images: DENALI_IMAGES of the environment, or the shipped one. */
const char *cli_image_directory(char path[CLI_PATH_MAX]);

/* Names of the files in a folder that end with suffix, without it, in order; returns how many.
 * Freed with cli_names_free. */
uint32_t cli_names_list(const char *directory, const char *suffix, char ***names);
void cli_names_free(char **names, uint32_t count);

/*
 * The scenario that an argument means: a file, or a shipped one by its name ("hello.yaml",
 * "hello") where there is no such file. NULL, and one line printed, if there is neither;
 * `expected`, which may be NULL, is all that the verb takes.
 */
const char *cli_scenario_path(const struct cli_verb *verb, const char *argument,
                              const char *expected, char path[CLI_PATH_MAX]);

/* Says in an error that the file of the current folder that an argument meant hides the image or
 * scenario of that name that comes with denali, if it does. */
void cli_hidden_tell(const char *argument, bool is_image, struct error *error);

/* The scenario of one machine on a network of its own, as YAML: the image that the first argument
 * means, with the rest for its arguments, and what other options of `denali boot` the verb has.
 * malloc'ed; NULL: no memory. */
char *cli_machine_describe(const struct cli_arguments *arguments, size_t *size_bytes);

extern const struct cli_verb cli_run_verb;
extern const struct cli_verb cli_verify_verb;
extern const struct cli_verb cli_replay_verb;
extern const struct cli_verb cli_fork_verb;
extern const struct cli_verb cli_diff_verb;
extern const struct cli_verb cli_bundle_verb;
extern const struct cli_verb cli_why_verb;
extern const struct cli_verb cli_experiment_verb;
extern const struct cli_verb cli_boot_verb;
extern const struct cli_verb cli_debug_verb;
extern const struct cli_verb cli_check_verb;
extern const struct cli_verb cli_inspect_verb;
extern const struct cli_verb cli_list_verb;

/* All verbs, in the order of help; NULL ends the table. */
extern const struct cli_verb *const cli_verbs[];

/* What every exit code means; a NULL code ends the table. */
struct cli_exit {
    const char *code;
    const char *meaning;
};
extern const struct cli_exit cli_exits[];

extern const char cli_summary[];     /* the command in a line */
extern const char cli_description[]; /* in a paragraph */
extern const char cli_examples[];    /* lines ready to print */

/* `denali --help`. */
void cli_help_all(void);

#endif
