// What is captured of a node's frames, and that capturing changes nothing.
#include <regex>
#include <sstream>

#include "denali_process.h"
#include "world_fixture.h"

extern "C" {
#include <traces/pcapng.h>
}

using support::TemporaryFolder;

namespace
{

const uint64_t kEnd_ns = 20000000;

// Six machines that send frames to each other, on one LAN with short queues, so that some are lost.
std::string Chatter(uint32_t seed = 1)
{
    return "general: {name: chatter, seed: " + std::to_string(seed) +
           ", duration: 20ms}\n"
           "networks: [{name: lan, type: lan, latency: 20us, rate: 5Mbit, queue: 1514B}]\n"
           "groups: [{name: a, image: " +
           GuestPath("chatter") +
           ", memory: 1MiB, cpu_hz: 20MHz, count: 6, network: lan, spread: 1ms}]\n";
}

struct Frames {
    uint64_t sent = 0;
    uint64_t received = 0;
    uint64_t lost = 0;
};

Frames Count(const TestWorld &world, uint32_t node)
{
    Frames frames;
    for (const auto &note : world.notes) {
        if (note.node == node) {
            frames.sent += note.kind == EMU_NOTE_FRAME_SENT;
            frames.received += note.kind == EMU_NOTE_FRAME_RECEIVED;
            frames.lost += note.kind == EMU_NOTE_FRAME_LOST;
        }
    }
    return frames;
}

TEST(Capture, TellsOfEveryFrameOfTheChosenNodesAndOfNoOther)
{
    TestWorld world(Chatter());
    emu_world_capture(world.get(), 2);
    emu_world_capture(world.get(), 3);
    world.Run(kEnd_ns);
    const char *causes[EMU_DROPS_MAX];
    uint32_t cause_count = emu_drop_causes(causes);
    uint64_t lost = 0;
    for (uint32_t node = 0; node < 6; node++) {
        struct emu_node_report report = world.Report(node);
        Frames frames = Count(world, node);
        bool captured = node == 2 || node == 3;
        EXPECT_EQ(frames.sent, captured ? report.frames_sent : 0);
        EXPECT_EQ(frames.received, captured ? report.frames_received : 0);
        uint64_t drops = 0;
        for (uint32_t i = 0; i < cause_count; i++) {
            const std::string cause = causes[i];
            if (cause == "downlink_full" || cause == "nic_full" || cause == "node_down") {
                drops += report.drops[i];
            }
        }
        EXPECT_EQ(frames.lost, captured ? drops : 0);
        lost += frames.lost;
    }
    EXPECT_GT(Count(world, 2).sent, 10u);
    EXPECT_GT(lost, 0u) << "the queues must run full for this to mean anything";
}

TEST(Capture, ChangesNoDigestAndIsTheSameOnEveryEngineAndNumberOfJobs)
{
    TestWorld plain(Chatter());
    plain.Run(kEnd_ns);
    std::vector<TestWorld::Told> notes;
    for (const std::string &engine : EngineNames()) {
        for (uint32_t jobs : {1u, 2u}) {
            TestWorld world(Chatter(), engine.c_str(), jobs);
            for (uint32_t node = 0; node < 6; node++) {
                emu_world_capture(world.get(), node);
            }
            world.Run(kEnd_ns);
            EXPECT_EQ(world.Digest(), plain.Digest()) << engine << ", " << jobs;
            EXPECT_GT(world.notes.size(), plain.notes.size() + 100);
            if (notes.empty()) {
                notes = world.notes;
            }
            EXPECT_EQ(world.notes, notes) << engine << ", " << jobs;
        }
    }
}

TEST(Capture, CausesOfDropsAreAllInTheDocs)
{
    std::ifstream stream(std::string(DENALI_SOURCE_DIR) + "/docs/run-directory.md");
    const std::string text((std::istreambuf_iterator<char>(stream)),
                           std::istreambuf_iterator<char>());
    const char *causes[EMU_DROPS_MAX];
    uint32_t cause_count = emu_drop_causes(causes);
    for (uint32_t i = 0; i < cause_count; i++) {
        EXPECT_NE(text.find("`" + std::string(causes[i]) + "`"), std::string::npos) << causes[i];
    }
}

// --- of the command ----------------------------------------------------------------------------

class CaptureCommand : public testing::Test
{
  protected:
    void SetUp() override
    {
        folder_.write("chatter.yaml", Chatter());
    }

    std::string Run(const std::string &out, std::vector<std::string> more)
    {
        more.insert(more.begin(), {"run", "chatter.yaml", "--quiet", "--out", out});
        Outcome outcome = Denali(folder_, more);
        EXPECT_EQ(outcome.code, 0) << outcome.err;
        return DigestOfRun(folder_, out);
    }

