/*
 * One experiment under way: which runs it takes, what was measured in each, and what claims come
 * to.
 */
#ifndef DENALI_EMU_SWEEP_H
#define DENALI_EMU_SWEEP_H

#include <emu/experiment.h>
#include <scenarios/experiment.h>

#define SWEEP_COST_NONE UINT32_MAX

/* A run: a series at a value of the parameter, with the costs as they are or one of them changed.
 */
struct sweep_point {
    uint32_t series;
    const char *value;
    uint32_t cost; /* number in the experiment's costs, or SWEEP_COST_NONE */
    bool doubled;  /* else halved */
    bool done;
    double *measures; /* as many as the experiment has; NaN: was not observed */
    uint64_t digest;
    uint64_t faults;
};

struct sweep {
    const struct scn_experiment *experiment;
    const struct emu_experiment_options *options;
    char *const *values; /* of the parameter: all, or the small ones */
    uint32_t value_count;
    struct sweep_point *points; /* the series' own first, series after series */
    uint32_t point_count;
};

/* Which runs there are to be. The experiment and options outlive the sweep. */
void sweep_init(struct sweep *sweep, const struct scn_experiment *experiment,
                const struct emu_experiment_options *options);
void sweep_fini(struct sweep *sweep);

/* Whether the scenario of each of them can be loaded; makes none. */
enum status sweep_check(const struct sweep *sweep, struct error *error) MUST_USE;
/* Makes the runs, several at a time. */
enum status sweep_run(struct sweep *sweep, struct error *error) MUST_USE;

/* Whether the runs of a claim are among these. */
bool sweep_has_claim(const struct sweep *sweep, const struct scn_claim *claim);
/* What a claim comes to; NaN if one of its figures was not observed. */
double sweep_claim_value(const struct sweep *sweep, const struct scn_claim *claim, uint32_t cost,
                         bool doubled);
bool sweep_claim_holds(const struct scn_claim *claim, double value);

/* Whether it is what was published, as far as the claim says what that is. */
enum sweep_agreement { SWEEP_NOT_COMPARED, SWEEP_AGREES, SWEEP_DIFFERS };
enum sweep_agreement sweep_claim_agrees(const struct scn_claim *claim, double value);

/* All points as CSV. */
void sweep_table_write(const struct sweep *sweep, FILE *table);
/* An experiment's part of the page. */
void sweep_page_write(const struct sweep *sweep, FILE *page);

#endif
