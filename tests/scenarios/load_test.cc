// A good scenario becomes the description it says.
#include <gtest/gtest.h>

#include <fstream>

#include "scenarios/fixture.h"

namespace
{

TEST(Scenario, DefaultsAreFilled)
{
    std::string message;
    Scenario s = load(kSmall, &message);
    ASSERT_TRUE(s) << message;
    EXPECT_STREQ(s->name, "test");
    EXPECT_STREQ(s->description, "");
    EXPECT_EQ(s->seed, 1u);
    EXPECT_EQ(s->duration_ns, 10000000000u);
    ASSERT_EQ(s->network_count, 1u);
    const scn_network &net = s->networks[0];
    EXPECT_EQ(net.type, SCN_NETWORK_WAN);
    EXPECT_EQ(net.delay_ns, 20000000u);
    EXPECT_EQ(net.subnet_address, 0x0a000000u);
    EXPECT_EQ(net.subnet_prefix_length, 8u);
    EXPECT_EQ(net.services, SCN_SERVICE_DNS);
    EXPECT_EQ(net.up_bps, 100000000u);
    EXPECT_EQ(net.queue_up_bytes, 131072u);
    EXPECT_EQ(net.rate_bps, 0u);
    EXPECT_EQ(net.node_count, 4u);
    ASSERT_EQ(s->group_count, 2u);
    EXPECT_EQ(s->node_count, 5u);
    const scn_group &peers = s->groups[0];
    EXPECT_STREQ(peers.image, "peer");
    EXPECT_FALSE(peers.image_is_path);
    EXPECT_EQ(peers.network, 0u);
    EXPECT_EQ(peers.memory_bytes, 16u << 20);
    EXPECT_EQ(peers.cpu_hz, 100000000u);
    EXPECT_EQ(peers.start_ns, 0u);
    EXPECT_EQ(peers.site, SCN_SITE_ANY);
    EXPECT_EQ(peers.limits.memory_bytes, 0u);
    EXPECT_EQ(s->groups[1].network, SCN_NETWORK_NONE);
    EXPECT_EQ(s->groups[1].first_node, 4u);
    ASSERT_EQ(s->expectation_count, 1u);
    EXPECT_EQ(s->expectations[0].statistic, SCN_STATISTIC_MEAN);
    EXPECT_EQ(s->expectations[0].at_least.value, 0.5);
    EXPECT_EQ(s->expectations[0].at_most.text, nullptr);
    EXPECT_STREQ(s->expectations[0].name, "a.b mean at_least 0.5");
}

TEST(Scenario, EveryFieldIsRead)
{
    std::string message;
    Scenario s = load(R"(
general: {name: full, description: "a: b", seed: 18446744073709551615, duration: 1.5h}
networks:
  - {name: far, type: wan, subnet: 172.16.0.0/12, delay: 1us, up: 1.5Mbit, down: 10Gbit,
     queue_up: 1514B, queue_down: 1GiB, access_latency: 3ms, services: []}
  - {name: near, type: lan, subnet: 192.168.1.0/24, rate: 1kbit, latency: 2us, queue: 64KiB,
     services: [dns, dhcp, dns]}
groups:
  - name: all
    image: prog
    count: 250
    scale: true
    network: near
    arguments: [--x, 7, "", "two words"]
    environment: {HOME: /, N: "${node.index}"}
    memory: 64KiB
    cpu_hz: 33.3MHz
    start: 1s
    spread: 250us
    limits: {memory: 8KiB, network: 1Mbit, disk: 4KiB}
    console_input:
      - {at: 1s, text: "hello\n"}
      - {at: 1s, text: again}
expectations:
  - {name: mine, metric: run.faults, statistic: p99, at_least: -1, at_most: 2.50}
  - {metric: m, statistic: sum, equals: 3}
)",
                      &message);
    ASSERT_TRUE(s) << message;
    EXPECT_STREQ(s->name, "full");
    EXPECT_STREQ(s->description, "a: b");
    EXPECT_EQ(s->seed, UINT64_MAX);
    EXPECT_EQ(s->duration_ns, 5400000000000u);
    EXPECT_EQ(s->networks[0].access_latency_ns, 3000000u);
    EXPECT_EQ(s->networks[0].queue_down_bytes, 1u << 30);
    EXPECT_EQ(s->networks[1].type, SCN_NETWORK_LAN);
    EXPECT_EQ(s->networks[1].subnet_address, 0xc0a80100u);
    EXPECT_EQ(s->networks[1].rate_bps, 1000u);
    EXPECT_EQ(s->networks[1].latency_ns, 2000u);
    EXPECT_EQ(s->networks[1].up_bps, 0u);
    EXPECT_EQ(s->networks[0].services, 0u);
    EXPECT_EQ(s->networks[1].services, SCN_SERVICE_DNS | SCN_SERVICE_DHCP);
    const scn_group &all = s->groups[0];
    EXPECT_TRUE(all.scale);
    ASSERT_EQ(all.argument_count, 4u);
    EXPECT_STREQ(all.arguments[1], "7");
    EXPECT_STREQ(all.arguments[2], "");
    ASSERT_EQ(all.variable_count, 2u);
    EXPECT_STREQ(all.environment[1].name, "N");
    EXPECT_STREQ(all.environment[1].value, "${node.index}");
    EXPECT_EQ(all.memory_bytes, 65536u);
    EXPECT_EQ(all.cpu_hz, 33300000u);
    EXPECT_EQ(all.spread_ns, 250000u);
    EXPECT_EQ(all.limits.memory_bytes, 8192u);
    EXPECT_EQ(all.limits.network_bps, 1000000u);
    EXPECT_EQ(all.limits.disk_bytes, 4096u);
    ASSERT_EQ(all.input_count, 2u);
    EXPECT_EQ(all.inputs[0].at_ns, 1000000000u);
    EXPECT_STREQ(all.inputs[0].text, "hello\n");
    EXPECT_STREQ(s->expectations[0].name, "mine");
    EXPECT_EQ(s->expectations[0].at_least.value, -1.0);
    EXPECT_EQ(s->expectations[0].at_most.value, 2.5);
    EXPECT_EQ(s->expectations[0].statistic, SCN_STATISTIC_P99);
    EXPECT_EQ(s->expectations[1].equals.value, 3.0);
}

