/*
 * Quantities with units, exactly: "1.5Mbit" is 1,500,000 bit/s, and what is not a whole number of
 * the base unit is refused. Integer arithmetic only.
 */
#ifndef DENALI_SCENARIOS_UNITS_H
#define DENALI_SCENARIOS_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum unit_kind {
    UNIT_NUMBER,    /* none: counts, numbers */
    UNIT_TIME,      /* ns: ns us ms s min h */
    UNIT_RATE,      /* bit/s: bit kbit Mbit Gbit */
    UNIT_SIZE,      /* bytes: B kB MB GB KiB MiB GiB */
    UNIT_FREQUENCY, /* Hz: Hz kHz MHz GHz */
};

#define UNIT_TEXT_MAX 32 /* bytes of a written quantity with its NUL */

/* The quantity's value in the base unit. On failure false, and reason says what is wrong with it
 * ("has no unit", "is not a whole number of ns"), or is NULL if it is no number at all. */
bool unit_parse(enum unit_kind kind, const char *text, uint64_t *value, const char **reason);

/* Writes a value in the largest unit in which it is whole; unit_parse reads it back. */
void unit_write(enum unit_kind kind, uint64_t value, char text[UNIT_TEXT_MAX]);

/* What such a quantity is called, with examples: "a time such as 250us, 10ms or 2min". */
const char *unit_expected(enum unit_kind kind);
/* The units in words, for messages and the reference: "ns, us, ms, s, min, h"; "" for numbers. */
const char *unit_list(enum unit_kind kind);

#endif
