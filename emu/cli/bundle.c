/* `denali bundle`: a recorded run as one file. */
#include <emu/bundle.h>

#include <inttypes.h>
#include <stdio.h>

#include "runs.h"

static const struct cli_option options[] = {
    {"out", "FILE", "the file to write; -o is short for it", false},
    {NULL, NULL, NULL, false},
};

static int bundle(const struct cli_arguments *arguments)
{
    struct error error = ERROR_INIT;
    const char *out = cli_value(arguments, "out");
    if (!out || !out[0]) {
        fprintf(stderr,
                "denali: bundle: --out FILE is %s; expected the file to write, such as "
                "-o run.denali\n",
                out ? "empty" : "missing");
        return CLI_EXIT_BAD_INPUT;
    }
    struct emu_bundle_result result;
    if (emu_bundle(arguments->positional[0], out, &result, &error)) {
        return cli_fail(&error);
    }
    cli_torn_tell(result.torn);
    cli_torn_tell(result.figures);
    printf("bundle: %s, %" PRIu32 " files, %" PRIu64 " bytes\n", out, result.files,
           result.size_bytes);
    return CLI_EXIT_OK;
}

const struct cli_verb cli_bundle_verb = {
    .name = "bundle",
    .summary = "pack a recorded run into one file",
    .usage = "--out FILE DIR",
    .description =
        "Packs a run that was made with --record into one compressed file: scenario, "
        "images, topologies,\ndisks, recording, summary and tables. `denali verify "
        "FILE` confirms it on another machine;\nreplay, fork, diff, why and debug take "
        "it too. A recording that is torn is packed as it is, and\nthat is said. DIR is the "
        "run's directory; a bundle is not packed again.",
    .options = options,
    .examples = "  denali bundle echo-run -o echo.denali\n"
                "  denali verify echo.denali\n"
                "  denali why echo.denali --node client --frame 3\n",
    .arguments_min = 1,
    .arguments_max = 1,
    .run = bundle,
};
