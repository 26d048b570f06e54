/*
 * Two recorded runs side by side: where they part. What `denali diff` does, beside their figures.
 */
#ifndef DENALI_EMU_DIFF_H
#define DENALI_EMU_DIFF_H

#include <stdbool.h>
#include <stdint.h>

#include <base/public.h>
#include <base/status.h>
#include <emu/record.h>

DENALI_API_BEGIN

struct emu_diff_options {
    const char *paths[2];        /* of the run directories, or of bundles */
    uint64_t memory_limit_bytes; /* for the guests of each of two worlds; 0: most of the host's */
};

#define EMU_DIFF_TEXT_MAX 4096u

struct emu_diff_result {
    bool same;                     /* as far as both are recorded, and not damaged */
    uint64_t to_ns;                /* up to which they are: the last moment that both have */
    char given[EMU_DIFF_TEXT_MAX]; /* what only one of them was given from outside, in lines for
                                    * people, also where that changed nothing; "": nothing */
    char text[EMU_DIFF_TEXT_MAX];  /* in what they differ first, in lines for people */
    char *figures; /* of both, side by side, in lines for people; malloc'ed; NULL: there are none */
    char torn[2][EMU_TORN_TEXT_MAX]; /* that a recording ends before its run did; "": it does not */
    char damaged[2][EMU_TORN_TEXT_MAX]; /* what of one is damaged, and done without; "": nothing */
};

/* Both are run from the last moment at which their digests agree; the first difference is told to
 * the instruction where their scenarios are the same, and else by node and interval. */
enum status emu_diff(const struct emu_diff_options *options, struct emu_diff_result *result,
                     struct error *error) MUST_USE;

DENALI_API_END

#endif
