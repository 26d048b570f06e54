/*
 * An experiment: a scenario run over the values of one of its parameters, in several variants, what
 * is measured in each run, and what is claimed to come out, beside what was published. The plain
 * description, read from a YAML file by the same rules as scenarios (docs/experiments.md); emu runs
 * it (emu/experiment.h).
 *
 * Invariants of one that was loaded: names of series and measures are unique; every series and
 * measure that a claim or a published point names is there; a claim has a bound, and `at` and
 * `against` are among the values.
 *
 * Ownership: an experiment owns all its strings and arrays. One thread at a time; once loaded, any
 * number may read it. Errors are those of scenario.h.
 */
#ifndef DENALI_SCENARIOS_EXPERIMENT_H
#define DENALI_SCENARIOS_EXPERIMENT_H

#include <base/public.h>
#include <scenarios/scenario.h>

DENALI_API_BEGIN

/* A variant of the scenario. */
struct scn_series {
    char *name;
    char **sets; /* "path=value", as `denali run --set` takes them */
    uint32_t set_count;
};

enum scn_per { SCN_PER_RUN, SCN_PER_SECOND };
enum scn_replacement { SCN_REPLACE_NONE, SCN_REPLACE_OPTIMAL, SCN_REPLACE_RECENT };

/* What is measured in each run. */
struct scn_measure {
    char *name;
    char *unit;         /* "" for a plain number */
    char *metric;       /* what guests observe; run.*; host.COLUMN or node.COLUMN of the accounts */
    char *group;        /* of node.COLUMN: the nodes of this group alone; NULL: all */
    uint32_t statistic; /* enum scn_statistic, of what guests observe */
    uint32_t per;       /* enum scn_per */
    uint32_t replacement;   /* enum scn_replacement: its values are what is wanted, one after the
                               other, and the figure is the part that a cache has already */
    uint64_t each_bytes;    /* that one of them takes of that cache, which is the hosts' memory */
    char *over;             /* another such metric that it is divided by; NULL: none */
    struct scn_bound scale; /* and multiplied with this; text NULL: 1 */
    bool hidden;            /* in the table, without a plot */
};

/* A point that was published. */
struct scn_published {
    char *measure;
    char *series;
    char *at; /* value of the parameter */
    struct scn_bound value;
    char *source;
};

enum scn_nature { SCN_EMERGENT, SCN_ASSUMED };

/* A figure and the bounds that it is held to: measure of series at a value of the parameter,
 * divided by another measure of the same run, by the same of another series, or of another value,
 * where one is named. */
struct scn_claim {
    char *name;
    char *measure;
    char *series;
    char *over;      /* another series; NULL: none */
    char *by;        /* another measure of the same run; NULL: none */
    char *at;        /* value of the parameter */
    char *against;   /* another value; NULL: none */
    uint32_t nature; /* enum scn_nature */
    struct scn_bound at_least;
    struct scn_bound at_most;
    bool sensitivity;             /* is to be told with each cost halved and doubled */
    char *published;              /* what was published, in words; "" if nothing was */
    char *source;                 /* where */
    struct scn_bound agrees_from; /* between these it agrees with that; text NULL: no such bound */
    struct scn_bound agrees_to;
};

struct scn_experiment {
    char *name; /* of its files; derived from the file's name */
    char *title;
    char *question;      /* what it is about, a paragraph */
    char *scenario_path; /* absolute */
    char *parameter;     /* of the scenario */
    char *axis;          /* how the parameter is called in plots */
    bool logarithmic;    /* the axis of the parameter */
    char **values;       /* of the parameter */
    uint32_t value_count;
    char **small; /* those of the small version */
    uint32_t small_count;
    char **small_sets; /* and what else is different in it */
    uint32_t small_set_count;
    uint64_t from_ns; /* what guests observe counts from then on */
    struct scn_series *series;
    uint32_t series_count;
    struct scn_measure *measures;
    uint32_t measure_count;
    char **costs; /* "costs.switch", of every entry of hosts */
    uint32_t cost_count;
    struct scn_published *published;
    uint32_t published_count;
    struct scn_claim *claims;
    uint32_t claim_count;
    char *paper;  /* where the published figures are from; "" if there are none */
    char *agrees; /* paragraphs; "" for none */
    char *differs;
    char *natures; /* which figures are emergent, which assumed, and why */
};

/* Reads, validates, fills every default. The caller destroys it. */
enum status scn_experiment_load(struct scn_experiment **experiment, const char *path,
                                struct error *error) MUST_USE;
/* The same from memory; path names it in messages, and the experiment. */
enum status scn_experiment_load_text(struct scn_experiment **experiment, const char *path,
                                     const char *text, size_t size_bytes,
                                     struct error *error) MUST_USE;
/* Takes NULL. */
void scn_experiment_destroy(struct scn_experiment *experiment);

/* The number of a series, measure or value by its name; UINT32_MAX if there is none. */
uint32_t scn_experiment_series(const struct scn_experiment *experiment, const char *name);
uint32_t scn_experiment_measure(const struct scn_experiment *experiment, const char *name);

#define SCN_QUANTITY_MAX 40u /* bytes of a quantity as text, with its NUL */

/*
 * A quantity of a host by its path in the schema ("costs.switch", "disks.0.seek_average"), times
 * numerator/denominator, as text with its unit. False: there is no such quantity, or it is 0.
 */
bool scn_host_scaled(const struct scn_host *host, const char *path, uint32_t numerator,
                     uint32_t denominator, char text[SCN_QUANTITY_MAX]);

DENALI_API_END

#endif
