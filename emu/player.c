/* Plays a recording into a world, and compares. */
#include "player.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <base/alloc.h>
#include <scenarios/select.h>

#include "checkpoint.h"
#include "recorder.h"

#define NOWHERE SIZE_MAX

struct emu_player {
    struct trace_recording *recording;
    char *path;
    const struct trace_entry *entries;
    size_t count;
    struct trace_head head;
    uint64_t *chains; /* by node, as recorded up to `now` */
    bool foreign;     /* its checkpoints are of another version of the saved state */
    bool forgiving;   /* of damage in what is only compared */
    bool chains_lost; /* there was such in digests before `now`: chains are not known */
    bool *passed;     /* by place: it is damaged, and was passed over */
    struct emu_damage damage;

    struct emu_world *world; /* NULL before it is entered */
    struct emu_rebuild *rebuild;
    size_t rebuilt; /* the checkpoint that it holds, or NOWHERE */
    size_t now;     /* the last place that the world has reached */
};

/* --- opening ---------------------------------------------------------------------------------- */

/* Whether the first checkpoint is of this version of the saved state: all are of one. What is
 * damaged tells nothing, and is told when it is needed. */
static void look_at_version(struct emu_player *player)
{
    const uint8_t *bytes;
    bool full;
    struct trace_item item;
    size_t place = 0;
    while (place < player->count && player->entries[place].type != TRACE_RECORD_FULL) {
        place++;
    }
    if (place == player->count ||
        trace_recording_read(player->recording, place, &bytes, NULL) != STATUS_OK) {
        return;
    }
    struct trace_checkpoint_decoder *decoder =
        trace_checkpoint_decoder_create(bytes, player->entries[place].size_bytes, &full);
    if (decoder && !trace_checkpoint_next(decoder, &item) && item.kind == TRACE_ITEM_PART &&
        item.part == EMU_PART_WORLD && item.size_bytes <= VCPU_PAGE_BYTES) {
        uint8_t part[VCPU_PAGE_BYTES] = {0};
        trace_lines_apply(&item.lines, part, item.size_bytes);
        player->foreign = emu_state_version_other(part, item.size_bytes);
    }
    trace_checkpoint_decoder_destroy(decoder);
}

void emu_player_forgive(struct emu_player *player)
{
    player->forgiving = true;
}

const struct emu_damage *emu_player_damage(const struct emu_player *player)
{
    return &player->damage;
}

/* It is passed over. */
static void note_damage(struct emu_player *player, size_t place)
{
    struct emu_damage *damage = &player->damage;
    if (player->forgiving && !player->passed[place]) {
        player->passed[place] = true;
        damage->first = damage->count && damage->first < place ? damage->first : place;
        damage->count++;
        damage->digests |= player->entries[place].type == TRACE_RECORD_DIGESTS;
    }
}

static const char *record_name(const struct trace_entry *entry)
{
    switch (entry->type) {
    case TRACE_RECORD_HEAD:
        return "the head";
    case TRACE_RECORD_INPUT:
        return "what came from outside";
    case TRACE_RECORD_DIGESTS:
        return "the digests";
    case TRACE_RECORD_FULL:
    case TRACE_RECORD_DELTA:
        return "the checkpoint";
    case TRACE_RECORD_END:
        return "the digest of the run";
    default:
        return "something";
    }
}

void emu_player_record_name(const struct emu_player *player, size_t place,
                            char text[EMU_RECORD_NAME_MAX])
{
    char time[SCN_MOMENT_TEXT_MAX];
    scn_moment_write(player->entries[place].time_ns, time);
    snprintf(text, EMU_RECORD_NAME_MAX, "%s at %s (byte %" PRIu64 ")",
             record_name(&player->entries[place]), time, player->entries[place].offset);
}

/* In words; `what` is wrong with the record. */
static enum status bad_record(const struct emu_player *player, size_t place, const char *what,
                              struct error *error)
{
    char name[EMU_RECORD_NAME_MAX];
    emu_player_record_name(player, place, name);
    return error_set(error, STATUS_CORRUPT, player->path, 0,
                     "%s %s; `denali verify` tells how far the recording is good", name, what);
}

