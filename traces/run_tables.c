/*
 * The line-by-line files of a run directory: events.log, metrics.csv, pages.csv, nodes.csv
 * and hosts.csv.
 *
 * A field of a table is checked before it is written: names come from scenarios and guests, and a
 * comma or a newline in one would move every column after it.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include <base/assert.h>
#include <base/locale.h>
#include <base/time.h>

#include "run.h"

static bool name_byte_valid(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '.' || byte == '_' || byte == '-';
}

static bool name_valid(const char *name, size_t length_max)
{
    size_t length = 0;
    for (; name[length]; length++) {
        if (length == length_max || !name_byte_valid(name[length])) {
            return false;
        }
    }
    return length > 0;
}

bool trace_node_name_valid(const char *node)
{
    return name_valid(node, RUN_NAME_MAX) && node[0] != '.';
}

bool run_metric_name_valid(const char *name)
{
    return name_valid(name, RUN_METRIC_NAME_MAX);
}

bool run_word_valid(const char *word)
{
    for (size_t i = 0; word[i]; i++) {
        if (word[i] <= ' ' || word[i] > '~' || word[i] == ',' || word[i] == '"') {
            return false;
        }
    }
    return word[0] != '\0';
}

static enum status word_check(struct trace_run *run, const struct run_stream *stream, bool valid,
                              struct error *error)
{
    return valid ? STATUS_OK
                 : run_fail(run, error, STATUS_INVALID, stream->path, 0,
                            "a name is not fit to be a field of this file");
}

/* A full buffer is written in the middle of a line; whether that went well is seen here. */
static enum status stream_check(struct trace_run *run, struct run_stream *stream, int printed,
                                struct error *error)
{
    if (printed < 0 || ferror(stream->file)) {
        return run_fail(run, error, STATUS_IO, stream->path, errno, "cannot be written");
    }
    return STATUS_OK;
}

