/*
 * Follows a frame back: to its sender by the time that the network noted on it, to the code by
 * stopping the sender where it sends, and to what it had received before by looking on from the
 * checkpoint before.
 */
#include <emu/why.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <base/alloc.h>
#include <base/arithmetic.h>
#include <base/time.h>
#include <vcpu/program.h>

#include "locate.h"
#include "run_folder.h"
#include "source_line.h"

#define STACK_SCAN_BYTES 4096u
#define CALLERS_MAX      10u
#define FRAME_MAX        1514u

/* A frame as it was received. */
struct sighting {
    bool found;
    uint64_t number;
    uint64_t time_ns;
    uint64_t sent_ns;
    uint64_t instruction;
    uint32_t size_bytes;
    uint8_t bytes[FRAME_MAX];
};

struct why {
    const struct emu_why_options *options;
    struct emu_run_folder folder;
    struct scn_scenario *scenario;
    struct emu_world *world;
    struct emu_player *player;
    struct emu_snapshot *start; /* of the world before it ran */
    const struct trace_entry *entries;
    size_t count;
    struct emu_text *text;

    /* What the sink looks for: frames of one node. */
    uint32_t node;
    uint64_t wanted;   /* the number of a received one; UINT64_MAX: the last before it stops */
    uint64_t received; /* by the node so far */
    struct sighting sighting;
    uint64_t sent_instruction; /* of the last that it sent, and when */
    uint64_t sent_at_ns;
};

static enum status take_note(void *context, const struct emu_note *note, struct error *error)
{
    struct why *why = context;
    (void)error;
    if (note->node != why->node) {
        return STATUS_OK;
    }
    if (note->kind == EMU_NOTE_FRAME_SENT) {
        why->sent_instruction = note->instruction;
        why->sent_at_ns = note->time_ns;
    } else if (note->kind == EMU_NOTE_FRAME_RECEIVED) {
        why->received++;
        if (why->wanted == UINT64_MAX || why->received == why->wanted) {
            why->sighting = (struct sighting){
                .found = true,
                .number = why->received,
                .time_ns = note->time_ns,
                .sent_ns = note->sent_ns,
                .instruction = note->instruction,
                .size_bytes = note->size_bytes < FRAME_MAX ? note->size_bytes : FRAME_MAX,
            };
            memcpy(why->sighting.bytes, note->bytes, why->sighting.size_bytes);
        }
    }
    return STATUS_OK;
}

/* --- going there ------------------------------------------------------------------------------ */

/* At a place, or where the last checkpoint before that is not damaged: *place. */
static enum status enter(struct why *why, size_t *place, struct error *error)
{
    for (uint32_t i = 0; i < why->world->node_count; i++) {
        why->world->nodes[i].captured = false;
    }
    *place = emu_player_whole(why->player, why->world, *place);
    enum status status =
        *place == EMU_PLACE_START ? emu_world_restore(why->world, why->start, error) : STATUS_OK;
    return status ? status : emu_player_enter(why->player, why->world, *place, error);
}

/* At the last checkpoint before a time. */
static enum status enter_before(struct why *why, uint64_t time_ns, struct error *error)
{
    size_t place = emu_player_place(why->player, time_ns);
    return enter(why, &place, error);
}

/* Looks on at a node's frames from here. */
static void look(struct why *why, uint32_t node, uint64_t wanted)
{
    why->node = node;
    why->wanted = wanted;
    why->received = why->world->nodes[node].account.frames_received;
    why->sighting.found = false;
    why->sent_at_ns = UINT64_MAX;
    why->world->nodes[node].captured = true;
}

static enum status run_to(struct why *why, uint64_t until_ns, struct error *error)
{
    bool stopped;
    struct emu_parting parting = {0};
    enum status status = emu_player_run(why->player, until_ns, SIZE_MAX, &parting, &stopped, error);
    return status ? status : emu_run_folder_parted(&why->folder, why->player, &parting, error);
}

