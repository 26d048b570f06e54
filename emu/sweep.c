/*
 * The runs of an experiment: planned, made several at a time, measured.
 */
#include "sweep.h"

#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <analysis/metrics.h>
#include <analysis/replacement.h>
#include <base/alloc.h>
#include <base/locale.h>
#include <emu/run.h>
#include <traces/account_reader.h>
#include <traces/metrics_reader.h>
#include <traces/summary.h>

#include "run_folder.h"

#define PATH_BYTES 4096u
#define SET_BYTES  256u
#define SETS_MAX   256u
#define NS_PER_S   1e9

/* --- The plan ------------------------------------------------------------------------------- */

static const struct sweep_point *point_find(const struct sweep *sweep, uint32_t series,
                                            const char *value, uint32_t cost, bool doubled)
{
    for (uint32_t i = 0; i < sweep->point_count; i++) {
        const struct sweep_point *point = &sweep->points[i];
        if (point->series == series && point->cost == cost && point->doubled == doubled &&
            strcmp(point->value, value) == 0) {
            return point;
        }
    }
    return NULL;
}

static void point_add(struct sweep *sweep, uint32_t series, const char *value, uint32_t cost,
                      bool doubled)
{
    if (point_find(sweep, series, value, cost, doubled)) {
        return;
    }
    uint32_t count = sweep->experiment->measure_count;
    sweep->points = alloc_grow(sweep->points, sweep->point_count + 1, sizeof *sweep->points);
    struct sweep_point *point = &sweep->points[sweep->point_count++];
    *point =
        (struct sweep_point){.series = series, .value = value, .cost = cost, .doubled = doubled};
    point->measures = alloc_zeroed(count, sizeof *point->measures);
    for (uint32_t i = 0; i < count; i++) {
        point->measures[i] = NAN;
    }
}

/* The runs that a claim looks at, with a cost changed. */
static void plan_sensitivity(struct sweep *sweep, const struct scn_claim *claim, uint32_t cost,
                             bool doubled)
{
    const char *series[] = {claim->series, claim->over};
    const char *values[] = {claim->at, claim->against};
    for (int i = 0; i < 2 && series[i]; i++) {
        for (int k = 0; k < 2 && values[k]; k++) {
            point_add(sweep, scn_experiment_series(sweep->experiment, series[i]), values[k], cost,
                      doubled);
        }
    }
}

void sweep_init(struct sweep *sweep, const struct scn_experiment *experiment,
                const struct emu_experiment_options *options)
{
    *sweep = (struct sweep){
        .experiment = experiment,
        .options = options,
        .values = options->small ? experiment->small : experiment->values,
        .value_count = options->small ? experiment->small_count : experiment->value_count,
    };
    for (uint32_t i = 0; i < experiment->series_count; i++) {
        for (uint32_t k = 0; k < sweep->value_count; k++) {
            point_add(sweep, i, sweep->values[k], SWEEP_COST_NONE, false);
        }
    }
    for (uint32_t i = 0; i < experiment->claim_count && !options->small; i++) {
        const struct scn_claim *claim = &experiment->claims[i];
        if (!claim->sensitivity || !sweep_has_claim(sweep, claim)) {
            continue;
        }
        for (uint32_t cost = 0; cost < experiment->cost_count; cost++) {
            plan_sensitivity(sweep, claim, cost, false);
            plan_sensitivity(sweep, claim, cost, true);
        }
    }
}

void sweep_fini(struct sweep *sweep)
{
    for (uint32_t i = 0; i < sweep->point_count; i++) {
        free(sweep->points[i].measures);
    }
    free(sweep->points);
}

/* --- Measuring ------------------------------------------------------------------------------ */

/* A metric's values in order, for replacement. */
struct wants {
    uint64_t *names;
    uint64_t count;
    uint64_t warm; /* the first of them, which do not count */
};

struct measuring {
    const struct scn_experiment *experiment;
    const char *directory;
    struct ana_metrics *metrics; /* what guests observed, from the experiment's `from` on */
    struct wants *wants;         /* a measure each */
    struct trace_summary_file summary;
};

