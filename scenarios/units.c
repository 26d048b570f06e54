/*
 * Exact reading and writing of quantities with units.
 */
#include "units.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define DECIMALS_MAX 18

struct unit {
    const char *name;
    uint64_t size; /* in the base unit */
};

struct unit_table {
    const char *expected;
    const char *list;
    const char *not_whole;
    struct unit units[8]; /* falling by size, the base unit last; ends with a NULL name */
};

static const struct unit_table tables[] = {
    [UNIT_NUMBER] = {"a whole number", "", "is not a whole number", {{"", 1}}},
    [UNIT_TIME] = {"a time such as 250us, 10ms or 2min",
                   "ns, us, ms, s, min, h",
                   "is not a whole number of ns",
                   {{"h", 3600000000000},
                    {"min", 60000000000},
                    {"s", 1000000000},
                    {"ms", 1000000},
                    {"us", 1000},
                    {"ns", 1}}},
    [UNIT_RATE] = {"a rate such as 1.5Mbit or 10Gbit (a second)",
                   "bit, kbit, Mbit, Gbit",
                   "is not a whole number of bit/s",
                   {{"Gbit", 1000000000}, {"Mbit", 1000000}, {"kbit", 1000}, {"bit", 1}}},
    [UNIT_SIZE] = {"a size such as 1500B, 64KiB or 16MiB",
                   "B, kB, MB, GB, KiB, MiB, GiB",
                   "is not a whole number of bytes",
                   {{"GiB", 1ull << 30},
                    {"GB", 1000000000},
                    {"MiB", 1ull << 20},
                    {"MB", 1000000},
                    {"KiB", 1ull << 10},
                    {"kB", 1000},
                    {"B", 1}}},
    [UNIT_FREQUENCY] = {"a frequency such as 100MHz or 2.5GHz",
                        "Hz, kHz, MHz, GHz",
                        "is not a whole number of Hz",
                        {{"GHz", 1000000000}, {"MHz", 1000000}, {"kHz", 1000}, {"Hz", 1}}},
};

const char *unit_expected(enum unit_kind kind)
{
    return tables[kind].expected;
}

const char *unit_list(enum unit_kind kind)
{
    return tables[kind].list;
}

/* digits [ "." digits ] as an integer and how many of its digits are decimals. */
struct decimal {
    unsigned __int128 mantissa;
    int decimals;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads a decimal number at *text and moves past it; false if there is none. */
static bool decimal_parse(const char **text, struct decimal *decimal, const char **reason)
{
    const char *c = *text;
    int zeros = 0; /* decimals of 0 that count only if another digit follows */
    bool point = false;
    *decimal = (struct decimal){0, 0};
    if (!is_digit(*c)) {
        return false;
    }
    for (; is_digit(*c) || (*c == '.' && !point && is_digit(c[1])); c++) {
        if (*c == '.') {
            point = true;
            continue;
        }
        if (point && *c == '0') {
            zeros++;
            continue;
        }
        int shift = point ? zeros + 1 : 1;
        zeros = 0;
        decimal->decimals += point ? shift : 0;
        if (decimal->decimals > DECIMALS_MAX) {
            *reason = "has too many decimals";
            return false;
        }
        for (; shift > 0; shift--) {
            if (__builtin_mul_overflow(decimal->mantissa, 10, &decimal->mantissa)) {
                *reason = "is too large";
                return false;
            }
        }
        if (__builtin_add_overflow(decimal->mantissa, (unsigned)(*c - '0'), &decimal->mantissa)) {
            *reason = "is too large";
            return false;
        }
    }
    *text = c;
    return true;
}

static const struct unit *unit_find(enum unit_kind kind, const char *name)
{
    for (const struct unit *unit = tables[kind].units; unit->name != NULL; unit++) {
        if (strcmp(unit->name, name) == 0) {
            return unit;
        }
    }
    return NULL;
}

bool unit_parse(enum unit_kind kind, const char *text, uint64_t *value, const char **reason)
{
    struct decimal decimal;
    *reason = NULL;
    if (!decimal_parse(&text, &decimal, reason)) {
        return false;
    }
    const struct unit *unit = unit_find(kind, text);
    if (unit == NULL) {
        *reason = *text == '\0'                         ? "has no unit"
                  : kind == UNIT_NUMBER || *text == '.' ? NULL
                  : *text == ' '                        ? "has a space before its unit"
                                                        : "has an unknown unit";
        return false;
    }
    unsigned __int128 product;
    if (__builtin_mul_overflow(decimal.mantissa, unit->size, &product)) {
        *reason = "is too large";
        return false;
    }
    uint64_t scale = 1;
    for (int i = 0; i < decimal.decimals; i++) {
        scale *= 10;
    }
    if (product % scale != 0) {
        *reason = tables[kind].not_whole;
        return false;
    }
    if (product / scale > UINT64_MAX) {
        *reason = "is too large";
        return false;
    }
    *value = (uint64_t)(product / scale);
    return true;
}

void unit_write(enum unit_kind kind, uint64_t value, char text[UNIT_TEXT_MAX])
{
    const struct unit *unit = tables[kind].units;
    if (value == 0 && kind == UNIT_TIME) {
        unit = unit_find(kind, "s");
    }
    while (value % unit->size != 0 || (value == 0 && unit->size != 1 && kind != UNIT_TIME)) {
        unit++;
    }
    snprintf(text, UNIT_TEXT_MAX, "%" PRIu64 "%s", value / unit->size, unit->name);
}
