// Fuzz target of the round-trip-time matrix reader: whatever the text, it is refused with a message
// or gives a matrix that keeps every promise of netsim/matrix.h.
#include <cstdint>
#include <cstdlib>
#include <cstring>

extern "C" {
#include <base/status.h>
#include <netsim/matrix.h>
}

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct net_matrix matrix;
    struct error error = ERROR_INIT;
    const char *text = reinterpret_cast<const char *>(data);
    enum status status = net_matrix_parse("fuzz.rtt", text, size, &matrix, &error);
    if (status != STATUS_OK) {
        require(error.status == status && strlen(error.message) > 0);
        require(matrix.rtt_ns == nullptr && matrix.site_count == 0);
        return 0;
    }
    require(matrix.site_count >= 1 && matrix.site_count <= NET_SITES_MAX);
    for (uint32_t i = 0; i < matrix.site_count; i++) {
        for (uint32_t j = 0; j < matrix.site_count; j++) {
            uint64_t rtt_ns = matrix.rtt_ns[(size_t)i * matrix.site_count + j];
            require(i == j
                        ? rtt_ns == 0
                        : rtt_ns >= NET_RTT_MIN_NS && rtt_ns <= NET_RTT_MAX_NS && rtt_ns % 2 == 0);
        }
    }
    net_matrix_fini(&matrix);
    return 0;
}
