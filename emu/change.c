/* Changes from outside: their words, and doing them. */
#include "change.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum status bad_change(const char *text, struct error *error)
{
    return error_set(error, STATUS_INVALID, NULL, 0,
                     "--set: `%.80s`; expected seed=N, cut=NODE, drop=NODE, drop=NODE:FRAMES or "
                     "poke=NODE:ADDRESS=BYTE",
                     text);
}

static bool number_parse(const char *text, uint64_t max, uint64_t *value)
{
    char *end;
    errno = 0;
    *value = strtoull(text, &end, 0);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && !errno && *value <= max;
}

/* The text up to a colon is a node; *rest is what follows it, NULL if there is none. */
static enum status node_parse(struct emu_world *world, const char *text, uint32_t *node,
                              const char **rest, struct error *error)
{
    char name[256];
    const char *colon = strchr(text, ':');
    snprintf(name, sizeof name, "%.*s", colon ? (int)(colon - text) : 255, text);
    *rest = colon ? colon + 1 : NULL;
    return scn_node_find(world->scenario, "--set", name, node, error);
}

/* "0x11008=0xff", or a symbol for the address. */
static bool poke_parse(struct emu_world *world, const char *text, struct emu_change *change)
{
    char place[256];
    uint32_t size_bytes;
    const char *equals = text ? strchr(text, '=') : NULL;
    if (!equals || (size_t)(equals - text) >= sizeof place) {
        return false;
    }
    snprintf(place, sizeof place, "%.*s", (int)(equals - text), text);
    return emu_world_place_find(world, change->node, place, &change->address, &size_bytes) &&
           number_parse(equals + 1, 255, &change->value);
}

enum status emu_change_parse(struct emu_world *world, const char *text, struct emu_change *change,
                             struct error *error)
{
    static const char *const words[] = {
        [EMU_CHANGE_SEED] = "seed=",
        [EMU_CHANGE_CUT] = "cut=",
        [EMU_CHANGE_DROP] = "drop=",
        [EMU_CHANGE_POKE] = "poke=",
    };
    memset(change, 0, sizeof *change);
    uint32_t kind = 0;
    while (kind < 4 && strncmp(text, words[kind], strlen(words[kind])) != 0) {
        kind++;
    }
    if (kind == 4) {
        return bad_change(text, error);
    }
    change->kind = (enum emu_change_kind)kind;
    const char *value = text + strlen(words[kind]);
    const char *rest = NULL;
    if (change->kind == EMU_CHANGE_SEED) {
        return number_parse(value, UINT64_MAX, &change->value) ? STATUS_OK
                                                               : bad_change(text, error);
    }
    enum status status = node_parse(world, value, &change->node, &rest, error);
    if (status) {
        return status;
    }
    bool good = true;
    switch (change->kind) {
    case EMU_CHANGE_CUT:
        good = !rest;
        break;
    case EMU_CHANGE_DROP:
        change->value = 1;
        good = !rest || (number_parse(rest, UINT32_MAX, &change->value) && change->value > 0);
        break;
    case EMU_CHANGE_POKE:
        good = poke_parse(world, rest, change);
        break;
    case EMU_CHANGE_SEED:
        break;
    }
    return good ? STATUS_OK : bad_change(text, error);
}

bool emu_change_apply(struct emu_world *world, const struct emu_change *change)
{
    switch (change->kind) {
    case EMU_CHANGE_SEED:
        emu_world_entropy_seed(world, change->value);
        return true;
    case EMU_CHANGE_CUT:
        emu_world_node_cut(world, change->node);
        return true;
    case EMU_CHANGE_DROP:
        emu_world_node_drop(world, change->node, (uint32_t)change->value);
        return true;
    case EMU_CHANGE_POKE:
        return emu_world_node_poke(world, change->node, change->address, (uint8_t)change->value);
    }
    return false;
}
