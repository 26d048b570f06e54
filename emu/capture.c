/* What a capture says of its run, its node and each of its frames. */
#include "capture.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <base/assert.h>
#include <emu/run.h>

enum status emu_capture_select(struct emu_capture *capture, const struct scn_scenario *scenario,
                               const char *text, uint64_t limit_bytes, struct error *error)
{
    capture->limit_bytes = limit_bytes ? limit_bytes : TRACE_CAPTURE_LIMIT_BYTES;
    return text ? scn_nodes_select(scenario, "--pcap", text, &capture->nodes, error) : STATUS_OK;
}

void emu_capture_fini(struct emu_capture *capture)
{
    scn_nodes_fini(&capture->nodes);
}

static enum status begin(struct emu_world *world, const struct scn_scenario *scenario,
                         struct trace_run *trace, uint32_t node, uint64_t limit_bytes,
                         struct error *error)
{
    char name[SCN_NODE_NAME_MAX];
    char program[SCN_NODE_NAME_MAX];
    char application[64];
    char comment[512];
    char description[256];
    const struct scn_group *group = &scenario->groups[scn_node_group(scenario, node)];
    struct emu_node_link link;
    scn_node_name(scenario, node, name);
    scn_group_program(group, program);
    emu_world_node_link(world, node, &link);
    snprintf(application, sizeof application, "denali %s", emu_version());
    snprintf(comment, sizeof comment,
             "scenario %.255s, seed %" PRIu64
             ", node %s; times are virtual, since the start of the run",
             scenario->name, scenario->seed, name);
    snprintf(description, sizeof description, "network card of %s, which runs %s, %s%s", name,
             program, link.connected ? "on network " : "without a network",
             link.connected ? group->network_name : "");
    struct trace_pcapng_interface interface = {
        .application = application,
        .comment = comment,
        .name = name,
        .description = description,
        .has_address = link.connected,
        .address = link.address,
        .prefix = link.prefix,
        .up_bps = link.up_bps,
        .down_bps = link.down_bps,
    };
    memcpy(interface.mac, link.mac, sizeof interface.mac);
    emu_world_capture(world, node);
    return trace_run_capture_begin(trace, name, &interface, limit_bytes, error);
}

enum status emu_capture_begin(const struct emu_capture *capture, struct emu_world *world,
                              const struct scn_scenario *scenario, struct trace_run *trace,
                              struct error *error)
{
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < capture->nodes.count && !status; i++) {
        status =
            begin(world, scenario, trace, capture->nodes.numbers[i], capture->limit_bytes, error);
    }
    return status;
}

static int compare_numbers(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

enum status emu_capture_note(const struct emu_capture *capture, struct trace_run *trace,
                             const char *name, const struct emu_note *note, struct error *error)
{
    const uint32_t *found = bsearch(&note->node, capture->nodes.numbers, capture->nodes.count,
                                    sizeof note->node, compare_numbers);
    ASSERT(found);
    uint32_t number = (uint32_t)(found - capture->nodes.numbers);
    if (note->kind == EMU_NOTE_FRAME_LOST) {
        trace_run_capture_lost(trace, number);
        return STATUS_OK;
    }
    char comment[SCN_NODE_NAME_MAX + 96];
    snprintf(comment, sizeof comment, "%s, instruction %" PRIu64 "%s%s", name, note->instruction,
             *note->name ? "; dropped: " : "", note->name);
    struct trace_pcapng_packet packet = {
        .time_ns = note->time_ns,
        .direction = note->kind == EMU_NOTE_FRAME_SENT ? TRACE_SENT : TRACE_RECEIVED,
        .bytes = note->bytes,
        .size_bytes = note->size_bytes,
        .comment = comment,
    };
    return trace_run_capture_packet(trace, number, &packet, error);
}
