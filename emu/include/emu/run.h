/*
 * A run: a scenario executed from its start to its end, with a run directory to show for it. What
 * `denali run` does, for programs that do it themselves.
 */
#ifndef DENALI_EMU_RUN_H
#define DENALI_EMU_RUN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <base/public.h>
#include <base/status.h>
#include <emu/record.h>
#include <emu/world.h>

DENALI_API_BEGIN

/* Of this library, "0.1.0". */
const char *emu_version(void);

struct emu_run_options {
    const char *scenario_path;
    const char *const *sets; /* "path=value", in order */
    uint32_t set_count;
    const char *const *parameters; /* "name=value", in order, after sets */
    uint32_t parameter_count;
    const char *seed;  /* as typed; NULL: the scenario's */
    const char *nodes; /* as typed; NULL: the scenario's */
    const char
        *until; /* as typed, e.g. "20s": a shorter or longer duration; NULL: the scenario's */
    const char *engine;          /* name; NULL: this build's default */
    uint32_t jobs;               /* 0: as many as the host has processors */
    uint64_t memory_limit_bytes; /* 0: most of the host's */
    const char *pcap;            /* nodes to capture, as scenarios/select.h has them; NULL: none */
    uint64_t pcap_limit_bytes;   /* of each file; 0: 256 MiB */
    const char *const
        *screenshots; /* NODES[@TIME] each, pictures of screens; no time: at the end */
    uint32_t screenshot_count;
    const char *const *traces; /* "NODE" or "NODE:STRETCH": instructions to trace */
    uint32_t trace_count;
    uint64_t trace_limit_bytes;   /* of text for each; 0: EMU_TRACE_LIMIT_BYTES */
    bool record;                  /* so that it can be verified and replayed: trace/ */
    const char *checkpoint_every; /* as typed, e.g. "5s"; "0s": no checkpoints; NULL: 5s */
    const char *replay;  /* a recorded run, its directory or a bundle of it, which is played instead
                            of a scenario; scenario_path and what changes it are not looked at */
    const char *from;    /* of a replay, as typed; NULL: its start. Nothing before it is told */
    const char *to;      /* and its end; NULL: the recording's */
    const char *console; /* nodes whose consoles are also printed; NULL: none */
    const char *const *watches; /* "NODE:ADDRESS": memory whose changes are traced */
    uint32_t watch_count;
    const char *fork_at; /* as typed: the replay is another run from there on, by these changes, up
                            to the scenario's end; NULL: it is none */
    const char *const *changes; /* "seed=7", "cut=NODE", "drop=NODE:3", "poke=NODE:ADDRESS=BYTE" */
    uint32_t change_count;
    FILE *stream;                /* where consoles and watches are printed; NULL: nowhere */
    const char *out;             /* run directory; NULL: runs/<scenario>-<seed>-<n> */
    const char *image_directory; /* where bare program names are looked up */
    FILE *progress;              /* a live line goes here; NULL: none */
    const volatile bool *stop;   /* set by a signal handler to end early; NULL: never */
};

struct emu_run_result {
    char path[4096];       /* of the run directory, once it exists */
    bool interrupted;      /* ended early by *stop; the directory says so */
    bool expectations_met; /* all of the scenario's expectations held */
    uint64_t digest;
    uint32_t nodes_up;
    uint32_t nodes_queued;        /* wait until their host has memory for them */
    uint64_t actions;             /* of the schedule, one for each machine */
    uint64_t actions_undone;      /* of these, as events.log says why */
    const char *trace_empty;      /* the first of options.traces that traced nothing, or NULL */
    char torn[EMU_TORN_TEXT_MAX]; /* of a replay: says that what was recorded ends before the run
                                     did, and where; "": it does not */
    /* Of a replay, after an error too: says what of the recording is damaged and was passed over;
     * "": nothing was. */
    char damaged[EMU_TORN_TEXT_MAX];
};

/* A moment of a recorded run: a virtual time such as 20500ms, or a number of seconds. */
enum status emu_moment_parse(const char *option, const char *text, uint64_t *time_ns,
                             struct error *error) MUST_USE;

/* Loads and validates a scenario with the overrides of options. The caller destroys it. */
enum status emu_run_scenario_load(const struct emu_run_options *options,
                                  struct scn_scenario **scenario, struct error *error) MUST_USE;

/* Runs it all. On an error after the directory was made, the directory stays, marked INCOMPLETE. */
enum status emu_run(const struct emu_run_options *options, struct emu_run_result *result,
                    struct error *error) MUST_USE;

DENALI_API_END

#endif
