/* Lines of source code, from what a compiler with -g left in a guest program. */
#ifndef DENALI_EMU_SOURCE_LINE_H
#define DENALI_EMU_SOURCE_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct emu_lines; /* of one program */

/* NULL if the file has none that could be read. */
struct emu_lines *emu_lines_open(const char *path);
/* Takes NULL. */
void emu_lines_close(struct emu_lines *lines);

/* "peer.c:42" of an address; false, and "", if it has none. Takes NULL. */
bool emu_lines_find(struct emu_lines *lines, uint32_t address, char *text, size_t text_bytes);

#endif
