/*
 * Guests that misbehave, among guests that do not: what becomes of the offender, and that nobody
 * else is hurt. docs/threat-model.md names these tests.
 */
#include "world_fixture.h"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <tuple>

extern "C" {
#include <devices/abi.h>
#include <vcpu/memory.h>
}

static const uint64_t kMs_ns = 1000000;
static const uint64_t kEnd_ns = 20 * kMs_ns;
static const uint32_t kMemory = 256 * 1024;

/* Node 0 is the offender; 1 and 2 share its LAN; 3, 4 and 5 have another; 6 has none. */
static std::string Neighbourhood(const std::string &behaviour, const std::string &limits = "")
{
    std::string good = ", image: " + GuestPath("chatter") + ", memory: 1MiB, cpu_hz: 20MHz, ";
    return "general: {name: threat, seed: 5, duration: 1h}\n"
           "networks:\n"
           "- {name: near, type: lan, latency: 100us, rate: 100Mbit, queue: 16KiB}\n"
           "- {name: far, type: lan, latency: 100us, rate: 100Mbit, queue: 16KiB}\n"
           "groups:\n"
           "- {name: offender, image: " +
           GuestPath("misuse") + ", memory: 256KiB, cpu_hz: 20MHz, network: near, arguments: [\"" +
           behaviour + "\"]" + limits +
           "}\n"
           "- {name: near" +
           good + "count: 2, network: near, spread: 1ms}\n- {name: far" + good +
           "count: 3, network: far, spread: 1ms}\n- {name: alone, image: " + GuestPath("spin") +
           ", memory: 128KiB, cpu_hz: 1MHz, network: none}\n";
}

static size_t NotesOf(const TestWorld &world, uint32_t node, enum emu_note_kind kind)
{
    return std::count_if(world.notes.begin(), world.notes.end(),
                         [&](const auto &note) { return note.node == node && note.kind == kind; });
}

class Threat : public testing::TestWithParam<std::string>
{
  protected:
    /* Runs the neighbourhood with the offender and with a quiet guest in its place, and holds the
     * nodes from first_unhurt on to the same digests. */
    void RunBeside(TestWorld &world, uint32_t first_unhurt)
    {
        TestWorld peace(Neighbourhood("."), GetParam().c_str());
        peace.Run(kEnd_ns);
        world.Run(kEnd_ns);
        ASSERT_STREQ(peace.Report(0).state, "idle");
        ASSERT_GT(peace.Report(1).frames_received, 10u)
            << "neighbours that do not talk show nothing";
        for (uint32_t node = first_unhurt; node < 7; node++) {
            EXPECT_EQ(world.Report(node).digest, peace.Report(node).digest) << "node " << node;
            EXPECT_EQ(world.Report(node).instructions, peace.Report(node).instructions);
            EXPECT_EQ(world.Report(node).fault.kind, VCPU_FAULT_NONE);
        }
    }
};

INSTANTIATE_TEST_SUITE_P(Engines, Threat, testing::ValuesIn(EngineNames()),
                         [](const auto &info) { return info.param; });

/* --- faults: the offender is stopped, told by node and address, and nobody notices ----------- */

struct Crime {
    const char *behaviour; /* of misuse.S */
    enum vcpu_fault_kind kind;
    uint32_t address;
};

