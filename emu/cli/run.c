/* `denali run`: a scenario from its start to its end. */
#include <emu/run.h>

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <analysis/summary.h>

#include "cli.h"

static const struct cli_option options[] = {
    {"seed", "N", "another seed than the scenario's", false},
    {"nodes", "N", "so many nodes in all, by the group that scales", false},
    {"set", "PATH=VALUE", "another value for a field, e.g. groups.peers.memory=8MiB", true},
    {"param", "NAME=VALUE", "another value for a parameter, e.g. delay=20ms", true},
    {"engine", "ENGINE", "what executes guests; `denali list engines`", false},
    {"jobs", "N", "host threads (default: one per processor); never changes results", false},
    {"until", "TIME", "end at this virtual time instead, e.g. 20s", false},
    {"out", "DIR", "run directory (default: runs/<scenario>-<seed>-<n>)", false},
    {"pcap", "NODES", "capture their frames, e.g. server,peer-0..9 or all (pcapng)", false},
    {"pcap-limit", "MIB", "of each capture, in MiB (default: 256)", false},
    {"screenshot", "NODES[@TIME]", "a picture of their screens then, or at the end (PNG)", true},
    {"trace-instructions", "NODE[:FROM-TO]",
     "write each instruction, e.g. of peer-3:1s-1.1s, peer-3:0-99", true},
    {"trace-limit", "MIB", "text of each instruction trace, in MiB (default: 64)", false},
    {"record", NULL, "record it, for denali verify, replay and fork (docs/trace.md)", false},
    {"checkpoint-every", "TIME", "of the recording, in virtual time (default: 5s; 0s: none)",
     false},
    {"memory-limit", "MIB", "host memory for guests, in MiB (default: 4/5 of the host's)", false},
    {"quiet", NULL, "no progress, no summary; only errors", false},
    {NULL, NULL, NULL, false},
};

static volatile bool stop;

static void on_interrupt(int signal_number)
{
    stop = true;
    signal(signal_number, SIG_DFL); /* who asks twice does not want to wait for the window's end */
}

/* A limit has something to limit; else prints one line. */
static bool limit_good(const struct cli_arguments *arguments, const char *limit, const char *what)
{
    if (cli_value(arguments, limit) && !cli_value(arguments, what)) {
        fprintf(stderr, "denali: run: --%s without --%s; expected both\n", limit, what);
        return false;
    }
    return true;
}

static int run(const struct cli_arguments *arguments)
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
    if (!limit_good(arguments, "pcap-limit", "pcap") ||
        !limit_good(arguments, "trace-limit", "trace-instructions") ||
        !limit_good(arguments, "checkpoint-every", "record")) {
        return CLI_EXIT_BAD_INPUT;
    }
    char shipped[CLI_PATH_MAX];
    const char *scenario_path = cli_scenario_path(&cli_run_verb, arguments->positional[0], shipped);
    if (!scenario_path) {
        return CLI_EXIT_BAD_INPUT;
    }
    const char *sets[CLI_VALUES_MAX];
    uint32_t set_count = cli_values(arguments, "set", sets);
    const char *parameters[CLI_VALUES_MAX];
    uint32_t parameter_count = cli_values(arguments, "param", parameters);
    const char *screenshots[CLI_VALUES_MAX];
    uint32_t screenshot_count = cli_values(arguments, "screenshot", screenshots);
    const char *traces[CLI_VALUES_MAX];
    uint32_t trace_count = cli_values(arguments, "trace-instructions", traces);
    char images[CLI_PATH_MAX];
    bool quiet = cli_flag(arguments, "quiet");
    struct emu_run_options run_options = {
        .scenario_path = scenario_path,
        .sets = sets,
        .set_count = set_count,
        .parameters = parameters,
        .parameter_count = parameter_count,
        .seed = cli_value(arguments, "seed"),
        .nodes = cli_value(arguments, "nodes"),
        .until = cli_value(arguments, "until"),
        .engine = cli_value(arguments, "engine"),
        .jobs = (uint32_t)jobs,
        .memory_limit_bytes = memory_mib << 20,
        .pcap = cli_value(arguments, "pcap"),
        .pcap_limit_bytes = pcap_mib << 20,
        .screenshots = screenshots,
        .screenshot_count = screenshot_count,
        .traces = traces,
        .trace_count = trace_count,
        .trace_limit_bytes = trace_mib << 20,
        .record = cli_flag(arguments, "record"),
        .checkpoint_every = cli_value(arguments, "checkpoint-every"),
        .out = cli_value(arguments, "out"),
        .image_directory = cli_image_directory(images),
        .progress = quiet ? NULL : stderr,
        .stop = &stop,
    };
    signal(SIGINT, on_interrupt);
    signal(SIGTERM, on_interrupt);
    struct emu_run_result result;
    struct error error = ERROR_INIT;
    enum status status = emu_run(&run_options, &result, &error);
    if (status) {
        if (strcmp(error.file, scenario_path) == 0) {
            cli_hidden_tell(scenario_path, false, &error);
        }
        int code = cli_fail(&error);
        if (result.path[0]) {
            fprintf(stderr, "denali: what there is of the run is in %s, marked INCOMPLETE\n",
                    result.path);
        }
        return code;
    }
    if (result.interrupted) {
        fprintf(stderr, "denali: interrupted; what there is of the run is in %s\n", result.path);
        return CLI_EXIT_INTERRUPTED;
    }
    if (result.trace_empty) {
        fprintf(stderr, "denali: --trace-instructions %s: nothing was executed then\n",
                result.trace_empty);
    }
    if (!quiet) {
        struct trace_summary_file file;
        status = trace_summary_read(result.path, &file, &error);
        if (status) {
            return cli_fail(&error);
        }
        ana_summary_print(&file.summary, result.nodes_up, stdout);
        trace_summary_file_fini(&file);
        printf("\nrun directory: %s\n", result.path);
    }
    return result.expectations_met ? CLI_EXIT_OK : CLI_EXIT_UNMET;
}

const struct cli_verb cli_run_verb = {
    .name = "run",
    .summary = "run a scenario and leave a run directory",
    .usage = "[OPTIONS] SCENARIO.yaml",
    .description = "Boots every machine of the scenario, joins them by its networks, runs it to "
                   "its end in\nvirtual time, and writes a run directory (docs/run-directory.md). "
                   "The same scenario and\nseed give the same digest on any engine and any number "
                   "of jobs. Exit code 1 if an\nexpectation of the scenario does not hold. "
                   "SCENARIO.yaml is a file, or one of `denali list\nscenarios` where there is no "
                   "such file.",
    .options = options,
    .examples = "  denali run hello.yaml\n"
                "  denali run kademlia-planetlab.yaml --seed 7 --nodes 2000\n"
                "  denali run echo.yaml --set networks.internet.up=1Mbit --jobs 1\n"
                "  denali run echo.yaml --engine unicorn --out echo-run\n"
                "  denali run echo.yaml --pcap server,client\n"
                "  denali run echo-mixed.yaml --param delay=80ms --param sensors=50\n"
                "  denali run life.yaml --screenshot life@4s --screenshot life\n"
                "  denali run echo.yaml --trace-instructions client:100ms-101ms\n",
    .arguments_min = 1,
    .arguments_max = 1,
    .run = run,
};
