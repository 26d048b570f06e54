/* Replaying: a stretch of a recorded run shows what the run itself would have shown of it. */
#include <algorithm>
#include <sstream>

#include "record_fixture.h"

extern "C" {
#include <emu/debug.h>
#include <scenarios/scenario.h>
#include <vcpu/engine.h>
}

static std::vector<std::string> Lines(const std::string &text)
{
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) {
        lines.push_back(line);
    }
    return lines;
}

/* Those of a table that lie in [from, to) of its first column, times in seconds. */
static std::vector<std::string> Between(const std::string &text, double from_s, double to_s)
{
    std::vector<std::string> lines;
    for (const std::string &line : Lines(text)) {
        char *end = nullptr;
        double time_s = std::strtod(line.c_str(), &end);
        if (end != line.c_str() && time_s >= from_s && time_s < to_s) {
            lines.push_back(line);
        }
    }
    return lines;
}

TEST(Replay, OfTheWholeRunIsTheRun)
{
    support::TemporaryFolder folder;
    Record(folder, LanOf("chatter", 3, "15ms"));
    Outcome captured = Denali(folder, {"run", "scenario.yaml", "--quiet", "--out", "captured",
                                       "--pcap", "all", "--trace-instructions", "peer-1"});
    ASSERT_EQ(captured.code, 0) << captured.err;
    Outcome outcome = Denali(folder, {"replay", "run", "--quiet", "--out", "again", "--pcap", "all",
                                      "--trace-instructions", "peer-1"});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(DigestOfRun(folder, "again"), DigestOfRun(folder, "captured"));
    for (const char *file : {"events.log", "metrics.csv", "nodes.csv", "nodes/peer-0/peer-0.pcapng",
                             "nodes/peer-1/instructions.txt"}) {
        std::string name = file;
        EXPECT_FALSE(folder.read("captured/" + name).empty()) << name;
        EXPECT_TRUE(folder.read("again/" + name) == folder.read("captured/" + name)) << name;
    }
}

TEST(Replay, OfAStretchShowsJustThatFromAnyCheckpointOnAnyEngine)
{
    support::TemporaryFolder folder;
    Record(folder, LanOf("chatter", 3, "40ms"));
    Denali(folder, {"run", "scenario.yaml", "--quiet", "--out", "whole", "--trace-instructions",
                    "peer-1:17ms-19ms"});
    std::string trace = folder.read("whole/nodes/peer-1/instructions.txt");
    ASSERT_GT(trace.size(), 10000u);
    for (const char *engine : {"interpreter", "unicorn"}) {
        if (!vcpu_engine_find(engine)) {
            continue;
        }
        std::string out = std::string("part-") + engine;
        Outcome outcome =
            Denali(folder, {"replay", "run", "--from", "17ms", "--to", "19ms", "--quiet", "--out",
                            out, "--trace-instructions", "peer-1", "--engine", engine});
        ASSERT_EQ(outcome.code, 0) << outcome.err;
        EXPECT_EQ(Between(folder.read(out + "/nodes/peer-1/instructions.txt"), 0, 1),
                  Between(trace, 0, 1));
        EXPECT_EQ(Lines(folder.read(out + "/metrics.csv")).size() - 1, [&] {
            size_t count = 0;
            for (const std::string &line : Lines(folder.read("run/metrics.csv"))) {
                uint64_t time_ns = std::strtoull(line.c_str(), nullptr, 10);
                count += time_ns >= 17000000 && time_ns < 19000000;
            }
            return count;
        }()) << "nothing from before, and all of the stretch";
    }
}

TEST(Replay, PrintsConsoles)
{
    support::TemporaryFolder folder;
    Record(folder, "general: {name: hello, duration: 20ms}\ngroups: [{name: m, image: " +
                       GuestImage("hello") + ", count: 2, network: none, spread: 9ms}]\n");
    Outcome outcome = Denali(folder, {"replay", "run", "--console", "m-1", "--quiet"});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_FALSE(outcome.out.empty());
    EXPECT_EQ(outcome.out, folder.read("run/nodes/m-1/console.log"));
}

