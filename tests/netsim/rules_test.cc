// The rules of a port: whose addresses it may use, how much, and with whom.
#include "datagram.h"

namespace
{

const struct net_link kLan = {0, 0, 0, 0, 2000};

// Rules for port 0 alone; all other ports are of a class without.
class Ruled
{
  public:
    struct net_link links[2];
    struct net_rules rules[2] = {};
    std::vector<uint16_t> classes;
    struct net_config config;

    Ruled(bool lan, uint32_t ports, uint32_t services = 0) : classes(ports, 1)
    {
        classes[0] = 0;
        links[0] = links[1] = lan ? kLan : kPlainLink;
        config = lan ? lan_config(ports, links) : uniform_config(ports, 1000000, links);
        config = with_services(config, services);
        config.link_count = 2;
        config.link_of_port = classes.data();
        config.rules = rules;
    }
};

Bytes datagram(const FakeWorld &world, uint32_t from, uint32_t to, uint16_t from_port = 1000,
               uint16_t to_port = 2000, size_t payload = 40)
{
    struct net_addressing own = net_addressing(world.network, from);
    struct net_addressing peer = net_addressing(world.network, to);
    Datagram sent{own.address, peer.address, from_port, to_port, Bytes(payload)};
    return sent.frame(own.gateway ? own.gateway_mac : peer.mac, own.mac);
}

Bytes arp(const uint8_t *from, const uint8_t *sender_mac, uint32_t sender, uint32_t target)
{
    Bytes bytes = ethernet(kBroadcast, from, 0x0806, 60);
    put16(bytes, 14, 1);
    put16(bytes, 16, 0x0800);
    bytes[18] = 6;
    bytes[19] = 4;
    put16(bytes, 20, 1);
    std::copy(sender_mac, sender_mac + 6, bytes.begin() + 22);
    put32(bytes, 28, sender);
    put32(bytes, 38, target);
    return bytes;
}

uint32_t drops(const FakeWorld &world, uint32_t port)
{
    struct net_counters counters = net_counters(world.network, port);
    uint32_t sum = 0;
    for (uint32_t count : counters.drops) {
        sum += count;
    }
    return sum;
}

TEST(Rules, DropAForeignAddressAtThePortOfALan)
{
    Ruled ruled(true, 3);
    ruled.rules[0].bind_address = true;
    FakeWorld world(ruled.config);
    struct net_addressing own = net_addressing(world.network, 0);
    struct net_addressing other = net_addressing(world.network, 1);

    world.send(0, 0, datagram(world, 0, 2));
    world.send(0, 1, arp(own.mac, own.mac, own.address, other.address));
    world.send(0, 2, arp(own.mac, own.mac, 0, own.address)); // a probe
    Datagram discover{0, 0xffffffffu, 68, 67, Bytes(300)};
    world.send(0, 3, discover.frame(kBroadcast, own.mac));
    world.send(0, 4, ethernet(other.mac, own.mac, 0x86dd, 60)); // no IPv4: its MAC is its own
    world.run();
    EXPECT_EQ(drops(world, 0), 0u);
    EXPECT_FALSE(world.deliveries.empty());

    world.deliveries.clear();
    Datagram forged{other.address, net_addressing(world.network, 2).address, 1, 2, Bytes(10)};
    Datagram nobodys{0, 0xffffffffu, 68, 53, Bytes(10)};
    const std::vector<Bytes> spoofed = {
        datagram(world, 1, 2),                    // all of it another's
        forged.frame(other.mac, own.mac),         // another's IPv4 address
        nobodys.frame(kBroadcast, own.mac),       // no address, and no DHCP
        arp(own.mac, own.mac, other.address, 1),  // ARP poisoning
        arp(own.mac, other.mac, own.address, 1),  // the other way round
        arp(other.mac, own.mac, own.address, 1),  // a foreign frame around it
        ethernet(other.mac, own.mac, 0x0800, 20), // too short to tell
        ethernet(other.mac, own.mac, 0x0806, 30), // the same
    };
    for (size_t i = 0; i < spoofed.size(); i++) {
        world.send(0, 100 + i, spoofed[i]);
        EXPECT_EQ(world.drop_count(0, NET_DROP_SPOOFED), i + 1) << i;
    }
    world.run();
    EXPECT_TRUE(world.deliveries.empty());
    world.send(1, 1000, forged.frame(other.mac, own.mac)); // a port without the rule
    EXPECT_EQ(drops(world, 1), 0u);
}

TEST(Rules, BindTheMacInTheWideAreaToo)
{
    Ruled ruled(false, 2);
    ruled.rules[0].bind_address = true;
    FakeWorld world(ruled.config);
    Bytes bytes = packet_to(world.network, 0, 1);
    world.send(0, 0, bytes);
    EXPECT_EQ(drops(world, 0), 0u);
    bytes[11] ^= 1;
    world.send(0, 1, bytes);
    EXPECT_EQ(world.drop_count(0, NET_DROP_SPOOFED), 1u);
    EXPECT_EQ(world.drops.back(), (Drop{0, NET_DROP_SPOOFED, 60}));
}

// A token bucket counted out: tokens in billionths of a bit, filled at each frame.
struct Bucket {
    unsigned __int128 tokens, size;
    uint64_t rate, last = 0;

