/*
 * An experiment's part of the page: what was published, what was measured, how it depends on costs.
 */
#include "sweep.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <analysis/page.h>
#include <base/alloc.h>
#include <base/locale.h>

#define CELL_BYTES  96u
#define CLAIM_CELLS 8u

static void number_format(double value, char text[CELL_BYTES])
{
    if (isnan(value)) {
        snprintf(text, CELL_BYTES, "not observed");
    } else {
        snprintf(text, CELL_BYTES, "%.4g", value);
    }
}

static void bounds_format(const struct scn_claim *claim, char text[CELL_BYTES])
{
    snprintf(text, CELL_BYTES, "%s%.30s%s%s%.30s", claim->at_least.text ? "at least " : "",
             claim->at_least.text ? claim->at_least.text : "",
             claim->at_least.text && claim->at_most.text ? ", " : "",
             claim->at_most.text ? "at most " : "", claim->at_most.text ? claim->at_most.text : "");
}

static void write_claims(const struct sweep *sweep, FILE *page)
{
    static const char *const titles[CLAIM_CELLS] = {
        "figure", "published", "where", "measured", "agrees", "nature", "claimed here", "holds"};
    static const char *const agreements[] = {
        [SWEEP_NOT_COMPARED] = "", [SWEEP_AGREES] = "agrees", [SWEEP_DIFFERS] = "differs"};
    const struct scn_experiment *experiment = sweep->experiment;
    ana_page_table_begin(page, titles, CLAIM_CELLS);
    for (uint32_t i = 0; i < experiment->claim_count; i++) {
        const struct scn_claim *claim = &experiment->claims[i];
        if (!sweep_has_claim(sweep, claim)) {
            continue;
        }
        char measured[CELL_BYTES];
        char bounds[CELL_BYTES];
        double value = sweep_claim_value(sweep, claim, SWEEP_COST_NONE, false);
        number_format(value, measured);
        bounds_format(claim, bounds);
        const char *cells[CLAIM_CELLS] = {
            claim->name,
            claim->published,
            claim->source,
            measured,
            agreements[sweep_claim_agrees(claim, value)],
            claim->nature == SCN_EMERGENT ? "emergent" : "assumed",
            bounds,
            sweep_claim_holds(claim, value) ? "+ yes" : "- no",
        };
        ana_page_table_row(page, cells, CLAIM_CELLS);
    }
    ana_page_table_end(page);
}

/* --- Sensitivity ---------------------------------------------------------------------------- */

static bool is_sensitive(const struct sweep *sweep, const struct scn_claim *claim)
{
    return claim->sensitivity && sweep_has_claim(sweep, claim);
}

static void write_cost_row(const struct sweep *sweep, uint32_t cost, FILE *page)
{
    const struct scn_experiment *experiment = sweep->experiment;
    const char **cells = alloc_zeroed(1 + experiment->claim_count, sizeof *cells);
    char(*texts)[CELL_BYTES] = alloc_zeroed(experiment->claim_count, sizeof *texts);
    uint32_t count = 0;
    cells[count++] = cost == SWEEP_COST_NONE ? "as they are" : experiment->costs[cost];
    for (uint32_t i = 0; i < experiment->claim_count; i++) {
        const struct scn_claim *claim = &experiment->claims[i];
        if (!is_sensitive(sweep, claim)) {
            continue;
        }
        if (cost == SWEEP_COST_NONE) {
            number_format(sweep_claim_value(sweep, claim, cost, false), texts[i]);
        } else {
            char doubled[CELL_BYTES];
            number_format(sweep_claim_value(sweep, claim, cost, true), doubled);
            number_format(sweep_claim_value(sweep, claim, cost, false), texts[i]);
            size_t length = strlen(texts[i]);
            snprintf(texts[i] + length, CELL_BYTES - length, ", %s", doubled);
        }
        cells[count++] = texts[i];
    }
    ana_page_table_row(page, cells, count);
    free(texts);
    free(cells);
}

