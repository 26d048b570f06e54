/* The live line of a run: virtual time, speed, nodes up, frames/s, MIPS, time left. Of several
 * worlds that do parts of one work: how much of it is done, speed, time left. */
#ifndef DENALI_EMU_PROGRESS_H
#define DENALI_EMU_PROGRESS_H

#include <stdint.h>
#include <stdio.h>

#include <emu/world.h>

struct emu_progress {
    FILE *stream;      /* NULL: silent */
    uint64_t begin_ns; /* virtual time */
    uint64_t end_ns;
    uint64_t started_ns; /* host time */
    uint64_t last_ns;    /* host time of the last line */
    uint64_t last_instructions;
    uint64_t last_frames;
    bool is_terminal; /* the line is rewritten in place; else a line now and then */
};

void emu_progress_init(struct emu_progress *progress, FILE *stream, uint64_t begin_ns,
                       uint64_t end_ns);
/* Prints the line as things stand. */
void emu_progress_show(struct emu_progress *progress, const struct emu_world *world);
/* Prints the line of a work in parts: so much of [begin, end) is done, wherever. */
void emu_progress_show_parts(struct emu_progress *progress, uint64_t done_ns);
/* Ends the line. */
void emu_progress_done(struct emu_progress *progress);

#endif