TEST_P(Threat, WhatFaultsIsReportedAndStopsNobodyElse)
{
    static const Crime crimes[] = {
        {"a", VCPU_FAULT_MEMORY, 0xdeadbee0},           /* jumps to nowhere */
        {"b", VCPU_FAULT_MEMORY, 0},                    /* jumps to 0 */
        {"c", VCPU_FAULT_MEMORY, kMemory},              /* reads past its memory */
        {"d", VCPU_FAULT_MEMORY, kMemory + 4096},       /* writes past it */
        {"e", VCPU_FAULT_MEMORY, kMemory},              /* writes across its end */
        {"f", VCPU_FAULT_DIVIDE, 0},                    /* divides by zero */
        {"D", VCPU_FAULT_DIVIDE, 0},                    /* the quotient does not fit */
        {"i", VCPU_FAULT_DEVICE, ABI_PORT_NIC_SEND},    /* sends 1515 bytes */
        {"j", VCPU_FAULT_DEVICE, ABI_PORT_NIC_SEND},    /* sends 13 bytes */
        {"k", VCPU_FAULT_DEVICE, ABI_PORT_NIC_SEND},    /* sends a frame cut by memory's end */
        {"l", VCPU_FAULT_DEVICE, ABI_PORT_NIC_SEND},    /* with half a descriptor */
        {"A", VCPU_FAULT_DEVICE, ABI_PORT_NIC_RECEIVE}, /* receives over the descriptor */
        {"B", VCPU_FAULT_REGISTER, 0x10f0},             /* writes a register that is none */
        {"C", VCPU_FAULT_PORT, 0x3f8},                  /* writes a port that is none */
        {"r", VCPU_FAULT_REGISTER, 0x1ffc},             /* overflows its stack */
        {"s", VCPU_FAULT_MEMORY, kMemory},              /* copies past its memory */
        {"u", VCPU_FAULT_BREAKPOINT, 0},                /* int3 */
        {"v", VCPU_FAULT_ILLEGAL, 0},                   /* hlt */
        {"w", VCPU_FAULT_ILLEGAL, 0},                   /* cli */
        {"x", VCPU_FAULT_MEMORY, 0x8},                  /* an interrupt without a stack */
        {"y", VCPU_FAULT_MEMORY, kMemory},              /* runs off the end of memory */
    };
    for (const Crime &crime : crimes) {
        SCOPED_TRACE(std::string("behaviour ") + crime.behaviour);
        TestWorld world(Neighbourhood(crime.behaviour), GetParam().c_str());
        /* It sent nothing, so even its neighbours on the LAN see what they would have seen. */
        RunBeside(world, 1);
        struct emu_node_report report = world.Report(0);
        EXPECT_STREQ(report.state, "faulted") << "exit code " << report.exit_code;
        EXPECT_EQ(report.fault.kind, crime.kind) << vcpu_fault_text(report.fault.kind);
        EXPECT_EQ(report.fault.address, crime.address) << std::hex << report.fault.address;
        EXPECT_EQ(report.frames_sent, 0u);
        EXPECT_EQ(NotesOf(world, 0, EMU_NOTE_FAULT), 1u);
        struct emu_totals totals;
        emu_world_totals(world.get(), &totals);
        EXPECT_EQ(totals.nodes_faulted, 1u);
    }
}

TEST_P(Threat, AFaultingInstructionLeavesNothingHalfDone)
{
    TestWorld across(Neighbourhood("e"), GetParam().c_str());
    across.Run(kEnd_ns);
    struct vcpu_space *space = emu_world_node_cpu(across.get(), 0)->space;
    std::array<uint8_t, 2> last;
    ASSERT_TRUE(vcpu_space_load(space, kMemory - 2, last.data(), last.size()));
    EXPECT_EQ(last, (std::array<uint8_t, 2>{0, 0})) << "a store across the end wrote half";

    TestWorld copy(Neighbourhood("s"), GetParam().c_str());
    copy.Run(kEnd_ns);
    const struct vcpu *cpu = emu_world_node_cpu(copy.get(), 0);
    EXPECT_EQ(cpu->gpr[VCPU_EDI], kMemory) << "rep stops at the iteration that faulted";
    EXPECT_EQ(cpu->gpr[VCPU_ECX], UINT32_MAX - 32);
}

TEST_P(Threat, RefusedFramesAreCounted)
{
    for (const char *behaviour : {"i", "j", "k"}) {
        TestWorld world(Neighbourhood(behaviour), GetParam().c_str());
        world.Run(kEnd_ns);
        EXPECT_EQ(Drops(world.Report(0), "refused"), 1u) << behaviour;
    }
}

