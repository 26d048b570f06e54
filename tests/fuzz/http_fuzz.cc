/*
 * HTTP from the network: whatever arrives, a server's connection stays within its bounds, says
 * whole answers and the same ones however the bytes come in pieces; a client's exchange takes no
 * more than there is. The first byte says how to cut.
 */
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

extern "C" {
#include "http/connection.h"
#include "http/exchange.h"
}

namespace
{

constexpr size_t kAnswersMax = 1 << 20; /* of output; a document may be large */

uint64_t Zero()
{
    return 0;
}

void Require(bool holds)
{
    if (!holds) {
        abort();
    }
}

std::string Serve(const char *bytes, size_t size, size_t in, size_t out)
{
    http_settings settings = {nullptr, Zero, nullptr};
    http_connection connection;
    std::string all, piece(out, '\0');
    http_connection_init(&connection, &settings);
    for (size_t at = 0; at < size && all.size() < kAnswersMax;) {
        size_t room = http_connection_room(&connection);
        size_t part = in < room ? in : room;
        part = part < size - at ? part : size - at;
        if (part == 0) {
            break;
        }
        http_connection_receive(&connection, bytes + at, part);
        at += part;
        Require(connection.input_bytes <= HTTP_HEAD_MAX);
        while (all.size() < kAnswersMax) {
            size_t length = http_connection_peek(&connection, piece.data(), out);
            if (length == 0) {
                break;
            }
            Require(length <= out);
            all.append(piece, 0, length);
            http_connection_sent(&connection, length);
        }
    }
    Require(connection.phase != HTTP_BROKEN);
    http_connection_fini(&connection);
    return all;
}

void Read(const char *bytes, size_t size, size_t in, const char *path)
{
    http_exchange exchange;
    http_exchange_begin(&exchange, path, false);
    for (size_t at = 0; at < size && exchange.state < HTTP_EXCHANGE_DONE;) {
        size_t part = in < size - at ? in : size - at;
        size_t taken = http_exchange_take(&exchange, bytes + at, part);
        Require(taken <= part && (taken > 0 || exchange.state >= HTTP_EXCHANGE_DONE));
        at += taken;
    }
    http_exchange_close(&exchange);
    (void)http_exchange_fault(&exchange);
    http_exchange_fini(&exchange);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    const char *bytes = reinterpret_cast<const char *>(data) + 1;
    size_t piece = 1 + data[0];
    std::string whole = Serve(bytes, size - 1, size, 8192);
    std::string cut = Serve(bytes, size - 1, piece, 8192);
    Require(whole.size() >= kAnswersMax || whole == cut);
    Read(bytes, size - 1, piece, "/bytes/5");
    Read(bytes, size - 1, size, "/x");
    return 0;
}