enum status emu_player_read(struct emu_player *player, size_t place, const uint8_t **bytes,
                            struct error *error)
{
    struct error local = ERROR_INIT;
    enum status status = trace_recording_read(player->recording, place, bytes, &local);
    if (status == STATUS_CORRUPT) {
        return bad_record(player, place, "is damaged", error);
    }
    if (status && error) {
        *error = local;
    }
    return status;
}

void emu_player_look(struct emu_player *player)
{
    const uint8_t *bytes;
    for (size_t i = 0; i < player->count; i++) {
        if (emu_player_read(player, i, &bytes, NULL) == STATUS_CORRUPT) {
            note_damage(player, i);
        }
    }
}

bool emu_player_foreign(const struct emu_player *player)
{
    return player->foreign;
}

enum status emu_player_open(const char *directory, bool check, struct emu_player **result,
                            struct error *error)
{
    char path[4096];
    const uint8_t *bytes;
    struct emu_player *player = alloc_zeroed(1, sizeof *player);
    player->rebuilt = NOWHERE;
    snprintf(path, sizeof path, "%s/%s", directory, TRACE_RECORDING_NAME);
    player->path = alloc_text(path);
    enum status status = trace_recording_open(path, check, &player->recording, error);
    if (!status) {
        player->entries = trace_recording_entries(player->recording, &player->count);
        player->passed = alloc_zeroed(player->count, sizeof *player->passed);
        status = emu_player_read(player, 0, &bytes, error);
    }
    if (!status && !trace_head_read(&player->head, bytes, player->entries[0].size_bytes)) {
        status = error_set(error, STATUS_CORRUPT, path, 0,
                           "the head of the recording is not one; record the run again");
    }
    if (status) {
        emu_player_close(player);
        return status;
    }
    look_at_version(player);
    *result = player;
    return STATUS_OK;
}

void emu_player_close(struct emu_player *player)
{
    if (player) {
        emu_rebuild_destroy(player->rebuild);
        trace_head_fini(&player->head);
        trace_recording_close(player->recording);
        free(player->chains);
        free(player->passed);
        free(player->path);
        free(player);
    }
}

const struct trace_head *emu_player_head(const struct emu_player *player)
{
    return &player->head;
}

const struct trace_recording *emu_player_recording(const struct emu_player *player)
{
    return player->recording;
}

size_t emu_player_now(const struct emu_player *player)
{
    return player->now;
}

static enum status files_same(const struct emu_player *player, const char *directory, bool *same,
                              char text[EMU_FILE_TEXT_MAX], struct error *error)
{
    const struct trace_head *head = &player->head;
    *same = true;
    for (uint32_t i = 0; i < head->file_count && *same; i++) {
        const struct trace_file *file = &head->files[i];
        uint64_t size_bytes;
        uint64_t hash;
        struct error local = ERROR_INIT;
        enum status status = trace_file_look(directory, file->path, &size_bytes, &hash, &local);
        if (status == STATUS_NOT_FOUND) {
            *same = false;
            snprintf(text, EMU_FILE_TEXT_MAX, "%.240s: %.240s", local.file, local.message);
            return STATUS_OK;
        }
        if (status) {
            return error_set(error, status, local.file, 0, "%s", local.message);
        }
        *same = size_bytes == file->size_bytes && hash == file->hash;
        if (!*same) {
            snprintf(text, EMU_FILE_TEXT_MAX,
                     "%.130s/%.130s is not what the run was made of: recorded %" PRIu64
                     " bytes with hash %016" PRIx64 ", now %" PRIu64 " with %016" PRIx64
                     "; put back the file as it was, or record the run again",
                     directory, file->path, file->size_bytes, file->hash, size_bytes, hash);
        }
    }
    return STATUS_OK;
}

enum status emu_player_files_same(const struct emu_player *player, const char *directory,
                                  bool *same, char text[EMU_FILE_TEXT_MAX], struct error *error)
{
    enum status status = files_same(player, directory, same, text, error);
    for (char *at = text; !status && !*same && *at; at++) {
        /* The path is the recording's: it is not to speak to a terminal. */
        *at = (unsigned char)*at < 0x20 || *at == 0x7f ? '?' : *at;
    }
    return status;
}

bool emu_place_is_checkpoint(const struct trace_entry *entry)
{
    return entry->type == TRACE_RECORD_FULL || entry->type == TRACE_RECORD_DELTA;
}

