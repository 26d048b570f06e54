/* `denali diff`: two recorded runs side by side. */
#include <emu/diff.h>

#include <stdio.h>
#include <stdlib.h>

#include "runs.h"

static const struct cli_option options[] = {
    {"memory-limit", "MIB", "host memory for the guests of each of both, in MiB", false},
    {NULL, NULL, NULL, false},
};

static int diff(const struct cli_arguments *arguments)
{
    struct emu_diff_options diff_options = {
        .paths = {arguments->positional[0], arguments->positional[1]},
    };
    if (!cli_memory_limit(arguments, &diff_options.memory_limit_bytes)) {
        return CLI_EXIT_BAD_INPUT;
    }
    struct emu_diff_result result;
    struct error error = ERROR_INIT;
    enum status status = emu_diff(&diff_options, &result, &error);
    bool damaged = false;
    for (int i = 0; i < 2; i++) {
        cli_torn_tell(result.torn[i]);
        cli_torn_tell(result.damaged[i]);
        damaged |= result.damaged[i][0] != '\0';
    }
    if (status) {
        return cli_fail(&error);
    }
    fputs(result.given, stdout);
    if (result.same) {
        printf("the same as far as both are recorded%s, up to virtual time %.3f s%s\n",
               damaged ? " and not damaged" : "", (double)result.to_ns / 1e9,
               result.to_ns ? "" : ": of one of them nothing but the start is there to compare");
    } else {
        printf("different: %s", result.text);
    }
    if (result.figures) {
        printf("\n%s", result.figures);
    }
    free(result.figures);
    return result.same ? CLI_EXIT_OK : CLI_EXIT_UNMET;
}

const struct cli_verb cli_diff_verb = {
    .name = "diff",
    .summary = "find where two recorded runs part",
    .usage = "[OPTIONS] DIR|FILE DIR|FILE",
    .description =
        "Compares two runs that were made with --record: what only one of them was given from "
        "outside; the\nfirst difference, found by running both from the last moment at which they "
        "agree, to the node, the\nvirtual time and the instruction; then their figures side by "
        "side. Exit code 0: they are the same\nas far as both are recorded and not damaged; 1: "
        "they are not. DIR is a run's directory, FILE a\nbundle of it (denali bundle).",
    .options = options,
    .examples = "  denali diff echo-run lost  # of denali fork echo-run --at 5 --set drop=client "
                "--out lost\n",
    .arguments_min = 2,
    .arguments_max = 2,
    .run = diff,
};
