/*
 * Experiments from their files to a folder of tables and a page.
 */
#include <emu/experiment.h>

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <analysis/page.h>
#include <base/alloc.h>
#include <base/locale.h>

#include "sweep.h"

#define PATH_BYTES 4096u

static enum status folder_make(const char *path, struct error *error)
{
    if (mkdir(path, 0777) == 0) {
        return STATUS_OK;
    }
    if (errno != EEXIST) {
        return error_set(error, STATUS_INVALID, path, 0, "cannot be made: %s", strerror(errno));
    }
    DIR *folder = opendir(path);
    if (!folder) {
        return error_set(error, STATUS_INVALID, path, 0, "cannot be written to: %s",
                         strerror(errno));
    }
    uint32_t entries = 0;
    while (readdir(folder)) {
        entries++;
    }
    closedir(folder);
    return entries <= 2 ? STATUS_OK
                        : error_set(error, STATUS_EXISTS, path, 0,
                                    "expected a folder that does not exist, or an empty one");
}

/* Opens a file of the folder for writing. */
static FILE *file_open(const struct emu_experiment_options *options, const char *name,
                       const char *extension, char path[PATH_BYTES], struct error *error)
{
    snprintf(path, PATH_BYTES, "%s/%s%s", options->out, name, extension);
    FILE *file = fopen(path, "w");
    if (!file) {
        error_set(error, STATUS_IO, path, 0, "cannot be written: %s", strerror(errno));
    }
    return file;
}

static enum status file_close(FILE *file, const char *path, struct error *error)
{
    bool failed = ferror(file) != 0;
    failed = fclose(file) != 0 || failed;
    return failed ? error_set(error, STATUS_IO, path, 0, "cannot be written; is the disk full?")
                  : STATUS_OK;
}

static void tell_claims(const struct sweep *sweep, struct emu_experiment_result *result)
{
    LOCALE_NEUTRAL();
    FILE *told = sweep->options->told;
    for (uint32_t i = 0; i < sweep->experiment->claim_count; i++) {
        const struct scn_claim *claim = &sweep->experiment->claims[i];
        if (!sweep_has_claim(sweep, claim)) {
            continue;
        }
        double value = sweep_claim_value(sweep, claim, SWEEP_COST_NONE, false);
        bool holds = sweep_claim_holds(claim, value);
        result->claims++;
        result->held += holds;
        if (told) {
            fprintf(told, "%-4s %-22s %12.6g  %s%s%s%s%s", holds ? "ok" : "NOT",
                    sweep->experiment->name, value, claim->name,
                    claim->at_least.text ? "; at least " : "",
                    claim->at_least.text ? claim->at_least.text : "",
                    claim->at_most.text ? "; at most " : "",
                    claim->at_most.text ? claim->at_most.text : "");
            fprintf(told, "%s%s\n", *claim->published ? "; published: " : "", claim->published);
        }
    }
}

static enum status experiment_run(const struct emu_experiment_options *options,
                                  const struct scn_experiment *experiment, FILE *page,
                                  struct emu_experiment_result *result, struct error *error)
{
    struct sweep sweep;
    char path[PATH_BYTES];
    sweep_init(&sweep, experiment, options);
    enum status status = sweep_run(&sweep, error);
    result->interrupted = options->stop && *options->stop;
    FILE *table = status ? NULL : file_open(options, experiment->name, ".csv", path, error);
    if (table) {
        sweep_table_write(&sweep, table);
        status = file_close(table, path, error);
    } else if (!status) {
        status = error->status;
    }
    if (!status && !result->interrupted) {
        tell_claims(&sweep, result);
        sweep_page_write(&sweep, page);
    }
    sweep_fini(&sweep);
    return status;
}

static void page_open(FILE *page, struct scn_experiment *const *experiments, uint32_t count,
                      bool small)
{
    static const char title[] = "Experiments";
    ana_page_begin(page, title);
    ana_page_heading(page, 1, NULL, title);
    ana_page_text(page, NULL,
                  "Each figure stands beside the published one, with where that is from. A figure "
                  "is emergent if it came about by what guests did, assumed if it is one of the "
                  "costs in other words. Every figure was measured in runs that come to the same "
                  "bits wherever they are repeated; the tables have their digests. Hollow circles "
                  "are published points.");
    if (small) {
        ana_page_text(page, "The small version.", "Few values and short runs; no sensitivities.");
    }
    for (uint32_t i = 0; i < count; i++) {
        ana_page_link(page, experiments[i]->name, experiments[i]->title);
    }
}

static enum status experiments_run(const struct emu_experiment_options *options,
                                   struct scn_experiment *const *experiments,
                                   struct emu_experiment_result *result, struct error *error)
{
    char path[PATH_BYTES];
    enum status status = folder_make(options->out, error);
    FILE *page = status ? NULL : file_open(options, "index", ".html", path, error);
    if (!page) {
        return error->status;
    }
    page_open(page, experiments, options->path_count, options->small);
    for (uint32_t i = 0; i < options->path_count && !status && !result->interrupted; i++) {
        status = experiment_run(options, experiments[i], page, result, error);
    }
    ana_page_end(page);
    struct error closing = ERROR_INIT;
    enum status closed = file_close(page, path, &closing);
    if (!status && closed) {
        *error = closing;
        status = closed;
    }
    if (!options->keep) {
        char runs[PATH_BYTES];
        snprintf(runs, sizeof runs, "%s/runs", options->out);
        (void)rmdir(runs); /* what a failed run left stays */
    }
    return status;
}

enum status emu_experiment(const struct emu_experiment_options *options,
                           struct emu_experiment_result *result, struct error *error)
{
    *result = (struct emu_experiment_result){0};
    uint32_t count = options->path_count;
    struct scn_experiment **experiments = alloc_zeroed(count + 1, sizeof(*experiments));
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < count && !status; i++) {
        status = scn_experiment_load(&experiments[i], options->paths[i], error);
        for (uint32_t k = 0; k < i && !status; k++) {
            if (strcmp(experiments[k]->name, experiments[i]->name) == 0) {
                status =
                    error_set(error, STATUS_INVALID, options->paths[i], 0,
                              "expected a name of its own; %s is called so too", options->paths[k]);
            }
        }
    }
    if (!status) {
        status = experiments_run(options, experiments, result, error);
    }
    for (uint32_t i = 0; i < count; i++) {
        scn_experiment_destroy(experiments[i]);
    }
    free(experiments);
    return status;
}
