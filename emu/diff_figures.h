/* Figures of two runs side by side, for people. */
#ifndef DENALI_EMU_DIFF_FIGURES_H
#define DENALI_EMU_DIFF_FIGURES_H

#include "run_folder.h"
#include "tracer_text.h"

/* Adds a table; where one has no summary, as its run did not end, or a damaged one, that instead.
 */
void emu_diff_figures(const struct emu_run_folder *const folders[2], struct emu_text *text);

#endif
