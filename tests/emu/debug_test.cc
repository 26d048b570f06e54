/*
 * A debugged world: stops are exact, backwards is where forwards was, and nothing that anybody
 * looks at or does but a write changes what the world comes to.
 */
#include <algorithm>
#include <cstring>

#include "world_fixture.h"

extern "C" {
#include <base/random.h>
#include <base/time.h>
#include <emu/debug.h>
}

namespace
{

constexpr uint64_t kEnd_ns = 20000000;

/* Two LANs that differ, machines that talk for ever, and one that knows nobody. */
std::string Chatter()
{
    std::string group =
        ", image: " + GuestPath("chatter") + ", memory: 1MiB, cpu_hz: 20MHz, count: 3, ";
    return "general: {name: chatter, seed: 7, duration: 1s}\n"
           "networks:\n"
           "- {name: left, type: lan, latency: 20us, rate: 100Mbit}\n"
           "- {name: right, type: lan, latency: 2ms, rate: 10Mbit}\n"
           "groups:\n"
           "- {name: a" +
           group +
           "network: left, spread: 1ms}\n"
           "- {name: b" +
           group +
           "network: right, spread: 1ms}\n"
           "- {name: c, image: " +
           GuestPath("spin") + ", memory: 128KiB, cpu_hz: 1MHz, count: 2, network: none}\n";
}

/* A world and a session in it. */
class Session
{
  public:
    explicit Session(const std::string &yaml, uint32_t node = 0, uint64_t at_ns = 0,
                     uint64_t end_ns = kEnd_ns, const char *engine = nullptr, uint32_t jobs = 1,
                     uint64_t history_bytes = 0)
        : world(yaml, engine, jobs)
    {
        struct emu_debug_options options = {};
        options.node = node;
        options.at_ns = at_ns;
        options.end_ns = end_ns;
        options.history_bytes = history_bytes;
        struct error error = ERROR_INIT;
        EXPECT_EQ(emu_debug_create(world.get(), &options, &debug, &error), STATUS_OK)
            << error.message;
    }

    ~Session()
    {
        emu_debug_destroy(debug);
    }

    Session(const Session &) = delete;
    Session &operator=(const Session &) = delete;

    struct emu_debug_stop Resume(enum emu_debug_direction direction, bool step)
    {
        struct emu_debug_stop stop = {};
        struct error error = ERROR_INIT;
        struct emu_debug_span span = {step, 0, 0};
        EXPECT_EQ(emu_debug_resume(debug, direction, span, &stop, &error), STATUS_OK)
            << error.message;
        return stop;
    }

    enum emu_debug_stop_kind Step()
    {
        return Resume(EMU_DEBUG_FORWARD, true).kind;
    }
    enum emu_debug_stop_kind Back()
    {
        return Resume(EMU_DEBUG_BACKWARD, true).kind;
    }
    enum emu_debug_stop_kind Continue()
    {
        return Resume(EMU_DEBUG_FORWARD, false).kind;
    }
    enum emu_debug_stop_kind BackContinue()
    {
        return Resume(EMU_DEBUG_BACKWARD, false).kind;
    }

    void Goto(uint64_t time_ns)
    {
        struct emu_debug_stop stop = {};
        struct error error = ERROR_INIT;
        EXPECT_EQ(emu_debug_goto(debug, time_ns, &stop, &error), STATUS_OK) << error.message;
    }

    /* The rest of the run, without the session. */
    uint64_t DigestAtEnd()
    {
        emu_debug_destroy(debug);
        debug = nullptr;
        world.Run(kEnd_ns);
        return world.Digest();
    }