TEST(Scenario, NodesAreNumberedAndNamedGroupAfterGroup)
{
    Scenario s = load(kSmall);
    ASSERT_TRUE(s);
    char name[SCN_NODE_NAME_MAX];
    EXPECT_EQ(scn_node_group(s.get(), 0), 0u);
    EXPECT_EQ(scn_node_group(s.get(), 3), 0u);
    EXPECT_EQ(scn_node_group(s.get(), 4), 1u);
    scn_node_name(s.get(), 3, name);
    EXPECT_STREQ(name, "peers-3");
    scn_node_name(s.get(), 4, name);
    EXPECT_STREQ(name, "lone");
}

TEST(Scenario, NodesAreFoundByTheirNames)
{
    Scenario s = load(small_with("count: 4", "count: 12"));
    ASSERT_TRUE(s);
    for (uint32_t node = 0; node < s->node_count; node++) {
        char name[SCN_NODE_NAME_MAX];
        uint32_t found = UINT32_MAX;
        scn_node_name(s.get(), node, name);
        EXPECT_TRUE(scn_node_of_name(s.get(), name, (uint32_t)strlen(name), &found));
        EXPECT_EQ(found, node);
        for (char *c = name; *c != '\0'; c++) {
            *c = (char)toupper(*c);
        }
        EXPECT_TRUE(scn_node_of_name(s.get(), name, (uint32_t)strlen(name), &found));
        EXPECT_EQ(found, node);
    }
    uint32_t found;
    for (std::string name :
         {"", "p", "peers", "peers-", "peers-12", "peers-01", "peers-1x", "peers-00",
          "peers-4294967296", "peers--1", "peers_1", "lone-0", "lon", "lonely"}) {
        EXPECT_FALSE(scn_node_of_name(s.get(), name.data(), (uint32_t)name.size(), &found)) << name;
    }
}

