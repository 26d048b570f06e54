/* A host's supervisor: what its answers do, what its mistakes do not, and what its host tells. */
#include <tuple>

#include "host_watch.h"

extern "C" {
#include <devices/abi.h>
}

namespace
{

/* A supervisor, some machines that never idle, and some restless ones. */
std::string Supervised(const std::string &mode, const std::string &host = "",
                       const std::string &chief = "", uint32_t spinning = 3, uint32_t restless = 0)
{
    const std::string common = ", memory: 128KiB, host: box, image: ";
    std::string yaml = "general: {name: supervised, seed: 6, duration: 1s}\n"
                       "networks: [{name: lan, type: lan, latency: 20us}]\n"
                       "hosts: [{name: box, cpu_hz: 1GHz, quantum: 100us, answer: 30us, "
                       "costs: {switch: 1us, crossing: 500ns, trap: 200ns}" +
                       host +
                       "}]\n"
                       "groups:\n- {name: chief, network: none, supervisor: true, arguments: [" +
                       mode + "]" + chief + common + GuestPath("chief") + "}\n";
    if (spinning) {
        yaml += "- {name: s, network: none, count: " + std::to_string(spinning) + common +
                GuestPath("spin") + "}\n";
    }
    if (restless) {
        yaml += "- {name: r, network: lan, count: " + std::to_string(restless) + common +
                GuestPath("restless") + "}\n";
    }
    return yaml;
}

/* The loads of the tests of determinism. */
std::vector<std::string> Worlds()
{
    return {
        Supervised("r", "", "", 3, 8),
        Supervised("r", ", processors: 3, interrupts: immediate", "", 5, 8),
        Supervised("r", ", processors: 2, memory: 1MiB, card: {rate: 100Mbit}", "", 3, 8),
        /* With half of the memory that they want: some end, or start again, while they wait. */
        Supervised(
            "r",
            ", processors: 2, memory: 1088KiB, paging: {block: 4KiB, window: 300us, inactive: "
            "1ms}, disks: [{type: flash, size: 64MiB}]",
            "", 1, 3) +
            "- {name: p, network: none, count: 6, memory: 512KiB, host: box, image: " +
            GuestPath("roam") + ", arguments: [r]}\n",
        Supervised("l", ", processors: 2, period: 1ms", ", limits: {processor_cap: 5}", 4, 4) +
            "schedule:\n"
            "- {at: 1ms, action: pause, group: s, index: 1}\n"
            "- {at: 2ms, action: destroy, group: s, index: 0}\n"
            "- {at: 2ms, action: cap, group: r, value: 10}\n"
            "- {at: 3ms, action: resume, group: s}\n"
            "- {at: 3ms, action: start, group: s, index: 0}\n"
            "- {at: 3500us, action: weight, group: s, index: 1, value: 3}\n",
    };
}

} // namespace

TEST(HostSupervisor, ItsAnswerIsFollowed)
{
    TestWorld world(Supervised("l"));
    HostTrace trace;
    emu_hosts_watch(world.get(), HostTrace::Watch, &trace);
    world.Run(20000000);
    EXPECT_STREQ(world.Report(0).state, "idle");
    /* In each question the last of three; who ran last is that. */
    EXPECT_GT(trace.Count(EMU_HOST_ANSWER), 50u);
    EXPECT_EQ(trace.Count(EMU_HOST_ANSWER), trace.Count(EMU_HOST_ASK));
    for (size_t i = 0; i < trace.notes.size(); i++) {
        if (trace.notes[i].act == EMU_HOST_ANSWER) {
            ASSERT_LT(i + 1, trace.notes.size());
            EXPECT_EQ(trace.notes[i + 1].act, EMU_HOST_DISPATCH);
            EXPECT_EQ(trace.notes[i + 1].node, trace.notes[i].node);
        }
        if (trace.notes[i].act == EMU_HOST_ASK) {
            size_t next = i + 1;
            while (next < trace.notes.size() && trace.notes[next].act != EMU_HOST_DISPATCH) {
                next++;
            }
            ASSERT_LT(next, trace.notes.size());
            EXPECT_EQ(trace.notes[next].node, 0u);
            EXPECT_EQ(trace.notes[next].time_ns, trace.notes[i].time_ns);
        }
    }
    const uint64_t favoured =
        std::max(SeatReport(world, 1).guest_ns, SeatReport(world, 3).guest_ns);
    EXPECT_GT(favoured, 15000000u) << "who has had a slice is last, and chosen again";
    EXPECT_LT(SeatReport(world, 2).guest_ns +
                  std::min(SeatReport(world, 1).guest_ns, SeatReport(world, 3).guest_ns),
              1000000u);
}

