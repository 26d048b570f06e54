// A world for tests: keeps the network's events in the order of their keys, checks what the network
// promises about them, and records deliveries and drops.
#ifndef DENALI_TESTS_NETSIM_FAKE_WORLD_H
#define DENALI_TESTS_NETSIM_FAKE_WORLD_H

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

extern "C" {
#include <netsim/network.h>
#include <netsim/partition.h>
}

using Bytes = std::vector<uint8_t>;

struct Delivery {
    uint64_t time_ns;
    uint32_t port;
    Bytes bytes;
    uint64_t sent_ns;
    uint64_t queued_ns;
    uint64_t serialized_ns;

    uint64_t path_ns() const
    {
        return time_ns - sent_ns - queued_ns - serialized_ns;
    }
    bool operator==(const Delivery &) const = default;
};

struct Drop {
    uint32_t port;
    enum net_drop cause;
    uint32_t size_bytes;
    bool operator==(const Drop &) const = default;
};

class FakeWorld
{
  public:
    // time, kind, destination, source, sequence
    using Key = std::tuple<uint64_t, uint32_t, uint32_t, uint32_t, uint64_t>;

    std::map<Key, struct net_frame *> events;
    std::vector<Delivery> deliveries;
    std::vector<Drop> drops;
    struct net_network *network;
    struct net_env env;
    uint64_t now_ns = 0;

    explicit FakeWorld(const struct net_config &config)
    {
        struct error error = ERROR_INIT;
        EXPECT_EQ(net_network_create(&config, &network, &error), STATUS_OK) << error.message;
        static const struct net_env_ops ops = {on_schedule, on_deliver, on_drop};
        env = {&ops, this};
    }
    FakeWorld(const FakeWorld &) = delete;
    ~FakeWorld()
    {
        for (auto &[key, frame] : events) {
            net_frame_release(frame);
        }
        net_network_destroy(network);
    }

    void send(uint32_t port, uint64_t time_ns, const Bytes &bytes)
    {
        now_ns = time_ns;
        net_send(network, &env, port, time_ns, bytes.data(), (uint32_t)bytes.size());
    }
    // Handles all events before end_ns.
    void run(uint64_t end_ns = UINT64_MAX)
    {
        while (!events.empty() && std::get<0>(events.begin()->first) < end_ns) {
            step();
        }
    }
    void step()
    {
        auto [key, frame] = *events.begin();
        events.erase(events.begin());
        handle(key, frame);
    }
    void handle(const Key &key, struct net_frame *frame)
    {
        now_ns = std::get<0>(key);
        net_event(network, &env, (enum net_event_kind)std::get<1>(key), std::get<2>(key), now_ns,
                  frame);
    }
    std::vector<Delivery> delivered_to(uint32_t port) const
    {
        std::vector<Delivery> out;
        for (const auto &delivery : deliveries) {
            if (delivery.port == port) {
                out.push_back(delivery);
            }
        }
        return out;
    }
    uint32_t drop_count(uint32_t port, enum net_drop cause) const
    {
        return net_counters(network, port).drops[cause];
    }
    Bytes save() const
    {
        struct writer writer;
        writer_init(&writer);
        net_save(network, &writer);
        Bytes bytes(writer.bytes, writer.bytes + writer.size_bytes);
        writer_fini(&writer);
        return bytes;
    }
    uint64_t hash() const
    {
        struct writer writer;
        writer_init_hash(&writer);
        net_save(network, &writer);
        uint64_t hash = writer_hash(&writer);
        writer_fini(&writer);
        return hash;
    }

  private:
    static void on_schedule(void *world, uint64_t time_ns, enum net_event_kind kind,
                            uint32_t destination, uint32_t source, uint64_t sequence,
                            struct net_frame *frame)
    {
        FakeWorld *self = static_cast<FakeWorld *>(world);
        EXPECT_GT(time_ns, self->now_ns);
        if (destination != source || kind != NET_EVENT_DELIVER) {
            EXPECT_GE(time_ns, self->now_ns + NET_LATENCY_MIN_NS);
        }
        Key key{time_ns, kind, destination, source, sequence};
        EXPECT_TRUE(self->events.emplace(key, frame).second) << "an event's key is not unique";
    }
    static void on_deliver(void *world, uint32_t port, struct net_frame *frame)
    {
        FakeWorld *self = static_cast<FakeWorld *>(world);
        self->deliveries.push_back({self->now_ns, port,
                                    Bytes(frame->bytes, frame->bytes + frame->size_bytes),
                                    frame->sent_ns, frame->queued_ns, frame->serialized_ns});
    }
    static void on_drop(void *world, uint32_t port, enum net_drop cause, uint32_t size_bytes)
    {
        static_cast<FakeWorld *>(world)->drops.push_back({port, cause, size_bytes});
    }
};