enum status trace_run_event_write(struct trace_run *run, uint64_t time_ns, const char *node,
                                  const char *kind, const char *text, struct error *error)
{
    FILE *file = run->events.file;
    enum status status = run_check(run, error);
    if (status == STATUS_OK) {
        status = word_check(run, &run->events,
                            (!node || trace_node_name_valid(node)) && run_word_valid(kind), error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    errno = 0;
    int printed = fprintf(file, "%llu.%09llu %s %s%s", time_ns / TIME_NS_PER_S,
                          time_ns % TIME_NS_PER_S, node ? node : "-", kind, *text ? " " : "");
    for (const char *next = text; *next && printed >= 0; next++) {
        unsigned char byte = (unsigned char)*next;
        printed = byte < ' ' || byte == 0x7f ? fprintf(file, "\\x%02x", byte) : fputc(byte, file);
    }
    if (printed >= 0) {
        printed = fputc('\n', file);
    }
    return stream_check(run, &run->events, printed, error);
}

enum status trace_run_observation_write(struct trace_run *run, uint64_t time_ns, const char *node,
                                        enum trace_observation_kind kind, const char *name,
                                        double value, struct error *error)
{
    enum status status = run_check(run, error);
    if (status == STATUS_OK) {
        status = word_check(
            run, &run->metrics,
            trace_node_name_valid(node) && run_metric_name_valid(name) && isfinite(value), error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    ASSERT(kind == TRACE_MEASUREMENT || kind == TRACE_MILESTONE);
    LOCALE_NEUTRAL();
    errno = 0;
    int printed = fprintf(run->metrics.file, "%" PRIu64 ",%s,%s,%s,%.17g\n", time_ns, node,
                          kind == TRACE_MILESTONE ? "milestone" : "measurement", name, value);
    return stream_check(run, &run->metrics, printed, error);
}

enum status trace_run_page_write(struct trace_run *run, uint64_t time_ns, const char *node,
                                 uint32_t page, bool write, const char *outcome,
                                 struct error *error)
{
    enum status status = run_check(run, error);
    bool first = status == STATUS_OK && !run->pages.file;
    if (first) {
        status = run_stream_open(run, &run->pages, "pages.csv", error);
    }
    if (status == STATUS_OK) {
        status = word_check(run, &run->pages,
                            trace_node_name_valid(node) && run_word_valid(outcome), error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    errno = 0;
    int printed = first ? fputs("time_ns,node,page,write,outcome\n", run->pages.file) : 0;
    if (printed >= 0) {
        printed = fprintf(run->pages.file, "%" PRIu64 ",%s,%" PRIu32 ",%d,%s\n", time_ns, node,
                          page, write, outcome);
    }
    return stream_check(run, &run->pages, printed, error);
}

#define CARD_COLUMNS "card_frames,card_bytes,card_ns"
#define PAGING_COLUMNS                                                                             \
    "page_faults,pages_filled,pages_copied,page_ins,page_outs,pages_resident,"                     \
    "pages_resident_max,page_wait_ns,disk_operations,disk_wait_ns,disk_busy_ns"

static int paging_print(FILE *file, const struct trace_paging_account *paging)
{
    const uint64_t figures[] = {
        paging->page_faults,        paging->pages_filled, paging->pages_copied,
        paging->page_ins,           paging->page_outs,    paging->pages_resident,
        paging->pages_resident_max, paging->page_wait_ns, paging->disk_operations,
        paging->disk_wait_ns,       paging->disk_busy_ns};
    int printed = 0;
    for (size_t i = 0; i < sizeof figures / sizeof figures[0] && printed >= 0; i++) {
        printed = fprintf(file, ",%" PRIu64, figures[i]);
    }
    return printed;
}

enum status trace_run_nodes_begin(struct trace_run *run, const char *const *causes,
                                  uint32_t cause_count, struct error *error)
{
    enum status status = run_check(run, error);
    ASSERT(!run->nodes.file);
    if (status == STATUS_OK) {
        status = run_stream_open(run, &run->nodes, "nodes.csv", error);
    }
    for (uint32_t i = 0; i < cause_count && status == STATUS_OK; i++) {
        status = word_check(run, &run->nodes, run_word_valid(causes[i]), error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    run->cause_count = cause_count;
    errno = 0;
    FILE *file = run->nodes.file;
    int printed = fputs("node,group,index,state,exit_code,fault,fault_eip,fault_address,"
                        "instructions,cycles,wakeups,interrupts_raised,interrupts_delivered,"
                        "frames_sent,bytes_sent,frames_received,bytes_received",
                        file);
    for (uint32_t i = 0; i < cause_count && printed >= 0; i++) {
        printed = fprintf(file, ",drop_%s", causes[i]);
    }
    if (printed >= 0) {
        printed = fputs(",disk_reads,disk_writes,disk_blocks_private,pages_private,"
                        "pages_private_max,console_bytes,observations,keys_dropped,"
                        "host,guest_ns,kernel_ns,waited_ns,dispatches,switches,crossings,"
                        "port_accesses," CARD_COLUMNS "," PAGING_COLUMNS ",faults,digest\n",
                        file);
    }
    return stream_check(run, &run->nodes, printed, error);
}

/* exit_code and fault columns are empty where they would say nothing. */
static int outcome_print(FILE *file, const struct trace_node_account *account)
{
    int printed = fprintf(file, "%s,%s,%" PRIu32 ",%s,", account->node, account->group,
                          account->index, account->state);
    if (printed >= 0 && account->exited) {
        printed = fprintf(file, "%" PRIu32, account->exit_code);
    }
    if (printed < 0) {
        return printed;
    }
    return account->fault ? fprintf(file, ",%s,0x%08" PRIx32 ",0x%08" PRIx32, account->fault,
                                    account->fault_eip, account->fault_address)
                          : fprintf(file, ",,,");
}

enum status trace_run_node_write(struct trace_run *run, const struct trace_node_account *account,
                                 struct error *error)
{
    enum status status = run_check(run, error);
    if (status == STATUS_OK) {
        ASSERT(run->nodes.file);
        status = word_check(run, &run->nodes,
                            trace_node_name_valid(account->node) &&
                                run_word_valid(account->group) && run_word_valid(account->state) &&
                                (!account->host || run_word_valid(account->host)) &&
                                (!account->fault || run_word_valid(account->fault)),
                            error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    FILE *file = run->nodes.file;
    const uint64_t before[] = {account->instructions,
                               account->cycles,
                               account->wakeups,
                               account->interrupts_raised,
                               account->interrupts_delivered,
                               account->frames_sent,
                               account->bytes_sent,
                               account->frames_received,
                               account->bytes_received};
    const uint64_t after[] = {account->disk_reads,          account->disk_writes,
                              account->disk_blocks_private, account->pages_private,
                              account->pages_private_max,   account->console_bytes,
                              account->observations,        account->keys_dropped};
    const uint64_t on_host[] = {account->guest_ns,      account->kernel_ns,   account->waited_ns,
                                account->dispatches,    account->switches,    account->crossings,
                                account->port_accesses, account->card_frames, account->card_bytes,
                                account->card_ns};
    errno = 0;
    int printed = outcome_print(file, account);
    for (size_t i = 0; i < sizeof before / sizeof before[0] && printed >= 0; i++) {
        printed = fprintf(file, ",%" PRIu64, before[i]);
    }
    for (uint32_t i = 0; i < run->cause_count && printed >= 0; i++) {
        printed = fprintf(file, ",%" PRIu64, account->drops[i]);
    }
    for (size_t i = 0; i < sizeof after / sizeof after[0] && printed >= 0; i++) {
        printed = fprintf(file, ",%" PRIu64, after[i]);
    }
    if (printed >= 0) {
        printed = fprintf(file, ",%s", account->host ? account->host : "");
    }
    for (size_t i = 0; i < sizeof on_host / sizeof on_host[0] && printed >= 0; i++) {
        printed = fprintf(file, ",%" PRIu64, on_host[i]);
    }
    if (printed >= 0) {
        printed = paging_print(file, &account->paging);
    }
    if (printed >= 0) {
        printed = fprintf(file, ",%" PRIu64 ",%016" PRIx64 "\n", account->faults, account->digest);
    }
    return stream_check(run, &run->nodes, printed, error);
}

enum status trace_run_hosts_begin(struct trace_run *run, struct error *error)
{
    enum status status = run_check(run, error);
    ASSERT(!run->hosts.file);
    if (status == STATUS_OK) {
        status = run_stream_open(run, &run->hosts, "hosts.csv", error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    errno = 0;
    int printed = fputs(
        "host,index,nodes,queued,processors,total_ns,guest_ns,kernel_ns,idle_ns,"
        "dispatches,switches,crossings,port_accesses,memory_bytes,committed_bytes," CARD_COLUMNS
        "," PAGING_COLUMNS ",swapped_out,swapped_out_bytes,snapshots,snapshots_bytes\n",
        run->hosts.file);
    return stream_check(run, &run->hosts, printed, error);
}

enum status trace_run_host_write(struct trace_run *run, const struct trace_host_account *account,
                                 struct error *error)
{
    enum status status = run_check(run, error);
    if (status == STATUS_OK) {
        ASSERT(run->hosts.file);
        status = word_check(run, &run->hosts, run_word_valid(account->host), error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    const uint64_t figures[] = {
        account->index,        account->nodes,           account->queued,
        account->processors,   account->total_ns,        account->guest_ns,
        account->kernel_ns,    account->idle_ns,         account->dispatches,
        account->switches,     account->crossings,       account->port_accesses,
        account->memory_bytes, account->committed_bytes, account->card_frames,
        account->card_bytes,   account->card_ns};
    errno = 0;
    int printed = fprintf(run->hosts.file, "%s", account->host);
    for (size_t i = 0; i < sizeof figures / sizeof figures[0] && printed >= 0; i++) {
        printed = fprintf(run->hosts.file, ",%" PRIu64, figures[i]);
    }
    if (printed >= 0) {
        printed = paging_print(run->hosts.file, &account->paging);
    }
    if (printed >= 0) {
        printed = fprintf(run->hosts.file, ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 "\n",
                          account->swapped_out, account->swapped_out_bytes, account->snapshots,
                          account->snapshots_bytes);
    }
    return stream_check(run, &run->hosts, printed, error);
}