/* Every port there can be, each way and width: a machine each. */
TEST_P(Threat, NoPortIsADoor)
{
    static const struct {
        const char *access;
        std::map<uint32_t, enum vcpu_fault_kind> others; /* NONE: legal */
    } cases[] = {
        {"o1", {{ABI_PORT_CONSOLE_BYTE, VCPU_FAULT_NONE}}},
        {"o2", {}},
        {"o4",
         {{ABI_PORT_CONSOLE_WRITE, VCPU_FAULT_DEVICE}, /* a descriptor at 0xffffffff */
          {ABI_PORT_NIC_SEND, VCPU_FAULT_DEVICE},
          {ABI_PORT_NIC_RECEIVE, VCPU_FAULT_DEVICE},
          {ABI_PORT_TIMER, VCPU_FAULT_DEVICE},
          {ABI_PORT_OBSERVE, VCPU_FAULT_DEVICE},
          {ABI_PORT_ENTROPY, VCPU_FAULT_DEVICE}}},
        /* The keyboard's and the framebuffer's ports are not there: the scenario gives none. */
        {"i1", {}},
        {"i2", {}},
        {"i4", {{ABI_PORT_CONSOLE_BYTE, VCPU_FAULT_NONE}, {ABI_PORT_ENTROPY, VCPU_FAULT_NONE}}},
    };
    /* The reference tries them all; for others the ports' neighbourhood and a good many more. */
    uint32_t ports = GetParam() == "interpreter" ? 65536 : 1024;
    for (const auto &wanted : cases) {
        TestWorld world("general: {name: ports, duration: 1s}\ngroups:\n- {name: m, image: " +
                            GuestPath("ports") + ", memory: 128KiB, network: none, count: " +
                            std::to_string(ports) + ", arguments: [" + wanted.access + "]}\n",
                        GetParam().c_str());
        world.Run(kMs_ns);
        for (uint32_t port = 0; port < ports; port++) {
            auto other = wanted.others.find(port);
            enum vcpu_fault_kind kind =
                other == wanted.others.end() ? VCPU_FAULT_PORT : other->second;
            struct emu_node_report report = world.Report(port);
            ASSERT_EQ(report.fault.kind, kind) << wanted.access << " port " << port;
            if (kind == VCPU_FAULT_NONE) {
                ASSERT_STREQ(report.state, "terminated") << wanted.access << " port " << port;
            } else {
                ASSERT_EQ(report.fault.address, port) << wanted.access;
            }
        }
    }
}

/* --- legal rudeness: it costs the offender, and those only who share a link with it ----------- */

TEST_P(Threat, SpinningWithInterruptsOffTakesNobodysTime)
{
    TestWorld world(Neighbourhood("g"), GetParam().c_str());
    RunBeside(world, 1);
    EXPECT_STREQ(world.Report(0).state, "running");
    EXPECT_EQ(world.Report(0).instructions, kEnd_ns / 50) << "exactly its own 20 MHz";
    EXPECT_GT(Drops(world.Report(0), "nic_full") + world.Report(0).frames_received, 20u)
        << "its neighbours' broadcasts fill its own queue, and no other";
}

TEST_P(Threat, ATimerStormTakesNobodysTime)
{
    TestWorld world(Neighbourhood("q"), GetParam().c_str());
    RunBeside(world, 1);
    EXPECT_GT(world.Report(0).interrupts_raised, 10000u);
}

