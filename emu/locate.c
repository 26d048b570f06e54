/*
 * Finds the first instruction at which two engines part: both worlds start at the last place where
 * they agree, and the stretch to where they do not is halved until it is one instruction long.
 */
#include "locate.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <base/time.h>
#include <vcpu/isa.h>
#include <vcpu/program.h>

#include "disassembly.h"
#include "tracer_text.h"

#define NEIGHBOURS 3u    /* instructions shown before and after */
#define WALK_MAX   4096u /* bytes from a function's start */

/* One of the two worlds. */
struct side {
    const char *name;
    struct emu_world *world;
    struct emu_player *player;
    struct emu_snapshot *agreed; /* where both were last the same */
    size_t agreed_place;
};

static void side_fini(struct side *side)
{
    emu_snapshot_destroy(side->agreed);
    emu_player_close(side->player);
    emu_world_destroy(side->world);
}

static enum status side_init(struct side *side, const struct emu_locate_side *from,
                             uint64_t memory_limit_bytes, struct error *error)
{
    struct emu_world_options world_options = {
        .engine = from->engine,
        .jobs = 1,
        .memory_limit_bytes = memory_limit_bytes,
    };
    side->name = from->name;
    enum status status = emu_world_create(from->scenario, &world_options, &side->world, error);
    status = status ? status : emu_player_open(from->directory, false, &side->player, error);
    if (!status) {
        emu_player_forgive(side->player);
    }
    return status;
}

/* Runs from the checkpoint before to a place, and takes it as agreed on. */
static enum status side_start(struct side *side, size_t place, struct error *error)
{
    bool stopped;
    size_t from = emu_player_whole(side->player, side->world, place);
    enum status status = emu_player_enter(side->player, side->world, from, error);
    return status ? status : emu_player_run(side->player, UINT64_MAX, place, NULL, &stopped, error);
}

static void side_agree(struct side *side)
{
    emu_snapshot_destroy(side->agreed);
    side->agreed = emu_world_snapshot(side->world);
    side->agreed_place = emu_player_now(side->player);
}

static enum status side_back(struct side *side, struct error *error)
{
    enum status status = emu_world_restore(side->world, side->agreed, error);
    return status ? status : emu_player_now_set(side->player, side->agreed_place, error);
}

static enum status side_run(struct side *side, uint64_t until_ns, struct error *error)
{
    bool stopped;
    return emu_player_run(side->player, until_ns, SIZE_MAX, NULL, &stopped, error);
}

/* The first node whose state differs, UINT32_MAX if none does. */
static uint32_t first_different(struct side sides[2])
{
    for (uint32_t i = 0; i < sides[0].world->node_count; i++) {
        if (emu_node_state_hash(&sides[0].world->nodes[i]) !=
            emu_node_state_hash(&sides[1].world->nodes[i])) {
            return i;
        }
    }
    return UINT32_MAX;
}

/* --- halving ---------------------------------------------------------------------------------- */

/* Narrows (agreed, *bad_ns] to one nanosecond, less than any instruction; *node is the one that
 * differs there. Afterwards both are where they agree. */
static enum status narrow(struct side sides[2], uint64_t *bad_ns, uint32_t *node,
                          struct error *error)
{
    enum status status = STATUS_OK;
    uint64_t good_ns = sides[0].world->now_ns;
    side_agree(&sides[0]);
    side_agree(&sides[1]);
    *node = UINT32_MAX;
    while (!status && (*bad_ns - good_ns > 1 || *node == UINT32_MAX)) {
        uint64_t middle_ns = *node == UINT32_MAX ? *bad_ns : good_ns + (*bad_ns - good_ns) / 2;
        for (int i = 0; i < 2 && !status; i++) {
            status = side_run(&sides[i], middle_ns, error);
        }
        uint32_t different = status ? UINT32_MAX : first_different(sides);
        if (different != UINT32_MAX) {
            *node = different;
            *bad_ns = middle_ns;
            for (int i = 0; i < 2 && !status; i++) {
                status = side_back(&sides[i], error);
            }
        } else if (*node == UINT32_MAX) {
            return status; /* they do not differ in any node */
        } else if (!status) {
            good_ns = middle_ns;
            side_agree(&sides[0]);
            side_agree(&sides[1]);
        }
    }
    return status;
}

/* --- telling ---------------------------------------------------------------------------------- */

void emu_text_time(struct emu_text *text, uint64_t time_ns)
{
    emu_text_add(text, "%llu.%09llu s", time_ns / TIME_NS_PER_S, time_ns % TIME_NS_PER_S);
}

