/*
 * What the verbs that run something share: reading their options, stopping when somebody asks to,
 * and how a run is told to have ended.
 */
#ifndef DENALI_EMU_CLI_RUNS_H
#define DENALI_EMU_CLI_RUNS_H

#include <emu/run.h>

#include "cli.h"

/* --- reading options -------------------------------------------------------------------------- */

/* Options of emu_run, and room for those that repeat. */
struct cli_run {
    struct emu_run_options options;
    char images[CLI_PATH_MAX];
    const char *sets[CLI_VALUES_MAX];
    const char *parameters[CLI_VALUES_MAX];
    const char *screenshots[CLI_VALUES_MAX];
    const char *traces[CLI_VALUES_MAX];
    const char *watches[CLI_VALUES_MAX];
};

/* Fills run with what was given, under the names that the options have in every verb; what a verb
 * does not have is not there. On bad input prints one line and returns false. */
bool cli_run_read(const struct cli_verb *verb, const struct cli_arguments *arguments,
                  struct cli_run *run);
/* Two of them by themselves. */
bool cli_jobs(const struct cli_arguments *arguments, uint32_t *jobs);
bool cli_memory_limit(const struct cli_arguments *arguments, uint64_t *bytes);

/* A limit has something to limit; else prints one line and returns false. */
bool cli_limit_good(const struct cli_verb *verb, const struct cli_arguments *arguments,
                    const char *limit, const char *what);

/* --- stopping --------------------------------------------------------------------------------- */

/* Somebody asked to stop; only ever set. */
extern volatile bool cli_stop;
/* From here on SIGINT and SIGTERM set it. Who asks twice does not want to wait for the window's
 * end, and the second is as if nobody listened. */
void cli_stop_listen(void);
/* Says that it was interrupted; the exit code. */
int cli_interrupted(void);

/* Says on stderr that a recording ends before its run did, or what of it is damaged; nothing if the
 * text is empty. */
void cli_torn_tell(const char *text);

/* --- ending ----------------------------------------------------------------------------------- */

/*
 * Runs it, says on stderr what is to be said (an error and what it leaves, an interruption, a trace
 * of nothing), prints its summary and directory unless --quiet, and returns the exit code. What is
 * only shown again, a replay, is not judged: it has no summary, and no expectation to miss.
 */
int cli_run_all(const struct cli_arguments *arguments, const struct emu_run_options *options);

#endif