static void wants_add(struct wants *wants, double value, bool warm)
{
    if (value < 0 || value >= UINT32_MAX) {
        return; /* names nothing */
    }
    if ((wants->count & (wants->count - 1)) == 0) {
        wants->names =
            alloc_grow(wants->names, wants->count ? 2 * wants->count : 1, sizeof *wants->names);
    }
    wants->names[wants->count++] = (uint64_t)value;
    wants->warm += warm;
}

/* What guests observed, for all measures in one reading. */
static enum status metrics_read(struct measuring *measuring, struct error *error)
{
    const struct scn_experiment *experiment = measuring->experiment;
    struct trace_metrics_reader *reader;
    struct trace_observation seen;
    bool more = true;
    enum status status = trace_metrics_reader_create(measuring->directory, &reader, error);
    while (!status) {
        status = trace_metrics_reader_next(reader, &seen, &more, error);
        if (status || !more) {
            break;
        }
        bool warm = seen.time_ns < experiment->from_ns;
        if (!warm) {
            ana_metrics_add(measuring->metrics, seen.time_ns, seen.kind, seen.name, seen.value);
        }
        for (uint32_t i = 0; i < experiment->measure_count; i++) {
            const struct scn_measure *measure = &experiment->measures[i];
            if (measure->replacement != SCN_REPLACE_NONE &&
                strcmp(seen.name, measure->metric) == 0) {
                wants_add(&measuring->wants[i], seen.value, warm);
            }
        }
    }
    trace_metrics_reader_destroy(reader);
    return status;
}

static bool figure_of(const struct trace_summary *summary, const char *name, double *value)
{
    uint64_t faults = 0;
    for (uint32_t i = 0; i < summary->fault_count; i++) {
        faults += summary->faults[i].count;
    }
    const struct {
        const char *name;
        uint64_t value;
    } figures[] = {
        {"instructions", summary->instructions},
        {"frames_sent", summary->frames_sent},
        {"frames_delivered", summary->frames_delivered},
        {"frames_dropped", summary->frames_dropped},
        {"faults", faults},
    };
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        if (strcmp(figures[i].name, name) == 0) {
            *value = (double)figures[i].value;
            return true;
        }
    }
    return false;
}

/* A column of the accounts; host.busy_ns is two of them. */
static enum status account_of(const struct measuring *measuring, const struct scn_measure *measure,
                              const char *metric, double *value, struct error *error)
{
    bool of_hosts = strncmp(metric, "host.", 5) == 0;
    enum trace_account account = of_hosts ? TRACE_ACCOUNT_HOSTS : TRACE_ACCOUNT_NODES;
    const char *group = of_hosts ? NULL : measure->group;
    const char *column = metric + 5;
    if (strcmp(column, "busy_ns") != 0) {
        return trace_account_sum(measuring->directory, account, column, group, value, error);
    }
    double kernel = 0;
    enum status status =
        trace_account_sum(measuring->directory, account, "guest_ns", group, value, error);
    if (!status) {
        status =
            trace_account_sum(measuring->directory, account, "kernel_ns", group, &kernel, error);
    }
    *value += kernel;
    return status;
}