void emu_text_between(struct emu_text *text, uint64_t from_ns, uint64_t to_ns)
{
    emu_text_add(text, from_ns == to_ns ? "at virtual time " : "between virtual time ");
    emu_text_time(text, from_ns);
    if (from_ns != to_ns) {
        emu_text_add(text, " and ");
        emu_text_time(text, to_ns);
    }
}

static uint32_t code_at(struct emu_world *world, uint32_t node, uint32_t address,
                        uint8_t code[ISA_INSTRUCTION_MAX_BYTES])
{
    uint32_t size_bytes = ISA_INSTRUCTION_MAX_BYTES;
    while (size_bytes && !emu_world_node_read(world, node, address, code, size_bytes)) {
        size_bytes--;
    }
    return size_bytes;
}

static uint32_t add_line(struct emu_text *text, struct emu_disassembler *disassembler,
                         struct emu_world *world, uint32_t node, uint32_t address, bool here)
{
    uint8_t code[ISA_INSTRUCTION_MAX_BYTES];
    char assembly[192] = "(no memory here)";
    uint32_t size_bytes = code_at(world, node, address, code);
    uint32_t length = size_bytes ? emu_disassemble(disassembler, code, size_bytes, address,
                                                   assembly, sizeof assembly)
                                 : 1;
    emu_text_add(text, "  %s %08" PRIx32 "  %s\n", here ? "->" : "  ", address, assembly);
    return length;
}

/* Those before, as far as they can be told from the start of the function. */
static void add_before(struct emu_text *text, struct emu_disassembler *disassembler,
                       struct emu_world *world, uint32_t node, uint32_t start, uint32_t eip)
{
    uint32_t last[NEIGHBOURS];
    uint32_t count = 0;
    uint32_t address = start;
    while (address < eip && eip - start < WALK_MAX) {
        uint8_t code[ISA_INSTRUCTION_MAX_BYTES];
        char assembly[192];
        uint32_t size_bytes = code_at(world, node, address, code);
        if (!size_bytes) {
            return;
        }
        last[count++ % NEIGHBOURS] = address;
        address +=
            emu_disassemble(disassembler, code, size_bytes, address, assembly, sizeof assembly);
    }
    for (uint32_t i = count > NEIGHBOURS ? count - NEIGHBOURS : 0; address == eip && i < count;
         i++) {
        add_line(text, disassembler, world, node, last[i % NEIGHBOURS], false);
    }
}

static enum status add_code(struct emu_text *text, struct emu_world *world, uint32_t node,
                            struct error *error)
{
    struct emu_disassembler *disassembler = NULL;
    enum status status = emu_disassembler_create(&disassembler, error);
    if (status) {
        return status;
    }
    uint32_t eip = world->nodes[node].vcpu.eip;
    const struct vcpu_program *program =
        emu_world_symbols(world, scn_node_group(world->scenario, node));
    const struct vcpu_symbol *symbol = program ? vcpu_program_symbol_at(program, eip) : NULL;
    if (symbol) {
        add_before(text, disassembler, world, node, symbol->address, eip);
    }
    uint32_t address = eip;
    for (uint32_t i = 0; i <= NEIGHBOURS; i++) {
        address += add_line(text, disassembler, world, node, address, i == 0);
    }
    emu_disassembler_destroy(disassembler);
    return STATUS_OK;
}

/* When a side is next given something from outside. */
static uint64_t outside_ns(const struct side *side)
{
    size_t count;
    const struct trace_entry *entries =
        trace_recording_entries(emu_player_recording(side->player), &count);
    size_t place = emu_player_now(side->player) + 1;
    while (place < count && entries[place].type != TRACE_RECORD_INPUT) {
        place++;
    }
    return place < count ? entries[place].time_ns : UINT64_MAX;
}

/* Both are where they agree last, and differ at bad_ns. If that is because of what they are given
 * from outside, both are brought to before it, and *at_ns is that moment; else UINT64_MAX. */
static enum status come_to_outside(struct side sides[2], uint64_t bad_ns, uint64_t *at_ns,
                                   struct error *error)
{
    uint64_t given_ns[2] = {outside_ns(&sides[0]), outside_ns(&sides[1])};
    uint64_t first_ns = given_ns[0] < given_ns[1] ? given_ns[0] : given_ns[1];
    enum status status = STATUS_OK;
    *at_ns = UINT64_MAX;
    if (first_ns > bad_ns) {
        return STATUS_OK;
    }
    for (int i = 0; i < 2 && !status; i++) {
        status = emu_world_run(sides[i].world, bad_ns, error); /* and given nothing */
    }
    if (!status && first_different(sides) == UINT32_MAX) {
        *at_ns = first_ns;
    }
    for (int i = 0; i < 2 && !status; i++) {
        status = side_back(&sides[i], error);
        if (!status && *at_ns != UINT64_MAX && *at_ns > sides[i].world->now_ns) {
            status = emu_world_run(sides[i].world, *at_ns, error);
        }
    }
    return status;
}

