// The instruction trace: its text, that it is complete, and that looking on changes nothing.
#include <algorithm>
#include <map>
#include <regex>
#include <sstream>

#include "denali_process.h"
#include "support/elf_builder.h"
#include "world_fixture.h"

extern "C" {
#include <vcpu/memory.h>
}

using support::TemporaryFolder;

namespace
{

struct scn_stretch Stretch(const char *text)
{
    struct scn_stretch stretch = {};
    struct error error = ERROR_INIT;
    EXPECT_EQ(scn_stretch_parse("test", text, &stretch, &error), STATUS_OK) << error.message;
    return stretch;
}

void Trace(TestWorld &world, const char *stretch, uint64_t limit_bytes = EMU_TRACE_LIMIT_BYTES,
           uint32_t node = 0)
{
    struct scn_stretch parsed = Stretch(stretch);
    struct error error = ERROR_INIT;
    ASSERT_EQ(emu_world_trace(world.get(), node, &parsed, limit_bytes, &error), STATUS_OK)
        << error.message;
}

std::vector<std::string> Lines(const std::string &text)
{
    std::istringstream stream(text);
    std::vector<std::string> lines;
    for (std::string line; std::getline(stream, line);) {
        lines.push_back(line);
    }
    return lines;
}

const char kHello[] =
    "# time, instruction, eip, place, bytes, text ; what it read and changed\n"
    "# eax 00000000  ecx 00000000  edx 00000000  ebx 00000000  esp 00000000  ebp 00000000  "
    "esi 00000000  edi 00000000  flags []\n"
    "    0.000000000           0  * boots with 1024 KiB of memory\n"
    "    0.000000000           0  00011000  _start                     ba11000000        "
    "mov edx, 0x11                             ;  edx 00000000->00000011\n"
    "    0.000000010           1  00011005  _start+0x5                 b800200100        "
    "mov eax, 0x12000                          ;  eax 00000000->00012000\n"
    "    0.000000020           2  0001100a  _start+0xa                 ef                "
    "out dx, eax\n"
    "    0.000000020           2  * prints \"hello from the bare machine\\n\"\n"
    "    0.000000020           2  * port 11 (console) takes 00012000\n"
    "    0.000000040           3  0001100b  _start+0xb                 b807000000        "
    "mov eax, 7                                ;  eax 00012000->00000007\n"
    "    0.000000050           4  00011010  _start+0x10                0f3f02            "
    "terminate\n"
    "    0.000000050           5  * ends with exit code 7\n";

TEST(Tracer, TellsOfAWholeLifeTheSameOnEveryEngine)
{
    for (const std::string &engine : EngineNames()) {
        TestWorld world(OneMachine("hello"), engine.c_str());
        Trace(world, "-");
        world.Run(1000000);
        EXPECT_EQ(world.trace, kHello) << engine;
    }
}

TEST(Tracer, KeepsToItsStretch)
{
    const std::vector<std::string> all = Lines(kHello);
    struct Case {
        const char *stretch;
        std::vector<size_t> lines; /* of all, after the beginning */
    };
    for (const Case &c : {Case{"1-3", {4, 5, 6, 7}}, Case{"4-", {9, 10}}, Case{"-1", {2, 3}},
                          Case{"10ns-40ns", {4, 5, 6, 7}}, Case{"11ns-41ns", {5, 6, 7, 8}},
                          Case{"50ns-", {9, 10}}, Case{"1s-", {}}, Case{"100-200", {}}}) {
        TestWorld world(OneMachine("hello"));
        Trace(world, c.stretch);
        world.Run(1000000);
        std::vector<std::string> lines = Lines(world.trace);
        ASSERT_EQ(lines.size(), c.lines.empty() ? 0 : 2 + c.lines.size()) << c.stretch << "\n"
                                                                          << world.trace;
        for (size_t i = 0; i < c.lines.size(); i++) {
            EXPECT_EQ(lines[2 + i], all[c.lines[i]]) << c.stretch;
        }
    }
}

// --- what is printed is what happened ----------------------------------------------------------

// A processor that lives by the printed changes alone.
class Replay
{
  public:
    explicit Replay(const std::string &trace)
    {
        for (const std::string &line : Lines(trace)) {
            Take(line);
        }
    }

