/* Volumes of hosts: disks that machines are given and lose again, by the schedule and by a
 * supervisor. */
#include "host_watch.h"

#include <map>
#include <set>

extern "C" {
#include <devices/abi.h>
}

namespace
{

std::string Host(const std::string &groups, const std::string &schedule,
                 const std::string &volumes = "{name: v, count: 2, size: 64KiB}",
                 const std::string &host = "", uint32_t disks = 1)
{
    return "general: {name: volumes, seed: 6, duration: 1s}\n"
           "hosts: [{name: box, cpu_hz: 1GHz, quantum: 100us, disks: [{count: " +
           std::to_string(disks) +
           ", type: flash, size: 64MiB, "
           "overhead: 1us, rate: 8Gbit, read: 10us, write: 20us}], volumes: [" +
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

/* A supervisor that gives and takes volumes at random, among machines that use what they have. */
std::vector<std::string> Worlds()
{
    const std::string groups =
        Group("w", "warden", ", supervisor: true, arguments: [a]" + DisksOf(1)) +
        Group("t", "tenant", ", count: 3, arguments: [r]") +
        Group("u", "tenant", ", arguments: [r]" + DisksOf(13)) + Group("c", "tenant", ", count: 2");
    const std::string volumes = "{name: v, count: 6, size: 64KiB}, {name: x, size: 32KiB}";
    const std::string costs = ", costs: {switch: 1us, trap: 200ns, disk: 500ns, crossing: 300ns}";
    std::string schedule;
    for (int ms = 1; ms < 6; ms++) {
        const std::string at = "- {at: " + std::to_string(ms);
        schedule += at + "010us, action: attach, group: t, index: 0, value: 0}\n" + at +
                    "010us, action: attach, group: t, index: 1, value: 1}\n" + at +
                    "010us, action: attach, group: s, index: 0, value: 2}\n" + at +
                    "500us, action: detach, group: t, value: 0}\n" + at +
                    "500us, action: attach, group: t, index: 2, value: 0}\n" + at +
                    "700us, action: detach, group: s, value: 2}\n" + at +
                    "800us, action: destroy, group: t, index: 2}\n" + at +
                    "900us, action: detach, group: t, value: 0}\n" + at +
                    "910us, action: start, group: t}\n" + at +
                    "950us, action: detach, group: t, value: 1}\n";
    }
    return {
        Host(groups, "", volumes, costs),
        Host(groups + Group("s", "spin"), "", volumes,
             costs + ", processors: 3, interrupts: immediate"),
        Host(groups + Group("p", "roam",
                            ", limits: {memory_floor: 32KiB}, "
                            "disks: [{name: d, size: 64KiB, on_host: true}]"),
             "", volumes,
             costs + ", processors: 2, memory: 768KiB, minimum_free: 64KiB, "
                     "paging: {block: 8KiB, window: 300us, inactive: 1ms}"),
        Host(Group("t", "tenant", ", count: 3, arguments: [r]") + Group("s", "spin", ", count: 2"),
             schedule, volumes, costs + ", processors: 2"),
    };
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
    EXPECT_EQ(SeatReport(world, 0).paging.disk_operations, 4u) << "the host's disk served it, too";
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
        }
    }
    EXPECT_EQ(acts, (std::vector<std::pair<emu_host_act, uint32_t>>{
                        {EMU_HOST_ATTACH, 0}, {EMU_HOST_DETACH, 0}, {EMU_HOST_ATTACH, 1}}))
        << "while it was coming or leaving nobody else was given it; taken back in time it never "
           "came";
    EXPECT_EQ(Observed(world, 1, "disks"), (std::vector<uint32_t>{0, 1}));
}

