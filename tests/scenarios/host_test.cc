// Hosts in scenarios: who is placed where, and what is refused.
#include <gtest/gtest.h>

#include "scenarios/fixture.h"

namespace
{

std::string with(const std::string &hosts, const std::string &groups)
{
    return "general: {duration: 1s}\nhosts:\n" + hosts + "groups:\n" + groups;
}

std::string group(const std::string &fields)
{
    return "- {image: peer, network: none, " + fields + "}\n";
}

uint32_t host_of(const scn_scenario *scenario, uint32_t node)
{
    return scn_node_host(scenario, node);
}

} // namespace

TEST(Host, NodesAreDealtOutInTurnOverAllGroups)
{
    std::string message;
    Scenario s =
        load(with("- {name: a, count: 3}\n- {name: b, cpu_hz: 2GHz}\n",
                  group("name: x, count: 4, host: a") + group("name: y, count: 2") +
                      group("name: z, count: 3, host: a") + group("name: w, count: 2, host: b")),
             &message);
    ASSERT_NE(s, nullptr) << message;
    EXPECT_EQ(s->host_total, 4u);
    const uint32_t none = SCN_HOST_NONE;
    const std::vector<uint32_t> expected = {0, 1, 2, 0, none, none, 1, 2, 0, 3, 3};
    for (uint32_t node = 0; node < expected.size(); node++) {
        EXPECT_EQ(host_of(s.get(), node), expected[node]) << node;
    }
    EXPECT_EQ(s->hosts[0].node_count, 7u);
    EXPECT_EQ(s->groups[3].cpu_hz, 2000000000u) << "the host's";
    char name[SCN_NODE_NAME_MAX];
    scn_host_name(s.get(), 2, name);
    EXPECT_STREQ(name, "a-2");
    scn_host_name(s.get(), 3, name);
    EXPECT_STREQ(name, "b");
}

TEST(Host, AddressesAreBoundToTheirPortsThereUnlessItIsSaidOtherwise)
{
    std::string message;
    Scenario s = load(with("- {name: a}\n", group("name: x, host: a") + group("name: y") +
                                                group("name: z, host: a, limits: {bind_address: "
                                                      "false}") +
                                                group("name: w, host: a, limits: {disk: 4KiB}")),
                      &message);
    ASSERT_NE(s, nullptr) << message;
    EXPECT_TRUE(s->groups[0].limits.bind_address);
    EXPECT_FALSE(s->groups[1].limits.bind_address);
    EXPECT_FALSE(s->groups[2].limits.bind_address);
    EXPECT_TRUE(s->groups[3].limits.bind_address);
}

TEST(Host, ReservationsAreKeptOnTheFirstProcessorWhereTheyFit)
{
    std::string message;
    Scenario s =
        load(with("- {name: a, processors: 2}\n",
                  group("name: x, count: 2, host: a, reserve: 60") + group("name: y, host: a") +
                      group("name: z, count: 2, host: a, reserve: 40")),
             &message);
    ASSERT_NE(s, nullptr) << message;
    uint8_t processors[5];
    uint32_t misfit = 0;
    EXPECT_TRUE(scn_reservations_place(s.get(), processors, &misfit));
    const std::vector<uint8_t> expected = {0, 1, SCN_PROCESSOR_ANY, 0, 1};
    EXPECT_EQ(std::vector<uint8_t>(processors, processors + 5), expected);
}

TEST(Host, WhatAHostCannotDoIsRefusedWithTheSum)
{
    EXPECT_EQ(error_of(with("- {name: a}\n", group("name: x, count: 3, host: a, reserve: 40"))),
              "test.yaml:5: groups.x.reserve: expected reservations that host 'a' can keep: its 3 "
              "nodes reserve 120 % together, it has 1 processor = 100 %, each reservation is kept "
              "on one of them, and node 'x-2' finds none with 40 % left");
    EXPECT_EQ(error_of(with("- {name: a, processors: 2}\n",
                            group("name: x, count: 3, host: a, reserve: 66"))),
              "test.yaml:5: groups.x.reserve: expected reservations that host 'a' can keep: its 3 "
              "nodes reserve 198 % together, it has 2 processors = 200 %, each reservation is kept "
              "on one of them, and node 'x-2' finds none with 66 % left");
    EXPECT_EQ(error_of(with("- {name: a, memory: 20MiB, minimum_free: 8MiB}\n",
                            group("name: x, memory: 16MiB, host: a"))),
              "test.yaml:5: groups.x.memory: expected a node that its host can admit: 16MiB of a "
              "node + 8MiB 'minimum_free' = 24MiB, and a host 'a' has 20MiB");
    EXPECT_EQ(error_of(with("- {name: a, memory: 20MiB, minimum_free: 8MiB}\n",
                            group("name: x, memory: 16MiB, host: a, limits: {memory: 12MiB}"))),
              "no error")
        << "its limit counts";
}

