/* `denali fork`: a recorded run up to a moment, and another one from there on. */
#include "runs.h"

static const struct cli_option options[] = {
    {"at", "TIME", "where it becomes another run, e.g. 20, 20s, 20500ms", false},
    {"set", "CHANGE", "seed=N, cut=NODE, drop=NODE[:FRAMES], poke=NODE:ADDRESS=BYTE", true},
    {"engine", "ENGINE", "what executes guests, whatever recorded; `denali list engines`", false},
    {"jobs", "N", "host threads (default: one per processor); never changes results", false},
    {"checkpoint-every", "TIME", "of its own recording, in virtual time (default: 5s; 0s: none)",
     false},
    {"pcap", "NODES", "capture their frames, e.g. server,peer-0..9 or all (pcapng)", false},
    {"out", "DIR", "run directory (default: runs/<scenario>-fork-<seed>-<n>)", false},
    {"memory-limit", "MIB", "host memory for guests, in MiB (default: 4/5 of the host's)", false},
    {"quiet", NULL, "no progress, no summary; only errors and what does not hold", false},
    {NULL, NULL, NULL, false},
};

static int fork_run(const struct cli_arguments *arguments)
{
    struct cli_run run;
    struct emu_run_options *options = &run.options;
    if (!cli_run_read(&cli_fork_verb, arguments, &run)) {
        return CLI_EXIT_BAD_INPUT;
    }
    options->replay = arguments->positional[0];
    options->fork_at = cli_value(arguments, "at");
    options->changes = options->sets;
    options->change_count = options->set_count;
    options->record = true;
    if (!options->fork_at || !options->change_count) {
        fprintf(stderr, "denali: fork: --%s is missing; expected both --at and --set\n",
                options->fork_at ? "set" : "at");
        return CLI_EXIT_BAD_INPUT;
    }
    return cli_run_all(arguments, options);
}

const struct cli_verb cli_fork_verb = {
    .name = "fork",
    .summary = "change a recorded run at a moment and run on",
    .usage = "[OPTIONS] --at TIME --set CHANGE DIR|FILE",
    .description =
        "Runs a run that was made with --record again up to a moment, the same; then makes the "
        "changes\nand goes on to the scenario's end as another run, with a recording and a run "
        "directory of its own.\nChanges: entropy of another seed; a node's link cut; the next "
        "frames for a node dropped; a byte of\nits memory. Exit code 1 if an expectation of the "
        "scenario does not hold. DIR is the run's directory,\nFILE a bundle of it (denali "
        "bundle).",
    .options = options,
    .examples = "  denali fork echo-run --at 5 --set drop=client --out lost\n"
                "  denali fork echo-run --at 5500ms --set cut=server --set drop=client:3\n"
                "  denali fork echo-run --at 2s --set seed=7\n"
                "  denali fork echo-run --at 2s --set poke=client:answer.0=1\n",
    .arguments_min = 1,
    .arguments_max = 1,
    .run = fork_run,
};
