// The same events give the same run, in whatever order and on whatever thread independent ones are
// handled.
#include <algorithm>
#include <thread>

#include "fake_world.h"

extern "C" {
#include <base/random.h>
}

static const struct net_link kLink = {5000000, 4000000, 30000, 6000, 200};
static const uint64_t kDelay = 3000000;
static const uint32_t kPorts = 8;

struct Send {
    uint64_t time_ns;
    uint32_t from;
    Bytes bytes;
};

static std::vector<Send> script(const struct net_network *network)
{
    struct random_stream stream;
    random_init(&stream, 5, "test/order");
    std::vector<Send> sends;
    uint64_t now_ns = 0;
    for (int i = 0; i < 3000; i++) {
        now_ns += random_below(&stream, 100000);
        uint32_t from = (uint32_t)random_below(&stream, kPorts);
        uint32_t to = (uint32_t)random_below(&stream, kPorts);
        sends.push_back({now_ns, from,
                         i % 10 ? packet_to(network, from, to, 60 + random_below(&stream, 1400))
                                : packet(network, from, 0x08080808)});
    }
    return sends;
}

static std::vector<std::vector<Delivery>> by_port(const FakeWorld &world)
{
    std::vector<std::vector<Delivery>> out;
    for (uint32_t port = 0; port < kPorts; port++) {
        out.push_back(world.delivered_to(port));
    }
    return out;
}

// One port alone in a window: its sends and events by time; of the same time, in either order.
static void run_port(FakeWorld &world, const std::vector<Send> &sends, uint32_t port,
                     uint64_t start_ns, uint64_t end_ns, struct random_stream *stream)
{
    auto send = sends.begin();
    for (;;) {
        while (send != sends.end() && (send->from != port || send->time_ns < start_ns)) {
            send++;
        }
        uint64_t send_ns = send == sends.end() ? UINT64_MAX : send->time_ns;
        auto event = std::find_if(world.events.begin(), world.events.end(), [&](const auto &each) {
            return std::get<2>(each.first) == port;
        });
        uint64_t event_ns = event == world.events.end() ? UINT64_MAX : std::get<0>(event->first);
        if (std::min(send_ns, event_ns) >= end_ns) {
            return;
        }
        if (send_ns < event_ns || (send_ns == event_ns && random_below(stream, 2))) {
            world.send(port, send_ns, send->bytes);
            send++;
        } else {
            auto [key, frame] = *event;
            world.events.erase(event);
            world.handle(key, frame);
        }
    }
}

TEST(Order, WindowsInAnyOrderOfPortsGiveTheRunOfTheWholeOrder)
{
    struct net_config config = uniform_config(kPorts, kDelay, &kLink);
    FakeWorld whole(config);
    std::vector<Send> sends = script(whole.network);
    for (const auto &send : sends) {
        whole.run(send.time_ns);
        whole.send(send.from, send.time_ns, send.bytes);
    }
    whole.run();
    ASSERT_GT(whole.drop_count(0, NET_DROP_DOWNLINK_FULL), 0u);

    struct random_stream stream;
    for (uint64_t seed = 0; seed < 10; seed++) {
        random_init(&stream, seed, "test/order/windows");
        FakeWorld world(config);
        uint64_t window_ns = 1000 + random_below(&stream, kDelay + 2 * kLink.latency_ns - 1000);
        for (uint64_t start_ns = 0; start_ns < sends.back().time_ns + 100 * kDelay;
             start_ns += window_ns) {
            uint64_t end_ns = start_ns + window_ns;
            std::vector<uint32_t> ports(kPorts);
            for (uint32_t i = 0; i < kPorts; i++) {
                ports[i] = i;
            }
            for (uint32_t i = kPorts - 1; i > 0; i--) {
                std::swap(ports[i], ports[random_below(&stream, i + 1)]);
            }
            for (uint32_t port : ports) {
                run_port(world, sends, port, start_ns, end_ns, &stream);
            }
        }
        EXPECT_TRUE(world.events.empty());
        EXPECT_TRUE(world.save() == whole.save()) << "seed " << seed;
        EXPECT_TRUE(by_port(world) == by_port(whole)) << "seed " << seed;
    }
}

TEST(Order, TwoThreadsWorkOnDifferentPortsAtOnce)
{
    struct net_config config = uniform_config(kPorts, kDelay, &kLink);
    FakeWorld whole(config);
    std::vector<Send> sends = script(whole.network);
    for (const auto &send : sends) {
        whole.send(send.from, send.time_ns, send.bytes);
    }

    // Each thread has a world of its own that shares the network.
    FakeWorld shared(config);
    FakeWorld halves[2] = {FakeWorld(config), FakeWorld(config)};
    struct net_network *own[2] = {halves[0].network, halves[1].network};
    std::vector<std::thread> threads;
    for (uint32_t half = 0; half < 2; half++) {
        halves[half].network = shared.network;
        threads.emplace_back([&, half] {
            for (const auto &send : sends) {
                if (send.from % 2 == half) {
                    halves[half].send(send.from, send.time_ns, send.bytes);
                }
            }
        });
    }
    for (auto &thread : threads) {
        thread.join();
    }
    EXPECT_TRUE(shared.save() == whole.save());
    auto events = halves[0].events;
    events.insert(halves[1].events.begin(), halves[1].events.end());
    ASSERT_EQ(events.size(), whole.events.size());
    auto same = [](const auto &a, const auto &b) {
        return a.first == b.first && a.second->size_bytes == b.second->size_bytes &&
               std::equal(a.second->bytes, a.second->bytes + a.second->size_bytes, b.second->bytes);
    };
    EXPECT_TRUE(std::equal(events.begin(), events.end(), whole.events.begin(), same));
    for (uint32_t half = 0; half < 2; half++) {
        halves[half].network = own[half];
    }
}
