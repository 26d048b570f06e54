/* Changes from outside: their words, and doing them. */
#include "change.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --set: `poke=peer-0:0x9000=256`: what is wrong with `part`; what was expected. */
static enum status bad_change(const char *text, const char *part, const char *what,
                              struct error *error)
{
    return error_set(error, STATUS_INVALID, NULL, 0, "--set: `%.80s`: `%.80s` %s", text, part,
                     what);
}

static bool number_parse(const char *text, uint64_t max, uint64_t *value)
{
    char *end;
    errno = 0;
    *value = strtoull(text, &end, 0);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && !errno && *value <= max;
}

/* "peer-3" or "peer-3:5": a node, and how many frames. */
static enum status parse_drop(const char *text, const char *rest, struct emu_change *change,
                              struct error *error)
{
    change->value = 1;
    if (rest && (!number_parse(rest, UINT32_MAX, &change->value) || change->value == 0)) {
        return bad_change(text, rest, "is no number of frames; expected 1 to 4294967295", error);
    }
    return STATUS_OK;
}

/* "0x11008=0xff", or a symbol for the address. */
static enum status parse_poke(struct emu_world *world, const char *text, const char *rest,
                              struct emu_change *change, struct error *error)
{
    char place[256];
    uint32_t size_bytes;
    const char *equals = rest ? strchr(rest, '=') : NULL;
    if (!equals) {
        return bad_change(text, rest ? rest : text,
                          rest ? "has no byte; expected poke=NODE:ADDRESS=BYTE"
                               : "has no address; expected poke=NODE:ADDRESS=BYTE",
                          error);
    }
    size_t length = (size_t)(equals - rest);
    snprintf(place, sizeof place, "%.*s", (int)(length < sizeof place ? length : 255), rest);
    if (!emu_world_place_find(world, change->node, place, &change->address, &size_bytes)) {
        return bad_change(text, place,
                          "is no address; expected a number such as 0x12ab0, or a symbol of the "
                          "node's image",
                          error);
    }
    if (!emu_node_has_memory(&world->nodes[change->node], change->address, 1)) {
        return bad_change(text, place, "is an address where the node has no such memory", error);
    }
    return number_parse(equals + 1, 255, &change->value)
               ? STATUS_OK
               : bad_change(text, equals + 1, "is no byte; expected 0 to 255", error);
}

/* What follows "cut=" and the like: a node, and by kind something behind a colon. */
static enum status parse_of_node(struct emu_world *world, const char *text, const char *value,
                                 struct emu_change *change, struct error *error)
{
    char name[256];
    const char *colon = strchr(value, ':');
    const char *rest = colon ? colon + 1 : NULL;
    snprintf(name, sizeof name, "%.*s", colon && colon - value < 255 ? (int)(colon - value) : 255,
             value);
    enum status status = scn_node_find(world->scenario, "--set", name, &change->node, error);
    if (status) {
        return status;
    }
    if (change->kind == EMU_CHANGE_DROP) {
        return parse_drop(text, rest, change, error);
    }
    if (change->kind == EMU_CHANGE_POKE) {
        return parse_poke(world, text, rest, change, error);
    }
    return rest ? bad_change(text, rest, "is too much; expected cut=NODE", error) : STATUS_OK;
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
        return error_set(
            error, STATUS_INVALID, NULL, 0,
            "--set: `%.80s`; expected seed=N, cut=NODE, drop=NODE, drop=NODE:FRAMES or "
            "poke=NODE:ADDRESS=BYTE",
            text);
    }
    change->kind = (enum emu_change_kind)kind;
    const char *value = text + strlen(words[kind]);
    if (change->kind != EMU_CHANGE_SEED) {
        return parse_of_node(world, text, value, change, error);
    }
    return number_parse(value, UINT64_MAX, &change->value)
               ? STATUS_OK
               : bad_change(text, value, "is no seed; expected a whole number", error);
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
