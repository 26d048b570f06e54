/* Volumes of hosts: disks that machines are given and lose again, by the schedule and by a
 * supervisor. */
#include "host_watch.h"

extern "C" {
#include <devices/abi.h>
}

namespace
{

std::string Host(const std::string &groups, const std::string &schedule,
                 const std::string &volumes = "{name: v, count: 2, size: 64KiB}",
                 const std::string &host = "")
{
    return "general: {name: volumes, seed: 6, duration: 1s}\n"
           "hosts: [{name: box, cpu_hz: 1GHz, quantum: 100us, disks: [{type: flash, size: 64MiB, "
           "read: 10us, write: 20us}], volumes: [" +
           volumes + "]" + host + "}]\ngroups:\n" + groups +
           (schedule.empty() ? "" : "schedule:\n" + schedule);
}

std::string Group(const std::string &name, const std::string &image, const std::string &fields = "")
{
    return "- {name: " + name + ", host: box, image: " + GuestPath(image) +
           ", network: none, memory: 256KiB" + fields + "}\n";
}

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

uint64_t FirstTime(const TestWorld &world, uint32_t node, const std::string &name, uint32_t value)
{
    for (const auto &note : world.notes) {
        if (note.node == node && note.name == name && note.value == value) {
            return note.time_ns;
        }
    }
    return UINT64_MAX;
}

std::string DisksOf(uint32_t count)
{
    std::string disks = ", disks: [";
    for (uint32_t i = 0; i < count; i++) {
        disks += "{name: d" + std::to_string(i) + ", size: 4KiB}, ";
    }
    return disks + "]";
}

} // namespace

TEST(HostVolumes, AMachineSeesWhatItIsGivenAsOneMoreDiskAndThenNoMore)
{
    TestWorld world(Host(Group("t", "tenant") + Group("u", "tenant", DisksOf(1)),
                         "- {at: 1ms, action: attach, group: t, value: 1}\n"
                         "- {at: 2ms, action: attach, group: t, value: 0}\n"
                         "- {at: 3ms, action: detach, group: t, value: 1}\n"
                         "- {at: 4ms, action: attach, group: u, value: 1}\n"
                         "- {at: 5ms, action: detach, group: t, value: 0}\n"));
    world.Run(6000000);
    EXPECT_EQ(Observed(world, 0, "disks"), (std::vector<uint32_t>{0, 1, 3, 2, 0}));
    EXPECT_EQ(Observed(world, 1, "disks"), (std::vector<uint32_t>{1, 3}));
    EXPECT_LT(FirstTime(world, 0, "disks", 1), 1010000u) << "an interrupt says so";
    EXPECT_LT(FirstTime(world, 0, "disks", 3), 2040000u) << "once its request is done";
}

TEST(HostVolumes, WhatIsOnThemGoesWithThemFromMachineToMachine)
{
    TestWorld world(Host(Group("t", "tenant", ", limits: {disk: 4KiB}") +
                             Group("u", "tenant", ", arguments: [m]") + Group("w", "tenant"),
                         "- {at: 1ms, action: attach, group: t, value: 0}\n"
                         "- {at: 2ms, action: detach, group: t, value: 0}\n"
                         "- {at: 2100us, action: attach, group: u, value: 0}\n"
                         "- {at: 4ms, action: start, group: u}\n"
                         "- {at: 6ms, action: attach, group: w, value: 0}\n"
                         "- {at: 6ms, action: detach, group: u, value: 0}\n"
                         "- {at: 6ms, action: attach, group: w, value: 0}\n"));
    world.Run(7000000);
    const auto first = Observed(world, 0, "count");
    const auto second = Observed(world, 1, "count");
    const auto third = Observed(world, 2, "count");
    ASSERT_GT(first.size(), 10u);
    EXPECT_EQ(first[0], 1u);
    EXPECT_EQ(first.back(), first.size());
    /* It ended, kept its volume, was started again, ended again. The request of its end is none. */
    ASSERT_EQ(second.size(), 20u);
    EXPECT_STREQ(world.Report(1).state, "terminated");
    ASSERT_GT(third.size(), 5u);
    const uint32_t lost = second[0] - first.back() - 1; /* written and not observed */
    EXPECT_LE(lost, 1u);
    for (uint32_t i = 0; i < 20; i++) {
        EXPECT_EQ(second[i], first.back() + lost + 1 + i) << i;
    }
    EXPECT_EQ(third[0], second.back() + 1);
    EXPECT_EQ(world.Report(0).disk_blocks_private, 0u) << "and is not of anybody's limit";
    EXPECT_EQ(Observed(world, 2, "disks"), (std::vector<uint32_t>{0, 1}));
}

