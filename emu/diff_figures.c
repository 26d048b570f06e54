/* What two runs came to, side by side: out of their summaries. */
#include "diff_figures.h"

#include <inttypes.h>
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

static void add_metric(struct emu_text *text, const char *name,
                       const struct trace_summary_metric *a, const struct trace_summary_metric *b)
{
    static const struct trace_statistics none;
    const struct trace_statistics *x = a ? &a->statistics : &none;
    const struct trace_statistics *y = b ? &b->statistics : &none;
    emu_text_add(text, "%-28s %12" PRIu64 " %12" PRIu64 " %12.6g %12.6g %12.6g %12.6g\n", name,
                 x->count, y->count, x->mean, y->mean, x->p95, y->p95);
}

void emu_diff_figures(const char *const folders[2], struct emu_text *text)
{
    struct trace_summary_file files[2];
    bool there[2];
    for (int i = 0; i < 2; i++) {
        there[i] = trace_summary_read(folders[i], &files[i], NULL) == STATUS_OK;
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
        emu_text_add(text, "\n%-28s %12s %12s %12s %12s %12s %12s\n", "metric", "count", "", "mean",
                     "", "p95", "");
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