bool emu_player_enters(const struct emu_player *player, size_t place)
{
    return place == EMU_PLACE_START ||
           (emu_place_is_checkpoint(&player->entries[place]) && !player->foreign);
}

size_t emu_player_place(const struct emu_player *player, uint64_t time_ns)
{
    size_t place = EMU_PLACE_START;
    for (size_t i = 0; i < player->count && player->entries[i].time_ns <= time_ns; i++) {
        place = emu_player_enters(player, i) ? i : place;
    }
    return place;
}

/* --- checkpoints ------------------------------------------------------------------------------ */

static enum status apply(struct emu_player *player, size_t place, struct error *error)
{
    const uint8_t *bytes;
    enum status status = emu_player_read(player, place, &bytes, error);
    if (!status) {
        status =
            emu_rebuild_apply(player->rebuild, bytes, player->entries[place].size_bytes, error);
    }
    if (status == STATUS_CORRUPT) {
        note_damage(player, place);
    }
    player->rebuilt = status ? NOWHERE : place;
    return status;
}

/* Brings the rebuilt state to a checkpoint, from where it is or from the last full one. */
static enum status rebuild_to(struct emu_player *player, size_t place, struct error *error)
{
    size_t full = place;
    while (full > 0 && player->entries[full].type != TRACE_RECORD_FULL) {
        full--;
    }
    if (player->rebuilt == place) {
        return STATUS_OK;
    }
    bool further = player->rebuilt != NOWHERE && player->rebuilt >= full && player->rebuilt < place;
    enum status status = STATUS_OK;
    for (size_t i = further ? player->rebuilt + 1 : full; i <= place && !status; i++) {
        if (emu_place_is_checkpoint(&player->entries[i])) {
            status = apply(player, i, error);
        }
    }
    return status;
}

static enum status refused(struct error *error, const char *what)
{
    return error_set(error, STATUS_CORRUPT, NULL, 0,
                     "the recording %s; expected one of the scenario beside it", what);
}

/* --- what came from outside ------------------------------------------------------------------- */

static enum status input_read(struct emu_player *player, size_t place, struct trace_input *input,
                              struct error *error)
{
    const uint8_t *bytes;
    enum status status = emu_player_read(player, place, &bytes, error);
    if (!status && (!trace_input_read(input, bytes, player->entries[place].size_bytes) ||
                    input->node >= player->head.node_count)) {
        status = refused(error, "has input that is none");
    }
    return status;
}

static enum status give_input(struct emu_player *player, size_t place, struct error *error)
{
    struct trace_input input;
    enum status status = input_read(player, place, &input, error);
    if (status) {
        return status;
    }
    switch (input.kind) {
    case EMU_INPUT_TYPED:
        (void)emu_world_console_type(player->world, input.node, input.bytes, input.size_bytes);
        return STATUS_OK;
    case EMU_INPUT_END:
        emu_world_console_end(player->world, input.node);
        return STATUS_OK;
    case EMU_INPUT_POKE:
        (void)emu_world_node_poke(player->world, input.node, input.a, (uint8_t)input.b);
        return STATUS_OK;
    case EMU_INPUT_CUT:
        emu_world_node_cut(player->world, input.node);
        return STATUS_OK;
    case EMU_INPUT_DROP:
        emu_world_node_drop(player->world, input.node, input.a);
        return STATUS_OK;
    case EMU_INPUT_SEED:
        emu_world_entropy_seed(player->world, (uint64_t)input.b << 32 | input.a);
        return STATUS_OK;
    case EMU_INPUT_REGISTER:
        if (input.a < VCPU_REGISTER_COUNT) {
            emu_world_node_register_set(player->world, input.node, (enum vcpu_register)input.a,
                                        input.b);
            return STATUS_OK;
        }
        break;
    }
    return error_set(error, STATUS_UNSUPPORTED, NULL, 0,
                     "the recording has input of kind %" PRIu32
                     ", which this denali does not know; use a later one",
                     input.kind);
}

size_t emu_player_input_damaged(struct emu_player *player)
{
    struct trace_input input;
    size_t place = 0;
    while (place < player->count && (player->entries[place].type != TRACE_RECORD_INPUT ||
                                     input_read(player, place, &input, NULL) == STATUS_OK)) {
        place++;
    }
    return place;
}