TEST(HostSupervisor, AWrongAnswerOrNoneLeavesTheKernelsRuleAndCostsWhatItMay)
{
    for (const char *mode : {"w", "s"}) {
        SCOPED_TRACE(mode);
        TestWorld world(Supervised(mode));
        HostTrace trace;
        emu_hosts_watch(world.get(), HostTrace::Watch, &trace);
        world.Run(20000000);
        EXPECT_TRUE(world.Report(0).state != std::string("terminated"))
            << world.Report(0).exit_code;
        EXPECT_GT(trace.Count(EMU_HOST_ASK), 50u);
        EXPECT_EQ(trace.Count(EMU_HOST_ANSWER), 0u);
        uint64_t least_ns = UINT64_MAX;
        uint64_t most_ns = 0;
        for (uint32_t node = 1; node <= 3; node++) {
            least_ns = std::min(least_ns, SeatReport(world, node).guest_ns);
            most_ns = std::max(most_ns, SeatReport(world, node).guest_ns);
        }
        EXPECT_GT(least_ns, 3000000u);
        EXPECT_LT(most_ns - least_ns, 500000u) << "round robin";
        /* 30 us and its switch of each 100 us and some, at most, and its own turns. */
        EXPECT_LT(SeatReport(world, 0).guest_ns + SeatReport(world, 0).kernel_ns, 9000000u);
    }
}

TEST(HostSupervisor, OneThatEndsOrIsAtItsCapIsNotAskedAndTheHostGoesOn)
{
    TestWorld world(Supervised("s", ", period: 1ms", ", limits: {processor_cap: 2}"));
    world.Run(20000000);
    EXPECT_LE(SeatReport(world, 0).guest_ns + SeatReport(world, 0).kernel_ns, 20 * 20000u + 40000u);
    EXPECT_GT(SeatReport(world, 1).guest_ns, 6000000u);
}

TEST(HostSupervisor, EnginesThreadsAndCutsDoNotShow)
{
    for (const std::string &yaml : Worlds()) {
        ExpectOneDigest(yaml, 6000000, 59);
    }
}

/* A machine with a reservation, started or resumed from another processor, must not take its own
 * from one that may be ahead of that moment: how far depends on how the run is cut. */
TEST(HostSupervisor, WhoItStartsRobsNobodyOnAnotherProcessor)
{
    for (uint32_t seed : {8, 11}) {
        const std::string guest = ", memory: 128KiB, host: box, image: ";
        const std::string yaml =
            "general: {name: ahead, seed: " + std::to_string(seed) +
            ", duration: 1s}\nnetworks: [{name: lan, type: lan, latency: 900us}]\n"
            "hosts: [{name: box, cpu_hz: 1GHz, processors: 2, period: 1ms, quantum: 100us, answer: "
            "30us, costs: {switch: 1us, crossing: 500ns, trap: 200ns}}]\n"
            "groups:\n- {name: chief, network: none, supervisor: true, arguments: [r]" +
            guest + GuestPath("chief") + "}\n- {name: s, network: none, count: 2" + guest +
            GuestPath("spin") + "}\n- {name: r, network: lan, count: 4" + guest +
            GuestPath("restless") + "}\n- {name: g, network: lan, count: 8, reserve: 20" + guest +
            GuestPath("restless") + "}\n";
        ExpectOneDigest(yaml, 8000000, 5);
    }
}