TEST(Host, MistakesAreToldWithTheirPlace)
{
    EXPECT_EQ(error_of(with("- {name: rack}\n", group("name: x, host: rak"))),
              "test.yaml:5: groups.x.host: expected the name of an entry of 'hosts', found 'rak'; "
              "did you mean 'rack'?");
    EXPECT_EQ(error_of(with("- {name: a}\n", group("name: x, reserve: 10"))),
              "test.yaml:5: groups.x.reserve: expected no such field without 'host': each node has "
              "a processor of its own");
    EXPECT_EQ(error_of(with("- {name: a}\n", group("name: x, limits: {processor_cap: 10}"))),
              "test.yaml:5: groups.x.limits.processor_cap: expected no such field without 'host': "
              "each node has a processor of its own");
    EXPECT_EQ(error_of(with("- {name: a}\n",
                            group("name: x, host: a, reserve: 20, limits: {processor_cap: 10}"))),
              "test.yaml:5: groups.x.reserve: expected no more than 'limits.processor_cap', found "
              "20 % > 10 %");
    EXPECT_EQ(
        error_of(with("- {name: a, cpu_hz: 1GHz}\n", group("name: x, host: a, cpu_hz: 100MHz"))),
        "test.yaml:5: groups.x.cpu_hz: expected none, or 1GHz, which is how fast host 'a' "
        "is; found 100MHz");
    EXPECT_EQ(error_of(with("- {name: a, costs: {swich: 1us}}\n", group("name: x, host: a"))),
              "test.yaml:3: hosts.a.costs.swich: expected a field of hosts[].costs, found an "
              "unknown one; did you mean 'switch'?");
    EXPECT_EQ(error_of(with("- {name: a, costs: {switch: 2}}\n", group("name: x, host: a")))
                  .substr(0, 40),
              "test.yaml:3: hosts.a.costs.switch: expec");
    EXPECT_EQ(error_of(with("- {name: a}\n- {name: a}\n", group("name: x, host: a"))),
              "test.yaml:4: hosts.a.name: expected a name of its own, found 'a', which entry 0 has "
              "too");
    EXPECT_EQ(error_of(with("- {name: a, count: 65536}\n- {name: b}\n", group("name: x, host: a"))),
              "test.yaml:4: hosts.b: expected at most 65536 hosts in all entries together, found "
              "65537 up to here");
}

TEST(Host, ThePublishedHostIsOneToInclude)
{
    std::string message;
    const std::string file = DENALI_SOURCE_DIR "/scenarios/hosts/denali-2002.yaml";
    Scenario s = load("include: " + file + "\ngeneral: {duration: 1s}\ngroups:\n" +
                          group("name: x, host: denali-2002"),
                      &message, {{"hosts.denali-2002.costs.switch=700ns"}, "", ""});
    ASSERT_NE(s, nullptr) << message;
    EXPECT_EQ(s->hosts[0].costs.switch_ns, 700u);
    EXPECT_EQ(s->hosts[0].costs.trap_ns, 1210u);
    EXPECT_EQ(s->groups[0].cpu_hz, 1700000000u);
    Scenario again = load(resolved(s.get()), &message);
    ASSERT_NE(again, nullptr) << message;
    EXPECT_TRUE(scn_scenario_equal(s.get(), again.get()));
}

