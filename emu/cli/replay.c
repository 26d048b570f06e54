/* `denali replay`: a stretch of a recorded run again, with what is to be seen of it. */
#include "runs.h"

static const struct cli_option options[] = {
    {"from", "TIME", "begin there, e.g. 20, 20s, 20500ms (default: the start)", false},
    {"to", "TIME", "end there (default: the end of what was recorded)", false},
    {"pcap", "NODES", "capture their frames, e.g. server,peer-0..9 or all (pcapng)", false},
    {"pcap-limit", "MIB", "of each capture, in MiB (default: 256)", false},
    {"trace-instructions", "NODE[:FROM-TO]",
     "write each instruction, e.g. of peer-3:1s-1.1s, peer-3:0-99", true},
    {"trace-limit", "MIB", "text of each instruction trace, in MiB (default: 64)", false},
    {"console", "NODES", "print their consoles", false},
    {"watch", "NODE:ADDRESS",
     "print what changes that memory, e.g. of server:0x12ab0, peer-3:table", true},
    {"engine", "ENGINE", "what executes guests, whatever recorded; `denali list engines`", false},
    {"jobs", "N", "host threads (default: one per processor); never changes results", false},
    {"out", "DIR", "run directory (default: runs/<scenario>-replay-<seed>-<n>)", false},
    {"memory-limit", "MIB", "host memory for guests, in MiB (default: 4/5 of the host's)", false},
    {"quiet", NULL, "no progress; only what was asked for", false},
    {NULL, NULL, NULL, false},
};

static int replay(const struct cli_arguments *arguments)
{
    struct cli_run run;
    if (!cli_run_read(&cli_replay_verb, arguments, &run)) {
        return CLI_EXIT_BAD_INPUT;
    }
    run.options.replay = arguments->positional[0];
    run.options.stream = stdout;
    return cli_run_all(arguments, &run.options);
}

const struct cli_verb cli_replay_verb = {
    .name = "replay",
    .summary = "see a stretch of a recorded run again, with captures",
    .usage = "[OPTIONS] DIR|FILE",
    .description =
        "Plays a stretch of a run that was made with --record, from the nearest checkpoint, and "
        "shows of it\nwhat the run itself did not capture: frames, instructions, consoles, and "
        "what changes memory.\nIt is the same run, and is compared with the recording as it goes. "
        "What there is to see is in a\nrun directory of its own, which has nothing from before "
        "--from. DIR is the run's directory, FILE a\nbundle of it (denali bundle).",
    .options = options,
    .examples =
        "  denali replay echo-run --pcap all  # of denali run echo.yaml --record --out echo-run\n"
        "  denali replay echo-run --from 2 --to 2500ms --trace-instructions client\n"
        "  denali replay echo-run --from 5s --console client --quiet\n"
        "  denali replay echo-run --watch client:answer.0\n",
    .arguments_min = 1,
    .arguments_max = 1,
    .run = replay,
};