/* Every write to it that an instruction trace shows, and no other line. */
TEST(Replay, WatchesMemory)
{
    support::TemporaryFolder folder;
    Record(folder, LanOf("chatter", 3, "20ms"));
    Denali(folder, {"replay", "run", "--quiet", "--out", "traced", "--trace-instructions", "peer-2",
                    "--from", "5ms", "--to", "15ms"});
    Outcome outcome = Denali(folder, {"replay", "run", "--quiet", "--watch", "peer-2:checksum",
                                      "--from", "5ms", "--to", "15ms"});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    std::vector<std::string> watched;
    for (const std::string &line : Lines(outcome.out)) {
        if (line.find("* watched [") != std::string::npos) {
            watched.push_back(line.substr(line.find("[")));
        }
    }
    ASSERT_GT(watched.size(), 3u) << outcome.out;
    std::string place = watched[0].substr(0, 10);
    std::vector<std::string> written;
    for (const std::string &line : Lines(folder.read("traced/nodes/peer-2/instructions.txt"))) {
        size_t at = line.find("write " + place);
        if (at != std::string::npos) {
            std::string change = line.substr(at + 6, 10 + 1 + 8 + 2 + 8);
            if (change.substr(11, 8) != change.substr(21, 8)) {
                written.push_back(change);
            }
        }
    }
    EXPECT_EQ(watched, written);
    EXPECT_EQ(outcome.out.find("no change"), std::string::npos) << outcome.out;
    outcome = Denali(folder, {"replay", "run", "--quiet", "--watch", "peer-2:checksum", "--watch",
                              "peer-1:0xf0000", "--to", "10ms"});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(outcome.out.find("peer-2:checksum: no change"), std::string::npos) << outcome.out;
    EXPECT_NE(outcome.out.find("\npeer-1:0xf0000: no change\n"), std::string::npos) << outcome.out;
}

TEST(Replay, BadArgumentsAreToldInOneLine)
{
    support::TemporaryFolder folder;
    Record(folder, LanOf("chatter", 2, "20ms"));
    static const struct {
        std::vector<std::string> options;
        std::string wanted;
    } cases[] = {
        {{"--from", "5"}, "--from 5: the recording goes from 0s to 20ms"},
        {{"--from", "20ms"}, "expected a moment in it, before its end"},
        {{"--to", "21ms"}, "--to 21ms: the recording goes from 0s to 20ms"},
        {{"--from", "10ms", "--to", "10ms"}, "has no length"},
        {{"--from", "soon"}, "--from: `soon`; expected a virtual time"},
        {{"--watch", "peer-0"}, "--watch: `peer-0`; expected NODE:ADDRESS"},
        {{"--watch", "peer-0:nowhere"}, "--watch: `peer-0:nowhere`; expected NODE:ADDRESS"},
        {{"--watch", "peer-0:0xfffffff0"}, "cannot be watched"},
        {{"--watch", "peer-0:0x1000"}, "the node's memory, which goes from 00002000 to 00100000"},
        {{"--watch", "peer-0:checksum", "--watch", "peer-0:0x9000"},
         "--watch peer-0:0x9000: the node is traced or watched already; expected each node once"},
        {{"--trace-instructions", "peer-0", "--watch", "peer-0:0x9000"}, "watched already"},
        {{"--console", "peer-9"}, "--console"},
        {{"--console", "peer-0,"},
         "--console: `peer-0,`: no node is named before or behind a comma"},
    };
    for (const auto &tried : cases) {
        std::vector<std::string> arguments = {"replay", "run", "--quiet"};
        arguments.insert(arguments.end(), tried.options.begin(), tried.options.end());
        Outcome outcome = Denali(folder, arguments);
        EXPECT_EQ(outcome.code, 2) << tried.wanted;
        EXPECT_FALSE(folder.has("runs")) << "nothing is made for it: " << tried.wanted;
        EXPECT_NE(outcome.err.find(tried.wanted), std::string::npos) << outcome.err;
    }
    EXPECT_EQ(Denali(folder, {"replay", "nothing"}).code, 2);
    Outcome outcome =
        Denali(folder, {"run", "scenario.yaml", "--record", "--checkpoint-every", "often"});
    EXPECT_EQ(outcome.code, 2);
    EXPECT_NE(outcome.err.find("--checkpoint-every: `often`"), std::string::npos) << outcome.err;
    outcome = Denali(folder, {"run", "scenario.yaml", "--checkpoint-every", "1s"});
    EXPECT_NE(outcome.err.find("--checkpoint-every without --record"), std::string::npos)
        << outcome.err;
}

