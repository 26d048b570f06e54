/* Hosts: their digests, their accounts, and what their policies do to machines. */
#include <algorithm>

#include "host_load.h"

extern "C" {
#include <base/random.h>
}

namespace
{

const uint64_t kEnd_ns = 8000000;

struct emu_host_report HostReport(TestWorld &world, uint32_t host = 0)
{
    struct emu_host_report report;
    emu_world_host_report(world.get(), host, &report);
    return report;
}

struct emu_seat_report SeatReport(TestWorld &world, uint32_t node)
{
    struct emu_seat_report report;
    emu_world_seat_report(world.get(), node, &report);
    return report;
}

/* Hosts of every kind, with machines of two networks and of none. */
std::vector<std::string> Worlds()
{
    std::vector<std::string> worlds;
    const std::string costs = ", costs: {switch: 3us, crossing: 700ns, interrupt: 300ns, trap: "
                              "900ns, frame_send: 1us, frame_receive: 1us, copy: 2us}";
    const std::string restless = ", image: " + GuestPath("restless") + ", memory: 128KiB";
    for (const char *policy :
         {"", ", interrupts: immediate", ", idle: spin, processors: 2",
          ", interrupts: immediate, processors: 3, count: 2", ", processors: 2, memory: 700KiB",
          ", processors: 2, count: 2, period: 1ms",
          ", period: 1ms, woken: alternate, processors: 2",
          ", processors: 3, card: {rate: 50Mbit, send_queue: 3, receive_queue: 2}",
          ", processors: 2, card: {rate: 20Mbit, send_queue: 9}",
          ", card: {eager: true, receive_queue: 5}"}) {
        const bool reserves = std::string(policy).find("count: 2, period") != std::string::npos;
        const bool rings = std::string(policy).find("queue: 9") != std::string::npos;
        const bool caps = std::string(policy).find("woken") != std::string::npos;
        worlds.push_back(
            "general: {name: hosts, seed: 5, duration: 1s}\n"
            "networks:\n"
            "- {name: left, type: lan, latency: 20us}\n"
            "- {name: right, type: wan, delay: 1ms}\n"
            "hosts: [{name: box, cpu_hz: 300MHz, quantum: 50us" +
            std::string(policy) + costs +
            "}]\n"
            "groups:\n"
            "- {name: a" +
            restless + ", count: 5, network: left, host: box" + (reserves ? ", reserve: 20" : "") +
            "}\n"
            "- {name: alone" +
            restless +
            ", count: 2, network: left, cpu_hz: 70MHz}\n"
            "- {name: b" +
            restless + ", count: 4, network: right, host: box, arguments: [m]" +
            (reserves ? ", reserve: 7" : "") +
            "}\n"
            "- {name: c, image: " +
            GuestPath("spin") + ", memory: 128KiB, count: 2, network: none, host: box" +
            (caps ? ", weight: 3, limits: {processor_cap: 15}" : "") +
            "}\n"
            "- {name: far" +
            restless + ", count: 2, network: right, cpu_hz: 50MHz}\n" +
            (rings ? "- {name: rings, image: " + GuestPath("rings") +
                         ", memory: 128KiB, count: 3, network: left, host: box, card: pcnet}\n"
                   : ""));
    }
    return worlds;
}

uint64_t DigestOf(const std::string &yaml, const char *engine, uint32_t jobs)
{
    TestWorld world(yaml, engine, jobs);
    world.Run(kEnd_ns);
    return world.Digest();
}

} // namespace

TEST(Hosts, EnginesAndThreadsDoNotShow)
{
    for (const std::string &yaml : Worlds()) {
        SCOPED_TRACE(yaml);
        const uint64_t reference = DigestOf(yaml, nullptr, 1);
        for (const std::string &engine : EngineNames()) {
            EXPECT_EQ(DigestOf(yaml, engine.c_str(), 3), reference) << engine;
        }
    }
}

TEST(Hosts, HowTheRunIsCutDoesNotShow)
{
    struct random_stream random;
    random_init_seed(&random, 41);
    for (const std::string &yaml : Worlds()) {
        SCOPED_TRACE(yaml);
        const uint64_t whole = DigestOf(yaml, nullptr, 1);
        for (uint64_t longest_ns : {700u, 60000u, 900000u}) {
            TestWorld world(yaml);
            uint64_t now_ns = longest_ns < 1000 ? kEnd_ns - 1500000 : 0;
            world.Run(now_ns);
            while (now_ns < kEnd_ns) {
                now_ns = std::min(kEnd_ns, now_ns + 1 + random_below(&random, longest_ns));
                world.Run(now_ns);
            }
            EXPECT_EQ(world.Digest(), whole) << "pieces of at most " << longest_ns << " ns";
        }
    }
}

