/* Source lines by libdw (DWARF 5, section 6.2). */
#include "source_line.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <elfutils/libdw.h>

#include <base/alloc.h>

struct emu_lines {
    int file;
    Dwarf *dwarf;
};

struct emu_lines *emu_lines_open(const char *path)
{
    struct emu_lines *lines = alloc_zeroed(1, sizeof *lines);
    lines->file = open(path, O_RDONLY | O_CLOEXEC);
    lines->dwarf = lines->file >= 0 ? dwarf_begin(lines->file, DWARF_C_READ) : NULL;
    if (!lines->dwarf) {
        emu_lines_close(lines);
        return NULL;
    }
    return lines;
}

void emu_lines_close(struct emu_lines *lines)
{
    if (lines) {
        dwarf_end(lines->dwarf);
        if (lines->file >= 0) {
            close(lines->file);
        }
        free(lines);
    }
}

/* The unit whose code the address is in. */
static bool unit_find(Dwarf *dwarf, uint32_t address, Dwarf_Die *unit)
{
    if (dwarf_addrdie(dwarf, address, unit)) {
        return true;
    }
    /* Compilers need not write a table of addresses. */
    Dwarf_Off offset = 0;
    Dwarf_Off next;
    size_t header_bytes;
    while (dwarf_nextcu(dwarf, offset, &next, &header_bytes, NULL, NULL, NULL) == 0) {
        if (dwarf_offdie(dwarf, offset + header_bytes, unit) && dwarf_haspc(unit, address) == 1) {
            return true;
        }
        offset = next;
    }
    return false;
}

bool emu_lines_find(struct emu_lines *lines, uint32_t address, char *text, size_t text_bytes)
{
    Dwarf_Die unit;
    int number = 0;
    text[0] = '\0';
    if (!lines || !unit_find(lines->dwarf, address, &unit)) {
        return false;
    }
    Dwarf_Line *line = dwarf_getsrc_die(&unit, address);
    const char *source = line ? dwarf_linesrc(line, NULL, NULL) : NULL;
    if (!source || dwarf_lineno(line, &number)) {
        return false;
    }
    const char *slash = strrchr(source, '/');
    snprintf(text, text_bytes, "%s:%d", slash ? slash + 1 : source, number);
    return true;
}
