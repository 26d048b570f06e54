/*
 * `--pcap`: the frames of chosen nodes from the world's notes into the run directory's captures.
 */
#ifndef DENALI_EMU_CAPTURE_H
#define DENALI_EMU_CAPTURE_H

#include <emu/world.h>
#include <scenarios/select.h>
#include <traces/capture.h>

/* Which nodes; the n-th of them is the run directory's capture number n. Zero-initialise. */
struct emu_capture {
    struct scn_nodes nodes;
    uint64_t limit_bytes; /* of each file */
};

/* Chooses the nodes; text as --pcap takes it, NULL: none. limit_bytes: of each file, 0:
 * TRACE_CAPTURE_LIMIT_BYTES. */
enum status emu_capture_select(struct emu_capture *capture, const struct scn_scenario *scenario,
                               const char *text, uint64_t limit_bytes,
                               struct error *error) MUST_USE;
void emu_capture_fini(struct emu_capture *capture);

/* Starts all captures, before the world runs. */
enum status emu_capture_begin(const struct emu_capture *capture, struct emu_world *world,
                              const struct scn_scenario *scenario, struct trace_run *trace,
                              struct error *error) MUST_USE;

/* A note of a frame; name is its node's. */
enum status emu_capture_note(const struct emu_capture *capture, struct trace_run *trace,
                             const char *name, const struct emu_note *note,
                             struct error *error) MUST_USE;

#endif
