/* What the verbs that run something share. */
#include "runs.h"

#include <signal.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <analysis/summary.h>

#define MIB_MAX (1u << 24)

volatile bool cli_stop;

static void on_signal(int signal_number)
{
    cli_stop = true;
    signal(signal_number, SIG_DFL);
}

void cli_stop_listen(void)
{
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
}

int cli_interrupted(void)
{
    fprintf(stderr, "denali: interrupted\n");
    return CLI_EXIT_INTERRUPTED;
}

void cli_torn_tell(const char *text)
{
    if (text[0]) {
        fprintf(stderr, "denali: %s\n", text);
    }
}

/* --- reading ---------------------------------------------------------------------------------- */

static bool mebibytes(const struct cli_arguments *arguments, const char *name, uint64_t min,
                      uint64_t *bytes)
{
    uint64_t mib = 0;
    bool good = cli_number(arguments, name, min, MIB_MAX, &mib);
    *bytes = mib << 20;
    return good;
}

bool cli_jobs(const struct cli_arguments *arguments, uint32_t *jobs)
{
    uint64_t number = 0;
    bool good = cli_number(arguments, "jobs", 1, EMU_JOBS_MAX, &number);
    *jobs = (uint32_t)number;
    return good;
}

bool cli_memory_limit(const struct cli_arguments *arguments, uint64_t *bytes)
{
    return mebibytes(arguments, "memory-limit", 4, bytes);
}

bool cli_limit_good(const struct cli_verb *verb, const struct cli_arguments *arguments,
                    const char *limit, const char *what)
{
    if (cli_value(arguments, limit) && !cli_value(arguments, what)) {
        fprintf(stderr, "denali: %s: --%s without --%s; expected both\n", verb->name, limit, what);
        return false;
    }
    return true;
}

bool cli_run_read(const struct cli_verb *verb, const struct cli_arguments *arguments,
                  struct cli_run *run)
{
    run->options = (struct emu_run_options){
        .sets = run->sets,
        .set_count = cli_values(arguments, "set", run->sets),
        .parameters = run->parameters,
        .parameter_count = cli_values(arguments, "param", run->parameters),
        .seed = cli_value(arguments, "seed"),
        .nodes = cli_value(arguments, "nodes"),
        .until = cli_value(arguments, "until"),
        .engine = cli_value(arguments, "engine"),
        .pcap = cli_value(arguments, "pcap"),
        .screenshots = run->screenshots,
        .screenshot_count = cli_values(arguments, "screenshot", run->screenshots),
        .traces = run->traces,
        .trace_count = cli_values(arguments, "trace-instructions", run->traces),
        .record = cli_flag(arguments, "record"),
        .checkpoint_every = cli_value(arguments, "checkpoint-every"),
        .from = cli_value(arguments, "from"),
        .to = cli_value(arguments, "to"),
        .console = cli_value(arguments, "console"),
        .watches = run->watches,
        .watch_count = cli_values(arguments, "watch", run->watches),
        .out = cli_value(arguments, "out"),
        .image_directory = cli_image_directory(run->images),
        .progress = cli_flag(arguments, "quiet") ? NULL : stderr,
        .stop = &cli_stop,
    };
    return cli_jobs(arguments, &run->options.jobs) &&
           mebibytes(arguments, "pcap-limit", 1, &run->options.pcap_limit_bytes) &&
           mebibytes(arguments, "trace-limit", 1, &run->options.trace_limit_bytes) &&
           cli_memory_limit(arguments, &run->options.memory_limit_bytes) &&
           cli_limit_good(verb, arguments, "pcap-limit", "pcap") &&
           cli_limit_good(verb, arguments, "trace-limit", "trace-instructions");
}

/* --- ending ----------------------------------------------------------------------------------- */

static int failed(const struct emu_run_options *options, const struct emu_run_result *result,
                  const char *kind, struct error *error)
{
    if (options->scenario_path && strcmp(error->file, options->scenario_path) == 0) {
        cli_hidden_tell(options->scenario_path, false, error);
    }
    int code = cli_fail(error);
    if (result->path[0]) {
        fprintf(stderr, "denali: what there is of the %s is in %s, marked INCOMPLETE\n", kind,
                result->path);
    }
    return code;
}

static int print_summary(const struct emu_run_result *result)
{
    struct trace_summary_file file;
    struct error error = ERROR_INIT;
    if (trace_summary_read(result->path, &file, &error)) {
        return cli_fail(&error);
    }
    ana_summary_print(&file.summary, result->nodes_up, result->nodes_queued, stdout);
    trace_summary_file_fini(&file);
    if (result->actions_undone) {
        printf("\n  %" PRIu64 " of %" PRIu64
               " actions of the schedule were not done: events.log says which, and why\n",
               result->actions_undone, result->actions);
    }
    printf("\n");
    return CLI_EXIT_OK;
}

/* One line, on stderr, where nothing else is said. */
static int tell_unmet(const struct emu_run_result *result)
{
    struct trace_summary_file file;
    struct error error = ERROR_INIT;
    if (trace_summary_read(result->path, &file, &error)) {
        return cli_fail(&error);
    }
    const char *before = "denali: expectations that do not hold: ";
    for (uint32_t i = 0; i < file.summary.assertion_count; i++) {
        const struct trace_summary_assertion *assertion = &file.summary.assertions[i];
        if (!assertion->passed) {
            fprintf(stderr, "%s%s (%s)", before, assertion->name, assertion->detail);
            before = ", ";
        }
    }
    fputs("\n", stderr);
    trace_summary_file_fini(&file);
    return CLI_EXIT_UNMET;
}

int cli_run_all(const struct cli_arguments *arguments, const struct emu_run_options *options)
{
    struct emu_run_result result;
    struct error error = ERROR_INIT;
    bool quiet = cli_flag(arguments, "quiet");
    bool judged = !options->replay || options->fork_at;
    const char *kind = judged ? "run" : "replay";
    cli_stop_listen();
    enum status status = emu_run(options, &result, &error);
    cli_torn_tell(result.torn);
    cli_torn_tell(result.damaged);
    if (status) {
        return failed(options, &result, kind, &error);
    }
    if (result.interrupted) {
        fprintf(stderr, "denali: interrupted; what there is of the %s is in %s\n", kind,
                result.path);
        return CLI_EXIT_INTERRUPTED;
    }
    if (result.trace_empty) {
        fprintf(stderr, "denali: --trace-instructions %s: nothing was executed then\n",
                result.trace_empty);
    }
    int code = judged && !quiet ? print_summary(&result) : CLI_EXIT_OK;
    if (!code && !quiet) {
        printf("run directory: %s\n", result.path);
    }
    if (code || !judged || result.expectations_met) {
        return code;
    }
    return quiet ? tell_unmet(&result) : CLI_EXIT_UNMET;
}
