/* `denali fork`: a recorded run up to a moment, and another one from there on. */
#include <emu/run.h>

#include <signal.h>
#include <stdio.h>

#include <analysis/summary.h>

#include "cli.h"

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
    {"quiet", NULL, "no progress, no summary; only errors", false},
    {NULL, NULL, NULL, false},
};

static volatile bool stop;

static void on_interrupt(int signal_number)
{
    stop = true;
    signal(signal_number, SIG_DFL);
}

static int tell(const struct emu_run_result *result)
{
    struct trace_summary_file file;
    struct error error = ERROR_INIT;
    if (trace_summary_read(result->path, &file, &error)) {
        return cli_fail(&error);
    }
    ana_summary_print(&file.summary, result->nodes_up, stdout);
    trace_summary_file_fini(&file);
    printf("\nrun directory: %s\n", result->path);
    return CLI_EXIT_OK;
}

static int fork_run(const struct cli_arguments *arguments)
{
    uint64_t jobs = 0;
    uint64_t memory_mib = 0;
    const char *changes[CLI_VALUES_MAX];
    uint32_t change_count = cli_values(arguments, "set", changes);
    if (!cli_number(arguments, "jobs", 1, EMU_JOBS_MAX, &jobs) ||
        !cli_number(arguments, "memory-limit", 4, 1u << 24, &memory_mib)) {
        return CLI_EXIT_BAD_INPUT;
    }
    if (!cli_value(arguments, "at") || !change_count) {
        fprintf(stderr, "denali: fork: --%s is missing; expected both --at and --set\n",
                cli_value(arguments, "at") ? "set" : "at");
        return CLI_EXIT_BAD_INPUT;
    }
    bool quiet = cli_flag(arguments, "quiet");
    struct emu_run_options run_options = {
        .replay = arguments->positional[0],
        .fork_at = cli_value(arguments, "at"),
        .changes = changes,
        .change_count = change_count,
        .record = true,
        .checkpoint_every = cli_value(arguments, "checkpoint-every"),
        .engine = cli_value(arguments, "engine"),
        .jobs = (uint32_t)jobs,
        .memory_limit_bytes = memory_mib << 20,
        .pcap = cli_value(arguments, "pcap"),
        .out = cli_value(arguments, "out"),
        .progress = quiet ? NULL : stderr,
        .stop = &stop,
    };
    signal(SIGINT, on_interrupt);
    signal(SIGTERM, on_interrupt);
    struct emu_run_result result;
    struct error error = ERROR_INIT;
    if (emu_run(&run_options, &result, &error)) {
        return cli_fail(&error);
    }
    if (result.interrupted) {
        fprintf(stderr, "denali: interrupted; what there is of the run is in %s\n", result.path);
        return CLI_EXIT_INTERRUPTED;
    }
    int code = quiet ? CLI_EXIT_OK : tell(&result);
    return code ? code : result.expectations_met ? CLI_EXIT_OK : CLI_EXIT_UNMET;
}

const struct cli_verb cli_fork_verb = {
    .name = "fork",
    .summary = "change a recorded run at a moment and run on",
    .usage = "[OPTIONS] --at TIME --set CHANGE DIR",
    .description =
        "Runs a run that was made with --record again up to a moment, the same; then makes the "
        "changes\nand goes on to the scenario's end as another run, with a recording and a run "
        "directory of its own.\nChanges: entropy of another seed; a node's link cut; the next "
        "frames for a node dropped; a byte of\nits memory. Exit code 1 if an expectation of the "
        "scenario does not hold.",
    .options = options,
    .examples = "  denali fork runs/echo-1-1 --at 5 --set drop=client\n"
                "  denali fork runs/echo-1-1 --at 5500ms --set cut=server --out without-server\n"
                "  denali fork runs/echo-1-1 --at 2s --set seed=7\n"
                "  denali fork runs/echo-1-1 --at 2s --set poke=client:0x33640=1\n",
    .arguments_min = 1,
    .arguments_max = 1,
    .run = fork_run,
};