/* The last checkpoint at which the node had received fewer frames than `number`, by halving. */
static enum status place_before(struct why *why, uint32_t node, uint64_t number, size_t *place,
                                struct error *error)
{
    size_t *places = alloc_zeroed(why->count, sizeof *places);
    size_t low = 0; /* places[low] is good; EMU_PLACE_START is */
    size_t high = 1;
    enum status status = STATUS_OK;
    struct error local = ERROR_INIT;
    for (size_t i = 1; i < why->count; i++) {
        if (emu_player_enters(why->player, i)) {
            places[high++] = i;
        }
    }
    while (high - low > 1 && !status) {
        size_t middle = low + (high - low) / 2;
        size_t entered = places[middle];
        local = (struct error)ERROR_INIT;
        status = enter(why, &entered, &local);
        if (status == STATUS_CORRUPT) { /* what came from outside: told, if it is on the way */
            high = middle;
            status = STATUS_OK;
        } else if (entered != places[middle]) { /* it is damaged: there is none */
            high--;
            memmove(&places[middle], &places[middle + 1], (high - middle) * sizeof *places);
        } else if (!status && why->world->nodes[node].account.frames_received < number) {
            low = middle;
        } else {
            high = middle;
        }
    }
    *place = places[low];
    free(places);
    return status ? error_set(error, status, local.file, local.line, "%s", local.message)
                  : STATUS_OK;
}

/* The frame of that number, into why->sighting. */
static enum status find_frame(struct why *why, uint32_t node, uint64_t number, struct error *error)
{
    size_t place;
    enum status status = place_before(why, node, number, &place, error);
    status = status ? status : enter(why, &place, error);
    if (status) {
        return status;
    }
    look(why, node, number);
    for (size_t i = place + 1; i < why->count && !status && !why->sighting.found; i++) {
        status = run_to(why, why->entries[i].time_ns, error);
    }
    return status;
}

/* How many frames the node had received before a time. */
static enum status count_until(struct why *why, uint32_t node, uint64_t time_ns, uint64_t *number,
                               struct error *error)
{
    enum status status = enter_before(why, time_ns, error);
    status = status ? status : run_to(why, time_ns, error);
    *number = why->world->nodes[node].account.frames_received;
    return status;
}

/* --- who and where ---------------------------------------------------------------------------- */

/* The node that a frame comes from, by its addresses; UINT32_MAX: the network itself answers. */
static uint32_t sender_of(const struct emu_world *world, uint32_t receiver,
                          const struct sighting *sighting)
{
    const uint8_t *bytes = sighting->bytes;
    uint32_t network = world->nodes[receiver].network;
    bool is_ip = sighting->size_bytes >= 34 && bytes[12] == 0x08 && bytes[13] == 0x00;
    uint32_t address = is_ip ? (uint32_t)bytes[26] << 24 | (uint32_t)bytes[27] << 16 |
                                   (uint32_t)bytes[28] << 8 | bytes[29]
                             : 0;
    for (uint32_t i = 0; i < world->node_count; i++) {
        const struct emu_node *node = &world->nodes[i];
        if (node->network == network && sighting->size_bytes >= 14 &&
            memcmp(node->mac, bytes + 6, 6) == 0) {
            return i;
        }
    }
    uint32_t port = is_ip ? net_port_of_address(world->networks[network].net, address) : UINT32_MAX;
    return port == UINT32_MAX ? UINT32_MAX : world->networks[network].node_of_port[port];
}

static void add_code(struct why *why, struct emu_lines *lines, const struct vcpu_program *program,
                     uint32_t address)
{
    char line[256];
    emu_text_add(why->text, "%08" PRIx32, address);
    if (program && vcpu_program_symbol_at(program, address)) {
        emu_text_add(why->text, " ");
        emu_text_place(why->text, program, address);
    }
    if (emu_lines_find(lines, address, line, sizeof line)) {
        emu_text_add(why->text, " (%s)", line);
    }
    emu_text_add(why->text, "\n");
}

/* Is this the address behind a call, and of what? *target 0: not known. */
static bool behind_call(const struct vcpu_program *program, uint32_t address, uint32_t *target)
{
    static const uint32_t lengths[] = {2, 3, 6, 7};
    uint8_t code[7];
    *target = 0;
    if (address < 7 || !vcpu_program_read(program, address - 7, code, sizeof code)) {
        return false;
    }
    if (code[2] == 0xe8) {
        uint32_t distance = (uint32_t)code[3] | (uint32_t)code[4] << 8 | (uint32_t)code[5] << 16 |
                            (uint32_t)code[6] << 24;
        *target = address + distance;
        return true;
    }
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        const uint8_t *call = code + 7 - lengths[i];
        if (call[0] == 0xff && (call[1] >> 3 & 7) == 2) {
            return true;
        }
    }
    return false;
}

