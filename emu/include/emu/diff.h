/*
 * Two recorded runs side by side: where they part. What `denali diff` does, beside their figures.
 */
#ifndef DENALI_EMU_DIFF_H
#define DENALI_EMU_DIFF_H

#include <stdbool.h>
#include <stdint.h>

#include <base/public.h>
#include <base/status.h>

DENALI_API_BEGIN

struct emu_diff_options {
    const char *paths[2];        /* of the run directories */
    uint64_t memory_limit_bytes; /* for the guests of each of two worlds; 0: most of the host's */
};

#define EMU_DIFF_TEXT_MAX 4096u

struct emu_diff_result {
    bool same;                    /* as far as both are recorded */
    uint64_t to_ns;               /* up to which they are */
    char text[EMU_DIFF_TEXT_MAX]; /* in what they differ first, in lines for people */
};

/* Both are run from the last moment at which their digests agree; the first difference is told to
 * the instruction where their scenarios are the same, and else by node and interval. */
enum status emu_diff(const struct emu_diff_options *options, struct emu_diff_result *result,
                     struct error *error) MUST_USE;

DENALI_API_END

#endif