    Bucket(uint64_t rate_bps, uint32_t burst)
        : tokens((unsigned __int128)burst * 8000000000u), size(tokens), rate(rate_bps)
    {
    }
    bool take(uint64_t now, size_t bytes)
    {
        tokens = std::min(size, tokens + (unsigned __int128)(now - last) * rate);
        last = now;
        unsigned __int128 cost = (unsigned __int128)bytes * 8000000000u;
        if (tokens < cost) {
            return false;
        }
        tokens -= cost;
        return true;
    }
};

TEST(Rules, PassWhatATokenBucketPassesBothWays)
{
    uint32_t all_refused[2] = {};
    for (uint32_t seed = 1; seed <= 8; seed++) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        srand(seed);
        Ruled ruled(seed % 2, 3);
        const uint64_t rate = 999983 + (uint64_t)rand() % 2000000;
        const uint32_t burst = 1514 + (uint32_t)rand() % 20000;
        ruled.rules[0] = {false, rate, rate / 3, burst, burst + 77, nullptr, 0};
        FakeWorld world(ruled.config);
        Bucket send(rate, burst), receive(rate / 3, burst + 77);
        uint64_t now = 0;
        uint32_t refused[2] = {};
        // Frames for port 0 come at least 10 us apart and have one way: they do not overtake.
        for (int i = 0; i < 3000; i++) {
            now += 10000 + (uint64_t)rand() % (rand() % 10 ? 3000000 : 50000000);
            bool out = rand() % 3 > 0;
            Bytes bytes = datagram(world, out ? 0 : 1, out ? 1 : 0, 1, 2, rand() % 1400);
            uint64_t arrives = now + (seed % 2 ? kLan.latency_ns : 1000000);
            if (out) {
                refused[0] += !send.take(now, bytes.size());
            } else {
                refused[1] += !receive.take(arrives, bytes.size());
            }
            world.send(out ? 0 : 1, now, bytes);
            if (seed % 2 && i == 0) {
                // Both are learned, so that nothing is flooded to port 0.
                world.send(1, now, datagram(world, 1, 2, 1, 2, 0));
            }
            world.run();
            ASSERT_EQ(world.drop_count(0, NET_DROP_SEND_RATE), refused[0]) << i;
            ASSERT_EQ(world.drop_count(0, NET_DROP_RECEIVE_RATE), refused[1]) << i;
        }
        all_refused[0] += refused[0];
        all_refused[1] += refused[1];
    }
    EXPECT_GT(all_refused[0], 300u);
    EXPECT_GT(all_refused[1], 300u);
}

