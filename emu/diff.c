/* Finds where two recorded runs part: by their digests first, then by running both. */
#include <emu/diff.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <base/alloc.h>
#include <base/arithmetic.h>

#include "diff_figures.h"
#include "locate.h"
#include "recorder.h"
#include "run_folder.h"

/* One of the two. */
struct half {
    struct emu_run_folder folder;
    struct emu_player *player;
    struct scn_scenario *scenario;
    const struct trace_entry *entries;
    size_t count;
    size_t next;           /* the first record that was not looked at */
    uint64_t given_all_ns; /* what came from outside before that is whole */
    uint64_t *chains;
};

static struct trace_recording *recording_of(const struct half *half)
{
    return (struct trace_recording *)emu_player_recording(half->player);
}

static enum status half_open(struct half *half, const char *path, struct error *error)
{
    enum status status = emu_run_folder_open(&half->folder, path, error);
    if (!status) {
        status = emu_run_folder_load(&half->folder, &half->player, &half->scenario, error);
    }
    if (!status) {
        emu_player_forgive(half->player);
        emu_player_look(half->player);
        half->entries = trace_recording_entries(recording_of(half), &half->count);
        size_t damaged = emu_player_input_damaged(half->player);
        half->given_all_ns = damaged < half->count ? half->entries[damaged].time_ns : UINT64_MAX;
        half->chains = alloc_zeroed(half->scenario->node_count, sizeof *half->chains);
    }
    return status;
}

static void half_close(struct half *half, struct error *error)
{
    emu_player_close(half->player);
    scn_scenario_destroy(half->scenario);
    emu_run_folder_close(&half->folder, error);
    free(half->chains);
}

/* --- what came from outside ------------------------------------------------------------------- */

#define INPUTS_TOLD 16u /* of each of the two, in lines; the rest is counted */
#define LOOK_AHEAD  64u /* at things of one moment that may stand in another order */

/* What only one of the two was given. */
struct only {
    struct emu_text text;
    size_t counts[2];
};

static void add_input_what(struct emu_text *text, const struct trace_input *input)
{
    switch ((enum emu_input_kind)input->kind) {
    case EMU_INPUT_TYPED:
        emu_text_add(text, "typed on the console, %" PRIu32 " bytes", input->size_bytes);
        return;
    case EMU_INPUT_END:
        emu_text_add(text, "the end of what is typed");
        return;
    case EMU_INPUT_POKE:
        emu_text_add(text, "a byte of memory changed, at %08" PRIx32 " to %02" PRIx32, input->a,
                     input->b);
        return;
    case EMU_INPUT_REGISTER:
        emu_text_add(text, "a register changed, to %08" PRIx32, input->b);
        return;
    case EMU_INPUT_CUT:
        emu_text_add(text, "the link cut");
        return;
    case EMU_INPUT_DROP:
        emu_text_add(text, "frames lost, the next %" PRIu32 " that would reach it", input->a);
        return;
    case EMU_INPUT_SEED:
        emu_text_add(text, "entropy of another seed, %" PRIu64,
                     (uint64_t)input->b << 32 | input->a);
        return;
    }
    emu_text_add(text, "unknown input");
}

/* The next input from `place` on, before a time; half->count if there is none. */
static size_t input_next(const struct half *half, size_t place, uint64_t before_ns)
{
    while (place < half->count && half->entries[place].type != TRACE_RECORD_INPUT) {
        place++;
    }
    return place < half->count && half->entries[place].time_ns < before_ns ? place : half->count;
}

static enum status add_input(struct half halves[2], int which, size_t place, struct only *only,
                             struct error *error)
{
    const struct half *half = &halves[which];
    const uint8_t *bytes;
    struct trace_input input = {0};
    char name[SCN_NODE_NAME_MAX] = "?";
    if (only->counts[which]++ >= INPUTS_TOLD) {
        return STATUS_OK;
    }
    enum status status = emu_player_read(half->player, place, &bytes, error);
    if (status) {
        return status;
    }
    if (!trace_input_read(&input, bytes, half->entries[place].size_bytes)) {
        input = (struct trace_input){.node = UINT32_MAX};
    }
    if (input.node < half->scenario->node_count) {
        scn_node_name(half->scenario, input.node, name);
    }
    emu_text_add(&only->text, "only in %s: at ", half->folder.given);
    emu_text_time(&only->text, half->entries[place].time_ns);
    bool all = input.kind == EMU_INPUT_SEED;
    emu_text_add(&only->text, ", %s%s: ", all ? "all nodes" : "node ", all ? "" : name);
    add_input_what(&only->text, &input);
    emu_text_add(&only->text, "\n");
    return STATUS_OK;
}

/* Is what they were given there the same? */
static enum status inputs_same(struct half halves[2], const size_t at[2], bool *same,
                               struct error *error)
{
    const uint8_t *bytes[2];
    const struct trace_entry *a = &halves[0].entries[at[0]];
    const struct trace_entry *b = &halves[1].entries[at[1]];
    *same = a->time_ns == b->time_ns && a->size_bytes == b->size_bytes;
    enum status status = STATUS_OK;
    for (int i = 0; i < 2 && *same && !status; i++) {
        status = emu_player_read(halves[i].player, at[i], &bytes[i], error);
    }
    *same = !status && *same && memcmp(bytes[0], bytes[1], a->size_bytes) == 0;
    return status;
}

