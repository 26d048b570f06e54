// Clusters, lookahead and local latency, against a plain computation over all pairs of ports.
#include <algorithm>
#include <map>
#include <set>

#include "fake_world.h"

extern "C" {
#include <base/random.h>
#include <base/time.h>
}

// What partition.h promises, computed the slow way.
static void expect_promises(const struct net_network *network, uint64_t threshold_ns,
                            const std::vector<uint64_t> &access_ns)
{
    struct net_partition partition;
    net_partition_init(&partition, network, threshold_ns);
    uint32_t count = net_port_count(network);
    std::vector<uint32_t> cluster(count);
    for (uint32_t i = 0; i < count; i++) {
        cluster[i] = i;
    }
    auto path_ns = [&](uint32_t a, uint32_t b) {
        return std::min(net_path_ns(network, a, b), net_path_ns(network, b, a));
    };
    for (uint32_t a = 0; a < count; a++) {
        for (uint32_t b = 0; b < a; b++) {
            if (path_ns(a, b) - access_ns[a] - access_ns[b] < threshold_ns &&
                cluster[a] != cluster[b]) {
                uint32_t from = std::max(cluster[a], cluster[b]);
                uint32_t to = std::min(cluster[a], cluster[b]);
                for (auto &value : cluster) {
                    value = value == from ? to : value;
                }
            }
        }
    }
    std::map<uint32_t, uint32_t> number; // by lowest port
    for (uint32_t i = 0; i < count; i++) {
        number.emplace(cluster[i], (uint32_t)number.size());
        ASSERT_EQ(partition.cluster_of_port[i], number[cluster[i]]) << i;
    }
    ASSERT_EQ(partition.cluster_count, number.size());
    uint64_t lookahead_ns = TIME_NEVER;
    std::vector<uint64_t> local_ns(number.size(), TIME_NEVER);
    for (uint32_t a = 0; a < count; a++) {
        for (uint32_t b = 0; b < a; b++) {
            uint64_t &least =
                cluster[a] == cluster[b] ? local_ns[number[cluster[a]]] : lookahead_ns;
            least = std::min(least, path_ns(a, b));
        }
    }
    EXPECT_EQ(partition.lookahead_ns, lookahead_ns);
    for (size_t i = 0; i < local_ns.size(); i++) {
        EXPECT_EQ(partition.local_latency_ns[i], local_ns[i]) << i;
    }
    net_partition_fini(&partition);
}

TEST(Partition, EqualsThePlainComputationOnRandomNetworks)
{
    struct random_stream stream;
    random_init(&stream, 1, "test/partition");
    for (int round = 0; round < 300; round++) {
        uint32_t sites = 1 + (uint32_t)random_below(&stream, 12);
        std::vector<uint64_t> rtt_ns(sites * sites);
        for (uint32_t i = 0; i < sites; i++) {
            for (uint32_t j = 0; j < sites; j++) {
                rtt_ns[i * sites + j] = i == j ? 0 : 2000 + 2 * random_below(&stream, 20000);
            }
        }
        struct net_matrix matrix = {sites, rtt_ns.data()};
        struct net_link links[3] = {};
        for (auto &link : links) {
            link.latency_ns = random_below(&stream, 5000);
        }
        uint32_t ports = 1 + (uint32_t)random_below(&stream, 30);
        std::vector<uint16_t> link_of_port(ports);
        std::vector<uint32_t> site_of_port(ports);
        std::vector<uint64_t> access_ns(ports);
        for (uint32_t i = 0; i < ports; i++) {
            link_of_port[i] = (uint16_t)random_below(&stream, 3);
            site_of_port[i] = (uint32_t)random_below(&stream, sites);
            access_ns[i] = links[link_of_port[i]].latency_ns;
        }
        struct net_config config = matrix_config(ports, &matrix, links);
        config.link_count = 3;
        config.link_of_port = link_of_port.data();
        config.site_of_port = round % 2 ? site_of_port.data() : nullptr;
        config.delay_ns = 1000 + random_below(&stream, 10000);
        FakeWorld world(config);
        expect_promises(world.network, random_below(&stream, 10000), access_ns);
    }
}