/* *value of a metric, a second of it if the measure says so. NaN: nobody observed it. */
static enum status metric_value(const struct measuring *measuring,
                                const struct scn_measure *measure, const char *metric,
                                double *value, struct error *error)
{
    static const enum ana_statistic statistics[] = {
        [SCN_STATISTIC_COUNT] = ANA_COUNT, [SCN_STATISTIC_MEAN] = ANA_MEAN,
        [SCN_STATISTIC_MIN] = ANA_MIN,     [SCN_STATISTIC_MAX] = ANA_MAX,
        [SCN_STATISTIC_P50] = ANA_P50,     [SCN_STATISTIC_P90] = ANA_P90,
        [SCN_STATISTIC_P95] = ANA_P95,     [SCN_STATISTIC_P99] = ANA_P99,
        [SCN_STATISTIC_SUM] = ANA_SUM,
    };
    const struct trace_summary *summary = &measuring->summary.summary;
    double seconds = (double)summary->virtual_ns / NS_PER_S;
    enum status status = STATUS_OK;
    if (strncmp(metric, "host.", 5) == 0 || strncmp(metric, "node.", 5) == 0) {
        status = account_of(measuring, measure, metric, value, error);
    } else if (strncmp(metric, "run.", 4) == 0) {
        if (!figure_of(summary, metric + 4, value)) {
            status =
                error_set(error, STATUS_INVALID, NULL, 0,
                          "measure %s: there is no counter %s of a run", measure->name, metric);
        }
    } else {
        struct trace_statistics found;
        enum ana_statistic statistic = statistics[measure->statistic];
        bool counts = statistic == ANA_COUNT || statistic == ANA_SUM;
        bool there = ana_metrics_find(measuring->metrics, metric, &found);
        *value = there || counts ? ana_statistic_value(&found, statistic) : NAN;
        seconds -= (double)measuring->experiment->from_ns / NS_PER_S;
    }
    if (!status && measure->per == SCN_PER_SECOND) {
        *value = seconds > 0 ? *value / seconds : NAN;
    }
    return status;
}

/* The part of what the metric's values want that a cache would have had; NaN: nothing counts. */
static double replacement_value(const struct scn_measure *measure, const struct wants *wants,
                                uint64_t capacity)
{
    struct ana_replacement result;
    if (capacity == 0) {
        return NAN;
    }
    ana_replacement_judge(measure->replacement == SCN_REPLACE_OPTIMAL ? ANA_VICTIM_OPTIMAL
                                                                      : ANA_VICTIM_RECENT,
                          wants->names, wants->count, wants->warm, capacity, &result);
    return result.references
               ? (double)(result.references - result.misses) / (double)result.references
               : NAN;
}

static enum status measure_one(const struct measuring *measuring, uint32_t number, double *figure,
                               struct error *error)
{
    const struct scn_measure *measure = &measuring->experiment->measures[number];
    double value = NAN;
    double over = 1;
    enum status status = STATUS_OK;
    if (measure->replacement != SCN_REPLACE_NONE) {
        double memory_bytes = 0;
        status = trace_account_sum(measuring->directory, TRACE_ACCOUNT_HOSTS, "memory_bytes", NULL,
                                   &memory_bytes, error);
        value = replacement_value(measure, &measuring->wants[number],
                                  (uint64_t)memory_bytes / measure->each_bytes);
    } else {
        status = metric_value(measuring, measure, measure->metric, &value, error);
    }
    if (!status && measure->over) {
        status = metric_value(measuring, measure, measure->over, &over, error);
    }
    double scale = measure->scale.text ? measure->scale.value : 1;
    *figure = over != 0 ? value / over * scale : NAN;
    return status;
}

static enum status measure_all(const struct scn_experiment *experiment, const char *directory,
                               struct sweep_point *point, struct error *error)
{
    struct measuring measuring = {
        .experiment = experiment,
        .directory = directory,
        .metrics = ana_metrics_create(),
        .wants = alloc_zeroed(experiment->measure_count, sizeof *measuring.wants),
    };
    enum status status = trace_summary_read(directory, &measuring.summary, error);
    if (!status) {
        status = metrics_read(&measuring, error);
    }
    for (uint32_t i = 0; i < experiment->measure_count && !status; i++) {
        status = measure_one(&measuring, i, &point->measures[i], error);
    }
    if (!status) {
        double faults = 0;
        figure_of(&measuring.summary.summary, "faults", &faults);
        point->faults = (uint64_t)faults;
        point->digest = measuring.summary.summary.digest;
    }
    for (uint32_t i = 0; i < experiment->measure_count; i++) {
        free(measuring.wants[i].names);
    }
    free(measuring.wants);
    trace_summary_file_fini(&measuring.summary);
    ana_metrics_destroy(measuring.metrics);
    return status;
}

