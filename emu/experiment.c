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
#include <emu/run.h>
#include <vcpu/engine.h>

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
        enum sweep_agreement agreement = sweep_claim_agrees(claim, value);
        result->claims++;
        result->held += holds;
        result->compared += agreement != SWEEP_NOT_COMPARED;
        result->agreed += agreement == SWEEP_AGREES;
        if (told) {
            char figure[32] = "not observed";
            if (!isnan(value)) {
                snprintf(figure, sizeof figure, "%.6g", value);
            }
            fprintf(told, "%-4s %-22s %12s  %s%s%s%s%s", holds ? "ok" : "NOT",
                    sweep->experiment->name, figure, claim->name,
                    claim->at_least.text ? "; at least " : "",
                    claim->at_least.text ? claim->at_least.text : "",
                    claim->at_most.text ? "; at most " : "",
                    claim->at_most.text ? claim->at_most.text : "");
            fprintf(told, "%s%s\n", *claim->published ? "; published: " : "", claim->published);
        }
    }
}

/* --- The page ------------------------------------------------------------------------------- */

/* What there is to be on the page, while it is not known yet how all of it comes out. */
struct sections {
    FILE *stream; /* of text */
    char *text;
    size_t size_bytes;
    uint32_t count; /* of the experiments the first so many are in it */
};

static enum status experiment_run(const struct emu_experiment_options *options,
                                  const struct scn_experiment *experiment,
                                  struct sections *sections, struct emu_experiment_result *result,
                                  struct error *error)
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
        sweep_page_write(&sweep, sections->stream);
        sections->count++;
    }
    sweep_fini(&sweep);
    return status;
}

static void write_head(FILE *page, const struct emu_experiment_options *options,
                       struct scn_experiment *const *experiments, uint32_t done,
                       const struct emu_experiment_result *result)
{
    static const char title[] = "Experiments";
    char text[256];
    ana_page_begin(page, title);
    ana_page_heading(page, 1, NULL, title);
    if (done < options->path_count) {
        snprintf(text, sizeof text, "The runs ended early: %u of %u experiments are here.", done,
                 options->path_count);
        ana_page_text(page, "Incomplete.", text);
    }
    snprintf(text, sizeof text,
             "%u of %u claims hold. Beside %u figures there is a published one that can be "
             "compared: %u agree with it, %u differ. Made by denali %s.",
             result->held, result->claims, result->compared, result->agreed,
             result->compared - result->agreed, emu_version());
    ana_page_text(page, NULL, text);
    ana_page_text(page, NULL,
                  "Each figure stands beside the published one, with where that is from. A figure "
                  "is emergent if it came about by what guests did, assumed if it is one of the "
                  "costs in other words. Every figure was measured in runs that come to the same "
                  "bits wherever they are repeated; the tables have their digests. Hollow circles "
                  "are published points.");
    ana_page_text(page, "Agrees, and holds.",
                  "A figure agrees or differs where what was published is a number, or a range, "
                  "that it can be compared with; else that is empty. What is claimed here are the "
                  "bounds that this project holds its own figure to, and it holds if the figure "
                  "is within them: a figure may differ from the published one and hold, and then "
                  "the full version says why.");
    if (options->small) {
        ana_page_text(page, "The small version.",
                      "Few values and short runs, so other figures than the full version's; no "
                      "sensitivities, and nothing of what agrees, what does not, and why.");
    }
    for (uint32_t i = 0; i < done; i++) {
        ana_page_link(page, experiments[i]->name, experiments[i]->title);
    }
}

/* Nothing if no experiment was done. */
static enum status page_write(const struct emu_experiment_options *options,
                              struct scn_experiment *const *experiments,
                              const struct sections *sections,
                              const struct emu_experiment_result *result, struct error *error)
{
    char path[PATH_BYTES];
    FILE *page = sections->count ? file_open(options, "index", ".html", path, error) : NULL;
    if (!page) {
        return sections->count ? error->status : STATUS_OK;
    }
    write_head(page, options, experiments, sections->count, result);
    fwrite(sections->text, 1, sections->size_bytes, page);
    ana_page_end(page);
    return file_close(page, path, error);
}

/* --- All of it ------------------------------------------------------------------------------ */

/* Whether the runs can begin, of the full version too: that its costs are there is not to be found
 * out after its first runs. */
static enum status experiments_check(const struct emu_experiment_options *options,
                                     struct scn_experiment *const *experiments, struct error *error)
{
    enum status status = STATUS_OK;
    if (options->engine && !vcpu_engine_find(options->engine)) {
        return error_set(error, STATUS_INVALID, NULL, 0,
                         "no engine is called '%s'; see `denali list engines`", options->engine);
    }
    for (uint32_t i = 0; i < options->path_count; i++) {
        for (int small = 0; small <= options->small && !status; small++) {
            struct emu_experiment_options version = *options;
            struct sweep sweep;
            version.small = small;
            sweep_init(&sweep, experiments[i], &version);
            status = sweep_check(&sweep, error);
            sweep_fini(&sweep);
        }
    }
    return status;
}

static enum status experiments_run(const struct emu_experiment_options *options,
                                   struct scn_experiment *const *experiments,
                                   struct emu_experiment_result *result, struct error *error)
{
    struct sections sections = {0};
    enum status status = folder_make(options->out, error);
    if (status) {
        return status;
    }
    sections.stream = open_memstream(&sections.text, &sections.size_bytes);
    if (!sections.stream) {
        return error_set(error, STATUS_NO_MEMORY, NULL, 0, "no memory for the page");
    }
    for (uint32_t i = 0; i < options->path_count && !status && !result->interrupted; i++) {
        status = experiment_run(options, experiments[i], &sections, result, error);
    }
    fclose(sections.stream);
    struct error writing = ERROR_INIT;
    enum status written = page_write(options, experiments, &sections, result, &writing);
    free(sections.text);
    if (!status && written) {
        *error = writing;
        status = written;
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
        status = experiments_check(options, experiments, error);
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