TEST(Scenario, PathsAreRelativeToTheFile)
{
    std::string folder = testing::TempDir() + "scn_paths";
    ASSERT_EQ(system(("mkdir -p " + folder + "/deep").c_str()), 0);
    std::ofstream(folder + "/my.img") << "image";
    std::ofstream(folder + "/m.rtt") << "matrix";
    std::string file = folder + "/deep/x.yaml";
    std::ofstream(file) << "general: {duration: 1s}\n"
                           "networks: [{name: n, type: wan, matrix: ../m.rtt}]\n"
                           "groups: [{name: g, image: ../my.img, network: n, site: 3}]\n";
    scn_scenario *scenario = nullptr;
    struct error error = ERROR_INIT;
    ASSERT_EQ(scn_load(&scenario, file.c_str(), &error), STATUS_OK) << error.message;
    Scenario s(scenario);
    EXPECT_STREQ(s->name, "x");
    EXPECT_TRUE(s->groups[0].image_is_path);
    EXPECT_EQ(s->groups[0].image[0], '/');
    EXPECT_TRUE(std::string(s->groups[0].image).ends_with("scn_paths/my.img"));
    EXPECT_TRUE(std::string(s->networks[0].matrix_path).ends_with("scn_paths/m.rtt"));
    EXPECT_EQ(s->networks[0].site_delay_ns, 250000u);
    EXPECT_EQ(s->groups[0].site, 3u);
    char program[SCN_NODE_NAME_MAX];
    scn_group_program(&s->groups[0], program);
    EXPECT_STREQ(program, "my");
}

TEST(Scenario, AMillionNodesLoad)
{
    Scenario s = load(small_with("count: 4", "count: 999999"));
    ASSERT_TRUE(s);
    EXPECT_EQ(s->node_count, 1000000u);
}

TEST(Scenario, NameComesFromTheFileAndIsAlwaysAName)
{
    EXPECT_STREQ(load(kSmall, nullptr, {}, "a/b/my.test.yml")->name, "my-test");
    EXPECT_STREQ(load(kSmall, nullptr, {}, "1.yaml")->name, "s-1");
    EXPECT_STREQ(load(kSmall, nullptr, {}, "plain")->name, "plain");
    std::string longest(300, 'x');
    EXPECT_EQ(std::string(load(kSmall, nullptr, {}, longest.c_str())->name).size(), 64u);
}

TEST(Scenario, ErrorsOfItsReaderCarryTheFieldsPlace)
{
    Scenario s = load(kSmall, nullptr, {{"groups.lone.image=other"}, "", ""});
    ASSERT_TRUE(s);
    struct error error = ERROR_INIT;
    char text[1024];
    EXPECT_EQ(scn_error_at(s.get(), "groups.0.image", &error, STATUS_NOT_FOUND,
                           "groups.peers.image: no program '%s'", "peer"),
              STATUS_NOT_FOUND);
    error_format(&error, text, sizeof text);
    EXPECT_STREQ(text, "test.yaml:9: groups.peers.image: no program 'peer'");
    error.status = STATUS_OK;
    (void)scn_error_at(s.get(), "groups.1.image", &error, STATUS_NOT_FOUND,
                       "no such program, found %d", 7);
    error_format(&error, text, sizeof text);
    EXPECT_STREQ(text, "--set groups.lone.image=other: no such program, found 7");
    error.status = STATUS_OK;
    (void)scn_error_at(s.get(), "groups.0.site", &error, STATUS_INVALID, "beyond the matrix");
    error_format(&error, text, sizeof text);
    EXPECT_STREQ(text, "test.yaml:8: beyond the matrix");
}

} // namespace
