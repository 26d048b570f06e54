/* The captures of a run: gathered in memory, appended to their files when there is enough. */
#include <traces/capture.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <base/alloc.h>
#include <base/assert.h>

#include "run.h"

static enum status flush(struct trace_run *run, struct run_capture *capture, struct error *error)
{
    if (!capture->size_bytes) {
        return run_check(run, error);
    }
    char name[RUN_NAME_MAX + sizeof ".pcapng"];
    snprintf(name, sizeof name, "%s.pcapng", capture->node);
    enum status status =
        run_node_file_append(run, capture->node, name, capture->bytes, capture->size_bytes, error);
    run->captured_bytes -= capture->size_bytes;
    free(capture->bytes);
    capture->bytes = NULL;
    capture->size_bytes = capture->capacity_bytes = 0;
    return status;
}

enum status run_captures_flush(struct trace_run *run, struct error *error)
{
    enum status status = run_check(run, error);
    for (uint32_t i = 0; i < run->capture_count && !status; i++) {
        status = flush(run, &run->captures[i], error);
    }
    return status;
}

/* Moves what was written into run->scratch to the end of the capture. */
static enum status take_scratch(struct trace_run *run, struct run_capture *capture,
                                struct error *error)
{
    uint32_t size_bytes = (uint32_t)run->scratch.size_bytes;
    uint32_t needed = capture->size_bytes + size_bytes;
    if (needed > capture->capacity_bytes) {
        uint32_t capacity = capture->capacity_bytes ? capture->capacity_bytes * 2 : 512;
        capture->capacity_bytes = capacity > needed ? capacity : needed;
        capture->bytes = alloc_grow(capture->bytes, capture->capacity_bytes, 1);
    }
    memcpy(capture->bytes + capture->size_bytes, run->scratch.bytes, size_bytes);
    capture->size_bytes = needed;
    run->captured_bytes += size_bytes;
    run->scratch.size_bytes = 0;
    if (run->captured_bytes >= TRACE_CAPTURE_BYTES_MAX) {
        return run_captures_flush(run, error);
    }
    return capture->size_bytes >= TRACE_CAPTURE_NODE_BYTES_MAX ? flush(run, capture, error)
                                                               : STATUS_OK;
}

enum status trace_run_capture_begin(struct trace_run *run, const char *node,
                                    const struct trace_pcapng_interface *interface,
                                    uint64_t limit_bytes, struct error *error)
{
    enum status status = run_check(run, error);
    if (status) {
        return status;
    }
    if (!trace_node_name_valid(node)) {
        return run_fail(run, error, STATUS_INVALID, run->path, 0,
                        "a node's name is not fit to be a file name");
    }
    if (run->capture_count == run->capture_capacity) {
        run->capture_capacity = run->capture_capacity ? run->capture_capacity * 2 : 16;
        run->captures = alloc_grow(run->captures, run->capture_capacity, sizeof *run->captures);
    }
    struct run_capture *capture = &run->captures[run->capture_count++];
    *capture = (struct run_capture){.node = alloc_text(node), .room_bytes = limit_bytes};
    trace_pcapng_section_write(&run->scratch, interface);
    return take_scratch(run, capture, error);
}

void trace_run_capture_lost(struct trace_run *run, uint32_t capture)
{
    ASSERT(capture < run->capture_count);
    run->captures[capture].lost++;
    run->captures[capture].lost_since++;
}

enum status trace_run_capture_packet(struct trace_run *run, uint32_t number,
                                     const struct trace_pcapng_packet *packet, struct error *error)
{
    ASSERT(number < run->capture_count);
    struct run_capture *capture = &run->captures[number];
    enum status status = run_check(run, error);
    if (status) {
        return status;
    }
    struct trace_pcapng_packet counted = *packet;
    counted.lost = capture->lost_since;
    capture->lost_since = 0;
    capture->received += packet->direction == TRACE_RECEIVED;
    trace_pcapng_packet_write(&run->scratch, &counted);
    if (capture->left_out || run->scratch.size_bytes > capture->room_bytes) {
        capture->left_out++;
        run->scratch.size_bytes = 0;
        return STATUS_OK;
    }
    capture->room_bytes -= run->scratch.size_bytes;
    return take_scratch(run, capture, error);
}

enum status trace_run_captures_end(struct trace_run *run, uint64_t time_ns, struct error *error)
{
    enum status status = run_check(run, error);
    for (uint32_t i = 0; i < run->capture_count && !status; i++) {
        struct run_capture *capture = &run->captures[i];
        char comment[96] = "";
        if (capture->left_out) {
            snprintf(comment, sizeof comment,
                     "cut: %" PRIu64 " packets more would have gone beyond the limit of this file",
                     capture->left_out);
        }
        trace_pcapng_statistics_write(&run->scratch, time_ns, capture->received + capture->lost,
                                      capture->lost, *comment ? comment : NULL);
        status = take_scratch(run, capture, error);
    }
    return status ? status : run_captures_flush(run, error);
}

void run_captures_fini(struct trace_run *run)
{
    for (uint32_t i = 0; i < run->capture_count; i++) {
        free(run->captures[i].node);
        free(run->captures[i].bytes);
    }
    free(run->captures);
    writer_fini(&run->scratch);
}
