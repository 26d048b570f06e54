/*
 * The instruction trace of one node: each executed instruction as a line of text for people, with
 * what it changed, and everything that the node's digest covers in line with it (docs/seeing.md has
 * the format).
 *
 * A tracer looks on. The node is executed one instruction at a time in the stretch that is traced,
 * by whatever engine, and nothing else is different. Text is gathered here and told to the sink
 * between windows; what is gathered stops the process as records do (emu_process_paused), and
 * what is written in all is bounded.
 *
 * The printed changes are complete: applied in order to the state that the trace begins with, they
 * give the state that it ends with, but for memory that devices write.
 */
#ifndef DENALI_EMU_TRACER_H
#define DENALI_EMU_TRACER_H

#include <base/status.h>
#include <scenarios/select.h>

#include "digest.h"
#include "node.h"

struct emu_tracer; /* belongs to the node's process */

/* limit_bytes: of text in all. */
enum status emu_tracer_create(struct emu_node *node, const struct scn_stretch *stretch,
                              uint64_t limit_bytes, struct emu_tracer **tracer,
                              struct error *error) MUST_USE;
/* Of what happens in the stretch only what changes these bytes is written, 1 to EMU_WATCH_MAX of
 * them. */
#define EMU_WATCH_MAX 32u
void emu_tracer_watch(struct emu_tracer *tracer, uint32_t address, uint32_t size_bytes);
/* Has any of the watched bytes been seen to change? */
bool emu_tracer_changed(const struct emu_tracer *tracer);
/* Refuses bytes that cannot be watched (watch.c). */
enum status emu_watch_check(const struct emu_node *node, uint32_t address, uint32_t size_bytes,
                            struct error *error) MUST_USE;
/* Takes NULL. */
void emu_tracer_destroy(struct emu_tracer *tracer);

/* --- by the node as it lives ------------------------------------------------------------------ */

/* How far the node may run before the tracer is to be asked again; 1 where it is traced. Takes in
 * the instruction that comes next. */
uint64_t emu_tracer_before(struct emu_tracer *tracer, struct emu_node *node, uint64_t budget);
/* The run that emu_tracer_before allowed is over and what it stopped for was performed. */
void emu_tracer_after(struct emu_tracer *tracer, struct emu_node *node);
/* A wait is over. */
void emu_tracer_woken(struct emu_tracer *tracer, struct emu_node *node);
/* A link of the node's digest. */
void emu_tracer_exchange(struct emu_tracer *tracer, struct emu_node *node,
                         enum emu_digest_kind kind, uint32_t a, uint32_t b, const void *bytes,
                         uint32_t size_bytes);

/* --- by the world ----------------------------------------------------------------------------- */

/* Gathered and not told yet. */
const char *emu_tracer_text(const struct emu_tracer *tracer, uint32_t *size_bytes);
/* It was told. */
void emu_tracer_told(struct emu_tracer *tracer);

#endif
