/* `denali diff`: two recorded runs side by side. */
#include <emu/diff.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <traces/summary.h>

#include "runs.h"

static const struct cli_option options[] = {
    {"memory-limit", "MIB", "host memory for the guests of each of both, in MiB", false},
    {NULL, NULL, NULL, false},
};

static const struct trace_summary_metric *metric_find(const struct trace_summary *summary,
                                                      const char *name)
{
    for (uint32_t i = 0; i < summary->metric_count; i++) {
        if (strcmp(summary->metrics[i].name, name) == 0) {
            return &summary->metrics[i];
        }
    }
    return NULL;
}

static void print_metric(const char *name, const struct trace_summary_metric *a,
                         const struct trace_summary_metric *b)
{
    static const struct trace_statistics none;
    const struct trace_statistics *x = a ? &a->statistics : &none;
    const struct trace_statistics *y = b ? &b->statistics : &none;
    printf("%-28s %12" PRIu64 " %12" PRIu64 " %12.6g %12.6g %12.6g %12.6g\n", name, x->count,
           y->count, x->mean, y->mean, x->p95, y->p95);
}

/* Figures of both runs; a run that did not end has none. */
static void print_figures(const char *const paths[2])
{
    struct trace_summary_file files[2];
    bool there[2];
    for (int i = 0; i < 2; i++) {
        there[i] = trace_summary_read(paths[i], &files[i], NULL) == STATUS_OK;
    }
    if (there[0] && there[1]) {
        const struct trace_summary *a = &files[0].summary;
        const struct trace_summary *b = &files[1].summary;
        printf("\n%-28s %12s %12s\n", "", "first", "second");
        const struct {
            const char *name;
            uint64_t a;
            uint64_t b;
        } figures[] = {
            {"instructions", a->instructions, b->instructions},
            {"frames sent", a->frames_sent, b->frames_sent},
            {"frames delivered", a->frames_delivered, b->frames_delivered},
            {"frames dropped", a->frames_dropped, b->frames_dropped},
        };
        for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
            printf("%-28s %12" PRIu64 " %12" PRIu64 "\n", figures[i].name, figures[i].a,
                   figures[i].b);
        }
        printf("\n%-28s %12s %12s %12s %12s %12s %12s\n", "metric", "count", "", "mean", "", "p95",
               "");
        for (uint32_t i = 0; i < a->metric_count; i++) {
            print_metric(a->metrics[i].name, &a->metrics[i], metric_find(b, a->metrics[i].name));
        }
        for (uint32_t i = 0; i < b->metric_count; i++) {
            if (!metric_find(a, b->metrics[i].name)) {
                print_metric(b->metrics[i].name, NULL, &b->metrics[i]);
            }
        }
    }
    trace_summary_file_fini(&files[0]);
    trace_summary_file_fini(&files[1]);
}

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
    if (emu_diff(&diff_options, &result, &error)) {
        return cli_fail(&error);
    }
    if (result.same) {
        printf("the same as far as both are recorded, up to virtual time %.3f s\n",
               (double)result.to_ns / 1e9);
    } else {
        printf("different: %s", result.text);
    }
    print_figures(diff_options.paths);
    return result.same ? CLI_EXIT_OK : CLI_EXIT_UNMET;
}

const struct cli_verb cli_diff_verb = {
    .name = "diff",
    .summary = "find where two recorded runs part",
    .usage = "[OPTIONS] DIR1 DIR2",
    .description =
        "Compares two runs that were made with --record: the first difference, found by running "
        "both from the\nlast moment at which they agree, to the node, the virtual time and the "
        "instruction; then their\nfigures side by side. Exit code 0: they are the same as far as "
        "both are recorded; 1: they are\nnot.",
    .options = options,
    .examples = "  denali diff runs/echo-1-1 runs/echo-fork-1-1\n",
    .arguments_min = 2,
    .arguments_max = 2,
    .run = diff,
};
