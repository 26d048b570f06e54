/*
 * The code of a guest program, by what its file says: which bytes are code, whether all of it is in
 * the ISA, and which devices it names.
 */
#ifndef DENALI_EMU_CLI_PROGRAM_CODE_H
#define DENALI_EMU_CLI_PROGRAM_CODE_H

#include <stdbool.h>
#include <stdint.h>

#include <devices/device.h>
#include <vcpu/program.h>

#include "../disassembly.h"

/* A stretch of code. */
struct program_range {
    const char *name; /* of the function or section; NULL: of a segment */
    uint32_t address;
    uint32_t size_bytes;
};

/* The functions that say their size; where there are none, the executable sections; where there
 * are none either, the executable segments. Returns how many; *ranges is to be freed. */
uint32_t program_ranges(const struct vcpu_program *program, struct program_range **ranges);

/* The code that an argument names: a function or label, or an address in one such as 0x12000. False
 * if there is none. */
bool program_range_find(const struct vcpu_program *program, const char *text,
                        struct program_range *range);

#define PROGRAM_ILLEGAL_MAX 5u /* places told */

struct program_survey {
    uint64_t instructions;
    uint64_t illegal; /* bytes or instructions that are not in the ISA, but for ud2 */
    uint32_t illegal_at[PROGRAM_ILLEGAL_MAX];
    bool devices[DEV_COUNT]; /* named by a port that can be told from the code */
    bool x87;
};

/* Goes through the code from the beginning of each range; the disassembler knows how long what is
 * not in the ISA is. */
void program_survey(const struct vcpu_program *program, struct emu_disassembler *disassembler,
                    struct program_survey *survey);

#endif
