/* The command line; see options.h. */
#include "options.h"

#include <stdio.h>
#include <string.h>

enum kind {
    KIND_TEXT,
    KIND_U8,
    KIND_U16,
    KIND_U32,
    KIND_BOOL,
    KIND_NANO, /* a decimal number, kept in units of 10^-9 in 64 bits */
};

struct option {
    const char *name;
    enum kind kind;
    size_t offset;
    uint32_t min;
    uint32_t max; /* NANO: in whole units */
    const char *help;
};

#define FIELD(field) offsetof(struct peer_options, field)

static const struct option OPTIONS[] = {
    {"--bootstrap", KIND_TEXT, FIELD(bootstrap), 0, 0, "ADDRESS[:PORT],...: whom to join through"},
    {"--address", KIND_TEXT, FIELD(address), 0, 0, "own IPv4 address (asked of the sockets)"},
    {"--port", KIND_U16, FIELD(port), 1, 65535, "UDP port of all peers (4000)"},
    {"--nodes", KIND_U32, FIELD(nodes), 1, 0x7fffffff, "peers that store a value (all machines)"},
    {"--index", KIND_U32, FIELD(index), 0, 0x7fffffff, "which of them this is (the machine's)"},
    {"--seed", KIND_U32, FIELD(seed), 0, 0xffffffff, "of this peer's random numbers (1)"},
    {"--k", KIND_U8, FIELD(kad.k), 1, KAD_CONTACTS_MAX, "bucket size and copies (20)"},
    {"--alpha", KIND_U8, FIELD(kad.alpha), 1, KAD_CONTACTS_MAX, "requests at a time (3)"},
    {"--rpc-timeout-ms", KIND_U32, FIELD(kad.rpc_timeout_ms), 1, 3600000,
     "of a request's first attempt, doubled with each other (1000)"},
    {"--rpc-attempts", KIND_U8, FIELD(kad.rpc_attempts), 1, 8, "times a request is sent (3)"},
    {"--fresh-ms", KIND_U32, FIELD(kad.fresh_ms), 0, 0x7fffffff,
     "a full bucket's oldest contact is pinged if not heard of for so long (60000)"},
    {"--refresh-s", KIND_U32, FIELD(kad.refresh_s), 0, 1000000, "bucket refresh; 0 never (3600)"},
    {"--republish-s", KIND_U32, FIELD(kad.republish_s), 0, 1000000, "0 never (3600)"},
    {"--expire-s", KIND_U32, FIELD(kad.expire_s), 1, 10000000, "life of a value (86400)"},
    {"--store-capacity", KIND_U32, FIELD(kad.store_capacity), 1, 1000000, "pairs kept (256)"},
    {"--cache", KIND_BOOL, FIELD(kad.cache), 0, 1, "cache found values on the way (1)"},
    {"--value-bytes", KIND_U32, FIELD(value_bytes), 1, KAD_VALUE_MAX, "size of a value (32)"},
    {"--join-at", KIND_NANO, FIELD(join_at_ns), 0, 1000000000, "seconds (0)"},
    {"--join-spread", KIND_NANO, FIELD(join_spread_ns), 0, 1000000000, "seconds (0)"},
    {"--store-at", KIND_NANO, FIELD(store_at_ns), 0, 1000000000, "seconds (once joined)"},
    {"--store-spread", KIND_NANO, FIELD(store_spread_ns), 0, 1000000000, "seconds (0)"},
    {"--lookups-from", KIND_NANO, FIELD(lookups_from_ns), 0, 1000000000, "seconds (once joined)"},
    {"--lookups-until", KIND_NANO, FIELD(lookups_until_ns), 0, 1000000000, "seconds (never)"},
    {"--rate", KIND_NANO, FIELD(rate_nanohertz), 0, 1000, "lookups a second of each node (0)"},
};

#define OPTION_COUNT (sizeof(OPTIONS) / sizeof(OPTIONS[0]))

/* Decimal digits, if decimals > 0 also a point and up to so many more; in units of 10^-decimals. */
static bool parse_number(const char *text, int decimals, uint64_t *number)
{
    uint64_t value = 0;
    int digits = 0;
    int after_point = -1;
    for (; *text != '\0'; text++) {
        if (*text == '.' && after_point < 0 && decimals > 0 && digits > 0) {
            after_point = 0;
            continue;
        }
        if (*text < '0' || *text > '9' || digits >= 18) {
            return false;
        }
        if (after_point >= 0 && ++after_point > decimals) {
            return false;
        }
        value = 10 * value + (uint64_t)(*text - '0');
        digits++;
    }
    for (int i = after_point < 0 ? 0 : after_point; i < decimals; i++) {
        if (value > UINT64_MAX / 10) {
            return false;
        }
        value *= 10;
    }
    *number = value;
    return digits > 0;
}

static bool store_value(const struct option *option, void *field, const char *text)
{
    uint64_t number;
    uint64_t unit = option->kind == KIND_NANO ? 1000000000 : 1;
    if (option->kind == KIND_TEXT) {
        *(const char **)field = text;
        return true;
    }
    if (!parse_number(text, option->kind == KIND_NANO ? 9 : 0, &number) ||
        number < option->min * unit || number > option->max * unit) {
        return false;
    }
    switch (option->kind) {
    case KIND_U8:
        *(uint8_t *)field = (uint8_t)number;
        break;
    case KIND_BOOL:
        *(bool *)field = number != 0;
        break;
    case KIND_U16:
        *(uint16_t *)field = (uint16_t)number;
        break;
    case KIND_U32:
        *(uint32_t *)field = (uint32_t)number;
        break;
    default:
        *(uint64_t *)field = number;
        break;
    }
    return true;
}

static void print_help(void)
{
    printf("usage: kademlia [OPTION VALUE]...\n");
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        printf("  %-18s %s\n", OPTIONS[i].name, OPTIONS[i].help);
    }
}

static bool parse_option(struct peer_options *options, const char *name, const char *value)
{
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const struct option *option = &OPTIONS[i];
        if (strcmp(name, option->name) != 0) {
            continue;
        }
        if (!value) {
            printf("kademlia: %s needs a value\n", name);
            return false;
        }
        if (!store_value(option, (char *)options + option->offset, value)) {
            printf("kademlia: %s %s: expected a number from %lu to %lu%s\n", name, value,
                   (unsigned long)option->min, (unsigned long)option->max,
                   option->kind == KIND_NANO ? " with at most nine decimals" : "");
            return false;
        }
        return true;
    }
    printf("kademlia: unknown option %s; --help lists them\n", name);
    return false;
}

bool peer_options_parse(struct peer_options *options, uint32_t index, uint32_t nodes, int argc,
                        char **argv)
{
    memset(options, 0, sizeof(*options));
    kad_options_default(&options->kad);
    options->port = 4000;
    options->index = index;
    options->nodes = nodes > 0 ? nodes : 1;
    options->seed = 1;
    options->value_bytes = 32;
    options->lookups_until_ns = KAD_NEVER;
    for (int i = 1; i < argc; i += 2) {
        if (strcmp(argv[i], "--help") == 0) {
            print_help();
            return false;
        }
        if (!parse_option(options, argv[i], i + 1 < argc ? argv[i + 1] : NULL)) {
            return false;
        }
    }
    if (options->kad.alpha > options->kad.k) {
        printf("kademlia: --alpha %u is more than --k %u\n", options->kad.alpha, options->kad.k);
        return false;
    }
    return true;
}