TEST_P(Threat, AFloodStaysOnItsOwnNetwork)
{
    for (const char *behaviour : {"h", "t"}) {
        SCOPED_TRACE(behaviour);
        TestWorld world(Neighbourhood(behaviour), GetParam().c_str());
        RunBeside(world, 3);
        struct emu_node_report offender = world.Report(0);
        EXPECT_GT(offender.frames_sent, 50000u);
        EXPECT_GT(Drops(offender, "uplink_full"), offender.frames_sent * 9 / 10)
            << "what its link cannot take is dropped at its own end";
        TestWorld peace(Neighbourhood("."), GetParam().c_str());
        peace.Run(kEnd_ns);
        EXPECT_NE(world.Report(1).digest, peace.Report(1).digest)
            << "who shares its LAN does notice";
    }
}

TEST_P(Threat, AConsoleFloodIsCutAndCounted)
{
    TestWorld world(Neighbourhood("n"), GetParam().c_str());
    RunBeside(world, 1);
    struct emu_node_report report = world.Report(0);
    EXPECT_GT(report.console_bytes, 4u << 20);
    EXPECT_LE(report.console_bytes, 16 * report.cycles) << "printing takes the guest's own time";
    EXPECT_EQ(report.console_bytes - report.console_bytes_cut, 1u << 20);
    EXPECT_EQ(world.consoles[0].size(), 1u << 20) << "1 MiB of a node's console is kept";
}

/* Millions of observations a second in windows of 100 ms, beside nodes that observe a little. */
TEST_P(Threat, AnObservationFloodIsToldInOrderAndKeepsToItsBound)
{
    std::string yaml = "general: {name: flood, duration: 1s}\n"
                       "networks: [{name: lan, type: lan, rate: 100Mbit}]\n"
                       "groups:\n- {name: flood, image: " +
                       GuestPath("misuse") +
                       ", memory: 256KiB, network: none, cpu_hz: 1GHz, arguments: [p]}\n"
                       "- {name: other, image: " +
                       GuestPath("chatter") +
                       ", memory: 1MiB, network: lan, count: 3, cpu_hz: 20MHz}\n";
    bool reference = GetParam() == "interpreter";
    uint64_t end_ns = (reference ? 100 : 20) * kMs_ns;
    std::vector<TestWorld::Told> told[2];
    for (uint32_t jobs : {1u, 2u}) {
        TestWorld world(yaml, GetParam().c_str(), jobs);
        world.Run(end_ns);
        struct emu_node_report flood = world.Report(0);
        EXPECT_GT(flood.observations, reference ? 1u << 20 : 200000u);
        EXPECT_EQ(NotesOf(world, 0, EMU_NOTE_MEASUREMENT),
                  std::min<uint64_t>(flood.observations, 1u << 20))
            << "what is kept of a node is bounded";
        EXPECT_GT(NotesOf(world, 1, EMU_NOTE_MEASUREMENT), 1u);
        EXPECT_EQ(NotesOf(world, 1, EMU_NOTE_MEASUREMENT), world.Report(1).observations);
        EXPECT_TRUE(std::is_sorted(
            world.notes.begin(), world.notes.end(), [](const auto &a, const auto &b) {
                return std::tie(a.time_ns, a.node) < std::tie(b.time_ns, b.node);
            }));
        uint32_t number = 0;
        for (const TestWorld::Told &note : world.notes) {
            if (note.node == 0 && note.kind == EMU_NOTE_MEASUREMENT) {
                std::string name(8, 'a');
                number++;
                for (int digit = 0; digit < 8; digit++) {
                    name[7 - digit] = (char)('a' + (number >> 4 * digit & 15));
                }
                ASSERT_EQ(note.name, name) << "none lost, none twice";
            }
        }
        told[jobs - 1] = std::move(world.notes);
    }
    EXPECT_EQ(told[0], told[1]);
}

TEST_P(Threat, SelfModifyingCodeRunsAsWrittenAndHurtsNobody)
{
    TestWorld world(Neighbourhood("m"), GetParam().c_str());
    RunBeside(world, 1);
    EXPECT_STREQ(world.Report(0).state, "terminated");
    EXPECT_EQ(world.Report(0).exit_code, 0u) << "99: stale code ran";
}

