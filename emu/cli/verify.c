/* `denali verify`: a recorded run, run again and compared. */
#include <emu/verify.h>

#include <inttypes.h>
#include <stdio.h>

#include "runs.h"

static const struct cli_option options[] = {
    {"engine", "ENGINE", "what executes guests, whatever recorded; `denali list engines`", false},
    {"jobs", "N", "host threads (default: one per processor); stretches side by side", false},
    {"from", "TIME", "only from the checkpoint at or before, e.g. 20, 20s, 20500ms", false},
    {"quick", NULL, "only look whether the files are as they were written", false},
    {"quiet", NULL, "no progress; only what was found", false},
    {"memory-limit", "MIB", "host memory for the guests of a thread, in MiB", false},
    {NULL, NULL, NULL, false},
};

static int tell(const struct emu_verify_result *result, bool quick)
{
    double from_s = (double)result->from_ns / 1e9;
    double to_s = (double)result->to_ns / 1e9;
    char good[64] = "verified";
    if (quick) {
        snprintf(good, sizeof good, "as it was written");
    } else if (result->from_ns) {
        snprintf(good, sizeof good, "verified from %.3f s", from_s);
    }
    const char *plural = result->checkpoints == 1 ? "" : "s";
    switch (result->outcome) {
    case EMU_VERIFY_SAME:
        if (quick) {
            printf("as it was written: %.3f s of virtual time, %" PRIu32 " checkpoint%s\n", to_s,
                   result->checkpoints, plural);
        } else {
            printf("the same: virtual time %.3f s to %.3f s, %" PRIu32 " checkpoint%s", from_s,
                   to_s, result->checkpoints, plural);
            if (result->digest) {
                printf(", digest %016" PRIx64, result->digest);
            }
            printf(result->by_digests ? " (by digests of nodes alone: its saved states are of "
                                        "another version)\n"
                                      : "\n");
        }
        return CLI_EXIT_OK;
    case EMU_VERIFY_DIFFERENT:
        printf("different: %s", result->text);
        return CLI_EXIT_UNMET;
    case EMU_VERIFY_TORN:
        printf("%s up to virtual time %.3f s; then the recording is torn: %s", good, to_s,
               result->text);
        return CLI_EXIT_TORN;
    case EMU_VERIFY_DAMAGED:
        printf("%s up to virtual time %.3f s; then the recording is damaged: %s", good, to_s,
               result->text);
        return CLI_EXIT_BAD_INPUT;
    case EMU_VERIFY_INTERRUPTED:
        break;
    }
    return cli_interrupted();
}

static int verify(const struct cli_arguments *arguments)
{
    struct error error = ERROR_INIT;
    struct emu_verify_options verify_options = {
        .path = arguments->positional[0],
        .from = cli_value(arguments, "from"),
        .quick = cli_flag(arguments, "quick"),
        .progress = cli_flag(arguments, "quiet") ? NULL : stderr,
        .stop = &cli_stop,
    };
    if (!cli_jobs(arguments, &verify_options.jobs) ||
        !cli_memory_limit(arguments, &verify_options.memory_limit_bytes)) {
        return CLI_EXIT_BAD_INPUT;
    }
    const char *engine = cli_value(arguments, "engine");
    if (engine && vcpu_engine_choose("--engine", engine, &verify_options.engine, &error)) {
        return cli_fail(&error);
    }
    cli_stop_listen();
    struct emu_verify_result result;
    if (emu_verify(&verify_options, &result, &error)) {
        return cli_fail(&error);
    }
    return tell(&result, verify_options.quick);
}

const struct cli_verb cli_verify_verb = {
    .name = "verify",
    .summary = "run a recorded run again and compare",
    .usage = "[OPTIONS] DIR|FILE",
    .description =
        "Runs a run that was made with --record again, from its directory or a bundle alone, and\n"
        "compares it with its recording all the way (docs/trace.md). Says that it is the same; or "
        "names\nthe first difference, to the instruction where the engine that recorded is another "
        "than --engine;\nor says up to which virtual time a torn or damaged recording was "
        "verified. Exit code 0: the same;\n1: different, or a file of it is changed or gone; 2: "
        "damaged; 5: torn.",
    .options = options,
    .examples = "  denali verify echo-run  # of denali run echo.yaml --record --out echo-run\n"
                "  denali verify echo-run --engine interpreter --jobs 4\n"
                "  denali verify echo-run --from 5s\n"
                "  denali verify echo-run --quick\n"
                "  denali bundle echo-run --out echo.denali\n"
                "  denali verify echo.denali\n",
    .arguments_min = 1,
    .arguments_max = 1,
    .run = verify,
};
