// Fuzz target: the reader of captures. Whatever the bytes, it refuses with a message or yields
// blocks that lie within them, and comes to an end.
#include <cstdint>
#include <cstdlib>

extern "C" {
#include <traces/pcapng.h>
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

static void within(const uint8_t *data, size_t size_bytes, const void *part, uint32_t part_bytes)
{
    const uint8_t *start = static_cast<const uint8_t *>(part);
    if (start && (start < data || start > data + size_bytes ||
                  part_bytes > static_cast<size_t>(data + size_bytes - start))) {
        std::abort();
    }
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    struct trace_pcapng_reader reader;
    struct error error = ERROR_INIT;
    trace_pcapng_reader_init(&reader, "fuzz", data, size_bytes);
    for (size_t blocks = 0;; blocks++) {
        struct trace_pcapng_block block;
        if (blocks > size_bytes) {
            std::abort();
        }
        if (trace_pcapng_read(&reader, &block, &error)) {
            if (!error.message[0]) {
                std::abort();
            }
            return 0;
        }
        if (block.kind == TRACE_PCAPNG_END) {
            return 0;
        }
        within(data, size_bytes, block.text, block.text_bytes);
        within(data, size_bytes, block.bytes, block.size_bytes);
    }
}