TEST(Hosts, SaveAndLoadAtARandomTimeDoNotShow)
{
    struct random_stream random;
    random_init_seed(&random, 43);
    for (const std::string &yaml : Worlds()) {
        SCOPED_TRACE(yaml);
        const uint64_t whole = DigestOf(yaml, nullptr, 1);
        for (int round = 0; round < 4; round++) {
            const uint64_t cut_ns = random_below(&random, kEnd_ns);
            TestWorld before(yaml);
            before.Run(cut_ns);
            const std::vector<uint8_t> state = before.Save();
            TestWorld after(yaml, nullptr, 1 + round % 2);
            after.Run(random_below(&random, kEnd_ns)); /* into one that is elsewhere */
            ASSERT_EQ(after.Load(state), STATUS_OK) << "cut at " << cut_ns;
            EXPECT_EQ(after.Save(), state);
            after.Run(kEnd_ns);
            EXPECT_EQ(after.Digest(), whole) << "cut at " << cut_ns;
        }
    }
}

/* A damaged state is refused, or is one that could have been: it runs on. */
TEST(Hosts, ADamagedStateHarmsNobody)
{
    const std::string yaml = Worlds()[5];
    TestWorld before(yaml);
    before.Run(3000000);
    const std::vector<uint8_t> state = before.Save();
    struct random_stream random;
    random_init_seed(&random, 47);
    uint32_t refused = 0;
    const size_t hosts_bytes = 2000; /* they are the end of it */
    for (int round = 0; round < 400; round++) {
        std::vector<uint8_t> damaged = state;
        const size_t at = damaged.size() - 1 - random_below(&random, hosts_bytes);
        damaged[at] ^= (uint8_t)(1 + random_below(&random, 255));
        TestWorld world(yaml);
        if (world.Load(damaged) == STATUS_OK) {
            world.Run(3200000);
            HostReport(world);
        } else {
            refused++;
        }
    }
    EXPECT_GT(refused, 80u);
}

TEST(Hosts, EveryNanosecondOfAProcessorIsSomebodys)
{
    struct random_stream random;
    random_init_seed(&random, 53);
    for (const std::string &yaml : Worlds()) {
        SCOPED_TRACE(yaml);
        TestWorld world(yaml);
        uint64_t now_ns = 0;
        uint64_t kernel_ns = 0;
        for (int round = 0; round < 60; round++) {
            now_ns += 1 + random_below(&random, 200000);
            world.Run(now_ns);
            for (uint32_t host = 0; host < emu_world_host_count(world.get()); host++) {
                const struct emu_host_report report = HostReport(world, host);
                EXPECT_EQ(report.total_ns, now_ns * report.processors);
                EXPECT_EQ(report.guest_ns + report.kernel_ns + report.idle_ns, report.total_ns);
                uint64_t guest_ns = 0;
                uint64_t on_behalf_ns = 0;
                uint64_t card_ns = 0;
                uint64_t card_bytes = 0;
                uint64_t port_accesses = 0;
                for (uint32_t node = 0; node < emu_world_node_count(world.get()); node++) {
                    const struct emu_seat_report seat = SeatReport(world, node);
                    guest_ns += seat.host == host ? seat.guest_ns : 0;
                    on_behalf_ns += seat.host == host ? seat.kernel_ns : 0;
                    card_ns += seat.host == host ? seat.card_ns : 0;
                    card_bytes += seat.host == host ? seat.card_bytes : 0;
                    port_accesses += seat.host == host ? seat.port_accesses : 0;
                    EXPECT_LE(seat.guest_ns + seat.kernel_ns + seat.waited_ns, now_ns + 20000);
                }
                EXPECT_EQ(guest_ns, report.guest_ns);
                EXPECT_EQ(card_ns, report.card_ns);
                EXPECT_EQ(card_bytes, report.card_bytes);
                EXPECT_EQ(port_accesses, report.port_accesses);
                EXPECT_EQ(on_behalf_ns, report.kernel_ns);
                kernel_ns += report.kernel_ns;
            }
        }
        EXPECT_GT(kernel_ns, 0u);
    }
}