/* Of two things of one moment that are not the same, the one that only its half has: the first's,
 * if the second has none such at that moment. */
static enum status inputs_choose(struct half halves[2], const size_t at[2], int *which,
                                 struct error *error)
{
    uint64_t time_ns = halves[0].entries[at[0]].time_ns;
    size_t place = at[1];
    bool same = false;
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < LOOK_AHEAD && !same && !status; i++) {
        place = input_next(&halves[1], place + 1, time_ns + 1);
        if (place == halves[1].count) {
            break;
        }
        const size_t tried[2] = {at[0], place};
        status = inputs_same(halves, tried, &same, error);
    }
    *which = same;
    return status;
}

/* All that only one of them was given before a time; nothing behind what is damaged. */
static enum status compare_inputs(struct half halves[2], uint64_t before_ns, struct only *only,
                                  struct error *error)
{
    size_t at[2] = {0, 0};
    enum status status = STATUS_OK;
    for (int i = 0; i < 2; i++) {
        before_ns = halves[i].given_all_ns < before_ns ? halves[i].given_all_ns : before_ns;
    }
    while (!status) {
        bool same = false;
        int which;
        at[0] = input_next(&halves[0], at[0], before_ns);
        at[1] = input_next(&halves[1], at[1], before_ns);
        bool ended[2] = {at[0] == halves[0].count, at[1] == halves[1].count};
        if (ended[0] && ended[1]) {
            break;
        }
        if (ended[0] || ended[1]) {
            which = ended[0];
        } else {
            uint64_t first_ns = halves[0].entries[at[0]].time_ns;
            uint64_t second_ns = halves[1].entries[at[1]].time_ns;
            which = first_ns > second_ns;
            status = inputs_same(halves, at, &same, error);
            if (!status && !same && first_ns == second_ns) {
                status = inputs_choose(halves, at, &which, error);
            }
        }
        if (!status && !same) {
            status = add_input(halves, which, at[which], only, error);
        }
        at[0] += same || which == 0;
        at[1] += same || which == 1;
    }
    for (int i = 0; i < 2 && !status; i++) {
        if (only->counts[i] > INPUTS_TOLD) {
            emu_text_add(&only->text, "only in %s: %zu more\n", halves[i].folder.given,
                         only->counts[i] - INPUTS_TOLD);
        }
    }
    return status;
}

/* --- digests ---------------------------------------------------------------------------------- */

/* Takes in the records up to the next one of digests at or after from_ns; false if there is none,
 * or one is damaged: what comes behind is told against it. */
static enum status digests_to(struct half *half, uint64_t from_ns, bool *there, struct error *error)
{
    enum status status = STATUS_OK;
    *there = false;
    for (; half->next < half->count && !status && !*there; half->next++) {
        const struct trace_entry *entry = &half->entries[half->next];
        const uint8_t *bytes;
        if (entry->type != TRACE_RECORD_DIGESTS) {
            continue;
        }
        status = emu_player_read(half->player, half->next, &bytes, error);
        if (status) {
            half->next = half->count;
            return status == STATUS_CORRUPT ? STATUS_OK : status;
        }
        *there = entry->time_ns >= from_ns;
        if (!trace_digests_read(half->chains, half->scenario->node_count, bytes,
                                entry->size_bytes)) {
            status = error_set(error, STATUS_CORRUPT, half->folder.given, 0,
                               "the recording has digests that are none");
        }
    }
    return status;
}

/* Walks both up to the first common moment at which a chain differs: *node, and the places where
 * they agreed last. */
static enum status part(struct half halves[2], size_t agreed[2], uint64_t *bad_ns, uint32_t *node,
                        struct error *error)
{
    bool there[2] = {true, true};
    uint64_t from_ns = 0;
    *node = UINT32_MAX;
    agreed[0] = agreed[1] = EMU_PLACE_START;
    for (;;) {
        uint64_t at_ns[2] = {0, 0};
        do {
            for (int i = 0; i < 2; i++) {
                if (at_ns[i] < from_ns || at_ns[i] == 0) {
                    enum status status = digests_to(&halves[i], from_ns, &there[i], error);
                    if (status || !there[i]) {
                        return status;
                    }
                    at_ns[i] = halves[i].entries[halves[i].next - 1].time_ns;
                }
            }
            from_ns = at_ns[0] > at_ns[1] ? at_ns[0] : at_ns[1];
        } while (at_ns[0] != at_ns[1]);
        for (uint32_t i = 0; i < halves[0].scenario->node_count; i++) {
            if (halves[0].chains[i] != halves[1].chains[i]) {
                *node = i;
                *bad_ns = from_ns;
                return STATUS_OK;
            }
        }
        agreed[0] = halves[0].next - 1;
        agreed[1] = halves[1].next - 1;
        from_ns++;
    }
}