    /* Where the debugged node is and what it holds, as text that compares. */
    std::string State() const
    {
        uint32_t node = emu_debug_node(debug);
        const struct vcpu *cpu = emu_debug_cpu(debug, node);
        struct emu_position at = emu_debug_position(debug);
        std::string text = std::to_string(at.retired) + "+" + std::to_string(at.delivered) + " " +
                           std::to_string(cpu->cycles);
        for (uint32_t reg : cpu->gpr) {
            text += " " + std::to_string(reg);
        }
        uint8_t memory[0x3000];
        EXPECT_TRUE(emu_debug_read(debug, node, 0x11000, memory, sizeof memory));
        uint64_t sum = 0;
        for (uint8_t byte : memory) {
            sum = sum * 31 + byte;
        }
        return text + " " + std::to_string(cpu->eip) + " " + std::to_string(cpu->eflags) + " " +
               std::to_string(sum);
    }

    struct emu_position At() const
    {
        return emu_debug_position(debug);
    }

    TestWorld world;
    struct emu_debug *debug = nullptr;
};

uint64_t Undisturbed(uint32_t jobs = 1)
{
    TestWorld world(Chatter(), nullptr, jobs);
    world.Run(kEnd_ns);
    return world.Digest();
}

TEST(Debug, BackwardsEveryStepIsWhereForwardsItWas)
{
    /* Busy, idle and interrupted alike. */
    for (const char *guest : {"chatter", "interrupts", "disks"}) {
        std::string yaml = OneMachine(guest);
        if (std::string(guest) == "disks") {
            yaml = "general: {name: test, duration: 100s}\n"
                   "groups: [{name: m, image: " +
                   GuestPath(guest) +
                   ", count: 1, network: none, memory: 1MiB, cpu_hz: 20MHz, "
                   "disks: [{name: d, size: 64KiB}]}]\n";
        }
        Session session(yaml, 0, 0, 10000000000);
        std::vector<std::string> states = {session.State()};
        for (int i = 0; i < 1500; i++) {
            enum emu_debug_stop_kind kind = session.Step();
            if (kind != EMU_DEBUG_STEPPED) {
                break;
            }
            states.push_back(session.State());
        }
        ASSERT_GT(states.size(), 100u) << guest;
        std::string last = session.State();
        if (last != states.back()) {
            states.push_back(last); /* it ended with this step */
        }
        for (size_t i = states.size() - 1; i-- > 0;) {
            ASSERT_EQ(session.Back(), EMU_DEBUG_STEPPED) << guest << ", step " << i;
            ASSERT_EQ(session.State(), states[i]) << guest << ", step " << i;
        }
        EXPECT_TRUE(emu_debug_in_past(session.debug));
        EXPECT_EQ(session.Back(), EMU_DEBUG_BEGIN);
        EXPECT_EQ(session.State(), states[0]);
        /* And forwards again, through its past and beyond. */
        for (size_t i = 1; i < states.size(); i++) {
            session.Step();
            ASSERT_EQ(session.State(), states[i]) << guest << ", step " << i;
        }
        EXPECT_FALSE(emu_debug_in_past(session.debug));
    }
}

TEST(Debug, InterruptsAreSteppedThroughBothWays)
{
    Session session(OneMachine("interrupts"), 0, 0, 10000000000);
    while (session.At().delivered == 0) {
        ASSERT_EQ(session.Step(), EMU_DEBUG_STEPPED);
    }
    struct emu_position after = session.At();
    uint32_t handler = emu_debug_cpu(session.debug, 0)->eip;
    ASSERT_EQ(session.Back(), EMU_DEBUG_STEPPED);
    EXPECT_EQ(session.At().retired, after.retired) << "a delivery retires nothing";
    EXPECT_EQ(session.At().delivered, 0u);
    EXPECT_NE(emu_debug_cpu(session.debug, 0)->eip, handler);
    ASSERT_EQ(session.Step(), EMU_DEBUG_STEPPED);
    EXPECT_EQ(emu_debug_cpu(session.debug, 0)->eip, handler);
}

/* Goes about in a world by chance: steps, breakpoints, watchpoints, back, to times, other nodes. */
void Wander(Session &session, uint64_t seed, int moves)
{
    struct random_stream random;
    random_init_seed(&random, seed);
    for (int i = 0; i < moves; i++) {
        uint32_t eip = emu_debug_cpu(session.debug, emu_debug_node(session.debug))->eip;
        struct emu_watch watch = {0x13000 + (uint32_t)random_below(&random, 0x80), 4, false, true};
        switch (random_below(&random, 9)) {
        case 0:
        case 1:
            session.Step();
            break;
        case 2:
        case 3:
            session.Back();
            break;
        case 4:
            emu_debug_breakpoint_add(session.debug, eip);
            session.Continue();
            emu_debug_breakpoint_remove(session.debug, eip);
            break;
        case 5:
            emu_debug_breakpoint_add(session.debug, eip);
            session.BackContinue();
            emu_debug_breakpoint_remove(session.debug, eip);
            break;
        case 6:
            emu_debug_watch_add(session.debug, &watch);
            session.Resume(i % 2 ? EMU_DEBUG_FORWARD : EMU_DEBUG_BACKWARD, false);
            emu_debug_watch_remove(session.debug, &watch);
            break;
        case 7:
            session.Goto(random_below(&random, kEnd_ns));
            break;
        default:
            emu_debug_node_set(session.debug, (uint32_t)random_below(&random, 6));
        }
    }
}

TEST(Debug, AWorldThatWasDebuggedEndsWithTheDigestOfOneThatWasNot)
{
    uint64_t digest = Undisturbed();
    for (uint64_t seed = 1; seed <= 6; seed++) {
        Session session(Chatter(), (uint32_t)seed % 8, seed % 19 * 1000000, kEnd_ns, nullptr,
                        1 + seed % 2, seed % 3 ? 0 : 1u << 20);
        Wander(session, seed, 40);
        EXPECT_EQ(session.DigestAtEnd(), digest) << "seed " << seed;
    }
}

TEST(Debug, NeitherEnginesNorThreadsShow)
{
    uint64_t digest = Undisturbed();
    std::vector<std::string> ends;
    for (const std::string &engine : EngineNames()) {
        for (uint32_t jobs : {1u, 3u}) {
            Session session(Chatter(), 4, 3000000, kEnd_ns, engine.c_str(), jobs);
            Wander(session, 11, 12);
            emu_debug_node_set(session.debug, 1);
            session.Goto(9000000);
            for (int i = 0; i < 20; i++) {
                session.Back();
            }
            ends.push_back(session.State());
            EXPECT_EQ(ends.back(), ends.front()) << engine << ", " << jobs << " jobs";
            EXPECT_EQ(session.DigestAtEnd(), digest) << engine << ", " << jobs << " jobs";
        }
    }
}

TEST(Debug, BackwardsStopsAtTheLastBreakpointBeforeNow)
{
    Session session(Chatter(), 1, 0);
    uint32_t start = emu_debug_cpu(session.debug, 1)->eip;
    for (int i = 0; i < 300; i++) {
        session.Step();
    }
    uint32_t address = emu_debug_cpu(session.debug, 1)->eip;
    ASSERT_TRUE(emu_debug_breakpoint_add(session.debug, address));
    std::vector<std::string> hits;
    for (int i = 0; i < 30; i++) {
        ASSERT_EQ(session.Continue(), EMU_DEBUG_BREAKPOINT);
        ASSERT_EQ(emu_debug_cpu(session.debug, 1)->eip, address);
        hits.push_back(session.State());
    }
    for (size_t i = hits.size() - 1; i-- > 0;) {
        ASSERT_EQ(session.BackContinue(), EMU_DEBUG_BREAKPOINT);
        ASSERT_EQ(session.State(), hits[i]) << i;
    }
    for (size_t i = 1; i < hits.size(); i++) {
        ASSERT_EQ(session.Continue(), EMU_DEBUG_BREAKPOINT);
        ASSERT_EQ(session.State(), hits[i]) << i;
    }
    emu_debug_breakpoint_remove(session.debug, address);
    EXPECT_EQ(session.BackContinue(), EMU_DEBUG_BEGIN);
    EXPECT_EQ(emu_debug_cpu(session.debug, 1)->eip, start);
    EXPECT_EQ(session.Continue(), EMU_DEBUG_END);
}

/* The MARK that chatter counts in its frame: written by one instruction. */
TEST(Debug, WatchpointsStopAfterAWriteForwardsAndBeforeItBackwards)
{
    Session session(Chatter(), 0, 4000000);
    struct emu_watch any = {0x11000, 0x8000, false, true};
    ASSERT_TRUE(emu_debug_watch_add(session.debug, &any));
    std::vector<struct emu_position> after;
    for (int i = 0; i < 40; i++) {
        struct emu_debug_stop stop = session.Resume(EMU_DEBUG_FORWARD, false);
        ASSERT_EQ(stop.kind, EMU_DEBUG_WATCHPOINT);
        EXPECT_TRUE(stop.wrote);
        after.push_back(session.At());
    }
    for (size_t i = after.size(); i-- > 1;) {
        ASSERT_EQ(session.BackContinue(), EMU_DEBUG_WATCHPOINT);
        EXPECT_EQ(session.At().retired, after[i].retired - 1) << i;
    }
}

/* A watched node runs in leaps; one that is stepped shows whether they pass over anything. */
TEST(Debug, NoWriteToWatchedBytesIsPassedOver)
{
    for (struct emu_watch watch : {(struct emu_watch){0x13000, 0x60, false, true},
                                   (struct emu_watch){0x13014, 4, false, true},
                                   (struct emu_watch){0x1302c, 1, true, true}}) {
        Session stepped(Chatter(), 3, 2000000);
        Session watched(Chatter(), 3, 2000000);
        ASSERT_TRUE(emu_debug_watch_add(watched.debug, &watch));
        uint8_t before[0x60] = {};
        uint8_t after[0x60] = {};
        ASSERT_TRUE(emu_debug_read(stepped.debug, 3, watch.address, before, watch.size_bytes));
        int changes = 0;
        watched.Continue();
        for (int i = 0; i < 6000; i++) {
            ASSERT_EQ(stepped.Step(), EMU_DEBUG_STEPPED);
            emu_debug_read(stepped.debug, 3, watch.address, after, watch.size_bytes);
            while (emu_position_compare(watched.At(), stepped.At()) < 0) {
                ASSERT_EQ(watched.Continue(), EMU_DEBUG_WATCHPOINT);
            }
            if (memcmp(before, after, watch.size_bytes) != 0) {
                changes++;
                ASSERT_EQ(emu_position_compare(watched.At(), stepped.At()), 0) << i;
                memcpy(before, after, watch.size_bytes);
            }
        }
        EXPECT_GT(changes, 5) << watch.address;
    }
}

/* A bit offset in a register reaches other bytes than those that the instruction names. */
TEST(Debug, NoBitThatIsSetInWatchedBytesIsPassedOver)
{
    for (uint32_t address : {0xa018u, 0xa038u, 0xa07cu}) {
        Session session(OneMachine("bits"), 0, 0, 10000000);
        struct emu_watch watch = {address, 4, false, true};
        ASSERT_TRUE(emu_debug_watch_add(session.debug, &watch));
        uint8_t before[4] = {};
        uint8_t after[4] = {};
        ASSERT_TRUE(emu_debug_read(session.debug, 0, address, before, sizeof before));
        ASSERT_EQ(session.Continue(), EMU_DEBUG_WATCHPOINT) << address;
        ASSERT_TRUE(emu_debug_read(session.debug, 0, address, after, sizeof after));
        EXPECT_NE(memcmp(before, after, sizeof before), 0) << address;
        EXPECT_EQ(session.Continue(), EMU_DEBUG_TERMINATED) << address;
        EXPECT_EQ(session.BackContinue(), EMU_DEBUG_WATCHPOINT) << address;
    }
}

TEST(Debug, AStepMayBeOutOfARange)
{
    Session session(Chatter(), 0, 0);
    uint32_t start = emu_debug_cpu(session.debug, 0)->eip;
    struct emu_debug_stop stop = {};
    struct error error = ERROR_INIT;
    struct emu_debug_span span = {true, start, start + 0x20};
    ASSERT_EQ(emu_debug_resume(session.debug, EMU_DEBUG_FORWARD, span, &stop, &error), STATUS_OK);
    EXPECT_EQ(stop.kind, EMU_DEBUG_STEPPED);
    EXPECT_GE(emu_debug_cpu(session.debug, 0)->eip, start + 0x20);
    EXPECT_GT(session.At().retired, 2u);
}

TEST(Debug, WhatDevicesWriteTripsWatchpoints)
{
    /* The disk moves a block by itself, while the guest waits. */
    Session session("general: {name: test, duration: 100s}\n"
                    "groups: [{name: m, image: " +
                        GuestPath("disks") +
                        ", count: 1, network: none, memory: 1MiB, cpu_hz: 20MHz, "
                        "disks: [{name: d, size: 64KiB}]}]\n",
                    0, 0, 10000000000);
    struct emu_watch buffers = {0x13000, 0x3000, false, true}; /* the guest only reads there */
    ASSERT_TRUE(emu_debug_watch_add(session.debug, &buffers));
    std::vector<struct emu_position> stops;
    for (int i = 0; i < 20; i++) {
        ASSERT_EQ(session.Continue(), EMU_DEBUG_WATCHPOINT) << i;
        stops.push_back(session.At());
        EXPECT_GT(session.world.Report(0).disk_reads, 0u);
    }
    for (int i = 0; i < 10; i++) {
        ASSERT_EQ(session.BackContinue(), EMU_DEBUG_WATCHPOINT) << i;
        EXPECT_LT(session.At().retired, stops.back().retired);
    }
}

TEST(Debug, AReadTripsOnlyWatchpointsOfReading)
{
    Session session(OneMachine("chatter"), 0, 0, 10000000);
    uint32_t eip = emu_debug_cpu(session.debug, 0)->eip;
    struct emu_watch code = {eip, 0x200, true, false};
    ASSERT_TRUE(emu_debug_watch_add(session.debug, &code));
    EXPECT_EQ(session.Continue(), EMU_DEBUG_END) << "fetching is not reading";
    struct emu_watch nothing = {eip, 0, true, true};
    EXPECT_FALSE(emu_debug_watch_add(session.debug, &nothing));
}

TEST(Debug, AWriteBeginsAnotherRun)
{
    uint64_t digest = Undisturbed();
    Session session(Chatter(), 0, 5000000);
    std::string here = session.State();
    struct vcpu cpu = *emu_debug_cpu(session.debug, 0);
    uint32_t address = 0;
    for (uint32_t page = 0x12000; page < 0x16000 && !address; page += 4) {
        uint8_t bytes[4] = {};
        if (emu_debug_read(session.debug, 0, page, bytes, 4) && bytes[0] > 1) {
            address = page; /* something that it has written */
        }
    }
    ASSERT_NE(address, 0u);
    const uint8_t other[4] = {0x55, 0xaa, 0x55, 0xaa};
    session.Back();
    EXPECT_FALSE(emu_debug_write(session.debug, 0, address, other, 4)) << "the past is as it was";
    EXPECT_FALSE(emu_debug_cpu_set(session.debug, 0, &cpu));
    session.Step();
    EXPECT_EQ(session.State(), here);
    EXPECT_TRUE(emu_debug_write(session.debug, 0, address, other, 4));
    EXPECT_EQ(session.Back(), EMU_DEBUG_BEGIN) << "there is no past to a write";
    EXPECT_EQ(session.Step(), EMU_DEBUG_STEPPED);
    EXPECT_EQ(session.Back(), EMU_DEBUG_STEPPED);
    EXPECT_FALSE(emu_debug_write(session.debug, 0, 0, other, 4)) << "not memory";
    EXPECT_NE(session.DigestAtEnd(), digest);
}

TEST(Debug, ANodeThatWaitsCanBeGivenRegistersAndWaitsOn)
{
    Session session(OneMachine("chatter"), 0, 0, 10000000000);
    session.Goto(3333333); /* it sleeps most of the time */
    ASSERT_STREQ(session.world.Report(0).state, "idle");
    struct vcpu cpu = *emu_debug_cpu(session.debug, 0);
    uint32_t waits_at = cpu.eip;
    cpu.gpr[VCPU_ESI] ^= 1;
    ASSERT_TRUE(emu_debug_cpu_set(session.debug, 0, &cpu));
    EXPECT_EQ(emu_debug_cpu(session.debug, 0)->eip, waits_at);
    EXPECT_EQ(session.Step(), EMU_DEBUG_STEPPED);
    EXPECT_EQ(emu_debug_cpu(session.debug, 0)->eip, waits_at + 3);
    EXPECT_EQ(emu_debug_cpu(session.debug, 0)->gpr[VCPU_ESI], cpu.gpr[VCPU_ESI]);
}

TEST(Debug, ANodeThatEndedCanBeTakenBack)
{
    Session session(OneMachine("hello"), 0, 0, 1000000000);
    ASSERT_EQ(session.Continue(), EMU_DEBUG_TERMINATED);
    uint64_t instructions = session.At().retired;
    EXPECT_GT(instructions, 3u);
    for (uint64_t left = instructions; left-- > 0;) {
        ASSERT_EQ(session.Back(), EMU_DEBUG_STEPPED);
        EXPECT_EQ(session.At().retired, left);
    }
    EXPECT_EQ(session.BackContinue(), EMU_DEBUG_BEGIN);
    EXPECT_EQ(session.Continue(), EMU_DEBUG_TERMINATED);
    EXPECT_EQ(session.Continue(), EMU_DEBUG_END);
    EXPECT_EQ(session.Back(), EMU_DEBUG_STEPPED);
}

/* A history so small that most is forgotten, and has to be had from the whole world's. */
TEST(Debug, HowMuchIsKeptDoesNotShow)
{
    const uint64_t end_ns = 150000000;
    std::vector<std::string> states[2];
    for (int small = 0; small < 2; small++) {
        Session session(Chatter(), 0, 0, end_ns, nullptr, 1, small ? 1u << 20 : 0);
        session.Goto(120000000);
        emu_debug_node_set(session.debug, 2);
        for (int i = 0; i < 5; i++) {
            session.Back();
            states[small].push_back(session.State());
        }
        uint32_t eip = emu_debug_cpu(session.debug, 2)->eip;
        emu_debug_breakpoint_add(session.debug, eip);
        for (int i = 0; i < 5; i++) {
            EXPECT_EQ(session.BackContinue(), EMU_DEBUG_BREAKPOINT);
            states[small].push_back(session.State());
        }
        emu_debug_breakpoint_remove(session.debug, eip);
        EXPECT_EQ(session.BackContinue(), EMU_DEBUG_BEGIN);
        states[small].push_back(session.State());
    }
    EXPECT_EQ(states[0], states[1]);
}

TEST(Debug, ANodeThatNobodyLookedAtHasThePastOfADebuggedOne)
{
    auto back = [](Session &session) {
        std::vector<std::string> states;
        for (int i = 0; i < 40; i++) {
            EXPECT_NE(session.Back(), EMU_DEBUG_BEGIN);
            states.push_back(session.State());
        }
        EXPECT_EQ(session.BackContinue(), EMU_DEBUG_BEGIN);
        states.push_back(session.State());
        return states;
    };
    for (uint64_t history_bytes : {0ull, 1ull << 20, 1ull << 15}) {
        /* From one to the other and back, forwards in between. */
        Session session(Chatter(), 0, 0, kEnd_ns, nullptr, 1, history_bytes);
        for (uint32_t node : {4u, 1u, 7u, 4u}) {
            session.Goto(15000000);
            emu_debug_node_set(session.debug, node);
            Session other(Chatter(), node, 0, kEnd_ns);
            other.Goto(15000000);
            EXPECT_EQ(back(session), back(other)) << node << " " << history_bytes;
            session.Continue();
            emu_debug_node_set(session.debug, 0);
        }
        EXPECT_EQ(session.DigestAtEnd(), Undisturbed());
    }
}

/* Chatter on machines that share a host, and one that does not. */
std::string Hosted(const std::string &policy)
{
    std::string group = ", image: " + GuestPath("chatter") + ", memory: 1MiB, network: lan, ";
    return "general: {name: hosted, seed: 7, duration: 1s}\n"
           "networks: [{name: lan, type: lan, latency: 20us, rate: 100Mbit}]\n"
           "hosts: [{name: box, processors: 2, cpu_hz: 20MHz, quantum: 300us, " +
           policy +
           "costs: {switch: 5us, trap: 1us, crossing: 2us}}]\n"
           "groups:\n"
           "- {name: a" +
           group + "host: box, count: 4, spread: 1ms}\n- {name: b" + group +
           "cpu_hz: 20MHz, count: 2}\n";
}

TEST(Debug, MachinesOfAHostAreDebuggedBothWaysAndComeToTheSame)
{
    const char *pages = "memory: 256KiB, disks: [{type: flash, size: 16MiB, read: 9us}], "
                        "paging: {block: 4KiB, window: 300us, inactive: 1ms}, ";
    for (const char *policy : {"", "interrupts: immediate, ", pages}) {
        TestWorld undisturbed(Hosted(policy));
        undisturbed.Run(kEnd_ns);
        for (uint64_t at_ns : {0u, 7000000u}) {
            Session session(Hosted(policy), 1, at_ns);
            std::vector<std::string> states = {session.State()};
            for (int i = 0; i < 60; i++) {
                ASSERT_EQ(session.Step(), EMU_DEBUG_STEPPED);
                states.push_back(session.State());
            }
            for (size_t i = states.size() - 1; i-- > 0;) {
                ASSERT_EQ(session.Back(), EMU_DEBUG_STEPPED) << policy << i;
                ASSERT_EQ(session.State(), states[i]) << policy << i;
            }
            for (size_t i = 1; i < states.size(); i++) {
                session.Step();
                ASSERT_EQ(session.State(), states[i]) << policy << i;
            }
            /* Breakpoints, and the machine that has a processor of its own. */
            uint32_t address = emu_debug_cpu(session.debug, 1)->eip;
            emu_debug_breakpoint_add(session.debug, address);
            std::vector<std::string> hits;
            for (int i = 0; i < 6; i++) {
                ASSERT_EQ(session.Continue(), EMU_DEBUG_BREAKPOINT);
                hits.push_back(session.State());
            }
            for (size_t i = hits.size() - 1; i-- > 0;) {
                ASSERT_EQ(session.BackContinue(), EMU_DEBUG_BREAKPOINT);
                ASSERT_EQ(session.State(), hits[i]) << policy << i;
            }
            emu_debug_node_set(session.debug, 4);
            for (int i = 0; i < 5; i++) {
                EXPECT_EQ(session.BackContinue(), EMU_DEBUG_BREAKPOINT);
            }
            emu_debug_breakpoint_remove(session.debug, address);
            EXPECT_EQ(session.BackContinue(), EMU_DEBUG_BEGIN);
            emu_debug_node_set(session.debug, 2);
            EXPECT_EQ(session.BackContinue(), EMU_DEBUG_BEGIN);
            EXPECT_EQ(session.At().retired, 0u);
            EXPECT_EQ(session.Back(), EMU_DEBUG_BEGIN);
            EXPECT_EQ(session.DigestAtEnd(), undisturbed.Digest());
        }
    }
}

/* A host of another process may be past the moment of the stop. */
TEST(Debug, AHostThatIsFurtherThanTheStopIsRestoredAsItWas)
{
    const std::string chatter = ", image: " + GuestPath("chatter") + ", memory: 1MiB, ";
    for (const char *policy : {"", "memory: 2500KiB, disks: [{type: flash, size: 16MiB}], "
                                   "paging: {block: 4KiB, window: 300us, inactive: 1ms}, "}) {
        const std::string yaml =
            "general: {name: apart, seed: 7, duration: 1s}\n"
            "networks:\n- {name: left, type: lan, latency: 20us, rate: 100Mbit}\n"
            "- {name: right, type: lan, latency: 20us, rate: 10Mbit}\n"
            "hosts: [{name: box, processors: 2, cpu_hz: 20MHz, quantum: 300us, " +
            std::string(policy) +
            "card: {rate: 10Mbit}, costs: {switch: 5us, trap: 1us, crossing: 2us}}]\n"
            "groups:\n- {name: a" +
            chatter + "network: left, cpu_hz: 20MHz, count: 2}\n- {name: b" + chatter +
            "network: right, host: box, count: 4, spread: 1ms}\n";
        TestWorld undisturbed(yaml);
        undisturbed.Run(kEnd_ns);
        Session session(yaml, 0, 2000000);
        emu_debug_breakpoint_add(session.debug, emu_debug_cpu(session.debug, 0)->eip);
        for (int i = 0; i < 20; i++) {
            ASSERT_EQ(session.Continue(), EMU_DEBUG_BREAKPOINT);
            const std::vector<uint8_t> saved = session.world.Save();
            struct emu_snapshot *snapshot = emu_world_snapshot(session.world.get());
            struct error error = ERROR_INIT;
            ASSERT_EQ(emu_world_restore(session.world.get(), snapshot, &error), STATUS_OK)
                << error.message;
            emu_snapshot_destroy(snapshot);
            EXPECT_EQ(session.world.Save(), saved);
        }
        EXPECT_EQ(session.DigestAtEnd(), undisturbed.Digest());
    }
}

TEST(Debug, ANodeThatThereIsNotIsRefused)
{
    TestWorld world(OneMachine("hello"));
    struct emu_debug_options options = {};
    options.node = 1;
    struct emu_debug *debug = nullptr;
    struct error error = ERROR_INIT;
    EXPECT_EQ(emu_debug_create(world.get(), &options, &debug, &error), STATUS_INVALID);
    EXPECT_NE(std::string(error.message).find("expected 0 to 0"), std::string::npos);
}

TEST(Debug, SomebodyWhoDoesNotWantToWaitIsObeyed)
{
    struct Impatience {
        int calls = 0;
        static bool Ask(void *context)
        {
            return ++static_cast<Impatience *>(context)->calls > 3;
        }
    } impatience;
    TestWorld world(Chatter());
    struct emu_debug_options options = {};
    options.end_ns = UINT64_C(1000000000000);
    options.interrupted = Impatience::Ask;
    options.context = &impatience;
    struct emu_debug *debug = nullptr;
    struct error error = ERROR_INIT;
    ASSERT_EQ(emu_debug_create(world.get(), &options, &debug, &error), STATUS_OK);
    struct emu_debug_stop stop = {};
    struct emu_debug_span span = {false, 0, 0};
    ASSERT_EQ(emu_debug_resume(debug, EMU_DEBUG_FORWARD, span, &stop, &error), STATUS_OK);
    EXPECT_EQ(stop.kind, EMU_DEBUG_INTERRUPTED);
    EXPECT_LT(emu_world_now_ns(world.get()), 1000000000u);
    emu_debug_destroy(debug);
}

} // namespace