/* With nobody to share with, no costs and nothing that waits, a host is a processor. */
TEST(Hosts, AMachineAloneOnAHostDoesWhatItDoesOnItsOwn)
{
    auto yaml = [](const std::string &place) {
        return "general: {name: alone, duration: 1s}\n"
               "networks: [{name: lan, type: lan, latency: 20us}]\n"
               "hosts: [{name: box, count: 4, cpu_hz: 50MHz, interrupts: immediate}]\n"
               "groups: [{name: r, image: " +
               GuestPath("restless") + ", memory: 128KiB, count: 4, network: lan, " + place +
               "}]\n";
    };
    TestWorld own(yaml("cpu_hz: 50MHz"));
    TestWorld host(yaml("host: box"));
    own.Run(kEnd_ns);
    host.Run(kEnd_ns);
    EXPECT_EQ(emu_world_process_count(own.get()), emu_world_process_count(host.get()));
    for (uint32_t node = 0; node < 4; node++) {
        EXPECT_EQ(own.Report(node).digest, host.Report(node).digest) << node;
        EXPECT_GT(own.Report(node).interrupts_delivered, 10u);
    }
}

TEST(Hosts, BatchedInterruptsTakeFewerCrossingsAndSwitches)
{
    auto run = [](const std::string &policy) {
        TestWorld world(HostLoad(9, 12, ", quantum: 100us, costs: {switch: 2us}" + policy));
        world.Run(kEnd_ns);
        uint64_t raised = 0;
        for (uint32_t node = 0; node < 12; node++) {
            raised += world.Report(node).interrupts_raised;
        }
        struct emu_host_report report = HostReport(world);
        report.nodes = (uint32_t)raised;
        return report;
    };
    const struct emu_host_report batched = run("");
    const struct emu_host_report immediate = run(", interrupts: immediate");
    EXPECT_LT(batched.crossings * 4, batched.nodes) << "of so many interrupts";
    EXPECT_LT(batched.switches * 100 / batched.nodes, immediate.switches * 100 / immediate.nodes);
    EXPECT_GT(batched.guest_ns, immediate.guest_ns) << "less is lost to switching";
}

TEST(Hosts, TheTrapsThatCostAreThePortAccessesAndTheIdlesThatWereCounted)
{
    TestWorld world(HostLoad(4, 6, ", costs: {trap: 1us}"));
    world.Run(kEnd_ns);
    uint64_t idles = 0;
    for (uint32_t node = 0; node < 6; node++) {
        idles += world.Report(node).wake_ups;
    }
    const struct emu_host_report report = HostReport(world);
    EXPECT_GT(report.port_accesses, 100u);
    /* An idle that returns at once is no wake-up; one trap may be under way. */
    EXPECT_GE(report.kernel_ns / 1000 + 1, report.port_accesses + idles);
    EXPECT_LE(report.kernel_ns / 1000, report.port_accesses + 2 * idles);
}

TEST(Hosts, SpinningMachinesLeaveNothingIdle)
{
    const std::string costs = ", quantum: 20us";
    TestWorld waits(HostLoad(3, 2, costs));
    TestWorld spins(HostLoad(3, 2, costs + ", idle: spin"));
    waits.Run(kEnd_ns);
    spins.Run(kEnd_ns);
    EXPECT_GT(HostReport(waits).idle_ns, kEnd_ns / 20);
    EXPECT_LT(HostReport(spins).idle_ns, kEnd_ns / 20) << "but for the start";
    EXPECT_EQ(spins.Report(0).wake_ups, 0u);
}

