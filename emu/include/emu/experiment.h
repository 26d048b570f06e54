/*
 * Experiments: a scenario run over the values of a parameter, in variants, with a table of what was
 * measured and a page that shows it beside what was published. What `denali experiment` does.
 */
#ifndef DENALI_EMU_EXPERIMENT_H
#define DENALI_EMU_EXPERIMENT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <base/public.h>
#include <base/status.h>

DENALI_API_BEGIN

struct emu_experiment_options {
    const char *const *paths; /* experiment files, in the order of the page */
    uint32_t path_count;
    bool small;                  /* their small versions, without sensitivities */
    uint32_t jobs;               /* runs at a time, a thread each; 0: one */
    const char *engine;          /* NULL: this build's default */
    const char *out;             /* folder of tables and page; must not exist, or be empty */
    bool keep;                   /* the run directories too, below <out>/runs */
    const char *image_directory; /* where bare program names are looked up */
    FILE *told;                  /* where claims and their outcome are printed; NULL: nowhere */
    FILE *progress;              /* a line a run goes here; NULL: none */
    const volatile bool *stop;   /* set by a signal handler to end early; NULL: never */
};

struct emu_experiment_result {
    uint32_t claims; /* that could be judged */
    uint32_t held;
    uint32_t compared; /* of these, with a published number or range */
    uint32_t agreed;
    bool interrupted;
};

/*
 * Runs every experiment and writes `<out>/<experiment>.csv` for each and `<out>/index.html`. The
 * same experiments give the same files, whatever jobs. Before there is a folder, what any run is to
 * load is looked at. The first run that fails ends it all; its error names the run. The page then
 * says that it is incomplete, as after an interruption, and there is none if no experiment was
 * done. A claim that does not hold is no error.
 */
enum status emu_experiment(const struct emu_experiment_options *options,
                           struct emu_experiment_result *result, struct error *error) MUST_USE;

DENALI_API_END

#endif