TEST(Partition, PlanetLabBelowAMillisecondHas241ClustersTheLargestOfTenSites)
{
    struct net_matrix matrix;
    ASSERT_EQ(net_matrix_load(DENALI_SOURCE_DIR "/scenarios/topologies/planetlab-490.rtt.gz",
                              &matrix, nullptr),
              STATUS_OK);
    for (uint32_t ports : {490u, 1000u, 100000u}) {
        FakeWorld world(matrix_config(ports, &matrix));
        struct net_partition partition;
        net_partition_init(&partition, world.network, 500000);
        EXPECT_EQ(partition.cluster_count, 241u);
        std::map<uint32_t, std::set<uint32_t>> sites;
        for (uint32_t i = 0; i < ports; i++) {
            sites[partition.cluster_of_port[i]].insert(net_site(world.network, i));
        }
        size_t largest = 0;
        uint64_t least_local_ns = TIME_NEVER;
        for (const auto &[cluster, members] : sites) {
            largest = std::max(largest, members.size());
            least_local_ns = std::min(least_local_ns, partition.local_latency_ns[cluster]);
        }
        EXPECT_EQ(largest, 10u);
        EXPECT_EQ(partition.lookahead_ns, 501500u); // half of 1.003 ms
        EXPECT_EQ(least_local_ns, 43000u);          // half of 0.086 ms
        net_partition_fini(&partition);
    }
    FakeWorld world(matrix_config(490, &matrix));
    expect_promises(world.network, 500000, std::vector<uint64_t>(490));
    net_matrix_fini(&matrix);
}

TEST(Partition, UniformWideAreaIsOneClusterForEachPortOrOneForAll)
{
    struct net_link link = {0, 0, 0, 0, 300};
    FakeWorld world(uniform_config(50, 2000, &link));
    struct net_partition partition;
    net_partition_init(&partition, world.network, 2000);
    EXPECT_EQ(partition.cluster_count, 50u);
    EXPECT_EQ(partition.lookahead_ns, 2600u);
    EXPECT_EQ(partition.local_latency_ns[49], TIME_NEVER);
    net_partition_fini(&partition);
    net_partition_init(&partition, world.network, 2001);
    EXPECT_EQ(partition.cluster_count, 1u);
    EXPECT_EQ(partition.lookahead_ns, TIME_NEVER);
    EXPECT_EQ(partition.local_latency_ns[0], 2600u);
    net_partition_fini(&partition);
}

TEST(Partition, SitesWithoutPortsJoinNobody)
{
    // Site 1 lies between sites 0 and 2, but nobody lives there.
    uint64_t rtt_ns[9] = {0, 2000, 9000, 2000, 0, 2000, 9000, 2000, 0};
    struct net_matrix matrix = {3, rtt_ns};
    uint32_t sites[3] = {0, 2, 1};
    struct net_config config = matrix_config(2, &matrix);
    config.site_of_port = sites;
    FakeWorld two(config);
    config.port_count = 3;
    FakeWorld three(config);
    struct net_partition partition;
    net_partition_init(&partition, two.network, 2000);
    EXPECT_EQ(partition.cluster_count, 2u);
    EXPECT_EQ(partition.lookahead_ns, 4500u);
    net_partition_fini(&partition);
    net_partition_init(&partition, three.network, 2000);
    EXPECT_EQ(partition.cluster_count, 1u);
    EXPECT_EQ(partition.local_latency_ns[0], 1000u);
    net_partition_fini(&partition);
}

TEST(Partition, SitesExactlyAtTheThresholdStayApart)
{
    uint64_t rtt_ns[4] = {0, 4000, 9000, 0};
    struct net_matrix matrix = {2, rtt_ns};
    FakeWorld world(matrix_config(2, &matrix));
    for (uint64_t above : {0, 1}) {
        struct net_partition partition;
        net_partition_init(&partition, world.network, 2000 + above);
        EXPECT_EQ(partition.cluster_count, above ? 1u : 2u);
        EXPECT_EQ(partition.lookahead_ns, above ? TIME_NEVER : 2000u);
        net_partition_fini(&partition);
    }
}

TEST(Partition, ALanIsOneCluster)
{
    struct net_link links[2] = {{0, 0, 0, 0, 9000}, {0, 0, 0, 0, 4000}};
    uint16_t link_of_port[3] = {0, 1, 0};
    struct net_config config = lan_config(3, links);
    config.link_count = 2;
    config.link_of_port = link_of_port;
    FakeWorld world(config);
    struct net_partition partition;
    net_partition_init(&partition, world.network, 1000);
    EXPECT_EQ(partition.cluster_count, 1u);
    EXPECT_EQ(partition.lookahead_ns, TIME_NEVER);
    EXPECT_EQ(partition.local_latency_ns[0], 4000u);
    net_partition_fini(&partition);
}