TEST_P(Threat, JumpingIntoEveryByteHurtsNobody)
{
    TestWorld world(Neighbourhood("z"), GetParam().c_str());
    RunBeside(world, 1);
    EXPECT_STREQ(world.Report(0).state, "running")
        << vcpu_fault_text(world.Report(0).fault.kind) << std::hex << world.Report(0).fault.eip;
}

TEST_P(Threat, MemoryBeyondTheLimitIsAFaultOfTheGuests)
{
    TestWorld world(Neighbourhood("o", ", limits: {memory: 64KiB}"), GetParam().c_str());
    RunBeside(world, 1);
    struct emu_node_report report = world.Report(0);
    EXPECT_STREQ(report.state, "faulted");
    EXPECT_EQ(report.fault.kind, VCPU_FAULT_LIMIT);
    EXPECT_EQ(report.pages_private_max, 16u);
    /* It wrote one page after the other from 0x2000 on: the seventeenth is the one refused. */
    EXPECT_EQ(report.fault.address, 0x2000u + 16 * 4096);

    TestWorld free(Neighbourhood("o"), GetParam().c_str());
    free.Run(kEnd_ns);
    EXPECT_STREQ(free.Report(0).state, "terminated") << "without a limit all its memory is its own";
    EXPECT_EQ(free.Report(0).pages_private_max, kMemory / 4096 - 2);
}

/* --- who shares a link is slowed exactly as the link's model says ----------------------------- */

/*
 * The model, written down once more and by itself: 8 Mbit/s is a byte a microsecond, so that every
 * time is a whole number and nothing is rounded.
 */
class Pipe
{
  public:
    explicit Pipe(uint64_t byte_ns, uint64_t bound_bytes)
        : byte_ns_(byte_ns), bound_ns_(bound_bytes * byte_ns)
    {
    }

    /* When the last bit of a frame is out, or 0 if it is dropped. */
    uint64_t Put(uint64_t now_ns, uint64_t size_bytes)
    {
        uint64_t start_ns = std::max(now_ns, free_ns_);
        if (start_ns - now_ns + size_bytes * byte_ns_ > bound_ns_) {
            drops++;
            return 0;
        }
        free_ns_ = start_ns + size_bytes * byte_ns_;
        return free_ns_;
    }

    uint64_t drops = 0;

  private:
    uint64_t byte_ns_;
    uint64_t bound_ns_;
    uint64_t free_ns_ = 0;
};

struct Frame {
    uint64_t time_ns;
    uint32_t sender;
    uint32_t number; /* among its sender's */
    uint64_t size_bytes;
    bool operator<(const Frame &other) const
    {
        return std::tie(time_ns, sender, number) <
               std::tie(other.time_ns, other.sender, other.number);
    }
};

struct Arrival {
    uint64_t time_ns;
    uint32_t sender;
    uint32_t number;
    bool operator==(const Arrival &other) const = default;
};

struct Expected {
    std::vector<Arrival> arrivals;
    std::map<uint32_t, uint64_t> uplink_drops;
    uint64_t downlink_drops = 0;
};

/* What a receiver sees of frames sent at known times through links of one byte a microsecond. */
static Expected Model(std::vector<Frame> sent, uint64_t before_queue_ns, uint64_t after_queue_ns,
                      uint64_t bound_bytes, uint64_t down_byte_ns, uint64_t end_ns)
{
    Expected expected;
    std::map<uint32_t, Pipe> uplinks;
    std::vector<Frame> reached;
    std::sort(sent.begin(), sent.end());
    for (const Frame &frame : sent) {
        Pipe &uplink = uplinks.try_emplace(frame.sender, 1000, bound_bytes).first->second;
        uint64_t done_ns = uplink.Put(frame.time_ns, frame.size_bytes);
        if (done_ns) {
            reached.push_back(
                {done_ns + before_queue_ns, frame.sender, frame.number, frame.size_bytes});
        }
        expected.uplink_drops[frame.sender] = uplink.drops;
    }
    std::sort(reached.begin(), reached.end());
    Pipe downlink(down_byte_ns, bound_bytes);
    for (const Frame &frame : reached) {
        if (frame.time_ns >= end_ns) {
            break;
        }
        uint64_t done_ns = downlink.Put(frame.time_ns, frame.size_bytes);
        if (done_ns && done_ns + after_queue_ns < end_ns - 1000) {
            expected.arrivals.push_back({done_ns + after_queue_ns, frame.sender, frame.number});
        }
    }
    expected.downlink_drops = downlink.drops;
    return expected;
}