TEST(HostSupervisor, TheAccountIsExactWhateverItDoes)
{
    for (const std::string &yaml : Worlds()) {
        SCOPED_TRACE(yaml);
        TestWorld world(yaml);
        HostTrace trace;
        emu_hosts_watch(world.get(), HostTrace::Watch, &trace);
        for (uint64_t now_ns = 77777; now_ns < 6000000; now_ns += 77777) {
            world.Run(now_ns);
            ExpectExactAccount(world);
        }
        EXPECT_GT(trace.Count(EMU_HOST_ANSWER), 10u);
        EXPECT_GT(trace.Count(EMU_HOST_DESTROY), 0u);
    }
}

TEST(HostSupervisor, ADamagedStateHarmsNobody)
{
    EXPECT_GT(RefusedWhenDamaged(Worlds()[1], 61, 300, 4000), 30u);
}

TEST(HostSupervisor, NewsThatWouldWaitForEverIsRefusedWithItsState)
{
    for (const std::string &yaml : Worlds()) {
        uint64_t end_ns = 0; /* until the supervisor has no processor */
        TestWorld world(yaml);
        do {
            end_ns += 10000;
            world.Run(end_ns);
        } while (emu_seat_occupies(emu_world_host(world.get(), 0)->policy.supervisor));
        ExpectRefusedIfDamaged(yaml, end_ns, [](emu_host *host) { host->policy.news = true; });
    }
}

TEST(HostSupervisor, TheSchedulePausesResumesDestroysAndStarts)
{
    const std::string guest = ", memory: 128KiB, network: none, host: box, image: ";
    TestWorld world("general: {name: scheduled, duration: 1s}\n"
                    "hosts: [{name: box, cpu_hz: 100MHz, quantum: 100us, period: 1ms, "
                    "memory: 256KiB}]\n"
                    "groups:\n- {name: a" +
                    guest + GuestPath("spin") + "}\n- {name: b" + guest + GuestPath("spin") +
                    "}\n- {name: c, start: 500ms" + guest + GuestPath("spin") +
                    "}\n"
                    "schedule:\n"
                    "- {at: 2ms, action: pause, group: a}\n"
                    "- {at: 4ms, action: resume, group: a}\n"
                    "- {at: 4ms, action: weight, group: a, value: 3}\n"
                    "- {at: 8ms, action: destroy, group: b}\n"
                    "- {at: 9ms, action: start, group: c, index: 0}\n"
                    "- {at: 10ms, action: cap, group: c, value: 10}\n"
                    "- {at: 14ms, action: start, group: b}\n");
    auto had_ns = [&](uint32_t node) { return SeatReport(world, node).guest_ns; };
    world.Run(2100000);
    const uint64_t paused_ns = had_ns(0);
    EXPECT_NEAR((double)paused_ns, 1000000, 110000);
    world.Run(4000000);
    EXPECT_EQ(had_ns(0), paused_ns);
    EXPECT_NEAR((double)had_ns(1), 3000000, 110000);
    world.Run(8000000);
    EXPECT_NEAR((double)(had_ns(0) - paused_ns), 3000000, 310000);
    world.Run(8500000);
    EXPECT_STREQ(world.Report(1).state, "destroyed");
    EXPECT_STREQ(world.Report(2).state, "off");
    world.Run(9500000);
    EXPECT_STREQ(world.Report(2).state, "running");
    world.Run(11000000);
    const uint64_t capped_ns = had_ns(2);
    world.Run(14000000);
    EXPECT_NEAR((double)(had_ns(2) - capped_ns), 300000, 1000);
    EXPECT_STREQ(world.Report(1).state, "destroyed");
    world.Run(15000000);
    EXPECT_STREQ(world.Report(1).state, "queued") << "the other two have the memory";
}

