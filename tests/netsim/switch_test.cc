// The LAN: learning, flooding, ageing, table bound and egress queues.
#include <algorithm>
#include <set>

#include "fake_world.h"

static const struct net_link kLan = {0, 0, 0, 0, 2000};
static const uint64_t kPath = 4000;

static Bytes frame(const FakeWorld &world, uint32_t from, uint32_t to, size_t size = 60)
{
    return ethernet(net_addressing(world.network, to).mac, net_addressing(world.network, from).mac,
                    0x0800, size);
}

static Bytes frame_from_mac(uint64_t mac, const uint8_t *to)
{
    uint8_t from[6];
    for (int i = 0; i < 6; i++) {
        from[i] = (uint8_t)(mac >> (40 - 8 * i));
    }
    return ethernet(to, from, 0x0800, 60);
}

static std::multiset<uint32_t> receivers(const FakeWorld &world)
{
    std::multiset<uint32_t> out;
    for (const auto &delivery : world.deliveries) {
        out.insert(delivery.port);
    }
    return out;
}

TEST(Switch, FloodsWhatItDoesNotKnow)
{
    FakeWorld world(lan_config(4, &kLan));
    world.send(1, 100, frame(world, 1, 3));
    world.run();
    EXPECT_EQ(receivers(world), (std::multiset<uint32_t>{0, 2, 3}));
    for (const auto &delivery : world.deliveries) {
        EXPECT_EQ(delivery.time_ns, 100 + kPath);
        EXPECT_EQ(delivery.bytes, frame(world, 1, 3));
    }
}

TEST(Switch, LearnsWhereAStationIs)
{
    FakeWorld world(lan_config(4, &kLan));
    world.send(3, 0, frame(world, 3, 1));
    world.run();
    world.deliveries.clear();
    world.send(1, 10000, frame(world, 1, 3));
    world.run();
    EXPECT_EQ(receivers(world), (std::multiset<uint32_t>{3}));
    EXPECT_EQ(world.deliveries[0].time_ns, 10000 + net_path_ns(world.network, 1, 3));
    EXPECT_EQ(world.deliveries[0].path_ns(), kPath);
}

TEST(Switch, FloodsBroadcastAndMulticastEvenWhenAllIsLearned)
{
    FakeWorld world(lan_config(3, &kLan));
    uint8_t multicast[6] = {0x01, 0, 0x5e, 0, 0, 1};
    struct net_addressing own = net_addressing(world.network, 0);
    for (uint32_t port = 0; port < 3; port++) {
        world.send(port, 0, frame(world, port, (port + 1) % 3));
    }
    world.run();
    world.deliveries.clear();
    world.send(0, 100000, ethernet(kBroadcast, own.mac, 0x0806, 60));
    world.send(0, 100000, ethernet(multicast, own.mac, 0x0800, 60));
    world.run();
    EXPECT_EQ(receivers(world), (std::multiset<uint32_t>{1, 1, 2, 2}));
}

TEST(Switch, FiltersFramesForTheirOwnPortAndReservedGroups)
{
    FakeWorld world(lan_config(3, &kLan));
    uint8_t spanning_tree[6] = {0x01, 0x80, 0xc2, 0, 0, 0};
    struct net_addressing own = net_addressing(world.network, 0);
    world.send(0, 0, frame(world, 0, 0));
    world.send(0, 0, ethernet(spanning_tree, own.mac, 0x0800, 60));
    world.run();
    EXPECT_TRUE(world.deliveries.empty());
    EXPECT_EQ(world.drop_count(0, NET_DROP_FILTERED), 2u);
}

TEST(Switch, FollowsAStationThatMoves)
{
    FakeWorld world(lan_config(4, &kLan));
    world.send(1, 0, frame(world, 1, 0));
    world.send(2, 50000, frame(world, 1, 0)); // port 2 speaks with the address of port 1
    world.run();
    world.deliveries.clear();
    world.send(0, 100000, frame(world, 0, 1));
    world.run();
    EXPECT_EQ(receivers(world), (std::multiset<uint32_t>{2}));
}

TEST(Switch, ForgetsAStationAfterTheAgeAndNotBefore)
{
    for (uint64_t late : {0u, 1u}) {
        struct net_config config = lan_config(3, &kLan);
        config.mac_age_ns = 1000000;
        FakeWorld world(config);
        world.send(1, 0, frame(world, 1, 0)); // seen at 2000
        world.run();
        world.deliveries.clear();
        world.send(0, 1000000 + late, frame(world, 0, 1)); // looked up at 1002000 + late
        world.run();
        EXPECT_EQ(world.deliveries.size(), late ? 2u : 1u);
    }
}

TEST(Switch, DefaultAgeIsThreeHundredSeconds)
{
    FakeWorld world(lan_config(3, &kLan));
    world.send(1, 0, frame(world, 1, 0));
    world.run();
    world.deliveries.clear();
    world.send(0, 300000000000, frame(world, 0, 1));
    world.run();
    EXPECT_EQ(world.deliveries.size(), 1u);
    world.send(0, 300000000001, frame(world, 0, 1));
    world.run();
    EXPECT_EQ(world.deliveries.size(), 3u);
}