/* It does not show something else than what was recorded. */
TEST(Replay, StopsWhereTheRecordingSaysOtherwise)
{
    support::TemporaryFolder folder;
    Record(folder, LanOf("chatter", 3, "40ms"));
    std::vector<RecordRead> records = ReadRecords(folder.path("run/trace/recording"));
    for (RecordRead &record : records) {
        if (record.type == TRACE_RECORD_DIGESTS && record.time_ns == 30000000) {
            record.content[7] = (char)(record.content[7] ^ 1);
        }
    }
    WriteRecords(folder.path("run"), records);
    EXPECT_EQ(Denali(folder, {"replay", "run", "--to", "25ms", "--quiet"}).code, 0);
    Outcome outcome = Denali(folder, {"replay", "run", "--quiet"});
    EXPECT_EQ(outcome.code, 2);
    EXPECT_NE(outcome.err.find("between virtual time 20ms and 30ms the run comes to something else "
                               "than was recorded"),
              std::string::npos)
        << outcome.err;
}

/* --- bundles ---------------------------------------------------------------------------------- */

/* Where the checkpoint before a time is in the file, behind its header. */
static uint64_t CheckpointOffset(const std::string &path, uint64_t before_ns)
{
    struct error error = ERROR_INIT;
    struct trace_recording *recording = nullptr;
    EXPECT_EQ(trace_recording_open(path.c_str(), true, &recording, &error), STATUS_OK);
    size_t count = 0;
    uint64_t offset = 0;
    const struct trace_entry *entries = trace_recording_entries(recording, &count);
    for (size_t i = 0; i < count && entries[i].time_ns <= before_ns; i++) {
        if (entries[i].type == TRACE_RECORD_FULL || entries[i].type == TRACE_RECORD_DELTA) {
            offset = entries[i].offset + 40;
        }
    }
    trace_recording_close(recording);
    return offset;
}

/* Nobody is at the pipe: it stands, and ends. */
static Outcome DebugAt(const support::TemporaryFolder &folder, const std::string &run,
                       const std::string &at)
{
    return Denali(folder, {"debug", run, "--node", "peer-1", "--at", at, "--pipe"});
}

/* A pass over the past that fails leaves the world where it stood, for who looks at it then. */
TEST(DebuggedRecording, StandsWhereItStoodAfterAPastThatComesToSomethingElse)
{
    support::TemporaryFolder folder;
    Record(folder, LanOf("chatter", 3, "40ms"));
    std::vector<RecordRead> records = ReadRecords(folder.path("run/trace/recording"));
    for (RecordRead &record : records) {
        if (record.type == TRACE_RECORD_DIGESTS && record.time_ns == 20000000) {
            record.content[7] = (char)(record.content[7] ^ 1);
        }
    }
    WriteRecords(folder.path("run"), records);
    struct error error = ERROR_INIT;
    struct emu_debug_options options = {};
    struct scn_scenario *scenario = nullptr;
    struct emu_world *world = nullptr;
    struct emu_debug *debug = nullptr;
    ASSERT_EQ(emu_recorded_open(folder.path("run").c_str(), &options.recorded, &scenario, &error),
              STATUS_OK)
        << error.message;
    struct emu_world_options world_options = {};
    ASSERT_EQ(emu_world_create(scenario, &world_options, &world, &error), STATUS_OK);
    options.at_ns = 35000000;
    options.end_ns = 40000000;
    ASSERT_EQ(emu_debug_create(world, &options, &debug, &error), STATUS_OK) << error.message;
    uint64_t now_ns = emu_world_now_ns(world);
    EXPECT_GE(now_ns, 35000000u);
    uint64_t digest = emu_world_digest(world);
    struct emu_debug_stop stop = {};
    EXPECT_EQ(emu_debug_resume(debug, EMU_DEBUG_BACKWARD, {}, &stop, &error), STATUS_CORRUPT);
    EXPECT_NE(std::string(error.message)
                  .find("between virtual time 10ms and 20ms the run comes to "
                        "something else than was recorded"),
              std::string::npos)
        << error.message;
    EXPECT_EQ(emu_world_now_ns(world), now_ns);
    EXPECT_EQ(emu_world_digest(world), digest);
    emu_debug_destroy(debug);
    emu_recorded_close(options.recorded);
    emu_world_destroy(world);
    scn_scenario_destroy(scenario);
}