    void ExpectState(const struct vcpu &cpu) const
    {
        static const char *const names[] = {"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"};
        for (int i = 0; i < VCPU_REGISTER_COUNT; i++) {
            EXPECT_EQ(registers.at(names[i]), cpu.gpr[i]) << names[i];
        }
        uint32_t expected = 0;
        std::istringstream stream(flags);
        static const std::map<std::string, uint32_t> bits = {
            {"OF", VCPU_FLAG_OF}, {"DF", VCPU_FLAG_DF}, {"SF", VCPU_FLAG_SF}, {"ZF", VCPU_FLAG_ZF},
            {"AF", VCPU_FLAG_AF}, {"PF", VCPU_FLAG_PF}, {"CF", VCPU_FLAG_CF}};
        for (std::string flag; stream >> flag;) {
            expected |= bits.at(flag);
        }
        EXPECT_EQ(expected, cpu.eflags);
    }

    uint64_t instructions = 0;
    uint64_t changes = 0;
    std::map<uint32_t, uint8_t> memory; /* what was written last */

  private:
    void Take(const std::string &line)
    {
        static const std::regex initial("(e[a-z]{2}) ([0-9a-f]{8})");
        static const std::regex change("  (e[a-z]{2}) ([0-9a-f]{8})->([0-9a-f]{8})");
        static const std::regex flag_change("  flags \\[([A-Z ]*)\\]->\\[([A-Z ]*)\\]");
        static const std::regex write("  write \\[([0-9a-f]{8})\\] (?:[0-9a-f]+->)?([0-9a-f]+)");
        using Iterator = std::sregex_iterator;
        if (line[0] == '#') {
            for (Iterator m(line.begin(), line.end(), initial), end; m != end; ++m) {
                registers[(*m)[1]] = (uint32_t)std::stoul((*m)[2], nullptr, 16);
            }
            return;
        }
        instructions += line.find("  * ") == std::string::npos;
        for (Iterator m(line.begin(), line.end(), change), end; m != end; ++m) {
            EXPECT_EQ(registers.at((*m)[1]), std::stoul((*m)[2], nullptr, 16)) << line;
            registers[(*m)[1]] = (uint32_t)std::stoul((*m)[3], nullptr, 16);
            changes++;
        }
        for (Iterator m(line.begin(), line.end(), flag_change), end; m != end; ++m) {
            EXPECT_EQ(flags, (*m)[1]) << line;
            flags = (*m)[2];
        }
        for (Iterator m(line.begin(), line.end(), write), end; m != end; ++m) {
            const std::string value = (*m)[2];
            uint32_t address = (uint32_t)std::stoul((*m)[1], nullptr, 16);
            for (size_t i = 0; value.size() <= 16 && i < value.size() / 2; i++) {
                memory[address + (uint32_t)i] =
                    (uint8_t)std::stoul(value.substr(value.size() - 2 * i - 2, 2), nullptr, 16);
            }
        }
    }