/* Return addresses on the stack: each behind a call of the function before, or of one that only the
 * machine knew then. What was left on the stack by calls that are over does not fit in. */
static void add_callers(struct why *why, struct emu_lines *lines,
                        const struct vcpu_program *program, const struct emu_node *node)
{
    const struct vcpu_symbol *inner = vcpu_program_symbol_at(program, node->vcpu.eip);
    uint32_t count = 0;
    for (uint32_t at = 0; at < STACK_SCAN_BYTES && count < CALLERS_MAX && inner; at += 4) {
        uint8_t word[4];
        uint32_t target;
        if (!emu_world_node_read(why->world, node->index, node->vcpu.gpr[VCPU_ESP] + at, word,
                                 sizeof word)) {
            return;
        }
        uint32_t address = (uint32_t)word[0] | (uint32_t)word[1] << 8 | (uint32_t)word[2] << 16 |
                           (uint32_t)word[3] << 24;
        const struct vcpu_symbol *symbol = vcpu_program_symbol_at(program, address);
        if (symbol && symbol->kind == VCPU_SYMBOL_FUNCTION &&
            behind_call(program, address, &target) && (!target || target == inner->address)) {
            emu_text_add(why->text, "    called from ");
            add_code(why, lines, program, address - 1);
            inner = symbol;
            count++;
        }
    }
}

/* The sender stands at the instruction that sends. */
static void add_sender(struct why *why, const struct emu_node *node)
{
    uint32_t group = scn_node_group(why->scenario, node->index);
    const struct vcpu_program *program = emu_world_symbols(why->world, group);
    struct emu_lines *lines =
        program ? emu_lines_open(emu_world_image_path(why->world, group)) : NULL;
    emu_text_add(why->text, "    by ");
    add_code(why, lines, program, node->vcpu.eip);
    if (program) {
        add_callers(why, lines, program, node);
    }
    emu_lines_close(lines);
}

/* --- one step back ---------------------------------------------------------------------------- */

static void add_name(struct why *why, uint32_t node)
{
    char name[SCN_NODE_NAME_MAX];
    scn_node_name(why->scenario, node, name);
    emu_text_add(why->text, "%s", name);
}

/* The world has run to the recording's end in search of it. */
static enum status no_such_frame(const struct why *why, uint32_t node, uint64_t number,
                                 struct error *error)
{
    char end[SCN_MOMENT_TEXT_MAX];
    char name[SCN_NODE_NAME_MAX];
    uint64_t received = why->world->nodes[node].account.frames_received;
    scn_moment_write(emu_player_end_ns(why->player), end);
    scn_node_name(why->scenario, node, name);
    if (!received) {
        return error_set(error, STATUS_INVALID, NULL, 0,
                         "--frame %" PRIu64 ": %s received none up to %s, where what was recorded "
                         "ends",
                         number, name, end);
    }
    return error_set(error, STATUS_INVALID, NULL, 0,
                     "--frame %" PRIu64 ": %s received %" PRIu64 " up to %s, where what was "
                     "recorded ends; expected 1 to %" PRIu64,
                     number, name, received, end, received);
}

/* From frame `number` of *node to the frame that its sender had received before: *node and *number
 * then, *number 0 if there is none. */