TEST(HostSupervisor, ACapCountsFromWhenItIsSet)
{
    const std::string guest = ", memory: 128KiB, network: none, host: box, image: ";
    /* Alone, it has had the processor since the beginning when it is given its cap. */
    TestWorld world("general: {name: capped, duration: 1s}\n"
                    "hosts: [{name: box, cpu_hz: 100MHz, quantum: 5ms, period: 10ms}]\n"
                    "groups:\n- {name: a" +
                    guest + GuestPath("spin") +
                    "}\n"
                    "schedule:\n"
                    "- {at: 4ms, action: cap, group: a, value: 20}\n"
                    "- {at: 80ms, action: cap, group: a, value: 0}\n"
                    "- {at: 89ms, action: cap, group: a, value: 20}\n");
    world.Run(10000000);
    EXPECT_EQ(SeatReport(world, 0).guest_ns, 6000000u) << "its slice, and then what its cap leaves";
    for (uint64_t ms = 20; ms <= 80; ms += 10) {
        world.Run(ms * 1000000);
        EXPECT_EQ(SeatReport(world, 0).guest_ns, 6000000u + (ms / 10 - 1) * 2000000) << ms;
    }
    world.Run(89000000);
    const uint64_t had_ns = SeatReport(world, 0).guest_ns;
    world.Run(90000000);
    EXPECT_EQ(SeatReport(world, 0).guest_ns, had_ns + 1000000) << "so much of a slice is left";
    world.Run(100000000);
    EXPECT_EQ(SeatReport(world, 0).guest_ns, had_ns + 4000000) << "what two periods give";
}

TEST(HostSupervisor, WhoIsDestroyedAtTheGateNoLongerKeepsTheOthersOut)
{
    const std::string guest =
        ", network: none, host: box, image: " + GuestPath("spin") + ", memory: ";
    TestWorld world("general: {name: gate, duration: 1s}\n"
                    "hosts: [{name: box, cpu_hz: 100MHz, memory: 512KiB}]\n"
                    "groups:\n- {name: a" +
                    guest + "256KiB}\n- {name: large" + guest + "512KiB}\n- {name: small" + guest +
                    "128KiB}\n"
                    "schedule:\n"
                    "- {at: 4ms, action: destroy, group: large}\n");
    world.Run(4000000);
    EXPECT_STREQ(world.Report(1).state, "queued");
    EXPECT_STREQ(world.Report(2).state, "queued") << "nobody overtakes";
    world.Run(4100000);
    EXPECT_STREQ(world.Report(1).state, "destroyed");
    EXPECT_STREQ(world.Report(2).state, "running");
}

/* A cap's period, and the moment from which it counts, lie in the past. */
TEST(HostSupervisor, AStateWhoseCapBeginsLaterIsRefused)
{
    const std::string yaml = Supervised("w", ", period: 1ms", ", limits: {processor_cap: 2}");
    TestWorld world(yaml);
    world.Run(3000000);
    const std::vector<uint8_t> state = world.Save();
    /* Of the supervisor: no period of a reservation, nothing left of it, the period of its cap. */
    std::vector<uint8_t> mark(8, 0xff);
    mark.insert(mark.end(), 8, 0);
    mark.insert(mark.end(), {1, 0, 0, 0, 0, 0, 0, 0});
    const auto found = std::search(state.begin(), state.end(), mark.begin(), mark.end());
    ASSERT_NE(found, state.end());
    const size_t period = (size_t)(found - state.begin()) + 16;
    const size_t since = period + 16; /* behind what it used */
    for (const auto &[at, byte, good] : std::vector<std::tuple<size_t, uint8_t, bool>>{
             {period, 3, true}, {period, 4, false}, {since, 1, true}, {since + 7, 1, false}}) {
        std::vector<uint8_t> changed = state;
        changed[at] = byte;
        TestWorld other(yaml);
        EXPECT_EQ(other.Load(changed) == STATUS_OK, good) << at - period << " " << (int)byte;
    }
}