    std::map<std::string, uint32_t> registers;
    std::string flags;
};

TEST(Tracer, ReplayedItGivesTheStateThatTheMachineHas)
{
    for (const std::string &engine : EngineNames()) {
        for (const char *guest : {"hello", "interrupts", "registers", "access", "chatter"}) {
            SCOPED_TRACE(engine + ", " + guest);
            TestWorld plain(OneMachine(guest), engine.c_str());
            TestWorld world(OneMachine(guest), engine.c_str());
            Trace(world, "-");
            const uint64_t end_ns = 3000000;
            plain.Run(end_ns);
            world.Run(end_ns);
            EXPECT_EQ(world.Digest(), plain.Digest());
            EXPECT_EQ(world.notes, plain.notes);
            Replay replay(world.trace);
            replay.ExpectState(*emu_world_node_cpu(world.get(), 0));
            EXPECT_EQ(emu_world_node_cpu(world.get(), 0)->retired, world.Report().instructions);
            EXPECT_GE(replay.instructions, world.Report().instructions);
            EXPECT_LE(replay.instructions, world.Report().instructions + 1) << "it may be idle";
            for (const auto &[address, value] : replay.memory) {
                struct vcpu_space *space = emu_world_node_cpu(world.get(), 0)->space;
                uint8_t byte = 0;
                ASSERT_TRUE(vcpu_space_load(space, address, &byte, 1));
                EXPECT_EQ(byte, value) << std::hex << address;
            }
        }
    }
}

TEST(Tracer, OfMachinesThatTalkIsTheSameOnEveryEngineAndNumberOfJobs)
{
    const std::string yaml =
        "general: {name: chatter, duration: 1s}\n"
        "networks: [{name: lan, type: lan, latency: 20us, rate: 100Mbit}]\n"
        "groups: [{name: a, image: " +
        GuestPath("chatter") +
        ", memory: 1MiB, cpu_hz: 20MHz, count: 3, network: lan, spread: 1ms}]\n";
    TestWorld plain(yaml);
    plain.Run(5000000);
    std::string trace;
    for (const std::string &engine : EngineNames()) {
        for (uint32_t jobs : {1u, 2u}) {
            TestWorld world(yaml, engine.c_str(), jobs);
            Trace(world, "-", EMU_TRACE_LIMIT_BYTES, 1);
            world.Run(5000000);
            EXPECT_EQ(world.Digest(), plain.Digest()) << engine << ", " << jobs;
            trace = trace.empty() ? world.trace : trace;
            EXPECT_TRUE(world.trace == trace) << engine << ", " << jobs;
        }
    }
    EXPECT_NE(trace.find("* a frame of "), std::string::npos);
    EXPECT_NE(trace.find(" bytes arrives\n"), std::string::npos);
    EXPECT_NE(trace.find(" is sent\n"), std::string::npos);
    EXPECT_NE(trace.find("* interrupt raised: nic"), std::string::npos);
    EXPECT_NE(trace.find("* wakes up"), std::string::npos);
    EXPECT_NE(trace.find("* observes "), std::string::npos);
}

TEST(Tracer, EndsAtItsLimitAndSaysSo)
{
    TestWorld plain(OneMachine("spin"));
    TestWorld world(OneMachine("spin"));
    Trace(world, "-", 5000);
    plain.Run(1000000);
    world.Run(1000000);
    EXPECT_LT(world.trace.size(), 5100u);
    EXPECT_GT(world.trace.size(), 4800u);
    EXPECT_EQ(Lines(world.trace).back(),
              "# cut here: this trace has reached the limit of its size");
    EXPECT_EQ(world.Digest(), plain.Digest());
}

TEST(Tracer, IsToldPieceByPieceHoweverLongTheWindow)
{
    TestWorld plain(OneMachine("spin"));
    TestWorld world(OneMachine("spin"));
    Trace(world, "-");
    plain.Run(500000);
    world.Run(500000);
    EXPECT_GT(world.trace.size(), 3u << 20) << "several times what is gathered at most";
    EXPECT_EQ(world.Digest(), plain.Digest());
    EXPECT_EQ(Lines(world.trace).size(), 3 + world.Report().instructions);
}

TEST(Tracer, TellsOfFaults)
{
    TestWorld world(OneMachine("misuse", "c")); /* reads past its memory */
    Trace(world, "-");
    world.Run(1000000);
    ASSERT_EQ(world.Report().fault.kind, VCPU_FAULT_MEMORY);
    const std::vector<std::string> lines = Lines(world.trace);
    EXPECT_NE(lines[lines.size() - 2].find("  fault: "), std::string::npos) << world.trace;
    EXPECT_NE(lines.back().find("* ends by a fault: "), std::string::npos);
}

TEST(Tracer, ShowsX87ValuesWithTheirBits)
{
    TemporaryFolder folder;
    const std::vector<uint8_t> file = support::BuildElf(
        0x12000,
        {{0x12000, 0, {0xd9, 0xe8, 0xd9, 0xee, 0xde, 0xe9, 0xd9, 0xe0, 0x0f, 0x3f, 0x02}}});
    folder.write("x.img", std::string(file.begin(), file.end()));
    std::string yaml = OneMachine("hello");
    yaml.replace(yaml.find(GuestPath("hello")), GuestPath("hello").size(), folder.path("x.img"));
    TestWorld world(yaml);
    Trace(world, "-4");
    world.Run(1000000);
    const std::vector<std::string> lines = Lines(world.trace);
    ASSERT_EQ(lines.size(), 7u) << world.trace;
    for (const auto &[line, end] : std::map<size_t, std::string>{
             {3, " fld1 ;  fpu top 0->7  st0 = 1 (3fff 8000000000000000)"},
             {4, " fldz ;  fpu top 7->6  st0 = 0 (0000 0000000000000000)"},
             {5, " ;  fpu top 6->7  st7 = empty (0000 0000000000000000)"},
             {6, " fchs ;  st0 = -1 (bfff 8000000000000000)"}}) {
        const std::string squeezed =
            std::regex_replace(lines[line], std::regex("([a-z0-9)]) +;"), "$1 ;");
        EXPECT_EQ(squeezed.substr(squeezed.size() - std::min(squeezed.size(), end.size())), end);
    }
}

TEST(Tracer, IsOfANodeOnce)
{
    TestWorld world(OneMachine("hello"));
    Trace(world, "-");
    struct scn_stretch stretch = Stretch("-");
    struct error error = ERROR_INIT;
    EXPECT_EQ(emu_world_trace(world.get(), 0, &stretch, 1, &error), STATUS_INVALID);
    EXPECT_STREQ(error.message, "the instructions of machine are to be traced twice; expected each "
                                "node once");
}

// --- of the command ----------------------------------------------------------------------------

TEST(TracerCommand, WritesIntoTheRunDirectoryAndLeavesTheDigest)
{
    TemporaryFolder folder;
    folder.write("hello.yaml", OneMachine("hello"));
    EXPECT_EQ(Denali(folder, {"run", "hello.yaml", "--quiet", "--out", "plain"}).code, 0);
    Outcome outcome = Denali(folder, {"run", "hello.yaml", "--quiet", "--out", "run",
                                      "--trace-instructions", "machine"});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(folder.read("run/nodes/machine/instructions.txt"), kHello);
    EXPECT_FALSE(folder.has("plain/nodes/machine/instructions.txt"));
    EXPECT_EQ(DigestOfRun(folder, "run"), DigestOfRun(folder, "plain"));
    outcome = Denali(folder, {"run", "hello.yaml", "--quiet", "--out", "part",
                              "--trace-instructions", "machine:3-4"});
    EXPECT_EQ(Lines(folder.read("part/nodes/machine/instructions.txt")).size(), 3u);
}

TEST(TracerCommand, SaysWhatIsWrongBeforeAnythingIsMade)
{
    TemporaryFolder folder;
    folder.write("hello.yaml", OneMachine("hello"));
    for (const char *bad : {"nobody", "machine:", "machine:9-3", "machine:1s-20", ":1-2"}) {
        Outcome outcome =
            Denali(folder, {"run", "hello.yaml", "--out", "run", "--trace-instructions", bad});
        EXPECT_EQ(outcome.code, 2) << bad;
        EXPECT_EQ(outcome.err.rfind("denali: --trace-instructions: ", 0), 0u) << outcome.err;
        EXPECT_FALSE(folder.has("run"));
    }
    Outcome twice = Denali(folder, {"run", "hello.yaml", "--out", "run", "--trace-instructions",
                                    "machine", "--trace-instructions", "machine"});
    EXPECT_EQ(twice.code, 2);
    EXPECT_NE(twice.err.find("expected each node once"), std::string::npos);
}

TEST(TracerCommand, OfBootGoesToStderr)
{
    TemporaryFolder folder;
    Outcome outcome = Denali(
        folder, {"boot", GuestImage("hello"), "--memory", "1MiB", "--trace-instructions", "-"});
    EXPECT_EQ(outcome.code, 7);
    EXPECT_EQ(outcome.out, "hello from the bare machine\n");
    EXPECT_EQ(outcome.err, kHello);
    outcome = Denali(folder, {"boot", GuestImage("hello"), "--trace-instructions", "3"});
    EXPECT_EQ(outcome.code, 2);
}

} // namespace
