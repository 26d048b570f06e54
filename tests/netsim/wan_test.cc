// Wide-area paths: delays are the topology's, exactly.
#include "fake_world.h"

static const char *const kPlanetLab =
    DENALI_SOURCE_DIR "/scenarios/topologies/planetlab-490.rtt.gz";

static struct net_matrix planetlab()
{
    struct net_matrix matrix;
    struct error error = ERROR_INIT;
    EXPECT_EQ(net_matrix_load(kPlanetLab, &matrix, &error), STATUS_OK) << error.message;
    return matrix;
}

TEST(Wan, UniformDelayIsTheSameForAllPairs)
{
    FakeWorld world(uniform_config(20, 7654321));
    for (uint32_t from = 0; from < 20; from++) {
        for (uint32_t to = 0; to < 20; to++) {
            if (from != to) {
                world.send(from, from * 10, packet_to(world.network, from, to));
            }
        }
    }
    world.run();
    ASSERT_EQ(world.deliveries.size(), 380u);
    for (const auto &delivery : world.deliveries) {
        EXPECT_EQ(delivery.time_ns - delivery.sent_ns, 7654321u);
    }
}

TEST(Wan, DelaysAreExactlyHalfOfTheMatrix)
{
    struct net_matrix matrix = planetlab();
    FakeWorld world(matrix_config(490, &matrix));
    for (uint32_t from = 0; from < 490; from++) {
        for (uint32_t to = 0; to < 490; to++) {
            if (from != to) {
                world.deliveries.clear();
                world.send(from, 1000, packet_to(world.network, from, to, 34));
                world.run();
                ASSERT_EQ(world.deliveries.size(), 1u);
                ASSERT_EQ(2 * (world.deliveries[0].time_ns - 1000), matrix.rtt_ns[from * 490 + to])
                    << from << " to " << to;
            }
        }
    }
    net_matrix_fini(&matrix);
}

TEST(Wan, DelaysStayHalfOfTheMatrixUnderLoadOnceQueueingAndSerializationAreTakenOff)
{
    struct net_matrix matrix = planetlab();
    const struct net_link links[3] = {{10000000, 100000000, 20000, 50000, 0},
                                      {777777, 3333333, 8000, 9000, 12345},
                                      {0, 1000001, 0, 0, 1}};
    const uint32_t ports = 1500;
    std::vector<uint16_t> link_of_port(ports);
    for (uint32_t i = 0; i < ports; i++) {
        link_of_port[i] = (uint16_t)(i % 3);
    }
    struct net_config config = matrix_config(ports, &matrix, links);
    config.link_count = 3;
    config.link_of_port = link_of_port.data();
    FakeWorld world(config);
    uint64_t random = 7;
    auto next = [&] {
        return (random = random * 6364136223846793005u + 1442695040888963407u) >> 33;
    };
    uint64_t now_ns = 0;
    for (int i = 0; i < 60000; i++) {
        now_ns += next() % 20000;
        world.run(now_ns);
        uint32_t from = (uint32_t)(next() % 40 * 31 % ports); // few talk, so queues fill
        uint32_t to = (uint32_t)(next() % 8 ? next() % ports : from / 2);
        if (from != to) {
            Bytes bytes = packet_to(world.network, from, to, 60 + next() % 1400);
            put32(bytes, 34, from);
            world.send(from, now_ns, bytes);
        }
    }
    world.run();
    uint64_t queued_count = 0;
    for (const auto &delivery : world.deliveries) {
        uint32_t from = get32(delivery.bytes, 34);
        uint32_t to = delivery.port;
        uint64_t core_ns = from % 490 == to % 490 ? NET_SITE_DELAY_NS
                                                  : matrix.rtt_ns[from % 490 * 490 + to % 490] / 2;
        uint64_t access_ns = links[from % 3].latency_ns + links[to % 3].latency_ns;
        ASSERT_EQ(delivery.path_ns(), core_ns + access_ns);
        ASSERT_EQ(delivery.path_ns(), net_path_ns(world.network, from, to));
        queued_count += delivery.queued_ns != 0;
    }
    EXPECT_GT(world.deliveries.size(), 30000u);
    EXPECT_GT(queued_count, 5000u) << "the test has to fill queues";
    EXPECT_GT(world.drops.size(), 100u) << "and overflow some";
    net_matrix_fini(&matrix);
}

TEST(Wan, NodesBeyondTheRowsShareSitesInTurn)
{
    struct net_matrix matrix = planetlab();
    struct net_config config = matrix_config(1000, &matrix);
    config.delay_ns = 77000;
    FakeWorld world(config);
    EXPECT_EQ(net_site(world.network, 0), 0u);
    EXPECT_EQ(net_site(world.network, 490), 0u);
    EXPECT_EQ(net_site(world.network, 999), 19u);
    EXPECT_EQ(net_path_ns(world.network, 3, 493), 77000u);
    EXPECT_EQ(net_path_ns(world.network, 3, 494), matrix.rtt_ns[3 * 490 + 4] / 2);
    net_matrix_fini(&matrix);
}

TEST(Wan, SitesMayBeChosen)
{
    uint64_t rtt_ns[4] = {0, 8000, 6000, 0}; // row = from, column = to
    struct net_matrix matrix = {2, rtt_ns};
    uint32_t sites[3] = {1, 1, 0};
    struct net_config config = matrix_config(3, &matrix);
    config.site_of_port = sites;
    FakeWorld world(config);
    EXPECT_EQ(net_path_ns(world.network, 0, 1), NET_SITE_DELAY_NS);
    EXPECT_EQ(net_path_ns(world.network, 0, 2), 3000u);
    EXPECT_EQ(net_path_ns(world.network, 2, 0), 4000u);
}