static void write_sensitivity(const struct sweep *sweep, FILE *page)
{
    const struct scn_experiment *experiment = sweep->experiment;
    const char **titles = alloc_zeroed(1 + experiment->claim_count, sizeof *titles);
    uint32_t count = 0;
    titles[count++] = "cost: halved, doubled";
    for (uint32_t i = 0; i < experiment->claim_count; i++) {
        if (is_sensitive(sweep, &experiment->claims[i])) {
            titles[count++] = experiment->claims[i].name;
        }
    }
    if (count > 1 && experiment->cost_count > 0 && !sweep->options->small) {
        ana_page_heading(page, 3, NULL, "Sensitivity to the costs");
        ana_page_table_begin(page, titles, count);
        write_cost_row(sweep, SWEEP_COST_NONE, page);
        for (uint32_t cost = 0; cost < experiment->cost_count; cost++) {
            write_cost_row(sweep, cost, page);
        }
        ana_page_table_end(page);
    }
    free(titles);
}

/* --- Plots ---------------------------------------------------------------------------------- */

static uint32_t value_number(const struct sweep *sweep, const char *value)
{
    uint32_t i = 0;
    while (i < sweep->value_count && strcmp(sweep->values[i], value) != 0) {
        i++;
    }
    return i;
}

static void write_plot(const struct sweep *sweep, uint32_t measure, FILE *page)
{
    const struct scn_experiment *experiment = sweep->experiment;
    const struct scn_measure *of = &experiment->measures[measure];
    char title[2 * CELL_BYTES];
    snprintf(title, sizeof title, "%.80s%s%.80s", of->name, *of->unit ? ", " : "", of->unit);
    double *values =
        alloc_zeroed((size_t)experiment->series_count * sweep->value_count, sizeof *values);
    struct ana_plot_series *series = alloc_zeroed(experiment->series_count, sizeof *series);
    struct ana_plot_mark *marks = alloc_zeroed(experiment->published_count + 1, sizeof *marks);
    uint32_t mark_count = 0;
    for (uint32_t i = 0; i < experiment->series_count; i++) {
        series[i].name = experiment->series[i].name;
        series[i].values = values + (size_t)i * sweep->value_count;
        for (uint32_t k = 0; k < sweep->value_count; k++) {
            uint32_t number = i * sweep->value_count + k;
            values[number] = sweep->points[number].measures[measure];
        }
    }
    for (uint32_t i = 0; i < experiment->published_count; i++) {
        const struct scn_published *point = &experiment->published[i];
        uint32_t x = value_number(sweep, point->at);
        if (strcmp(point->measure, of->name) == 0 && x < sweep->value_count) {
            marks[mark_count++] = (struct ana_plot_mark){
                .x = x,
                .value = point->value.value,
                .series = scn_experiment_series(experiment, point->series),
                .text = point->source,
            };
        }
    }
    struct ana_plot plot = {
        .title = title,
        .axis = experiment->axis,
        .x = (const char *const *)sweep->values,
        .x_count = sweep->value_count,
        .logarithmic = experiment->logarithmic,
        .series = series,
        .series_count = experiment->series_count,
        .marks = marks,
        .mark_count = mark_count,
    };
    ana_plot_write(page, &plot);
    free(marks);
    free(series);
    free(values);
}

void sweep_page_write(const struct sweep *sweep, FILE *page)
{
    LOCALE_NEUTRAL();
    const struct scn_experiment *experiment = sweep->experiment;
    uint64_t faults = 0;
    for (uint32_t i = 0; i < sweep->point_count; i++) {
        faults += sweep->points[i].faults;
    }
    ana_page_heading(page, 2, experiment->name, experiment->title);
    ana_page_text(page, NULL, experiment->question);
    if (*experiment->paper) {
        ana_page_text(page, "Published:", experiment->paper);
    }
    if (faults > 0) {
        ana_page_text(page, "Machines faulted in these runs.", "The table says in which.");
    }
    write_claims(sweep, page);
    for (uint32_t i = 0; i < experiment->measure_count; i++) {
        if (!experiment->measures[i].hidden) {
            write_plot(sweep, i, page);
        }
    }
    if (sweep->options->small) {
        return; /* what is said of figures is said of the full version's */
    }
    if (*experiment->agrees) {
        ana_page_text(page, "What agrees.", experiment->agrees);
    }
    if (*experiment->differs) {
        ana_page_text(page, "What does not, and why.", experiment->differs);
    }
    if (*experiment->natures) {
        ana_page_text(page, "Emergent or assumed.", experiment->natures);
    }
    write_sensitivity(sweep, page);
}