/* Both are where they agree last; bad_ns is where the node differs. */
static enum status tell(struct side sides[2], uint64_t bad_ns, uint32_t node, struct emu_text *text,
                        struct error *error)
{
    struct emu_world *world = sides[0].world;
    char name[SCN_NODE_NAME_MAX];
    char difference[512] = "";
    uint64_t outside_at_ns;
    enum status status = come_to_outside(sides, bad_ns, &outside_at_ns, error);
    if (status) {
        return status;
    }
    const struct vcpu before = world->nodes[node].vcpu;
    const bool outside = outside_at_ns != UINT64_MAX;
    const bool booted = world->nodes[node].state != EMU_NODE_OFF;
    const struct vcpu_program *program =
        emu_world_symbols(world, scn_node_group(world->scenario, node));
    scn_node_name(world->scenario, node, name);
    emu_text_add(text, "first difference: virtual time ");
    emu_text_time(text, outside ? outside_at_ns : bad_ns - 1);
    emu_text_add(text, ", node %s, ", name);
    if (booted) {
        emu_text_add(text, "instruction %" PRIu64 " at eip %08" PRIx32, before.retired, before.eip);
        struct emu_text place = {0};
        emu_text_place(&place, program, before.eip);
        emu_text_add(text, place.bytes && place.bytes[0] ? " (%s)\n" : "\n",
                     place.bytes ? place.bytes : "");
        emu_text_fini(&place);
        status = add_code(text, world, node, error);
    } else {
        emu_text_add(text, "which has not booted\n");
    }
    for (int i = 0; i < 2 && !status; i++) {
        status = side_run(&sides[i], bad_ns, error);
    }
    if (status) {
        return status;
    }
    if (outside) {
        emu_text_add(text, "before it: what they are given from outside then\n");
    } else if (world->nodes[node].vcpu.retired == before.retired &&
               sides[1].world->nodes[node].vcpu.retired == before.retired) {
        emu_text_add(text, "before it is executed: what reaches the node then, such as a frame or "
                           "an interrupt\n");
    }
    emu_node_difference_between(world, sides[1].world, node, sides[0].name, sides[1].name,
                                difference, sizeof difference);
    emu_text_add(text, "%s\n", difference);
    return STATUS_OK;
}

static void tell_interval(const struct emu_locate_options *options,
                          const struct trace_entry *entries, const struct emu_parting *parting,
                          struct emu_text *text)
{
    char name[SCN_NODE_NAME_MAX] = "";
    if (parting->node != UINT32_MAX) {
        scn_node_name(options->scenario, parting->node, name);
    }
    emu_text_between(text, entries[parting->good].time_ns, entries[parting->bad].time_ns);
    emu_text_add(text, ": %s%s, in %s\n", parting->node != UINT32_MAX ? "node " : "",
                 parting->node != UINT32_MAX ? name : "no single node",
                 entries[parting->bad].type == TRACE_RECORD_DIGESTS
                     ? "what it exchanged with the outside"
                     : "its state at the checkpoint");
    if (parting->text[0]) {
        emu_text_add(text, "%s\n", parting->text);
    }
}

static enum status sides_start(struct side sides[2], const struct emu_locate_side from[2],
                               const size_t agreed[2], uint64_t memory_limit_bytes,
                               struct error *error)
{
    enum status status = STATUS_OK;
    for (int i = 0; i < 2 && !status; i++) {
        status = side_init(&sides[i], &from[i], memory_limit_bytes, error);
        status = status ? status : side_start(&sides[i], agreed[i], error);
    }
    return status;
}

static enum status narrow_and_tell(struct side sides[2], uint64_t bad_ns, struct emu_text *text,
                                   struct error *error)
{
    uint32_t node;
    enum status status = narrow(sides, &bad_ns, &node, error);
    return status || node == UINT32_MAX ? status : tell(sides, bad_ns, node, text, error);
}

