/* Snapshots of machines that a host keeps, and machines that go on from them. */
#include "host_watch.h"

#include <algorithm>
#include <tuple>

extern "C" {
#include <devices/abi.h>
}

namespace
{

std::string Kept(const std::string &groups, const std::string &schedule, const std::string &host)
{
    return "general: {name: kept, seed: 4, duration: 1s}\n"
           "networks: [{name: lan, type: lan, latency: 20us}]\n"
           "hosts: [{name: box, cpu_hz: 1GHz, quantum: 100us" +
           host + "}]\ngroups:\n" + groups + (schedule.empty() ? "" : "schedule:\n" + schedule);
}

std::string Group(const std::string &name, const std::string &image, const std::string &fields)
{
    return "- {name: " + name + ", host: box, image: " + GuestPath(image) + ", " + fields + "}\n";
}

const char *const kCounters = "network: none, memory: 256KiB, start: 2s, count: 2, "
                              "disks: [{name: d, size: 64KiB, latency: 0ns, rate: 1000Gbit}]";
const char *const kTwo = ", snapshots: {count: 2, size: 1MiB}";

/* What a node has observed of one thing, in order. */
std::vector<uint32_t> Observed(const TestWorld &world, uint32_t node, const std::string &name)
{
    std::vector<uint32_t> values;
    for (const auto &note : world.notes) {
        if (note.node == node && note.name == name) {
            values.push_back((uint32_t)note.value);
        }
    }
    return values;
}

/* A supervisor that takes, starts from and discards snapshots, and ends machines, at random. */
std::vector<std::string> Worlds()
{
    const std::string groups =
        Group("w", "warden", "network: none, memory: 128KiB, supervisor: true, arguments: [k]") +
        Group("r", "restless", "network: lan, memory: 128KiB, count: 4") +
        Group("c", "counter",
              "network: none, memory: 256KiB, count: 3, "
              "disks: [{name: d, size: 64KiB, latency: 0ns, rate: 1000Gbit}]");
    const std::string costs = ", costs: {switch: 1us, trap: 200ns, snapshot_page: 100ns}, "
                              "snapshots: {count: 3, size: 256KiB}";
    return {
        Kept(groups, "", costs),
        Kept(groups, "", costs + ", processors: 3, interrupts: immediate, card: {rate: 100Mbit}"),
        Kept(groups + Group("p", "roam",
                            "network: none, memory: 512KiB, "
                            "disks: [{name: d, size: 64KiB, on_host: true}]"),
             "",
             costs + ", processors: 2, memory: 768KiB, minimum_free: 128KiB, "
                     "paging: {block: 8KiB, window: 300us, inactive: 1ms}, "
                     "disks: [{type: flash, size: 64MiB}]"),
        Kept(Group("c", "counter", "network: none, memory: 256KiB, count: 4") +
                 Group("r", "restless", "network: lan, memory: 128KiB, count: 4") +
                 Group("q", "spin", "network: none, memory: 512KiB, start: 2200us"),
             /* Not all find room when they are to start again. */
             "- {at: 1ms, action: snapshot, group: c, index: 0, value: 0}\n"
             "- {at: 1ms, action: snapshot, group: r, index: 1, value: 1}\n"
             "- {at: 1100us, action: snapshot, group: r, index: 2, value: 1}\n"
             "- {at: 1200us, action: snapshot, group: r, index: 3, value: 1}\n"
             "- {at: 1300us, action: snapshot, group: c, index: 3, value: 0}\n"
             "- {at: 2ms, action: destroy, group: c}\n"
             "- {at: 2ms, action: destroy, group: r}\n"
             "- {at: 2500us, action: start_from, group: c, value: 0}\n"
             "- {at: 2500us, action: start_from, group: r, value: 1}\n"
             "- {at: 3ms, action: discard, group: c, value: 0}\n"
             "- {at: 3ms, action: snapshot, group: r, index: 0, value: 0}\n",
             costs + ", memory: 1600KiB"),
    };
}

} // namespace

