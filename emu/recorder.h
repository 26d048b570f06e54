/* A recording's input, for the world's own functions and for whoever plays it (emu/record.h has the
 * rest). */
#ifndef DENALI_EMU_RECORDER_H
#define DENALI_EMU_RECORDER_H

#include <emu/record.h>
#include <traces/recording.h>

/* Kinds of input in a recording; numbers are part of the format: append only. */
enum emu_input_kind {
    EMU_INPUT_TYPED = 1,    /* bytes: typed on the console */
    EMU_INPUT_END = 2,      /* nothing more will be typed */
    EMU_INPUT_POKE = 3,     /* a: address, b: the byte that it now holds */
    EMU_INPUT_REGISTER = 4, /* a: enum vcpu_register, b: its value */
    EMU_INPUT_CUT = 5,      /* the node's link */
    EMU_INPUT_DROP = 6,     /* a: how many of the next frames for it are lost */
    EMU_INPUT_SEED = 7,     /* of the entropy of all nodes: a, and b for its upper half */
};

/* Something from outside reaches a node now. */
void emu_recorder_input(struct emu_recorder *recorder, const struct trace_input *input);

#endif
