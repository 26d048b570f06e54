/* What the files with rows of the schema's table are written with. */
#ifndef DENALI_SCENARIOS_SCHEMA_TABLE_H
#define DENALI_SCENARIOS_SCHEMA_TABLE_H

#include "scenarios/scenario.h"
#include "schema.h"

#define KIB         1024ull
#define MIB         (1024 * KIB)
#define GIB         (1024 * MIB)
#define US          1000ull
#define MS          (1000 * US)
#define SECOND      (1000 * MS)
#define TIME_MAX    SCN_TIME_MAX_NS
#define LATENCY_MAX (8 * SECOND)
#define RATE_MAX    SCN_RATE_MAX_BPS
#define WAN         (1u << SCN_NETWORK_WAN)
#define LAN         (1u << SCN_NETWORK_LAN)
#define COUNT(a)    (sizeof(a) / sizeof(a)[0])

/* Of a row; OWNER is the struct that it fills. */
#define AT(member)       .offset = offsetof(struct OWNER, member)
#define BESIDE(member)   .beside = offsetof(struct OWNER, member)
#define REQUIRED         .presence = SCHEMA_REQUIRED
#define DEFAULT(text)    .presence = SCHEMA_DEFAULT, .fallback = text
#define DERIVED(words)   .presence = SCHEMA_DERIVED, .fallback = words
#define OPTIONAL         .presence = SCHEMA_OPTIONAL
#define RANGE(low, high) .min = low, .max = high

/* schema_host.c: the entries of `hosts`. */
extern const struct schema_section schema_host;

#endif