static bool files_alike(const struct trace_head *a, const struct trace_head *b)
{
    bool alike = a->file_count == b->file_count;
    for (uint32_t i = 0; i < a->file_count && alike; i++) {
        alike = strcmp(a->files[i].path, b->files[i].path) == 0 &&
                a->files[i].size_bytes == b->files[i].size_bytes &&
                a->files[i].hash == b->files[i].hash;
    }
    return alike;
}

/* Both exchanged the same; do they end at one moment, and in another state? */
static bool ends_compare(const struct half halves[2], bool *differ, uint64_t *end_ns)
{
    struct trace_end ends[2];
    *end_ns = emu_player_end_ns(halves[0].player);
    bool together = emu_player_end_read(halves[0].player, &ends[0]) &&
                    emu_player_end_read(halves[1].player, &ends[1]) &&
                    emu_player_end_ns(halves[1].player) == *end_ns;
    *differ = together && ends[0].digest != ends[1].digest;
    return together;
}

static enum status compare(struct half halves[2], const struct emu_diff_options *options,
                           struct emu_diff_result *result, struct only *only, struct emu_text *text,
                           struct error *error)
{
    size_t agreed[2];
    uint64_t bad_ns = 0;
    uint32_t node;
    enum status status = part(halves, agreed, &bad_ns, &node, error);
    result->to_ns = halves[0].entries[agreed[0]].time_ns;
    if (status) {
        return status;
    }
    if (node == UINT32_MAX) {
        bool differ;
        bool together = ends_compare(halves, &differ, &bad_ns);
        bad_ns = together ? bad_ns : result->to_ns;
        status = compare_inputs(halves, together ? UINT64_MAX : bad_ns, only, error);
        if (!together) { /* what they were given tells */
            differ = only->counts[0] + only->counts[1] > 0;
        }
        if (status || !differ) {
            result->same = !status;
            result->to_ns = bad_ns;
            return status;
        }
    } else {
        status = compare_inputs(halves, UINT64_MAX, only, error);
        if (status) {
            return status;
        }
    }
    char name[SCN_NODE_NAME_MAX] = "";
    if (node != UINT32_MAX) {
        scn_node_name(halves[0].scenario, node, name);
    }
    emu_text_between(text, result->to_ns, bad_ns);
    emu_text_add(text,
                 name[0] ? ": node %s, in what it exchanged with the outside\n"
                         : ": not in what nodes exchanged%s, but in their state\n",
                 name);
    if (!files_alike(emu_player_head(halves[0].player), emu_player_head(halves[1].player))) {
        emu_text_add(text, "their scenarios, images or other files differ: no instruction is "
                           "looked for\n");
        return STATUS_OK;
    }
    struct emu_locate_side sides[2];
    for (int i = 0; i < 2; i++) {
        const struct vcpu_engine_ops *engine =
            vcpu_engine_find(emu_player_head(halves[i].player)->engine);
        sides[i] =
            (struct emu_locate_side){halves[i].folder.path, halves[i].scenario,
                                     engine ? engine : vcpu_engines()[0], halves[i].folder.given};
    }
    struct error local = ERROR_INIT;
    status = emu_locate_between(sides, agreed, bad_ns, options->memory_limit_bytes, text, &local);
    if (status == STATUS_CORRUPT) { /* what it takes to run one again is damaged */
        emu_text_add(text, "no instruction can be named: %s\n", local.message);
        return STATUS_OK;
    }
    return status ? error_set(error, status, local.file, local.line, "%s", local.message)
                  : STATUS_OK;
}

enum status emu_diff(const struct emu_diff_options *options, struct emu_diff_result *result,
                     struct error *error)
{
    struct half halves[2] = {0};
    struct emu_text text = {0};
    struct only only = {0};
    ARITHMETIC_NEUTRAL();
    memset(result, 0, sizeof *result);
    enum status status = half_open(&halves[0], options->paths[0], error);
    status = status ? status : half_open(&halves[1], options->paths[1], error);
    for (int i = 0; i < 2 && !status; i++) {
        emu_run_folder_torn(&halves[i].folder, halves[i].player, result->torn[i]);
        emu_run_folder_damage(&halves[i].folder, halves[i].player, result->damaged[i]);
    }
    if (!status && halves[0].scenario->node_count != halves[1].scenario->node_count) {
        emu_text_add(&text, "they are of %" PRIu32 " and %" PRIu32 " nodes\n",
                     halves[0].scenario->node_count, halves[1].scenario->node_count);
    } else if (!status) {
        status = compare(halves, options, result, &only, &text, error);
    }
    snprintf(result->text, sizeof result->text, "%s", text.bytes ? text.bytes : "");
    snprintf(result->given, sizeof result->given, "%s", only.text.bytes ? only.text.bytes : "");
    emu_text_clear(&text);
    if (!status) {
        const struct emu_run_folder *const folders[2] = {&halves[0].folder, &halves[1].folder};
        emu_diff_figures(folders, &text);
        result->figures = text.size_bytes ? alloc_text(text.bytes) : NULL;
    }
    emu_text_fini(&text);
    emu_text_fini(&only.text);
    half_close(&halves[0], error);
    half_close(&halves[1], error);
    return status;
}
