/* Limits of machines that change while their host runs: by the schedule, and by a supervisor. */
#include "host_watch.h"

extern "C" {
#include <devices/abi.h>
}

namespace
{

const char *const kNetworks = "networks: [{name: lan, type: lan, latency: 20us}]\n";

std::string Group(const std::string &name, const std::string &image, const std::string &fields)
{
    return "- {name: " + name + ", host: box, image: " + GuestPath(image) + ", " + fields + "}\n";
}

/* As the tables of the guest expect it. */
std::string Warded(const std::string &mode, const std::string &host = "",
                   const std::string &more = "")
{
    return std::string("general: {name: warded, seed: 8, duration: 1s}\n") + kNetworks +
           "hosts: [{name: box, cpu_hz: 1GHz, quantum: 100us, costs: {switch: 1us, trap: 200ns}, "
           "memory: 512KiB, paging: {block: 4KiB, window: 300us, inactive: 1ms}, "
           "disks: [{type: flash, size: 64MiB}]" +
           host + "}]\ngroups:\n" +
           Group("w", "warden",
                 "network: none, memory: 128KiB, supervisor: true, arguments: [" + mode + "]") +
           Group("p", "roam",
                 "network: none, memory: 512KiB, disks: [{name: d, size: 64KiB, on_host: true}]") +
           Group("r", "restless", "network: lan, memory: 128KiB") + more;
}

/* What a machine observed last of something; -1: nothing. */
double Observed(const TestWorld &world, const std::string &name)
{
    double value = -1;
    for (const auto &note : world.notes) {
        value = note.name == name ? note.value : value;
    }
    return value;
}

emu_host_report Host(TestWorld &world)
{
    emu_host_report report;
    emu_world_host_report(world.get(), 0, &report);
    return report;
}

/* One that sends all the time, on a processor of its own: when the supervisor sets its rate it may
 * be ahead of that moment. */
std::string Sender()
{
    return std::string("general: {name: sender, seed: 3, duration: 1s}\n") + kNetworks +
           "hosts: [{name: box, cpu_hz: 2MHz, quantum: 50us, processors: 2}]\ngroups:\n" +
           Group("w", "warden", "network: none, memory: 128KiB, supervisor: true, arguments: [m]") +
           Group("c", "stream", "network: lan, memory: 128KiB, arguments: [F00]");
}

/* The loads of the tests of determinism: many of the machines that are named are there. */
std::vector<std::string> Worlds()
{
    const std::string more = Group("q", "roam", "network: none, count: 2, memory: 256KiB") +
                             Group("t", "restless", "network: lan, memory: 128KiB, count: 2");
    return {
        Sender(),
        Warded("r"),
        Warded("r", ", processors: 3, interrupts: immediate", more),
        Warded("r", ", processors: 2, card: {rate: 100Mbit}", more),
        Warded("r", ", processors: 2", more) +
            "schedule:\n"
            "- {at: 1ms, action: send_rate, group: t, rate: 100kbit}\n"
            "- {at: 1ms, action: send_burst, group: t, size: 1514B}\n"
            "- {at: 2ms, action: memory_floor, group: q, index: 0, size: 128KiB}\n"
            "- {at: 3ms, action: memory_ceiling, group: q, size: 192KiB}\n"
            "- {at: 3ms, action: receive_rate, group: r, rate: 1Mbit}\n"
            "- {at: 4ms, action: disk, group: p, size: 8KiB}\n"
            "- {at: 4500us, action: disk_rate, group: p, rate: 100Mbit}\n",
    };
}

} // namespace

TEST(HostLimits, TheSupervisorIsToldWhatIsWrongAndThatChangesNothing)
{
    TestWorld world(Warded("e"));
    world.Run(20000000);
    EXPECT_STREQ(world.Report(0).state, "terminated");
    EXPECT_EQ(world.Report(0).exit_code, 0u) << "the entry of the guest's table";
    EXPECT_EQ(Observed(world, "floor"), 65536);
    EXPECT_EQ(Observed(world, "send"), 3000000);
    EXPECT_EQ(Observed(world, "disks"), 5000000);
    EXPECT_EQ(Observed(world, "kept"), 0);
    /* What is left of it: floors of 64 and of 128 KiB, and 8 blocks for each of two. */
    EXPECT_EQ(Host(world).committed_bytes, (64u + 128 + 2 * 32) << 10);
}