enum status emu_locate_between(const struct emu_locate_side from[2], const size_t agreed[2],
                               uint64_t bad_ns, uint64_t memory_limit_bytes, struct emu_text *text,
                               struct error *error)
{
    struct side sides[2] = {{0}, {0}};
    enum status status = sides_start(sides, from, agreed, memory_limit_bytes, error);
    if (!status && first_different(sides) != UINT32_MAX) {
        /* They exchanged the same until there, but were not the same: from the beginning. */
        const size_t start[2] = {EMU_PLACE_START, EMU_PLACE_START};
        side_fini(&sides[0]);
        side_fini(&sides[1]);
        memset(sides, 0, sizeof sides);
        status = sides_start(sides, from, start, memory_limit_bytes, error);
    }
    status = status ? status : narrow_and_tell(sides, bad_ns, text, error);
    side_fini(&sides[0]);
    side_fini(&sides[1]);
    return status;
}

/* Does an engine give what was recorded, up to where the other does not? From the same place. */
static enum status gives_recorded(struct side *side, size_t bad, bool *same, struct error *error)
{
    struct emu_parting parting = {0};
    bool stopped;
    side_agree(side);
    enum status status = emu_player_run(side->player, UINT64_MAX, bad, &parting, &stopped, error);
    *same = !status && !parting.found;
    return status ? status : side_back(side, error);
}

/* Engines that may give what was recorded: that which recorded, else any that is not too slow. */
#define CANDIDATES 4

static uint32_t find_candidates(const struct emu_locate_options *options,
                                const struct vcpu_engine_ops *recorder,
                                const struct vcpu_engine_ops *candidates[CANDIDATES])
{
    const struct vcpu_engine_ops *all[CANDIDATES] = {
        options->recorded_with, recorder, vcpu_engines()[0], vcpu_engine_find("interpreter")};
    uint32_t count = 0;
    for (int i = 0; i < CANDIDATES; i++) {
        bool known = !all[i] || all[i] == options->engine;
        for (uint32_t j = 0; j < count && !known; j++) {
            known = candidates[j] == all[i];
        }
        if (!known) {
            candidates[count++] = all[i];
        }
    }
    return count;
}

/* Both sides from the last place before the difference whose whole state is known. */
static enum status sides_try(struct side sides[2], const struct emu_locate_options *options,
                             const struct vcpu_engine_ops *candidate, size_t agreed, size_t bad,
                             bool *same, struct error *error)
{
    const size_t places[2] = {agreed, agreed};
    bool namesakes = strcmp(candidate->name, options->engine->name) == 0;
    const struct emu_locate_side from[2] = {
        {options->directory, options->scenario, candidate,
         namesakes ? "recorded" : candidate->name},
        {options->directory, options->scenario, options->engine, options->engine->name},
    };
    side_fini(&sides[0]);
    side_fini(&sides[1]);
    memset(sides, 0, 2 * sizeof *sides);
    enum status status = sides_start(sides, from, places, options->memory_limit_bytes, error);
    return status ? status : gives_recorded(&sides[0], bad, same, error);
}

enum status emu_locate(const struct emu_locate_options *options, const struct emu_parting *parting,
                       char text[EMU_VERIFY_TEXT_MAX], struct error *error)
{
    struct side sides[2] = {{0}, {0}};
    struct emu_text told = {0};
    struct emu_player *player = NULL;
    const struct vcpu_engine_ops *candidates[CANDIDATES];
    size_t count;
    bool same = false;
    enum status status = emu_player_open(options->directory, false, &player, error);
    if (status) {
        return status;
    }
    const struct trace_entry *entries =
        trace_recording_entries(emu_player_recording(player), &count);
    const char *recorder_name = emu_player_head(player)->engine;
    uint32_t candidate_count =
        find_candidates(options, vcpu_engine_find(recorder_name), candidates);
    size_t agreed = parting->good;
    while (!emu_player_enters(player, agreed)) {
        agreed--;
    }
    tell_interval(options, entries, parting, &told);
    for (uint32_t i = 0; i < candidate_count && !status && !same; i++) {
        status = sides_try(sides, options, candidates[i], agreed, parting->bad, &same, error);
        if (same && candidates[i] != options->recorded_with &&
            strcmp(candidates[i]->name, recorder_name) != 0) {
            emu_text_add(&told, "%s gives what %.64s recorded, and stands for it\n",
                         candidates[i]->name, recorder_name);
        }
    }
    if (!status && same) {
        status = narrow_and_tell(sides, entries[parting->bad].time_ns, &told, error);
    } else if (!status) {
        emu_text_add(&told,
                     "the recorded side cannot be run again here (no engine of this build gives "
                     "what %.64s recorded): no instruction can be named\n",
                     recorder_name);
    }
    snprintf(text, EMU_VERIFY_TEXT_MAX, "%s", told.bytes);
    emu_text_fini(&told);
    side_fini(&sides[0]);
    side_fini(&sides[1]);
    emu_player_close(player);
    return status;
}
