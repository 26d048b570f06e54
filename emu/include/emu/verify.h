/*
 * Verification: a recorded run is run again from its directory, on any engine and any number of
 * threads, and compared with its recording all the way. What `denali verify` does.
 */
#ifndef DENALI_EMU_VERIFY_H
#define DENALI_EMU_VERIFY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <base/public.h>
#include <base/status.h>
#include <vcpu/engine.h>

DENALI_API_BEGIN

struct emu_verify_options {
    const char *path;                     /* of the run directory, or of a bundle of it */
    const struct vcpu_engine_ops *engine; /* NULL: this build's default */
    /* That it was recorded with, where that is one of the caller's own; NULL: one of this build. */
    const struct vcpu_engine_ops *recorded_with;
    uint32_t jobs;               /* 0: as many as the host has processors */
    uint64_t memory_limit_bytes; /* for the guests of each thread; 0: most of the host's */
    const char *from;            /* as typed: from the checkpoint at or before; NULL: the start */
    bool quick;                  /* only look whether the files are as they were written */
    FILE *progress;              /* a live line goes here; NULL: none */
    const volatile bool *stop;   /* set by a signal handler to end early; NULL: never */
};

enum emu_verify_outcome {
    EMU_VERIFY_SAME,
    EMU_VERIFY_DIFFERENT,   /* the run comes to something else, or a file is not what it was */
    EMU_VERIFY_TORN,        /* the same as far as the recording goes, which ends before the run */
    EMU_VERIFY_DAMAGED,     /* likewise, up to where the recording is not as it was written */
    EMU_VERIFY_INTERRUPTED, /* by *stop */
};

#define EMU_VERIFY_TEXT_MAX 4096u

struct emu_verify_result {
    enum emu_verify_outcome outcome;
    uint64_t from_ns; /* what was run again, or with quick what is recorded */
    uint64_t to_ns;
    uint32_t checkpoints; /* that were compared; with quick: that there are */
    bool by_digests; /* the recording's checkpoints are of another version of the saved state: the
                        run was compared by what its nodes exchanged alone */
    uint64_t digest; /* of the run, as recorded; 0 if the recording does not reach its end */
    /* DIFFERENT: the first difference, in lines for people; TORN, DAMAGED: what ends the recording.
     */
    char text[EMU_VERIFY_TEXT_MAX];
};

/* An error is for what keeps it from comparing at all: no recording, no memory, a damaged head. */
enum status emu_verify(const struct emu_verify_options *options, struct emu_verify_result *result,
                       struct error *error) MUST_USE;

DENALI_API_END

#endif