TEST(Host, ASupervisorAndAScheduleAreRefusedWhereTheyCannotBe)
{
    const std::string two = with("- {name: a}\n", group("name: x, host: a, supervisor: true") +
                                                      group("name: y, supervisor: true, host: a"));
    EXPECT_EQ(error_of(two),
              "test.yaml:6: groups.y.supervisor: expected one supervisor of each host, found a "
              "second on host 'a'");
    EXPECT_EQ(error_of(with("- {name: a, count: 2}\n",
                            group("name: x, host: a, count: 2, supervisor: true"))),
              "no error");
    EXPECT_EQ(error_of(with("- {name: a}\n", group("name: x, supervisor: true"))),
              "test.yaml:5: groups.x.supervisor: expected no such field without 'host': each node "
              "has a processor of its own");
    auto scheduled = [](const std::string &entries) {
        return error_of(with("- {name: a}\n",
                             group("name: x, host: a, count: 2, reserve: 20") + group("name: y")) +
                        "schedule:\n" + entries);
    };
    EXPECT_EQ(scheduled("- {at: 1s, action: pause, group: x, index: 1}\n"), "no error");
    EXPECT_EQ(scheduled("- {at: 1s, action: pause, group: x, index: 2}\n"),
              "test.yaml:8: schedule.0.index: expected an index below the group's count");
    EXPECT_EQ(scheduled("- {at: 1s, action: pause, group: y}\n"),
              "test.yaml:8: schedule.0.group: expected the name of a group that is on a host");
    EXPECT_EQ(scheduled("- {at: 1s, action: weight, group: x}\n"),
              "test.yaml:8: schedule.0: expected a weight from 1 to 1000");
    EXPECT_EQ(scheduled("- {at: 1s, action: cap, group: x, value: 10}\n"),
              "test.yaml:8: schedule.0.value: expected 0 for no cap, or up to 100 percent and no "
              "less than the group's 'reserve'");
    EXPECT_EQ(
        scheduled("- {at: 1s, action: pause, group: x, value: 1}\n"),
        "test.yaml:8: schedule.0.value: expected none, but for 'weight', 'cap', snapshots and "
        "volumes");
    EXPECT_EQ(scheduled("- {at: 2s, action: pause, group: x}\n"
                        "- {at: 1s, action: resume, group: x}\n"),
              "test.yaml:9: schedule.1.at: expected a time no earlier than that of the entry "
              "before");
}

TEST(Host, LimitsThatTheScheduleSetsAreCheckedLikeThoseOfAGroup)
{
    auto scheduled = [](const std::string &entry) {
        return error_of(with("- {name: a, memory: 64MiB, disks: [{size: 1GiB}], paging: {block: "
                             "16KiB}}\n- {name: b}\nnetworks: [{name: lan, type: lan}]\n",
                             "- {name: x, image: peer, network: lan, host: a, memory: 16MiB}\n" +
                                 group("name: y, host: b")) +
                        "schedule: [{at: 1s, " + entry + "}]\n");
    };
    for (const char *good :
         {"action: memory_floor, group: x, size: 16MiB", "action: memory_ceiling, group: x",
          "action: send_rate, group: x, rate: 1kbit", "action: send_rate, group: x",
          "action: receive_burst, group: x, size: 1514B", "action: disk, group: y, size: 4KiB",
          "action: disk_rate, group: y, rate: 1kbit", "action: disk_rate, group: x"}) {
        EXPECT_EQ(scheduled(good), "no error") << good;
    }
    const std::string at = "test.yaml:9: schedule.0";
    EXPECT_EQ(scheduled("action: memory_floor, group: y, size: 4KiB"),
              at + ".size: expected no such action but on a host that pages");
    EXPECT_EQ(scheduled("action: memory_floor, group: x, size: 32MiB"),
              at + ".size: expected a floor that is no more than the nodes' 'memory'");
    EXPECT_EQ(scheduled("action: memory_ceiling, group: x, size: 64KiB"),
              at + ".size: expected 0, or a ceiling of at least 8 blocks");
    EXPECT_EQ(scheduled("action: memory_ceiling, group: x, size: 1000kB"),
              at + ".size: expected whole pages of 4KiB");
    EXPECT_EQ(scheduled("action: send_rate, group: x, rate: 999bit"),
              at + ".rate: expected 0, or a rate of at least 1kbit");
    EXPECT_EQ(scheduled("action: send_burst, group: x, size: 1513B"),
              at + ".size: expected 0, or a burst from 1514B to 1GiB");
    EXPECT_EQ(scheduled("action: send_rate, group: y, rate: 1Mbit"),
              at + ".group: expected a group that is on a network");
    EXPECT_EQ(scheduled("action: disk, group: x, size: 5000B"),
              at + ".size: expected whole blocks of 4KiB");
    EXPECT_EQ(scheduled("action: disk, group: x, rate: 1Mbit"),
              at + ".rate: expected none, but for 'send_rate', 'receive_rate' and 'disk_rate'");
    EXPECT_EQ(scheduled("action: disk_rate, group: y, rate: 999bit"),
              at + ".rate: expected 0, or a rate of at least 1kbit");
    EXPECT_EQ(scheduled("action: disk_rate, group: y, size: 4KiB"),
              at + ".size: expected none, but for memory, bursts and 'disk'");
    EXPECT_EQ(scheduled("action: cap, group: x, size: 4KiB"),
              at + ".size: expected none, but for memory, bursts and 'disk'");
}

