/* `denali run`: a scenario from its start to its end. */
#include "runs.h"

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
    {"quiet", NULL, "no progress, no summary; only errors and what does not hold", false},
    {NULL, NULL, NULL, false},
};

static int run(const struct cli_arguments *arguments)
{
    struct cli_run run;
    char shipped[CLI_PATH_MAX];
    if (!cli_run_read(&cli_run_verb, arguments, &run) ||
        !cli_limit_good(&cli_run_verb, arguments, "checkpoint-every", "record")) {
        return CLI_EXIT_BAD_INPUT;
    }
    run.options.scenario_path =
        cli_scenario_path(&cli_run_verb, arguments->positional[0], NULL, shipped);
    return run.options.scenario_path ? cli_run_all(arguments, &run.options) : CLI_EXIT_BAD_INPUT;
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
