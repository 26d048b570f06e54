// Fuzz target: the reader of bundles. Whatever the bytes, it refuses them with a message or hands
// out files by paths that stay inside, each begun and ended once.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

extern "C" {
#include <traces/bundle.h>
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

namespace
{

enum status begin(void *context, const char *path, uint64_t, struct error *)
{
    int *open = static_cast<int *>(context);
    if (path[0] == '\0' || path[0] == '/' || std::strstr(path, "..") == path || (*open)++) {
        std::abort();
    }
    return STATUS_OK;
}

enum status bytes(void *context, const void *, size_t size_bytes, struct error *)
{
    if (*static_cast<int *>(context) != 1 || size_bytes == 0) {
        std::abort();
    }
    return STATUS_OK;
}

enum status end(void *context, struct error *)
{
    if ((*static_cast<int *>(context))-- != 1) {
        std::abort();
    }
    return STATUS_OK;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    int open = 0;
    const struct trace_bundle_sink sink = {&open, begin, bytes, end};
    struct error error = ERROR_INIT;
    FILE *stream = size_bytes ? fmemopen(const_cast<uint8_t *>(data), size_bytes, "rb") : nullptr;
    if (!stream) {
        return 0;
    }
    if (trace_bundle_read(stream, "fuzz", &sink, &error) && !error.message[0]) {
        std::abort();
    }
    std::fclose(stream);
    return open ? (std::abort(), 1) : 0;
}