TEST(HostSnapshots, AMachineTakenBackGoesOnAsItWasAndACloneBesideIt)
{
    TestWorld world(Kept(Group("c", "counter", kCounters),
                         "- {at: 0ns, action: start, group: c, index: 0}\n"
                         "- {at: 1050us, action: snapshot, group: c, index: 0, value: 1}\n"
                         "- {at: 2050us, action: start_from, group: c, index: 1, value: 1}\n"
                         "- {at: 3050us, action: destroy, group: c, index: 0}\n"
                         "- {at: 4050us, action: start_from, group: c, index: 0, value: 1}\n"
                         "- {at: 5050us, action: destroy, group: c, index: 1}\n"
                         "- {at: 5060us, action: start, group: c, index: 1}\n",
                         kTwo));
    world.Run(6000000);
    EXPECT_STREQ(world.Report(0).state, "idle");
    EXPECT_STREQ(world.Report(1).state, "idle");
    const std::vector<uint32_t> first = Observed(world, 0, "count");
    const std::vector<uint32_t> who = Observed(world, 0, "who");
    ASSERT_GT(first.size(), 40u);
    const size_t taken = 10; /* rounds in 1050 us */
    const size_t back = std::find(who.begin(), who.end(), 2u << 16) - who.begin();
    ASSERT_LT(back, first.size());
    EXPECT_EQ(first[taken - 1], taken);
    EXPECT_EQ(who[back - 1], 0u);
    EXPECT_GT(first[back - 1], 28u) << "it had come further";
    EXPECT_EQ(first[back], taken + 1) << "and goes on from the snapshot";
    EXPECT_EQ(first.back(), taken + (first.size() - back));

    /* The clone has the snapshot's count and disk, and the identity of its own place. */
    const std::vector<uint32_t> second = Observed(world, 1, "count");
    const std::vector<uint32_t> disk = Observed(world, 1, "disk");
    const std::vector<uint32_t> clone = Observed(world, 1, "who");
    EXPECT_EQ(second[0], taken + 1);
    EXPECT_EQ(disk[0], taken);
    EXPECT_EQ(clone[0], (1u << 16) + 1);
    /* Booted again it begins anew, with the disk that it had. */
    const size_t again = std::find(clone.begin(), clone.end(), 1u) - clone.begin();
    ASSERT_LT(again, clone.size());
    EXPECT_EQ(second[again], 1u);
    EXPECT_EQ(disk[again], second[again - 1]);
    /* What it does costs the first nothing: all rounds of its first life are there. */
    EXPECT_EQ(first[back - 1], back);
}

TEST(HostSnapshots, AWaitIsOverAndATimerThatWasDueRingsWhenItGoesOn)
{
    /* It waits with a timer for 2 ms; taken back before, it is woken by nothing, and after, by
     * that. */
    for (const bool due : {false, true}) {
        SCOPED_TRACE(due);
        TestWorld world(
            Kept(Group("c", "counter", "network: none, memory: 256KiB, start: 2s, arguments: [t]"),
                 std::string("- {at: 0ns, action: start, group: c}\n"
                             "- {at: 1ms, action: snapshot, group: c, value: 0}\n"
                             "- {at: 1100us, action: destroy, group: c}\n"
                             "- {at: ") +
                     (due ? "3ms" : "1200us") + ", action: start_from, group: c, value: 0}\n",
                 kTwo));
        const uint64_t start_ns = due ? 3000000 : 1200000;
        world.Run(start_ns - 1);
        EXPECT_TRUE(Observed(world, 0, "woken").empty());
        world.Run(start_ns + 500000);
        EXPECT_EQ(Observed(world, 0, "woken"), std::vector<uint32_t>{due ? ABI_IRQ_TIMER : 0});
        EXPECT_EQ(Observed(world, 0, "count").size(), 4u);
    }
}

TEST(HostSnapshots, TheSupervisorIsToldWhatIsWrongAndThatChangesNothing)
{
    TestWorld world(Kept(
        Group("w", "warden", "network: none, memory: 128KiB, supervisor: true, arguments: [s]") +
            Group("c", "counter", "network: none, memory: 256KiB, count: 2, arguments: [i]") +
            Group("s", "spin", "network: none, memory: 128KiB"),
        "", ", snapshots: {count: 3, size: 8KiB}"));
    world.Run(20000000);
    EXPECT_STREQ(world.Report(0).state, "terminated");
    EXPECT_EQ(world.Report(0).exit_code, 0u) << "the entry of the guest's table";
    EXPECT_EQ(Observed(world, 0, "kept"), std::vector<uint32_t>{1});
    EXPECT_GT(Observed(world, 0, "size")[0], 4096u);
    EXPECT_LT(Observed(world, 0, "size")[0], 8192u) << "a page of stack, and its processor";
    EXPECT_FALSE(Observed(world, 1, "count").empty()) << "it was started from one";
    EXPECT_TRUE(Observed(world, 2, "count").empty());
}

