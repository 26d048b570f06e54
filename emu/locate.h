/* From two places of a recording, the one good and the other not, to the instruction. */
#ifndef DENALI_EMU_LOCATE_H
#define DENALI_EMU_LOCATE_H

#include <emu/verify.h>

#include "player.h"
#include "tracer_text.h"

/* One of two runs that are brought side by side. */
struct emu_locate_side {
    const char *directory;
    const struct scn_scenario *scenario;
    const struct vcpu_engine_ops *engine;
    const char *name; /* in what is told */
};

/*
 * Runs two recorded runs of as many nodes from the places `agreed`, where their nodes are the same,
 * and finds the first difference before or at bad_ns, to the instruction. Adds lines to text;
 * nothing if their nodes do not differ.
 */
enum status emu_locate_between(const struct emu_locate_side sides[2], const size_t agreed[2],
                               uint64_t bad_ns, uint64_t memory_limit_bytes, struct emu_text *text,
                               struct error *error) MUST_USE;

struct emu_locate_options {
    const char *directory;
    const struct scn_scenario *scenario;
    const struct vcpu_engine_ops *engine;        /* that came to something else than was recorded */
    const struct vcpu_engine_ops *recorded_with; /* if it is not of this build; may be NULL */
    uint64_t memory_limit_bytes;
};

/*
 * Writes what is known of a difference between a recording and what the run comes to, in lines.
 * Where the engine that recorded, or any other, still gives what was recorded, both are run side by
 * side; otherwise the interval between the places and what the recording tells must do.
 */
enum status emu_locate(const struct emu_locate_options *options, const struct emu_parting *parting,
                       char text[EMU_VERIFY_TEXT_MAX], struct error *error) MUST_USE;

/* "5.000000000 s". */
void emu_text_time(struct emu_text *text, uint64_t time_ns);
/* "between virtual time 4.000000000 s and 5.000000000 s", or "at virtual time 5.000000000 s". */
void emu_text_between(struct emu_text *text, uint64_t from_ns, uint64_t to_ns);

#endif
