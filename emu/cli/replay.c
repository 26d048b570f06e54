/* `denali replay`: a stretch of a recorded run again, with what is to be seen of it. */
#include <emu/run.h>

#include <signal.h>
#include <stdio.h>

#include "cli.h"

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

static volatile bool stop;

static void on_interrupt(int signal_number)
{
    stop = true;
    signal(signal_number, SIG_DFL);
}

static int replay(const struct cli_arguments *arguments)
{
    uint64_t jobs = 0;
    uint64_t memory_mib = 0;
    uint64_t trace_mib = 0;
    uint64_t pcap_mib = 0;
    if (!cli_number(arguments, "jobs", 1, EMU_JOBS_MAX, &jobs) ||
        !cli_number(arguments, "pcap-limit", 1, 1u << 24, &pcap_mib) ||
        !cli_number(arguments, "trace-limit", 1, 1u << 24, &trace_mib) ||
        !cli_number(arguments, "memory-limit", 4, 1u << 24, &memory_mib)) {
        return CLI_EXIT_BAD_INPUT;
    }
    const char *traces[CLI_VALUES_MAX];
    const char *watches[CLI_VALUES_MAX];
    bool quiet = cli_flag(arguments, "quiet");
    struct emu_run_options run_options = {
        .replay = arguments->positional[0],
        .from = cli_value(arguments, "from"),
        .to = cli_value(arguments, "to"),
        .engine = cli_value(arguments, "engine"),
        .jobs = (uint32_t)jobs,
        .memory_limit_bytes = memory_mib << 20,
        .pcap = cli_value(arguments, "pcap"),
        .pcap_limit_bytes = pcap_mib << 20,
        .traces = traces,
        .trace_count = cli_values(arguments, "trace-instructions", traces),
        .trace_limit_bytes = trace_mib << 20,
        .watches = watches,
        .watch_count = cli_values(arguments, "watch", watches),
        .console = cli_value(arguments, "console"),
        .stream = stdout,
        .out = cli_value(arguments, "out"),
        .progress = quiet ? NULL : stderr,
        .stop = &stop,
    };
    signal(SIGINT, on_interrupt);
    signal(SIGTERM, on_interrupt);
    struct emu_run_result result;
    struct error error = ERROR_INIT;
    if (emu_run(&run_options, &result, &error)) {
        int code = cli_fail(&error);
        if (result.path[0]) {
            fprintf(stderr, "denali: what there is of the replay is in %s, marked INCOMPLETE\n",
                    result.path);
        }
        return code;
    }
    if (result.interrupted) {
        fprintf(stderr, "denali: interrupted; what there is of the replay is in %s\n", result.path);
        return CLI_EXIT_INTERRUPTED;
    }
    if (result.trace_empty) {
        fprintf(stderr, "denali: --trace-instructions %s: nothing was executed then\n",
                result.trace_empty);
    }
    if (!quiet) {
        printf("run directory: %s\n", result.path);
    }
    return CLI_EXIT_OK;
}

const struct cli_verb cli_replay_verb = {
    .name = "replay",
    .summary = "see a stretch of a recorded run again, with captures",
    .usage = "[OPTIONS] DIR",
    .description =
        "Plays a stretch of a run that was made with --record, from the nearest checkpoint, and "
        "shows of it\nwhat the run itself did not capture: frames, instructions, consoles, and "
        "what changes memory.\nIt is the same run, and is compared with the recording as it goes. "
        "What there is to see is in a\nrun directory of its own, which has nothing from before "
        "--from.",
    .options = options,
    .examples = "  denali replay runs/echo-1-1 --pcap all\n"
                "  denali replay runs/echo-1-1 --from 2 --to 2500ms --trace-instructions client\n"
                "  denali replay runs/echo-1-1 --from 5s --console client --quiet\n"
                "  denali replay runs/echo-1-1 --watch server:0x12ab0\n",
    .arguments_min = 1,
    .arguments_max = 1,
    .run = replay,
};