static const uint64_t kStreamEnd_ns = 200 * kMs_ns;

/* What the senders said they sent. Senders run at 1 MHz: an instruction a microsecond. */
static std::vector<Frame> FramesSent(const TestWorld &world, const std::vector<bool> &floods)
{
    std::vector<Frame> sent;
    std::map<uint32_t, uint32_t> numbers;
    for (const TestWorld::Told &note : world.notes) {
        if (note.kind != EMU_NOTE_MILESTONE) {
            continue;
        }
        uint64_t time_ns = note.time_ns + 3000;
        if (!floods[note.node]) {
            sent.push_back({time_ns, note.node, numbers[note.node]++, 200});
            continue;
        }
        for (; time_ns < kStreamEnd_ns; time_ns += 3000) {
            sent.push_back({time_ns, note.node, numbers[note.node]++, 1514});
        }
    }
    return sent;
}

/* What node `receiver` took in; it runs at 1 GHz and observes 14 instructions after arrival. */
static std::vector<Arrival> Arrivals(const TestWorld &world, uint32_t receiver)
{
    std::vector<Arrival> arrivals;
    for (const TestWorld::Told &note : world.notes) {
        if (note.kind == EMU_NOTE_MEASUREMENT && note.node == receiver &&
            note.time_ns < kStreamEnd_ns - 1000) {
            uint32_t mark = (uint32_t)note.value;
            arrivals.push_back({note.time_ns - 14, mark >> 24, mark & 0xffffff});
        }
    }
    return arrivals;
}

static std::string StreamGroup(const std::string &name, const std::string &role)
{
    bool receiver = role == "r";
    std::string image = role == "." ? "misuse" : "stream";
    return "- {name: " + name + ", image: " + GuestPath(image) +
           ", memory: 256KiB, network: net, cpu_hz: " + (receiver ? "1GHz" : "1MHz") +
           ", arguments: [\"" + role + "\"]}\n";
}

static void ExpectArrivals(const std::vector<Arrival> &got, const std::vector<Arrival> &expected)
{
    ASSERT_EQ(got.size(), expected.size());
    for (size_t i = 0; i < got.size(); i++) {
        ASSERT_EQ(got[i], expected[i])
            << "frame " << i << ": sender " << got[i].sender << " number " << got[i].number
            << " at " << got[i].time_ns << "; expected sender " << expected[i].sender << " number "
            << expected[i].number << " at " << expected[i].time_ns;
    }
}

static uint64_t CountFrom(const std::vector<Arrival> &arrivals, uint32_t sender)
{
    return std::count_if(arrivals.begin(), arrivals.end(),
                         [&](const Arrival &arrival) { return arrival.sender == sender; });
}

