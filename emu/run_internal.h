/* Everything that one run holds, for the files that make it up. */
#ifndef DENALI_EMU_RUN_INTERNAL_H
#define DENALI_EMU_RUN_INTERNAL_H

#include <analysis/metrics.h>
#include <emu/run.h>
#include <traces/run_directory.h>

#include "capture.h"
#include "change.h"
#include "progress.h"
#include "recorder.h"
#include "replay.h"
#include "screenshot.h"

struct node_trace {
    uint32_t node;
    struct scn_stretch stretch;
    bool begun; /* something of it has been written */
};

/* Memory of a node whose changes are told. */
struct node_watch {
    uint32_t node;
    uint32_t address;
    uint32_t size_bytes;
};

/* Everything that one run holds. */
struct run {
    const struct emu_run_options *options;
    struct emu_run_result *result;
    struct scn_scenario *scenario;
    struct emu_world *world;
    struct trace_run *trace;
    struct emu_recorder *recorder; /* NULL: it is not recorded */
    struct ana_metrics *metrics;
    struct emu_capture captures;
    struct emu_screenshots screenshots;
    struct emu_progress progress;
    struct node_trace *traces; /* one for each of options->traces */
    struct emu_replay replay;
    struct scn_nodes consoles;  /* that are also printed */
    struct node_watch *watches; /* one for each of options->watches */
    uint64_t checkpoint_ns;     /* of its recording */
    struct emu_change *changes; /* one for each of options->changes */
    uint64_t fork_ns;
    bool muted;          /* a replay has not come to its beginning: nobody is told anything */
    uint64_t started_ns; /* host time */
    uint32_t faults[VCPU_FAULT_COUNT];
};

/* The tables, the kept disks, the recording's end and the summary. */
enum status emu_run_finish(struct run *run, struct error *error) MUST_USE;

#endif
