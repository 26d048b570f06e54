/*
 * Captures in a run directory: nodes/<node>/<node>.pcapng for every node whose frames are wanted.
 *
 * A capture exists as a file, with its beginning at least, from trace_run_finish or
 * trace_run_abandon on. What is written before is gathered in memory, at most
 * TRACE_CAPTURE_BYTES_MAX for all captures together, so that any number of nodes can be captured
 * with a handful of open files. Failures stick as all others of a run do.
 */
#ifndef DENALI_TRACES_CAPTURE_H
#define DENALI_TRACES_CAPTURE_H

#include <traces/pcapng.h>
#include <traces/run_directory.h>

#define TRACE_CAPTURE_NODE_BYTES_MAX (64u << 10) /* gathered of one node */
#define TRACE_CAPTURE_BYTES_MAX      (32u << 20) /* and of all */

#define TRACE_CAPTURE_LIMIT_BYTES (256ull << 20) /* of a file, where nobody says otherwise */

/* Starts the capture of a node; captures are numbered from 0. Packets with which its file would
 * have more than limit_bytes are left out, and its statistics say how many. */
enum status trace_run_capture_begin(struct trace_run *run, const char *node,
                                    const struct trace_pcapng_interface *interface,
                                    uint64_t limit_bytes, struct error *error) MUST_USE;

/* A frame for capture's node was dropped; packet->lost of the next packet counts it. */
void trace_run_capture_lost(struct trace_run *run, uint32_t capture);

/* Packets of a capture come in the order of time. packet->lost is filled in here. */
enum status trace_run_capture_packet(struct trace_run *run, uint32_t capture,
                                     const struct trace_pcapng_packet *packet,
                                     struct error *error) MUST_USE;

/* Ends every capture at time_ns with its statistics. */
enum status trace_run_captures_end(struct trace_run *run, uint64_t time_ns,
                                   struct error *error) MUST_USE;

#endif