/* Two floods and a polite sender share the receiver's port of a switch. */
TEST_P(Threat, OnALanAFloodSlowsItsNeighboursExactlyAsTheLinkSays)
{
    for (bool flooded : {false, true}) {
        SCOPED_TRACE(flooded ? "flooded" : "in peace");
        TestWorld world(
            "general: {name: lan, duration: 1s}\n"
            "networks: [{name: net, type: lan, rate: 8Mbit, queue: 16KiB, latency: 100us}]\n"
            "groups:\n" +
                StreamGroup("flood-a", flooded ? "F31" : ".") +
                StreamGroup("flood-b", flooded ? "F33" : ".") + StreamGroup("polite", "P32") +
                StreamGroup("receiver", "r"),
            GetParam().c_str());
        world.Run(kStreamEnd_ns);
        std::vector<Frame> sent = FramesSent(world, {true, true, false, false});
        Expected expected = Model(sent, 50000, 50000, 16384, 1000, kStreamEnd_ns);
        std::vector<Arrival> got = Arrivals(world, 3);
        ExpectArrivals(got, expected.arrivals);
        EXPECT_EQ(CountFrom(got, 0) + CountFrom(got, 1) > 100, flooded);
        if (flooded) {
            EXPECT_LT(CountFrom(got, 2), 40u) << "two floods must cost it something";
            EXPECT_GT(CountFrom(got, 2), 0u);
            EXPECT_EQ(Drops(world.Report(0), "uplink_full"), expected.uplink_drops[0]);
            EXPECT_EQ(Drops(world.Report(1), "uplink_full"), expected.uplink_drops[1]);
            EXPECT_GT(Drops(world.Report(0), "uplink_full"), 10000u);
            EXPECT_EQ(Drops(world.Report(3), "downlink_full"), expected.downlink_drops);
            EXPECT_GT(expected.downlink_drops, 10u);
        } else {
            EXPECT_EQ(CountFrom(got, 2), 40u);
        }
    }
}

/* In the wide area only the receiver's own access link is shared; all others go on as they did. */
TEST_P(Threat, InTheWideAreaAFloodReachesOnlyItsTargetsAccessLink)
{
    std::array<uint64_t, 2> bystanders[2];
    for (bool flooded : {false, true}) {
        SCOPED_TRACE(flooded ? "flooded" : "in peace");
        TestWorld world("general: {name: wan, duration: 1s}\n"
                        "networks: [{name: net, type: wan, delay: 10ms, access_latency: 3ms, "
                        "up: 8Mbit, down: 4Mbit, queue_up: 16KiB, queue_down: 16KiB}]\n"
                        "groups:\n" +
                            StreamGroup("flood", flooded ? "f21" : ".") +
                            StreamGroup("polite", "p22") + StreamGroup("target", "r") +
                            StreamGroup("bystander", "p42") + StreamGroup("its-peer", "r"),
                        GetParam().c_str());
        world.Run(kStreamEnd_ns);
        std::vector<Frame> to_target;
        std::vector<Frame> to_peer;
        for (const Frame &frame : FramesSent(world, {true, false, false, false, false})) {
            (frame.sender == 3 ? to_peer : to_target).push_back(frame);
        }
        Expected target = Model(to_target, 16 * kMs_ns, 0, 16384, 2000, kStreamEnd_ns);
        Expected peer = Model(to_peer, 16 * kMs_ns, 0, 16384, 2000, kStreamEnd_ns);
        ExpectArrivals(Arrivals(world, 2), target.arrivals);
        ExpectArrivals(Arrivals(world, 4), peer.arrivals);
        EXPECT_EQ(CountFrom(peer.arrivals, 3), 37u) << "one each 5 ms, 16.6 ms later";
        EXPECT_EQ(Drops(world.Report(0), "uplink_full"), target.uplink_drops[0]);
        EXPECT_EQ(Drops(world.Report(2), "downlink_full"), target.downlink_drops);
        if (flooded) {
            EXPECT_GT(CountFrom(target.arrivals, 0), 50u);
            EXPECT_LT(CountFrom(target.arrivals, 1), 37u) << "the flood must cost it something";
        } else {
            EXPECT_EQ(CountFrom(target.arrivals, 1), 37u);
        }
        bystanders[flooded] = {world.Report(3).digest, world.Report(4).digest};
    }
    EXPECT_EQ(bystanders[0], bystanders[1]) << "who shares no link notices nothing";
}