enum status emu_player_inputs_look(struct emu_player *player, uint64_t until_ns,
                                   struct error *error)
{
    struct trace_input input;
    size_t place = emu_player_input_damaged(player);
    return place < player->count && player->entries[place].time_ns <= until_ns
               ? input_read(player, place, &input, error)
               : STATUS_OK;
}

/* A failure, or none if it is of a damaged record that is passed over: *lost. */
static enum status forgive(struct emu_player *player, size_t place, enum status status,
                           const struct error *failure, bool *lost, struct error *error)
{
    if (status == STATUS_CORRUPT && player->forgiving) {
        note_damage(player, place);
        *lost = true;
        return STATUS_OK;
    }
    if (status && error) {
        *error = *failure;
    }
    return status;
}

static enum status read_chains(struct emu_player *player, size_t place, struct error *error)
{
    const uint8_t *bytes;
    struct error local = ERROR_INIT;
    enum status status = emu_player_read(player, place, &bytes, &local);
    if (!status && !trace_digests_read(player->chains, player->world->node_count, bytes,
                                       player->entries[place].size_bytes)) {
        status = refused(&local, "has digests that are none");
    }
    return forgive(player, place, status, &local, &player->chains_lost, error);
}

/* --- entering --------------------------------------------------------------------------------- */

/* What was recorded up to a place, with it, without running: chains, and whether consoles are
 * open. */
static enum status skip_to(struct emu_player *player, size_t place, struct error *error)
{
    enum status status = STATUS_OK;
    memset(player->chains, 0, player->world->node_count * sizeof *player->chains);
    player->world->typed_input = player->head.typed_input;
    player->chains_lost = false;
    for (size_t i = 1; i <= place && !status; i++) {
        if (player->entries[i].type == TRACE_RECORD_DIGESTS) {
            status = read_chains(player, i, error);
        } else if (player->entries[i].type == TRACE_RECORD_INPUT) {
            struct trace_input input;
            status = input_read(player, i, &input, error);
            if (!status && input.kind == EMU_INPUT_END) {
                player->world->typed_input = false;
            }
        }
    }
    return status;
}

enum status emu_player_now_set(struct emu_player *player, size_t place, struct error *error)
{
    player->now = place;
    return skip_to(player, place, error);
}

/* From here on the player is this world's. */
static void take_world(struct emu_player *player, struct emu_world *world)
{
    if (player->world != world) {
        emu_rebuild_destroy(player->rebuild);
        free(player->chains);
        player->rebuild = emu_rebuild_create(world);
        player->rebuilt = NOWHERE;
        player->chains = alloc_zeroed(world->node_count, sizeof *player->chains);
        player->world = world;
    }
}

size_t emu_player_whole(struct emu_player *player, struct emu_world *world, size_t place)
{
    take_world(player, world);
    while (place != EMU_PLACE_START && (!emu_player_enters(player, place) ||
                                        rebuild_to(player, place, NULL) == STATUS_CORRUPT)) {
        place--;
    }
    return place;
}

enum status emu_player_enter(struct emu_player *player, struct emu_world *world, size_t place,
                             struct error *error)
{
    take_world(player, world);
    if (player->head.node_count != world->node_count ||
        player->head.seed != world->scenario->seed) {
        return refused(error, "is of another scenario or seed");
    }
    enum status status = skip_to(player, place, error);
    player->now = place;
    if (status || place == EMU_PLACE_START) {
        return status;
    }
    status = rebuild_to(player, place, error);
    if (!status) {
        struct emu_snapshot *state =
            emu_rebuild_snapshot(player->rebuild, player->entries[place].time_ns);
        status = emu_world_restore(world, state, error);
        emu_snapshot_destroy(state);
    }
    if (!status && world->now_ns != player->entries[place].time_ns) {
        status = refused(error, "has a checkpoint of another time than it says");
    }
    return status;
}

/* --- running ---------------------------------------------------------------------------------- */

static void part_at(struct emu_player *player, struct emu_parting *parting, size_t place,
                    uint32_t node)
{
    parting->found = true;
    parting->good = player->now;
    parting->bad = place;
    parting->node = node;
}

