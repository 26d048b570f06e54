/* Parsing and help, both from a verb's option table. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <base/nearest.h>

#include "cli.h"

static bool complain(const struct cli_verb *verb, const char *what, const char *argument)
{
    fprintf(stderr, "denali: %s: %s `%s` (see denali %s --help)\n", verb->name, what, argument,
            verb->name);
    return false;
}

void cli_suggest(const char *word, const char *const *words, size_t count)
{
    const char *nearest = nearest_word(word, words, count);
    if (nearest) {
        fprintf(stderr, "; did you mean `%s`?", nearest);
    }
    fputc('\n', stderr);
}

static bool unknown_option(const struct cli_verb *verb, const char *argument)
{
    const char *names[CLI_VALUES_MAX];
    size_t count = 0;
    for (const struct cli_option *option = verb->options; option->name; option++) {
        names[count++] = option->name;
    }
    char name[64];
    const char *text = argument + strspn(argument, "-");
    snprintf(name, sizeof name, "%.*s", (int)strcspn(text, "="), text);
    const char *nearest = nearest_word(name, names, count);
    fprintf(stderr, "denali: %s: unknown option `%s`", verb->name, argument);
    if (nearest) {
        fprintf(stderr, "; did you mean `--%s`?", nearest);
    }
    fprintf(stderr, " (see denali %s --help)\n", verb->name);
    return false;
}

static const struct cli_option *find(const struct cli_verb *verb, const char *name, size_t length)
{
    for (const struct cli_option *option = verb->options; option->name; option++) {
        if (strlen(option->name) == length && strncmp(option->name, name, length) == 0) {
            return option;
        }
    }
    return NULL;
}

/* One option at argv[*i]; takes its value from there or from the next argument. */
static bool take_option(const struct cli_verb *verb, int argc, char **argv, int *i,
                        struct cli_arguments *arguments)
{
    const char *text = argv[*i] + 2;
    const char *equals = strchr(text, '=');
    size_t length = equals ? (size_t)(equals - text) : strlen(text);
    const struct cli_option *option = find(verb, text, length);
    if (!option) {
        return unknown_option(verb, argv[*i]);
    }
    const char *value = "";
    if (option->argument && equals) {
        value = equals + 1;
    } else if (option->argument) {
        if (*i + 1 >= argc) {
            fprintf(stderr, "denali: %s: --%s needs a value, %s\n", verb->name, option->name,
                    option->argument);
            return false;
        }
        value = argv[++*i];
    } else if (equals) {
        return complain(verb, "this option takes no value:", argv[*i]);
    }
    if (!option->repeats && cli_value(arguments, option->name)) {
        return complain(verb, "given twice:", option->name);
    }
    if (arguments->value_count == CLI_VALUES_MAX) {
        return complain(verb, "too many options at", argv[*i]);
    }
    arguments->values[arguments->value_count].option = option;
    arguments->values[arguments->value_count++].value = value;
    return true;
}

static bool unexpected(const struct cli_verb *verb, const char *argument)
{
    if (!verb->takes_rest) {
        return complain(verb, "unexpected argument", argument);
    }
    fprintf(stderr,
            "denali: %s: unexpected argument `%s`; the guest's arguments come after -- (see denali "
            "%s --help)\n",
            verb->name, argument, verb->name);
    return false;
}

bool cli_parse(const struct cli_verb *verb, int argc, char **argv, struct cli_arguments *arguments,
               bool *done)
{
    memset(arguments, 0, sizeof *arguments);
    *done = false;
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            cli_help(verb);
            *done = true;
            return true;
        }
        if (strcmp(argv[i], "--") == 0 && !verb->takes_rest && i + 1 < argc) {
            return complain(verb, "unexpected argument", argv[i + 1]);
        }
        if (strcmp(argv[i], "--") == 0) {
            arguments->rest = argv + i + 1;
            arguments->rest_count = argc - i - 1;
            break;
        }
        static char out[] = "--out";
        if (strcmp(argv[i], "-o") == 0 && find(verb, "out", 3)) {
            argv[i] = out;
        }
        if (strncmp(argv[i], "--", 2) == 0) {
            if (!take_option(verb, argc, argv, &i, arguments)) {
                return false;
            }
        } else if (argv[i][0] == '-' && argv[i][1]) {
            return unknown_option(verb, argv[i]);
        } else if (arguments->positional_count >= verb->arguments_max) {
            return unexpected(verb, argv[i]);
        } else {
            arguments->positional[arguments->positional_count++] = argv[i];
        }
    }
    if (arguments->positional_count < verb->arguments_min) {
        fprintf(stderr, "denali: %s: an argument is missing; usage: denali %s %s\n", verb->name,
                verb->name, verb->usage);
        return false;
    }
    return true;
}

const char *cli_value(const struct cli_arguments *arguments, const char *name)
{
    const char *value = NULL;
    for (uint32_t i = 0; i < arguments->value_count; i++) {
        if (strcmp(arguments->values[i].option->name, name) == 0) {
            value = arguments->values[i].value;
        }
    }
    return value;
}

uint32_t cli_values(const struct cli_arguments *arguments, const char *name,
                    const char *values[CLI_VALUES_MAX])
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < arguments->value_count; i++) {
        if (strcmp(arguments->values[i].option->name, name) == 0) {
            values[count++] = arguments->values[i].value;
        }
    }
    return count;
}

bool cli_flag(const struct cli_arguments *arguments, const char *name)
{
    return cli_value(arguments, name) != NULL;
}

bool cli_number(const struct cli_arguments *arguments, const char *name, uint64_t min, uint64_t max,
                uint64_t *value)
{
    const char *text = cli_value(arguments, name);
    if (!text) {
        return true;
    }
    char *end = NULL;
    errno = 0;
    uint64_t number = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end || errno || number < min || number > max) {
        char most[32] = " on";
        if (max < UINT64_MAX - 1) { /* else it is no bound that anybody meets */
            snprintf(most, sizeof most, " to %" PRIu64, max);
        }
        fprintf(stderr, "denali: --%s: `%s`; expected a whole number from %" PRIu64 "%s\n", name,
                text, min, most);
        return false;
    }
    *value = number;
    return true;
}

void cli_help(const struct cli_verb *verb)
{
    printf("usage: denali %s %s\n\n%s\n", verb->name, verb->usage, verb->description);
    if (verb->options->name) {
        printf("\noptions:\n");
    }
    for (const struct cli_option *option = verb->options; option->name; option++) {
        char left[64];
        snprintf(left, sizeof left, "--%s%s%s", option->name, option->argument ? " " : "",
                 option->argument ? option->argument : "");
        bool wide = strlen(left) > 26; /* its help goes on the next line */
        printf("  %-26s%s%*s%s\n", left, wide ? "\n" : "", wide ? 29 : 1, "", option->help);
    }
    const char *before = "\nmay be given several times: ";
    for (const struct cli_option *option = verb->options; option->name; option++) {
        if (option->repeats) {
            printf("%s--%s", before, option->name);
            before = ", ";
        }
    }
    printf("%s\nexamples:\n%s", before[0] == ',' ? "\n" : "", verb->examples);
}

int cli_fail(const struct error *error)
{
    char text[sizeof error->message + sizeof error->file + 32];
    error_format(error, text, sizeof text);
    fprintf(stderr, "denali: %s\n", text);
    return status_exit_code(error->status);
}