TEST(Host, SnapshotsInTheScheduleNeedAHostThatKeepsThem)
{
    auto scheduled = [](const std::string &host, const std::string &entry) {
        return error_of(with("- {name: a" + host + "}\n", group("name: x, host: a, count: 2")) +
                        "schedule: [{at: 1s, group: x, " + entry + "}]\n");
    };
    const std::string keeps = ", snapshots: {count: 2, size: 1MiB}";
    for (const char *good : {"action: snapshot, index: 1, value: 1", "action: discard",
                             "action: start_from, value: 1"}) {
        EXPECT_EQ(scheduled(keeps, good), "no error") << good;
    }
    EXPECT_EQ(scheduled("", "action: start_from"),
              "test.yaml:6: schedule.0: expected a number below the 'count' of its host's "
              "'snapshots'");
    EXPECT_EQ(scheduled(keeps, "action: start_from, value: 2"),
              "test.yaml:6: schedule.0.value: expected a number below the 'count' of its host's "
              "'snapshots'");
    EXPECT_EQ(scheduled(keeps, "action: snapshot, value: 0"),
              "test.yaml:6: schedule.0: expected the one node that it is of");
    EXPECT_EQ(scheduled(keeps, "action: snapshot, index: 0, size: 4KiB"),
              "test.yaml:6: schedule.0.size: expected no such field of a snapshot");
    EXPECT_EQ(scheduled(", snapshots: {count: 2}", "action: discard"),
              "test.yaml:3: hosts.a.snapshots: expected both 'count' and 'size'");
}

TEST(Host, VolumesAreNumberedAndNamedInTheOrderOfTheirEntries)
{
    std::string message;
    Scenario s =
        load(with("- {name: a, disks: [{size: 1GiB}], volumes: [{name: v, count: 11, size: "
                  "4KiB}, {name: v-11, size: 1GiB}, {name: w, count: 2, size: 8KiB}]}\n",
                  group("name: x, host: a")),
             &message);
    EXPECT_EQ(message.substr(0, 24), "test.yaml:3: hosts.a.dis") << "1 GiB and 60 KiB";
    s = load(with("- {name: a, disks: [{size: 2GiB}], volumes: [{name: v, count: 11, size: "
                  "4KiB}, {name: v-11, size: 1GiB}, {name: w, count: 2, size: 8KiB}]}\n",
                  group("name: x, host: a")),
             &message);
    ASSERT_NE(s, nullptr) << message;
    const scn_host *host = &s->hosts[0];
    EXPECT_EQ(scn_host_volumes(host), 14u);
    EXPECT_EQ(scn_host_volumes_bytes(host), (1ull << 30) + 44 * 1024 + 16 * 1024);
    for (const auto &[number, expected] : {std::pair(0u, "v-0"), std::pair(10u, "v-10"),
                                           std::pair(11u, "v-11"), std::pair(13u, "w-1")}) {
        char name[SCN_DISK_NAME_MAX];
        scn_volume_name(host, number, name);
        EXPECT_STREQ(name, expected);
    }
    EXPECT_EQ(scn_host_volume(host, 12)->size_bytes, 8192u);
}