    TemporaryFolder folder_;
};

TEST_F(CaptureCommand, WritesTheSameBytesHoweverItRunsAndLeavesTheDigest)
{
    const std::string digest = Run("plain", {});
    EXPECT_FALSE(folder_.has("plain/nodes/a-1/a-1.pcapng"));
    std::string first;
    for (const std::string &engine : EngineNames()) {
        for (const char *jobs : {"1", "2"}) {
            const std::string out = engine + jobs;
            EXPECT_EQ(Run(out, {"--pcap", "a-1..2", "--engine", engine, "--jobs", jobs}), digest);
            EXPECT_FALSE(folder_.has(out + "/nodes/a-0/a-0.pcapng"));
            EXPECT_TRUE(folder_.has(out + "/nodes/a-2/a-2.pcapng"));
            const std::string bytes = folder_.read(out + "/nodes/a-1/a-1.pcapng");
            EXPECT_GT(bytes.size(), 1000u);
            if (first.empty()) {
                first = bytes;
            }
            EXPECT_EQ(bytes, first) << out;
        }
    }
}

TEST_F(CaptureCommand, NamesNodeAndInstructionOfEveryFrameInTheOrderOfTime)
{
    Run("run", {"--pcap", "all"});
    const std::string bytes = folder_.read("run/nodes/a-4/a-4.pcapng");
    struct trace_pcapng_reader reader;
    struct error error = ERROR_INIT;
    trace_pcapng_reader_init(&reader, "a-4.pcapng", bytes.data(), bytes.size());
    uint64_t last_ns = 0;
    uint64_t last_instruction = 0;
    uint64_t received = 0;
    uint64_t lost = 0;
    for (;;) {
        struct trace_pcapng_block block;
        ASSERT_EQ(trace_pcapng_read(&reader, &block, &error), STATUS_OK) << error.message;
        const std::string text(block.text ? block.text : "", block.text_bytes);
        if (block.kind == TRACE_PCAPNG_END) {
            break;
        } else if (block.kind == TRACE_PCAPNG_SECTION) {
            EXPECT_EQ(text, "scenario chatter, seed 1, node a-4; times are virtual, since the "
                            "start of the run");
        } else if (block.kind == TRACE_PCAPNG_PACKET) {
            ASSERT_EQ(text.rfind("a-4, instruction ", 0), 0u) << text;
            uint64_t instruction = std::stoull(text.substr(17));
            EXPECT_GE(block.time_ns, last_ns);
            EXPECT_GE(instruction, last_instruction);
            last_ns = block.time_ns;
            last_instruction = instruction;
            received += block.direction == TRACE_RECEIVED;
            lost += block.lost;
        } else if (block.kind == TRACE_PCAPNG_STATISTICS) {
            EXPECT_EQ(block.time_ns, kEnd_ns);
            EXPECT_EQ(block.came, received + block.lost);
            EXPECT_GE(block.lost, lost);
            EXPECT_GT(block.lost, 0u);
        }
    }
    EXPECT_GT(received, 10u);
}

TEST_F(CaptureCommand, RefusesNodesThatAreNotThereBeforeAnythingIsMade)
{
    Outcome outcome = Denali(folder_, {"run", "chatter.yaml", "--pcap", "a-1,b", "--out", "run"});
    EXPECT_EQ(outcome.code, 2);
    EXPECT_EQ(outcome.err.rfind("denali: --pcap: no node `b`: ", 0), 0u) << outcome.err;
    EXPECT_FALSE(folder_.has("run"));
}

TEST_F(CaptureCommand, IsDecodedByTsharkWithoutAWarning)
{
    if (std::system("command -v tshark > /dev/null") != 0 || !HasProgram("echo-client")) {
        GTEST_SKIP() << "needs tshark and the guest kit";
    }
    const std::string scenario = std::string(DENALI_SOURCE_DIR) + "/scenarios/echo.yaml";
    Outcome outcome =
        Denali(folder_, {"run", scenario, "--quiet", "--pcap", "all", "--out", "run"});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    for (const std::string node : {"client", "server"}) {
        const std::string command =
            "tshark -r " + folder_.path("run/nodes/" + node + "/" + node + ".pcapng") +
            " -T fields -E separator=/t -e frame.comment -e _ws.expert.severity -e _ws.malformed" +
            " -e frame.time_epoch > " + folder_.path("lines") + " 2> " + folder_.path("said");
        ASSERT_EQ(std::system(command.c_str()), 0) << folder_.read("said");
        std::istringstream said(folder_.read("said"));
        for (std::string line; std::getline(said, line);) {
            EXPECT_NE(line.find("Running as user"), std::string::npos) << line;
        }
        /* 1048576 is the level of a comment; what is worse than that would be a second number. */
        const std::regex good(node + ", instruction [0-9]+\t1048576\t\t[0-9]+\\.[0-9]{9}");
        std::istringstream lines(folder_.read("lines"));
        uint32_t count = 0;
        for (std::string line; std::getline(lines, line); count++) {
            EXPECT_TRUE(std::regex_match(line, good)) << line;
        }
        EXPECT_GT(count, 20u);
    }
}

} // namespace
