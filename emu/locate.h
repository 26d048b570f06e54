/* From two places of a recording, the one good and the other not, to the instruction. */
#ifndef DENALI_EMU_LOCATE_H
#define DENALI_EMU_LOCATE_H

#include <emu/verify.h>

#include "player.h"

struct emu_locate_options {
    const char *directory;
    const struct scn_scenario *scenario;
    const struct vcpu_engine_ops *engine; /* that came to something else than was recorded */
    uint64_t memory_limit_bytes;
};

/*
 * Writes what is known of a difference, in lines. Where the engine that recorded is another one and
 * still gives what it recorded, both are run side by side and the first difference is found to the
 * instruction; otherwise the interval between the places and what the recording tells must do.
 */
enum status emu_locate(const struct emu_locate_options *options, const struct emu_parting *parting,
                       char text[EMU_VERIFY_TEXT_MAX], struct error *error) MUST_USE;

#endif