TEST(HostVolumes, TheirRequestsKeepToTheRateOfTheirMachinesDisks)
{
    TestWorld world(
        Host(Group("t", "tenant", ", limits: {disk_rate: 16Mbit}"), /* 2048 us a block */
             "- {at: 1ms, action: attach, group: t, value: 0}\n"
             "- {at: 20ms, action: detach, group: t, value: 0}\n"));
    world.Run(20000000);
    const uint64_t moved = world.Report(0).disk_reads + world.Report(0).disk_writes;
    EXPECT_GE(moved, 8u);
    EXPECT_LE(moved, 19000u / 2048 + 1);
    world.Run(30000000);
    EXPECT_EQ(Observed(world, 0, "failed"), std::vector<uint32_t>{ABI_DISK_NO_BLOCK});
    EXPECT_EQ(world.Report(0).disk_reads + world.Report(0).disk_writes, moved);
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
                         "", "{name: a, size: 64KiB}, {name: b, size: 1MiB}", "", 2));
    world.Run(20000000);
    EXPECT_STREQ(world.Report(0).state, "terminated");
    EXPECT_EQ(world.Report(0).exit_code, 0u) << "the entry of the guest's table";
    EXPECT_EQ(Observed(world, 0, "state"), std::vector<uint32_t>{ABI_VOLUME_ATTACHED});
    EXPECT_EQ(Observed(world, 0, "machine"), std::vector<uint32_t>{2});
    EXPECT_EQ(Observed(world, 0, "disk"), std::vector<uint32_t>{3});
    EXPECT_EQ(Observed(world, 0, "host_disk"), std::vector<uint32_t>{1}) << "most room is there";
    EXPECT_EQ(Observed(world, 0, "blocks"), std::vector<uint32_t>{256});
}

TEST(HostVolumes, EnginesThreadsCutsAndSavedStatesDoNotShow)
{
    uint64_t seed = 131;
    for (const std::string &yaml : Worlds()) {
        TestWorld world(yaml);
        HostTrace trace;
        emu_hosts_watch(world.get(), HostTrace::Watch, &trace);
        world.Run(6000000);
        EXPECT_GT(trace.Count(EMU_HOST_ATTACH), 5u) << yaml;
        EXPECT_GT(trace.Count(EMU_HOST_DETACH), 4u) << yaml;
        EXPECT_GT(world.Report(1).disk_reads + world.Report(1).disk_writes, 5u);
        ExpectExactAccount(world);
        ExpectOneDigest(yaml, 6000000, seed++);
    }
}

TEST(HostVolumes, AVolumeIsOneMachinesAtMostAndComesBeforeItGoes)
{
    for (const std::string &yaml : Worlds()) {
        TestWorld world(yaml);
        HostTrace trace;
        emu_hosts_watch(world.get(), HostTrace::Watch, &trace);
        world.Run(8000000);
        std::map<uint32_t, std::pair<uint32_t, uint32_t>> owners;
        std::set<std::pair<uint32_t, uint32_t>> numbers; /* of a node's disks */
        for (const auto &note : trace.notes) {
            const auto volume = (uint32_t)(note.detail >> 32);
            const std::pair place(note.node, (uint32_t)note.detail);
            if (note.act == EMU_HOST_ATTACH) {
                EXPECT_TRUE(owners.emplace(volume, place).second) << "it was somebody's";
                EXPECT_TRUE(numbers.insert(place).second) << "there was one of that number";
                EXPECT_LT(place.second, ABI_DISKS_MAX);
            } else if (note.act == EMU_HOST_DETACH) {
                ASSERT_EQ(owners.count(volume), 1u);
                EXPECT_EQ(owners[volume], place);
                owners.erase(volume);
                numbers.erase(place);
            }
        }
    }
}

TEST(HostVolumes, ASnapshotOfTheWorldHasWhatTheyHoldAndWhoseTheyAre)
{
    for (const std::string &yaml : {Worlds()[1], Worlds()[2]}) {
        TestWorld whole(yaml);
        whole.Run(8000000);
        TestWorld world(yaml);
        world.Run(2200000);
        struct emu_snapshot *snapshot = emu_world_snapshot(world.get());
        const std::vector<uint8_t> state = world.Save();
        world.Run(6000000);
        struct error error = ERROR_INIT;
        ASSERT_EQ(emu_world_restore(world.get(), snapshot, &error), STATUS_OK) << error.message;
        emu_snapshot_destroy(snapshot);
        EXPECT_EQ(world.Save(), state);
        world.Run(8000000);
        EXPECT_EQ(world.Digest(), whole.Digest());
    }
}

