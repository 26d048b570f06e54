// The resolved scenario: canonical, complete, and read back to the same.
#include <gtest/gtest.h>

#include "scenarios/fixture.h"

namespace
{

void expect_round_trip(const std::string &text)
{
    std::string message;
    Scenario first = load(text, &message);
    ASSERT_TRUE(first) << message;
    std::string written = resolved(first.get());
    Scenario second = load(written, &message, {}, "elsewhere.yaml");
    ASSERT_TRUE(second) << message << "\n" << written;
    EXPECT_TRUE(scn_scenario_equal(first.get(), second.get())) << written;
    EXPECT_EQ(written, resolved(second.get()));
}

TEST(Resolved, IsCanonical)
{
    Scenario s = load(kSmall);
    ASSERT_TRUE(s);
    EXPECT_EQ(resolved(s.get()), R"(general:
  name: test
  description: ""
  seed: 1
  duration: 10s
networks:
- name: net
  type: wan
  subnet: 10.0.0.0/8
  services:
  - dns
  delay: 20ms
  up: 100Mbit
  down: 100Mbit
  queue_up: 128KiB
  queue_down: 128KiB
  access_latency: 0s
groups:
- name: peers
  image: peer
  count: 4
  scale: false
  network: net
  card: nic
  memory: 16MiB
  cpu_hz: 100MHz
  start: 0s
  spread: 0s
- name: lone
  image: watch
  count: 1
  scale: false
  network: none
  card: nic
  memory: 16MiB
  cpu_hz: 100MHz
  start: 0s
  spread: 0s
expectations:
- name: "a.b mean at_least 0.5"
  metric: a.b
  statistic: mean
  at_least: 0.5
)");
}

TEST(Resolved, LoadsAgainToTheSame)
{
    expect_round_trip(kSmall);
    expect_round_trip(R"(
general: {name: full, description: "a: 'b' \"c\" # d\n\te \u00e4 \u2028 \U0001F600", seed: 18446744073709551615, duration: 1.5h}
networks:
  - {name: far, type: wan, subnet: 172.16.0.0/12, delay: 1us, up: 1.5Mbit, access_latency: 3ms}
  - {name: near, type: lan, subnet: 192.168.0.0/16, rate: 1kbit, latency: 2us, queue: 64KiB}
groups:
  - name: all
    image: prog
    count: 250
    scale: true
    network: near
    arguments: [--x, 7, "", "two words", "~", "null", "NULL", "- a", "[b", "a: b", "#", "---", "...",
                "true", "'", '"', "\\", "\x01", " lead", "trail ", "${node.name}", "a,b", "!x",
                "&x", "*x", "%x", "@x", "`x", "?", "? x", "-", "=", "<<", "line\nbreak\n", "\t"]
    environment: {HOME: /, N: "${node.index}", E: "", _x: "~"}
    memory: 64KiB
    cpu_hz: 33.3MHz
    start: 1s
    spread: 250us
    limits: {memory: 8KiB, network: 1Mbit}
    console_input:
      - {at: 1s, text: "hello\n"}
      - {at: 1001ms, text: "again: \u0007"}
expectations:
  - {name: "mine: \"it\"", metric: run.faults, statistic: p99, at_least: -1, at_most: 2.50}
  - {metric: m, statistic: sum, equals: 3}
)");
}

TEST(Resolved, EveryDifferenceIsSeen)
{
    Scenario s = load(kSmall);
    ASSERT_TRUE(s);
    for (const char *set : {"general.seed=2",
                            "general.duration=11s",
                            "general.name=x",
                            "networks.net.delay=21ms",
                            "networks.net.queue_up=64KiB",
                            "networks.net.services=[]",
                            "networks.net.services=[dns, dhcp]",
                            "networks.net.subnet=10.0.0.0/9",
                            "groups.peers.count=5",
                            "groups.peers.scale=true",
                            "groups.peers.image=p",
                            "groups.peers.arguments=[a]",
                            "groups.peers.environment={A: b}",
                            "groups.peers.limits={disk: 4KiB}",
                            "groups.peers.limits={bind_address: true}",
                            "groups.peers.limits={send_rate: 1Mbit}",
                            "groups.peers.limits={receive_rate: 1Mbit, receive_burst: 9KiB}",
                            "groups.peers.limits={allow: [{group: peers}]}",
                            "groups.peers.limits={allow: [{subnet: 10.0.0.0/30, port: 53}]}",
                            "groups.peers.console_input=[{at: 1s, text: a}]",
                            "groups.peers.disks=[{name: d, size: 4KiB}]",
                            "groups.peers.network=none",
                            "expectations.0.at_least=0.6",
                            "expectations.0.statistic=max"}) {
        Scenario other = load(kSmall, nullptr, {{set}, "", ""});
        ASSERT_TRUE(other) << set;
        EXPECT_FALSE(scn_scenario_equal(s.get(), other.get())) << set;
        EXPECT_NE(resolved(s.get()), resolved(other.get())) << set;
    }
    EXPECT_TRUE(scn_scenario_equal(s.get(), load(kSmall).get()));
}

TEST(Resolved, PathsMayBeRewritten)
{
    std::string image = std::string(DENALI_SOURCE_DIR) + "/CMakeLists.txt"; // any file will do
    Scenario s = load("general: {duration: 1s}\n"
                      "networks: [{name: a, type: lan}, {name: n, type: wan, matrix: " +
                      image + "}]\ngroups: [{name: g, image: " + image +
                      ", network: n}, {name: h, image: bare, network: a}]\n");
    ASSERT_TRUE(s);
    EXPECT_NE(resolved(s.get()).find("image: /"), std::string::npos);
    struct Context {
        std::string asked;
        std::string answer;
    } context;
    scn_write_options options = {
        [](void *opaque, scn_path_kind kind, uint32_t index, const char *now) {
            auto *c = static_cast<Context *>(opaque);
            c->asked += (kind == SCN_PATH_IMAGE ? "image" : "matrix") + std::to_string(index) + " ";
            c->answer = std::string("files/") + (kind == SCN_PATH_IMAGE ? "i" : "m") +
                        std::to_string(index);
            return now[0] == '/' || kind == SCN_PATH_IMAGE ? c->answer.c_str() : nullptr;
        },
        &context, false, nullptr};
    std::string text = resolved(s.get(), &options);
    EXPECT_EQ(context.asked, "matrix1 image0 ");
    EXPECT_NE(text.find("matrix: files/m1"), std::string::npos);
    EXPECT_NE(text.find("image: files/i0"), std::string::npos);
    EXPECT_NE(text.find("image: bare"), std::string::npos);
    context.asked.clear();
    options.programs = true;
    text = resolved(s.get(), &options);
    EXPECT_EQ(context.asked, "matrix1 image0 image1 ");
    EXPECT_NE(text.find("image: files/i1"), std::string::npos);
}

TEST(Resolved, StreamThatFailsIsAnError)
{
    Scenario s = load(kSmall);
    ASSERT_TRUE(s);
    FILE *full = fopen("/dev/full", "w");
    ASSERT_NE(full, nullptr);
    struct error error = ERROR_INIT;
    EXPECT_EQ(scn_write_resolved(s.get(), full, nullptr, &error), STATUS_IO);
    fclose(full);
}

} // namespace