TEST(HostLimits, RatesHoldFromThenOnAndUntilTheyAreTakenBack)
{
    TestWorld world(std::string("general: {name: rates, duration: 1s}\n") + kNetworks +
                    "hosts: [{name: box, cpu_hz: 1GHz, quantum: 100us}]\ngroups:\n" +
                    Group("r", "restless", "network: lan, memory: 128KiB, count: 3") +
                    "schedule:\n"
                    "- {at: 2ms, action: send_rate, group: r, index: 0, rate: 10kbit}\n"
                    "- {at: 2ms, action: send_burst, group: r, index: 0, size: 1514B}\n"
                    "- {at: 2ms, action: receive_rate, group: r, index: 1, rate: 10kbit}\n"
                    "- {at: 2ms, action: receive_burst, group: r, index: 1, size: 1514B}\n"
                    "- {at: 60ms, action: send_rate, group: r, rate: 0bit}\n"
                    "- {at: 60ms, action: receive_rate, group: r, rate: 0bit}\n");
    world.Run(2000000);
    EXPECT_EQ(Drops(world.Report(0), "send_rate") + Drops(world.Report(1), "receive_rate"), 0u);
    const uint64_t passed = world.Report(1).frames_received;
    world.Run(60000000);
    const uint64_t sent = Drops(world.Report(0), "send_rate");
    const uint64_t received = Drops(world.Report(1), "receive_rate");
    EXPECT_GT(sent, 10u);
    EXPECT_GT(received, 10u);
    EXPECT_LE(world.Report(1).frames_received - passed, 1514u / 60 + 2);
    world.Run(60200000); /* slices are over by then */
    const uint64_t last = Drops(world.Report(0), "send_rate");
    world.Run(100000000);
    EXPECT_EQ(Drops(world.Report(0), "send_rate"), last);
    EXPECT_EQ(Drops(world.Report(1), "receive_rate"), received);
    EXPECT_EQ(Drops(world.Report(2), "send_rate") + Drops(world.Report(2), "receive_rate"), 0u);
}

TEST(HostLimits, AMachineThatUsesAnothersAddressIsNotHeardUnlessTheScenarioLetsIt)
{
    /* The second goes on from a snapshot of the first, and does not look who it is. */
    const auto dropped = [](const std::string &limits) {
        std::string yaml =
            std::string("general: {name: bound, duration: 1s}\n") + kNetworks +
            "hosts: [{name: box, cpu_hz: 1GHz, quantum: 100us, snapshots: {count: 1, "
            "size: 1MiB}}]\ngroups:\n" +
            Group("r", "restless", "network: lan, memory: 128KiB, count: 2" + limits) +
            "schedule:\n- {at: 1ms, action: destroy, group: r, index: 1}\n";
        for (int i = 0; i < 20; i++) { /* some time it has no processor */
            yaml += "- {at: " + std::to_string(2000 + 37 * i) +
                    "us, action: snapshot, group: r, index: 0, value: 0}\n";
        }
        yaml += "- {at: 3ms, action: start_from, group: r, index: 1, value: 0}\n";
        TestWorld world(yaml);
        world.Run(20000000);
        EXPECT_EQ(Drops(world.Report(0), "spoofed"), 0u);
        return Drops(world.Report(1), "spoofed");
    };
    EXPECT_GT(dropped(""), 10u);
    EXPECT_EQ(dropped(", limits: {bind_address: false}"), 0u);
}

TEST(HostLimits, WhatTheScheduleDidAndCouldNotDoIsNoted)
{
    TestWorld world(std::string("general: {name: noted, duration: 1s}\n") + kNetworks +
                    "hosts: [{name: box, cpu_hz: 1GHz, quantum: 100us, snapshots: {count: 1, size: "
                    "4KiB}}]\ngroups:\n" +
                    Group("r", "restless", "network: lan, memory: 128KiB, count: 2") +
                    "schedule:\n- {at: 1ms, action: cap, group: r, value: 20}\n"
                    "- {at: 2ms, action: pause, group: r, index: 0}\n"
                    "- {at: 3ms, action: snapshot, group: r, index: 0, value: 0}\n"
                    "- {at: 4ms, action: destroy, group: r, index: 0}\n"
                    "- {at: 5ms, action: start_from, group: r, index: 0, value: 0}\n"
                    "- {at: 6ms, action: destroy, group: r, index: 0}\n");
    world.Run(10000000);
    std::vector<std::string> told;
    for (const auto &note : world.notes) {
        if (note.kind == EMU_NOTE_ACTION) {
            told.push_back(std::to_string(note.node) + " " + note.name);
            EXPECT_EQ(note.value == 1, note.name.ends_with(", done")) << note.name;
        }
    }
    EXPECT_EQ(told,
              (std::vector<std::string>{"0 cap 20, done", "1 cap 20, done", "0 pause, done",
                                        "0 snapshot 0, not done: no room for it", "0 destroy, done",
                                        "0 start_from 0, not done: not possible as it was then",
                                        "0 destroy, not done: not possible as it was then"}));
}

