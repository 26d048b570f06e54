/* What `denali inspect` knows of a program, for its two ways of telling it. */
#ifndef DENALI_EMU_CLI_INSPECT_H
#define DENALI_EMU_CLI_INSPECT_H

#include <base/status.h>

#include "program_code.h"

/* The stack that the guest kit's linker script sets aside; false without one. */
bool inspect_stack(const struct vcpu_program *program, uint32_t *bottom, uint32_t *top);

/* "function", "object", "label", "constant" */
const char *inspect_symbol_kind(const struct vcpu_symbol *symbol);

enum status inspect_print_json(const struct vcpu_program *program,
                               const struct program_survey *survey, struct error *error) MUST_USE;

#endif