TEST(Host, VolumesThatCannotBeAreRefused)
{
    auto volumes = [](const std::string &entries, const std::string &host = "disks: [{size: 1MiB}]",
                      const std::string &more = "") {
        return error_of(with("- {name: a, " + host + ", volumes: [" + entries + "]}\n",
                             group("name: x, host: a, count: 2")) +
                        (more.empty() ? "" : "schedule: [{at: 1s, group: x, " + more + "}]\n"));
    };
    const std::string at = "test.yaml:3: hosts.a.volumes";
    EXPECT_EQ(volumes("{name: v, size: 1MiB}"), "no error");
    EXPECT_EQ(volumes("{name: v, size: 4KiB}", "count: 2"),
              at + ".v.name: expected 'disks' of the host that a volume can lie on");
    EXPECT_EQ(volumes("{name: v, size: 2MiB}"),
              at + ".v.size: expected a volume that a disk of its host can hold: 2MiB > 1MiB, the "
                   "largest of host 'a'");
    EXPECT_EQ(
        volumes("{name: v, count: 2, size: 768KiB}"),
        "test.yaml:3: hosts.a.disks: expected disks for all nodes: swap regions of 0B + their "
        "disks of 0B + volumes of 1536KiB = 1536KiB, and those of host 'a' have 1MiB");
    EXPECT_EQ(volumes("{name: v, size: 5000B}").substr(0, 47), at + ".v.size: expected a");
    EXPECT_EQ(volumes("{name: v}"),
              at + ".v.size: expected this field or 'image', found neither: they say how large the "
                   "disk is");
    EXPECT_EQ(volumes("{name: v, image: none.img}").substr(0, 38), at + ".v.image: ");
    EXPECT_EQ(volumes("{name: v, size: 4KiB}, {name: v, size: 4KiB}"),
              at + ".v.name: expected names of their own; entry 0, 'v', has one of them too");
    EXPECT_EQ(volumes("{name: v-1, size: 4KiB}, {name: v, count: 2, size: 4KiB}"),
              at + ".v.name: expected names of their own; entry 0, 'v-1', has one of them too");
    EXPECT_EQ(volumes("{name: v, count: 2, size: 4KiB}, {name: v-1, size: 4KiB}"),
              at + ".v-1.name: expected names of their own; entry 0, 'v', has one of them too");
    for (const char *good : {"v-2", "v-01", "v-", "v1", "v--1", "v-1-1", "w-1"}) {
        EXPECT_EQ(volumes("{name: v, count: 2, size: 4KiB}, {name: " + std::string(good) +
                          ", size: 4KiB}"),
                  "no error")
            << good;
    }
    const std::string name(29, 'v');
    EXPECT_EQ(volumes("{name: " + name + ", count: 10, size: 4KiB}"), "no error");
    EXPECT_EQ(volumes("{name: " + name + ", count: 11, size: 4KiB}"),
              at + "." + name +
                  ".name: expected a name of at most 31 bytes, with the number after it; found 32");
    EXPECT_EQ(volumes("{name: v, count: 1000, size: 4KiB}, {name: w, size: 4KiB}",
                      "disks: [{size: 1GiB}]"),
              at + ".v.count: expected at most 1000 volumes on a host, found 1001");
    EXPECT_EQ(volumes("{name: v, count: 1000, size: 4KiB}", "count: 66, disks: [{size: 1GiB}]"),
              at + ".v.count: expected at most 65536 volumes on all hosts together, found 66000");

    const std::string two = "{name: v, count: 2, size: 4KiB}";
    const std::string disk = "disks: [{size: 1MiB}]";
    for (const char *good : {"action: attach, index: 1, value: 1", "action: detach, value: 0"}) {
        EXPECT_EQ(volumes(two, disk, good), "no error") << good;
    }
    EXPECT_EQ(volumes(two, disk, "action: attach, index: 0, value: 2"),
              "test.yaml:6: schedule.0.value: expected the number of one of its host's 'volumes'");
    EXPECT_EQ(volumes(two, disk, "action: attach, value: 1"),
              "test.yaml:6: schedule.0: expected the one node that is given it");
    EXPECT_EQ(volumes(two, disk, "action: detach, value: 1, rate: 1Mbit"),
              "test.yaml:6: schedule.0.rate: expected no such field of a volume");
}