// --- configurations ---------------------------------------------------------------------------

inline const struct net_link kPlainLink = {0, 0, 0, 0, 0};

inline struct net_config uniform_config(uint32_t ports, uint64_t delay_ns,
                                        const struct net_link *link = &kPlainLink)
{
    struct net_config config = {};
    config.kind = NET_WAN_UNIFORM;
    config.port_count = ports;
    config.links = link;
    config.link_count = 1;
    config.delay_ns = delay_ns;
    return config;
}

inline struct net_config lan_config(uint32_t ports, const struct net_link *link)
{
    struct net_config config = {};
    config.kind = NET_LAN;
    config.port_count = ports;
    config.links = link;
    config.link_count = 1;
    return config;
}

inline struct net_config matrix_config(uint32_t ports, const struct net_matrix *matrix,
                                       const struct net_link *link = &kPlainLink)
{
    struct net_config config = {};
    config.kind = NET_WAN_MATRIX;
    config.port_count = ports;
    config.links = link;
    config.link_count = 1;
    config.matrix = matrix;
    return config;
}

// --- frames -----------------------------------------------------------------------------------

inline void put16(Bytes &bytes, size_t at, uint32_t value)
{
    bytes[at] = (uint8_t)(value >> 8);
    bytes[at + 1] = (uint8_t)value;
}

inline void put32(Bytes &bytes, size_t at, uint32_t value)
{
    put16(bytes, at, value >> 16);
    put16(bytes, at + 2, value);
}

inline uint32_t get16(const Bytes &bytes, size_t at)
{
    return (uint32_t)bytes[at] << 8 | bytes[at + 1];
}

inline uint32_t get32(const Bytes &bytes, size_t at)
{
    return get16(bytes, at) << 16 | get16(bytes, at + 2);
}

// RFC 1071 as its text says it: one's complement of the one's complement sum.
inline uint32_t checksum(const Bytes &bytes, size_t from, size_t to)
{
    uint64_t sum = 0;
    for (size_t i = from; i < to; i += 2) {
        sum += (uint64_t)bytes[i] << 8 | (i + 1 < to ? bytes[i + 1] : 0);
    }
    while (sum > 0xffff) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return (uint32_t)(~sum & 0xffff);
}

// An Ethernet frame of size bytes, the rest of it counting up.
inline Bytes ethernet(const uint8_t *to, const uint8_t *from, uint32_t type, size_t size)
{
    Bytes bytes(size);
    for (size_t i = 14; i < size; i++) {
        bytes[i] = (uint8_t)i;
    }
    std::copy(to, to + 6, bytes.begin());
    std::copy(from, from + 6, bytes.begin() + 6);
    put16(bytes, 12, type);
    return bytes;
}

inline const uint8_t kBroadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

inline void ip_checksum_fill(Bytes &bytes)
{
    put16(bytes, 24, 0);
    size_t end = 14 + (bytes[14] & 15u) * 4; // what the header says; it may lie
    put16(bytes, 24, checksum(bytes, 14, std::min(end, bytes.size())));
}

// An IPv4 packet of size bytes in all from port's node to an address, through its gateway.
inline Bytes packet(const struct net_network *network, uint32_t port, uint32_t destination,
                    size_t size = 60, uint8_t protocol = 17, uint8_t ttl = 64)
{
    struct net_addressing own = net_addressing(network, port);
    Bytes bytes = ethernet(own.gateway_mac, own.mac, 0x0800, size);
    bytes[14] = 0x45;
    bytes[15] = 0;
    put16(bytes, 16, (uint32_t)size - 14);
    put16(bytes, 18, 0x1234);
    put16(bytes, 20, 0);
    bytes[22] = ttl;
    bytes[23] = protocol;
    put32(bytes, 26, own.address);
    put32(bytes, 30, destination);
    ip_checksum_fill(bytes);
    return bytes;
}

inline Bytes packet_to(const struct net_network *network, uint32_t from, uint32_t to,
                       size_t size = 60)
{
    return packet(network, from, net_addressing(network, to).address, size);
}

#endif