/* --- One run -------------------------------------------------------------------------------- */

struct sets {
    const char *list[SETS_MAX];
    uint32_t count;
    char costs[SETS_MAX][SET_BYTES];
    uint32_t cost_count;
};

static void sets_add(struct sets *sets, char *const *texts, uint32_t count)
{
    for (uint32_t i = 0; i < count && sets->count < SETS_MAX; i++) {
        sets->list[sets->count++] = texts[i];
    }
}

/* A cost of every host of the scenario, half or twice what it is. */
static enum status sets_add_cost(struct sets *sets, const struct emu_run_options *run,
                                 const char *cost, bool doubled, struct error *error)
{
    struct scn_scenario *scenario;
    enum status status = emu_run_scenario_load(run, &scenario, error);
    if (status) {
        return status;
    }
    bool found = false;
    for (uint32_t i = 0; i < scenario->host_count && sets->count < SETS_MAX; i++) {
        char quantity[SCN_QUANTITY_MAX];
        if (scn_host_scaled(&scenario->hosts[i], cost, doubled ? 2 : 1, doubled ? 1 : 2,
                            quantity)) {
            char *text = sets->costs[sets->cost_count++];
            snprintf(text, SET_BYTES, "hosts.%s.%s=%s", scenario->hosts[i].name, cost, quantity);
            sets->list[sets->count++] = text;
            found = true;
        }
    }
    if (!found) {
        status = error_set(error, STATUS_INVALID, run->scenario_path, 0,
                           "hosts: expected one with %s, which is to be halved and doubled", cost);
    }
    scn_scenario_destroy(scenario);
    return status;
}

/* What `denali run` would be given, and what that points at. */
struct point_options {
    struct emu_run_options run;
    struct sets sets;
    char directory[PATH_BYTES];
    char parameter[SET_BYTES];
    const char *parameters[1];
};

/* The caller frees it. */
static enum status point_prepare(const struct sweep *sweep, uint32_t number,
                                 struct point_options **made, struct error *error)
{
    const struct scn_experiment *experiment = sweep->experiment;
    const struct emu_experiment_options *options = sweep->options;
    const struct sweep_point *point = &sweep->points[number];
    const struct scn_series *series = &experiment->series[point->series];
    struct point_options *of = alloc_zeroed(1, sizeof *of);
    sets_add(&of->sets, series->sets, series->set_count);
    if (options->small) {
        sets_add(&of->sets, experiment->small_sets, experiment->small_set_count);
    }
    snprintf(of->parameter, sizeof of->parameter, "%s=%s", experiment->parameter, point->value);
    snprintf(of->directory, sizeof of->directory, "%s/runs/%s-%u", options->out, experiment->name,
             number);
    of->parameters[0] = of->parameter;
    of->run = (struct emu_run_options){
        .scenario_path = experiment->scenario_path,
        .sets = of->sets.list,
        .set_count = of->sets.count,
        .parameters = of->parameters,
        .parameter_count = 1,
        .engine = options->engine,
        .jobs = 1,
        .out = of->directory,
        .image_directory = options->image_directory,
        .stop = options->stop,
    };
    *made = of;
    enum status status = STATUS_OK;
    if (point->cost != SWEEP_COST_NONE) {
        const char *cost = experiment->costs[point->cost];
        status = sets_add_cost(&of->sets, &of->run, cost, point->doubled, error);
        of->run.set_count = of->sets.count;
    }
    return status;
}

static enum status point_run(const struct sweep *sweep, uint32_t number, struct error *error)
{
    struct sweep_point *point = &sweep->points[number];
    struct point_options *of;
    struct emu_run_result result = {0};
    enum status status = point_prepare(sweep, number, &of, error);
    if (!status) {
        status = emu_run(&of->run, &result, error);
    }
    if (!status && !result.interrupted) {
        status = measure_all(sweep->experiment, of->directory, point, error);
        point->done = !status;
    }
    if (!status && !sweep->options->keep) {
        status = emu_folder_remove(of->directory, error);
    }
    free(of);
    return status;
}