TEST(HostVolumes, ASnapshotOfAMachineDoesNotHaveThem)
{
    TestWorld world(Host(Group("t", "tenant", ", count: 2, start: 900us"),
                         "- {at: 1ms, action: attach, group: t, index: 0, value: 0}\n"
                         "- {at: 1500us, action: pause, group: t, index: 0}\n"
                         "- {at: 1600us, action: detach, group: t, index: 0, value: 0}\n"
                         "- {at: 1700us, action: resume, group: t, index: 0}\n"
                         "- {at: 1900us, action: snapshot, group: t, index: 0, value: 0}\n"
                         "- {at: 1950us, action: attach, group: t, index: 0, value: 0}\n"
                         "- {at: 1950us, action: attach, group: t, index: 1, value: 1}\n"
                         "- {at: 2500us, action: destroy, group: t, index: 0}\n"
                         "- {at: 2600us, action: start_from, group: t, index: 0, value: 0}\n",
                         "{name: v, count: 2, size: 64KiB}",
                         ", snapshots: {count: 1, size: 1MiB}"));
    HostTrace trace;
    emu_hosts_watch(world.get(), HostTrace::Watch, &trace);
    world.Run(3000000);
    ASSERT_EQ(trace.Count(EMU_HOST_SNAPSHOT), 1u);
    ASSERT_EQ(trace.Count(EMU_HOST_RESTART), 1u);
    const auto counts = Observed(world, 0, "count");
    for (size_t i = 1; i < counts.size(); i++) {
        EXPECT_GE(counts[i], counts[i - 1]) << "what it had written since is there";
    }
    EXPECT_GT(counts.size(), 15u);
}

TEST(HostVolumes, ADamagedStateHarmsNobody)
{
    for (const std::string &yaml : {Worlds()[1], Worlds()[2]}) {
        EXPECT_GT(RefusedWhenDamaged(yaml, 137, 150, 3000) +
                      RefusedWhenDamaged(yaml, 139, 100, 1u << 20),
                  5u);
    }
}

TEST(HostVolumes, AStateOfOtherVolumesIsRefused)
{
    auto state_of = [](const std::string &volumes) {
        return Host(Group("t", "tenant"), "", volumes);
    };
    TestWorld world(state_of("{name: v, count: 2, size: 64KiB}"));
    world.Run(1000000);
    const std::vector<uint8_t> state = world.Save();
    for (const char *other : {"{name: v, count: 3, size: 64KiB}", "{name: v, size: 64KiB}",
                              "{name: v, count: 2, size: 68KiB}"}) {
        TestWorld into(state_of(other));
        EXPECT_EQ(into.Load(state), STATUS_CORRUPT) << other;
    }
}

/* The record of the first volume, which is its last volume's too: state, and if it is somebody's
 * the machine and the number of the disk there. */
TEST(HostVolumes, AStateInWhichTwoWouldBeOneDiskOrNobodysIsRefused)
{
    const std::string yaml =
        Host(Group("t", "tenant", ", count: 2" + DisksOf(2)) + Group("s", "spin"),
             "- {at: 1ms, action: attach, group: t, index: 0, value: 0}\n"
             "- {at: 1ms, action: attach, group: t, index: 0, value: 1}\n",
             "{name: v, count: 2, size: 4KiB}");
    TestWorld world(yaml);
    world.Run(1001000); /* before anything is written */
    const std::vector<uint8_t> state = world.Save();
    const std::vector<uint8_t> end(8, 0xff);
    std::vector<uint8_t> record = {ABI_VOLUME_ATTACHED, 0, 0, 0, 0, 2, 0, 0, 0};
    record.insert(record.end(), end.begin(), end.end());
    std::vector<uint8_t> both = record;
    both.insert(both.end(), record.begin(), record.end());
    both[record.size() + 5] = 3;
    const auto found = std::search(state.begin(), state.end(), both.begin(), both.end());
    ASSERT_NE(found, state.end());
    const auto at = (size_t)(found - state.begin());
    TestWorld good(yaml);
    EXPECT_EQ(good.Load(state), STATUS_OK);
    const std::vector<std::pair<size_t, uint8_t>> changes = {
        {0, 0},                      /* no state */
        {0, ABI_VOLUME_LEAVING + 1}, /* nor this */
        {0, ABI_VOLUME_COMING},      /* for what does it wait? */
        {0, ABI_VOLUME_LEAVING},     /* the same */
        {1, 3},                      /* there is no such machine */
        {5, 1},                      /* that is the machine's own disk */
        {5, 3},                      /* that is the other volume */
        {5, ABI_DISKS_MAX},          /* past the last */
        {9, 1},                      /* a block past the last, and no room for it */
    };
    for (const auto &[offset, value] : changes) {
        std::vector<uint8_t> bad = state;
        bad[at + offset] = value;
        TestWorld into(yaml);
        EXPECT_EQ(into.Load(bad), STATUS_CORRUPT) << offset << " " << (int)value;
    }
}
