/* What a world shows of chosen nodes as they run: frames and instructions. */
#include "world_internal.h"

#include <base/alloc.h>

#include "tracer.h"

void emu_world_capture(struct emu_world *world, uint32_t node)
{
    world->nodes[node].captured = true;
}

enum status emu_world_trace(struct emu_world *world, uint32_t index,
                            const struct scn_stretch *stretch, uint64_t limit_bytes,
                            struct error *error)
{
    struct emu_node *node = &world->nodes[index];
    if (node->tracer) {
        char name[SCN_NODE_NAME_MAX];
        scn_node_name(world->scenario, index, name);
        return error_set(error, STATUS_INVALID, NULL, 0,
                         "the instructions of %s are to be traced twice; expected each node once",
                         name);
    }
    enum status status = emu_tracer_create(node, stretch, limit_bytes, &node->tracer, error);
    if (!status) {
        world->traced = alloc_grow(world->traced, world->traced_count + 1, sizeof *world->traced);
        world->traced[world->traced_count++] = index;
    }
    return status;
}

enum status emu_watch_check(const struct emu_node *node, uint32_t address, uint32_t size_bytes,
                            struct error *error)
{
    if (size_bytes < 1 || size_bytes > EMU_WATCH_MAX ||
        !emu_node_has_memory(node, address, size_bytes)) {
        return error_set(error, STATUS_INVALID, NULL, 0,
                         "%u bytes at %08x cannot be watched; expected 1 to %u bytes of the "
                         "node's memory, which goes from %08x to %08x",
                         size_bytes, address, EMU_WATCH_MAX, EMU_NODE_MEMORY_BEGIN,
                         node->space.size_bytes);
    }
    return STATUS_OK;
}

enum status emu_world_watch(struct emu_world *world, uint32_t index,
                            const struct scn_stretch *stretch, uint32_t address,
                            uint32_t size_bytes, struct error *error)
{
    struct emu_node *node = &world->nodes[index];
    enum status status = emu_watch_check(node, address, size_bytes, error);
    status = status ? status : emu_world_trace(world, index, stretch, EMU_TRACE_LIMIT_BYTES, error);
    if (!status) {
        emu_tracer_watch(node->tracer, address, size_bytes);
    }
    return status;
}

enum status emu_world_flush_traces(struct emu_world *world, struct error *error)
{
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < world->traced_count && !status; i++) {
        struct emu_node *node = &world->nodes[world->traced[i]];
        uint32_t size_bytes;
        const char *text = emu_tracer_text(node->tracer, &size_bytes);
        node->process->traced_bytes = 0;
        if (size_bytes && world->sink.trace) {
            status = world->sink.trace(world->sink.context, node->index, text, size_bytes, error);
        }
        emu_tracer_told(node->tracer);
    }
    return status;
}