/* --- Several at a time ---------------------------------------------------------------------- */

struct work {
    struct sweep *sweep;
    pthread_mutex_t lock; /* of what follows */
    uint32_t next;
    uint32_t failed; /* the least number of a point that failed; UINT32_MAX: none */
    enum status status;
    struct error error;
};

/* How a point is called in messages. */
static void point_format(const struct sweep *sweep, const struct sweep_point *point,
                         char text[PATH_BYTES])
{
    const struct scn_experiment *experiment = sweep->experiment;
    bool plain = point->cost == SWEEP_COST_NONE;
    snprintf(text, PATH_BYTES, "%s: %s, %s=%s%s%s%s", experiment->name,
             experiment->series[point->series].name, experiment->parameter, point->value,
             plain ? "" : ", ", plain ? "" : experiment->costs[point->cost],
             plain            ? ""
             : point->doubled ? " doubled"
                              : " halved");
}

/* The error of a point's run, with which that is. */
static enum status point_error(const struct sweep *sweep, uint32_t number,
                               const struct error *error, struct error *told)
{
    char text[PATH_BYTES];
    point_format(sweep, &sweep->points[number], text);
    *told = (struct error)ERROR_INIT; /* of a later point */
    return error_set(told, error->status, error->file[0] ? error->file : NULL, error->line,
                     "%s (in the run of %s)", error->message, text);
}

enum status sweep_check(const struct sweep *sweep, struct error *error)
{
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < sweep->point_count && !status; i++) {
        struct error found = ERROR_INIT;
        struct point_options *of;
        struct scn_scenario *scenario = NULL;
        status = point_prepare(sweep, i, &of, &found);
        if (!status) {
            status = emu_run_scenario_load(&of->run, &scenario, &found);
        }
        if (status) {
            status = point_error(sweep, i, &found, error);
        } else {
            scn_scenario_destroy(scenario);
        }
        free(of);
    }
    return status;
}

static void point_failed(struct work *work, uint32_t number, enum status status,
                         const struct error *error)
{
    if (number <= work->failed) {
        work->failed = number;
        work->status = status;
        point_error(work->sweep, number, error, &work->error);
    }
}

static void *work_main(void *context)
{
    struct work *work = context;
    struct sweep *sweep = work->sweep;
    const struct emu_experiment_options *options = sweep->options;
    for (;;) {
        pthread_mutex_lock(&work->lock);
        bool stopped = options->stop && *options->stop;
        uint32_t number = work->failed == UINT32_MAX && !stopped ? work->next : UINT32_MAX;
        bool there = number < sweep->point_count;
        if (there) {
            work->next++;
            if (options->progress) {
                char text[PATH_BYTES];
                point_format(sweep, &sweep->points[number], text);
                fprintf(options->progress, "%u of %u: %s\n", number + 1, sweep->point_count, text);
            }
        }
        pthread_mutex_unlock(&work->lock);
        if (!there) {
            return NULL;
        }
        struct error error = ERROR_INIT;
        enum status status = point_run(sweep, number, &error);
        if (status) {
            pthread_mutex_lock(&work->lock);
            point_failed(work, number, status, &error);
            pthread_mutex_unlock(&work->lock);
        }
    }
}

enum status sweep_run(struct sweep *sweep, struct error *error)
{
    struct work work = {.sweep = sweep, .failed = UINT32_MAX, .error = ERROR_INIT};
    uint32_t jobs = sweep->options->jobs > 0 ? sweep->options->jobs : 1;
    uint32_t started = 0;
    pthread_mutex_init(&work.lock, NULL);
    pthread_t *threads = alloc_zeroed(jobs, sizeof *threads);
    /* This thread is one of them; with fewer than asked for it takes longer, that is all. */
    while (started + 1 < jobs && started + 1 < sweep->point_count &&
           pthread_create(&threads[started], NULL, work_main, &work) == 0) {
        started++;
    }
    work_main(&work);
    for (uint32_t i = 0; i < started; i++) {
        pthread_join(threads[i], NULL);
    }
    free(threads);
    pthread_mutex_destroy(&work.lock);
    if (work.status) {
        *error = work.error;
    }
    return work.status;
}