TEST(HostLimits, AFloorIsTakenOfTheHostsMemoryAndWhatIsFreedAdmitsWhoWaits)
{
    /* 544 KiB for the first, 32 for the second; the third needs 32, and 24 are left. */
    TestWorld world("general: {name: floors, duration: 1s}\n"
                    "hosts: [{name: box, cpu_hz: 1GHz, quantum: 100us, memory: 600KiB, "
                    "paging: {block: 4KiB}, disks: [{type: flash, size: 64MiB}]}]\ngroups:\n" +
                    Group("p", "roam", "network: none, memory: 512KiB") +
                    Group("q", "roam", "network: none, memory: 512KiB") +
                    Group("s", "spin", "network: none, memory: 128KiB, start: 2ms") +
                    "schedule:\n"
                    "- {at: 1ms, action: memory_floor, group: p, size: 512KiB}\n"
                    "- {at: 1ms, action: memory_floor, group: q, size: 512KiB}\n"
                    "- {at: 3ms, action: memory_ceiling, group: q, size: 64KiB}\n"
                    "- {at: 4ms, action: memory_floor, group: p, size: 480KiB}\n");
    world.Run(1500000);
    EXPECT_EQ(Host(world).committed_bytes, (544u + 32) << 10) << "no room for the second";
    world.Run(3500000);
    EXPECT_STREQ(world.Report(2).state, "queued");
    world.Run(4500000);
    EXPECT_STREQ(world.Report(2).state, "running");
    EXPECT_EQ(Host(world).committed_bytes, (512u + 32 + 32) << 10);
    world.Run(50000000);
    EXPECT_GT(SeatReport(world, 1).paging.pages_resident_max, 16u) << "before it had a ceiling";
    EXPECT_LE(SeatReport(world, 1).paging.pages_resident, 16u);
    EXPECT_GT(SeatReport(world, 0).paging.pages_resident, 64u);
}

TEST(HostLimits, WhatMayBeWrittenToDisksIsBoundedFromThenOn)
{
    const std::string yaml = "general: {name: disks, duration: 1s}\n"
                             "hosts: [{name: box, cpu_hz: 1GHz, quantum: 100us}]\ngroups:\n" +
                             Group("p", "roam",
                                   "network: none, memory: 512KiB, "
                                   "disks: [{name: d, size: 1MiB, latency: 1us}]");
    TestWorld free(yaml);
    const std::string late =
        yaml + "schedule:\n- {at: 10ms, action: disk, group: p, size: 16KiB}\n";
    TestWorld bound(yaml + "schedule:\n- {at: 1ms, action: disk, group: p, size: 16KiB}\n");
    free.Run(20000000);
    bound.Run(1000000);
    const uint64_t had = bound.Report(0).disk_blocks_private;
    bound.Run(20000000);
    EXPECT_GT(free.Report(0).disk_blocks_private, std::max<uint64_t>(had, 4));
    EXPECT_LE(bound.Report(0).disk_blocks_private, std::max<uint64_t>(had, 4));
    /* What is beyond stays, across a saved state too, wherever that is loaded. */
    for (uint64_t cut_ns : {9000000u, 15000000u}) {
        TestWorld before(late);
        before.Run(cut_ns);
        ASSERT_GT(before.Report(0).disk_blocks_private, 4u);
        for (uint64_t reached_ns : {0u, 15000000u}) {
            TestWorld after(late);
            after.Run(reached_ns);
            ASSERT_EQ(after.Load(before.Save()), STATUS_OK) << cut_ns << " " << reached_ns;
            EXPECT_EQ(after.Save(), before.Save());
        }
    }
}