TEST(Hosts, AReservationIsKeptInEveryPeriodBesideMachinesThatNeverIdle)
{
    const uint64_t period_ns = 1000000;
    const std::string guest = ", image: " + GuestPath("spin") + ", memory: 128KiB, network: none";
    TestWorld world("general: {name: reserved, duration: 1s}\n"
                    "hosts: [{name: box, processors: 2, cpu_hz: 100MHz, quantum: 300us, "
                    "period: 1ms, costs: {switch: 5us}}]\n"
                    "groups:\n"
                    "- {name: batch, host: box, count: 9" +
                    guest +
                    "}\n"
                    "- {name: half, host: box, count: 2, reserve: 50" +
                    guest +
                    "}\n"
                    "- {name: third, host: box, count: 2, reserve: 33" +
                    guest + "}\n");
    uint64_t before_ns[13] = {};
    for (uint64_t period = 1; period <= 40; period++) {
        world.Run(period * period_ns);
        for (uint32_t node = 0; node < 13; node++) {
            const struct emu_seat_report seat = SeatReport(world, node);
            const uint64_t had_ns = seat.guest_ns + seat.kernel_ns - before_ns[node];
            before_ns[node] = seat.guest_ns + seat.kernel_ns;
            /* From the first whole period on; an instruction may reach into the next. */
            const uint64_t percent = node < 9 ? 0 : node < 11 ? 50 : 33;
            EXPECT_GE(had_ns + 20, percent * period_ns / 100)
                << "node " << node << ", period " << period;
        }
    }
    const struct emu_host_report report = HostReport(world);
    EXPECT_EQ(report.idle_ns, 0u);
    EXPECT_GT(SeatReport(world, 0).guest_ns, 0u) << "the others have what is left";
}

TEST(Hosts, ACapIsKeptOverTimeToTheLastNanosecondAndWeightsAreShares)
{
    const std::string guest =
        ", image: " + GuestPath("spin") + ", memory: 128KiB, network: none, host: box";
    TestWorld world("general: {name: capped, duration: 1s}\n"
                    "hosts: [{name: box, cpu_hz: 100MHz, quantum: 50us, period: 1ms, "
                    "costs: {switch: 5us}}]\n"
                    "groups:\n"
                    "- {name: capped, limits: {processor_cap: 10}" +
                    guest + "}\n- {name: one, weight: 1" + guest + "}\n- {name: three, weight: 3" +
                    guest + "}\n");
    for (uint64_t period = 1; period <= 50; period++) {
        world.Run(period * 1000000);
        const struct emu_seat_report capped = SeatReport(world, 0);
        /* A switch and an instruction may come on top, and are taken off later. */
        EXPECT_LE(capped.guest_ns + capped.kernel_ns, period * 100000 + 5010);
        EXPECT_GE(capped.guest_ns + capped.kernel_ns + 10, period * 100000);
    }
    const double one = (double)SeatReport(world, 1).guest_ns;
    EXPECT_NEAR((double)SeatReport(world, 2).guest_ns / one, 3.0, 0.05);
    EXPECT_EQ(HostReport(world).idle_ns, 0u);
}

TEST(Hosts, ACapHoldsEvenWhenNobodyElseWantsTheProcessor)
{
    TestWorld world("general: {name: capped, duration: 1s}\n"
                    "hosts: [{name: box, cpu_hz: 100MHz, quantum: 300us, period: 1ms}]\n"
                    "groups: [{name: capped, limits: {processor_cap: 25}, image: " +
                    GuestPath("spin") + ", memory: 128KiB, network: none, host: box}]\n");
    world.Run(10000000);
    EXPECT_NEAR((double)SeatReport(world, 0).guest_ns, 2500000, 20);
    EXPECT_NEAR((double)HostReport(world).idle_ns, 7500000, 20);
}

/* The published rule, and the bounded one. */
TEST(Hosts, ThoseThatIdleOftenMayStarveTheOthersUnlessTheyTakeTurns)
{
    auto spun_ns = [](const std::string &woken) {
        TestWorld world(HostLoad(4, 40, ", quantum: 50us" + woken,
                                 "}\n- {name: never, memory: 128KiB, network: none, host: box, "
                                 "image: " +
                                     GuestPath("spin")));
        world.Run(kEnd_ns);
        return SeatReport(world, 40).guest_ns;
    };
    EXPECT_GT(spun_ns(", woken: alternate"), 4 * spun_ns(""));
}

TEST(Hosts, WhoIsNotAdmittedIsQueuedAndDeafUntilThereIsRoom)
{
    TestWorld world(HostLoad(2, 3, ", memory: 256KiB", ", arguments: [m]"));
    world.Run(400000);
    EXPECT_STREQ(world.Report(2).state, "queued");
    EXPECT_EQ(world.Report(2).frames_received, 0u);
    EXPECT_EQ(HostReport(world).queued, 1u);
    world.Run(200000000);
    for (uint32_t node = 0; node < 3; node++) {
        EXPECT_STREQ(world.Report(node).state, "terminated") << node;
    }
}
