// Access links: rates, bounds and latencies, to the nanosecond.
#include "fake_world.h"

static const uint64_t kDelay = 1000000; // 1 ms

static struct net_link link_of(uint64_t up_bps, uint64_t down_bps, uint32_t up_queue = 0,
                               uint32_t down_queue = 0, uint64_t latency_ns = 0)
{
    return {up_bps, down_bps, up_queue, down_queue, latency_ns};
}

TEST(Link, UnlimitedLinkAddsNothing)
{
    FakeWorld world(uniform_config(2, kDelay));
    for (int i = 0; i < 1000; i++) {
        world.send(0, 5, packet_to(world.network, 0, 1, 1514));
    }
    world.run();
    ASSERT_EQ(world.deliveries.size(), 1000u);
    for (const auto &delivery : world.deliveries) {
        EXPECT_EQ(delivery.time_ns, 5 + kDelay);
        EXPECT_EQ(delivery.queued_ns + delivery.serialized_ns, 0u);
    }
}

TEST(Link, SerializationIsSizeOverRate)
{
    struct net_link link = link_of(1000000, 0);
    FakeWorld world(uniform_config(2, kDelay, &link));
    world.send(0, 1000, packet_to(world.network, 0, 1, 60));
    world.run();
    ASSERT_EQ(world.deliveries.size(), 1u);
    EXPECT_EQ(world.deliveries[0].time_ns, 1000 + 480000 + kDelay); // 480 bits at 1 Mbit/s
    EXPECT_EQ(world.deliveries[0].sent_ns, 1000u);
    EXPECT_EQ(world.deliveries[0].serialized_ns, 480000u);
    EXPECT_EQ(world.deliveries[0].queued_ns, 0u);
}

TEST(Link, SecondFrameWaitsForTheFirst)
{
    struct net_link link = link_of(1000000, 0);
    FakeWorld world(uniform_config(2, kDelay, &link));
    world.send(0, 0, packet_to(world.network, 0, 1, 60));
    world.send(0, 80000, packet_to(world.network, 0, 1, 100));
    world.run();
    ASSERT_EQ(world.deliveries.size(), 2u);
    EXPECT_EQ(world.deliveries[1].time_ns, 480000 + 800000 + kDelay);
    EXPECT_EQ(world.deliveries[1].queued_ns, 400000u);
    EXPECT_EQ(world.deliveries[1].serialized_ns, 800000u);
}

TEST(Link, RemaindersOfANanosecondAreCarried)
{
    struct net_link link = link_of(7000000, 0); // 480 bits take 68571.43 ns
    FakeWorld world(uniform_config(2, kDelay, &link));
    for (int i = 0; i < 70; i++) {
        world.send(0, 0, packet_to(world.network, 0, 1, 60));
    }
    world.run();
    ASSERT_EQ(world.deliveries.size(), 70u);
    for (uint64_t i = 1; i <= 70; i++) {
        uint64_t done_ns = (i * 480 * 1000 + 6) / 7; // rounded up
        EXPECT_EQ(world.deliveries[i - 1].time_ns, done_ns + kDelay) << i;
    }
    EXPECT_EQ(world.deliveries[69].time_ns, 4800000 + kDelay); // no error is left after 70
}

TEST(Link, UplinkQueueTakesUpToItsBoundAndNoByteMore)
{
    struct net_link link = link_of(1000000, 0, 1514, 0);
    FakeWorld world(uniform_config(2, kDelay, &link));
    world.send(0, 0, packet_to(world.network, 0, 1, 1514));
    EXPECT_EQ(world.events.size(), 1u);
    Bytes small = packet_to(world.network, 0, 1, 60);
    world.send(0, 0, small);
    world.send(0, 479999, small); // of the first frame 1454 bytes and a bit are left
    EXPECT_EQ(world.events.size(), 1u);
    EXPECT_EQ(world.drop_count(0, NET_DROP_UPLINK_FULL), 2u);
    world.send(0, 480000, small); // exactly 1454 are left
    EXPECT_EQ(world.events.size(), 2u);
    EXPECT_EQ(world.drops,
              (std::vector<Drop>{{0, NET_DROP_UPLINK_FULL, 60}, {0, NET_DROP_UPLINK_FULL, 60}}));
    EXPECT_EQ(net_counters(world.network, 0).frames_sent, 4u);
    EXPECT_EQ(net_counters(world.network, 0).bytes_sent, 1514u + 3 * 60);
}