static enum status compare_chains(struct emu_player *player, size_t place,
                                  struct emu_parting *parting, struct error *error)
{
    enum status status = read_chains(player, place, error);
    bool compared = !status && parting && !player->chains_lost;
    for (uint32_t i = 0; i < player->world->node_count && compared; i++) {
        if (player->world->nodes[i].digest != player->chains[i]) {
            part_at(player, parting, place, i);
            return STATUS_OK;
        }
    }
    return status;
}

static enum status compare_checkpoint(struct emu_player *player, size_t place,
                                      struct emu_parting *parting, struct error *error)
{
    struct error local = ERROR_INIT;
    enum status status = rebuild_to(player, place, &local);
    if (status == STATUS_CORRUPT && player->forgiving) {
        return STATUS_OK; /* it, or one that it is against, is noted */
    }
    if (status) {
        return error_set(error, status, local.file, 0, "%s", local.message);
    }
    struct emu_snapshot *recorded =
        emu_rebuild_snapshot(player->rebuild, player->entries[place].time_ns);
    struct emu_snapshot *here = emu_world_snapshot(player->world);
    bool same;
    uint32_t node = emu_snapshots_compare(player->world, recorded, here, &same);
    if (!same) {
        part_at(player, parting, place, node);
        if (node != UINT32_MAX) {
            emu_node_difference(player->world, node, recorded, "recorded", "run again",
                                parting->text, sizeof parting->text);
        }
    }
    emu_snapshot_destroy(recorded);
    emu_snapshot_destroy(here);
    return STATUS_OK;
}

static enum status compare_end(struct emu_player *player, size_t place, struct emu_parting *parting,
                               struct error *error)
{
    const uint8_t *bytes;
    struct trace_end end;
    struct error local = ERROR_INIT;
    bool lost = false;
    enum status status = emu_player_read(player, place, &bytes, &local);
    if (!status && !trace_end_read(&end, bytes, player->entries[place].size_bytes)) {
        status = refused(&local, "has an end that is none");
    }
    status = forgive(player, place, status, &local, &lost, error);
    if (status || lost) {
        return status;
    }
    uint64_t digest = emu_world_digest(player->world);
    if (digest != end.digest) {
        part_at(player, parting, place, UINT32_MAX);
        snprintf(parting->text, sizeof parting->text,
                 "the digest: recorded %016" PRIx64 ", run again %016" PRIx64, end.digest, digest);
    }
    return STATUS_OK;
}

/* The world has reached the time of a record. */
static enum status pass(struct emu_player *player, size_t place, struct emu_parting *parting,
                        struct error *error)
{
    switch (player->entries[place].type) {
    case TRACE_RECORD_INPUT:
        return give_input(player, place, error);
    case TRACE_RECORD_DIGESTS:
        return compare_chains(player, place, parting, error);
    case TRACE_RECORD_FULL:
    case TRACE_RECORD_DELTA:
        return parting && !player->foreign ? compare_checkpoint(player, place, parting, error)
                                           : STATUS_OK;
    case TRACE_RECORD_END:
        return parting && !player->foreign ? compare_end(player, place, parting, error) : STATUS_OK;
    default:
        return STATUS_OK;
    }
}

static enum status run_to(struct emu_world *world, uint64_t time_ns, bool *stopped,
                          struct error *error)
{
    enum status status = time_ns > world->now_ns ? emu_world_run(world, time_ns, error) : STATUS_OK;
    *stopped = !status && world->now_ns < time_ns;
    return status;
}

enum status emu_player_run(struct emu_player *player, uint64_t until_ns, size_t last,
                           struct emu_parting *parting, bool *stopped, struct error *error)
{
    enum status status = STATUS_OK;
    *stopped = false;
    while (!status && !*stopped && player->now + 1 < player->count && player->now < last &&
           player->entries[player->now + 1].time_ns <= until_ns) {
        size_t place = player->now + 1;
        status = run_to(player->world, player->entries[place].time_ns, stopped, error);
        if (!status && !*stopped) {
            status = pass(player, place, parting, error);
        }
        if (parting && parting->found) {
            return status;
        }
        player->now += !status && !*stopped;
    }
    if (!status && !*stopped && player->now < last && until_ns != UINT64_MAX) {
        status = run_to(player->world, until_ns, stopped, error);
    }
    return status;
}