/* --- Claims and the table ------------------------------------------------------------------- */

bool sweep_has_claim(const struct sweep *sweep, const struct scn_claim *claim)
{
    bool at = false;
    bool against = claim->against == NULL;
    for (uint32_t i = 0; i < sweep->value_count; i++) {
        at = at || strcmp(sweep->values[i], claim->at) == 0;
        against = against || strcmp(sweep->values[i], claim->against) == 0;
    }
    return at && against;
}

static double value_at(const struct sweep *sweep, const struct scn_claim *claim, const char *series,
                       const char *value, uint32_t cost, bool doubled)
{
    const struct sweep_point *point =
        point_find(sweep, scn_experiment_series(sweep->experiment, series), value, cost, doubled);
    if (!point) {
        return NAN;
    }
    double figure = point->measures[scn_experiment_measure(sweep->experiment, claim->measure)];
    return claim->by
               ? figure / point->measures[scn_experiment_measure(sweep->experiment, claim->by)]
               : figure;
}

/* Of one series: at a value, or against another one. */
static double series_value(const struct sweep *sweep, const struct scn_claim *claim,
                           const char *series, uint32_t cost, bool doubled)
{
    double value = value_at(sweep, claim, series, claim->at, cost, doubled);
    return claim->against ? value / value_at(sweep, claim, series, claim->against, cost, doubled)
                          : value;
}

double sweep_claim_value(const struct sweep *sweep, const struct scn_claim *claim, uint32_t cost,
                         bool doubled)
{
    double value = series_value(sweep, claim, claim->series, cost, doubled);
    return claim->over ? value / series_value(sweep, claim, claim->over, cost, doubled) : value;
}

static bool is_within(double value, const struct scn_bound *least, const struct scn_bound *most)
{
    return !isnan(value) && (!least->text || value >= least->value) &&
           (!most->text || value <= most->value);
}

bool sweep_claim_holds(const struct scn_claim *claim, double value)
{
    return is_within(value, &claim->at_least, &claim->at_most);
}

enum sweep_agreement sweep_claim_agrees(const struct scn_claim *claim, double value)
{
    if (isnan(value) || (!claim->agrees_from.text && !claim->agrees_to.text)) {
        return SWEEP_NOT_COMPARED;
    }
    return is_within(value, &claim->agrees_from, &claim->agrees_to) ? SWEEP_AGREES : SWEEP_DIFFERS;
}

void sweep_table_write(const struct sweep *sweep, FILE *table)
{
    LOCALE_NEUTRAL();
    const struct scn_experiment *experiment = sweep->experiment;
    fprintf(table, "series,%s,cost,factor,digest,faults", experiment->parameter);
    for (uint32_t i = 0; i < experiment->measure_count; i++) {
        fprintf(table, ",%s", experiment->measures[i].name);
    }
    fputc('\n', table);
    for (uint32_t i = 0; i < sweep->point_count; i++) {
        const struct sweep_point *point = &sweep->points[i];
        bool plain = point->cost == SWEEP_COST_NONE;
        if (!point->done) {
            continue;
        }
        fprintf(table, "%s,%s,%s,%s,%016" PRIx64 ",%" PRIu64,
                experiment->series[point->series].name, point->value,
                plain ? "" : experiment->costs[point->cost],
                plain            ? "1"
                : point->doubled ? "2"
                                 : "0.5",
                point->digest, point->faults);
        for (uint32_t k = 0; k < experiment->measure_count; k++) {
            if (isnan(point->measures[k])) {
                fputc(',', table);
            } else {
                fprintf(table, ",%.17g", point->measures[k]);
            }
        }
        fputc('\n', table);
    }
}