TEST(HostSnapshots, OneThatWaitsToStartFromItHoldsItUntilItEnds)
{
    TestWorld world(
        Kept(Group("c", "counter", "network: none, memory: 256KiB, count: 2, start: 2s"),
             "- {at: 0ns, action: start, group: c, index: 0}\n"
             "- {at: 1050us, action: snapshot, group: c, index: 0, value: 0}\n"
             "- {at: 1060us, action: start_from, group: c, index: 1, value: 0}\n"
             "- {at: 1070us, action: discard, group: c, value: 0}\n"
             "- {at: 1080us, action: destroy, group: c, index: 1}\n"
             "- {at: 1090us, action: start_from, group: c, index: 1, value: 0}\n"
             "- {at: 2ms, action: destroy, group: c, index: 0}\n"
             "- {at: 3ms, action: destroy, group: c, index: 1}\n"
             "- {at: 3ms, action: start_from, group: c, index: 0, value: 0}\n"
             "- {at: 4ms, action: discard, group: c, value: 0}\n"
             "- {at: 4ms, action: destroy, group: c, index: 0}\n"
             "- {at: 5ms, action: start_from, group: c, index: 0, value: 0}\n",
             std::string(kTwo) + ", memory: 256KiB"));
    world.Run(1500000);
    EXPECT_STREQ(world.Report(1).state, "queued");
    world.Run(2500000);
    EXPECT_EQ(Observed(world, 1, "count").front(), 11u) << "it was not discarded";
    world.Run(3500000);
    EXPECT_EQ(Observed(world, 0, "who").back(), 2u << 16);
    world.Run(6000000);
    EXPECT_STREQ(world.Report(0).state, "destroyed") << "it was discarded";
}

TEST(HostSnapshots, OneWithADiskRequestUnderWayOrAProcessorHasNoneTaken)
{
    const std::string schedule = "- {at: 1ms, action: snapshot, group: c, value: 0}\n"
                                 "- {at: 1ms, action: snapshot, group: s, value: 1}\n"
                                 "- {at: 2ms, action: destroy, group: c}\n"
                                 "- {at: 2ms, action: destroy, group: s}\n"
                                 "- {at: 3ms, action: start_from, group: c, value: 0}\n"
                                 "- {at: 3ms, action: start_from, group: s, value: 1}\n";
    TestWorld world(Kept(Group("c", "counter",
                               "network: none, memory: 256KiB, "
                               "disks: [{name: d, size: 64KiB, latency: 100ms}]") +
                             Group("s", "spin", "network: none, memory: 128KiB"),
                         schedule, kTwo));
    world.Run(4000000);
    EXPECT_STREQ(world.Report(0).state, "destroyed");
    EXPECT_STREQ(world.Report(1).state, "destroyed");
}

TEST(HostSnapshots, WhoAsksPaysForEachPage)
{
    auto kernel_ns = [](const std::string &cost) {
        TestWorld world(Kept(Group("c", "counter", kCounters),
                             "- {at: 0ns, action: start, group: c, index: 0}\n"
                             "- {at: 2050us, action: snapshot, group: c, index: 0, value: 1}\n"
                             "- {at: 2060us, action: start_from, group: c, index: 1, value: 1}\n",
                             kTwo + (", costs: {snapshot_page: " + cost + "}")));
        world.Run(4000000);
        EXPECT_GT(Observed(world, 1, "who").size(), 15u);
        return std::pair(SeatReport(world, 0).kernel_ns, SeatReport(world, 1).kernel_ns);
    };
    EXPECT_EQ(kernel_ns("0ns"), std::pair(0ul, 0ul));
    /* 16 pages that count, of the stack, of the data and of the block; and one block of the disk.
     */
    EXPECT_EQ(kernel_ns("1us"), std::pair(20000ul, 20000ul));
}

TEST(HostSnapshots, WhatThereIsNoRoomForIsRefusedBeforeAnythingIsShared)
{
    /* 18 pages and its processor: they do not fit, then but for its processor, then they do. */
    for (const uint64_t pages : {17, 18, 19}) {
        SCOPED_TRACE(pages);
        TestWorld world(Kept(Group("c", "counter", "network: none, memory: 256KiB"),
                             "- {at: 2050us, action: snapshot, group: c, value: 0}\n",
                             ", snapshots: {count: 1, size: " + std::to_string(4 * pages) +
                                 "KiB}, costs: {snapshot_page: 1us}"));
        world.Run(2060000);
        const struct emu_host *host = emu_world_host(world.get(), 0);
        const bool fits = pages == 19;
        EXPECT_EQ(host->snapshots[0] != nullptr, fits);
        EXPECT_EQ(host->seats[0].node->space.pages != nullptr, fits);
        emu_host_report report;
        emu_world_host_report(world.get(), 0, &report);
        EXPECT_EQ(report.snapshots, fits ? 1u : 0u);
        if (fits) { /* and the table, up to page 0x27 */
            EXPECT_GT(report.snapshots_bytes, host->snapshot_bytes + sizeof(uint32_t) * 0x28);
            EXPECT_LT(report.snapshots_bytes, host->snapshot_bytes + sizeof(uint32_t) * 64 + 200);
        } else {
            EXPECT_EQ(report.snapshots_bytes, 0u);
        }
        world.Run(2200000);
        EXPECT_EQ(SeatReport(world, 0).kernel_ns, fits ? 18000u : 0u) << "what is copied is paid";
    }
}