TEST(Rules, AllowNamedPeersAndTheirPortsOnly)
{
    for (bool lan : {true, false}) {
        SCOPED_TRACE(lan ? "lan" : "wan");
        Ruled ruled(lan, 4);
        FakeWorld plain(ruled.config);
        const uint32_t first = net_addressing(plain.network, 1).address;
        const uint32_t second = net_addressing(plain.network, 2).address;
        const struct net_allow allow[] = {{first, first, 0, 65535}, {second, second, 80, 80}};
        ruled.rules[0].allow = allow;
        ruled.rules[0].allow_count = 2;
        FakeWorld world(ruled.config);
        uint64_t now = 0;
        auto sent = [&](uint32_t to, uint16_t to_port) {
            uint32_t before = world.drop_count(0, NET_DROP_SEND_DENIED);
            world.send(0, now += 10000000, datagram(world, 0, to, 9, to_port));
            return world.drop_count(0, NET_DROP_SEND_DENIED) == before;
        };
        auto received = [&](uint32_t from, uint16_t from_port) {
            uint32_t before = world.drop_count(0, NET_DROP_RECEIVE_DENIED);
            world.send(from, now += 10000000, datagram(world, from, 0, from_port, 9));
            world.run();
            return world.drop_count(0, NET_DROP_RECEIVE_DENIED) == before;
        };
        EXPECT_TRUE(sent(1, 7));
        EXPECT_TRUE(sent(2, 80));
        EXPECT_FALSE(sent(2, 81));
        EXPECT_FALSE(sent(3, 80));
        world.run();
        world.deliveries.clear();
        EXPECT_TRUE(received(1, 7));
        EXPECT_TRUE(received(2, 80));
        EXPECT_FALSE(received(2, 81));
        EXPECT_FALSE(received(3, 80));
        EXPECT_EQ(world.delivered_to(0).size(), 2u);
        // Without a port to be seen: no other protocol, no later fragment, nothing but IPv4.
        Bytes ping = datagram(world, 0, 2, 9, 80);
        ping[23] = 1;
        ip_checksum_fill(ping);
        world.send(0, now += 1000, ping);
        Bytes fragment = datagram(world, 0, 2, 9, 80);
        put16(fragment, 20, 100);
        ip_checksum_fill(fragment);
        world.send(0, now += 1000, fragment);
        struct net_addressing own = net_addressing(world.network, 0);
        world.send(0, now += 1000, ethernet(kBroadcast, own.mac, 0x86dd, 60));
        EXPECT_EQ(world.drop_count(0, NET_DROP_SEND_DENIED), 2u + 3u);
        // ARP: for whom it may talk to.
        world.send(0, now += 1000, arp(own.mac, own.mac, own.address, second));
        EXPECT_EQ(world.drop_count(0, NET_DROP_SEND_DENIED), 5u);
        world.send(0, now += 1000,
                   arp(own.mac, own.mac, own.address, net_addressing(world.network, 3).address));
        EXPECT_EQ(world.drop_count(0, NET_DROP_SEND_DENIED), 6u);
    }
}

TEST(Rules, NeverCutAPortFromTheNetworksOwnServices)
{
    for (bool lan : {true, false}) {
        SCOPED_TRACE(lan ? "lan" : "wan");
        Ruled ruled(lan, 2, NET_SERVICE_DHCP | NET_SERVICE_DNS);
        const struct net_allow nobody[] = {{1, 1, 1, 1}};
        ruled.rules[0].allow = nobody;
        ruled.rules[0].allow_count = 1;
        ruled.rules[0].bind_address = true;
        FakeWorld world(ruled.config);
        struct net_addressing own = net_addressing(world.network, 0);
        world.send(0, 0, arp(own.mac, own.mac, own.address, own.service));
        world.run();
        EXPECT_EQ(world.delivered_to(0).size(), 1u);
        EXPECT_EQ(drops(world, 0), 0u);
        world.send(0, 1000000, datagram(world, 0, 1));
        EXPECT_EQ(world.drop_count(0, NET_DROP_SEND_DENIED), 1u);
    }
}

TEST(Rules, AreSavedWithTheirMetersAndCauses)
{
    Ruled ruled(true, 3);
    ruled.rules[0] = {true, 1000000, 1000000, 1600, 1600, nullptr, 0};
    FakeWorld world(ruled.config);
    for (int i = 0; i < 20; i++) {
        world.send(0, 1000 * i, datagram(world, 0, 1));
        world.send(1, 1000 * i, datagram(world, 1, 0));
    }
    world.run();
    EXPECT_GT(world.drop_count(0, NET_DROP_SEND_RATE), 0u);
    EXPECT_GT(world.drop_count(0, NET_DROP_RECEIVE_RATE), 0u);
    const Bytes bytes = world.save();
    FakeWorld again(ruled.config);
    struct reader reader;
    reader_init(&reader, bytes.data(), bytes.size());
    ASSERT_TRUE(net_load(again.network, &reader));
    EXPECT_EQ(reader_left(&reader), 0u);
    EXPECT_TRUE(again.save() == bytes);
    for (FakeWorld *each : {&world, &again}) {
        each->deliveries.clear();
        for (int i = 0; i < 50; i++) {
            each->send(0, 100000 + 400000 * i, datagram(*each, 0, 1));
        }
        each->run();
    }
    EXPECT_TRUE(world.deliveries == again.deliveries);
    EXPECT_TRUE(world.save() == again.save());

    FakeWorld without(lan_config(3, &kLan));
    reader_init(&reader, bytes.data(), bytes.size());
    EXPECT_FALSE(net_load(without.network, &reader)) << "another network's state";
}

