// Fuzz target: the reader of recordings and of what their records hold. Whatever the bytes, it
// refuses them or hands out what lies within them, and comes to an end. The checksums are made
// right again first, or nothing but them would be tried.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

extern "C" {
#include <base/hash.h>
#include <traces/checkpoint.h>
#include <traces/recording.h>
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

namespace
{

const size_t kStart = 12;
const size_t kHeader = 36;

uint64_t load64(const uint8_t *bytes)
{
    uint64_t value = 0;
    for (int i = 0; i < 8; i++) {
        value |= static_cast<uint64_t>(bytes[i]) << 8 * i;
    }
    return value;
}

void store64(uint8_t *bytes, uint64_t value)
{
    for (int i = 0; i < 8; i++) {
        bytes[i] = static_cast<uint8_t>(value >> 8 * i);
    }
}

void mend(std::vector<uint8_t> &bytes)
{
    for (size_t at = kStart; at + kHeader <= bytes.size();) {
        uint64_t size = load64(&bytes[at + 12]);
        size_t left = bytes.size() - at - kHeader;
        if (size <= left) {
            store64(&bytes[at + 20], hash_bytes(bytes.data() + at + kHeader, size));
        }
        store64(&bytes[at + 28], hash_chain(at, &bytes[at], kHeader - 8));
        if (size > left) {
            return;
        }
        at += kHeader + size;
    }
}

void try_checkpoint(const uint8_t *bytes, size_t size_bytes)
{
    bool full = false;
    auto *decoder = trace_checkpoint_decoder_create(bytes, size_bytes, &full);
    if (!decoder) {
        return;
    }
    struct trace_item item;
    while (trace_checkpoint_next(decoder, &item) == STATUS_OK && item.kind != TRACE_ITEM_END) {
        if (item.lines.mask && item.size_bytes < 1u << 20) {
            std::vector<uint8_t> target(item.size_bytes);
            trace_lines_apply(&item.lines, target.data(), target.size());
        }
    }
    trace_checkpoint_decoder_destroy(decoder);
}

void try_all(const uint8_t *bytes, size_t size_bytes)
{
    struct trace_head head;
    struct trace_input input;
    struct trace_end end;
    uint64_t chains[3];
    (void)!trace_head_read(&head, bytes, size_bytes);
    trace_head_fini(&head);
    if (trace_input_read(&input, bytes, size_bytes) && input.size_bytes) {
        volatile uint8_t last = input.bytes[input.size_bytes - 1];
        (void)last;
    }
    (void)!trace_digests_read(chains, 3, bytes, size_bytes);
    (void)!trace_end_read(&end, bytes, size_bytes);
    try_checkpoint(bytes, size_bytes);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    std::vector<uint8_t> bytes(data, data + size_bytes);
    for (int mended = 0; mended < 2; mended++) {
        for (bool check : {false, true}) {
            struct error error = ERROR_INIT;
            struct trace_recording *recording = nullptr;
            if (trace_recording_open_bytes("fuzz", bytes.data(), bytes.size(), check, &recording,
                                           &error)) {
                if (!error.message[0]) {
                    std::abort();
                }
                continue;
            }
            size_t count = 0;
            const struct trace_entry *entries = trace_recording_entries(recording, &count);
            for (size_t i = 0; i < count; i++) {
                const uint8_t *content = nullptr;
                if (trace_recording_read(recording, i, &content, &error) == STATUS_OK) {
                    try_all(content, entries[i].size_bytes);
                }
            }
            trace_recording_close(recording);
        }
        mend(bytes);
    }
    try_all(data, size_bytes);
    return 0;
}
