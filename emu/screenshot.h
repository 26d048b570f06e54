/*
 * `--screenshot`: pictures of nodes' screens at chosen virtual times, into the run directory.
 */
#ifndef DENALI_EMU_SCREENSHOT_H
#define DENALI_EMU_SCREENSHOT_H

#include <emu/world.h>
#include <traces/run_directory.h>

#define EMU_SCREENSHOTS_MAX 65536u /* of a run */

struct emu_screenshot {
    uint64_t time_ns; /* UINT64_MAX: the end of the run */
    uint32_t node;
};

/* In the order of time, then of nodes. Zero-initialise. */
struct emu_screenshots {
    struct emu_screenshot *list;
    uint32_t count;
    uint32_t taken;
};

/* Adds those that a text asks for, NODES[@TIME]: of the nodes it names, which have screens. */
enum status emu_screenshots_add(struct emu_screenshots *screenshots,
                                const struct scn_scenario *scenario, const char *text,
                                struct error *error) MUST_USE;
void emu_screenshots_fini(struct emu_screenshots *screenshots);

/* When the next is due; UINT64_MAX if none is before the end. */
uint64_t emu_screenshots_next_ns(const struct emu_screenshots *screenshots);

/* Takes those that are due at time_ns (UINT64_MAX: all that are left), of a world that has come
 * there. */
enum status emu_screenshots_take(struct emu_screenshots *screenshots, struct emu_world *world,
                                 const struct scn_scenario *scenario, struct trace_run *trace,
                                 uint64_t time_ns, struct error *error) MUST_USE;

#endif
