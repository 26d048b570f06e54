/*
 * From a frame that a node of a recorded run received back to the code that sent it, and on to what
 * the sender had received before. What `denali why` does.
 */
#ifndef DENALI_EMU_WHY_H
#define DENALI_EMU_WHY_H

#include <stdint.h>

#include <base/public.h>
#include <base/status.h>
#include <emu/record.h>

DENALI_API_BEGIN

struct emu_why_options {
    const char *path;            /* of the run directory, or of a bundle of it */
    const char *node;            /* its name, as typed */
    uint64_t frame;              /* of those that the node received, counted from 1; 0: by `at` */
    const char *at;              /* as typed: the last that it received before this time */
    uint32_t depth;              /* how many frames are followed back; 0: one */
    uint64_t memory_limit_bytes; /* for guests; 0: most of the host's */
};

struct emu_why_result {
    char *text;                   /* lines for people, malloc'ed; NULL on an error */
    char torn[EMU_TORN_TEXT_MAX]; /* that the recording ends before the run did; "": it does not */
    char damaged[EMU_TORN_TEXT_MAX]; /* what of it is damaged and was passed over; "": nothing */
};

/* STATUS_INVALID if the node received no such frame. */
enum status emu_why(const struct emu_why_options *options, struct emu_why_result *result,
                    struct error *error) MUST_USE;

DENALI_API_END

#endif