TEST(HostSnapshots, AMachineBootsWhereThatOfALoadedStateIsNone)
{
    /* The second machine has a disk of its own, ends, and then starts from one of the first. */
    const auto life = [](bool from, bool damaged, const std::string &host) {
        const std::string yaml =
            Kept(Group("c", "counter", kCounters),
                 "- {at: 0ns, action: start, group: c}\n"
                 "- {at: 1050us, action: destroy, group: c, index: 1}\n"
                 "- {at: 9050us, action: snapshot, group: c, index: 0, value: 0}\n" +
                     std::string("- {at: 10ms, group: c, index: 1, action: ") +
                     (from ? "start_from, value: 0}\n" : "start}\n"),
                 kTwo + host);
        TestWorld before(yaml);
        before.Run(9900000);
        const emu_machine_snapshot *snapshot = emu_world_host(before.get(), 0)->snapshots[0];
        if (damaged) {
            std::fill_n(snapshot->bytes, snapshot->size_bytes, 0xff);
        }
        TestWorld world(yaml);
        EXPECT_EQ(world.Load(before.Save()), STATUS_OK);
        world.Run(20000000);
        EXPECT_STREQ(world.Report(1).state, "idle");
        return std::tuple(Observed(world, 1, "count"), Observed(world, 1, "disk"),
                          Observed(world, 1, "who"), SeatReport(world, 1).paging.page_ins,
                          world.Report(1).pages_private_max);
    };
    for (const char *host : {"", ", memory: 4MiB, paging: {block: 4KiB}, "
                                 "disks: [{type: flash, size: 64MiB}]"}) {
        SCOPED_TRACE(host);
        const auto booted = life(false, false, host);
        EXPECT_EQ(std::get<0>(booted).front(), 1u);
        EXPECT_GT(std::get<1>(booted).front(), 1u) << "the disk is its own of before";
        EXPECT_NE(life(true, false, host), booted);
        EXPECT_EQ(life(true, true, host), booted);
    }
}

TEST(HostSnapshots, OnAHostThatPagesTheirPagesAreReadFromTheSwapRegion)
{
    TestWorld world(
        Kept(Group("c", "counter", "network: none, memory: 256KiB, count: 2, start: 2s"),
             "- {at: 0ns, action: start, group: c, index: 0}\n"
             "- {at: 9ms, action: snapshot, group: c, index: 0, value: 1}\n"
             "- {at: 10ms, action: start_from, group: c, index: 1, value: 1}\n",
             std::string(kTwo) + ", memory: 4MiB, paging: {block: 4KiB}, "
                                 "disks: [{type: flash, size: 64MiB}]"));
    world.Run(40000000);
    EXPECT_STREQ(world.Report(1).state, "idle");
    EXPECT_GT(Observed(world, 1, "count").size(), 16u);
    const auto before = std::count_if(world.notes.begin(), world.notes.end(), [](const auto &note) {
        return note.node == 0 && note.name == "count" && note.time_ns < 9000000;
    });
    EXPECT_EQ(Observed(world, 1, "count").front(), before + 1);
    EXPECT_GE(SeatReport(world, 1).paging.page_ins, 16u);
    EXPECT_EQ(SeatReport(world, 1).paging.pages_filled, 0u);
}

TEST(HostSnapshots, EnginesThreadsCutsAndSavedStatesDoNotShow)
{
    uint64_t seed = 97;
    for (const std::string &yaml : Worlds()) {
        TestWorld world(yaml);
        HostTrace trace;
        emu_hosts_watch(world.get(), HostTrace::Watch, &trace);
        world.Run(6000000);
        EXPECT_GT(trace.Count(EMU_HOST_SNAPSHOT), 1u) << yaml;
        EXPECT_GT(trace.Count(EMU_HOST_RESTART), 0u) << yaml;
        ExpectOneDigest(yaml, 6000000, seed++);
    }
}

TEST(HostSnapshots, ASnapshotOfTheWorldHasThoseOfItsMachines)
{
    const std::string yaml = Worlds()[3];
    TestWorld whole(yaml);
    whole.Run(8000000);
    TestWorld world(yaml);
    world.Run(2200000);
    struct emu_snapshot *snapshot = emu_world_snapshot(world.get());
    world.Run(6000000);
    struct error error = ERROR_INIT;
    ASSERT_EQ(emu_world_restore(world.get(), snapshot, &error), STATUS_OK) << error.message;
    emu_snapshot_destroy(snapshot);
    world.Run(8000000);
    EXPECT_EQ(world.Digest(), whole.Digest());
}

TEST(HostSnapshots, ADamagedStateHarmsNobody)
{
    for (const std::string &yaml : {Worlds()[2], Worlds()[3]}) {
        EXPECT_GT(RefusedWhenDamaged(yaml, 101, 100, 3000) +
                      RefusedWhenDamaged(yaml, 103, 100, 1u << 20),
                  5u);
    }
}
