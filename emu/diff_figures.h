/* Figures of two runs side by side, for people. */
#ifndef DENALI_EMU_DIFF_FIGURES_H
#define DENALI_EMU_DIFF_FIGURES_H

#include "tracer_text.h"

/* Adds a table; nothing if one of the run directories has no summary, as its run did not end. */
void emu_diff_figures(const char *const folders[2], struct emu_text *text);

#endif
