/* The summary of a run as aligned text. */
#include <analysis/summary.h>

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include <base/locale.h>
#include <base/time.h>

#define LABEL_WIDTH  14
#define NUMBER_WIDTH 11
#define NAME_WIDTH   20

/* Digits in groups of three, as people read them. */
static const char *grouped(uint64_t value, char text[32])
{
    char digits[24];
    int count = snprintf(digits, sizeof digits, "%" PRIu64, value);
    int used = 0;
    for (int i = 0; i < count; i++) {
        if (i > 0 && (count - i) % 3 == 0) {
            text[used++] = ',';
        }
        text[used++] = digits[i];
    }
    text[used] = '\0';
    return text;
}

/* At most NUMBER_WIDTH characters, with the digits that matter. */
static void number_print(FILE *stream, double value)
{
    char text[40];
    double size = fabs(value);
    if (value == floor(value) && size < 1e9) {
        snprintf(text, sizeof text, "%.0f", value);
    } else if (size >= 0.001 && size < 1e7) {
        snprintf(text, sizeof text, "%.*f", size < 1 ? 5 : size < 1000 ? 3 : 1, value);
    } else {
        snprintf(text, sizeof text, "%.4g", value);
    }
    fprintf(stream, " %*s", NUMBER_WIDTH, text);
}

static void label_print(FILE *stream, const char *label)
{
    fprintf(stream, "  %-*s", LABEL_WIDTH, label);
}

static double seconds(uint64_t time_ns)
{
    return (double)time_ns / (double)TIME_NS_PER_S;
}

static void time_print(const struct trace_summary *summary, FILE *stream)
{
    label_print(stream, "time");
    fprintf(stream, "%.3f s virtual in %.3f s", seconds(summary->virtual_ns),
            seconds(summary->wall_ns));
    if (summary->wall_ns > 0) {
        fprintf(stream, " (%.3gx real time)",
                (double)summary->virtual_ns / (double)summary->wall_ns);
    }
    fputc('\n', stream);
}

static void work_print(const struct trace_summary *summary, FILE *stream)
{
    char text[32];
    double wall_s = seconds(summary->wall_ns);

    label_print(stream, "instructions");
    fprintf(stream, "%s", grouped(summary->instructions, text));
    if (wall_s > 0) {
        fprintf(stream, " (%.1f MIPS)", (double)summary->instructions / wall_s / 1e6);
    }
    fputc('\n', stream);
    label_print(stream, "frames");
    fprintf(stream, "%s sent, ", grouped(summary->frames_sent, text));
    fprintf(stream, "%s delivered, ", grouped(summary->frames_delivered, text));
    fprintf(stream, "%s dropped", grouped(summary->frames_dropped, text));
    if (wall_s > 0) {
        fprintf(stream, " (%.0f frames/s)", (double)summary->frames_sent / wall_s);
    }
    fputc('\n', stream);
    label_print(stream, "memory");
    fprintf(stream, "%.1f MiB at most\n", (double)summary->peak_rss_bytes / (1 << 20));
}

static void metrics_print(const struct trace_summary *summary, FILE *stream)
{
    static const char *const titles[] = {"count", "mean", "min", "p50", "p90", "p99", "max"};
    int name_width = NAME_WIDTH;
    char text[32];

    if (summary->metric_count == 0) {
        return;
    }
    for (uint32_t i = 0; i < summary->metric_count; i++) {
        int length = (int)strlen(summary->metrics[i].name);
        name_width = length > name_width ? length : name_width;
    }
    fprintf(stream, "\n  %-*s", name_width, "metric");
    for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++) {
        fprintf(stream, " %*s", NUMBER_WIDTH, titles[i]);
    }
    fputc('\n', stream);
    for (uint32_t i = 0; i < summary->metric_count; i++) {
        const struct trace_statistics *s = &summary->metrics[i].statistics;
        const double values[] = {s->mean, s->min, s->p50, s->p90, s->p99, s->max};
        fprintf(stream, "  %-*s %*s", name_width, summary->metrics[i].name, NUMBER_WIDTH,
                grouped(s->count, text));
        for (size_t j = 0; j < sizeof values / sizeof values[0] && s->count > 0; j++) {
            number_print(stream, values[j]);
        }
        fputc('\n', stream);
    }
}

static void faults_print(const struct trace_summary *summary, FILE *stream)
{
    char text[32];
    label_print(stream, "faults");
    if (summary->fault_count == 0) {
        fputs("none", stream);
    }
    for (uint32_t i = 0; i < summary->fault_count; i++) {
        fprintf(stream, "%s%s %s", i ? ", " : "", grouped(summary->faults[i].count, text),
                summary->faults[i].kind);
    }
    fputs(summary->fault_count ? " (events.log says where)" : "", stream);
    fputc('\n', stream);
}

static void assertions_print(const struct trace_summary *summary, FILE *stream)
{
    uint32_t passed = 0;
    if (summary->assertion_count == 0) {
        return;
    }
    fputc('\n', stream);
    for (uint32_t i = 0; i < summary->assertion_count; i++) {
        const struct trace_summary_assertion *assertion = &summary->assertions[i];
        fprintf(stream, "  %s  %s (%s)\n", assertion->passed ? "pass" : "FAIL", assertion->name,
                assertion->detail);
        passed += assertion->passed;
    }
    fprintf(stream, "  %" PRIu32 " of %" PRIu32 " expectations hold\n", passed,
            summary->assertion_count);
}

static void fork_print(const struct trace_summary_fork *fork, FILE *stream)
{
    label_print(stream, "fork");
    fprintf(stream, "of %s at %.9g s", fork->of, seconds(fork->at_ns));
    for (uint32_t i = 0; i < fork->change_count; i++) {
        fprintf(stream, "%s%s", i ? ", " : ": ", fork->changes[i]);
    }
    fputc('\n', stream);
}

void ana_summary_print(const struct trace_summary *summary, uint32_t nodes_up,
                       uint32_t nodes_queued, FILE *stream)
{
    LOCALE_NEUTRAL();
    char text[32];

    fprintf(stream, "%s, seed %" PRIu64 ", engine %s, %" PRIu32 " job%s\n", summary->scenario,
            summary->seed, summary->engine, summary->jobs, summary->jobs == 1 ? "" : "s");
    if (summary->fork) {
        fork_print(summary->fork, stream);
    }
    label_print(stream, "nodes");
    fprintf(stream, "%s", grouped(summary->nodes, text));
    if (nodes_up != UINT32_MAX) {
        fprintf(stream, ", %s up at the end", grouped(nodes_up, text));
    }
    if (nodes_queued) {
        fprintf(stream, ", %s still queued for their host's memory", grouped(nodes_queued, text));
    }
    fputc('\n', stream);
    time_print(summary, stream);
    work_print(summary, stream);
    faults_print(summary, stream);
    label_print(stream, "digest");
    fprintf(stream, "%016" PRIx64 "\n", summary->digest);
    metrics_print(summary, stream);
    assertions_print(summary, stream);
}

enum status ana_summary_print_run(const char *directory, FILE *stream, struct error *error)
{
    struct trace_summary_file file;
    enum status status = trace_summary_read(directory, &file, error);
    if (status == STATUS_OK) {
        ana_summary_print(&file.summary, UINT32_MAX, 0, stream);
    }
    trace_summary_file_fini(&file);
    return status;
}