TEST(Switch, FullTableGivesUpItsOldestEntry)
{
    struct net_config config = lan_config(3, &kLan);
    config.mac_table_entries = 8;
    FakeWorld world(config);
    uint8_t to_nobody[6] = {0x02, 9, 9, 9, 9, 9};
    for (uint64_t i = 0; i < 9; i++) {
        world.send(1, i * 1000, frame_from_mac(0x020000000100 + i, to_nobody));
    }
    world.run();
    for (uint64_t i = 0; i < 9; i++) {
        world.deliveries.clear();
        uint8_t to[6] = {0x02, 0, 0, 0, 1, (uint8_t)i};
        // Port 1's own MAC 9 keeps the table as it is: the sender is known already.
        world.send(0, 100000 + i * 10000, frame_from_mac(0x020000000100 + 8, to));
        world.run();
        if (i == 0) {
            EXPECT_EQ(world.deliveries.size(), 2u) << "the oldest was not given up";
        } else if (i < 8) {
            EXPECT_EQ(receivers(world), (std::multiset<uint32_t>{1})) << i;
        }
    }
}

TEST(Switch, TableStaysBoundedUnderAFloodOfAddresses)
{
    struct net_config config = lan_config(2, &kLan);
    config.mac_table_entries = 16;
    FakeWorld world(config);
    size_t most = 0;
    for (uint64_t i = 0; i < 10000; i++) {
        world.send(0, i * 5000, frame_from_mac(0x020000000000 + i * 7919, kBroadcast));
        world.run();
        most = std::max(most, world.save().size());
    }
    EXPECT_EQ(most, FakeWorld(config).save().size() + 16 * 20);
    EXPECT_EQ(net_counters(world.network, 1).frames_delivered, 10000u);
}

TEST(Switch, RefusesGroupSources)
{
    FakeWorld world(lan_config(2, &kLan));
    world.send(0, 0, frame_from_mac(0x010000000001, kBroadcast));
    world.run();
    EXPECT_EQ(world.drop_count(0, NET_DROP_MALFORMED), 1u);
    EXPECT_TRUE(world.deliveries.empty());
}

TEST(Switch, EgressQueueIsBoundedForEachPort)
{
    struct net_link link = {0, 1000000, 0, 1514, 1000};
    FakeWorld world(lan_config(3, &link));
    world.send(2, 0, frame(world, 2, 0));
    world.send(1, 0, frame(world, 1, 0));
    world.run();
    world.deliveries.clear();
    uint64_t start = 10000000;
    world.send(0, start, frame(world, 0, 2, 1514));
    world.send(1, start + 1, frame(world, 1, 2, 60));
    world.send(0, start + 2, frame(world, 0, 1, 60)); // another queue
    world.run();
    EXPECT_EQ(world.drops, (std::vector<Drop>{{2, NET_DROP_DOWNLINK_FULL, 60}}));
    EXPECT_EQ(receivers(world), (std::multiset<uint32_t>{1, 2}));
    EXPECT_EQ(world.deliveries[0].time_ns, start + 2 + 2000 + 480000);
    EXPECT_EQ(world.deliveries[1].time_ns, start + 2000 + 1514 * 8000);
}

TEST(Switch, FramesOfOneEgressKeepTheirOrder)
{
    struct net_link link = {0, NET_RATE_MAX_BPS, 0, 0, 1000};
    FakeWorld world(lan_config(3, &link));
    world.send(2, 0, frame(world, 2, 0));
    world.run();
    world.deliveries.clear();
    for (size_t size = 60; size < 80; size++) { // several of them leave in the same nanosecond
        world.send(size % 2, 100000, frame(world, size % 2, 2, size));
    }
    world.run();
    ASSERT_EQ(world.deliveries.size(), 20u);
    for (size_t i = 0; i < 20; i++) { // source 0 before source 1, each in its order
        EXPECT_EQ(world.deliveries[i].bytes.size(), 60 + (i % 10) * 2 + i / 10);
    }
}

TEST(Switch, AddressesShareOneSubnetWithoutAGateway)
{
    FakeWorld world(lan_config(300, &kLan));
    struct net_addressing addressing = net_addressing(world.network, 299);
    EXPECT_EQ(addressing.address, 0x0a00012du); // 10.0.1.45
    EXPECT_EQ(addressing.prefix, 8u);
    EXPECT_EQ(addressing.gateway, 0u);
    EXPECT_EQ(Bytes(addressing.mac, addressing.mac + 6), (Bytes{2, 0, 0, 0, 1, 43}));
    EXPECT_EQ(net_port_of_address(world.network, 0x0a00012d), 299u);
    EXPECT_EQ(net_port_of_address(world.network, 0x0a00012e), UINT32_MAX);
    EXPECT_EQ(net_port_of_address(world.network, 0x0a000001), UINT32_MAX);
}