TEST(DebuggedRecording, TornIsEnteredUpToItsTailAndWhatIsNotAsItWasIsRefused)
{
    support::TemporaryFolder folder;
    Record(folder, LanOf("chatter", 3, "45ms"));
    const std::string recording = folder.read("run/trace/recording");
    Outcome outcome = DebugAt(folder, "run", "42ms");
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_NE(outcome.err.find("peer-1 stands at 0.042"), std::string::npos) << outcome.err;
    EXPECT_EQ(outcome.err.find("ends before"), std::string::npos) << outcome.err;
    EXPECT_EQ(DebugAt(folder, "run", "46ms").code, 2);

    uint64_t offset = CheckpointOffset(folder.path("run/trace/recording"), 35000000);
    ASSERT_GT(offset, 0u);
    std::string changed = recording;
    changed[offset + 5] ^= 1;
    folder.write("run/trace/recording", changed);
    outcome = DebugAt(folder, "run", "35ms");
    EXPECT_EQ(outcome.code, 0);
    EXPECT_NE(outcome.err.find("checkpoint at 30ms is damaged: came from the one before"),
              std::string::npos)
        << outcome.err;
    EXPECT_NE(outcome.err.find("denali verify"), std::string::npos) << outcome.err;
    outcome = DebugAt(folder, "run", "15ms"); /* which does not need it */
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(outcome.err.find("damaged"), std::string::npos) << outcome.err;

    folder.write("run/trace/recording", recording.substr(0, offset + 5));
    outcome = DebugAt(folder, "run", "25ms");
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_NE(outcome.err.find("the recording ends before the run did"), std::string::npos)
        << outcome.err;
    outcome = DebugAt(folder, "run", "42ms");
    EXPECT_EQ(outcome.code, 2);
    EXPECT_NE(outcome.err.find("--at 42ms: the recording is over then"), std::string::npos)
        << outcome.err;

    folder.write("run/trace/recording", recording);
    std::string image;
    for (const auto &entry : std::filesystem::directory_iterator(folder.path("run/images"))) {
        image = "run/images/" + entry.path().filename().string();
    }
    folder.write(image, folder.read(image) + "x");
    outcome = DebugAt(folder, "run", "25ms");
    EXPECT_EQ(outcome.code, 2);
    EXPECT_NE(outcome.err.find("is not what the run was made of"), std::string::npos)
        << outcome.err;
    outcome = Denali(folder, {"debug", "run", "--seed", "3", "--pipe"});
    EXPECT_EQ(outcome.code, 2);
    EXPECT_NE(outcome.err.find("denali fork"), std::string::npos) << outcome.err;
}

TEST(Bundled, ARunIsConfirmedFromOneFile)
{
    support::TemporaryFolder folder;
    Record(folder, LanOf("chatter", 3, "40ms"));
    ASSERT_EQ(Denali(folder, {"bundle", "run", "-o", "one.denali"}).code, 0);
    std::filesystem::rename(folder.path("run"), folder.path("elsewhere"));
    Outcome outcome = Denali(folder, {"verify", "one.denali", "--engine", "interpreter"});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(outcome.out.find("the same: virtual time 0.000 s to 0.040 s, 4 checkpoints"), 0u)
        << outcome.out;
    EXPECT_EQ(Denali(folder, {"verify", "one.denali", "--quick"}).code, 0);
    std::string bytes = folder.read("one.denali");
    bytes[bytes.size() / 2] = (char)(bytes[bytes.size() / 2] ^ 1);
    folder.write("one.denali", bytes);
    outcome = Denali(folder, {"verify", "one.denali"});
    EXPECT_EQ(outcome.code, 2);
    EXPECT_NE(outcome.err.find("one.denali: the bundle"), std::string::npos) << outcome.err;
}

TEST(Bundled, WhatIsNotAsItWasIsNotPacked)
{
    support::TemporaryFolder folder;
    Record(folder, LanOf("chatter", 2, "20ms"));
    EXPECT_EQ(Denali(folder, {"bundle", "run"}).code, 2) << "no name for it";
    folder.write("run/scenario.yaml", folder.read("run/scenario.yaml") + "# changed\n");
    Outcome outcome = Denali(folder, {"bundle", "run", "--out", "one.denali"});
    EXPECT_EQ(outcome.code, 2);
    EXPECT_NE(outcome.err.find("scenario.yaml is not what the run was made of"), std::string::npos)
        << outcome.err;
    EXPECT_FALSE(folder.has("one.denali"));
}