TEST(HostLimits, DisksAreNoFasterThanTheirRateWhereverTheyLie)
{
    /* 4 KiB take 327,680 ns at 100 Mbit/s. */
    const auto yaml = [](const std::string &where, const std::string &limits) {
        return "general: {name: disks, duration: 1s}\n"
               "hosts: [{name: box, cpu_hz: 1GHz, quantum: 100us, disks: [{type: flash, "
               "size: 64MiB}]}]\ngroups:\n"
               "- {name: p, image: " +
               GuestPath("roam") + ", network: none, memory: 512KiB" + where + limits + "}\n";
    };
    const auto blocks = [](TestWorld &world, uint64_t until_ns) {
        world.Run(until_ns);
        return world.Report(0).disk_reads + world.Report(0).disk_writes;
    };
    const std::string rate = "action: disk_rate, group: p, rate: ";
    for (const std::string where :
         {", disks: [{name: d, size: 64KiB, latency: 1us}]",
          ", host: box, disks: [{name: d, size: 64KiB, latency: 1us}]",
          ", host: box, disks: [{name: d, size: 64KiB, on_host: true}]"}) {
        TestWorld free(yaml(where, ""));
        TestWorld bound(yaml(where, ", limits: {disk_rate: 100Mbit}"));
        EXPECT_GT(blocks(free, 20000000), 60u) << where;
        const uint64_t most = 20000000 / 327680 + 1;
        const uint64_t had = blocks(bound, 20000000);
        EXPECT_LE(had, most) << where;
        EXPECT_GT(had, 5u) << where;
        if (where.find("host: box") != std::string::npos) {
            TestWorld set(yaml(where, "") + "schedule:\n- {at: 10ms, " + rate +
                          "1Mbit}\n- {at: 20ms, " + rate + "0bit}\n");
            const uint64_t before = blocks(set, 10500000); /* its slice is over by then */
            EXPECT_LE(blocks(set, 20000000), before + 2) << where;
            EXPECT_GT(blocks(set, 40000000), before + 60) << where;
        }
    }
}

TEST(HostLimits, WhatThePagerMovesForAMachineKeepsToTheRateOfItsDisksToo)
{
    const std::string yaml = "general: {name: paced, duration: 1s}\n"
                             "hosts: [{name: box, cpu_hz: 1GHz, quantum: 100us, memory: 256KiB, "
                             "paging: {block: 4KiB}, disks: [{type: flash, size: 64MiB}]}]\n"
                             "groups:\n" +
                             Group("p", "roam",
                                   "network: none, memory: 512KiB, limits: {disk_rate: "
                                   "10Mbit}") +
                             Group("q", "roam", "network: none, memory: 512KiB");
    const auto moved = [](TestWorld &world, uint32_t node) {
        return SeatReport(world, node).paging.disk_operations; /* on its behalf */
    };
    TestWorld world(yaml + "schedule:\n- {at: 100ms, action: disk_rate, group: p, rate: 0bit}\n");
    world.Run(99000000);
    /* 4 KiB take 3,276,800 ns; what it has out of turn is paid for the next time that it waits. */
    const uint64_t paced = moved(world, 0);
    EXPECT_GT(paced, 10u);
    EXPECT_LE(paced, 99000000 / 3276800 + 8);
    EXPECT_GT(moved(world, 1), 10 * paced);
    world.Run(150000000);
    EXPECT_GT(moved(world, 0), 3 * paced) << "it goes on at once when the limit is taken back";
}

TEST(HostLimits, EnginesThreadsAndCutsDoNotShow)
{
    uint64_t seed = 83;
    for (const std::string &yaml : Worlds()) {
        TestWorld world(yaml);
        HostTrace trace;
        emu_hosts_watch(world.get(), HostTrace::Watch, &trace);
        world.Run(6000000);
        EXPECT_GT(trace.Count(EMU_HOST_LIMIT), 5u) << yaml;
        ExpectOneDigest(yaml, 6000000, seed++);
    }
}

TEST(HostLimits, ADamagedStateHarmsNobody)
{
    EXPECT_GT(RefusedWhenDamaged(Worlds()[2], 89, 200, 9000), 30u);
}

TEST(HostLimits, RatesThatWouldWaitForEverAreRefusedWithTheirState)
{
    ExpectRefusedIfDamaged(Worlds()[4], 500000, [](emu_host *host) {
        for (uint32_t i = 0; i < host->seat_count; i++) {
            if (!emu_seat_occupies(&host->seats[i]) && host->seats[i].node->network != UINT32_MAX) {
                host->seats[i].rates_wait = true;
            }
        }
    });
}
