/* The chain of one node's exchanges with the outside. */
#include "digest.h"

#include <base/hash.h>

#include "process.h"
#include "tracer.h"

static void put(uint8_t *target, uint64_t value, int size_bytes)
{
    for (int i = 0; i < size_bytes; i++) {
        target[i] = (uint8_t)(value >> 8 * i);
    }
}

void emu_digest_add(struct emu_node *node, enum emu_digest_kind kind, uint32_t a, uint32_t b,
                    const void *bytes, uint32_t size_bytes)
{
    uint8_t link[40];
    put(link, kind, 4);
    put(link + 4, a, 4);
    put(link + 8, b, 4);
    put(link + 12, size_bytes, 4);
    put(link + 16, node->vcpu.retired, 8);
    put(link + 24, node->process->now_ns, 8);
    put(link + 32, size_bytes ? hash_bytes(bytes, size_bytes) : 0, 8);
    node->digest = hash_chain(node->digest, link, sizeof link);
    if (node->tracer) {
        emu_tracer_exchange(node->tracer, node, kind, a, b, bytes, size_bytes);
    }
}
