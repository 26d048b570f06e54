/* Which screens are looked at when, and what is done with the pictures. */
#include "screenshot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <base/alloc.h>
#include <scenarios/select.h>

#define OPTION "--screenshot"

static int compare(const void *a, const void *b)
{
    const struct emu_screenshot *x = a;
    const struct emu_screenshot *y = b;
    if (x->time_ns != y->time_ns) {
        return x->time_ns < y->time_ns ? -1 : 1;
    }
    return x->node < y->node ? -1 : x->node > y->node;
}

/* Sorts them and drops those that were asked for before. */
static void settle(struct emu_screenshots *screenshots)
{
    uint32_t kept = 0;
    qsort(screenshots->list, screenshots->count, sizeof *screenshots->list, compare);
    for (uint32_t i = 0; i < screenshots->count; i++) {
        if (i == 0 || compare(&screenshots->list[i], &screenshots->list[kept - 1]) != 0) {
            screenshots->list[kept++] = screenshots->list[i];
        }
    }
    screenshots->count = kept;
}

static enum status add_nodes(struct emu_screenshots *screenshots,
                             const struct scn_scenario *scenario, const struct scn_nodes *nodes,
                             uint64_t time_ns, const char *text, struct error *error)
{
    uint32_t added = 0;
    for (uint32_t i = 0; i < nodes->count; i++) {
        uint32_t node = nodes->numbers[i];
        if (!scenario->groups[scn_node_group(scenario, node)].screen_width) {
            continue;
        }
        if (screenshots->count == EMU_SCREENSHOTS_MAX) {
            return error_set(error, STATUS_INVALID, NULL, 0,
                             OPTION " %.80s: more than %u pictures; expected fewer nodes", text,
                             EMU_SCREENSHOTS_MAX);
        }
        screenshots->list =
            alloc_grow(screenshots->list, screenshots->count + 1, sizeof *screenshots->list);
        screenshots->list[screenshots->count++] = (struct emu_screenshot){time_ns, node};
        added++;
    }
    if (!added) {
        char name[SCN_NODE_NAME_MAX];
        scn_node_name(scenario, nodes->numbers[0], name);
        return error_set(error, STATUS_INVALID, NULL, 0,
                         OPTION " %.80s: %s has no screen; its group needs one in the scenario, "
                                "such as `screen: 640x480`",
                         text, name);
    }
    settle(screenshots);
    return STATUS_OK;
}

enum status emu_screenshots_add(struct emu_screenshots *screenshots,
                                const struct scn_scenario *scenario, const char *text,
                                struct error *error)
{
    const char *at = strrchr(text, '@');
    char *names = alloc_text(text);
    uint64_t time_ns = UINT64_MAX;
    struct scn_nodes nodes = {0};
    enum status status = STATUS_OK;
    if (at) {
        names[at - text] = '\0';
        status = scn_moment_parse(OPTION, at + 1, &time_ns, error);
    }
    if (!status && at && time_ns > scenario->duration_ns) {
        char duration[SCN_MOMENT_TEXT_MAX];
        scn_moment_write(scenario->duration_ns, duration);
        status = error_set(error, STATUS_INVALID, NULL, 0,
                           OPTION " %.80s: expected a time within the run, which lasts %s", text,
                           duration);
    }
    if (!status) {
        status = scn_nodes_select(scenario, OPTION, names, &nodes, error);
    }
    if (!status) {
        status = add_nodes(screenshots, scenario, &nodes, time_ns, text, error);
    }
    scn_nodes_fini(&nodes);
    free(names);
    return status;
}

void emu_screenshots_fini(struct emu_screenshots *screenshots)
{
    free(screenshots->list);
    *screenshots = (struct emu_screenshots){0};
}

uint64_t emu_screenshots_next_ns(const struct emu_screenshots *screenshots)
{
    return screenshots->taken < screenshots->count ? screenshots->list[screenshots->taken].time_ns
                                                   : UINT64_MAX;
}

enum status emu_screenshots_take(struct emu_screenshots *screenshots, struct emu_world *world,
                                 const struct scn_scenario *scenario, struct trace_run *trace,
                                 uint64_t time_ns, struct error *error)
{
    enum status status = STATUS_OK;
    while (!status && screenshots->taken < screenshots->count &&
           screenshots->list[screenshots->taken].time_ns <= time_ns) {
        const struct emu_screenshot *shot = &screenshots->list[screenshots->taken++];
        char name[SCN_NODE_NAME_MAX];
        char moment[SCN_MOMENT_TEXT_MAX] = "end";
        struct emu_screen screen;
        scn_node_name(scenario, shot->node, name);
        if (shot->time_ns != UINT64_MAX) {
            scn_moment_write(shot->time_ns, moment);
        }
        emu_world_node_screen(world, shot->node, &screen);
        status = trace_run_screen_write(trace, name, moment, screen.width, screen.height,
                                        screen.rgb, error);
        free(screen.rgb);
    }
    return status;
}