TEST(Link, DownlinkOfTheReceiverQueuesWhatManySend)
{
    struct net_link link = link_of(0, 1000000, 0, 2000);
    FakeWorld world(uniform_config(4, kDelay, &link));
    for (uint32_t from : {3u, 2u, 1u}) { // sources order equal times, not the order of calls
        world.send(from, 0, packet_to(world.network, from, 0, 900 + from));
    }
    world.run();
    ASSERT_EQ(world.deliveries.size(), 2u);
    EXPECT_EQ(world.deliveries[0].bytes.size(), 901u);
    EXPECT_EQ(world.deliveries[0].time_ns, kDelay + 901 * 8000);
    EXPECT_EQ(world.deliveries[1].bytes.size(), 902u);
    EXPECT_EQ(world.deliveries[1].time_ns, kDelay + 901 * 8000 + 902 * 8000);
    EXPECT_EQ(world.deliveries[1].queued_ns, 901u * 8000);
    EXPECT_EQ(world.drops, (std::vector<Drop>{{0, NET_DROP_DOWNLINK_FULL, 903}}));
    EXPECT_EQ(net_counters(world.network, 0).frames_delivered, 2u);
    EXPECT_EQ(net_counters(world.network, 0).bytes_delivered, 1803u);
}

TEST(Link, AccessLatencyOfBothEndsIsAdded)
{
    struct net_link links[2] = {link_of(0, 0, 0, 0, 3000), link_of(0, 0, 0, 0, 500)};
    uint16_t link_of_port[3] = {0, 1, 1};
    struct net_config config = uniform_config(3, kDelay, links);
    config.link_count = 2;
    config.link_of_port = link_of_port;
    FakeWorld world(config);
    EXPECT_EQ(net_path_ns(world.network, 0, 1), kDelay + 3500);
    EXPECT_EQ(net_path_ns(world.network, 1, 2), kDelay + 1000);
    world.send(0, 7, packet_to(world.network, 0, 1));
    world.run();
    EXPECT_EQ(world.deliveries.at(0).time_ns, 7 + kDelay + 3500);
}

TEST(Link, IdleLinkForgetsItsPast)
{
    struct net_link link = link_of(1000000, 1000000);
    FakeWorld world(uniform_config(2, kDelay, &link));
    world.send(0, 0, packet_to(world.network, 0, 1, 60));
    world.run();
    world.send(0, 480000, packet_to(world.network, 0, 1, 60));
    world.run();
    EXPECT_EQ(world.deliveries.at(1).queued_ns, 0u);
    EXPECT_EQ(world.deliveries.at(1).time_ns, 480000 + 2 * 480000 + kDelay);
}

TEST(Link, FloodingOneLinkDoesNotDelayAnother)
{
    struct net_link link = link_of(1000000, 1000000);
    FakeWorld quiet(uniform_config(4, kDelay, &link));
    FakeWorld loud(uniform_config(4, kDelay, &link));
    for (int i = 0; i < 5000; i++) {
        loud.send(2, 0, packet_to(loud.network, 2, 3, 1514));
    }
    for (FakeWorld *world : {&quiet, &loud}) {
        world->send(0, 10, packet_to(world->network, 0, 1));
        world->run();
    }
    EXPECT_EQ(quiet.delivered_to(1), loud.delivered_to(1));
    EXPECT_GT(loud.drop_count(2, NET_DROP_UPLINK_FULL), 4000u);
}

TEST(Link, LargestQueueAtTheLeastRateDoesNotOverflow)
{
    struct net_link link = link_of(NET_RATE_MIN_BPS, 0, UINT32_MAX, 0);
    FakeWorld world(uniform_config(2, kDelay, &link));
    const uint32_t fit = UINT32_MAX / 1514;
    Bytes bytes = packet_to(world.network, 0, 1, 1514);
    bytes[0] = 0x04; // not for the gateway: takes the uplink, makes no event
    for (uint32_t i = 0; i < fit + 10; i++) {
        net_send(world.network, &world.env, 0, 0, bytes.data(), 1514);
    }
    EXPECT_EQ(world.drop_count(0, NET_DROP_UPLINK_FULL), 10u);
    EXPECT_EQ(world.drop_count(0, NET_DROP_NOT_FOR_GATEWAY), fit);
}