TEST(Rules, WhoseRatesChangeHaveThemInTheirStateAndAFullBucketAfterwards)
{
    struct net_config config = lan_config(3, &kLan);
    config.rates_change = true; // and no rules
    FakeWorld world(config);
    ASSERT_TRUE(net_rates_change(world.network));
    const struct net_rates bad[] = {{999, 0, 1514, 0}, {1000, 0, 1513, 0}, {0, 1000, 0, 1u << 31}};
    for (const auto &rates : bad) {
        EXPECT_FALSE(net_rates_valid(&rates));
    }
    const struct net_rates rates = {8000, 0, 1514, 0}; // one byte a millisecond
    ASSERT_TRUE(net_rates_valid(&rates));
    auto send = [](FakeWorld &to, uint64_t now_ns) {
        to.send(0, now_ns, datagram(to, 0, 1, 1, 2, 1000));
        to.run();
        return to.drop_count(0, NET_DROP_SEND_RATE);
    };
    EXPECT_EQ(send(world, 0) + send(world, 1000), 0u);
    net_port_rates_set(world.network, 0, &rates);
    EXPECT_EQ(net_port_rates(world.network, 0).send_bps, 8000u);
    EXPECT_EQ(send(world, 2000), 0u);
    EXPECT_EQ(send(world, 3000), 1u);
    const Bytes bytes = world.save();
    FakeWorld again(config);
    struct reader reader;
    reader_init(&reader, bytes.data(), bytes.size());
    ASSERT_TRUE(net_load(again.network, &reader));
    EXPECT_TRUE(again.save() == bytes);
    EXPECT_EQ(send(again, 4000), 2u);
    const struct net_rates other = {16000, 0, 1514, 0};
    net_port_rates_set(again.network, 0, &other);
    EXPECT_EQ(send(again, 5000), 2u) << "the bucket is full";
    EXPECT_EQ(send(again, 6000), 3u);
    const struct net_rates none = {};
    net_port_rates_set(again.network, 0, &none);
    EXPECT_EQ(send(again, 7000) + send(again, 8000), 6u);

    FakeWorld without(lan_config(3, &kLan));
    reader_init(&reader, bytes.data(), bytes.size());
    EXPECT_FALSE(net_load(without.network, &reader)) << "another network's state";
}

TEST(Rules, ThatSayNothingLeaveTheStateAsItWas)
{
    Ruled ruled(true, 3); // rules of zeros
    FakeWorld world(ruled.config);
    FakeWorld without(lan_config(3, &kLan));
    for (FakeWorld *each : {&world, &without}) {
        each->send(0, 0, datagram(*each, 1, 2)); // spoofed, and nobody minds
        each->run();
    }
    EXPECT_TRUE(world.deliveries == without.deliveries);
    EXPECT_TRUE(world.save() == without.save());
}

TEST(Rules, ThatCannotBeAreRefused)
{
    auto refused = [](struct net_rules rules) {
        Ruled ruled(true, 2);
        ruled.rules[0] = rules;
        struct net_network *network = nullptr;
        struct error error = ERROR_INIT;
        EXPECT_EQ(net_network_create(&ruled.config, &network, &error), STATUS_INVALID);
        return std::string(error.message);
    };
    EXPECT_EQ(refused({false, 999, 0, 2000, 0, nullptr, 0}),
              "link class 0: rule with a send rate of 999 bit/s: expected 0 (no limit) or 1000 to "
              "10000000000000 bit/s");
    EXPECT_EQ(refused({false, 0, 1000, 0, 1513, nullptr, 0}),
              "link class 0: rule with a receive burst of 1513 bytes: expected 1514 to 1073741824");
    const struct net_allow backwards[] = {{2, 1, 0, 65535}};
    EXPECT_EQ(refused({false, 0, 0, 0, 0, backwards, 1}),
              "link class 0: allowed peer 0: expected a first address and port not above the last");
}

} // namespace