static enum status step(struct why *why, uint32_t *node, uint64_t *number, struct error *error)
{
    enum status status = find_frame(why, *node, *number, error);
    if (status || !why->sighting.found) {
        return status ? status : no_such_frame(why, *node, *number, error);
    }
    const struct sighting frame = why->sighting;
    emu_text_add(why->text, "frame %" PRIu64 " of ", frame.number);
    add_name(why, *node);
    emu_text_add(why->text, ": %u bytes, received at ", frame.size_bytes);
    emu_text_time(why->text, frame.time_ns);
    emu_text_add(why->text, ", after instruction %" PRIu64 "\n", frame.instruction);
    uint32_t sender = sender_of(why->world, *node, &frame);
    bool answer = sender == UINT32_MAX;
    sender = answer ? *node : sender;
    status = enter_before(why, frame.sent_ns, error);
    if (!status) {
        look(why, sender, UINT64_MAX);
        status = run_to(why, frame.sent_ns, error);
    }
    if (status) {
        return status;
    }
    const struct emu_node *from = &why->world->nodes[sender];
    emu_text_add(why->text, answer ? "  an answer of the network to what " : "  sent by ");
    add_name(why, sender);
    emu_text_add(why->text, answer ? " sent at " : " at ");
    emu_text_time(why->text, frame.sent_ns);
    emu_text_add(why->text, ", instruction %" PRIu64 "\n", from->vcpu.retired);
    add_sender(why, from);
    *node = sender;
    *number = from->account.frames_received;
    if (why->sighting.found) {
        emu_text_add(why->text, "  before that it had received frame %" PRIu64 " at ",
                     why->sighting.number);
        emu_text_time(why->text, why->sighting.time_ns);
        emu_text_add(why->text, "\n");
    } else if (*number) {
        emu_text_add(why->text, "  before that it had received frame %" PRIu64 "\n", *number);
    } else {
        emu_text_add(why->text, "  before that it had received nothing\n");
    }
    return STATUS_OK;
}

/* --- all of it -------------------------------------------------------------------------------- */

static enum status begin(struct why *why, uint32_t *node, struct error *error)
{
    enum status status = emu_run_folder_open(&why->folder, why->options->path, error);
    if (!status) {
        status = emu_run_folder_load(&why->folder, &why->player, &why->scenario, error);
    }
    if (!status && !emu_player_end_ns(why->player)) {
        status = emu_run_folder_empty(&why->folder, why->player, error);
    }
    if (!status) {
        status = scn_node_find(why->scenario, "--node", why->options->node, node, error);
    }
    if (status) {
        return status;
    }
    struct emu_world_options world_options = {
        .jobs = 1,
        .memory_limit_bytes = why->options->memory_limit_bytes,
        .sink = {.context = why, .note = take_note},
    };
    emu_player_forgive(why->player);
    why->entries = trace_recording_entries(emu_player_recording(why->player), &why->count);
    status = emu_world_create(why->scenario, &world_options, &why->world, error);
    if (!status && why->world->nodes[*node].network == SCN_NETWORK_NONE) {
        status = error_set(error, STATUS_INVALID, NULL, 0, "--node %s: it is on no network",
                           why->options->node);
    }
    if (!status) {
        why->start = emu_world_snapshot(why->world);
    }
    return status;
}

static enum status follow(struct why *why, uint32_t node, struct error *error)
{
    uint64_t number = why->options->frame;
    uint64_t time_ns = 0;
    enum status status = STATUS_OK;
    if (!number) {
        status = emu_player_moment(why->player, "--at", why->options->at, false, &time_ns, error);
        status = status ? status : count_until(why, node, time_ns, &number, error);
        if (!status && !number) {
            status = error_set(error, STATUS_INVALID, NULL, 0,
                               "--at %.80s: %.80s had received no frame before", why->options->at,
                               why->options->node);
        }
    }
    uint32_t depth = why->options->depth ? why->options->depth : 1;
    for (uint32_t i = 0; i < depth && number && !status; i++) {
        status = step(why, &node, &number, error);
    }
    return status;
}

enum status emu_why(const struct emu_why_options *options, struct emu_why_result *result,
                    struct error *error)
{
    struct emu_text told = {0};
    struct why why = {.options = options, .text = &told};
    uint32_t node;
    ARITHMETIC_NEUTRAL();
    *result = (struct emu_why_result){0};
    enum status status = begin(&why, &node, error);
    if (!status) {
        emu_run_folder_torn(&why.folder, why.player, result->torn);
        status = follow(&why, node, error);
        emu_run_folder_damage(&why.folder, why.player, result->damaged);
    }
    emu_snapshot_destroy(why.start);
    emu_player_close(why.player);
    emu_world_destroy(why.world);
    scn_scenario_destroy(why.scenario);
    emu_run_folder_close(&why.folder, error);
    result->text = status ? NULL : alloc_text(told.bytes);
    emu_text_fini(&told);
    return status;
}
