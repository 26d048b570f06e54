/* What two runs came to, side by side: out of their summaries. */
#include "diff_figures.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <traces/summary.h>

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

#define FIGURE_BYTES 32u

/* Nothing is said of what was never observed. */
static void write_figure(char text[FIGURE_BYTES], const struct trace_statistics *statistics,
                         double value)
{
    snprintf(text, FIGURE_BYTES, statistics->count ? "%.6g" : "-", value);
}

static void add_metric(struct emu_text *text, const char *name,
                       const struct trace_summary_metric *a, const struct trace_summary_metric *b)
{
    static const struct trace_statistics none;
    const struct trace_statistics *x = a ? &a->statistics : &none;
    const struct trace_statistics *y = b ? &b->statistics : &none;
    char figures[4][FIGURE_BYTES];
    write_figure(figures[0], x, x->mean);
    write_figure(figures[1], y, y->mean);
    write_figure(figures[2], x, x->p95);
    write_figure(figures[3], y, y->p95);
    emu_text_add(text, "%-28s %12" PRIu64 " %12" PRIu64 " %12s %12s %12s %12s\n", name, x->count,
                 y->count, figures[0], figures[1], figures[2], figures[3]);
}

void emu_diff_figures(const struct emu_run_folder *const folders[2], struct emu_text *text)
{
    struct trace_summary_file files[2];
    bool there[2];
    for (int i = 0; i < 2; i++) {
        struct error error = ERROR_INIT;
        there[i] = trace_summary_read(folders[i]->path, &files[i], &error) == STATUS_OK;
        if (!there[i]) {
            emu_run_folder_rename(folders[i], error.file, sizeof error.file);
            emu_text_add(text, "no figures: %s: %s\n", error.file, error.message);
        }
    }
    if (there[0] && there[1]) {
        const struct trace_summary *a = &files[0].summary;
        const struct trace_summary *b = &files[1].summary;
        emu_text_add(text, "%-28s %12s %12s\n", "", "first", "second");
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
            emu_text_add(text, "%-28s %12" PRIu64 " %12" PRIu64 "\n", figures[i].name, figures[i].a,
                         figures[i].b);
        }
        emu_text_add(text, "\n%-28s %12s %12s %12s %12s %12s %12s\n", "metric", "count", "count",
                     "mean", "mean", "p95", "p95");
        emu_text_add(text, "%-28s %12s %12s %12s %12s %12s %12s\n", "", "first", "second", "first",
                     "second", "first", "second");
        for (uint32_t i = 0; i < a->metric_count; i++) {
            add_metric(text, a->metrics[i].name, &a->metrics[i],
                       metric_find(b, a->metrics[i].name));
        }
        for (uint32_t i = 0; i < b->metric_count; i++) {
            if (!metric_find(a, b->metrics[i].name)) {
                add_metric(text, b->metrics[i].name, NULL, &b->metrics[i]);
            }
        }
    }
    trace_summary_file_fini(&files[0]);
    trace_summary_file_fini(&files[1]);
}