TEST(Host, WhatDoesNotFitMemoryOrDisksIsRefusedWithTheSum)
{
    auto paged = [](const std::string &paging, const std::string &groups,
                    const std::string &disks = "{size: 1GiB}") {
        return error_of(with("- {name: a, memory: 64MiB, minimum_free: 4MiB, disks: [" + disks +
                                 "], paging: {" + paging + "}}\n",
                             groups));
    };
    EXPECT_EQ(paged("block: 4KiB", group("name: x, host: a, memory: 16MiB, limits: "
                                         "{memory_floor: 2MiB, memory_ceiling: 1MiB}")),
              "test.yaml:5: groups.x.limits.memory_floor: expected a floor that is not above the "
              "ceiling: 2MiB > 1MiB");
    EXPECT_EQ(paged("block: 4KiB",
                    group("name: x, host: a, memory: 16MiB, limits: {memory_floor: 32MiB}")),
              "test.yaml:5: groups.x.limits.memory_floor: expected a floor that is no more than "
              "the node's 'memory': 32MiB > 16MiB");
    EXPECT_EQ(paged("block: 16KiB",
                    group("name: x, host: a, memory: 16MiB, limits: {memory_ceiling: 100KiB}")),
              "test.yaml:5: groups.x.limits.memory_ceiling: expected at least 8 blocks, which are "
              "128KiB, found 100KiB");
    EXPECT_EQ(paged("block: 16KiB", group("name: x, host: a, memory: 16MiB, count: 4, limits: "
                                          "{memory_floor: 16256KiB}")),
              "test.yaml:3: hosts.a.memory: expected memory for all floors, with 8 blocks each: "
              "64MiB + 4MiB 'minimum_free' = 68MiB, and host 'a' has 64MiB");
    EXPECT_EQ(paged("block: 4KiB", group("name: x, host: a, memory: 16MiB, count: 100")),
              "test.yaml:3: hosts.a.disks: expected disks for all nodes: swap regions of 1600MiB + "
              "their disks of 0B + volumes of 0B = 1600MiB, and those of host 'a' have 1GiB");
    EXPECT_EQ(paged("block: 4KiB", group("name: x, host: a, memory: 16MiB, disks: [{name: d, size: "
                                         "2GiB, on_host: true}]")),
              "test.yaml:5: groups.x.disks.d.size: expected a disk that one of its host can hold: "
              "2GiB > 1GiB, the largest of host 'a'");
    EXPECT_EQ(paged("block: 4KiB", group("name: x, memory: 16MiB, disks: [{name: d, size: 1MiB, "
                                         "on_host: true}]")),
              "test.yaml:5: groups.x.disks.d.on_host: expected a 'host' with 'disks' for a disk "
              "that lies on it");
    EXPECT_EQ(
        paged("block: 4KiB", group("name: x, memory: 16MiB, limits: {memory_floor: 4KiB}")),
        "test.yaml:5: groups.x.limits.memory_floor: expected no such field but on a host that "
        "pages");
    EXPECT_EQ(paged("block: 12KiB", group("name: x, host: a")),
              "test.yaml:3: hosts.a.paging.block: expected a power of two, such as 4KiB or 16KiB");
    EXPECT_EQ(paged("block: 4KiB", group("name: x, host: a"), "{size: 1GiB, seek_track: 9ms}"),
              "test.yaml:3: hosts.a.disks.0: expected 'seek_track' <= 'seek_average' <= "
              "'seek_full'");
    EXPECT_EQ(paged("writes: 3", group("name: x, host: a")),
              "test.yaml:3: hosts.a.paging: expected 'block', with which the host pages");
    EXPECT_EQ(paged("block: 4KiB", group("name: x, host: a"),
                    "{size: 1GiB, count: 64}, {size: "
                    "1GiB}"),
              "test.yaml:3: hosts.a.disks: expected at most 64 disks on a host, found 65");
    EXPECT_EQ(
        paged("block: 4KiB", group("name: x, host: a"), "{size: 1GiB, channels: 3}").substr(0, 42),
        "test.yaml:3: hosts.a.disks.0.channels: exp");
    EXPECT_EQ(error_of(with("- {name: a, memory: 64MiB, paging: {block: 4KiB}}\n",
                            group("name: x, host: a"))),
              "test.yaml:3: hosts.a.paging: expected 'disks' on a host that pages");
    EXPECT_EQ(paged("block: 1MiB", group("name: x, host: a, memory: 60MiB, limits: "
                                         "{memory_floor: 54MiB}")),
              "test.yaml:5: groups.x.memory: expected a node that its host can admit: 62MiB of a "
              "node + 4MiB 'minimum_free' = 66MiB, and a host 'a' has 64MiB");
}

TEST(Host, PagingHasDefaultsOnceItHasABlock)
{
    std::string message;
    Scenario s = load(with("- {name: a, memory: 64MiB, disks: [{size: 1GiB, type: flash}], paging: "
                           "{block: 8KiB}}\n",
                           group("name: x, host: a, memory: 16MiB, count: 20")),
                      &message);
    ASSERT_NE(s, nullptr) << message;
    EXPECT_EQ(s->hosts[0].paging.window_ns, 1000000000u);
    EXPECT_EQ(s->hosts[0].paging.writes, 16u);
    EXPECT_EQ(s->hosts[0].disks[0].channels, 8u);
    EXPECT_EQ(s->hosts[0].disks[0].rpm, 0u);
    EXPECT_EQ(scn_group_backing_bytes(s.get(), &s->groups[0]), 8u * 8192);
    Scenario again = load(resolved(s.get()), &message);
    ASSERT_NE(again, nullptr) << message;
    EXPECT_TRUE(scn_scenario_equal(s.get(), again.get()));
}
