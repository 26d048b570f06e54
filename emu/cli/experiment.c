/* `denali experiment`: runs over the values of a parameter, a table, and a page of figures. */
#include <emu/experiment.h>
#include <emu/world.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

static const struct cli_option options[] = {
    {"out", "DIR", "folder for tables and page (required; must not exist, or be empty)", false},
    {"small", NULL, "the small version of each: fewer values, shorter runs", false},
    {"jobs", "N", "runs at a time (default: one per processor); never changes results", false},
    {"engine", "ENGINE", "what executes guests; `denali list engines`", false},
    {"keep", NULL, "keep the run directories, in DIR/runs", false},
    {"quiet", NULL, "no progress; only what came of the claims", false},
    {NULL, NULL, NULL, false},
};

static volatile bool stop;

static void on_interrupt(int signal_number)
{
    stop = true;
    signal(signal_number, SIG_DFL);
}

static int experiment(const struct cli_arguments *arguments)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    uint64_t jobs = processors > 0 ? (uint64_t)processors : 1;
    char images[CLI_PATH_MAX];
    if (!cli_value(arguments, "out")) {
        fprintf(stderr, "denali: experiment: --out DIR is missing\n");
        return CLI_EXIT_BAD_INPUT;
    }
    if (!cli_number(arguments, "jobs", 1, EMU_JOBS_MAX, &jobs)) {
        return CLI_EXIT_BAD_INPUT;
    }
    struct emu_experiment_options experiment_options = {
        .paths = arguments->positional,
        .path_count = arguments->positional_count,
        .small = cli_flag(arguments, "small"),
        .jobs = (uint32_t)jobs,
        .engine = cli_value(arguments, "engine"),
        .out = cli_value(arguments, "out"),
        .keep = cli_flag(arguments, "keep"),
        .image_directory = cli_image_directory(images),
        .told = stdout,
        .progress = cli_flag(arguments, "quiet") ? NULL : stderr,
        .stop = &stop,
    };
    signal(SIGINT, on_interrupt);
    signal(SIGTERM, on_interrupt);
    struct emu_experiment_result result;
    struct error error = ERROR_INIT;
    if (emu_experiment(&experiment_options, &result, &error)) {
        return cli_fail(&error);
    }
    if (result.interrupted) {
        fprintf(stderr, "denali: interrupted; tables of what was run are in %s\n",
                experiment_options.out);
        return CLI_EXIT_INTERRUPTED;
    }
    printf("%u of %u claims hold; the page is %s/index.html\n", result.held, result.claims,
           experiment_options.out);
    return result.held == result.claims ? CLI_EXIT_OK : CLI_EXIT_UNMET;
}

const struct cli_verb cli_experiment_verb = {
    .name = "experiment",
    .summary = "run scenarios over the values of a parameter; tables and a page of figures",
    .usage = "--out DIR [OPTIONS] EXPERIMENT.yaml...",
    .description =
        "Runs the scenario of each experiment over the values of its parameter, in its variants, "
        "and with\nits costs halved and doubled; writes a table for each experiment "
        "(DIR/NAME.csv) and one page\n(DIR/index.html) that shows every figure beside the "
        "published one. Exit code 1 if a claim of an\nexperiment does not hold. "
        "docs/experiments.md has the files' fields.",
    .options = options,
    .examples = "  denali experiment --small --out look scenarios/experiments/*.yaml\n"
                "  denali experiment --out paper scenarios/experiments/*.yaml\n",
    .arguments_min = 1,
    .arguments_max = CLI_VALUES_MAX,
    .run = experiment,
};
