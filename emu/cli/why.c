/* `denali why`: from a received frame back to the code that sent it. */
#include <emu/why.h>

#include <stdio.h>
#include <stdlib.h>

#include "runs.h"

static const struct cli_option options[] = {
    {"node", "NODE", "that received it, e.g. peer-3", false},
    {"frame", "K", "the K-th frame that the node received, counted from 1", false},
    {"at", "TIME", "or the last that it received before this time, e.g. 20, 20500ms", false},
    {"depth", "N", "go back by so many frames (default: 1)", false},
    {"memory-limit", "MIB", "host memory for guests, in MiB (default: 4/5 of the host's)", false},
    {NULL, NULL, NULL, false},
};

static int why(const struct cli_arguments *arguments)
{
    uint64_t frame = 0;
    uint64_t depth = 1;
    uint64_t memory_bytes;
    const char *node = cli_value(arguments, "node");
    const char *at = cli_value(arguments, "at");
    if (!cli_number(arguments, "frame", 1, UINT64_MAX - 1, &frame) ||
        !cli_number(arguments, "depth", 1, 10000, &depth) ||
        !cli_memory_limit(arguments, &memory_bytes)) {
        return CLI_EXIT_BAD_INPUT;
    }
    if (!node || !frame == !at) {
        fprintf(stderr, "denali: why: %s; expected --node, and one of --frame and --at\n",
                !node   ? "--node is missing"
                : frame ? "--frame and --at are both given"
                        : "--frame or --at is missing");
        return CLI_EXIT_BAD_INPUT;
    }
    const struct emu_why_options why_options = {
        .path = arguments->positional[0],
        .node = node,
        .frame = frame,
        .at = at,
        .depth = (uint32_t)depth,
        .memory_limit_bytes = memory_bytes,
    };
    struct emu_why_result result;
    struct error error = ERROR_INIT;
    enum status status = emu_why(&why_options, &result, &error);
    cli_torn_tell(result.torn);
    cli_torn_tell(result.damaged);
    if (status) {
        return cli_fail(&error);
    }
    fputs(result.text, stdout);
    free(result.text);
    return CLI_EXIT_OK;
}

const struct cli_verb cli_why_verb = {
    .name = "why",
    .summary = "follow a received frame back to the code that sent it",
    .usage = "--node NODE --frame K|--at TIME [OPTIONS] DIR|FILE",
    .description =
        "Says of a frame that a node of a recorded run received who sent it and when, by which "
        "instruction,\nfunction and source line (for programs compiled with -g), from where that "
        "was called as far as the\nstack tells, and what the sender had received before; with "
        "--depth goes on from there.\nDIR is the run's directory, FILE a bundle of it (denali "
        "bundle).",
    .options = options,
    .examples = "  denali why echo-run --node client --frame 3\n"
                "  denali why echo-run --node client --at 5s --depth 4\n",
    .arguments_min = 1,
    .arguments_max = 1,
    .run = why,
};