TEST(HostVolumes, WhatIsUnderWayEndsAsIfThereWereNoSuchDiskEvenIfThereIsAnother)
{
    /* Reads take 100 ms; when the first is asked is told by the counter's start. */
    const std::string slow = ", disks: [{type: flash, size: 64MiB, read: 900us, write: 900us}]";
    std::string yaml =
        Host(Group("t", "tenant"), "- {at: 1ms, action: attach, group: t, value: 0}\n"
                                   "- {at: 1500us, action: detach, group: t, value: 0}\n"
                                   "- {at: 1500us, action: attach, group: t, value: 1}\n");
    const std::string fast = "read: 10us, write: 20us";
    yaml.replace(yaml.find(fast), fast.size(), "read: 900us, write: 900us");
    TestWorld world(yaml);
    world.Run(1800000);
    EXPECT_TRUE(Observed(world, 0, "failed").empty()) << "at its own time";
    world.Run(2900000);
    EXPECT_EQ(Observed(world, 0, "failed"), std::vector<uint32_t>{ABI_DISK_NO_BLOCK});
    EXPECT_EQ(Observed(world, 0, "disks"), (std::vector<uint32_t>{0, 1}));
    EXPECT_EQ(world.Report(0).disk_reads, 1u) << "of the other: the first moved nothing";
    world.Run(4000000);
    EXPECT_EQ(Observed(world, 0, "count"), std::vector<uint32_t>{1});
}

TEST(HostVolumes, OneThatHasAProcessorIsGivenItWhenItLeavesThat)
{
    TestWorld world(Host(Group("s", "spin") + Group("t", "tenant"),
                         "- {at: 1030us, action: attach, group: s, value: 0}\n"
                         "- {at: 1031us, action: attach, group: t, value: 0}\n"
                         "- {at: 2030us, action: detach, group: s, value: 0}\n"
                         "- {at: 2031us, action: attach, group: t, value: 0}\n"
                         "- {at: 3030us, action: attach, group: s, value: 1}\n"
                         "- {at: 3031us, action: detach, group: s, value: 1}\n"
                         "- {at: 3032us, action: attach, group: t, value: 1}\n"));
    HostTrace trace;
    emu_hosts_watch(world.get(), HostTrace::Watch, &trace);
    world.Run(4000000);
    std::vector<std::pair<emu_host_act, uint32_t>> acts;
    for (const auto &note : trace.notes) {
        if (note.act == EMU_HOST_ATTACH || note.act == EMU_HOST_DETACH) {
            acts.push_back({note.act, note.node});
            EXPECT_EQ(note.time_ns % 1000000 > 100000 || note.node == 1, false) << note.time_ns;
        }
    }
    EXPECT_EQ(acts, (std::vector<std::pair<emu_host_act, uint32_t>>{
                        {EMU_HOST_ATTACH, 0}, {EMU_HOST_DETACH, 0}, {EMU_HOST_ATTACH, 1}}))
        << "while it was coming or leaving nobody else was given it; taken back in time it never "
           "came";
}

TEST(HostVolumes, OneThatIsOffHasItWhenItStarts)
{
    TestWorld world(Host(Group("t", "tenant", ", start: 2ms"),
                         "- {at: 1ms, action: attach, group: t, value: 0}\n"));
    world.Run(3000000);
    EXPECT_EQ(Observed(world, 0, "disks"), std::vector<uint32_t>{1});
}

TEST(HostVolumes, TheSupervisorIsToldWhatIsWrongAndThatChangesNothing)
{
    TestWorld world(Host(Group("w", "warden", ", supervisor: true, arguments: [v]") +
                             Group("f", "counter", ", arguments: [i]" + DisksOf(15)) +
                             Group("c", "counter", ", arguments: [i]" + DisksOf(2)),
                         "", "{name: a, size: 64KiB}, {name: b, size: 1MiB}"));
    world.Run(20000000);
    EXPECT_STREQ(world.Report(0).state, "terminated");
    EXPECT_EQ(world.Report(0).exit_code, 0u) << "the entry of the guest's table";
    EXPECT_EQ(Observed(world, 0, "state"), std::vector<uint32_t>{ABI_VOLUME_ATTACHED});
    EXPECT_EQ(Observed(world, 0, "machine"), std::vector<uint32_t>{2});
    EXPECT_EQ(Observed(world, 0, "disk"), std::vector<uint32_t>{3});
    EXPECT_EQ(Observed(world, 0, "blocks"), std::vector<uint32_t>{256});
}
